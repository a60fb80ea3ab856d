/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/spoof.h"

#include "tests/unit/live_fixture.h"
#include "tests/unit/suite.h"

static const ph_report_bounds bounds = {.top = 10,
                                        .wash_seconds = 3600,
                                        .net_ppm = 100000,
                                        .counterparty_ppm = 500000,
                                        .spoof_seconds = 60,
                                        .spoof_factor = 5,
                                        .near_ppm = 20000};

enum { SPOOFER = TRADER, MAKER, OTHER, THIRD };

/* Quotes 20 on both sides; somebody takes a little of one; all is withdrawn and quoted anew. */
static void make_a_market(listening *l, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        uint64_t bid = listen_order(l, MAKER, PH_SIDE_BUY, 20, 990);
        uint64_t ask = listen_order(l, MAKER, PH_SIDE_SELL, 20, 1010);
        listen_wait(l, 5);
        bool is_buy = i % 2 == 0;
        (void)listen_order(l, OTHER, is_buy ? PH_SIDE_BUY : PH_SIDE_SELL, 1, is_buy ? 1010 : 990);
        listen_wait(l, 5);
        (void)listen_cancel(l, MAKER, bid);
        (void)listen_cancel(l, MAKER, ask);
    }
}

/* Wants to sell 2 at 1000: `layers` large bids bring somebody to buy, then they are gone. */
static void spoof(listening *l, uint64_t evidence[3], int layers, ph_quantity size)
{
    uint64_t bids[4];
    (void)listen_order(l, SPOOFER, PH_SIDE_SELL, 2, 1000);
    for (int i = 0; i < layers; i++) {
        bids[i] = listen_order(l, SPOOFER, PH_SIDE_BUY, size, 995 - i);
        if (i == 0) evidence[0] = ph_market_seq(l->w.m);
        listen_wait(l, 1);
    }
    (void)listen_order(l, THIRD, PH_SIDE_BUY, 2, 1000);
    evidence[2] = ph_market_seq(l->w.m);
    listen_wait(l, 3);
    for (int i = 0; i < layers; i++)
        evidence[1] = listen_cancel(l, SPOOFER, bids[i]);
}

static uint32_t findings(listening *l, const ph_spoof_row ***ret)
{
    uint32_t cnt;
    ck_assert(ph_spoof_close(&l->spoof));
    ck_assert(ph_spoof_findings(&l->spoof, ret, &cnt));
    return cnt;
}

START_TEST(a_spoofer_is_ranked_first_and_a_market_maker_is_not)
{
    listening l = listen_begin(&bounds);
    const ph_spoof_row **rows;
    uint64_t evidence[2][3];
    make_a_market(&l, 20);
    spoof(&l, evidence[0], 1, 100);
    listen_wait(&l, 600);
    make_a_market(&l, 20);
    spoof(&l, evidence[1], 1, 90);
    ck_assert_uint_eq(findings(&l, &rows), 1);
    ck_assert(rows[0]->participant.v == SPOOFER && rows[0]->product.v == 1);
    ck_assert_uint_eq(rows[0]->finding_cnt, 2);
    ck_assert_uint_eq(rows[0]->order_cnt, 2);
    ck_assert(rows[0]->withdrawn == 190 && rows[0]->other_side == 4);
    ck_assert(rows[0]->other_executed == 4);
    ck_assert_uint_eq(rows[0]->evidence.cnt, 2);
    ck_assert_int_eq(memcmp(rows[0]->evidence.v, evidence, sizeof evidence), 0);
    free(rows);
    uint32_t cnt;
    ck_assert(ph_spoof_ratios(&l.spoof, &rows, &cnt));
    ck_assert_uint_eq(cnt, 2); /* the maker is here too, with a smaller ratio */
    ck_assert_uint_eq(rows[0]->participant.v, SPOOFER);
    ck_assert(ph_spoof_ratio_ppm(rows[0]) == 190 * 1000000 / 4);
    ck_assert(rows[1]->participant.v == MAKER && rows[1]->near_executed == 40);
    ck_assert(rows[1]->near_cancelled == 80 * 20 - 40);
    free(rows);
    listen_end_all(&l);
}
END_TEST

START_TEST(layers_count_together)
{
    listening l = listen_begin(&bounds);
    const ph_spoof_row **rows;
    uint64_t evidence[3];
    spoof(&l, evidence, 4, 4); /* each is less than five times 2, together they are not */
    ck_assert_uint_eq(findings(&l, &rows), 1);
    ck_assert_uint_eq(rows[0]->finding_cnt, 1);
    ck_assert_uint_eq(rows[0]->order_cnt, 4);
    ck_assert(rows[0]->withdrawn == 16 && rows[0]->other_side == 2);
    ck_assert_int_eq(memcmp(rows[0]->evidence.v[0], evidence, sizeof evidence), 0);
    free(rows);
    listen_end_all(&l);
}
END_TEST

