/* SPDX-License-Identifier: Apache-2.0 */
/* The same orders as gateway_load through the same sockets, codec and sync, with no market in
   between: what a gateway and an engine could reach at most on this machine.

   usage: gateway_bare FILE CLIENTS COUNT IN_FLIGHT FRAME RATE

   One process answers: a ROUTER with CURVE takes frames, protobuf-c reads each order and writes a
   report that repeats it, 128 bytes for each go to FILE, which was filled with zeros, and one
   fdatasync for all that had arrived comes before the answers.  The other has CLIENTS connections
   that write and read the same messages with protobuf-c.  RATE is that of gateway_load.  Prints
   what gateway_load prints; the processor time is that of both processes. */
#include "petahour/v1/session.pb-c.h"
#include "tests/bench/latency.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

typedef Petahour__V1__ClientFrame client_frame;
typedef Petahour__V1__GatewayFrame gateway_frame;

enum {
    CLIENTS_MAX = 256,
    FRAME_MAX = 256,
    FRAMES_PER_TURN = 64,
    RECORD_BYTES = 128,
    FILE_BYTES = 64 << 20,
    ARENA_BYTES = 1 << 20,
    KEY_SIZE = 41,
    ROUTING_ID_BYTES = 5,
    PAYLOAD_BYTES_MAX = 65536,
    TICK_US = 200, /* orders that are sent by the clock are looked for this often */
};

static void check(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "gateway_bare: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(EXIT_FAILURE);
}

/* ---- Memory of one frame, as the gateway has it ---------------------------------------------- */

typedef struct {
    _Alignas(16) uint8_t room[ARENA_BYTES];
    size_t used;
} arena;

static void *arena_take(void *arg, size_t size)
{
    arena *a = arg;
    size_t at = (a->used + 15) & ~(size_t)15;
    if (size > ARENA_BYTES - at) return NULL;
    a->used = at + size;
    return a->room + at;
}

static void arena_give(void *arg, void *p)
{
    (void)arg;
    (void)p;
}

/* ---- The answering process ------------------------------------------------------------------- */

typedef struct {
    uint8_t id[ROUTING_ID_BYTES];
    size_t size;
    uint8_t *bytes;
} answer;

typedef struct {
    void *socket;
    int fd;
    off_t at;
    uint64_t seq;
    arena memory;
    uint8_t *records;
    size_t records_size;
    answer answers[FRAMES_PER_TURN];
    uint32_t answer_cnt;
} bare;

static void answer_orders(bare *b, const client_frame *f, answer *a)
{
    static Petahour__V1__ExecutionReport reports[FRAME_MAX];
    static Petahour__V1__GatewayMessage messages[FRAME_MAX];
    static Petahour__V1__GatewayMessage *list[FRAME_MAX];
    for (size_t i = 0; i < f->n_messages; i++) {
        const Petahour__V1__NewOrder *o = f->messages[i]->new_order;
        petahour__v1__execution_report__init(&reports[i]);
        reports[i].stream_number = reports[i].sequence = reports[i].order = ++b->seq;
        reports[i].at = latency_now_ns();
        reports[i].type = PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_ACCEPTED;
        reports[i].client_order_id = o->client_order_id;
        reports[i].leaves = o->quantity;
        reports[i].as_understood = f->messages[i]->new_order;
        reports[i].hold = o->price;
        petahour__v1__gateway_message__init(&messages[i]);
        messages[i].message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT;
        messages[i].execution_report = &reports[i];
        list[i] = &messages[i];
        memcpy(b->records + b->records_size, &reports[i].sequence, sizeof reports[i].sequence);
        b->records_size += RECORD_BYTES;
    }
    gateway_frame out;
    petahour__v1__gateway_frame__init(&out);
    out.n_messages = f->n_messages;
    out.messages = list;
    a->size = petahour__v1__gateway_frame__pack(&out, a->bytes);
}

