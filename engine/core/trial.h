/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/trial.h - a double of one product's book, in which an order can be tried.

    The double is a market that shares everything with the real one but what matching changes: the
    product, its orders, their nodes, levels and ladders, at the same indices.  What matching
    changes outside the book (capacity, lists, indexes) is left alone while is_trial is set.

    Owns      nothing: lives in a room of the asker, ph_trial_footprint bytes.
    Cost      linear in what rests in the product. */
#ifndef ENGINE_CORE_TRIAL_H
#define ENGINE_CORE_TRIAL_H

#include "engine/core/state.h"

typedef struct {
    ph_market market;
    ph_order *orders;
    ph_node *nodes;
    ph_level *levels;
    ph_ladder_entry *cells;
    ph_product *products;
    ph_book_period *periods; /* of both sides */
} ph_trial;

/* Carves a room of these sizes; while the arena only counts, nothing else. */
void ph_trial_init(ph_trial *t, ph_arena *a, const ph_market_limits *limits);

/* The double of a product's book as it stands. */
ph_market *ph_trial_of(ph_trial *t, const ph_market *m, uint32_t product);

/* The slot that belongs to no order: where an order that is only tried can stand, in the double and
   in the market itself, with nodes of its own. */
static inline uint32_t ph_trial_slot(const ph_market *m)
{
    return m->limits.orders_max + 1;
}

static inline uint32_t ph_trial_node(const ph_market *m)
{
    return m->node_slab.cells;
}

/* Puts a draft into that slot, as if it had been accepted last. */
void ph_trial_put(ph_market *m, const ph_order *draft);

#endif
