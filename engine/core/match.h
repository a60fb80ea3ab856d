/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/match.h - an incoming EACH order against what rests (rulebook 6.4, 6.5, 6.7, 6.9).

    The order has been accepted and holds what it needs; it is in no queue yet.  Matching applies
    fills and marks orders that end (ph_order.ends); what remains of the incoming order is open in
    it.  Nothing is told here: see ph_fill_settle. */
#ifndef ENGINE_CORE_MATCH_H
#define ENGINE_CORE_MATCH_H

#include "engine/core/state.h"

void ph_match_init(ph_market *m, ph_arena *a);

/* An EACH order; not with FOK. */
void ph_match_each(ph_market *m, uint32_t incoming);

/* An EACH order with FOK: all of it at once, or nothing. */
void ph_match_each_whole(ph_market *m, uint32_t incoming);

/* Whether an EACH order would execute anything.  Open units of its periods may be 0 afterwards
   where its own resting orders stand in the way: the caller restores them. */
bool ph_match_each_would_trade(ph_market *m, uint32_t incoming);

/* Whether a price lies within the product's band; if not, *ret_bound (may be NULL) is the bound
   that it passes. */
bool ph_match_in_band(const ph_product *p, ph_price price, ph_price *ret_bound);

#endif