static bool take_frame(bare *b)
{
    zmq_msg_t id, header, payload;
    (void)zmq_msg_init(&id);
    (void)zmq_msg_init(&header);
    (void)zmq_msg_init(&payload);
    bool any = zmq_msg_recv(&id, b->socket, ZMQ_DONTWAIT) >= 0;
    if (any) {
        check(zmq_msg_recv(&header, b->socket, 0) >= 0, "receive");
        check(zmq_msg_recv(&payload, b->socket, 0) >= 0, "receive");
        answer *a = &b->answers[b->answer_cnt++];
        check(zmq_msg_size(&id) == ROUTING_ID_BYTES, "routing id");
        memcpy(a->id, zmq_msg_data(&id), ROUTING_ID_BYTES);
        b->memory.used = 0;
        ProtobufCAllocator allocator = {arena_take, arena_give, &b->memory};
        client_frame *f = petahour__v1__client_frame__unpack(&allocator, zmq_msg_size(&payload),
                                                             zmq_msg_data(&payload));
        check(f != NULL && f->n_messages <= FRAME_MAX, "frame");
        answer_orders(b, f, a);
    }
    (void)zmq_msg_close(&id);
    (void)zmq_msg_close(&header);
    (void)zmq_msg_close(&payload);
    return any;
}

static void commit_and_answer(bare *b)
{
    static const uint8_t header[2] = {1, 2};
    if (b->at + (off_t)b->records_size > FILE_BYTES) b->at = 0; /* a new segment, ready before */
    check(pwrite(b->fd, b->records, b->records_size, b->at) == (ssize_t)b->records_size, "write");
    check(fdatasync(b->fd) == 0, "fdatasync");
    b->at += (off_t)b->records_size;
    for (uint32_t i = 0; i < b->answer_cnt; i++) {
        const answer *a = &b->answers[i];
        check(zmq_send(b->socket, a->id, ROUTING_ID_BYTES, ZMQ_SNDMORE) >= 0, "send");
        check(zmq_send(b->socket, header, sizeof header, ZMQ_SNDMORE) >= 0, "send");
        check(zmq_send(b->socket, a->bytes, a->size, 0) >= 0, "send");
    }
    b->records_size = 0;
    b->answer_cnt = 0;
}

static void fill_with_zeros(int fd)
{
    static const uint8_t zeros[1 << 20];
    for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof zeros)
        check(pwrite(fd, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros, "fill the file");
    check(fsync(fd) == 0, "fsync");
}

