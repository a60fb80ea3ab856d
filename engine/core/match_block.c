/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/match_block.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/column.h"
#include "engine/core/fill.h"
#include "engine/core/group.h"

typedef struct {
    uint32_t units;       /* taken */
    uint32_t passed_over; /* largest all-or-none block within the limit that was passed over */
    ph_wide total;        /* sum of the unit keys */
} attempt;

static const ph_book_side *other_side(const ph_market *m, const ph_order *o)
{
    return &m->products[o->product].side[ph_other_side((ph_side)o->side)];
}

static bool accepts(int64_t a, int64_t b)
{
    return a + b >= 0;
}

/* The next resting block from entry *i on that is a source: same window, other participant. */
static uint32_t next_source(const ph_market *m, const ph_order *o, uint32_t *i)
{
    const ph_book_side *other = other_side(m, o);
    for (; *i < other->blocks.cnt; (*i)++) {
        uint32_t slot = ph_ladder_nth(&m->ladders, &other->blocks, *i)->ref;
        const ph_order *b = &m->orders[slot];
        if (b->shape == PH_SHAPE_BLOCK && b->participant != o->participant &&
            ph_window_equal(b->window, o->window))
            return slot;
    }
    return PH_NONE;
}

static void record_source(ph_market *m, ph_fill_step *step, uint32_t incoming, uint32_t block,
                          uint32_t units)
{
    if (step == NULL) return;
    const ph_order *b = &m->orders[block];
    ph_fill_record(m, step,
                   &(ph_execution){incoming, block, b->window, units, ph_price_of(b->key)});
}

/* Within one execution a second member of a group is passed over. */
static bool another_member_taken(const ph_market *m, uint32_t slot)
{
    for (uint32_t i = m->orders[slot].group; i != PH_NONE && i != slot; i = m->orders[i].group) {
        if (m->orders[i].taken) return true;
    }
    return false;
}

static void forget_taken(ph_market *m, const ph_order *o)
{
    uint32_t i = 0;
    for (uint32_t source; (source = next_source(m, o, &i)) != PH_NONE; i++)
        m->orders[source].taken = false;
}

/* Whether a source cannot be taken now; notes the largest that this happened to. */
static bool passed_over(const ph_market *m, const ph_order *o, uint32_t source, uint32_t want,
                        attempt *at)
{
    const ph_order *b = &m->orders[source];
    bool passed = (b->all_or_none && b->open > want) || another_member_taken(m, source);
    if (passed && b->all_or_none && accepts(o->key, b->key) && b->open > at->passed_over)
        at->passed_over = b->open;
    return passed;
}

