/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/petahour.h"

#include <string.h>
#include <strings.h>

enum { MICRO_DIGITS = 6, NS_DIGITS = 9, YEAR_MIN = 1970, YEAR_MAX = 2500 };
#define NS_PER_S UINT64_C(1000000000)

__extension__ typedef __int128 wide;

const char *phc_version(void)
{
    return PETAHOUR_VERSION;
}

const char *phc_status_name(phc_status s)
{
    switch (s) {
    case PHC_OK: return "PHC_OK";
    case PHC_EINVAL: return "PHC_EINVAL";
    case PHC_EFULL: return "PHC_EFULL";
    case PHC_ETIMEOUT: return "PHC_ETIMEOUT";
    case PHC_ENOTREADY: return "PHC_ENOTREADY";
    case PHC_EIO: return "PHC_EIO";
    case PHC_ENOTFOUND: return "PHC_ENOTFOUND";
    case PHC_EDENIED: return "PHC_EDENIED";
    case PHC_ECORRUPT: return "PHC_ECORRUPT";
    case PHC_EVERIFY: return "PHC_EVERIFY";
    case PHC_EEXIST: return "PHC_EEXIST";
    case PHC_ENOMEM: return "PHC_ENOMEM";
    case PHC_EFATAL: return "PHC_EFATAL";
    }
    return "unknown";
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- Money -------------------------------------------------------------------------------- */

phc_status phc_money_parse(const char *text, int64_t *ret)
{
    const char *p = text;
    wide v = 0;
    if (!is_digit(*p)) return PHC_EINVAL;
    for (; is_digit(*p); p++) {
        v = v * 10 + (*p - '0');
        if (v > INT64_MAX) return PHC_EINVAL;
    }
    int places = 0;
    if (*p == '.') {
        p++;
        if (!is_digit(*p)) return PHC_EINVAL;
        for (; is_digit(*p); p++) {
            if (places == MICRO_DIGITS) {
                if (*p != '0') return PHC_EINVAL; /* finer than a millionth */
                continue;
            }
            v = v * 10 + (*p - '0');
            places++;
        }
    }
    if (*p != '\0') return PHC_EINVAL;
    for (; places < MICRO_DIGITS; places++)
        v *= 10;
    if (v > INT64_MAX) return PHC_EINVAL;
    *ret = (int64_t)v;
    return PHC_OK;
}

char *phc_money_text(int64_t micro, char to[32])
{
    char digits[32];
    int n = 0;
    uint64_t u = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    do {
        if (n == MICRO_DIGITS) digits[n++] = '.';
        digits[n++] = (char)('0' + (int)(u % 10));
        u /= 10;
    } while (u != 0 || n < MICRO_DIGITS + 2);
    char *p = to;
    if (micro < 0) *p++ = '-';
    while (n > 0)
        *p++ = digits[--n];
    *p = '\0';
    return to;
}

phc_status phc_number_parse(const char *text, uint64_t max, uint64_t *ret)
{
    wide v = 0;
    if (*text == '\0') return PHC_EINVAL;
    for (const char *p = text; *p != '\0'; p++) {
        if (!is_digit(*p)) return PHC_EINVAL;
        v = v * 10 + (*p - '0');
        if (v > max) return PHC_EINVAL;
    }
    *ret = (uint64_t)v;
    return PHC_OK;
}

bool phc_notional(int64_t price, uint64_t quantity, uint64_t periods, int64_t *ret)
{
    /* Factors of more than 32 bits are no quantity and no number of periods; within them the
       product fits 127 bits. */
    if (price < 0 || quantity > UINT32_MAX || periods > UINT32_MAX) return false;
    wide units = (wide)quantity * (wide)periods;
    if (price != 0 && units > INT64_MAX / (wide)price) return false;
    *ret = (int64_t)((wide)price * units);
    return true;
}

/* ---- Time --------------------------------------------------------------------------------- */

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
static bool digits_of(const char **p, int n, int64_t *ret)
{
    int64_t v = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (!is_digit(**p)) return false;
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

phc_status phc_time_parse(const char *text, uint64_t *ret_ns)
{
    const char *p = text;
    int64_t y, mo, d, h, mi, s;
    if (!digits_of(&p, 4, &y) || !mark(&p, '-') || !digits_of(&p, 2, &mo) || !mark(&p, '-') ||
        !digits_of(&p, 2, &d) || !mark(&p, 'T') || !digits_of(&p, 2, &h) || !mark(&p, ':') ||
        !digits_of(&p, 2, &mi) || !mark(&p, ':') || !digits_of(&p, 2, &s))
        return PHC_EINVAL;
    if (y < YEAR_MIN || y > YEAR_MAX || mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 59)
        return PHC_EINVAL;
    int64_t ns = 0;
    if (*p == '.') {
        p++;
        int n = 0;
        for (; is_digit(*p) && n < NS_DIGITS; p++, n++)
            ns = ns * 10 + (*p - '0');
        if (n == 0) return PHC_EINVAL;
        for (; n < NS_DIGITS; n++)
            ns *= 10;
    }
    if (!mark(&p, 'Z') || *p != '\0') return PHC_EINVAL;
    int64_t days = days_from_date(y, mo, d);
    int64_t cy, cm, cd;
    date_from_days(days, &cy, &cm, &cd);
    if (cm != mo || cd != d) return PHC_EINVAL; /* 31 April, 29 February of a common year */
    *ret_ns = (uint64_t)(days * 86400 + h * 3600 + mi * 60 + s) * NS_PER_S + (uint64_t)ns;
    return PHC_OK;
}

static char *put_digits(char *p, uint64_t v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        p[i] = (char)('0' + (int)(v % 10));
    return p + n;
}

char *phc_time_text(uint64_t ns, char to[40])
{
    uint64_t s = ns / NS_PER_S;
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
    if (ns % NS_PER_S != 0) {
        *p++ = '.';
        p = put_digits(p, ns % NS_PER_S, NS_DIGITS);
    }
    *p++ = 'Z';
    *p = '\0';
    return to;
}

phc_status phc_period_from_time(uint64_t ns, uint32_t period_seconds, uint32_t *ret)
{
    if (period_seconds == 0) return PHC_EINVAL;
    uint64_t length = period_seconds * NS_PER_S;
    if (ns % length != 0 || ns / length > UINT32_MAX) return PHC_EINVAL;
    *ret = (uint32_t)(ns / length);
    return PHC_OK;
}

uint64_t phc_period_start(uint32_t period, uint32_t period_seconds)
{
    return (uint64_t)period * period_seconds * NS_PER_S;
}

/* ---- Words -------------------------------------------------------------------------------- */

typedef struct {
    const char *const *words; /* words[0] is number 1 */
    int cnt;
} vocabulary;

#define WORDS(...)                                                            \
    {                                                                         \
        (const char *const[]){__VA_ARGS__},                                   \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *) \
    }

static const vocabulary sides = WORDS("BUY", "SELL");
static const vocabulary shapes = WORDS("EACH", "BLOCK", "FLEX");
static const vocabulary times = WORDS("GTC", "GTT", "IOC", "FOK");
static const vocabulary compute_types = WORDS("GENERAL", "AI", "SUPERCOMPUTING", "EDGE");
static const vocabulary architectures =
    WORDS("x86", "ARM", "MIPS", "POWER", "RISC-V", "ALPHA", "GPU", "ASIC", "FPGA", "NPU");
static const vocabulary phases = WORDS("OPEN", "CALL", "HALTED", "CLOSED");
static const vocabulary order_states =
    WORDS("RESTING", "FILLED", "CANCELLED", "REJECTED", "UNKNOWN", "ENDED_LONG_AGO");
static const vocabulary participant_states = WORDS("ACTIVE", "SUSPENDED", "CLOSED");
static const vocabulary product_states = WORDS("LISTED", "HALTED", "DELISTED");
static const vocabulary key_uses = WORDS("CONNECTION", "SIGNATURE", "READING");
static const vocabulary steps = WORDS("REPORTED", "CONFIRMED", "DISPUTED", "METER_SILENT");
static const vocabulary causes =
    WORDS("CONFIRMED", "AGREED", "NO_REPORT", "RESOLVED", "UNRESOLVED");
static const vocabulary roles_of = WORDS("SUPPLIER", "BUYER", "METER", "AUDITOR", "OPERATOR");

static const char *word_of(const vocabulary *v, int number)
{
    return number >= 1 && number <= v->cnt ? v->words[number - 1] : NULL;
}

/* 0 if there is no such word. */
static int number_of(const vocabulary *v, const char *text, size_t size)
{
    for (int i = 0; i < v->cnt; i++)
        if (strlen(v->words[i]) == size && strncasecmp(v->words[i], text, size) == 0) return i + 1;
    return 0;
}

#define VOCABULARY(name, type, list)                         \
    const char *phc_##name##_text(type v)                    \
    {                                                        \
        return word_of(&(list), (int)v);                     \
    }                                                        \
    bool phc_##name##_parse(const char *text, type *ret)     \
    {                                                        \
        int number = number_of(&(list), text, strlen(text)); \
        if (number == 0) return false;                       \
        *ret = (type)number;                                 \
        return true;                                         \
    }

VOCABULARY(side, phc_side, sides)
VOCABULARY(shape, phc_shape, shapes)
VOCABULARY(time_in_force, phc_time_in_force, times)
VOCABULARY(compute_type, phc_compute_type, compute_types)
VOCABULARY(architecture, phc_architecture, architectures)
VOCABULARY(phase, phc_phase, phases)
VOCABULARY(participant_state, phc_participant_state, participant_states)
VOCABULARY(product_state, phc_product_state, product_states)
VOCABULARY(key_use, phc_key_use, key_uses)

const char *phc_order_state_text(phc_order_state v)
{
    return word_of(&order_states, (int)v);
}

const char *phc_delivery_step_text(phc_delivery_step v)
{
    return word_of(&steps, (int)v);
}

const char *phc_final_cause_text(phc_final_cause v)
{
    return word_of(&causes, (int)v);
}

char *phc_roles_text(uint32_t roles, char to[64])
{
    char *p = to;
    for (int i = 0; i < roles_of.cnt; i++) {
        if ((roles & (1u << i)) == 0) continue;
        if (p != to) *p++ = ',';
        size_t size = strlen(roles_of.words[i]);
        memcpy(p, roles_of.words[i], size); /* all of them together take 42 bytes */
        p += size;
    }
    *p = '\0';
    return to;
}

bool phc_roles_parse(const char *text, uint32_t *ret)
{
    uint32_t roles = 0;
    for (const char *p = text;; p++) {
        size_t size = strcspn(p, ",");
        int number = number_of(&roles_of, p, size);
        if (number == 0) return false;
        roles |= 1u << (number - 1);
        p += size;
        if (*p == '\0') break;
    }
    *ret = roles;
    return true;
}
