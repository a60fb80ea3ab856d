/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/period_candles.h - prices and volume of each period of one product, by minute, hour and
    day of journal time.

    A candle of a period counts as one of gateway/candles.h does, with what was traded in that
    period alone: its volume is units, its trades are those with units in the period.  Candles are
    made when a period trades and go when it closes.  Periods whose candles have been equal from the
    first fill on are one run, so that a block costs a row and not a row for each of its hours.

    Of each interval at most `max` candles of all periods together are kept after a trade.  When
    there are more, those that began first leave, all of one start together, until that many are
    left or but the newest start is; so a candle that is still being made never leaves.

    Owns      its rows; phg_period_candles_release accepts a zeroed one.
    Units     as in gateway/candles.h.
    Laws      groups ascend by start, runs of a group by period; no two runs of a group overlap.
              While it is followed `sum` is the sum over the rows of all periods that were told.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef GATEWAY_PERIOD_CANDLES_H
#define GATEWAY_PERIOD_CANDLES_H

#include "engine/wire/command.h"
#include "gateway/candles.h"

/* What periods have in one interval; is_new and sum of the candle are not used. */
typedef struct {
    ph_window window;
    uint64_t last_trade; /* that was counted */
    phg_candle candle;
} phg_candle_run;

/* What began at the same time. */
typedef struct {
    uint64_t start;
    phg_candle_run *v;
    uint32_t cnt, max;
    uint32_t periods;               /* of all runs */
    ph_period news_first, news_end; /* runs that are new lie in [news_first, news_end) */
} phg_candle_group;

/* Candles of one interval. */
typedef struct {
    phg_candle_group *v;
    uint32_t cnt, max;
    uint32_t periods;        /* of all groups */
    uint64_t dropped_before; /* what began before left since it was told; 0: nothing did */
} phg_candle_series;

typedef struct {
    phg_candle_series series[PHG_INTERVALS];
    uint64_t sum;
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

/* The trade is over: keeps to the bound. */
void phg_period_candles_keep(phg_period_candles *c, uint32_t max);

/* Forgets the periods before `end`.  True if any had candles. */
bool phg_period_candles_close(phg_period_candles *c, ph_period end);

/* From here on the sum is kept; everything counts as told. */
void phg_period_candles_follow(phg_period_candles *c);

/* Called for each run, by interval, start and period. */
typedef void (*phg_candle_run_tell)(void *arg, uint32_t interval, const phg_candle_run *run);

void phg_period_candles_all(const phg_period_candles *c, phg_candle_run_tell tell, void *arg);

/* Tells what is new and takes it into the sum. */
void phg_period_candles_news(phg_period_candles *c, phg_candle_run_tell tell, void *arg);

#endif
