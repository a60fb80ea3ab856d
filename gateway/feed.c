/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/feed.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "gateway/bounds.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that parts of a frame take at most, and how many of each fit. */
enum {
    COST_MAX = PHG_FRAME_BYTES_MAX - 256, /* less what the frame itself says */
    COST_RUN = 58,
    COST_TRADE = 32,
    COST_SEGMENT = 31,
    TRADES_PER_FRAME_MAX = 64,
};

void phg_feed_release(phg_feed *f)
{
    for (uint32_t i = 0; i < f->product_cnt; i++) {
        phg_feed_product *p = &f->products[i];
        for (uint32_t k = 0; k < p->ring_max; k++) {
            phg_depth_release(&p->ring[k].side[0]);
            phg_depth_release(&p->ring[k].side[1]);
        }
        free(p->ring);
        free(p->trades);
        free(p->segments);
    }
    phg_resting_release(&f->resting);
    free(f->products);
    free(f->touched);
    free(f->runs);
    *f = (phg_feed){0};
}

/* Makes room for `need` rows of `size` bytes in a growing array. */
static ph_status room(void **rows, uint32_t *max, size_t size, uint64_t need)
{
    if (need <= *max) return PH_OK;
    if (need > UINT32_MAX / 2) return PH_EFULL;
    uint64_t more = need * 2 + 16;
    void *grown = realloc(*rows, more * size);
    if (!grown) return PH_EFULL;
    *rows = grown;
    *max = (uint32_t)more;
    return PH_OK;
}

static phg_feed_product *product_of(const phg_feed *f, ph_product_id id)
{
    return id.v == 0 || id.v > f->product_cnt ? NULL : &f->products[id.v - 1];
}

static phg_feed_period *period_of(const phg_feed_product *p, ph_period t)
{
    PH_ASSERT(t >= p->first && t < p->end);
    return &p->ring[t & (p->ring_max - 1)];
}

/* Lists the product among those that have news. */
static ph_status list(phg_feed *f, phg_feed_product *p)
{
    if (p->is_listed) return PH_OK;
    void *rows = f->touched;
    ph_status s = room(&rows, &f->touched_max, sizeof *f->touched, f->touched_cnt + UINT64_C(1));
    f->touched = rows;
    if (s != PH_OK) return s;
    f->touched[f->touched_cnt++].v = (uint32_t)(p - f->products) + 1;
    p->is_listed = true;
    return PH_OK;
}

static ph_status touch(phg_feed *f, phg_feed_product *p, ph_period t)
{
    phg_feed_period *period = period_of(p, t);
    if (period->is_touched) return PH_OK;
    period->is_touched = true;
    if (p->touched_first == p->touched_end) {
        p->touched_first = t;
        p->touched_end = t + 1;
    }
    if (t < p->touched_first) p->touched_first = t;
    if (t >= p->touched_end) p->touched_end = t + 1;
    return list(f, p);
}

static ph_status close_until(phg_feed *f, phg_feed_product *p, ph_period end)
{
    for (ph_period t = p->first > p->closed_end ? p->first : p->closed_end; t < end && t < p->end;
         t++) {
        phg_feed_period *period = period_of(p, t);
        bool was_empty = period->side[0].cnt == 0 && period->side[1].cnt == 0;
        phg_depth_release(&period->side[0]);
        phg_depth_release(&period->side[1]);
        ph_status s = was_empty ? PH_OK : touch(f, p, t);
        if (s != PH_OK) return s;
    }
    if (end > p->closed_end) p->closed_end = end;
    return PH_OK;
}

/* Gives up the places of closed periods: what they held is told. */
static void leave_closed(phg_feed_product *p)
{
    while (p->first < p->closed_end && p->first < p->end)
        p->first++;
    if (p->first == p->end && p->closed_end > p->end) p->first = p->end = p->closed_end;
}

