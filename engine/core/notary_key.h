/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/notary_key.h - the keys that were named to sign contracts, in order.

    The first is that of OPEN_MARKET.  Each later one was named by an OPERATOR, with a proof that
    its secret half exists.  The market keeps the proofs and cannot verify them: a key whose proof
    does not hold never is in force (engine/notary/notary_keys.h).

    Law       no key is named twice, and none that is a participant's at that time.
    Full      PH_NOTARY_KEYS_MAX keys ever. */
#ifndef ENGINE_CORE_NOTARY_KEY_H
#define ENGINE_CORE_NOTARY_KEY_H

#include "engine/core/state.h"

void ph_notary_key_init(ph_market *m, ph_arena *a);

/* The key of OPEN_MARKET. */
void ph_notary_key_first(ph_market *m, const ph_key *key);

/* PH_REJECT_NONE, or why not (nothing changed then). */
ph_reject ph_notary_key_rotate(ph_market *m, const ph_rotate_notary_key *r, int64_t ret_args[2]);

/* NULL, or what is wrong with the keys that a snapshot gave back. */
const char *ph_notary_key_wrong(const ph_market *m);

#endif
