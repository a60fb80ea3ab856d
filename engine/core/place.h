/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/place.h - orders arrive and are cancelled (rulebook 4, 5, 6.5). */
#ifndef ENGINE_CORE_PLACE_H
#define ENGINE_CORE_PLACE_H

#include "engine/core/state.h"

/* Checks everything in the order of the rulebook, then accepts, matches, rests and tells.
   PH_REJECT_NONE, or why not: nothing has changed then.  *ret_order: DUPLICATE, the order that
   used the client order id, or 0. */
ph_reject ph_place_order(ph_market *m, uint32_t sender, const ph_new_order *n, int64_t ret_args[2],
                         uint64_t *ret_order);

/* Cancels one resting order of the sender. */
ph_reject ph_place_cancel(ph_market *m, uint32_t sender, const ph_cancel_order *c,
                          int64_t ret_args[2]);

/* Marks every resting order of a participant (0: of anybody) in a product (0: in any) to end for
   this reason; ph_fill_settle tells.  Returns how many. */
uint64_t ph_place_end_all(ph_market *m, uint32_t participant, uint32_t product,
                          ph_cancel_reason reason);

#endif
