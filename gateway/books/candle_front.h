/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/candle_front.h - the candles of periods that began last, and are still being made.

    Periods whose candles have been equal from the first fill on are one run.  Runs stand in no
    order and do not move when another one is made; where one begins is a bit, so that it is found
    by its period and all are seen in order.

    Owns      its rows and bits; phg_candle_front_release accepts a zeroed one.
    Lifetime  a run is valid until the next make, cut or remove.
    Laws      no two runs overlap; all lie in [first, end), which phg_candle_front_reach widens
              before a period outside is looked at.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef GATEWAY_BOOKS_CANDLE_FRONT_H
#define GATEWAY_BOOKS_CANDLE_FRONT_H

#include "engine/wire/command.h"
#include "gateway/books/candles.h"

/* What periods have in one interval.  The sum of the candle is that of all its periods, 0 if it is
   not known; is_new says that it is not in the sum of all. */
typedef struct {
    ph_window window;
    uint64_t last_trade; /* that was counted */
    phg_candle candle;
} phg_candle_run;

enum { PHG_STRETCH_PERIODS = 64 };

/* PHG_STRETCH_PERIODS neighbouring periods, the first of which is a multiple of them: where runs
   begin, and which are new, by bits. */
typedef struct {
    uint64_t begins, news;
    uint32_t run[PHG_STRETCH_PERIODS]; /* index of the run that begins in a period */
} phg_candle_stretch;

/* What began last and is still being made. */
typedef struct {
    uint64_t start, until; /* seconds since 1970: [start, until) */
    phg_candle_run *v;     /* in no order */
    uint32_t cnt, max;
    uint32_t periods;               /* of all runs */
    ph_period first, end;           /* runs lie in [first, end) */
    ph_period news_first, news_end; /* those that are new begin in [news_first, news_end) */
    phg_candle_stretch *stretches;  /* of period t: t / 64 & (stretch_max - 1) */
    uint32_t stretch_max;           /* a power of two; 0: none */
    bool is_passed_on;              /* all of it is in the next longer interval too */
} phg_candle_front;

void phg_candle_front_release(phg_candle_front *f);

static inline ph_period phg_candle_run_end(const phg_candle_run *run)
{
    return run->window.first + run->window.periods;
}

static inline phg_candle_stretch *phg_candle_stretch_of(const phg_candle_front *f, ph_period t)
{
    return &f->stretches[t / PHG_STRETCH_PERIODS & (f->stretch_max - 1)];
}

static inline uint64_t phg_candle_bit_of(ph_period t)
{
    return UINT64_C(1) << t % PHG_STRETCH_PERIODS;
}

/* The run that begins in this period, where one does. */
static inline phg_candle_run *phg_candle_front_at(const phg_candle_front *f, ph_period t)
{
    return &f->v[phg_candle_stretch_of(f, t)->run[t % PHG_STRETCH_PERIODS]];
}

/* First period of [t, end) in which a run begins, or one that is new; `end`: none does. */
ph_period phg_candle_front_next(const phg_candle_front *f, ph_period t, ph_period end,
                                bool is_news);

/* The run that this period is in, but not the first of.  NULL: it is in none. */
phg_candle_run *phg_candle_front_over(const phg_candle_front *f, ph_period t);

/* From here on every period of the window may be in a run. */
ph_status phg_candle_front_reach(phg_candle_front *f, ph_window w);

/* A new run of a window in which no run is.  NULL: no memory. */
phg_candle_run *phg_candle_front_make(phg_candle_front *f, ph_window w);

/* Cuts the run with this index in two before period t, which is in it.  NULL: no memory; else the
   first of them.  The sums of both are not known. */
phg_candle_run *phg_candle_front_cut(phg_candle_front *f, uint32_t index, ph_period t);

/* Says where this run begins, if it is new too. */
void phg_candle_front_place(phg_candle_front *f, const phg_candle_run *run);

/* Takes out a run whose bits are no longer set; `periods` is the caller's. */
void phg_candle_front_remove(phg_candle_front *f, phg_candle_run *run);

/* No run is there any more. */
void phg_candle_front_empty(phg_candle_front *f);

/* No run counts as new any more; their is_new is the caller's. */
void phg_candle_front_told(phg_candle_front *f);

#endif
