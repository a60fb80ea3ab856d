/* SPDX-License-Identifier: Apache-2.0 */
/* Market data to many subscribers, beside a bare XPUB.

   usage: gateway_fanout SUBSCRIBERS FRAMES

   One process publishes, another has SUBSCRIBERS connections with CURVE that receive everything.
   First the gateway's own parts: records of orders that come and go are taken by its replica, and
   each changes the best price, so that each makes one frame.  Then the same number of frames of the
   same sizes, written before, through a bare XPUB.  Either runs at most QUEUE frames ahead of what
   its slowest subscriber has received, so that nothing is dropped.  Prints "market bare bytes":
   deliveries a second of both, and bytes of a payload.  Where nothing arrives for PATIENCE_S it
   says what is missing, and ends with 1.

   The receiving process is forked while nothing else runs in this one: what another thread of ours
   held at that moment, of the memory of a sanitizer for one, would stay held in the child. */
#include "engine/process/clock.h"
#include "engine/wire/codec.h"
#include "engine/wire/record.h"
#include "gateway/doors/zap.h"
#include "gateway/market_data/market_data.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { SUBSCRIBERS_MAX = 1000, QUEUE = 1000, PAUSE_US = 50, READY_FRAMES_MS = 20, PATIENCE_S = 30 };

_Static_assert(QUEUE < 4096, "the market's queue for a subscriber is not full");

/* 2026-12-01T00:00:00Z, and its hour since 1970. */
#define T0   UINT64_C(1796083200000000000)
#define HOUR 498912u

static void check(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "gateway_fanout: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(EXIT_FAILURE);
}

/* ---- The receiving process ------------------------------------------------------------------- */

typedef struct {
    char endpoint[128];
    char server_key[41], public_key[41], secret_key[41];
} address;

/* In memory that both processes see. */
typedef struct {
    address to;
    _Atomic bool is_open;                       /* `to` says where */
    _Atomic uint64_t bytes;                     /* of payloads, of all subscribers */
    _Atomic uint64_t received[SUBSCRIBERS_MAX]; /* messages */
} progress;

static void *subscribe(void *context, const address *to)
{
    const int unbounded = 0;
    void *s = zmq_socket(context, ZMQ_SUB);
    check(s != NULL && zmq_setsockopt(s, ZMQ_RCVHWM, &unbounded, sizeof unbounded) == 0 &&
              zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, to->server_key, 41) == 0 &&
              zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, to->public_key, 41) == 0 &&
              zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, to->secret_key, 41) == 0 &&
              zmq_setsockopt(s, ZMQ_SUBSCRIBE, "P", 1) == 0 && zmq_connect(s, to->endpoint) == 0,
          "subscribe");
    return s;
}

/* Counts messages of topic, header and payload; false: there was none. */
static bool receive_all(void *socket, progress *p, uint32_t subscriber)
{
    uint64_t cnt = 0, bytes = 0;
    zmq_msg_t part;
    (void)zmq_msg_init(&part);
    while (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) >= 0) {
        if (zmq_msg_more(&part) != 0) continue;
        cnt++;
        bytes += zmq_msg_size(&part);
    }
    (void)zmq_msg_close(&part);
    p->bytes += bytes;
    p->received[subscriber] += cnt;
    return cnt != 0;
}

/* Until it is killed. */
static void receive(uint32_t cnt, progress *p)
{
    static zmq_pollitem_t items[SUBSCRIBERS_MAX];
    while (!p->is_open)
        (void)usleep(1000);
    void *context = zmq_ctx_new();
    for (uint32_t i = 0; i < cnt; i++)
        items[i] = (zmq_pollitem_t){subscribe(context, &p->to), 0, ZMQ_POLLIN, 0};
    for (;;) {
        bool any = false;
        for (uint32_t i = 0; i < cnt; i++)
            any = receive_all(items[i].socket, p, i) || any;
        if (!any) check(zmq_poll(items, (int)cnt, -1) >= 0, "poll");
    }
}

/* The receiving process, as the other one sees it. */
typedef struct {
    pid_t process;
    uint32_t subscribers;
    progress *seen;
    uint64_t before[SUBSCRIBERS_MAX]; /* received when it was begun to count */
    uint64_t last, last_ns;           /* all that was received, and when it grew last */
} receiver;

