/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/book_truth.h - the book of a product, read out of the market itself.

    What the feed must tell: what every level of every open period shows, and the resting blocks. */
#ifndef TESTS_UNIT_BOOK_TRUTH_H
#define TESTS_UNIT_BOOK_TRUTH_H

#include "engine/core/book.h"
#include "engine/core/gate.h"
#include "gateway/replica/book_sum.h"

typedef struct {
    ph_side side;
    ph_period period;
    ph_price price;
    uint64_t quantity;
} truth_level;

enum { TRUTH_LEVELS_MAX = 4096, TRUTH_BLOCKS_MAX = 1024 };

typedef struct {
    uint32_t level_cnt, block_cnt; /* BUY first; by period; best price first */
    truth_level levels[TRUTH_LEVELS_MAX];
    phg_block_row blocks[TRUTH_BLOCKS_MAX]; /* equal ones are one */
} book_truth;

static inline void truth_add_block(book_truth *to, const ph_order *o)
{
    phg_block_terms t = {
        .side = (ph_side)o->side,
        .shape = (ph_shape)o->shape,
        .all_or_none = o->all_or_none || o->shape == PH_SHAPE_FLEX,
        .window = o->window,
        .duration = o->duration,
        .price = ph_price_of(o->key),
    };
    for (uint32_t i = 0; i < to->block_cnt; i++) {
        phg_block_terms *at = &to->blocks[i].terms;
        if (at->side == t.side && at->shape == t.shape && at->all_or_none == t.all_or_none &&
            at->window.first == t.window.first && at->window.periods == t.window.periods &&
            at->duration == t.duration && at->price == t.price) {
            to->blocks[i].units += o->open;
            return;
        }
    }
    PH_ASSERT(to->block_cnt < TRUTH_BLOCKS_MAX);
    to->blocks[to->block_cnt++] = (phg_block_row){.terms = t, .units = o->open};
}

static inline void truth_add_period(const ph_market *m, const ph_product *p, ph_side side,
                                    ph_period t, book_truth *to)
{
    const ph_ladder *l = &ph_book_at(&p->side[side], ph_ring(m, t))->ladder;
    for (uint32_t i = 0; i < l->cnt; i++) {
        const ph_level *level = ph_book_level(m, l, i);
        truth_level row = {side, t, ph_price_of(ph_ladder_nth(&m->ladders, l, i)->key), 0};
        for (uint32_t n = level->head; n != PH_NODE_NONE; n = m->nodes[n].next)
            row.quantity += ph_book_shown(m, n);
        PH_ASSERT(to->level_cnt < TRUTH_LEVELS_MAX);
        to->levels[to->level_cnt++] = row;
    }
}

/* Of periods up to `end`. */
static inline void truth_read(const ph_market *m, ph_product_id id, ph_period end, book_truth *to)
{
    const ph_product *p = &m->products[id.v];
    to->level_cnt = to->block_cnt = 0;
    for (ph_side side = PH_SIDE_BUY; side <= PH_SIDE_SELL; side++) {
        for (ph_period t = ph_gate_first_open(m, &p->terms);
             t < end && t <= ph_gate_last_open(m, &p->terms); t++)
            truth_add_period(m, p, side, t, to);
        for (uint32_t i = 0; i < p->side[side].blocks.cnt; i++) {
            uint32_t slot = ph_ladder_nth(&m->ladders, &p->side[side].blocks, i)->ref;
            truth_add_block(to, &m->orders[slot]);
        }
    }
}

static inline uint64_t truth_sum(const book_truth *b)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < b->level_cnt; i++)
        sum += phg_sum_level(b->levels[i].side, b->levels[i].period, b->levels[i].price,
                             b->levels[i].quantity);
    for (uint32_t i = 0; i < b->block_cnt; i++)
        sum += phg_sum_block(&b->blocks[i].terms, b->blocks[i].units);
    return sum;
}

#endif
