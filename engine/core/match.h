/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/match.h - one incoming order against what rests (rulebook 6.2, 6.4, 6.7, 6.9).

    The order has been accepted and holds what it needs; it is in no queue yet.  Matching applies
    fills and marks orders that end (ph_order.ends); what remains of the incoming order is open in
    it.  Nothing is told here: see ph_fill_settle. */
#ifndef ENGINE_CORE_MATCH_H
#define ENGINE_CORE_MATCH_H

#include "engine/core/state.h"

void ph_match_init(ph_market *m, ph_arena *a);

void ph_match_each(ph_market *m, uint32_t incoming);
void ph_match_block(ph_market *m, uint32_t incoming);

/* True if a resting block would execute on its column as the book stands (rulebook 6.6). */
bool ph_match_block_executable(ph_market *m, uint32_t block);

#endif
