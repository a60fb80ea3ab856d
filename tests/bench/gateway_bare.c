/* SPDX-License-Identifier: Apache-2.0 */
/* The same orders as gateway_load through the same sockets, codec and sync, with no market in
   between: what a gateway and an engine could reach at most on this machine.

   usage: gateway_bare FILE HOPS CLIENTS COUNT IN_FLIGHT FRAME RATE

   With HOPS 1 one process answers: a ROUTER with CURVE takes frames, protobuf-c reads each order
   and writes a report that repeats it, as many bytes as an order has in the journal go to FILE,
   which was filled with zeros, and one fdatasync for all that had arrived comes before the answers.
   With HOPS 2 the orders go the way of ours: that process sends them over ipc to another, which
   writes and syncs them and sends them back with as many bytes as a record has, and then the
   reports are written.  There are CLIENTS connections, each with a ZeroMQ context of its own as
   programs that are customers have, which write and read the same messages with protobuf-c.  RATE
   is that of gateway_load.  Prints what gateway_load prints; the processor time is that of all
   processes. */
#include "engine/link/frame.h"
#include "engine/wire/codec.h"
#include "engine/wire/record.h"
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
    RECORD_IN_JOURNAL = 28, /* bytes before its command: see engine/journal */
    COMMANDS_PER_SYNC = 4096,
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

/* ---- Bytes that the disk and the second hop have of an order -------------------------------- */

/* What both ends need to know of it. */
typedef struct {
    uint8_t id[ROUTING_ID_BYTES];
    uint64_t client_order_id;
    uint32_t product, first_period, periods, quantity;
    int64_t price;
} entry;

static struct {
    size_t command, journal, item;
} bytes_of;

