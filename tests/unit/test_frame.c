/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/frame.h"

#include <string.h>

#include "engine/base/limits.h"
#include "tests/unit/suite.h"

static uint8_t bytes[4096];

static size_t write_frame(const ph_frame *f, const void *body, size_t body_size)
{
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_frame_write(&w, f);
    ph_write_bytes(&w, body, body_size);
    ck_assert(!w.full);
    return ph_writer_size(&w);
}

static const ph_frame small[] = {
    {.kind = PH_FRAME_HELLO},
    {.kind = PH_FRAME_PING},
    {.kind = PH_FRAME_PONG, .last = 7},
    {.kind = PH_FRAME_TAKEN, .count = UINT64_MAX},
    {.kind = PH_FRAME_CREDIT, .count = 3},
    {.kind = PH_FRAME_FOLLOW, .nonce = 9, .number = 1, .window = 5},
    {.kind = PH_FRAME_WELCOME, .nonce = 9, .last = 2, .window = 4, .origin = {"demo/engine"}},
};

START_TEST(small_frames_come_back_and_no_other_length_does)
{
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        ph_frame got;
        size_t size = write_frame(&small[i], "", 0);
        ck_assert_uint_le(size, PH_FRAME_SMALL_MAX);
        ck_assert_int_eq(ph_frame_read(bytes, size, &got), PH_OK);
        ck_assert_int_eq(memcmp(&got, &small[i], sizeof got), 0);
        memset(&got, 0x5a, sizeof got);
        for (size_t cut = 0; cut < size; cut++)
            ck_assert_int_eq(ph_frame_read(bytes, cut, &got), PH_ECORRUPT);
        bytes[size] = 0;
        ck_assert_int_eq(ph_frame_read(bytes, size + 1, &got), PH_ECORRUPT);
        bytes[0]++;
        ck_assert_int_eq(ph_frame_read(bytes, size, &got), PH_EVERSION);
        ck_assert_uint_eq(got.nonce, UINT64_C(0x5a5a5a5a5a5a5a5a));
    }
}
END_TEST

START_TEST(unknown_kinds_are_refused)
{
    ph_frame got;
    for (int kind = 0; kind < 256; kind++) {
        if (kind == PH_FRAME_HELLO || kind == PH_FRAME_PING) continue;
        const uint8_t two[2] = {PH_FRAME_VERSION, (uint8_t)kind};
        ck_assert_int_eq(ph_frame_read(two, 2, &got), PH_ECORRUPT);
    }
}
END_TEST

