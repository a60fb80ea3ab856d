/* SPDX-License-Identifier: Apache-2.0 */
/* long: prices and every book of a product, which share one set of records */
#include "gateway/replica/feed.h"

#include "engine/base/period.h"
#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include "gateway/bounds.h"
#include "gateway/replica/book_sum.h"

enum { PERIODS_SEEN = 8192 };

/* What was emitted since the last reset, of all frames together. */
static struct {
    uint32_t frames, trades, segments, run_cnt;
    uint64_t number;
    ph_phase phase;
    phg_run runs[4096];
    phg_best book[PERIODS_SEEN]; /* of HOUR and the periods after it, as a subscriber has it */
    bool is_snapshot;            /* there is more of it */
} seen;

/* The checksum is that of the book which the frames make. */
static void check_book(const phg_picture *p)
{
    if (p->answer == PHG_ANSWER_SNAPSHOT && !seen.is_snapshot)
        memset(seen.book, 0, sizeof seen.book);
    seen.is_snapshot = p->answer == PHG_ANSWER_SNAPSHOT && p->more;
    for (uint32_t i = 0; i < p->run_cnt; i++)
        for (uint32_t k = 0; k < p->runs[i].window.periods; k++)
            seen.book[p->runs[i].window.first - HOUR + k] = p->runs[i].best;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < PERIODS_SEEN && !p->more; i++)
        sum += phg_sum_best(HOUR + i, &seen.book[i]);
    ck_assert_uint_eq(p->checksum, sum);
}

static void emit(void *arg, const phg_picture *p)
{
    (void)arg;
    if (p->stream != PHG_STREAM_PRICES) return;
    ck_assert_uint_eq(p->product.v, 1);
    ck_assert_uint_eq(p->epoch, 77);
    check_book(p);
    seen.frames++;
    if (seen.number != 0)
        ck_assert_uint_eq(p->number, seen.number + (p->answer == PHG_ANSWER_NONE));
    seen.number = p->number;
    seen.trades += p->trade_cnt;
    for (uint32_t i = 0; i < p->trade_cnt; i++)
        seen.segments += p->trades[i].segment_cnt;
    for (uint32_t i = 0; i < p->run_cnt; i++)
        seen.runs[seen.run_cnt++] = p->runs[i];
    if (p->phase != 0) seen.phase = p->phase;
    ck_assert_uint_le(p->run_cnt, PHG_RUNS_PER_FRAME_MAX);
}

static void reset(void)
{
    seen.frames = seen.trades = seen.segments = seen.run_cnt = 0;
    seen.phase = 0;
}

static void publish(phg_replica *r)
{
    reset();
    ck_assert_int_eq(phg_feed_publish(&r->feed, emit, NULL), PH_OK);
}

static void live_market(phg_replica *r)
{
    memset(&seen, 0, sizeof seen);
    set_up_market(r);
    ck_assert_int_eq(phg_feed_go_live(&r->feed, 77), PH_OK);
    ck_assert_int_eq(phg_feed_follow(&r->feed, PHG_STREAM_PRICES, (ph_product_id){1}), PH_OK);
}

/* What is asked for, and nothing else since the last reset. */
static bool ask(phg_replica *r, uint32_t product)
{
    reset();
    return phg_feed_whole(&r->feed, PHG_STREAM_PRICES, (ph_product_id){product}, emit, NULL);
}

static void place(phg_replica *r, uint64_t id, ph_side side, ph_window w, ph_quantity q,
                  ph_price price)
{
    ph_event e = accepted(id, 0);
    uint32_t who = side == PH_SIDE_BUY ? 3 : 2;
    ck_assert_int_eq(take(r, new_order(who, id, side, w, q, price), &e, 1), PH_OK);
}

