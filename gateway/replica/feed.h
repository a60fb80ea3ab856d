/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/feed.h - records to pictures: best prices and trades, depth and blocks,
    statistics of every product and period; depth and blocks of every grade, over the products of
    it.

    The feed keeps what rests of EACH orders, price by price, and which blocks rest, as far as
    events tell it; it knows no rule of the market.  Blocks are not part of best prices.  An iceberg
    counts with the clip that it shows.

    Each product has five streams, each grade one.  Frames of a stream are made, and its checksum
    is kept, from when somebody follows it on.  Its numbers go on all the same, one for each publish
    that has news.

    The depth of a grade is what stands at each price in each period in all its products together;
    it is kept from when somebody follows it on.

    What is told: trades one by one; best prices only as they stand when phg_feed_publish is called
    and only where they differ from what was told last, runs of equal neighbours as one.

    Owns      its pictures; phg_feed_release accepts a zeroed one.
    Lifetime  what an emit callback is given is valid during the callback.
    Thread    one.
    Laws      frames of a stream are numbered from 1 without gaps.
    Failure   PH_EFULL: no memory; PH_ECORRUPT: events that no market writes. */
#ifndef GATEWAY_REPLICA_FEED_H
#define GATEWAY_REPLICA_FEED_H

#include "gateway/books/depth.h"
#include "gateway/books/grades.h"
#include "gateway/books/resting.h"
#include "gateway/replica/period_candles.h"
#include "gateway/translate/translate.h"

/* One of the events of a command. */
typedef struct {
    const ph_event *v;
    uint32_t cnt, at;
} phg_event_at;

typedef struct {
    phg_depth side[2]; /* BUY, SELL */
    phg_best told;
    uint64_t told_sum;           /* what that is in the checksum, while prices are followed */
    bool is_touched, has_traded; /* since the last publish */
    phg_statistics statistics;
    uint64_t statistics_sum; /* what these figures are in the checksum */
} phg_feed_period;

/* Periods in which what stands at a price may differ from what was told. */
typedef struct {
    ph_side side;
    ph_price price;
    ph_period first, end;
} phg_feed_change;

/* A stream whose frames are made while somebody follows it. */
typedef struct {
    uint64_t number;   /* of the last frame */
    uint64_t checksum; /* kept only while it is followed */
    bool is_followed, has_news;
} phg_feed_stream;

typedef struct {
    ph_trade_id trade;
    ph_time at;
    ph_side taker;
    uint32_t segment_first, segment_cnt; /* among the product's segments */
    uint64_t number;                     /* among the product's trades */
} phg_feed_trade;

/* An order that lost what was open of it in a period whose gate closed. */
typedef struct {
    ph_order_id order;
    ph_participant_id participant;
    uint64_t client_order_id;
    ph_quantity ended;
    uint64_t leaves; /* unit-periods that are open still */
} phg_feed_closed;

typedef struct {
    uint32_t period_seconds, gate_seconds;
    phg_feed_period *ring; /* of period t: ring[t & (ring_max - 1)] */
    uint32_t ring_max;
    ph_period first, end; /* periods that have a place: [first, end) */
    ph_period touched_first, touched_end;
    ph_period closed_end;  /* every period before this one is closed */
    ph_period closed_news; /* likewise, at some time since the last publish: terms may open again */
    phg_feed_trade *trades; /* since the last publish, like their segments */
    uint32_t trade_cnt, trade_max;
    ph_segment *segments;
    uint32_t segment_cnt, segment_max;
    ph_order_id *orders; /* that rest in it, in no order */
    uint32_t order_cnt, order_max;
    phg_feed_stream prices, depth, statistics;
    phg_feed_stream trading, period_trading; /* candles, and those of each period */
    phg_candles candles;
    phg_period_candles period_candles;
    uint64_t open_interest; /* unit-periods sold in periods that are open */
    uint64_t trades_so_far;
    phg_blocks blocks;
    phg_feed_change *changes; /* of depth, since the last publish */
    uint32_t change_cnt, change_max;
    uint32_t grade, grade_told; /* number; 0: of none */
    ph_price reference;
    ph_phase phase;
    bool is_phase_new, is_listed; /* listed among the products that were touched */
} phg_feed_product;

