/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/book_row.h - the bytes of a row of a book, and what they add to its checksum.

    The layout of each row is in gateway/PROTOCOL.md. */
#ifndef CLIENTS_LIB_BOOK_ROW_H
#define CLIENTS_LIB_BOOK_ROW_H

#include <stddef.h>
#include <stdint.h>
#include <sodium.h>

enum { PHC_BOOK_ROW_BYTES_MAX = 128 };

typedef struct {
    uint8_t bytes[PHC_BOOK_ROW_BYTES_MAX];
    size_t size;
} phc_book_row;

/* The lowest `size` bytes of a number, little-endian. */
static inline void phc_book_row_put(phc_book_row *r, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        r->bytes[r->size++] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t phc_book_row_hash(const phc_book_row *r)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t v = 0;
    (void)crypto_shorthash(out, r->bytes, r->size, key); /* cannot fail */
    for (size_t i = 0; i < sizeof out; i++)
        v |= (uint64_t)out[i] << (8 * i);
    return v;
}

#endif
