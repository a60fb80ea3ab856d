/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/follow.h - one followed market data stream: a book that is always the gateway's.

      WAITING --snapshot with its checksum--> IN STEP --next number--> IN STEP
         ^                                      | a number is missing: asked for again
         +------ not kept, checksum, epoch -----+

    Frames may be lost, doubled, reordered and late.  A frame with a number that is not the next one
    waits; one that was seen is left out; a stream that is quiet is asked for its next number, which
    shows a lost last frame and a gateway that was started again.  Trades are told when the frame
    that has them is taken, so once.

    Owns      its book, and copies of the frames that wait.
    Thread    the client's. */
#ifndef CLIENTS_LIB_FOLLOW_H
#define CLIENTS_LIB_FOLLOW_H

#include "clients/lib/market_book.h"

enum {
    PHC_FRAMES_WAITING_MAX = 256,
    PHC_REQUEST_BYTES = 64, /* "?", the topic, and two numbers */
};

typedef struct {
    uint64_t number, epoch;
    uint8_t *bytes;
    size_t size;
} phc_waiting_frame;

typedef struct phc_follow_stream {
    phc_stream stream;
    uint32_t product;
    struct phc_follow_stream *next_ended; /* of those that are ended and not freed yet */
    bool has_ended;                       /* by phc_unfollow, maybe in a callback of its own */
    bool is_conflated;                    /* snapshots come by themselves, changes do not */
    bool is_in_step;                      /* book is what the gateway had at `number` */
    phc_market_book book;
    uint64_t epoch, number, sequence;
    uint64_t last_trade;      /* number of the last one that was told */
    uint64_t trades_from;     /* those with lower numbers were told, maybe by another gateway */
    phc_market_book building; /* from the parts of a snapshot */
    uint64_t building_epoch, building_number;
    phc_waiting_frame waiting[PHC_FRAMES_WAITING_MAX];
    size_t waiting_cnt;
    uint64_t wanted; /* last number of the gap that is asked for; 0: none */
    uint64_t due_ms; /* when to ask, or to ask again */
    uint32_t unanswered;
    char request[PHC_REQUEST_BYTES]; /* subscribed to at present; "": none */
} phc_follow_stream;

/* A message of topic and frame; false: not of a stream that is followed. */
bool phc_follow_take(phc_client *c, const void *topic, size_t topic_size, const void *bytes,
                     size_t size);
/* What an answer says of the limits, or NULL. */
void phc_follow_limits(phc_client *c, const Petahour__V1__StreamLimits *m);

/* Tells of what could not be unpacked. */
void phc_follow_no_frame(phc_client *c);
/* Asks for what is missing, and frees what has ended; never inside a callback. */
void phc_follow_time(phc_client *c, uint64_t now_ms);
uint64_t phc_follow_due_ms(const phc_client *c);
/* Subscribes a new socket to what is followed, and asks for what was missed. */
void phc_follow_renew(phc_client *c);
void phc_follow_release(phc_client *c);

#endif
