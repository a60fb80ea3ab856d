/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/key_index.h - where public keys stand in a table, found by a keyed hash: whoever
    chooses keys cannot choose that they share one.

    Holds the numbers of rows, from 1; the rows themselves are its caller's, who compares.

    Owns      its places; phg_key_index_release accepts a zeroed one.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef GATEWAY_BOOKS_KEY_INDEX_H
#define GATEWAY_BOOKS_KEY_INDEX_H

#include "engine/base/status.h"
#include "engine/base/types.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t *places; /* a number, from where its hash says on; 0: free */
    uint32_t cnt;     /* of places: a power of two, or 0 */
    uint8_t secret[16];
} phg_key_index;

void phg_key_index_release(phg_key_index *x);

/* Makes room for twice as many as `rows`, a power of two.  *ret_is_empty: it was made anew, and
   every row is to be put again. */
ph_status phg_key_index_room(phg_key_index *x, uint32_t rows, bool *ret_is_empty);

/* After phg_key_index_room. */
void phg_key_index_put(phg_key_index *x, const ph_key *key, uint32_t number);

/* The numbers that may be this key's, one after the other: *place begins as phg_key_index_place
   says.  0: there are no more. */
uint32_t phg_key_index_place(const phg_key_index *x, const ph_key *key);
uint32_t phg_key_index_next(const phg_key_index *x, uint32_t *place);

#endif
