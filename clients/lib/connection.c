/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <zmq.h>

enum {
    ATTEMPT_MS = 5000,     /* from connecting to an accepted logon */
    BACKOFF_FIRST_MS = 50, /* before the second attempt; doubles */
    BACKOFF_MAX_MS = 2000,
    LASTING_MS = 10000, /* a session that did not is one more attempt that failed */
    PROBE_S = 1,        /* of TCP, of a connection that is quiet */
    PROBES = 5,         /* without an answer */
    AUTH_REFUSED = 400, /* ZAP: this key may not */
};

/* Puts the event descriptor of a socket into the set that phc_fd stands for. */
static int watch_fd(phc_client *c, void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0) return -1;
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? fd : -1;
}

static void close_socket(phc_client *c, void **socket, int *fd)
{
    if (*fd >= 0) (void)epoll_ctl(c->epoll, EPOLL_CTL_DEL, *fd, NULL); /* it is going away */
    if (*socket != NULL) (void)zmq_close(*socket); /* fails only for what is no socket */
    *socket = NULL;
    *fd = -1;
}

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool secure(const phc_client *c, void *socket, const char *server_key)
{
    uint8_t key[32];
    if (phc_z85_parse(server_key, key) != PHC_OK) return false;
    return zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, key, sizeof key) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, c->key.curve_public, 32) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, c->key.curve_secret, 32) == 0;
}

/* A gateway that is gone is found by TCP, not by ZMQ_HEARTBEAT_IVL: a connection whose queue is
   full is not read, so that heartbeats would end it while its application is busy, and libzmq 4.3
   ends the program (stream_engine_base.cpp, out_event: !_io_error) when one is due on a connection
   that was lost meanwhile. */
static bool find_dead(void *socket)
{
    return set_int(socket, ZMQ_TCP_KEEPALIVE, 1) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, PROBE_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, PROBE_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, PROBES) &&
           set_int(socket, ZMQ_TCP_MAXRT, PROBES * PROBE_S * 1000);
}

/* `longest` is the payload that a frame may have. */
static bool set_common(void *socket, int longest)
{
    return set_int(socket, ZMQ_LINGER, 0) && set_int(socket, ZMQ_IPV6, 1) &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, ATTEMPT_MS) && find_dead(socket) &&
           zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &(int64_t){longest + PHC_WIRE_MORE},
                          sizeof(int64_t)) == 0;
}

/* The monitor tells what happens to the connection: otherwise a refused key looks like silence. */
static bool make_monitor(phc_client *c, void *socket, void **ret, int *ret_fd)
{
    char name[40];
    snprintf(name, sizeof name, "inproc://connection-%u", ++c->connection);
    int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                 ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;
    if (zmq_socket_monitor(socket, name, events) != 0) return false;
    *ret = zmq_socket(c->zmq, ZMQ_PAIR);
    return *ret != NULL && set_int(*ret, ZMQ_LINGER, 0) && zmq_connect(*ret, name) == 0 &&
           (*ret_fd = watch_fd(c, *ret)) >= 0;
}

static bool make_dealer(phc_client *c)
{
    c->dealer = zmq_socket(c->zmq, ZMQ_DEALER);
    if (c->dealer == NULL) return false;
    /* One socket is one connection: see client.h. */
    if (!set_common(c->dealer, PHC_FRAME_RECEIVED_MAX) ||
        !secure(c, c->dealer, c->gateway.server_key) || !set_int(c->dealer, ZMQ_IMMEDIATE, 1) ||
        !set_int(c->dealer, ZMQ_RECONNECT_IVL, -1))
        return false;
    if (!make_monitor(c, c->dealer, &c->monitor, &c->monitor_fd) ||
        zmq_connect(c->dealer, c->gateway.order_entry) != 0)
        return false;
    c->dealer_fd = watch_fd(c, c->dealer);
    c->dealer_has = c->monitor_has = true;
    return c->dealer_fd >= 0;
}

