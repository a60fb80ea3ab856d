/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/row_index.h - a fixed-size map from 64-bit keys to the rows that have them.

    What index.h is for keys that stand in rows anyway: an entry keeps the lower half of a key and
    the row, 8 bytes, so that half as much memory has to be fetched; whether the upper half is the
    same is seen in the row itself.

    Rows      the owner's, from 1; a row's key does not change while the row is in the index.
    Owns      nothing: lives in the arena.
    Full      put on a full index is a bug; the owner bounds the number of rows. */
#ifndef ENGINE_CORE_ROW_INDEX_H
#define ENGINE_CORE_ROW_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"

typedef struct {
    uint32_t low; /* lower half of the key */
    uint32_t row; /* 0: empty */
} ph_row_entry;

/* Where the keys of rows are: that of row i `at` bytes behind rows + i * stride. */
typedef struct {
    const void *rows;
    size_t stride, at;
} ph_row_keys;

typedef struct {
    ph_row_entry *entries;
    ph_row_keys keys;
    uint64_t mask; /* below 2^32 */
    uint32_t cnt, max;
} ph_row_index;

/* Room for `max` <= 2^30 rows at load factor 1/2 or less. */
void ph_row_index_init(ph_row_index *x, ph_arena *a, uint32_t max, ph_row_keys keys);

/* Where a key is looked for first: keys that are handed out in sequence lie beside each other. */
static inline uint64_t ph_row_index_home(const ph_row_index *x, uint64_t key)
{
    return key & x->mask;
}

static inline uint64_t ph_row_index_key(const ph_row_index *x, uint32_t row)
{
    return *(const uint64_t *)((const char *)x->keys.rows + row * x->keys.stride + x->keys.at);
}

/* The same for a key that is not at home. */
bool ph_row_index_find_away(const ph_row_index *x, uint64_t key, uint32_t *ret);

/* The row with a key; false (and *ret untouched) if there is none. */
static inline bool ph_row_index_find(const ph_row_index *x, uint64_t key, uint32_t *ret)
{
    ph_row_entry e = x->entries[ph_row_index_home(x, key)];
    if (e.row == 0 || e.low != (uint32_t)key || ph_row_index_key(x, e.row) != key)
        return ph_row_index_find_away(x, key, ret);
    *ret = e.row;
    return true;
}

/* The row that most likely has a key, or 0; no row is looked at. */
static inline uint32_t ph_row_index_guess(const ph_row_index *x, uint64_t key)
{
    ph_row_entry e = x->entries[ph_row_index_home(x, key)];
    return e.low == (uint32_t)key ? e.row : 0;
}

/* Adds a row, whose key no other row of the index has. */
void ph_row_index_put(ph_row_index *x, uint32_t row);

/* Removes a row that is there. */
void ph_row_index_remove(ph_row_index *x, uint32_t row);

#endif
