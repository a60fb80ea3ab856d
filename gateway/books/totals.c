/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/totals.h"

#include "engine/base/panic.h"

enum { GFLOPS_PER_PFLOPS = 1000000, SECONDS_PER_HOUR = 3600 };

void phg_totals_fill(phg_totals *t, const ph_product_terms *terms, uint64_t unit_periods,
                     ph_price price)
{
    const uint32_t gflops[PHG_FORMATS] = {terms->gflops_fp16, terms->gflops_fp32,
                                          terms->gflops_fp64};
    ph_wide notional = (ph_wide)unit_periods * price;
    t->volume += unit_periods;
    t->notional += notional;
    for (uint32_t i = 0; i < PHG_FORMATS; i++) {
        if (gflops[i] == 0) continue;
        t->rated[i] += notional;
        t->work[i] += (ph_wide)unit_periods * gflops[i] * terms->period_seconds;
    }
}

void phg_totals_add(phg_totals *to, const phg_totals *more)
{
    to->trades += more->trades;
    to->volume += more->volume;
    to->notional += more->notional;
    for (uint32_t i = 0; i < PHG_FORMATS; i++) {
        to->rated[i] += more->rated[i];
        to->work[i] += more->work[i];
    }
}

ph_price phg_totals_average(const phg_totals *t)
{
    return t->volume == 0 ? 0 : (ph_price)(t->notional / (ph_wide)t->volume);
}

/* The price of one GFLOPS-second times those in a PFLOPS-hour; whole parts and the rest apart, so
   that the largest sums do not wrap. */
ph_price phg_totals_per_pflops_hour(const phg_totals *t, uint32_t format)
{
    const ph_wide unit = (ph_wide)GFLOPS_PER_PFLOPS * SECONDS_PER_HOUR;
    PH_ASSERT(format < PHG_FORMATS);
    ph_wide work = t->work[format], rated = t->rated[format];
    if (work == 0) return 0;
    ph_wide price = rated / work, rest = rated % work;
    while (work > (ph_wide)1 << 90) {
        work >>= 8;
        rest >>= 8;
    }
    if (price > INT64_MAX / unit) return INT64_MAX;
    price = price * unit + rest * unit / work;
    return price > INT64_MAX ? INT64_MAX : (ph_price)price;
}
