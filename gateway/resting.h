/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/resting.h - the EACH orders that rest, with what is open of them in each period.

    As long as nothing of an order has executed, its open quantity is one number; the quantities of
    its periods are written out when they first differ.

    Owns      its table and the quantities; phg_resting_release accepts a zeroed one.
    Lifetime  an entry is valid until the next put or drop.
    Thread    one. */
#ifndef GATEWAY_RESTING_H
#define GATEWAY_RESTING_H

#include "engine/base/status.h"
#include "engine/base/types.h"

typedef struct {
    ph_order_id order; /* 0: the place is free */
    ph_product_id product;
    ph_side side;
    ph_price price;
    ph_window window;
    ph_quantity quantity, display;
    ph_quantity *open; /* of each period of the window; NULL: `quantity` in all of them */
} phg_resting_order;

typedef struct {
    phg_resting_order *v;
    uint64_t cnt, max; /* max is a power of two; at most three quarters are used */
} phg_resting;

void phg_resting_release(phg_resting *r);

/* Adds an order that is not there.  PH_EFULL: no memory; PH_ECORRUPT: it is there, or has no id. */
ph_status phg_resting_put(phg_resting *r, const phg_resting_order *o);

/* NULL if it does not rest. */
phg_resting_order *phg_resting_find(const phg_resting *r, ph_order_id id);

void phg_resting_drop(phg_resting *r, phg_resting_order *o);

/* Open quantity in a period of its window. */
ph_quantity phg_resting_open(const phg_resting_order *o, ph_period t);

/* PH_EFULL: no memory. */
ph_status phg_resting_set_open(phg_resting_order *o, ph_period t, ph_quantity open);

#endif
