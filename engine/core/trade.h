/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/trade.h - fills become trades and contracts, and money moves (rulebook 7, 9). */
#ifndef ENGINE_CORE_TRADE_H
#define ENGINE_CORE_TRADE_H

#include "engine/core/state.h"

/* Concludes all that the command executed: one trade and one contract for each pair of orders, told
   in order of the lower, then the higher of their places. */
void ph_trade_conclude_all(ph_market *m);

#endif
