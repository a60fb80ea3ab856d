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
    t->levels = ph_arena_take(a, nodes + 1, sizeof t->levels[0]);
    t->cells = ph_arena_take(a, sizes.ladders.slab.cells, sizeof t->cells[0]);
    t->products = ph_arena_take(a, (size_t)limits->products_max + 1, sizeof t->products[0]);
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
        t->ladders[s] = ph_arena_take(a, limits->ring_periods, sizeof t->ladders[s][0]);
        t->best[s] = ph_arena_take(a, limits->ring_periods, sizeof t->best[s][0]);
        t->touching[s] = ph_arena_take(a, limits->ring_periods, sizeof t->touching[s][0]);
    }
}

static void copy_ladder(ph_trial *t, const ph_market *m, const ph_ladder *l)
{
    if (l->cnt > 0) memcpy(&t->cells[l->at], &m->ladders.cells[l->at], l->cnt * sizeof t->cells[0]);
}

static void copy_side(ph_trial *t, const ph_market *m, uint32_t product, int s)
{
    const ph_book_side *from = &m->products[product].side[s];
    ph_book_side *to = &t->products[product].side[s];
    uint32_t ring = m->limits.ring_periods;
    to->ladders = t->ladders[s];
    to->best = t->best[s];
    to->touching = t->touching[s];
    memcpy(to->ladders, from->ladders, ring * sizeof to->ladders[0]);
    memcpy(to->best, from->best, ring * sizeof to->best[0]);
    memcpy(to->touching, from->touching, ring * sizeof to->touching[0]);
    for (uint32_t r = 0; r < ring; r++)
        copy_ladder(t, m, &from->ladders[r]);
    copy_ladder(t, m, &from->blocks);
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
    for (uint32_t i = 0; i < o->window.periods; i++) {
        uint32_t level = m->nodes[o->node + i].level;
        t->levels[level] = m->levels[level];
    }
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
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++)
        copy_side(t, m, product, s);
    for (uint32_t slot = m->products[product].first_order; slot != PH_NONE;
         slot = m->orders[slot].next_of_product)
        copy_order(t, m, slot);
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
