/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/limits.h - every bound of the market, and how the bounds relate.

    Bounds that are rules of the market (they decide what is accepted) are here.  Bounds that are
    sizes of tables (how many orders fit) are configuration: see ph_market_limits. */
#ifndef ENGINE_BASE_LIMITS_H
#define ENGINE_BASE_LIMITS_H

#include <stdint.h>

#define PH_PRICE_MAX    INT64_C(1000000000000000) /* 10^15 micro-units per unit and period */
#define PH_QUANTITY_MAX UINT32_C(1000000000)      /* 10^9 units per order and period */
#define PH_PPM          INT64_C(1000000)
#define PH_FEE_PPM_MAX  INT64_C(1000000)  /* a fee is at most the whole notional */
#define PH_BOND_PPM_MAX INT64_C(10000000) /* a bond is at most ten times the price */
#define PH_NS_PER_S     UINT64_C(1000000000)

enum {
    PH_EACH_PERIODS_MAX = 2208,         /* longest window of an EACH order */
    PH_BLOCK_PERIODS_MAX = 8784,        /* longest block: a leap year of hours */
    PH_HORIZON_MAX = 8784,              /* periods that a product may open ahead */
    PH_FLEX_STARTS_MAX = 168,           /* starts of a FLEX order */
    PH_BLOCKS_PER_PARTICIPANT_MAX = 64, /* resting blocks per participant and product */
    PH_BLOCKS_PER_SIDE_MAX = 4096,      /* resting blocks per product and side */
    PH_FILLS_PER_COMMAND_MAX = 65536,   /* one resting order in one period is one fill */
    PH_WORK_PER_COMMAND_MAX = 1048576,  /* blocks looked at by one command (see core/match) */
    PH_CLIENT_IDS_KEPT = 4096,          /* client order ids per participant that can be answered */
    PH_WINDOW_SECONDS_MIN = 60,         /* shortest report, dispute or resolve window */
    PH_COMMAND_BYTES_MAX = 1024,        /* longest encoded command */
    PH_GROUP_MEMBERS_MAX = 8,           /* orders of an exclusive group */
    PH_RESALES_MAX = 8,                 /* links of a chain of resales */
    PH_DISPLAY_CLIPS_MAX = 64,          /* an iceberg's quantity over what it shows */
    PH_KEYS_MAX = 4,                    /* keys of one use that a participant has at one time */
    PH_KEYS_EVER_MAX = 256,             /* keys ever of a participant: one cannot fill the table */
    PH_NOTARY_KEYS_MAX = 256,           /* keys ever that sign contracts */
    PH_ACCESS_BYTES_MAX = 512,          /* longest sealed access */
};

_Static_assert(PH_EACH_PERIODS_MAX <= PH_HORIZON_MAX, "an EACH window fits the open periods");
_Static_assert(PH_BLOCK_PERIODS_MAX <= PH_HORIZON_MAX, "a block fits the open periods");
_Static_assert((PH_CLIENT_IDS_KEPT & (PH_CLIENT_IDS_KEPT - 1)) == 0, "a ring indexed by mask");

#endif
