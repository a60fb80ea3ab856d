/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/market_data/subscribers.h - who is connected to market data, and what each has named
    there.

    ZeroMQ keeps every topic that a connection ever named, also those that are not entered, until
    the connection ends; so what is named is counted in bytes, over all connections of a
    participant, and who names too much is to be cut off.

    A connection is known by the number that it was given when it was let in, and by the file of
    its socket.  ZeroMQ tells when a file is opened and closed (phg_subscribers_begun, _ended); a
    message of a connection whose file was closed meanwhile is of nobody.

    Owns      copies of the topics; phg_subscribers_release accepts a zeroed one.
    Lifetime  a subscriber is valid until it has ended.
    Laws      the bytes of a participant are the sum over the topics of its connections.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef GATEWAY_MARKET_DATA_SUBSCRIBERS_H
#define GATEWAY_MARKET_DATA_SUBSCRIBERS_H

#include "engine/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of all connections of a participant: 4,096 streams and a request for each, twice. */
enum { PHG_NAMED_BYTES_MAX = 1 << 19 };

typedef struct {
    uint8_t *bytes;
    size_t size;
    bool is_counted; /* for who keeps count: false when it is named */
} phg_named;

typedef struct {
    uint64_t connection;
    uint32_t key, participant;
    int file;
    uint64_t name;          /* that it gave itself; 0: none */
    bool is_warned;         /* that its participant has named three quarters of what it may */
    bool is_cut;            /* it will end: nothing that it says counts any more */
    uint64_t slow_since_ns; /* it has lost a frame, and has not caught up since; 0: no */
    phg_named *topics;      /* in no order */
    uint32_t topic_cnt, topic_max;
    uint32_t *places; /* twice topic_max: 1 + index of a topic, from where its hash says; 0: none */
    uint8_t hash_key[16]; /* secret: nobody chooses topics that all share one hash */
} phg_subscriber;

typedef struct {
    phg_subscriber **of_file; /* NULL: none has said anything */
    bool *is_open;            /* of a file */
    uint32_t file_max;
    uint32_t *named; /* bytes of participant n: named[n] */
    uint32_t participant_max;
} phg_subscribers;

void phg_subscribers_release(phg_subscribers *s);

/* A connection has begun on this file; those before it have ended. */
ph_status phg_subscribers_begun(phg_subscribers *s, int file);

/* The connection on this file has ended. */
void phg_subscribers_ended(phg_subscribers *s, int file);

/* Who is on this file; NULL: nobody who has said anything. */
phg_subscriber *phg_subscribers_on(const phg_subscribers *s, int file);

/* Who sent a message.  *ret NULL: the connection has ended.  *ret_ended: another one that was on
   the file before, and is to be ended first (phg_subscribers_ended, _begun) and asked for again. */
ph_status phg_subscribers_find(phg_subscribers *s, uint64_t connection, int file,
                               phg_subscriber **ret, phg_subscriber **ret_ended);

typedef enum { PHG_NAMED_NEW, PHG_NAMED_AGAIN, PHG_NAMED_TOO_MUCH, PHG_NAMED_NO_MEMORY } phg_naming;

/* The subscriber names a topic of at least one byte. */
phg_naming phg_subscriber_name(phg_subscribers *s, phg_subscriber *who, const void *topic,
                               size_t size);

/* It takes it back.  False: it had not named it. */
bool phg_subscriber_forget(phg_subscribers *s, phg_subscriber *who, const void *topic, size_t size);

/* Bytes that the participant has named and not taken back, over all its connections. */
uint32_t phg_subscribers_named(const phg_subscribers *s, uint32_t participant);

/* True if it has a name and its participant has named three quarters of what it may; once, until
   it names something when there is room again. */
bool phg_subscriber_is_near(const phg_subscribers *s, phg_subscriber *who);

/* NULL: it has not named it.  Valid until it names or takes back another one. */
phg_named *phg_subscriber_topic(const phg_subscriber *who, const void *topic, size_t size);

#endif
