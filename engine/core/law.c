/* SPDX-License-Identifier: Apache-2.0 */
/* Laws across modules: what must hold after every command, looked at one by one. */
#include "engine/base/money.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/countersign.h"
#include "engine/core/gate.h"
#include "engine/core/group.h"
#include "engine/core/law.h"
#include "engine/core/ledger.h"
#include "engine/core/market.h"
#include "engine/core/offer.h"
#include "engine/core/reach.h"
#include "engine/core/state.h"

static const char *money_broken(const ph_market *m)
{
    ph_wide sum = (ph_wide)m->external + m->fees;
    for (uint32_t i = 1; i <= m->participant_cnt; i++) {
        const ph_participant *p = &m->participants[i];
        if (p->cash < 0) return "a participant's cash is negative";
        if (p->held < 0 || p->held > p->cash) return "a participant's holds exceed its cash";
        sum += p->cash;
        ph_wide held = 0;
        for (uint32_t o = p->first_order; o != PH_NONE; o = m->order_links[o].next) {
            ph_money needed;
            if (m->orders[o].participant != i) return "an order is in another participant's list";
            if (!ph_ledger_hold_of(m, &m->orders[o], m->orders[o].left, &needed))
                return "the hold of a resting order does not fit";
            if (m->orders[o].group != PH_NONE) {
                if (!ph_group_hold_with(m, o, NULL, &needed) || needed != ph_group_hold(m, o))
                    return "a group holds other than its largest member needs";
            } else if (needed != m->orders[o].hold) {
                return "an order holds other than its open quantity needs";
            }
            held += m->orders[o].hold;
        }
        if (held != p->held) return "a participant's holds are not those of its orders";
    }
    for (uint64_t i = 1; i <= m->last_contract; i++) {
        if (m->contracts[i].escrow < 0 || m->contracts[i].bond < 0)
            return "an escrow or a bond is negative";
        sum += (ph_wide)m->contracts[i].escrow + m->contracts[i].bond;
        sum += (ph_wide)m->contracts[i].deposit + m->contracts[i].premium;
    }
    if (m->fees < 0) return "the exchange's fees are negative";
    return sum == 0 ? NULL : "the sum over all accounts is not zero";
}

static const char *capacity_broken(const ph_market *m)
{
    for (uint32_t i = 1; i <= m->pool_cnt; i++) {
        for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
            const ph_pool *p = &m->pools[i];
            if (p->used[r] > p->registered[r])
                return "more capacity is offered and sold than registered";
            if (p->attested[r] > p->registered[r])
                return "more capacity is attested than registered";
            if (p->used_attested[r] > p->attested[r])
                return "more attested capacity is offered and sold than attested";
            if (p->used_attested[r] > p->used[r])
                return "attested capacity is used that is not used as registered";
        }
    }
    return NULL;
}

static const char *level_broken(const ph_market *m, const ph_level *v, uint32_t level, int64_t key)
{
    uint64_t quantity = 0, place = 0;
    for (uint32_t n = v->head; n != PH_NODE_NONE; n = m->nodes[n].next) {
        const ph_order *o = &m->orders[m->nodes[n].order];
        if (m->nodes[n].level != level || m->nodes[n].open == 0) return "a queue holds a dead node";
        if (!o->resting || o->key != key)
            return "a queue holds an order that does not belong there";
        if (ph_book_place(m, n) <= place) return "a queue is not in order of place";
        place = ph_book_place(m, n);
        if (ph_book_shown(m, n) == 0 || ph_book_shown(m, n) > m->nodes[n].open)
            return "an iceberg shows nothing, or more than it has";
        quantity += m->nodes[n].open;
    }
    if (v->head == PH_NODE_NONE) return "a ladder holds an empty level";
    return quantity == v->quantity ? NULL : "a level's quantity is not that of its queue";
}

static const char *side_broken(const ph_market *m, const ph_book_side *side)
{
    for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
        const ph_ladder *l = &ph_book_at(side, r)->ladder;
        if (ph_book_at(side, r)->best != ph_ladder_best(&m->ladders, l))
            return "the best price of a period is not that of its ladder";
        int64_t worse_than = INT64_MAX;
        for (uint32_t i = 0; i < l->cnt; i++) {
            const ph_ladder_entry *e = ph_ladder_nth(&m->ladders, l, i);
            if (e->key >= worse_than) return "a ladder is not sorted";
            worse_than = e->key;
            const char *law = level_broken(m, &m->levels[e->ref], e->ref, e->key);
            if (law != NULL) return law;
        }
    }
    return NULL;
}

static const char *order_broken(const ph_market *m, const ph_order *o)
{
    if (o->left == 0) return "a filled order is still resting";
    if (o->shape != PH_SHAPE_EACH)
        return (uint64_t)o->open * ph_order_length(o) == o->left
                   ? NULL
                   : "a block's open quantity differs between its periods";
    uint64_t left = 0;
    for (uint32_t i = 0; i < o->window.periods; i++) {
        const ph_node *n = &m->nodes[o->node + i];
        if ((n->open == 0) != (n->level == PH_NONE)) return "an open period is in no queue";
        left += n->open;
    }
    return left == o->left ? NULL : "an order's open quantity is not that of its periods";
}

