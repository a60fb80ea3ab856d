/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/index.h"

#include "engine/base/panic.h"

static uint64_t home(const ph_index *x, uint64_t key)
{
    return (key + (key >> 32) * UINT64_C(0x9E3779B9)) & x->mask;
}

void ph_index_init(ph_index *x, ph_arena *a, uint32_t max)
{
    uint64_t slots = 16;
    while (slots < (uint64_t)max * 2)
        slots *= 2;
    x->keys = ph_arena_take(a, slots, sizeof x->keys[0]);
    x->values = ph_arena_take(a, slots, sizeof x->values[0]);
    x->mask = slots - 1;
    x->cnt = 0;
    x->max = max;
}

bool ph_index_find(const ph_index *x, uint64_t key, uint32_t *ret)
{
    for (uint64_t i = home(x, key); x->keys[i] != 0; i = (i + 1) & x->mask) {
        if (x->keys[i] != key) continue;
        *ret = x->values[i];
        return true;
    }
    return false;
}

void ph_index_put(ph_index *x, uint64_t key, uint32_t value)
{
    PH_ASSERT(key != 0);
    uint64_t i = home(x, key);
    for (; x->keys[i] != 0; i = (i + 1) & x->mask) {
        if (x->keys[i] != key) continue;
        x->values[i] = value;
        return;
    }
    PH_ASSERT(x->cnt < x->max);
    x->keys[i] = key;
    x->values[i] = value;
    x->cnt++;
}

void ph_index_remove(ph_index *x, uint64_t key)
{
    uint64_t hole = home(x, key);
    while (x->keys[hole] != key) {
        PH_ASSERT(x->keys[hole] != 0);
        hole = (hole + 1) & x->mask;
    }
    for (uint64_t i = (hole + 1) & x->mask; x->keys[i] != 0; i = (i + 1) & x->mask) {
        /* An entry may move into the hole unless its home lies after the hole. */
        uint64_t from_home = (i - home(x, x->keys[i])) & x->mask;
        uint64_t from_hole = (i - hole) & x->mask;
        if (from_home < from_hole) continue;
        x->keys[hole] = x->keys[i];
        x->values[hole] = x->values[i];
        hole = i;
    }
    x->keys[hole] = 0;
    x->cnt--;
}
