/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/market_data.h - the XPUB socket: topics, subscriptions, pictures, requests.

    A topic is the letter of a kind of stream ("P" prices, "D" depth, "S" statistics) and the number
    of a product in eight hexadecimal digits; the letter alone stands for every product.  "?" and
    the topic of one stream of kind D or S asks for a snapshot; "?", the topic, ":", 16 hexadecimal
    digits, "-" and 16 more asks for the frames with these numbers again (D, S and P).  A request is
    answered at once, under its own topic, to who asked alone, behind every frame of the stream that
    was sent before.  A subscription to anything else is not entered.

    "~" and the topic of one stream, not of prices, is the stream conflated: its whole book, as a
    snapshot, when it has changed, at most once in CONFLATED_MS.

    A subscription to prices is answered with the product's whole picture, which all subscribers of
    the topic receive: it replaces what they have.  Many subscriptions at once are answered once,
    and not more often than SNAPSHOTS_PER_SECOND.

    Owns      its socket; borrows the replica.
    Thread    one.
    Failure   a subscriber that does not read loses frames and sees the gap in the numbers; one that
              asks too much is answered BUSY. */
#ifndef GATEWAY_MARKET_DATA_H
#define GATEWAY_MARKET_DATA_H

#include "engine/process/keyfile.h"
#include "gateway/bounds.h"
#include "gateway/replica.h"

typedef struct phg_market_data phg_market_data;

/* ---- Topics: no sockets ------------------------------------------------------------------- */

enum { PHG_TOPIC_SIZE = 9 };

typedef struct {
    phg_stream_kind kind;
    ph_product_id product; /* 0: every one */
    bool is_request, is_conflated;
    uint64_t first, last; /* of a request: frames that are wanted; 0: a snapshot is */
} phg_topic;

/* The topic of the frames of one stream. */
void phg_topic_write(char to[PHG_TOPIC_SIZE + 1], phg_stream_kind kind, ph_product_id product);

/* Reads a topic that may be subscribed to, or a request.  PH_EINVAL. */
ph_status phg_topic_read(const void *bytes, size_t size, phg_topic *ret);

/* ---- The socket --------------------------------------------------------------------------- */

/* Binds the socket.  err receives a sentence on failure: PH_EBUSY, PH_EIO, PH_EFULL. */
ph_status phg_market_data_open(void *zmq_context, const char *endpoint, const ph_keyfile *keys,
                               phg_replica *replica, phg_market_data **ret, char err[PHG_ERR_SIZE]);
void phg_market_data_close(phg_market_data *md); /* accepts NULL */

void *phg_market_data_socket(phg_market_data *md);
const char *phg_market_data_endpoint(const phg_market_data *md);

/* Takes the subscriptions that are there, and answers the requests. */
ph_status phg_market_data_take(phg_market_data *md, uint64_t now_ns);

/* Publishes what is new, then the pictures that subscribers wait for.  *ret_is_waiting: some
   must wait until later. */
ph_status phg_market_data_give(phg_market_data *md, uint64_t now_ns, bool *ret_is_waiting);

#endif
