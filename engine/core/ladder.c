/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/ladder.h"

#include <string.h>

#include "engine/base/panic.h"

enum { NEAR = 24 }; /* entries that are looked at one by one, from the best or a guess */

void ph_ladder_room_init(ph_ladder_room *room, ph_arena *a, uint32_t cells)
{
    PH_ASSERT(cells <= UINT32_C(1) << 30); /* see ph_ladder.run */
    room->cells = ph_slab_init(&room->slab, a, cells, sizeof room->cells[0], 0);
}

/* Number of entries with a key below `key`: where an entry with this key belongs when it goes
   behind its equals.  Most prices come near the best: those are met one by one, which guesses wrong
   once, where halving does at every other step; what lies behind is halved. */
static uint32_t below(const ph_ladder_entry *v, uint32_t cnt, int64_t key)
{
    uint32_t near = cnt < NEAR ? 0 : cnt - NEAR;
    while (cnt > near && v[cnt - 1].key >= key)
        cnt--;
    if (cnt > near || cnt == 0) return cnt;
    uint32_t from = 0;
    while (cnt > 1) {
        uint32_t half = cnt / 2;
        if (v[from + half - 1].key < key) from += half;
        cnt -= half;
    }
    return from + (v[from].key < key);
}

/* Entries with a better key, looked for one by one from a guess on.  False if they are not near. */
static bool find_near(const ph_ladder_entry *best, uint32_t cnt, int64_t key, uint32_t guess,
                      uint32_t *ret)
{
    uint32_t better = guess < cnt ? guess : cnt;
    uint32_t least = better < NEAR ? 0 : better - NEAR;
    uint32_t most = cnt - better < NEAR ? cnt : better + NEAR;
    while (better > least && best[1 - (ptrdiff_t)better].key <= key)
        better--;
    while (better < most && best[-(ptrdiff_t)better].key > key)
        better++;
    *ret = better;
    return (better > least || least == 0) && (better < most || most == cnt);
}

bool ph_ladder_find(const ph_ladder_room *room, const ph_ladder *l, int64_t key, uint32_t guess,
                    uint32_t *ret)
{
    *ret = 0;
    if (l->cnt == 0) return false;
    const ph_ladder_entry *v = &room->cells[ph_ladder_at(l)], *best = v + l->cnt - 1;
    if (!find_near(best, l->cnt, key, guess, ret)) *ret = l->cnt - below(v, l->cnt, key + 1);
    return *ret < l->cnt && best[-(ptrdiff_t)*ret].key == key;
}

static uint8_t class_of(const ph_ladder *l)
{
    return (uint8_t)__builtin_ctz(l->run);
}

static bool grow(ph_ladder_room *room, ph_ladder *l)
{
    uint8_t k = l->run == 0 ? 0 : (uint8_t)(class_of(l) + 1);
    uint32_t at = ph_slab_take(&room->slab, k);
    if (at == PH_SLAB_NONE) return false;
    if (l->run != 0) {
        memcpy(&room->cells[at], &room->cells[ph_ladder_at(l)], l->cnt * sizeof room->cells[0]);
        ph_slab_give(&room->slab, ph_ladder_at(l), class_of(l));
    }
    l->run = 2 * at + (UINT32_C(1) << k);
    return true;
}

bool ph_ladder_put_at(ph_ladder_room *room, ph_ladder *l, uint32_t better, ph_ladder_entry entry)
{
    PH_ASSERT(entry.key != PH_KEY_NONE && better <= l->cnt);
    if (l->cnt == ph_ladder_room_of(l) && !grow(room, l)) return false;
    ph_ladder_entry *v = &room->cells[ph_ladder_at(l) + l->cnt - better];
    memmove(v + 1, v, better * sizeof v[0]);
    *v = entry;
    l->cnt++;
    return true;
}

bool ph_ladder_put(ph_ladder_room *room, ph_ladder *l, int64_t key, uint32_t ref)
{
    uint32_t better = l->cnt - below(&room->cells[ph_ladder_at(l)], l->cnt, key);
    return ph_ladder_put_at(room, l, better, (ph_ladder_entry){.key = key, .ref = ref});
}

void ph_ladder_remove(ph_ladder_room *room, ph_ladder *l, uint32_t i)
{
    PH_ASSERT(i < l->cnt);
    ph_ladder_entry *v = &room->cells[ph_ladder_at(l)];
    uint32_t at = l->cnt - 1 - i;
    memmove(&v[at], &v[at + 1], i * sizeof v[0]);
    l->cnt--;
    if (l->cnt != 0 || room->keeps_runs) return;
    ph_slab_give(&room->slab, ph_ladder_at(l), class_of(l));
    l->run = 0;
}

void ph_ladder_swap(ph_ladder_room *room, const ph_ladder *l, uint32_t i)
{
    PH_ASSERT(i + 1 < l->cnt);
    ph_ladder_entry *v = &room->cells[ph_ladder_at(l) + l->cnt - 2 - i];
    PH_ASSERT(v[0].key == v[1].key);
    ph_ladder_entry first = v[0];
    v[0] = v[1];
    v[1] = first;
}
