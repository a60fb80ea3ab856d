/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/fill.h"

#include "engine/base/panic.h"
#include "engine/core/book.h"
#include "engine/core/contract.h"
#include "engine/core/group.h"
#include "engine/core/ledger.h"
#include "engine/core/reach.h"
#include "engine/core/supply.h"
#include "engine/core/trade.h"

void ph_fill_init(ph_market *m, ph_arena *a)
{
    m->fills = ph_arena_take(a, PH_FILLS_PER_COMMAND_MAX, sizeof m->fills[0]);
    m->fills_spare = ph_arena_take(a, PH_FILLS_PER_COMMAND_MAX, sizeof m->fills_spare[0]);
    m->fill_keys = ph_arena_take(a, PH_FILLS_PER_COMMAND_MAX, sizeof m->fill_keys[0]);
    m->fill_keys_spare = ph_arena_take(a, PH_FILLS_PER_COMMAND_MAX, sizeof m->fill_keys_spare[0]);
    m->lost = ph_arena_take(a, PH_EACH_PERIODS_MAX, sizeof m->lost[0]);
    m->segments = ph_arena_take(a, PH_FILLS_PER_COMMAND_MAX, sizeof m->segments[0]);
}

void ph_fill_begin(ph_market *m, uint32_t incoming)
{
    m->incoming = incoming;
    m->is_held = false;
    m->fill_cnt = m->fill_periods = 0;
    m->lost_cnt = 0;
    m->first_touched = m->last_touched = PH_NONE;
    m->last_price = 0;
    m->clip_cnt = 0;
    m->halts = m->planned = PH_NONE;
    m->fills_max = ph_contract_room(m);
}

/* ---- Steps ------------------------------------------------------------------------------- */

static uint64_t trade_place(const ph_market *m, uint32_t slot)
{
    return slot == m->incoming ? UINT64_MAX : m->orders[slot].place;
}

/* True if an execution is what a row says, in the next period. */
static bool goes_on(const ph_fill *f, const ph_execution *x)
{
    if (f->window.first + f->window.periods != x->window.first || f->price != x->price ||
        f->quantity != x->units)
        return false;
    return (f->buy == x->a && f->sell == x->b) || (f->buy == x->b && f->sell == x->a);
}

static void new_row(ph_market *m, uint32_t row, const ph_execution *x)
{
    uint64_t pa = trade_place(m, x->a), pb = trade_place(m, x->b);
    bool a_buys = m->orders[x->a].side == PH_SIDE_BUY;
    m->fills[row] = (ph_fill){.low_place = pa < pb ? pa : pb,
                              .high_place = pa < pb ? pb : pa,
                              .price = x->price,
                              .window = x->window,
                              .quantity = x->units,
                              .buy = a_buys ? x->a : x->b,
                              .sell = a_buys ? x->b : x->a};
}

void ph_fill_record(ph_market *m, ph_fill_step *step, const ph_execution *x)
{
    step->cnt += x->window.periods;
    if ((uint64_t)m->fill_periods + step->cnt > m->fills_max) {
        step->too_many = true;
        return;
    }
    uint32_t row = m->fill_cnt + step->rows;
    if (step->rows > 0 && goes_on(&m->fills[row - 1], x)) {
        m->fills[row - 1].window.periods += x->window.periods;
        return;
    }
    new_row(m, row, x);
    step->rows++;
}

void ph_fill_price(ph_market *m, const ph_fill_step *step, uint32_t a, uint32_t b, ph_price price)
{
    PH_ASSERT(!step->too_many);
    for (uint32_t i = m->fill_cnt; i < m->fill_cnt + step->rows; i++) {
        ph_fill *f = &m->fills[i];
        if ((f->buy == a && f->sell == b) || (f->buy == b && f->sell == a)) f->price = price;
    }
}

static void touch(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    o->touched = true;
    o->reported = o->left;
    o->next_touched = PH_NONE;
    if (m->last_touched == PH_NONE)
        m->first_touched = slot;
    else
        m->orders[m->last_touched].next_touched = slot;
    m->last_touched = slot;
}

void ph_fill_touch(ph_market *m, uint32_t slot)
{
    if (!m->orders[slot].touched) touch(m, slot);
}

/* Takes units in every period of the window off an EACH order. */
static void take_of_nodes(ph_market *m, const ph_order *o, ph_window w, ph_quantity units)
{
    uint32_t node = ph_order_node(o, w.first);
    for (uint32_t i = 0; i < w.periods; i++) {
        if (o->resting) {
            ph_book_reduce(m, node + i, units);
            continue;
        }
        ph_node *n = &m->nodes[node + i];
        n->open -= units;
        n->executed += units;
        if (n->open == 0) ph_reach_closed(m, o, w.first + i);
    }
}

