/* SPDX-License-Identifier: Apache-2.0 */
/* The worked examples of the rulebook, section 15. */
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t a, b, buyer, other;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    a = world_participant(&w, PH_ROLE_SUPPLIER, 1000000);
    b = world_participant(&w, PH_ROLE_SUPPLIER, 1000000);
    buyer = world_participant(&w, PH_ROLE_BUYER, 1000000);
    other = world_participant(&w, PH_ROLE_BUYER, 1000000);
    uint32_t site = world_site(&w, a);
    ph_product_terms terms = world_terms(&w, site);
    world_product(&w, &terms);
    world_capacity(&w, a, site, 1, 1000);
    world_capacity(&w, b, site, 1, 1000);
}

static void teardown(void)
{
    world_free(&w);
}

static void sell(uint32_t who, uint32_t first, uint32_t periods, uint32_t quantity, ph_price price)
{
    world_do(&w, world_order(&w, who, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){first, periods},
                             quantity, price));
}

static void bid_block(uint32_t quantity, uint32_t periods, ph_price limit, bool all_or_none)
{
    ph_command c = world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, periods},
                               quantity, limit);
    c.u.order.all_or_none = all_or_none;
    world_do(&w, c);
}

START_TEST(example_1_column)
{
    sell(a, 0, 4, 10, 5);
    sell(b, 1, 1, 4, 3);
    bid_block(6, 4, 5, false);
    for (ph_period t = 0; t < 4; t++)
        ck_assert_uint_eq(world_filled(&w, buyer, a, t, 5), t == 1 ? 2 : 6);
    ck_assert_uint_eq(world_filled(&w, buyer, b, 1, 3), 4);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 2);
    ck_assert_uint_eq(world_event(&w, PH_EVT_TRADE, 1)->u.trade.buy_leaves, 0);
    ck_assert_int_eq(ph_market_balance(w.m, (ph_account){PH_ACCOUNT_CASH, buyer}),
                     1000000 - (4 * 18 + 2 * 20));
}
END_TEST

START_TEST(example_2_limit_on_the_average_of_a_unit)
{
    sell(a, 0, 4, 10, 5);
    sell(b, 1, 1, 4, 3);
    bid_block(6, 4, 4, false);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 3);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){buyer}), 4 * 4 * 6);
}
END_TEST

START_TEST(example_3_all_or_none_is_judged_as_a_whole)
{
    sell(a, 0, 4, 10, 5);
    sell(b, 1, 1, 4, 1);
    if (_i == 0) {
        bid_block(6, 4, 4, false);
        ck_assert_uint_eq(world_filled(&w, buyer, a, 0, 5), 4);
        ck_assert_uint_eq(world_filled(&w, buyer, b, 1, 1), 4);
    } else if (_i == 1) {
        bid_block(6, 4, 4, true);
        ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    } else {
        bid_block(6, 4, 5, true);
        ck_assert_uint_eq(world_filled(&w, buyer, a, 1, 5), 2);
        ck_assert_uint_eq(world_filled(&w, buyer, b, 1, 1), 4);
        ck_assert_int_eq(ph_market_balance(w.m, (ph_account){PH_ACCOUNT_CASH, buyer}),
                         1000000 - 104);
    }
}
END_TEST

START_TEST(example_4_block_as_maker)
{
    bid_block(2, 3, 10, false);
    sell(b, 1, 1, 2, 4);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    sell(a, 0, 3, 2, 6);
    ck_assert_uint_eq(world_filled(&w, buyer, a, 0, 13), 2);
    ck_assert_uint_eq(world_filled(&w, buyer, a, 1, 13), 0);
    ck_assert_uint_eq(world_filled(&w, buyer, a, 2, 13), 2);
    ck_assert_uint_eq(world_filled(&w, buyer, b, 1, 4), 2);
    ck_assert_int_eq(ph_market_balance(w.m, (ph_account){PH_ACCOUNT_CASH, buyer}), 1000000 - 60);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 1);
    ph_price price;
    uint64_t units;
    ph_market_best(w.m, (ph_product_id){1}, PH_SIDE_SELL, FIRST + 1, &price, &units);
    ck_assert_int_eq(price, 6);
    ck_assert_uint_eq(units, 2);
}
END_TEST

START_TEST(example_5_better_price_first)
{
    bool all_or_none = _i == 1;
    bid_block(2, 3, 10, all_or_none);
    sell(b, 1, 1, 2, 4);
    world_do(&w, world_order(&w, other, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 14));
    sell(a, 0, 3, 2, 6);
    ck_assert_uint_eq(world_filled(&w, other, a, 0, 14), 1);
    uint64_t units = all_or_none ? 0 : 1;
    ck_assert_uint_eq(world_filled(&w, buyer, a, 0, 13), units);
    ck_assert_uint_eq(world_filled(&w, buyer, a, 2, 13), units);
    ck_assert_uint_eq(world_filled(&w, buyer, b, 1, 4), units);
    ph_resting_order rest;
    ck_assert(ph_market_order(w.m, (ph_order_id){1}, &rest));
    ck_assert_uint_eq(rest.unit_periods, all_or_none ? 6 : 3);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, example_1_column);
    tcase_add_test(t, example_2_limit_on_the_average_of_a_unit);
    tcase_add_loop_test(t, example_3_all_or_none_is_judged_as_a_whole, 0, 3);
    tcase_add_test(t, example_4_block_as_maker);
    tcase_add_loop_test(t, example_5_better_price_first, 0, 2);
}

int main(void)
{
    return suite_run("examples", add);
}
