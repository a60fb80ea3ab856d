/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/zap.h"

#include "engine/base/limits.h"
#include "engine/process/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* The header hides it behind the draft interface; the library takes it since 4.3. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

enum { VERSION = 0, REQUEST = 1, DOMAIN = 2, MECHANISM = 5, CREDENTIALS = 6, PARTS = 7 };

static bool is_text(phg_zap_part part, const char *text)
{
    return part.size == strlen(text) && memcmp(part.p, text, part.size) == 0;
}

static phg_zap_answer answer(const char status[4], const char *text)
{
    phg_zap_answer a = {.text = text};
    memcpy(a.status, status, sizeof a.status);
    return a;
}

phg_zap_answer phg_zap_decide(const phg_zap_part *parts, uint32_t cnt, const phg_catalogue *c,
                              bool is_recovering)
{
    ph_key key;
    if (cnt < 6 || !is_text(parts[VERSION], "1.0")) return answer("500", "not a request of RFC 27");
    if (!is_text(parts[DOMAIN], PHG_ZAP_DOMAIN)) return answer("400", "unknown domain");
    if (!is_text(parts[MECHANISM], "CURVE")) return answer("400", "CURVE is needed");
    if (cnt != PARTS || parts[CREDENTIALS].size != sizeof key.b)
        return answer("500", "not a CURVE key");
    memcpy(key.b, parts[CREDENTIALS].p, sizeof key.b);
    uint32_t number = phg_catalogue_connection_key(c, &key);
    const phg_participant *who = phg_catalogue_of_key(c, number);
    if (!who && is_recovering) return answer("300", "still reading the log");
    if (!who) return answer("400", "key of no participant");
    if (who->state == PH_PARTICIPANT_CLOSED) return answer("400", "participant is closed");
    phg_zap_answer yes = answer("200", "welcome");
    (void)snprintf(yes.user_id, sizeof yes.user_id, "%" PRIu32, number);
    return yes;
}

/* Reads a number that is not 0, up to `max`; returns where it ends, or NULL. */
static const char *read_number(const char *text, uint64_t max, uint64_t *ret)
{
    if (text[0] < '1' || text[0] > '9') return NULL;
    uint64_t v = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (v > (max - digit) / 10) return NULL;
        v = v * 10 + digit;
    }
    *ret = v;
    return text;
}

/* False: it is none of ours. */
static bool read_user(const char *user_id, uint64_t *ret_key, uint64_t *ret_connection)
{
    *ret_connection = 0;
    const char *end = user_id ? read_number(user_id, UINT32_MAX, ret_key) : NULL;
    if (end && *end == '.') end = read_number(end + 1, UINT64_MAX, ret_connection);
    return end && *end == '\0';
}

uint32_t phg_zap_user(const char *user_id)
{
    uint64_t key, connection;
    return read_user(user_id, &key, &connection) ? (uint32_t)key : 0;
}

uint64_t phg_zap_connection(const char *user_id)
{
    uint64_t key, connection;
    return read_user(user_id, &key, &connection) ? connection : 0;
}

struct phg_zap {
    void *socket;
    uint64_t last;                /* connection that was let in, while nobody keeps count */
    phg_connections *connections; /* borrowed; NULL: nobody does */
};

