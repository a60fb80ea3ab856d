/* SPDX-License-Identifier: Apache-2.0 */
/* FLEX, FOK, GTT, post-only and the band, by example (rulebook 4, 6.3, 6.4, 6.5, 11). */
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

static void place(uint32_t who, ph_shape shape, ph_window window, uint32_t quantity, ph_price price)
{
    ph_side side = who <= SELLER_2 ? PH_SIDE_SELL : PH_SIDE_BUY;
    world_do(&w, world_order(&w, who, side, shape, window, quantity, price));
}

static void sell(ph_window window, uint32_t quantity, ph_price price)
{
    place(SELLER, PH_SHAPE_EACH, window, quantity, price);
}

static ph_command flex(ph_window window, uint32_t duration, uint32_t quantity, ph_price price)
{
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_FLEX, window, quantity, price);
    c.u.order.duration = duration;
    return c;
}

static ph_cancel_reason ended(void)
{
    return world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.reason;
}

/* ---- FLEX --------------------------------------------------------------------------------- */

START_TEST(flex_takes_the_cheapest_start)
{
    sell((ph_window){0, 2}, 2, 7);
    sell((ph_window){2, 2}, 2, 4);
    sell((ph_window){4, 2}, 2, 5);
    world_do(&w, flex((ph_window){0, 6}, 2, 2, 7));
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 2, 4), 2);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 3, 4), 2);
    ck_assert_int_eq(world_event(&w, PH_EVT_TRADE, 0)->u.trade.notional, 16);
}
END_TEST

START_TEST(flex_prefers_the_earliest_of_equal_starts)
{
    sell((ph_window){0, 6}, 2, 5);
    world_do(&w, flex((ph_window){1, 4}, 2, 2, 5));
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 1, 5), 2);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 2, 5), 2);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 3, 5), 0);
}
END_TEST

START_TEST(flex_is_judged_as_a_whole_and_never_in_part)
{
    sell((ph_window){0, 2}, 1, 2);
    sell((ph_window){0, 2}, 1, 8);
    world_do(&w, flex((ph_window){0, 2}, 2, 2, 4)); /* 20 > 16 */
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    world_do(&w, flex((ph_window){0, 2}, 2, 2, 5)); /* 20 <= 20 */
    ck_assert_int_eq(world_event(&w, PH_EVT_TRADE, 0)->u.trade.notional, 4);
    ck_assert_int_eq(world_event(&w, PH_EVT_TRADE, 1)->u.trade.notional, 16);
}
END_TEST

START_TEST(resting_flex_offers_from_its_best_start)
{
    world_do(&w, flex((ph_window){0, 4}, 2, 1, 10));
    sell((ph_window){0, 1}, 1, 9); /* start 0 needs period 1 */
    sell((ph_window){2, 1}, 1, 3); /* start 1 and start 2 need period 1 or 3 */
    sell((ph_window){1, 1}, 1, 1); /* start 0: 20 - 9 = 11; start 1: 20 - 3 = 17 */
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 1, 17), 1);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 2, 3), 1);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 9), 0);
}
END_TEST

START_TEST(flex_loses_starts_with_the_gates)
{
    world_do(&w, flex((ph_window){0, 3}, 2, 1, 10));
    w.now.ns += (uint64_t)HOUR * PH_NS_PER_S; /* the gate of period 0 */
    world_do(&w, (ph_command){.kind = PH_CMD_TICK});
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_GATE_CLOSED), 1);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
    w.now.ns += (uint64_t)HOUR * PH_NS_PER_S; /* the last start is gone */
    world_do(&w, (ph_command){.kind = PH_CMD_TICK});
    ck_assert_int_eq(ended(), PH_CANCEL_GATE);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){BUYER}), 0);
}
END_TEST

START_TEST(flex_fields)
{
    ph_command c = flex((ph_window){0, 3}, 4, 1, 10);
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_FLEX_STARTS);
    c = flex((ph_window){0, 3}, 0, 1, 10);
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_FLEX_STARTS);
    c = flex((ph_window){0, 3}, 1, 1, 10);
    c.sender.v = SELLER;
    c.u.order.side = PH_SIDE_SELL;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_SHAPE_FIELD);
}
END_TEST

