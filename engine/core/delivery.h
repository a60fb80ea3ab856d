/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/delivery.h - reports, confirmations, disputes, and what is paid for what came
    (rulebook 8).

    A contract-period is AWAITED until it is reported; a reported one is final when the buyer
    confirms it, when nobody disputes it in time, or when its dispute is resolved.  It ends with
    DELIVERY_FINAL and its transfers, and is forgotten. */
#ifndef ENGINE_CORE_DELIVERY_H
#define ENGINE_CORE_DELIVERY_H

#include "engine/core/state.h"

/* Each: PH_REJECT_NONE, or why not (nothing changed then).  The caller has emitted the answer. */
ph_reject ph_delivery_report(ph_market *m, uint32_t sender, const ph_report_delivery *r,
                             int64_t ret_args[2]);
ph_reject ph_delivery_confirm(ph_market *m, uint32_t sender, const ph_confirm_delivery *c,
                              int64_t ret_args[2]);
ph_reject ph_delivery_dispute(ph_market *m, uint32_t sender, const ph_delivery_figure *f,
                              int64_t ret_args[2]);
ph_reject ph_delivery_resolve(ph_market *m, const ph_delivery_figure *f, int64_t ret_args[2]);
ph_reject ph_delivery_access(ph_market *m, uint32_t sender, const ph_hand_over_access *a,
                             int64_t ret_args[2]);

/* Ends every window that is due at `due_ns`, in order of contract, then period. */
void ph_delivery_run(ph_market *m, uint64_t due_ns);

#endif
