/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate/translate_write.h - what the files that write by hand share, beside
    proto/shortest.h.

    Writes at p, into room that its caller has made, and returns the end of what it wrote.

    Owns      nothing.  Pure. */
#ifndef GATEWAY_TRANSLATE_TRANSLATE_WRITE_H
#define GATEWAY_TRANSLATE_TRANSLATE_WRITE_H

#include "engine/wire/event.h"
#include "proto/shortest.h"

enum { PHG_PUT_SEGMENT_MAX = 2 + PB_LENGTH_MAX + 4 * PB_FIELD_MAX };

static inline uint8_t *phg_put_segment(uint8_t *p, uint32_t field, const ph_segment *s)
{
    uint8_t *begin = pb_put_begin(p, field);
    p = pb_put(begin, 1, s->window.first);
    p = pb_put(p, 2, s->window.periods);
    p = pb_put(p, 3, s->quantity);
    p = pb_put(p, 4, (uint64_t)s->price);
    return pb_put_end(begin, p);
}

#endif
