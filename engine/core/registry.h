/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/registry.h - participants, sites, hardware classes, products: who and what there is.

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
ph_reject ph_registry_product(ph_market *m, const ph_product_terms *p, int64_t ret_args[2]);

#endif
