/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/sequencer.h - one order of all commands, and the four acts in theirs.

        submit        stamp, apply, append
        commit        sync, publish

    Apply comes before append: a command that trips an assertion stops the engine before it is in
    the journal.  Nothing is visible before the sync, so a crash loses only what nobody was told.
    Were the engine ever replicated, this order would have to be decided again.

    Stamps    never decrease: when the machine's clock is behind the last stamp, the last stamp is
              used again.  Time is an argument here.
    Due       what time alone causes happens at its own stamp: a TICK for each due instant goes
              before the first command with a later stamp.
    Owns      room for one command's events; borrows market, journal and server.
    Thread    one.
    Failure   after any status but PH_OK and PH_ECORRUPT of submit, memory is ahead of the journal
              and nobody knows what the disk holds: publish nothing more, stop the process. */
#ifndef ENGINE_HOST_SEQUENCER_H
#define ENGINE_HOST_SEQUENCER_H

#include "engine/base/status.h"
#include "engine/core/market.h"
#include "engine/journal/writer.h"
#include "engine/link/server.h"

typedef struct ph_sequencer ph_sequencer;

enum { PH_SEQUENCER_REJECTS_MAX = 128 };

/* Counted since the start. */
typedef struct {
    uint64_t commands, commits;
    uint64_t rejects[PH_SEQUENCER_REJECTS_MAX]; /* by code */
    ph_time last;                               /* stamp of the last durable record */
} ph_sequencer_counts;

typedef struct {
    ph_market *market;       /* has applied everything that the journal holds */
    ph_market_limits limits; /* of the market */
    ph_journal *journal;
    ph_server *server; /* its spool holds item n for every record n of the journal */
} ph_sequencer_parts;

/* PH_EFULL: no memory; PH_EINVAL: with these limits one command could cause more than an item can
   hold. */
ph_status ph_sequencer_open(const ph_sequencer_parts *parts, ph_sequencer **ret);

/* Says which command will be submitted after those that are expected already, so that its memory is
   there when its turn comes.  At most PH_SERVER_AHEAD at a time; the bytes stay valid until they
   are submitted, and nothing else is submitted before.  Never needed, and changes nothing of what
   submit does. */
void ph_sequencer_expect(ph_sequencer *s, const void *bytes, uint32_t size);

/* Sequences one encoded command at `now`, or later when time has been further already.
   PH_ECORRUPT: it is no command, or one that only the engine itself may cause (TICK, OPEN_MARKET);
   nothing happened.  PH_EIO, PH_EFULL: see ph_sequencer_why. */
ph_status ph_sequencer_submit(ph_sequencer *s, ph_time now, ph_link_peer peer, const void *bytes,
                              uint32_t size);

/* Opens the market: the first command of a journal. */
ph_status ph_sequencer_open_market(ph_sequencer *s, ph_time now, const ph_open_market *terms);

/* Sends a TICK for everything that is due at `now`. */
ph_status ph_sequencer_run_due(ph_sequencer *s, ph_time now);

/* The next instant at which run_due has something to do; ns is UINT64_MAX if there is none. */
ph_time ph_sequencer_next_due(const ph_sequencer *s);

/* Makes everything that was submitted durable with one sync, then lets followers see it.  Does
   nothing when nothing was submitted. */
ph_status ph_sequencer_commit(ph_sequencer *s);

/* Prepares the disk for the next commits; for when nobody waits any more for the last one. */
void ph_sequencer_fill(ph_sequencer *s);

/* Valid until close. */
const ph_sequencer_counts *ph_sequencer_count(const ph_sequencer *s);

/* Why the last call failed, as a sentence. */
const char *ph_sequencer_why(const ph_sequencer *s);

/* Accepts NULL. */
void ph_sequencer_close(ph_sequencer *s);

#endif
