/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/match_block.h - an incoming BLOCK or FLEX against what rests (rulebook 6.2, 6.3).

    First a plan, which changes nothing; then, if wanted, its execution. */
#ifndef ENGINE_CORE_MATCH_BLOCK_H
#define ENGINE_CORE_MATCH_BLOCK_H

#include "engine/base/money.h"
#include "engine/core/fill.h"
#include "engine/core/state.h"

typedef struct {
    bool executes;
    ph_window window;  /* of one unit */
    uint32_t first;    /* resting block that is taken before all others, or PH_NONE */
    uint32_t units;    /* that execute */
    ph_wide total;     /* sum of the keys of their prices: larger is better for the order */
    ph_fill_step step; /* of the last plan, if m->planned says so: recorded, to be applied */
} ph_block_plan;

/* What the order would do as the book stands. */
ph_block_plan ph_match_block_plan(ph_market *m, uint32_t incoming);

/* Executes a plan that executes.  False, and nothing happened, if it would pass the bound. */
bool ph_match_block_run(ph_market *m, uint32_t incoming, const ph_block_plan *plan);

#endif
