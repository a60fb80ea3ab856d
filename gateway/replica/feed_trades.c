/* SPDX-License-Identifier: Apache-2.0 */
/* Trades, as they count in statistics and candles. */
#include "gateway/replica/feed.h"

#include "engine/base/period.h"
#include "gateway/bounds.h"
#include "gateway/replica/feed_parts.h"

ph_status phg_feed_count(phg_feed *f, phg_feed_product *p, const ph_command *c, const ph_trade *e,
                         const ph_event *segments)
{
    phg_statistics_fill fill = {
        .seq = c->seq,
        .taker = e->taker,
        .is_each = phg_resting_find(&f->resting, e->buy_order) &&
                   phg_resting_find(&f->resting, e->sell_order),
        .is_resale = e->from_contract.v != 0,
    };
    ph_status s = phg_candles_trade(&p->candles, c->at);
    p->trades_so_far++;
    for (uint32_t i = 0; i < e->segment_cnt && s == PH_OK; i++) {
        const ph_segment *g = &segments[i].u.segment;
        ph_period end = (ph_period)ph_window_end(g->window);
        fill.quantity = g->quantity;
        fill.price = g->price;
        s = phg_feed_reach(f, p, g->window, c->at);
        if (s != PH_OK) return s;
        for (ph_period t = g->window.first; t < end && s == PH_OK; t++) {
            if (t < p->closed_end) continue; /* it has no place any more */
            phg_feed_period *period = phg_feed_period_of(p, t);
            phg_statistics_take(&period->statistics, &fill);
            if (!fill.is_resale) p->open_interest += g->quantity;
            period->has_traded = true;
            s = phg_feed_touch(f, p, t);
        }
        const phg_candle_fill priced = {c->seq,   e->taker,    g->quantity, g->window.periods,
                                        g->price, fill.is_each};
        phg_candles_fill(&p->candles, &priced);
        ph_period first = g->window.first > p->closed_end ? g->window.first : p->closed_end;
        if (s != PH_OK || first >= end) continue;
        s = phg_period_candles_fill(
            &p->period_candles, &(phg_period_fill){c->at, e->trade, {first, end - first}, &priced});
    }
    phg_period_candles_keep(&p->period_candles, f->period_candles_max != 0
                                                    ? f->period_candles_max
                                                    : PHG_PERIOD_CANDLES_MAX);
    p->statistics.has_news = p->trading.has_news = p->period_trading.has_news = true;
    return s;
}
