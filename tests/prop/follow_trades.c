/* SPDX-License-Identifier: Apache-2.0 */
/* Public trades, against the fills of the market. */
#include "tests/prop/follow_truth.h"

#include "tests/unit/suite.h"

#include <stdlib.h>

static uint8_t *is_told; /* trade n */
static uint64_t is_told_max;
static truth_trades_told counted;

/* What is known of a product's trades. */
static struct {
    uint64_t last; /* number of the last one that was told */
    uint32_t fill; /* the first one after the record of the last book */
    bool has_book, is_lost;
} products[TRUTH_PRODUCTS_MAX + 1];

/* What was told of a product's trades from the first on. */
static struct {
    uint64_t number;
    uint32_t fill; /* the first one after them, of any product */
} tapes[TRUTH_PRODUCTS_MAX + 1];

truth_trades_told truth_trades(void)
{
    return counted;
}

void truth_forget_trades(void)
{
    free(is_told);
    is_told = NULL;
    is_told_max = 0;
    counted = (truth_trades_told){0};
    memset(products, 0, sizeof products);
    memset(tapes, 0, sizeof tapes);
}

static void mark(uint64_t trade)
{
    if (trade >= is_told_max) {
        uint64_t more = trade * 2 + 256;
        is_told = realloc(is_told, more);
        ck_assert_ptr_nonnull(is_told);
        memset(is_told + is_told_max, 0, more - is_told_max);
        is_told_max = more;
    }
    ck_assert_msg(!is_told[trade], "trade %llu was told twice", (unsigned long long)trade);
    is_told[trade] = 1;
}

static bool was_told(uint64_t trade)
{
    return trade < is_told_max && is_told[trade];
}

/* The trade is the market's, whose fills begin at i; returns where they end. */
static uint32_t check_fills(const phc_public_trade *t, uint32_t i)
{
    const truth_fill *fills = truth_fills();
    uint32_t cnt = truth_fill_cnt();
    for (size_t k = 0; k < t->segment_cnt; k++, i++) {
        const phc_segment *g = &t->segments[k];
        ck_assert(i < cnt && fills[i].trade == t->trade && fills[i].product == t->product);
        ck_assert(fills[i].at_ns == t->at && (int)fills[i].taker == (int)t->taker);
        ck_assert(fills[i].first == g->first_period && fills[i].periods == g->periods);
        ck_assert(fills[i].units == g->quantity && fills[i].price == g->price);
    }
    ck_assert_msg(t->segment_cnt > 0 && (i == cnt || fills[i].trade != t->trade),
                  "trade %llu is not whole", (unsigned long long)t->trade);
    return i;
}

void truth_trade_told(const phc_public_trade *t)
{
    uint32_t cnt = truth_fill_cnt(), i = 0;
    ck_assert(t->product >= 1 && t->product <= TRUTH_PRODUCTS_MAX);
    ck_assert_uint_gt(t->trade, products[t->product].last);
    products[t->product].last = t->trade;
    mark(t->trade);
    counted.told++;
    uint64_t number = 1, before = 0;
    for (; i < cnt && truth_fills()[i].trade != t->trade; i++) {
        const truth_fill *f = &truth_fills()[i];
        number += f->product == t->product && f->trade != before;
        before = f->trade;
    }
    ck_assert_uint_eq(t->number, number);
    (void)check_fills(t, i);
}

/* The product's next fill that was not told in full. */
static uint32_t next_fill(uint32_t product)
{
    uint32_t i = tapes[product].fill;
    while (i < truth_fill_cnt() && truth_fills()[i].product != product)
        i++;
    return i;
}

void truth_every_trade_told(const phc_public_trade *t)
{
    ck_assert(t->product >= 1 && t->product <= TRUTH_PRODUCTS_MAX);
    ck_assert_uint_eq(t->number, tapes[t->product].number + 1);
    tapes[t->product].number = t->number;
    tapes[t->product].fill = check_fills(t, next_fill(t->product));
}

uint64_t truth_tape_number(uint32_t product)
{
    return tapes[product].number;
}

bool truth_tape_is_whole(uint32_t product, uint64_t seq)
{
    return next_fill(product) >= truth_after(seq)->fill_cnt;
}

void truth_prices_lost(uint32_t product)
{
    products[product].is_lost = true;
}

void truth_prices_told(const phc_book *b)
{
    const truth_fill *fills = truth_fills();
    uint32_t cnt = truth_after(b->sequence)->fill_cnt;
    for (uint32_t *i = &products[b->product].fill; *i < cnt; (*i)++) {
        if (fills[*i].product != b->product) continue;
        if (!products[b->product].has_book || products[b->product].is_lost)
            counted.in_holes += !was_told(fills[*i].trade);
        else
            ck_assert_msg(was_told(fills[*i].trade), "trade %llu was not told",
                          (unsigned long long)fills[*i].trade);
    }
    products[b->product].has_book = true;
    products[b->product].is_lost = false;
}
