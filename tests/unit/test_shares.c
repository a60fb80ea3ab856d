/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/shares.h"

#include "tests/unit/suite.h"

enum { MAX = 4096 };

static phg_shares s;

static void set_up(void)
{
    ck_assert_int_eq(phg_shares_init(&s), PH_OK);
}

static void tear_down(void)
{
    phg_shares_release(&s);
}

static uint32_t sends_all_it_may(uint32_t who)
{
    uint32_t cnt = 0;
    for (; phg_shares_may(&s, (ph_participant_id){who}, MAX); cnt++)
        ck_assert_int_eq(phg_shares_sent(&s, (ph_participant_id){who}), PH_OK);
    return cnt;
}

START_TEST(one_alone_has_half)
{
    ck_assert_uint_eq(sends_all_it_may(2), MAX / 2);
    ck_assert(phg_shares_may(&s, (ph_participant_id){3}, MAX));
    ck_assert_uint_eq(sends_all_it_may(3), MAX / 4);
    ck_assert_uint_eq(sends_all_it_may(70000), MAX / 8);
    ck_assert(phg_shares_may(&s, (ph_participant_id){4}, MAX));
    ck_assert(!phg_shares_may(&s, (ph_participant_id){2}, MAX));
}
END_TEST

/* Everybody asks for more whenever something is answered. */
START_TEST(those_who_want_all_come_to_equal_parts)
{
    enum { N = 7 };
    uint32_t own[N] = {0};
    for (uint32_t turn = 0; turn < 4 * MAX; turn++) {
        if (s.cnt > 0) {
            own[s.whose[s.first] - 1]--;
            phg_shares_left(&s, s.cnt - 1);
        }
        for (uint32_t i = 0; i < N; i++) {
            const ph_participant_id who = {(turn + i) % N + 1};
            if (!phg_shares_may(&s, who, MAX)) continue;
            ck_assert_int_eq(phg_shares_sent(&s, who), PH_OK);
            own[who.v - 1]++;
        }
    }
    for (uint32_t i = 0; i < N; i++)
        ck_assert(own[i] >= MAX / (N + 1) - N && own[i] <= MAX / (N + 1) + N);
    ck_assert(phg_shares_may(&s, (ph_participant_id){N + 1}, MAX));
}
END_TEST

START_TEST(what_is_answered_comes_back_in_its_order)
{
    for (uint32_t i = 0; i < 6; i++)
        ck_assert_int_eq(phg_shares_sent(&s, (ph_participant_id){1 + i % 2}), PH_OK);
    phg_shares_left(&s, 4); /* one of each is over */
    ck_assert(phg_shares_may(&s, (ph_participant_id){1}, 7));
    ck_assert(!phg_shares_may(&s, (ph_participant_id){1}, 6));
    phg_shares_left(&s, 3); /* the next was of 1 */
    ck_assert(phg_shares_may(&s, (ph_participant_id){1}, 6));
    phg_shares_left(&s, 9); /* nothing was sent since */
    ck_assert_uint_eq(s.cnt, 3);
    phg_shares_left(&s, 0);
    ck_assert_uint_eq(sends_all_it_may(1), MAX / 2);
}
END_TEST

START_TEST(an_engine_that_takes_nothing_takes_nothing)
{
    ck_assert(!phg_shares_may(&s, (ph_participant_id){1}, 0));
    ck_assert(phg_shares_may(&s, (ph_participant_id){1}, 1));
    ck_assert_int_eq(phg_shares_sent(&s, (ph_participant_id){1}), PH_OK);
    ck_assert(!phg_shares_may(&s, (ph_participant_id){2}, 1));
    ck_assert_uint_gt(sends_all_it_may(2), 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, one_alone_has_half);
    tcase_add_test(t, those_who_want_all_come_to_equal_parts);
    tcase_add_test(t, what_is_answered_comes_back_in_its_order);
    tcase_add_test(t, an_engine_that_takes_nothing_takes_nothing);
}

int main(void)
{
    return suite_run("shares", add);
}
