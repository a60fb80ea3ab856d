/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/state_hash.h - the whole state of a market in 32 bytes.

    Owns      nothing.
    Thread    one. */
#ifndef CLIENTS_AUDIT_STATE_HASH_H
#define CLIENTS_AUDIT_STATE_HASH_H

#include "engine/core/market.h"

/* BLAKE2b-256, without key and personalisation, of the canonical bytes of engine/core/snapshot.h:
   two markets that went through the same commands have the same.  O(state). */
ph_hash ph_state_hash(const ph_market *m);

#endif