ph_status phg_zap_open(void *zmq_context, phg_zap **ret)
{
    phg_zap *z = calloc(1, sizeof *z);
    if (!z) return PH_EFULL;
    z->socket = zmq_socket(zmq_context, ZMQ_REP);
    int linger = 0;
    if (!z->socket || zmq_setsockopt(z->socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_bind(z->socket, "inproc://zeromq.zap.01") != 0) {
        ph_status s = errno == EADDRINUSE ? PH_EBUSY : PH_EFULL;
        phg_zap_close(z);
        return s;
    }
    *ret = z;
    return PH_OK;
}

void phg_zap_count(phg_zap *z, phg_connections *connections)
{
    z->connections = connections;
}

void *phg_zap_socket(phg_zap *z)
{
    return z->socket;
}

void phg_zap_close(phg_zap *z)
{
    if (!z) return;
    if (z->socket) (void)zmq_close(z->socket);
    free(z);
}

/* Receives the parts of one request; more than a request has are read and not kept. */
static bool receive(void *socket, zmq_msg_t parts[PHG_ZAP_PARTS_MAX], uint32_t *ret_cnt)
{
    uint32_t cnt = 0;
    int more = 1;
    while (more) {
        zmq_msg_t part;
        (void)zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&part);
            break; /* parts of one message arrive together, so this is the first */
        }
        more = zmq_msg_more(&part);
        if (cnt < PHG_ZAP_PARTS_MAX) {
            (void)zmq_msg_init(&parts[cnt]);
            (void)zmq_msg_move(&parts[cnt++], &part);
        }
        (void)zmq_msg_close(&part);
    }
    *ret_cnt = cnt;
    return cnt != 0;
}

/* A reply that cannot be sent has no receiver any more: the connection is then refused. */
static void reply(void *socket, phg_zap_part request, const phg_zap_answer *a)
{
    (void)zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, request.p, request.size, ZMQ_SNDMORE);
    (void)zmq_send(socket, a->status, 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, a->text, strlen(a->text), ZMQ_SNDMORE);
    (void)zmq_send(socket, a->user_id, strlen(a->user_id), ZMQ_SNDMORE);
    (void)zmq_send(socket, "", 0, 0);
}

/* Gives a connection that is let in its number, or turns it away until later. */
static void let_in(phg_zap *z, phg_zap_answer *a)
{
    const size_t size = strlen(a->user_id);
    if (size == 0) return;
    const uint32_t key = phg_zap_user(a->user_id);
    const uint64_t number =
        z->connections ? phg_connections_let_in(z->connections, key, ph_clock_monotonic_ns())
                       : ++z->last;
    if (number == 0)
        *a = answer("300", "too many connections of this participant say nothing");
    else
        (void)snprintf(a->user_id + size, sizeof a->user_id - size, ".%" PRIu64, number);
}

void phg_zap_turn(phg_zap *z, const phg_catalogue *c, bool is_recovering)
{
    zmq_msg_t messages[PHG_ZAP_PARTS_MAX];
    uint32_t cnt;
    while (receive(z->socket, messages, &cnt)) {
        phg_zap_part parts[PHG_ZAP_PARTS_MAX];
        for (uint32_t i = 0; i < cnt; i++)
            parts[i] = (phg_zap_part){zmq_msg_data(&messages[i]), zmq_msg_size(&messages[i])};
        phg_zap_answer a = phg_zap_decide(parts, cnt, c, is_recovering);
        let_in(z, &a);
        reply(z->socket, cnt > REQUEST ? parts[REQUEST] : (phg_zap_part){"", 0}, &a);
        for (uint32_t i = 0; i < cnt; i++)
            (void)zmq_msg_close(&messages[i]);
    }
}

static bool set_int(void *socket, int option, int v)
{
    return zmq_setsockopt(socket, option, &v, sizeof v) == 0;
}

/* Peers that are gone are found by TCP, not by ZMQ_HEARTBEAT_IVL: libzmq 4.3 ends the program
   (stream_engine_base.cpp, out_event: !_io_error) when it has to send on a connection that was lost
   while the queue of what it received was full, and a heartbeat is sent without looking. */
