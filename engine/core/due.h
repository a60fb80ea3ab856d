/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/due.h - contract-periods by the time at which their open window ends.

    Windows that end at the same time form a group: a list of contract-periods, of which the first
    of a run stands for the others, which are due later.  A hash finds the
    group of a time, a heap the earliest one; a group that loses its last member is gone at once.

    Laws      a run of contract-periods that are not final is in exactly one group. */
#ifndef ENGINE_CORE_DUE_H
#define ENGINE_CORE_DUE_H

#include "engine/core/state.h"

void ph_due_init(ph_market *m, ph_arena *a);

/* The contract-period waits for `due_ns`; it waits for nothing yet. */
void ph_due_add(ph_market *m, uint32_t delivery, uint64_t due_ns);

/* It waits no longer. */
void ph_due_remove(ph_market *m, uint32_t delivery);

/* When it is due. */
uint64_t ph_due_of(const ph_market *m, uint32_t delivery);

/* The earliest time, or UINT64_MAX. */
uint64_t ph_due_next(const ph_market *m);

/* Puts those that are due at `due_ns` into m->due_run, by contract, then period; returns how many.
   None of them ends or moves but by its own turn. */
uint32_t ph_due_collect(ph_market *m, uint64_t due_ns);

#endif
