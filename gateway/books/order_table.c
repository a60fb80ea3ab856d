/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/order_table.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADS = 1024, /* buckets of one piece of memory */
    SLAB = 512,   /* slots of one */
    LINK = 8,     /* bytes of a slot in front of its entry */
};
#define SLOTS_MAX (UINT32_MAX / 2)

void phg_order_table_release(phg_order_table *t)
{
    for (uint32_t i = 0; i < t->slab_max; i++)
        free(t->slabs[i]);
    for (uint32_t i = 0; i < t->head_max; i++)
        free(t->heads[i]);
    free(t->slabs);
    free(t->heads);
    *t = (phg_order_table){0};
}

/* What lies in front of an entry: the next slot of its bucket, or of those that are free. */
static uint32_t *link_of(const phg_order_table *t, uint32_t slot)
{
    uint8_t *slab = t->slabs[(slot - 1) / SLAB];
    return (void *)(slab + (slot - 1) % SLAB * (LINK + t->entry_size));
}

static ph_order_id *entry_of(const phg_order_table *t, uint32_t slot)
{
    return (void *)((uint8_t *)link_of(t, slot) + LINK);
}

/* Ids are given out in order, so 256 that follow each other share lines of `heads`; where each such
   run begins is mixed (the golden ratio, Knuth 6.4), because of orders of which each n-th rests. */
static uint64_t spread(ph_order_id id)
{
    return id.v + ((id.v >> 8) * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

static uint32_t *head_at(const phg_order_table *t, uint32_t bucket)
{
    uint32_t *heads = t->heads[bucket / HEADS];
    return &heads[bucket % HEADS];
}

static uint32_t *head_of(const phg_order_table *t, ph_order_id id)
{
    uint32_t bucket = (uint32_t)(spread(id) & (2 * (uint64_t)t->half - 1));
    return head_at(t, bucket < t->bucket_cnt ? bucket : bucket - t->half);
}

static uint32_t slot_of(const phg_order_table *t, ph_order_id id)
{
    if (t->cnt == 0 || id.v == 0) return 0;
    uint32_t slot = *head_of(t, id);
    while (slot != 0 && entry_of(t, slot)->v != id.v)
        slot = *link_of(t, slot);
    return slot;
}

void *phg_order_table_find(const phg_order_table *t, ph_order_id id)
{
    uint32_t slot = slot_of(t, id);
    return slot == 0 ? NULL : entry_of(t, slot);
}

/* ---- Growing ------------------------------------------------------------------------------- */

/* Makes sure that the i-th piece of memory is there, all zeros at first. */
static bool has_piece(void ***list, uint32_t *max, uint32_t i, size_t size)
{
    if (i >= *max) {
        uint32_t more = (i + 1) * 2;
        void **grown = realloc(*list, more * sizeof *grown);
        if (!grown) return false;
        for (uint32_t k = *max; k < more; k++)
            grown[k] = NULL;
        *list = grown;
        *max = more;
    }
    if (!(*list)[i]) (*list)[i] = calloc(1, size);
    return (*list)[i] != NULL;
}

static bool has_heads(phg_order_table *t, uint32_t bucket)
{
    return has_piece(&t->heads, &t->head_max, bucket / HEADS, HEADS * sizeof(uint32_t));
}

static bool has_slot(phg_order_table *t, uint32_t slot)
{
    if (slot > SLOTS_MAX) return false;
    return has_piece(&t->slabs, &t->slab_max, (slot - 1) / SLAB, SLAB * (LINK + t->entry_size));
}

/* Splits the next bucket: each of its entries stays or moves to the new one, `half` behind it. */
static void split(phg_order_table *t)
{
    uint32_t *stay = head_at(t, t->bucket_cnt - t->half), *move = head_at(t, t->bucket_cnt);
    uint32_t slot = *stay;
    *stay = *move = 0;
    while (slot != 0) {
        uint32_t *link = link_of(t, slot), next = *link;
        uint32_t *to = (spread(*entry_of(t, slot)) & t->half) == 0 ? stay : move;
        *link = *to;
        *to = slot;
        slot = next;
    }
    t->bucket_cnt++;
    if (t->bucket_cnt == 2 * t->half) t->half *= 2;
}

ph_status phg_order_table_put(phg_order_table *t, const void *entry, size_t entry_size)
{
    const ph_order_id id = *(const ph_order_id *)entry;
    if (id.v == 0 || slot_of(t, id) != 0) return PH_ECORRUPT;
    PH_ASSERT(entry_size % LINK == 0 && (t->entry_size == 0 || t->entry_size == entry_size));
    t->entry_size = entry_size;
    uint32_t slot = t->free != 0 ? t->free : t->slot_cnt + 1;
    if (!has_slot(t, slot) || !has_heads(t, t->bucket_cnt)) return PH_EFULL;
    if (t->half == 0) t->half = t->bucket_cnt = HEADS / 2;
    if (t->cnt == t->bucket_cnt) split(t);
    uint32_t *link = link_of(t, slot), *head = head_of(t, id);
    if (slot == t->free)
        t->free = *link;
    else
        t->slot_cnt = slot;
    memcpy(entry_of(t, slot), entry, entry_size);
    *link = *head;
    *head = slot;
    t->cnt++;
    return PH_OK;
}

void phg_order_table_drop(phg_order_table *t, void *entry)
{
    ph_order_id *id = entry;
    PH_ASSERT(id->v != 0 && t->cnt != 0);
    uint32_t *at = head_of(t, *id);
    while (*at != 0 && entry_of(t, *at) != id)
        at = link_of(t, *at);
    uint32_t slot = *at;
    PH_ASSERT(slot != 0);
    *at = *link_of(t, slot);
    *link_of(t, slot) = t->free;
    t->free = slot;
    id->v = 0;
    t->cnt--;
}

void *phg_order_table_next(const phg_order_table *t, uint32_t *at)
{
    while (*at < t->slot_cnt) {
        ph_order_id *entry = entry_of(t, ++*at);
        if (entry->v != 0) return entry;
    }
    return NULL;
}