/* Moves the places into a ring that has room for [first, end). */
static ph_status widen(phg_feed_product *p, ph_period first, ph_period end)
{
    uint32_t max = p->ring_max == 0 ? 64 : p->ring_max;
    while (max < end - first)
        max *= 2;
    if (max > PHG_PERIODS_KEPT_MAX) return PH_ECORRUPT;
    if (max != p->ring_max) {
        phg_feed_period *ring = calloc(max, sizeof *ring);
        if (!ring) return PH_EFULL;
        for (ph_period t = p->first; t < p->end; t++)
            ring[t & (max - 1)] = *period_of(p, t);
        free(p->ring);
        p->ring = ring;
        p->ring_max = max;
    }
    p->first = first;
    p->end = end;
    return PH_OK;
}

/* A place for every open period of the window. */
static ph_status reach(phg_feed *f, phg_feed_product *p, ph_window w, ph_time at)
{
    uint64_t gate_ns = p->gate_seconds * PH_NS_PER_S;
    ph_time gate = {at.ns > UINT64_MAX - gate_ns ? UINT64_MAX : at.ns + gate_ns};
    ph_status s = close_until(f, p, ph_period_at(gate, p->period_seconds) + 1);
    if (s != PH_OK) return s;
    ph_period first = w.first > p->closed_end ? w.first : p->closed_end;
    ph_period end = (ph_period)ph_window_end(w);
    if (first >= end) return PH_OK;
    if (p->first == p->end) return widen(p, first, end);
    if (p->first < first) first = p->first;
    if (p->end > end) end = p->end;
    return widen(p, first, end);
}

static uint64_t shown(const phg_resting_order *o, ph_quantity open)
{
    return o->display != 0 && open > o->display ? o->display : open;
}

static ph_status set_open(phg_feed *f, phg_feed_product *p, phg_resting_order *o, ph_period t,
                          ph_quantity open)
{
    uint64_t before = shown(o, phg_resting_open(o, t));
    uint64_t after = shown(o, open);
    ph_status s = phg_resting_set_open(o, t, open);
    if (s != PH_OK || before == after || t < p->closed_end) return s;
    phg_depth *depth = &period_of(p, t)->side[o->side - 1];
    s = before > after ? phg_depth_take(depth, o->side, o->price, before - after)
                       : phg_depth_add(depth, o->side, o->price, after - before);
    return s == PH_OK ? touch(f, p, t) : s;
}

/* Takes the order out of every period that is open. */
static ph_status remove_order(phg_feed *f, phg_feed_product *p, phg_resting_order *o)
{
    ph_period end = (ph_period)ph_window_end(o->window);
    ph_period t = o->window.first > p->closed_end ? o->window.first : p->closed_end;
    for (; t < end; t++) {
        uint64_t quantity = shown(o, phg_resting_open(o, t));
        if (quantity == 0) continue;
        phg_depth *depth = &period_of(p, t)->side[o->side - 1];
        ph_status s = phg_depth_take(depth, o->side, o->price, quantity);
        if (s == PH_OK) s = touch(f, p, t);
        if (s != PH_OK) return s;
    }
    phg_resting_drop(&f->resting, o);
    return PH_OK;
}

static ph_status take_accepted(phg_feed *f, const ph_command *c, const ph_accepted *e)
{
    const ph_new_order *n = &c->u.order;
    phg_feed_product *p = product_of(f, n->product);
    if (c->kind != PH_CMD_NEW_ORDER || !p) return PH_ECORRUPT;
    if (n->shape != PH_SHAPE_EACH) return PH_OK;
    if (n->window.periods == 0 || n->window.periods > PH_EACH_PERIODS_MAX) return PH_ECORRUPT;
    if (ph_window_end(n->window) > UINT32_MAX || n->quantity == 0) return PH_ECORRUPT;
    phg_resting_order o = {
        .order = e->order,
        .product = n->product,
        .side = n->side,
        .price = n->price,
        .window = n->window,
        .quantity = n->quantity,
        .display = n->display_quantity,
    };
    ph_status s = reach(f, p, n->window, c->at);
    if (s == PH_OK) s = phg_resting_put(&f->resting, &o);
    ph_period end = (ph_period)ph_window_end(n->window);
    ph_period t = n->window.first > p->closed_end ? n->window.first : p->closed_end;
    for (; s == PH_OK && t < end; t++) {
        phg_depth *depth = &period_of(p, t)->side[o.side - 1];
        s = phg_depth_add(depth, o.side, o.price, shown(&o, o.quantity));
        if (s == PH_OK) s = touch(f, p, t);
    }
    return s;
}

