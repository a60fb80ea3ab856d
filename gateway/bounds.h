/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/bounds.h - every bound of the gateway, and how the bounds relate. */
#ifndef GATEWAY_BOUNDS_H
#define GATEWAY_BOUNDS_H

#include <stdint.h>

#include "engine/base/limits.h"

enum {
    PHG_PROTOCOL_VERSION = 1,
    PHG_ERR_SIZE = 512,            /* a sentence about what could not be done */
    PHG_HEADER_SIZE = 2,           /* version, kind */
    PHG_FRAME_BYTES_MAX = 65536,   /* payload of one frame; one longer message goes alone */
    PHG_FRAME_MESSAGES_MAX = 256,  /* messages of one frame */
    PHG_RUNS_PER_FRAME_MAX = 1024, /* best prices of one market data frame */
    PHG_ROWS_PER_FRAME_MAX = 640,  /* levels, blocks or statistics of one market data frame */
    PHG_SEGMENTS_PER_PUBLIC_TRADE_MAX = 1024,
    PHG_ROUTING_ID_MAX = 255, /* ZeroMQ's own bound */
    PHG_BUSY_MAX = 1024,      /* busy answers that wait for one session */
    PHG_SESSIONS_MAX = 10000, /* largest configuration */
    PHG_FILES_BESIDE = 1024,  /* open files besides sessions: subscribers, handshakes, our own */
    PHG_SESSIONS_PER_PARTICIPANT_MAX = 16,
    PHG_MOVEMENTS_MAX = 1024,       /* of cash, in one message */
    PHG_PERIODS_KEPT_MAX = 16384,   /* periods of one product in a picture; a power of two */
    PHG_PERIOD_CANDLES_MAX = 16384, /* candles by period that a product keeps of each interval */
};

/* Kinds of frames: the second byte of the header. */
enum { PHG_KIND_CLIENT = 1, PHG_KIND_GATEWAY = 2, PHG_KIND_MARKET_DATA = 3 };

/* A run takes at most 2 + 6 + 6 + 11 + 11 + 11 + 11 bytes, a segment 2 + 6 + 6 + 6 + 11. */
_Static_assert(PHG_RUNS_PER_FRAME_MAX * 58 <= PHG_FRAME_BYTES_MAX, "runs fit a frame");
/* A level takes at most 2 + 6 + 6 + 2 + 11 + 11 bytes, a block 2 + 2 + 2 + 2 + 6 + 6 + 6 + 11 + 11,
   statistics 2 + 6 + 6 + 6 * 11, a candle 3 + 4 + 7 + 7 * 11 + 6 + 4: the seconds of
   an interval, those since 1970 and the periods of a product are no large numbers. */
_Static_assert(PHG_ROWS_PER_FRAME_MAX * 101 + 256 <= PHG_FRAME_BYTES_MAX, "rows fit a frame");
_Static_assert(PHG_SEGMENTS_PER_PUBLIC_TRADE_MAX * 31 <= PHG_FRAME_BYTES_MAX, "a trade fits");
_Static_assert(PHG_BUSY_MAX >= PHG_FRAME_MESSAGES_MAX, "a frame's answers always fit once");
_Static_assert(PHG_PERIODS_KEPT_MAX > PH_HORIZON_MAX + 1, "every open period has a place");
_Static_assert(PHG_PERIOD_CANDLES_MAX >= PHG_PERIODS_KEPT_MAX, "one of each open period fits");
_Static_assert((PHG_PERIODS_KEPT_MAX & (PHG_PERIODS_KEPT_MAX - 1)) == 0, "a ring by mask");

#endif
