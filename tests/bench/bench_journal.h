/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/bench/bench_journal.h - a journal of an order stream, made by the real writer.

    Every command is applied, appended with its events, and made durable in batches, as the engine
    does it. */
#ifndef TESTS_BENCH_BENCH_JOURNAL_H
#define TESTS_BENCH_BENCH_JOURNAL_H

#include "tests/bench/bench_market.h"

enum { BENCH_JOURNAL_BATCH = 256 };

typedef struct {
    uint64_t records, batches, bytes, event_bytes;
    uint64_t tail; /* records behind the snapshot that was written */
    ph_market_limits limits;
} bench_journal;

/* Writes one to an empty directory: `resting` orders, then `commands` of the mix.  A snapshot is
   written into its folder nine tenths of the way.  The process ends with a message when something
   fails. */
bench_journal bench_journal_write(const char *directory, uint32_t resting, uint32_t commands);

#endif
