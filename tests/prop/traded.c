/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/traded.h"

#include "engine/base/money.h"
#include "engine/core/gate.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

enum { FILLS_MAX = 1 << 16, IN_PERIODS_MAX = 1 << 16, ORDERS_MAX = 1 << 14, INTERVALS = 3 };

static const uint32_t intervals[INTERVALS] = {60, 3600, 86400};

/* So many units at one price, in all its periods together or in one of them. */
typedef struct {
    uint32_t product, period;
    uint64_t seq, second, trade, units;
    int64_t price;
    bool is_buy; /* the order that arrived */
    bool is_each, is_resale;
} fill;

static fill fills[FILLS_MAX];           /* since the market began */
static fill in_periods[IN_PERIODS_MAX]; /* of periods that have not closed since */
static uint32_t fill_cnt, in_period_cnt;
static bool is_each[ORDERS_MAX];                               /* of order n */
static uint32_t closed[TRADED_PRODUCTS_MAX + 1];               /* periods before this one are */
static uint64_t kept_from[TRADED_PRODUCTS_MAX + 1][INTERVALS]; /* candles of periods began then */
static uint32_t candles_max;
static uint64_t left;

void traded_begin(uint32_t period_candles_max)
{
    fill_cnt = in_period_cnt = 0;
    memset(is_each, 0, sizeof is_each);
    memset(closed, 0, sizeof closed);
    memset(kept_from, 0, sizeof kept_from);
    candles_max = period_candles_max;
    left = 0;
}

uint64_t traded_left(void)
{
    return left;
}

/* ---- A row ---------------------------------------------------------------------------------- */

/* The price at which an order began, or was done: the best or the worst one of a command. */
static int64_t price_of(const fill *const *v, uint32_t cnt, uint64_t seq, bool is_best)
{
    int64_t price = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        if (v[i]->seq != seq || !v[i]->is_each) continue;
        const bool wants_lower = v[i]->is_buy == is_best;
        if (price == 0 || (wants_lower ? v[i]->price < price : v[i]->price > price))
            price = v[i]->price;
    }
    return price;
}

/* Of these fills together, in the order in which they were. */
static traded_row row_of(const fill *const *v, uint32_t cnt)
{
    traded_row r = {0};
    uint64_t first_seq = 0, last_seq = 0;
    ph_wide paid = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        const fill *f = v[i];
        uint32_t before = 0;
        while (before < i && v[before]->trade != f->trade)
            before++;
        r.trades += before == i;
        r.volume += f->units;
        paid += (ph_wide)f->units * f->price;
        if (!f->is_resale) r.open_interest += f->units;
        if (!f->is_each) continue;
        if (first_seq == 0) first_seq = f->seq;
        last_seq = f->seq;
        if (r.high == 0 || f->price > r.high) r.high = f->price;
        if (r.low == 0 || f->price < r.low) r.low = f->price;
    }
    ck_assert_uint_gt(r.volume, 0);
    r.average = (int64_t)(paid / (ph_wide)r.volume);
    r.open = price_of(v, cnt, first_seq, true);
    r.close = price_of(v, cnt, last_seq, false);
    return r;
}

static uint64_t start_of(const fill *f, uint32_t interval)
{
    return f->second / intervals[interval] * intervals[interval];
}

/* Which of a list's fills are in a row. */
typedef struct {
    uint32_t product, period; /* 0: of all periods */
    uint32_t interval;
    uint64_t start;
    bool is_ever; /* of all time, instead of one candle */
} choice;

static traded_row row_in(const fill *list, uint32_t list_cnt, choice c)
{
    static const fill *chosen[FILLS_MAX];
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < list_cnt; i++) {
        const fill *f = &list[i];
        if (f->product != c.product || (c.period != 0 && f->period != c.period)) continue;
        if (!c.is_ever && start_of(f, c.interval) != c.start) continue;
        chosen[cnt++] = f;
    }
    return row_of(chosen, cnt);
}

static int by_start_and_period(const void *va, const void *vb)
{
    const traded_row *a = va, *b = vb;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return a->period < b->period ? -1 : a->period > b->period;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

uint32_t traded_statistics(uint32_t product, traded_row *rows, uint32_t max)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < in_period_cnt; i++) {
        uint32_t k = 0;
        if (in_periods[i].product != product) continue;
        while (k < cnt && rows[k].period != in_periods[i].period)
            k++;
        if (k < cnt) continue;
        ck_assert(cnt < max);
        rows[cnt] =
            row_in(in_periods, in_period_cnt,
                   (choice){.product = product, .period = in_periods[i].period, .is_ever = true});
        rows[cnt].open = 0; /* statistics tell neither */
        rows[cnt].trades = 0;
        rows[cnt++].period = in_periods[i].period;
    }
    qsort(rows, cnt, sizeof *rows, by_start_and_period);
    return cnt;
}

uint32_t traded_candles(uint32_t product, traded_row *rows, uint32_t max)
{
    uint32_t cnt = 0;
    for (uint32_t n = 0; n < INTERVALS; n++) {
        uint64_t starts[TRADED_CANDLES_KEPT]; /* the last ones, the last first */
        uint32_t start_cnt = 0;
        for (uint32_t i = fill_cnt; i-- > 0 && start_cnt < TRADED_CANDLES_KEPT;) {
            const uint64_t start = start_of(&fills[i], n);
            if (fills[i].product != product) continue;
            if (start_cnt == 0 || starts[start_cnt - 1] != start) starts[start_cnt++] = start;
        }
        while (start_cnt-- > 0) {
            ck_assert(cnt < max);
            rows[cnt] =
                row_in(fills, fill_cnt,
                       (choice){.product = product, .interval = n, .start = starts[start_cnt]});
            rows[cnt].open_interest = 0;
            rows[cnt].start = starts[start_cnt];
            rows[cnt++].interval_seconds = intervals[n];
        }
    }
    return cnt;
}

