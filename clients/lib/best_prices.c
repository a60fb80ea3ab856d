/* SPDX-License-Identifier: Apache-2.0 */
/* The best prices of a book, period by period. */
#include "clients/lib/market_book.h"

#include "clients/lib/book_row.h"
#include "clients/lib/decode.h"

#include <stdlib.h>
#include <string.h>

static uint64_t sum(const phc_best_prices *p)
{
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'P', 1);
    phc_book_row_put(&r, p->first_period, 4);
    phc_book_row_put(&r, (uint64_t)p->bid, 8);
    phc_book_row_put(&r, p->bid_quantity, 8);
    phc_book_row_put(&r, (uint64_t)p->ask, 8);
    phc_book_row_put(&r, p->ask_quantity, 8);
    return phc_book_row_hash(&r);
}

/* Index of the first row that is not before this period. */
static size_t row_at(const phc_market_book *b, uint32_t period)
{
    size_t low = 0, high = b->best_cnt;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->best[middle].first_period < period)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Puts `cnt` rows, whose places are to be filled, where those from `at` to `end` are. */
static phc_status make_room(phc_market_book *b, size_t at, size_t end, size_t cnt)
{
    size_t now = b->best_cnt - (end - at) + cnt;
    if (now > PHC_BOOK_PERIODS_MAX) return PHC_ECORRUPT;
    if (now > b->best_max) {
        size_t more = now * 2 < 64 ? 64 : now * 2;
        phc_best_prices *grown = reallocarray(b->best, more, sizeof *grown);
        if (grown == NULL) return PHC_ENOMEM;
        b->best = grown;
        b->best_max = more;
    }
    if (b->best != NULL)
        memmove(b->best + at + cnt, b->best + end, (b->best_cnt - end) * sizeof *b->best);
    b->best_cnt = now;
    return PHC_OK;
}

static bool is_side(int64_t price, uint64_t quantity)
{
    return price >= 0 && (price == 0) == (quantity == 0);
}

phc_status phc_market_book_prices(phc_market_book *b, uint32_t product,
                                  const Petahour__V1__BestPrices *m)
{
    if (m->periods == 0 || m->periods > PHC_BOOK_PERIODS_MAX ||
        m->first_period > UINT32_MAX - m->periods || !is_side(m->bid, m->bid_quantity) ||
        !is_side(m->ask, m->ask_quantity))
        return PHC_ECORRUPT;
    size_t at = row_at(b, m->first_period), end = row_at(b, m->first_period + m->periods);
    size_t cnt = m->bid == 0 && m->ask == 0 ? 0 : m->periods;
    for (size_t i = at; i < end; i++)
        b->checksum -= sum(&b->best[i]);
    phc_status s = make_room(b, at, end, cnt);
    if (s != PHC_OK) return s;
    for (size_t i = 0; i < cnt; i++) {
        phc_best_prices *row = &b->best[at + i];
        phc_decode_best_prices(m, product, row);
        row->first_period = m->first_period + (uint32_t)i;
        row->periods = 1;
        b->checksum += sum(row);
    }
    return PHC_OK;
}
