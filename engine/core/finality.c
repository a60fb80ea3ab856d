/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/finality.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/core/contract.h"
#include "engine/core/ledger.h"

static const ph_account fees = {PH_ACCOUNT_FEES, 0};

static ph_account account(ph_account_kind kind, uint64_t id)
{
    return (ph_account){kind, id};
}

/* A sum that lies on an account, where it fits. */
static ph_money narrow(ph_wide v)
{
    ph_money ret = 0;
    bool fits = ph_money_narrow(v, &ret);
    PH_ASSERT(fits);
    return ret;
}

static ph_money least(ph_money a, ph_money b)
{
    return a < b ? a : b;
}

/* The exchange's share of a fee so far, less what it has had of it: never less than nothing. */
static ph_money share_now(ph_money fee, ph_money delivered, ph_money notional, ph_money earned)
{
    if (notional <= 0) return 0;
    ph_money share = ph_money_ratio_down(fee, delivered, notional);
    return share > earned ? share - earned : 0;
}

/* ---- Deposits ------------------------------------------------------------------------------- */

static void pay_deposit(ph_market *m, uint32_t contract, const ph_claim *claim, bool is_lost)
{
    const ph_contract *c = &m->contracts[contract];
    uint32_t to = claim->participant;
    if (is_lost) to = claim->is_buyer ? c->supplier : c->buyer;
    ph_ledger_transfer(m, account(PH_ACCOUNT_DEPOSIT, contract), account(PH_ACCOUNT_CASH, to),
                       claim->deposit,
                       is_lost ? PH_TRANSFER_DEPOSIT_FORFEIT : PH_TRANSFER_DEPOSIT_RETURN);
}

/* Between its owner, who gets the odd unit, and the seller. */
static void halve_deposit(ph_market *m, uint32_t contract, const ph_claim *claim)
{
    ph_money half = claim->deposit / 2;
    ph_account from = account(PH_ACCOUNT_DEPOSIT, contract);
    ph_ledger_transfer(m, from, account(PH_ACCOUNT_CASH, claim->participant), claim->deposit - half,
                       PH_TRANSFER_DEPOSIT_RETURN);
    ph_ledger_transfer(m, from, account(PH_ACCOUNT_CASH, m->contracts[contract].supplier), half,
                       PH_TRANSFER_DEPOSIT_FORFEIT);
}

static void give_dispute(ph_market *m, ph_delivery *d)
{
    m->disputes[d->dispute].next_free = m->dispute_free;
    m->dispute_free = d->dispute;
    m->dispute_cnt--;
    d->dispute = PH_NONE;
}

static void end_dispute(ph_market *m, ph_delivery *d, uint64_t delivered, ph_final_cause cause)
{
    if (d->dispute == PH_NONE) return;
    const ph_dispute *open = &m->disputes[d->dispute];
    for (uint32_t i = 0; i < open->cnt; i++) {
        if (cause == PH_FINAL_UNRESOLVED && !d->by_meter)
            halve_deposit(m, d->contract, &open->v[i]);
        else
            pay_deposit(m, d->contract, &open->v[i], delivered == d->report);
    }
    give_dispute(m, d);
}

void ph_finality_withdraw_claim(ph_market *m, uint32_t delivery)
{
    ph_delivery *d = &m->deliveries[delivery];
    ph_dispute *open = &m->disputes[d->dispute];
    for (uint32_t i = 0; i < open->cnt; i++) {
        if (!open->v[i].is_buyer) continue;
        pay_deposit(m, d->contract, &open->v[i], true);
        for (uint32_t k = i + 1; k < open->cnt; k++)
            open->v[k - 1] = open->v[k];
        open->cnt--;
        break;
    }
    if (open->cnt == 0) give_dispute(m, d);
}

/* ---- Payment -------------------------------------------------------------------------------- */

/* One contract-period and what came of it. */
typedef struct {
    uint32_t delivery, contract;
    int64_t came, all; /* d and D, unit-seconds */
} ending;

/* Notional: to the supplier for what came, less its fee, the rest back to the buyer. */
static ph_money pay_notional(ph_market *m, const ending *e)
{
    ph_contract *c = &m->contracts[e->contract];
    ph_money notional = narrow(ph_delivery_notional(m, e->delivery));
    ph_money pay = ph_money_ratio_down(notional, e->came, e->all);
    c->supplier_delivered += pay;
    ph_money share = share_now(c->supplier_fee, c->supplier_delivered, c->supplier_notional,
                               c->supplier_fee_earned);
    share = least(share, pay);
    c->supplier_fee_earned += share;
    ph_account escrow = account(PH_ACCOUNT_ESCROW, e->contract);
    ph_ledger_transfer(m, escrow, account(PH_ACCOUNT_CASH, c->supplier), pay - share,
                       PH_TRANSFER_PAYMENT);
    ph_ledger_transfer(m, escrow, fees, share, PH_TRANSFER_SUPPLIER_FEE);
    ph_ledger_transfer(m, escrow, account(PH_ACCOUNT_CASH, c->buyer), notional - pay,
                       PH_TRANSFER_REFUND);
    return pay;
}

