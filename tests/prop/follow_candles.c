/* SPDX-License-Identifier: Apache-2.0 */
/* Candles of a product, and of each of its periods, from all fills. */
#include "tests/prop/follow_truth.h"

#include "engine/base/money.h"
#include "tests/unit/suite.h"

#include <string.h>

enum { NS_PER_S = 1000000000, CANDLES_MAX = 4096, ROWS_MAX = 4096 };

typedef struct {
    phc_candle c;
    ph_wide paid;
    uint64_t opened_by, closed_by, last_trade;
} candle;

typedef struct {
    uint32_t period;
    candle k;
} period_candle;

/* What a product has after a record. */
typedef struct {
    uint64_t seq;
    uint32_t fill_i; /* fills before this one were taken */
    uint32_t cnt;
    period_candle rows[ROWS_MAX];
} period_candles;

static period_candles all[TRUTH_PRODUCTS_MAX + 1];
static truth_forgotten_candles forgotten;

truth_forgotten_candles truth_forgotten(void)
{
    return forgotten;
}

void truth_forget_candles(void)
{
    forgotten = (truth_forgotten_candles){0};
    memset(all, 0, sizeof all);
}

/* ---- Of all periods together ---------------------------------------------------------------- */

static void add_to_candle(candle *k, const truth_fill *f)
{
    uint64_t units = (uint64_t)f->units * f->periods;
    if (f->trade != k->last_trade) k->c.trades++;
    k->last_trade = f->trade;
    k->c.volume += units;
    k->paid += (ph_wide)f->price * (ph_wide)units;
    if (!f->is_each) return;
    if (k->c.open == 0) k->opened_by = f->seq;
    if (k->c.open == 0 || (f->seq == k->opened_by && truth_is_worse(f->taker, k->c.open, f->price)))
        k->c.open = f->price;
    if (f->seq != k->closed_by || truth_is_worse(f->taker, f->price, k->c.close))
        k->c.close = f->price;
    k->closed_by = f->seq;
    if (f->price > k->c.high) k->c.high = f->price;
    if (k->c.low == 0 || f->price < k->c.low) k->c.low = f->price;
}

void truth_check_candles(const phc_book *b)
{
    const truth_record *now = truth_after(b->sequence);
    static const uint32_t intervals[] = {60, 3600, 86400};
    static candle v[CANDLES_MAX];
    size_t row = 0;
    for (uint32_t n = 0; n < 3; n++) {
        uint32_t cnt = 0;
        for (uint32_t i = 0; i < now->fill_cnt; i++) {
            const truth_fill *f = &truth_fills()[i];
            if (f->product != b->product) continue;
            uint64_t start = f->at_ns / NS_PER_S / intervals[n] * intervals[n];
            if (cnt == 0 || v[cnt - 1].c.start != start) {
                ck_assert(cnt < CANDLES_MAX);
                v[cnt++] = (candle){.c = {.interval_seconds = intervals[n], .start = start}};
            }
            add_to_candle(&v[cnt - 1], f);
        }
        if (cnt > PHC_CANDLES_KEPT) forgotten.of_product = cnt - PHC_CANDLES_KEPT;
        for (uint32_t i = cnt > PHC_CANDLES_KEPT ? cnt - PHC_CANDLES_KEPT : 0; i < cnt; i++) {
            phc_candle *k = &v[i].c;
            k->average_price = (int64_t)(v[i].paid / (ph_wide)k->volume);
            ck_assert_uint_lt(row, b->candle_cnt);
            const phc_candle *is = &b->candles[row++];
            ck_assert(is->interval_seconds == k->interval_seconds && is->start == k->start);
            ck_assert(is->open == k->open && is->close == k->close);
            ck_assert(is->high == k->high && is->low == k->low);
            ck_assert(is->volume == k->volume && is->trades == k->trades);
            ck_assert_int_eq(is->average_price, k->average_price);
        }
    }
    ck_assert_uint_eq(row, b->candle_cnt);
}

/* ---- Of each period ------------------------------------------------------------------------- */

static void forget_closed(period_candles *p, uint32_t closed)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < p->cnt; i++)
        if (p->rows[i].period >= closed) p->rows[left++] = p->rows[i];
    p->cnt = left;
}

