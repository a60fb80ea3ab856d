/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/delivery.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/contract.h"
#include "engine/core/due.h"
#include "engine/core/finality.h"
#include "engine/core/ledger.h"

static ph_reject refuse(int64_t args[2], ph_reject why, int64_t arg0, int64_t arg1)
{
    args[0] = arg0;
    args[1] = arg1;
    return why;
}

static const ph_product_terms *terms_of(const ph_market *m, const ph_delivery *d)
{
    return &m->terms[m->contracts[d->contract].terms_at];
}

/* D: unit-seconds that were promised. */
static uint64_t promised(const ph_market *m, const ph_delivery *d)
{
    return (uint64_t)d->quantity * terms_of(m, d)->period_seconds;
}

/* The contract-period that a command names, standing alone. */
static ph_reject find(ph_market *m, ph_contract_id contract, ph_period t, uint32_t *ret,
                      int64_t args[2])
{
    if (contract.v == 0 || contract.v > m->last_contract)
        return refuse(args, PH_REJECT_UNKNOWN_CONTRACT, (int64_t)contract.v, 0);
    *ret = ph_contract_delivery(m, (uint32_t)contract.v, t);
    if (*ret == PH_NONE) return refuse(args, PH_REJECT_DELIVERY_CLOSED, (int64_t)contract.v, t);
    *ret = ph_contract_alone(m, *ret, t);
    return PH_REJECT_NONE;
}

/* Somebody but the buyer, who accepts the report, could still claim more than it. */
static bool others_may_dispute(const ph_market *m, uint32_t delivery)
{
    const ph_delivery *d = &m->deliveries[delivery];
    if (d->report == promised(m, d)) return false;
    for (uint32_t link = 1; link <= m->contracts[d->contract].depth; link++) {
        const ph_contract *c = &m->contracts[ph_contract_link(m, d->contract, link)];
        bool is_buyer = c->reseller == m->contracts[d->contract].buyer;
        if (!is_buyer && ph_delivery_premium(m, delivery, link) > 0) return true;
    }
    return false;
}

static void move_due(ph_market *m, uint32_t delivery, uint64_t due_ns)
{
    ph_due_remove(m, delivery);
    ph_due_add(m, delivery, due_ns);
}

static void tell(ph_market *m, uint32_t delivery, ph_delivery_step step, uint32_t by,
                 uint64_t figure) /* wide: the fields of the event */
{
    const ph_delivery *d = &m->deliveries[delivery];
    ph_emit(m, PH_EVT_DELIVERY)->u.delivery = (ph_delivery_event){.contract = {d->contract},
                                                                  .period = d->period,
                                                                  .step = step,
                                                                  .by = {by},
                                                                  .figure = figure,
                                                                  .due = {ph_due_of(m, delivery)}};
}

/* ---- Reports -------------------------------------------------------------------------------- */

/* When the window in which the sender may report begins and ends. */
static uint64_t window_end(const ph_market *m, const ph_delivery *d, uint64_t *ret_begin)
{
    const ph_product_terms *terms = terms_of(m, d);
    uint64_t window = terms->report_seconds * PH_NS_PER_S;
    *ret_begin = ph_period_start(d->period + 1, terms->period_seconds).ns;
    return *ret_begin + (d->second_window ? 2 * window : window);
}

