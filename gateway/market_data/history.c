/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data/history.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

static void forget(phg_history *h)
{
    PH_ASSERT(h->frames && h->first < h->end);
    phg_kept_frame *frame = &h->frames[h->first++ % PHG_HISTORY_FRAMES];
    h->bytes -= frame->size;
    free(frame->p);
    *frame = (phg_kept_frame){0};
}

void phg_history_release(phg_history *h)
{
    while (h->first < h->end)
        forget(h);
    free(h->frames);
    *h = (phg_history){0};
}

ph_status phg_history_keep(phg_history *h, uint64_t number, phg_bytes frame)
{
    if (!h->frames) h->frames = calloc(PHG_HISTORY_FRAMES, sizeof *h->frames);
    uint8_t *copy = h->frames ? malloc(frame.size + 1) : NULL;
    if (!copy) {
        phg_history_release(h);
        return PH_EFULL;
    }
    memcpy(copy, frame.p, frame.size);
    while (h->first < h->end && (number != h->end || h->end - h->first == PHG_HISTORY_FRAMES ||
                                 h->bytes + frame.size > PHG_HISTORY_BYTES))
        forget(h);
    if (h->first == h->end) h->first = number;
    h->end = number + 1;
    h->frames[number % PHG_HISTORY_FRAMES] = (phg_kept_frame){copy, frame.size};
    h->bytes += frame.size;
    return PH_OK;
}

bool phg_history_has(const phg_history *h, uint64_t first, uint64_t last)
{
    return first != 0 && first <= last && first >= h->first && last < h->end;
}

phg_bytes phg_history_frame(const phg_history *h, uint64_t number)
{
    PH_ASSERT(number >= h->first && number < h->end);
    const phg_kept_frame *frame = &h->frames[number % PHG_HISTORY_FRAMES];
    return (phg_bytes){frame->p, frame->size};
}

static phg_history *history_of(phg_numbered_histories *of, phg_stream_kind kind)
{
    switch (kind) {
    case PHG_STREAM_PRICES: return &of->prices;
    case PHG_STREAM_DEPTH: return &of->depth;
    case PHG_STREAM_STATISTICS: return &of->statistics;
    case PHG_STREAM_CANDLES: return &of->candles;
    case PHG_STREAM_PERIOD_CANDLES: return &of->period_candles;
    case PHG_STREAM_GRADE: return &of->grade;
    case PHG_STREAM_REGION: return &of->region;
    case PHG_STREAM_TRADES:
    case PHG_STREAM_TYPE: break;
    }
    return NULL;
}

phg_history *phg_histories_of(phg_histories *h, phg_stream_kind kind, uint32_t number,
                              uint32_t exist)
{
    if (number == 0 || number > exist) return NULL;
    if (kind == PHG_STREAM_TYPE) return number > PH_COMPUTE_EDGE ? NULL : &h->types[number - 1];
    if (number > h->cnt) {
        uint32_t more = exist + 16;
        phg_numbered_histories *grown = realloc(h->v, more * sizeof *grown);
        if (!grown) return NULL;
        memset(grown + h->cnt, 0, (more - h->cnt) * sizeof *grown);
        h->v = grown;
        h->cnt = more;
    }
    return history_of(&h->v[number - 1], kind);
}

void phg_histories_release(phg_histories *h)
{
    for (uint32_t i = 0; i < h->cnt; i++) {
        phg_numbered_histories *of = &h->v[i];
        phg_history_release(&of->prices);
        phg_history_release(&of->depth);
        phg_history_release(&of->statistics);
        phg_history_release(&of->candles);
        phg_history_release(&of->period_candles);
        phg_history_release(&of->grade);
        phg_history_release(&of->region);
    }
    for (uint32_t i = 0; i < PH_COMPUTE_EDGE; i++)
        phg_history_release(&h->types[i]);
    free(h->v);
    *h = (phg_histories){0};
}
