/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/replay/limits.h - the market's table sizes as bytes: what the journal's segments state.

      0  u32  version            3
      4  u32  participants_max   and so on, in the order of ph_market_limits; 72 bytes in all

    Two runs are equal only with equal tables, so a replica takes its sizes from here. */
#ifndef ENGINE_REPLAY_LIMITS_H
#define ENGINE_REPLAY_LIMITS_H

#include "engine/base/status.h"
#include "engine/core/market.h"

enum { PH_LIMITS_SIZE = 72 };

void ph_limits_write(const ph_market_limits *limits, uint8_t to[PH_LIMITS_SIZE]);

/* PH_EVERSION: written by a newer program; PH_ECORRUPT: not such bytes.  *ret is untouched on
   failure.  Whether the sizes make sense is for ph_market_footprint to say. */
ph_status ph_limits_read(const void *bytes, size_t size, ph_market_limits *ret);

#endif
