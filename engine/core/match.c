/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/match.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/column.h"
#include "engine/core/fill.h"
#include "engine/core/group.h"
#include "engine/core/match_block.h"
#include "engine/core/offer.h"
#include "engine/core/reach.h"

void ph_match_init(ph_market *m, ph_arena *a)
{
    m->heap = ph_arena_take(a, PH_EACH_PERIODS_MAX, sizeof m->heap[0]);
    m->heap_keys = ph_arena_take(a, PH_EACH_PERIODS_MAX, sizeof m->heap_keys[0]);
}

/* An order with key a trades with one of the other side with key b if and only if both limits are
   kept: the buyer's price is at least the seller's. */
static bool accepts(int64_t a, int64_t b)
{
    return a + b >= 0;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- Periods of an incoming EACH order that can trade, best first, then earliest ---------- */

static bool heap_before(const ph_market *m, uint32_t a, uint32_t b)
{
    if (m->heap_keys[a] != m->heap_keys[b]) return m->heap_keys[a] > m->heap_keys[b];
    return m->heap[a] < m->heap[b];
}

static void heap_swap(ph_market *m, uint32_t a, uint32_t b)
{
    ph_period t = m->heap[a];
    int64_t key = m->heap_keys[a];
    m->heap[a] = m->heap[b];
    m->heap_keys[a] = m->heap_keys[b];
    m->heap[b] = t;
    m->heap_keys[b] = key;
}

static void heap_sink(ph_market *m, uint32_t i)
{
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= m->heap_cnt) return;
        if (child + 1 < m->heap_cnt && heap_before(m, child + 1, child)) child++;
        if (!heap_before(m, child, i)) return;
        heap_swap(m, i, child);
        i = child;
    }
}

static void heap_pop(ph_market *m)
{
    m->heap_cnt--;
    heap_swap(m, 0, m->heap_cnt);
    heap_sink(m, 0);
}

/* The best key of periods, and how many have it; whether blocks touch any period of the window. */
typedef struct {
    int64_t key;
    uint32_t cnt;
    uint32_t touching;
} ph_front;

static void front_add(ph_front *f, int64_t key)
{
    f->cnt = key > f->key ? 1 : f->cnt + (key == f->key);
    f->key = key > f->key ? key : f->key;
}

/* The periods in which the order can trade, by time. */
static ph_front gather_periods(ph_market *m, const ph_order *o, const ph_book_side *other)
{
    ph_front front = {.key = PH_KEY_NONE, .cnt = 0, .touching = 0};
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < o->window.periods; i++) {
        ph_period t = o->window.first + i;
        const ph_book_period *p = ph_book_at(other, ph_ring(m, t));
        int64_t best = p->best;
        front.touching |= p->touching;
        if (best == PH_KEY_NONE || !accepts(o->key, best)) continue;
        m->heap[cnt] = t;
        m->heap_keys[cnt] = best;
        cnt++;
        front_add(&front, best);
    }
    m->heap_cnt = cnt;
    return front;
}

static void heap_build(ph_market *m)
{
    for (uint32_t i = m->heap_cnt / 2; i > 0; i--)
        heap_sink(m, i - 1);
}

/* The period candidate: while the command runs the other side only loses orders, so a key that
   changed since it was put on the heap is now worse and sinks.  False when there is none. */
static bool period_candidate(ph_market *m, const ph_order *o, const ph_book_side *other,
                             ph_period *ret)
{
    while (m->heap_cnt > 0) {
        ph_period t = m->heap[0];
        int64_t best = ph_book_at(other, ph_ring(m, t))->best;
        bool over = m->nodes[ph_order_node(o, t)].open == 0 || best == PH_KEY_NONE ||
                    !accepts(o->key, best);
        if (over) {
            heap_pop(m);
        } else if (best != m->heap_keys[0]) {
            m->heap_keys[0] = best;
            heap_sink(m, 0);
        } else {
            *ret = t;
            return true;
        }
    }
    return false;
}

/* ---- Incoming EACH ------------------------------------------------------------------------ */

/* False when the step would pass the bound: the incoming order then ends. */
static bool execute(ph_market *m, const ph_encounter *x, uint32_t *at)
{
    if (!ph_fill_execute(m, x, at)) return false;
    const ph_order *maker = &m->orders[m->nodes[x->resting].order];
    m->last_price = ph_price_of(maker->key);
    m->last_price_product = maker->product;
    return true;
}

static ph_encounter meet(const ph_market *m, const ph_order *o, uint32_t node, ph_period t)
{
    uint32_t mine = ph_order_node(o, t);
    return (ph_encounter){.incoming = mine,
                          .resting = node,
                          .window = {t, 1},
                          .units = min_u32(ph_book_shown(m, node), m->nodes[mine].open)};
}

