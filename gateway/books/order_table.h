/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/order_table.h - entries found by the number of their order; it grows without a
    pause.

    A hash table that is doubled moves all that it holds while orders wait: with half a million of
    them for tens of milliseconds.  This one grows by a bucket with every order (linear hashing),
    and takes memory in small pieces that are never moved.

      buckets   the slot of the first entry of each; 0: none.  Of the first `half` of them,
                bucket_cnt - half are split in two already
      slots     the number of the next slot of its bucket, and the entry

    An entry is a struct of the caller whose first member is its ph_order_id, 0 if it is free.

    Owns      buckets and slots; phg_order_table_release accepts a zeroed one.
    Lifetime  an entry stays where it is from put to drop.
    Thread    one. */
#ifndef GATEWAY_BOOKS_ORDER_TABLE_H
#define GATEWAY_BOOKS_ORDER_TABLE_H

#include "engine/base/status.h"
#include "engine/base/types.h"

#include <stddef.h>

typedef struct {
    void **slabs, **heads; /* NULL: not there yet */
    uint32_t slab_max, head_max;
    size_t entry_size;
    uint64_t cnt;              /* entries */
    uint32_t slot_cnt, free;   /* slots that were ever used; the first one that is free again */
    uint32_t bucket_cnt, half; /* half: a power of two, half <= bucket_cnt < 2 * half, or 0 */
} phg_order_table;

void phg_order_table_release(phg_order_table *t);

/* Adds a copy of an entry of so many bytes, a multiple of 8 and always the same.  PH_EFULL: no
   memory, nothing has changed; PH_ECORRUPT: the order is there, or has no id. */
ph_status phg_order_table_put(phg_order_table *t, const void *entry, size_t entry_size);

/* NULL if it is not there. */
void *phg_order_table_find(const phg_order_table *t, ph_order_id id);

/* Drops an entry that is there. */
void phg_order_table_drop(phg_order_table *t, void *entry);

/* The next entry behind *at, which begins with 0; NULL: that was all.  In the order of slots; those
   that are put or dropped meanwhile may or may not be among them. */
void *phg_order_table_next(const phg_order_table *t, uint32_t *at);

#endif
