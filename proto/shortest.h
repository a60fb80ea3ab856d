/* SPDX-License-Identifier: Apache-2.0 */
/*  proto/shortest.h - the shortest protobuf encoding, for what is written and read by hand.

    protobuf-c takes a message apart into allocated parts and walks over its description three times
    to write one; for the few messages that make up nearly all of the traffic that is most of the
    work of both ends.  The gateway and the client library write and read those by hand, with this.
    In the shortest encoding fields are in order, none has its default, and no number is padded, so
    that there is one encoding of a message only.

    The functions that write do so at p, into room that their caller has made, and return the end of
    what they wrote.

    Owns      nothing.  Pure. */
#ifndef PROTO_SHORTEST_H
#define PROTO_SHORTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    PB_FIELD_MAX = 12, /* bytes of a field with a number: two of tag, ten of value */
    PB_LENGTH_MAX = 5, /* bytes of a length */
};

static inline uint8_t *pb_put_number(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

/* A field with a number, or an enumeration; 0 is not written. */
static inline uint8_t *pb_put(uint8_t *p, uint32_t field, uint64_t v)
{
    return v == 0 ? p : pb_put_number(pb_put_number(p, field << 3), v);
}

/* A field of eight bytes; 0 is not written. */
static inline uint8_t *pb_put_fixed64(uint8_t *p, uint32_t field, uint64_t v)
{
    if (v == 0) return p;
    p = pb_put_number(p, field << 3 | 1);
    for (uint32_t i = 0; i < 8; i++)
        *p++ = (uint8_t)(v >> 8 * i);
    return p;
}

/* Begins a message within a message: its tag, and room for its length.  What it has is written at
   what this returns, and pb_put_end called with the same. */
static inline uint8_t *pb_put_begin(uint8_t *p, uint32_t field)
{
    return pb_put_number(p, field << 3 | 2) + PB_LENGTH_MAX;
}

static inline uint8_t *pb_put_end(uint8_t *begin, const uint8_t *end)
{
    size_t size = (size_t)(end - begin);
    uint8_t *body = pb_put_number(begin - PB_LENGTH_MAX, size);
    memmove(body, begin, size);
    return body + size;
}

/* Reads a number.  False: cut, padded, or more than 64 bits. */
static inline bool pb_take_number(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t byte = *(*p)++;
        if (shift == 63 && byte > 1) return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0) continue;
        *ret = v;
        return byte != 0 || shift == 0;
    }
    return false;
}

/* Reads a length and as many bytes, which begin at *ret.  False: they are not all there. */
static inline bool pb_take_bytes(const uint8_t **p, const uint8_t *end, const uint8_t **ret,
                                 size_t *ret_size)
{
    uint64_t size;
    if (!pb_take_number(p, end, &size) || size > (uint64_t)(end - *p)) return false;
    *ret = *p;
    *ret_size = (size_t)size;
    *p += size;
    return true;
}

/* Reads a message whose fields are all numbers, 1 to `most`, into fields[1 .. most]; those that are
   not there stay as they are.  False: it is not the shortest encoding of such a message. */
static inline bool pb_take_numbers(const uint8_t *p, const uint8_t *end, uint32_t most,
                                   uint64_t fields[])
{
    uint64_t before = 0, tag;
    while (p < end) {
        if (!pb_take_number(&p, end, &tag) || (tag & 7) != 0) return false;
        tag >>= 3;
        if (tag <= before || tag > most) return false;
        if (!pb_take_number(&p, end, &fields[tag]) || fields[tag] == 0) return false;
        before = tag;
    }
    return true;
}

#endif
