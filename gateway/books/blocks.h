/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/blocks.h - the blocks that rest in one product: each order, and equal ones as one
    row.

    Rows are the blocks' own depth: nobody is named, and blocks of equal side, shape, window,
    duration, price and all-or-none stand together.

    Owns      its arrays; phg_blocks_release accepts a zeroed one.
    Lifetime  pointers are valid until the next call that takes a block.
    Laws      orders are in order of id; rows in order of their terms; the units of a row are the
              sum over its orders; a row without units stays until what was told of it, or counted
              in its grade, is taken back.  The rows of a grade have no orders: see
              phg_blocks_count.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_ECORRUPT: such an order is there already, or is not there. */
#ifndef GATEWAY_BOOKS_BLOCKS_H
#define GATEWAY_BOOKS_BLOCKS_H

#include "engine/base/status.h"
#include "engine/base/types.h"

typedef struct {
    ph_side side;
    ph_shape shape; /* BLOCK or FLEX */
    bool all_or_none;
    ph_window window;
    uint32_t duration; /* FLEX; otherwise 0 */
    ph_price price;
} phg_block_terms;

typedef struct {
    phg_block_terms terms;
    uint64_t units, told;
    uint64_t in_grade; /* of these units, counted in the depth of the product's grade */
} phg_block_row;

typedef struct {
    ph_order_id order;
    phg_block_terms terms;
    uint64_t units; /* open */
} phg_block;

typedef struct {
    phg_block *v;
    uint32_t cnt, max;
    phg_block_row *rows;
    uint32_t row_cnt, row_max;
    bool has_news; /* some row has not been told as it is */
} phg_blocks;

void phg_blocks_release(phg_blocks *b);

/* Adds a block with an id higher than all before. */
ph_status phg_blocks_put(phg_blocks *b, const phg_block *block);

/* NULL if it does not rest. */
const phg_block *phg_blocks_find(const phg_blocks *b, ph_order_id id);

/* Gives a resting block another price and other open units; without any it rests no more. */
ph_status phg_blocks_set(phg_blocks *b, ph_order_id id, ph_price price, uint64_t units);

/* Every FLEX loses the periods before `end`; one that does not fit any more is cancelled by an
   event of its own. */
ph_status phg_blocks_shorten(phg_blocks *b, ph_period end);

/* The units of a row become `less` fewer and `more` more. */
ph_status phg_blocks_count(phg_blocks *b, const phg_block_terms *t, uint64_t less, uint64_t more);

/* Every row counts as told; those without units go. */
void phg_blocks_told(phg_blocks *b);

/* Periods that one unit takes. */
uint32_t phg_block_length(const phg_block_terms *t);

#endif
