/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/market_data.h - the XPUB socket: topics, subscriptions, pictures.

    Topics are "P" (every product) and "P" with the number of a product in eight hexadecimal digits;
    a subscription to anything else is not entered.  A subscription is answered with the product's
    whole picture, which all subscribers of the topic receive: it replaces what they have.  Many
    subscriptions at once are answered once, and not more often than SNAPSHOTS_PER_SECOND.

    Owns      its socket; borrows the replica.
    Thread    one.
    Failure   a subscriber that does not read loses frames and sees the gap in the numbers. */
#ifndef GATEWAY_MARKET_DATA_H
#define GATEWAY_MARKET_DATA_H

#include "engine/process/keyfile.h"
#include "gateway/bounds.h"
#include "gateway/replica.h"

typedef struct phg_market_data phg_market_data;

/* ---- Topics: no sockets ------------------------------------------------------------------- */

enum { PHG_TOPIC_SIZE = 9 };

void phg_topic_write(char to[PHG_TOPIC_SIZE + 1], ph_product_id product);

/* Reads a topic that may be subscribed to; *ret is 0 for every product.  PH_EINVAL. */
ph_status phg_topic_read(const void *bytes, size_t size, ph_product_id *ret);

/* ---- The socket --------------------------------------------------------------------------- */

/* Binds the socket.  err receives a sentence on failure: PH_EBUSY, PH_EIO, PH_EFULL. */
ph_status phg_market_data_open(void *zmq_context, const char *endpoint, const ph_keyfile *keys,
                               phg_replica *replica, phg_market_data **ret, char err[PHG_ERR_SIZE]);
void phg_market_data_close(phg_market_data *md); /* accepts NULL */

void *phg_market_data_socket(phg_market_data *md);
const char *phg_market_data_endpoint(const phg_market_data *md);

/* Takes the subscriptions that are there. */
ph_status phg_market_data_take(phg_market_data *md);

/* Publishes what is new, then the pictures that subscribers wait for.  *ret_is_waiting: some
   must wait until later. */
ph_status phg_market_data_give(phg_market_data *md, uint64_t now_ns, bool *ret_is_waiting);

#endif
