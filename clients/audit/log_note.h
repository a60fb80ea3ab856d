/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/log_note.h - signed checkpoints of a transparency log, and who signs them.

    Owns      nothing.
    Thread    any.
    Failure   said on standard error; the exit status is returned. */
#ifndef CLIENTS_AUDIT_LOG_NOTE_H
#define CLIENTS_AUDIT_LOG_NOTE_H

#include "clients/audit/audit.h"
#include "engine/base/types.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/log_folder.h"
#include "engine/notary/log_reader.h"
#include "engine/notary/notary_keys.h"

/* Whose checkpoints are believed. */
typedef struct {
    ph_notary_keys keys; /* any of them */
    ph_text64 market;    /* empty: any that they sign for */
} ph_log_signer;

/* The signer as the arguments say: --key, or the key and the name that the journal opens with, and
   the keys that it names later if the key before endorsed each.  A journal is read to its end only
   if the log's newest checkpoint is not signed by the first key. */
int ph_log_signer_of(const ph_audit_request *q, ph_log_signer *ret);

/* A checkpoint whose signature holds. */
typedef struct {
    char note[PH_LOG_NOTE_MAX];
    size_t size, text_size;
    ph_log_checkpoint c;
} ph_log_note;

/* Verifies a note; `name` is for messages. */
int ph_log_note_of(const char *name, const char *note, size_t size, const ph_log_signer *by,
                   ph_log_note *ret);

/* Reads and verifies the file of a note. */
int ph_log_note_read(const char *path, const ph_log_signer *by, ph_log_note *ret);

/* Reads and verifies the checkpoint of a log folder. */
int ph_log_newest(const char *folder, const ph_log_signer *by, ph_log_note *ret);

/* The same, and opens its tiles for it.  In any case
   ph_log_reader_close releases *ret_reader; it is NULL on failure. */
int ph_log_open(const char *folder, const ph_log_signer *by, ph_log_note *ret,
                ph_log_reader **ret_reader);

/* Whether the newer checkpoint, of the log in `folder`, goes on from the older: a consistency proof
   is made from its tiles and verified.  PH_AUDIT_RIGHT: it does; PH_AUDIT_FORK: it does not;
   PH_AUDIT_WRONG: it is older or of another log, or a tile is wrong; PH_AUDIT_FAILED.  Forks and
   rollbacks are said with both notes. */
int ph_log_check_growth(const char *folder, const ph_log_note *old, const ph_log_note *new);

/* Says on standard error what `old` and `new` are, shows both notes on standard output, and gives
   `status`. */
int ph_log_show_both(int status, const char *what, const ph_log_note *old, const ph_log_note *new);

#endif