START_TEST(items_come_back_and_every_wrong_byte_is_seen)
{
    uint8_t body[256];
    ph_writer w = ph_writer_of(body, sizeof body);
    ph_item_write(&w, 5, "abcdefghijk", 11);
    ph_item_write(&w, 6, "", 0);
    ph_item_write(&w, 7, "12345678", 8);
    size_t size = ph_writer_size(&w);
    ph_frame f = {.kind = PH_FRAME_ITEMS, .number = 5, .last = 9, .count = 2, .cnt = 3};
    size_t whole = write_frame(&f, body, size);
    ck_assert_uint_eq(whole, PH_FRAME_HEAD_SIZE + size);
    ph_frame got;
    ck_assert_int_eq(ph_frame_read(bytes, whole, &got), PH_OK);
    ck_assert_uint_eq(got.last, 9);
    ck_assert_uint_eq(got.body_size, size);
    ph_item item;
    ph_reader r = ph_reader_of(got.body, got.body_size);
    ck_assert(ph_item_read(&r, &item));
    ck_assert_uint_eq(item.number, 5);
    ck_assert_int_eq(memcmp(item.bytes, "abcdefghijk", 11), 0);
    ck_assert(ph_item_read(&r, &item));
    ck_assert_uint_eq(item.size, 0);
    ck_assert(ph_item_read(&r, &item));
    ck_assert(ph_reader_done(&r));
    ck_assert(!ph_item_read(&r, &item));
    for (size_t i = 0; i < 31; i++) {
        body[i] ^= 0x10;
        r = ph_reader_of(body, size);
        ck_assert(!ph_item_read(&r, &item));
        ck_assert(r.bad);
        body[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < 31; cut++) {
        r = ph_reader_of(body, cut);
        ck_assert(!ph_item_read(&r, &item));
    }
}
END_TEST

START_TEST(spans_are_those_of_the_item_asked_for)
{
    uint8_t body[64];
    ph_writer w = ph_writer_of(body, sizeof body);
    ph_item_write(&w, 5, "abc", 3);
    ck_assert_uint_eq(ph_item_span(body, 23, 5), 23);
    ck_assert_uint_eq(ph_item_span(body, 20, 5), 23);
    ck_assert_uint_eq(ph_item_span(body, 19, 5), 0);
    ck_assert_uint_eq(ph_item_span(body, 23, 6), 0);
    memset(body + 16, 0xff, 4);
    ck_assert_uint_eq(ph_item_span(body, 23, 5), 0);
}
END_TEST

START_TEST(counts_that_the_body_cannot_hold_are_refused)
{
    ph_frame got;
    ph_frame items = {.kind = PH_FRAME_ITEMS, .number = 1, .cnt = 2};
    ck_assert_int_eq(ph_frame_read(bytes, write_frame(&items, bytes + 2048, 39), &got),
                     PH_ECORRUPT);
    items.cnt = 0;
    ck_assert_int_eq(ph_frame_read(bytes, write_frame(&items, "", 0), &got), PH_ECORRUPT);
    items.cnt = UINT32_MAX;
    ck_assert_int_eq(ph_frame_read(bytes, write_frame(&items, bytes + 2048, 100), &got),
                     PH_ECORRUPT);
    items = (ph_frame){.kind = PH_FRAME_ITEMS, .number = 0, .cnt = 1};
    ck_assert_int_eq(ph_frame_read(bytes, write_frame(&items, bytes + 2048, 20), &got),
                     PH_ECORRUPT);
    ph_frame commands = {.kind = PH_FRAME_COMMANDS, .cnt = PH_FRAME_COMMANDS_MAX + 1};
    ck_assert_int_eq(ph_frame_read(bytes, write_frame(&commands, bytes + 2048, 2000), &got),
                     PH_ECORRUPT);
    commands.cnt = 0;
    ck_assert_int_eq(ph_frame_read(bytes, write_frame(&commands, "abcd", 4), &got), PH_ECORRUPT);
    ph_frame follow = {.kind = PH_FRAME_FOLLOW, .number = 0};
    ck_assert_int_eq(ph_frame_read(bytes, write_frame(&follow, "", 0), &got), PH_ECORRUPT);
}
END_TEST

START_TEST(commands_are_cut_out_of_their_frame)
{
    uint8_t body[2048] = {0};
    const uint8_t *command;
    uint32_t size;
    ph_writer w = ph_writer_of(body, sizeof body);
    ph_write_u32(&w, 3);
    ph_write_bytes(&w, "abc", 3);
    ph_write_u32(&w, PH_COMMAND_BYTES_MAX + 1);
    ph_reader r = ph_reader_of(body, sizeof body);
    ck_assert(ph_frame_command(&r, &command, &size));
    ck_assert_uint_eq(size, 3);
    ck_assert_int_eq(memcmp(command, "abc", 3), 0);
    ck_assert(!ph_frame_command(&r, &command, &size));
    ck_assert_uint_eq(size, 3);
    r = ph_reader_of(body, 6);
    ck_assert(!ph_frame_command(&r, &command, &size));
    memset(body, 0, 4);
    r = ph_reader_of(body, sizeof body);
    ck_assert(!ph_frame_command(&r, &command, &size));
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, small_frames_come_back_and_no_other_length_does);
    tcase_add_test(tests, unknown_kinds_are_refused);
    tcase_add_test(tests, items_come_back_and_every_wrong_byte_is_seen);
    tcase_add_test(tests, spans_are_those_of_the_item_asked_for);
    tcase_add_test(tests, counts_that_the_body_cannot_hold_are_refused);
    tcase_add_test(tests, commands_are_cut_out_of_their_frame);
}

int main(void)
{
    return suite_run("frame", add);
}
