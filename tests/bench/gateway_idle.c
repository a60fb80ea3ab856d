/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that do nothing.

   usage: gateway_idle ORDER_ENTRY SERVER_KEY KEY_FOLDER FIRST CNT EACH

   Opens EACH sessions with each of the keys KEY_FOLDER/buyer-FIRST.key and CNT - 1 after it, says
   "ready" when every logon was answered, and keeps them until its input ends. */
#include "clients/lib/petahour.h"
#include "petahour/v1/session.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { ANSWER_MS = 60000, LOGON_BYTES_MAX = 64, AT_ONCE = 64 };

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
    static const uint8_t header[2] = {1, 1};
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

static void await_answer(void *socket)
{
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    check(zmq_poll(&item, 1, ANSWER_MS) == 1, "a logon was not answered");
}

int main(int argc, char **argv)
{
    uint64_t first, cnt, each;
    char err[400], path[512], end;
    if (argc != 7 || phc_number_parse(argv[4], 1 << 20, &first) != PHC_OK ||
        phc_number_parse(argv[5], 1 << 20, &cnt) != PHC_OK ||
        phc_number_parse(argv[6], 1 << 10, &each) != PHC_OK)
        return 2;
    void *context = zmq_ctx_new();
    check(context != NULL && zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 1 << 15) == 0, "context");
    void **sockets = calloc(cnt * each + 1, sizeof *sockets);
    check(sockets != NULL, "memory");
    uint64_t opened = 0, answered = 0;
    for (uint64_t i = 0; i < cnt; i++) {
        phc_key key;
        snprintf(path, sizeof path, "%s/buyer-%llu.key", argv[3], (unsigned long long)(first + i));
        if (phc_key_read(path, &key, err, sizeof err) != PHC_OK) {
            fprintf(stderr, "gateway_idle: %s\n", err);
            free(sockets);
            return EXIT_FAILURE;
        }
        for (uint64_t k = 0; k < each; k++) {
            sockets[opened++] = open_session(context, argv, &key);
            /* A crowd in the handshake at once is another subject. */
            while (opened - answered > AT_ONCE)
                await_answer(sockets[answered++]);
        }
    }
    while (answered < opened)
        await_answer(sockets[answered++]);
    printf("ready\n");
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
    free(sockets); /* the end of the process closes what they point to */
    return EXIT_SUCCESS;
}
