/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/record.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/wire/codec.h"
#include "tests/unit/suite.h"

enum { ROOM = PH_RECORD_HEADER_SIZE + PH_COMMAND_BYTES_MAX + 16 };

static const char EVENTS[] = "event bytes";

/* A record of a DEPOSIT with `event_size` bytes of events; returns its size. */
static size_t write_record(uint8_t room[ROOM], uint64_t seq, uint32_t event_size)
{
    ph_command c;
    memset(&c, 0, sizeof c);
    c.kind = PH_CMD_DEPOSIT;
    c.sender.v = 1;
    c.request = 5;
    c.u.payment.participant.v = 2;
    c.u.payment.amount = 1000000;
    ck_assert(ph_text_set(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "wire-1"));
    uint8_t command[PH_COMMAND_BYTES_MAX];
    ph_writer cw = ph_writer_of(command, sizeof command);
    ph_command_write(&cw, &c);
    ph_writer w = ph_writer_of(room, ROOM);
    ph_record_write(&w, seq, (ph_time){77}, command, (uint32_t)ph_writer_size(&cw), EVENTS,
                    event_size);
    ck_assert(!w.full);
    return ph_writer_size(&w);
}

static void check_refused(const uint8_t *bytes, size_t size)
{
    ph_record record;
    memset(&record, 0xee, sizeof record);
    ph_record before = record;
    ck_assert_int_eq(ph_record_read(bytes, size, &record), PH_ECORRUPT);
    ck_assert_mem_eq(&record, &before, sizeof record);
}

START_TEST(a_record_reads_back)
{
    for (uint32_t event_size = 0; event_size < sizeof EVENTS; event_size++) {
        uint8_t bytes[ROOM];
        size_t size = write_record(bytes, 9, event_size);
        ph_record record;
        ck_assert_int_eq(ph_record_read(bytes, size, &record), PH_OK);
        ck_assert_uint_eq(record.command.seq, 9);
        ck_assert_uint_eq(record.command.at.ns, 77);
        ck_assert_int_eq((int)record.command.kind, PH_CMD_DEPOSIT);
        ck_assert_uint_eq(record.command.sender.v, 1);
        ck_assert_int_eq(record.command.u.payment.amount, 1000000);
        ck_assert_uint_eq(record.event_size, event_size);
        ck_assert_ptr_eq(record.event_bytes, bytes + size - event_size);
        ck_assert_int_eq(memcmp(record.event_bytes, EVENTS, event_size), 0);
    }
}
END_TEST

START_TEST(the_header_is_as_described)
{
    uint8_t bytes[ROOM];
    size_t size = write_record(bytes, 0x0102030405060708, 3);
    static const uint8_t start[16] = {8, 7, 6, 5, 4, 3, 2, 1, 77};
    ck_assert_mem_eq(bytes, start, sizeof start);
    ph_reader r = ph_reader_of(bytes + 16, 8);
    ck_assert_uint_eq(ph_read_u32(&r), size - PH_RECORD_HEADER_SIZE - 3);
    ck_assert_uint_eq(ph_read_u32(&r), 3);
}
END_TEST

START_TEST(every_truncation_and_every_byte_too_many_is_refused)
{
    uint8_t bytes[ROOM + 1];
    size_t size = write_record(bytes, 9, 11);
    for (size_t n = 0; n < size; n++) {
        uint8_t *exact = malloc(n + 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, bytes, n);
        check_refused(exact, n);
        free(exact);
    }
    bytes[size] = 0;
    check_refused(bytes, size + 1);
}
END_TEST

START_TEST(sizes_that_lie_are_refused)
{
    static const struct {
        uint32_t command, event;
    } lies[] = {
        {0, 0},
        {0, 65},
        {UINT32_MAX, 0},
        {0, UINT32_MAX},
        {UINT32_MAX, UINT32_MAX},
        {UINT32_MAX, 66},
        {66, UINT32_MAX},
        {1, 64},
        {57, 8},
        {59, 6},
    };
    uint8_t bytes[ROOM];
    size_t size = write_record(bytes, 9, 7);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        ph_writer w = ph_writer_of(bytes + 16, 8);
        ph_write_u32(&w, lies[i].command);
        ph_write_u32(&w, lies[i].event);
        check_refused(bytes, size);
    }
}
END_TEST

START_TEST(sequence_zero_is_no_record)
{
    uint8_t bytes[ROOM];
    size_t size = write_record(bytes, 0, 0);
    check_refused(bytes, size);
}
END_TEST

START_TEST(a_command_that_is_none_is_refused)
{
    uint8_t bytes[ROOM];
    size_t size = write_record(bytes, 9, 0);
    bytes[PH_RECORD_HEADER_SIZE] = 200;
    check_refused(bytes, size);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_record_reads_back);
    tcase_add_test(t, the_header_is_as_described);
    tcase_add_test(t, every_truncation_and_every_byte_too_many_is_refused);
    tcase_add_test(t, sizes_that_lie_are_refused);
    tcase_add_test(t, sequence_zero_is_no_record);
    tcase_add_test(t, a_command_that_is_none_is_refused);
}

int main(void)
{
    return suite_run("record", add);
}
