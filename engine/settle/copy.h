/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/copy.h - the bytes of PostgreSQL's COPY ... (FORMAT binary).

      header    "PGCOPY\n\377\r\n\0", u32 flags 0, u32 extension length 0
      row       i16 number of fields, then per field i32 size (-1: NULL) and the bytes
      trailer   i16 -1

    All integers are big-endian (the server's *_recv functions read them).  The number of fields of
    a row is written when the row ends, so that a row cannot state another number than it has.

    Owns      nothing: the bytes go to room of the caller.
    Full      sticky: one check of is_full after a row is enough. */
#ifndef ENGINE_SETTLE_COPY_H
#define ENGINE_SETTLE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *start, *p, *end;
    uint8_t *row; /* where the present row's number of fields goes */
    uint16_t fields;
    bool is_full;
} ph_copy;

enum {
    PH_COPY_HEADER_SIZE = 19,
    PH_COPY_ROW_MAX = 4096, /* longest row of any table here: room for it before each row */
};

ph_copy ph_copy_of(void *room, size_t size);
size_t ph_copy_size(const ph_copy *c);
void ph_copy_header(ph_copy *c);
void ph_copy_trailer(ph_copy *c);

void ph_copy_row(ph_copy *c);     /* begins a row */
void ph_copy_row_end(ph_copy *c); /* ends it */

void ph_copy_null(ph_copy *c);
void ph_copy_bool(ph_copy *c, bool v);
void ph_copy_i16(ph_copy *c, int16_t v);
void ph_copy_i32(ph_copy *c, int32_t v);
void ph_copy_i64(ph_copy *c, int64_t v);
/* An id or a count as bigint; one above INT64_MAX is a bug, since the market counts from 1. */
void ph_copy_count(ph_copy *c, uint64_t v);
/* A number that a client chose, as numeric: all of 64 bits. */
void ph_copy_numeric(ph_copy *c, uint64_t v);
void ph_copy_bytea(ph_copy *c, const void *bytes, size_t size);

/* Text of a padded field of `size` bytes.  The server takes valid UTF-8 alone: if the field is not,
   each byte that does not belong to a character becomes \xNN and each backslash \x5c, so that two
   different fields stay two different texts. */
void ph_copy_text(ph_copy *c, const char *text, size_t size);

/* Bytes of the UTF-8 character at p, which has `size` > 0 bytes left; 0 if there is none. */
size_t ph_copy_utf8(const uint8_t *p, size_t size);

#endif
