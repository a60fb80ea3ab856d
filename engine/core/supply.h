/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/supply.h - what a SELL order draws on: registered capacity, or a contract held.

    All functions do nothing for BUY orders. */
#ifndef ENGINE_CORE_SUPPLY_H
#define ENGINE_CORE_SUPPLY_H

#include "engine/core/state.h"

/* PH_REJECT_NONE if `units` more of the order are free in every period of the window; else why
   not.  The order may be a draft: side, product, participant, pool and from_contract count. */
ph_reject ph_supply_check(ph_market *m, const ph_order *o, ph_window window, uint32_t units,
                          int64_t ret_args[2]);

/* Offers units that are free, or takes back what was offered and not sold. */
void ph_supply_offer(ph_market *m, const ph_order *o, ph_window window, uint32_t units);
void ph_supply_take_back(ph_market *m, const ph_order *o, ph_window window, uint32_t units);

/* True if the order draws on attested units, besides the registered ones. */
bool ph_supply_attested(const ph_market *m, const ph_order *o);

/* One kind alone, for groups, whose largest member differs by kind: registered units, or a
   contract held; attested units. */
void ph_supply_offer_registered(ph_market *m, const ph_order *o, ph_window window, uint32_t units);
void ph_supply_offer_attested(ph_market *m, const ph_order *o, ph_window window, uint32_t units);
void ph_supply_return_registered(ph_market *m, const ph_order *o, ph_window window, uint32_t units);
void ph_supply_return_attested(ph_market *m, const ph_order *o, ph_window window, uint32_t units);

#endif
