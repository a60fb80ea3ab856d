/* SPDX-License-Identifier: Apache-2.0 */
/* Replace: a new price, a new total quantity (rulebook 4). */
#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/core/book.h"
#include "engine/core/check.h"
#include "engine/core/fill.h"
#include "engine/core/gate.h"
#include "engine/core/group.h"
#include "engine/core/ledger.h"
#include "engine/core/match.h"
#include "engine/core/place.h"
#include "engine/core/supply.h"

/* A replacement on its way in. */
typedef struct {
    uint32_t slot;
    ph_price price;
    ph_quantity quantity;
    bool keeps_place;
    ph_period first_open;
    ph_order next; /* the order as it will be, before anything executes */
    int64_t *args;
} replacement;

static ph_reject refuse(const replacement *r, ph_reject why, int64_t arg0, int64_t arg1)
{
    r->args[0] = arg0;
    r->args[1] = arg1;
    return why;
}

static ph_reject check_terms(const ph_market *m, const replacement *r)
{
    const ph_order *o = &m->orders[r->slot];
    const ph_product *p = &m->products[o->product];
    const ph_product_terms *terms = &p->terms;
    if (p->state != PH_PRODUCT_LISTED)
        return refuse(r, PH_REJECT_PRODUCT_STATE, o->product, p->state);
    if (p->phase != PH_PHASE_OPEN) return refuse(r, PH_REJECT_PHASE, o->product, p->phase);
    if (r->quantity % terms->lot != 0)
        return refuse(r, PH_REJECT_QUANTITY_LOT, r->quantity, terms->lot);
    if (r->quantity == 0 || r->quantity > terms->quantity_max)
        return refuse(r, PH_REJECT_QUANTITY_RANGE, r->quantity, terms->quantity_max);
    if (r->price < 1 || r->price > PH_PRICE_MAX)
        return refuse(r, PH_REJECT_PRICE_RANGE, r->price, PH_PRICE_MAX);
    if (r->price % terms->tick != 0) return refuse(r, PH_REJECT_PRICE_TICK, r->price, terms->tick);
    ph_price bound;
    if (!ph_match_in_band(p, r->price, &bound))
        return refuse(r, PH_REJECT_PRICE_BAND, r->price, bound);
    return ph_check_display(o->display, r->quantity, terms->lot, r->args);
}

/* Open units of period i of an EACH order under the new total.  A gate takes a period for good,
   whether anything was open in it or not. */
static uint32_t open_then(const ph_market *m, const replacement *r, uint32_t i)
{
    const ph_order *o = &m->orders[r->slot];
    const ph_node *n = &m->nodes[o->node + i];
    bool lost = n->executed == PH_NODE_LOST || o->window.first + i < r->first_open;
    return lost || n->executed >= r->quantity ? 0 : r->quantity - n->executed;
}

/* What the order will be; what is executed or lost stays so. */
static void draft_next(const ph_market *m, replacement *r)
{
    const ph_order *o = &m->orders[r->slot];
    ph_order *next = &r->next;
    *next = *o;
    next->key = ph_key_of((ph_side)o->side, r->price);
    next->quantity = r->quantity;
    if (o->shape == PH_SHAPE_EACH) {
        next->left = 0;
        for (uint32_t i = 0; i < o->window.periods; i++)
            next->left += open_then(m, r, i);
        return;
    }
    uint32_t executed = o->quantity - o->open;
    next->open = r->quantity > executed ? r->quantity - executed : 0;
    next->left = (uint64_t)next->open * ph_order_length(o);
}

/* Takes what a SELL order needs more, or gives back what it needs less; the group's at once.  The
   first that is missing is the answer, and nothing has changed then. */
