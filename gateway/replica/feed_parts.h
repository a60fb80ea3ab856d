/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/feed_parts.h - what the files of the feed share: feed.c keeps the pictures,
    feed_frames.c tells prices and trades, feed_books.c the other streams of a product, and says
    which are followed. */
#ifndef GATEWAY_REPLICA_FEED_PARTS_H
#define GATEWAY_REPLICA_FEED_PARTS_H

#include "engine/base/panic.h"
#include "gateway/replica/feed.h"

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

/* feed_frames.c: emits all best prices, as a snapshot. */
void phg_feed_tell_prices(phg_feed *f, phg_feed_product *p, phg_feed_emit emit, void *arg);

/* Their checksum, from when on it is kept. */
uint64_t phg_feed_sum_prices(phg_feed_product *p);

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

/* The frame that is built.  All but the last of what is told at once have `more`. */
typedef struct {
    phg_feed *feed;
    phg_feed_stream *stream;
    phg_feed_product *product; /* NULL: of a grade */
    phg_feed_emit emit;
    void *arg;
    phg_picture picture;
} phg_feed_page;

/* Levels that are told: of a product, or of a grade. */
typedef struct {
    const void *book;
    const phg_depth *(*at)(const void *book, ph_period t, ph_side side); /* NULL: no place */
    ph_period first, end;
} phg_feed_levels;

/* feed_levels.c: an empty frame of a stream, without who receives it. */
phg_feed_page phg_feed_page_of(phg_feed *f, phg_feed_stream *stream, phg_stream_kind kind,
                               uint32_t number);
void phg_feed_turn_page(phg_feed_page *g, bool more);
void phg_feed_row(phg_feed_page *g); /* makes room for one more */
void phg_feed_add_block(phg_feed_page *g, const phg_block_terms *terms, uint64_t units);

/* Notes a change in a growing array, as one with the last where it goes on. */
ph_status phg_feed_note(phg_feed_change **changes, uint32_t *cnt, uint32_t *max, phg_feed_change c);

/* Tells what stands where something changed, of periods from `from` on; sorts the changes. */
void phg_feed_tell_changes(phg_feed_page *g, const phg_feed_levels *l, phg_feed_change *changes,
                           uint32_t cnt, ph_period from);
void phg_feed_tell_levels(phg_feed_page *g, const phg_feed_levels *l);
uint64_t phg_feed_sum_levels(const phg_feed_levels *l);

/* feed_grades.c: of what stands in period t of a product `by` more is there, also in its grade. */
ph_status phg_feed_grade_shift(phg_feed *f, const phg_feed_product *p, phg_feed_change at,
                               int64_t by);

/* Tells what is new of grades; before the products' own news are told. */
ph_status phg_feed_tell_grades(phg_feed *f, phg_feed_emit emit, void *arg);

/* Of grade `number`; of all, also later ones, if it is 0. */
ph_status phg_feed_follow_grade(phg_feed *f, uint32_t number);
bool phg_feed_whole_grade(phg_feed *f, uint32_t number, phg_feed_emit emit, void *arg);
void phg_feed_grades_release(phg_feed *f);

/* feed_candles.c: adds the candles that are new, and takes them into the checksum; or all. */
void phg_feed_tell_candles(phg_feed_page *g, bool is_all);

/* Counts what new candles of the product there are as told. */
void phg_feed_candles_told(phg_feed_product *p);

/* From here on the checksum of a stream is kept, if it is one of candles.  PH_EFULL: no memory. */
ph_status phg_feed_follow_candles(phg_feed_product *p, phg_stream_kind kind);

/* feed_books.c: tells what is new of depth, statistics and candles; before the places of closed
   periods are given up. */
void phg_feed_tell_books(phg_feed *f, phg_feed_product *p, phg_feed_emit emit, void *arg);

#endif
