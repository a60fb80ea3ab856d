/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/index.h"

#include "engine/base/panic.h"

void ph_index_init(ph_index *x, ph_arena *a, uint32_t max)
{
    uint64_t slots = 16;
    while (slots < (uint64_t)max * 2)
        slots *= 2;
    x->entries = ph_arena_take(a, slots, sizeof x->entries[0]);
    x->mask = slots - 1;
    x->cnt = 0;
    x->max = max;
}

/* How far an entry lies behind its home. */
static uint64_t distance(const ph_index *x, uint64_t i)
{
    return (i - ph_index_home(x, x->entries[i].key)) & x->mask;
}

/* Where a key is; false: where it would go. */
static bool place_of(const ph_index *x, uint64_t key, uint64_t *ret)
{
    uint64_t i = ph_index_home(x, key), away = 0;
    bool found = false;
    for (; x->entries[i].key != 0; i = (i + 1) & x->mask, away++) {
        found = x->entries[i].key == key;
        if (found || distance(x, i) < away) break;
    }
    *ret = i;
    return found;
}

bool ph_index_find_away(const ph_index *x, uint64_t key, uint32_t *ret)
{
    uint64_t i;
    if (!place_of(x, key, &i)) return false;
    *ret = x->entries[i].value;
    return true;
}

void ph_index_put_away(ph_index *x, uint64_t key, uint32_t value)
{
    PH_ASSERT(key != 0);
    uint64_t i;
    if (place_of(x, key, &i)) {
        x->entries[i].value = value;
        return;
    }
    PH_ASSERT(x->cnt < x->max);
    ph_index_entry one = {key, value};
    for (; x->entries[i].key != 0; i = (i + 1) & x->mask) {
        ph_index_entry next = x->entries[i];
        x->entries[i] = one;
        one = next;
    }
    x->entries[i] = one;
    x->cnt++;
}

void ph_index_remove(ph_index *x, uint64_t key)
{
    uint64_t hole;
    bool found = place_of(x, key, &hole);
    PH_ASSERT(found);
    for (;;) {
        uint64_t next = (hole + 1) & x->mask;
        if (x->entries[next].key == 0 || distance(x, next) == 0) break;
        x->entries[hole] = x->entries[next];
        hole = next;
    }
    x->entries[hole].key = 0;
    x->cnt--;
}
