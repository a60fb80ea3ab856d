/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/outbox.h"

#include "tests/unit/suite.h"

static phc_outbox box;

static void begin(void)
{
    phc_outbox_init(&box, 1000);
}

static void finish(void)
{
    phc_outbox_release(&box);
}

static void put(phc_out_kind kind, uint64_t id)
{
    uint8_t byte = (uint8_t)id;
    ck_assert_int_eq(phc_outbox_put(&box, kind, id, &byte, 1), PHC_OK);
}

/* Sends everything that may go; returns how many, and leaves the ids in `ids`. */
static size_t send_all(uint64_t now, uint64_t last_report, uint64_t ids[], size_t max)
{
    size_t n = 0;
    for (phc_out *e; (e = phc_outbox_next(&box, now)) != NULL; n++) {
        ck_assert_uint_lt(n, max);
        ids[n] = e->id;
        phc_outbox_sent(&box, e, last_report);
    }
    return n;
}

START_TEST(what_is_put_goes_out_once_and_in_order)
{
    uint64_t ids[8];
    for (uint64_t i = 1; i <= 5; i++)
        put(PHC_OUT_ORDER, i);
    ck_assert_uint_eq(send_all(0, 0, ids, 8), 5);
    for (uint64_t i = 0; i < 5; i++)
        ck_assert_uint_eq(ids[i], i + 1);
    ck_assert_uint_eq(send_all(0, 0, ids, 8), 0);
    ck_assert_uint_eq(box.cnt, 5);
}
END_TEST

START_TEST(an_outcome_ends_one_entry_only)
{
    uint64_t ids[8];
    put(PHC_OUT_ORDER, 1);
    put(PHC_OUT_COMMAND, 1);
    send_all(0, 0, ids, 8);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 1, 10));
    ck_assert(!phc_outbox_answered(&box, PHC_OUT_ORDER, 1, 11));
    ck_assert_uint_eq(box.cnt, 1);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_COMMAND, 1, 11));
    ck_assert_uint_eq(box.cnt, 0);
}
END_TEST

START_TEST(what_was_never_sent_has_no_outcome)
{
    put(PHC_OUT_ORDER, 1);
    ck_assert(!phc_outbox_answered(&box, PHC_OUT_ORDER, 1, 10));
    ck_assert_uint_eq(box.cnt, 1);
}
END_TEST

/* An id that was rejected long ago may be used again: its old report is not the new outcome. */
START_TEST(a_report_older_than_the_sending_is_no_outcome)
{
    uint64_t ids[8];
    put(PHC_OUT_ORDER, 7);
    send_all(0, 100, ids, 8);
    ck_assert(!phc_outbox_answered(&box, PHC_OUT_ORDER, 7, 100));
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 7, 101));
}
END_TEST

START_TEST(after_a_lost_connection_only_the_unanswered_go_again_in_order)
{
    uint64_t ids[8];
    for (uint64_t i = 1; i <= 5; i++)
        put(PHC_OUT_ORDER, i);
    send_all(0, 0, ids, 8);
    phc_outbox_lost(&box);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 1, 1));
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 3, 2));
    put(PHC_OUT_ORDER, 6);
    ck_assert_uint_eq(send_all(0, 5, ids, 8), 4);
    ck_assert_uint_eq(ids[0], 2);
    ck_assert_uint_eq(ids[1], 4);
    ck_assert_uint_eq(ids[2], 5);
    ck_assert_uint_eq(ids[3], 6);
    ck_assert(phc_outbox_is_echo(&box, PHC_OUT_ORDER, 5));
    ck_assert(!phc_outbox_is_echo(&box, PHC_OUT_ORDER, 6));
}
END_TEST

/* An outcome that was on its way while the connection broke still counts after sending again. */
START_TEST(sending_again_keeps_the_first_place_in_the_stream)
{
    uint64_t ids[8];
    put(PHC_OUT_ORDER, 1);
    send_all(0, 10, ids, 8);
    phc_outbox_lost(&box);
    send_all(0, 50, ids, 8);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 1, 11));
}
END_TEST

START_TEST(busy_waits_for_what_is_in_flight_then_asks_with_one)
{
    uint64_t ids[8];
    for (uint64_t i = 1; i <= 4; i++)
        put(PHC_OUT_ORDER, i);
    send_all(0, 0, ids, 8);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 1, 1));
    ck_assert(phc_outbox_busy(&box, PHC_OUT_ORDER, 2, 1000));
    ck_assert(phc_outbox_busy(&box, PHC_OUT_ORDER, 3, 1000));
    ck_assert_uint_eq(send_all(5000, 1, ids, 8), 0);
    ck_assert_uint_eq(phc_outbox_due_ms(&box), UINT64_MAX);
    ck_assert(phc_outbox_busy(&box, PHC_OUT_ORDER, 4, 1001));
    ck_assert_uint_eq(phc_outbox_due_ms(&box), 1010);
    ck_assert_uint_eq(send_all(1009, 1, ids, 8), 0);
    ck_assert_uint_eq(send_all(1010, 1, ids, 8), 1);
    ck_assert_uint_eq(ids[0], 2);
    ck_assert(phc_outbox_busy(&box, PHC_OUT_ORDER, 2, 1011));
    ck_assert_uint_eq(phc_outbox_due_ms(&box), 1031);
    ck_assert_uint_eq(send_all(1031, 1, ids, 8), 1);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 2, 2));
    ck_assert_uint_eq(send_all(1032, 2, ids, 8), 2);
    ck_assert_uint_eq(ids[0], 3);
    ck_assert_uint_eq(ids[1], 4);
}
END_TEST

