/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/replay/checker.h - compares the events of a batch with what the journal states, and reads
    the next batch ahead: the half of a replay that hashes, beside the half that applies.

      begin   a batch: its records, with room for what is found out about them
      apply   one record after the other, by the caller; `applied` says how far that is
      end     every record was compared, or the first that differs is known

    A small batch is compared in the calling thread, at once: whoever follows a market record by
    record wakes nobody.  For a large one a second thread hashes the events of what is applied, of
    which it sees the bytes alone, a fifth of what the caller has in its cache; in the time between
    it reads, verifies, decodes and keeps the next batch.  What comes out is the same.  A caller who
    wants to know of each record before it applies the next one compares it itself; then the second
    thread reads ahead, and no more.

    Owns      the thread, which sleeps between batches.
    Thread    one caller; the reader is the checker's between begin and the next ahead.
    Failure   without a second thread everything is done in the first. */
#ifndef ENGINE_REPLAY_CHECKER_H
#define ENGINE_REPLAY_CHECKER_H

#include "engine/base/status.h"
#include "engine/journal/reader.h"
#include "engine/replay/decode.h"
#include "engine/replay/replay.h"

typedef struct ph_checker ph_checker;

/* PH_EFULL: no memory. */
ph_status ph_checker_new(ph_journal_reader *reader, ph_checker **ret);

/* The batch that was read ahead; false if none was, or not with success: read it then.  A failure
   is not kept, because a further look may find something else.  *records is exchanged for a room
   with its records, *ret_decoded of them (decode.h); UINT32_MAX: there was no memory for them. */
bool ph_checker_ahead(ph_checker *c, ph_journal_batch *ret, ph_record_room *records,
                      uint32_t *ret_decoded);

typedef enum {
    PH_CHECKER_BESIDE,  /* records are compared while others are applied */
    PH_CHECKER_AT_ONCE, /* each record when `applied` tells of it */
    PH_CHECKER_NOT,     /* not at all; `applied` is not called */
} ph_checker_mode;

/* What applying a record gave.  Not in the record before its batch is whole: there the other thread
   reads what the journal states, and a cache line that one writes and both read makes both wait. */
typedef struct {
    uint32_t event_cnt, event_size;
} ph_applied;

/* `records` has one for each of the batch, with the checksum that the journal states, `applied`
   room for as many.  All stay where they are until end. */
void ph_checker_begin(ph_checker *c, const ph_journal_batch *batch, const ph_replay_record *records,
                      const ph_applied *applied, ph_checker_mode mode);

/* The first n records are applied: what that gave is in its room, and `bytes` has all their events
   encoded, one behind the other.  PH_OK: none is known to differ; at once all n are as the
   journal states.  PH_EDIVERGED, which end will give: nothing more need be applied. */
ph_status ph_checker_applied(ph_checker *c, const uint8_t *bytes, uint32_t n);

/* Waits until nobody looks at the bytes any more, so that they may move. */
void ph_checker_pause(ph_checker *c);

/* What end found out. */
typedef struct {
    uint32_t at;    /* unless PH_OK: index of the record that it is about */
    uint64_t check; /* computed checksum of the events of that record, */
    ph_hash digest; /* or computed digest of the batch, if `at` is its record_cnt */
} ph_checker_finding;

/* After the last record that could be applied, at most `n`.  PH_OK: n records are as the journal
   states, and if they are the whole batch its digest is too.  PH_EDIVERGED: the first that
   differs, or only the digest does. */
ph_status ph_checker_end(ph_checker *c, uint32_t n, ph_checker_finding *ret);

/* Accepts NULL. */
void ph_checker_free(ph_checker *c);

#endif