static void measure(void)
{
    uint8_t room[PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(room, sizeof room);
    const ph_command c = {.kind = PH_CMD_NEW_ORDER,
                          .u.order = {.side = PH_SIDE_BUY,
                                      .shape = PH_SHAPE_EACH,
                                      .time_in_force = PH_TIF_GTC,
                                      .stp = PH_STP_CANCEL_INCOMING}};
    ph_command_write(&w, &c);
    size_t command = ph_writer_size(&w);
    ph_event_write(&w, &(ph_event){.kind = PH_EVT_ACCEPTED});
    bytes_of.command = command;
    bytes_of.journal = RECORD_IN_JOURNAL + command;
    bytes_of.item = PH_ITEM_HEAD_SIZE + PH_RECORD_HEADER_SIZE + ph_writer_size(&w);
    check(sizeof(entry) <= command, "an order has more bytes than its command");
}

/* ---- The disk -------------------------------------------------------------------------------- */

typedef struct {
    int fd;
    off_t at;
    uint8_t *records;
    size_t size;
} disk;

static void disk_add(disk *d, const entry *e)
{
    memcpy(d->records + d->size + RECORD_IN_JOURNAL, e, sizeof *e);
    d->size += bytes_of.journal;
}

static void disk_sync(disk *d)
{
    if (d->at + (off_t)d->size > FILE_BYTES) d->at = 0; /* a new segment, ready before */
    check(pwrite(d->fd, d->records, d->size, d->at) == (ssize_t)d->size, "write");
    check(fdatasync(d->fd) == 0, "fdatasync");
    d->at += (off_t)d->size;
    d->size = 0;
}

/* ---- The answering process ------------------------------------------------------------------- */

typedef struct {
    void *socket;
    void *engine; /* NULL: this process has the disk */
    disk disk;
    uint64_t seq;
    arena memory;
    uint8_t *commands; /* for the engine */
    size_t commands_size;
    entry *taken; /* for the disk */
    size_t taken_cnt;
    uint32_t frame_cnt; /* of this turn */
} bare;

/* Answers orders of one client with one frame. */
static void answer_orders(bare *b, const entry *v, size_t cnt)
{
    static const uint8_t header[2] = {1, 2};
    static uint8_t bytes[FRAME_MAX * PAYLOAD_BYTES_MAX / 64];
    static Petahour__V1__NewOrder orders[FRAME_MAX];
    static Petahour__V1__ExecutionReport reports[FRAME_MAX];
    static Petahour__V1__GatewayMessage messages[FRAME_MAX];
    static Petahour__V1__GatewayMessage *list[FRAME_MAX];
    for (size_t i = 0; i < cnt; i++) {
        petahour__v1__new_order__init(&orders[i]);
        orders[i].client_order_id = v[i].client_order_id;
        orders[i].product = v[i].product;
        orders[i].side = PETAHOUR__V1__SIDE__SIDE_BUY;
        orders[i].shape = PETAHOUR__V1__SHAPE__SHAPE_EACH;
        orders[i].first_period = v[i].first_period;
        orders[i].periods = v[i].periods;
        orders[i].quantity = v[i].quantity;
        orders[i].price = v[i].price;
        orders[i].time_in_force = PETAHOUR__V1__TIME_IN_FORCE__TIME_IN_FORCE_GTC;
        petahour__v1__execution_report__init(&reports[i]);
        reports[i].stream_number = reports[i].sequence = reports[i].order = ++b->seq;
        reports[i].at = latency_now_ns();
        reports[i].type = PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_ACCEPTED;
        reports[i].client_order_id = v[i].client_order_id;
        reports[i].leaves = v[i].quantity;
        reports[i].as_understood = &orders[i];
        reports[i].hold = v[i].price;
        petahour__v1__gateway_message__init(&messages[i]);
        messages[i].message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT;
        messages[i].execution_report = &reports[i];
        list[i] = &messages[i];
    }
    gateway_frame out;
    petahour__v1__gateway_frame__init(&out);
    out.n_messages = cnt;
    out.messages = list;
    size_t size = petahour__v1__gateway_frame__pack(&out, bytes);
    check(zmq_send(b->socket, v->id, ROUTING_ID_BYTES, ZMQ_SNDMORE) >= 0, "send");
    check(zmq_send(b->socket, header, sizeof header, ZMQ_SNDMORE) >= 0, "send");
    check(zmq_send(b->socket, bytes, size, 0) >= 0, "send");
}

/* Orders of one client that follow each other are answered together. */
static void answer_all(bare *b, const entry *v, size_t cnt)
{
    for (size_t i = 0, n; i < cnt; i += n) {
        for (n = 1; i + n < cnt && n < FRAME_MAX; n++)
            if (memcmp(v[i].id, v[i + n].id, ROUTING_ID_BYTES) != 0) break;
        answer_orders(b, v + i, n);
    }
}

static void take_order(bare *b, const void *id, const Petahour__V1__NewOrder *o)
{
    entry e = {.client_order_id = o->client_order_id,
               .product = o->product,
               .first_period = o->first_period,
               .periods = o->periods,
               .quantity = o->quantity,
               .price = o->price};
    memcpy(e.id, id, ROUTING_ID_BYTES);
    if (b->engine == NULL) {
        b->taken[b->taken_cnt++] = e;
        disk_add(&b->disk, &e);
        return;
    }
    memcpy(b->commands + b->commands_size, &e, sizeof e);
    b->commands_size += bytes_of.command;
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
        check(zmq_msg_size(&id) == ROUTING_ID_BYTES, "routing id");
        b->memory.used = 0;
        ProtobufCAllocator allocator = {arena_take, arena_give, &b->memory};
        client_frame *f = petahour__v1__client_frame__unpack(&allocator, zmq_msg_size(&payload),
                                                             zmq_msg_data(&payload));
        check(f != NULL && f->n_messages <= FRAME_MAX, "frame");
        for (size_t i = 0; i < f->n_messages; i++)
            take_order(b, zmq_msg_data(&id), f->messages[i]->new_order);
    }
    (void)zmq_msg_close(&id);
    (void)zmq_msg_close(&header);
    (void)zmq_msg_close(&payload);
    return any;
}

/* What came back from the engine: items of one of its turns. */
static bool take_items(bare *b)
{
    static entry v[COMMANDS_PER_SYNC + FRAMES_PER_TURN * FRAME_MAX];
    zmq_msg_t items;
    (void)zmq_msg_init(&items);
    bool any = zmq_msg_recv(&items, b->engine, ZMQ_DONTWAIT) >= 0;
    size_t cnt = any ? zmq_msg_size(&items) / bytes_of.item : 0;
    const uint8_t *p = zmq_msg_data(&items);
    for (size_t i = 0; i < cnt; i++)
        memcpy(&v[i], p + i * bytes_of.item, sizeof v[i]);
    (void)zmq_msg_close(&items);
    answer_all(b, v, cnt);
    return any;
}

