/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/writer.h - group commit: append n records, then make them durable with one sync.

    The journal knows no orders.  It keeps numbered bytes with a time, and states a digest of what
    they caused.  Use:

        open -> { append ... append, commit } ... -> close

    Owns      the journal's lock, its open segment and the batch in memory; lives in one block of
              ph_journal_footprint() bytes that the caller gives (aligned to 64) and frees after
              close.
    Lifetime  the disk must outlive it.
    Thread    one.
    Failure   after the first failed write or sync nobody knows what the file holds: every later
              call returns PH_EIO, and the process must stop.  What was acknowledged (commit
              returned PH_OK) is not lost by any failure.  A failed commit may still be found in the
              journal at the next start, or not: nobody was told. */
#ifndef ENGINE_JOURNAL_WRITER_H
#define ENGINE_JOURNAL_WRITER_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/journal/fault.h"
#include "engine/journal/file.h"

typedef struct ph_journal ph_journal;

typedef struct {
    const char *market;     /* name of the market, 1 .. 63 bytes; must be that of the journal */
    const void *meta;       /* for whoever replays; kept in every segment's header */
    uint32_t meta_size;     /* at most PH_JOURNAL_META_MAX; used only when the journal is new */
    uint64_t segment_bytes; /* a new segment begins when this would be passed; 0: 64 MiB */
    uint32_t fill_bytes;    /* zeros that ph_journal_fill keeps ahead; 0: 4 MiB */
} ph_journal_options;

/* Where the journal ends: what is durable. */
typedef struct {
    uint64_t seq;  /* of the last record, 0 if there is none */
    ph_time at;    /* its stamp */
    ph_hash chain; /* chain hash of the last batch; the genesis hash if there is none */
    bool is_new;   /* open made the first segment */
    uint64_t cut;  /* bytes of a torn last batch that open cut off; none of it was acknowledged */
    char segment[32]; /* name of the segment that is written */
    uint64_t offset;  /* where the next batch goes in it */
} ph_journal_position;

/* Bytes that ph_journal_open needs. */
size_t ph_journal_footprint(void);

/* Opens the journal on `disk` for appending, making its first segment when there is none.
   Verifies the last segment (the replay that must follow verifies everything) and cuts off a torn
   last batch.  On failure nothing is held, and reterr is a sentence:
   PH_EBUSY      another process writes this journal
   PH_EINVAL     options make no sense, or the journal is that of another market
   PH_ECORRUPT   bytes are wrong that a torn write does not explain; nothing was changed
   PH_EVERSION   written by a newer program
   PH_EFULL, PH_EIO  the disk */
ph_status ph_journal_open(void *memory, ph_disk *disk, const ph_journal_options *options,
                          ph_journal **ret, ph_journal_fault *reterr);

/* Adds a record to the batch in memory: its sequence is one more than the last one's.  `at` is not
   smaller than the last record's; size is 1 .. PH_JOURNAL_RECORD_MAX.  Nothing is on disk before
   commit.  PH_EFULL: the batch is full, commit first (nothing was added); PH_EIO: the journal
   failed before. */
ph_status ph_journal_append(ph_journal *j, ph_time at, const void *bytes, uint32_t size,
                            const void *event_bytes, uint32_t event_size);

/* Writes the batch and syncs once; PH_OK: its records are durable.  With nothing appended it does
   nothing.  PH_EFULL: the disk is full; PH_EIO: write or sync failed, or an earlier call did.
   After either the process must stop. */
ph_status ph_journal_commit(ph_journal *j, ph_journal_fault *reterr);

/* Writes some of the zeros that the next commits need in front of them, so that those do not: call
   it after every commit, when nobody waits any more.  What fails here is tried again by the commit
   that needs it, which says why. */
void ph_journal_fill(ph_journal *j);

/* What is durable; appended records count from the commit on. */
ph_journal_position ph_journal_end(const ph_journal *j);

/* Sequence that the next append will get. */
uint64_t ph_journal_next_seq(const ph_journal *j);

/* Releases lock and files; what was appended but not committed is gone.  Accepts NULL. */
void ph_journal_close(ph_journal *j);

#endif
