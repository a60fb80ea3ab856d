/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/replay/market_block.h - an empty market in a block of memory of its own.

    Owns      the caller owns the market and gives it back with ph_market_block_free.
    Thread    any. */
#ifndef ENGINE_REPLAY_MARKET_BLOCK_H
#define ENGINE_REPLAY_MARKET_BLOCK_H

#include "engine/base/status.h"
#include "engine/core/market.h"

/* PH_EINVAL: the limits make no sense; PH_EFULL: no memory. */
ph_status ph_market_block_new(const ph_market_limits *limits, ph_market **ret);

/* Accepts NULL. */
void ph_market_block_free(ph_market *m);

#endif
