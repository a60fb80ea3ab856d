/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/snapshots.h - snapshots of the market while the engine runs, and at its end.

    The journal alone is enough; a snapshot makes the next start short.  Writing one takes too long
    for a turn of the sequencer, so a child process does it: fork() gives it the market as it was
    between two turns, and costs the engine the copy of its page tables.  The child makes the spool
    durable (so that the snapshot's mark of it stays true), writes aside, syncs, renames, reads
    back, removes the oldest, and is gone; the engine collects it in a later turn.

      folder    "snapshots" in the journal's directory
      note      of each: offset and sum of the spool's mark at its record, u64 each; then zeros

    Owns      the folder, one child at most; borrows market, journal and spool.
    Thread    one.
    Failure   is logged, with reason, and concerns nobody else: what was there stays there, and the
              next one is tried when it is due. */
#ifndef ENGINE_HOST_SNAPSHOTS_H
#define ENGINE_HOST_SNAPSHOTS_H

#include "engine/core/market.h"
#include "engine/host/settings.h"
#include "engine/journal/state_file.h"
#include "engine/journal/writer.h"
#include "engine/link/spool.h"

typedef struct ph_snapshots ph_snapshots;

typedef struct {
    const ph_engine_settings *settings;
    const char *market_name;
    const ph_market *market;
    const ph_journal *journal;
    ph_spool *spool;
    uint64_t newest; /* record of the snapshot that the engine began with, 0: none */
} ph_snapshots_parts;

/* The folder of a journal. */
void ph_snapshots_folder(const char *journal, char to[1100]);

/* The note that a snapshot of record `seq` states. */
ph_status ph_snapshots_note(ph_spool *spool, uint64_t seq, uint8_t to[PH_STATE_NOTE_SIZE]);

/* PH_EFULL: no memory.  Everything else is found out when the first one is written. */
ph_status ph_snapshots_open(const ph_snapshots_parts *parts, ph_snapshots **ret);

typedef struct {
    uint64_t newest;    /* record of the newest snapshot, 0 if there is none */
    ph_time written;    /* when this engine wrote it, 0 if it did not */
    uint64_t failures;  /* that could not be written */
    uint64_t paused_ns; /* how long the one begun last stopped the engine */
} ph_snapshots_counts;

ph_snapshots_counts ph_snapshots_count(const ph_snapshots *s);

/* Between two turns, with nothing uncommitted: collects a child that has ended, and begins a
   snapshot when one is due. */
void ph_snapshots_turn(ph_snapshots *s);

/* Readable when a child has ended; -1 while there is none. */
int ph_snapshots_descriptor(const ph_snapshots *s);

/* At the orderly end: writes one of the last record if there is none, and waits for it. */
void ph_snapshots_end(ph_snapshots *s);

/* Stops a child that still writes.  Accepts NULL. */
void ph_snapshots_close(ph_snapshots *s);

#endif