static void fork_receiver(receiver *r, uint32_t subscribers)
{
    memset(r, 0, sizeof *r);
    r->subscribers = subscribers;
    r->seen =
        mmap(NULL, sizeof *r->seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(r->seen != MAP_FAILED, "memory");
    r->process = fork();
    check(r->process >= 0, "fork");
    if (r->process != 0) return;
    check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "end with the other process");
    receive(subscribers, r->seen);
}

static void end_receiver(receiver *r)
{
    (void)kill(r->process, SIGKILL);
    (void)waitpid(r->process, NULL, 0);
    (void)munmap(r->seen, sizeof *r->seen);
}

/* Frames that the slowest subscriber has; *ret_all: of all. */
static uint64_t slowest(const receiver *r, uint64_t *ret_all)
{
    uint64_t least = UINT64_MAX, all = 0;
    for (uint32_t i = 0; i < r->subscribers; i++) {
        uint64_t cnt = r->seen->received[i] - r->before[i];
        if (cnt < least) least = cnt;
        all += cnt;
    }
    *ret_all = all;
    return least;
}

/* ---- The gateway's parts --------------------------------------------------------------------- */

typedef struct {
    phg_replica replica;
    phg_zap *zap;
    phg_market_data *market_data;
    uint64_t seq, orders;
} market;

static void take(market *m, ph_command *c, const ph_event *e)
{
    uint8_t room[4 * PH_COMMAND_BYTES_MAX], command[PH_COMMAND_BYTES_MAX],
        event[PH_EVENT_BYTES_MAX];
    ph_writer w = ph_writer_of(room, sizeof room), cw = ph_writer_of(command, sizeof command);
    ph_writer ew = ph_writer_of(event, sizeof event);
    c->at.ns = T0 + ++m->seq;
    ph_command_write(&cw, c);
    ph_event_write(&ew, e);
    ph_record_write(&w, m->seq, c->at, command, (uint32_t)ph_writer_size(&cw), event,
                    (uint32_t)ph_writer_size(&ew));
    check(!w.full &&
              phg_replica_take_record(&m->replica, m->seq, room, ph_writer_size(&w)) == PH_OK,
          "a record was not taken");
}

static void take_done(market *m, ph_command c)
{
    ph_event e = {.kind = PH_EVT_DONE, .u.done = {c.kind, 0}};
    take(m, &c, &e);
}

/* A market with a buyer, whose key the subscribers have, and product 1. */
static void fill_market(market *m, const char *buyer_key)
{
    ph_command open = {.kind = PH_CMD_OPEN_MARKET};
    open.u.open_market = (ph_open_market){.rules_version = 1,
                                          .market = {"bench.petahour"},
                                          .currency = "USD",
                                          .operator_name = {"operator"}};
    memset(open.u.open_market.operator_curve_key.b, 1, 32);
    take_done(m, open);
    ph_command buyer = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}};
    buyer.u.participant = (ph_register_participant){
        .id = {2}, .roles = PH_ROLE_BUYER, .name = {"buyer"}, .sign_key = {{3}}};
    check(zmq_z85_decode(buyer.u.participant.curve_key.b, buyer_key) != NULL, "key");
    take_done(m, buyer);
    ph_command list = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}};
    list.u.product = (ph_product_terms){.id = {1},
                                        .symbol = {"AI.H100"},
                                        .compute_type = PH_COMPUTE_AI,
                                        .architecture = PH_ARCH_GPU,
                                        .model = {"H100"},
                                        .unit = {"card"},
                                        .period_seconds = 3600,
                                        .gate_seconds = 3600,
                                        .tick = 1,
                                        .lot = 1};
    take_done(m, list);
}

/* An order that betters the price, then its end, in turn. */
static void change_price(market *m)
{
    if (m->seq % 2 == 1) {
        ph_command c = {.kind = PH_CMD_NEW_ORDER, .sender = {2}};
        c.u.order = (ph_new_order){.client_order_id = ++m->orders,
                                   .product = {1},
                                   .side = PH_SIDE_BUY,
                                   .shape = PH_SHAPE_EACH,
                                   .window = {HOUR + 8 + (ph_period)(m->orders % 24), 1},
                                   .quantity = 5,
                                   .price = 2500000,
                                   .time_in_force = PH_TIF_GTC,
                                   .stp = PH_STP_CANCEL_INCOMING};
        ph_event e = {.kind = PH_EVT_ACCEPTED, .u.accepted = {{m->orders}, m->orders, 1}};
        take(m, &c, &e);
        return;
    }
    ph_command c = {.kind = PH_CMD_CANCEL_ORDER, .sender = {2}};
    c.u.cancel = (ph_cancel_order){{m->orders}, 0};
    ph_event e = {.kind = PH_EVT_CANCELLED,
                  .u.cancelled = {.order = {m->orders},
                                  .participant = {2},
                                  .client_order_id = m->orders,
                                  .product = {1},
                                  .reason = PH_CANCEL_REQUESTED,
                                  .unit_periods = 5}};
    take(m, &c, &e);
}

