/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/arena.h"

#include "engine/base/panic.h"

void *ph_arena_take(ph_arena *a, size_t cnt, size_t each)
{
    PH_ASSERT(each > 0 && cnt <= (SIZE_MAX / 2 - a->used) / each);
    size_t at = (a->used + PH_ARENA_ALIGN - 1) & ~(size_t)(PH_ARENA_ALIGN - 1);
    a->used = at + cnt * each;
    if (a->start == NULL) return NULL;
    PH_ASSERT(a->used <= a->size);
    return a->start + at;
}
