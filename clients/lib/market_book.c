/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/market_book.h"

#include "clients/lib/book_row.h"

#include <stdlib.h>
#include <string.h>

enum { PERIODS_MAX = PHC_BOOK_PERIODS_MAX };

static void release_room(phc_level_room *room)
{
    free(room->v[0]);
    free(room->v[1]);
}

void phc_market_book_release(phc_market_book *b)
{
    for (size_t i = 0; i < b->period_cnt; i++)
        release_room(&b->rooms[i]);
    free(b->periods);
    free(b->rooms);
    free(b->blocks);
    free(b->statistics);
    phc_market_book_release_candles(b);
    free(b->sites);
    free(b->networks);
    free(b->members);
    free(b->best);
    *b = (phc_market_book){0};
}

/* ---- The checksum --------------------------------------------------------------------------- */

static uint64_t sum_level(phc_side side, uint32_t period, int64_t price, uint64_t quantity)
{
    if (quantity == 0) return 0;
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'L', 1);
    phc_book_row_put(&r, side, 1);
    phc_book_row_put(&r, period, 4);
    phc_book_row_put(&r, (uint64_t)price, 8);
    phc_book_row_put(&r, quantity, 8);
    return phc_book_row_hash(&r);
}

static uint64_t sum_block(const phc_block_depth *k)
{
    if (k->units == 0) return 0;
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'B', 1);
    phc_book_row_put(&r, k->side, 1);
    phc_book_row_put(&r, k->shape, 1);
    phc_book_row_put(&r, k->all_or_none ? 1 : 0, 1);
    phc_book_row_put(&r, k->first_period, 4);
    phc_book_row_put(&r, k->periods, 4);
    phc_book_row_put(&r, k->duration, 4);
    phc_book_row_put(&r, (uint64_t)k->price, 8);
    phc_book_row_put(&r, k->units, 8);
    return phc_book_row_hash(&r);
}

static uint64_t sum_statistics(const phc_period_statistics *s)
{
    if (s->volume == 0) return 0;
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'S', 1);
    phc_book_row_put(&r, s->period, 4);
    phc_book_row_put(&r, (uint64_t)s->last, 8);
    phc_book_row_put(&r, (uint64_t)s->high, 8);
    phc_book_row_put(&r, (uint64_t)s->low, 8);
    phc_book_row_put(&r, s->volume, 8);
    phc_book_row_put(&r, (uint64_t)s->average_price, 8);
    phc_book_row_put(&r, s->open_interest, 8);
    return phc_book_row_hash(&r);
}

/* ---- Levels --------------------------------------------------------------------------------- */

/* Index of the first period that is not before this one. */
static size_t period_at(const phc_market_book *b, uint32_t period)
{
    size_t low = 0, high = b->period_cnt;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->periods[middle].period < period)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static phc_status add_period(phc_market_book *b, size_t at, uint32_t period)
{
    if (b->period_cnt == PERIODS_MAX) return PHC_ECORRUPT;
    if (b->period_cnt == b->period_max) {
        size_t more = b->period_max == 0 ? 64 : b->period_max * 2;
        phc_period_depth *periods = reallocarray(b->periods, more, sizeof *periods);
        if (periods == NULL) return PHC_ENOMEM;
        b->periods = periods;
        phc_level_room *rooms = reallocarray(b->rooms, more, sizeof *rooms);
        if (rooms == NULL) return PHC_ENOMEM;
        b->rooms = rooms;
        b->period_max = more;
    }
    memmove(b->periods + at + 1, b->periods + at, (b->period_cnt - at) * sizeof *b->periods);
    memmove(b->rooms + at + 1, b->rooms + at, (b->period_cnt - at) * sizeof *b->rooms);
    b->periods[at] = (phc_period_depth){.period = period};
    b->rooms[at] = (phc_level_room){.max = {0, 0}};
    b->period_cnt++;
    return PHC_OK;
}

static void drop_period(phc_market_book *b, size_t at)
{
    b->level_cnt -= b->periods[at].bid_cnt + b->periods[at].ask_cnt;
    release_room(&b->rooms[at]);
    b->period_cnt--;
    memmove(b->periods + at, b->periods + at + 1, (b->period_cnt - at) * sizeof *b->periods);
    memmove(b->rooms + at, b->rooms + at + 1, (b->period_cnt - at) * sizeof *b->rooms);
}

static bool is_better(phc_side side, int64_t a, int64_t b)
{
    return side == PHC_BUY ? a > b : a < b;
}

