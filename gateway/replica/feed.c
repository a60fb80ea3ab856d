/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/feed.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "gateway/bounds.h"
#include "gateway/replica/book_sum.h"
#include "gateway/replica/feed_parts.h"

#include <stdlib.h>
#include <string.h>

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
        free(p->orders);
        free(p->changes);
        phg_blocks_release(&p->blocks);
        phg_candles_release(&p->candles);
        phg_period_candles_release(&p->period_candles);
    }
    phg_resting_release(&f->resting);
    phg_feed_grades_release(f);
    free(f->products);
    free(f->closed);
    free(f->touched);
    free(f->runs);
    free(f->levels);
    free(f->blocks);
    free(f->statistics);
    free(f->candles);
    free(f->members);
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

ph_status phg_feed_list(phg_feed *f, phg_feed_product *p)
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

ph_status phg_feed_touch(phg_feed *f, phg_feed_product *p, ph_period t)
{
    phg_feed_period *period = phg_feed_period_of(p, t);
    if (period->is_touched) return PH_OK;
    period->is_touched = true;
    if (p->touched_first == p->touched_end) {
        p->touched_first = t;
        p->touched_end = t + 1;
    }
    if (t < p->touched_first) p->touched_first = t;
    if (t >= p->touched_end) p->touched_end = t + 1;
    return phg_feed_list(f, p);
}

/* Notes that what stands at a price may have changed in [first, end). */
static ph_status change(phg_feed *f, phg_feed_product *p, phg_feed_change c)
{
    p->depth.has_news = true;
    if (!f->is_live || !p->depth.is_followed) return PH_OK;
    return phg_feed_note(&p->changes, &p->change_cnt, &p->change_max, c);
}

/* Puts a quantity into the depth of a period, or takes it out. */
static ph_status shift(phg_feed *f, phg_feed_product *p, const phg_resting_order *o, ph_period t,
                       int64_t by)
{
    phg_depth *depth = &phg_feed_period_of(p, t)->side[o->side - 1];
    uint64_t before = p->depth.is_followed ? phg_depth_at(depth, o->side, o->price) : 0;
    ph_status s = by > 0 ? phg_depth_add(depth, o->side, o->price, (uint64_t)by)
                         : phg_depth_take(depth, o->side, o->price, (uint64_t)-by);
    if (s != PH_OK) return s;
    if (p->depth.is_followed) {
        uint64_t after = before + (uint64_t)by;
        p->depth.checksum += phg_sum_level(o->side, t, o->price, after) -
                             phg_sum_level(o->side, t, o->price, before);
    }
    const phg_feed_change at = {o->side, o->price, t, t + 1};
    s = change(f, p, at);
    if (s == PH_OK) s = phg_feed_grade_shift(f, p, at, by);
    return s == PH_OK ? phg_feed_touch(f, p, t) : s;
}

/* Forgets what stood on one side of a closed period. */
static ph_status empty_side(phg_feed *f, phg_feed_product *p, ph_period t, ph_side side)
{
    phg_depth *depth = &phg_feed_period_of(p, t)->side[side - 1];
    ph_status s = PH_OK;
    if (depth->cnt != 0) p->depth.has_news = true;
    for (uint32_t i = 0; i < depth->cnt && s == PH_OK; i++) {
        const phg_level *level = &depth->v[i];
        if (p->depth.is_followed)
            p->depth.checksum -= phg_sum_level(side, t, level->price, level->quantity);
        s = phg_feed_grade_shift(f, p, (phg_feed_change){side, level->price, t, t + 1},
                                 -(int64_t)level->quantity);
    }
    phg_depth_release(depth);
    return s;
}

/* Forgets what a closed period had. */
static ph_status empty(phg_feed *f, phg_feed_product *p, ph_period t)
{
    phg_feed_period *period = phg_feed_period_of(p, t);
    ph_status s = empty_side(f, p, t, PH_SIDE_BUY);
    if (s == PH_OK) s = empty_side(f, p, t, PH_SIDE_SELL);
    if (s != PH_OK || phg_statistics_is_empty(&period->statistics)) return s;
    p->statistics.has_news = true;
    p->statistics.checksum -= period->statistics_sum;
    p->open_interest -= period->statistics.open_interest;
    period->statistics = (phg_statistics){0};
    period->statistics_sum = 0;
    period->has_traded = false;
    return PH_OK;
}

