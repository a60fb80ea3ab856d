/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/copy.h"

#include <string.h>

#include "engine/base/panic.h"

ph_copy ph_copy_of(void *room, size_t size)
{
    uint8_t *p = room;
    return (ph_copy){.start = p, .p = p, .end = p + size};
}

size_t ph_copy_size(const ph_copy *c)
{
    return (size_t)(c->p - c->start);
}

static void put(ph_copy *c, const void *bytes, size_t size)
{
    if (c->is_full || (size_t)(c->end - c->p) < size) {
        c->is_full = true;
        return;
    }
    memcpy(c->p, bytes, size);
    c->p += size;
}

static void put_number(ph_copy *c, uint64_t v, size_t size)
{
    uint8_t b[8];
    for (size_t i = 0; i < size; i++)
        b[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
    put(c, b, size);
}

static void field(ph_copy *c, size_t size)
{
    c->fields++;
    put_number(c, size, 4);
}

void ph_copy_header(ph_copy *c)
{
    put(c, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", PH_COPY_HEADER_SIZE);
}

void ph_copy_trailer(ph_copy *c)
{
    put_number(c, UINT16_MAX, 2);
}

void ph_copy_row(ph_copy *c)
{
    PH_ASSERT(c->row == NULL);
    c->row = c->p;
    c->fields = 0;
    put_number(c, 0, 2);
}

void ph_copy_row_end(ph_copy *c)
{
    PH_ASSERT(c->row != NULL);
    if (!c->is_full) {
        c->row[0] = (uint8_t)(c->fields >> 8);
        c->row[1] = (uint8_t)c->fields;
    }
    c->row = NULL;
}

void ph_copy_null(ph_copy *c)
{
    c->fields++;
    put_number(c, UINT32_MAX, 4);
}

void ph_copy_bool(ph_copy *c, bool v)
{
    field(c, 1);
    put_number(c, v ? 1 : 0, 1);
}

void ph_copy_i16(ph_copy *c, int16_t v)
{
    field(c, 2);
    put_number(c, (uint64_t)(int64_t)v, 2);
}

void ph_copy_i32(ph_copy *c, int32_t v)
{
    field(c, 4);
    put_number(c, (uint64_t)(int64_t)v, 4);
}

void ph_copy_i64(ph_copy *c, int64_t v)
{
    field(c, 8);
    put_number(c, (uint64_t)v, 8);
}

void ph_copy_count(ph_copy *c, uint64_t v)
{
    PH_ASSERT(v <= INT64_MAX);
    ph_copy_i64(c, (int64_t)v);
}

/* numeric_recv: number of digits in base 10000, weight of the first (power of 10000), sign, digits
   after the point; then the digits, without zeros before or after. */
void ph_copy_numeric(ph_copy *c, uint64_t v)
{
    uint16_t digits[5]; /* 2^64 < 10000^5 */
    size_t n = 0, zeros = 0;
    for (; v != 0; v /= 10000)
        digits[n++] = (uint16_t)(v % 10000);
    while (zeros < n && digits[zeros] == 0)
        zeros++;
    field(c, 8 + 2 * (n - zeros));
    put_number(c, n - zeros, 2);
    put_number(c, n == 0 ? 0 : n - 1, 2);
    put_number(c, 0, 2);
    put_number(c, 0, 2);
    for (size_t i = n; i-- > zeros;)
        put_number(c, digits[i], 2);
}

void ph_copy_bytea(ph_copy *c, const void *bytes, size_t size)
{
    field(c, size);
    put(c, bytes, size);
}

/* Well-formed sequences as the Unicode standard's table 3-7 lists them: no overlong forms, no
   surrogates, nothing above U+10FFFF. */
size_t ph_copy_utf8(const uint8_t *p, size_t size)
{
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 4;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > size) return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
    if (p[0] == 0xed && p[1] > 0x9f) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
    return n;
}

static bool is_utf8(const uint8_t *p, size_t size)
{
    for (size_t n; size > 0; p += n, size -= n) {
        n = ph_copy_utf8(p, size);
        if (n == 0) return false;
    }
    return true;
}

void ph_copy_text(ph_copy *c, const char *text, size_t size)
{
    enum { TEXT_MAX = 64 };
    static const char hex[] = "0123456789abcdef";
    uint8_t escaped[4 * TEXT_MAX];
    PH_ASSERT(size <= TEXT_MAX);
    const uint8_t *p = (const uint8_t *)text;
    size_t left = strnlen(text, size), used = 0;
    if (is_utf8(p, left)) {
        ph_copy_bytea(c, p, left);
        return;
    }
    for (size_t n; left > 0; p += n, left -= n) {
        n = ph_copy_utf8(p, left);
        if (n == 0 || *p == '\\') {
            escaped[used++] = '\\';
            escaped[used++] = 'x';
            escaped[used++] = (uint8_t)hex[*p >> 4];
            escaped[used++] = (uint8_t)hex[*p & 15];
            n = 1;
        } else {
            memcpy(escaped + used, p, n);
            used += n;
        }
    }
    ph_copy_bytea(c, escaped, used);
}
