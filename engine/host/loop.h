/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/loop.h - turns of the engine, until it is asked to stop.

      turn:  wait  ->  due ticks  ->  take n commands: stamp, apply, append  ->  one commit
             ->  publish  ->  send what the followers' credit allows  ->  a snapshot, if due

    The batch grows with the load: whatever arrived while the disk was busy shares the next sync.
    An idle engine waits for a message, a signal or the next due instant, and for nothing else. */
#ifndef ENGINE_HOST_LOOP_H
#define ENGINE_HOST_LOOP_H

#include "engine/base/status.h"
#include "engine/host/figures.h"
#include "engine/host/sequencer.h"
#include "engine/host/snapshots.h"
#include "engine/link/server.h"

typedef struct {
    ph_sequencer *sequencer;
    ph_server *server;
    ph_snapshots *snapshots;
    const ph_market *market; /* for figures only */
    ph_monitor *monitor;
} ph_loop_parts;

enum { PH_LOOP_COMMANDS_PER_TURN = 4096 };

/* Runs until ph_stop_requested, then takes what is there already, commits, publishes and sends once
   more, and writes a last snapshot: PH_OK.  Any other status: the sentence is in err, and nothing
   was published after the failure. */
ph_status ph_loop_run(const ph_loop_parts *parts, char *err, size_t err_size);

#endif
