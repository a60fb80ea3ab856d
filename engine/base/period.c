/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/period.h"

#include "engine/base/limits.h"
#include "engine/base/panic.h"

enum { YEAR_MIN = 1970, YEAR_MAX = 2500, NS_DIGITS = 9 };

bool ph_period_seconds_ok(uint32_t period_seconds)
{
    return period_seconds == 900 || period_seconds == 3600 || period_seconds == 86400;
}

ph_period ph_period_at(ph_time at, uint32_t period_seconds)
{
    PH_ASSERT(period_seconds > 0);
    return (ph_period)(at.ns / PH_NS_PER_S / period_seconds);
}

ph_time ph_period_start(ph_period t, uint32_t period_seconds)
{
    return (ph_time){(uint64_t)t * period_seconds * PH_NS_PER_S};
}

ph_time ph_period_gate(ph_period t, uint32_t period_seconds, uint32_t gate_seconds)
{
    uint64_t start_s = (uint64_t)t * period_seconds;
    return (ph_time){start_s > gate_seconds ? (start_s - gate_seconds) * PH_NS_PER_S : 0};
}

uint64_t ph_window_end(ph_window w)
{
    return (uint64_t)w.first + w.periods;
}

bool ph_window_has(ph_window w, ph_period t)
{
    return t >= w.first && t < ph_window_end(w);
}

bool ph_window_equal(ph_window a, ph_window b)
{
    return a.first == b.first && a.periods == b.periods;
}

bool ph_window_touches(ph_window a, ph_window b)
{
    return a.first < ph_window_end(b) && b.first < ph_window_end(a);
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar
   (H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil). */
static int64_t days_from_date(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static void date_from_days(int64_t days, int64_t *ret_y, int64_t *ret_m, int64_t *ret_d)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_d = doy - (153 * mp + 2) / 5 + 1;
    *ret_m = mp < 10 ? mp + 3 : mp - 9;
    *ret_y = yoe + era * 400 + (*ret_m <= 2);
}

/* Reads exactly n digits; false if there are fewer. */
static bool digits(const char **p, int n, int64_t *ret)
{
    int64_t v = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9') return false;
        v = v * 10 + (**p - '0');
    }
    *ret = v;
    return true;
}

static bool mark(const char **p, char c)
{
    if (**p != c) return false;
    (*p)++;
    return true;
}

ph_status ph_time_parse(const char *text, ph_time *ret)
{
    const char *p = text;
    int64_t y, mo, d, h, mi, s;
    if (!digits(&p, 4, &y) || !mark(&p, '-') || !digits(&p, 2, &mo) || !mark(&p, '-') ||
        !digits(&p, 2, &d) || !mark(&p, 'T') || !digits(&p, 2, &h) || !mark(&p, ':') ||
        !digits(&p, 2, &mi) || !mark(&p, ':') || !digits(&p, 2, &s))
        return PH_EINVAL;
    if (y < YEAR_MIN || y > YEAR_MAX || mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 59)
        return PH_EINVAL;
    int64_t ns = 0;
    if (*p == '.') {
        p++;
        int n = 0;
        for (; *p >= '0' && *p <= '9' && n < NS_DIGITS; p++, n++)
            ns = ns * 10 + (*p - '0');
        if (n == 0) return PH_EINVAL;
        for (; n < NS_DIGITS; n++)
            ns *= 10;
    }
    if (!mark(&p, 'Z') || *p != '\0') return PH_EINVAL;
    int64_t days = days_from_date(y, mo, d);
    int64_t cy, cm, cd;
    date_from_days(days, &cy, &cm, &cd);
    if (cm != mo || cd != d) return PH_EINVAL; /* 31 April, 29 February of a common year */
    uint64_t seconds = (uint64_t)(days * 86400 + h * 3600 + mi * 60 + s);
    ret->ns = seconds * PH_NS_PER_S + (uint64_t)ns;
    return PH_OK;
}

static char *put_digits(char *p, uint64_t v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        p[i] = (char)('0' + (int)(v % 10));
    return p + n;
}

char *ph_time_text(ph_time at, char to[40])
{
    uint64_t s = at.ns / PH_NS_PER_S;
    int64_t y, mo, d;
    date_from_days((int64_t)(s / 86400), &y, &mo, &d);
    char *p = put_digits(to, (uint64_t)y, 4);
    *p++ = '-';
    p = put_digits(p, (uint64_t)mo, 2);
    *p++ = '-';
    p = put_digits(p, (uint64_t)d, 2);
    *p++ = 'T';
    p = put_digits(p, s / 3600 % 24, 2);
    *p++ = ':';
    p = put_digits(p, s / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, s % 60, 2);
    *p++ = '.';
    p = put_digits(p, at.ns % PH_NS_PER_S, NS_DIGITS);
    *p++ = 'Z';
    *p = '\0';
    return to;
}
