/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/walk.h - the batches of a journal directory, each verified; nothing is recomputed.

    Owns      the reader, its memory and the directory.
    Lifetime  as engine/journal/reader.h.
    Thread    one.
    Failure   said on standard error; the exit status is returned. */
#ifndef CLIENTS_AUDIT_WALK_H
#define CLIENTS_AUDIT_WALK_H

#include "clients/audit/audit.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/reader.h"

typedef struct {
    ph_disk_posix disk;
    void *memory;
    ph_journal_reader *reader;
} ph_walk;

/* PH_AUDIT_RIGHT, or why not; in any case ph_walk_close releases it. */
int ph_walk_open(const char *directory, ph_walk *ret);

/* PH_AUDIT_RIGHT: the folder can be opened; whether it has a journal was not looked at. */
int ph_walk_look(const char *directory);

/* Says that there is no journal, and where one is that may have been meant; PH_AUDIT_NOT_FOUND. */
int ph_walk_none(const char *directory);

/* The next batch.  PH_AUDIT_RIGHT with *ret_end false: *ret is it; with true: there are no more. */
int ph_walk_next(ph_walk *w, ph_journal_batch *ret, bool *ret_end);

void ph_walk_close(ph_walk *w);

/* Last record of the journal, found by walking it; 0 if it cannot be read. */
uint64_t ph_walk_last_seq(const char *directory);

#endif
