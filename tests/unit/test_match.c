/* SPDX-License-Identifier: Apache-2.0 */
/* Matching where the rulebook draws a line that small random markets do not reach: the bounds of
   6.9, the room for blocks (5), the second try of a block (6.2). */
#include "engine/core/match.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

enum { LONG = 2048, DEEP = PH_FILLS_PER_COMMAND_MAX / LONG, RING = 4096, BIDDERS = 64 };

static world w;
static uint32_t supplier, other, buyer, site;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    limits.participants_max = 96;
    limits.products_max = 1;
    limits.pools_max = 4;
    limits.ring_periods = RING;
    limits.orders_max = 1 << 13;
    limits.order_periods_max = 1 << 17;
    limits.blocks_max = 1 << 13;
    limits.contracts_max = 1 << 17;
    limits.deliveries_max = 1 << 17;
    limits.lots_max = 1 << 17;
    w = world_new(&limits);
    supplier = world_participant(&w, PH_ROLE_SUPPLIER, 1000000);
    other = world_participant(&w, PH_ROLE_SUPPLIER, 1000000);
    buyer = world_participant(&w, PH_ROLE_BUYER, 100000000);
    site = world_site(&w, supplier);
    ph_product_terms terms = world_terms(&w, site);
    terms.block_periods_max = terms.horizon = RING - 2;
    world_product(&w, &terms);
    for (uint32_t who = supplier; who <= other; who++)
        world_do(&w, (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                                  .sender = {who},
                                  .u.capacity = {.reference = 1,
                                                 .site = {site},
                                                 .hardware = {1},
                                                 .period_seconds = HOUR,
                                                 .window = {START_PERIOD, RING},
                                                 .units = 1000}});
}

static void teardown(void)
{
    world_free(&w);
}

static void place(uint32_t who, ph_side side, ph_shape shape, ph_window window, uint32_t quantity,
                  ph_price price)
{
    world_do(&w, world_order(&w, who, side, shape, window, quantity, price));
}

static void place_all_or_none(uint32_t who, ph_side side, ph_window window, uint32_t quantity,
                              ph_price price)
{
    ph_command c = world_order(&w, who, side, PH_SHAPE_BLOCK, window, quantity, price);
    c.u.order.all_or_none = true;
    world_do(&w, c);
}

/* n orders of one unit in every period of a long window. */
static void offer_long(uint32_t n, ph_price price)
{
    for (uint32_t i = 0; i < n; i++)
        place(supplier, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, LONG}, 1, price);
}

/* Unit-periods that the last command executed. */
static uint64_t executed(void)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        const ph_segment *s = &w.out.v[i].u.segment;
        if (w.out.v[i].kind == PH_EVT_SEGMENT) units += (uint64_t)s->quantity * s->window.periods;
    }
    return units;
}

/* The last command cancelled one order, for this reason, with this much left. */
static void cancelled(ph_cancel_reason reason, uint64_t order, uint64_t unit_periods)
{
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 1);
    const ph_cancelled *c = &world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled;
    ck_assert_str_eq(ph_cancel_reason_name(c->reason), ph_cancel_reason_name(reason));
    ck_assert_uint_eq(c->order.v, order);
    ck_assert_uint_eq(c->unit_periods, unit_periods);
}

/* ---- Fills of one command (6.9) -------------------------------------------------------------- */

START_TEST(an_incoming_each_stops_at_the_last_fill_that_fits)
{
    uint32_t more = (uint32_t)_i;
    offer_long(DEEP + more, 5);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, LONG}, DEEP + more, 5);
    ck_assert_uint_eq(executed(), PH_FILLS_PER_COMMAND_MAX);
    if (more == 0)
        ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
    else
        cancelled(PH_CANCEL_FILL_LIMIT, DEEP + more + 1, (uint64_t)more * LONG);
}
END_TEST

START_TEST(an_incoming_block_executes_whole_or_not_at_all)
{
    uint32_t more = (uint32_t)_i;
    offer_long(DEEP + more, 5);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, LONG}, DEEP + more, 5);
    ck_assert_uint_eq(executed(), more == 0 ? PH_FILLS_PER_COMMAND_MAX : 0);
    if (more == 0)
        ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
    else
        cancelled(PH_CANCEL_FILL_LIMIT, DEEP + more + 1, (uint64_t)(DEEP + more) * LONG);
}
END_TEST

