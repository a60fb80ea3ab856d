/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/feed_parts.h - what the files of the feed share: feed.c keeps the pictures,
    feed_frames.c tells prices and trades, feed_books.c depth and statistics. */
#ifndef GATEWAY_FEED_PARTS_H
#define GATEWAY_FEED_PARTS_H

#include "engine/base/panic.h"
#include "gateway/feed.h"

/* NULL if it is not listed. */
static inline phg_feed_product *phg_feed_product_of(const phg_feed *f, ph_product_id id)
{
    return id.v == 0 || id.v > f->product_cnt ? NULL : &f->products[id.v - 1];
}

static inline phg_feed_period *phg_feed_period_of(const phg_feed_product *p, ph_period t)
{
    PH_ASSERT(t >= p->first && t < p->end);
    return &p->ring[t & (p->ring_max - 1)];
}

static inline phg_best phg_feed_best_of(const phg_feed_period *period)
{
    phg_level bid = phg_depth_best(&period->side[0]), ask = phg_depth_best(&period->side[1]);
    return (phg_best){bid.price, ask.price, bid.quantity, ask.quantity};
}

/* feed.c: lists the product among those that have news. */
ph_status phg_feed_list(phg_feed *f, phg_feed_product *p);

/* feed.c: something in this period has changed. */
ph_status phg_feed_touch(phg_feed *f, phg_feed_product *p, ph_period t);

/* feed.c: a place for every period of the window that is open at this stamp. */
ph_status phg_feed_reach(phg_feed *f, phg_feed_product *p, ph_window w, ph_time at);

/* feed_trades.c: takes a trade into the statistics of its periods, and the candles.  Before what it
   takes from its orders is taken. */
ph_status phg_feed_count(phg_feed *f, phg_feed_product *p, const ph_command *c, const ph_trade *e,
                         const ph_event *segments);

/* feed_blocks.c: what an operation on the blocks changed is news. */
ph_status phg_feed_news_of_blocks(phg_feed *f, phg_feed_product *p, ph_status s);

ph_status phg_feed_put_block(phg_feed *f, phg_feed_product *p, ph_order_id id,
                             const ph_new_order *n);

/* What is open of a block, told in unit-periods; at its old price when that is 0.  An order that
   rests nowhere is not looked at. */
ph_status phg_feed_set_block(phg_feed *f, phg_feed_product *p, ph_order_id id, ph_price price,
                             uint64_t leaves);

/* feed_books.c: tells what is new of depth and of statistics; before the places of closed periods
   are given up. */
void phg_feed_tell_books(phg_feed *f, phg_feed_product *p, phg_feed_emit emit, void *arg);

#endif
