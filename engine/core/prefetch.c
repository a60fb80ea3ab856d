/* SPDX-License-Identifier: Apache-2.0 */
/* What a later command will touch, asked for ahead of its turn.  Nothing here may wait: what a step
   reads, the one before has asked for.

   Nothing here depends on what kind of command it is, either: kinds come in no order, and at every
   step a processor would guess wrong half of the time.  Where a command names no order or no
   product, number 0 is looked at, which is there and empty, and in the caches. */
#include <stddef.h>

#include "engine/core/ahead.h"
#include "engine/core/book.h"
#include "engine/core/market.h"
#include "engine/core/state.h"

/* What is few stays in the processor's caches by itself. */
static bool are_many(const ph_market *m)
{
    return m->product_cnt > 64;
}

/* All bits if a condition holds, or none: what makes a choice without a branch. */
static uint64_t all_if(bool holds)
{
    return 0 - (uint64_t)holds;
}

_Static_assert(offsetof(ph_cancel_order, order) == offsetof(ph_replace_order, order),
               "read as one");

/* The resting order that a command names by its id, or 0. */
static uint64_t order_of(const ph_command *c)
{
    bool names = (c->kind == PH_CMD_CANCEL_ORDER) | (c->kind == PH_CMD_REPLACE_ORDER);
    return c->u.cancel.order.v & all_if(names);
}

static const ph_participant *sender_of(const ph_market *m, const ph_command *c)
{
    return &m->participants[c->sender.v & all_if(c->sender.v <= m->participant_cnt)];
}

/* What a command says of the book that it goes to: of a new order that of the order itself, of
   another that of the order in slot `slot`; where a new order goes, slot is PH_NONE. */
typedef struct {
    uint32_t product, ring, side;
} aim;

static aim aim_of_new(const ph_market *m, const ph_command *c)
{
    const ph_new_order *n = &c->u.order;
    bool is_new = (c->kind == PH_CMD_NEW_ORDER) & (n->product.v <= m->product_cnt);
    uint32_t bits = (uint32_t)all_if(is_new);
    return (aim){n->product.v & bits, n->window.first & bits, n->side & bits};
}

static aim aim_of(const ph_market *m, const ph_command *c, const ph_order *o)
{
    aim a = aim_of_new(m, c);
    return (aim){a.product | o->product, a.ring | o->window.first, a.side | o->side};
}

/* Both sides of a period lie in one cache line, those of a product behind those of the one before,
   so that no product has to be looked at. */
static const ph_book_period *periods_at(const ph_market *m, const aim *a)
{
    size_t at = (size_t)a->product * m->limits.ring_periods + ph_ring(m, a->ring);
    return &m->products[0].side[PH_SIDE_BUY].periods[2 * at];
}

static void ask_for_product(const ph_market *m, uint32_t product)
{
    const ph_product *p = &m->products[product];
    ph_ask(&p->side[PH_SIDE_BUY]); /* see ph_product */
    ph_ask(&p->order_terms);
    ph_ask(&p->reference);
}

/* The entries that are met first: as many of the best as most ladders have. */
static void ask_for_ladder(const ph_market *m, const aim *a)
{
    const ph_book_period *p = periods_at(m, a) + (a->side == PH_SIDE_SELL);
    size_t best = (size_t)ph_ladder_at(&p->ladder) + p->ladder.cnt;
    const char *behind = (const char *)&m->ladders.cells[best];
    ph_ask(behind - 1);
    ph_ask(behind - 65); /* an entry of somebody else, if not its own */
}

static void ask_first(const ph_market *m, const ph_command *c)
{
    ph_ask(sender_of(m, c));
    ph_ask(&m->order_of.entries[ph_row_index_home(&m->order_of, order_of(c))]);
    if (are_many(m)) ask_for_product(m, aim_of_new(m, c).product);
}

static uint32_t ask_for_order(const ph_market *m, const ph_command *c)
{
    const ph_participant *who = sender_of(m, c);
    ph_ask(&who->ids[who->ids_cnt % PH_CLIENT_IDS_KEPT]);
    ph_ask(&m->order_of.entries[ph_row_index_home(&m->order_of, m->last_order + 8)]);
    uint64_t order = order_of(c);
    uint32_t slot = ph_row_index_guess(&m->order_of, order) & (uint32_t)all_if(order != 0);
    ph_book_ask(m, slot);
    ph_ask(&m->order_links[slot]);
    if (are_many(m)) {
        aim a = aim_of_new(m, c);
        ph_ask(periods_at(m, &a));
    }
    return slot;
}

/* Whatever is in the slot by now: one that was given back is as good to look at. */
static void ask_for_neighbours(const ph_market *m, const ph_command *c, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    const ph_order_links *l = &m->order_links[slot];
    ph_ask(&m->order_links[sender_of(m, c)->first_order]);
    ph_ask(&m->order_links[l->next]);
    ph_ask(&m->order_links[l->prev]);
    ph_ask(&m->nodes[o->node]);
    ph_ask(&m->node_slab.state[o->node]);
    if (!are_many(m)) return;
    aim a = aim_of(m, c, o);
    ask_for_product(m, a.product);
    ph_ask(periods_at(m, &a));
}

static void ask_for_queue(const ph_market *m, const ph_command *c, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    ph_ask(o); /* once more: the first time may have fetched no more than the address of its page */
    uint32_t at = o->node & (uint32_t)all_if(o->shape == PH_SHAPE_EACH);
    const ph_node *n = &m->nodes[at];
    ph_ask(&m->nodes[n->next != PH_NODE_NONE ? n->next : at]);
    ph_ask(&m->nodes[n->prev != PH_NODE_NONE ? n->prev : at]);
    ph_ask(&m->levels[n->level]);
    if (!are_many(m)) return;
    aim a = aim_of(m, c, o);
    ask_for_ladder(m, &a);
}

void ph_market_prefetch(const ph_market *m, const ph_command *c, uint32_t step, uint32_t *memo)
{
    switch (step) {
    case 0: ask_first(m, c); return;
    case 1: *memo = ask_for_order(m, c); return;
    case 2: ask_for_neighbours(m, c, *memo); return;
    default: ask_for_queue(m, c, *memo); return;
    }
}
