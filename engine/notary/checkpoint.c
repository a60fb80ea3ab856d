/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/checkpoint.h"

#include "engine/base/bytes.h"
#include "engine/base/panic.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char MIDDLE[] = "/contracts/", LOG[] = "/journal";

enum { ROOT_BASE64_SIZE = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL) };

_Static_assert(PH_LOG_ORIGIN_MAX >= 63 + sizeof LOG, "longest origin");
_Static_assert(PH_CHECKPOINT_TEXT_MAX >= 63 + 11 + 20 + 1 + 20 + 1 + 44 + 1 + 1, "longest text");

bool ph_checkpoint_market_ok(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= sizeof(ph_text64)) return false;
    for (size_t i = 0; i < size; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '+') return false;
    return strstr(name, MIDDLE) == NULL;
}

/* The three lines. */
static size_t write_lines(char to[PH_CHECKPOINT_TEXT_MAX], const char *origin, uint64_t leaf_cnt,
                          const ph_hash *root)
{
    char base64[ROOT_BASE64_SIZE];
    (void)sodium_bin2base64(base64, sizeof base64, root->b, sizeof root->b,
                            sodium_base64_VARIANT_ORIGINAL); /* returns base64 */
    int size =
        snprintf(to, PH_CHECKPOINT_TEXT_MAX, "%s\n%" PRIu64 "\n%s\n", origin, leaf_cnt, base64);
    PH_ASSERT(size > 0 && size < PH_CHECKPOINT_TEXT_MAX);
    return (size_t)size;
}

size_t ph_checkpoint_write(const ph_checkpoint *c, char to[PH_CHECKPOINT_TEXT_MAX])
{
    PH_ASSERT(ph_checkpoint_market_ok(c->market.s));
    PH_ASSERT(c->first_seq != 0 && c->leaf_cnt != 0);
    char origin[PH_CHECKPOINT_TEXT_MAX];
    int size = snprintf(origin, sizeof origin, "%s%s%" PRIu64, c->market.s, MIDDLE, c->first_seq);
    PH_ASSERT(size > 0 && size < PH_CHECKPOINT_TEXT_MAX);
    return write_lines(to, origin, c->leaf_cnt, &c->root);
}

/* Reads decimal digits up to `end`; the comparison at the end refuses signs and leading zeros. */
static bool read_number(const char *p, const char *end, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    if (p == end) return false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9') return false;
        uint64_t digit = (uint64_t)(*p - '0');
        if (v > (max - digit) / 10) return false;
        v = v * 10 + digit;
    }
    if (v == 0) return false;
    *ret = v;
    return true;
}

static bool read_market(const char *p, size_t size, ph_text64 *ret)
{
    char name[sizeof ret->s] = {0};
    if (size >= sizeof name) return false;
    memcpy(name, p, size);
    return ph_checkpoint_market_ok(name) && ph_text_set(ret->s, sizeof ret->s, name);
}

static bool read_origin(const char *line, const char *end, ph_checkpoint *c)
{
    const char *slash = end;
    while (slash > line && slash[-1] != '/')
        slash--;
    size_t middle = sizeof MIDDLE - 1;
    if ((size_t)(slash - line) < middle) return false;
    const char *name_end = slash - middle;
    return memcmp(name_end, MIDDLE, middle) == 0 &&
           read_market(line, (size_t)(name_end - line), &c->market) &&
           read_number(slash, end, UINT64_MAX, &c->first_seq);
}

/* Where each of three lines starts; the fourth is the end. */
static bool split(const char *text, size_t size, const char *line[4])
{
    line[0] = text;
    for (int i = 0; i < 3; i++) {
        size_t left = size - (size_t)(line[i] - text);
        const char *end = left == 0 ? NULL : memchr(line[i], '\n', left);
        if (end == NULL) return false;
        line[i + 1] = end + 1;
    }
    return size < PH_CHECKPOINT_TEXT_MAX && line[3] == text + size;
}

static bool read_root(const char *line, const char *end, ph_hash *ret)
{
    size_t size;
    return sodium_base642bin(ret->b, sizeof ret->b, line, (size_t)(end - line), NULL, &size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           size == sizeof ret->b;
}

/* One text per checkpoint: what a value would be written as is what was read, or it is not a
   checkpoint. */
static bool is_same(const char *text, size_t size, const char *again, size_t again_size)
{
    return again_size == size && memcmp(again, text, size) == 0;
}

ph_status ph_checkpoint_read(const char *text, size_t size, ph_checkpoint *ret)
{
    const char *line[4];
    char again[PH_CHECKPOINT_TEXT_MAX];
    ph_checkpoint c = {.first_seq = 0};
    uint64_t leaf_cnt;
    if (!split(text, size, line) || !read_origin(line[0], line[1] - 1, &c) ||
        !read_number(line[1], line[2] - 1, UINT32_MAX, &leaf_cnt) ||
        !read_root(line[2], line[3] - 1, &c.root))
        return PH_ECORRUPT;
    c.leaf_cnt = (uint32_t)leaf_cnt;
    if (!is_same(text, size, again, ph_checkpoint_write(&c, again))) return PH_ECORRUPT;
    *ret = c;
    return PH_OK;
}

char *ph_log_origin(const char *market, char to[PH_LOG_ORIGIN_MAX])
{
    int size = snprintf(to, PH_LOG_ORIGIN_MAX, "%s%s", market, LOG);
    PH_ASSERT(size > 0 && size < PH_LOG_ORIGIN_MAX);
    return to;
}

size_t ph_log_checkpoint_write(const ph_log_checkpoint *c, char to[PH_CHECKPOINT_TEXT_MAX])
{
    PH_ASSERT(ph_checkpoint_market_ok(c->market.s) && c->leaf_cnt != 0);
    char origin[PH_LOG_ORIGIN_MAX];
    return write_lines(to, ph_log_origin(c->market.s, origin), c->leaf_cnt, &c->root);
}

ph_status ph_log_checkpoint_read(const char *text, size_t size, ph_log_checkpoint *ret)
{
    const char *line[4];
    char again[PH_CHECKPOINT_TEXT_MAX];
    ph_log_checkpoint c = {.leaf_cnt = 0};
    size_t log = sizeof LOG - 1;
    if (!split(text, size, line) || (size_t)(line[1] - 1 - line[0]) < log) return PH_ECORRUPT;
    const char *name_end = line[1] - 1 - log;
    if (memcmp(name_end, LOG, log) != 0 ||
        !read_market(line[0], (size_t)(name_end - line[0]), &c.market) ||
        !read_number(line[1], line[2] - 1, UINT64_MAX, &c.leaf_cnt) ||
        !read_root(line[2], line[3] - 1, &c.root))
        return PH_ECORRUPT;
    if (!is_same(text, size, again, ph_log_checkpoint_write(&c, again))) return PH_ECORRUPT;
    *ret = c;
    return PH_OK;
}
