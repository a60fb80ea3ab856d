/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/tables.h - which row goes to which table, column by column.

    Each table names its columns in the COPY statement in the order in which its function writes
    them; schema/ says what they mean.

    Owns      nothing: constant. */
#ifndef ENGINE_SETTLE_TABLES_H
#define ENGINE_SETTLE_TABLES_H

#include "engine/settle/copy.h"
#include "engine/settle/rows.h"

typedef struct {
    const char *sql; /* COPY ... FROM STDIN (FORMAT binary) */
    /* How many places of the rows' list to look at. */
    uint64_t (*cnt)(const ph_rows *rows);
    /* Writes the row of place i, or nothing and false if that place belongs to another table. */
    bool (*write)(ph_copy *c, const ph_rows *rows, uint64_t i);
} ph_table;

/* In the order in which they are written: a row comes after the rows that it refers to. */
extern const ph_table ph_tables[];
extern const size_t ph_table_cnt;

#endif
