/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/snapshots.h - the snapshots beside a journal: whole, and of this chain?

    What is found right is that the bytes are those that were written, and that a batch of the
    journal ends with the record, stamp and chain hash that they state.  That the commands up to
    there give the state is not looked at: "replay" computes it.

    Owns      nothing.
    Thread    one.
    Failure   said on standard error. */
#ifndef CLIENTS_AUDIT_SNAPSHOTS_H
#define CLIENTS_AUDIT_SNAPSHOTS_H

#include "engine/journal/reader.h"
#include "engine/journal/state_file.h"

typedef struct {
    ph_state_head head;
    const char *wrong; /* NULL: right as far as is known */
    bool is_confirmed; /* by a batch */
} ph_audit_snapshot;

typedef struct {
    ph_audit_snapshot v[PH_STATE_FILES_MAX]; /* oldest first */
    uint32_t cnt, next;
} ph_audit_snapshots;

/* Reads those of a journal's folder; there may be none.  Returns the exit status. */
int ph_audit_snapshots_open(const char *journal, const ph_text64 *market, ph_audit_snapshots *ret);

/* Every batch of the journal, in order. */
void ph_audit_snapshots_add(ph_audit_snapshots *s, const ph_journal_batch *b);

/* After the last batch: says what is wrong with each that is, and returns the exit status. */
int ph_audit_snapshots_end(ph_audit_snapshots *s);

#endif
