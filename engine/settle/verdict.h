/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/verdict.h - what the rows say of documents and signatures.

    The market carries signatures and verifies none.  The books state of each contract the leaf hash
    of its document, which is what notary and parties sign, and of each signature whether it holds;
    both are recomputed here, from what notary and auditor use.  A signature takes 50 microseconds:
    those of all batches of a transaction are verified together, by several threads.

    Owns      room for the documents of one batch, and for what is to be verified.
    Thread    one; others only while ph_verdicts_judge runs. */
#ifndef ENGINE_SETTLE_VERDICT_H
#define ENGINE_SETTLE_VERDICT_H

#include "engine/base/status.h"
#include "engine/settle/rows.h"

typedef struct ph_verdicts ph_verdicts;

/* Gives the leaf hashes of `cnt` contracts, some of them perhaps several times, that are not among
   the rows, because they were concluded before them.  A status other than PH_OK is returned by who
   asked. */
typedef ph_status (*ph_verdicts_leaves)(void *arg, const ph_contract_id *contracts, uint32_t cnt,
                                        ph_hash *ret);

/* NULL: no memory. */
ph_verdicts *ph_verdicts_new(ph_verdicts_leaves find, void *arg);

/* Accepts NULL. */
void ph_verdicts_free(ph_verdicts *v);

/* Completes the rows that ph_rows_take made of this batch just now but for the verdicts, which it
   notes to be made: leaf hashes of its contracts and their root, keys of the notary.  PH_EFULL: no
   memory; PH_ECORRUPT: a contract that is none, `why` (at least 160 bytes) says how. */
ph_status ph_verdicts_take(ph_verdicts *v, ph_rows *rows, const ph_replay_batch *batch, char *why,
                           size_t why_size);

/* Says of the countersignatures and statements of all batches that were taken since the rows were
   empty whether they hold: to be called once before they are written.  PH_EFULL: no memory; or what
   the search for leaves returned: the rows are then not to be written. */
ph_status ph_verdicts_judge(ph_verdicts *v, ph_rows *rows);

#endif