/* One thing is different from a finding in each. */
static void withdraw(listening *l, ph_quantity size, ph_price price, uint64_t seconds, bool trades)
{
    (void)listen_order(l, SPOOFER, PH_SIDE_SELL, 2, 1000);
    uint64_t bid = listen_order(l, SPOOFER, PH_SIDE_BUY, size, price);
    if (trades) (void)listen_order(l, THIRD, PH_SIDE_BUY, 2, 1000);
    listen_wait(l, seconds);
    (void)listen_cancel(l, SPOOFER, bid);
}

static const struct {
    ph_quantity size;
    ph_price price;
    uint64_t seconds;
    bool trades, is_finding;
} cases[] = {
    {10, 995, 60, true, true},   {10, 980, 60, true, true},
    {9, 995, 60, true, false},   /* not large */
    {10, 979, 60, true, false},  /* not near: more than 2 % below the best bid of 1000 */
    {10, 995, 61, true, false},  /* not soon */
    {10, 995, 60, false, false}, /* nothing executed on the other side */
};

START_TEST(each_part_of_the_definition_is_needed)
{
    listening l = listen_begin(&bounds);
    const ph_spoof_row **rows;
    /* Somebody else's bid is the best. */
    (void)listen_order(&l, OTHER, PH_SIDE_BUY, 1, 999);
    uint64_t best = listen_order(&l, OTHER, PH_SIDE_BUY, 1, 999);
    ck_assert_uint_ne(best, 0);
    withdraw(&l, cases[_i].size, cases[_i].price, cases[_i].seconds, cases[_i].trades);
    ck_assert_uint_eq(findings(&l, &rows), cases[_i].is_finding);
    free(rows);
    listen_end_all(&l);
}
END_TEST

START_TEST(an_order_of_which_some_executed_was_meant)
{
    listening l = listen_begin(&bounds);
    const ph_spoof_row **rows;
    (void)listen_order(&l, SPOOFER, PH_SIDE_SELL, 2, 1000);
    uint64_t bid = listen_order(&l, SPOOFER, PH_SIDE_BUY, 100, 995);
    (void)listen_order(&l, OTHER, PH_SIDE_SELL, 1, 995);
    (void)listen_order(&l, THIRD, PH_SIDE_BUY, 2, 1000);
    (void)listen_cancel(&l, SPOOFER, bid);
    ck_assert_uint_eq(findings(&l, &rows), 0);
    free(rows);
    listen_end_all(&l);
}
END_TEST

START_TEST(an_operator_who_cancels_is_no_owner_who_withdraws)
{
    listening l = listen_begin(&bounds);
    const ph_spoof_row **rows;
    (void)listen_order(&l, SPOOFER, PH_SIDE_SELL, 2, 1000);
    (void)listen_order(&l, SPOOFER, PH_SIDE_BUY, 100, 995);
    (void)listen_order(&l, THIRD, PH_SIDE_BUY, 2, 1000);
    (void)listen_do(&l, (ph_command){.kind = PH_CMD_MASS_CANCEL,
                                     .sender = {1},
                                     .u.mass_cancel = {.participant = {SPOOFER}}});
    ck_assert_uint_eq(l.live.orders.cnt, 0);
    ck_assert_uint_eq(findings(&l, &rows), 0);
    free(rows);
    listen_end_all(&l);
}
END_TEST

START_TEST(what_is_open_is_followed_through_replacements)
{
    listening l = listen_begin(&bounds);
    const ph_spoof_row **rows;
    uint64_t ask = listen_order(&l, SPOOFER, PH_SIDE_SELL, 2, 1000);
    ph_command c = {.kind = PH_CMD_REPLACE_ORDER,
                    .sender = {SPOOFER},
                    .u.replace = {.order = {ask}, .price = 1000, .quantity = 50}};
    (void)listen_do(&l, c); /* 50 on the other side: 100 is not large beside it */
    uint64_t bid = listen_order(&l, SPOOFER, PH_SIDE_BUY, 100, 995);
    (void)listen_order(&l, THIRD, PH_SIDE_BUY, 2, 1000);
    (void)listen_cancel(&l, SPOOFER, bid);
    ck_assert_uint_eq(findings(&l, &rows), 0);
    free(rows);
    listen_end_all(&l);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_spoofer_is_ranked_first_and_a_market_maker_is_not);
    tcase_add_test(t, layers_count_together);
    tcase_add_loop_test(t, each_part_of_the_definition_is_needed, 0, 6);
    tcase_add_test(t, an_order_of_which_some_executed_was_meant);
    tcase_add_test(t, an_operator_who_cancels_is_no_owner_who_withdraws);
    tcase_add_test(t, what_is_open_is_followed_through_replacements);
}

int main(void)
{
    return suite_run("spoof", add);
}
