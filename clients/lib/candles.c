/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/book_row.h"
#include "clients/lib/market_book.h"

#include <stdlib.h>
#include <string.h>

static void put_candle(phc_book_row *r, const phc_candle *k)
{
    phc_book_row_put(r, k->interval_seconds, 4);
    phc_book_row_put(r, k->start, 8);
    phc_book_row_put(r, (uint64_t)k->open, 8);
    phc_book_row_put(r, (uint64_t)k->high, 8);
    phc_book_row_put(r, (uint64_t)k->low, 8);
    phc_book_row_put(r, (uint64_t)k->close, 8);
    phc_book_row_put(r, k->volume, 8);
    phc_book_row_put(r, (uint64_t)k->average_price, 8);
    phc_book_row_put(r, k->trades, 8);
}

static uint64_t sum_candle(const phc_candle *k)
{
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'K', 1);
    put_candle(&r, k);
    return phc_book_row_hash(&r);
}

static uint64_t sum_period_candle(uint32_t period, const phc_candle *k)
{
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'C', 1);
    phc_book_row_put(&r, period, 4);
    put_candle(&r, k);
    return phc_book_row_hash(&r);
}

static bool comes_before(const phc_candle *a, const phc_candle *b)
{
    if (a->interval_seconds != b->interval_seconds)
        return a->interval_seconds < b->interval_seconds;
    return a->start < b->start;
}

