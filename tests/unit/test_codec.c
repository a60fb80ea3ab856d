/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/wire/fields.h"
#include "tests/unit/suite.h"
#include "tests/unit/wire_values.h"

enum { ROUNDS = 50, PANICKED = 42 };

static void refuse_truncations(takes accepts, const uint8_t *bytes, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        uint8_t *exact = malloc(n + 1); /* of its own, so that a sanitizer sees a read past it */
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, bytes, n);
        ck_assert_msg(!accepts(exact, n), "kind %u, %zu of %zu bytes", bytes[0], n, size);
        free(exact);
    }
}

/* takes_* holds the law: what is accepted encodes to the same bytes. */
static void flip_every_byte(takes accepts, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t before = bytes[i];
            bytes[i] = (uint8_t)v;
            (void)accepts(bytes, size);
            bytes[i] = before;
        }
    }
}

START_TEST(commands_have_one_encoding)
{
    uint64_t seed = 81412;
    for (int kind = 1; kind <= PH_CMD_KIND_MAX; kind++) {
        uint8_t smallest[PH_COMMAND_BYTES_MAX], bytes[PH_COMMAND_BYTES_MAX + 1];
        ph_command c = smallest_command((ph_command_kind)kind);
        size_t size = write_command(&c, smallest);
        ck_assert(takes_command(smallest, size));
        for (int i = 0; i < ROUNDS; i++) {
            memcpy(bytes, smallest, size);
            fill(takes_command, bytes, size, &seed);
        }
        refuse_truncations(takes_command, bytes, size);
        flip_every_byte(takes_command, bytes, size);
        bytes[size] = 0;
        ck_assert_msg(!takes_command(bytes, size + 1), "kind %d with a byte left over", kind);
    }
}
END_TEST

START_TEST(events_have_one_encoding)
{
    uint64_t seed = 81413;
    for (int kind = 1; kind <= PH_EVT_KIND_MAX; kind++) {
        uint8_t smallest[PH_EVENT_BYTES_MAX], bytes[PH_EVENT_BYTES_MAX];
        ph_event e = smallest_event((ph_event_kind)kind);
        size_t size = write_event(&e, smallest);
        ck_assert(takes_event(smallest, size));
        for (int i = 0; i < ROUNDS; i++) {
            memcpy(bytes, smallest, size);
            fill(takes_event, bytes, size, &seed);
        }
        refuse_truncations(takes_event, bytes, size);
        flip_every_byte(takes_event, bytes, size);
    }
}
END_TEST

START_TEST(kinds_outside_the_lists_are_refused)
{
    static const unsigned kinds[] = {0, PH_CMD_KIND_MAX + 1, PH_EVT_KIND_MAX + 1, 255, 256, 65535};
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bytes[0] = (uint8_t)kinds[i];
        bytes[1] = (uint8_t)(kinds[i] >> 8);
        if (kinds[i] > PH_CMD_KIND_MAX || kinds[i] == 0) {
            for (size_t size = 0; size <= sizeof bytes; size++)
                ck_assert(!takes_command(bytes, size));
        }
        if (kinds[i] > PH_EVT_KIND_MAX || kinds[i] == 0) ck_assert(!takes_event(bytes, 64));
    }
}
END_TEST

START_TEST(an_order_is_written_as_described)
{
    ph_command c = smallest_command(PH_CMD_NEW_ORDER);
    c.sender.v = 0x01020304;
    c.request = 0x1112131415161718;
    c.seq = 99; /* carried by the journal's batch, not by these bytes */
    c.u.order = (ph_new_order){
        .client_order_id = 2,
        .product.v = 3,
        .side = PH_SIDE_SELL,
        .shape = PH_SHAPE_BLOCK,
        .window = {4, 5},
        .duration = 6,
        .quantity = 7,
        .price = -8,
        .time_in_force = PH_TIF_GTT,
        .expire_at.ns = 9,
        .all_or_none = true,
        .post_only = false,
        .display_quantity = 10,
        .stp = PH_STP_CANCEL_RESTING,
        .from_contract.v = 11,
    };
    /* clang-format off */
    static const uint8_t expected[] = {
        12, 0,                                          /* kind */
        4, 3, 2, 1,                                     /* sender */
        0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, /* request */
        2, 0, 0, 0, 0, 0, 0, 0,                         /* client_order_id */
        3, 0, 0, 0, 2, 2,                               /* product, side, shape */
        4, 0, 0, 0, 5, 0, 0, 0,                         /* window */
        6, 0, 0, 0, 7, 0, 0, 0,                         /* duration, quantity */
        0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* price */
        2, 9, 0, 0, 0, 0, 0, 0, 0,                      /* time_in_force, expire_at */
        1, 0,                                           /* all_or_none, post_only */
        10, 0, 0, 0, 2,                                 /* display_quantity, stp */
        11, 0, 0, 0, 0, 0, 0, 0,                        /* from_contract */
    };
    /* clang-format on */
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ck_assert_uint_eq(write_command(&c, bytes), sizeof expected);
    ck_assert_mem_eq(bytes, expected, sizeof expected);
    ph_command back;
    ck_assert_int_eq(ph_command_read(bytes, sizeof expected, &back), PH_OK);
    ck_assert_uint_eq(back.sender.v, c.sender.v);
    ck_assert_uint_eq(back.request, c.request);
    ck_assert_int_eq(back.u.order.price, -8);
    ck_assert_uint_eq(back.u.order.window.periods, 5);
    ck_assert_uint_eq(back.u.order.from_contract.v, 11);
}
END_TEST