static void serve(const char *path, const char *secret, int tell)
{
    static bare b;
    char endpoint[128];
    size_t size = sizeof endpoint;
    const int one = 1, unbounded = 0; /* what is in flight is bounded by the clients */
    b.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(b.fd >= 0, path);
    fill_with_zeros(b.fd);
    b.records = calloc(FRAMES_PER_TURN * FRAME_MAX, RECORD_BYTES);
    check(b.records != NULL, "memory");
    for (uint32_t i = 0; i < FRAMES_PER_TURN; i++) {
        b.answers[i].bytes = malloc((size_t)FRAME_MAX * PAYLOAD_BYTES_MAX / 64);
        check(b.answers[i].bytes != NULL, "memory");
    }
    b.socket = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    check(b.socket != NULL, "socket");
    check(zmq_setsockopt(b.socket, ZMQ_CURVE_SERVER, &one, sizeof one) == 0, "CURVE");
    check(zmq_setsockopt(b.socket, ZMQ_CURVE_SECRETKEY, secret, KEY_SIZE) == 0, "CURVE");
    check(zmq_setsockopt(b.socket, ZMQ_SNDHWM, &unbounded, sizeof unbounded) == 0, "option");
    check(zmq_setsockopt(b.socket, ZMQ_RCVHWM, &unbounded, sizeof unbounded) == 0, "option");
    check(zmq_bind(b.socket, "tcp://127.0.0.1:*") == 0, "bind");
    check(zmq_getsockopt(b.socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0, "endpoint");
    check(write(tell, endpoint, sizeof endpoint) == (ssize_t)sizeof endpoint, "pipe");
    for (;;) {
        zmq_pollitem_t item = {b.socket, 0, ZMQ_POLLIN, 0};
        check(zmq_poll(&item, 1, -1) >= 0, "poll");
        while (b.answer_cnt < FRAMES_PER_TURN && take_frame(&b)) {
        }
        if (b.answer_cnt > 0) commit_and_answer(&b);
    }
}

/* ---- The clients ----------------------------------------------------------------------------- */

typedef struct {
    void *socket;
    uint64_t *sent_ns;
    uint32_t to_send, sent, answered;
} sender;

static void send_frame(sender *s, uint32_t cnt, uint64_t due_ns)
{
    static const uint8_t header[2] = {1, 1};
    static uint8_t bytes[PAYLOAD_BYTES_MAX];
    static Petahour__V1__NewOrder orders[FRAME_MAX];
    static Petahour__V1__ClientMessage messages[FRAME_MAX];
    static Petahour__V1__ClientMessage *list[FRAME_MAX];
    for (uint32_t i = 0; i < cnt; i++) {
        petahour__v1__new_order__init(&orders[i]);
        orders[i].client_order_id = s->sent + 1;
        orders[i].product = 1;
        orders[i].side = PETAHOUR__V1__SIDE__SIDE_BUY;
        orders[i].shape = PETAHOUR__V1__SHAPE__SHAPE_EACH;
        orders[i].first_period = 500000;
        orders[i].periods = 1;
        orders[i].quantity = 1;
        orders[i].price = 100 * (int64_t)(1 + s->sent % 100);
        orders[i].time_in_force = PETAHOUR__V1__TIME_IN_FORCE__TIME_IN_FORCE_GTC;
        petahour__v1__client_message__init(&messages[i]);
        messages[i].message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_NEW_ORDER;
        messages[i].new_order = &orders[i];
        list[i] = &messages[i];
        s->sent_ns[s->sent++] = due_ns;
    }
    client_frame f;
    petahour__v1__client_frame__init(&f);
    f.n_messages = cnt;
    f.messages = list;
    size_t size = petahour__v1__client_frame__pack(&f, bytes);
    check(zmq_send(s->socket, header, sizeof header, ZMQ_SNDMORE) >= 0, "send");
    check(zmq_send(s->socket, bytes, size, 0) >= 0, "send");
}

static bool receive_frame(sender *s, latency *times)
{
    zmq_msg_t header, payload;
    (void)zmq_msg_init(&header);
    (void)zmq_msg_init(&payload);
    bool any = zmq_msg_recv(&header, s->socket, ZMQ_DONTWAIT) >= 0;
    if (any) {
        check(zmq_msg_recv(&payload, s->socket, 0) >= 0, "receive");
        gateway_frame *f = petahour__v1__gateway_frame__unpack(NULL, zmq_msg_size(&payload),
                                                               zmq_msg_data(&payload));
        check(f != NULL, "answer");
        for (size_t i = 0; i < f->n_messages; i++) {
            uint64_t id = f->messages[i]->execution_report->client_order_id;
            latency_add(times, latency_now_ns() - s->sent_ns[id - 1]);
            s->answered++;
        }
        petahour__v1__gateway_frame__free_unpacked(f, NULL);
    }
    (void)zmq_msg_close(&header);
    (void)zmq_msg_close(&payload);
    return any;
}

static void connect_sender(sender *s, void *context, const char *endpoint, const char *server_key)
{
    char public_key[KEY_SIZE], secret_key[KEY_SIZE];
    const int unbounded = 0;
    check(zmq_curve_keypair(public_key, secret_key) == 0, "keys");
    s->socket = zmq_socket(context, ZMQ_DEALER);
    check(s->socket != NULL, "socket");
    check(zmq_setsockopt(s->socket, ZMQ_CURVE_SERVERKEY, server_key, KEY_SIZE) == 0, "CURVE");
    check(zmq_setsockopt(s->socket, ZMQ_CURVE_PUBLICKEY, public_key, KEY_SIZE) == 0, "CURVE");
    check(zmq_setsockopt(s->socket, ZMQ_CURVE_SECRETKEY, secret_key, KEY_SIZE) == 0, "CURVE");
    check(zmq_setsockopt(s->socket, ZMQ_SNDHWM, &unbounded, sizeof unbounded) == 0, "option");
    check(zmq_setsockopt(s->socket, ZMQ_RCVHWM, &unbounded, sizeof unbounded) == 0, "option");
    check(zmq_connect(s->socket, endpoint) == 0, endpoint);
    s->sent_ns = calloc(s->to_send + 1, sizeof s->sent_ns[0]);
    check(s->sent_ns != NULL, "memory");
}

typedef struct {
    uint32_t clients, in_flight, frame, rate;
    uint64_t start_ns;
} load;

static uint64_t due_of(const sender *s, const load *l)
{
    if (l->rate == 0) return latency_now_ns();
    return l->start_ns + s->sent * (UINT64_C(1000000000) * l->clients / l->rate);
}

static bool fill_window(sender *s, const load *l)
{
    bool any = false;
    while (s->sent < s->to_send && s->sent - s->answered + l->frame <= l->in_flight) {
        uint32_t left = s->to_send - s->sent;
        uint64_t due = due_of(s, l);
        if (l->rate != 0 && due > latency_now_ns()) break;
        send_frame(s, left < l->frame ? left : l->frame, due);
        any = true;
    }
    return any;
}

static void run_all(sender *v, const load *l, latency *times)
{
    const struct timespec tick = {0, TICK_US * 1000L};
    uint32_t clients = l->clients;
    zmq_pollitem_t items[CLIENTS_MAX];
    uint64_t answered = 0, all = 0;
    for (uint32_t i = 0; i < clients; i++) {
        items[i] = (zmq_pollitem_t){v[i].socket, 0, ZMQ_POLLIN, 0};
        all += v[i].to_send;
    }
    while (answered < all) {
        bool any = false;
        answered = 0;
        for (uint32_t i = 0; i < clients; i++) {
            sender *s = &v[i];
            any |= fill_window(s, l);
            while (receive_frame(s, times))
                any = true;
            answered += s->answered;
        }
        if (any || answered == all) continue;
        if (l->rate != 0)
            (void)nanosleep(&tick, NULL);
        else
            check(zmq_poll(items, (int)clients, -1) >= 0, "poll");
    }
}

/* One order there and back, so that no handshake is part of what is measured. */
static void warm_up(sender *s)
{
    latency none = {0};
    zmq_pollitem_t item = {s->socket, 0, ZMQ_POLLIN, 0};
    send_frame(s, 1, 0);
    while (!receive_frame(s, &none))
        check(zmq_poll(&item, 1, -1) >= 0, "poll");
    s->sent = s->answered = 0;
}

static uint64_t cpu_of(pid_t process)
{
    clockid_t clock;
    struct timespec t;
    check(clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &t) == 0, "clock");
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static uint32_t number(const char *text, uint32_t max)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (*text != '\0' && *end == '\0' && v >= 1 && v <= max) return (uint32_t)v;
    fprintf(stderr, "gateway_bare: \"%s\" is not a number from 1 to %u\n", text, max);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    uint32_t clients = number(argv[2], CLIENTS_MAX), count = number(argv[3], 100000000);
    load l = {.clients = clients,
              .in_flight = number(argv[4], 1 << 20),
              .frame = number(argv[5], FRAME_MAX),
              .rate = strcmp(argv[6], "0") == 0 ? 0 : number(argv[6], 100000000)};
    char endpoint[128], public_key[KEY_SIZE], secret_key[KEY_SIZE];
    int pipes[2];
    check(zmq_curve_keypair(public_key, secret_key) == 0, "keys");
    check(pipe(pipes) == 0, "pipe");
    pid_t server = fork();
    check(server >= 0, "fork");
    if (server == 0) serve(argv[1], secret_key, pipes[1]);
    check(read(pipes[0], endpoint, sizeof endpoint) == (ssize_t)sizeof endpoint, "server");
    static sender v[CLIENTS_MAX];
    latency times = latency_new(count);
    void *context = zmq_ctx_new();
    for (uint32_t i = 0; i < clients; i++) {
        v[i].to_send = count / clients + (i < count % clients);
        connect_sender(&v[i], context, endpoint, public_key);
        warm_up(&v[i]);
    }
    uint64_t cpu = latency_cpu_ns() + cpu_of(server);
    l.start_ns = latency_now_ns();
    run_all(v, &l, &times);
    latency_print(&times, latency_now_ns() - l.start_ns, latency_cpu_ns() + cpu_of(server) - cpu);
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    for (uint32_t i = 0; i < clients; i++) {
        (void)zmq_close(v[i].socket);
        free(v[i].sent_ns);
    }
    (void)zmq_ctx_term(context);
    latency_free(&times);
    return EXIT_SUCCESS;
}
