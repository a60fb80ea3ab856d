/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/log_check.h - a journal against the transparency log that was published of it.

    Every record that the checkpoint states must be the leaf that the tiles have, every tile must be
    the one that the signed root states, and the journal's own tree must have that root.

    Owns      the reader of the tiles.
    Thread    one.
    Failure   said on standard error, once; the exit status is returned by every call from then on.
*/
#ifndef CLIENTS_AUDIT_LOG_CHECK_H
#define CLIENTS_AUDIT_LOG_CHECK_H

#include "clients/audit/log_note.h"
#include "engine/journal/reader.h"

typedef struct {
    ph_log_note note;
    ph_log_reader *reader; /* NULL: its tiles are wrong, which was said */
    ph_log_tree tree;      /* of the journal, up to the checkpoint */
    int status;
} ph_log_check;

/* Opens the log that the request names.  PH_AUDIT_RIGHT with wrong tiles too: whether the journal
   is the one that was signed can still be told. */
int ph_log_check_begin(const ph_audit_request *q, ph_log_check *ret);

/* The next batch of the journal. */
int ph_log_check_add(ph_log_check *c, const ph_journal_batch *b);

/* The journal ends. */
int ph_log_check_end(ph_log_check *c);

void ph_log_check_close(ph_log_check *c);

#endif
