/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/query/contract_history.h - what became of every contract: of those that still deliver,
    and of the last that ended.

    Fed with the records of a replay from its first one on.  A contract is kept from its conclusion
    until nothing of it is open any more, because its periods are final or were sold on, and then
    until so many others have ended after it.  What is kept depends on the records and on
    `ended_max` alone, so a replica that was started again knows the same.

      slots     one for each contract that may deliver, and for each that has ended and is kept
      numbers   the slot of each contract
      age       those that ended, from the oldest to the newest
      lists     slots of each participant, by number: it is buyer, supplier or seller

    A participant's list is entered by the number of a contract of its own, or at its beginning.  By
    any other number the next own one is looked for, and LOOKS_MAX numbers or own contracts are all
    that one question looks at: `more` then says that it can be asked on.

    Owns      nothing: lives in the block of ph_contract_history_init, never grows, never moves.
    Thread    one.
    Full      never: the oldest that ended is dropped. */
#ifndef ENGINE_QUERY_CONTRACT_HISTORY_H
#define ENGINE_QUERY_CONTRACT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/market.h"
#include "engine/replay/replay.h"
#include "engine/wire/query.h"

enum { PH_ENDED_CONTRACTS_MAX = 100 * 1000 * 1000 };

typedef struct ph_contract_history ph_contract_history;

/* Bytes that init needs for a market of these limits; ended_max <= PH_ENDED_CONTRACTS_MAX. */
size_t ph_contract_history_footprint(const ph_market_limits *limits, uint32_t ended_max);

/* An empty history in `block`, which has that many bytes, is aligned to 64 and all zero. */
ph_contract_history *ph_contract_history_init(void *block, const ph_market_limits *limits,
                                              uint32_t ended_max);

/* Takes the next record; `m` is the market after it, or after its batch. */
void ph_contract_history_take(ph_contract_history *h, const ph_market *m,
                              const ph_replay_record *record);

/* Contracts that ended and are kept. */
uint32_t ph_contract_history_ended(const ph_contract_history *h);

/* Fills u.contracts, more, cnt and rows.contracts for the question (CONTRACTS) of its participant,
   in an answer where they are 0. */
void ph_contract_history_find(const ph_contract_history *h, const ph_query *q, ph_answer *ret);

#endif