START_TEST(a_resting_block_that_is_too_much_alone_gives_way)
{
    place_all_or_none(buyer, PH_SIDE_BUY, (ph_window){0, LONG}, DEEP + 1, 5);
    offer_long(DEEP, 4);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), DEEP + 1);
    offer_long(1, 4);
    ck_assert_uint_eq(executed(), 0);
    cancelled(PH_CANCEL_FILL_LIMIT, 1, (uint64_t)(DEEP + 1) * LONG);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), DEEP + 1);
}
END_TEST

START_TEST(a_resting_block_that_no_longer_fits_ends_the_incoming_order)
{
    /* Its offer to the last seller is 5 * 32 - 4 * 31 = 36. */
    place_all_or_none(buyer, PH_SIDE_BUY, (ph_window){0, LONG}, DEEP, 5);
    offer_long(DEEP - 1, 4);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){LONG, 1}, 1, 40);
    place(other, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, LONG + 1}, 1, 4);
    ck_assert_uint_eq(executed(), 1);
    cancelled(PH_CANCEL_FILL_LIMIT, DEEP + 2, LONG);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), DEEP);
    /* Without the fill before it, the same step fits. */
    place(other, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, LONG + 1}, 1, 4);
    ck_assert_uint_eq(executed(), PH_FILLS_PER_COMMAND_MAX);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 1);
}
END_TEST

/* ---- Many blocks (5, 6.9) -------------------------------------------------------------------- */

/* 64 bidders with 64 blocks each: one side of the product is full.  Returns the first bidder. */
static uint32_t fill_the_side(ph_window window)
{
    uint32_t first = ph_market_participant_cnt(w.m) + 1;
    for (uint32_t i = 0; i < BIDDERS; i++)
        world_participant(&w, PH_ROLE_BUYER | PH_ROLE_SUPPLIER, 10000);
    w.check_laws = false; /* looking at every block after every block takes long */
    for (uint32_t i = 0; i < PH_BLOCKS_PER_SIDE_MAX; i++)
        place(first + i % BIDDERS, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 1, 2);
    w.check_laws = true;
    return first;
}

static void refused(ph_command c, int64_t resting)
{
    const ph_rejected *r = &world_apply(&w, c)->u.rejected;
    ck_assert_str_eq(ph_reject_name(r->code), "BLOCKS_FULL");
    ck_assert_int_eq(r->arg0, resting);
    ck_assert_int_eq(r->arg1, resting);
    ck_assert_uint_eq(w.out.cnt, 1);
}

START_TEST(room_for_blocks)
{
    ph_window window = {0, 2};
    uint32_t bidder = fill_the_side(window);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), PH_BLOCKS_PER_SIDE_MAX);
    refused(world_order(&w, bidder, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 1, 9),
            PH_BLOCKS_PER_PARTICIPANT_MAX);
    /* Both sides count for a participant, one side for the product. */
    refused(world_order(&w, bidder, PH_SIDE_SELL, PH_SHAPE_BLOCK, window, 1, 9),
            PH_BLOCKS_PER_PARTICIPANT_MAX);
    place(supplier, PH_SIDE_SELL, PH_SHAPE_BLOCK, window, 1, 90);
    /* The worst gives way to a better price only; among equals the last that came. */
    refused(world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 1, 2),
            PH_BLOCKS_PER_SIDE_MAX);
    ph_command poor = world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 100000, 900);
    ck_assert_uint_eq(world_apply(&w, poor)->u.rejected.code, PH_REJECT_CASH_FOR_HOLD);
    ck_assert_uint_eq(w.out.cnt, 1);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 1, 3);
    cancelled(PH_CANCEL_BOOK_FULL, PH_BLOCKS_PER_SIDE_MAX, 2);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 1, 3);
    cancelled(PH_CANCEL_BOOK_FULL, PH_BLOCKS_PER_SIDE_MAX - 1, 2);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), PH_BLOCKS_PER_SIDE_MAX + 1);
}
END_TEST

/* Each repetition looks at 4,096 blocks, own ones too, so this many reach the bound exactly. */
enum { REPETITIONS = PH_WORK_PER_COMMAND_MAX / PH_BLOCKS_PER_SIDE_MAX };

