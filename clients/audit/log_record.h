/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/log_record.h - records of a journal as the transparency log has them.

    Owns      nothing.
    Thread    any. */
#ifndef CLIENTS_AUDIT_LOG_RECORD_H
#define CLIENTS_AUDIT_LOG_RECORD_H

#include "clients/audit/audit.h"
#include "engine/journal/reader.h"

/* Record hash of a record of batch b: what the log's leaf is made of. */
ph_hash ph_log_record_of(const ph_journal_batch *b, const ph_journal_record *r);

/* Record hash of record `seq` of a journal directory, whose chain is verified up to it.  The exit
   status; what is wrong is said. */
int ph_log_record_find(const char *journal, uint64_t seq, ph_hash *ret);

#endif
