/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/offer.h - what resting blocks offer to an incoming EACH order (rulebook 6.4). */
#ifndef ENGINE_CORE_OFFER_H
#define ENGINE_CORE_OFFER_H

#include "engine/core/column.h"
#include "engine/core/state.h"

/* The best block candidate. */
typedef struct {
    uint32_t block;   /* slot; PH_NONE: there is none */
    ph_window window; /* of the block; FLEX: of the start that it offers from */
    int64_t key;      /* the offer, seen as the key of the other side: larger is better */
} ph_offer;

/* The best offer of the opposite resting blocks that ph_reach_gather gave. */
ph_offer ph_offer_best(ph_market *m, uint32_t incoming);

/* Records the step of an offer that ph_offer_best gave: the same offer, now with its fills. */
void ph_offer_record(ph_market *m, uint32_t incoming, const ph_offer *offer, ph_fill_step *step);

/* True if a resting block would execute on its column as the book stands (rulebook 6.6). */
bool ph_offer_block_executable(ph_market *m, uint32_t block);

#endif
