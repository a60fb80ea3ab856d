/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/wide_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest integers of 18 digits fit every reader of JSON. */
enum { MARK = '\1', WIDE_DIGITS = 19 };
static const char mark_text[] = "\"\\u0001";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes of the number that begins at p (after a '-', if any); *ret_whole: it has no fraction. */
static size_t number_size(const char *p, const char *end, bool *ret_whole)
{
    const char *start = p;
    if (p < end && *p == '-') p++;
    while (p < end && is_digit(*p))
        p++;
    *ret_whole = p == end || (*p != '.' && *p != 'e' && *p != 'E');
    while (p < end && (is_digit(*p) || strchr(".eE+-", *p) != NULL) && *p != '\0')
        p++;
    return (size_t)(p - start);
}

static size_t string_size(const char *p, const char *end)
{
    const char *start = p++;
    while (p < end && *p != '"')
        p += *p == '\\' && end - p > 1 ? 2 : 1;
    return (size_t)(p < end ? p + 1 - start : end - start);
}

/* The text with every long whole number in quotes behind the mark; room is 2 * size + 16, because
   19 digits grow by 8 bytes. */
static size_t mark_wide(const char *text, size_t size, char *to)
{
    const char *p = text, *end = text + size;
    char *out = to;
    while (p < end) {
        size_t n = 1;
        bool is_wide = false;
        if (*p == '"') {
            n = string_size(p, end);
        } else if (*p == '-' || is_digit(*p)) {
            n = number_size(p, end, &is_wide);
            is_wide = is_wide && n >= WIDE_DIGITS;
        }
        if (is_wide) {
            memcpy(out, mark_text, sizeof mark_text - 1);
            out += sizeof mark_text - 1;
        }
        memcpy(out, p, n);
        out += n;
        if (is_wide) *out++ = '"';
        p += n;
    }
    return (size_t)(out - to);
}

static bool has_mark(const char *text, size_t size)
{
    return memmem(text, size, mark_text + 1, sizeof mark_text - 2) != NULL;
}

ph_status ph_wide_json_load(const char *text, size_t size, json_t **ret, char *why, size_t why_size)
{
    if (has_mark(text, size)) {
        snprintf(why, why_size, "a text has the control character \\u0001; take it out");
        return PH_EINVAL;
    }
    char *marked = malloc(2 * size + 16);
    if (marked == NULL) {
        snprintf(why, why_size, "no memory");
        return PH_EFULL;
    }
    size_t marked_size = mark_wide(text, size, marked);
    json_error_t err;
    *ret = json_loadb(marked, marked_size, JSON_REJECT_DUPLICATES, &err);
    free(marked);
    if (*ret != NULL) return PH_OK;
    snprintf(why, why_size, "not JSON: %s", err.text);
    return json_error_code(&err) == json_error_out_of_memory ? PH_EFULL : PH_EINVAL;
}

/* Whole decimal text without leading zeros. */
static bool magnitude(const char *digits, uint64_t *ret)
{
    uint64_t v = 0;
    if (digits[0] == '\0' || (digits[0] == '0' && digits[1] != '\0')) return false;
    for (; *digits != '\0'; digits++) {
        if (!is_digit(*digits)) return false;
        uint64_t d = (uint64_t)(*digits - '0');
        if (v > (UINT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    *ret = v;
    return true;
}

/* What stands behind the mark, or NULL. */
static const char *wide(const json_t *v)
{
    const char *s = json_string_value(v);
    return s != NULL && s[0] == MARK ? s + 1 : NULL;
}

const char *ph_wide_json_text(const json_t *v)
{
    return wide(v) == NULL ? json_string_value(v) : NULL;
}

bool ph_wide_json_u64(const json_t *v, uint64_t *ret)
{
    if (wide(v) != NULL) return magnitude(wide(v), ret);
    if (!json_is_integer(v) || json_integer_value(v) < 0) return false;
    *ret = (uint64_t)json_integer_value(v);
    return true;
}

bool ph_wide_json_i64(const json_t *v, int64_t *ret)
{
    const char *s = wide(v);
    if (s == NULL) {
        if (!json_is_integer(v)) return false;
        *ret = json_integer_value(v);
        return true;
    }
    uint64_t n;
    bool is_negative = s[0] == '-';
    if (!magnitude(s + (is_negative ? 1 : 0), &n)) return false;
    if (n > (uint64_t)INT64_MAX + (is_negative ? 1 : 0)) return false;
    *ret = is_negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}
