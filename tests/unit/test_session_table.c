/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/session_table.h"

#include "tests/unit/suite.h"

#include <string.h>

static const ph_participant_id somebody = {5};

static phg_routing_id id_of(uint32_t v, uint32_t size)
{
    phg_routing_id id = {.size = size};
    memcpy(id.bytes, &v, size < sizeof v ? size : sizeof v);
    return id;
}

START_TEST(seats_are_found_by_the_whole_id)
{
    phg_session_table t;
    ck_assert_int_eq(phg_session_table_init(&t, 8), PH_OK);
    phg_routing_id a = id_of(7, 4), longer = id_of(7, 5), b = id_of(8, 4);
    phg_seat *seat = phg_session_table_sit(&t, &a, somebody);
    ck_assert_ptr_eq(phg_session_table_find(&t, &a), seat);
    ck_assert_ptr_null(phg_session_table_find(&t, &longer));
    ck_assert_ptr_null(phg_session_table_find(&t, &b));
    phg_session_table_leave(&t, seat);
    ck_assert_ptr_null(phg_session_table_find(&t, &a));
    phg_session_table_release(&t);
}
END_TEST

START_TEST(a_full_table_seats_nobody)
{
    phg_session_table t;
    ck_assert_int_eq(phg_session_table_init(&t, 2), PH_OK);
    phg_routing_id ids[3] = {id_of(1, 4), id_of(2, 4), id_of(3, 4)};
    phg_seat *first = phg_session_table_sit(&t, &ids[0], (ph_participant_id){9});
    ck_assert_ptr_nonnull(phg_session_table_sit(&t, &ids[1], somebody));
    ck_assert_ptr_null(phg_session_table_sit(&t, &ids[2], somebody));
    ck_assert_uint_eq(phg_session_table_count(&t, (ph_participant_id){9}), 1);
    first->session.busy[PHG_BUSY_MAX - 1].request = 4;
    first->session.busy_cnt = 3;
    phg_session_table_leave(&t, first);
    phg_seat *again = phg_session_table_sit(&t, &ids[2], somebody);
    ck_assert_ptr_nonnull(again);
    ck_assert_uint_eq(phg_session_table_count(&t, (ph_participant_id){9}), 0);
    ck_assert_uint_eq(again->session.participant.v, somebody.v);
    ck_assert_ptr_nonnull(again->session.busy);
    ck_assert_uint_eq(again->session.busy_cnt, 0);
    phg_session_table_release(&t);
}
END_TEST

START_TEST(coming_and_going_keeps_everybody_findable)
{
    enum { N = 500 };
    static bool is_there[N];
    phg_session_table t;
    ck_assert_int_eq(phg_session_table_init(&t, N), PH_OK);
    for (uint32_t i = 0; i < N; i++)
        is_there[i] = false;
    uint32_t x = 99, cnt = 0;
    for (int step = 0; step < 20000; step++) {
        x = x * 1664525u + 1013904223u;
        uint32_t i = (x >> 8) % N;
        phg_routing_id id = id_of(i, 5);
        phg_seat *seat = phg_session_table_find(&t, &id);
        ck_assert_int_eq(seat != NULL, is_there[i]);
        if (seat) {
            phg_session_table_leave(&t, seat);
        } else {
            seat = phg_session_table_sit(&t, &id, somebody);
            ck_assert_ptr_nonnull(seat);
        }
        is_there[i] = !is_there[i];
        cnt += is_there[i] ? 1u : (uint32_t)-1;
    }
    ck_assert_uint_eq(phg_session_table_count(&t, (ph_participant_id){5}), cnt);
    ck_assert_uint_eq(phg_session_table_count(&t, (ph_participant_id){6}), 0);
    phg_session_table_release(&t);
}
END_TEST

START_TEST(releasing_nothing_is_fine)
{
    phg_session_table t = {0};
    phg_session_table_release(&t);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, seats_are_found_by_the_whole_id);
    tcase_add_test(t, a_full_table_seats_nobody);
    tcase_add_test(t, coming_and_going_keeps_everybody_findable);
    tcase_add_test(t, releasing_nothing_is_fine);
}

int main(void)
{
    return suite_run("session_table", add);
}