void ph_fill_apply(ph_market *m, const ph_fill_step *step)
{
    PH_ASSERT(!step->too_many);
    const ph_fill *f = &m->fills[m->fill_cnt], *end = f + step->rows;
    for (; f < end; f++) {
        uint64_t sum = (uint64_t)f->quantity * f->window.periods;
        for (int sells = 0; sells < 2; sells++) {
            uint32_t slot = sells == 0 ? f->buy : f->sell;
            ph_order *o = &m->orders[slot];
            if (!o->touched) touch(m, slot);
            PH_ASSERT(o->left >= sum);
            o->left -= sum;
            if (o->shape == PH_SHAPE_EACH) {
                take_of_nodes(m, o, f->window, f->quantity);
                continue;
            }
            /* Exact once all periods of the step have been taken. */
            bool again = f + 1 < end && slot == (sells == 0 ? f[1].buy : f[1].sell);
            if (!again) o->open = (ph_quantity)(o->left / ph_order_length(o));
        }
    }
    m->fill_cnt += step->rows;
    m->fill_periods += step->cnt;
}

/* True if the row of an execution was there, and goes on with it. */
static bool joins_row(ph_market *m, uint32_t row, const ph_execution *x)
{
    if (row >= m->fill_cnt || !goes_on(&m->fills[row], x)) return false;
    m->fills[row].window.periods += x->window.periods;
    return true;
}

bool ph_fill_execute(ph_market *m, const ph_encounter *x, uint32_t *at)
{
    if (m->fill_periods >= m->fills_max) return false;
    m->fill_periods += x->window.periods;
    uint32_t slot = m->nodes[x->incoming].order, other = m->nodes[x->resting].order;
    ph_order *o = &m->orders[slot], *maker = &m->orders[other];
    ph_execution e = {slot, other, x->window, x->units, ph_price_of(maker->key)};
    if (!joins_row(m, *at, &e)) {
        *at = m->fill_cnt++;
        new_row(m, *at, &e);
        ph_fill_touch(m, m->fills[*at].buy);
        ph_fill_touch(m, m->fills[*at].sell);
    }
    ++*at;
    uint64_t sum = (uint64_t)x->units * x->window.periods;
    PH_ASSERT(o->left >= sum && maker->left >= sum);
    o->left -= sum;
    maker->left -= sum;
    for (uint32_t i = 0; i < x->window.periods; i++) {
        ph_node *mine = &m->nodes[x->incoming + i];
        mine->open -= x->units;
        mine->executed += x->units;
        if (mine->open == 0) ph_reach_closed(m, o, x->window.first + i);
        ph_book_reduce(m, x->resting + i, x->units);
    }
    return true;
}

void ph_fill_split(ph_market *m)
{
    ph_fill *to = m->fills_spare;
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        ph_fill one = m->fills[i];
        one.window.periods = 1;
        for (uint32_t k = 0; k < m->fills[i].window.periods; k++, one.window.first++)
            to[cnt++] = one;
    }
    m->fills_spare = m->fills;
    m->fills = to;
    m->fill_cnt = cnt;
}

void ph_fill_end(ph_market *m, uint32_t slot, ph_cancel_reason reason)
{
    ph_fill_touch(m, slot);
    m->orders[slot].ends = (uint8_t)reason;
    if (m->orders[slot].resting) ph_book_leave(m, slot);
}

void ph_fill_lose(ph_market *m, uint32_t slot, ph_period t, ph_cancel_reason reason)
{
    ph_order *o = &m->orders[slot];
    uint32_t node = ph_order_node(o, t);
    uint32_t units = m->nodes[node].open;
    ph_fill_touch(m, slot);
    PH_ASSERT(!o->resting && m->lost_cnt < PH_EACH_PERIODS_MAX);
    m->lost[m->lost_cnt++] =
        (ph_lost){.order = slot, .period = t, .quantity = units, .reason = reason};
    o->left -= units;
    m->nodes[node].open = 0;
    m->nodes[node].executed = PH_NODE_LOST;
    ph_reach_closed(m, o, t);
    ph_supply_take_back(m, o, (ph_window){t, 1}, units);
}

/* ---- The end of a command ---------------------------------------------------------------- */

static void tell_lost(ph_market *m)
{
    for (uint32_t i = 0; i < m->lost_cnt; i++) {
        const ph_lost *lost = &m->lost[i];
        const ph_order *o = &m->orders[lost->order];
        ph_emit(m, PH_EVT_PERIOD_LOST)->u.period_lost =
            (ph_period_lost){.order = {o->id},
                             .participant = {o->participant},
                             .client_order_id = o->client_order_id,
                             .product = {o->product},
                             .period = lost->period,
                             .quantity = lost->quantity,
                             .reason = lost->reason};
    }
}

