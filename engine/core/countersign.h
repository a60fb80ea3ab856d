/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/countersign.h - which parties of a contract have countersigned it.

    The market knows that a party did, with a key that was its own then; whether the signature
    holds is for those who can verify one: the notary, auditors, the parties themselves.  The
    journal keeps every signature.

    Law       only a party of a contract has countersigned it. */
#ifndef ENGINE_CORE_COUNTERSIGN_H
#define ENGINE_CORE_COUNTERSIGN_H

#include "engine/core/state.h"

void ph_countersign_init(ph_market *m, ph_arena *a);

/* PH_REJECT_NONE, or why not (nothing changed then).  *ret_first is false if the sender had
   countersigned the contract before. */
ph_reject ph_countersign_take(ph_market *m, uint32_t sender, const ph_countersign_contract *c,
                              int64_t ret_args[2], bool *ret_first);

/* NULL, or the law that does not hold. */
const char *ph_countersign_broken(const ph_market *m);

#endif