static ph_status close_until(phg_feed *f, phg_feed_product *p, ph_period end)
{
    for (ph_period t = p->first > p->closed_end ? p->first : p->closed_end; t < end && t < p->end;
         t++) {
        phg_feed_period *period = phg_feed_period_of(p, t);
        bool was_empty = period->side[0].cnt == 0 && period->side[1].cnt == 0 &&
                         phg_statistics_is_empty(&period->statistics);
        ph_status s = empty(f, p, t);
        if (s == PH_OK && !was_empty) s = phg_feed_touch(f, p, t);
        if (s != PH_OK) return s;
    }
    bool had_candles = false;
    ph_status s = PH_OK;
    if (end > p->closed_end) s = phg_period_candles_close(&p->period_candles, end, &had_candles);
    if (s == PH_OK && had_candles) {
        p->period_trading.has_news = true;
        s = phg_feed_list(f, p);
    }
    if (s != PH_OK) return s;
    if (end > p->closed_end) p->closed_end = end;
    if (end > p->closed_news) p->closed_news = end;
    return PH_OK;
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
            ring[t & (max - 1)] = *phg_feed_period_of(p, t);
        free(p->ring);
        p->ring = ring;
        p->ring_max = max;
    }
    p->first = first;
    p->end = end;
    return PH_OK;
}

/* A place for every open period of the window. */
ph_status phg_feed_reach(phg_feed *f, phg_feed_product *p, ph_window w, ph_time at)
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

/* ---- Orders that rest ---------------------------------------------------------------------- */

static ph_status list_order(phg_feed_product *p, phg_resting_order *o)
{
    void *rows = p->orders;
    ph_status s = room(&rows, &p->order_max, sizeof *p->orders, p->order_cnt + UINT64_C(1));
    p->orders = rows;
    if (s != PH_OK) return s;
    o->listed_at = p->order_cnt;
    p->orders[p->order_cnt++] = o->order;
    return PH_OK;
}

static void unlist_order(phg_feed *f, phg_feed_product *p, const phg_resting_order *o)
{
    ph_order_id last = p->orders[--p->order_cnt];
    phg_resting_order *moved = phg_resting_find(&f->resting, last);
    PH_ASSERT(moved && o->listed_at <= p->order_cnt);
    p->orders[o->listed_at] = last;
    moved->listed_at = o->listed_at;
}

/* First period of the order that is open. */
static ph_period open_first(const phg_feed_product *p, const phg_resting_order *o)
{
    return o->window.first > p->closed_end ? o->window.first : p->closed_end;
}

static uint64_t open_of(const phg_feed_product *p, const phg_resting_order *o)
{
    ph_period end = (ph_period)ph_window_end(o->window), t = open_first(p, o);
    uint64_t open = 0;
    if (!o->periods) return t < end ? (uint64_t)o->quantity * (end - t) : 0;
    for (; t < end; t++)
        open += phg_resting_open(o, t);
    return open;
}

/* Puts what every open period of the order shows into the depth, or takes it out. */
static ph_status stand(phg_feed *f, phg_feed_product *p, const phg_resting_order *o, bool in)
{
    ph_period end = (ph_period)ph_window_end(o->window);
    ph_status s = PH_OK;
    for (ph_period t = open_first(p, o); s == PH_OK && t < end; t++) {
        uint64_t quantity = phg_resting_shown(o, t);
        if (quantity != 0) s = shift(f, p, o, t, in ? (int64_t)quantity : -(int64_t)quantity);
    }
    return s;
}

static ph_status set_period(phg_feed *f, phg_feed_product *p, phg_resting_order *o, ph_period t,
                            phg_resting_period now)
{
    uint64_t before = phg_resting_shown(o, t);
    phg_resting_period *record = phg_resting_period_of(o, t);
    if (!record) return PH_EFULL;
    *record = now;
    uint64_t after = phg_resting_shown(o, t);
    if (before == after || t < p->closed_end) return PH_OK;
    return shift(f, p, o, t, (int64_t)after - (int64_t)before);
}

/* Takes the order out of every period that is open. */
static ph_status remove_order(phg_feed *f, phg_feed_product *p, phg_resting_order *o)
{
    ph_status s = stand(f, p, o, false);
    if (s != PH_OK) return s;
    unlist_order(f, p, o);
    phg_resting_drop(&f->resting, o);
    return PH_OK;
}

