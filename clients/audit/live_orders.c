/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/live_orders.h"

#include <stdlib.h>

#include "engine/base/panic.h"

const char *ph_order_state_name(ph_order_state state)
{
    switch (state) {
    case PH_ORDER_RESTING: return "RESTING";
    case PH_ORDER_FILLED: return "FILLED";
    case PH_ORDER_CANCELLED: return "CANCELLED";
    }
    return "?";
}

/* A record while its events are taken. */
typedef struct {
    ph_live_orders *l;
    const ph_market *m;
    const ph_replay_record *r;
    const ph_live_listener *to;
    uint32_t member; /* orders of it accepted so far */
} taking;

ph_live_orders ph_live_begin(void)
{
    return (ph_live_orders){.orders = ph_keyed_of(sizeof(ph_live_order))};
}

static ph_live_order *find(const taking *t, ph_order_id id)
{
    ph_live_order *o = ph_keyed_find(&t->l->orders, (ph_keyed_by){id.v, 0});
    PH_ASSERT(o != NULL); /* the market computed the event: it knows the order */
    return o;
}

static bool set_open(const taking *t, ph_live_order *o, uint64_t open)
{
    uint64_t before = o->open;
    o->open = open;
    return before == open || t->to->on_open == NULL || t->to->on_open(t->to->arg, o, before);
}

static bool end(taking *t, ph_live_order *o, ph_order_state state, ph_cancel_reason reason)
{
    o->state = state;
    o->reason = reason;
    o->end_seq = t->r->command.seq;
    o->end_at = t->r->command.at;
    o->end_sender = t->r->command.sender;
    bool is_taken = t->to->on_end == NULL || t->to->on_end(t->to->arg, o);
    ph_keyed_remove(&t->l->orders, o);
    return is_taken;
}

static bool take_accepted(taking *t, const ph_accepted *a)
{
    const ph_command *c = &t->r->command;
    bool is_group = c->kind == PH_CMD_NEW_GROUP;
    PH_ASSERT(is_group ? t->member < c->u.group.cnt : c->kind == PH_CMD_NEW_ORDER);
    ph_live_order *o = ph_keyed_put(&t->l->orders, (ph_keyed_by){a->order.v, 0});
    if (o == NULL) return false;
    o->seq = c->seq;
    o->at = c->at;
    o->participant = c->sender;
    o->terms = is_group ? c->u.group.v[t->member++] : c->u.order;
    o->accepted = *a;
    o->quantity = o->terms.quantity;
    o->price = o->terms.price;
    bool is_flex = o->terms.shape == PH_SHAPE_FLEX;
    o->offered = (uint64_t)o->quantity * (is_flex ? o->terms.duration : o->terms.window.periods);
    o->open = o->offered;
    o->state = PH_ORDER_RESTING;
    return t->to->on_accepted == NULL || t->to->on_accepted(t->to->arg, t->m, o);
}

static bool add_fills(const taking *t, ph_live_order *o, const ph_live_trade *fills,
                      uint64_t leaves)
{
    o->trade_cnt++;
    o->executed += fills->unit_periods;
    o->notional += fills->trade->notional;
    return set_open(t, o, leaves);
}

static bool take_trade(taking *t, uint32_t i)
{
    const ph_event *e = &t->r->events[i];
    const ph_trade *trade = &e->u.trade;
    PH_ASSERT(i + trade->segment_cnt < t->r->event_cnt);
    ph_live_order *buy = find(t, trade->buy_order), *sell = find(t, trade->sell_order);
    ph_live_trade fills = {
        .record = t->r, .trade = trade, .segments = e + 1, .buy = buy, .sell = sell};
    for (uint32_t s = 1; s <= trade->segment_cnt; s++) {
        PH_ASSERT(e[s].kind == PH_EVT_SEGMENT);
        fills.unit_periods += (uint64_t)e[s].u.segment.quantity * e[s].u.segment.window.periods;
    }
    if (!add_fills(t, buy, &fills, trade->buy_leaves)) return false;
    if (!add_fills(t, sell, &fills, trade->sell_leaves)) return false;
    if (t->to->on_trade != NULL && !t->to->on_trade(t->to->arg, t->m, &fills)) return false;
    if (trade->buy_leaves == 0 && !end(t, buy, PH_ORDER_FILLED, 0)) return false;
    /* The end of one may have moved the other. */
    return trade->sell_leaves != 0 || end(t, find(t, trade->sell_order), PH_ORDER_FILLED, 0);
}

static bool take_replaced(taking *t, const ph_replaced *e)
{
    ph_live_order *o = find(t, e->order);
    o->replaced_cnt++;
    o->quantity = e->quantity;
    o->price = e->price;
    return set_open(t, o, e->unit_periods);
}

static bool take_lost(taking *t, const ph_period_lost *e)
{
    ph_live_order *o = find(t, e->order);
    return set_open(t, o, o->open - (e->quantity < o->open ? e->quantity : o->open));
}

static bool take_cancelled(taking *t, const ph_cancelled *e)
{
    ph_live_order *o = find(t, e->order);
    return set_open(t, o, e->unit_periods) && end(t, o, PH_ORDER_CANCELLED, e->reason);
}

static bool take_event(taking *t, uint32_t i)
{
    const ph_event *e = &t->r->events[i];
    switch (e->kind) {
    case PH_EVT_ACCEPTED: return take_accepted(t, &e->u.accepted);
    case PH_EVT_TRADE: return take_trade(t, i);
    case PH_EVT_REPLACED: return take_replaced(t, &e->u.replaced);
    case PH_EVT_PERIOD_LOST: return take_lost(t, &e->u.period_lost);
    case PH_EVT_CANCELLED: return take_cancelled(t, &e->u.cancelled);
    case PH_EVT_REJECTED:
    case PH_EVT_DONE:
    case PH_EVT_SEGMENT: /* taken with its trade */
    case PH_EVT_TRANSFER:
    case PH_EVT_GATE_CLOSED:
    case PH_EVT_PHASE_CHANGED:
    case PH_EVT_REFERENCE_SET:
    case PH_EVT_CLIP_SHOWN:
    case PH_EVT_DELIVERY:
    case PH_EVT_DELIVERY_FINAL:
    case PH_EVT_TERMS_SET: break;
    }
    return true;
}

bool ph_live_take(ph_live_orders *l, const ph_market *m, const ph_replay_record *r,
                  const ph_live_listener *to)
{
    taking t = {.l = l, .m = m, .r = r, .to = to};
    for (uint32_t i = 0; i < r->event_cnt; i++)
        if (!take_event(&t, i)) return false;
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = ((const ph_live_order *)a)->by.a, y = ((const ph_live_order *)b)->by.a;
    return (x > y) - (x < y);
}

bool ph_live_rest(ph_live_orders *l, const ph_market *m, bool (*f)(void *arg, ph_live_order *o),
                  void *arg)
{
    PH_ASSERT(m == NULL || l->orders.cnt == ph_market_order_cnt(m));
    if (l->orders.cnt == 0) return true;
    ph_live_order *all = ph_keyed_at(&l->orders, 0);
    qsort(all, l->orders.cnt, sizeof *all, by_number); /* numbers differ: no ties */
    for (uint32_t i = 0; i < l->orders.cnt; i++) {
        ph_resting_order there;
        if (m != NULL) {
            bool rests = ph_market_order(m, (ph_order_id){all[i].by.a}, &there);
            PH_ASSERT(rests);
            all[i].open = there.unit_periods;
        }
        if (!f(arg, &all[i])) return false;
    }
    return true;
}

void ph_live_free(ph_live_orders *l)
{
    ph_keyed_free(&l->orders);
}
