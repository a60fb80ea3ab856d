/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/verdict.h - what the rows say of documents and signatures.

    The market carries signatures and verifies none.  The books state of each contract the leaf hash
    of its document, which is what notary and parties sign, and of each signature whether it holds;
    both are recomputed here, from what notary and auditor use.

    Owns      room for the documents of one batch.
    Thread    one. */
#ifndef ENGINE_SETTLE_VERDICT_H
#define ENGINE_SETTLE_VERDICT_H

#include "engine/base/status.h"
#include "engine/settle/rows.h"

typedef struct ph_verdicts ph_verdicts;

/* Gives the leaf hash of a contract that is not among the rows, because it was concluded before
   them.  A status other than PH_OK ends the batch and is returned. */
typedef ph_status (*ph_verdicts_leaf)(void *arg, ph_contract_id contract, ph_hash *ret);

/* NULL: no memory. */
ph_verdicts *ph_verdicts_new(ph_verdicts_leaf find, void *arg);

/* Accepts NULL. */
void ph_verdicts_free(ph_verdicts *v);

/* Completes the rows that ph_rows_take made of this batch just now: leaf hashes of its contracts,
   verdicts of its signatures and statements.  PH_EFULL: no memory; PH_ECORRUPT: a contract that is none, `why` (at
   least 160 bytes) says how; or what the search for a leaf returned, which `why` does not say. */
ph_status ph_verdicts_take(ph_verdicts *v, ph_rows *rows, const ph_replay_batch *batch, char *why,
                           size_t why_size);

#endif
