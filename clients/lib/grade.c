/* SPDX-License-Identifier: Apache-2.0 */
/* Which products are of a grade. */
#include "clients/lib/market_book.h"

#include "clients/lib/book_row.h"

#include <stdlib.h>
#include <string.h>

static uint64_t sum_member(uint32_t grade, uint32_t product)
{
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'G', 1);
    phc_book_row_put(&r, grade, 4);
    phc_book_row_put(&r, product, 4);
    return phc_book_row_hash(&r);
}

static phc_status take_member(phc_market_book *b, uint32_t grade,
                              const Petahour__V1__GradeProduct *m)
{
    size_t at = b->member_cnt;
    while (at > 0 && b->members[at - 1] >= m->product)
        at--;
    bool is_there = at < b->member_cnt && b->members[at] == m->product;
    if (is_there != (m->left != 0)) return PHC_OK;
    if (is_there) {
        b->checksum -= sum_member(grade, m->product);
        memmove(b->members + at, b->members + at + 1, (--b->member_cnt - at) * sizeof *b->members);
        return PHC_OK;
    }
    if (b->member_cnt == PHC_BOOK_ROWS_MAX) return PHC_ECORRUPT;
    if (b->member_cnt == b->member_max) {
        size_t more = b->member_max == 0 ? 16 : b->member_max * 2;
        uint32_t *grown = reallocarray(b->members, more, sizeof *grown);
        if (grown == NULL) return PHC_ENOMEM;
        b->members = grown;
        b->member_max = more;
    }
    memmove(b->members + at + 1, b->members + at, (b->member_cnt++ - at) * sizeof *b->members);
    b->members[at] = m->product;
    b->checksum += sum_member(grade, m->product);
    return PHC_OK;
}

phc_status phc_market_book_members(phc_market_book *b, const Petahour__V1__MarketDataFrame *f)
{
    phc_status s = PHC_OK;
    for (size_t i = 0; i < f->n_grade_products && s == PHC_OK; i++)
        s = take_member(b, f->product, f->grade_products[i]);
    return s;
}