static bool trade_block(ph_market *m, uint32_t incoming, const ph_offer *offer)
{
    ph_fill_step step = {0};
    ph_offer_record(m, incoming, offer, &step);
    if (step.cnt > PH_FILLS_PER_COMMAND_MAX) {
        ph_fill_end(m, offer->block, PH_CANCEL_FILL_LIMIT);
        return true;
    }
    if (step.too_many) return false;
    ph_fill_apply(m, &step);
    ph_group_executed(m, offer->block);
    return true;
}

static void prevent_self_trade(ph_market *m, uint32_t incoming, uint32_t resting, ph_period t)
{
    if (m->orders[incoming].stp == PH_STP_CANCEL_RESTING)
        ph_fill_end(m, resting, PH_CANCEL_SELF_TRADE);
    else
        ph_fill_lose(m, incoming, t, PH_CANCEL_SELF_TRADE);
}

static bool any_blocks(const ph_order *o, const ph_market *m)
{
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    if (other->blocks.cnt == 0) return false;
    for (uint32_t i = 0; i < o->window.periods; i++) {
        if (ph_book_at(other, ph_ring(m, o->window.first + i))->touching > 0) return true;
    }
    return false;
}

/* What the incoming order meets next. */
typedef struct {
    bool exists;
    bool is_block;
    ph_offer offer; /* is_block */
    ph_period t;    /* otherwise, with the first node of its queue */
    uint32_t node;
} meeting;

static meeting next_meeting(ph_market *m, uint32_t incoming, bool blocks)
{
    const ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    meeting next = {.offer = {.block = PH_NONE}, .node = PH_NODE_NONE};
    if (blocks) next.offer = ph_offer_best(m, incoming);
    bool period = period_candidate(m, o, other, &next.t);
    next.is_block = next.offer.block != PH_NONE;
    next.exists = period || next.is_block;
    if (!period) return next;
    next.node = ph_book_level(m, &ph_book_at(other, ph_ring(m, next.t))->ladder, 0)->head;
    int64_t key = m->heap_keys[0];
    if (next.is_block &&
        (key > next.offer.key || (key == next.offer.key &&
                                  ph_book_place(m, next.node) < m->orders[next.offer.block].place)))
        next.is_block = false;
    return next;
}

static bool is_own(const ph_market *m, uint32_t incoming, const meeting *x)
{
    return !x->is_block &&
           m->orders[m->nodes[x->node].order].participant == m->orders[incoming].participant;
}

/* An execution that would print outside the band halts the product instead. */
static bool halts(ph_market *m, ph_order *o, int64_t key)
{
    const ph_product *p = &m->products[o->product];
    if (ph_match_in_band(p, ph_price_of(key), NULL)) return false;
    m->halts = o->product;
    o->ends = PH_CANCEL_BAND;
    return true;
}

static void match_all(ph_market *m, uint32_t incoming, bool blocks)
{
    ph_order *o = &m->orders[incoming];
    while (o->left > 0) {
        if (blocks && !ph_reach_count(m)) {
            o->ends = PH_CANCEL_WORK_LIMIT;
            return;
        }
        meeting next = next_meeting(m, incoming, blocks);
        if (!next.exists) return;
        bool fits = true;
        if (next.is_block) {
            fits = trade_block(m, incoming, &next.offer);
        } else if (is_own(m, incoming, &next)) {
            prevent_self_trade(m, incoming, m->nodes[next.node].order, next.t);
        } else {
            if (halts(m, o, m->heap_keys[0])) return;
            ph_encounter x = meet(m, o, next.node, next.t);
            uint32_t row = m->fill_cnt;
            fits = execute(m, &x, &row);
        }
        if (!fits) {
            o->ends = PH_CANCEL_FILL_LIMIT;
            return;
        }
    }
}

/* ---- Incoming EACH where no blocks rest ----------------------------------------------------- */

enum { SWEEP_SHARE = 8 }; /* a sweep that finds fewer of the periods at its key costs too much */

/* A walk in order of time over the periods at one key. */
typedef struct {
    const ph_book_side *other;
    int64_t key;
    bool judged;  /* against the band */
    uint32_t row; /* of the fills, where those of the period before begin */
} ph_sweep;

/* In how many periods from entry i on the incoming order is used up as in the first of them: by as
   many units of the same order, which it meets first. */
