/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/bytes.h"

#include <string.h>

ph_reader ph_reader_of(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    return (ph_reader){.p = p, .end = size == 0 ? p : p + size, .bad = false};
}

static bool can_read(ph_reader *r, size_t size)
{
    if (r->bad || (size_t)(r->end - r->p) < size) {
        r->bad = true;
        return false;
    }
    return true;
}

uint8_t ph_read_u8(ph_reader *r)
{
    if (!can_read(r, 1)) return 0;
    return *r->p++;
}

uint16_t ph_read_u16(ph_reader *r)
{
    if (!can_read(r, 2)) return 0;
    uint16_t v = (uint16_t)(r->p[0] | r->p[1] << 8);
    r->p += 2;
    return v;
}

uint32_t ph_read_u32(ph_reader *r)
{
    if (!can_read(r, 4)) return 0;
    uint32_t v = (uint32_t)r->p[0] | (uint32_t)r->p[1] << 8 | (uint32_t)r->p[2] << 16 |
                 (uint32_t)r->p[3] << 24;
    r->p += 4;
    return v;
}

uint64_t ph_read_u64(ph_reader *r)
{
    if (!can_read(r, 8)) return 0;
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | r->p[i];
    r->p += 8;
    return v;
}

int32_t ph_read_i32(ph_reader *r)
{
    return (int32_t)ph_read_u32(r);
}

int64_t ph_read_i64(ph_reader *r)
{
    return (int64_t)ph_read_u64(r);
}

void ph_read_bytes(ph_reader *r, void *to, size_t size)
{
    if (!can_read(r, size)) {
        memset(to, 0, size);
        return;
    }
    memcpy(to, r->p, size);
    r->p += size;
}

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
        size_t n = utf8_size(s, end);
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

bool ph_reader_done(const ph_reader *r)
{
    return !r->bad && r->p == r->end;
}

ph_writer ph_writer_of(void *room, size_t size)
{
    uint8_t *p = room;
    return (ph_writer){.start = p, .p = p, .end = size == 0 ? p : p + size, .full = false};
}

static bool can_write(ph_writer *w, size_t size)
{
    if (w->full || (size_t)(w->end - w->p) < size) {
        w->full = true;
        return false;
    }
    return true;
}

void ph_write_u8(ph_writer *w, uint8_t v)
{
    if (!can_write(w, 1)) return;
    *w->p++ = v;
}

void ph_write_u16(ph_writer *w, uint16_t v)
{
    if (!can_write(w, 2)) return;
    w->p[0] = (uint8_t)v;
    w->p[1] = (uint8_t)(v >> 8);
    w->p += 2;
}

void ph_write_u32(ph_writer *w, uint32_t v)
{
    if (!can_write(w, 4)) return;
    for (int i = 0; i < 4; i++)
        w->p[i] = (uint8_t)(v >> (8 * i));
    w->p += 4;
}

void ph_write_u64(ph_writer *w, uint64_t v)
{
    if (!can_write(w, 8)) return;
    for (int i = 0; i < 8; i++)
        w->p[i] = (uint8_t)(v >> (8 * i));
    w->p += 8;
}

void ph_write_i32(ph_writer *w, int32_t v)
{
    ph_write_u32(w, (uint32_t)v);
}

void ph_write_i64(ph_writer *w, int64_t v)
{
    ph_write_u64(w, (uint64_t)v);
}

void ph_write_bytes(ph_writer *w, const void *from, size_t size)
{
    if (!can_write(w, size)) return;
    if (size != 0) memcpy(w->p, from, size);
    w->p += size;
}

size_t ph_writer_size(const ph_writer *w)
{
    return (size_t)(w->p - w->start);
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
