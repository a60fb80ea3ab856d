/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/holdings.h"

#include <stdlib.h>

static const ph_holding nothing;

void ph_holdings_release(ph_holdings *h)
{
    for (uint32_t i = 0; i < h->cnt; i++) {
        free(h->v[i].orders.v);
        free(h->v[i].contracts.v);
    }
    free(h->v);
    *h = (ph_holdings){0};
}

static bool order_is_there(const ph_market *m, uint64_t id)
{
    ph_resting_order o;
    return ph_market_order(m, (ph_order_id){id}, &o);
}

static bool contract_is_there(const ph_market *m, uint64_t id)
{
    ph_contract_facts f;
    return ph_market_contract(m, (ph_contract_id){id}, &f) && f.open_periods != 0;
}

/* Makes room for one more: by forgetting, or when that is not half of it, by growing. */
static ph_status make_room(ph_holding_list *l, const ph_market *m,
                           bool (*is_there)(const ph_market *m, uint64_t id))
{
    if (l->cnt < l->max) return PH_OK;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->cnt; i++)
        if (is_there(m, l->v[i])) l->v[kept++] = l->v[i];
    l->cnt = kept;
    if (kept < l->max / 2) return PH_OK;
    if (l->max > UINT32_MAX / 4) return PH_EFULL;
    uint32_t more = l->max == 0 ? 16 : l->max * 2;
    uint64_t *grown = realloc(l->v, more * sizeof *grown);
    if (!grown) return PH_EFULL;
    l->v = grown;
    l->max = more;
    return PH_OK;
}

static ph_status reach(ph_holdings *h, uint32_t who)
{
    if (who > h->max) {
        if (who > UINT32_MAX / 4) return PH_EFULL;
        uint32_t more = who * 2 + 16;
        ph_holding *grown = realloc(h->v, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        h->v = grown;
        h->max = more;
    }
    for (; h->cnt < who; h->cnt++)
        h->v[h->cnt] = nothing;
    return PH_OK;
}

static ph_status add_order(ph_holdings *h, const ph_market *m, uint32_t who, uint64_t id)
{
    ph_status s = reach(h, who);
    if (s != PH_OK) return s;
    ph_holding_list *l = &h->v[who - 1].orders;
    s = make_room(l, m, order_is_there);
    if (s == PH_OK) l->v[l->cnt++] = id;
    return s;
}

static ph_status add_contract(ph_holdings *h, const ph_market *m, uint32_t who, uint64_t id)
{
    ph_status s = reach(h, who);
    if (s != PH_OK) return s;
    ph_holding_list *l = &h->v[who - 1].contracts;
    s = make_room(l, m, contract_is_there);
    if (s == PH_OK) l->v[l->cnt++] = id;
    return s;
}

ph_status ph_holdings_take(ph_holdings *h, const ph_market *m, const ph_replay_record *record)
{
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < record->event_cnt && s == PH_OK; i++) {
        const ph_event *e = &record->events[i];
        if (e->kind == PH_EVT_ACCEPTED)
            s = add_order(h, m, record->command.sender.v, e->u.accepted.order.v);
        if (e->kind != PH_EVT_TRADE) continue;
        const ph_trade *t = &e->u.trade;
        s = add_contract(h, m, t->buyer.v, t->contract.v);
        if (s == PH_OK && t->supplier.v != t->buyer.v)
            s = add_contract(h, m, t->supplier.v, t->contract.v);
    }
    return s;
}

const ph_holding *ph_holdings_of(const ph_holdings *h, ph_participant_id who)
{
    return who.v == 0 || who.v > h->cnt ? &nothing : &h->v[who.v - 1];
}