static void check_run(uint32_t i, ph_period first, uint32_t periods, phg_best best)
{
    ck_assert_uint_lt(i, seen.run_cnt);
    ck_assert_uint_eq(seen.runs[i].window.first, first);
    ck_assert_uint_eq(seen.runs[i].window.periods, periods);
    ck_assert_int_eq(seen.runs[i].best.bid, best.bid);
    ck_assert_int_eq(seen.runs[i].best.ask, best.ask);
    ck_assert_uint_eq(seen.runs[i].best.bid_quantity, best.bid_quantity);
    ck_assert_uint_eq(seen.runs[i].best.ask_quantity, best.ask_quantity);
}

START_TEST(equal_neighbours_are_one_run)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 100}, 5, 1000);
    place(&r, 2, PH_SIDE_BUY, (ph_window){HOUR + 20, 10}, 3, 900);
    publish(&r);
    ck_assert_uint_eq(seen.run_cnt, 3);
    check_run(0, HOUR + 10, 10, (phg_best){0, 1000, 0, 5});
    check_run(1, HOUR + 20, 10, (phg_best){900, 1000, 3, 5});
    check_run(2, HOUR + 30, 80, (phg_best){0, 1000, 0, 5});
    publish(&r);
    ck_assert_uint_eq(seen.frames, 0);
    phg_replica_release(&r);
}
END_TEST

START_TEST(only_what_differs_is_told)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 50}, 5, 1000);
    publish(&r);
    place(&r, 2, PH_SIDE_SELL, (ph_window){HOUR + 10, 50}, 5, 1100);
    publish(&r);
    ck_assert_uint_eq(seen.frames, 0);
    ph_event gone = cancelled(1, 2, 201, 250);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gone, 1), PH_OK);
    publish(&r);
    ck_assert_uint_eq(seen.run_cnt, 1);
    check_run(0, HOUR + 10, 50, (phg_best){0, 1100, 0, 5});
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_trade_takes_from_both_orders)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 4}, 5, 1000);
    publish(&r);
    ph_event events[] = {accepted(2, 0), trade(1, 2, 8, 1, 12, 1), segment(HOUR + 12, 2, 4, 1000)};
    ph_command c = new_order(3, 2, PH_SIDE_BUY, (ph_window){HOUR + 12, 4}, 4, 1000);
    ck_assert_int_eq(take(&r, c, events, 3), PH_OK);
    publish(&r);
    ck_assert_uint_eq(seen.trades, 1);
    ck_assert_uint_eq(seen.segments, 1);
    ck_assert_uint_eq(seen.run_cnt, 2);
    check_run(0, HOUR + 12, 2, (phg_best){0, 1000, 0, 1});
    check_run(1, HOUR + 14, 2, (phg_best){1000, 0, 4, 0});
    ck_assert_uint_eq(phg_feed_open(&r.feed, (ph_order_id){1}), 12);
    ck_assert_uint_eq(phg_feed_open(&r.feed, (ph_order_id){2}), 8);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_filled_order_is_gone)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    ph_event events[] = {accepted(2, 0), trade(1, 2, 0, 1, 0, 1), segment(HOUR + 10, 2, 5, 1000)};
    ph_command c = new_order(3, 2, PH_SIDE_BUY, (ph_window){HOUR + 10, 2}, 5, 1000);
    ck_assert_int_eq(take(&r, c, events, 3), PH_OK);
    ck_assert_uint_eq(r.feed.resting.orders.cnt, 0);
    publish(&r);
    ck_assert_uint_eq(seen.run_cnt, 0);
    ck_assert_uint_eq(seen.trades, 1);
    phg_replica_release(&r);
}
END_TEST

