/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/follow_truth.h"

#include "tests/unit/book_truth.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

typedef struct {
    uint64_t depth[TRUTH_PRODUCTS_MAX + 1], grade[TRUTH_GRADES + 1];
} after;

static after *records;
static uint64_t record_cnt, record_max;

void truth_forget(void)
{
    free(records);
    records = NULL;
    record_cnt = record_max = 0;
}

uint32_t truth_grade(const ph_product_terms *terms)
{
    return terms->memory_mib == 0 ? 1 : 2;
}

/* Adds the rows of one book to those of another, equal ones as one. */
static void add_book(book_truth *to, const book_truth *more)
{
    for (uint32_t i = 0; i < more->level_cnt; i++) {
        const truth_level *l = &more->levels[i];
        uint32_t k = 0;
        while (k < to->level_cnt &&
               (to->levels[k].side != l->side || to->levels[k].period != l->period ||
                to->levels[k].price != l->price))
            k++;
        ck_assert(k < TRUTH_LEVELS_MAX);
        if (k == to->level_cnt)
            to->levels[to->level_cnt++] = *l;
        else
            to->levels[k].quantity += l->quantity;
    }
    for (uint32_t i = 0; i < more->block_cnt; i++) {
        const phg_block_terms *b = &more->blocks[i].terms;
        uint32_t k = 0;
        while (k < to->block_cnt &&
               (to->blocks[k].terms.side != b->side || to->blocks[k].terms.shape != b->shape ||
                to->blocks[k].terms.all_or_none != b->all_or_none ||
                to->blocks[k].terms.window.first != b->window.first ||
                to->blocks[k].terms.window.periods != b->window.periods ||
                to->blocks[k].terms.duration != b->duration ||
                to->blocks[k].terms.price != b->price))
            k++;
        ck_assert(k < TRUTH_BLOCKS_MAX);
        if (k == to->block_cnt)
            to->blocks[to->block_cnt++] = more->blocks[i];
        else
            to->blocks[k].units += more->blocks[i].units;
    }
}

void truth_take(const ph_market *m, uint64_t seq)
{
    static book_truth book, grades[TRUTH_GRADES + 1];
    if (seq >= record_max) {
        record_max = seq * 2 + 64;
        records = realloc(records, record_max * sizeof *records);
        ck_assert_ptr_nonnull(records);
    }
    ck_assert_uint_eq(seq, record_cnt + 1);
    record_cnt = seq;
    after *now = &records[seq];
    *now = (after){0};
    memset(grades, 0, sizeof grades);
    for (uint32_t i = 1; i <= ph_market_product_cnt(m); i++) {
        ck_assert(i <= TRUTH_PRODUCTS_MAX);
        uint32_t grade = truth_grade(&m->products[i].terms);
        truth_read(m, (ph_product_id){i}, UINT32_MAX, &book);
        now->depth[i] = truth_sum(&book);
        add_book(&grades[grade], &book);
        now->grade[grade] += phg_sum_member(grade, (ph_product_id){i});
    }
    for (uint32_t i = 1; i <= TRUTH_GRADES; i++)
        now->grade[i] += truth_sum(&grades[i]);
}

uint64_t truth_depth(uint64_t seq, uint32_t product)
{
    ck_assert(seq >= 1 && seq <= record_cnt && product <= TRUTH_PRODUCTS_MAX);
    return records[seq].depth[product];
}

uint64_t truth_grade_depth(uint64_t seq, uint32_t grade)
{
    ck_assert(seq >= 1 && seq <= record_cnt && grade <= TRUTH_GRADES);
    return records[seq].grade[grade];
}
