/* SPDX-License-Identifier: Apache-2.0 */
/* What a later command will touch, asked for ahead of its turn.  Nothing here may wait: what a step
   reads, the one before has asked for. */
#include "engine/core/ahead.h"
#include "engine/core/book.h"
#include "engine/core/market.h"
#include "engine/core/state.h"

/* What is few stays in the processor's caches by itself. */
static bool are_many(const ph_market *m)
{
    return m->product_cnt > 64;
}

/* The entries that are met first: as many of the best as most ladders have. */
static void ask_for_ladder(const ph_market *m, const ph_book_side *side, uint32_t ring)
{
    const ph_ladder *l = &ph_book_at(side, ring)->ladder;
    if (l->cnt == 0) return;
    const char *best = (const char *)ph_ladder_nth(&m->ladders, l, 0);
    ph_ask(best);
    ph_ask(best - 64); /* an entry of somebody else, if not its own */
}

/* An order that will execute at once meets the first one of the other side. */
static void ask_for_maker(const ph_market *m, const ph_ladder *other)
{
    const ph_node *maker = &m->nodes[ph_book_level(m, other, 0)->head];
    ph_book_ask(m, maker->order);
    ph_ask(&m->order_links[maker->order]);
}

static void ask_for_queue(const ph_market *m, const ph_product *p, const ph_new_order *n)
{
    uint32_t ring = ph_ring(m, n->window.first), better;
    int64_t key = ph_key_of(n->side, n->price);
    const ph_book_period *other = ph_book_at(&p->side[ph_other_side(n->side)], ring);
    if (other->best != PH_KEY_NONE && key + other->best >= 0) {
        ask_for_maker(m, &other->ladder);
    } else if (are_many(m)) {
        const ph_ladder *own = &ph_book_at(&p->side[n->side], ring)->ladder;
        if (own->cnt > 0 && ph_ladder_find(&m->ladders, own, key, &better))
            ph_ask(ph_book_level(m, own, better));
    }
}

static void ask_for_product(const ph_market *m, const ph_product *p, const ph_new_order *n,
                            uint32_t step)
{
    uint32_t ring = ph_ring(m, n->window.first);
    if (step == 0) {
        ph_ask(&p->side[PH_SIDE_BUY]); /* see ph_product */
        ph_ask(&p->order_terms);
        ph_ask(&p->reference);
    } else if (step == 1) {
        ph_ask(ph_book_at(&p->side[PH_SIDE_BUY], ring)); /* both sides share a cache line */
    } else {
        for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++)
            ask_for_ladder(m, &p->side[s], ring);
    }
}

static void ask_for_new(const ph_market *m, const ph_command *c, uint32_t step)
{
    const ph_new_order *n = &c->u.order;
    if (c->sender.v == 0 || c->sender.v > m->participant_cnt || n->product.v == 0 ||
        n->product.v > m->product_cnt)
        return;
    const ph_participant *who = &m->participants[c->sender.v];
    const ph_product *p = &m->products[n->product.v];
    if (step == 3) {
        if (n->side == PH_SIDE_BUY || n->side == PH_SIDE_SELL) ask_for_queue(m, p, n);
        return;
    }
    if (are_many(m)) ask_for_product(m, p, n, step);
    if (step == 0) {
        ph_ask(&who->cash);
    } else if (step == 1) {
        ph_ask(&who->ids[who->ids_cnt % PH_CLIENT_IDS_KEPT]);
        ph_ask(&m->order_of.entries[ph_row_index_home(&m->order_of, m->last_order + 8)]);
    } else {
        ph_ask(&m->order_links[who->first_order]);
    }
}

static void ask_for_node(const ph_market *m, const ph_order *o)
{
    const ph_node *n = &m->nodes[o->node];
    if (n->next != PH_NODE_NONE) ph_ask(&m->nodes[n->next]);
    if (n->prev != PH_NODE_NONE) ph_ask(&m->nodes[n->prev]);
    ph_ask(&m->levels[n->level]);
    if (!are_many(m)) return;
    ask_for_ladder(m, &m->products[o->product].side[o->side], ph_ring(m, o->window.first));
}

static void ask_for_resting(const ph_market *m, uint64_t order, uint32_t step, uint32_t *memo)
{
    if (step == 0) {
        ph_ask(&m->order_of.entries[ph_row_index_home(&m->order_of, order)]);
        return;
    }
    if (step == 1) {
        *memo = ph_row_index_guess(&m->order_of, order);
        if (*memo == PH_NONE) return;
        ph_book_ask(m, *memo);
        ph_ask(&m->order_links[*memo]);
        return;
    }
    /* Whatever is there by now: a slot that was given back is as good to look at. */
    if (*memo == PH_NONE) return;
    const ph_order *o = &m->orders[*memo];
    ph_ask(o); /* once more: the first time may have fetched no more than the address of its page */
    if (step == 3) {
        if (o->shape == PH_SHAPE_EACH) ask_for_node(m, o);
        return;
    }
    const ph_order_links *l = &m->order_links[*memo];
    ph_ask(&m->order_links[l->next]);
    ph_ask(&m->order_links[l->prev]);
    if (o->shape != PH_SHAPE_EACH) return;
    ph_ask(&m->nodes[o->node]);
    ph_ask(&m->node_slab.state[o->node]);
    if (!are_many(m)) return;
    const ph_product *p = &m->products[o->product];
    ph_ask(&p->order_cnt);
    ph_ask(&p->order_terms);
    ph_ask(ph_book_at(&p->side[o->side], ph_ring(m, o->window.first)));
}

void ph_market_prefetch(const ph_market *m, const ph_command *c, uint32_t step, uint32_t *memo)
{
    if (c->kind == PH_CMD_NEW_ORDER)
        ask_for_new(m, c, step);
    else if (c->kind == PH_CMD_CANCEL_ORDER && c->u.cancel.order.v != 0)
        ask_for_resting(m, c->u.cancel.order.v, step, memo);
    else if (c->kind == PH_CMD_REPLACE_ORDER && c->u.replace.order.v != 0)
        ask_for_resting(m, c->u.replace.order.v, step, memo);
}
