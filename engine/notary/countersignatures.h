/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/countersignatures.h - what parties sign under contracts, and whether it holds.

      petahour countersignature v1\n
      <market name>\n
      <contract, decimal>\n
      <leaf hash of its canonical bytes, base64>\n

    The market takes one countersignature of each party and cannot verify it; whoever replays the
    journal can, with the contracts of its batches.

    Owns      the leaf hash of every contract that it takes: 32 bytes each.
    Thread    one. */
#ifndef ENGINE_NOTARY_COUNTERSIGNATURES_H
#define ENGINE_NOTARY_COUNTERSIGNATURES_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/notary/contracts.h"
#include "engine/replay/replay.h"
#include "engine/wire/countersignature.h"

enum { PH_COUNTERSIGNED_TEXT_MAX = 192 }; /* with the zero that is put after the text */

/* Writes what is signed, and a zero; returns its length without the zero. */
size_t ph_countersigned_text(const char *market, ph_contract_id contract, const ph_hash *leaf,
                             char to[PH_COUNTERSIGNED_TEXT_MAX]);

/* True if its key signed the contract with its leaf hash.  Keys of small order sign nothing. */
bool ph_countersignature_holds(const char *market, const ph_countersignature *c);

/* Whether a record is a countersignature that the market took, the first of its party. */
bool ph_countersignatures_is_taken(const ph_replay_record *r);

typedef struct ph_countersignatures ph_countersignatures;

/* `before` contracts were concluded before the first batch that it will take: 0, unless a replay
   begins with a snapshot.  Their documents are unknown: what is signed under them is passed over.
   NULL if there is no memory. */
ph_countersignatures *ph_countersignatures_new(const char *market, uint64_t before);

/* Takes one judged countersignature; a status other than PH_OK ends the batch and is returned. */
typedef ph_status (*ph_countersignatures_on)(void *arg, const ph_countersignature *c);

/* Takes the next batch: remembers its contracts, which were collected from it, and judges the
   countersignatures that the market took in it, in order.  PH_EFULL: no memory; or what on
   returned. */
ph_status ph_countersignatures_take(ph_countersignatures *s, const ph_contracts *contracts,
                                    const ph_replay_batch *batch, ph_countersignatures_on on,
                                    void *arg);

/* How many the market took that were passed over. */
uint64_t ph_countersignatures_passed(const ph_countersignatures *s);

/* Accepts NULL. */
void ph_countersignatures_free(ph_countersignatures *s);

#endif
