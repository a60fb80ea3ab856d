/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/keys.h - public keys of participants: connection and signature.

    Law       a key of one use was never another participant's: a revoked one can come back to its
              owner alone.  No key of connections was ever one for reading, or the other way round,
              whoever has it: what it may do does not change.
    Full      a participant has at most PH_KEYS_MAX keys of one use at one time. */
#ifndef ENGINE_CORE_KEYS_H
#define ENGINE_CORE_KEYS_H

#include "engine/core/state.h"

void ph_keys_init(ph_market *m, ph_arena *a);

/* Whether the keys of somebody who is about to be registered can be; then ph_keys_first keeps
   them.  A signature key that is all zero is none. */
ph_reject ph_keys_check_first(const ph_market *m, const ph_register_participant *p,
                              int64_t ret_args[2]);
void ph_keys_first(ph_market *m, uint32_t participant);

/* PH_REJECT_NONE, or why not (nothing changed then). */
ph_reject ph_keys_add(ph_market *m, uint32_t sender, const ph_key_change *k, int64_t ret_args[2]);
ph_reject ph_keys_revoke(ph_market *m, uint32_t sender, const ph_key_change *k,
                         int64_t ret_args[2]);

/* Whether sessions of this key are the sender's to take over. */
ph_reject ph_keys_check_take_over(const ph_market *m, uint32_t sender, const ph_take_over *t,
                                  int64_t ret_args[2]);

/* Builds what is looked things up with, from rows that a snapshot gave back.
   False: a key is there twice, or one owner has too many. */
bool ph_keys_again(ph_market *m);

#endif