static void serve(market *m)
{
    uint64_t now_ns = ph_clock_monotonic_ns();
    phg_zap_turn(m->zap, &m->replica.catalogue, false);
    check(phg_market_data_take(m->market_data, now_ns) == PH_OK &&
              phg_market_data_give(m->market_data, now_ns) == PH_OK,
          "market data");
}

/* ---- Publishing ------------------------------------------------------------------------------ */

typedef struct {
    void *socket; /* of the bare XPUB; NULL: the market publishes */
    market *market;
    size_t size; /* of a bare payload */
} publisher;

static void publish(publisher *p)
{
    static const char topic[] = "P00000001", header[2] = {1, PHG_KIND_MARKET_DATA};
    static const uint8_t payload[PHG_FRAME_BYTES_MAX];
    if (p->socket == NULL) {
        change_price(p->market);
        serve(p->market);
        return;
    }
    check(zmq_send(p->socket, topic, 9, ZMQ_SNDMORE) >= 0 &&
              zmq_send(p->socket, header, 2, ZMQ_SNDMORE) >= 0 &&
              zmq_send(p->socket, payload, p->size, 0) >= 0,
          "send");
}

/* Ends the program if nothing has arrived for too long: `wanted` frames should, at each. */
static void look_after(publisher *p, receiver *r, uint64_t wanted)
{
    uint64_t all, now_ns = ph_clock_monotonic_ns(), least = slowest(r, &all);
    int status;
    if (all != r->last || r->last_ns == 0) r->last_ns = now_ns;
    r->last = all;
    bool has_ended = waitpid(r->process, &status, WNOHANG) == r->process;
    if (!has_ended && now_ns - r->last_ns < PATIENCE_S * UINT64_C(1000000000)) return;
    uint32_t lacking = 0;
    for (uint32_t i = 0; i < r->subscribers; i++)
        lacking += r->seen->received[i] - r->before[i] < wanted;
    fprintf(stderr,
            "gateway_fanout: %s: %s; %" PRIu32 " of %" PRIu32
            " subscribers have not received %" PRIu64 " frames, the slowest has %" PRIu64 "\n",
            p->socket ? "bare" : "market",
            has_ended ? "the receiving process has ended" : "nothing arrives any more", lacking,
            r->subscribers, wanted, least);
    if (p->market) {
        const phg_market_data_totals t = phg_market_data_summed(p->market->market_data);
        const phg_market_data_counts c = phg_market_data_counted(p->market->market_data);
        fprintf(stderr,
                "gateway_fanout: market: %" PRIu32 " connections have named %" PRIu32
                " topics; %" PRIu64 " frames were lost at full queues, %" PRIu64
                " connections dropped\n",
                c.connections, c.topics, t.lost, t.dropped[PHG_DROP_SLOW]);
    }
    exit(EXIT_FAILURE);
}

/* What connects meanwhile is let in. */
static void pause_for(publisher *p, receiver *r, uint64_t wanted, useconds_t time)
{
    look_after(p, r, wanted);
    if (p->market) serve(p->market);
    (void)usleep(time);
}

