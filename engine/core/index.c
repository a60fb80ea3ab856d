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

bool ph_index_find(const ph_index *x, uint64_t key, uint32_t *ret)
{
    for (uint64_t i = ph_index_home(x, key); x->entries[i].key != 0; i = (i + 1) & x->mask) {
        if (x->entries[i].key != key) continue;
        *ret = x->entries[i].value;
        return true;
    }
    return false;
}

void ph_index_put(ph_index *x, uint64_t key, uint32_t value)
{
    PH_ASSERT(key != 0);
    uint64_t i = ph_index_home(x, key);
    for (; x->entries[i].key != 0; i = (i + 1) & x->mask) {
        if (x->entries[i].key != key) continue;
        x->entries[i].value = value;
        return;
    }
    PH_ASSERT(x->cnt < x->max);
    x->entries[i] = (ph_index_entry){key, value};
    x->cnt++;
}

void ph_index_remove(ph_index *x, uint64_t key)
{
    uint64_t hole = ph_index_home(x, key);
    while (x->entries[hole].key != key) {
        PH_ASSERT(x->entries[hole].key != 0);
        hole = (hole + 1) & x->mask;
    }
    for (uint64_t i = (hole + 1) & x->mask; x->entries[i].key != 0; i = (i + 1) & x->mask) {
        /* An entry may move into the hole unless its home lies after the hole. */
        uint64_t from_home = (i - ph_index_home(x, x->entries[i].key)) & x->mask;
        uint64_t from_hole = (i - hole) & x->mask;
        if (from_home < from_hole) continue;
        x->entries[hole] = x->entries[i];
        hole = i;
    }
    x->entries[hole].key = 0;
    x->cnt--;
}
