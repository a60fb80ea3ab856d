/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/trial.h"

#include <string.h>

#include "engine/core/book.h"

void ph_trial_init(ph_trial *t, ph_arena *a, const ph_market_limits *limits)
{
    ph_market sizes = {.limits = *limits};
    ph_arena count = {.start = NULL};
    ph_book_init(&sizes, &count); /* says how many nodes, levels and cells there are */
    size_t nodes = sizes.node_slab.cells;
    t->orders = ph_arena_take(a, (size_t)limits->orders_max + 2, sizeof t->orders[0]);
    t->nodes = ph_arena_take(a, nodes + PH_TRIAL_NODES, sizeof t->nodes[0]);
    t->levels = ph_arena_take(a, (size_t)limits->levels_max + 1, sizeof t->levels[0]);
    t->cells = ph_arena_take(a, sizes.ladders.slab.cells, sizeof t->cells[0]);
    t->products = ph_arena_take(a, (size_t)limits->products_max + 1, sizeof t->products[0]);
    t->periods = ph_arena_take(a, 2 * (size_t)limits->ring_periods, sizeof t->periods[0]);
}

static void copy_ladder(ph_trial *t, const ph_market *m, const ph_ladder *l)
{
    if (l->cnt > 0)
        memcpy(&t->cells[ph_ladder_at(l)], &m->ladders.cells[ph_ladder_at(l)],
               l->cnt * sizeof t->cells[0]);
}

static void copy_order(ph_trial *t, const ph_market *m, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    t->orders[slot] = *o;
    /* Members of its group may rest in other products: they can be looked at, no more. */
    for (uint32_t i = o->group; i != PH_NONE && i != slot; i = m->orders[i].group)
        t->orders[i] = m->orders[i];
    if (o->shape != PH_SHAPE_EACH) return;
    uint32_t nodes = ph_order_nodes(PH_SHAPE_EACH, o->window.periods, o->display);
    memcpy(&t->nodes[o->node], &m->nodes[o->node], nodes * sizeof t->nodes[0]);
}

static void copy_level(ph_trial *t, const ph_market *m, uint32_t level)
{
    t->levels[level] = m->levels[level];
    for (uint32_t n = m->levels[level].head; n != PH_NODE_NONE; n = m->nodes[n].next) {
        if (ph_book_is_first(m, n)) copy_order(t, m, m->nodes[n].order);
    }
}

/* What rests in the product, copied to the same indices. */
static void copy_side(ph_trial *t, const ph_market *m, const ph_book_side *from)
{
    for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
        const ph_ladder *l = &ph_book_at(from, r)->ladder;
        copy_ladder(t, m, l);
        for (uint32_t i = 0; i < l->cnt; i++)
            copy_level(t, m, ph_ladder_nth(&m->ladders, l, i)->ref);
    }
    copy_ladder(t, m, &from->blocks);
    for (uint32_t i = 0; i < from->blocks.cnt; i++)
        copy_order(t, m, ph_ladder_nth(&m->ladders, &from->blocks, i)->ref);
}

ph_market *ph_trial_of(ph_trial *t, const ph_market *m, uint32_t product)
{
    t->market = *m;
    t->market.is_trial = true;
    t->market.orders = t->orders;
    t->market.nodes = t->nodes;
    t->market.levels = t->levels;
    t->market.ladders.cells = t->cells;
    t->market.ladders.keeps_runs = true;
    t->market.products = t->products;
    t->products[product] = m->products[product];
    const ph_book_period *periods = m->products[product].side[PH_SIDE_BUY].periods;
    memcpy(t->periods, periods, 2 * (size_t)m->limits.ring_periods * sizeof t->periods[0]);
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
        copy_side(t, m, &m->products[product].side[s]);
        ph_book_side_begin(&t->products[product].side[s], (ph_side)s, t->periods);
    }
    return &t->market;
}

void ph_trial_put(ph_market *m, const ph_order *draft)
{
    uint32_t slot = ph_trial_slot(m);
    ph_order *o = &m->orders[slot];
    *o = *draft;
    o->id = m->last_order + 1;
    o->place = m->last_place + 1;
    o->node = ph_trial_node(m);
    for (uint32_t i = 0; o->shape == PH_SHAPE_EACH && i < o->window.periods; i++)
        m->nodes[o->node + i] = (ph_node){.order = slot,
                                          .next = PH_NODE_NONE,
                                          .prev = PH_NODE_NONE,
                                          .level = PH_NONE,
                                          .open = o->quantity};
}
