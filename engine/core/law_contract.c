/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/period.h"
#include "engine/core/contract.h"
#include "engine/core/due.h"
#include "engine/core/law.h"

/* Sums over the unfinished periods of one contract. */
typedef struct {
    ph_wide notional, bond, premium, deposit;
    uint32_t deliveries, lots, disputes;
} sums;

static const char *delivery_broken(const ph_market *m, uint32_t at, sums *s)
{
    const ph_delivery *d = &m->deliveries[at];
    uint64_t quantity = 0;
    for (uint32_t i = d->lot; i != PH_NONE; i = m->lots[i].next) {
        if (m->lots[i].quantity == 0) return "a lot is empty";
        uint32_t next = m->lots[i].next;
        if (next != PH_NONE && m->lots[next].price < m->lots[i].price)
            return "lots are not in the order in which units leave";
        quantity += m->lots[i].quantity;
        s->lots += d->periods;
    }
    if (quantity == 0 || quantity != d->quantity)
        return "the lots of a contract-period are not its quantity";
    if (d->offered > d->quantity) return "more of a contract-period is offered than held";
    if (d->due_group == PH_NONE) return "a contract-period waits for nothing";
    bool alike = d->state == PH_STATE_AWAITED && !d->second_window && d->report == 0;
    if (d->periods == 0 || (d->periods > 1 && !alike))
        return "contract-periods in a run that something happened to";
    if (ph_due_of(m, at) <= m->now.ns) return "a window is over and did not end";
    if ((d->state == PH_STATE_DISPUTED) != (d->dispute != PH_NONE))
        return "a dispute and the state of its contract-period differ";
    s->deliveries += d->periods;
    s->notional += ph_delivery_notional(m, at) * d->periods;
    s->bond += ph_delivery_bond(m, at) * d->periods;
    for (uint32_t link = 1; link <= m->contracts[d->contract].depth; link++)
        s->premium += ph_delivery_premium(m, at, link) * d->periods;
    if (d->dispute == PH_NONE) return NULL;
    s->disputes++;
    for (uint32_t i = 0; i < m->disputes[d->dispute].cnt; i++)
        s->deposit += m->disputes[d->dispute].v[i].deposit;
    return NULL;
}

static const char *contract_broken(const ph_market *m, uint32_t id, sums *all)
{
    const ph_contract *c = &m->contracts[id];
    sums s = {.notional = 0};
    ph_period last = 0;
    for (uint32_t i = c->first_delivery; i != PH_NONE; i = m->deliveries[i].next) {
        if (m->deliveries[i].contract != id || m->deliveries[i].period <= last)
            return "a contract's periods are not its own, or not in order";
        last = ph_delivery_end(&m->deliveries[i]) - 1;
        const char *law = delivery_broken(m, i, &s);
        if (law != NULL) return law;
    }
    if (c->escrow != s.notional + c->fee_left)
        return "an escrow is not what its contract's periods and fee need";
    if (c->bond != s.bond) return "a bond is not what its contract's periods need";
    if (c->premium != s.premium) return "premiums are not what their contract's periods need";
    if (c->deposit != s.deposit) return "deposits are not those of the open disputes";
    if (c->first_delivery == PH_NONE && c->fee_left != 0) return "a fee outlived its contract";
    all->deliveries += s.deliveries;
    all->lots += s.lots;
    all->disputes += s.disputes;
    return NULL;
}

/* What resting orders offer of a contract-period, but for members of groups, which share. */
static const char *offers_broken(const ph_market *m)
{
    for (uint32_t p = 1; p <= m->participant_cnt; p++) {
        for (uint32_t i = m->participants[p].first_order; i != PH_NONE;
             i = m->order_links[i].next) {
            const ph_order *o = &m->orders[i];
            if (o->from_contract == 0) continue;
            if (m->contracts[o->from_contract].buyer != o->participant)
                return "an order offers what another holds";
            for (uint32_t k = 0; k < o->window.periods; k++) {
                ph_period t = o->window.first + k;
                uint32_t open = o->open;
                if (o->shape == PH_SHAPE_EACH) open = m->nodes[o->node + k].open;
                if (open == 0) continue;
                uint32_t at = ph_contract_delivery(m, o->from_contract, t);
                if (at == PH_NONE || m->deliveries[at].offered < open)
                    return "an order offers more than its contract has on offer";
            }
        }
    }
    return NULL;
}

const char *ph_law_contracts(const ph_market *m)
{
    sums all = {.notional = 0};
    for (uint32_t id = 1; id <= m->last_contract; id++) {
        const char *law = contract_broken(m, id, &all);
        if (law != NULL) return law;
    }
    if (all.deliveries != m->delivery_cnt) return "contract-periods are counted wrong";
    if (all.lots != m->lot_cnt) return "lots are counted wrong";
    if (all.disputes != m->dispute_cnt) return "disputes are counted wrong";
    return offers_broken(m);
}
