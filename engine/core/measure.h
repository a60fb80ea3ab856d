/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/measure.h - what meters measured: sites, and the network between regions and sites.

    The newest measurement of each counts, by the time at which it was made; the log keeps all. */
#ifndef ENGINE_CORE_MEASURE_H
#define ENGINE_CORE_MEASURE_H

#include "engine/core/state.h"

void ph_measure_init(ph_market *m, ph_arena *a);

/* PH_REJECT_NONE, or why not (nothing changed then). */
ph_reject ph_measure_site_take(ph_market *m, uint32_t meter, const ph_measure_site *s,
                               int64_t ret_args[2]);
ph_reject ph_measure_probe_take(ph_market *m, uint32_t meter, const ph_report_probe *p,
                                int64_t ret_args[2]);

/* Builds what is looked things up with, from rows that a snapshot gave back.
   False: a pair is there twice. */
bool ph_measure_again(ph_market *m);

#endif
