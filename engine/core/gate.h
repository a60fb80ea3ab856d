/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/gate.h - what time alone does: closing the gates of periods. */
#ifndef ENGINE_CORE_GATE_H
#define ENGINE_CORE_GATE_H

#include "engine/core/state.h"

/* The lowest period that is still open at the market's time. */
ph_period ph_gate_first_open(const ph_market *m, const ph_product_terms *terms);

/* The highest period that is open: current period + horizon. */
uint64_t ph_gate_last_open(const ph_market *m, const ph_product_terms *terms);

/* Both for a product, reckoned anew only when the time has come. */
ph_period ph_gate_open_window(const ph_market *m, ph_product *p, uint64_t *ret_last);

/* Runs every gate that is due at the market's time, in order of due time, then product. */
void ph_gate_run(ph_market *m);

/* The first order has come to rest in a product: its next gate matters from now on. */
void ph_gate_watch(ph_market *m, uint32_t product);

/* When something is due next, from a book that a snapshot gave back. */
void ph_gate_again(ph_market *m);

#endif