/* Takes what executed out of one of the two orders. */
static ph_status execute(phg_feed *f, phg_feed_product *p, ph_order_id id, const ph_trade *trade,
                         const ph_event *segments)
{
    phg_resting_order *o = phg_resting_find(&f->resting, id);
    if (!o) return PH_OK; /* a block */
    for (uint32_t i = 0; i < trade->segment_cnt; i++) {
        const ph_segment *g = &segments[i].u.segment;
        for (uint32_t k = 0; k < g->window.periods; k++) {
            ph_period t = g->window.first + k;
            if (!ph_window_has(o->window, t)) return PH_ECORRUPT;
            ph_quantity open = phg_resting_open(o, t);
            if (open < g->quantity) return PH_ECORRUPT;
            ph_status s = set_open(f, p, o, t, open - g->quantity);
            if (s != PH_OK) return s;
        }
    }
    uint64_t leaves = id.v == trade->buy_order.v ? trade->buy_leaves : trade->sell_leaves;
    return leaves == 0 ? remove_order(f, p, o) : PH_OK;
}

static ph_status keep_trade(phg_feed *f, phg_feed_product *p, const ph_command *c,
                            const ph_trade *e, const ph_event *segments)
{
    void *rows = p->trades;
    ph_status s = room(&rows, &p->trade_max, sizeof *p->trades, p->trade_cnt + UINT64_C(1));
    p->trades = rows;
    if (s != PH_OK) return s;
    rows = p->segments;
    s = room(&rows, &p->segment_max, sizeof *p->segments,
             p->segment_cnt + (uint64_t)e->segment_cnt);
    p->segments = rows;
    if (s != PH_OK) return s;
    p->trades[p->trade_cnt++] =
        (phg_feed_trade){e->trade, c->at, e->taker, p->segment_cnt, e->segment_cnt};
    for (uint32_t i = 0; i < e->segment_cnt; i++)
        p->segments[p->segment_cnt++] = segments[i].u.segment;
    return list(f, p);
}

static ph_status take_trade(phg_feed *f, const ph_command *c, phg_event_at events)
{
    const ph_trade *e = &events.v[events.at].u.trade;
    const ph_event *segments = &events.v[events.at + 1];
    phg_feed_product *p = product_of(f, e->product);
    if (!p || e->segment_cnt > events.cnt - events.at - 1) return PH_ECORRUPT;
    for (uint32_t i = 0; i < e->segment_cnt; i++)
        if (segments[i].kind != PH_EVT_SEGMENT) return PH_ECORRUPT;
    ph_status s = execute(f, p, e->buy_order, e, segments);
    if (s == PH_OK) s = execute(f, p, e->sell_order, e, segments);
    if (s == PH_OK && f->is_live) s = keep_trade(f, p, c, e, segments);
    return s;
}

static ph_status take_cancelled(phg_feed *f, const ph_cancelled *e)
{
    phg_resting_order *o = phg_resting_find(&f->resting, e->order);
    if (!o) return PH_OK; /* a block */
    phg_feed_product *p = product_of(f, o->product);
    PH_ASSERT(p);
    return remove_order(f, p, o);
}

