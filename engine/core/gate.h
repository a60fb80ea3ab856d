/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/gate.h - what time alone does: closing the gates of periods. */
#ifndef ENGINE_CORE_GATE_H
#define ENGINE_CORE_GATE_H

#include "engine/core/state.h"

/* The lowest period that is still open at the market's time. */
ph_period ph_gate_first_open(const ph_market *m, const ph_product_terms *terms);

/* The highest period that is open: current period + horizon. */
uint64_t ph_gate_last_open(const ph_market *m, const ph_product_terms *terms);

/* Keeps both for a product, and until when they hold. */
void ph_gate_reckon(const ph_market *m, ph_product *p);

/* Both for a product, reckoned anew only when the time has come. */
static inline ph_period ph_gate_open_window(const ph_market *m, ph_product *p, uint64_t *ret_last)
{
    if (m->now.ns >= p->open_until_ns) ph_gate_reckon(m, p);
    *ret_last = p->open_last;
    return p->open_first;
}

/* Runs every gate that is due at the market's time, in order of due time, then product. */
void ph_gate_run_due(ph_market *m);

static inline void ph_gate_run(ph_market *m)
{
    if (m->due_ns <= m->now.ns) ph_gate_run_due(m);
}

/* The first order has come to rest in a product: its next gate matters from now on. */
void ph_gate_watch(ph_market *m, uint32_t product);

/* When something is due next, from a book that a snapshot gave back. */
void ph_gate_again(ph_market *m);

#endif