static ph_status take_accepted(phg_feed *f, const ph_command *c, const ph_accepted *e)
{
    bool is_group = c->kind == PH_CMD_NEW_GROUP;
    if (!is_group && c->kind != PH_CMD_NEW_ORDER) return PH_ECORRUPT;
    if (is_group && f->member >= c->u.group.cnt) return PH_ECORRUPT;
    const ph_new_order *n = is_group ? &c->u.group.v[f->member++] : &c->u.order;
    phg_feed_product *p = phg_feed_product_of(f, n->product);
    if (!p) return PH_ECORRUPT;
    if (n->shape != PH_SHAPE_EACH) return phg_feed_put_block(f, p, e->order, n);
    if (n->window.periods == 0 || n->window.periods > PH_EACH_PERIODS_MAX) return PH_ECORRUPT;
    if (ph_window_end(n->window) > UINT32_MAX || n->quantity == 0) return PH_ECORRUPT;
    phg_resting_order o = {
        .order = e->order,
        .participant = c->sender,
        .client_order_id = n->client_order_id,
        .place = e->place,
        .product = n->product,
        .side = n->side,
        .price = n->price,
        .window = n->window,
        .quantity = n->quantity,
        .display = n->display_quantity,
    };
    ph_status s = phg_feed_reach(f, p, n->window, c->at);
    if (s == PH_OK && phg_resting_find(&f->resting, o.order)) s = PH_ECORRUPT;
    if (s == PH_OK) s = list_order(p, &o);
    if (s == PH_OK) s = phg_resting_put(&f->resting, &o);
    if (s != PH_OK) return s;
    f->arriving = o.order;
    return stand(f, p, &o, true);
}

/* An order that got a new place was put in again: nothing of it is half shown. */
static ph_status take_replaced(phg_feed *f, const ph_command *c, const ph_replaced *e)
{
    phg_resting_order *o = phg_resting_find(&f->resting, e->order);
    phg_feed_product *p = phg_feed_product_of(f, o ? o->product : e->product);
    if (!p) return PH_ECORRUPT;
    if (!o) return phg_feed_set_block(f, p, e->order, e->price, e->unit_periods);
    ph_status s = phg_feed_reach(f, p, o->window, c->at);
    if (s == PH_OK) s = stand(f, p, o, false);
    if (s != PH_OK) return s;
    o->price = e->price;
    o->quantity = e->quantity;
    if (o->place != e->place) {
        o->place = e->place;
        f->arriving = o->order;
        for (uint32_t i = 0; o->periods && i < o->window.periods; i++)
            o->periods[i].shown = phg_resting_clip(o, phg_resting_open(o, o->window.first + i));
    }
    if (open_of(p, o) != e->unit_periods) return PH_ECORRUPT;
    return stand(f, p, o, true);
}

/* Takes what executed in one period.  An order that rested shows what is left of its clip; if it
   is used up, what it shows next is told (CLIP_SHOWN). */
static ph_status execute_period(phg_feed *f, phg_feed_product *p, phg_resting_order *o, ph_period t,
                                ph_quantity units)
{
    if (!ph_window_has(o->window, t)) return PH_ECORRUPT;
    ph_quantity open = phg_resting_open(o, t), shown = phg_resting_shown(o, t);
    if (open < units) return PH_ECORRUPT;
    bool is_cut = o->order.v != f->arriving.v && units < shown;
    phg_resting_period now = {
        .executed = o->quantity - open + units,
        .shown = is_cut ? shown - units : phg_resting_clip(o, open - units),
    };
    return set_period(f, p, o, t, now);
}

/* Takes what executed out of one of the two orders. */
static ph_status execute(phg_feed *f, phg_feed_product *p, ph_order_id id, const ph_trade *trade,
                         const ph_event *segments)
{
    phg_resting_order *o = phg_resting_find(&f->resting, id);
    uint64_t leaves = id.v == trade->buy_order.v ? trade->buy_leaves : trade->sell_leaves;
    if (!o) return phg_feed_set_block(f, p, id, 0, leaves);
    for (uint32_t i = 0; i < trade->segment_cnt; i++) {
        const ph_segment *g = &segments[i].u.segment;
        for (uint32_t k = 0; k < g->window.periods; k++) {
            ph_status s = execute_period(f, p, o, g->window.first + k, g->quantity);
            if (s != PH_OK) return s;
        }
    }
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
    p->trades[p->trade_cnt++] = (phg_feed_trade){e->trade,       c->at,          e->taker,
                                                 p->segment_cnt, e->segment_cnt, p->trades_so_far};
    for (uint32_t i = 0; i < e->segment_cnt; i++)
        p->segments[p->segment_cnt++] = segments[i].u.segment;
    return phg_feed_list(f, p);
}

