/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that do nothing.

   usage: gateway_idle ORDER_ENTRY SERVER_KEY KEY_FOLDER FIRST CNT EACH

   Opens EACH sessions with each of the keys KEY_FOLDER/buyer-FIRST.key and CNT - 1 after it, says
   "ready" when every logon was accepted, and keeps them, with a heartbeat each BEAT_MS, until its
   input ends. */
#include "clients/lib/petahour.h"
#include "petahour/v1/session.pb-c.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { ANSWER_MS = 60000, LOGON_BYTES_MAX = 64, AT_ONCE = 64, BEAT_MS = 4000, SLICES = 20 };

static const uint8_t header[2] = {1, 1};

typedef struct {
    void **v;
    uint64_t opened, accepted;
    uint64_t beaten; /* next session whose heartbeat is due */
    int64_t due_ms;  /* when the next slice of them is */
} sessions;

static void check(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "gateway_idle: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(EXIT_FAILURE);
}

static size_t write_logon(uint8_t to[LOGON_BYTES_MAX])
{
    Petahour__V1__Logon logon;
    Petahour__V1__ClientMessage message;
    Petahour__V1__ClientMessage *list[1] = {&message};
    Petahour__V1__ClientFrame frame;
    petahour__v1__logon__init(&logon);
    logon.protocol_version = 1;
    logon.next_report = logon.next_contract = 1;
    petahour__v1__client_message__init(&message);
    message.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LOGON;
    message.logon = &logon;
    petahour__v1__client_frame__init(&frame);
    frame.n_messages = 1;
    frame.messages = list;
    check(petahour__v1__client_frame__get_packed_size(&frame) <= LOGON_BYTES_MAX, "logon");
    return petahour__v1__client_frame__pack(&frame, to);
}

static void *open_session(void *context, char *words[], const phc_key *key)
{
    const int none = 0, queue = 16;
    uint8_t logon[LOGON_BYTES_MAX];
    void *s = zmq_socket(context, ZMQ_DEALER);
    check(s != NULL, "socket");
    check(zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none) == 0, "option");
    check(zmq_setsockopt(s, ZMQ_RCVHWM, &queue, sizeof queue) == 0, "option");
    check(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, words[2], strlen(words[2]) + 1) == 0, "CURVE");
    check(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, key->curve_public, 32) == 0, "CURVE");
    check(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, key->curve_secret, 32) == 0, "CURVE");
    check(zmq_connect(s, words[1]) == 0, words[1]);
    check(zmq_send(s, header, sizeof header, ZMQ_SNDMORE) >= 0, "send");
    check(zmq_send(s, logon, write_logon(logon), 0) >= 0, "send");
    return s;
}

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Reads what came and sends one heartbeat. */
static void beat(void *socket)
{
    static const uint8_t heartbeat[4] = {0x0a, 2, 0x1a, 0}; /* messages { heartbeat {} } */
    uint8_t bytes[4096];
    while (zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0) {
    }
    check(zmq_send(socket, header, sizeof header, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0, "heartbeat");
    check(zmq_send(socket, heartbeat, sizeof heartbeat, ZMQ_DONTWAIT) >= 0, "heartbeat");
}

/* Heartbeats are spread, as those of many clients are. */
static void beat_due(sessions *s)
{
    if (s->accepted == 0 || now_ms() < s->due_ms) return;
    s->due_ms = now_ms() + BEAT_MS / SLICES;
    for (uint64_t cnt = s->accepted / SLICES + 1; cnt > 0; cnt--)
        beat(s->v[s->beaten++ % s->accepted]);
}

static void await_answer(sessions *s)
{
    uint8_t bytes[4096];
    zmq_pollitem_t item = {s->v[s->accepted], 0, ZMQ_POLLIN, 0};
    check(zmq_poll(&item, 1, ANSWER_MS) == 1, "a logon was not answered");
    check(zmq_recv(item.socket, bytes, sizeof bytes, 0) == 2, "header");
    int size = zmq_recv(item.socket, bytes, sizeof bytes, 0);
    check(size > 0 && (size_t)size <= sizeof bytes, "a logon's answer");
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, (size_t)size, bytes);
    if (!f || f->n_messages == 0 ||
        f->messages[0]->message_case != PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGON_ACCEPTED) {
        fprintf(stderr, "gateway_idle: logon %llu was not accepted\n",
                (unsigned long long)s->accepted);
        exit(EXIT_FAILURE);
    }
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    s->accepted++;
    beat_due(s);
}

static void keep(sessions *s)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char end;
    for (;;) {
        int n = poll(&input, 1, BEAT_MS / SLICES / 4);
        check(n >= 0, "poll");
        if (n == 1 && read(STDIN_FILENO, &end, 1) <= 0) return;
        beat_due(s);
    }
}

int main(int argc, char **argv)
{
    uint64_t first, cnt, each;
    char err[400], path[512];
    if (argc != 7 || phc_number_parse(argv[4], 1 << 20, &first) != PHC_OK ||
        phc_number_parse(argv[5], 1 << 20, &cnt) != PHC_OK ||
        phc_number_parse(argv[6], 1 << 10, &each) != PHC_OK)
        return 2;
    void *context = zmq_ctx_new();
    check(context != NULL && zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 1 << 15) == 0, "context");
    sessions s = {.v = calloc(cnt * each + 1, sizeof *s.v)};
    check(s.v != NULL, "memory");
    for (uint64_t i = 0; i < cnt; i++) {
        phc_key key;
        snprintf(path, sizeof path, "%s/buyer-%llu.key", argv[3], (unsigned long long)(first + i));
        if (phc_key_read(path, &key, err, sizeof err) != PHC_OK) {
            fprintf(stderr, "gateway_idle: %s\n", err);
            free(s.v);
            return EXIT_FAILURE;
        }
        for (uint64_t k = 0; k < each; k++) {
            s.v[s.opened++] = open_session(context, argv, &key);
            /* A crowd in the handshake at once is another subject. */
            while (s.opened - s.accepted > AT_ONCE)
                await_answer(&s);
        }
    }
    while (s.accepted < s.opened)
        await_answer(&s);
    printf("ready\n");
    (void)fflush(stdout);
    keep(&s);
    free(s.v); /* the end of the process closes what they point to */
    return EXIT_SUCCESS;
}
