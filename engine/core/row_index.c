/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/row_index.h"

#include "engine/base/panic.h"

void ph_row_index_init(ph_row_index *x, ph_arena *a, uint32_t max, ph_row_keys keys)
{
    PH_ASSERT(max <= UINT32_C(1) << 30);
    uint64_t slots = 16;
    while (slots < (uint64_t)max * 2)
        slots *= 2;
    x->entries = ph_arena_take(a, slots, sizeof x->entries[0]);
    x->keys = keys;
    x->mask = slots - 1;
    x->cnt = 0;
    x->max = max;
}

/* How far an entry lies behind its home. */
static uint64_t distance(const ph_row_index *x, uint64_t i)
{
    return (i - x->entries[i].low) & x->mask;
}

bool ph_row_index_find_away(const ph_row_index *x, uint64_t key, uint32_t *ret)
{
    uint64_t i = ph_row_index_home(x, key);
    for (uint64_t away = 0; x->entries[i].row != 0; i = (i + 1) & x->mask, away++) {
        ph_row_entry e = x->entries[i];
        if (e.low == (uint32_t)key && ph_row_index_key(x, e.row) == key) {
            *ret = e.row;
            return true;
        }
        if (distance(x, i) < away) return false;
    }
    return false;
}

/* Moves what is nearer to its home than the new entry would be on by one, up to a free place. */
void ph_row_index_put(ph_row_index *x, uint32_t row)
{
    PH_ASSERT(row != 0 && x->cnt < x->max);
    ph_row_entry one = {(uint32_t)ph_row_index_key(x, row), row};
    uint64_t i = ph_row_index_home(x, one.low);
    for (uint64_t away = 0; x->entries[i].row != 0; i = (i + 1) & x->mask, away++) {
        uint64_t theirs = distance(x, i);
        if (theirs >= away) continue;
        ph_row_entry next = x->entries[i];
        x->entries[i] = one;
        one = next;
        away = theirs;
    }
    x->entries[i] = one;
    x->cnt++;
}

void ph_row_index_remove(ph_row_index *x, uint32_t row)
{
    uint64_t hole = ph_row_index_home(x, ph_row_index_key(x, row));
    while (x->entries[hole].row != row) {
        PH_ASSERT(x->entries[hole].row != 0);
        hole = (hole + 1) & x->mask;
    }
    for (;;) {
        uint64_t next = (hole + 1) & x->mask;
        /* Whether somebody is there is known to chance alone: one question, not two. */
        if ((x->entries[next].row == 0) | (distance(x, next) == 0)) break;
        x->entries[hole] = x->entries[next];
        hole = next;
    }
    x->entries[hole] = (ph_row_entry){0};
    x->cnt--;
}