static void commit_or_send(bare *b)
{
    if (b->engine != NULL) {
        check(zmq_send(b->engine, b->commands, b->commands_size, 0) >= 0, "send");
        b->commands_size = 0;
        return;
    }
    disk_sync(&b->disk);
    answer_all(b, b->taken, b->taken_cnt);
    b->taken_cnt = 0;
}

static void fill_with_zeros(int fd)
{
    static const uint8_t zeros[1 << 20];
    for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof zeros)
        check(pwrite(fd, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros, "fill the file");
    check(fsync(fd) == 0, "fsync");
}

static void open_disk(disk *d, const char *path)
{
    d->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(d->fd >= 0, path);
    fill_with_zeros(d->fd);
    d->records = calloc(COMMANDS_PER_SYNC + FRAMES_PER_TURN * FRAME_MAX, bytes_of.journal);
    check(d->records != NULL, "memory");
}

static void *open_socket(void *context, int type)
{
    const int unbounded = 0; /* what is in flight is bounded by the clients */
    void *s = zmq_socket(context, type);
    check(s != NULL, "socket");
    check(zmq_setsockopt(s, ZMQ_SNDHWM, &unbounded, sizeof unbounded) == 0, "option");
    check(zmq_setsockopt(s, ZMQ_RCVHWM, &unbounded, sizeof unbounded) == 0, "option");
    return s;
}

/* The second process of two hops: syncs what has arrived, and sends it back. */
static void sequence(const char *path, const char *endpoint)
{
    static disk d;
    void *socket = open_socket(zmq_ctx_new(), ZMQ_ROUTER);
    check(zmq_bind(socket, endpoint) == 0, endpoint);
    open_disk(&d, path);
    uint8_t *items = calloc(COMMANDS_PER_SYNC + FRAMES_PER_TURN * FRAME_MAX, bytes_of.item);
    check(items != NULL, "memory");
    for (;;) {
        zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
        uint8_t id[ROUTING_ID_BYTES];
        size_t cnt = 0;
        check(zmq_poll(&item, 1, -1) >= 0, "poll");
        while (cnt < COMMANDS_PER_SYNC && zmq_recv(socket, id, sizeof id, ZMQ_DONTWAIT) >= 0) {
            zmq_msg_t commands;
            (void)zmq_msg_init(&commands);
            check(zmq_msg_recv(&commands, socket, 0) >= 0, "receive");
            const uint8_t *p = zmq_msg_data(&commands), *end = p + zmq_msg_size(&commands);
            for (; p < end; p += bytes_of.command, cnt++) {
                entry e;
                memcpy(&e, p, sizeof e);
                disk_add(&d, &e);
                memcpy(items + cnt * bytes_of.item, &e, sizeof e);
            }
            (void)zmq_msg_close(&commands);
        }
        if (cnt == 0) continue;
        disk_sync(&d);
        check(zmq_send(socket, id, sizeof id, ZMQ_SNDMORE) >= 0, "send");
        check(zmq_send(socket, items, cnt * bytes_of.item, 0) >= 0, "send");
    }
}

