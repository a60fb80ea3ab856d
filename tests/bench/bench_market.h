/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/bench/bench_market.h - a market to be measured: set up, fed, timed. */
#ifndef TESTS_BENCH_BENCH_MARKET_H
#define TESTS_BENCH_BENCH_MARKET_H

#include <stddef.h>

#include "engine/core/market.h"

enum {
    BENCH_SUPPLIERS = 32,
    BENCH_BUYERS = 64,     /* 64 blocks of each, to fill a side */
    BENCH_PERIOD = 480000, /* the present, in hours */
    BENCH_FIRST = BENCH_PERIOD + 1,
};

typedef struct {
    ph_market *m;
    void *block;
    size_t size;
    ph_events out;
    ph_market_limits limits;
    uint64_t seq, at_ns;
    uint64_t client_order_id[2 + BENCH_SUPPLIERS + BENCH_BUYERS];
    uint64_t rejected;
} bench_market;

/* Called after every command of every market from here on; NULL: no longer. */
typedef void bench_listener(const ph_command *c, const ph_events *events);
void bench_listen(bench_listener *listener);

/* A market with rich participants: suppliers 2 .. 33, buyers 34 .. 97, enough capacity, and
   `products` products of one period length with fees and a bond. */
bench_market bench_market_new(const ph_market_limits *limits, uint32_t products);
void bench_market_free(bench_market *b);

/* Limits for so many products, periods ahead, resting orders and order-periods. */
ph_market_limits bench_limits(uint32_t products, uint32_t periods, uint32_t orders,
                              uint32_t order_periods);

/* Applies a command that has no sequence yet; counts refusals. */
void bench_apply(bench_market *b, ph_command *c);

/* A GTC order of a participant (by turns of the side's participants), with its next id. */
ph_command bench_order(bench_market *b, uint32_t turn, ph_side side, ph_shape shape,
                       ph_window window);

/* Nanoseconds of a clock that only rises. */
uint64_t bench_now(void);

/* Median of n figures; sorts them. */
double bench_median(double *v, uint32_t n);

/* Prints a row with median, 99th and 99.9th percentile and the largest; sorts them. */
void bench_latency_row(const char *name, uint32_t *v, uint32_t cnt);

#endif
