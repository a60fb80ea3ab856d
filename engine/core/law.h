/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/law.h - the laws of single modules, which ph_market_broken puts together. */
#ifndef ENGINE_CORE_LAW_H
#define ENGINE_CORE_LAW_H

#include "engine/core/state.h"

/* NULL, or the first law of contracts, their periods, lots and disputes that does not hold. */
const char *ph_law_contracts(const ph_market *m);

#endif
