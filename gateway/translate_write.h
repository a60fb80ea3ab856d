/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate_write.h - the shortest protobuf encoding, for what is written by hand.

    Each function writes at p, into room that its caller has made, and returns the end of what it
    wrote.

    Owns      nothing.  Pure. */
#ifndef GATEWAY_TRANSLATE_WRITE_H
#define GATEWAY_TRANSLATE_WRITE_H

#include "engine/wire/event.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    PHG_PUT_NUMBER_MAX = 12, /* bytes of a field with a number: two of tag, ten of value */
    PHG_PUT_LENGTH_MAX = 5,  /* bytes of a length */
    PHG_PUT_SEGMENT_MAX = 2 + PHG_PUT_LENGTH_MAX + 4 * PHG_PUT_NUMBER_MAX,
};

static inline uint8_t *phg_put_number(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

/* A field with a number, or an enumeration; 0 is not written. */
static inline uint8_t *phg_put(uint8_t *p, uint32_t field, uint64_t v)
{
    return v == 0 ? p : phg_put_number(phg_put_number(p, field << 3), v);
}

/* Begins a message within a message: its tag, and room for its length.  What it has is written at
   what this returns, and phg_put_end called with the same. */
static inline uint8_t *phg_put_begin(uint8_t *p, uint32_t field)
{
    return phg_put_number(p, field << 3 | 2) + PHG_PUT_LENGTH_MAX;
}

static inline uint8_t *phg_put_end(uint8_t *begin, const uint8_t *end)
{
    size_t size = (size_t)(end - begin);
    uint8_t *body = phg_put_number(begin - PHG_PUT_LENGTH_MAX, size);
    memmove(body, begin, size);
    return body + size;
}

static inline uint8_t *phg_put_segment(uint8_t *p, uint32_t field, const ph_segment *s)
{
    uint8_t *begin = phg_put_begin(p, field);
    p = phg_put(begin, 1, s->window.first);
    p = phg_put(p, 2, s->window.periods);
    p = phg_put(p, 3, s->quantity);
    p = phg_put(p, 4, (uint64_t)s->price);
    return phg_put_end(begin, p);
}

#endif
