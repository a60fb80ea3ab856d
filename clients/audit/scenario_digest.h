/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/scenario_digest.h - a market's state in 32 bytes, for comparing two of them.

    Owns      nothing.
    Thread    one. */
#ifndef CLIENTS_AUDIT_SCENARIO_DIGEST_H
#define CLIENTS_AUDIT_SCENARIO_DIGEST_H

#include "engine/core/market.h"

/* BLAKE2b-256 of: u64 sequence; every account with a balance other than 0, by kind, then id (u8
   kind, u64 id, i64 balance); every resting order up to last_order, by id (u64 id, u32 participant,
   u64 open unit-periods, and the canonical bytes of the NEW_ORDER that it came by, replaced terms
   included).  Integers are little-endian. */
ph_hash ph_scenario_digest(const ph_market *m, ph_order_id last_order);

#endif