/* ---- Times in force ------------------------------------------------------------------------ */

static ph_command with_tif(ph_shape shape, ph_window window, uint32_t quantity, ph_price price,
                           ph_time_in_force tif)
{
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, shape, window, quantity, price);
    c.u.order.time_in_force = tif;
    return c;
}

START_TEST(fok_each_needs_every_period)
{
    sell((ph_window){0, 3}, 4, 5);
    sell((ph_window){0, 2}, 2, 6);
    world_do(&w, with_tif(PH_SHAPE_EACH, (ph_window){0, 3}, 5, 6, PH_TIF_FOK));
    ck_assert_int_eq(ended(), PH_CANCEL_FOK);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    world_do(&w, with_tif(PH_SHAPE_EACH, (ph_window){0, 2}, 5, 6, PH_TIF_FOK));
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 5), 4);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 1, 6), 1);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
    /* The worst price is executed last. */
    ck_assert_int_eq(world_event(&w, PH_EVT_REFERENCE_SET, 0)->u.reference_set.price, 6);
}
END_TEST

START_TEST(fok_each_does_not_pass_an_own_order)
{
    uint32_t both = world_participant(&w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, 1000000);
    world_capacity(&w, both, 1, 1, 100);
    world_do(&w, world_order(&w, both, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 4));
    sell((ph_window){0, 1}, 5, 5);
    ph_command c = with_tif(PH_SHAPE_EACH, (ph_window){0, 1}, 2, 5, PH_TIF_FOK);
    c.sender.v = both;
    c.u.order.client_order_id = ++w.client_order_id[both];
    world_do(&w, c);
    ck_assert_int_eq(ended(), PH_CANCEL_FOK);
}
END_TEST

START_TEST(fok_each_passes_blocks_by)
{
    place(SELLER, PH_SHAPE_BLOCK, (ph_window){0, 2}, 1, 5);
    place(BUYER_2, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 5);
    world_do(&w, with_tif(PH_SHAPE_EACH, (ph_window){1, 1}, 1, 9, PH_TIF_FOK));
    ck_assert_int_eq(ended(), PH_CANCEL_FOK);
    world_do(&w, with_tif(PH_SHAPE_EACH, (ph_window){1, 1}, 1, 9, PH_TIF_IOC));
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 1, 5), 1);
}
END_TEST

START_TEST(fok_block_needs_all_units)
{
    sell((ph_window){0, 3}, 4, 5);
    world_do(&w, with_tif(PH_SHAPE_BLOCK, (ph_window){0, 3}, 5, 5, PH_TIF_FOK));
    ck_assert_int_eq(ended(), PH_CANCEL_FOK);
    world_do(&w, with_tif(PH_SHAPE_BLOCK, (ph_window){0, 3}, 4, 5, PH_TIF_FOK));
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 2, 5), 4);
}
END_TEST

START_TEST(gtt_expires_at_its_time_in_order_of_id)
{
    ph_command c = with_tif(PH_SHAPE_EACH, (ph_window){5, 2}, 1, 5, PH_TIF_GTT);
    c.u.order.expire_at = w.now;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_EXPIRE_AT);
    for (int i = 0; i < 3; i++) {
        c = with_tif(PH_SHAPE_EACH, (ph_window){5, 2}, 1, 5, PH_TIF_GTT);
        c.u.order.expire_at.ns = w.now.ns + (i == 1 ? 50 : 100);
        world_do(&w, c);
    }
    ck_assert_uint_eq(ph_market_next_due(w.m).ns, w.now.ns + 50);
    w.now.ns += 99;
    world_do(&w, (ph_command){.kind = PH_CMD_TICK});
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 1);
    ck_assert_uint_eq(world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.order.v, 2);
    ck_assert_int_eq(ended(), PH_CANCEL_EXPIRED);
    w.now.ns += 1;
    world_do(&w, (ph_command){.kind = PH_CMD_TICK});
    ck_assert_uint_eq(world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.order.v, 1);
    ck_assert_uint_eq(world_event(&w, PH_EVT_CANCELLED, 1)->u.cancelled.order.v, 3);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){BUYER}), 0);
}
END_TEST