/* Sets one level of a side; 0 takes it away. */
static phc_status set_level(phc_market_book *b, size_t at, phc_side side, phc_level to)
{
    phc_period_depth *p = &b->periods[at];
    size_t i = side == PHC_BUY ? 0 : 1;
    size_t *cnt = i == 0 ? &p->bid_cnt : &p->ask_cnt;
    phc_level *v = b->rooms[at].v[i];
    size_t k = 0;
    while (k < *cnt && is_better(side, v[k].price, to.price))
        k++;
    bool is_there = k < *cnt && v[k].price == to.price;
    b->checksum += sum_level(side, p->period, to.price, to.quantity) -
                   (is_there ? sum_level(side, p->period, to.price, v[k].quantity) : 0);
    if (is_there && to.quantity != 0) {
        v[k] = to;
    } else if (is_there) {
        memmove(v + k, v + k + 1, (--*cnt - k) * sizeof *v);
        b->level_cnt--;
    } else if (to.quantity != 0) {
        if (b->level_cnt == PHC_BOOK_LEVELS_MAX) return PHC_ECORRUPT;
        if (*cnt == b->rooms[at].max[i]) {
            uint32_t more = *cnt == 0 ? 4 : (uint32_t)*cnt * 2;
            phc_level *grown = reallocarray(v, more, sizeof *v);
            if (grown == NULL) return PHC_ENOMEM;
            b->rooms[at].v[i] = v = grown;
            b->rooms[at].max[i] = more;
        }
        memmove(v + k + 1, v + k, ((*cnt)++ - k) * sizeof *v);
        v[k] = to;
        b->level_cnt++;
    }
    p->bids = b->rooms[at].v[0];
    p->asks = b->rooms[at].v[1];
    return PHC_OK;
}

static phc_status take_levels(phc_market_book *b, const Petahour__V1__DepthLevels *m)
{
    phc_side side = (phc_side)m->side;
    if (m->periods == 0 || m->periods > PERIODS_MAX || m->first_period > UINT32_MAX - m->periods ||
        m->price <= 0 || phc_side_text(side) == NULL)
        return PHC_ECORRUPT;
    for (uint32_t t = m->first_period; t < m->first_period + m->periods; t++) {
        size_t at = period_at(b, t);
        bool is_there = at < b->period_cnt && b->periods[at].period == t;
        if (!is_there && m->quantity == 0) continue;
        phc_status s = is_there ? PHC_OK : add_period(b, at, t);
        if (s == PHC_OK) s = set_level(b, at, side, (phc_level){m->price, m->quantity});
        if (s != PHC_OK) return s;
        if (b->periods[at].bid_cnt == 0 && b->periods[at].ask_cnt == 0) drop_period(b, at);
    }
    return PHC_OK;
}

/* ---- Blocks and statistics ------------------------------------------------------------------ */

static bool is_same_block(const phc_block_depth *a, const phc_block_depth *b)
{
    return a->side == b->side && a->shape == b->shape && a->all_or_none == b->all_or_none &&
           a->first_period == b->first_period && a->periods == b->periods &&
           a->duration == b->duration && a->price == b->price;
}

static phc_status take_block(phc_market_book *b, const Petahour__V1__BlockDepth *m)
{
    phc_block_depth k = {.side = (phc_side)m->side,
                         .shape = (phc_shape)m->shape,
                         .all_or_none = m->all_or_none,
                         .first_period = m->first_period,
                         .periods = m->periods,
                         .duration = m->duration,
                         .price = m->price,
                         .units = m->units};
    if (phc_side_text(k.side) == NULL || phc_shape_text(k.shape) == NULL) return PHC_ECORRUPT;
    size_t i = 0;
    while (i < b->block_cnt && !is_same_block(&b->blocks[i], &k))
        i++;
    b->checksum += sum_block(&k) - (i < b->block_cnt ? sum_block(&b->blocks[i]) : 0);
    if (i < b->block_cnt) {
        b->blocks[i] = k.units == 0 ? b->blocks[--b->block_cnt] : k;
        return PHC_OK;
    }
    if (k.units == 0) return PHC_OK;
    if (b->block_cnt == PHC_BOOK_ROWS_MAX) return PHC_ECORRUPT;
    if (b->block_cnt == b->block_max) {
        size_t more = b->block_max == 0 ? 16 : b->block_max * 2;
        phc_block_depth *grown = reallocarray(b->blocks, more, sizeof *grown);
        if (grown == NULL) return PHC_ENOMEM;
        b->blocks = grown;
        b->block_max = more;
    }
    b->blocks[b->block_cnt++] = k;
    return PHC_OK;
}

static phc_status set_statistics(phc_market_book *b, const phc_period_statistics *s)
{
    size_t at = b->statistics_cnt;
    while (at > 0 && b->statistics[at - 1].period >= s->period)
        at--;
    bool is_there = at < b->statistics_cnt && b->statistics[at].period == s->period;
    b->checksum += sum_statistics(s) - (is_there ? sum_statistics(&b->statistics[at]) : 0);
    if (!is_there) {
        if (b->statistics_cnt == PERIODS_MAX) return PHC_ECORRUPT;
        if (b->statistics_cnt == b->statistics_max) {
            size_t more = b->statistics_max == 0 ? 64 : b->statistics_max * 2;
            phc_period_statistics *grown = reallocarray(b->statistics, more, sizeof *grown);
            if (grown == NULL) return PHC_ENOMEM;
            b->statistics = grown;
            b->statistics_max = more;
        }
        memmove(b->statistics + at + 1, b->statistics + at,
                (b->statistics_cnt - at) * sizeof *b->statistics);
        b->statistics_cnt++;
    }
    b->statistics[at] = *s;
    return PHC_OK;
}

