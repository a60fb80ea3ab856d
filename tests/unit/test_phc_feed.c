/* SPDX-License-Identifier: Apache-2.0 */
/* The client's connection to market data, beside an XPUB socket that stands for a gateway's. */
#include "clients/lib/petahour.h"

#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum {
    QUEUE = 1000, /* ZeroMQ stops reading a connection when so many frames wait */
    PATIENCE_MS = 30000,
    TURN_MS = 20,
};

#define TOPIC "P00000001"

static void *context, *gateway;
static char endpoint[128], public_key[41], secret_key[41];
static phc_client *client;

/* At the same place again, if it was open before. */
static void open_gateway(void)
{
    const int one = 1, none = 0;
    size_t size = sizeof endpoint;
    gateway = zmq_socket(context, ZMQ_XPUB);
    zmq_setsockopt(gateway, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(gateway, ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key);
    zmq_setsockopt(gateway, ZMQ_XPUB_VERBOSE, &one, sizeof one);
    zmq_setsockopt(gateway, ZMQ_SNDHWM, &none, sizeof none);
    zmq_setsockopt(gateway, ZMQ_LINGER, &none, sizeof none);
    /* ZeroMQ gives an address up in a thread of its own, after the socket was closed. */
    time_t until = time(NULL) + PATIENCE_MS / 1000;
    while (zmq_bind(gateway, endpoint) != 0)
        ck_assert_msg(time(NULL) < until, "%s: %s", endpoint, zmq_strerror(zmq_errno()));
    ck_assert_int_eq(zmq_getsockopt(gateway, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
}

static void set_up(void)
{
    char text[41], secret[41], err[256] = "";
    phc_key key = {0};
    context = zmq_ctx_new();
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:*");
    ck_assert_int_eq(zmq_curve_keypair(public_key, secret_key), 0);
    open_gateway();
    ck_assert_int_eq(zmq_curve_keypair(text, secret), 0);
    ck_assert_ptr_nonnull(zmq_z85_decode(key.curve_public, text));
    ck_assert_ptr_nonnull(zmq_z85_decode(key.curve_secret, secret));
    /* Nobody takes orders here. */
    phc_config f = {.order_entry = "tcp://127.0.0.1:1",
                    .market_data = endpoint,
                    .server_key = public_key,
                    .key = &key};
    phc_status s = phc_open(&f, &client, err, sizeof err);
    ck_assert_msg(s == PHC_OK, "%s", err);
    ck_assert_int_eq(phc_follow(client, PHC_STREAM_PRICES, 1), PHC_OK);
}

static void tear_down(void)
{
    phc_close(client);
    zmq_close(gateway);
    zmq_ctx_term(context);
}

static void turn(void)
{
    phc_status s = phc_turn(client, TURN_MS);
    ck_assert(s == PHC_OK || s == PHC_ETIMEOUT);
}

/* Turns until the client has subscribed to TOPIC, perhaps once more. */
static void await_subscription(void)
{
    char got[64] = "";
    for (int ms = 0; ms < PATIENCE_MS; ms += TURN_MS) {
        turn();
        int size = zmq_recv(gateway, got, sizeof got, ZMQ_DONTWAIT);
        if (size == 1 + (int)strlen(TOPIC) && got[0] == 1 &&
            memcmp(got + 1, TOPIC, strlen(TOPIC)) == 0)
            return;
    }
    ck_abort_msg("nobody subscribed");
}

static void publish(int cnt)
{
    for (int i = 0; i < cnt; i++) {
        ck_assert_int_ge(zmq_send(gateway, TOPIC, strlen(TOPIC), ZMQ_SNDMORE), 0);
        ck_assert_int_ge(zmq_send(gateway, "\1\3", 2, ZMQ_SNDMORE), 0);
        ck_assert_int_ge(zmq_send(gateway, "", 0, 0), 0);
    }
}

/* ZeroMQ would end the program of whoever reads on after its connection was made again, if more
   frames had waited than it keeps. */
START_TEST(an_application_that_paused_goes_on)
{
    set_up();
    await_subscription();
    publish(5 * QUEUE);
    zmq_close(gateway);
    open_gateway();
    await_subscription();
    publish(1);
    for (int i = 0; i < 100; i++)
        turn();
    tear_down();
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, an_application_that_paused_goes_on);
}

int main(void)
{
    return suite_run("phc_feed", add);
}
