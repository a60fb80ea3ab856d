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

bool ph_text_ok(const char *text, size_t size)
{
    if (size == 0 || text[size - 1] != '\0') return false;
    size_t n = 0;
    while (text[n] != '\0') {
        unsigned char c = (unsigned char)text[n];
        if (c < 0x20 || c == 0x7f) return false;
        n++;
    }
    for (; n < size; n++) {
        if (text[n] != '\0') return false;
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
