/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/checkpoint.h"

#include "engine/base/bytes.h"
#include "engine/base/panic.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char MIDDLE[] = "/contracts/";

enum { ROOT_BASE64_SIZE = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL) };

_Static_assert(PH_CHECKPOINT_TEXT_MAX >= 63 + 11 + 20 + 1 + 10 + 1 + 44 + 1 + 1, "longest text");

bool ph_checkpoint_market_ok(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= sizeof(ph_text64)) return false;
    for (size_t i = 0; i < size; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '+') return false;
    return strstr(name, MIDDLE) == NULL;
}

size_t ph_checkpoint_write(const ph_checkpoint *c, char to[PH_CHECKPOINT_TEXT_MAX])
{
    PH_ASSERT(ph_checkpoint_market_ok(c->market.s));
    PH_ASSERT(c->first_seq != 0 && c->leaf_cnt != 0);
    char root[ROOT_BASE64_SIZE];
    (void)sodium_bin2base64(root, sizeof root, c->root.b, sizeof c->root.b,
                            sodium_base64_VARIANT_ORIGINAL); /* returns root */
    int size = snprintf(to, PH_CHECKPOINT_TEXT_MAX, "%s%s%" PRIu64 "\n%" PRIu32 "\n%s\n",
                        c->market.s, MIDDLE, c->first_seq, c->leaf_cnt, root);
    PH_ASSERT(size > 0 && size < PH_CHECKPOINT_TEXT_MAX);
    return (size_t)size;
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

static bool read_origin(const char *line, const char *end, ph_checkpoint *c)
{
    const char *slash = end;
    while (slash > line && slash[-1] != '/')
        slash--;
    size_t middle = sizeof MIDDLE - 1;
    if ((size_t)(slash - line) < middle) return false;
    const char *name_end = slash - middle;
    if (memcmp(name_end, MIDDLE, middle) != 0) return false;
    char name[sizeof c->market.s] = {0};
    size_t name_size = (size_t)(name_end - line);
    if (name_size >= sizeof name) return false;
    memcpy(name, line, name_size);
    return ph_checkpoint_market_ok(name) && ph_text_set(c->market.s, sizeof c->market.s, name) &&
           read_number(slash, end, UINT64_MAX, &c->first_seq);
}

ph_status ph_checkpoint_read(const char *text, size_t size, ph_checkpoint *ret)
{
    const char *line[4] = {text}; /* where each line starts; the fourth is the end */
    for (int i = 0; i < 3; i++) {
        size_t left = size - (size_t)(line[i] - text);
        const char *end = left == 0 ? NULL : memchr(line[i], '\n', left);
        if (end == NULL) return PH_ECORRUPT;
        line[i + 1] = end + 1;
    }
    if (size >= PH_CHECKPOINT_TEXT_MAX || line[3] != text + size) return PH_ECORRUPT;

    ph_checkpoint c = {.first_seq = 0};
    uint64_t leaf_cnt;
    size_t root_size;
    if (!read_origin(line[0], line[1] - 1, &c)) return PH_ECORRUPT;
    if (!read_number(line[1], line[2] - 1, UINT32_MAX, &leaf_cnt)) return PH_ECORRUPT;
    c.leaf_cnt = (uint32_t)leaf_cnt;
    if (sodium_base642bin(c.root.b, sizeof c.root.b, line[2], (size_t)(line[3] - 1 - line[2]), NULL,
                          &root_size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        root_size != sizeof c.root.b)
        return PH_ECORRUPT;

    /* One text per checkpoint: what this value would be written as is what was read, or it is not
       a checkpoint. */
    char again[PH_CHECKPOINT_TEXT_MAX];
    if (ph_checkpoint_write(&c, again) != size || memcmp(again, text, size) != 0)
        return PH_ECORRUPT;
    *ret = c;
    return PH_OK;
}
