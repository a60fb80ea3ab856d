/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/money.h - the only place that multiplies, divides and rounds money.

    Integers only; products are formed in 128 bits; what does not fit 64 bits is refused, never
    wrapped.  Costs that someone must hold round up; payouts, fees and penalties round down.
    A failed call leaves *ret as it was. */
#ifndef ENGINE_BASE_MONEY_H
#define ENGINE_BASE_MONEY_H

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/types.h"

__extension__ typedef __int128 ph_wide;

/* price * quantity * periods, exactly.  False if it does not fit. */
bool ph_money_notional(ph_price price, ph_quantity quantity, uint32_t periods, ph_money *ret);

/* floor(amount * ppm / 10^6) for amount >= 0 and 0 <= ppm <= 10^6: what somebody receives. */
ph_money ph_money_share_down(ph_money amount, int64_t ppm);

/* The same for any product of both, see below. */
bool ph_money_share_up_wide(ph_money amount, int64_t ppm, ph_money *ret);

/* ceil(amount * ppm / 10^6) for amount >= 0: what somebody must hold.  False if it does not fit. */
static inline bool ph_money_share_up(ph_money amount, int64_t ppm, ph_money *ret)
{
    int64_t product; /* dividing 128 bits is slow, and seldom needed */
    if (__builtin_mul_overflow(amount, ppm, &product) || product < 0 ||
        product >= INT64_MAX - PH_PPM)
        return ph_money_share_up_wide(amount, ppm, ret);
    *ret = (product + (PH_PPM - 1)) / PH_PPM;
    return true;
}

/* a * b for a, b >= 0; false if it does not fit. */
static inline bool ph_money_times(ph_money a, uint64_t b, ph_money *ret)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) return false;
    *ret = product;
    return true;
}

/* floor(a * b / c) in 128 bits for a, b >= 0, c > 0; the result must fit (it does when b <= c). */
ph_money ph_money_ratio_down(int64_t a, int64_t b, int64_t c);

/* floor(a * b * c / (d * e)), exactly, for a, b, c >= 0 and d, e > 0; the result must fit (it does
   when b <= e and c <= d). */
ph_money ph_money_ratio_of_two(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e);

/* a + b; false if it does not fit. */
bool ph_money_add(ph_money a, ph_money b, ph_money *ret);

/* Narrows a wide sum; false if it does not fit. */
static inline bool ph_money_narrow(ph_wide v, ph_money *ret)
{
    if (v > INT64_MAX || v < INT64_MIN) return false;
    *ret = (ph_money)v;
    return true;
}

/* Text like "12", "12.5" or "0.000001" (no sign, no exponent, no thousands marks) to micro-units.
   PH_EINVAL for anything else, and for text that micro-units cannot represent exactly. */
ph_status ph_money_parse(const char *text, ph_money *ret);

/* Writes v as decimal text with six places, e.g. "-1.500000"; room for 32 bytes. Returns to. */
char *ph_money_text(ph_money v, char to[32]);

#endif
