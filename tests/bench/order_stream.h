/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/bench/order_stream.h - a stream of single-price orders that proves its own result.

    File: one header of 128 bytes, then preload_cnt + command_cnt records of 16 bytes, all little
    endian.  The first preload_cnt records are NEW orders that never cross; the rest is what is
    measured.  Order ids are dense from 1, each introduced once, in rising order, by a NEW or an
    IOC.  CANCEL and MODIFY name an order that rests at that moment; a MODIFY keeps the id, always
    changes the price, states the new open quantity, and may trade.  The header carries the trades,
    volume, notional and an order-dependent hash of all executions, so that every engine that reads
    the stream can show that it did what price-time priority asks for.

    Streams are generated too, by the same rules and with the same draws: mix 50 % new, 45 % cancel
    of a random live order, 3 % IOC two ticks through the best price, 2 % modify; prices at a
    geometric distance (p = 0.08, at most 50 ticks) from a fair value that walks slowly. */
#ifndef TESTS_BENCH_ORDER_STREAM_H
#define TESTS_BENCH_ORDER_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#define STREAM_MAGIC UINT64_C(0x31304D5254534F42) /* "BOSTRM01" */

enum { STREAM_NEW = 0, STREAM_CANCEL = 1, STREAM_IOC = 2, STREAM_MODIFY = 3, STREAM_TYPES = 4 };
enum { STREAM_BUY = 0, STREAM_SELL = 1 };

typedef struct {
    uint64_t magic;
    uint32_t instrument_cnt, preload_cnt, command_cnt, id_max;
    uint32_t price_low, price_high; /* of all records */
    uint64_t seed;
    uint64_t trades, volume, notional, fifo; /* of the measured part */
    uint32_t live_at_end, unused0;
    uint64_t unused[6];
} stream_header;

typedef struct {
    uint32_t id, instrument;
    uint16_t price, quantity;
    uint8_t type, side;
    uint16_t flags;
} stream_record;

_Static_assert(sizeof(stream_header) == 128 && sizeof(stream_record) == 16, "layout");

typedef struct {
    stream_header header;
    stream_record *v; /* preload, then measured; from malloc */
} order_stream;

/* One step of the hash over executions. */
static inline uint64_t stream_fifo(uint64_t h, uint32_t maker, uint32_t taker, uint32_t quantity)
{
    uint64_t x = (uint64_t)maker * UINT64_C(0x9E3779B97F4A7C15) +
                 (uint64_t)taker * UINT64_C(0xC2B2AE3D27D4EB4F) + quantity;
    return (h ^ x) * UINT64_C(0xD6E8FEB86659FD93) + 1;
}

/* A generated stream; the process ends when there is no memory. */
order_stream stream_generate(uint32_t instruments, uint32_t resting, uint32_t commands,
                             uint64_t seed);

/* Reads a file; the process ends with a message when it is not a stream. */
order_stream stream_read(const char *path);

void stream_free(order_stream *s);

#endif
