/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/check.h - the checks before the book (rulebook 5): the first that fails answers. */
#ifndef ENGINE_CORE_CHECK_H
#define ENGINE_CORE_CHECK_H

#include "engine/core/state.h"

/* An order on its way in: what the checks find out is what accepting it needs. */
typedef struct {
    const ph_new_order *n;
    uint32_t sender;
    uint32_t member; /* place in its group, from 0: the arrivals of earlier members stand before
                        this one in an array; 0 without a group */
    int64_t *args;   /* of the answer */
    const ph_product *product;
    ph_order *draft; /* room for the order as it would be accepted, without id and place */
    ph_money hold;
    uint32_t evict; /* resting block that gives way, or PH_NONE */
} ph_arrival;

/* n, sender, member, args and the room of the draft are given; the rest is filled.  *ret_order is
   set with DUPLICATE. */
ph_reject ph_check_order(ph_market *m, ph_arrival *a, uint64_t *ret_order);

/* Order that used a client order id, if it is among the last that are kept; else 0. */
uint64_t ph_check_order_of_client_id(const ph_participant *p, uint64_t client_order_id);

/* The rule of icebergs: a multiple of the lot, and not too small for the quantity. */
ph_reject ph_check_display(uint32_t display, uint32_t quantity, uint32_t lot, int64_t ret_args[2]);

/* Bond per unit-period of a SELL order; false if it does not fit. */
bool ph_check_bond_unit(const ph_product *p, ph_price price, ph_money *ret);

#endif
