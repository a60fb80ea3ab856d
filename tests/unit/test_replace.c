/* SPDX-License-Identifier: Apache-2.0 */
/* Replace by example (rulebook 4): what keeps its place, what arrives again, what is held. */
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

static uint64_t sell(uint32_t who, ph_window window, uint32_t quantity, ph_price price)
{
    ph_command c = world_order(&w, who, PH_SIDE_SELL, PH_SHAPE_EACH, window, quantity, price);
    return world_apply(&w, c)->u.accepted.order.v;
}

static uint64_t buy(ph_shape shape, ph_window window, uint32_t quantity, ph_price price)
{
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, shape, window, quantity, price);
    return world_apply(&w, c)->u.accepted.order.v;
}

static const ph_event *replace(uint32_t who, uint64_t order, uint32_t quantity, ph_price price)
{
    ph_command c = {.kind = PH_CMD_REPLACE_ORDER,
                    .sender = {who},
                    .u.replace = {.order = {order}, .price = price, .quantity = quantity}};
    return world_apply(&w, c);
}

static ph_money held(uint32_t who)
{
    return ph_market_held(w.m, (ph_participant_id){who});
}

START_TEST(a_lower_quantity_keeps_the_place)
{
    uint64_t first = sell(SELLER, (ph_window){0, 2}, 5, 7);
    sell(SELLER_2, (ph_window){0, 2}, 5, 7);
    const ph_event *e = replace(SELLER, first, 3, 7);
    ck_assert_int_eq(e->kind, PH_EVT_REPLACED);
    ck_assert_uint_eq(e->u.replaced.place, 1);
    ck_assert_uint_eq(e->u.replaced.unit_periods, 6);
    buy(PH_SHAPE_EACH, (ph_window){0, 1}, 4, 7);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 7), 3);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER_2, 0, 7), 1);
}
END_TEST

START_TEST(a_higher_quantity_and_a_new_price_lose_it)
{
    uint64_t first = sell(SELLER, (ph_window){0, 1}, 5, 7);
    sell(SELLER_2, (ph_window){0, 1}, 5, 7);
    replace(SELLER, first, 6, 7);
    buy(PH_SHAPE_EACH, (ph_window){0, 1}, 1, 7);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER_2, 0, 7), 1);
    replace(SELLER, first, 6, 6);
    buy(PH_SHAPE_EACH, (ph_window){0, 1}, 1, 7);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 6), 1);
}
END_TEST

START_TEST(the_same_values_change_nothing)
{
    uint64_t first = sell(SELLER, (ph_window){0, 1}, 5, 7);
    sell(SELLER_2, (ph_window){0, 1}, 5, 7);
    ck_assert_uint_eq(replace(SELLER, first, 5, 7)->u.replaced.place, 1);
    ck_assert_uint_eq(w.out.cnt, 1);
    buy(PH_SHAPE_EACH, (ph_window){0, 1}, 1, 7);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 7), 1);
}
END_TEST

START_TEST(what_is_executed_counts_in_every_period_on_its_own)
{
    uint64_t bid = buy(PH_SHAPE_EACH, (ph_window){0, 3}, 5, 10);
    ck_assert_int_eq(held(BUYER), 150);
    sell(SELLER, (ph_window){0, 1}, 4, 10);
    sell(SELLER, (ph_window){1, 1}, 2, 10);
    const ph_event *e = replace(BUYER, bid, 3, 10); /* open: 0, 1, 3 */
    ck_assert_uint_eq(e->u.replaced.unit_periods, 4);
    ck_assert_int_eq(held(BUYER), 40);
    e = replace(BUYER, bid, 6, 10); /* open: 2, 4, 6 */
    ck_assert_uint_eq(e->u.replaced.unit_periods, 12);
    ck_assert_int_eq(held(BUYER), 120);
    e = replace(BUYER, bid, 2, 11); /* open: 0, 0, 2 */
    ck_assert_uint_eq(e->u.replaced.unit_periods, 2);
    ck_assert_int_eq(held(BUYER), 22);
}
END_TEST

START_TEST(nothing_left_is_cancelled)
{
    uint64_t bid = buy(PH_SHAPE_EACH, (ph_window){0, 1}, 5, 10);
    sell(SELLER, (ph_window){0, 1}, 4, 10);
    replace(BUYER, bid, 4, 10);
    ck_assert_int_eq(world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.reason,
                     PH_CANCEL_NOTHING_LEFT);
    ck_assert_int_eq(held(BUYER), 0);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 0);
}
END_TEST

START_TEST(lost_periods_stay_lost)
{
    uint64_t bid = buy(PH_SHAPE_EACH, (ph_window){0, 2}, 5, 10);
    w.now.ns += (uint64_t)HOUR * PH_NS_PER_S;
    ck_assert_uint_eq(replace(BUYER, bid, 7, 10)->u.replaced.unit_periods, 7);
    /* Filled before its gate closed: it is gone all the same. */
    bid = buy(PH_SHAPE_EACH, (ph_window){1, 2}, 5, 20);
    sell(SELLER, (ph_window){1, 1}, 5, 20);
    w.now.ns += (uint64_t)HOUR * PH_NS_PER_S;
    ck_assert_uint_eq(replace(BUYER, bid, 7, 20)->u.replaced.unit_periods, 7);
}
END_TEST

