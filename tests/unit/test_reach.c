/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that wait until an order may complete them (rulebook 6.4, 6.9).  That the index holds what
   it promises is a law, which the fixture checks after every command. */
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;

static void setup(void)
{
    w = world_of_four();
}

static void teardown(void)
{
    world_free(&w);
}

static void bid_block(ph_window window, ph_price price)
{
    world_do(&w, world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 1, price));
}

static void sell(ph_window window, ph_price price)
{
    world_do(&w, world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, window, 1, price));
}

static void cancel_sell(uint64_t order)
{
    world_do(&w, (ph_command){.kind = PH_CMD_CANCEL_ORDER,
                              .sender = {SELLER},
                              .u.cancel = {.order = {order}}});
}

static uint64_t accepted(void)
{
    return world_event(&w, PH_EVT_ACCEPTED, 0)->u.accepted.order.v;
}

START_TEST(the_last_period_that_a_block_lacks_completes_it)
{
    bid_block((ph_window){0, 4}, 10);
    for (uint32_t t = 3; t > 0; t--) {
        sell((ph_window){t, 1}, 5);
        ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    }
    sell((ph_window){0, 1}, 25);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 4);
}
END_TEST

START_TEST(a_period_that_is_supplied_and_empty_in_turn_is_lacked_again)
{
    bid_block((ph_window){0, 2}, 10);
    for (int i = 0; i < 5; i++) {
        sell((ph_window){0, 1}, 8 + i);
        uint64_t first = accepted();
        sell((ph_window){1, 1}, 30);
        uint64_t second = accepted();
        ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
        cancel_sell(first);
        if (i % 2 == 0) cancel_sell(second);
        if (i % 2 == 0) continue;
        sell((ph_window){0, 1}, 9); /* 30 + 9 is too much, and the other stays */
        ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
        cancel_sell(accepted());
        cancel_sell(second);
    }
    sell((ph_window){1, 1}, 11);
    sell((ph_window){0, 1}, 9);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 2);
}
END_TEST

START_TEST(many_small_rises_bring_a_dear_block_into_reach)
{
    bid_block((ph_window){0, 3}, 10);
    sell((ph_window){0, 3}, 100);
    for (ph_price p = 99; p > 10; p -= 3) {
        sell((ph_window){(uint32_t)p % 3, 1}, p);
        sell((ph_window){0, 3}, p);
        ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    }
    sell((ph_window){0, 1}, 4); /* 4, 12, 12 */
    ck_assert_uint_gt(world_cnt(&w, PH_EVT_TRADE), 0);
}
END_TEST

START_TEST(an_order_alone_completes_a_block_that_lacks_everything)
{
    bid_block((ph_window){2, 5}, 10);
    bid_block((ph_window){2, 6}, 10);
    sell((ph_window){1, 6}, 10);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 1);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 2, 10), 1);
}
END_TEST

START_TEST(offers_wait_for_bids_alike)
{
    world_do(&w, world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_BLOCK, (ph_window){0, 3}, 1, 10));
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 2}, 1, 9);
    world_do(&w, c);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){2, 1}, 1, 11);
    world_do(&w, c);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){2, 1}, 1, 12);
    world_do(&w, c);
    ck_assert_uint_gt(world_cnt(&w, PH_EVT_TRADE), 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_last_period_that_a_block_lacks_completes_it);
    tcase_add_test(t, a_period_that_is_supplied_and_empty_in_turn_is_lacked_again);
    tcase_add_test(t, many_small_rises_bring_a_dear_block_into_reach);
    tcase_add_test(t, an_order_alone_completes_a_block_that_lacks_everything);
    tcase_add_test(t, offers_wait_for_bids_alike);
}

int main(void)
{
    return suite_run("reach", add);
}
