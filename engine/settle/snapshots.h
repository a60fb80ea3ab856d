/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/snapshots.h - the settlement's own snapshots, so that its next start is short.

    Its own and not the engine's: whatever is in them, this program computed from the journal and
    compared with what the journal states.  A start with a snapshot of the engine would believe the
    engine, whose results the settlement is there to compute again.

    Owns      nothing; the folder is one that the operator names.
    Thread    one.
    Failure   is logged and concerns nobody else: the next start replays more. */
#ifndef ENGINE_SETTLE_SNAPSHOTS_H
#define ENGINE_SETTLE_SNAPSHOTS_H

#include "engine/replay/replay.h"

/* Begins a replay with the newest snapshot of a record up to `last`, if there is a good one; folder
   may be empty.  A failure is one of the journal. */
ph_status ph_settle_snapshots_begin(ph_replay *r, const char *folder, uint64_t last,
                                    ph_replay_error *reterr);

/* Writes one of the record that the replay is at; `head` states it. */
void ph_settle_snapshots_write(const ph_replay *r, const char *folder, ph_state_head head);

#endif