/* Deliveries a second; *ret_size: mean bytes of a payload. */
static double measure(publisher *p, receiver *r, uint64_t frames, size_t *ret_size)
{
    uint64_t all;
    r->seen->is_open = true;
    while (slowest(r, &all) == 0) {
        publish(p);
        pause_for(p, r, 1, READY_FRAMES_MS * 1000);
    }
    (void)usleep(READY_FRAMES_MS * 5000); /* what is under way arrives */
    for (uint32_t i = 0; i < r->subscribers; i++)
        r->before[i] = r->seen->received[i];
    uint64_t bytes = r->seen->bytes, start = ph_clock_monotonic_ns(), room = QUEUE;
    r->last_ns = 0;
    for (uint64_t sent = 0; sent < frames; sent++) {
        publish(p);
        while (sent >= room && sent >= (room = slowest(r, &all) + QUEUE))
            pause_for(p, r, sent, PAUSE_US);
    }
    while (slowest(r, &all) < frames)
        pause_for(p, r, frames, PAUSE_US);
    uint64_t spent = ph_clock_monotonic_ns() - start;
    check(all != 0, "nothing was received");
    *ret_size = (size_t)((r->seen->bytes - bytes) / all);
    end_receiver(r);
    return (double)all * 1e9 / (double)spent;
}

static double measure_market(const address *keys_of, uint32_t subscribers, uint64_t frames,
                             size_t *ret_size)
{
    static market m;
    static receiver r;
    fork_receiver(&r, subscribers);
    address *to = &r.seen->to;
    *to = *keys_of;
    ph_keyfile keys = {0};
    char err[PHG_ERR_SIZE] = "";
    char server_secret[41];
    void *context = zmq_ctx_new();
    check(zmq_curve_keypair(to->server_key, server_secret) == 0 &&
              zmq_z85_decode(keys.curve_public.b, to->server_key) != NULL &&
              zmq_z85_decode(keys.curve_secret, server_secret) != NULL,
          "keys");
    check(phg_replica_init(&m.replica) == PH_OK && phg_zap_open(context, &m.zap) == PH_OK,
          "memory");
    fill_market(&m, to->public_key);
    check(phg_market_data_open(context, "tcp://127.0.0.1:*", &keys, &m.replica, &m.market_data,
                               err) == PH_OK,
          err);
    check(phg_feed_go_live(&m.replica.feed, 1) == PH_OK, "go live");
    (void)snprintf(to->endpoint, sizeof to->endpoint, "%s",
                   phg_market_data_endpoint(m.market_data));
    publisher p = {.market = &m};
    double rate = measure(&p, &r, frames, ret_size);
    phg_market_data_close(m.market_data);
    phg_zap_close(m.zap);
    (void)zmq_ctx_term(context);
    phg_replica_release(&m.replica);
    return rate;
}

static double measure_bare(const address *keys_of, uint32_t subscribers, uint64_t frames,
                           size_t size)
{
    static receiver r;
    fork_receiver(&r, subscribers);
    address *to = &r.seen->to;
    *to = *keys_of;
    const int one = 1, queue = 4 * QUEUE, none = 0;
    char server_secret[41];
    size_t endpoint_size = sizeof to->endpoint;
    void *context = zmq_ctx_new();
    publisher p = {.socket = zmq_socket(context, ZMQ_XPUB), .size = size};
    check(p.socket != NULL && zmq_curve_keypair(to->server_key, server_secret) == 0 &&
              zmq_setsockopt(p.socket, ZMQ_CURVE_SERVER, &one, sizeof one) == 0 &&
              zmq_setsockopt(p.socket, ZMQ_CURVE_SECRETKEY, server_secret, 41) == 0 &&
              zmq_setsockopt(p.socket, ZMQ_SNDHWM, &queue, sizeof queue) == 0 &&
              zmq_setsockopt(p.socket, ZMQ_LINGER, &none, sizeof none) == 0 &&
              zmq_bind(p.socket, "tcp://127.0.0.1:*") == 0 &&
              zmq_getsockopt(p.socket, ZMQ_LAST_ENDPOINT, to->endpoint, &endpoint_size) == 0,
          "bare socket");
    double rate = measure(&p, &r, frames, &size);
    (void)zmq_close(p.socket);
    (void)zmq_ctx_term(context);
    return rate;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    long subscribers = strtol(argv[1], NULL, 10), frames = strtol(argv[2], NULL, 10);
    if (subscribers < 1 || subscribers > SUBSCRIBERS_MAX || frames < 1) return 2;
    address to = {0};
    size_t size = 0;
    check(zmq_curve_keypair(to.public_key, to.secret_key) == 0, "keys");
    double ours = measure_market(&to, (uint32_t)subscribers, (uint64_t)frames, &size);
    double bare = measure_bare(&to, (uint32_t)subscribers, (uint64_t)frames, size);
    printf("%.0f %.0f %zu\n", ours, bare, size);
    return EXIT_SUCCESS;
}
