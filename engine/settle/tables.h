/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/tables.h - which row goes to which table, column by column.

    Each table names its columns in the order in which its function writes them; schema/ says what
    they mean.  One table may come several times, for rows of different lists.

    Owns      nothing: constant. */
#ifndef ENGINE_SETTLE_TABLES_H
#define ENGINE_SETTLE_TABLES_H

#include "engine/settle/copy.h"
#include "engine/settle/rows.h"

typedef struct {
    const char *name;    /* with its schema */
    const char *columns; /* as COPY lists them; the first is a number that grows */
    /* How many places of the rows' list to look at. */
    uint64_t (*cnt)(const ph_rows *rows);
    /* Writes the row of place i, or nothing and false if that place belongs to another table. */
    bool (*write)(ph_copy *c, const ph_rows *rows, uint64_t i);
    uint32_t changing; /* how many columns, the last ones, change after the row was written */
} ph_table;

typedef struct {
    const ph_table *v;
    size_t cnt;
} ph_table_list;

/* In the order in which they are written: a row comes after the rows that it refers to. */
extern const ph_table_list ph_market_tables;   /* who and what there is, orders, contracts, money */
extern const ph_table_list ph_history_tables;  /* what became of it, what was measured */
extern const ph_table_list ph_signed_tables;   /* roots, what was signed, keys of the notary */
extern const ph_table_list ph_delivery_tables; /* contract-periods until they are final */

#endif
