/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/bytes.h - bounded readers and writers of little-endian bytes.

    Failure is sticky: after one read past the end or one write past the room everything else is a
    no-op, so that one check at the end covers all fields.  Leftover bytes are the caller's check
    (ph_reader_done).

    Owns      nothing: both point into memory of the caller.
    Thread    any, one at a time. */
#ifndef ENGINE_BASE_BYTES_H
#define ENGINE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *p, *end;
    bool bad; /* a read went past the end, or a value was not canonical */
} ph_reader;

typedef struct {
    uint8_t *start, *p, *end;
    bool full; /* a write did not fit */
} ph_writer;

ph_reader ph_reader_of(const void *bytes, size_t size);
uint8_t ph_read_u8(ph_reader *r);
uint16_t ph_read_u16(ph_reader *r);
uint32_t ph_read_u32(ph_reader *r);
uint64_t ph_read_u64(ph_reader *r);
int32_t ph_read_i32(ph_reader *r);
int64_t ph_read_i64(ph_reader *r);
void ph_read_bytes(ph_reader *r, void *to, size_t size);
/* Reads `size` bytes of text padded with zeros into `to`, which has room for size: UTF-8 without
   control characters; the last byte and everything after the first zero are zero. */
void ph_read_text(ph_reader *r, char *to, size_t size);
/* True when nothing failed and every byte was used. */
bool ph_reader_done(const ph_reader *r);

ph_writer ph_writer_of(void *room, size_t size);
void ph_write_u8(ph_writer *w, uint8_t v);
void ph_write_u16(ph_writer *w, uint16_t v);
void ph_write_u32(ph_writer *w, uint32_t v);
void ph_write_u64(ph_writer *w, uint64_t v);
void ph_write_i32(ph_writer *w, int32_t v);
void ph_write_i64(ph_writer *w, int64_t v);
void ph_write_bytes(ph_writer *w, const void *from, size_t size);
/* Bytes written so far; meaningless once full. */
size_t ph_writer_size(const ph_writer *w);

/* True if `size` bytes are text as ph_read_text wants it. */
bool ph_text_ok(const char *text, size_t size);

/* Copies a C string into a padded text field; false (and *to zeroed) if it does not fit, has
   control characters or is not UTF-8. */
bool ph_text_set(char *to, size_t size, const char *from);

#endif
