/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/journal_log.h - the transparency log of a journal: takes, signs, publishes.

    A checkpoint is signed at the latest PH_LOG_SIGN_NS after the first record that none states yet,
    and earlier, PH_LOG_QUIET_NS after the last, when no more arrive.  Time is an argument: of a
    clock that never goes back.

    A checkpoint that states the record which named a key is signed by that key; the first one by
    the key before as well, if the keyring has it.

    What was published before is never contradicted: a journal that does not begin with it, or ends
    before it does, is refused by name, and nothing is signed.

    Owns      the log folder; borrows the keyring.
    Thread    one.
    Failure   err receives a sentence; after any failure the log is of no more use. */
#ifndef ENGINE_NOTARY_JOURNAL_LOG_H
#define ENGINE_NOTARY_JOURNAL_LOG_H

#include "engine/base/status.h"
#include "engine/notary/keyring.h"
#include "engine/notary/notary_keys.h"
#include "engine/replay/replay.h"

#define PH_LOG_SIGN_NS  UINT64_C(1000000000)
#define PH_LOG_QUIET_NS UINT64_C(100000000)

typedef struct ph_journal_log ph_journal_log;

/* Opens the log in `folder`, as ph_log_folder_open, for the keys of the keyring. */
ph_status ph_journal_log_open(const char *folder, const char *market, ph_keyring *keyring,
                              ph_journal_log **ret, char *err, size_t err_size);

/* Which keys sign: those in force, which the caller keeps up with the journal; borrowed.  Without,
   the key in use signs. */
void ph_journal_log_keys(ph_journal_log *l, const ph_notary_keys *keys);

/* Why tiles are made again from the journal; NULL if they are not. */
const char *ph_journal_log_mending(const ph_journal_log *l);

/* Records that the last published checkpoint states. */
uint64_t ph_journal_log_published(const ph_journal_log *l);

/* Finds what was published in the journal, before anything else of it is believed or signed.
   PH_EDIVERGED: the journal is another one, or ends before; PH_ECORRUPT, PH_EVERSION, PH_EIO,
   PH_EFULL: the journal or the folder cannot be read. */
ph_status ph_journal_log_meet(ph_journal_log *l, const char *journal, char *err, size_t err_size);

/* Takes the next batch of the same journal, from the first on, after meet.  PH_EIO, PH_EFULL: the
   folder. */
ph_status ph_journal_log_take(ph_journal_log *l, const ph_replay_batch *b, uint64_t now_ns,
                              char *err, size_t err_size);

/* When the next checkpoint is to be signed; UINT64_MAX: not before another record. */
uint64_t ph_journal_log_due_ns(const ph_journal_log *l);

/* Signs and publishes if it is time.  PH_EDENIED: the keyring refused, or lacks the key in force;
   PH_EIO, PH_EFULL. */
ph_status ph_journal_log_turn(ph_journal_log *l, uint64_t now_ns, char *err, size_t err_size);

/* Signs and publishes whatever no checkpoint states yet. */
ph_status ph_journal_log_publish(ph_journal_log *l, char *err, size_t err_size);

/* Accepts NULL; publishes nothing. */
void ph_journal_log_close(ph_journal_log *l);

#endif
