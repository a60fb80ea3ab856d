/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/replay/replay.h - journal -> market, one verified batch at a time.

    The engine at start, settlement, the notary and the auditor all use this and nothing else to
    know what happened.  A batch is handed out only after the digest of its recomputed events was
    found equal to the digest that the journal states, so nobody writes a row or a signature for
    something that the engine did not do.

    Owns      the reader and the market it feeds; the market lives in memory that open maps.
    Lifetime  a batch is valid until the next call of ph_replay_next.
    Thread    one.  A large batch is hashed in a second one beside the core (checker.h), which
              sleeps when there is nothing to do and is gone after close.  Whoever watches is called
              in the caller's. */
#ifndef ENGINE_REPLAY_REPLAY_H
#define ENGINE_REPLAY_REPLAY_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/core/market.h"
#include "engine/journal/format.h"
#include "engine/journal/state_file.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"

/* One record: a command and its events. */
typedef struct {
    const uint8_t *command_bytes; /* canonical, as journaled */
    const uint8_t *event_bytes;   /* canonical, recomputed */
    const ph_event *events;       /* recomputed; TRADE is followed by its SEGMENTs */
    uint64_t event_check;         /* checksum of event_bytes, as journaled */
    uint32_t command_size, event_size, event_cnt;
    ph_command command; /* with seq and at; last, because most of it is seldom used */
} ph_replay_record;

/* What one sync of the engine made durable together. */
typedef struct {
    uint64_t first_seq; /* of its first record; record i has first_seq + i */
    uint32_t record_cnt;
    ph_hash previous; /* chain hash of the batch before; the genesis hash for the first */
    ph_hash chain;    /* chain hash of this batch */
    ph_hash events;   /* digest of all its events */
    const ph_replay_record *records;
} ph_replay_batch;

typedef struct ph_replay ph_replay;

/* Where and why a replay stopped; filled by open and next when they fail. */
typedef struct {
    char text[512]; /* a sentence with file, offset and remedy */
    uint64_t seq;   /* record that could not be read or differed, 0 if none */
} ph_replay_error;

/* Opens the journal in `directory` for reading from its first record.  The market's limits are
   those that the journal states.  PH_ENOTFOUND: no journal there (yet); PH_ECORRUPT, PH_EVERSION,
   PH_EIO, PH_EFULL (memory): see the error's text. */
ph_status ph_replay_open(const char *directory, ph_replay **ret, ph_replay_error *reterr);

/* Snapshots that a replay may begin with, and what is asked beyond what the journal asks. */
typedef struct {
    const char *directory;
    uint64_t first, last; /* only of these records, both included */
    bool is_chain_whole;  /* read the journal from its first record on all the same */
    /* NULL: nothing more is asked; otherwise why this one is of no use, or NULL. */
    const char *(*wrong)(void *arg, const ph_state_head *head);
    /* Hears of each that was not used: file and reason, as a sentence. */
    void (*on_refused)(void *arg, const char *sentence);
    void *arg;
} ph_replay_snapshots;

/* Before the first next: begins with the newest good snapshot instead of the first record.  Good
   means: its bytes are those that were written, it is of this market and its tables, every law
   holds in it, and a batch of this journal ends with its record, stamp and chain hash.  For that
   the segment of its record is read from its beginning; what stands in segments before is read
   only with is_chain_whole.  What is not proved is that its commands give this state: only a
   replay from the first record proves that.
   PH_OK: next goes on behind it.  PH_ENOTFOUND: none is good, next begins with the first record.
   Any other failure is one of the journal. */
ph_status ph_replay_begin(ph_replay *r, const ph_replay_snapshots *from, ph_replay_error *reterr);

/* The snapshot that it began with; its seq is 0 if there is none. */
const ph_state_head *ph_replay_snapshot(const ph_replay *r);

/* Name of the market, as the journal's segments state it. */
ph_text64 ph_replay_market_name(const ph_replay *r);

/* Before the first next: events are not compared.  Bytes, sums and chain of every batch are
   verified before one of its commands is applied, as always; what is not proved is that this market
   computes what the journal states, so PH_EDIVERGED does not occur.  Records of a batch then have
   no events; a watcher sees those of its record, not encoded. */
void ph_replay_chain_only(ph_replay *r);

/* Reads, verifies and applies the next batch.  PH_OK: *ret is it.  PH_EEND: nothing more was
   durable when this looked; call again later (an incomplete tail is not an error: the engine may be
   writing it).  PH_ECORRUPT: bytes are wrong.  PH_EDIVERGED: this market computed other events than
   the journal states; reterr->seq names the first record that differs. */
ph_status ph_replay_next(ph_replay *r, const ph_replay_batch **ret, ph_replay_error *reterr);

/* The last record that is known to be durable; it may not have been replayed yet. */
uint64_t ph_replay_durable(const ph_replay *r);

/* Told of every record as soon as its events were found to be those that the journal states (with
   ph_replay_chain_only: as soon as it is applied), and before its batch is whole; the market stands
   right behind it.  The record and what it points to are valid during the call.  With a snapshot
   the first one is that behind it.  False: enough; nothing more is applied and the market stays
   where it is.  The batch is still handed out if this was the last of its records; then, and
   otherwise at once, next returns PH_EEND. */
typedef bool (*ph_replay_on_record)(void *arg, const ph_market *m, const ph_replay_record *record);

/* Sets who is told; NULL: nobody. */
void ph_replay_watch(ph_replay *r, ph_replay_on_record on_record, void *arg);

/* The first record that came out differently: both checksums, and what this market computed.  With
   a digest of events that is wrong although every record is right, record.event_cnt is 0 and the
   two digests of the batch differ instead. */
typedef struct {
    char segment[PH_JOURNAL_NAME_SIZE]; /* file of the record */
    uint64_t offset;                    /* of the record in it, or of the batch */
    ph_replay_record record;            /* event_check: as journaled */
    uint64_t computed_check;            /* checksum of record.event_bytes */
    ph_hash stated, computed;           /* digests of the batch, when no record differs */
} ph_replay_difference;

/* NULL unless next returned PH_EDIVERGED; valid until close. */
const ph_replay_difference *ph_replay_differs(const ph_replay *r);

/* The market as of the last record that was applied: behind the batch that next returned. */
const ph_market *ph_replay_market(const ph_replay *r);

/* Sizes of its tables, as the journal states them. */
ph_market_limits ph_replay_limits(const ph_replay *r);

/* Gives the market and its block to the caller, who from then on applies commands itself (the
   engine, after it has replayed to the end).  market_block.h gives it back. */
ph_market *ph_replay_take_market(ph_replay *r);

/* Accepts NULL. */
void ph_replay_close(ph_replay *r);

#endif
