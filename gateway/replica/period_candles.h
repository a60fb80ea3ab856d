/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/period_candles.h - prices and volume of each period of one product, by minute,
    hour and day of journal time.

    A candle of a period counts as one of gateway/books/candles.h does, with what was traded in that
    period alone: its volume is units, its trades are those with units in the period.  Candles are
    made when a period trades and go when it closes.  Periods whose candles have been equal from the
    first fill on are one run, so that a block costs a row and not a row for each of its hours.

    Of each interval at most `max` candles of all periods together are kept after a trade.  When
    there are more, those that began first leave, all of one start together, until that many are
    left or but the newest start is; so a candle that is still being made never leaves.

    A fill costs what its runs cost, however many others there are: what is still being made of an
    interval, its front, is found by period.  When the next minute, hour or day begins, the runs of
    the front are put in order once and become a group.  While nobody follows, a fill is taken into
    its minute alone, a minute into its hour when it is over, and an hour into its day;
    phg_period_candles_catch_up does so at once.

    Owns      its rows; phg_period_candles_release accepts a zeroed one.
    Units     as in gateway/books/candles.h.
    Laws      groups ascend by start, the front is after them; runs of a group ascend by period; no
              two runs of a start overlap.  While it is followed `sum` is the sum over the rows of
              all periods that were told.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_ECORRUPT: a fill from before what is complete. */
#ifndef GATEWAY_REPLICA_PERIOD_CANDLES_H
#define GATEWAY_REPLICA_PERIOD_CANDLES_H

#include "gateway/books/candle_front.h"

/* What began at the same time and is complete. */
typedef struct {
    uint64_t start;
    phg_candle_run *v; /* runs [first, first + cnt) */
    uint32_t first, cnt;
    uint32_t periods; /* of all runs */
    bool has_news;    /* some runs are new */
} phg_candle_group;

/* Candles of one interval. */
typedef struct {
    phg_candle_group *v; /* groups [first, first + cnt) */
    uint32_t first, cnt, max;
    phg_candle_front front;
    uint32_t periods;        /* of all */
    uint64_t dropped_before; /* what began before left since it was told; 0: nothing did */
} phg_candle_series;

typedef struct {
    phg_candle_series series[PHG_INTERVALS];
    uint64_t sum;
    uint32_t kept_max; /* of the last phg_period_candles_keep; 0: there was none */
    bool is_followed;
} phg_period_candles;

void phg_period_candles_release(phg_period_candles *c);

/* A fill of a trade at this stamp, in each period of the window; fill->periods is not looked at. */
typedef struct {
    ph_time at;
    ph_trade_id trade;
    ph_window window;
    const phg_candle_fill *fill;
} phg_period_fill;

ph_status phg_period_candles_fill(phg_period_candles *c, const phg_period_fill *fill);

/* Every interval has all fills, and is kept to the bound. */
ph_status phg_period_candles_catch_up(phg_period_candles *c);

/* The trade is over: keeps to the bound. */
void phg_period_candles_keep(phg_period_candles *c, uint32_t max);

/* Catches up and forgets the periods before `end`.  *ret_had_any: any of them had candles. */
ph_status phg_period_candles_close(phg_period_candles *c, ph_period end, bool *ret_had_any);

/* Catches up; from here on the sum is kept, and everything counts as told. */
ph_status phg_period_candles_follow(phg_period_candles *c);

/* Called for each run, by interval, start and period. */
typedef void (*phg_candle_run_tell)(void *arg, uint32_t interval, const phg_candle_run *run);

/* After catching up, or while it is followed. */
void phg_period_candles_all(const phg_period_candles *c, phg_candle_run_tell tell, void *arg);

/* Tells what is new and takes it into the sum. */
void phg_period_candles_news(phg_period_candles *c, phg_candle_run_tell tell, void *arg);

#endif