static ph_status take_trade(phg_feed *f, const ph_command *c, phg_event_at events)
{
    const ph_trade *e = &events.v[events.at].u.trade;
    const ph_event *segments = &events.v[events.at + 1];
    phg_feed_product *p = phg_feed_product_of(f, e->product);
    if (!p || e->segment_cnt > events.cnt - events.at - 1) return PH_ECORRUPT;
    for (uint32_t i = 0; i < e->segment_cnt; i++)
        if (segments[i].kind != PH_EVT_SEGMENT) return PH_ECORRUPT;
    ph_status s = phg_feed_count(f, p, c, e, segments);
    if (s == PH_OK) s = execute(f, p, e->buy_order, e, segments);
    if (s == PH_OK) s = execute(f, p, e->sell_order, e, segments);
    if (s == PH_OK && f->is_live) s = keep_trade(f, p, c, e, segments);
    return s;
}

static ph_status take_cancelled(phg_feed *f, const ph_cancelled *e)
{
    phg_resting_order *o = phg_resting_find(&f->resting, e->order);
    phg_feed_product *p = phg_feed_product_of(f, o ? o->product : e->product);
    if (!p) return PH_ECORRUPT;
    return o ? remove_order(f, p, o) : phg_feed_set_block(f, p, e->order, 0, 0);
}

static ph_status take_period_lost(phg_feed *f, const ph_period_lost *e)
{
    phg_resting_order *o = phg_resting_find(&f->resting, e->order);
    if (!o || !ph_window_has(o->window, e->period)) return PH_ECORRUPT;
    if (phg_resting_open(o, e->period) < e->quantity) return PH_ECORRUPT;
    phg_feed_product *p = phg_feed_product_of(f, o->product);
    PH_ASSERT(p);
    return set_period(f, p, o, e->period, (phg_resting_period){.executed = PHG_PERIOD_LOST});
}

static ph_status take_clip(phg_feed *f, const ph_clip_shown *e)
{
    phg_resting_order *o = phg_resting_find(&f->resting, e->order);
    if (!o || o->display == 0 || !ph_window_has(o->window, e->period)) return PH_ECORRUPT;
    ph_quantity open = phg_resting_open(o, e->period);
    if (e->quantity > open || e->quantity > o->display) return PH_ECORRUPT;
    phg_feed_product *p = phg_feed_product_of(f, o->product);
    PH_ASSERT(p);
    phg_resting_period now = {.executed = o->quantity - open, .shown = e->quantity};
    return set_period(f, p, o, e->period, now);
}

static int by_order(const void *va, const void *vb)
{
    const phg_feed_closed *a = va, *b = vb;
    return a->order.v < b->order.v ? -1 : a->order.v > b->order.v;
}

/* Finds the orders that lose something, then gives the period up. */
static ph_status take_gate(phg_feed *f, const ph_gate_closed *e)
{
    phg_feed_product *p = phg_feed_product_of(f, e->product);
    if (!p || e->period == UINT32_MAX) return PH_ECORRUPT;
    void *rows = f->closed;
    ph_status s = room(&rows, &f->closed_max, sizeof *f->closed, p->order_cnt);
    f->closed = rows;
    if (s != PH_OK) return s;
    for (uint32_t i = 0; i < p->order_cnt && e->period >= p->closed_end; i++) {
        const phg_resting_order *o = phg_resting_find(&f->resting, p->orders[i]);
        PH_ASSERT(o);
        ph_quantity ended =
            ph_window_has(o->window, e->period) ? phg_resting_open(o, e->period) : 0;
        if (ended == 0) continue;
        f->closed[f->closed_cnt++] = (phg_feed_closed){o->order, o->participant, o->client_order_id,
                                                       ended, open_of(p, o) - ended};
    }
    if (f->closed_cnt > 1) qsort(f->closed, f->closed_cnt, sizeof *f->closed, by_order);
    s = phg_feed_news_of_blocks(f, p, phg_blocks_shorten(&p->blocks, e->period + 1));
    return s == PH_OK ? close_until(f, p, e->period + 1) : s;
}

/* Nothing rests in a product whose terms change; periods that a shorter gate leaves open are open
   again. */
static ph_status take_terms(phg_feed *f, const ph_command *c, const ph_terms_set *e)
{
    phg_feed_product *p = phg_feed_product_of(f, e->product);
    if (!p || p->order_cnt != 0 || c->kind != PH_CMD_SET_TERMS) return PH_ECORRUPT;
    p->gate_seconds = c->u.product.gate_seconds;
    p->closed_end = 0;
    return PH_OK;
}

