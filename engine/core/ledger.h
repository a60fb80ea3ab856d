/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/ledger.h - double-entry balances, holds on cash, payment references.

    Laws      the sum over all accounts is zero; no account but EXTERNAL is negative; a
              participant's held cash is the sum of the holds of its orders and at most its cash.
    Units     micro-units of the market's currency. */
#ifndef ENGINE_CORE_LEDGER_H
#define ENGINE_CORE_LEDGER_H

#include "engine/core/state.h"

void ph_ledger_init(ph_market *m, ph_arena *a);

static inline ph_money *ph_ledger_account(ph_market *m, ph_account account)
{
    switch (account.kind) {
    case PH_ACCOUNT_EXTERNAL: return &m->external;
    case PH_ACCOUNT_FEES: return &m->fees;
    case PH_ACCOUNT_CASH: return &m->participants[account.id].cash;
    case PH_ACCOUNT_ESCROW: return &m->contracts[account.id].escrow;
    case PH_ACCOUNT_BOND: return &m->contracts[account.id].bond;
    case PH_ACCOUNT_DEPOSIT: return &m->contracts[account.id].deposit;
    case PH_ACCOUNT_PREMIUM: return &m->contracts[account.id].premium;
    }
    ph_panic("account of unknown kind", __FILE__, __LINE__);
}

/* An account, and where its balance is. */
typedef struct {
    ph_account account;
    ph_money *balance;
} ph_ledger_side;

static inline ph_ledger_side ph_ledger_side_of(ph_market *m, ph_account_kind kind, uint64_t id)
{
    ph_account account = {kind, id};
    return (ph_ledger_side){account, ph_ledger_account(m, account)};
}

/* Moves amount >= 0 from debit to credit and says so; 0 moves nothing and says nothing.  The
   caller has checked that the money is there.  Here, because most callers know the kinds. */
static inline void ph_ledger_move(ph_market *m, const ph_ledger_side *debit,
                                  const ph_ledger_side *credit, ph_money amount,
                                  ph_transfer_reason reason)
{
    PH_ASSERT(amount >= 0);
    if (amount == 0) return;
    *debit->balance -= amount;
    PH_ASSERT(*debit->balance >= 0 || debit->account.kind == PH_ACCOUNT_EXTERNAL);
    PH_ASSERT(*credit->balance <= INT64_MAX - amount);
    *credit->balance += amount;
    ph_transfer *t = &ph_emit(m, PH_EVT_TRANSFER)->u.transfer;
    t->debit = debit->account;
    t->credit = credit->account;
    t->amount = amount;
    t->reason = reason;
}

static inline void ph_ledger_transfer(ph_market *m, ph_account debit, ph_account credit,
                                      ph_money amount, ph_transfer_reason reason)
{
    ph_ledger_side from = ph_ledger_side_of(m, debit.kind, debit.id);
    ph_ledger_side to = ph_ledger_side_of(m, credit.kind, credit.id);
    ph_ledger_move(m, &from, &to, amount, reason);
}

ph_money ph_ledger_balance(const ph_market *m, ph_account account);

/* Cash of a participant that nothing holds. */
ph_money ph_ledger_free_cash(const ph_market *m, uint32_t participant);

/* What `unit_periods` of an order must hold: BUY price * unit_periods and the larger fee on it,
   rounded up; SELL bond.  False if it does not fit. */
bool ph_ledger_hold_of(const ph_market *m, const ph_order *o, uint64_t unit_periods, ph_money *ret);

/* Sets what an order holds to what its open quantity needs; nothing once it is not resting. */
void ph_ledger_rehold(ph_market *m, uint32_t slot);

/* Money from outside, or to it.  PH_REJECT_NONE, or why not (nothing changed then). */
ph_reject ph_ledger_deposit(ph_market *m, const ph_payment *p, int64_t ret_args[2]);
ph_reject ph_ledger_withdraw(ph_market *m, const ph_payment *p, int64_t ret_args[2]);

/* Builds what is looked things up with, from rows that a snapshot gave back.
   False: a reference is there twice, or is none. */
bool ph_ledger_again(ph_market *m);

#endif
