/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/ledger.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/money.h"
#include "engine/base/panic.h"

void ph_ledger_init(ph_market *m, ph_arena *a)
{
    uint32_t slots = 16;
    while (slots < 2 * m->limits.references_max)
        slots *= 2;
    m->references = ph_arena_take(a, m->limits.references_max, sizeof m->references[0]);
    m->reference_slots = ph_arena_take(a, slots, sizeof m->reference_slots[0]);
    m->reference_mask = slots - 1;
}

ph_money ph_ledger_balance(const ph_market *m, ph_account account)
{
    switch (account.kind) {
    case PH_ACCOUNT_EXTERNAL: return account.id == 0 ? m->external : 0;
    case PH_ACCOUNT_FEES: return account.id == 0 ? m->fees : 0;
    case PH_ACCOUNT_CASH:
        return account.id <= m->participant_cnt ? m->participants[account.id].cash : 0;
    case PH_ACCOUNT_ESCROW:
        return account.id <= m->last_contract ? m->contracts[account.id].escrow : 0;
    case PH_ACCOUNT_BOND: return account.id <= m->last_contract ? m->contracts[account.id].bond : 0;
    case PH_ACCOUNT_DEPOSIT:
        return account.id <= m->last_contract ? m->contracts[account.id].deposit : 0;
    case PH_ACCOUNT_PREMIUM:
        return account.id <= m->last_contract ? m->contracts[account.id].premium : 0;
    }
    return 0;
}

ph_money ph_ledger_free_cash(const ph_market *m, uint32_t participant)
{
    return m->participants[participant].cash - m->participants[participant].held;
}

bool ph_ledger_hold_of(const ph_market *m, const ph_order *o, uint64_t unit_periods, ph_money *ret)
{
    PH_ASSERT(unit_periods <= (uint64_t)PH_QUANTITY_MAX * PH_BLOCK_PERIODS_MAX);
    if (o->side == PH_SIDE_SELL) return ph_money_times(o->bond_unit, unit_periods, ret);
    ph_money cost, fee;
    if (!ph_money_times(ph_price_of(o->key), unit_periods, &cost)) return false;
    uint32_t ppm = m->products[o->product].order_terms.fee_ppm;
    return ph_money_share_up(cost, ppm, &fee) && ph_money_add(cost, fee, ret);
}

void ph_ledger_rehold(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    ph_money needed = 0;
    if (o->resting) {
        bool fits = ph_ledger_hold_of(m, o, o->left, &needed);
        PH_ASSERT(fits); /* less than what fitted when the order was accepted */
    }
    ph_participant *p = &m->participants[o->participant];
    p->held += needed - o->hold;
    o->hold = needed;
}

/* FNV-1a, 32 bits (Fowler, Noll, Vo). */
static uint32_t hash_text(const char *s, size_t size)
{
    uint32_t h = UINT32_C(2166136261);
    for (size_t i = 0; i < size; i++)
        h = (h ^ (uint8_t)s[i]) * UINT32_C(16777619);
    return h;
}

/* The slot of a reference: where it is, or where it would go. */
static uint32_t *reference_slot(ph_market *m, const ph_text32 *reference)
{
    uint32_t i = hash_text(reference->s, sizeof reference->s) & m->reference_mask;
    for (;; i = (i + 1) & m->reference_mask) {
        uint32_t *slot = &m->reference_slots[i];
        if (*slot == 0) return slot;
        if (memcmp(&m->references[*slot - 1], reference, sizeof *reference) == 0) return slot;
    }
}

static ph_reject check_payment(ph_market *m, const ph_payment *p, int64_t ret_args[2])
{
    if (p->participant.v == 0 || p->participant.v > m->participant_cnt) {
        ret_args[0] = p->participant.v;
        return PH_REJECT_UNKNOWN_PARTICIPANT;
    }
    if (p->amount <= 0) {
        ret_args[1] = p->amount;
        return PH_REJECT_FIELD_RANGE;
    }
    if (p->reference.s[0] == '\0') {
        ret_args[0] = 2; /* third field of a payment */
        return PH_REJECT_FIELD_RANGE;
    }
    if (*reference_slot(m, &p->reference) != 0) return PH_REJECT_DUPLICATE;
    if (m->reference_cnt == m->limits.references_max) {
        ret_args[1] = m->limits.references_max;
        return PH_REJECT_TABLE_FULL;
    }
    return PH_REJECT_NONE;
}

static void remember_reference(ph_market *m, const ph_text32 *reference)
{
    uint32_t *slot = reference_slot(m, reference);
    m->references[m->reference_cnt++] = *reference;
    *slot = m->reference_cnt;
}

ph_reject ph_ledger_deposit(ph_market *m, const ph_payment *p, int64_t ret_args[2])
{
    ph_reject why = check_payment(m, p, ret_args);
    if (why != PH_REJECT_NONE) return why;
    /* What is inside never exceeds what came in, so no other sum can overflow. */
    ph_money outside;
    if (!ph_money_add(m->external, -p->amount, &outside) || outside == INT64_MIN)
        return PH_REJECT_AMOUNT_OVERFLOW;
    remember_reference(m, &p->reference);
    ph_ledger_transfer(m, (ph_account){PH_ACCOUNT_EXTERNAL, 0},
                       (ph_account){PH_ACCOUNT_CASH, p->participant.v}, p->amount,
                       PH_TRANSFER_DEPOSIT);
    return PH_REJECT_NONE;
}

ph_reject ph_ledger_withdraw(ph_market *m, const ph_payment *p, int64_t ret_args[2])
{
    ph_reject why = check_payment(m, p, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_money free_cash = ph_ledger_free_cash(m, p->participant.v);
    if (p->amount > free_cash) {
        ret_args[0] = p->amount;
        ret_args[1] = free_cash;
        return PH_REJECT_CASH_FREE;
    }
    remember_reference(m, &p->reference);
    ph_ledger_transfer(m, (ph_account){PH_ACCOUNT_CASH, p->participant.v},
                       (ph_account){PH_ACCOUNT_EXTERNAL, 0}, p->amount, PH_TRANSFER_WITHDRAWAL);
    return PH_REJECT_NONE;
}

bool ph_ledger_again(ph_market *m)
{
    uint32_t cnt = m->reference_cnt;
    m->reference_cnt = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        ph_text32 reference = m->references[i];
        if (reference.s[0] == '\0' || !ph_text_ok(reference.s, sizeof reference.s)) return false;
        if (*reference_slot(m, &reference) != 0) return false;
        remember_reference(m, &reference);
    }
    return true;
}