START_TEST(a_new_price_trades_on_arrival)
{
    sell(SELLER, (ph_window){0, 2}, 5, 10);
    uint64_t bid = buy(PH_SHAPE_EACH, (ph_window){0, 2}, 3, 9);
    replace(BUYER, bid, 3, 12);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 1, 10), 3);
    ck_assert_int_eq(world_event(&w, PH_EVT_TRADE, 0)->u.trade.taker, PH_SIDE_BUY);
    ck_assert_int_eq(held(BUYER), 0);
}
END_TEST

START_TEST(a_lowered_block_is_matched_at_once_and_keeps_its_place)
{
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 2}, 5, 10);
    c.u.order.all_or_none = true;
    uint64_t bid = world_apply(&w, c)->u.accepted.order.v;
    sell(SELLER, (ph_window){0, 2}, 3, 10);
    replace(BUYER, bid, 3, 10);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 10), 3);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 0);
}
END_TEST

START_TEST(a_lowered_block_stands_before_later_equals)
{
    uint64_t first = buy(PH_SHAPE_BLOCK, (ph_window){0, 2}, 5, 10);
    ph_command c = world_order(&w, BUYER_2, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 2}, 5, 10);
    world_do(&w, c);
    ck_assert_uint_eq(replace(BUYER, first, 4, 10)->u.replaced.place, 1);
    sell(SELLER, (ph_window){0, 2}, 4, 10);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 10), 4);
}
END_TEST

START_TEST(refusals_change_nothing)
{
    uint64_t bid = buy(PH_SHAPE_EACH, (ph_window){0, 2}, 5, 10);
    static const struct {
        uint32_t who, quantity;
        ph_price price;
        ph_reject code;
    } rows[] = {
        {BUYER_2, 4, 10, PH_REJECT_UNKNOWN_ORDER},
        {BUYER, 0, 10, PH_REJECT_QUANTITY_RANGE},
        {BUYER, 2000000, 10, PH_REJECT_QUANTITY_RANGE},
        {BUYER, 5, 0, PH_REJECT_PRICE_RANGE},
        {BUYER, 5, PH_PRICE_MAX, PH_REJECT_CASH_FOR_HOLD},
        {BUYER, 1000000, PH_PRICE_MAX, PH_REJECT_AMOUNT_OVERFLOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ph_event *e = replace(rows[i].who, bid, rows[i].quantity, rows[i].price);
        ck_assert_int_eq(e->kind, PH_EVT_REJECTED);
        ck_assert_int_eq(e->u.rejected.code, rows[i].code);
        ck_assert_uint_eq(w.out.cnt, 1);
        ck_assert_int_eq(held(BUYER), 100);
    }
    uint64_t ask = sell(SELLER, (ph_window){0, 2}, 900, 50);
    ck_assert_int_eq(replace(SELLER, ask, 1001, 50)->u.rejected.code, PH_REJECT_CAPACITY);
    ck_assert_int_eq(replace(SELLER, ask, 1000, 50)->kind, PH_EVT_REPLACED);
}
END_TEST

START_TEST(post_only_stays_post_only)
{
    sell(SELLER, (ph_window){0, 2}, 5, 10);
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 2}, 5, 8);
    c.u.order.post_only = true;
    uint64_t bid = world_apply(&w, c)->u.accepted.order.v;
    ck_assert_int_eq(replace(BUYER, bid, 5, 10)->u.rejected.code, PH_REJECT_POST_ONLY);
    ck_assert_int_eq(held(BUYER), 80);
    ck_assert_int_eq(replace(BUYER, bid, 5, 9)->kind, PH_EVT_REPLACED);
}
END_TEST

START_TEST(an_iceberg_keeps_its_display)
{
    ph_command c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 1}, 10, 5);
    c.u.order.display_quantity = 4;
    uint64_t ask = world_apply(&w, c)->u.accepted.order.v;
    ck_assert_int_eq(replace(SELLER, ask, 257, 5)->u.rejected.code, PH_REJECT_DISPLAY_QUANTITY);
    replace(SELLER, ask, 2, 5);
    ph_price price;
    uint64_t quantity;
    ph_market_best(w.m, (ph_product_id){1}, PH_SIDE_SELL, FIRST, &price, &quantity);
    ck_assert_uint_eq(quantity, 2);
    replace(SELLER, ask, 20, 5);
    ph_market_best(w.m, (ph_product_id){1}, PH_SIDE_SELL, FIRST, &price, &quantity);
    ck_assert_uint_eq(quantity, 4);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_lower_quantity_keeps_the_place);
    tcase_add_test(t, a_higher_quantity_and_a_new_price_lose_it);
    tcase_add_test(t, the_same_values_change_nothing);
    tcase_add_test(t, what_is_executed_counts_in_every_period_on_its_own);
    tcase_add_test(t, nothing_left_is_cancelled);
    tcase_add_test(t, lost_periods_stay_lost);
    tcase_add_test(t, a_new_price_trades_on_arrival);
    tcase_add_test(t, a_lowered_block_is_matched_at_once_and_keeps_its_place);
    tcase_add_test(t, a_lowered_block_stands_before_later_equals);
    tcase_add_test(t, refusals_change_nothing);
    tcase_add_test(t, post_only_stays_post_only);
    tcase_add_test(t, an_iceberg_keeps_its_display);
}

int main(void)
{
    return suite_run("replace", add);
}
