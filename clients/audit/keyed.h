/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/keyed.h - rows found by a key of two numbers; they grow, go and are gone through.

    A row is a struct of the caller that begins with ph_keyed_by.  Rows lie one behind the other, so
    going through them is a loop; their order is that of arrival until one is removed.

    Owns      its rows; ph_keyed_free releases them.
    Lifetime  pointers to rows are valid until the next put or remove.
    Thread    one.
    Full      put returns NULL when there is no memory; nothing has changed. */
#ifndef CLIENTS_AUDIT_KEYED_H
#define CLIENTS_AUDIT_KEYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t a, b;
} ph_keyed_by;

typedef struct {
    size_t row_size;
    uint32_t cnt;      /* rows */
    uint32_t slot_cnt; /* a power of two, at least twice cnt; 0 before the first row */
    uint8_t *rows;
    uint32_t *slots; /* 1 + place of the row; 0: free */
} ph_keyed;

/* An empty table of rows of `row_size` bytes, key included. */
ph_keyed ph_keyed_of(size_t row_size);

/* NULL if there is no row with this key. */
void *ph_keyed_find(const ph_keyed *k, ph_keyed_by by);

/* The row with this key; a new one is zero but for the key.  NULL: no memory. */
void *ph_keyed_put(ph_keyed *k, ph_keyed_by by);

/* Removes a row of the table; the last row takes its place. */
void ph_keyed_remove(ph_keyed *k, void *row);

/* Row i, 0 <= i < cnt. */
void *ph_keyed_at(const ph_keyed *k, uint32_t i);

/* Leaves it empty; a zeroed one is accepted. */
void ph_keyed_free(ph_keyed *k);

#endif
