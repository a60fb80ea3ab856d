/* SPDX-License-Identifier: Apache-2.0 */
/* What is new of candles, and all of them, as rows of frames. */
#include "engine/base/panic.h"
#include "gateway/replica/book_sum.h"
#include "gateway/replica/feed_parts.h"

static void add_candle(phg_feed_page *g, uint32_t interval, ph_window w, const phg_candle *c)
{
    phg_feed_row(g);
    g->feed->candles[g->picture.candle_cnt++] =
        (phg_candle_told){phg_candle_seconds(interval), w, *c};
}

/* ---- Of the product ------------------------------------------------------------------------- */

/* Takes what is told into the checksum, and what left the rings out of it. */
static void sum_candles(phg_feed_product *p, bool is_all)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_ring *ring = &p->candles.ring[i];
        p->trading.checksum -= ring->gone;
        ring->gone = 0;
        for (uint32_t k = ring->cnt; k-- > 0;) {
            phg_candle *c = phg_candle_at(&p->candles, i, k);
            if (!is_all && !c->is_new) break;
            uint64_t sum = p->trading.is_followed ? phg_sum_candle(phg_candle_seconds(i), c) : 0;
            p->trading.checksum += sum - c->sum;
            c->sum = sum;
        }
    }
}

/* New ones are the last of each interval. */
static void tell_candles(phg_feed_page *g, bool is_all)
{
    const phg_candles *all = &g->product->candles;
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        uint32_t cnt = all->ring[i].cnt, first = is_all ? 0 : cnt;
        while (first > 0 && phg_candle_at(all, i, first - 1)->is_new)
            first--;
        for (uint32_t k = first; k < cnt; k++)
            add_candle(g, i, (ph_window){0}, phg_candle_at(all, i, k));
    }
}

void phg_feed_candles_told(phg_feed_product *p)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++)
        for (uint32_t k = p->candles.ring[i].cnt; k-- > 0;) {
            phg_candle *c = phg_candle_at(&p->candles, i, k);
            if (!c->is_new) break;
            c->is_new = false;
        }
}

/* ---- Of each period ------------------------------------------------------------------------- */

static void add_run(void *arg, uint32_t interval, const phg_candle_run *run)
{
    add_candle(arg, interval, run->window, &run->candle);
}

static void tell_period_candles(phg_feed_page *g, bool is_all)
{
    phg_feed_product *p = g->product;
    phg_period_candles *all = &p->period_candles;
    if (is_all) {
        phg_period_candles_all(all, add_run, g);
        return;
    }
    for (uint32_t i = 0; i < PHG_INTERVALS; i++)
        if (all->series[i].dropped_before != 0)
            g->picture.dropped[g->picture.dropped_cnt++] =
                (phg_candles_dropped){phg_candle_seconds(i), all->series[i].dropped_before};
    phg_period_candles_news(all, add_run, g);
    p->period_trading.checksum = all->sum;
}

/* ---- Both ----------------------------------------------------------------------------------- */

void phg_feed_tell_candles(phg_feed_page *g, bool is_all)
{
    if (g->picture.stream == PHG_STREAM_PERIOD_CANDLES) {
        tell_period_candles(g, is_all);
        return;
    }
    PH_ASSERT(g->picture.stream == PHG_STREAM_CANDLES);
    if (!is_all) sum_candles(g->product, false);
    tell_candles(g, is_all);
}

ph_status phg_feed_follow_candles(phg_feed_product *p, phg_stream_kind kind)
{
    if (kind == PHG_STREAM_CANDLES) sum_candles(p, true);
    if (kind != PHG_STREAM_PERIOD_CANDLES) return PH_OK;
    ph_status s = phg_period_candles_follow(&p->period_candles);
    p->period_trading.checksum = p->period_candles.sum;
    return s;
}
