/* SPDX-License-Identifier: Apache-2.0 */
/* What is new of a product, as frames; its best prices, all of them. */
#include "gateway/replica/feed.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "gateway/bounds.h"
#include "gateway/replica/book_sum.h"
#include "gateway/replica/feed_parts.h"

/* Bytes that parts of a frame take at most, and how many of each fit. */
enum {
    COST_MAX = PHG_FRAME_BYTES_MAX - 256, /* less what the frame itself says */
    COST_RUN = 58,
    COST_TRADE = 44,
    COST_SEGMENT = 31,
    TRADES_PER_FRAME_MAX = 64,
};

/* Gives up the places of closed periods: what they held is told. */
static void leave_closed(phg_feed_product *p)
{
    while (p->first < p->closed_end && p->first < p->end)
        p->first++;
    if (p->first == p->end && p->closed_end > p->end) p->first = p->end = p->closed_end;
}

typedef struct {
    phg_feed *feed;
    phg_feed_product *product;
    phg_feed_emit emit;
    void *arg;
    phg_stream_answer answer;
    uint32_t cost, trade_cnt, run_cnt;
    ph_phase phase;
    phg_public_trade *trades; /* room for TRADES_PER_FRAME_MAX */
} frame;

static void tell(const frame *f, bool more)
{
    const phg_feed_stream *stream = &f->product->prices;
    PH_ASSERT(f->emit != NULL); /* before it is live nothing is gathered */
    phg_picture picture = {
        .stream = PHG_STREAM_PRICES,
        .product = {(uint32_t)(f->product - f->feed->products) + 1},
        .number = stream->number,
        .epoch = f->feed->epoch,
        .seq = f->feed->seq,
        .answer = f->answer,
        .trades = f->trades,
        .trade_cnt = f->trade_cnt,
        .runs = f->feed->runs,
        .run_cnt = f->run_cnt,
        .phase = f->phase,
        .more = more,
        .checksum = more ? 0 : stream->checksum,
        .trades_so_far = f->answer == PHG_ANSWER_SNAPSHOT ? f->product->trades_so_far : 0,
    };
    f->emit(f->arg, &picture);
}

/* All but the last of what is told at once have `more`. */
static void flush(frame *f, bool more)
{
    if (f->answer == PHG_ANSWER_NONE) f->product->prices.number++;
    if (f->product->prices.is_followed) tell(f, more);
    f->cost = f->trade_cnt = f->run_cnt = 0;
    f->phase = 0;
}

/* A trade with more segments than a frame takes goes in parts, all with its number. */
static void add_trade(frame *f, const phg_feed_trade *trade)
{
    uint32_t first = 0;
    do {
        uint32_t cnt = trade->segment_cnt - first;
        if (cnt > PHG_SEGMENTS_PER_PUBLIC_TRADE_MAX) cnt = PHG_SEGMENTS_PER_PUBLIC_TRADE_MAX;
        uint32_t cost = COST_TRADE + cnt * COST_SEGMENT;
        if (f->cost + cost > COST_MAX || f->trade_cnt == TRADES_PER_FRAME_MAX) flush(f, true);
        f->trades[f->trade_cnt++] =
            (phg_public_trade){trade->trade, trade->at,
                               trade->taker, f->product->segments + trade->segment_first + first,
                               cnt,          trade->number};
        f->cost += cost;
        first += cnt;
    } while (first < trade->segment_cnt);
}

static void add_run(frame *f, phg_run run)
{
    if (f->cost + COST_RUN > COST_MAX || f->run_cnt == PHG_RUNS_PER_FRAME_MAX) flush(f, true);
    f->feed->runs[f->run_cnt++] = run;
    f->cost += COST_RUN;
}

static bool is_same(phg_best a, phg_best b)
{
    return a.bid == b.bid && a.ask == b.ask && a.bid_quantity == b.bid_quantity &&
           a.ask_quantity == b.ask_quantity;
}

/* Makes the run longer by period t, or tells it and begins another. */
static void extend(frame *f, phg_run *run, ph_period t, phg_best best)
{
    if (run->window.periods != 0 && ph_window_end(run->window) == t && is_same(run->best, best)) {
        run->window.periods++;
        return;
    }
    if (run->window.periods != 0) add_run(f, *run);
    *run = (phg_run){{t, 1}, best};
}

/* Tells what changed since the last time, and gives up the places of closed periods. */
static void tell_touched(frame *f, bool is_live)
{
    phg_feed_product *p = f->product;
    phg_run run = {0};
    for (ph_period t = p->touched_first; t < p->touched_end; t++) {
        phg_feed_period *period = phg_feed_period_of(p, t);
        if (!period->is_touched) continue;
        period->is_touched = false;
        phg_best best = phg_feed_best_of(period);
        if (is_same(best, period->told)) continue;
        if (p->prices.is_followed) {
            uint64_t sum = phg_sum_best(t, &best);
            p->prices.checksum += sum - period->told_sum;
            period->told_sum = sum;
        }
        if (is_live) extend(f, &run, t, best);
        period->told = best;
    }
    if (run.window.periods != 0) add_run(f, run);
    p->touched_first = p->touched_end = 0;
    leave_closed(p);
}

ph_status phg_feed_publish(phg_feed *f, phg_feed_emit emit, void *arg)
{
    phg_public_trade trades[TRADES_PER_FRAME_MAX];
    ph_status s = phg_feed_tell_grades(f, emit, arg);
    if (s != PH_OK) return s;
    for (uint32_t i = 0; i < f->touched_cnt; i++) {
        phg_feed_product *p = phg_feed_product_of(f, f->touched[i]);
        frame out = {.feed = f, .product = p, .emit = emit, .arg = arg, .trades = trades};
        p->is_listed = false;
        if (f->is_live && p->is_phase_new) out.phase = p->phase;
        phg_feed_tell_books(f, p, emit, arg);
        p->is_phase_new = false;
        for (uint32_t k = 0; k < p->trade_cnt; k++)
            add_trade(&out, &p->trades[k]);
        tell_touched(&out, f->is_live);
        if (out.cost != 0 || out.phase != 0) flush(&out, false);
        p->trade_cnt = p->segment_cnt = 0;
    }
    f->touched_cnt = 0;
    return PH_OK;
}

uint64_t phg_feed_sum_prices(phg_feed_product *p)
{
    uint64_t sum = 0;
    for (ph_period t = p->first; t < p->end; t++) {
        phg_feed_period *period = phg_feed_period_of(p, t);
        period->told_sum = phg_sum_best(t, &period->told);
        sum += period->told_sum;
    }
    return sum;
}

void phg_feed_tell_prices(phg_feed *f, phg_feed_product *p, phg_feed_emit emit, void *arg)
{
    static const phg_best none;
    frame out = {.feed = f,
                 .product = p,
                 .emit = emit,
                 .arg = arg,
                 .answer = PHG_ANSWER_SNAPSHOT,
                 .phase = p->phase};
    phg_run run = {0};
    for (ph_period t = p->first; t < p->end; t++) {
        phg_best best = phg_feed_period_of(p, t)->told;
        if (!is_same(best, none)) extend(&out, &run, t, best);
    }
    if (run.window.periods != 0) add_run(&out, run);
    flush(&out, false);
}
