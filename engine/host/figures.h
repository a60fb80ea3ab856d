/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/figures.h - what the engine tells of itself, see engine/process/monitor.h.

    Owns      nothing.
    Thread    the loop's. */
#ifndef ENGINE_HOST_FIGURES_H
#define ENGINE_HOST_FIGURES_H

#include "engine/core/market.h"
#include "engine/host/sequencer.h"
#include "engine/host/snapshots.h"
#include "engine/link/server.h"
#include "engine/process/monitor.h"

/* Rows for ph_monitor_open; live for ever. */
const ph_metric_row *ph_figures_rows(uint32_t *ret_cnt);

/* Once, when the market stands: how large its tables are, and how it was brought there. */
void ph_figures_start(ph_metrics *m, const ph_market_limits *limits, uint64_t replayed,
                      uint64_t replay_ns);

typedef struct {
    const ph_market *market;
    const ph_sequencer *sequencer;
    const ph_server *server;
    const ph_snapshots *snapshots;
    uint64_t dropped; /* messages of gateways that were no commands */
} ph_figures_of;

/* After each turn. */
void ph_figures_turn(ph_metrics *m, const ph_figures_of *of);

/* One commit, from its begin to the end of its sync. */
void ph_figures_commit(ph_metrics *m, uint64_t ns);

#endif