ph_status phg_zap_guard(void *socket, const ph_keyfile *keys, int message_bytes_max)
{
    bool ok = set_int(socket, ZMQ_CURVE_SERVER, 1) &&
              zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->curve_secret,
                             sizeof keys->curve_secret) == 0 &&
              zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, PHG_ZAP_DOMAIN, strlen(PHG_ZAP_DOMAIN)) == 0 &&
              set_int(socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1) && set_int(socket, ZMQ_LINGER, 0) &&
              set_int(socket, ZMQ_HANDSHAKE_IVL, 1000) && set_int(socket, ZMQ_TCP_KEEPALIVE, 1) &&
              set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, 5) &&
              set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, 1) &&
              set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, 5) && set_int(socket, ZMQ_TCP_MAXRT, 10000) &&
              set_int(socket, ZMQ_BACKLOG, 512);
    /* The bound is checked on the wire, where CURVE adds 33 bytes to a message and shakes hands
       with commands of some hundred bytes. */
    int64_t wire_max = message_bytes_max + 1024;
    ok = ok && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &wire_max, sizeof wire_max) == 0;
    return ok ? PH_OK : PH_EIO;
}

ph_status phg_zap_bind(void *socket, const char *endpoint, char ret_endpoint[128],
                       char err[PHG_ERR_SIZE])
{
    size_t size = 128;
    if (zmq_bind(socket, endpoint) != 0) {
        int cause = errno;
        (void)snprintf(err, PHG_ERR_SIZE, "could not listen on \"%s\": %s%s", endpoint,
                       zmq_strerror(cause),
                       cause == EADDRINUSE ? "; another process listens there, stop it or choose "
                                             "another port"
                                           : "");
        return cause == EADDRINUSE ? PH_EBUSY : PH_EIO;
    }
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) != 0) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not tell the address of \"%s\": %s", endpoint,
                       zmq_strerror(errno));
        return PH_EIO;
    }
    return PH_OK;
}

/* The stranger's connection, and a socket that tells what becomes of it. */
static bool open_stranger(void *zmq_context, const phg_zap_door *door, const ph_key *server_key,
                          void **ret_stranger, void **ret_monitor)
{
    char public_key[41], secret_key[41];
    char name[160]; /* one per door: a monitor's name is in use until its socket is reaped */
    (void)snprintf(name, sizeof name, "inproc://petahour.zap.check.%s", door->endpoint);
    if (zmq_curve_keypair(public_key, secret_key) != 0) return false;
    void *s = *ret_stranger = zmq_socket(zmq_context, door->peer_type);
    void *m = *ret_monitor = zmq_socket(zmq_context, ZMQ_PAIR);
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    return s && m && set_int(s, ZMQ_LINGER, 0) && set_int(m, ZMQ_LINGER, 0) &&
           zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_key->b, sizeof server_key->b) == 0 &&
           zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, public_key, 40) == 0 &&
           zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret_key, 40) == 0 &&
           zmq_socket_monitor(s, name, events) == 0 && zmq_connect(m, name) == 0 &&
           zmq_connect(s, door->endpoint) == 0;
}

ph_status phg_zap_check(phg_zap *z, void *zmq_context, const phg_zap_door *door,
                        const ph_key *server_key, const phg_catalogue *c)
{
    void *stranger = NULL, *monitor = NULL;
    ph_status s = PH_EIO;
    bool is_open = open_stranger(zmq_context, door, server_key, &stranger, &monitor);
    uint64_t until = ph_clock_monotonic_ns() + 10 * PH_NS_PER_S;
    while (is_open && s == PH_EIO && ph_clock_monotonic_ns() < until) {
        zmq_pollitem_t items[2] = {{z->socket, 0, ZMQ_POLLIN, 0}, {monitor, 0, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, 2, 100) < 0 && errno != EINTR) break;
        phg_zap_turn(z, c, false);
        uint8_t event[6] = {0};
        if (zmq_recv(monitor, event, sizeof event, ZMQ_DONTWAIT) < 2) continue;
        uint16_t what;
        memcpy(&what, event, sizeof what);
        s = what == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? PH_OK : PH_EDENIED;
    }
    if (stranger) (void)zmq_close(stranger);
    if (monitor) (void)zmq_close(monitor);
    return s;
}
