/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/place.h - orders arrive, are replaced and are cancelled (rulebook 4, 5, 6.5, 10). */
#ifndef ENGINE_CORE_PLACE_H
#define ENGINE_CORE_PLACE_H

#include "engine/core/state.h"

/* Checks everything in the order of the rulebook, then accepts, matches, rests and tells.
   PH_REJECT_NONE, or why not: nothing has changed then.  *ret_order: DUPLICATE, the order that
   used the client order id, or 0. */
ph_reject ph_place_order(ph_market *m, uint32_t sender, const ph_new_order *n, int64_t ret_args[2],
                         uint64_t *ret_order);

/* The same for an exclusive group: all members are accepted or none is.  *ret_member: the one
   that failed, from 1; 0 if it is the group as a whole. */
ph_reject ph_place_group(ph_market *m, uint32_t sender, const ph_new_group *g, int64_t ret_args[2],
                         uint64_t *ret_order, uint32_t *ret_member);

/* New price and quantity of one resting order of the sender.  PH_REJECT_NONE, or why not: nothing
   has changed then. */
ph_reject ph_place_replace(ph_market *m, uint32_t sender, const ph_replace_order *c,
                           int64_t ret_args[2]);

/* Cancels one resting order of the sender. */
ph_reject ph_place_cancel(ph_market *m, uint32_t sender, const ph_cancel_order *c,
                          int64_t ret_args[2]);

/* Marks every resting order of a participant (0: of anybody) in a product (0: in any) to end for
   this reason; ph_fill_settle tells.  Returns how many. */
uint64_t ph_place_end_all(ph_market *m, uint32_t participant, uint32_t product,
                          ph_cancel_reason reason);

/* ---- For replace.c and question.c --------------------------------------------------------- */

/* The resting order of the sender that an order id, or a client order id, names; PH_NONE if there
   is none. */
uint32_t ph_place_find(const ph_market *m, uint32_t sender, uint64_t order,
                       uint64_t client_order_id);

/* Whether an order, which is in no queue, would execute anything as the book stands. */
bool ph_place_would_trade(ph_market *m, uint32_t slot);

/* Matches an order that is in no queue. */
void ph_place_execute(ph_market *m, uint32_t slot);

/* The same, then lets what is left rest, or ends it. */
void ph_place_match(ph_market *m, uint32_t slot);

#endif