START_TEST(expiry_belongs_to_gtt)
{
    ph_command c = with_tif(PH_SHAPE_EACH, (ph_window){5, 2}, 1, 5, PH_TIF_GTC);
    c.u.order.expire_at.ns = w.now.ns + 5;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_SHAPE_FIELD);
}
END_TEST

/* ---- Post-only ----------------------------------------------------------------------------- */

static ph_command post(ph_shape shape, ph_window window, uint32_t quantity, ph_price price)
{
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, shape, window, quantity, price);
    c.u.order.post_only = true;
    return c;
}

START_TEST(post_only_that_would_trade_uses_nothing)
{
    world_do(&w, world_order(&w, BUYER_2, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){5, 1}, 1, 5));
    ph_command offer =
        world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){5, 1}, 1, 5);
    offer.u.order.post_only = true;
    const ph_rejected *why = &world_apply(&w, offer)->u.rejected;
    ck_assert(why->code == PH_REJECT_POST_ONLY && why->arg0 == 0 && why->arg1 == 0);
    world_do(&w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {BUYER_2}});
    sell((ph_window){1, 1}, 4, 5);
    ph_command c = post(PH_SHAPE_EACH, (ph_window){0, 3}, 1, 5);
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_POST_ONLY);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 1);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){BUYER}), 0);
    c.u.order.price = 4; /* the same client order id: it was not used */
    const ph_event *e = world_apply(&w, c);
    ck_assert_int_eq(e->kind, PH_EVT_ACCEPTED);
    ck_assert_uint_eq(e->u.accepted.order.v, 3);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 2);
}
END_TEST

START_TEST(post_only_block_that_would_trade)
{
    sell((ph_window){0, 2}, 4, 5);
    ph_command c = post(PH_SHAPE_BLOCK, (ph_window){0, 2}, 1, 5);
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_POST_ONLY);
    world_do(&w, post(PH_SHAPE_BLOCK, (ph_window){0, 3}, 1, 5));
}
END_TEST

START_TEST(post_only_that_would_complete_a_block)
{
    place(SELLER, PH_SHAPE_BLOCK, (ph_window){0, 2}, 1, 5);
    place(BUYER_2, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 5);
    ph_command c = post(PH_SHAPE_EACH, (ph_window){1, 1}, 1, 5);
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_POST_ONLY);
}
END_TEST

START_TEST(post_only_loses_periods_to_own_orders_like_any_other)
{
    uint32_t both = world_participant(&w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, 1000000);
    world_capacity(&w, both, 1, 1, 100);
    world_do(&w, world_order(&w, both, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 4));
    sell((ph_window){0, 1}, 1, 5);
    ph_command c = post(PH_SHAPE_EACH, (ph_window){0, 2}, 1, 5);
    c.sender.v = both;
    c.u.order.client_order_id = ++w.client_order_id[both];
    world_do(&w, c); /* period 0 is lost before the other seller's turn comes */
    ck_assert_uint_eq(world_event(&w, PH_EVT_PERIOD_LOST, 0)->u.period_lost.period, FIRST);
    c.u.order.client_order_id = ++w.client_order_id[both];
    c.u.order.stp = PH_STP_CANCEL_RESTING; /* now it would come */
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_POST_ONLY);
}
END_TEST

START_TEST(post_only_does_not_go_with_at_once)
{
    ph_command c = post(PH_SHAPE_EACH, (ph_window){0, 3}, 1, 5);
    c.u.order.time_in_force = PH_TIF_IOC;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_SHAPE_FIELD);
}
END_TEST

/* ---- Band ---------------------------------------------------------------------------------- */

