/* SPDX-License-Identifier: Apache-2.0 */
/* What a later command will touch, asked for ahead of its turn. */
#include "engine/core/book.h"
#include "engine/core/market.h"
#include "engine/core/state.h"

static void ask(const void *p)
{
    __builtin_prefetch(p, 1, 3);
}

static void ask_order(const ph_market *m, uint32_t slot)
{
    if (slot == PH_NONE) return;
    const char *p = (const char *)&m->orders[slot];
    for (size_t at = 0; at < sizeof m->orders[0]; at += 64)
        ask(p + at);
}

static void ask_for_new(const ph_market *m, const ph_command *c, uint32_t step)
{
    const ph_new_order *n = &c->u.order;
    if (c->sender.v == 0 || c->sender.v > m->participant_cnt || n->product.v == 0 ||
        n->product.v > m->product_cnt)
        return;
    const ph_participant *who = &m->participants[c->sender.v];
    const ph_product *p = &m->products[n->product.v];
    uint32_t ring = ph_ring(m, n->window.first);
    if (step == 0) {
        ask(&who->cash);
        ask(&p->terms.period_seconds);
        ask(&p->terms.bond_fixed);
        ask(&p->terms_at);
        ask(&p->side[PH_SIDE_SELL]);
    } else if (step == 1) {
        ask(&who->ids[who->ids_cnt % PH_CLIENT_IDS_KEPT]);
        ask(ph_book_at(&p->side[PH_SIDE_BUY], ring)); /* both sides share a cache line */
        ask(&m->order_of.entries[ph_index_home(&m->order_of, m->last_order + 8)]);
    } else if (step == 2) {
        for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
            const ph_ladder *l = &ph_book_at(&p->side[s], ring)->ladder;
            if (l->cnt > 0) ask(ph_ladder_nth(&m->ladders, l, 0));
        }
        ask(&m->order_links[who->first_order]);
    } else {
        const ph_ladder *l = &ph_book_at(&p->side[ph_other_side(n->side)], ring)->ladder;
        if (l->cnt > 0) ask(ph_book_level(m, l, 0));
    }
}

static void ask_for_resting(const ph_market *m, uint64_t order, uint32_t step)
{
    if (step == 0) {
        ask(&m->order_of.entries[ph_index_home(&m->order_of, order)]);
        return;
    }
    uint32_t slot;
    if (!ph_index_find(&m->order_of, order, &slot)) return;
    const ph_order *o = &m->orders[slot];
    if (step == 1) {
        ask_order(m, slot);
        ask(&m->order_links[slot]);
        return;
    }
    if (step == 2) {
        ask(&m->order_links[m->order_links[slot].next]);
        ask(&m->order_links[m->order_links[slot].prev]);
        if (o->shape == PH_SHAPE_EACH) ask(&m->nodes[o->node]);
        return;
    }
    if (o->shape != PH_SHAPE_EACH) return;
    const ph_node *n = &m->nodes[o->node];
    if (n->next != PH_NODE_NONE) ask(&m->nodes[n->next]);
    if (n->prev != PH_NODE_NONE) ask(&m->nodes[n->prev]);
    ask(&m->levels[n->level]);
    uint32_t ring = ph_ring(m, o->window.first);
    ask(ph_book_at(&m->products[o->product].side[o->side], ring));
}

void ph_market_prefetch(const ph_market *m, const ph_command *c, uint32_t step)
{
    if (c->kind == PH_CMD_NEW_ORDER)
        ask_for_new(m, c, step);
    else if (c->kind == PH_CMD_CANCEL_ORDER && c->u.cancel.order.v != 0)
        ask_for_resting(m, c->u.cancel.order.v, step);
    else if (c->kind == PH_CMD_REPLACE_ORDER && c->u.replace.order.v != 0)
        ask_for_resting(m, c->u.replace.order.v, step);
}