/* Orders that a walk over the book of a product meets. */
static uint64_t resting_in(const ph_market *m, const ph_product *p)
{
    uint64_t cnt = 0;
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
        cnt += p->side[s].blocks.cnt;
        for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
            const ph_ladder *l = &ph_book_at(&p->side[s], r)->ladder;
            for (uint32_t i = 0; i < l->cnt; i++) {
                for (uint32_t n = ph_book_level(m, l, i)->head; n != PH_NODE_NONE;
                     n = m->nodes[n].next)
                    cnt += ph_book_is_first(m, n);
            }
        }
    }
    return cnt;
}

/* Orders as their participants' lists know them: that each is in its queues, a side's law says. */
static const char *orders_broken(const ph_market *m)
{
    uint64_t listed = 0, resting = 0;
    for (uint32_t p = 1; p <= m->participant_cnt; p++) {
        for (uint32_t o = m->participants[p].first_order; o != PH_NONE;
             o = m->order_links[o].next) {
            const char *law = order_broken(m, &m->orders[o]);
            if (law != NULL) return law;
            uint32_t found;
            if (!ph_row_index_find(&m->order_of, m->orders[o].id, &found) || found != o)
                return "an order is not found by its id";
            listed++;
        }
    }
    for (uint32_t p = 1; p <= m->product_cnt; p++) {
        uint64_t cnt = resting_in(m, &m->products[p]);
        if (cnt != m->products[p].order_cnt)
            return "a product's orders are not as many as it counts";
        resting += cnt;
    }
    return listed == resting && listed == m->order_cnt && listed == m->order_of.cnt
               ? NULL
               : "an order rests that is in no participant's list, or the other way round";
}

static const char *terms_broken(const ph_product *p)
{
    const ph_order_terms *o = &p->order_terms;
    const ph_product_terms *t = &p->terms;
    bool same = o->tick == t->tick && o->bond_fixed == t->bond_fixed &&
                o->bond_ppm == t->bond_ppm && o->band_ppm == t->band_ppm && o->lot == t->lot &&
                o->quantity_max == t->quantity_max && o->site == t->site.v &&
                o->hardware == t->hardware.v && o->hardware_units == t->hardware_units &&
                o->attested_only == t->attested_only;
    uint32_t fee = t->maker_ppm > t->taker_ppm ? t->maker_ppm : t->taker_ppm;
    return same && o->fee_ppm == fee ? NULL
                                     : "orders are checked by other terms than the product's";
}

/* Rulebook 6.6: what none must be able to find. */
static const char *crossing_broken(ph_market *m, const ph_product *p)
{
    const ph_book_side *buy = &p->side[PH_SIDE_BUY], *sell = &p->side[PH_SIDE_SELL];
    for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
        if (ph_book_at(buy, r)->best != PH_KEY_NONE && ph_book_at(sell, r)->best != PH_KEY_NONE &&
            ph_book_at(buy, r)->best + ph_book_at(sell, r)->best >= 0)
            return "a buy and a sell order rest at crossing prices";
    }
    for (uint32_t i = 0; i < buy->blocks.cnt; i++) {
        const ph_order *b = &m->orders[ph_ladder_nth(&m->ladders, &buy->blocks, i)->ref];
        for (uint32_t j = 0; j < sell->blocks.cnt; j++) {
            const ph_order *s = &m->orders[ph_ladder_nth(&m->ladders, &sell->blocks, j)->ref];
            bool meet = b->participant != s->participant && ph_window_equal(b->window, s->window) &&
                        b->shape == PH_SHAPE_BLOCK && b->key + s->key >= 0;
            bool fits =
                (!b->all_or_none || b->open <= s->open) && (!s->all_or_none || s->open <= b->open);
            if (meet && fits) return "two blocks of the same window rest at crossing prices";
        }
    }
    for (int side = PH_SIDE_BUY; side <= PH_SIDE_SELL; side++) {
        for (uint32_t i = 0; i < p->side[side].blocks.cnt; i++) {
            uint32_t slot = ph_ladder_nth(&m->ladders, &p->side[side].blocks, i)->ref;
            if (ph_offer_block_executable(m, slot)) return "a resting block would execute";
        }
    }
    return NULL;
}

const char *ph_market_broken(const ph_market *m)
{
    const char *law = money_broken(m);
    if (law == NULL) law = capacity_broken(m);
    if (law == NULL) law = ph_law_contracts(m);
    if (law == NULL) law = ph_countersign_broken(m);
    if (law == NULL) law = orders_broken(m);
    for (uint32_t i = 1; law == NULL && i <= m->product_cnt; i++) {
        const ph_product *p = &m->products[i];
        law = terms_broken(p);
        if (law == NULL) law = side_broken(m, &p->side[PH_SIDE_BUY]);
        if (law == NULL) law = side_broken(m, &p->side[PH_SIDE_SELL]);
        if (law == NULL) law = ph_reach_broken(m, p, PH_SIDE_BUY);
        if (law == NULL) law = ph_reach_broken(m, p, PH_SIDE_SELL);
        /* The column's room is scratch, which no question can see. */
        if (law == NULL) law = crossing_broken((ph_market *)(uintptr_t)m, p);
    }
    return law;
}
