/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/ladder.h - entries sorted by attractiveness, best last.

    One small sorted array per product, period and side: new prices come near the best, so they
    land near the end and move little.  The same structure sorts the resting blocks of a side.

    Keys      a key is a price seen from the other side: BUY keys are the price, SELL keys are the
              price negated, so that a larger key is always the better one and one code serves both
              sides.  Among equal keys the one that came first is the better one.
    Owns      nothing: entries are cells of a slab of the caller.
    Full      ph_ladder_put answers false and changes nothing when the slab has no room. */
#ifndef ENGINE_CORE_LADDER_H
#define ENGINE_CORE_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/slab.h"

#define PH_KEY_NONE INT64_MIN /* no entry: worse than every key */

typedef struct {
    int64_t key;
    uint32_t ref; /* the caller's: a level or an order */
} ph_ladder_entry;

typedef struct {
    uint32_t cnt; /* entries; they are the first ones of the run */
    uint32_t run; /* 2 * first cell + 2^k, the cells of the run, which lies at a multiple of that;
                     0: none */
} ph_ladder;

typedef struct {
    ph_slab slab;
    ph_ladder_entry *cells;
    bool keeps_runs; /* removing gives nothing back: the cells are a double of another room's */
} ph_ladder_room;

void ph_ladder_room_init(ph_ladder_room *room, ph_arena *a, uint32_t cells);

/* First cell of the run, and how many it has. */
static inline uint32_t ph_ladder_at(const ph_ladder *l)
{
    return (l->run & (l->run - 1)) / 2;
}

static inline uint32_t ph_ladder_room_of(const ph_ladder *l)
{
    return l->run & (0 - l->run);
}

/* Entry i from the best: 0 is the best.  i < l->cnt. */
static inline const ph_ladder_entry *ph_ladder_nth(const ph_ladder_room *room, const ph_ladder *l,
                                                   uint32_t i)
{
    return &room->cells[ph_ladder_at(l) + l->cnt - 1 - i];
}

/* Key of the best entry, or PH_KEY_NONE. */
static inline int64_t ph_ladder_best(const ph_ladder_room *room, const ph_ladder *l)
{
    return l->cnt == 0 ? PH_KEY_NONE : room->cells[ph_ladder_at(l) + l->cnt - 1].key;
}

/* How many entries have a better key than this one, which is below INT64_MAX; true if the next one
   has this key.  Found at once if `guess` is about right; it may be any number. */
bool ph_ladder_find(const ph_ladder_room *room, const ph_ladder *l, int64_t key, uint32_t guess,
                    uint32_t *ret);

/* Adds an entry behind all that are equal or better. */
bool ph_ladder_put(ph_ladder_room *room, ph_ladder *l, int64_t key, uint32_t ref);

/* The same for a key that ph_ladder_find did not find, behind the `better` entries that it told. */
bool ph_ladder_put_at(ph_ladder_room *room, ph_ladder *l, uint32_t better, ph_ladder_entry entry);

/* Exchanges entries i and i + 1, which have the same key. */
void ph_ladder_swap(ph_ladder_room *room, const ph_ladder *l, uint32_t i);

/* Removes entry i from the best; gives the run back when the ladder becomes empty. */
void ph_ladder_remove(ph_ladder_room *room, ph_ladder *l, uint32_t i);

#endif
