/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/blocks.h"

#include "engine/base/period.h"

#include <stdlib.h>
#include <string.h>

void phg_blocks_release(phg_blocks *b)
{
    free(b->v);
    free(b->rows);
    *b = (phg_blocks){0};
}

uint32_t phg_block_length(const phg_block_terms *t)
{
    return t->shape == PH_SHAPE_FLEX ? t->duration : t->window.periods;
}

static int by_number(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare(const phg_block_terms *a, const phg_block_terms *b)
{
    const uint64_t of_a[] = {(uint64_t)a->side,  a->window.first, a->window.periods,
                             (uint64_t)a->shape, a->duration,     a->all_or_none,
                             (uint64_t)a->price};
    const uint64_t of_b[] = {(uint64_t)b->side,  b->window.first, b->window.periods,
                             (uint64_t)b->shape, b->duration,     b->all_or_none,
                             (uint64_t)b->price};
    int c = 0;
    for (size_t i = 0; c == 0 && i < sizeof of_a / sizeof of_a[0]; i++)
        c = by_number(of_a[i], of_b[i]);
    return c;
}

static ph_status room(void **rows, uint32_t *max, size_t size, uint32_t cnt)
{
    if (cnt < *max) return PH_OK;
    if (*max > UINT32_MAX / 4) return PH_EFULL;
    uint32_t more = *max == 0 ? 16 : *max * 2;
    void *grown = realloc(*rows, more * size);
    if (!grown) return PH_EFULL;
    *rows = grown;
    *max = more;
    return PH_OK;
}

/* Index of the first row that does not come before these terms. */
static uint32_t row_at(const phg_blocks *b, const phg_block_terms *t)
{
    uint32_t low = 0, high = b->row_cnt;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&b->rows[middle].terms, t) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static ph_status add_units(phg_blocks *b, const phg_block_terms *t, uint64_t units)
{
    uint32_t i = row_at(b, t);
    b->has_news = true;
    if (i < b->row_cnt && compare(&b->rows[i].terms, t) == 0) {
        b->rows[i].units += units;
        return PH_OK;
    }
    void *rows = b->rows;
    ph_status s = room(&rows, &b->row_max, sizeof *b->rows, b->row_cnt);
    b->rows = rows;
    if (s != PH_OK) return s;
    memmove(b->rows + i + 1, b->rows + i, (b->row_cnt - i) * sizeof *b->rows);
    b->rows[i] = (phg_block_row){.terms = *t, .units = units};
    b->row_cnt++;
    return PH_OK;
}

static ph_status take_units(phg_blocks *b, const phg_block_terms *t, uint64_t units)
{
    uint32_t i = row_at(b, t);
    if (i == b->row_cnt || compare(&b->rows[i].terms, t) != 0 || b->rows[i].units < units)
        return PH_ECORRUPT;
    b->has_news = true;
    b->rows[i].units -= units;
    if ((b->rows[i].units | b->rows[i].told | b->rows[i].in_grade) != 0) return PH_OK;
    memmove(b->rows + i, b->rows + i + 1, (b->row_cnt - i - 1) * sizeof *b->rows);
    b->row_cnt--;
    return PH_OK;
}

ph_status phg_blocks_put(phg_blocks *b, const phg_block *block)
{
    if (b->cnt != 0 && b->v[b->cnt - 1].order.v >= block->order.v) return PH_ECORRUPT;
    void *rows = b->v;
    ph_status s = room(&rows, &b->max, sizeof *b->v, b->cnt);
    b->v = rows;
    if (s != PH_OK) return s;
    b->v[b->cnt++] = *block;
    return add_units(b, &block->terms, block->units);
}

/* Its index; cnt if it does not rest. */
static uint32_t find(const phg_blocks *b, ph_order_id id)
{
    uint32_t low = 0, high = b->cnt;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (b->v[middle].order.v < id.v)
            low = middle + 1;
        else
            high = middle;
    }
    return low < b->cnt && b->v[low].order.v == id.v ? low : b->cnt;
}

const phg_block *phg_blocks_find(const phg_blocks *b, ph_order_id id)
{
    uint32_t i = find(b, id);
    return i == b->cnt ? NULL : &b->v[i];
}

ph_status phg_blocks_set(phg_blocks *b, ph_order_id id, ph_price price, uint64_t units)
{
    uint32_t i = find(b, id);
    if (i == b->cnt) return PH_ECORRUPT;
    phg_block *block = &b->v[i];
    if (block->units == units && block->terms.price == price) return PH_OK;
    ph_status s = take_units(b, &block->terms, block->units);
    if (s != PH_OK) return s;
    block->terms.price = price;
    block->units = units;
    if (units != 0) return add_units(b, &block->terms, units);
    memmove(block, block + 1, (b->cnt - i - 1) * sizeof *block);
    b->cnt--;
    return PH_OK;
}

ph_status phg_blocks_shorten(phg_blocks *b, ph_period end)
{
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < b->cnt && s == PH_OK; i++) {
        phg_block *block = &b->v[i];
        phg_block_terms *t = &block->terms;
        if (t->shape != PH_SHAPE_FLEX || t->window.first >= end) continue;
        uint64_t window_end = ph_window_end(t->window);
        if (window_end < (uint64_t)end + t->duration) continue;
        s = take_units(b, t, block->units);
        t->window = (ph_window){end, (uint32_t)(window_end - end)};
        if (s == PH_OK) s = add_units(b, t, block->units);
    }
    return s;
}

ph_status phg_blocks_count(phg_blocks *b, const phg_block_terms *t, uint64_t less, uint64_t more)
{
    ph_status s = more == 0 ? PH_OK : add_units(b, t, more);
    return s == PH_OK && less != 0 ? take_units(b, t, less) : s;
}

void phg_blocks_told(phg_blocks *b)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->row_cnt; i++) {
        if (b->rows[i].units == 0) continue;
        b->rows[kept] = b->rows[i];
        b->rows[kept].told = b->rows[kept].units;
        kept++;
    }
    b->row_cnt = kept;
    b->has_news = false;
}
