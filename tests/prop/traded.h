/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/traded.h - what was traded, found the naive way from the events of the market alone.

    A plain list of fills, and one of what each fill was in each of its periods that were open then.
    Statistics and candles are found anew each time over the lists, as gateway/PROTOCOL.md words
    them; nothing here is of the gateway.

    Owns      its lists, which have a fixed size.
    Units     as in the protocol.
    Failure   stops the test. */
#ifndef TESTS_PROP_TRADED_H
#define TESTS_PROP_TRADED_H

#include "engine/core/market.h"
#include "engine/wire/event.h"

enum { TRADED_PRODUCTS_MAX = 4, TRADED_CANDLES_KEPT = 400 };

/* A row of statistics or of candles; what a stream does not tell is 0. */
typedef struct {
    uint32_t interval_seconds, period;
    uint64_t start;
    int64_t open, high, low, close; /* of statistics close is the last price */
    uint64_t volume, trades, open_interest;
    int64_t average;
} traded_row;

/* A new market.  period_candles_max: of each interval of a product. */
void traded_begin(uint32_t period_candles_max);

/* What the market said to a command, right after it. */
void traded_take(const ph_market *m, const ph_command *c, const ph_event *events, uint32_t cnt);

/* The rows of a product, as a snapshot has them, in room for `max`; how many there are.
   Statistics by period; candles by interval and start; of periods by interval, start, period. */
uint32_t traded_statistics(uint32_t product, traded_row *rows, uint32_t max);
uint32_t traded_candles(uint32_t product, traded_row *rows, uint32_t max);
uint32_t traded_period_candles(uint32_t product, traded_row *rows, uint32_t max);

/* Candles by period that left since the market began because there were too many. */
uint64_t traded_left(void);

#endif
