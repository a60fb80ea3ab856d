/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/bytes.h - bounded readers and writers of little-endian bytes.

    Failure is sticky: after one read past the end or one write past the room everything else is a
    no-op, so that one check at the end covers all fields.  Leftover bytes are the caller's check
    (ph_reader_done).  They are written out here because every field of every record goes through
    them: a call for each costs more than the bytes.

    Owns      nothing: both point into memory of the caller.
    Thread    any, one at a time. */
#ifndef ENGINE_BASE_BYTES_H
#define ENGINE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whatever else a function does that reads or writes many fields. */
#define PH_FIELD_INLINE static inline __attribute__((always_inline))

/* ---- Without bounds: the caller knows that the bytes are there ---------------------------- */

PH_FIELD_INLINE uint16_t ph_load_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

PH_FIELD_INLINE uint32_t ph_load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

PH_FIELD_INLINE uint64_t ph_load_u64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

PH_FIELD_INLINE void ph_store_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

PH_FIELD_INLINE void ph_store_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

PH_FIELD_INLINE void ph_store_u64(uint8_t *p, uint64_t v)
{
    ph_store_u32(p, (uint32_t)v);
    ph_store_u32(p + 4, (uint32_t)(v >> 32));
}

/* ---- Reader ------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *p, *end;
    bool bad; /* a read went past the end, or a value was not canonical */
} ph_reader;

PH_FIELD_INLINE ph_reader ph_reader_of(const void *bytes, size_t size)
{
    const uint8_t *p = (const uint8_t *)bytes;
    return (ph_reader){p, size == 0 ? p : p + size, false};
}

PH_FIELD_INLINE bool ph_reader_has(ph_reader *r, size_t size)
{
    if (!r->bad && (size_t)(r->end - r->p) >= size) return true;
    r->bad = true;
    return false;
}

PH_FIELD_INLINE uint8_t ph_read_u8(ph_reader *r)
{
    return ph_reader_has(r, 1) ? *r->p++ : 0;
}

PH_FIELD_INLINE uint16_t ph_read_u16(ph_reader *r)
{
    if (!ph_reader_has(r, 2)) return 0;
    r->p += 2;
    return ph_load_u16(r->p - 2);
}

PH_FIELD_INLINE uint32_t ph_read_u32(ph_reader *r)
{
    if (!ph_reader_has(r, 4)) return 0;
    r->p += 4;
    return ph_load_u32(r->p - 4);
}

PH_FIELD_INLINE uint64_t ph_read_u64(ph_reader *r)
{
    if (!ph_reader_has(r, 8)) return 0;
    r->p += 8;
    return ph_load_u64(r->p - 8);
}

PH_FIELD_INLINE int32_t ph_read_i32(ph_reader *r)
{
    return (int32_t)ph_read_u32(r);
}

PH_FIELD_INLINE int64_t ph_read_i64(ph_reader *r)
{
    return (int64_t)ph_read_u64(r);
}

PH_FIELD_INLINE void ph_read_bytes(ph_reader *r, void *to, size_t size)
{
    if (!ph_reader_has(r, size)) {
        memset(to, 0, size);
        return;
    }
    memcpy(to, r->p, size);
    r->p += size;
}

/* Reads `size` bytes of text padded with zeros into `to`, which has room for size: UTF-8 without
   control characters; the last byte and everything after the first zero are zero. */
void ph_read_text(ph_reader *r, char *to, size_t size);

/* True when nothing failed and every byte was used. */
PH_FIELD_INLINE bool ph_reader_done(const ph_reader *r)
{
    return !r->bad && r->p == r->end;
}

/* ---- Writer ------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *start, *p, *end;
    bool full; /* a write did not fit */
} ph_writer;

PH_FIELD_INLINE ph_writer ph_writer_of(void *room, size_t size)
{
    uint8_t *p = (uint8_t *)room;
    return (ph_writer){p, p, size == 0 ? p : p + size, false};
}

PH_FIELD_INLINE bool ph_writer_has(ph_writer *w, size_t size)
{
    if (!w->full && (size_t)(w->end - w->p) >= size) return true;
    w->full = true;
    return false;
}

PH_FIELD_INLINE void ph_write_u8(ph_writer *w, uint8_t v)
{
    if (ph_writer_has(w, 1)) *w->p++ = v;
}

PH_FIELD_INLINE void ph_write_u16(ph_writer *w, uint16_t v)
{
    if (!ph_writer_has(w, 2)) return;
    ph_store_u16(w->p, v);
    w->p += 2;
}

PH_FIELD_INLINE void ph_write_u32(ph_writer *w, uint32_t v)
{
    if (!ph_writer_has(w, 4)) return;
    ph_store_u32(w->p, v);
    w->p += 4;
}

PH_FIELD_INLINE void ph_write_u64(ph_writer *w, uint64_t v)
{
    if (!ph_writer_has(w, 8)) return;
    ph_store_u64(w->p, v);
    w->p += 8;
}

PH_FIELD_INLINE void ph_write_i32(ph_writer *w, int32_t v)
{
    ph_write_u32(w, (uint32_t)v);
}

PH_FIELD_INLINE void ph_write_i64(ph_writer *w, int64_t v)
{
    ph_write_u64(w, (uint64_t)v);
}

PH_FIELD_INLINE void ph_write_bytes(ph_writer *w, const void *from, size_t size)
{
    if (!ph_writer_has(w, size)) return;
    if (size != 0) memcpy(w->p, from, size);
    w->p += size;
}

/* Bytes written so far; meaningless once full. */
PH_FIELD_INLINE size_t ph_writer_size(const ph_writer *w)
{
    return (size_t)(w->p - w->start);
}

/* ---- Text --------------------------------------------------------------------------------- */

/* True if `size` bytes are text as ph_read_text wants it. */
bool ph_text_ok(const char *text, size_t size);

/* Copies a C string into a padded text field; false (and *to zeroed) if it does not fit, has
   control characters or is not UTF-8. */
bool ph_text_set(char *to, size_t size, const char *from);

#endif