/* engine: the endpoint of the second process; NULL: there is none. */
static void serve(const char *path, const char *engine, const char *secret, int tell)
{
    static bare b;
    char endpoint[128];
    size_t size = sizeof endpoint;
    const int one = 1;
    void *context = zmq_ctx_new();
    if (engine == NULL) {
        open_disk(&b.disk, path);
        b.taken = calloc(FRAMES_PER_TURN * FRAME_MAX, sizeof *b.taken);
    } else {
        b.engine = open_socket(context, ZMQ_DEALER);
        check(zmq_connect(b.engine, engine) == 0, engine);
        b.commands = calloc(FRAMES_PER_TURN * FRAME_MAX, bytes_of.command);
    }
    check(b.taken != NULL || b.commands != NULL, "memory");
    b.socket = open_socket(context, ZMQ_ROUTER);
    check(zmq_setsockopt(b.socket, ZMQ_CURVE_SERVER, &one, sizeof one) == 0, "CURVE");
    check(zmq_setsockopt(b.socket, ZMQ_CURVE_SECRETKEY, secret, KEY_SIZE) == 0, "CURVE");
    check(zmq_bind(b.socket, "tcp://127.0.0.1:*") == 0, "bind");
    check(zmq_getsockopt(b.socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0, "endpoint");
    check(write(tell, endpoint, sizeof endpoint) == (ssize_t)sizeof endpoint, "pipe");
    for (;;) {
        zmq_pollitem_t items[] = {{b.socket, 0, ZMQ_POLLIN, 0}, {b.engine, 0, ZMQ_POLLIN, 0}};
        check(zmq_poll(items, b.engine == NULL ? 1 : 2, -1) >= 0, "poll");
        while (b.engine != NULL && take_items(&b)) {
        }
        b.frame_cnt = 0;
        while (b.frame_cnt < FRAMES_PER_TURN && take_frame(&b))
            b.frame_cnt++;
        if (b.frame_cnt > 0) commit_or_send(&b);
    }
}

/* ---- The clients ----------------------------------------------------------------------------- */

typedef struct {
    void *context, *socket;
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

static void connect_sender(sender *s, const char *endpoint, const char *server_key)
{
    char public_key[KEY_SIZE], secret_key[KEY_SIZE];
    check(zmq_curve_keypair(public_key, secret_key) == 0, "keys");
    s->context = zmq_ctx_new();
    s->socket = open_socket(s->context, ZMQ_DEALER);
    check(zmq_setsockopt(s->socket, ZMQ_CURVE_SERVERKEY, server_key, KEY_SIZE) == 0, "CURVE");
    check(zmq_setsockopt(s->socket, ZMQ_CURVE_PUBLICKEY, public_key, KEY_SIZE) == 0, "CURVE");
    check(zmq_setsockopt(s->socket, ZMQ_CURVE_SECRETKEY, secret_key, KEY_SIZE) == 0, "CURVE");
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

/* The processes that answer, and what they have used so far. */
typedef struct {
    pid_t v[2];
    int cnt;
} servers;

static uint64_t cpu_of_all(const servers *s)
{
    uint64_t all = latency_cpu_ns();
    for (int i = 0; i < s->cnt; i++)
        all += cpu_of(s->v[i]);
    return all;
}

/* Starts them; endpoint has room for 128 bytes. */
static servers start(const char *path, uint32_t hops, const char *secret, char *endpoint)
{
    char link[256];
    int pipes[2];
    servers s = {.cnt = 0};
    check((size_t)snprintf(link, sizeof link, "ipc://%s.sock", path) < sizeof link, path);
    check(pipe(pipes) == 0, "pipe");
    for (; s.cnt < (int)hops; s.cnt++) {
        s.v[s.cnt] = fork();
        check(s.v[s.cnt] >= 0, "fork");
        if (s.v[s.cnt] != 0) continue;
        if (s.cnt == 1) sequence(path, link);
        serve(path, hops == 1 ? NULL : link, secret, pipes[1]);
    }
    check(read(pipes[0], endpoint, 128) == 128, "server");
    return s;
}

int main(int argc, char **argv)
{
    if (argc != 8) return 2;
    uint32_t hops = number(argv[2], 2), clients = number(argv[3], CLIENTS_MAX);
    uint32_t count = number(argv[4], 100000000);
    load l = {.clients = clients,
              .in_flight = number(argv[5], 1 << 20),
              .frame = number(argv[6], FRAME_MAX),
              .rate = strcmp(argv[7], "0") == 0 ? 0 : number(argv[7], 100000000)};
    char endpoint[128], public_key[KEY_SIZE], secret_key[KEY_SIZE];
    measure();
    check(zmq_curve_keypair(public_key, secret_key) == 0, "keys");
    servers server = start(argv[1], hops, secret_key, endpoint);
    static sender v[CLIENTS_MAX];
    latency times = latency_new(count);
    for (uint32_t i = 0; i < clients; i++) {
        v[i].to_send = count / clients + (i < count % clients);
        connect_sender(&v[i], endpoint, public_key);
        warm_up(&v[i]);
    }
    uint64_t cpu = cpu_of_all(&server);
    l.start_ns = latency_now_ns();
    run_all(v, &l, &times);
    latency_print(&times, latency_now_ns() - l.start_ns, cpu_of_all(&server) - cpu);
    for (int i = 0; i < server.cnt; i++) {
        (void)kill(server.v[i], SIGKILL);
        (void)waitpid(server.v[i], NULL, 0);
    }
    for (uint32_t i = 0; i < clients; i++) {
        (void)zmq_close(v[i].socket);
        (void)zmq_ctx_term(v[i].context);
        free(v[i].sent_ns);
    }
    latency_free(&times);
    return EXIT_SUCCESS;
}
