/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/fill.h - executions while a command runs, and what they cause when it ends.

    Matching records fills first and applies them as one step, or throws them away: a step that
    would pass the bound of one command does not happen.  When the command ends, ph_fill_settle
    groups what was applied into trades, moves the money, and tells.

    Rows      executions of the same two orders at one price and quantity in period after period
              are one row; what is bounded and counted is executions.
    Laws      fills[0 .. fill_cnt) are applied; recorded ones follow until applied or dropped. */
#ifndef ENGINE_CORE_FILL_H
#define ENGINE_CORE_FILL_H

#include "engine/core/state.h"

void ph_fill_init(ph_market *m, ph_arena *a);

/* Begins a command in which `incoming` arrives (PH_NONE if none does). */
void ph_fill_begin(ph_market *m, uint32_t incoming);

/* A step under construction, which starts as all zero: fills that are recorded behind fill_cnt and
   not applied. */
typedef struct {
    uint32_t
        cnt; /* executions; counts on when there is no room, so that the bound can be checked */
    uint32_t rows; /* that they take */
    bool too_many; /* the command's bound, or the room for contracts, would be passed */
} ph_fill_step;

/* Two orders trade `units` in every period of the window at `price`. */
typedef struct {
    uint32_t a, b; /* slots, in any order */
    ph_window window;
    ph_quantity units;
    ph_price price;
} ph_execution;

void ph_fill_record(ph_market *m, ph_fill_step *step, const ph_execution *x);

/* Gives every recorded fill between a and b a price; see the offer in match.c. */
void ph_fill_price(ph_market *m, const ph_fill_step *step, uint32_t a, uint32_t b, ph_price price);

/* Applies the step: takes the units off the orders.  step->too_many is false. */
void ph_fill_apply(ph_market *m, const ph_fill_step *step);

/* The incoming EACH order meets a resting one: in every period of the window it takes `units`. */
typedef struct {
    uint32_t incoming, resting; /* nodes of the first period */
    ph_window window;           /* no longer than what the command may still record, or 1 */
    ph_quantity units;
} ph_encounter;

/* A step of these executions, recorded and applied.  It joins row *at if it goes on there, or is a
   new one; *at is the row behind its own afterwards.  False, and nothing happened, if it would pass
   the bound. */
bool ph_fill_execute(ph_market *m, const ph_encounter *x, uint32_t *at);

/* Lets every row be of one period. */
void ph_fill_split(ph_market *m);

/* Notes that an order changed in this command. */
void ph_fill_touch(ph_market *m, uint32_t slot);

/* A resting order ends: it leaves the book at once and is told at the end of the command. */
void ph_fill_end(ph_market *m, uint32_t slot, ph_cancel_reason reason);

/* One period of an EACH order that does not rest ends without execution. */
void ph_fill_lose(ph_market *m, uint32_t slot, ph_period t, ph_cancel_reason reason);

/* Ends the command for all orders that changed: trades, transfers, events, holds; filled and ended
   orders are freed.  The incoming order rests, if it is to rest, before this. */
void ph_fill_settle(ph_market *m);

#endif
