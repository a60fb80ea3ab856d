/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/bytes.h - reads little-endian fields; a read past the end is remembered in `bad`.

    Owns      nothing: points into memory of the caller.
    Failure   sticky: after the first bad read every further one gives 0, so that one check at the
              end covers all fields. */
#ifndef CLIENTS_LIB_BYTES_H
#define CLIENTS_LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *p, *end;
    bool bad;
} phc_bytes;

static inline uint64_t phc_bytes_uint(phc_bytes *b, size_t size)
{
    if (b->bad || (size_t)(b->end - b->p) < size) {
        b->bad = true;
        return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)b->p[i] << (8 * i);
    b->p += size;
    return v;
}

static inline uint32_t phc_bytes_u32(phc_bytes *b)
{
    return (uint32_t)phc_bytes_uint(b, 4);
}

static inline uint64_t phc_bytes_u64(phc_bytes *b)
{
    return phc_bytes_uint(b, 8);
}

static inline int64_t phc_bytes_i64(phc_bytes *b)
{
    return (int64_t)phc_bytes_uint(b, 8);
}

static inline void phc_bytes_copy(phc_bytes *b, void *to, size_t size)
{
    if (b->bad || (size_t)(b->end - b->p) < size) {
        b->bad = true;
        memset(to, 0, size);
        return;
    }
    memcpy(to, b->p, size);
    b->p += size;
}

/* Text in `size` bytes: no control characters, not empty, the rest and the last byte zero. */
static inline void phc_bytes_text(phc_bytes *b, char *to, size_t size)
{
    phc_bytes_copy(b, to, size);
    size_t n = strnlen(to, size);
    if (n == 0 || n == size) b->bad = true;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)to[i];
        if (i < n ? c < 0x20 || c == 0x7f : c != 0) b->bad = true;
    }
    if (b->bad) memset(to, 0, size);
}

#endif
