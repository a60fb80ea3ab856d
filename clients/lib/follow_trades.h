/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/follow_trades.h - every trade of a product, each once and in order.

      WAITING --how many there are--> CATCHING UP --none is missing--> IN STEP
         ^                                 ^          a number is missing |
         +-- another connection            +-----------------------------+

    Trades have numbers that are the same at every gateway, and each can be asked for at any time.
    So nothing is kept but the number of the last one that was told: what has a lower number is left
    out, what does not have the next one is left out too, and all from the next one on is asked for,
    piece by piece.  A stream that is quiet is asked how many there are.

    Owns      itself.
    Thread    the client's. */
#ifndef CLIENTS_LIB_FOLLOW_TRADES_H
#define CLIENTS_LIB_FOLLOW_TRADES_H

#include "clients/lib/petahour.h"

enum { PHC_TRADES_REQUEST_BYTES = 64 }; /* "?", the topic, and two numbers */

typedef struct phc_tape {
    uint32_t product;
    struct phc_tape *next_ended; /* of those that are ended and not freed yet */
    bool has_ended;              /* by phc_unfollow_trades, maybe in a callback of its own */
    bool from_now;               /* `number` is not known yet: what has been traded is not wanted */
    bool is_known;               /* this gateway has said how many there are */
    bool is_asking;              /* for trades, and the answer has not ended */
    bool is_later;               /* nothing is asked before due_ms */
    bool has_news;               /* something was told since on_book */
    uint64_t number;             /* of the last one that was told, or that was not wanted */
    uint32_t segments;           /* that were told of the one behind it, which comes in parts */
    uint64_t wanted;             /* the last one that there is, as far as is known */
    uint64_t asked_at;           /* `number` when trades were asked for */
    uint64_t due_ms;             /* when to ask, or to ask again */
    uint32_t unanswered;
    char request[PHC_TRADES_REQUEST_BYTES]; /* subscribed to at present; "": none */
} phc_tape;

/* A message of topic and frame; false: not of trades. */
bool phc_follow_trades_take(phc_client *c, const void *topic, size_t topic_size, const void *bytes,
                            size_t size);
/* Asks for what is missing, and frees what has ended; never inside a callback. */
void phc_follow_trades_time(phc_client *c, uint64_t now_ms);
uint64_t phc_follow_trades_due_ms(const phc_client *c);
/* Subscribes a new socket to what is followed, and asks for what was missed. */
void phc_follow_trades_renew(phc_client *c);
void phc_follow_trades_release(phc_client *c);

#endif
