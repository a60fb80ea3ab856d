/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/row.h - rows of a table to a file, as CSV or as JSON Lines.

    CSV is RFC 4180: a line of column names, CRLF, quotes where a field needs them; what does not
    apply is an empty field.  A line of JSON Lines is an object with every column; integers are
    written as they are, up to 64 bits; what does not apply is null.

    Owns      nothing: the file is the caller's, who finds its errors when it is flushed.
    Thread    one.
    Laws      a row has exactly one value for each column, in order. */
#ifndef CLIENTS_AUDIT_ROW_H
#define CLIENTS_AUDIT_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum { PH_ROW_CSV = 1, PH_ROW_JSON = 2 } ph_row_form;

typedef struct {
    FILE *to;
    ph_row_form form;
    const char *const *columns;
    uint32_t column_cnt;
    uint32_t at;  /* values of the row so far */
    uint64_t cnt; /* rows */
} ph_row;

/* Begins a table; writes the line of names if it is CSV. */
ph_row ph_row_begin(FILE *to, ph_row_form form, const char *const *columns, uint32_t column_cnt);

void ph_row_u64(ph_row *r, uint64_t v);
void ph_row_i64(ph_row *r, int64_t v);
void ph_row_bool(ph_row *r, bool v);
void ph_row_text(ph_row *r, const char *v); /* UTF-8 */
void ph_row_none(ph_row *r);                /* does not apply */

void ph_row_end(ph_row *r);

#endif
