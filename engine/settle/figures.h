/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/figures.h - what the settlement tells of itself, see engine/process/monitor.h.

    Owns      nothing.
    Thread    the loop's. */
#ifndef ENGINE_SETTLE_FIGURES_H
#define ENGINE_SETTLE_FIGURES_H

#include "engine/process/monitor.h"

/* As they are now; counted since the start where a comment says nothing else. */
typedef struct {
    uint64_t sequence;                       /* record that was replayed last */
    uint64_t durable;                        /* last record that is known to be in the journal */
    uint64_t lag;                            /* records between the two */
    ph_time last;                            /* stamp of the record that was replayed last */
    ph_time behind;                          /* stamp that it is behind since; 0: it is not */
    uint64_t rows_seq;                       /* last record whose rows are in the database */
    uint64_t epoch;                          /* of the position that is held */
    uint64_t rows;                           /* written */
    uint64_t transactions;                   /* committed */
    uint64_t retries;                        /* transactions that failed and were tried again */
    uint64_t in_doubt;                       /* commits whose end had to be read back */
    uint64_t strays;                         /* rows in DEFAULT partitions */
    uint64_t connected;                      /* 1: the database is there */
    uint64_t notary_connected;               /* 1: the notary is */
    uint64_t signatures, signatures_refused; /* of the notary */
} ph_settle_figures;

/* Rows for ph_monitor_open, and which of them says how old the oldest record is that is still to be
   worked off. */
void ph_settle_figures_describe(ph_monitor_settings *settings);

void ph_settle_figures_tell(ph_metrics *m, const ph_settle_figures *f);

#endif
