/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/slab.h - runs of 2^k equal cells out of one array: a buddy allocator.

    An EACH order keeps one cell per period and a ladder one cell per price level; both want their
    cells side by side.  Splitting and merging by halves (Knuth, TAOCP 2.5, algorithms R and S)
    keeps every run aligned to its size.  Runs that are given back wait as they are to be taken
    again, and are merged only when nothing else is left: most orders are as long as the last.

    Owns      nothing: the cells live in the arena, and a free run's links in its first cell.
    Full      ph_slab_take answers PH_SLAB_NONE; the caller must be able to live with it. */
#ifndef ENGINE_CORE_SLAB_H
#define ENGINE_CORE_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/panic.h"

#define PH_SLAB_NONE UINT32_MAX

enum { PH_SLAB_ORDERS = 32 };
enum { PH_SLAB_READY = UINT8_MAX }; /* state of a run that waits to be taken again */

typedef struct {
    uint8_t *memory; /* of the cells */
    size_t cell;     /* bytes of one */
    uint8_t *state;  /* of the run that starts at a cell: 0 none, 1 + k if free, or ready */
    uint32_t free[PH_SLAB_ORDERS];  /* first free run of 2^k cells, or PH_SLAB_NONE */
    uint32_t ready[PH_SLAB_ORDERS]; /* runs given back and not merged yet */
    uint32_t free_classes;          /* bit k: free[k] is not PH_SLAB_NONE */
    uint32_t cells;                 /* a power of two */
    uint32_t used;                  /* cells handed out */
    uint8_t top;                    /* log2 of cells */
} ph_slab;

/* A slab of at least `cells` cells (rounded up to a power of two; see s->cells) of `cell` bytes, 8
   or more.  Returns their array, which has `beyond` more behind them that the slab does not hand
   out.  While the arena only counts, nothing but s->cells is set, and NULL returned. */
void *ph_slab_init(ph_slab *s, ph_arena *a, uint32_t cells, size_t cell, uint32_t beyond);

/* The smallest k with 2^k >= cells. */
static inline uint8_t ph_slab_size_class(uint32_t cells)
{
    PH_ASSERT(cells > 0 && cells <= UINT32_C(1) << 31);
    return cells == 1 ? 0 : (uint8_t)(32 - __builtin_clz(cells - 1));
}

/* True if there is a run after runs that wait have been merged. */
bool ph_slab_merge(ph_slab *s, uint8_t k);

/* True if ph_slab_take(s, k) would succeed. */
static inline bool ph_slab_has(ph_slab *s, uint8_t k)
{
    if (k > s->top) return false;
    return s->ready[k] != PH_SLAB_NONE || s->free_classes >> k != 0 || ph_slab_merge(s, k);
}

/* A run that is not ready, out of a larger one. */
uint32_t ph_slab_split(ph_slab *s, uint8_t k);

/* First cell of a run of 2^k cells, or PH_SLAB_NONE. */
static inline uint32_t ph_slab_take(ph_slab *s, uint8_t k)
{
    if (k > s->top || s->ready[k] == PH_SLAB_NONE) return ph_slab_split(s, k);
    uint32_t at = s->ready[k];
    memcpy(&s->ready[k], s->memory + at * s->cell, sizeof s->ready[k]);
    s->used += UINT32_C(1) << k;
    s->state[at] = 0;
    return at;
}

/* Gives back what take handed out. */
static inline void ph_slab_give(ph_slab *s, uint32_t at, uint8_t k)
{
    PH_ASSERT(at < s->cells && s->state[at] == 0 && k <= s->top);
    memcpy(s->memory + at * s->cell, &s->ready[k], sizeof s->ready[k]);
    s->used -= UINT32_C(1) << k;
    s->state[at] = PH_SLAB_READY;
    s->ready[k] = at;
}

#endif