/* Index of the first candle that does not come before this one. */
static size_t candle_at(const phc_candle *v, size_t cnt, const phc_candle *k)
{
    size_t low = 0, high = cnt;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (comes_before(&v[middle], k))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- Of all periods together ---------------------------------------------------------------- */

/* Makes place at `at`.  Of an interval that is full the oldest goes, as it does at the gateway; it
   is before `at`, or nothing older is taken. */
static phc_status insert_candle(phc_market_book *b, size_t *at, uint32_t interval_seconds)
{
    size_t first = 0, cnt = 0;
    for (size_t i = b->candle_cnt; i-- > 0;) {
        if (b->candles[i].interval_seconds != interval_seconds) continue;
        first = i;
        cnt++;
    }
    if (cnt == PHC_CANDLES_KEPT && *at == first) return PHC_ECORRUPT;
    if (cnt == PHC_CANDLES_KEPT) {
        b->checksum -= sum_candle(&b->candles[first]);
        --*at;
        memmove(b->candles + first, b->candles + first + 1, (*at - first) * sizeof *b->candles);
        return PHC_OK;
    }
    if (b->candle_cnt == b->candle_max) {
        size_t more = b->candle_max == 0 ? 64 : b->candle_max * 2;
        phc_candle *grown = reallocarray(b->candles, more, sizeof *grown);
        if (grown == NULL) return PHC_ENOMEM;
        b->candles = grown;
        b->candle_max = more;
    }
    memmove(b->candles + *at + 1, b->candles + *at, (b->candle_cnt - *at) * sizeof *b->candles);
    b->candle_cnt++;
    return PHC_OK;
}

static phc_status set_candle(phc_market_book *b, const phc_candle *k)
{
    size_t at = candle_at(b->candles, b->candle_cnt, k);
    bool is_there = at < b->candle_cnt && !comes_before(k, &b->candles[at]);
    if (is_there) b->checksum -= sum_candle(&b->candles[at]);
    phc_status s = is_there ? PHC_OK : insert_candle(b, &at, k->interval_seconds);
    if (s != PHC_OK) return s;
    b->candles[at] = *k;
    b->checksum += sum_candle(k);
    return PHC_OK;
}

/* ---- Of each period ------------------------------------------------------------------------- */

static uint32_t *count_of(phc_market_book *b, uint32_t interval_seconds)
{
    return &b->candles_of[interval_seconds == 60 ? 0 : interval_seconds == 3600 ? 1 : 2];
}

/* Index of the first period that is not before this one. */
static size_t period_at(const phc_market_book *b, uint32_t period)
{
    size_t low = 0, high = b->candle_period_cnt;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->candle_periods[middle].period < period)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static phc_status add_period(phc_market_book *b, size_t at, uint32_t period)
{
    if (b->candle_period_cnt == PHC_BOOK_PERIODS_MAX) return PHC_ECORRUPT;
    if (b->candle_period_cnt == b->candle_period_max) {
        size_t more = b->candle_period_max == 0 ? 64 : b->candle_period_max * 2;
        phc_period_candles *periods = reallocarray(b->candle_periods, more, sizeof *periods);
        if (periods == NULL) return PHC_ENOMEM;
        b->candle_periods = periods;
        phc_candle_room *rooms = reallocarray(b->candle_rooms, more, sizeof *rooms);
        if (rooms == NULL) return PHC_ENOMEM;
        b->candle_rooms = rooms;
        b->candle_period_max = more;
    }
    size_t behind = b->candle_period_cnt++ - at;
    memmove(b->candle_periods + at + 1, b->candle_periods + at, behind * sizeof *b->candle_periods);
    memmove(b->candle_rooms + at + 1, b->candle_rooms + at, behind * sizeof *b->candle_rooms);
    b->candle_periods[at] = (phc_period_candles){.period = period};
    b->candle_rooms[at] = (phc_candle_room){.max = 0};
    return PHC_OK;
}

/* Makes place for a candle of a period. */
static phc_status insert_in_period(phc_market_book *b, size_t period_i, size_t at)
{
    phc_period_candles *p = &b->candle_periods[period_i];
    phc_candle_room *room = &b->candle_rooms[period_i];
    if (p->candle_cnt == room->max) {
        uint32_t more = room->max == 0 ? 4 : room->max * 2;
        phc_candle *grown = reallocarray(room->v, more, sizeof *grown);
        if (grown == NULL) return PHC_ENOMEM;
        room->v = grown;
        room->max = more;
        p->candles = grown;
    }
    memmove(room->v + at + 1, room->v + at, (p->candle_cnt++ - at) * sizeof *room->v);
    return PHC_OK;
}

static phc_status set_period_candle(phc_market_book *b, uint32_t period, const phc_candle *k)
{
    size_t i = period_at(b, period);
    uint32_t *cnt = count_of(b, k->interval_seconds);
    if (i == b->candle_period_cnt || b->candle_periods[i].period != period) {
        phc_status s = add_period(b, i, period);
        if (s != PHC_OK) return s;
    }
    const phc_period_candles *p = &b->candle_periods[i];
    size_t at = candle_at(p->candles, p->candle_cnt, k);
    if (at < p->candle_cnt && !comes_before(k, &p->candles[at])) {
        b->checksum -= sum_period_candle(period, &p->candles[at]);
    } else {
        phc_status s = *cnt == PHC_PERIOD_CANDLES_KEPT ? PHC_ECORRUPT : insert_in_period(b, i, at);
        if (s != PHC_OK) return s;
        ++*cnt;
    }
    b->candle_rooms[i].v[at] = *k;
    b->checksum += sum_period_candle(period, k);
    return PHC_OK;
}

/* Takes candles [first, end) of a period away. */
static void forget(phc_market_book *b, size_t period_i, size_t first, size_t end)
{
    phc_period_candles *p = &b->candle_periods[period_i];
    phc_candle *v = b->candle_rooms[period_i].v;
    for (size_t i = first; i < end; i++) {
        b->checksum -= sum_period_candle(p->period, &v[i]);
        --*count_of(b, v[i].interval_seconds);
    }
    if (end > first) memmove(v + first, v + end, (p->candle_cnt - end) * sizeof *v);
    p->candle_cnt -= end - first;
}

/* Periods without candles are none. */
static void drop_empty(phc_market_book *b)
{
    size_t left = 0;
    for (size_t i = 0; i < b->candle_period_cnt; i++) {
        if (b->candle_periods[i].candle_cnt == 0) {
            free(b->candle_rooms[i].v);
            continue;
        }
        b->candle_rooms[left] = b->candle_rooms[i];
        b->candle_periods[left++] = b->candle_periods[i];
    }
    b->candle_period_cnt = left;
}

void phc_market_book_close_candles(phc_market_book *b, uint32_t end)
{
    size_t closed = period_at(b, end);
    for (size_t i = 0; i < closed; i++)
        forget(b, i, 0, b->candle_periods[i].candle_cnt);
    if (closed != 0) drop_empty(b);
}

void phc_market_book_drop_candles(phc_market_book *b, const Petahour__V1__CandlesDropped *m)
{
    const phc_candle first = {.interval_seconds = m->interval_seconds};
    const phc_candle end = {.interval_seconds = m->interval_seconds, .start = m->before};
    for (size_t i = 0; i < b->candle_period_cnt; i++) {
        const phc_period_candles *p = &b->candle_periods[i];
        forget(b, i, candle_at(p->candles, p->candle_cnt, &first),
               candle_at(p->candles, p->candle_cnt, &end));
    }
    drop_empty(b);
}

/* ---- Both ----------------------------------------------------------------------------------- */

void phc_market_book_release_candles(phc_market_book *b)
{
    for (size_t i = 0; i < b->candle_period_cnt; i++)
        free(b->candle_rooms[i].v);
    free(b->candle_periods);
    free(b->candle_rooms);
    free(b->candles);
}

phc_status phc_market_book_candle(phc_market_book *b, const Petahour__V1__Candle *m)
{
    const phc_candle k = {.interval_seconds = m->interval_seconds,
                          .start = m->start,
                          .open = m->open,
                          .high = m->high,
                          .low = m->low,
                          .close = m->close,
                          .volume = m->volume,
                          .average_price = m->average_price,
                          .trades = m->trades};
    if (k.interval_seconds != 60 && k.interval_seconds != 3600 && k.interval_seconds != 86400)
        return PHC_ECORRUPT;
    if (m->periods == 0) return m->first_period == 0 ? set_candle(b, &k) : PHC_ECORRUPT;
    if (m->periods > PHC_BOOK_PERIODS_MAX || m->first_period > UINT32_MAX - m->periods)
        return PHC_ECORRUPT;
    phc_status s = PHC_OK;
    for (uint32_t i = 0; i < m->periods && s == PHC_OK; i++)
        s = set_period_candle(b, m->first_period + i, &k);
    return s;
}
