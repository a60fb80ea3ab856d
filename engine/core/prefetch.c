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

/* Both sides of a period lie in one cache line, those of a product behind those of the one before,
   so that no product has to be looked at. */
static uint32_t period_of(const ph_market *m, uint32_t product, ph_period t)
{
    return product * m->limits.ring_periods + ph_ring(m, t);
}

static const ph_book_period *side_of(const ph_market *m, const ph_prefetch_memo *memo,
                                     uint32_t sells)
{
    return &m->products[0].side[PH_SIDE_BUY].periods[2 * (size_t)memo->period + sells];
}

/* What is read of the book that a new order goes to, and with whom it trades: with keys of the
   other side from `limit` on.  Of other commands nothing, and with nobody. */
static void note_new(const ph_market *m, const ph_command *c, ph_prefetch_memo *memo)
{
    const ph_new_order *n = &c->u.order;
    bool is_new = (c->kind == PH_CMD_NEW_ORDER) & (n->product.v <= m->product_cnt) &
                  (n->price > 0) & (n->price <= PH_PRICE_MAX);
    uint32_t bits = (uint32_t)all_if(is_new);
    memo->product = n->product.v & bits;
    memo->period = period_of(m, memo->product, n->window.first & bits);
    memo->sells = (n->side == PH_SIDE_SELL) & bits;
    memo->limit = is_new ? -ph_key_of(n->side, n->price) : INT64_MAX;
}

/* The same of the order in a slot; where a new order goes, that is none. */
static void note_resting(const ph_market *m, const ph_order *o, ph_prefetch_memo *memo)
{
    memo->product |= o->product;
    memo->period |= period_of(m, o->product, o->window.first);
    memo->sells |= o->side == PH_SIDE_SELL;
}

static void ask_for_product(const ph_market *m, const ph_prefetch_memo *memo)
{
    const ph_product *p = &m->products[memo->product];
    ph_ask(&p->side[PH_SIDE_BUY]); /* see ph_product */
    ph_ask(&p->order_terms);
    ph_ask(&p->reference);
    ph_ask(side_of(m, memo, 0));
}

/* The entries that are met first: as many of the best as most ladders have. */
static void ask_for_ladder(const ph_market *m, const ph_prefetch_memo *memo)
{
    const ph_ladder *l = &side_of(m, memo, memo->sells)->ladder;
    const char *behind = (const char *)&m->ladders.cells[(size_t)ph_ladder_at(l) + l->cnt];
    ph_ask(behind - 1);
    ph_ask(behind - 65); /* an entry of somebody else, if not its own */
}

/* Whom a new order trades with first: the best entry of the other side, or NULL. */
static const ph_ladder_entry *first_met(const ph_market *m, const ph_prefetch_memo *memo)
{
    const ph_book_period *other = side_of(m, memo, 1 - memo->sells);
    if (other->best < memo->limit || other->ladder.cnt == 0) return NULL;
    return ph_ladder_nth(&m->ladders, &other->ladder, 0);
}

static void ask_first(const ph_market *m, const ph_command *c, ph_prefetch_memo *memo)
{
    ph_ask(sender_of(m, c));
    ph_ask(&m->order_of.entries[ph_row_index_home(&m->order_of, order_of(c))]);
    note_new(m, c, memo);
    if (are_many(m)) ask_for_product(m, memo);
}

static void ask_for_order(const ph_market *m, const ph_command *c, ph_prefetch_memo *memo)
{
    const ph_participant *who = sender_of(m, c);
    ph_ask(&who->ids[who->ids_cnt % PH_CLIENT_IDS_KEPT]);
    ph_ask(&m->order_links[who->first_order]);
    ph_ask(&m->order_of.entries[ph_row_index_home(&m->order_of, m->last_order + 8)]);
    uint64_t order = order_of(c);
    memo->order = ph_row_index_guess(&m->order_of, order) & (uint32_t)all_if(order != 0);
    ph_book_ask(m, memo->order);
    ph_ask(&m->order_links[memo->order]);
    if (!are_many(m)) return;
    ask_for_ladder(m, memo);
    const ph_ladder_entry *met = first_met(m, memo);
    if (met != NULL) ph_ask(met);
}

/* Whatever is in the slot by now: one that was given back is as good to look at. */
static void ask_for_neighbours(const ph_market *m, ph_prefetch_memo *memo)
{
    const ph_order *o = &m->orders[memo->order];
    const ph_order_links *l = &m->order_links[memo->order];
    ph_ask(&m->order_links[l->next]);
    ph_ask(&m->order_links[l->prev]);
    ph_ask(&m->nodes[o->node]);
    ph_ask(&m->node_slab.state[o->node]);
    if (!are_many(m)) return;
    const ph_ladder_entry *met = first_met(m, memo);
    if (met != NULL) ph_ask(&m->levels[met->ref]);
    note_resting(m, o, memo);
    ask_for_product(m, memo);
}

static void ask_for_queue(const ph_market *m, const ph_prefetch_memo *memo)
{
    const ph_order *o = &m->orders[memo->order];
    ph_ask(o); /* once more: the first time may have fetched no more than the address of its page */
    uint32_t at = o->node & (uint32_t)all_if(o->shape == PH_SHAPE_EACH);
    const ph_node *n = &m->nodes[at];
    ph_ask(&m->nodes[n->next != PH_NODE_NONE ? n->next : at]);
    ph_ask(&m->nodes[n->prev != PH_NODE_NONE ? n->prev : at]);
    ph_ask(&m->levels[n->level]);
    if (!are_many(m)) return;
    ask_for_ladder(m, memo);
    const ph_ladder_entry *met = first_met(m, memo);
    if (met != NULL) ph_ask(&m->nodes[m->levels[met->ref].head]);
}

/* A trade is between two orders, and by terms that orders alone do not look at. */
static void ask_for_maker(const ph_market *m, const ph_prefetch_memo *memo)
{
    if (!are_many(m)) return;
    const ph_ladder_entry *met = first_met(m, memo);
    if (met == NULL) return;
    const ph_product *p = &m->products[memo->product];
    ph_ask(&p->terms_version);
    ph_ask(&p->terms.id);
    ph_ask(&p->terms.maker_ppm);
    uint32_t maker = m->nodes[m->levels[met->ref].head].order;
    ph_book_ask(m, maker);
    ph_ask(&m->order_links[maker]);
}

void ph_market_prefetch(const ph_market *m, const ph_command *c, uint32_t step,
                        ph_prefetch_memo *memo)
{
    switch (step) {
    case 0: ask_first(m, c, memo); return;
    case 1: ask_for_order(m, c, memo); return;
    case 2: ask_for_neighbours(m, memo); return;
    case 3: ask_for_queue(m, memo); return;
    default: ask_for_maker(m, memo); return;
    }
}
