/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/slab.h"

#include <string.h>

#include "engine/base/panic.h"

/* What stands in the first cell of a run that nobody has; of one that waits, next alone. */
typedef struct {
    uint32_t next, prev;
} links;

static links links_of(const ph_slab *s, uint32_t at)
{
    links v;
    memcpy(&v, s->memory + at * s->cell, sizeof v);
    return v;
}

static void set_links(ph_slab *s, uint32_t at, links v)
{
    memcpy(s->memory + at * s->cell, &v, sizeof v);
}

static void push_free(ph_slab *s, uint32_t at, uint8_t k)
{
    uint32_t first = s->free[k];
    s->state[at] = (uint8_t)(1 + k);
    set_links(s, at, (links){.next = first, .prev = PH_SLAB_NONE});
    if (first != PH_SLAB_NONE) set_links(s, first, (links){links_of(s, first).next, at});
    s->free[k] = at;
    s->free_classes |= UINT32_C(1) << k;
}

static void drop_free(ph_slab *s, uint32_t at, uint8_t k)
{
    links v = links_of(s, at);
    if (v.prev != PH_SLAB_NONE)
        set_links(s, v.prev, (links){v.next, links_of(s, v.prev).prev});
    else
        s->free[k] = v.next;
    if (v.next != PH_SLAB_NONE) set_links(s, v.next, (links){links_of(s, v.next).next, v.prev});
    if (s->free[k] == PH_SLAB_NONE) s->free_classes &= ~(UINT32_C(1) << k);
    s->state[at] = 0;
}

void *ph_slab_init(ph_slab *s, ph_arena *a, uint32_t cells, size_t cell, uint32_t beyond)
{
    PH_ASSERT(cell >= sizeof(links));
    s->top = ph_slab_size_class(cells);
    s->cells = UINT32_C(1) << s->top;
    s->used = 0;
    s->free_classes = 0;
    s->cell = cell;
    s->memory = ph_arena_take(a, (size_t)s->cells + beyond, cell);
    s->state = ph_arena_take(a, s->cells, sizeof s->state[0]);
    for (int k = 0; k < PH_SLAB_ORDERS; k++)
        s->free[k] = s->ready[k] = PH_SLAB_NONE;
    if (a->start != NULL) push_free(s, 0, s->top);
    return s->memory;
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

bool ph_slab_merge(ph_slab *s, uint8_t k)
{
    for (uint8_t i = 0; i <= s->top; i++) {
        while (s->ready[i] != PH_SLAB_NONE) {
            uint32_t at = s->ready[i];
            s->ready[i] = links_of(s, at).next;
            s->state[at] = 0;
            merge(s, at, i);
        }
    }
    return s->free_classes >> k != 0;
}

uint32_t ph_slab_split(ph_slab *s, uint8_t k)
{
    if (!ph_slab_has(s, k)) return PH_SLAB_NONE;
    if (s->ready[k] != PH_SLAB_NONE) return ph_slab_take(s, k);
    s->used += UINT32_C(1) << k;
    uint8_t have = (uint8_t)(k + __builtin_ctz(s->free_classes >> k));
    uint32_t at = s->free[have];
    drop_free(s, at, have);
    while (have > k) {
        have--;
        push_free(s, at + (UINT32_C(1) << have), have);
    }
    return at;
}
