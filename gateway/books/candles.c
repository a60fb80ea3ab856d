/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/candles.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"

#include <stdlib.h>

uint32_t phg_candle_seconds(uint32_t interval)
{
    static const uint32_t seconds[PHG_INTERVALS] = {60, 3600, 86400};
    PH_ASSERT(interval < PHG_INTERVALS);
    return seconds[interval];
}

void phg_candles_release(phg_candles *c)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++)
        free(c->ring[i].v);
    *c = (phg_candles){0};
}

phg_candle *phg_candle_at(const phg_candles *c, uint32_t interval, uint32_t i)
{
    const phg_candle_ring *r = &c->ring[interval];
    PH_ASSERT(i < r->cnt);
    return &r->v[(r->first + i) % PHG_CANDLES_KEPT];
}

static phg_candle *last_of(const phg_candles *c, uint32_t interval)
{
    uint32_t cnt = c->ring[interval].cnt;
    return cnt == 0 ? NULL : phg_candle_at(c, interval, cnt - 1);
}

ph_status phg_candles_trade(phg_candles *c, ph_time at)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_ring *r = &c->ring[i];
        if (!r->v) r->v = calloc(PHG_CANDLES_KEPT, sizeof *r->v);
        if (!r->v) return PH_EFULL;
        uint64_t seconds = at.ns / PH_NS_PER_S;
        uint64_t start = seconds - seconds % phg_candle_seconds(i);
        phg_candle *last = last_of(c, i);
        if (!last || last->start < start) {
            if (r->cnt == PHG_CANDLES_KEPT) {
                r->gone += r->v[r->first].sum;
                r->first = (r->first + 1) % PHG_CANDLES_KEPT;
                r->cnt--;
            }
            r->cnt++;
            last = last_of(c, i);
            *last = (phg_candle){.start = start};
        }
        last->trades++;
        last->is_new = true;
    }
    return PH_OK;
}

/* An order that arrives takes the best price first and the worst last, over all periods. */
void phg_candle_price(phg_candle *c, const phg_candle_fill *f)
{
    bool is_worse = f->taker == PH_SIDE_BUY ? f->price > c->close : f->price < c->close;
    bool is_better = f->taker == PH_SIDE_BUY ? f->price < c->open : f->price > c->open;
    if (c->open == 0) c->opened_by = f->seq;
    if (c->open == 0 || (c->opened_by == f->seq && is_better)) c->open = f->price;
    if (c->closed_by != f->seq || is_worse) c->close = f->price;
    c->closed_by = f->seq;
    if (f->price > c->high) c->high = f->price;
    if (c->low == 0 || f->price < c->low) c->low = f->price;
}

void phg_candles_fill(phg_candles *c, const phg_candle_fill *fill)
{
    const uint64_t units = (uint64_t)fill->quantity * fill->periods;
    const ph_wide notional = (ph_wide)units * fill->price;
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle *last = last_of(c, i);
        PH_ASSERT(last != NULL);
        last->volume += units;
        last->notional += notional;
        if (fill->is_each) phg_candle_price(last, fill);
    }
}

ph_price phg_candle_average(const phg_candle *c)
{
    return c->volume == 0 ? 0 : (ph_price)(c->notional / (ph_wide)c->volume);
}
