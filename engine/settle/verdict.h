/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/verdict.h - what the rows say of documents and signatures.

    The market carries signatures and verifies none.  The books state of each contract the leaf hash
    of its document, which is what notary and parties sign, and of each signature whether it holds;
    both are recomputed here, from what notary and auditor use.  A signature takes 50 microseconds:
    those of all batches of a transaction are verified together, by several threads, while the rows
    of the transaction before are written.

    Owns      room for the documents of one batch, and for what is to be verified.
    Thread    one; others, which are its own, from ph_verdicts_begin to ph_verdicts_end. */
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

/* Begins to verify the countersignatures and statements of all batches that were taken since the
   rows were empty.  `before`: rows of earlier batches that are not written yet, where leaves are
   looked for too; NULL: there are none.  Until the end, nobody touches `rows` or what was taken.
   PH_EFULL: no memory; or what the search for leaves returned: nothing has begun then, and the rows
   are not to be written. */
ph_status ph_verdicts_begin(ph_verdicts *v, ph_rows *rows, const ph_rows *before);

/* Verifies what is left and returns how many were verified, of which the rows then say whether they
   hold; 0 if nothing has begun. */
uint64_t ph_verdicts_end(ph_verdicts *v);

/* Both at once. */
ph_status ph_verdicts_judge(ph_verdicts *v, ph_rows *rows);

#endif
