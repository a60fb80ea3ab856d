/* SPDX-License-Identifier: Apache-2.0 */
/* Orders through the client library, each timed from the call that sends it to its durable
   acknowledgement.

   usage: gateway_load CONNECT_FILE KEY_FOLDER PRODUCT FIRST_PERIOD CLIENTS COUNT IN_FLIGHT FRAME
          RATE

   CLIENTS participants, whose keys are KEY_FOLDER/buyer-1.key and so on, send COUNT orders
   together; each has at most IN_FLIGHT unanswered and sends FRAME of them in one frame.  With RATE
   0 they send as fast as that goes; otherwise RATE orders a second are offered by the clock, and
   an order's time begins when it was due, so that one that had to wait is not told as a fast one.
   Prints "rate p50 p99 p99.9 most cpu": orders a second, microseconds, and microseconds of this
   process's processor time for an order. */
#include "clients/lib/petahour.h"
#include "tests/bench/latency.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLIENTS_MAX = 256, READY_MS = 60000, WAIT_US = 100000, TICK_US = 200 };

typedef struct {
    uint32_t product, period, clients, in_flight, frame, rate;
    uint64_t start_ns;
} load;

typedef struct {
    phc_client *c;
    bool is_ready;
    uint64_t first_id; /* of its first order of this run */
    uint64_t *sent_ns; /* by client_order_id - first_id */
    uint32_t to_send, sent, answered;
    latency *times;
} sender;

static void on_ready(void *arg)
{
    sender *s = arg;
    s->is_ready = true;
}

static void on_report(void *arg, const phc_report *r)
{
    sender *s = arg;
    if (s->sent == 0 || r->client_order_id < s->first_id) return; /* of an earlier run */
    if (r->type == PHC_REJECTED || r->type == PHC_NOT_TAKEN) {
        fprintf(stderr, "gateway_load: an order was refused: %s\n", r->reject_name);
        exit(EXIT_FAILURE);
    }
    if (r->type != PHC_ACCEPTED) return;
    latency_add(s->times, latency_now_ns() - s->sent_ns[r->client_order_id - s->first_id]);
    s->answered++;
}

/* What is measured is one connection; what came in between would be measured, too. */
static void on_disconnected(void *arg, const char *why)
{
    (void)arg;
    fprintf(stderr, "gateway_load: lost the connection: %s\n", why);
    exit(EXIT_FAILURE);
}

static void on_problem(void *arg, phc_status status, const char *text)
{
    (void)arg;
    fprintf(stderr, "gateway_load: %s: %s\n", phc_status_name(status), text);
    exit(EXIT_FAILURE);
}

static void open_sender(sender *s, const char *connect, const char *folder, uint32_t number)
{
    char path[512], err[400];
    phc_key key;
    snprintf(path, sizeof path, "%s/buyer-%u.key", folder, number);
    phc_status st = phc_key_read(path, &key, err, sizeof err);
    phc_config config = {.connect_file = connect,
                         .key = &key,
                         .callbacks = {.arg = s,
                                       .on_ready = on_ready,
                                       .on_report = on_report,
                                       .on_problem = on_problem,
                                       .on_disconnected = on_disconnected}};
    if (st == PHC_OK) st = phc_open(&config, &s->c, err, sizeof err);
    if (st != PHC_OK) {
        fprintf(stderr, "gateway_load: %s\n", err);
        exit(EXIT_FAILURE);
    }
    while (!s->is_ready) {
        if (phc_turn(s->c, READY_MS) == PHC_OK) continue;
        fprintf(stderr, "gateway_load: could not log on: %s\n", phc_error(s->c));
        exit(EXIT_FAILURE);
    }
}

