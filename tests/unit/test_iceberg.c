/* SPDX-License-Identifier: Apache-2.0 */
/* Icebergs by example (rulebook 4, 6.1, 6.8). */
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

static ph_command iceberg(uint32_t who, ph_window window, uint32_t quantity, uint32_t display,
                          ph_price price)
{
    ph_command c = world_order(&w, who, PH_SIDE_SELL, PH_SHAPE_EACH, window, quantity, price);
    c.u.order.display_quantity = display;
    return c;
}

static void buy(uint32_t quantity)
{
    ph_window one = {0, 1};
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, one, quantity, 9);
    c.u.order.time_in_force = PH_TIF_IOC;
    world_do(&w, c);
}

static uint64_t sold_by(uint32_t who)
{
    return world_filled(&w, BUYER, who, 0, 5);
}

START_TEST(a_used_up_clip_goes_to_the_back)
{
    ph_window one = {0, 1};
    world_do(&w, iceberg(SELLER, one, 10, 2, 5));
    world_do(&w, world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, one, 3, 5));
    buy(1);
    ck_assert_uint_eq(sold_by(SELLER), 1);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CLIP_SHOWN), 0); /* the clip keeps its place */
    buy(2); /* the rest of the clip, then the other seller */
    ck_assert_uint_eq(sold_by(SELLER), 1);
    ck_assert_uint_eq(sold_by(SELLER_2), 1);
    ck_assert_uint_eq(world_event(&w, PH_EVT_CLIP_SHOWN, 0)->u.clip_shown.quantity, 2);
    buy(3); /* two of the other seller, then the next clip */
    ck_assert_uint_eq(sold_by(SELLER_2), 2);
    ck_assert_uint_eq(sold_by(SELLER), 1);
}
END_TEST

START_TEST(a_sweep_takes_clip_after_clip_in_turn)
{
    ph_window one = {0, 1};
    world_do(&w, iceberg(SELLER, one, 10, 2, 5));
    world_do(&w, iceberg(SELLER_2, one, 9, 3, 5));
    buy(8); /* 2, 3, 2, 1 */
    ck_assert_uint_eq(sold_by(SELLER), 4);
    ck_assert_uint_eq(sold_by(SELLER_2), 4);
    buy(3); /* what is left of the second one's clip, then the first one's next */
    ck_assert_uint_eq(sold_by(SELLER_2), 2);
    ck_assert_uint_eq(sold_by(SELLER), 1);
}
END_TEST

START_TEST(hidden_quantity_counts_in_a_column_behind_what_is_shown)
{
    ph_window two = {0, 2};
    world_do(&w, iceberg(SELLER, two, 10, 2, 5));
    world_do(&w, world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, two, 3, 5));
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, two, 9, 5);
    c.u.order.all_or_none = true;
    world_do(&w, c);
    ck_assert_uint_eq(sold_by(SELLER), 6);
    ck_assert_uint_eq(sold_by(SELLER_2), 3);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CLIP_SHOWN), 2); /* one in each period */
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 2);
}
END_TEST

START_TEST(clips_of_one_order_are_one_run_of_a_block)
{
    /* A block that is not all-or-none takes the units that cost alike and draw on the same orders:
       clip after clip of one order. */
    ph_window two = {0, 2};
    world_do(&w, world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, two, 6, 5));
    world_do(&w, iceberg(SELLER, (ph_window){0, 1}, 10, 2, 5));
    world_do(&w, world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){1, 1}, 6, 4));
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 5), 6);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER_2, 1, 5), 6); /* 10 a unit, less 5 */
}
END_TEST

START_TEST(every_clip_that_is_used_up_draws_a_place)
{
    /* Five clips, all at once, by a block: four were renewed on the way, and the two orders that
       come behind draw the next places. */
    ph_window one = {0, 1};
    world_do(&w, iceberg(SELLER, one, 10, 2, 5));
    uint64_t first = world_event(&w, PH_EVT_ACCEPTED, 0)->u.accepted.place;
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, one, 10, 5);
    c.u.order.all_or_none = true;
    world_do(&w, c);
    ck_assert_uint_eq(sold_by(SELLER), 10);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CLIP_SHOWN), 0);
    world_do(&w, world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, one, 1, 5));
    ck_assert_uint_eq(world_event(&w, PH_EVT_ACCEPTED, 0)->u.accepted.place, first + 1 + 4 + 1);
}
END_TEST

START_TEST(public_depth_shows_the_clip)
{
    ph_window one = {0, 1};
    world_do(&w, iceberg(SELLER, one, 10, 2, 5));
    world_do(&w, world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, one, 3, 5));
    ph_price price;
    uint64_t quantity;
    ph_market_best(w.m, (ph_product_id){1}, PH_SIDE_SELL, FIRST, &price, &quantity);
    ck_assert_uint_eq(quantity, 5);
    buy(6); /* the clip, the other order, one of the next clip */
    ph_market_best(w.m, (ph_product_id){1}, PH_SIDE_SELL, FIRST, &price, &quantity);
    ck_assert_uint_eq(quantity, 1);
}
END_TEST

START_TEST(display_rules)
{
    ph_window one = {0, 1};
    ck_assert_int_eq(world_apply(&w, iceberg(SELLER, one, 129, 2, 5))->u.rejected.code,
                     PH_REJECT_DISPLAY_QUANTITY);
    ck_assert_int_eq(world_event(&w, PH_EVT_REJECTED, 0)->u.rejected.arg1, 3);
    world_do(&w, iceberg(SELLER, one, 128, 2, 5));
    world_do(&w, iceberg(SELLER, one, 1, 7, 5));
    ph_command c = iceberg(SELLER, one, 4, 2, 5);
    c.u.order.shape = PH_SHAPE_BLOCK;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_SHAPE_FIELD);
}
END_TEST

START_TEST(an_arriving_iceberg_trades_with_all_it_has)
{
    ph_window one = {0, 1};
    world_do(&w, world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, one, 7, 5));
    world_do(&w, iceberg(SELLER, one, 10, 2, 5));
    ck_assert_uint_eq(sold_by(SELLER), 7);
    ph_price price;
    uint64_t quantity;
    ph_market_best(w.m, (ph_product_id){1}, PH_SIDE_SELL, FIRST, &price, &quantity);
    ck_assert_uint_eq(quantity, 2);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_used_up_clip_goes_to_the_back);
    tcase_add_test(t, a_sweep_takes_clip_after_clip_in_turn);
    tcase_add_test(t, hidden_quantity_counts_in_a_column_behind_what_is_shown);
    tcase_add_test(t, clips_of_one_order_are_one_run_of_a_block);
    tcase_add_test(t, every_clip_that_is_used_up_draws_a_place);
    tcase_add_test(t, public_depth_shows_the_clip);
    tcase_add_test(t, display_rules);
    tcase_add_test(t, an_arriving_iceberg_trades_with_all_it_has);
}

int main(void)
{
    return suite_run("iceberg", add);
}
