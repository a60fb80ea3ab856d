/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/book.h - resting orders: ladders of EACH orders per period, lists of blocks.

    Laws      a node is in a queue if and only if its order rests and its open quantity is not 0;
              a level is in its ladder if and only if its queue is not empty; best[t] is the key of
              the first ladder entry; see law.c.
    Full      ph_order_new and ph_book_rest say so; everything else cannot fail. */
#ifndef ENGINE_CORE_BOOK_H
#define ENGINE_CORE_BOOK_H

#include "engine/core/ahead.h"
#include "engine/core/state.h"

void ph_book_init(ph_market *m, ph_arena *a);

/* Where the next order will lie, whatever is there: an order that is drafted there needs no copy.
   When the table is full, nobody else's either. */
ph_order *ph_order_draft(ph_market *m);

/* A slot with a copy of the draft, or PH_NONE.  An EACH order also gets the nodes that it needs,
   as they are. */
uint32_t ph_order_new(ph_market *m, const ph_order *draft);

/* Nodes that an order needs. */
static inline uint32_t ph_order_nodes(ph_shape shape, uint32_t periods, ph_quantity display)
{
    if (shape != PH_SHAPE_EACH) return 0;
    return display == 0 ? periods : 2 * periods;
}

/* Lets a side lie in the periods of its product: 2 * ring_periods of them, both sides in turn. */
static inline void ph_book_side_begin(ph_book_side *side, ph_side which, ph_book_period *periods)
{
    side->periods = periods + (which == PH_SIDE_SELL ? 1 : 0);
}

/* True for one of the nodes of an order that stand in queues: how a walk over queues meets every
   order once. */
static inline bool ph_book_is_first(const ph_market *m, uint32_t node)
{
    uint32_t first = m->orders[m->nodes[node].order].node;
    while (node > first && m->nodes[node - 1].level == PH_NONE)
        node--;
    return node == first;
}

/* Periods that one unit of an order takes: of the window, or FLEX of one start. */
static inline uint32_t ph_order_length(const ph_order *o)
{
    return o->shape == PH_SHAPE_FLEX ? o->duration : o->window.periods;
}

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

/* The same for an order that a snapshot gave back: it stands by its place, an iceberg by those of
   its clips. */
bool ph_book_rest_again(ph_market *m, uint32_t slot);

/* Chains all resting orders by ph_order.next_touched in order of id; no command is running. */
uint32_t ph_book_by_id(ph_market *m);

/* Sorts a chain by ph_order.next_touched in order of id; returns its first. */
uint32_t ph_book_sort_by_id(ph_market *m, uint32_t first);

/* Takes a resting order out of the book; its open quantities stay as they are. */
void ph_book_leave(ph_market *m, uint32_t slot);

/* The clip of an iceberg in the period of `node`: its node's double. */
static inline ph_node *ph_clip_of(const ph_market *m, const ph_order *o, uint32_t node)
{
    return &m->nodes[node + o->window.periods];
}

static inline uint32_t ph_clip_units(const ph_node *clip)
{
    return clip->open;
}

static inline uint64_t ph_clip_place(const ph_node *clip)
{
    return (uint64_t)clip->next << 32 | clip->prev;
}

static inline void ph_clip_set(ph_node *clip, uint32_t shown, uint64_t place)
{
    clip->open = shown;
    clip->next = (uint32_t)(place >> 32);
    clip->prev = (uint32_t)place;
}

/* Units of a resting node that stand in the queue: a clip, or all. */
static inline uint32_t ph_book_shown(const ph_market *m, uint32_t node)
{
    const ph_order *o = &m->orders[m->nodes[node].order];
    return o->display == 0 ? m->nodes[node].open : ph_clip_units(ph_clip_of(m, o, node));
}

/* Place of a resting node in its queue: that of its clip, or of its order. */
static inline uint64_t ph_book_place(const ph_market *m, uint32_t node)
{
    const ph_order *o = &m->orders[m->nodes[node].order];
    return o->display == 0 ? o->place : ph_clip_place(ph_clip_of(m, o, node));
}

/* Executes `units` of a resting node: out of its queue when none are left; an iceberg whose clip
   is used up shows the next one at the back of the queue. */
void ph_book_reduce(ph_market *m, uint32_t node, uint32_t units);

/* Lowers the open units of a resting node without execution; its place is kept. */
void ph_book_lower(ph_market *m, uint32_t node, uint32_t open);

/* Takes one period of a resting EACH order out of its queue, for good. */
void ph_book_drop_period(ph_market *m, uint32_t slot, ph_period t);

/* A resting FLEX order loses its first `periods` periods. */
void ph_book_shorten(ph_market *m, uint32_t slot, uint32_t periods);

/* Resting blocks of a participant in a product. */
uint32_t ph_book_blocks_of(const ph_market *m, uint32_t participant, uint32_t product);

/* Asks for an order ahead of its turn. */
static inline void ph_book_ask(const ph_market *m, uint32_t slot)
{
    const char *o = (const char *)&m->orders[slot];
    ph_ask(o);
    ph_ask(o + 64);
}

/* The level behind entry i (from the best) of a ladder. */
static inline ph_level *ph_book_level(const ph_market *m, const ph_ladder *l, uint32_t i)
{
    return &m->levels[ph_ladder_nth(&m->ladders, l, i)->ref];
}

#endif
