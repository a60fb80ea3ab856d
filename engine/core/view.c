/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about contracts: what others may know of them. */
#include "engine/core/contract.h"
#include "engine/core/market.h"

static const ph_contract *find(const ph_market *m, ph_contract_id id)
{
    return id.v == 0 || id.v > m->last_contract ? NULL : &m->contracts[id.v];
}

const ph_product_terms *ph_market_contract_terms(const ph_market *m, ph_contract_id id)
{
    return find(m, id) == NULL ? NULL : &m->terms[m->contracts[id.v].terms_at];
}

bool ph_market_contract_period(const ph_market *m, ph_contract_id id, ph_period from,
                               ph_period_view *ret)
{
    const ph_contract *c = find(m, id);
    uint32_t slot = c == NULL ? PH_NONE : c->first_delivery;
    while (slot != PH_NONE && ph_delivery_end(&m->deliveries[slot]) <= from)
        slot = m->deliveries[slot].next;
    if (slot == PH_NONE) return false;
    const ph_delivery *d = &m->deliveries[slot];
    ph_period t = d->period < from ? from : d->period;
    *ret = (ph_period_view){.period = t,
                            .quantity = d->quantity,
                            .offered = d->offered,
                            .state = (ph_delivery_state)d->state,
                            .reported = d->report,
                            .confirmed = d->confirmed,
                            .claims = d->dispute == PH_NONE ? 0 : m->disputes[d->dispute].cnt,
                            .due = {ph_contract_due(m, slot, t)}};
    for (uint32_t l = d->lot; l != PH_NONE; l = m->lots[l].next)
        ret->lots++;
    return true;
}

bool ph_market_lot(const ph_market *m, ph_contract_id id, ph_period t, uint32_t n, ph_lot_view *ret)
{
    if (find(m, id) == NULL) return false;
    uint32_t d = ph_contract_delivery(m, (uint32_t)id.v, t);
    uint32_t lot = d == PH_NONE ? PH_NONE : m->deliveries[d].lot;
    while (lot != PH_NONE && n-- > 0)
        lot = m->lots[lot].next;
    if (lot == PH_NONE) return false;
    const ph_lot *l = &m->lots[lot];
    *ret = (ph_lot_view){.quantity = l->quantity, .supplier = l->price, .paid = l->paid};
    for (uint32_t i = 0; i < m->contracts[id.v].depth; i++)
        ret->premiums[i] = m->lot_premiums[lot].v[i];
    return true;
}
