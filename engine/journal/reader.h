/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/reader.h - batches in order across segments, verified as they are read.

    Works on a journal that is being written: a batch is handed out when it is whole, verified and
    durable, and not before.  What is not there yet is PH_EEND, not corruption; README.md says how
    the two are told apart.  A call that finds nothing new costs a few system calls and reads one
    page.

    Owns      one open segment and the batches around the place in memory; lives in one block of
              ph_journal_reader_footprint() bytes that the caller gives (aligned to 64) and frees
              after close.
    Lifetime  a batch and its records are valid until the second call of next after the one that
              gave it.  The disk must outlive the reader.
    Thread    one.
    Failure   after PH_ECORRUPT or PH_EIO the reader stays where it is: a further call looks
              again. */
#ifndef ENGINE_JOURNAL_READER_H
#define ENGINE_JOURNAL_READER_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/journal/fault.h"
#include "engine/journal/file.h"
#include "engine/journal/format.h"

typedef struct ph_journal_reader ph_journal_reader;

typedef struct {
    uint64_t first_seq; /* record i has first_seq + i */
    uint32_t record_cnt;
    ph_time first_at, last_at;
    ph_hash previous;     /* chain hash before it; the genesis hash for the first */
    ph_hash chain;        /* its own */
    ph_hash events;       /* BLAKE2b-256 of the event bytes of its records, in order */
    const char *segment;  /* name of the file it stands in */
    uint64_t offset;      /* where in it */
    uint64_t size;        /* bytes there, with padding */
    const uint8_t *bytes; /* the records, for ph_journal_record_at */
} ph_journal_batch;

typedef struct {
    uint64_t seq;
    ph_time at;
    const uint8_t *bytes;
    uint32_t size;
    uint64_t events; /* ph_chain_check(seq, its event bytes) as the writer saw them */
} ph_journal_record;

/* What the journal says of itself, the same in every segment. */
typedef struct {
    ph_text64 market;
    uint32_t meta_size;
    uint8_t meta[PH_JOURNAL_META_MAX];
    ph_hash genesis;
} ph_journal_origin;

size_t ph_journal_reader_footprint(void);

/* Opens the journal on `disk` before its first record.  PH_ENOTFOUND: no journal there (yet);
   PH_ECORRUPT: segments are missing or the first is wrong; PH_EVERSION, PH_EIO.  reterr is a
   sentence for all but PH_ENOTFOUND. */
ph_status ph_journal_reader_open(void *memory, ph_disk *disk, ph_journal_reader **ret,
                                 ph_journal_fault *reterr);

ph_journal_origin ph_journal_reader_origin(const ph_journal_reader *r);

/* The next batch.  PH_EEND: nothing more is durable now, call again later.  PH_ECORRUPT: bytes are
   wrong that no interrupted write explains; PH_EVERSION, PH_EIO: see reterr. */
ph_status ph_journal_reader_next(ph_journal_reader *r, ph_journal_batch *ret,
                                 ph_journal_fault *reterr);

/* The last record that is known to be durable: read already, or seen in the journal, or told by the
   writer at the last look.  A writer may have gone on since. */
uint64_t ph_journal_reader_durable(const ph_journal_reader *r);

/* Does a few microseconds of the work that next will ask for: reads and verifies batches that
   follow, several at once (ahead.h).  False: there is nothing to do now.  Nothing is handed out
   sooner, nothing is judged otherwise; who never calls this waits in next instead. */
bool ph_journal_reader_ahead(ph_journal_reader *r);

/* Goes back or on to the first batch of the segment that holds record `seq` (1: the first segment),
   or of the newest segment if none does yet.  What stands before is not read: its last chain hash
   is what the segment's header states.  Failures as open's; the reader then stays where it is. */
ph_status ph_journal_reader_seek(ph_journal_reader *r, uint64_t seq, ph_journal_fault *reterr);

/* Goes through the records of a batch: *cursor is 0 before the first and is advanced.  False after
   the last. */
typedef struct {
    uint32_t index, offset;
} ph_journal_cursor;
bool ph_journal_record_next(const ph_journal_batch *b, ph_journal_cursor *cursor,
                            ph_journal_record *ret);

/* Accepts NULL. */
void ph_journal_reader_close(ph_journal_reader *r);

#endif