/* Bond: the buyer's fee for what did not come, then the penalty, the rest back to the supplier. */
static void pay_bond(ph_market *m, const ending *e)
{
    const ph_contract *c = &m->contracts[e->contract];
    const ph_delivery *d = &m->deliveries[e->delivery];
    ph_money bond = narrow(ph_delivery_bond(m, e->delivery));
    int64_t missing = e->all - e->came;
    ph_money compensation = 0;
    if (c->fee_paid > 0 && missing > 0)
        compensation = least(bond, ph_money_ratio_of_two(c->fee_paid, d->agreed, missing, e->all,
                                                         c->supplier_notional));
    ph_money penalty = ph_money_ratio_down(bond - compensation, missing, e->all);
    ph_account from = account(PH_ACCOUNT_BOND, e->contract);
    ph_account buyer = account(PH_ACCOUNT_CASH, c->buyer);
    ph_ledger_transfer(m, from, buyer, compensation, PH_TRANSFER_FEE_COMPENSATION);
    ph_ledger_transfer(m, from, buyer, penalty, PH_TRANSFER_PENALTY);
    ph_ledger_transfer(m, from, account(PH_ACCOUNT_CASH, c->supplier),
                       bond - compensation - penalty, PH_TRANSFER_BOND_RETURN);
}

/* Each link of the chain: its reseller gets its premium for what came, its payer the rest back. */
static void pay_premiums(ph_market *m, const ending *e)
{
    ph_account from = account(PH_ACCOUNT_PREMIUM, e->contract);
    for (uint32_t link = 1; link <= m->contracts[e->contract].depth; link++) {
        const ph_contract *c = &m->contracts[ph_contract_link(m, e->contract, link)];
        ph_money premium = narrow(ph_delivery_premium(m, e->delivery, link));
        ph_money pay = ph_money_ratio_down(premium, e->came, e->all);
        ph_money fee = ph_money_share_down(pay, c->reseller_ppm);
        ph_ledger_transfer(m, from, account(PH_ACCOUNT_CASH, c->reseller), pay - fee,
                           PH_TRANSFER_PREMIUM_PAYMENT);
        ph_ledger_transfer(m, from, fees, fee, PH_TRANSFER_PREMIUM_FEE);
        ph_ledger_transfer(m, from, account(PH_ACCOUNT_CASH, c->buyer), premium - pay,
                           PH_TRANSFER_PREMIUM_REFUND);
    }
}

/* The buyer's fee that is earned on delivery. */
static void earn_buyers_fee(ph_market *m, const ending *e, ph_money pay)
{
    ph_contract *c = &m->contracts[e->contract];
    if (c->depth > 0)
        pay = ph_money_ratio_down(narrow(ph_delivery_paid(m, e->delivery)), e->came, e->all);
    c->delivered += pay;
    ph_money share = share_now(c->buyer_fee, c->delivered, c->notional, c->fee_earned);
    share = least(share, c->fee_left);
    c->fee_earned += share;
    c->fee_left -= share;
    ph_ledger_transfer(m, account(PH_ACCOUNT_ESCROW, e->contract), fees, share,
                       PH_TRANSFER_BUYER_FEE);
}

void ph_finality_end(ph_market *m, uint32_t delivery, uint64_t delivered, ph_final_cause cause)
{
    ph_delivery *d = &m->deliveries[delivery];
    ph_contract *c = &m->contracts[d->contract];
    uint64_t all = (uint64_t)d->quantity * m->terms[c->terms_at].period_seconds;
    ending e = {delivery, d->contract, (int64_t)delivered, (int64_t)all};
    PH_ASSERT(e.came >= 0 && e.came <= e.all && e.all > 0);
    ph_emit(m, PH_EVT_DELIVERY_FINAL)->u.delivery_final =
        (ph_delivery_final){.contract = {d->contract},
                            .period = d->period,
                            .cause = cause,
                            .delivered = delivered,
                            .promised = all};
    end_dispute(m, d, delivered, cause);
    ph_money pay = pay_notional(m, &e);
    pay_bond(m, &e);
    pay_premiums(m, &e);
    earn_buyers_fee(m, &e, pay);
    ph_contract_drop(m, delivery);
    if (c->depth > 0 && c->meter == 0) c->meter = ph_contract_meter(m, e.contract);
    if (c->first_delivery != PH_NONE) return;
    ph_ledger_transfer(m, account(PH_ACCOUNT_ESCROW, e.contract),
                       account(PH_ACCOUNT_CASH, c->buyer), c->fee_left, PH_TRANSFER_FEE_REFUND);
    c->fee_left = 0;
}
