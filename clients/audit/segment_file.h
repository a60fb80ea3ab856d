/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/segment_file.h - what one file of a journal holds, whatever its name is and
    whether or not the others are there.

    Chain and stamps are followed from what the header states of the time before; that this is true
    only the segments before can show (walk.h).

    Owns      the open file and its memory.
    Lifetime  a batch is valid until the next call.
    Thread    one.
    Failure   said on standard error; the exit status is returned. */
#ifndef CLIENTS_AUDIT_SEGMENT_FILE_H
#define CLIENTS_AUDIT_SEGMENT_FILE_H

#include "clients/audit/audit.h"
#include "engine/journal/reader.h"

typedef struct ph_segment_file ph_segment_file;

/* The header. */
typedef struct {
    char name[256]; /* of the file */
    uint64_t size;  /* of the file, zeros ahead included */
    uint32_t version, meta_size;
    uint64_t first;
    ph_text64 market;
    ph_hash previous, hash;
    ph_time previous_at;
} ph_segment_facts;

/* What stands behind the last batch. */
typedef struct {
    uint64_t offset;
    uint64_t next_seq;
    uint64_t torn;   /* bytes of a batch that was not written whole; 0: zeros only */
    bool is_written; /* an engine is about to write there, or just did: nothing is settled */
} ph_segment_end;

/* Opens folder/name.  On failure *ret is NULL. */
int ph_segment_file_open(const char *folder, const char *name, ph_segment_file **ret,
                         ph_segment_facts *ret_facts);

/* The next batch.  PH_AUDIT_RIGHT with *ret_end false: *ret is it; with true: there are no more. */
int ph_segment_file_next(ph_segment_file *f, ph_journal_batch *ret, bool *ret_end);

/* After the last batch. */
int ph_segment_file_end(ph_segment_file *f, ph_segment_end *ret);

/* Accepts NULL. */
void ph_segment_file_close(ph_segment_file *f);

#endif