START_TEST(blocks_are_not_in_best_prices)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    ph_command c = new_order(3, 2, PH_SIDE_BUY, (ph_window){HOUR + 10, 2}, 2, 1000);
    c.u.order.shape = PH_SHAPE_BLOCK;
    ph_event events[] = {accepted(2, 0), trade(1, 2, 0, 1, 6, 1), segment(HOUR + 10, 2, 2, 1000)};
    ck_assert_int_eq(take(&r, c, events, 3), PH_OK);
    publish(&r);
    ck_assert_uint_eq(seen.run_cnt, 1);
    check_run(0, HOUR + 10, 2, (phg_best){0, 1000, 0, 3});
    ph_event gone = cancelled(2, 3, 2, 0);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gone, 1), PH_OK);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_closed_gate_empties_the_period)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 2, 3}, 5, 1000);
    publish(&r);
    ph_event gates[] = {gate_closed(HOUR + 2), gate_closed(HOUR + 3)};
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, gates, 2), PH_OK);
    ck_assert_uint_eq(phg_feed_open(&r.feed, (ph_order_id){1}), 5);
    publish(&r);
    ck_assert_uint_eq(seen.run_cnt, 1);
    check_run(0, HOUR + 2, 2, (phg_best){0});
    ph_event last[] = {gate_closed(HOUR + 4), cancelled(1, 2, 1, 5)};
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, last, 2), PH_OK);
    publish(&r);
    ck_assert_uint_eq(seen.run_cnt, 1);
    check_run(0, HOUR + 4, 1, (phg_best){0});
    phg_replica_release(&r);
}
END_TEST

START_TEST(an_iceberg_counts_with_what_it_shows)
{
    phg_replica r;
    live_market(&r);
    ph_command c = new_order(2, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 1}, 50, 1000);
    c.u.order.display_quantity = 10;
    ph_event e = accepted(1, 0);
    ck_assert_int_eq(take(&r, c, &e, 1), PH_OK);
    publish(&r);
    check_run(0, HOUR + 10, 1, (phg_best){0, 1000, 0, 10});
    ph_event events[] = {accepted(2, 0), trade(1, 2, 0, 1, 4, 1), segment(HOUR + 10, 1, 46, 1000)};
    ck_assert_int_eq(
        take(&r, new_order(3, 2, PH_SIDE_BUY, (ph_window){HOUR + 10, 1}, 46, 1000), events, 3),
        PH_OK);
    publish(&r);
    check_run(0, HOUR + 10, 1, (phg_best){0, 1000, 0, 4});
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_snapshot_is_what_stands)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    place(&r, 2, PH_SIDE_SELL, (ph_window){HOUR + 20, 2}, 5, 1000);
    publish(&r);
    ck_assert(ask(&r, 1) && seen.frames == 1);
    ck_assert_int_eq(seen.phase, PH_PHASE_OPEN);
    ck_assert_uint_eq(seen.run_cnt, 2);
    check_run(1, HOUR + 20, 2, (phg_best){0, 1000, 0, 5});
    ck_assert(!ask(&r, 2) && seen.frames == 0);
    phg_replica_release(&r);
}
END_TEST

/* Nobody pays for what nobody reads; who comes later has the same book and numbers go on. */
START_TEST(prices_are_told_from_when_somebody_follows)
{
    phg_replica r;
    memset(&seen, 0, sizeof seen);
    set_up_market(&r);
    ck_assert_int_eq(phg_feed_go_live(&r.feed, 77), PH_OK);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    publish(&r);
    ck_assert_uint_eq(seen.frames, 0);
    ck_assert_uint_eq(phg_feed_number(&r.feed, PHG_STREAM_PRICES, (ph_product_id){1}), 1);
    ck_assert(ask(&r, 1) && seen.number == 1 && seen.run_cnt == 1);
    place(&r, 2, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 900);
    publish(&r);
    ck_assert(seen.frames == 1 && seen.number == 2);
    phg_replica_release(&r);
}
END_TEST

/* A change of the phase is told alone, and is no snapshot. */
START_TEST(a_phase_is_told_when_it_changes)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    publish(&r);
    ck_assert_int_eq(seen.phase, 0);
    ph_command c = {.kind = PH_CMD_SET_PHASE, .sender = {1}, .u.phase = {{1}, PH_PHASE_HALTED}};
    ph_event e = {.kind = PH_EVT_PHASE_CHANGED, .u.phase_changed = {{1}, PH_PHASE_HALTED}};
    ck_assert_int_eq(take(&r, c, &e, 1), PH_OK);
    publish(&r);
    ck_assert(seen.frames == 1 && seen.run_cnt == 0 && !seen.is_snapshot);
    ck_assert_int_eq(seen.phase, PH_PHASE_HALTED);
    ck_assert(ask(&r, 1) && seen.phase == PH_PHASE_HALTED && seen.run_cnt == 1);
    phg_replica_release(&r);
}
END_TEST

