/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/bench/array_ladder.h - a bare price-time book: what the core is measured against.

    One array of levels per instrument and side-less price, linked lists of orders, a linear scan
    for the next best price.  No accounts, no checks, no events: the least that matching can be. */
#ifndef TESTS_BENCH_ARRAY_LADDER_H
#define TESTS_BENCH_ARRAY_LADDER_H

#include "tests/bench/order_stream.h"

enum { LADDER_PRICES = 2048 };

typedef struct {
    uint32_t prev, next, instrument;
    uint16_t price, quantity;
    uint8_t side;
} ladder_order;

typedef struct {
    uint32_t head, tail;
} ladder_level;

typedef struct {
    ladder_level *levels; /* by price */
    int bid, ask;         /* best prices; 0 and LADDER_PRICES: none */
} ladder_book;

typedef struct {
    ladder_order *orders; /* by id */
    ladder_book *books;
    ladder_level *levels;
    uint64_t trades, volume, notional, fifo;
    void (*filled)(void *arg, uint32_t order); /* a resting order was used up; may be NULL */
    void *arg;
} array_ladder;

array_ladder ladder_new(uint32_t instruments, uint32_t id_max);
void ladder_free(array_ladder *l);

/* Applies one record. */
void ladder_apply(array_ladder *l, const stream_record *r);

#endif
