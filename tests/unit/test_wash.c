/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/wash.h"

#include "tests/unit/live_fixture.h"
#include "tests/unit/suite.h"

static const ph_report_bounds bounds = {.top = 10,
                                        .wash_seconds = 3600,
                                        .net_ppm = 100000,
                                        .counterparty_ppm = 500000,
                                        .spoof_seconds = 60,
                                        .spoof_factor = 5,
                                        .near_ppm = 20000};

enum { A = TRADER, B, MAKER, FIRST_OTHER };

/* A maker sells to two and buys as much from two others; its position ends at zero. */
static void make_a_market(listening *l)
{
    for (uint32_t n = 0; n < 2; n++) {
        (void)listen_sell(l, MAKER, FIRST_OTHER + n, 25, 11); /* nothing of it comes back */
        (void)listen_sell(l, FIRST_OTHER + 2 + n, MAKER, 25, 9);
        listen_wait(l, 60);
    }
}

START_TEST(who_trades_back_and_forth_is_ranked_first_and_a_market_maker_is_not)
{
    listening l = listen_begin(&bounds);
    uint64_t sold[3], back[3];
    make_a_market(&l);
    for (int i = 0; i < 3; i++) {
        listen_wait(&l, 60);
        sold[i] = listen_sell(&l, A, B, 10, 10);
        listen_wait(&l, 60);
        back[i] = listen_sell(&l, B, A, 10, 12);
    }
    make_a_market(&l);
    const ph_wash_pair **pairs;
    const ph_wash_position **positions;
    uint32_t cnt;
    ck_assert(ph_wash_pairs(&l.wash, &pairs, &cnt));
    ck_assert_uint_eq(cnt, 1);
    ck_assert(pairs[0]->first.v == A && pairs[0]->second.v == B && pairs[0]->product.v == 1);
    /* 10 back, 10 forth again as a return of that, and so on: all but the first sale. */
    ck_assert(pairs[0]->returned == 30 && pairs[0]->return_cnt == 3);
    ck_assert(pairs[0]->notional == 30 * 12);
    ck_assert(pairs[0]->sold_first == 30 && pairs[0]->sold_second == 30);
    ck_assert_uint_eq(pairs[0]->trade_cnt, 6);
    ck_assert_uint_eq(pairs[0]->evidence.cnt, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(pairs[0]->evidence.v[i][0], sold[i]);
        ck_assert_uint_eq(pairs[0]->evidence.v[i][1], back[i]);
    }
    free(pairs);
    ck_assert(ph_wash_positions(&l.wash, &positions, &cnt));
    ck_assert_uint_eq(cnt, 2); /* the two of them, and not the maker, whose volume is larger */
    ck_assert(positions[0]->participant.v == A && positions[0]->counterparty.v == B);
    ck_assert(positions[1]->participant.v == B && positions[1]->counterparty.v == A);
    ck_assert(positions[0]->bought == 30 && positions[0]->sold == 30);
    ck_assert(positions[0]->with_counterparty == 60);
    ck_assert_uint_eq(positions[0]->first_seq, sold[0]);
    ck_assert_uint_eq(positions[0]->last_seq, back[2]);
    free(positions);
    listen_end_all(&l);
}
END_TEST

/* Seconds until it comes back, and whether that is a return. */
static const struct {
    uint64_t seconds;
    uint32_t returned;
} waits[] = {{0, 4}, {3599, 4}, {3600, 4}, {3601, 0}};

START_TEST(only_what_comes_back_in_time_is_a_return)
{
    listening l = listen_begin(&bounds);
    const ph_wash_pair **pairs;
    uint32_t cnt;
    (void)listen_sell(&l, B, A, 7, 10);
    listen_wait(&l, waits[_i].seconds);
    (void)listen_sell(&l, A, B, 4, 10);
    ck_assert(ph_wash_pairs(&l.wash, &pairs, &cnt));
    ck_assert_uint_eq(cnt, waits[_i].returned != 0);
    if (cnt != 0) ck_assert(pairs[0]->returned == waits[_i].returned);
    free(pairs);
    listen_end_all(&l);
}
END_TEST

