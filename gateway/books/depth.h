/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/depth.h - one side of one period: how much stands at each price.

    Owns      its levels; phg_depth_release accepts a zeroed one.
    Laws      the best price is last, no level is empty, no two levels have the same price.
    Thread    one. */
#ifndef GATEWAY_BOOKS_DEPTH_H
#define GATEWAY_BOOKS_DEPTH_H

#include "engine/base/status.h"
#include "engine/base/types.h"

typedef struct {
    ph_price price;
    uint64_t quantity;
} phg_level;

typedef struct {
    phg_level *v;
    uint32_t cnt, max;
} phg_depth;

void phg_depth_release(phg_depth *l);

/* Adds quantity > 0 at a price.  PH_EFULL: no memory. */
ph_status phg_depth_add(phg_depth *l, ph_side side, ph_price price, uint64_t quantity);

/* Takes quantity > 0 away from a price.  PH_ECORRUPT: that much does not stand there. */
ph_status phg_depth_take(phg_depth *l, ph_side side, ph_price price, uint64_t quantity);

/* What stands at a price; 0 if nothing does. */
uint64_t phg_depth_at(const phg_depth *l, ph_side side, ph_price price);

/* The best level; price 0 and quantity 0 if there is none. */
phg_level phg_depth_best(const phg_depth *l);

#endif
