/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/terms.h - products: listing, versions of their terms, their state.

    Each function changes everything or nothing: PH_REJECT_NONE, or why not with its arguments.
    Those that end orders answer the command themselves. */
#ifndef ENGINE_CORE_TERMS_H
#define ENGINE_CORE_TERMS_H

#include "engine/core/state.h"

void ph_terms_init(ph_market *m, ph_arena *a);

/* A new product with the first version of its terms. */
ph_reject ph_terms_list(ph_market *m, const ph_product_terms *p, int64_t ret_args[2]);

/* The next version of a product's terms.  Answers with DONE. */
ph_reject ph_terms_renew(ph_market *m, const ph_product_terms *terms, int64_t ret_args[2]);

/* LISTED, HALTED or, for good, DELISTED.  Answers with DONE. */
ph_reject ph_terms_set_state(ph_market *m, const ph_set_product_state *s, int64_t ret_args[2]);

/* These are the terms of a product from now on; nothing is told. */
void ph_terms_apply(ph_product *p, const ph_product_terms *t);

/* Builds what is looked things up with, from rows that a snapshot gave back.
   False: they are none that these products could have. */
bool ph_terms_again(ph_market *m);

#endif
