/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/column.h - the k-th unit of a block, out of the ladders of its periods.

    Rulebook 6.1.  The column of a block takes, in every period of its window, the best order of
    the other side first; its k-th unit costs the sum of the k-th prices.  Orders of the block's
    own participant are left out.  An extra order, which rests nowhere yet, can be put behind all
    others at its price (6.4).

    Icebergs  first comes what is shown at a price, in order of place; then the icebergs' next clips
              in the same order, clip after clip, as a sweep of the queue would meet them (6.8).

    Keys      see ladder.h; unit_key is the sum of the keys of the fronts, so larger is better for
              the block whatever its side.  It fits 64 bits: 8,784 periods of 10^15.
    Thread    one column at a time: the room is the market's. */
#ifndef ENGINE_CORE_COLUMN_H
#define ENGINE_CORE_COLUMN_H

#include "engine/core/fill.h"
#include "engine/core/state.h"

#define PH_FRONT_EXTRA (UINT32_MAX - 1)

typedef struct {
    ph_market *m;
    const ph_book_side *side; /* whose ladders are drawn on */
    ph_window window;
    uint32_t block;       /* slot of the block that the column is for */
    uint32_t extra;       /* slot of the extra order, or PH_NONE */
    int64_t unit_key;     /* of the next unit */
    uint32_t run;         /* units that cost the same and draw on the same orders; 0: exhausted */
    uint32_t extra_cnt;   /* periods in which the extra order is in front */
    bool took;            /* at least one unit was taken */
    bool stops_at_own;    /* own orders are not left out: the column ends there */
    ph_fill_step *record; /* where taken units are recorded, or NULL */
} ph_column;

void ph_column_init(ph_market *m, ph_arena *a);

/* What a column is asked for. */
typedef struct {
    uint32_t block;       /* slot of the order that the column is for */
    ph_window window;     /* of one unit of it */
    uint32_t extra;       /* slot of the extra order, or PH_NONE */
    ph_fill_step *record; /* or NULL */
    bool stops_at_own;
} ph_column_ask;

/* Stands before the first unit.  run is 0 when a period has nobody. */
ph_column ph_column_start(ph_market *m, ph_column_ask ask);

/* Takes `units` <= run and moves on. */
void ph_column_take(ph_column *c, uint32_t units);

/* Records what was taken of the orders that are in front now; nothing may be taken after. */
void ph_column_finish(ph_column *c);

/* False when even the best price of every period, whoever's it is, would not reach `key`: a quick
   no without a walk.  Its block, window and extra order are those of a column. */
bool ph_column_could_reach(const ph_market *m, uint32_t block, ph_window window, uint32_t extra,
                           int64_t key);

#endif