/* Alternating prices: as many runs as periods, more than one frame takes. */
START_TEST(long_pictures_are_cut_into_frames)
{
    phg_replica r;
    live_market(&r);
    for (uint32_t i = 0; i < 2200; i += 2)
        place(&r, 1 + i, PH_SIDE_SELL, (ph_window){HOUR + 10 + i, 1}, 1, 1000 + i);
    publish(&r);
    ck_assert_uint_eq(seen.run_cnt, 1100);
    ck_assert_uint_eq(seen.frames, 2);
    ck_assert(ask(&r, 1) && seen.run_cnt == 1100 && seen.frames == 2);
    phg_replica_release(&r);
}
END_TEST

/* Months pass: places of closed periods are used again. */
START_TEST(the_ring_goes_round)
{
    phg_replica r;
    live_market(&r);
    for (uint32_t i = 0; i < 500; i++) {
        ph_command c = new_order(2, 1 + i, PH_SIDE_SELL, (ph_window){HOUR + 5 + i * 7, 20}, 1, 50);
        c.at.ns = T0 + i * 7 * UINT64_C(3600000000000);
        ph_event e = accepted(1 + i, 0);
        ck_assert_int_eq(take(&r, c, &e, 1), PH_OK);
        publish(&r);
        phg_best best = phg_feed_best(&r.feed, (ph_product_id){1}, HOUR + 5 + i * 7);
        ck_assert_uint_ge(best.ask_quantity, 1);
        ck_assert_uint_le(best.ask_quantity, 3);
    }
    ck_assert_uint_le(r.feed.products[0].ring_max, 64);
    phg_replica_release(&r);
}
END_TEST

