/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/feed_parts.h - what the files of the feed share: feed.c keeps the pictures,
    feed_frames.c tells them. */
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

#endif
