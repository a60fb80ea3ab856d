/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/query/figures.h - what the replica tells of itself, see engine/process/monitor.h.

    Owns      nothing.
    Thread    the loop's. */
#ifndef ENGINE_QUERY_FIGURES_H
#define ENGINE_QUERY_FIGURES_H

#include "engine/process/monitor.h"

/* As they are now; counted since the start where a comment says nothing else. */
typedef struct {
    uint64_t sequence;        /* record that was replayed last */
    uint64_t durable;         /* last record that is known to be in the journal */
    uint64_t lag;             /* records between the two */
    ph_time last;             /* stamp of the record that was replayed last */
    ph_time behind;           /* stamp that it is behind since; 0: it is not */
    uint64_t answered;        /* questions */
    uint64_t dropped;         /* messages that were no questions */
    uint64_t ended;           /* orders that ended and are kept */
    uint64_t ended_contracts; /* likewise */
    ph_time statements_from;  /* first day of which statements can be asked for */
} ph_query_figures;

/* Rows for ph_monitor_open, and which of them says how old the oldest record is that is still to be
   worked off. */
void ph_query_figures_describe(ph_monitor_settings *settings);

void ph_query_figures_tell(ph_metrics *m, const ph_query_figures *f);

#endif
