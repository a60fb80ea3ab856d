/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/contract.h - contracts, their periods and lots, and how a resale splits them
    (rulebook 7, 9).

    Runs      contract-periods that are alike and wait for their reports are one row of
              m->deliveries with one list of lots; see ph_contract_alone.
    Laws      the lots of a contract-period add up to its quantity; a contract's escrow, bond and
              premium are exactly what its unfinished periods need, and what is left of its fee. */
#ifndef ENGINE_CORE_CONTRACT_H
#define ENGINE_CORE_CONTRACT_H

#include "engine/base/money.h"
#include "engine/core/state.h"

void ph_contract_init(ph_market *m, ph_arena *a);

/* Fills that one command may conclude, as the tables stand: each needs at most one contract, one
   contract-period and one lot. */
uint32_t ph_contract_room(const ph_market *m);

/* The run that a contract-period is in, or PH_NONE when it never was or is final. */
uint32_t ph_contract_delivery(const ph_market *m, uint32_t contract, ph_period t);

static inline ph_period ph_delivery_end(const ph_delivery *d)
{
    return d->period + d->periods;
}

/* Lets period t of a run stand alone, as whatever is to change it asks for; returns it. */
uint32_t ph_contract_alone(ph_market *m, uint32_t delivery, ph_period t);

/* When the contract-period is due that lies in period t of a run. */
uint64_t ph_contract_due(const ph_market *m, uint32_t delivery, ph_period t);

/* An empty place of each pool; there is one, see ph_contract_room and limits.disputes_max. */
uint32_t ph_contract_delivery_new(ph_market *m);
uint32_t ph_contract_lot_new(ph_market *m);
uint32_t ph_contract_dispute_new(ph_market *m);

/* ---- Growth: units come into a contract that was just concluded ----------------------------- */

/* Where the last unit came in; units come by price, then period. */
typedef struct {
    uint32_t contract;
    uint32_t last; /* run, or PH_NONE */
} ph_contract_cursor;

/* `units` in each period sold by the supplier at its price. */
void ph_contract_add(ph_market *m, ph_contract_cursor *c, ph_window w, ph_quantity units,
                     ph_price price);

/* What `units` that a resale moves carry with them, added up. */
typedef struct {
    ph_wide supplier_notional; /* at the supplier's price */
    ph_wide reseller_notional; /* at the price that the reseller pays */
    ph_wide at_once;           /* the lower of resale and supplier's price */
    ph_wide premium;           /* what the new buyer pays above it */
    ph_wide older_premiums;
} ph_contract_moved;

/* `units` leave the parent contract at a resale price; the cheapest first. */
void ph_contract_move(ph_market *m, ph_contract_cursor *c, ph_period t, ph_quantity units,
                      ph_price price, ph_contract_moved *sum);

/* ---- Amounts of a contract-period, of one in a run ------------------------------------------- */

ph_wide ph_delivery_notional(const ph_market *m, uint32_t delivery); /* at the supplier's price */
ph_wide ph_delivery_paid(const ph_market *m, uint32_t delivery); /* at the price of the holder */
ph_wide ph_delivery_bond(const ph_market *m, uint32_t delivery);

/* Of link 1 (the oldest) .. depth of its contract's chain. */
ph_wide ph_delivery_premium(const ph_market *m, uint32_t delivery, uint32_t link);

/* The contract that link 1 .. depth of a chain made: its reseller sold, its buyer paid. */
uint32_t ph_contract_link(const ph_market *m, uint32_t contract, uint32_t link);

/* True if a participant is owed a premium of the contract-period. */
bool ph_contract_owes(const ph_market *m, uint32_t delivery, uint32_t participant);

/* The meter that reports on a contract as it stands; 0: the supplier does.  A meter that is owed a
   premium in any period that is not final counts as none. */
uint32_t ph_contract_meter(const ph_market *m, uint32_t contract);

/* Takes a contract-period that stands alone out of its contract, with its lots; it waits for
   nothing any more. */
void ph_contract_drop(ph_market *m, uint32_t delivery);

/* ---- Resale --------------------------------------------------------------------------------- */

/* Whether a participant may offer what `from_contract` of an order names; periods apart. */
ph_reject ph_contract_check_resale(const ph_market *m, uint32_t seller, const ph_new_order *n,
                                   int64_t ret_args[2]);

/* PH_REJECT_NONE if `units` are held and not offered in every period of the window. */
ph_reject ph_contract_free(const ph_market *m, uint32_t contract, ph_window w, uint32_t units,
                           int64_t ret_args[2]);

/* Offers units, or takes the offer back; periods that are gone are passed by. */
void ph_contract_offer(ph_market *m, uint32_t contract, ph_window w, uint32_t units);
void ph_contract_take_back(ph_market *m, uint32_t contract, ph_window w, uint32_t units);

#endif
