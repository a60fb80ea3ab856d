/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/market_data/history.h - the last frames of each stream, so that they can be sent again.

    Streams of trades have none: see gateway/replica/tape.h.

    Owns      copies of the frames; phg_history_release and phg_histories_release accept zeroed
              ones.
    Lifetime  a frame that is handed out is valid until the next phg_history_keep.
    Laws      the numbers of what is kept have no gap; at most PHG_HISTORY_FRAMES frames and
              PHG_HISTORY_BYTES bytes, but always the last frame.
    Thread    one. */
#ifndef GATEWAY_MARKET_DATA_HISTORY_H
#define GATEWAY_MARKET_DATA_HISTORY_H

#include "engine/base/status.h"
#include "gateway/translate/translate.h"

enum { PHG_HISTORY_FRAMES = 512, PHG_HISTORY_BYTES = 1 << 20 };

typedef struct {
    uint8_t *p;
    size_t size;
} phg_kept_frame;

typedef struct {
    phg_kept_frame *frames; /* a ring: frame n at n % PHG_HISTORY_FRAMES */
    uint64_t first, end;    /* numbers that are kept: [first, end) */
    size_t bytes;
} phg_history;

void phg_history_release(phg_history *h);

/* Keeps the frame with this number; frames before a gap are forgotten.  PH_EFULL: no memory, and
   nothing is kept any more. */
ph_status phg_history_keep(phg_history *h, uint64_t number, phg_bytes frame);

/* True if every frame of [first, last] is kept. */
bool phg_history_has(const phg_history *h, uint64_t first, uint64_t last);

/* A frame that is kept. */
phg_bytes phg_history_frame(const phg_history *h, uint64_t number);

/* What was sent last of each stream of a product, grade or region. */
typedef struct {
    phg_history prices, depth, statistics, candles, period_candles, grade, region;
} phg_numbered_histories;

typedef struct {
    phg_numbered_histories *v; /* of product, grade or site n: v[n - 1] */
    uint32_t cnt;
    phg_history types[PH_COMPUTE_EDGE];
} phg_histories;

/* Of stream `number` of a kind, of which there are `exist`.  NULL: it does not exist, streams of
   the kind have no history, or no memory. */
phg_history *phg_histories_of(phg_histories *h, phg_stream_kind kind, uint32_t number,
                              uint32_t exist);

void phg_histories_release(phg_histories *h);

#endif
