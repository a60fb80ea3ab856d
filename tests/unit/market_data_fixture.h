/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/market_data_fixture.h - a market data door with its subscribers, in one thread: who
    connects, what moves, and what was counted. */
#ifndef TESTS_UNIT_MARKET_DATA_FIXTURE_H
#define TESTS_UNIT_MARKET_DATA_FIXTURE_H

#include "gateway/market_data/market_data.h"

#include "engine/process/clock.h"
#include "gateway/doors/inflow.h"
#include "gateway/doors/zap.h"
#include "gateway/market_data/subscribers.h"
#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include "petahour/v1/market_data.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { PATIENCE_MS = 90000, READER = 2, OTHER = 3, SECOND_OF_READER = 4 };

static void *context;
static phg_replica replica;
static ph_keyfile server;
static phg_zap *zap;
static phg_market_data *door;
static char public_text[5][41], secret_text[5][41]; /* of a participant, or a second key of one */
static uint64_t next_order, stopped_ns;             /* not 0: what the door takes for the time */

static ph_command registered(uint32_t id)
{
    ph_command c = register_participant(id, PH_ROLE_SUPPLIER | PH_ROLE_BUYER);
    ck_assert_int_eq(zmq_curve_keypair(public_text[id], secret_text[id]), 0);
    ck_assert_ptr_nonnull(zmq_z85_decode(c.u.participant.curve_key.b, public_text[id]));
    return c;
}

static void set_up(void)
{
    char err[PHG_ERR_SIZE] = "", public_key[41], secret_key[41];
    next_order = stopped_ns = 0;
    context = zmq_ctx_new();
    ck_assert_int_eq(zmq_curve_keypair(public_key, secret_key), 0);
    ck_assert_ptr_nonnull(zmq_z85_decode(server.curve_public.b, public_key));
    ck_assert_ptr_nonnull(zmq_z85_decode(server.curve_secret, secret_key));
    ck_assert_int_eq(phg_replica_init(&replica), PH_OK);
    ck_assert_int_eq(take_done(&replica, open_market()), PH_OK);
    ck_assert_int_eq(take_done(&replica, registered(READER)), PH_OK);
    ck_assert_int_eq(take_done(&replica, registered(OTHER)), PH_OK);
    ck_assert_int_eq(take_done(&replica, list_product(1)), PH_OK);
    ck_assert_int_eq(phg_zap_open(context, &zap), PH_OK);
    ph_status s = phg_market_data_open(context, "tcp://127.0.0.1:*", &server, &replica, &door, err);
    ck_assert_msg(s == PH_OK, "%s", err);
    ck_assert_int_eq(phg_feed_go_live(&replica.feed, 77), PH_OK);
}

static void turn(void)
{
    uint64_t now = stopped_ns != 0 ? stopped_ns : ph_clock_monotonic_ns();
    phg_zap_turn(zap, &replica.catalogue, false);
    ck_assert_int_eq(phg_market_data_take(door, now), PH_OK);
    ck_assert_int_eq(phg_market_data_give(door, now), PH_OK);
}

/* A subscriber that reads `type` (ZMQ_SUB or ZMQ_XSUB) of a participant. */
/* frames: that it takes while nobody reads, 0: all.  reconnect_ms: after a connection was lost;
   -1: it stays lost. */
static void *connected(int type, uint32_t who, int frames, int reconnect_ms)
{
    const int none = 0, small = 8192;
    char key[41];
    void *s = zmq_socket(context, type);
    zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(s, ZMQ_RCVHWM, &frames, sizeof frames);
    zmq_setsockopt(s, ZMQ_SNDHWM, &none, sizeof none); /* or subscriptions are lost */
    if (frames != 0) zmq_setsockopt(s, ZMQ_RCVBUF, &small, sizeof small);
    zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms);
    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, zmq_z85_encode(key, server.curve_public.b, 32), 41);
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, public_text[who], 41);
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret_text[who], 41);
    ck_assert_int_eq(zmq_connect(s, phg_market_data_endpoint(door)), 0);
    return s;
}

static void *subscriber(int type, uint32_t who)
{
    return connected(type, who, 16, 10);
}

/* It is not slow, however rarely the test reads. */
static void *patient_subscriber(uint32_t who)
{
    return connected(ZMQ_SUB, who, 0, 10);
}

static void subscribe(void *s, const char *topic)
{
    ck_assert_int_eq(zmq_setsockopt(s, ZMQ_SUBSCRIBE, topic, strlen(topic)), 0);
}

typedef Petahour__V1__MarketDataFrame frame;

/* The next frame that is there; NULL: none.  topic: 64 bytes. */
static frame *read_frame(void *s, char *topic)
{
    zmq_msg_t m;
    frame *f = NULL;
    int size = zmq_recv(s, topic, 63, ZMQ_DONTWAIT);
    if (size < 0) return NULL;
    topic[size] = '\0';
    for (int i = 0; i < 2; i++) {
        (void)zmq_msg_init(&m);
        ck_assert_int_ge(zmq_msg_recv(&m, s, 0), 0);
        if (i == 1)
            f = petahour__v1__market_data_frame__unpack(NULL, zmq_msg_size(&m), zmq_msg_data(&m));
        (void)zmq_msg_close(&m);
    }
    ck_assert_ptr_nonnull(f);
    return f;
}

static void free_frame(frame *f)
{
    petahour__v1__market_data_frame__free_unpacked(f, NULL);
}

static void offer(ph_price price)
{
    next_order++;
    ph_command c = new_order(READER, next_order, PH_SIDE_SELL, (ph_window){HOUR + 10, 1}, 1, price);
    ph_event e = accepted(next_order, 0);
    ck_assert_int_eq(take(&replica, c, &e, 1), PH_OK);
}

/* An order that is new in each stream, in that of prices not always. */
static void move_market(void)
{
    offer(1000 + (ph_price)(next_order % 50));
}

/* An order that betters the best price. */
static void move_prices(void)
{
    offer(900 - (ph_price)next_order);
}

static uint64_t deadline(void)
{
    return ph_clock_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000);
}

/* Turns until the door has as many connections, topics and conflated streams. */
static void wait_for(uint32_t connections, uint32_t topics, uint32_t conflated)
{
    uint64_t until = deadline();
    phg_market_data_counts c;
    do {
        turn();
        c = phg_market_data_counted(door);
        ck_assert_msg(ph_clock_monotonic_ns() < until, "%u connections, %u topics, %u conflated",
                      c.connections, c.topics, c.conflated);
    } while (c.connections != connections || c.topics != topics || c.conflated != conflated);
}

static void tear_down(void)
{
    wait_for(0, 0, 0); /* ZeroMQ 4.3 ends the program if one is lost while the door is closed */
    phg_market_data_close(door);
    phg_zap_close(zap);
    (void)zmq_ctx_term(context);
    phg_replica_release(&replica);
}

static uint64_t dropped(phg_drop_reason why)
{
    return phg_market_data_summed(door).dropped[why];
}

/* Of the last frame. */
static uint64_t depth_number(void)
{
    return phg_feed_number(&replica.feed, PHG_STREAM_DEPTH, (ph_product_id){1});
}

static const char name[] = "!0123456789abcdef";

#endif
