/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/query/order_history.h - what became of every order: of those that rest, and of the last
    that ended.

    Fed with the records of a replay from its first one on.  An order is kept from its acceptance to
    its end and then until so many others have ended after it; a refused one counts as ended when it
    was refused.  What is kept depends on the records and on `ended_max` alone, so a replica that
    was started again knows the same.

      slots    one for each order that may rest, and for each that has ended and is kept
      age      those that ended, from the oldest to the newest
      chains   slots by order number, and by participant and client order id

    Clients choose their ids: places in the chains are drawn with a secret key (multilinear hashing,
    Lemire and Kaser, 2014), so that nobody can choose ids that all share one.

    Client order ids of a participant rise from one accepted order to the next, and each is used
    once.  So an id that is not kept was never accepted if it is above the highest that was dropped;
    at or below that, nobody can say any more.  A refusal does not use an id:

      refused again                  the last refusal is kept
      refused, later accepted        the order is kept
      refused with DUPLICATE         the order or the refusal that is known of the id stays

    Owns      nothing: lives in the block of ph_order_history_init, never grows, never moves.
    Thread    one.
    Full      never: the oldest that ended is dropped. */
#ifndef ENGINE_QUERY_ORDER_HISTORY_H
#define ENGINE_QUERY_ORDER_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/market.h"
#include "engine/replay/replay.h"
#include "engine/wire/query.h"

enum { PH_ENDED_ORDERS_MAX = 100 * 1000 * 1000 };

/* Secret, any bits: answers do not depend on it, only how long they take. */
typedef struct {
    uint64_t v[4];
} ph_order_history_key;

typedef struct ph_order_history ph_order_history;

/* Bytes that init needs for a market of these limits; ended_max <= PH_ENDED_ORDERS_MAX. */
size_t ph_order_history_footprint(const ph_market_limits *limits, uint32_t ended_max);

/* An empty history in `block`, which has that many bytes, is aligned to 64 and all zero. */
ph_order_history *ph_order_history_init(void *block, const ph_market_limits *limits,
                                        uint32_t ended_max, const ph_order_history_key *key);

/* Takes the next record. */
void ph_order_history_take(ph_order_history *h, const ph_replay_record *record);

/* Orders that ended, or were refused, and are kept. */
uint32_t ph_order_history_ended(const ph_order_history *h);

/* What became of the participant's order of this number or, when that is 0, of this client order
   id; of another participant's as if there were none.  Of one that rests, `leaves` is left 0: the
   market knows. */
void ph_order_history_find(const ph_order_history *h, ph_participant_id who, ph_order_id order,
                           uint64_t client_order_id, ph_answer_status *ret);

#endif
