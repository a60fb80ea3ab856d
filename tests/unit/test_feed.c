/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/feed.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include "gateway/bounds.h"

/* What was emitted since the last reset, of all frames together. */
static struct {
    uint32_t frames, trades, segments, run_cnt;
    uint64_t number;
    ph_phase phase;
    phg_run runs[4096];
} seen;

static void emit(void *arg, const phg_picture *p)
{
    (void)arg;
    if (p->stream != PHG_STREAM_PRICES) return;
    ck_assert_uint_eq(p->product.v, 1);
    ck_assert_uint_eq(p->epoch, 77);
    seen.frames++;
    if (seen.number != 0) ck_assert_uint_eq(p->number, seen.number + 1);
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
    ck_assert_uint_eq(r.feed.resting.cnt, 0);
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

START_TEST(a_snapshot_covers_every_open_period)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000);
    place(&r, 2, PH_SIDE_SELL, (ph_window){HOUR + 20, 2}, 5, 1000);
    publish(&r);
    reset();
    ck_assert_int_eq(phg_feed_snapshot(&r.feed, (ph_product_id){1}, emit, NULL), PH_OK);
    ck_assert_int_eq(seen.phase, PH_PHASE_OPEN);
    ck_assert_uint_eq(seen.run_cnt, 3);
    check_run(1, HOUR + 12, 8, (phg_best){0});
    reset();
    ck_assert_int_eq(phg_feed_snapshot(&r.feed, (ph_product_id){2}, emit, NULL), PH_OK);
    ck_assert_uint_eq(seen.frames, 0);
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
    reset();
    ck_assert_int_eq(phg_feed_snapshot(&r.feed, (ph_product_id){1}, emit, NULL), PH_OK);
    ck_assert_uint_eq(seen.run_cnt, 2199);
    ck_assert_uint_eq(seen.frames, 3);
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
    ck_assert_int_eq(phg_feed_snapshot(&r.feed, (ph_product_id){1}, emit, NULL), PH_OK);
    ck_assert_uint_eq(seen.frames, 0);
    ck_assert_int_eq(phg_feed_go_live(&r.feed, 77), PH_OK);
    publish(&r);
    ck_assert_uint_eq(seen.frames, 0);
    ck_assert_int_eq(phg_feed_snapshot(&r.feed, (ph_product_id){1}, emit, NULL), PH_OK);
    check_run(0, HOUR + 10, 2, (phg_best){0, 1000, 0, 5});
    ck_assert_uint_eq(seen.number, 1);
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, equal_neighbours_are_one_run);
    tcase_add_test(t, only_what_differs_is_told);
    tcase_add_test(t, a_trade_takes_from_both_orders);
    tcase_add_test(t, a_filled_order_is_gone);
    tcase_add_test(t, blocks_are_not_in_best_prices);
    tcase_add_test(t, a_closed_gate_empties_the_period);
    tcase_add_test(t, an_iceberg_counts_with_what_it_shows);
    tcase_add_test(t, a_snapshot_covers_every_open_period);
    tcase_add_test(t, long_pictures_are_cut_into_frames);
    tcase_add_test(t, the_ring_goes_round);
    tcase_add_test(t, events_that_no_market_writes_are_corrupt);
    tcase_add_test(t, nothing_is_told_while_the_log_is_read);
}

int main(void)
{
    return suite_run("feed", add);
}