static ph_status take_period_lost(phg_feed *f, const ph_period_lost *e)
{
    phg_resting_order *o = phg_resting_find(&f->resting, e->order);
    if (!o || !ph_window_has(o->window, e->period)) return PH_ECORRUPT;
    ph_quantity open = phg_resting_open(o, e->period);
    if (open < e->quantity) return PH_ECORRUPT;
    phg_feed_product *p = product_of(f, o->product);
    PH_ASSERT(p);
    return set_open(f, p, o, e->period, open - e->quantity);
}

static ph_status take_phase(phg_feed *f, const ph_phase_changed *e)
{
    phg_feed_product *p = product_of(f, e->product);
    if (!p) return PH_ECORRUPT;
    p->phase = e->phase;
    p->is_phase_new = true;
    return list(f, p);
}

static ph_status take_product(phg_feed *f, const ph_product_terms *terms)
{
    if (terms->id.v != f->product_cnt + 1) return PH_ECORRUPT;
    void *rows = f->products;
    ph_status s = room(&rows, &f->product_max, sizeof *f->products, f->product_cnt + UINT64_C(1));
    f->products = rows;
    if (s != PH_OK) return s;
    f->products[f->product_cnt++] = (phg_feed_product){
        .period_seconds = terms->period_seconds,
        .gate_seconds = terms->gate_seconds,
        .phase = PH_PHASE_OPEN,
    };
    return PH_OK;
}

ph_status phg_feed_take(phg_feed *f, const ph_command *c, phg_event_at events)
{
    const ph_event *e = &events.v[events.at];
    f->seq = c->seq;
    switch (e->kind) {
    case PH_EVT_ACCEPTED: return take_accepted(f, c, &e->u.accepted);
    case PH_EVT_DONE:
        return c->kind == PH_CMD_LIST_PRODUCT ? take_product(f, &c->u.product) : PH_OK;
    case PH_EVT_CANCELLED: return take_cancelled(f, &e->u.cancelled);
    case PH_EVT_PERIOD_LOST: return take_period_lost(f, &e->u.period_lost);
    case PH_EVT_TRADE: return take_trade(f, c, events);
    case PH_EVT_GATE_CLOSED: {
        phg_feed_product *p = product_of(f, e->u.gate_closed.product);
        if (!p || e->u.gate_closed.period == UINT32_MAX) return PH_ECORRUPT;
        return close_until(f, p, e->u.gate_closed.period + 1);
    }
    case PH_EVT_PHASE_CHANGED: return take_phase(f, &e->u.phase_changed);
    case PH_EVT_REJECTED:
    case PH_EVT_SEGMENT:
    case PH_EVT_TRANSFER:
    case PH_EVT_REPLACED:
    case PH_EVT_CLIP_SHOWN:
    case PH_EVT_DELIVERY:
    case PH_EVT_DELIVERY_FINAL:
    case PH_EVT_TERMS_SET:
    case PH_EVT_REFERENCE_SET: return PH_OK;
    }
    return PH_ECORRUPT;
}

ph_status phg_feed_go_live(phg_feed *f, uint64_t epoch)
{
    PH_ASSERT(!f->is_live);
    ph_status s = phg_feed_publish(f, NULL, NULL);
    if (s != PH_OK) return s;
    f->runs = calloc(PHG_RUNS_PER_FRAME_MAX, sizeof *f->runs);
    if (!f->runs) return PH_EFULL;
    f->epoch = epoch;
    f->is_live = true;
    return PH_OK;
}

/* ---- Frames ------------------------------------------------------------------------------- */

typedef struct {
    phg_feed *feed;
    phg_feed_product *product;
    phg_feed_emit emit;
    void *arg;
    uint32_t cost, trade_cnt, run_cnt;
    ph_phase phase;
    phg_public_trade trades[TRADES_PER_FRAME_MAX];
} frame;