/* Takes the cheapest units; `first`, when there is one, before all others. */
static attempt try_block(ph_market *m, uint32_t incoming, uint32_t first, ph_fill_step *record)
{
    const ph_order *o = &m->orders[incoming];
    int64_t n = o->window.periods;
    attempt at = {.units = 0, .passed_over = 0, .total = 0};
    if (first != PH_NONE) {
        const ph_order *b = &m->orders[first];
        if (b->all_or_none && b->open > o->open) return at;
        at.units = b->open < o->open ? b->open : o->open;
        at.total = (ph_wide)b->key * n * at.units;
        record_source(m, record, incoming, first, at.units);
        m->orders[first].taken = true;
    }
    ph_column c = ph_column_start(m, (ph_column_ask){incoming, o->window, PH_NONE, record, false});
    for (uint32_t i = 0; at.units < o->open;) {
        uint32_t want = o->open - at.units;
        uint32_t source = next_source(m, o, &i);
        const ph_order *b = &m->orders[source];
        if (source != PH_NONE && (source == first || passed_over(m, o, source, want, &at))) {
            i++;
            continue;
        }
        bool block = source != PH_NONE && (c.run == 0 || b->key * n >= c.unit_key);
        if (!block && c.run == 0) break;
        int64_t unit_key = block ? b->key * n : c.unit_key;
        if (!o->all_or_none && !accepts(o->key * n, unit_key)) break;
        uint32_t have = block ? b->open : c.run;
        uint32_t units = want < have ? want : have;
        at.units += units;
        at.total += (ph_wide)unit_key * units;
        if (block) {
            record_source(m, record, incoming, source, units);
            m->orders[source].taken = true;
            i++;
        } else {
            ph_column_take(&c, units);
        }
    }
    ph_column_finish(&c);
    forget_taken(m, o);
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
    uint32_t chosen = PH_NONE;
    if (!o->all_or_none && at->passed_over <= at->units) return PH_NONE;
    uint32_t i = 0;
    for (uint32_t source; (source = next_source(m, o, &i)) != PH_NONE; i++) {
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

static ph_block_plan plan_block(ph_market *m, uint32_t incoming)
{
    const ph_order *o = &m->orders[incoming];
    ph_block_plan plan = {.executes = false, .window = o->window, .first = PH_NONE};
    uint32_t i = 0;
    if (next_source(m, o, &i) == PH_NONE &&
        !ph_column_could_reach(m, incoming, o->window, PH_NONE, -o->key * o->window.periods))
        return plan;
    attempt at = try_block(m, incoming, PH_NONE, &plan.step);
    m->planned = incoming;
    if (!o->all_or_none || !executes(o, at)) plan.first = second_try(m, incoming, &at);
    plan.units = at.units;
    plan.total = at.total;
    plan.executes = executes(o, at);
    if (o->time_in_force == PH_TIF_FOK && at.units < o->open) plan.executes = false;
    return plan;
}

/* The cheapest start of a FLEX that has all units. */
static ph_block_plan plan_flex(ph_market *m, uint32_t incoming)
{
    const ph_order *o = &m->orders[incoming];
    ph_block_plan plan = {.executes = false, .window = o->window, .first = PH_NONE};
    int64_t unit_limit = -o->key * o->duration;
    for (uint32_t start = 0; start + o->duration <= o->window.periods; start++) {
        ph_window window = {o->window.first + start, o->duration};
        if (!ph_column_could_reach(m, incoming, window, PH_NONE, unit_limit)) continue;
        ph_column c = ph_column_start(m, (ph_column_ask){incoming, window, PH_NONE, NULL, false});
        ph_wide total = 0;
        uint32_t units = 0;
        while (units < o->open && c.run > 0) {
            uint32_t want = o->open - units;
            uint32_t run = c.run < want ? c.run : want;
            total += (ph_wide)c.unit_key * run;
            units += run;
            if (units < o->open) ph_column_take(&c, run);
        }
        if (units < o->open || total < (ph_wide)unit_limit * o->open) continue;
        if (plan.executes && total <= plan.total) continue;
        plan = (ph_block_plan){.executes = true, .window = window, .units = units, .total = total};
    }
    return plan;
}

ph_block_plan ph_match_block_plan(ph_market *m, uint32_t incoming)
{
    m->planned = PH_NONE;
    return m->orders[incoming].shape == PH_SHAPE_FLEX ? plan_flex(m, incoming)
                                                      : plan_block(m, incoming);
}

static void record_flex(ph_market *m, uint32_t incoming, ph_window window, ph_fill_step *step)
{
    ph_column c = ph_column_start(m, (ph_column_ask){incoming, window, PH_NONE, step, false});
    for (uint32_t want = m->orders[incoming].open; want > 0;) {
        uint32_t run = c.run < want ? c.run : want;
        ph_column_take(&c, run);
        want -= run;
    }
    ph_column_finish(&c);
}

bool ph_match_block_run(ph_market *m, uint32_t incoming, const ph_block_plan *plan)
{
    PH_ASSERT(plan->executes);
    const ph_order *o = &m->orders[incoming];
    ph_fill_step step = {0};
    if (o->shape == PH_SHAPE_FLEX)
        record_flex(m, incoming, plan->window, &step);
    else if (plan->first == PH_NONE && m->planned == incoming)
        step = plan->step;
    else
        (void)try_block(m, incoming, plan->first, &step); /* the planned attempt, recorded */
    m->planned = PH_NONE;
    if (step.too_many) return false;
    uint32_t before = m->fill_cnt;
    ph_fill_apply(m, &step);
    bool others = other_side(m, o)->blocks.cnt > 0; /* that it may have traded with */
    for (uint32_t f = before; others && f < m->fill_cnt; f++) {
        uint32_t maker = o->side == PH_SIDE_BUY ? m->fills[f].sell : m->fills[f].buy;
        if (m->orders[maker].shape != PH_SHAPE_EACH) ph_group_executed(m, maker);
    }
    ph_group_executed(m, incoming);
    return true;
}