/* A full side behind the periods that will trade; returns a bidder that can sell. */
static uint32_t fill_the_side_behind(void)
{
    uint32_t bidder = fill_the_side((ph_window){REPETITIONS, 2});
    world_do(&w, (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                              .sender = {bidder},
                              .u.capacity = {.reference = 1,
                                             .site = {site},
                                             .hardware = {1},
                                             .period_seconds = HOUR,
                                             .window = {START_PERIOD, RING},
                                             .units = 9}});
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, REPETITIONS}, 1, 6);
    return bidder;
}

START_TEST(blocks_that_are_looked_at_have_a_bound)
{
    uint32_t bidder = fill_the_side_behind();
    /* One period less to sell leaves one repetition, the one that finds nothing. */
    place(bidder, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){1, REPETITIONS}, 1, 5);
    ck_assert_uint_eq(executed(), REPETITIONS - 1);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){1, REPETITIONS - 1}, 1, 6);
    place(bidder, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, REPETITIONS + 1}, 1, 5);
    ck_assert_uint_eq(executed(), REPETITIONS);
    const ph_event *accepted = world_event(&w, PH_EVT_ACCEPTED, 0);
    cancelled(PH_CANCEL_WORK_LIMIT, accepted->u.accepted.order.v, 1);
}
END_TEST

/* A block counts only while the incoming order has something left in one of its periods. */
START_TEST(blocks_out_of_reach_are_not_counted)
{
    uint32_t bidder = fill_the_side_behind();
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){REPETITIONS, 1}, 1, 7);
    place(bidder, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, REPETITIONS + 1}, 1, 5);
    ck_assert_uint_eq(executed(), REPETITIONS + 1);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
}
END_TEST

/* As many as the bound were counted when the last period that they touch closed: what follows is
   free of them. */
START_TEST(blocks_count_up_to_the_bound_and_no_further)
{
    uint32_t bidder = fill_the_side_behind();
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){REPETITIONS, 2}, 1, 5);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){REPETITIONS + 2, 1}, 1, 4);
    place(bidder, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){2, REPETITIONS + 1}, 1, 3);
    ck_assert_uint_eq(executed(), REPETITIONS + 1);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
}
END_TEST

/* ---- The second try (6.2) -------------------------------------------------------------------- */

/* Six cheap units in the column, an all-or-none block of five behind them: what is taken first
   decides how much there is in all. */
START_TEST(the_second_try_needs_a_larger_block_within_the_limit)
{
    static const struct {
        uint32_t block;  /* units of the all-or-none block within the limit */
        uint32_t beyond; /* of another one beyond it; 0: none */
        uint64_t expected;
    } CASES[] = {{5, 0, 6}, {5, 7, 6}, {6, 0, 6}, {7, 0, 8}, {8, 0, 8}, {9, 0, 6}};
    ph_window window = {0, 3};
    place(supplier, PH_SIDE_SELL, PH_SHAPE_EACH, window, 6, 3);
    place_all_or_none(other, PH_SIDE_SELL, window, CASES[_i].block, 4);
    if (CASES[_i].beyond != 0) place_all_or_none(other, PH_SIDE_SELL, window, CASES[_i].beyond, 6);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 8, 5);
    ck_assert_uint_eq(executed(), CASES[_i].expected * window.periods);
}
END_TEST

/* The blocks are tried best first; a later one is taken only when it makes more of it. */
START_TEST(the_first_of_the_largest_executions_counts)
{
    ph_window window = {0, 1};
    place(supplier, PH_SIDE_SELL, PH_SHAPE_EACH, window, 2, 1);
    place_all_or_none(other, PH_SIDE_SELL, window, 7, 2 + _i);
    place_all_or_none(supplier, PH_SIDE_SELL, window, 7, 3);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, window, 8, 5);
    ck_assert_uint_eq(world_filled(&w, buyer, _i < 2 ? other : supplier, 0, _i == 0 ? 2 : 3), 7);
    ck_assert_uint_eq(world_filled(&w, buyer, supplier, 0, 1), 1);
}
END_TEST

