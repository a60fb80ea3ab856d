/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/state_file.h - snapshots of a state on disk, each the state at one record.

    A snapshot is a file "<sequence, 20 digits>.phs" in a directory of its own.  It is made aside as
    "<name>.new", synced, renamed, and the directory is synced; then it is read back, and only then
    may older ones go.  So there is, at every instant and after every crash, either no snapshot at
    all or one that was read back.  They are derived: the journal alone is enough.

    Format    engine/journal/README.md, "Snapshots".
    Owns      nothing; the disk is the caller's.
    Failure   PH_ECORRUPT: not what was written; PH_EVERSION; PH_ENOTFOUND; PH_EIO, PH_EFULL: see
              the disk's reason.  A failed write leaves what was there before.
    Thread    one. */
#ifndef ENGINE_JOURNAL_STATE_FILE_H
#define ENGINE_JOURNAL_STATE_FILE_H

#include "engine/base/types.h"
#include "engine/journal/file.h"

enum {
    PH_STATE_FILE_VERSION = 1,
    PH_STATE_FILE_HEAD = 200,
    PH_STATE_NOTE_SIZE = 32,
    PH_STATE_FILES_MAX = 64, /* looked at in one directory, the newest ones */
};

typedef struct {
    uint64_t seq;
    ph_time at;
    ph_text64 market;
    ph_hash chain;
    uint64_t size;                    /* of the state; ph_state_file_write finds it */
    uint8_t note[PH_STATE_NOTE_SIZE]; /* of whoever wrote it; opaque here */
} ph_state_head;

enum { PH_STATE_FILE_NAME_SIZE = 32 };

/* "00000000000000000042.phs" */
void ph_state_file_name(uint64_t seq, char to[PH_STATE_FILE_NAME_SIZE]);

/* False (and *ret_seq untouched) if the name is not one that ph_state_file_name gives. */
bool ph_state_file_name_read(const char *name, uint64_t *ret_seq);

/* Hands the state to `put`, piece by piece. */
typedef void ph_state_source(const void *state, void (*put)(void *arg, const void *bytes, size_t n),
                             void *arg);

/* Writes, syncs, reads back; then removes older ones, so that `keep` (at least 1) are left up to
   this one.  Later ones are left alone: they do not count, because nobody read them back.  What a
   process that was killed left aside goes first. */
ph_status ph_state_file_write(ph_disk *d, const ph_state_head *head, ph_state_source *source,
                              const void *state, uint32_t keep);

/* Sequences of the snapshots that are there, newest first; *ret_cnt of them. */
ph_status ph_state_file_list(ph_disk *d, uint64_t ret[PH_STATE_FILES_MAX], uint32_t *ret_cnt);

/* Reads the head of one, unverified: its size is how much room ph_state_file_read needs. */
ph_status ph_state_file_head(ph_disk *d, uint64_t seq, ph_state_head *ret);

/* Reads one and verifies it.  `room` may be NULL (then `max` is of no interest): verifies only.
   PH_EINVAL: the room is too small. */
ph_status ph_state_file_read(ph_disk *d, uint64_t seq, void *room, uint64_t max,
                             ph_state_head *ret);

#endif
