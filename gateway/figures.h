/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/figures.h - what the gateway tells of itself, see engine/process/monitor.h.

    Owns      nothing.
    Thread    the loop's. */
#ifndef GATEWAY_FIGURES_H
#define GATEWAY_FIGURES_H

#include "engine/process/monitor.h"
#include "gateway/doors/connections.h"
#include "gateway/market_data/market_data.h"

/* As they are now; counted since the start where a comment says nothing else. */
typedef struct {
    uint64_t sequence;        /* record that was taken last */
    uint64_t engine_sequence; /* last record that the engine told of */
    uint64_t lag;             /* records between the two */
    ph_time behind;           /* since when records were there and not taken; 0: none is */
    uint64_t contracts;       /* that the notary's stream has brought, ever */
    uint64_t unsigned_cnt;    /* concluded, and not brought yet */
    uint64_t engine_connected, notary_connected; /* 1: heard of lately */
    uint64_t in_flight;                          /* commands that the engine has not answered yet */
    uint64_t sessions;                           /* at present */
    uint64_t streams_memory, streams_file;       /* bytes of private streams */
    uint64_t frames, commands, questions, busy, limited, malformed, refused;
    phg_market_data_totals market_data;
    uint64_t senders_ended;          /* connections of both doors */
    uint64_t ended[PHG_END_REASONS]; /* likewise */
} phg_figures;

/* Rows for ph_monitor_open, and which of them says how old the oldest record is that is still to be
   worked off. */
void phg_figures_describe(ph_monitor_settings *settings);

void phg_figures_tell(ph_metrics *m, const phg_figures *f);

#endif