START_TEST(all_or_none_takes_the_first_that_makes_it_whole)
{
    ph_window window = {0, 1};
    place(supplier, PH_SIDE_SELL, PH_SHAPE_EACH, window, 3, 2);
    place_all_or_none(other, PH_SIDE_SELL, window, 9, 3); /* more than is wanted */
    place_all_or_none(other, PH_SIDE_SELL, window, 4, 4); /* 4 + 3 are not 8 */
    place_all_or_none(other, PH_SIDE_SELL, window, 6, 5); /* 6 + 2 are */
    place_all_or_none(other, PH_SIDE_SELL, window, 8, 5);
    place_all_or_none(buyer, PH_SIDE_BUY, window, 8, 5);
    ck_assert_uint_eq(world_filled(&w, buyer, other, 0, 5), 6);
    ck_assert_uint_eq(world_filled(&w, buyer, supplier, 0, 2), 2);
    ck_assert_uint_eq(executed(), 8);
}
END_TEST

/* ---- Offers (6.4) ---------------------------------------------------------------------------- */

/* A resting SELL block whose other buyer pays for nearly all of it still costs the incoming order
   one tick, and what rounding leaves is the block's. */
START_TEST(an_offer_is_at_least_one_tick_and_rounds_to_the_block)
{
    static const struct {
        ph_price first; /* of the buyer that rests in the first period */
        ph_price offer;
    } CASES[] = {{30, 1}, {20, 1}, {19, 1}, {18, 2}, {15, 5}};
    place(supplier, PH_SIDE_SELL, PH_SHAPE_BLOCK, (ph_window){0, 2}, 3, 10);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 3, CASES[_i].first);
    ck_assert_uint_eq(executed(), 0);
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){1, 1}, 3, 5);
    ck_assert_uint_eq(world_filled(&w, buyer, supplier, 0, CASES[_i].first), 3);
    ck_assert_uint_eq(world_filled(&w, buyer, supplier, 1, CASES[_i].offer), 3);
}
END_TEST

/* Far more makers than are sorted by insertion, met in another order than that of their places. */
START_TEST(trades_of_a_long_sweep_come_in_order_of_place)
{
    enum { MAKERS = 1000 };
    uint64_t first = 0;
    for (uint32_t i = 0; i < MAKERS; i++) {
        ph_price price = 1000 + i * 7919 % MAKERS; /* 7,919 is prime: every price once */
        uint32_t who = i % 2 == 0 ? supplier : other;
        place(who, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){i % 5, 1}, 1, price);
        if (i == 0) first = w.out.v[0].u.accepted.order.v;
    }
    place(buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 5}, MAKERS, 1000 + MAKERS);
    ck_assert_uint_eq(executed(), MAKERS);
    uint32_t trades = 0;
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        if (w.out.v[i].kind != PH_EVT_TRADE) continue;
        const ph_segment *s = &w.out.v[i + 1].u.segment;
        ck_assert_uint_eq(w.out.v[i].u.trade.sell_order.v, first + trades);
        ck_assert_int_eq(s->price, 1000 + trades * 7919 % MAKERS);
        ck_assert_uint_eq(s->window.first - FIRST, trades % 5);
        trades++;
    }
    ck_assert_uint_eq(trades, MAKERS);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, an_incoming_each_stops_at_the_last_fill_that_fits, 0, 2);
    tcase_add_loop_test(t, an_incoming_block_executes_whole_or_not_at_all, 0, 2);
    tcase_add_test(t, a_resting_block_that_is_too_much_alone_gives_way);
    tcase_add_test(t, a_resting_block_that_no_longer_fits_ends_the_incoming_order);
    tcase_add_test(t, room_for_blocks);
    tcase_add_test(t, blocks_that_are_looked_at_have_a_bound);
    tcase_add_test(t, blocks_out_of_reach_are_not_counted);
    tcase_add_test(t, blocks_count_up_to_the_bound_and_no_further);
    tcase_add_loop_test(t, the_second_try_needs_a_larger_block_within_the_limit, 0, 6);
    tcase_add_loop_test(t, the_first_of_the_largest_executions_counts, 0, 3);
    tcase_add_test(t, all_or_none_takes_the_first_that_makes_it_whole);
    tcase_add_test(t, trades_of_a_long_sweep_come_in_order_of_place);
    tcase_add_loop_test(t, an_offer_is_at_least_one_tick_and_rounds_to_the_block, 0, 5);
}

int main(void)
{
    return suite_run("match", add);
}
