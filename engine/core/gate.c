/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/gate.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/delivery.h"
#include "engine/core/due.h"
#include "engine/core/expiry.h"
#include "engine/core/fill.h"
#include "engine/core/supply.h"

ph_period ph_gate_first_open(const ph_market *m, const ph_product_terms *terms)
{
    /* Open while now < t * period - gate, so the first is one past (now + gate) / period. */
    uint64_t period_ns = terms->period_seconds * PH_NS_PER_S;
    uint64_t gate_ns = terms->gate_seconds * PH_NS_PER_S;
    return (ph_period)((m->now.ns + gate_ns) / period_ns + 1);
}

uint64_t ph_gate_last_open(const ph_market *m, const ph_product_terms *terms)
{
    return (uint64_t)ph_period_at(m->now, terms->period_seconds) + terms->horizon;
}

void ph_gate_reckon(const ph_market *m, ph_product *p)
{
    const ph_product_terms *terms = &p->terms;
    p->open_first = ph_gate_first_open(m, terms);
    p->open_last = ph_gate_last_open(m, terms);
    ph_period next = ph_period_at(m->now, terms->period_seconds) + 1;
    uint64_t gate = ph_period_gate(p->open_first, terms->period_seconds, terms->gate_seconds).ns;
    uint64_t start = ph_period_start(next, terms->period_seconds).ns;
    p->open_until_ns = gate < start ? gate : start;
}

static uint64_t due_of(const ph_product *p)
{
    if (p->order_cnt == 0) return UINT64_MAX;
    return ph_period_gate(p->gate_next, p->terms.period_seconds, p->terms.gate_seconds).ns;
}

void ph_gate_watch(ph_market *m, uint32_t product)
{
    ph_product *p = &m->products[product];
    p->gate_next = ph_gate_first_open(m, &p->terms);
    uint64_t due = due_of(p);
    if (due < m->due_ns) m->due_ns = due;
}

/* Takes one node off its queue; the order ends when this was all it had left. */
static void close_node(ph_market *m, uint32_t node, ph_period t)
{
    uint32_t slot = m->nodes[node].order;
    ph_order *o = &m->orders[slot];
    uint32_t units = m->nodes[node].open;
    ph_fill_touch(m, slot);
    ph_book_drop_period(m, slot, t);
    o->left -= units;
    ph_supply_take_back(m, o, (ph_window){t, 1}, units);
    if (o->left == 0) o->ends = PH_CANCEL_GATE;
}

static void close_side(ph_market *m, ph_book_side *side, ph_period t)
{
    const ph_ladder *l = &ph_book_at(side, ph_ring(m, t))->ladder;
    while (l->cnt > 0)
        close_node(m, ph_book_level(m, l, 0)->head, t);
    for (uint32_t i = 0; i < side->blocks.cnt;) {
        uint32_t slot = ph_ladder_nth(&m->ladders, &side->blocks, i)->ref;
        const ph_order *o = &m->orders[slot];
        if (!ph_window_has(o->window, t)) {
            i++;
            continue;
        }
        /* A FLEX loses the starts that contain the period; earlier ones are lost already. */
        uint32_t lost = t + 1 - o->window.first;
        if (o->shape == PH_SHAPE_FLEX && o->window.periods >= lost + o->duration) {
            ph_book_shorten(m, slot, lost);
            i++;
            continue;
        }
        ph_fill_end(m, slot, PH_CANCEL_GATE);
    }
}

static bool has_anything(const ph_market *m, const ph_book_side *side, ph_period t)
{
    uint32_t ring = ph_ring(m, t);
    return ph_book_at(side, ring)->best != PH_KEY_NONE || ph_book_at(side, ring)->touching > 0;
}

static void close_period(ph_market *m, ph_product *p, ph_period t)
{
    ph_book_side *buy = &p->side[PH_SIDE_BUY], *sell = &p->side[PH_SIDE_SELL];
    if (!has_anything(m, buy, t) && !has_anything(m, sell, t)) return;
    ph_emit(m, PH_EVT_GATE_CLOSED)->u.gate_closed =
        (ph_gate_closed){.product = p->terms.id, .period = t};
    ph_fill_begin(m, PH_NONE);
    close_side(m, buy, t);
    close_side(m, sell, t);
    ph_fill_settle(m);
}

void ph_gate_run_due(ph_market *m)
{
    while (m->due_ns <= m->now.ns && m->due_ns != UINT64_MAX) {
        uint64_t due = m->due_ns, next = UINT64_MAX;
        for (uint32_t i = 1; i <= m->product_cnt; i++) {
            ph_product *p = &m->products[i];
            if (due_of(p) == due) close_period(m, p, p->gate_next++);
            uint64_t then = due_of(p);
            if (then < next) next = then;
        }
        if (ph_expiry_next(m) == due) ph_expiry_run(m, due);
        if (ph_expiry_next(m) < next) next = ph_expiry_next(m);
        if (ph_due_next(m) == due) ph_delivery_run(m, due);
        if (ph_due_next(m) < next) next = ph_due_next(m);
        PH_ASSERT(next > due);
        m->due_ns = next;
    }
}

void ph_gate_again(ph_market *m)
{
    uint64_t next = ph_expiry_next(m) < ph_due_next(m) ? ph_expiry_next(m) : ph_due_next(m);
    for (uint32_t i = 1; i <= m->product_cnt; i++) {
        uint64_t due = due_of(&m->products[i]);
        if (due < next) next = due;
    }
    m->due_ns = next;
}