static void send_one(sender *s, const load *l, uint64_t due_ns)
{
    phc_order o = {.product = l->product,
                   .side = PHC_BUY,
                   .shape = PHC_EACH,
                   .first_period = l->period,
                   .periods = 1,
                   .quantity = 1,
                   .price = 100 * (int64_t)(1 + s->sent % 100),
                   .time_in_force = PHC_GTC};
    uint64_t id = 0;
    if (phc_new_order(s->c, &o, &id) != PHC_OK) {
        fprintf(stderr, "gateway_load: could not send: %s\n", phc_error(s->c));
        exit(EXIT_FAILURE);
    }
    if (s->sent == 0) s->first_id = id;
    s->sent_ns[s->sent++] = due_ns;
}

/* When the next order of the sender is due; now, when they are not sent by the clock. */
static uint64_t due_of(const sender *s, const load *l)
{
    if (l->rate == 0) return latency_now_ns();
    return l->start_ns + s->sent * (UINT64_C(1000000000) * l->clients / l->rate);
}

/* Fills the window in whole frames; true if the client did or received something. */
static bool drive(sender *s, const load *l)
{
    uint32_t before = s->sent;
    while (s->sent < s->to_send && s->sent - s->answered + l->frame <= l->in_flight) {
        uint64_t due = due_of(s, l);
        if (l->rate != 0 && due > latency_now_ns()) break;
        for (uint32_t i = 0; i < l->frame && s->sent < s->to_send; i++)
            send_one(s, l, due);
        (void)phc_flush(s->c); /* what does not fit the socket goes with the next turn */
    }
    return phc_turn(s->c, 0) == PHC_OK || s->sent != before;
}

static void run_all(sender *v, const load *l)
{
    struct pollfd fds[CLIENTS_MAX];
    uint32_t clients = l->clients;
    uint64_t answered = 0, all = 0;
    for (uint32_t i = 0; i < clients; i++) {
        fds[i] = (struct pollfd){.fd = phc_fd(v[i].c), .events = POLLIN};
        all += v[i].to_send;
    }
    while (answered < all) {
        bool any = false;
        answered = 0;
        for (uint32_t i = 0; i < clients; i++) {
            any |= drive(&v[i], l);
            answered += v[i].answered;
        }
        if (any || answered == all) continue;
        const struct timespec wait = {0, (l->rate == 0 ? WAIT_US : TICK_US) * 1000L};
        (void)ppoll(fds, clients, &wait, NULL);
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: gateway_load CONNECT_FILE KEY_FOLDER PRODUCT FIRST_PERIOD CLIENTS COUNT"
                    " IN_FLIGHT FRAME RATE\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t n[7];
    if (argc != 10) return usage();
    for (int i = 0; i < 7; i++)
        if (phc_number_parse(argv[3 + i], 100000000, &n[i]) != PHC_OK || (n[i] == 0 && i != 6))
            return usage();
    uint32_t count = (uint32_t)n[3];
    load l = {.product = (uint32_t)n[0],
              .period = (uint32_t)n[1],
              .clients = (uint32_t)n[2],
              .in_flight = (uint32_t)n[4],
              .frame = (uint32_t)n[5],
              .rate = (uint32_t)n[6]};
    if (l.clients > CLIENTS_MAX || l.frame > l.in_flight) return usage();
    static sender v[CLIENTS_MAX];
    latency times = latency_new(count);
    for (uint32_t i = 0; i < l.clients; i++) {
        v[i].times = &times;
        v[i].to_send = count / l.clients + (i < count % l.clients);
        v[i].sent_ns = calloc(v[i].to_send + 1, sizeof v[i].sent_ns[0]);
        if (v[i].sent_ns == NULL) return EXIT_FAILURE;
        open_sender(&v[i], argv[1], argv[2], i + 1);
    }
    uint64_t cpu = latency_cpu_ns();
    l.start_ns = latency_now_ns();
    run_all(v, &l);
    latency_print(&times, latency_now_ns() - l.start_ns, latency_cpu_ns() - cpu);
    for (uint32_t i = 0; i < l.clients; i++) {
        phc_close(v[i].c);
        free(v[i].sent_ns);
    }
    latency_free(&times);
    return EXIT_SUCCESS;
}