static void flush(frame *f)
{
    if (f->cost == 0 && f->phase == 0) return;
    PH_ASSERT(f->emit != NULL); /* before it is live nothing is gathered */
    phg_picture picture = {
        .product = {(uint32_t)(f->product - f->feed->products) + 1},
        .number = ++f->product->number,
        .epoch = f->feed->epoch,
        .seq = f->feed->seq,
        .trades = f->trades,
        .trade_cnt = f->trade_cnt,
        .runs = f->feed->runs,
        .run_cnt = f->run_cnt,
        .phase = f->phase,
    };
    f->emit(f->arg, &picture);
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
        if (f->cost + cost > COST_MAX || f->trade_cnt == TRADES_PER_FRAME_MAX) flush(f);
        f->trades[f->trade_cnt++] =
            (phg_public_trade){trade->trade, trade->at, trade->taker,
                               f->product->segments + trade->segment_first + first, cnt};
        f->cost += cost;
        first += cnt;
    } while (first < trade->segment_cnt);
}

static void add_run(frame *f, phg_run run)
{
    if (f->cost + COST_RUN > COST_MAX || f->run_cnt == PHG_RUNS_PER_FRAME_MAX) flush(f);
    f->feed->runs[f->run_cnt++] = run;
    f->cost += COST_RUN;
}

static phg_best best_of(const phg_feed_period *period)
{
    phg_level bid = phg_depth_best(&period->side[0]), ask = phg_depth_best(&period->side[1]);
    return (phg_best){bid.price, ask.price, bid.quantity, ask.quantity};
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
        phg_feed_period *period = period_of(p, t);
        if (!period->is_touched) continue;
        period->is_touched = false;
        phg_best best = best_of(period);
        if (!is_same(best, period->told) && is_live) extend(f, &run, t, best);
        period->told = best;
    }
    if (run.window.periods != 0) add_run(f, run);
    p->touched_first = p->touched_end = 0;
    leave_closed(p);
}

ph_status phg_feed_publish(phg_feed *f, phg_feed_emit emit, void *arg)
{
    for (uint32_t i = 0; i < f->touched_cnt; i++) {
        phg_feed_product *p = product_of(f, f->touched[i]);
        frame out = {.feed = f, .product = p, .emit = emit, .arg = arg};
        p->is_listed = false;
        if (f->is_live && p->is_phase_new) out.phase = p->phase;
        p->is_phase_new = false;
        for (uint32_t k = 0; k < p->trade_cnt; k++)
            add_trade(&out, &p->trades[k]);
        tell_touched(&out, f->is_live);
        flush(&out);
        p->trade_cnt = p->segment_cnt = 0;
    }
    f->touched_cnt = 0;
    return PH_OK;
}

ph_status phg_feed_snapshot(phg_feed *f, ph_product_id id, phg_feed_emit emit, void *arg)
{
    phg_feed_product *p = product_of(f, id);
    if (!p || !f->is_live) return PH_OK;
    frame out = {.feed = f, .product = p, .emit = emit, .arg = arg, .phase = p->phase};
    phg_run run = {0};
    for (ph_period t = p->first; t < p->end; t++)
        extend(&out, &run, t, period_of(p, t)->told);
    if (run.window.periods != 0) add_run(&out, run);
    flush(&out);
    return PH_OK;
}

uint64_t phg_feed_open(const phg_feed *f, ph_order_id id)
{
    const phg_resting_order *o = phg_resting_find(&f->resting, id);
    if (!o) return 0;
    const phg_feed_product *p = product_of(f, o->product);
    uint64_t open = 0;
    for (uint32_t i = 0; i < o->window.periods; i++)
        if (o->window.first + i >= p->closed_end) open += phg_resting_open(o, o->window.first + i);
    return open;
}

phg_best phg_feed_best(const phg_feed *f, ph_product_id id, ph_period t)
{
    const phg_feed_product *p = product_of(f, id);
    if (!p || t < p->first || t >= p->end) return (phg_best){0};
    return best_of(period_of(p, t));
}
