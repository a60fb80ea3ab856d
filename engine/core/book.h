/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/book.h - resting orders: ladders of EACH orders per period, lists of blocks.

    Laws      a node is in a queue if and only if its order rests and its open quantity is not 0;
              a level is in its ladder if and only if its queue is not empty; best[t] is the key of
              the first ladder entry; see law.c.
    Full      ph_order_new and ph_book_rest say so; everything else cannot fail. */
#ifndef ENGINE_CORE_BOOK_H
#define ENGINE_CORE_BOOK_H

#include "engine/core/state.h"

void ph_book_init(ph_market *m, ph_arena *a);

/* A zeroed order slot, or PH_NONE.  EACH orders also get a run of nodes for `periods`. */
uint32_t ph_order_new(ph_market *m, ph_shape shape, uint32_t periods);

/* Gives the slot and its nodes back; the order is in no list any more. */
void ph_order_free(ph_market *m, uint32_t slot);

/* Index of the node of an EACH order in period t of its window. */
static inline uint32_t ph_order_node(const ph_order *o, ph_period t)
{
    return o->node + (t - o->window.first);
}

/* Puts what is open of an order into the book.  False when there is no room for its price levels:
   nothing of it is then in the book. */
bool ph_book_rest(ph_market *m, uint32_t slot);

/* Takes a resting order out of the book; its open quantities stay as they are. */
void ph_book_leave(ph_market *m, uint32_t slot);

/* Takes `units` off a resting node, and the node out of its queue when none are left. */
void ph_book_reduce(ph_market *m, uint32_t node, uint32_t units);

/* Takes one period of a resting EACH order out of its queue and sets its open units to 0. */
void ph_book_drop_period(ph_market *m, uint32_t slot, ph_period t);

/* Resting blocks of a participant in a product. */
uint32_t ph_book_blocks_of(const ph_market *m, uint32_t participant, uint32_t product);

/* The level behind entry i (from the best) of a ladder. */
static inline ph_level *ph_book_level(const ph_market *m, const ph_ladder *l, uint32_t i)
{
    return &m->levels[ph_ladder_nth(&m->ladders, l, i)->ref];
}

#endif