START_TEST(pauses_grow_up_to_a_second)
{
    uint64_t ids[8], now = 0;
    put(PHC_OUT_COMMAND, 9);
    for (int i = 0; i < 20; i++) {
        ck_assert_uint_eq(send_all(now, 0, ids, 8), 1);
        ck_assert(phc_outbox_busy(&box, PHC_OUT_COMMAND, 9, now));
        uint64_t due = phc_outbox_due_ms(&box);
        ck_assert_uint_gt(due, now);
        ck_assert_uint_le(due, now + 1000);
        now = due;
    }
}
END_TEST

START_TEST(busy_for_something_else_changes_nothing)
{
    uint64_t ids[8];
    ck_assert(!phc_outbox_busy(&box, PHC_OUT_ORDER, 1, 0));
    put(PHC_OUT_ORDER, 1);
    ck_assert(!phc_outbox_busy(&box, PHC_OUT_ORDER, 1, 0));
    ck_assert(!phc_outbox_busy(&box, PHC_OUT_ORDER, 2, 0));
    ck_assert_uint_eq(send_all(0, 0, ids, 8), 1);
}
END_TEST

/* 2 was busy, 3 was taken: 2 can never be taken any more, and must be said, not sent. */
START_TEST(an_overtaken_order_is_dead)
{
    uint64_t ids[8];
    for (uint64_t i = 1; i <= 3; i++)
        put(PHC_OUT_ORDER, i);
    send_all(0, 0, ids, 8);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 1, 1));
    ck_assert(phc_outbox_busy(&box, PHC_OUT_ORDER, 2, 0));
    ck_assert_uint_eq(phc_outbox_take_dead(&box, 3), 0);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, 3, 2));
    ck_assert_uint_eq(phc_outbox_take_dead(&box, 1), 0);
    ck_assert_uint_eq(phc_outbox_take_dead(&box, 3), 2);
    ck_assert_uint_eq(phc_outbox_take_dead(&box, 3), 0);
    ck_assert_uint_eq(box.cnt, 0);
}
END_TEST

START_TEST(what_was_never_sent_is_not_dead)
{
    put(PHC_OUT_ORDER, 2);
    ck_assert_uint_eq(phc_outbox_take_dead(&box, 9), 0);
}
END_TEST

START_TEST(full_is_full)
{
    uint8_t byte = 0;
    for (uint64_t i = 1; i <= 1000; i++)
        put(PHC_OUT_ORDER, i);
    ck_assert_int_eq(phc_outbox_put(&box, PHC_OUT_ORDER, 1001, &byte, 1), PHC_EFULL);
    ck_assert_uint_eq(box.order_id_max, 1000);
}
END_TEST

/* Long runs: memory stays bounded by what is unanswered. */
START_TEST(room_is_used_again)
{
    uint64_t ids[128], number = 0;
    for (uint64_t round = 0; round < 1000; round++) {
        for (uint64_t i = 1; i <= 100; i++)
            put(PHC_OUT_ORDER, round * 100 + i);
        ck_assert_uint_eq(send_all(0, number, ids, 128), 100);
        /* The last but one stays behind until the next round. */
        for (uint64_t i = 1; i <= 100; i++)
            if (i != 99)
                ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, round * 100 + i, ++number));
        if (round > 0)
            ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, (round - 1) * 100 + 99, ++number));
    }
    ck_assert_uint_eq(box.cnt, 1);
    ck_assert_uint_le(box.room, 1024);
}
END_TEST

/* One that is never answered does not make the others pile up behind it. */
START_TEST(a_straggler_costs_no_room)
{
    uint64_t ids[8];
    put(PHC_OUT_QUERY, 7);
    send_all(0, 0, ids, 8);
    for (uint64_t i = 1; i <= 10000; i++) {
        put(PHC_OUT_ORDER, i);
        ck_assert_uint_eq(send_all(0, i - 1, ids, 8), 1);
        ck_assert_uint_eq(ids[0], i);
        ck_assert(phc_outbox_answered(&box, PHC_OUT_ORDER, i, i));
    }
    ck_assert_uint_le(box.room, 128);
    ck_assert(phc_outbox_answered(&box, PHC_OUT_QUERY, 7, 0));
    ck_assert_uint_eq(box.cnt, 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, begin, finish);
    tcase_add_test(t, what_is_put_goes_out_once_and_in_order);
    tcase_add_test(t, an_outcome_ends_one_entry_only);
    tcase_add_test(t, what_was_never_sent_has_no_outcome);
    tcase_add_test(t, a_report_older_than_the_sending_is_no_outcome);
    tcase_add_test(t, after_a_lost_connection_only_the_unanswered_go_again_in_order);
    tcase_add_test(t, sending_again_keeps_the_first_place_in_the_stream);
    tcase_add_test(t, busy_waits_for_what_is_in_flight_then_asks_with_one);
    tcase_add_test(t, pauses_grow_up_to_a_second);
    tcase_add_test(t, busy_for_something_else_changes_nothing);
    tcase_add_test(t, an_overtaken_order_is_dead);
    tcase_add_test(t, what_was_never_sent_is_not_dead);
    tcase_add_test(t, full_is_full);
    tcase_add_test(t, room_is_used_again);
    tcase_add_test(t, a_straggler_costs_no_room);
}

int main(void)
{
    return suite_run("phc_outbox", add);
}
