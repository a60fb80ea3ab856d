/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/offer.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"

static ph_wide floor_div(ph_wide a, ph_wide b)
{
    ph_wide q = a / b;
    return q * b > a ? q - 1 : q;
}

static bool touches_open(const ph_market *m, const ph_order *incoming, ph_window w)
{
    uint64_t first = w.first > incoming->window.first ? w.first : incoming->window.first;
    uint64_t end = ph_window_end(w), other = ph_window_end(incoming->window);
    if (other < end) end = other;
    for (uint64_t t = first; t < end; t++) {
        if (m->nodes[ph_order_node(incoming, (ph_period)t)].open > 0) return true;
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
        uint32_t run = c->run < b->open - units ? c->run : b->open - units;
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
static int64_t offer_of(ph_market *m, uint32_t block, ph_window window, uint32_t incoming,
                        ph_fill_step *record)
{
    const ph_order *b = &m->orders[block], *o = &m->orders[incoming];
    ph_column c =
        ph_column_start(m, (ph_column_ask){block, window, incoming, record, .stops_at_own = false});
    ph_wide total, extra_units;
    uint32_t units = take_step(&c, b, &total, &extra_units);
    if (units == 0 || (b->all_or_none && units < b->open) || extra_units == 0) return PH_KEY_NONE;
    ph_wide limit = (ph_wide)b->key * window.periods * units;
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

static int64_t offer_at(ph_market *m, uint32_t block, ph_window window, uint32_t incoming)
{
    const ph_order *b = &m->orders[block];
    if (!ph_column_could_reach(m, block, window, incoming, -b->key * window.periods))
        return PH_KEY_NONE;
    return offer_of(m, block, window, incoming, NULL);
}

/* The best offer of one block: FLEX from the start with the best one; equal: the earliest. */
static ph_offer offer_of_block(ph_market *m, uint32_t block, uint32_t incoming)
{
    const ph_order *b = &m->orders[block];
    ph_offer best = {.block = PH_NONE, .window = b->window, .key = PH_KEY_NONE};
    uint32_t length = ph_order_length(b);
    for (uint32_t start = 0; start + length <= b->window.periods; start++) {
        ph_window window = {b->window.first + start, length};
        if (!touches_open(m, &m->orders[incoming], window)) continue;
        int64_t key = offer_at(m, block, window, incoming);
        if (key != PH_KEY_NONE && key > best.key) best = (ph_offer){block, window, key};
    }
    return best;
}

ph_offer ph_offer_best(ph_market *m, uint32_t incoming)
{
    const ph_order *o = &m->orders[incoming];
    ph_offer best = {.block = PH_NONE, .key = PH_KEY_NONE};
    for (uint32_t i = 0; i < m->reached_cnt; i++) {
        uint32_t slot = m->reached[i];
        const ph_order *b = &m->orders[slot];
        if (!b->resting || b->participant == o->participant || !touches_open(m, o, b->window))
            continue;
        ph_offer offer = offer_of_block(m, slot, incoming);
        if (offer.block == PH_NONE) continue;
        bool better = best.block == PH_NONE || offer.key > best.key ||
                      (offer.key == best.key && b->place < m->orders[best.block].place);
        if (better) best = offer;
    }
    return best;
}

void ph_offer_record(ph_market *m, uint32_t incoming, const ph_offer *offer, ph_fill_step *step)
{
    int64_t key = offer_of(m, offer->block, offer->window, incoming, step);
    PH_ASSERT(key == offer->key);
}

bool ph_offer_block_executable(ph_market *m, uint32_t block)
{
    const ph_order *b = &m->orders[block];
    uint32_t length = ph_order_length(b);
    for (uint32_t start = 0; start + length <= b->window.periods; start++) {
        ph_window window = {b->window.first + start, length};
        ph_column c = ph_column_start(m, (ph_column_ask){block, window, PH_NONE, NULL, false});
        ph_wide total, extra_units;
        uint32_t units = take_step(&c, b, &total, &extra_units);
        if (units == 0 || (b->all_or_none && units < b->open)) continue;
        if ((ph_wide)b->key * length * units + total >= 0) return true;
    }
    return false;
}