static ph_reject check_supply(ph_market *m, const replacement *r)
{
    const ph_order *o = &m->orders[r->slot];
    if (o->side != PH_SIDE_SELL) return PH_REJECT_NONE;
    if (o->shape != PH_SHAPE_EACH) {
        if (r->next.open <= o->open) return PH_REJECT_NONE;
        return ph_supply_check(m, o, o->window, r->next.open - o->open, r->args);
    }
    for (uint32_t i = 0; i < o->window.periods; i++) {
        const ph_node *n = &m->nodes[o->node + i];
        uint32_t open = open_then(m, r, i);
        if (open <= n->open) continue;
        ph_window t = {o->window.first + i, 1};
        ph_reject why = ph_supply_check(m, o, t, open - n->open, r->args);
        if (why != PH_REJECT_NONE) return why;
    }
    return PH_REJECT_NONE;
}

static ph_reject check_cash(const ph_market *m, replacement *r, ph_money *ret_hold)
{
    const ph_order *o = &m->orders[r->slot];
    bool bond = o->side == PH_SIDE_SELL && o->from_contract == 0 && !r->keeps_place;
    bool fits = !bond || ph_check_bond_unit(&m->products[o->product], r->price, &r->next.bond_unit);
    if (fits && o->group != PH_NONE)
        fits = ph_group_hold_with(m, r->slot, &r->next, ret_hold);
    else if (fits)
        fits = ph_ledger_hold_of(m, &r->next, r->next.left, ret_hold);
    if (!fits) return refuse(r, PH_REJECT_AMOUNT_OVERFLOW, 0, 0);
    ph_money held = o->group != PH_NONE ? ph_group_hold(m, r->slot) : o->hold;
    ph_money have = ph_ledger_free_cash(m, o->participant) + held;
    if (*ret_hold <= have) return PH_REJECT_NONE;
    return refuse(r, o->side == PH_SIDE_BUY ? PH_REJECT_CASH_FOR_HOLD : PH_REJECT_CASH_FOR_BOND,
                  *ret_hold, have);
}

static void move_supply(ph_market *m, const ph_order *o, ph_window w, uint32_t from, uint32_t to)
{
    if (to > from) ph_supply_offer(m, o, w, to - from);
    if (to < from) ph_supply_take_back(m, o, w, from - to);
}

/* The order, which is in no queue, becomes what it will be. */
static void become(ph_market *m, const replacement *r)
{
    ph_order *o = &m->orders[r->slot];
    if (o->shape == PH_SHAPE_EACH) {
        for (uint32_t i = 0; i < o->window.periods; i++) {
            ph_node *n = &m->nodes[o->node + i];
            uint32_t open = open_then(m, r, i);
            move_supply(m, o, (ph_window){o->window.first + i, 1}, n->open, open);
            n->open = open;
        }
    } else if (o->group == PH_NONE) {
        move_supply(m, o, o->window, o->open, r->next.open);
    }
    o->key = r->next.key;
    o->quantity = r->next.quantity;
    o->open = r->next.open;
    o->left = r->next.left;
    o->bond_unit = r->next.bond_unit;
}

/* A lower quantity of an EACH order: it stays where it is. */
static void lower_each(ph_market *m, const replacement *r)
{
    ph_order *o = &m->orders[r->slot];
    for (uint32_t i = 0; i < o->window.periods; i++) {
        ph_node *n = &m->nodes[o->node + i];
        uint32_t open = open_then(m, r, i);
        if (open == n->open) continue;
        move_supply(m, o, (ph_window){o->window.first + i, 1}, n->open, open);
        ph_book_lower(m, o->node + i, open);
    }
    o->quantity = r->quantity;
    o->left = r->next.left;
}

static void tell_replaced(ph_market *m, const replacement *r, ph_money hold)
{
    const ph_order *o = &m->orders[r->slot];
    ph_emit(m, PH_EVT_REPLACED)->u.replaced = (ph_replaced){.order = {o->id},
                                                            .participant = {o->participant},
                                                            .client_order_id = o->client_order_id,
                                                            .product = {o->product},
                                                            .place = o->place,
                                                            .price = r->price,
                                                            .quantity = r->quantity,
                                                            .unit_periods = r->next.left,
                                                            .hold = hold};
}

