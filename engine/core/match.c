/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/match.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/column.h"
#include "engine/core/fill.h"

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

/* Ends an order that rests, or one that has just been taken out of the book. */
static void end_resting(ph_market *m, uint32_t slot, ph_cancel_reason reason)
{
    ph_fill_touch(m, slot);
    m->orders[slot].ends = (uint8_t)reason;
    ph_book_leave(m, slot);
}

static void leave_if_filled(ph_market *m, uint32_t block)
{
    if (m->orders[block].left == 0 && m->orders[block].resting) ph_book_leave(m, block);
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static ph_wide floor_div(ph_wide a, ph_wide b)
{
    ph_wide q = a / b;
    return q * b > a ? q - 1 : q;
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

static void heap_fill(ph_market *m, const ph_order *o, const ph_book_side *other)
{
    m->heap_cnt = 0;
    for (uint32_t i = 0; i < o->window.periods; i++) {
        ph_period t = o->window.first + i;
        int64_t best = other->best[ph_ring(m, t)];
        if (best == PH_KEY_NONE || !accepts(o->key, best)) continue;
        m->heap[m->heap_cnt] = t;
        m->heap_keys[m->heap_cnt] = best;
        m->heap_cnt++;
    }
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
        int64_t best = other->best[ph_ring(m, t)];
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

/* ---- Block candidates --------------------------------------------------------------------- */

typedef struct {
    uint32_t block; /* slot; PH_NONE: no candidate */
    int64_t key;    /* the offer, seen as the key of the other side: larger is better */
} candidate;

static bool touches_open(const ph_market *m, const ph_order *incoming, ph_window w)
{
    if (!ph_window_touches(incoming->window, w)) return false;
    for (uint32_t i = 0; i < w.periods; i++) {
        ph_period t = w.first + i;
        if (!ph_window_has(incoming->window, t)) continue;
        if (m->nodes[ph_order_node(incoming, t)].open > 0) return true;
    }
    return false;
}

/* Units of a resting block that one step takes: all of it, or those from the first on that cost
   alike and draw on the same orders. */
static uint32_t take_step(ph_column *c, const ph_order *b, ph_wide *ret_total,
                          ph_wide *ret_extra_units)
{
    ph_wide total = 0, extra_units = 0;
    uint32_t units = 0;
    while (c->run > 0 && units < b->open) {
        uint32_t run = min_u32(c->run, b->open - units);
        total += (ph_wide)c->unit_key * run;
        extra_units += (ph_wide)c->extra_cnt * run;
        units += run;
        ph_column_take(c, run);
        if (!b->all_or_none) break;
    }
    *ret_total = total;
    *ret_extra_units = extra_units;
    return units;
}

/* The offer of a resting block to the incoming order, as a key; PH_KEY_NONE if it makes none.
   With `record`, the step is recorded too, priced at the offer. */
static int64_t offer_of(ph_market *m, uint32_t block, uint32_t incoming, ph_fill_step *record)
{
    const ph_order *b = &m->orders[block], *o = &m->orders[incoming];
    ph_column c = ph_column_start(m, block, incoming, record);
    ph_wide total, extra_units;
    uint32_t units = take_step(&c, b, &total, &extra_units);
    if (units == 0 || (b->all_or_none && units < b->open) || extra_units == 0) return PH_KEY_NONE;
    ph_wide limit = (ph_wide)b->key * b->window.periods * units;
    if (limit + total < 0) return PH_KEY_NONE;
    /* What is left of the block's limit once the others have their own prices. */
    ph_wide rest = limit + total - extra_units * o->key;
    ph_wide key = floor_div(rest, extra_units);
    int64_t tick = m->products[b->product].terms.tick;
    if (o->side == PH_SIDE_BUY && key > -tick) key = -tick;
    PH_ASSERT(key >= -o->key && key <= INT64_MAX);
    if (record != NULL) {
        ph_column_finish(&c);
        if (!record->too_many) ph_fill_price(m, record, block, incoming, ph_price_of((int64_t)key));
    }
    return (int64_t)key;
}

static candidate block_candidate(ph_market *m, uint32_t incoming)
{
    const ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    candidate best = {.block = PH_NONE, .key = PH_KEY_NONE};
    for (uint32_t i = 0; i < other->blocks.cnt; i++) {
        uint32_t slot = ph_ladder_nth(&m->ladders, &other->blocks, i)->ref;
        const ph_order *b = &m->orders[slot];
        if (!touches_open(m, o, b->window)) continue;
        m->work++;
        if (b->participant == o->participant) continue;
        if (!ph_column_could_reach(m, slot, incoming, -b->key * b->window.periods)) continue;
        int64_t key = offer_of(m, slot, incoming, NULL);
        if (key == PH_KEY_NONE) continue;
        bool better = best.block == PH_NONE || key > best.key ||
                      (key == best.key && b->place < m->orders[best.block].place);
        if (better) best = (candidate){.block = slot, .key = key};
    }
    return best;
}

/* ---- Incoming EACH ------------------------------------------------------------------------ */

/* False when the step would pass the bound: the incoming order then ends. */
static bool trade_period(ph_market *m, uint32_t incoming, uint32_t node, ph_period t)
{
    const ph_order *o = &m->orders[incoming];
    const ph_node *n = &m->nodes[node];
    uint32_t maker = n->order;
    uint32_t units = min_u32(n->open, m->nodes[ph_order_node(o, t)].open);
    ph_price price = ph_price_of(m->orders[maker].key);
    ph_fill_step step = {0};
    ph_fill_record(m, &step, (ph_execution){incoming, maker, t, units, price});
    if (step.too_many) return false;
    ph_fill_apply(m, &step);
    m->last_price = price;
    m->last_price_product = o->product;
    return true;
}

static bool trade_block(ph_market *m, uint32_t incoming, uint32_t block)
{
    ph_fill_step step = {0};
    (void)offer_of(m, block, incoming, &step); /* the same offer as when it was chosen */
    if (step.cnt > PH_FILLS_PER_COMMAND_MAX) {
        end_resting(m, block, PH_CANCEL_FILL_LIMIT);
        return true;
    }
    if (step.too_many) return false;
    ph_fill_apply(m, &step);
    leave_if_filled(m, block);
    return true;
}

static void prevent_self_trade(ph_market *m, uint32_t incoming, uint32_t resting, ph_period t)
{
    if (m->orders[incoming].stp == PH_STP_CANCEL_RESTING)
        end_resting(m, resting, PH_CANCEL_SELF_TRADE);
    else
        ph_fill_lose(m, incoming, t, PH_CANCEL_SELF_TRADE);
}

static bool any_blocks(const ph_market *m, const ph_order *o, const ph_book_side *other)
{
    if (other->blocks.cnt == 0) return false;
    for (uint32_t i = 0; i < o->window.periods; i++) {
        if (other->touching[ph_ring(m, o->window.first + i)] > 0) return true;
    }
    return false;
}

void ph_match_each(ph_market *m, uint32_t incoming)
{
    ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    heap_fill(m, o, other);
    bool blocks = any_blocks(m, o, other);
    while (o->left > 0) {
        candidate b = {.block = PH_NONE, .key = PH_KEY_NONE};
        if (blocks) b = block_candidate(m, incoming);
        if (m->work > PH_WORK_PER_COMMAND_MAX) {
            o->ends = PH_CANCEL_WORK_LIMIT;
            return;
        }
        ph_period t = 0;
        bool period = period_candidate(m, o, other, &t);
        if (!period && b.block == PH_NONE) return;
        uint32_t node = PH_NODE_NONE;
        if (period) {
            const ph_ladder *l = &other->ladders[ph_ring(m, t)];
            node = ph_book_level(m, l, 0)->head;
            int64_t key = m->heap_keys[0];
            uint64_t place = m->orders[m->nodes[node].order].place;
            period = b.block == PH_NONE || key > b.key ||
                     (key == b.key && place < m->orders[b.block].place);
        }
        bool fits = true;
        if (!period)
            fits = trade_block(m, incoming, b.block);
        else if (m->orders[m->nodes[node].order].participant == o->participant)
            prevent_self_trade(m, incoming, m->nodes[node].order, t);
        else
            fits = trade_period(m, incoming, node, t);
        if (!fits) {
            o->ends = PH_CANCEL_FILL_LIMIT;
            return;
        }
    }
}

/* ---- Incoming BLOCK ----------------------------------------------------------------------- */

typedef struct {
    uint32_t units;       /* taken */
    uint32_t passed_over; /* largest all-or-none block within the limit that was passed over */
    ph_wide total;        /* sum of the unit keys */
} attempt;

/* The next resting block from entry *i on that is a source: same window, other participant. */
static uint32_t next_source(const ph_market *m, const ph_order *o, const ph_book_side *other,
                            uint32_t *i)
{
    for (; *i < other->blocks.cnt; (*i)++) {
        uint32_t slot = ph_ladder_nth(&m->ladders, &other->blocks, *i)->ref;
        const ph_order *b = &m->orders[slot];
        if (b->participant != o->participant && ph_window_equal(b->window, o->window)) return slot;
    }
    return PH_NONE;
}

static void record_source(ph_market *m, ph_fill_step *step, uint32_t incoming, uint32_t block,
                          uint32_t units)
{
    if (step == NULL) return;
    const ph_order *b = &m->orders[block];
    for (uint32_t i = 0; i < b->window.periods; i++)
        ph_fill_record(
            m, step,
            (ph_execution){incoming, block, b->window.first + i, units, ph_price_of(b->key)});
}

/* Takes the cheapest units; `first`, when there is one, before all others. */
static attempt try_block(ph_market *m, uint32_t incoming, uint32_t first, ph_fill_step *record)
{
    const ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    int64_t n = o->window.periods;
    attempt at = {.units = 0, .passed_over = 0, .total = 0};
    if (first != PH_NONE) {
        const ph_order *b = &m->orders[first];
        if (b->all_or_none && b->open > o->open) return at;
        at.units = min_u32(b->open, o->open);
        at.total = (ph_wide)b->key * n * at.units;
        record_source(m, record, incoming, first, at.units);
    }
    ph_column c = ph_column_start(m, incoming, PH_NONE, record);
    for (uint32_t i = 0; at.units < o->open;) {
        uint32_t want = o->open - at.units;
        uint32_t source = next_source(m, o, other, &i);
        const ph_order *b = &m->orders[source];
        if (source != PH_NONE && (source == first || (b->all_or_none && b->open > want))) {
            if (source != first && accepts(o->key, b->key) && b->open > at.passed_over)
                at.passed_over = b->open;
            i++;
            continue;
        }
        bool block = source != PH_NONE && (c.run == 0 || b->key * n >= c.unit_key);
        if (!block && c.run == 0) break;
        int64_t unit_key = block ? b->key * n : c.unit_key;
        if (!o->all_or_none && !accepts(o->key * n, unit_key)) break;
        uint32_t units = min_u32(want, block ? b->open : c.run);
        at.units += units;
        at.total += (ph_wide)unit_key * units;
        if (block) {
            record_source(m, record, incoming, source, units);
            i++;
        } else {
            ph_column_take(&c, units);
        }
    }
    ph_column_finish(&c);
    return at;
}

static bool executes(const ph_order *o, attempt at)
{
    if (!o->all_or_none) return at.units > 0;
    return at.units == o->open && at.total + (ph_wide)o->key * o->window.periods * o->open >= 0;
}

/* The second try of 6.2: which block to take first; PH_NONE when the first try stands. */
static uint32_t second_try(ph_market *m, uint32_t incoming, attempt *at)
{
    const ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    uint32_t chosen = PH_NONE;
    if (!o->all_or_none && at->passed_over <= at->units) return PH_NONE;
    uint32_t i = 0;
    for (uint32_t source; (source = next_source(m, o, other, &i)) != PH_NONE; i++) {
        if (!accepts(o->key, m->orders[source].key)) break; /* best first: no later one does */
        attempt again = try_block(m, incoming, source, NULL);
        if (o->all_or_none) {
            if (!executes(o, again)) continue;
            *at = again;
            return source;
        }
        if (again.units <= at->units) continue;
        *at = again;
        chosen = source;
    }
    return chosen;
}

void ph_match_block(ph_market *m, uint32_t incoming)
{
    ph_order *o = &m->orders[incoming];
    const ph_book_side *other = &m->products[o->product].side[ph_other_side((ph_side)o->side)];
    uint32_t i = 0;
    if (next_source(m, o, other, &i) == PH_NONE &&
        !ph_column_could_reach(m, incoming, PH_NONE, -o->key * o->window.periods))
        return;
    attempt at = try_block(m, incoming, PH_NONE, NULL);
    uint32_t first = PH_NONE;
    if (!o->all_or_none || !executes(o, at)) first = second_try(m, incoming, &at);
    if (!executes(o, at)) return;
    ph_fill_step step = {0};
    (void)try_block(m, incoming, first, &step); /* the same attempt again, recorded */
    if (step.too_many) {
        o->ends = PH_CANCEL_FILL_LIMIT;
        return;
    }
    uint32_t before = m->fill_cnt;
    ph_fill_apply(m, &step);
    for (uint32_t f = before; f < m->fill_cnt; f++)
        leave_if_filled(m, o->side == PH_SIDE_BUY ? m->fills[f].sell : m->fills[f].buy);
}

bool ph_match_block_executable(ph_market *m, uint32_t block)
{
    const ph_order *b = &m->orders[block];
    ph_column c = ph_column_start(m, block, PH_NONE, NULL);
    ph_wide total, extra_units;
    uint32_t units = take_step(&c, b, &total, &extra_units);
    if (units == 0 || (b->all_or_none && units < b->open)) return false;
    return (ph_wide)b->key * b->window.periods * units + total >= 0;
}
