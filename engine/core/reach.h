/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/reach.h - which resting blocks an incoming EACH order may complete (rulebook 6.4).

    Most blocks that rest cannot execute whatever arrives in one period: they lack another one, or
    are too far from their limit.  Both are kept cheaply out of the way of single-period orders.

    Lack      a BLOCK with a period in which nobody offers waits in the heap of one such period,
              `lacking[t]`.  An order that does not supply that period never meets it.
    Gap       otherwise it waits in the heap `supplied` of its side.  Heaps are ordered by the gap
              between the block's limit and the sum of the best keys of its periods; in a period
              without orders the last best key counts (`seen`).  The gap is a lower bound: when a
              best key rises, `shift` rises with it and so lowers all gaps at once; when one falls,
              nothing happens.  A gap is reckoned anew only when it does not keep a block out.
    FLEX      blocks are always looked at: their gap is least.
    Heaps     skew heaps (Sleator and Tarjan, Self-adjusting heaps, 1986), so that the heap of a
              period that is supplied again joins the others in one step.
    Trial     in a double of a book (trial.h) every block is looked at; the index is not touched.
    Result    which blocks are examined changes nothing but time: an offer that exists is found.

    Owns      one row per resting block, ph_order.block. */
#ifndef ENGINE_CORE_REACH_H
#define ENGINE_CORE_REACH_H

#include "engine/core/state.h"

void ph_reach_init(ph_market *m, ph_arena *a);

/* A block has come to rest, or leaves. */
void ph_reach_join(ph_market *m, uint32_t slot);
void ph_reach_leave(ph_market *m, uint32_t slot);

/* A key becomes the best of a ladder. */
typedef struct {
    uint32_t ring;
    int64_t key;
} ph_rise;

/* A ladder of `supply` gets a better best key, which is not set yet; `other` has resting blocks.
   The rises of one order are told one by one, then ph_reach_risen once. */
void ph_reach_rise(ph_market *m, ph_book_side *supply, ph_book_side *other, ph_rise rise);
void ph_reach_risen(ph_market *m, ph_book_side *supply);

/* Gathers in m->reached the opposite blocks that the incoming EACH order, as it stands, may
   complete, its own participant's included.  While it is matched, no other can become one. */
void ph_reach_gather(ph_market *m, uint32_t incoming);

/* ---- The bound of 6.9 ---------------------------------------------------------------------- */

/* Begins to count the opposite blocks that an incoming order has something left for. */
void ph_reach_count_begin(ph_market *m, uint32_t incoming);

/* One more repetition of 6.4; false when the count passes PH_WORK_PER_COMMAND_MAX. */
bool ph_reach_count(ph_market *m);

void ph_reach_count_end(ph_market *m);

/* The incoming order has nothing left in period t. */
static inline void ph_reach_closed(ph_market *m, const ph_order *o, ph_period t)
{
    if (m->repetition != 0) m->closed_in[t - o->window.first] = m->repetition;
}

/* NULL, or the law that the index of a side breaks. */
const char *ph_reach_broken(const ph_market *m, const ph_product *p, ph_side side);

#endif
