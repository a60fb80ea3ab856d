/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/finality.h - the money of a contract-period that is final (rulebook 8, 9). */
#ifndef ENGINE_CORE_FINALITY_H
#define ENGINE_CORE_FINALITY_H

#include "engine/core/state.h"

/* The contract-period ends with `delivered` unit-seconds: tells, pays and forgets it. */
void ph_finality_end(ph_market *m, uint32_t delivery, uint64_t delivered, ph_final_cause cause);

/* The buyer's own claim ends because it confirmed: its deposit goes by the report.  The dispute
   ends with its last claim. */
void ph_finality_withdraw_claim(ph_market *m, uint32_t delivery);

#endif