static uint64_t backoff_ms(uint32_t attempts)
{
    uint64_t ms = (uint64_t)BACKOFF_FIRST_MS << (attempts < 6 ? attempts : 6);
    return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

void phc_connection_close(phc_client *c)
{
    if (c->dealer != NULL) (void)zmq_socket_monitor(c->dealer, NULL, 0); /* none: nothing to end */
    close_socket(c, &c->monitor, &c->monitor_fd);
    close_socket(c, &c->dealer, &c->dealer_fd);
    c->state = c->state == PHC_STOPPED ? PHC_STOPPED : PHC_DOWN;
    c->logon_sent = false;
    c->reports_read = false;
    phc_outbox_lost(&c->outbox);
}

void phc_connection_lose(phc_client *c, const char *why)
{
    phc_connection_close(c);
    if (c->logged_on_ms != 0 && phc_now_ms() - c->logged_on_ms >= LASTING_MS) c->attempts = 0;
    c->logged_on_ms = 0;
    c->next_attempt_ms = phc_now_ms() + backoff_ms(c->attempts);
    c->attempts++;
    c->connect_at++;
    if (why == NULL) return;
    snprintf(c->error, sizeof c->error, "%s", why);
    if (c->cb.on_disconnected != NULL) {
        c->handled++;
        c->cb.on_disconnected(c->cb.arg, c->error);
    }
}

/* Reads the ready file that is next, of those between colons. */
static phc_status read_gateway(phc_client *c, char *err, size_t err_size)
{
    char path[4096];
    const char *from = c->connect_file;
    uint32_t cnt = 1;
    for (const char *p = from; *p != '\0'; p++)
        if (*p == ':') cnt++;
    for (uint32_t i = c->connect_at % cnt; i > 0; i--)
        from = strchr(from, ':') + 1;
    int size = (int)strcspn(from, ":");
    if (snprintf(path, sizeof path, "%.*s", size, from) >= (int)sizeof path) {
        snprintf(err, err_size, "the name of the gateway's ready file is too long");
        return PHC_EINVAL;
    }
    return phc_gateway_read(path, &c->gateway, err, err_size);
}

void phc_connection_attempt(phc_client *c)
{
    char why[320];
    if (c->connect_file != NULL && read_gateway(c, why, sizeof why) != PHC_OK) {
        phc_connection_lose(c, why);
        return;
    }
    c->deadline_ms = phc_now_ms() + ATTEMPT_MS;
    c->state = PHC_CONNECTING;
    if (make_dealer(c)) {
        /* A socket signals what arrives only after a look at it found nothing. */
        c->again = true;
        phc_connection_feed(c);
        return;
    }
    snprintf(why, sizeof why, "could not connect to \"%s\": %s", c->gateway.order_entry,
             zmq_strerror(zmq_errno()));
    phc_connection_lose(c, why);
}

/* ---- Market data --------------------------------------------------------------------------- */

void phc_connection_feed_close(phc_client *c)
{
    if (c->sub != NULL) (void)zmq_socket_monitor(c->sub, NULL, 0); /* none: nothing to end */
    close_socket(c, &c->sub_monitor, &c->sub_monitor_fd);
    close_socket(c, &c->sub, &c->sub_fd);
}

static void lose_feed(phc_client *c)
{
    phc_connection_feed_close(c);
    c->next_feed_attempt_ms = phc_now_ms() + backoff_ms(c->feed_attempts);
    c->feed_attempts++;
}

static bool make_sub(phc_client *c)
{
    c->sub = zmq_socket(c->zmq, ZMQ_SUB);
    /* Subscriptions are messages: one that finds its queue full is lost. */
    if (c->sub == NULL || !set_common(c->sub, PHC_MARKET_DATA_MAX) ||
        !secure(c, c->sub, c->sub_key) || !set_int(c->sub, ZMQ_SNDHWM, 0) ||
        !set_int(c->sub, ZMQ_RECONNECT_IVL, -1))
        return false;
    if (!make_monitor(c, c->sub, &c->sub_monitor, &c->sub_monitor_fd) ||
        zmq_connect(c->sub, c->sub_endpoint) != 0)
        return false;
    c->sub_fd = watch_fd(c, c->sub);
    c->sub_has = c->sub_monitor_has = true;
    return c->sub_fd >= 0;
}

/* Made again also when the gateway moved. */
void phc_connection_feed(phc_client *c)
{
    if (c->gateway.market_data[0] == '\0') return;
    if (c->sub != NULL && strcmp(c->sub_endpoint, c->gateway.market_data) == 0 &&
        strcmp(c->sub_key, c->gateway.server_key) == 0)
        return;
    phc_connection_feed_close(c);
    memcpy(c->sub_endpoint, c->gateway.market_data, sizeof c->sub_endpoint);
    memcpy(c->sub_key, c->gateway.server_key, sizeof c->sub_key);
    if (make_sub(c)) {
        c->again = true;
        phc_feed_renew(c);
        return;
    }
    char why[400];
    snprintf(why, sizeof why, "could not connect to market data at \"%s\": %s", c->sub_endpoint,
             zmq_strerror(zmq_errno()));
    lose_feed(c);
    phc_client_problem(c, PHC_EIO, why);
}

/* ---- What becomes of connections ----------------------------------------------------------- */

/* One event: its number and value are the first part, the endpoint the second. */
static bool next_event(void *monitor, uint16_t *ret_event, uint32_t *ret_value)
{
    uint8_t part[6];
    char endpoint[512];
    if (zmq_recv(monitor, part, sizeof part, ZMQ_DONTWAIT) != (int)sizeof part) return false;
    memcpy(ret_event, part, sizeof *ret_event);
    memcpy(ret_value, part + sizeof *ret_event, sizeof *ret_value);
    return zmq_recv(monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT) >= 0;
}

static void refused(phc_client *c, uint32_t code)
{
    char text[160];
    if (code == AUTH_REFUSED) {
        snprintf(text, sizeof text,
                 "the gateway knows no participant with this key; register it, or use another");
        if (c->cb.on_refused != NULL) {
            c->handled++;
            c->cb.on_refused(c->cb.arg, PHC_REFUSED_UNKNOWN_KEY, text);
        }
    } else {
        snprintf(text, sizeof text, "the gateway refused the connection with code %u", code);
    }
    phc_connection_lose(c, text);
}

/* What is lost with it is asked for again. */
static void watch_feed(phc_client *c)
{
    uint16_t event;
    uint32_t value;
    c->sub_monitor_has = false;
    while (c->sub_monitor != NULL && next_event(c->sub_monitor, &event, &value)) {
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            c->feed_attempts = 0;
        else
            lose_feed(c);
    }
}

static void watch_session(phc_client *c)
{
    uint16_t event;
    uint32_t value;
    char why[400];
    c->monitor_has = false;
    while (c->monitor != NULL && next_event(c->monitor, &event, &value)) {
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            if (c->state == PHC_CONNECTING) c->state = PHC_LOGGING_ON;
        } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
            refused(c, value);
        } else if (event == ZMQ_EVENT_DISCONNECTED || c->state == PHC_CONNECTING) {
            snprintf(why, sizeof why, "%s \"%s\"%s",
                     c->state == PHC_CONNECTING ? "could not connect to" : "lost the connection to",
                     c->gateway.order_entry,
                     event == ZMQ_EVENT_CLOSED || event == ZMQ_EVENT_DISCONNECTED
                         ? ""
                         : ": the encrypted handshake failed, check the gateway's public key");
            phc_connection_lose(c, why);
        }
    }
}

void phc_connection_watch(phc_client *c)
{
    if (c->monitor_has) watch_session(c);
    if (c->sub_monitor_has) watch_feed(c);
}
