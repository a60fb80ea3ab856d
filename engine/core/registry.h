/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/registry.h - participants, sites, hardware classes: who and what there is.

    Each function changes everything or nothing: PH_REJECT_NONE, or why not with its arguments. */
#ifndef ENGINE_CORE_REGISTRY_H
#define ENGINE_CORE_REGISTRY_H

#include "engine/core/state.h"

void ph_registry_init(ph_market *m, ph_arena *a);

ph_reject ph_registry_open(ph_market *m, const ph_open_market *o, int64_t ret_args[2]);
ph_reject ph_registry_participant(ph_market *m, const ph_register_participant *p,
                                  int64_t ret_args[2]);
ph_reject ph_registry_site(ph_market *m, const ph_register_site *s, int64_t ret_args[2]);
ph_reject ph_registry_hardware(ph_market *m, const ph_register_hardware *h, int64_t ret_args[2]);

/* A version that is known and newer than the present one is in force from now on. */
ph_reject ph_registry_rules(ph_market *m, const ph_set_rules_version *r, int64_t ret_args[2]);

/* The next id of a dense numbering, or why it is not. */
ph_reject ph_registry_check_id(uint32_t id, uint32_t cnt, uint32_t max, int64_t args[2]);

#endif
