/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/statements.h - what participants sign of what they measured, and whether it holds.

    The market carries the signatures of attestations, measurements, probes and delivery reports
    (engine/wire/statement.h) and verifies none; whoever replays the journal can.  A statement does
    not say which key signed it: it holds if one of the signature keys that were its sender's at its
    record did.  A batch that was replayed left the market at its last record, so the keys of a
    record within it are found from those of the market and the changes that the batch made.

    Owns      where keys change in one batch.
    Thread    one; ph_statements_signed any. */
#ifndef ENGINE_NOTARY_STATEMENTS_H
#define ENGINE_NOTARY_STATEMENTS_H

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/replay/replay.h"

/* Begins as zero. */
typedef struct {
    const ph_market *market; /* as the batch left it */
    const ph_replay_batch *batch;
    uint32_t *changes; /* places in the batch of records that added or revoked a key, in order */
    uint32_t cnt, max;
} ph_statements;

/* Takes the batch that was replayed last.  It and the market stay until the next call.  PH_EFULL:
   no memory. */
ph_status ph_statements_take(ph_statements *s, const ph_market *m, const ph_replay_batch *batch);

/* Whether a record states something, and the market took it. */
bool ph_statements_is_taken(const ph_replay_record *r);

/* Writes the keys with which such a record of the batch, by its place in it, could be signed: those
   that were its sender's then.  Returns how many there are. */
uint32_t ph_statements_keys(const ph_statements *s, uint32_t i, ph_key to[PH_KEYS_MAX]);

/* Whether one of the keys signed the command, which states something. */
bool ph_statements_signed(const char *market, const ph_command *c, const ph_key *keys,
                          uint32_t cnt);

/* Both in one. */
bool ph_statements_holds(const ph_statements *s, uint32_t i);

void ph_statements_release(ph_statements *s);

#endif
