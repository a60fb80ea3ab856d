/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/question.h - questions that the market answers (rulebook 14): read only.

    An answer holds as of the market's sequence.  Hidden iceberg quantity counts: it is hidden, not
    secret.  Nothing of the market changes: an order that is asked about is tried in a double of
    its product's book.

    Owns      nothing: the double lives in a block of the asker, ph_question_footprint bytes; who
              asks nothing pays nothing.
    Thread    that of the market. */
#ifndef ENGINE_CORE_QUESTION_H
#define ENGINE_CORE_QUESTION_H

#include "engine/base/status.h"
#include "engine/core/market.h"

typedef struct ph_question ph_question;

size_t ph_question_footprint(const ph_market_limits *limits);

/* A room for questions to markets of these limits, in a block that is all zero, aligned to 64. */
ph_question *ph_question_init(void *block, const ph_market_limits *limits);

/* ---- Preview: what an order would do now --------------------------------------------------- */

/* Units that would execute in one period at one price. */
typedef struct {
    ph_period period;
    ph_price price;
    uint64_t units;
} ph_preview_fill;

typedef struct {
    ph_reject reject; /* what it would be answered; when not NONE, only the arguments count */
    int64_t args[2];
    ph_money hold;              /* on acceptance, before anything executes */
    ph_money hold_after;        /* when its command is over */
    uint64_t executed;          /* unit-periods */
    uint64_t left;              /* unit-periods that would rest, or end */
    ph_cancel_reason ends;      /* why what is left would end; 0: it would rest, or none is left */
    ph_money notional;          /* of what executes; notional / executed is the average price */
    ph_money fee, fee_at_trade; /* resale: on all that it can come to in the end */
    ph_money bond;              /* SELL: put down for what executes */
    uint32_t contracts;         /* that it would conclude */
    uint32_t fill_cnt;          /* all there are; fills that find no room are counted only */
} ph_preview;

/* Room of the caller for fills. */
typedef struct {
    ph_preview_fill *v;
    uint32_t max;
} ph_preview_fills;

/* Tries an order of a participant.  Fills are sorted by period, then from the best price on. */
void ph_question_preview(ph_question *q, const ph_market *m, ph_participant_id who,
                         const ph_new_order *n, ph_preview *ret, ph_preview_fills fills);

/* ---- Why: what would have to differ for all of an order to execute at once ------------------ */

enum { PH_WHY_PRODUCTS_MAX = 16, PH_WHY_STARTS_MAX = 1024, PH_WHY_QUANTITIES_MAX = 1024 };

typedef struct {
    ph_reject reject;       /* of the order as it stands; when not NONE, nothing else is answered */
    bool fills;             /* all of it would execute as it stands */
    ph_price price;         /* BUY: the lowest, SELL: the highest at which all of it executes;
                              a tick less (SELL: more) would not.  0: there is none */
    ph_reject price_reject; /* price is 0 because an order at that price would be refused so */
    ph_quantity quantity;   /* the largest that executes at the order's price; 0: none, or none of
                               those that were tried */
    bool more_quantities;   /* there are larger ones that were not tried: beside resting blocks the
                               PH_WHY_QUANTITIES_MAX lots next to the order's quantity are tried one
                               by one, below them not all */
    bool has_start;         /* the window moved to `start` executes; no nearer one does (equal: */
    ph_period start;        /* the earlier) */
    bool more_starts;       /* there are starts that were not tried */
    uint32_t product_cnt;   /* others of the same compute type in which the order executes */
    ph_product_id products[PH_WHY_PRODUCTS_MAX];
} ph_why;

void ph_question_why(ph_question *q, const ph_market *m, ph_participant_id who,
                     const ph_new_order *n, ph_why *ret);

/* ---- Fillable depth ------------------------------------------------------------------------- */

typedef struct {
    ph_product_id product;
    ph_side side;             /* of the block that is thought of: BUY asks what is offered */
    uint32_t periods;         /* d: its length, 1 .. the product's longest block */
    ph_window starts;         /* starts that are asked about; those not open have no units */
    ph_price limit;           /* of every unit's average price; 0: none */
    ph_participant_id except; /* whose own orders are left out; 0: nobody's */
} ph_depth_question;

typedef struct {
    uint64_t units;    /* that one block from this start could take */
    ph_money notional; /* what they cost; notional / (units * periods) is the average price */
} ph_depth_answer;

/* ret has room for a->starts.periods answers.  PH_EINVAL: no such product, or a length that it does
   not have. */
ph_status ph_question_depth(const ph_market *m, const ph_depth_question *a, ph_depth_answer *ret);

#endif