ph_reject ph_delivery_report(ph_market *m, uint32_t sender, const ph_report_delivery *r,
                             int64_t ret_args[2])
{
    uint32_t at = PH_NONE;
    ph_reject why = find(m, r->contract, r->period, &at, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_delivery *d = &m->deliveries[at];
    uint32_t meter = d->second_window ? 0 : m->contracts[d->contract].meter;
    uint32_t reporter = meter != 0 ? meter : m->contracts[d->contract].supplier;
    if (sender != reporter) return refuse(ret_args, PH_REJECT_NOT_PARTY, d->contract, 0);
    /* Parties go on with their contracts whatever their state; a meter has to be trusted. */
    ph_participant_state state = m->participants[sender].state;
    if (meter != 0 && state != PH_PARTICIPANT_ACTIVE)
        return refuse(ret_args, PH_REJECT_PARTICIPANT_NOT_ACTIVE, sender, state);
    uint64_t begin, end = window_end(m, d, &begin);
    if (m->now.ns < begin || m->now.ns >= end)
        return refuse(ret_args, PH_REJECT_DELIVERY_TIME, (int64_t)begin, (int64_t)end);
    if (d->state == PH_STATE_DISPUTED)
        return refuse(ret_args, PH_REJECT_DELIVERY_STATE, d->state, 0);
    if (r->delivered > promised(m, d))
        return refuse(ret_args, PH_REJECT_DELIVERY_FIGURE, (int64_t)r->delivered,
                      (int64_t)promised(m, d));
    d->state = PH_STATE_REPORTED;
    d->report = r->delivered;
    d->by_meter = meter != 0;
    d->confirmed = false;
    d->dispute_until_ns = m->now.ns + terms_of(m, d)->dispute_seconds * PH_NS_PER_S;
    move_due(m, at, d->dispute_until_ns);
    tell(m, at, PH_DELIVERY_REPORTED, sender, r->delivered);
    return PH_REJECT_NONE;
}

/* ---- Confirmations -------------------------------------------------------------------------- */

/* Its window is over, or never mattered: what was reported is what came. */
static void end_undisputed(ph_market *m, uint32_t at)
{
    ph_delivery *d = &m->deliveries[at];
    ph_finality_end(m, at, d->report, d->confirmed ? PH_FINAL_CONFIRMED : PH_FINAL_AGREED);
}

/* No dispute is open any more: the window, if it still runs and somebody may use it, goes on. */
static void after_confirmation(ph_market *m, uint32_t at)
{
    ph_delivery *d = &m->deliveries[at];
    if (!others_may_dispute(m, at)) {
        end_undisputed(m, at);
        return;
    }
    d->state = PH_STATE_REPORTED;
    move_due(m, at, d->dispute_until_ns);
    tell(m, at, PH_DELIVERY_CONFIRMED, m->contracts[d->contract].buyer, d->report);
}

ph_reject ph_delivery_confirm(ph_market *m, uint32_t sender, const ph_confirm_delivery *c,
                              int64_t ret_args[2])
{
    uint32_t at = PH_NONE;
    ph_reject why = find(m, c->contract, c->period, &at, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_delivery *d = &m->deliveries[at];
    if (sender != m->contracts[d->contract].buyer)
        return refuse(ret_args, PH_REJECT_NOT_PARTY, d->contract, 0);
    bool reported = d->state == PH_STATE_REPORTED || d->state == PH_STATE_DISPUTED;
    if (!reported || d->confirmed) return refuse(ret_args, PH_REJECT_DELIVERY_STATE, d->state, 0);
    if (m->now.ns >= d->dispute_until_ns)
        return refuse(ret_args, PH_REJECT_DELIVERY_TIME, 0, (int64_t)d->dispute_until_ns);
    d->confirmed = true;
    if (d->state == PH_STATE_DISPUTED) {
        ph_finality_withdraw_claim(m, at);
        if (d->dispute != PH_NONE) {
            tell(m, at, PH_DELIVERY_CONFIRMED, sender, d->report);
            return PH_REJECT_NONE;
        }
    }
    after_confirmation(m, at);
    return PH_REJECT_NONE;
}

/* ---- Disputes ------------------------------------------------------------------------------- */

static ph_reject check_claim(const ph_market *m, uint32_t at, uint32_t sender, uint64_t claim,
                             int64_t args[2])
{
    const ph_delivery *d = &m->deliveries[at];
    bool is_buyer = sender == m->contracts[d->contract].buyer;
    bool is_owner = ph_contract_owes(m, at, sender);
    if (!is_buyer && !is_owner) return refuse(args, PH_REJECT_NOT_PARTY, d->contract, 0);
    if (d->state != PH_STATE_REPORTED && d->state != PH_STATE_DISPUTED)
        return refuse(args, PH_REJECT_DELIVERY_STATE, d->state, 0);
    if (m->now.ns >= d->dispute_until_ns)
        return refuse(args, PH_REJECT_DELIVERY_TIME, 0, (int64_t)d->dispute_until_ns);
    bool low = is_buyer && claim < d->report;
    bool high = is_owner && claim > d->report && claim <= promised(m, d);
    if (!low && !high)
        return refuse(args, PH_REJECT_DELIVERY_FIGURE, (int64_t)claim, (int64_t)d->report);
    bool again = is_buyer && d->confirmed; /* it accepted the report, as owner of a premium too */
    for (uint32_t i = 0; d->dispute != PH_NONE && i < m->disputes[d->dispute].cnt; i++) {
        const ph_claim *c = &m->disputes[d->dispute].v[i];
        again |= c->participant == sender && c->is_buyer == low;
    }
    return again ? refuse(args, PH_REJECT_DELIVERY_STATE, d->state, 0) : PH_REJECT_NONE;
}

/* The larger of the product's and what the difference is worth; false if it does not fit. */
static bool deposit_of(const ph_market *m, uint32_t at, uint64_t claim, ph_money *ret)
{
    const ph_delivery *d = &m->deliveries[at];
    ph_wide worth = ph_delivery_notional(m, at) + ph_delivery_bond(m, at);
    for (uint32_t link = 1; link <= m->contracts[d->contract].depth; link++)
        worth += ph_delivery_premium(m, at, link);
    uint64_t difference = claim > d->report ? claim - d->report : d->report - claim;
    uint64_t all = promised(m, d);
    ph_money stake;
    if (!ph_money_narrow(worth, &stake)) return false;
    ph_wide v = ((ph_wide)stake * (int64_t)difference + (int64_t)all - 1) / (int64_t)all;
    ph_money listed = terms_of(m, d)->dispute_deposit;
    if (v < listed) v = listed;
    return ph_money_narrow(v, ret);
}

enum { TABLE_DISPUTES = 15 }; /* for TABLE_FULL: place in ph_market_limits */

ph_reject ph_delivery_dispute(ph_market *m, uint32_t sender, const ph_delivery_figure *f,
                              int64_t ret_args[2])
{
    uint32_t at = PH_NONE;
    ph_reject why = find(m, f->contract, f->period, &at, ret_args);
    if (why == PH_REJECT_NONE) why = check_claim(m, at, sender, f->delivered, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_delivery *d = &m->deliveries[at];
    ph_money deposit, have = ph_ledger_free_cash(m, sender);
    if (!deposit_of(m, at, f->delivered, &deposit))
        return refuse(ret_args, PH_REJECT_AMOUNT_OVERFLOW, 0, 0);
    if (deposit > have) return refuse(ret_args, PH_REJECT_CASH_FOR_DEPOSIT, deposit, have);
    if (d->dispute == PH_NONE) {
        if (m->dispute_cnt == m->limits.disputes_max)
            return refuse(ret_args, PH_REJECT_TABLE_FULL, TABLE_DISPUTES, m->limits.disputes_max);
        d->dispute = ph_contract_dispute_new(m);
        uint64_t window = terms_of(m, d)->resolve_seconds * PH_NS_PER_S;
        move_due(m, at, m->now.ns + window);
    }
    ph_dispute *open = &m->disputes[d->dispute];
    PH_ASSERT(open->cnt < PH_CLAIMS_MAX);
    open->v[open->cnt++] = (ph_claim){sender, f->delivered < d->report, f->delivered, deposit};
    d->state = PH_STATE_DISPUTED;
    tell(m, at, PH_DELIVERY_DISPUTED, sender, f->delivered);
    ph_ledger_transfer(m, (ph_account){PH_ACCOUNT_CASH, sender},
                       (ph_account){PH_ACCOUNT_DEPOSIT, d->contract}, deposit,
                       PH_TRANSFER_DISPUTE_DEPOSIT);
    return PH_REJECT_NONE;
}

static void claims_range(const ph_market *m, const ph_delivery *d, uint64_t *low, uint64_t *high)
{
    const ph_dispute *open = &m->disputes[d->dispute];
    *low = *high = d->report;
    for (uint32_t i = 0; i < open->cnt; i++) {
        if (open->v[i].figure < *low) *low = open->v[i].figure;
        if (open->v[i].figure > *high) *high = open->v[i].figure;
    }
}

ph_reject ph_delivery_resolve(ph_market *m, const ph_delivery_figure *f, int64_t ret_args[2])
{
    uint32_t at = PH_NONE;
    ph_reject why = find(m, f->contract, f->period, &at, ret_args);
    if (why != PH_REJECT_NONE) return why;
    const ph_delivery *d = &m->deliveries[at];
    if (d->state != PH_STATE_DISPUTED)
        return refuse(ret_args, PH_REJECT_DELIVERY_STATE, d->state, 0);
    uint64_t low, high;
    claims_range(m, d, &low, &high);
    if (f->delivered < low || f->delivered > high)
        return refuse(ret_args, PH_REJECT_DELIVERY_FIGURE, (int64_t)f->delivered,
                      (int64_t)(f->delivered < low ? low : high));
    ph_finality_end(m, at, f->delivered, PH_FINAL_RESOLVED);
    return PH_REJECT_NONE;
}

/* ---- Access ---------------------------------------------------------------------------------- */

ph_reject ph_delivery_access(ph_market *m, uint32_t sender, const ph_hand_over_access *a,
                             int64_t ret_args[2])
{
    if (a->contract.v == 0 || a->contract.v > m->last_contract)
        return refuse(ret_args, PH_REJECT_UNKNOWN_CONTRACT, (int64_t)a->contract.v, 0);
    const ph_contract *c = &m->contracts[a->contract.v];
    if (c->supplier != sender)
        return refuse(ret_args, PH_REJECT_NOT_PARTY, (int64_t)a->contract.v, 0);
    if (a->size == 0) return refuse(ret_args, PH_REJECT_FIELD_RANGE, 2, 0);
    uint64_t end = 0;
    for (uint32_t i = c->first_delivery; i != PH_NONE; i = m->deliveries[i].next)
        end = ph_period_start(ph_delivery_end(&m->deliveries[i]),
                              m->terms[c->terms_at].period_seconds)
                  .ns;
    if (m->now.ns >= end) return refuse(ret_args, PH_REJECT_DELIVERY_TIME, 0, (int64_t)end);
    return PH_REJECT_NONE;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static void run_unresolved(ph_market *m, uint32_t at)
{
    const ph_delivery *d = &m->deliveries[at];
    uint64_t low, high, figure = d->report;
    claims_range(m, d, &low, &high);
    if (!d->by_meter) figure = low + (high - low) / 2;
    ph_finality_end(m, at, figure, PH_FINAL_UNRESOLVED);
}

static void run_one(ph_market *m, uint32_t at)
{
    ph_delivery *d = &m->deliveries[at];
    switch ((ph_delivery_state)d->state) {
    case PH_STATE_AWAITED:
        if (!d->second_window && m->contracts[d->contract].meter != 0) {
            d->second_window = true;
            uint64_t begin, end = window_end(m, d, &begin);
            move_due(m, at, end);
            tell(m, at, PH_DELIVERY_METER_SILENT, 0, 0);
            return;
        }
        ph_finality_end(m, at, 0, PH_FINAL_NO_REPORT);
        return;
    case PH_STATE_REPORTED: end_undisputed(m, at); return;
    case PH_STATE_DISPUTED: run_unresolved(m, at); return;
    }
    ph_panic("contract-period in an unknown state", __FILE__, __LINE__);
}

void ph_delivery_run(ph_market *m, uint64_t due_ns)
{
    uint32_t cnt = ph_due_collect(m, due_ns);
    for (uint32_t i = 0; i < cnt; i++) {
        const ph_due_entry *due = &m->due_run[i];
        run_one(m, ph_contract_alone(m, due->delivery, due->period));
    }
}