START_TEST(events_that_no_market_writes_are_corrupt)
{
    ph_window w = {HOUR + 10, 2};
    ph_event more[] = {accepted(2, 0), trade(1, 2, 0, 1, 0, 1), segment(HOUR + 10, 2, 6, 1000)};
    ph_event outside[] = {accepted(2, 0), trade(1, 2, 0, 1, 0, 1), segment(HOUR + 11, 2, 5, 1)};
    ph_event cut[] = {accepted(2, 0), trade(1, 2, 0, 1, 0, 2), segment(HOUR + 10, 2, 5, 1)};
    ph_event other[] = {accepted(2, 0), trade(1, 2, 0, 1, 0, 2), segment(HOUR + 10, 2, 5, 1),
                        accepted(3, 0)};
    ph_event twice[] = {accepted(1, 0)};
    struct {
        const ph_event *v;
        uint32_t cnt;
    } rows[] = {{more, 3}, {outside, 3}, {cut, 3}, {other, 4}, {twice, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        phg_replica r;
        live_market(&r);
        place(&r, 1, PH_SIDE_SELL, w, 5, 1000);
        ph_command c = new_order(3, 2, PH_SIDE_BUY, w, 5, 1000);
        ck_assert_int_eq(take(&r, c, rows[i].v, rows[i].cnt), PH_ECORRUPT);
        phg_replica_release(&r);
    }
}
END_TEST

START_TEST(nothing_is_told_while_the_log_is_read)
{
    phg_replica r;
    memset(&seen, 0, sizeof seen);
    set_up_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    publish(&r);
    ck_assert(!ask(&r, 1) && seen.frames == 0);
    ck_assert_int_eq(phg_feed_go_live(&r.feed, 77), PH_OK);
    publish(&r);
    ck_assert_uint_eq(seen.frames, 0);
    ck_assert(ask(&r, 1) && seen.number == 0);
    check_run(0, HOUR + 10, 2, (phg_best){0, 1000, 0, 5});
    phg_replica_release(&r);
}
END_TEST

/* ---- Depth and statistics ------------------------------------------------------------------ */

/* The frames of one stream since the last reset. */
static struct {
    uint32_t frames, level_cnt, block_cnt, run_cnt, candle_cnt;
    phg_picture last;
    phg_candle_told candles[64];
    phg_level_run levels[4096];
    phg_block_told blocks[64];
    phg_statistics_run runs[64];
} told;

static void take_picture(void *arg, const phg_picture *p)
{
    phg_stream_kind kind = *(const phg_stream_kind *)arg;
    if (p->stream != kind) return;
    if (p->answer == PHG_ANSWER_NONE && told.frames != 0)
        ck_assert_uint_eq(p->number, told.last.number + 1);
    told.frames++;
    told.last = *p;
    ck_assert_uint_le(p->level_cnt + p->block_cnt + p->statistics_cnt, PHG_ROWS_PER_FRAME_MAX);
    for (uint32_t i = 0; i < p->level_cnt; i++)
        told.levels[told.level_cnt++] = p->levels[i];
    for (uint32_t i = 0; i < p->block_cnt; i++)
        told.blocks[told.block_cnt++] = p->blocks[i];
    for (uint32_t i = 0; i < p->statistics_cnt; i++)
        told.runs[told.run_cnt++] = p->statistics[i];
    for (uint32_t i = 0; i < p->candle_cnt; i++)
        told.candles[told.candle_cnt++] = p->candles[i];
}

static void publish_book(phg_replica *r, phg_stream_kind kind)
{
    told.frames = told.level_cnt = told.block_cnt = told.run_cnt = told.candle_cnt = 0;
    ck_assert_int_eq(phg_feed_publish(&r->feed, take_picture, &kind), PH_OK);
}

static void whole_book(phg_replica *r, phg_stream_kind kind)
{
    told.frames = told.level_cnt = told.block_cnt = told.run_cnt = told.candle_cnt = 0;
    ck_assert(phg_feed_whole(&r->feed, kind, (ph_product_id){1}, take_picture, &kind));
    ck_assert_int_eq(told.last.answer, PHG_ANSWER_SNAPSHOT);
}

static void check_level(uint32_t i, ph_side side, ph_window w, ph_price price, uint64_t quantity)
{
    const phg_level_run *l = &told.levels[i];
    ck_assert_uint_lt(i, told.level_cnt);
    ck_assert(l->side == side && l->window.first == w.first && l->window.periods == w.periods);
    ck_assert(l->price == price && l->quantity == quantity);
}

START_TEST(levels_are_told_as_they_stand)
{
    phg_replica r;
    live_market(&r);
    phg_feed_follow(&r.feed, PHG_STREAM_DEPTH, (ph_product_id){1});
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 4}, 5, 1000);
    place(&r, 2, PH_SIDE_SELL, (ph_window){HOUR + 12, 4}, 3, 1000);
    place(&r, 3, PH_SIDE_BUY, (ph_window){HOUR + 10, 1}, 2, 900);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.frames == 1 && told.level_cnt == 4 && !told.last.more);
    check_level(0, PH_SIDE_BUY, (ph_window){HOUR + 10, 1}, 900, 2);
    check_level(1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 1000, 5);
    check_level(2, PH_SIDE_SELL, (ph_window){HOUR + 12, 2}, 1000, 8);
    check_level(3, PH_SIDE_SELL, (ph_window){HOUR + 14, 2}, 1000, 3);
    uint64_t sum = told.last.checksum;
    whole_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.level_cnt == 4 && told.last.checksum == sum && told.last.number == 1);
    ph_event gone = cancelled(1, 2, 201, 20);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gone, 1), PH_OK);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert_uint_eq(told.level_cnt, 2);
    check_level(0, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 1000, 0);
    check_level(1, PH_SIDE_SELL, (ph_window){HOUR + 12, 2}, 1000, 3);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert_uint_eq(told.frames, 0);
    phg_replica_release(&r);
}
END_TEST