static ph_status take_phase(phg_feed *f, const ph_phase_changed *e)
{
    phg_feed_product *p = phg_feed_product_of(f, e->product);
    if (!p) return PH_ECORRUPT;
    p->phase = e->phase;
    p->is_phase_new = true;
    p->statistics.has_news = true;
    return phg_feed_list(f, p);
}

static ph_status take_reference(phg_feed *f, const ph_reference_set *e)
{
    phg_feed_product *p = phg_feed_product_of(f, e->product);
    if (!p) return PH_ECORRUPT;
    p->reference = e->price;
    p->statistics.has_news = true;
    return phg_feed_list(f, p);
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
        .reference = terms->reference_price,
        .phase = PH_PHASE_OPEN,
        .prices.is_followed = f->all_prices,
        .depth.is_followed = f->all_depth,
        .statistics.is_followed = f->all_statistics,
        .trading.is_followed = f->all_candles,
        .period_trading.is_followed = f->all_period_candles,
        .period_candles.is_followed = f->all_period_candles,
    };
    return PH_OK;
}

ph_status phg_feed_take(phg_feed *f, const ph_command *c, phg_event_at events)
{
    const ph_event *e = &events.v[events.at];
    if (f->seq != c->seq) {
        f->arriving.v = 0;
        f->member = 0;
    }
    f->seq = c->seq;
    f->closed_cnt = 0;
    switch (e->kind) {
    case PH_EVT_ACCEPTED: return take_accepted(f, c, &e->u.accepted);
    case PH_EVT_REPLACED: return take_replaced(f, c, &e->u.replaced);
    case PH_EVT_DONE:
        return c->kind == PH_CMD_LIST_PRODUCT ? take_product(f, &c->u.product) : PH_OK;
    case PH_EVT_CANCELLED: return take_cancelled(f, &e->u.cancelled);
    case PH_EVT_PERIOD_LOST: return take_period_lost(f, &e->u.period_lost);
    case PH_EVT_CLIP_SHOWN: return take_clip(f, &e->u.clip_shown);
    case PH_EVT_TRADE: return take_trade(f, c, events);
    case PH_EVT_GATE_CLOSED: return take_gate(f, &e->u.gate_closed);
    case PH_EVT_PHASE_CHANGED: return take_phase(f, &e->u.phase_changed);
    case PH_EVT_TERMS_SET: return take_terms(f, c, &e->u.terms_set);
    case PH_EVT_REJECTED:
    case PH_EVT_SEGMENT:
    case PH_EVT_TRANSFER:
    case PH_EVT_DELIVERY:
    case PH_EVT_DELIVERY_FINAL: return PH_OK;
    case PH_EVT_REFERENCE_SET: return take_reference(f, &e->u.reference_set);
    }
    return PH_ECORRUPT;
}

ph_status phg_feed_go_live(phg_feed *f, uint64_t epoch)
{
    PH_ASSERT(!f->is_live);
    ph_status s = phg_feed_publish(f, NULL, NULL);
    if (s != PH_OK) return s;
    f->runs = calloc(PHG_RUNS_PER_FRAME_MAX, sizeof *f->runs);
    f->levels = calloc(PHG_ROWS_PER_FRAME_MAX, sizeof *f->levels);
    f->blocks = calloc(PHG_ROWS_PER_FRAME_MAX, sizeof *f->blocks);
    f->statistics = calloc(PHG_ROWS_PER_FRAME_MAX, sizeof *f->statistics);
    f->candles = calloc(PHG_ROWS_PER_FRAME_MAX, sizeof *f->candles);
    f->members = calloc(PHG_ROWS_PER_FRAME_MAX, sizeof *f->members);
    if (!f->runs || !f->levels || !f->blocks || !f->statistics || !f->candles || !f->members)
        return PH_EFULL;
    f->epoch = epoch;
    f->is_live = true;
    return PH_OK;
}

uint64_t phg_feed_open(const phg_feed *f, ph_order_id id)
{
    const phg_resting_order *o = phg_resting_find(&f->resting, id);
    return o ? open_of(phg_feed_product_of(f, o->product), o) : 0;
}

phg_best phg_feed_best(const phg_feed *f, ph_product_id id, ph_period t)
{
    const phg_feed_product *p = phg_feed_product_of(f, id);
    if (!p || t < p->first || t >= p->end) return (phg_best){0};
    return phg_feed_best_of(phg_feed_period_of(p, t));
}
