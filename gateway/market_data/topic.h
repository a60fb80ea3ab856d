/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/market_data/topic.h - what subscribers of market data name.

    A topic is the letter of a kind of stream (see phg_stream_kind) and the number of a product,
    grade, type or region in eight hexadecimal digits; the letter alone stands for every one.

    "?" and the topic of one stream asks for a snapshot; "?", the topic, ":", 16 hexadecimal
    digits, "-" and 16 more asks for the frames with these numbers again, or the trades of a
    product.  "~" and the topic of one stream is the stream conflated; not of trades, of which none
    is left out.  "!" and 16 hexadecimal digits is a name that the subscriber gives itself, to be
    told under it why it was dropped.

    Owns      nothing.  Pure. */
#ifndef GATEWAY_MARKET_DATA_TOPIC_H
#define GATEWAY_MARKET_DATA_TOPIC_H

#include "engine/base/status.h"
#include "gateway/translate/translate.h"

enum { PHG_TOPIC_SIZE = 9 };

typedef struct {
    phg_stream_kind kind;
    ph_product_id product; /* or number of what else has streams; 0: every one */
    bool is_request, is_conflated;
    uint64_t first, last; /* of a request: frames that are wanted; 0: a snapshot is */
    uint64_t name;        /* not 0: a subscriber's name, and nothing else */
} phg_topic;

/* The topic of the frames of one stream. */
void phg_topic_write(char to[PHG_TOPIC_SIZE + 1], phg_stream_kind kind, ph_product_id product);

/* Reads a topic that may be subscribed to, a request, or a name.  PH_EINVAL. */
ph_status phg_topic_read(const void *bytes, size_t size, phg_topic *ret);

#endif