/* What a seller still offered and will not sell is free again. */
static void give_supply_back(ph_market *m, const ph_order *o)
{
    if (o->side != PH_SIDE_SELL || o->group != PH_NONE) return; /* a group's: see group.c */
    if (o->shape != PH_SHAPE_EACH) {
        ph_supply_take_back(m, o, o->window, o->open);
        return;
    }
    for (uint32_t i = 0; i < o->window.periods; i++) {
        uint32_t open = m->nodes[o->node + i].open;
        if (open > 0) ph_supply_take_back(m, o, (ph_window){o->window.first + i, 1}, open);
    }
}

static void end_order(ph_market *m, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    if (o->left > 0) give_supply_back(m, o);
    ph_emit(m, PH_EVT_CANCELLED)->u.cancelled =
        (ph_cancelled){.order = {o->id},
                       .participant = {o->participant},
                       .client_order_id = o->client_order_id,
                       .product = {o->product},
                       .reason = (ph_cancel_reason)o->ends,
                       .unit_periods = o->left};
}

static void settle_order(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    if (o->resting && (o->left == 0 || o->ends != 0)) ph_book_leave(m, slot);
    if (o->ends != 0) end_order(m, slot);
    if (o->group != PH_NONE)
        ph_group_settle(m, slot);
    else if (!m->is_held || slot != m->incoming || !o->resting)
        ph_ledger_rehold(m, slot);
}

/* Clips that stand in their queues now, once each, however often they were renewed. */
static void tell_clips(ph_market *m)
{
    for (uint32_t i = 0; i < m->clip_cnt; i++) {
        const ph_order *o = &m->orders[m->clips[i].order];
        ph_period t = m->clips[i].period;
        if (!o->resting) continue;
        uint32_t node = ph_order_node(o, t);
        uint64_t place = ph_clip_place(ph_clip_of(m, o, node));
        /* Used up since, or renewed once more. */
        if (m->nodes[node].open == 0 || place != m->clips[i].place) continue;
        ph_emit(m, PH_EVT_CLIP_SHOWN)->u.clip_shown =
            (ph_clip_shown){.order = {o->id},
                            .participant = {o->participant},
                            .product = {o->product},
                            .period = t,
                            .quantity = ph_book_shown(m, node),
                            .place = place};
    }
}

static void tell_halt(ph_market *m)
{
    if (m->halts == PH_NONE) return;
    ph_product *p = &m->products[m->halts];
    p->phase = PH_PHASE_HALTED;
    ph_emit(m, PH_EVT_PHASE_CHANGED)->u.phase_changed =
        (ph_phase_changed){.product = p->terms.id, .phase = p->phase};
}

/* Cash covers the holds only once all orders of the command are settled. */
static void release_order(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    const ph_participant *p = &m->participants[o->participant];
    PH_ASSERT(p->held >= 0 && p->held <= p->cash);
    o->touched = false;
    if (!o->resting) ph_order_free(m, slot);
}

static void tell_reference(ph_market *m)
{
    if (m->last_price == 0) return;
    ph_product *p = &m->products[m->last_price_product];
    p->last_traded = m->last_price;
    if (p->reference == m->last_price) return;
    p->reference = m->last_price;
    ph_emit(m, PH_EVT_REFERENCE_SET)->u.reference_set =
        (ph_reference_set){.product = p->terms.id, .price = p->reference};
}

/* What most commands come to: one order came or went, and nothing was executed. */
static bool is_one_alone(const ph_market *m)
{
    return (m->fill_cnt | m->lost_cnt | m->clip_cnt | m->halts) == 0 &&
           m->first_touched == m->last_touched;
}

/* It came to rest, holds what it was accepted with, and nothing of it changed. */
static bool rests_as_it_came(const ph_market *m, uint32_t slot)
{
    return m->is_held && slot == m->incoming && m->orders[slot].resting;
}

__attribute__((noinline)) static void settle_all(ph_market *m)
{
    m->is_held &= m->fill_cnt == 0 && m->lost_cnt == 0;
    if (m->fill_cnt > 0) ph_trade_conclude_all(m);
    tell_lost(m);
    for (uint32_t slot = m->first_touched; slot != PH_NONE; slot = m->orders[slot].next_touched)
        settle_order(m, slot);
    tell_clips(m);
    for (uint32_t slot = m->first_touched; slot != PH_NONE;) {
        uint32_t next = m->orders[slot].next_touched;
        release_order(m, slot);
        slot = next;
    }
    tell_reference(m);
    tell_halt(m);
}

void ph_fill_settle(ph_market *m)
{
    if (!is_one_alone(m)) {
        settle_all(m);
        return;
    }
    uint32_t slot = m->first_touched;
    if (slot == PH_NONE) return;
    if (!rests_as_it_came(m, slot)) settle_order(m, slot);
    release_order(m, slot);
}