static void add_to_period(period_candles *p, const truth_fill *f, uint32_t t, uint32_t seconds)
{
    uint64_t start = f->at_ns / NS_PER_S / seconds * seconds;
    truth_fill alone = *f;
    uint32_t i = 0;
    while (i < p->cnt && (p->rows[i].period != t || p->rows[i].k.c.start != start ||
                          p->rows[i].k.c.interval_seconds != seconds))
        i++;
    ck_assert(i < ROWS_MAX);
    if (i == p->cnt)
        p->rows[p->cnt++] =
            (period_candle){t, {.c = {.interval_seconds = seconds, .start = start}}};
    alone.periods = 1;
    add_to_candle(&p->rows[i].k, &alone);
}

/* While there are too many of an interval, all that began first go; those that began last stay. */
static void forget_oldest(period_candles *p, uint32_t seconds, uint32_t max)
{
    for (;;) {
        uint64_t first = UINT64_MAX, last = 0;
        uint32_t cnt = 0, left = 0;
        for (uint32_t i = 0; i < p->cnt; i++) {
            const phc_candle *k = &p->rows[i].k.c;
            if (k->interval_seconds != seconds) continue;
            cnt++;
            if (k->start < first) first = k->start;
            if (k->start > last) last = k->start;
        }
        if (cnt <= max || first == last) return;
        for (uint32_t i = 0; i < p->cnt; i++) {
            const phc_candle *k = &p->rows[i].k.c;
            if (k->interval_seconds != seconds || k->start != first)
                p->rows[left++] = p->rows[i];
            else
                forgotten.of_periods++;
        }
        p->cnt = left;
    }
}

/* Records come in order; a gateway that was started again may tell an older one. */
static period_candles *after(uint32_t product, uint64_t seq)
{
    static const uint32_t intervals[] = {60, 3600, 86400};
    const truth_record *now = truth_after(seq);
    period_candles *p = &all[product];
    if (seq < p->seq) p->cnt = p->fill_i = 0;
    p->seq = seq;
    for (; p->fill_i < now->fill_cnt; p->fill_i++) {
        const truth_fill *f = &truth_fills()[p->fill_i];
        if (f->product != product) continue;
        forget_closed(p, f->closed);
        for (uint32_t t = f->first; t < f->first + f->periods; t++)
            for (uint32_t n = 0; n < 3 && t >= f->closed; n++)
                add_to_period(p, f, t, intervals[n]);
        if (p->fill_i + 1 < now->fill_cnt && f[1].trade == f->trade) continue;
        for (uint32_t n = 0; n < 3; n++)
            forget_oldest(p, intervals[n], TRUTH_PERIOD_CANDLES_MAX);
    }
    forget_closed(p, now->closed[product]);
    return p;
}

static void check_period_candle(period_candles *p, uint32_t t, const phc_candle *is)
{
    uint32_t i = 0;
    while (i < p->cnt && (p->rows[i].period != t || p->rows[i].k.c.start != is->start ||
                          p->rows[i].k.c.interval_seconds != is->interval_seconds))
        i++;
    ck_assert_msg(i < p->cnt, "period %u has no such candle", t);
    phc_candle *k = &p->rows[i].k.c;
    k->average_price = (int64_t)(p->rows[i].k.paid / (ph_wide)k->volume);
    ck_assert(is->open == k->open && is->close == k->close);
    ck_assert(is->high == k->high && is->low == k->low);
    ck_assert(is->volume == k->volume && is->trades == k->trades);
    ck_assert_int_eq(is->average_price, k->average_price);
}

void truth_check_period_candles(const phc_book *b)
{
    period_candles *p = after(b->product, b->sequence);
    uint32_t cnt = 0;
    for (size_t i = 0; i < b->period_candle_cnt; i++) {
        const phc_period_candles *of = &b->period_candles[i];
        ck_assert(of->candle_cnt > 0 && (i == 0 || of[-1].period < of->period));
        for (size_t k = 0; k < of->candle_cnt; k++, cnt++) {
            const phc_candle *is = &of->candles[k];
            ck_assert(
                k == 0 || is[-1].interval_seconds < is->interval_seconds ||
                (is[-1].interval_seconds == is->interval_seconds && is[-1].start < is->start));
            check_period_candle(p, of->period, is);
        }
    }
    ck_assert_msg(cnt == p->cnt, "%u candles are told, %u there are", cnt, p->cnt);
}
