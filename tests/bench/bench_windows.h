/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/bench/bench_windows.h - rows of bench_core about orders of many periods, and blocks.

    Each prints its rows, medians of several runs, beside the bare array ladder where that can do
    the same with orders of one period each. */
#ifndef TESTS_BENCH_BENCH_WINDOWS_H
#define TESTS_BENCH_BENCH_WINDOWS_H

#include "tests/bench/bench_market.h"

enum { BENCH_BLOCKS = 4000 };

/* SELL EACH over 720 periods. */
void bench_window_rows(void);

/* BUY BLOCK of 24 and 720 periods against 100,000 resting orders. */
void bench_block_rows(void);

/* SELL EACH with and without BENCH_BLOCKS resting blocks that it cannot complete. */
void bench_beside_blocks_rows(void);

/* Nanoseconds of a SELL EACH of one period beside so many blocks that are supplied and too dear. */
double bench_beside_blocks(uint32_t blocks);

/* Latency of kinds of command that no stream of single-period orders has. */
void bench_kind_rows(void);

#endif