static uint32_t alike(const ph_market *m, const ph_sweep *s, uint32_t i, const ph_encounter *x)
{
    uint32_t most = min_u32(m->heap_cnt - i, m->fills_max - m->fill_periods);
    const ph_order *maker = &m->orders[m->nodes[x->resting].order];
    most = min_u32(most, (uint32_t)(ph_window_end(maker->window) - x->window.first));
    const ph_node *theirs = &m->nodes[x->resting], *mine = &m->nodes[x->incoming];
    uint32_t n = 1;
    for (; n < most; n++) {
        if (m->heap[i + n] != x->window.first + n || mine[n].open != x->units) break;
        const ph_book_period *p = ph_book_at(s->other, ph_ring(m, x->window.first + n));
        if (p->best != s->key || theirs[n].open < x->units) break;
        if (ph_book_level(m, &p->ladder, 0)->head != x->resting + n) break;
    }
    return n;
}

/* Executes what the period of entry i has at the key of the sweep, and *ret - 1 others that go like
   it.  False when the incoming order ends. */
static bool drain(ph_market *m, uint32_t incoming, ph_sweep *s, uint32_t i, uint32_t *ret)
{
    ph_order *o = &m->orders[incoming];
    ph_period t = m->heap[i];
    const ph_node *mine = &m->nodes[ph_order_node(o, t)];
    const ph_book_period *p = ph_book_at(s->other, ph_ring(m, t));
    bool hides = s->other->icebergs > 0;
    uint32_t row = s->row, first = UINT32_MAX;
    *ret = 1;
    while (mine->open > 0 && p->best == s->key) {
        uint32_t node = ph_book_level(m, &p->ladder, 0)->head;
        uint32_t maker = m->nodes[node].order;
        if (m->orders[maker].participant == o->participant) {
            prevent_self_trade(m, incoming, maker, t);
            continue;
        }
        if (!s->judged && halts(m, o, s->key)) return false;
        s->judged = true;
        ph_encounter x = meet(m, o, node, t);
        if (x.units == mine->open && !hides) x.window.periods = *ret = alike(m, s, i, &x);
        if (!execute(m, &x, &row)) {
            o->ends = PH_CANCEL_FILL_LIMIT;
            return false;
        }
        if (first == UINT32_MAX || hides) first = row - 1;
        if (hides) row--; /* it may come back with its next clip: its rows stay in order */
    }
    if (first != UINT32_MAX) s->row = first;
    return true;
}

/* Executes at the best key; what can still trade stays.  False when the incoming order ends. */
static bool sweep_key(ph_market *m, uint32_t incoming, ph_sweep *s, ph_front *front)
{
    const ph_order *o = &m->orders[incoming];
    uint32_t kept = 0, cnt = 1;
    *front = (ph_front){.key = PH_KEY_NONE, .cnt = 0};
    for (uint32_t i = 0; i < m->heap_cnt; i += cnt) {
        ph_period t = m->heap[i];
        int64_t key = m->heap_keys[i];
        cnt = 1;
        if (key == s->key) {
            if (!drain(m, incoming, s, i, &cnt)) return false;
            key = ph_book_at(s->other, ph_ring(m, t))->best;
            if (m->nodes[ph_order_node(o, t)].open == 0 || key == PH_KEY_NONE ||
                !accepts(o->key, key))
                continue;
        }
        m->heap[kept] = t;
        m->heap_keys[kept++] = key;
        front_add(front, key);
    }
    m->heap_cnt = kept;
    return true;
}

/* Best key first, then earliest period: key by key while many periods share it, from the heap when
   few do. */
static void sweep(ph_market *m, uint32_t incoming, ph_front front)
{
    const ph_order *o = &m->orders[incoming];
    ph_sweep s = {.other = &m->products[o->product].side[ph_other_side((ph_side)o->side)]};
    while (m->heap_cnt > 0) {
        if ((uint64_t)front.cnt * SWEEP_SHARE < m->heap_cnt) {
            heap_build(m);
            match_all(m, incoming, false);
            return;
        }
        s.key = front.key;
        s.judged = false;
        if (!sweep_key(m, incoming, &s, &front)) return;
    }
}

/* True for most orders that come to rest: in the one period of theirs nobody accepts their price,
   alone or as part of a block. */
static bool meets_nobody(const ph_market *m, const ph_order *o)
{
    if (o->window.periods != 1) return false;
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    const ph_book_period *p = ph_book_at(other, ph_ring(m, o->window.first));
    return p->touching == 0 && (p->best == PH_KEY_NONE || !accepts(o->key, p->best));
}