START_TEST(what_an_iceberg_hides_is_in_no_level)
{
    phg_replica r;
    live_market(&r);
    phg_feed_follow(&r.feed, PHG_STREAM_DEPTH, (ph_product_id){0});
    ph_command c = new_order(2, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 1}, 50, 1000);
    c.u.order.display_quantity = 10;
    ph_event e = accepted(1, 0);
    ck_assert_int_eq(take(&r, c, &e, 1), PH_OK);
    publish_book(&r, PHG_STREAM_DEPTH);
    check_level(0, PH_SIDE_SELL, (ph_window){HOUR + 10, 1}, 1000, 10);
    whole_book(&r, PHG_STREAM_DEPTH);
    check_level(0, PH_SIDE_SELL, (ph_window){HOUR + 10, 1}, 1000, 10);
    phg_replica_release(&r);
}
END_TEST

START_TEST(closed_periods_leave_the_books)
{
    phg_replica r;
    live_market(&r);
    phg_feed_follow(&r.feed, PHG_STREAM_DEPTH, (ph_product_id){1});
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 2, 2}, 5, 1000);
    publish_book(&r, PHG_STREAM_DEPTH);
    ph_event gate = gate_closed(HOUR + 2);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gate, 1), PH_OK);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.frames == 1 && told.last.closed_before == HOUR + 3 && told.level_cnt == 0);
    uint64_t sum = told.last.checksum;
    whole_book(&r, PHG_STREAM_DEPTH);
    check_level(0, PH_SIDE_SELL, (ph_window){HOUR + 3, 1}, 1000, 5);
    ck_assert(told.level_cnt == 1 && told.last.checksum == sum);
    phg_replica_release(&r);
}
END_TEST

/* New terms may open periods again; what had closed is told nevertheless. */
START_TEST(closed_periods_leave_the_books_before_new_terms)
{
    phg_replica r;
    live_market(&r);
    phg_feed_follow(&r.feed, PHG_STREAM_DEPTH, (ph_product_id){1});
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    publish_book(&r, PHG_STREAM_DEPTH);
    ph_event gate = gate_closed(HOUR + 10);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gate, 1), PH_OK);
    ph_command c = list_product(1);
    c.kind = PH_CMD_SET_TERMS;
    ph_event events[] = {cancelled(1, 2, 1, 5), {.kind = PH_EVT_TERMS_SET}};
    events[1].u.terms_set.product.v = 1;
    events[1].u.terms_set.terms_version = 2;
    ck_assert_int_eq(take(&r, c, events, 2), PH_OK);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert_uint_eq(told.last.closed_before, HOUR + 11);
    place(&r, 2, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert_uint_le(told.last.closed_before, HOUR + 10);
    check_level(0, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 1000, 5);
    phg_replica_release(&r);
}
END_TEST

START_TEST(blocks_have_a_depth_of_their_own)
{
    phg_replica r;
    live_market(&r);
    phg_feed_follow(&r.feed, PHG_STREAM_DEPTH, (ph_product_id){1});
    for (uint64_t id = 1; id <= 2; id++) {
        ph_command c = new_order(3, id, PH_SIDE_BUY, (ph_window){HOUR + 10, 4}, 2, 1000);
        c.u.order.shape = PH_SHAPE_BLOCK;
        ph_event e = accepted(id, 0);
        ck_assert_int_eq(take(&r, c, &e, 1), PH_OK);
    }
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.block_cnt == 1 && told.level_cnt == 0 && told.blocks[0].units == 4);
    ck_assert(told.blocks[0].terms.price == 1000 && told.blocks[0].terms.window.periods == 4);
    ph_event gone = cancelled(1, 3, 1, 8);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gone, 1), PH_OK);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.block_cnt == 1 && told.blocks[0].units == 2);
    whole_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.block_cnt == 1 && told.blocks[0].units == 2);
    phg_replica_release(&r);
}
END_TEST

