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
