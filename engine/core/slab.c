/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/slab.h"

#include <stddef.h>

#include "engine/base/panic.h"

enum { READY = UINT8_MAX }; /* state of a run that waits to be taken again */

uint8_t ph_slab_size_class(uint32_t cells)
{
    PH_ASSERT(cells > 0 && cells <= UINT32_C(1) << 31);
    uint8_t k = 0;
    while (UINT32_C(1) << k < cells)
        k++;
    return k;
}

static void push_free(ph_slab *s, uint32_t at, uint8_t k)
{
    s->state[at] = (uint8_t)(1 + k);
    s->prev[at] = PH_SLAB_NONE;
    s->next[at] = s->free[k];
    if (s->free[k] != PH_SLAB_NONE) s->prev[s->free[k]] = at;
    s->free[k] = at;
}

static void drop_free(ph_slab *s, uint32_t at, uint8_t k)
{
    uint32_t next = s->next[at], prev = s->prev[at];
    if (prev != PH_SLAB_NONE)
        s->next[prev] = next;
    else
        s->free[k] = next;
    if (next != PH_SLAB_NONE) s->prev[next] = prev;
    s->state[at] = 0;
}

void ph_slab_init(ph_slab *s, ph_arena *a, uint32_t cells)
{
    s->top = ph_slab_size_class(cells);
    s->cells = UINT32_C(1) << s->top;
    s->used = 0;
    s->next = ph_arena_take(a, s->cells, sizeof s->next[0]);
    s->prev = ph_arena_take(a, s->cells, sizeof s->prev[0]);
    s->state = ph_arena_take(a, s->cells, sizeof s->state[0]);
    for (int k = 0; k < PH_SLAB_ORDERS; k++)
        s->free[k] = s->ready[k] = PH_SLAB_NONE;
    if (a->start != NULL) push_free(s, 0, s->top);
}

static void merge(ph_slab *s, uint32_t at, uint8_t k)
{
    while (k < s->top) {
        uint32_t buddy = at ^ (UINT32_C(1) << k);
        if (s->state[buddy] != 1 + k) break;
        drop_free(s, buddy, k);
        if (buddy < at) at = buddy;
        k++;
    }
    push_free(s, at, k);
}

/* Merges all runs that wait to be taken again. */
static void merge_ready(ph_slab *s)
{
    for (uint8_t k = 0; k <= s->top; k++) {
        while (s->ready[k] != PH_SLAB_NONE) {
            uint32_t at = s->ready[k];
            s->ready[k] = s->next[at];
            s->state[at] = 0;
            merge(s, at, k);
        }
    }
}

static bool find_free(const ph_slab *s, uint8_t k, uint8_t *ret)
{
    for (uint8_t have = k; have <= s->top; have++) {
        if (s->free[have] == PH_SLAB_NONE) continue;
        *ret = have;
        return true;
    }
    return false;
}

bool ph_slab_has(ph_slab *s, uint8_t k)
{
    uint8_t have;
    if (k > s->top) return false;
    if (s->ready[k] != PH_SLAB_NONE || find_free(s, k, &have)) return true;
    merge_ready(s);
    return find_free(s, k, &have);
}

uint32_t ph_slab_take(ph_slab *s, uint8_t k)
{
    if (!ph_slab_has(s, k)) return PH_SLAB_NONE;
    s->used += UINT32_C(1) << k;
    uint32_t at = s->ready[k];
    if (at != PH_SLAB_NONE) {
        s->ready[k] = s->next[at];
        s->state[at] = 0;
        return at;
    }
    uint8_t have = 0;
    bool found = find_free(s, k, &have);
    PH_ASSERT(found);
    at = s->free[have];
    drop_free(s, at, have);
    while (have > k) {
        have--;
        push_free(s, at + (UINT32_C(1) << have), have);
    }
    return at;
}

void ph_slab_give(ph_slab *s, uint32_t at, uint8_t k)
{
    PH_ASSERT(at < s->cells && s->state[at] == 0 && k <= s->top);
    s->used -= UINT32_C(1) << k;
    s->state[at] = READY;
    s->next[at] = s->ready[k];
    s->ready[k] = at;
}
