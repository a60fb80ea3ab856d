/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/market_data/market_data.h - the XPUB socket: topics, subscriptions, pictures, requests.

    Topics: see gateway/market_data/topic.h.  A request is answered at once, under its own topic, to
    who asked alone, behind every frame of the stream that was sent before.  A conflated stream is
    its whole book, as a snapshot, when it has changed, at most once in CONFLATED_MS, until nobody
    has named it any more.  What is named before it is there is served when it is.  Other
    subscriptions are not entered.

    Owns      its socket; borrows the replica.
    Thread    one.
    Failure   a subscriber that does not read loses frames, and its connection is ended when it has
              not caught up within SLOW_MS; so is that of one that names too much.  Either is told
              why when it is back.  One that asks too much is answered BUSY. */
#ifndef GATEWAY_MARKET_DATA_MARKET_DATA_H
#define GATEWAY_MARKET_DATA_MARKET_DATA_H

#include "engine/process/keyfile.h"
#include "gateway/bounds.h"
#include "gateway/doors/inflow.h"
#include "gateway/market_data/audience.h"
#include "gateway/market_data/topic.h"
#include "gateway/replica/replica.h"

typedef struct phg_market_data phg_market_data;

/* ---- The socket --------------------------------------------------------------------------- */

/* Binds the socket.  err receives a sentence on failure: PH_EBUSY, PH_EIO, PH_EFULL. */
ph_status phg_market_data_open(void *zmq_context, const char *endpoint, const ph_keyfile *keys,
                               phg_replica *replica, phg_market_data **ret, char err[PHG_ERR_SIZE]);
void phg_market_data_close(phg_market_data *md); /* accepts NULL */

typedef struct {
    uint32_t connections, topics; /* of who has named something; all that is named */
    uint32_t conflated;           /* streams */
} phg_market_data_counts;

phg_market_data_counts phg_market_data_counted(const phg_market_data *md);

/* What became of a request. */
typedef enum {
    PHG_REQUEST_SNAPSHOT, /* it was sent */
    PHG_REQUEST_RANGE,    /* the frames were sent again */
    PHG_REQUEST_NOT_KEPT, /* they are not kept any more, or never were sent */
    PHG_REQUEST_UNKNOWN,  /* there is no such stream */
    PHG_REQUEST_BUSY,     /* the participant asks too much */
    PHG_REQUEST_KINDS,
} phg_request_answer;

/* Counted since the start where a comment says nothing else.  ZeroMQ drops a frame for each
   subscriber whose queue is full and tells that some queue was, neither whose nor how many. */
typedef struct {
    uint32_t slow;                      /* at present; see phg_audience_slow */
    uint64_t dropped[PHG_DROP_REASONS]; /* connections that were ended */
    uint64_t lost;                      /* frames that found the queue of some subscriber full */
    uint64_t asked[PHG_REQUEST_KINDS];  /* requests */
    uint64_t sent_again;                /* frames of ranges */
    uint64_t no_topics;                 /* subscriptions to what is no topic */
} phg_market_data_totals;

phg_market_data_totals phg_market_data_summed(const phg_market_data *md);

void *phg_market_data_socket(phg_market_data *md);
const char *phg_market_data_endpoint(const phg_market_data *md);

/* What is taken from now on is counted there. */
void phg_market_data_count(phg_market_data *md, phg_inflow *inflow);
void phg_market_data_connect(phg_market_data *md, phg_connections *connections);

/* Says which connections there are, as they are counted.  PH_EFULL. */
ph_status phg_market_data_connections(phg_market_data *md);

/* Takes the subscriptions that are there, and answers the requests. */
ph_status phg_market_data_take(phg_market_data *md, uint64_t now_ns);

/* Publishes what is new, then the conflated streams that are due. */
ph_status phg_market_data_give(phg_market_data *md, uint64_t now_ns);

#endif
