/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/bytes.h"

#include <string.h>

/* Bytes of the UTF-8 sequence that starts at s, or 0 if none does: no control character (C0, DEL,
   C1), no overlong form, no surrogate, nothing above U+10FFFF (RFC 3629, section 4). */
static size_t utf8_size(const unsigned char *s, const unsigned char *end)
{
    static const struct {
        unsigned char low, high, second_low, second_high;
        uint8_t size;
    } rows[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (s[0] < rows[i].low || s[0] > rows[i].high) continue;
        if ((size_t)(end - s) < rows[i].size) return 0;
        if (rows[i].size == 1) return 1;
        if (s[1] < rows[i].second_low || s[1] > rows[i].second_high) return 0;
        for (size_t k = 2; k < rows[i].size; k++) {
            if (s[k] < 0x80 || s[k] > 0xbf) return 0;
        }
        return rows[i].size;
    }
    return 0;
}

bool ph_text_ok(const char *text, size_t size)
{
    if (size == 0 || text[size - 1] != '\0') return false;
    const unsigned char *s = (const unsigned char *)text, *end = s + size;
    while (*s != '\0') {
        size_t n = *s >= 0x20 && *s <= 0x7e ? 1 : utf8_size(s, end);
        if (n == 0) return false;
        s += n;
    }
    for (; s < end; s++) {
        if (*s != '\0') return false;
    }
    return true;
}

void ph_read_text(ph_reader *r, char *to, size_t size)
{
    ph_read_bytes(r, to, size);
    if (!ph_text_ok(to, size)) {
        memset(to, 0, size);
        r->bad = true;
    }
}

bool ph_text_set(char *to, size_t size, const char *from)
{
    memset(to, 0, size);
    size_t n = strlen(from);
    if (n >= size) return false;
    memcpy(to, from, n);
    if (ph_text_ok(to, size)) return true;
    memset(to, 0, size);
    return false;
}