START_TEST(statistics_are_of_each_period)
{
    phg_replica r;
    live_market(&r);
    phg_feed_follow(&r.feed, PHG_STREAM_STATISTICS, (ph_product_id){1});
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 4}, 5, 1000);
    ph_event events[] = {
        accepted(2, 0),
        trade(1, 2, 8, 1, 12, 1),
        segment(HOUR + 12, 2, 4, 1000),
        {.kind = PH_EVT_REFERENCE_SET, .u.reference_set = {{1}, 1000}},
    };
    ph_command c = new_order(3, 2, PH_SIDE_BUY, (ph_window){HOUR + 12, 4}, 4, 1000);
    ck_assert_int_eq(take(&r, c, events, 4), PH_OK);
    publish_book(&r, PHG_STREAM_STATISTICS);
    const phg_statistics_run *run = &told.runs[0];
    ck_assert(told.frames == 1 && told.run_cnt == 1 && run->window.first == HOUR + 12);
    ck_assert(run->window.periods == 2 && run->each.last == 1000 && run->each.volume == 4);
    ck_assert(run->each.open_interest == 4 && phg_statistics_average(&run->each) == 1000);
    ck_assert(told.last.reference == 1000 && told.last.phase == PH_PHASE_OPEN);
    uint64_t sum = told.last.checksum;
    ck_assert_uint_ne(sum, 0);
    whole_book(&r, PHG_STREAM_STATISTICS);
    ck_assert(told.run_cnt == 1 && told.last.checksum == sum);
    ph_event gate = gate_closed(HOUR + 12);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gate, 1), PH_OK);
    publish_book(&r, PHG_STREAM_STATISTICS);
    ck_assert(told.frames == 1 && told.last.closed_before == HOUR + 13 && told.run_cnt == 0);
    whole_book(&r, PHG_STREAM_STATISTICS);
    ck_assert(told.run_cnt == 1 && told.runs[0].window.first == HOUR + 13);
    phg_replica_release(&r);
}
END_TEST

/* Buys one unit of order 1 in each period, at this stamp. */
static void buy(phg_replica *r, uint64_t id, ph_window w, ph_time at)
{
    ph_command c = new_order(3, id, PH_SIDE_BUY, w, 1, 1000);
    ph_event events[] = {
        accepted(id, 0),
        trade(id - 1, id, 0, 1, phg_feed_open(&r->feed, (ph_order_id){1}) - w.periods, 1),
        segment(w.first, w.periods, 1, 1000)};
    c.at = at;
    ck_assert_int_eq(take(r, c, events, 3), PH_OK);
}

START_TEST(candles_are_of_each_period)
{
    phg_replica r;
    live_market(&r);
    const ph_time minutes[] = {{T0 + 60 * PH_NS_PER_S}, {T0 + 120 * PH_NS_PER_S}};
    const phg_stream_kind kind = PHG_STREAM_PERIOD_CANDLES;
    r.feed.period_candles_max = 5;
    ck_assert_int_eq(phg_feed_follow(&r.feed, kind, (ph_product_id){1}), PH_OK);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 4}, 50, 1000);
    buy(&r, 2, (ph_window){HOUR + 10, 4}, minutes[0]);
    publish_book(&r, kind);
    ck_assert(told.frames == 1 && told.last.number == 1 && told.candle_cnt == 3);
    ck_assert(told.candles[0].interval_seconds == 60 && told.candles[0].candle.volume == 1);
    ck_assert(told.candles[0].window.first == HOUR + 10 && told.candles[0].window.periods == 4);
    ck_assert(told.last.dropped_cnt == 0 && told.last.checksum != 0);
    buy(&r, 3, (ph_window){HOUR + 12, 2}, minutes[1]);
    publish_book(&r, kind);
    ck_assert(told.frames == 1 && told.candle_cnt == 3); /* what did not change is not told */
    ck_assert(told.last.dropped_cnt == 1 && told.last.dropped[0].interval_seconds == 60);
    ck_assert_uint_eq(told.last.dropped[0].start, minutes[1].ns / PH_NS_PER_S);
    uint64_t sum = told.last.checksum;
    whole_book(&r, kind);
    ck_assert(told.candle_cnt == 5 && told.last.checksum == sum && told.last.number == 2);
    ck_assert_uint_eq(told.last.dropped_cnt, 0);
    ph_event gate = gate_closed(HOUR + 12);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK, .at = minutes[1]}, &gate, 1),
                     PH_OK);
    publish_book(&r, kind);
    ck_assert(told.frames == 1 && told.candle_cnt == 0);
    ck_assert_uint_eq(told.last.closed_before, HOUR + 13);
    whole_book(&r, kind);
    ck_assert(told.candle_cnt == 3 && told.candles[0].window.first == HOUR + 13);
    phg_replica_release(&r);
}
END_TEST

