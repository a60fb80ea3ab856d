/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/arena.h - carve one block of memory into aligned parts, once, at start.

    With start == NULL nothing is handed out and only the size is counted, so that the same code
    measures and carves.

    Owns      nothing: the block is the caller's.
    Full      carving more than the block holds is a bug and stops. */
#ifndef ENGINE_BASE_ARENA_H
#define ENGINE_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum { PH_ARENA_ALIGN = 64 };

typedef struct {
    uint8_t *start; /* NULL: only count */
    size_t used, size;
} ph_arena;

/* cnt elements of `each` bytes, aligned to 64, or NULL while counting.  A total that does not fit
   size_t is a bug: callers bound cnt first. */
void *ph_arena_take(ph_arena *a, size_t cnt, size_t each);

#endif
