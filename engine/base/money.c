/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/money.h"

#include "engine/base/limits.h"
#include "engine/base/panic.h"

enum { MICRO_DIGITS = 6 };

bool ph_money_notional(ph_price price, ph_quantity quantity, uint32_t periods, ph_money *ret)
{
    /* 10^15 * 2^32 * 2^32 < 2^114: the product itself cannot overflow 128 bits. */
    PH_ASSERT(price >= 0 && price <= PH_PRICE_MAX);
    return ph_money_narrow((ph_wide)price * quantity * periods, ret);
}

ph_money ph_money_share_down(ph_money amount, int64_t ppm)
{
    PH_ASSERT(amount >= 0 && ppm >= 0 && ppm <= PH_PPM);
    int64_t product; /* dividing 128 bits is slow, and seldom needed */
    if (!__builtin_mul_overflow(amount, ppm, &product)) return product / PH_PPM;
    return (ph_money)((ph_wide)amount * ppm / PH_PPM);
}

bool ph_money_share_up_wide(ph_money amount, int64_t ppm, ph_money *ret)
{
    PH_ASSERT(amount >= 0 && ppm >= 0);
    return ph_money_narrow(((ph_wide)amount * ppm + (PH_PPM - 1)) / PH_PPM, ret);
}

ph_money ph_money_ratio_down(int64_t a, int64_t b, int64_t c)
{
    PH_ASSERT(a >= 0 && b >= 0 && c > 0);
    ph_money v = 0;
    bool fits = ph_money_narrow((ph_wide)a * b / c, &v);
    PH_ASSERT(fits);
    return v;
}

/* Long division, a bit at a time: a * b * c has up to 189 bits and comes as its upper and lower
   part, (a * b >> 64) * c and (a * b mod 2^64) * c. */
ph_money ph_money_ratio_of_two(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e)
{
    PH_ASSERT(a >= 0 && b >= 0 && c >= 0 && d > 0 && e > 0);
    __extension__ typedef unsigned __int128 wide;
    wide ab = (wide)(uint64_t)a * (uint64_t)b, by = (wide)(uint64_t)d * (uint64_t)e;
    wide low = (ab & UINT64_MAX) * (uint64_t)c;
    wide high = (ab >> 64) * (uint64_t)c + (low >> 64); /* below 2^127 */
    uint64_t last = (uint64_t)low;
    wide rest = 0, quotient = 0;
    for (int bit = 191; bit >= 0; bit--) {
        uint64_t next = bit >= 64 ? (uint64_t)(high >> (bit - 64)) & 1 : (last >> bit) & 1;
        rest = rest << 1 | next; /* below 2 * by, and by is below 2^126 */
        quotient <<= 1;
        if (rest < by) continue;
        rest -= by;
        quotient |= 1;
    }
    PH_ASSERT(quotient <= INT64_MAX);
    return (ph_money)quotient;
}

bool ph_money_add(ph_money a, ph_money b, ph_money *ret)
{
    ph_money sum;
    if (__builtin_add_overflow(a, b, &sum)) return false;
    *ret = sum;
    return true;
}

ph_status ph_money_parse(const char *text, ph_money *ret)
{
    const char *p = text;
    ph_wide v = 0;
    if (*p < '0' || *p > '9') return PH_EINVAL;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (*p - '0');
        if (v > INT64_MAX) return PH_EINVAL;
    }
    int places = 0;
    if (*p == '.') {
        p++;
        if (*p < '0' || *p > '9') return PH_EINVAL;
        for (; *p >= '0' && *p <= '9'; p++) {
            if (places == MICRO_DIGITS) {
                if (*p != '0') return PH_EINVAL; /* finer than a micro-unit */
                continue;
            }
            v = v * 10 + (*p - '0');
            places++;
        }
    }
    if (*p != '\0') return PH_EINVAL;
    for (; places < MICRO_DIGITS; places++)
        v *= 10;
    ph_money narrow;
    if (!ph_money_narrow(v, &narrow)) return PH_EINVAL;
    *ret = narrow;
    return PH_OK;
}

char *ph_money_text(ph_money v, char to[32])
{
    char digits[32];
    int n = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        if (n == MICRO_DIGITS) digits[n++] = '.';
        digits[n++] = (char)('0' + (int)(u % 10));
        u /= 10;
    } while (u != 0 || n < MICRO_DIGITS + 2);
    char *p = to;
    if (v < 0) *p++ = '-';
    while (n > 0)
        *p++ = digits[--n];
    *p = '\0';
    return to;
}