/* More rows than a frame takes: parts of one state, and the checksum on the last. */
START_TEST(large_books_are_told_in_parts)
{
    phg_replica r;
    live_market(&r);
    phg_feed_follow(&r.feed, PHG_STREAM_DEPTH, (ph_product_id){1});
    for (uint32_t i = 0; i < 2 * PHG_ROWS_PER_FRAME_MAX + 1; i++)
        place(&r, 1 + i, PH_SIDE_SELL, (ph_window){HOUR + 10, 1}, 1, 1000 + i);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.frames == 3 && told.level_cnt == 2 * PHG_ROWS_PER_FRAME_MAX + 1);
    uint64_t sum = told.last.checksum, number = told.last.number;
    ck_assert(number == 3 && !told.last.more && sum != 0);
    whole_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.frames == 3 && told.last.checksum == sum && told.last.number == number);
    phg_replica_release(&r);
}
END_TEST

/* Nobody can tell from the numbers whether somebody followed. */
START_TEST(numbers_go_on_without_followers)
{
    phg_replica r;
    live_market(&r);
    for (uint64_t i = 1; i <= 5; i++) {
        place(&r, i, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
        publish_book(&r, PHG_STREAM_DEPTH);
        ck_assert_uint_eq(told.frames, 0);
        ck_assert_uint_eq(phg_feed_number(&r.feed, PHG_STREAM_DEPTH, (ph_product_id){1}), i);
    }
    whole_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.last.number == 5 && told.level_cnt == 1 && told.last.checksum != 0);
    place(&r, 6, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    publish_book(&r, PHG_STREAM_DEPTH);
    ck_assert(told.frames == 1 && told.last.number == 6);
    check_level(0, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 1000, 30);
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, levels_are_told_as_they_stand);
    tcase_add_test(t, what_an_iceberg_hides_is_in_no_level);
    tcase_add_test(t, closed_periods_leave_the_books);
    tcase_add_test(t, closed_periods_leave_the_books_before_new_terms);
    tcase_add_test(t, blocks_have_a_depth_of_their_own);
    tcase_add_test(t, statistics_are_of_each_period);
    tcase_add_test(t, candles_are_of_each_period);
    tcase_add_test(t, large_books_are_told_in_parts);
    tcase_add_test(t, numbers_go_on_without_followers);
    tcase_add_test(t, equal_neighbours_are_one_run);
    tcase_add_test(t, only_what_differs_is_told);
    tcase_add_test(t, a_trade_takes_from_both_orders);
    tcase_add_test(t, a_filled_order_is_gone);
    tcase_add_test(t, blocks_are_not_in_best_prices);
    tcase_add_test(t, a_closed_gate_empties_the_period);
    tcase_add_test(t, an_iceberg_counts_with_what_it_shows);
    tcase_add_test(t, a_snapshot_is_what_stands);
    tcase_add_test(t, prices_are_told_from_when_somebody_follows);
    tcase_add_test(t, a_phase_is_told_when_it_changes);
    tcase_add_test(t, long_pictures_are_cut_into_frames);
    tcase_add_test(t, the_ring_goes_round);
    tcase_add_test(t, events_that_no_market_writes_are_corrupt);
    tcase_add_test(t, nothing_is_told_while_the_log_is_read);
}

int main(void)
{
    return suite_run("feed", add);
}