START_TEST(each_unit_comes_back_once)
{
    listening l = listen_begin(&bounds);
    const ph_wash_pair **pairs;
    uint32_t cnt;
    (void)listen_sell(&l, B, A, 5, 10);
    for (int i = 0; i < 3; i++)
        (void)listen_sell(&l, A, B, 2, 10); /* the last is one unit more than there was */
    ck_assert(ph_wash_pairs(&l.wash, &pairs, &cnt));
    ck_assert_uint_eq(cnt, 1);
    ck_assert(pairs[0]->returned == 5 && pairs[0]->return_cnt == 3);
    free(pairs);
    (void)listen_sell(&l, B, A, 4, 10); /* and that unit comes back now */
    ck_assert(ph_wash_pairs(&l.wash, &pairs, &cnt));
    ck_assert(pairs[0]->returned == 6 && pairs[0]->return_cnt == 4);
    free(pairs);
    listen_end_all(&l);
}
END_TEST

START_TEST(what_was_before_the_times_asked_for_is_only_what_others_return_from)
{
    listening l = listen_begin(&bounds);
    const ph_wash_pair **pairs;
    uint32_t cnt;
    l.counts = false;
    uint64_t sold = listen_sell(&l, A, B, 5, 10);
    l.counts = true;
    (void)listen_sell(&l, B, A, 5, 10);
    ck_assert(ph_wash_pairs(&l.wash, &pairs, &cnt));
    ck_assert_uint_eq(cnt, 1);
    ck_assert(pairs[0]->returned == 5 && pairs[0]->sold_first == 0 && pairs[0]->sold_second == 5);
    ck_assert_uint_eq(pairs[0]->evidence.v[0][0], sold);
    free(pairs);
    listen_end_all(&l);
}
END_TEST

START_TEST(a_chain_of_resales_that_closes_is_a_circle)
{
    listening l = listen_begin(&bounds);
    const ph_wash_circle **circles;
    uint32_t cnt, C = FIRST_OTHER, D = FIRST_OTHER + 1;
    uint64_t first = listen_sell(&l, A, B, 6, 10);   /* contract 1 */
    uint64_t second = listen_resell(&l, 1, B, C, 6); /* 2 */
    (void)listen_resell(&l, 2, C, D, 6);             /* 3: nobody twice */
    ck_assert(ph_wash_circles(&l.wash, &circles, &cnt));
    ck_assert_uint_eq(cnt, 0);
    free(circles);
    uint64_t third = listen_resell(&l, 3, D, C, 4);  /* 4: C held contract 2 */
    uint64_t fourth = listen_resell(&l, 4, C, A, 3); /* 5: A is the supplier */
    ck_assert(ph_wash_circles(&l.wash, &circles, &cnt));
    ck_assert_uint_eq(cnt, 2);
    ck_assert(circles[0]->participant.v == C && circles[0]->supplier.v == A);
    ck_assert(circles[0]->unit_periods == 4 && circles[0]->circle_cnt == 1);
    const uint64_t evidence[2][3] = {{first, second, third}, {first, first, fourth}};
    ck_assert_int_eq(memcmp(circles[0]->evidence.v[0], evidence[0], sizeof evidence[0]), 0);
    ck_assert(circles[1]->participant.v == A && circles[1]->unit_periods == 3);
    ck_assert_int_eq(memcmp(circles[1]->evidence.v[0], evidence[1], sizeof evidence[1]), 0);
    free(circles);
    listen_end_all(&l);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, who_trades_back_and_forth_is_ranked_first_and_a_market_maker_is_not);
    tcase_add_loop_test(t, only_what_comes_back_in_time_is_a_return, 0, 4);
    tcase_add_test(t, each_unit_comes_back_once);
    tcase_add_test(t, what_was_before_the_times_asked_for_is_only_what_others_return_from);
    tcase_add_test(t, a_chain_of_resales_that_closes_is_a_circle);
}

int main(void)
{
    return suite_run("wash", add);
}
