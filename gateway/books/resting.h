/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/resting.h - the EACH orders that rest, with what is open of them in each period.

    What is open follows from the order's quantity, which a replacement changes, and what was
    executed in the period; a period that was lost stays lost.  Of an iceberg a clip is shown, which
    need not be as large as displayed.  As long as all periods are alike they are not written out.

    Owns      its table and the quantities; phg_resting_release accepts a zeroed one.
    Lifetime  an entry stays where it is until it is dropped.
    Thread    one. */
#ifndef GATEWAY_BOOKS_RESTING_H
#define GATEWAY_BOOKS_RESTING_H

#include "gateway/books/order_table.h"

#define PHG_PERIOD_LOST UINT32_MAX /* in place of what was executed */

typedef struct {
    ph_quantity executed; /* or PHG_PERIOD_LOST */
    ph_quantity shown;    /* of an iceberg, else not used */
} phg_resting_period;

typedef struct {
    ph_order_id order; /* 0: the place is free */
    ph_participant_id participant;
    uint64_t client_order_id;
    uint64_t place;     /* number by which it stands in its queues */
    uint32_t listed_at; /* where it is in its product's list, kept by the feed */
    ph_product_id product;
    ph_side side;
    ph_price price;
    ph_window window;
    ph_quantity quantity, display; /* quantity: in all, executed included */
    phg_resting_period *periods;   /* of the window; NULL: nothing executed, lost or half shown */
} phg_resting_order;

typedef struct {
    phg_order_table orders;
} phg_resting;

void phg_resting_release(phg_resting *r);

/* Adds an order that is not there.  PH_EFULL: no memory; PH_ECORRUPT: it is there, or has no id. */
ph_status phg_resting_put(phg_resting *r, const phg_resting_order *o);

/* NULL if it does not rest. */
phg_resting_order *phg_resting_find(const phg_resting *r, ph_order_id id);

void phg_resting_drop(phg_resting *r, phg_resting_order *o);

/* Open quantity in a period of its window. */
ph_quantity phg_resting_open(const phg_resting_order *o, ph_period t);

/* What of it stands in the queue, hidden quantity left out. */
ph_quantity phg_resting_shown(const phg_resting_order *o, ph_period t);

/* The clip that an iceberg shows of so much that is open; of others, all. */
ph_quantity phg_resting_clip(const phg_resting_order *o, ph_quantity open);

/* The record of a period of its window, to be changed; NULL: no memory. */
phg_resting_period *phg_resting_period_of(phg_resting_order *o, ph_period t);

#endif