START_TEST(an_execution_outside_the_band_halts_the_product)
{
    ph_product_terms terms = world_terms(&w, 1);
    terms.band_ppm = 500000;
    terms.reference_price = 10;
    world_product(&w, &terms);
    static const struct {
        uint32_t who;
        uint32_t period;
        ph_price price;
    } rows[] = {{SELLER, 0, 15}, {SELLER, 1, 7}, {BUYER, 1, 7}, {BUYER, 0, 10}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ph_side side = rows[i].who == SELLER ? PH_SIDE_SELL : PH_SIDE_BUY;
        ph_command c = world_order(&w, rows[i].who, side, PH_SHAPE_EACH,
                                   (ph_window){rows[i].period, 1}, 1, rows[i].price);
        c.u.order.product.v = 2;
        world_do(&w, c);
    }
    /* The reference is 7 now: its band ends at 10, and the offer of 15 is outside. */
    ph_command c = world_order(&w, BUYER_2, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 10);
    c.u.order.product.v = 2;
    world_do(&w, c); /* does not reach it */
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_PHASE_CHANGED), 0);
    c = world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){1, 1}, 1, 4);
    c.u.order.product.v = 2;
    world_do(&w, c);
    c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){1, 1}, 1, 4);
    c.u.order.product.v = 2;
    world_do(&w, c); /* the reference is 4 now: its band ends at 6 */
    c = world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 5);
    c.u.order.product.v = 2;
    world_do(&w, c); /* meets a bid of 10 */
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    ck_assert_int_eq(ended(), PH_CANCEL_BAND);
    ck_assert_int_eq(world_event(&w, PH_EVT_PHASE_CHANGED, 0)->u.phase_changed.phase,
                     PH_PHASE_HALTED);
    c.u.order.client_order_id++;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_PHASE);
}
END_TEST

/* The best price of a FOK counts too, not only the last one. */
START_TEST(a_fok_outside_the_band_halts_the_product)
{
    ph_product_terms terms = world_terms(&w, 1);
    terms.band_ppm = 500000;
    terms.reference_price = 10;
    world_product(&w, &terms);
    static const struct {
        uint32_t who, period;
        ph_price price;
    } rows[] = {{BUYER, 0, 15}, {SELLER, 2, 7}, {BUYER, 2, 7}, {BUYER, 1, 7}};
    ph_command c;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ph_side side = rows[i].who == SELLER ? PH_SIDE_SELL : PH_SIDE_BUY;
        c = world_order(&w, rows[i].who, side, PH_SHAPE_EACH, (ph_window){rows[i].period, 1}, 1,
                        rows[i].price);
        c.u.order.product.v = 2;
        world_do(&w, c);
    }
    c = world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 2}, 1, 6);
    c.u.order.product.v = 2;
    c.u.order.time_in_force = PH_TIF_FOK;
    world_do(&w, c); /* 15 and 7, with a reference of 7 */
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 0);
    ck_assert_int_eq(ended(), PH_CANCEL_BAND);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, flex_takes_the_cheapest_start);
    tcase_add_test(t, flex_prefers_the_earliest_of_equal_starts);
    tcase_add_test(t, flex_is_judged_as_a_whole_and_never_in_part);
    tcase_add_test(t, resting_flex_offers_from_its_best_start);
    tcase_add_test(t, flex_loses_starts_with_the_gates);
    tcase_add_test(t, flex_fields);
    tcase_add_test(t, fok_each_needs_every_period);
    tcase_add_test(t, fok_each_does_not_pass_an_own_order);
    tcase_add_test(t, fok_each_passes_blocks_by);
    tcase_add_test(t, fok_block_needs_all_units);
    tcase_add_test(t, gtt_expires_at_its_time_in_order_of_id);
    tcase_add_test(t, expiry_belongs_to_gtt);
    tcase_add_test(t, post_only_that_would_trade_uses_nothing);
    tcase_add_test(t, post_only_block_that_would_trade);
    tcase_add_test(t, post_only_that_would_complete_a_block);
    tcase_add_test(t, post_only_loses_periods_to_own_orders_like_any_other);
    tcase_add_test(t, post_only_does_not_go_with_at_once);
    tcase_add_test(t, an_execution_outside_the_band_halts_the_product);
    tcase_add_test(t, a_fok_outside_the_band_halts_the_product);
}

int main(void)
{
    return suite_run("shapes", add);
}
