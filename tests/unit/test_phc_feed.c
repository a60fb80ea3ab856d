/* SPDX-License-Identifier: Apache-2.0 */
/* The client's connection to market data, beside an XPUB socket that stands for a gateway's. */
#include "clients/lib/petahour.h"

#include "tests/unit/suite.h"

#include <string.h>
#include <zmq.h>

enum {
    QUEUE = 1000,        /* ZeroMQ stops reading a connection when so many frames wait */
    RECONNECT_MS = 1000, /* more than ZeroMQ waits before it would connect again */
    PATIENCE_MS = 30000,
    TURN_MS = 20,
};

#define TOPIC "P00000001"

static void *context, *gateway, *monitor;
static phc_client *client;

static void open_gateway(char endpoint[128], char public_key[41])
{
    char secret_key[41];
    const int one = 1, none = 0;
    size_t size = 128;
    context = zmq_ctx_new();
    gateway = zmq_socket(context, ZMQ_XPUB);
    ck_assert_int_eq(zmq_curve_keypair(public_key, secret_key), 0);
    zmq_setsockopt(gateway, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(gateway, ZMQ_CURVE_SECRETKEY, secret_key, strlen(secret_key) + 1);
    zmq_setsockopt(gateway, ZMQ_XPUB_VERBOSE, &one, sizeof one);
    zmq_setsockopt(gateway, ZMQ_SNDHWM, &none, sizeof none);
    zmq_setsockopt(gateway, ZMQ_LINGER, &none, sizeof none);
    ck_assert_int_eq(zmq_bind(gateway, "tcp://127.0.0.1:*"), 0);
    ck_assert_int_eq(zmq_getsockopt(gateway, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    ck_assert_int_eq(zmq_socket_monitor(gateway, "inproc://gateway", ZMQ_EVENT_ALL), 0);
    monitor = zmq_socket(context, ZMQ_PAIR);
    ck_assert_int_eq(zmq_connect(monitor, "inproc://gateway"), 0);
}

/* Waits until the gateway's socket tells of this. */
static bool happens(uint16_t what, long patience_ms)
{
    zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
    while (zmq_poll(&item, 1, patience_ms) == 1) {
        uint16_t event = 0;
        uint8_t part[6], endpoint[512];
        ck_assert_int_eq(zmq_recv(monitor, part, sizeof part, 0), (int)sizeof part);
        memcpy(&event, part, sizeof event);
        ck_assert_int_ge(zmq_recv(monitor, endpoint, sizeof endpoint, 0), 0);
        if (event == what) return true;
    }
    return false;
}

static void set_up(void)
{
    char endpoint[128], public_key[41], text[41], secret[41], err[256] = "";
    phc_key key = {0};
    open_gateway(endpoint, public_key);
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
    ck_assert_int_eq(phc_subscribe(client, 1), PHC_OK);
}

static void tear_down(void)
{
    phc_close(client);
    zmq_socket_monitor(gateway, NULL, 0);
    zmq_close(monitor);
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

/* ZeroMQ ends the program of whoever reads on after a connection was made again whose queue had
   been full. */
START_TEST(an_application_that_paused_goes_on)
{
    set_up();
    await_subscription();
    publish(5 * QUEUE);
    ck_assert_msg(happens(ZMQ_EVENT_DISCONNECTED, PATIENCE_MS), "the connection lives on");
    (void)happens(ZMQ_EVENT_HANDSHAKE_SUCCEEDED, RECONNECT_MS); /* by nobody, until it turns */
    await_subscription();
    publish(1);
    for (int i = 0; i < 100; i++)
        turn();
    tear_down();
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_application_that_paused_goes_on);
}

int main(void)
{
    return suite_run("phc_feed", add);
}
