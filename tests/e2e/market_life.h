/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/e2e/market_life.h - commands of a market that delivers, disputes and sells on: what a day
    of trading alone does not show.

    The command follows from the market and `random` alone.  Suppliers are the participants from
    `supplier` on, buyers those from `buyer` on, `people` of each; `meter` and `auditor` are one
    each. */
#ifndef TESTS_E2E_MARKET_LIFE_H
#define TESTS_E2E_MARKET_LIFE_H

#include "engine/core/market.h"

typedef struct {
    uint32_t supplier, buyer, people, meter, auditor, products;
    uint32_t period_seconds;
    uint32_t key_uses; /* keys are of the first so many uses, 1..PH_KEY_READING */
} life_cast;

/* A command for record `seq`, stamped at_ns. */
ph_command life_command(const ph_market *m, const life_cast *cast, uint64_t seq, uint64_t at_ns,
                        uint64_t random);

#endif
