/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/keyed.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"

enum { FIRST_SLOTS = 64 };

ph_keyed ph_keyed_of(size_t row_size)
{
    PH_ASSERT(row_size >= sizeof(ph_keyed_by) && row_size % sizeof(uint64_t) == 0);
    return (ph_keyed){.row_size = row_size};
}

void *ph_keyed_at(const ph_keyed *k, uint32_t i)
{
    return k->rows + (size_t)i * k->row_size;
}

static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

static uint32_t home(const ph_keyed *k, ph_keyed_by by)
{
    return (uint32_t)mix(by.a + mix(by.b)) & (k->slot_cnt - 1);
}

static ph_keyed_by key_at(const ph_keyed *k, uint32_t i)
{
    ph_keyed_by by;
    memcpy(&by, ph_keyed_at(k, i), sizeof by);
    return by;
}

/* The slot of the key, or the free one where it would be. */
static uint32_t slot_of(const ph_keyed *k, ph_keyed_by by)
{
    uint32_t s = home(k, by);
    for (; k->slots[s] != 0; s = (s + 1) & (k->slot_cnt - 1)) {
        ph_keyed_by there = key_at(k, k->slots[s] - 1);
        if (there.a == by.a && there.b == by.b) break;
    }
    return s;
}

void *ph_keyed_find(const ph_keyed *k, ph_keyed_by by)
{
    if (k->slot_cnt == 0) return NULL;
    uint32_t s = slot_of(k, by);
    return k->slots[s] == 0 ? NULL : ph_keyed_at(k, k->slots[s] - 1);
}

/* Twice the slots, and rows for half of them. */
static bool grow(ph_keyed *k)
{
    if (k->slot_cnt > UINT32_MAX / 2) return false;
    uint32_t slot_cnt = k->slot_cnt == 0 ? FIRST_SLOTS : 2 * k->slot_cnt;
    uint8_t *rows = realloc(k->rows, (size_t)slot_cnt / 2 * k->row_size);
    if (rows == NULL) return false;
    k->rows = rows;
    uint32_t *slots = calloc(slot_cnt, sizeof *slots);
    if (slots == NULL) return false;
    free(k->slots);
    k->slots = slots;
    k->slot_cnt = slot_cnt;
    for (uint32_t i = 0; i < k->cnt; i++)
        slots[slot_of(k, key_at(k, i))] = i + 1;
    return true;
}

void *ph_keyed_put(ph_keyed *k, ph_keyed_by by)
{
    void *there = ph_keyed_find(k, by);
    if (there != NULL) return there;
    if (k->cnt == k->slot_cnt / 2 && !grow(k)) return NULL;
    k->slots[slot_of(k, by)] = k->cnt + 1;
    void *row = ph_keyed_at(k, k->cnt++);
    memset(row, 0, k->row_size);
    memcpy(row, &by, sizeof by);
    return row;
}

/* Closes the gap: a row behind it whose way from home leads over it moves in. */
static void free_slot(ph_keyed *k, uint32_t gap)
{
    uint32_t mask = k->slot_cnt - 1;
    for (uint32_t s = (gap + 1) & mask; k->slots[s] != 0; s = (s + 1) & mask) {
        uint32_t from = home(k, key_at(k, k->slots[s] - 1));
        if (((s - from) & mask) < ((s - gap) & mask)) continue;
        k->slots[gap] = k->slots[s];
        gap = s;
    }
    k->slots[gap] = 0;
}

void ph_keyed_remove(ph_keyed *k, void *row)
{
    size_t place = (size_t)((uint8_t *)row - k->rows) / k->row_size;
    PH_ASSERT(place < k->cnt && ph_keyed_at(k, (uint32_t)place) == row);
    uint32_t last = k->cnt - 1;
    free_slot(k, slot_of(k, key_at(k, (uint32_t)place)));
    if (place != last) {
        k->slots[slot_of(k, key_at(k, last))] = (uint32_t)place + 1;
        memcpy(row, ph_keyed_at(k, last), k->row_size);
    }
    k->cnt--;
}

void ph_keyed_free(ph_keyed *k)
{
    free(k->rows);
    free(k->slots);
    *k = ph_keyed_of(k->row_size == 0 ? sizeof(ph_keyed_by) : k->row_size);
}