static phc_status take_statistics(phc_market_book *b, const Petahour__V1__PeriodStatistics *m)
{
    if (m->periods == 0 || m->periods > PERIODS_MAX || m->volume == 0 ||
        m->first_period > UINT32_MAX - m->periods)
        return PHC_ECORRUPT;
    phc_status s = PHC_OK;
    for (uint32_t i = 0; i < m->periods && s == PHC_OK; i++) {
        phc_period_statistics to = {.period = m->first_period + i,
                                    .last = m->last,
                                    .high = m->high,
                                    .low = m->low,
                                    .volume = m->volume,
                                    .average_price = m->average_price,
                                    .open_interest = m->open_interest};
        s = set_statistics(b, &to);
    }
    return s;
}

/* ---- All ------------------------------------------------------------------------------------ */

/* Nothing of the periods before `end` is there any more. */
static void close_before(phc_market_book *b, uint32_t end)
{
    while (b->period_cnt > 0 && b->periods[0].period < end) {
        const phc_period_depth *p = &b->periods[0];
        for (size_t i = 0; i < p->bid_cnt; i++)
            b->checksum -= sum_level(PHC_BUY, p->period, p->bids[i].price, p->bids[i].quantity);
        for (size_t i = 0; i < p->ask_cnt; i++)
            b->checksum -= sum_level(PHC_SELL, p->period, p->asks[i].price, p->asks[i].quantity);
        drop_period(b, 0);
    }
    size_t gone = 0;
    while (gone < b->statistics_cnt && b->statistics[gone].period < end)
        b->checksum -= sum_statistics(&b->statistics[gone++]);
    if (gone == 0) return;
    b->statistics_cnt -= gone;
    memmove(b->statistics, b->statistics + gone, b->statistics_cnt * sizeof *b->statistics);
}

phc_status phc_market_book_take(phc_market_book *b, const Petahour__V1__MarketDataFrame *f)
{
    phc_status s = PHC_OK;
    for (size_t i = 0; i < f->n_phases; i++)
        if (phc_phase_text((phc_phase)f->phases[i]->phase) == NULL) return PHC_ECORRUPT;
    close_before(b, f->closed_before);
    phc_market_book_close_candles(b, f->closed_before);
    for (size_t i = 0; i < f->n_candles_dropped; i++)
        phc_market_book_drop_candles(b, f->candles_dropped[i]);
    for (size_t i = 0; i < f->n_best_prices && s == PHC_OK; i++)
        s = phc_market_book_prices(b, f->product, f->best_prices[i]);
    for (size_t i = 0; i < f->n_levels && s == PHC_OK; i++)
        s = take_levels(b, f->levels[i]);
    for (size_t i = 0; i < f->n_blocks && s == PHC_OK; i++)
        s = take_block(b, f->blocks[i]);
    for (size_t i = 0; i < f->n_statistics && s == PHC_OK; i++)
        s = take_statistics(b, f->statistics[i]);
    for (size_t i = 0; i < f->n_candles && s == PHC_OK; i++)
        s = phc_market_book_candle(b, f->candles[i]);
    if (s == PHC_OK) s = phc_market_book_overview(b, f);
    if (s == PHC_OK) s = phc_market_book_members(b, f);
    if (f->reference_price != 0) b->reference_price = f->reference_price;
    if (f->n_phases > 0) b->phase = (phc_phase)f->phases[0]->phase;
    return s;
}

void phc_market_book_view(const phc_market_book *b, phc_book *ret)
{
    ret->best_prices = b->best;
    ret->best_price_cnt = b->best_cnt;
    ret->periods = b->periods;
    ret->period_cnt = b->period_cnt;
    ret->blocks = b->blocks;
    ret->block_cnt = b->block_cnt;
    ret->statistics = b->statistics;
    ret->statistics_cnt = b->statistics_cnt;
    ret->candles = b->candles;
    ret->candle_cnt = b->candle_cnt;
    ret->period_candles = b->candle_periods;
    ret->period_candle_cnt = b->candle_period_cnt;
    ret->totals = b->totals_sum != 0 ? &b->totals : NULL;
    ret->sites = b->sites;
    ret->site_cnt = b->site_cnt;
    ret->networks = b->networks;
    ret->network_cnt = b->network_cnt;
    ret->phase = b->phase;
    ret->reference_price = b->reference_price;
    ret->grade_products = b->members;
    ret->grade_product_cnt = b->member_cnt;
    ret->checksum = b->checksum;
}
