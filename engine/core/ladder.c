/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/ladder.h"

#include <string.h>

#include "engine/base/panic.h"

enum { NEAR_BEST = 8 }; /* entries looked at one by one before halving */

void ph_ladder_room_init(ph_ladder_room *room, ph_arena *a, uint32_t cells)
{
    ph_slab_init(&room->slab, a, cells);
    room->cells = ph_arena_take(a, room->slab.cells, sizeof room->cells[0]);
}

/* Number of entries with a key below `key`: where an entry with this key belongs when it goes
   behind its equals. */
static uint32_t below(const ph_ladder_entry *v, uint32_t cnt, int64_t key)
{
    uint32_t high = cnt;
    for (int i = 0; i < NEAR_BEST; i++) {
        if (high == 0 || v[high - 1].key < key) return high;
        high--;
    }
    uint32_t low = 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (v[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool ph_ladder_find(const ph_ladder_room *room, const ph_ladder *l, int64_t key, uint32_t *ret)
{
    const ph_ladder_entry *v = &room->cells[l->at];
    uint32_t i = key == INT64_MAX ? l->cnt : below(v, l->cnt, key + 1);
    if (i == 0 || v[i - 1].key != key) return false;
    *ret = l->cnt - i;
    return true;
}

static bool grow(ph_ladder_room *room, ph_ladder *l)
{
    uint8_t k = l->has_run ? (uint8_t)(l->k + 1) : 0;
    uint32_t at = ph_slab_take(&room->slab, k);
    if (at == PH_SLAB_NONE) return false;
    if (l->has_run) {
        memcpy(&room->cells[at], &room->cells[l->at], l->cnt * sizeof room->cells[0]);
        ph_slab_give(&room->slab, l->at, l->k);
    }
    l->at = at;
    l->k = k;
    l->has_run = true;
    return true;
}

bool ph_ladder_put(ph_ladder_room *room, ph_ladder *l, int64_t key, uint32_t ref)
{
    PH_ASSERT(key != PH_KEY_NONE);
    if (!l->has_run || l->cnt == UINT32_C(1) << l->k) {
        if (!grow(room, l)) return false;
    }
    ph_ladder_entry *v = &room->cells[l->at];
    uint32_t i = below(v, l->cnt, key);
    memmove(&v[i + 1], &v[i], (l->cnt - i) * sizeof v[0]);
    v[i] = (ph_ladder_entry){.key = key, .ref = ref};
    l->cnt++;
    return true;
}

void ph_ladder_remove(ph_ladder_room *room, ph_ladder *l, uint32_t i)
{
    PH_ASSERT(i < l->cnt);
    ph_ladder_entry *v = &room->cells[l->at];
    uint32_t at = l->cnt - 1 - i;
    memmove(&v[at], &v[at + 1], i * sizeof v[0]);
    l->cnt--;
    if (l->cnt != 0 || room->keeps_runs) return;
    ph_slab_give(&room->slab, l->at, l->k);
    l->has_run = false;
}

void ph_ladder_swap(ph_ladder_room *room, const ph_ladder *l, uint32_t i)
{
    PH_ASSERT(i + 1 < l->cnt);
    ph_ladder_entry *v = &room->cells[l->at + l->cnt - 2 - i];
    PH_ASSERT(v[0].key == v[1].key);
    ph_ladder_entry first = v[0];
    v[0] = v[1];
    v[1] = first;
}
