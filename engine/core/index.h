/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/index.h - a fixed-size map from 64-bit keys to 32-bit values.

    Linear probing in which no entry lies farther from its home than the one it displaced (Celis,
    Robin Hood hashing, 1986), so that removing shifts back only until an entry is at home.  Small
    keys hash to themselves: ids that are handed out in sequence lie beside each other, each at
    home.  Lookup only: the order of the table is nobody's business and cannot be asked for.

    Owns      nothing: lives in the arena.
    Full      put on a full index is a bug; the owner bounds the number of keys. */
#ifndef ENGINE_CORE_INDEX_H
#define ENGINE_CORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/panic.h"

typedef struct {
    uint64_t key; /* 0: empty */
    uint32_t value;
} ph_index_entry;

typedef struct {
    ph_index_entry *entries;
    uint64_t mask;
    uint32_t cnt, max;
} ph_index;

/* Room for `max` keys at load factor 1/2 or less. */
void ph_index_init(ph_index *x, ph_arena *a, uint32_t max);

/* Where a key is looked for first. */
static inline uint64_t ph_index_home(const ph_index *x, uint64_t key)
{
    return (key + (key >> 32) * UINT64_C(0x9E3779B9)) & x->mask;
}

/* The same for a key that is not at home. */
bool ph_index_find_away(const ph_index *x, uint64_t key, uint32_t *ret);

/* The value of a key != 0; false (and *ret untouched) if it is not there. */
static inline bool ph_index_find(const ph_index *x, uint64_t key, uint32_t *ret)
{
    const ph_index_entry *e = &x->entries[ph_index_home(x, key)];
    if (e->key != key) return ph_index_find_away(x, key, ret);
    *ret = e->value;
    return true;
}

/* The same where somebody is at home. */
void ph_index_put_away(ph_index *x, uint64_t key, uint32_t value);

/* Adds a key != 0 that is not there, or changes the value of one that is. */
static inline void ph_index_put(ph_index *x, uint64_t key, uint32_t value)
{
    ph_index_entry *e = &x->entries[ph_index_home(x, key)];
    if (e->key != 0) {
        ph_index_put_away(x, key, value);
        return;
    }
    PH_ASSERT(key != 0 && x->cnt < x->max);
    *e = (ph_index_entry){key, value};
    x->cnt++;
}

/* Removes a key that is there. */
void ph_index_remove(ph_index *x, uint64_t key);

#endif