/* Whether the order as it will be would trade.  It stays in its queues meanwhile, where columns do
   not see it, and is as before afterwards. */
static bool would_trade(ph_market *m, const replacement *r)
{
    ph_order *o = &m->orders[r->slot];
    ph_order before = *o;
    uint32_t nodes = o->shape == PH_SHAPE_EACH ? o->window.periods : 0;
    for (uint32_t i = 0; i < nodes; i++) {
        m->lost[i].quantity = m->nodes[o->node + i].open;
        m->nodes[o->node + i].open = open_then(m, r, i);
    }
    *o = r->next;
    m->unseen = r->slot;
    bool trades = r->next.left > 0 && ph_place_would_trade(m, r->slot);
    m->unseen = PH_NONE;
    *o = before;
    for (uint32_t i = 0; i < nodes; i++)
        m->nodes[o->node + i].open = m->lost[i].quantity;
    return trades;
}

static void run(ph_market *m, const replacement *r, ph_money hold)
{
    ph_order *o = &m->orders[r->slot];
    if (!r->keeps_place) o->place = ++m->last_place;
    tell_replaced(m, r, hold);
    ph_fill_begin(m, r->slot);
    if (o->shape == PH_SHAPE_EACH && r->keeps_place) {
        ph_fill_touch(m, r->slot);
        lower_each(m, r);
        if (o->left == 0) ph_fill_end(m, r->slot, PH_CANCEL_NOTHING_LEFT);
    } else {
        ph_book_leave(m, r->slot);
        become(m, r);
        ph_fill_touch(m, r->slot);
        if (o->left == 0)
            o->ends = PH_CANCEL_NOTHING_LEFT;
        else
            ph_place_match(m, r->slot);
    }
    ph_fill_settle(m);
}

static ph_reject check_and_run(ph_market *m, replacement *r)
{
    ph_money hold = 0;
    ph_reject why = check_cash(m, r, &hold);
    if (why != PH_REJECT_NONE) return why;
    bool moves = m->orders[r->slot].shape != PH_SHAPE_EACH || !r->keeps_place;
    if (m->orders[r->slot].post_only && moves && would_trade(m, r))
        return refuse(r, PH_REJECT_POST_ONLY, 0, 0);
    run(m, r, hold);
    return PH_REJECT_NONE;
}

ph_reject ph_place_replace(ph_market *m, uint32_t sender, const ph_replace_order *c,
                           int64_t ret_args[2])
{
    replacement r = {.slot = ph_place_find(m, sender, c->order.v, c->client_order_id),
                     .price = c->price,
                     .quantity = c->quantity,
                     .args = ret_args};
    if (r.slot == PH_NONE) return refuse(&r, PH_REJECT_UNKNOWN_ORDER, (int64_t)c->order.v, 0);
    const ph_order *o = &m->orders[r.slot];
    ph_reject why = check_terms(m, &r);
    if (why != PH_REJECT_NONE) return why;
    uint64_t last_open;
    r.first_open = ph_gate_open_window(m, &m->products[o->product], &last_open);
    draft_next(m, &r);
    if (ph_price_of(o->key) == r.price && o->quantity == r.quantity) {
        tell_replaced(m, &r, o->group == PH_NONE ? o->hold : ph_group_hold(m, r.slot));
        return PH_REJECT_NONE;
    }
    r.keeps_place = ph_price_of(o->key) == r.price && r.quantity < o->quantity;
    if (o->group == PH_NONE) {
        why = check_supply(m, &r);
        return why == PH_REJECT_NONE ? check_and_run(m, &r) : why;
    }
    uint32_t offered = o->offered;
    why = ph_group_reoffer(m, r.slot, r.next.open, ret_args);
    if (why != PH_REJECT_NONE) return why;
    why = check_and_run(m, &r);
    if (why == PH_REJECT_NONE) return why;
    int64_t unused[2];
    ph_reject back = ph_group_reoffer(m, r.slot, offered, unused);
    PH_ASSERT(back == PH_REJECT_NONE); /* it was offered before */
    return why;
}