/* Apart, so that an order that meets nobody does not make room for what this keeps. */
__attribute__((noinline)) static void match_window(ph_market *m, uint32_t incoming)
{
    const ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    ph_front front = gather_periods(m, o, other);
    if (front.touching == 0) {
        sweep(m, incoming, front);
        return;
    }
    heap_build(m);
    ph_reach_gather(m, incoming);
    ph_reach_count_begin(m, incoming);
    match_all(m, incoming, true);
    ph_reach_count_end(m);
}

void ph_match_each(ph_market *m, uint32_t incoming)
{
    if (!meets_nobody(m, &m->orders[incoming])) match_window(m, incoming);
}

/* ---- FOK and post-only EACH ---------------------------------------------------------------- */

/* The best and the worst price at which a FOK order executes, as keys. */
typedef struct {
    int64_t best, worst;
} key_range;

/* All units of one period at acceptable prices, nobody's own order in the way; false when there
   are too few. */
static bool fill_whole_period(ph_market *m, uint32_t incoming, ph_period t, ph_fill_step *step,
                              key_range *keys)
{
    const ph_order *o = &m->orders[incoming];
    uint32_t want = m->nodes[ph_order_node(o, t)].open;
    ph_column c =
        ph_column_start(m, (ph_column_ask){incoming, {t, 1}, PH_NONE, step, .stops_at_own = true});
    while (want > 0 && c.run > 0 && accepts(o->key, c.unit_key)) {
        if (c.unit_key < keys->worst) keys->worst = c.unit_key;
        if (c.unit_key > keys->best) keys->best = c.unit_key;
        uint32_t units = min_u32(want, c.run);
        ph_column_take(&c, units);
        want -= units;
    }
    ph_column_finish(&c);
    return want == 0;
}

void ph_match_each_whole(ph_market *m, uint32_t incoming)
{
    ph_order *o = &m->orders[incoming];
    ph_fill_step step = {0};
    key_range keys = {.best = INT64_MIN, .worst = INT64_MAX};
    for (uint32_t i = 0; i < o->window.periods; i++) {
        if (fill_whole_period(m, incoming, o->window.first + i, &step, &keys)) continue;
        o->ends = PH_CANCEL_FOK;
        return;
    }
    if (halts(m, o, keys.best) || halts(m, o, keys.worst)) return;
    if (step.too_many) {
        o->ends = PH_CANCEL_FILL_LIMIT;
        return;
    }
    ph_fill_apply(m, &step);
    m->last_price = ph_price_of(keys.worst); /* best first: the worst is executed last */
    m->last_price_product = o->product;
}

/* An order of somebody else rests in the period at a price that both accept. */
static bool foreign_in_reach(const ph_market *m, const ph_order *o, ph_period t)
{
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    const ph_ladder *l = &ph_book_at(other, ph_ring(m, t))->ladder;
    for (uint32_t i = 0; i < l->cnt; i++) {
        if (!accepts(o->key, ph_ladder_nth(&m->ladders, l, i)->key)) return false;
        for (uint32_t n = ph_book_level(m, l, i)->head; n != PH_NODE_NONE; n = m->nodes[n].next) {
            if (m->orders[m->nodes[n].order].participant != o->participant) return true;
        }
    }
    return false;
}

bool ph_match_each_would_trade(ph_market *m, uint32_t incoming)
{
    ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    bool blocks = any_blocks(o, m);
    if (blocks) ph_reach_gather(m, incoming);
    if (o->stp == PH_STP_CANCEL_RESTING) {
        /* Own orders would be cancelled away, whatever else happens. */
        for (uint32_t i = 0; i < o->window.periods; i++) {
            ph_period t = o->window.first + i;
            if (m->nodes[ph_order_node(o, t)].open > 0 && foreign_in_reach(m, o, t)) return true;
        }
        return blocks && ph_offer_best(m, incoming).block != PH_NONE;
    }
    (void)gather_periods(m, o, other);
    heap_build(m);
    for (;;) {
        meeting next = next_meeting(m, incoming, blocks);
        if (!next.exists) return false;
        if (!is_own(m, incoming, &next)) return true;
        m->nodes[ph_order_node(o, next.t)].open = 0; /* the caller restores it */
    }
}

bool ph_match_in_band(const ph_product *p, ph_price price, ph_price *ret_bound)
{
    if (p->order_terms.band_ppm == 0) return true;
    ph_wide width = (ph_wide)p->reference * p->order_terms.band_ppm;
    ph_wide distance = (ph_wide)price - p->reference;
    if ((distance < 0 ? -distance : distance) * PH_PPM <= width) return true;
    ph_wide bound = distance < 0 ? p->reference - width / PH_PPM : p->reference + width / PH_PPM;
    if (ret_bound != NULL) *ret_bound = bound > INT64_MAX ? INT64_MAX : (int64_t)bound;
    return false;
}
