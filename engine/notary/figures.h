/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/figures.h - what the notary tells of itself, see engine/process/monitor.h.

    Owns      nothing.
    Thread    the loop's. */
#ifndef ENGINE_NOTARY_FIGURES_H
#define ENGINE_NOTARY_FIGURES_H

#include "engine/process/monitor.h"

/* As they are now; counted since the start where a comment says nothing else. */
typedef struct {
    uint64_t sequence;  /* record that was replayed last */
    uint64_t durable;   /* last record that is known to be in the journal */
    uint64_t lag;       /* records between the two */
    ph_time last;       /* stamp of the record that was replayed last */
    ph_time behind;     /* stamp that it is behind since; 0: it is not */
    uint64_t contracts; /* sealed, ever */
    uint64_t items;     /* kept for gateways, ever */
    uint64_t log_size;  /* records in the published log; 0: none is published */
    ph_time checkpoint; /* when its last checkpoint was published; 0: not yet */
    uint64_t followers; /* gateways */
    uint64_t item_lag;  /* items that the slowest of them was not sent yet */
} ph_notary_figures;

/* Rows for ph_monitor_open, and which of them says how old the oldest record is that is still to be
   worked off. */
void ph_notary_figures_describe(ph_monitor_settings *settings);

void ph_notary_figures_tell(ph_metrics *m, const ph_notary_figures *f);

#endif
