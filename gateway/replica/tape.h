/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/tape.h - every trade of each product, without names, for ever.

    Trade n of a product is the n-th that the records tell of it, whatever the gateway did in
    between: its number and its bytes are the same at every gateway and after every restart.  The
    trades are kept as they are sent, in the store of the private streams: the older ones in its
    file, so memory stays bounded however many there are.

    Trades are told, as they happen, from when somebody follows a product on.  All of them can be
    asked for, so many frames at once.

    Owns      the lists of its streams; the store is borrowed in each call.  phg_tape_release
              accepts a zeroed one.
    Lifetime  what an emit callback is given is valid during the callback.
    Thread    one.
    Laws      product n has as many trades here as the feed counts (trades_so_far).
    Failure   PH_EFULL: no memory; PH_EIO: the store's file does not give back what was written;
              PH_ECORRUPT: events that no market writes. */
#ifndef GATEWAY_REPLICA_TAPE_H
#define GATEWAY_REPLICA_TAPE_H

#include "gateway/replica/feed.h"
#include "gateway/replica/stream.h"

enum {
    PHG_TAPE_FRAME_BYTES = 16 << 10, /* trades of one frame, or a part of a longer one */
    PHG_TAPE_FRAMES_MAX = 32,        /* that answer one request, but a trade is sent whole */
};

typedef struct {
    phg_stream trades; /* each as elements of MarketDataFrame.trades, a long one in parts */
    uint64_t told;     /* number of the last one that was told, or that nobody wanted */
    bool is_followed, is_listed;
} phg_tape_product;

typedef struct {
    phg_tape_product *products; /* of product n: products[n - 1] */
    uint32_t product_cnt, product_max;
    uint32_t *news; /* numbers of products that have been traded since the last publish */
    uint32_t news_cnt;
    bool all; /* what is listed later is followed too */
} phg_tape;

void phg_tape_release(phg_tape *t);

/* Takes one event of the command; the feed has taken it before. */
ph_status phg_tape_take(phg_tape *t, phg_stream_store *store, phg_translator *translator,
                        const ph_command *c, phg_event_at events);

/* Where frames come from and go to. */
typedef struct {
    phg_tape *tape;
    phg_stream_store *store;
    const phg_feed *feed; /* says whether anything is told yet */
    phg_feed_emit emit;
    void *arg;
} phg_tape_telling;

/* Emits what is new since the last call, of what is followed. */
ph_status phg_tape_publish(const phg_tape_telling *t);

/* From here on the trades of the product are told; of all, also later ones, when id is 0.  Nothing
   for one that is not listed.  Call after phg_tape_publish. */
void phg_tape_follow(phg_tape *t, ph_product_id id);

/* Number of the last trade; 0: none, or no such product. */
uint64_t phg_tape_number(const phg_tape *t, ph_product_id id);

/* Emits a snapshot, which has no rows: it says what the last number is.  False: there is no such
   product, or nothing is told yet. */
bool phg_tape_whole(const phg_tape_telling *t, ph_product_id id);

/* Emits trades `first` to `last`, or up to the last one there is, until there are
   PHG_TAPE_FRAMES_MAX frames.  *ret_frames: how many; 0: there is no trade `first`, or nothing is
   told yet. */
ph_status phg_tape_range(const phg_tape_telling *t, ph_product_id id, uint64_t first, uint64_t last,
                         uint32_t *ret_frames);

#endif
