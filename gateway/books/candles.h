/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/candles.h - prices and volume of one product by minute, hour and day of journal
    time.

    Open, high, low and close are of fills between two EACH orders, in the order in which they
    executed; volume, average and the number of trades of every trade.  All delivery periods
    count.  The stamps of the records decide, so the same records give the same candles.

    Owns      its rings, made at the first trade; phg_candles_release accepts a zeroed one.
    Units     prices micro-units per unit and period; volume unit-periods; starts in seconds.
    Laws      of each interval at most PHG_CANDLES_KEPT candles, ascending by start; between two of
              them nothing was traded.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef GATEWAY_BOOKS_CANDLES_H
#define GATEWAY_BOOKS_CANDLES_H

#include "engine/base/money.h"
#include "engine/base/status.h"
#include "engine/base/types.h"

enum { PHG_INTERVALS = 3, PHG_CANDLES_KEPT = 400 };

typedef struct {
    uint64_t start; /* seconds since 1970, a multiple of the interval */
    ph_price open, high, low, close;
    uint64_t volume, trades;
    ph_wide notional;
    uint64_t opened_by, closed_by; /* sequence of the commands whose fills did */
    uint64_t sum;                  /* what it is in the checksum */
    bool is_new;                   /* not told as it is */
} phg_candle;

typedef struct {
    phg_candle *v; /* a ring: candle i at (first + i) % PHG_CANDLES_KEPT */
    uint32_t first, cnt;
    uint64_t gone; /* sums of candles that left the ring since the last publish */
} phg_candle_ring;

typedef struct {
    phg_candle_ring ring[PHG_INTERVALS];
} phg_candles;

/* One minute, one hour, one day. */
uint32_t phg_candle_seconds(uint32_t interval);

void phg_candles_release(phg_candles *c);

/* A trade begins at this stamp. */
ph_status phg_candles_trade(phg_candles *c, ph_time at);

/* A fill of the trade that began last, in `periods` periods. */
typedef struct {
    uint64_t seq;
    ph_side taker;
    ph_quantity quantity;
    uint32_t periods;
    ph_price price;
    bool is_each;
} phg_candle_fill;

void phg_candles_fill(phg_candles *c, const phg_candle_fill *fill);

/* Takes the price of a fill between two EACH orders into one candle. */
void phg_candle_price(phg_candle *c, const phg_candle_fill *fill);

/* Candle i of an interval, from the oldest that is kept. */
phg_candle *phg_candle_at(const phg_candles *c, uint32_t interval, uint32_t i);

ph_price phg_candle_average(const phg_candle *c); /* rounded down */

#endif
