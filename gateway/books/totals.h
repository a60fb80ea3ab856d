/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/totals.h - what was traded, summed up: volume, average price, price per
    PFLOPS-hour.

    Owns      nothing: a plain value, zero before the first trade.
    Units     prices micro-units; volume unit-periods; work GFLOPS-seconds.
    Thread    one. */
#ifndef GATEWAY_BOOKS_TOTALS_H
#define GATEWAY_BOOKS_TOTALS_H

#include "engine/base/money.h"
#include "engine/base/types.h"
#include "engine/wire/command.h"

enum { PHG_FORMATS = 3 }; /* FP16, FP32, FP64 */

typedef struct {
    uint64_t trades, volume;
    ph_wide notional;
    ph_wide rated[PHG_FORMATS]; /* notional of products that state their GFLOPS, and what they do */
    ph_wide work[PHG_FORMATS];
} phg_totals;

/* `units` in each of `periods` periods of a product, at one price. */
void phg_totals_fill(phg_totals *t, const ph_product_terms *terms, uint64_t unit_periods,
                     ph_price price);

void phg_totals_add(phg_totals *to, const phg_totals *more);

/* Rounded down; 0: nothing was traded. */
ph_price phg_totals_average(const phg_totals *t);

/* Per 10^15 floating point operations a second for an hour, in format 0 .. 2; rounded down; 0:
   nothing was traded whose speed is stated. */
ph_price phg_totals_per_pflops_hour(const phg_totals *t, uint32_t format);

#endif
