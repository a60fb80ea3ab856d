/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/statistics.h - what was traded in one period of a product.

    Last, high and low are of fills between two EACH orders; volume and average of every trade; the
    open interest is what suppliers have sold, which a resale does not change.

    Owns      nothing: a plain value, zero before the first trade.
    Units     prices micro-units per unit and period, quantities units.
    Thread    one. */
#ifndef GATEWAY_BOOKS_STATISTICS_H
#define GATEWAY_BOOKS_STATISTICS_H

#include "engine/base/money.h"
#include "engine/base/types.h"

typedef struct {
    ph_price last, high, low;
    uint64_t last_seq; /* of the command that set `last` */
    uint64_t volume, open_interest;
    ph_wide notional;
} phg_statistics;

/* One fill of a command. */
typedef struct {
    uint64_t seq; /* of the command */
    ph_side taker;
    ph_quantity quantity;
    ph_price price;
    bool is_each;   /* both orders are EACH */
    bool is_resale; /* nothing that a supplier sold anew */
} phg_statistics_fill;

/* An order that arrives takes the best price of a period first, so of several fills of its command
   the one at the worst price for it is the last. */
void phg_statistics_take(phg_statistics *s, const phg_statistics_fill *fill);

/* Volume-weighted, rounded down; 0 before the first trade. */
ph_price phg_statistics_average(const phg_statistics *s);

/* True if nothing was traded. */
bool phg_statistics_is_empty(const phg_statistics *s);

/* True if both are told alike. */
bool phg_statistics_is_same(const phg_statistics *a, const phg_statistics *b);

#endif
