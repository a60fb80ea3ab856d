/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/recovery.h - from what is on disk to a market that can go on.

    In this order: take the journal's lock, so that no second engine can be on the way; cut a torn
    last batch; load the newest snapshot that journal and spool confirm; replay and verify what
    follows it, or everything when there is none; make the spool hold the record of every command.

    A snapshot states a mark of the spool at its record (snapshots.h).  When the spool has another
    one, it is not what the engine of that snapshot had, so an older snapshot is tried, or none:
    what is replayed is put into the spool again, which confirms or replaces it.

    An engine that was killed may have left a child (snapshots.h) that has not run yet: it ends as
    soon as it does, and what it was given at its fork, the locks among it, is taken until then.  So
    what is taken is waited for, for three seconds, before another engine is told of.

    Owns      lock and writer of the journal, market, spool.
    Lifetime  a ph_recovered stays where it is until it is released: its parts know its address.
    Failure   nothing is changed by a journal that is refused. */
#ifndef ENGINE_HOST_RECOVERY_H
#define ENGINE_HOST_RECOVERY_H

#include "engine/core/market.h"
#include "engine/host/settings.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/link/spool.h"

typedef struct {
    ph_disk_posix disk;
    void *journal_block;
    ph_journal *journal;
    ph_market *market;
    ph_market_limits limits;
    ph_spool *spool;
    uint64_t began_at;   /* record of the snapshot that was loaded, 0: none */
    uint64_t spool_kept; /* items of the spool that were right already */
} ph_recovered;

/* PH_EAGAIN: the process was asked to stop meanwhile; PH_EINVAL: configuration and journal do not
   agree; the others as ph_journal_open, ph_replay_next and ph_spool_open.  err receives a sentence;
   on failure nothing is held and *r can be released or used again. */
ph_status ph_recovery_run(const ph_config_market *market, const ph_engine_settings *settings,
                          ph_recovered *r, char *err, size_t err_size);

/* Waits a moment for what a killed engine may have left; false: it is taken for too long since then
   (monotonic), or the process is to stop. */
bool ph_recovery_waits(uint64_t begun_ns);

/* Accepts one that is all zero. */
void ph_recovery_release(ph_recovered *r);

#endif
