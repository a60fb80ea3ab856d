/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/expiry.h - resting GTT orders by the time at which they expire.

    A binary heap of slots, ordered by expiry, then order id; each slot knows its place, so that an
    order can leave from anywhere.

    Law       an order is in the heap if and only if it rests and expires. */
#ifndef ENGINE_CORE_EXPIRY_H
#define ENGINE_CORE_EXPIRY_H

#include "engine/core/state.h"

void ph_expiry_init(ph_market *m, ph_arena *a);

void ph_expiry_add(ph_market *m, uint32_t slot);
void ph_expiry_remove(ph_market *m, uint32_t slot);

/* When the next order expires, in nanoseconds; UINT64_MAX if none does. */
uint64_t ph_expiry_next(const ph_market *m);

/* Cancels every order that expires at `due`, in order of id. */
void ph_expiry_run(ph_market *m, uint64_t due);

#endif