/* What stands in one period in all products of a grade. */
typedef struct {
    phg_depth side[2]; /* BUY, SELL */
} phg_grade_period;

typedef struct {
    phg_feed_stream stream;
    phg_grade_period *ring; /* of period t: ring[t & (ring_max - 1)]; while it is followed */
    uint32_t ring_max;
    ph_period first, end; /* periods that have a place: [first, end) */
    phg_blocks blocks;    /* rows alone */
    phg_feed_change *changes;
    uint32_t change_cnt, change_max;
} phg_feed_grade;

typedef struct {
    bool is_live; /* false while the log is read: nothing is told */
    uint64_t epoch, seq;
    phg_resting resting;
    ph_order_id arriving; /* EACH order that the present command put in */
    uint32_t member;      /* of a group: how many were accepted */
    bool all_prices, all_depth, all_statistics, all_candles, all_period_candles,
        all_grades;              /* what is listed later is followed too */
    uint32_t period_candles_max; /* 0: PHG_PERIOD_CANDLES_MAX; the same at every gateway */
    phg_feed_closed *closed;     /* by the last GATE_CLOSED, in order of id */
    uint32_t closed_cnt, closed_max;
    phg_feed_product *products;
    uint32_t product_cnt, product_max;
    ph_product_id *touched;
    uint32_t touched_cnt, touched_max;
    phg_feed_grade *grades; /* of grade n: grades[n - 1] */
    uint32_t *grade_news;   /* numbers; room for each */
    uint32_t grade_cnt, grade_max, grade_news_cnt;
    phg_run *runs; /* of the frame that is built, as are these */
    phg_level_run *levels;
    phg_block_told *blocks;
    phg_statistics_run *statistics;
    phg_candle_told *candles;
    phg_member_told *members;
} phg_feed;

typedef void (*phg_feed_emit)(void *arg, const phg_picture *picture);

void phg_feed_release(phg_feed *f);

/* Takes one event of the command.  A TRADE takes its SEGMENT events with it. */
ph_status phg_feed_take(phg_feed *f, const ph_command *c, phg_event_at events);

/* From here on the product counts in this grade; nothing rests in it.  PH_ECORRUPT: something
   does, or there is no such product. */
ph_status phg_feed_set_grade(phg_feed *f, ph_product_id id, uint32_t grade);

/* From here on the feed tells; what it holds now counts as told. */
ph_status phg_feed_go_live(phg_feed *f, uint64_t epoch);

/* Emits what is new since the last call. */
ph_status phg_feed_publish(phg_feed *f, phg_feed_emit emit, void *arg);

/* From here on frames of the stream of a product or grade are made; of all, also later ones, when
   id is 0.  Nothing for one that is not listed.  Call after phg_feed_publish.  PH_EFULL,
   PH_ECORRUPT. */
ph_status phg_feed_follow(phg_feed *f, phg_stream_kind kind, ph_product_id id);

/* Emits the whole book of a product's stream or a grade, and follows it: at least one frame, none
   with `more` last.  False: there is none, nothing is told yet, or no
   memory.  Call after phg_feed_publish. */
bool phg_feed_whole(phg_feed *f, phg_stream_kind kind, ph_product_id id, phg_feed_emit emit,
                    void *arg);

/* Number of the last frame of a stream; 0 for a product or grade that is not listed. */
uint64_t phg_feed_number(const phg_feed *f, phg_stream_kind kind, ph_product_id id);

/* Unit-periods that are open of an EACH order; 0 if it does not rest. */
uint64_t phg_feed_open(const phg_feed *f, ph_order_id id);

/* Best prices of a period as they stand now. */
phg_best phg_feed_best(const phg_feed *f, ph_product_id id, ph_period t);

#endif