START_TEST(a_transfer_is_written_as_described)
{
    ph_event e = smallest_event(PH_EVT_TRANSFER);
    e.u.transfer = (ph_transfer){
        .debit = {PH_ACCOUNT_CASH, 7},
        .credit = {PH_ACCOUNT_ESCROW, 9},
        .amount = 1000000,
        .reason = PH_TRANSFER_NOTIONAL,
    };
    static const uint8_t expected[] = {
        8, 0, 2, 7, 0, 0,    0,    0,    0, 0, 0, 3, 9, 0, 0,
        0, 0, 0, 0, 0, 0x40, 0x42, 0x0f, 0, 0, 0, 0, 0, 3,
    };
    uint8_t bytes[PH_EVENT_BYTES_MAX];
    ck_assert_uint_eq(write_event(&e, bytes), sizeof expected);
    ck_assert_mem_eq(bytes, expected, sizeof expected);
}
END_TEST

START_TEST(events_are_read_one_after_the_other)
{
    uint8_t bytes[PH_EVENT_BYTES_MAX * PH_EVT_KIND_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    for (int kind = 1; kind <= PH_EVT_KIND_MAX; kind++) {
        ph_event e = smallest_event((ph_event_kind)kind);
        ph_event_write(&w, &e);
    }
    ph_reader r = ph_reader_of(bytes, ph_writer_size(&w));
    for (int kind = 1; kind <= PH_EVT_KIND_MAX; kind++)
        ck_assert_int_eq((int)ph_event_read(&r).kind, kind);
    ck_assert(ph_reader_done(&r));
    (void)ph_event_read(&r);
    ck_assert(r.bad);
}
END_TEST

START_TEST(a_writer_without_room_is_full)
{
    for (int kind = 1; kind <= PH_CMD_KIND_MAX; kind++) {
        uint8_t bytes[PH_COMMAND_BYTES_MAX];
        ph_command c = smallest_command((ph_command_kind)kind);
        size_t size = write_command(&c, bytes);
        for (size_t n = 0; n < size; n++) {
            ph_writer w = ph_writer_of(bytes, n);
            ph_command_write(&w, &c);
            ck_assert(w.full);
        }
    }
}
END_TEST

static void leave(const char *what, const char *file, int line)
{
    (void)what, (void)file, (void)line;
    _Exit(PANICKED);
}

START_TEST(writing_an_enumeration_outside_its_list_is_a_bug)
{
    ph_panic_set_hook(leave);
    ph_command c = smallest_command(PH_CMD_NEW_ORDER);
    c.u.order.side = (ph_side)(_i == 0 ? 0 : PH_SIDE_SELL + 1);
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    (void)write_command(&c, bytes);
}
END_TEST

START_TEST(writing_an_unknown_kind_is_a_bug)
{
    ph_panic_set_hook(leave);
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    if (_i == 0) {
        ph_command c = smallest_command((ph_command_kind)(PH_CMD_KIND_MAX + 1));
        (void)write_command(&c, bytes);
    } else {
        ph_event e = {.kind = (ph_event_kind)(PH_EVT_KIND_MAX + 1)};
        (void)write_event(&e, bytes);
    }
}
END_TEST

/* Checks the names 1 .. max of one list: all known, all different, "?" on both sides. */
#define CHECK_NAMES(type, max, name_of)                                 \
    do {                                                                \
        ck_assert_str_eq(name_of((type)0), "?");                        \
        ck_assert_str_eq(name_of((type)((max) + 1)), "?");              \
        for (int i_ = 1; i_ <= (max); i_++) {                           \
            ck_assert_str_ne(name_of((type)i_), "?");                   \
            for (int j_ = 1; j_ < i_; j_++)                             \
                ck_assert_str_ne(name_of((type)i_), name_of((type)j_)); \
        }                                                               \
    } while (0)

START_TEST(names_are_known_and_different)
{
    CHECK_NAMES(ph_event_kind, PH_EVT_KIND_MAX, ph_event_kind_name);
#define E(name, type, highest, word) CHECK_NAMES(type, highest, word);
    PH_ENUMERATIONS(E)
#undef E
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, commands_have_one_encoding);
    tcase_add_test(t, events_have_one_encoding);
    tcase_add_test(t, kinds_outside_the_lists_are_refused);
    tcase_add_test(t, an_order_is_written_as_described);
    tcase_add_test(t, a_transfer_is_written_as_described);
    tcase_add_test(t, events_are_read_one_after_the_other);
    tcase_add_test(t, a_writer_without_room_is_full);
    tcase_add_loop_exit_test(t, writing_an_enumeration_outside_its_list_is_a_bug, PANICKED, 0, 2);
    tcase_add_loop_exit_test(t, writing_an_unknown_kind_is_a_bug, PANICKED, 0, 2);
    tcase_add_test(t, names_are_known_and_different);
}

int main(void)
{
    return suite_run("codec", add);
}