/* Which candles of periods there are of one interval, in order. */
static uint32_t list_candles(uint32_t product, uint32_t interval, traded_row *rows, uint32_t max)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < in_period_cnt; i++) {
        const fill *f = &in_periods[i];
        const uint64_t start = start_of(f, interval);
        if (f->product != product || start < kept_from[product][interval]) continue;
        uint32_t k = 0;
        while (k < cnt && (rows[k].start != start || rows[k].period != f->period))
            k++;
        if (k < cnt) continue;
        ck_assert(cnt < max);
        rows[cnt++] = (traded_row){
            .interval_seconds = intervals[interval], .start = start, .period = f->period};
    }
    qsort(rows, cnt, sizeof *rows, by_start_and_period);
    return cnt;
}

uint32_t traded_period_candles(uint32_t product, traded_row *rows, uint32_t max)
{
    uint32_t cnt = 0;
    for (uint32_t n = 0; n < INTERVALS; n++) {
        const uint32_t end = cnt + list_candles(product, n, rows + cnt, max - cnt);
        for (; cnt < end; cnt++) {
            const traded_row which = rows[cnt];
            rows[cnt] = row_in(in_periods, in_period_cnt,
                               (choice){product, which.period, n, which.start, false});
            rows[cnt].interval_seconds = which.interval_seconds;
            rows[cnt].start = which.start;
            rows[cnt].period = which.period;
            rows[cnt].open_interest = 0;
        }
    }
    return cnt;
}

/* ---- Events --------------------------------------------------------------------------------- */

/* After a trade: all that began first leave together, while too many are left and others began
   later. */
static void keep(uint32_t product)
{
    static traded_row rows[IN_PERIODS_MAX];
    for (uint32_t n = 0; n < INTERVALS; n++) {
        uint32_t cnt = list_candles(product, n, rows, IN_PERIODS_MAX), first = 0;
        while (cnt - first > candles_max && rows[first].start != rows[cnt - 1].start) {
            const uint64_t start = rows[first].start;
            for (; rows[first].start == start; first++)
                left++;
            kept_from[product][n] = start + 1;
        }
    }
}

/* What was traded in periods before `end` is forgotten. */
static void close_before(uint32_t product, uint32_t end)
{
    uint32_t cnt = 0;
    if (end <= closed[product]) return;
    closed[product] = end;
    for (uint32_t i = 0; i < in_period_cnt; i++)
        if (in_periods[i].product != product || in_periods[i].period >= end)
            in_periods[cnt++] = in_periods[i];
    in_period_cnt = cnt;
}

static void close_by_stamp(const ph_market *m, uint32_t product)
{
    close_before(product, ph_gate_first_open(m, ph_market_product(m, (ph_product_id){product})));
}

static void take_trade(const ph_market *m, const ph_event *e)
{
    const ph_trade *t = &e->u.trade;
    close_by_stamp(m, t->product.v);
    for (uint32_t i = 1; i <= t->segment_cnt; i++) {
        const ph_segment *g = &e[i].u.segment;
        fill f = {.product = t->product.v,
                  .seq = ph_market_seq(m),
                  .second = m->now.ns / 1000000000,
                  .trade = t->trade.v,
                  .units = (uint64_t)g->quantity * g->window.periods,
                  .price = g->price,
                  .is_buy = t->taker == PH_SIDE_BUY,
                  .is_each = is_each[t->buy_order.v] && is_each[t->sell_order.v],
                  .is_resale = t->from_contract.v != 0};
        ck_assert(fill_cnt < FILLS_MAX);
        fills[fill_cnt++] = f;
        f.units = g->quantity;
        for (uint32_t k = 0; k < g->window.periods; k++) {
            f.period = g->window.first + k;
            ck_assert(in_period_cnt < IN_PERIODS_MAX);
            if (f.period >= closed[f.product]) in_periods[in_period_cnt++] = f;
        }
    }
    keep(t->product.v);
}

/* An order by its place among those of its command. */
static const ph_new_order *entered(const ph_command *c, uint32_t nth)
{
    return c->kind == PH_CMD_NEW_GROUP ? &c->u.group.v[nth] : &c->u.order;
}

void traded_take(const ph_market *m, const ph_command *c, const ph_event *events, uint32_t cnt)
{
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        const ph_event *e = &events[i];
        if (e->kind == PH_EVT_ACCEPTED) {
            const ph_new_order *n = entered(c, accepted++);
            ck_assert(e->u.accepted.order.v < ORDERS_MAX);
            is_each[e->u.accepted.order.v] = n->shape == PH_SHAPE_EACH;
            if (n->shape == PH_SHAPE_EACH) close_by_stamp(m, n->product.v);
        } else if (e->kind == PH_EVT_REPLACED) {
            if (is_each[e->u.replaced.order.v]) close_by_stamp(m, e->u.replaced.product.v);
        } else if (e->kind == PH_EVT_GATE_CLOSED) {
            close_before(e->u.gate_closed.product.v, e->u.gate_closed.period + 1);
        } else if (e->kind == PH_EVT_TERMS_SET) {
            closed[e->u.terms_set.product.v] = 0; /* a shorter gate opens periods again */
        } else if (e->kind == PH_EVT_TRADE) {
            take_trade(m, e);
        }
    }
}
