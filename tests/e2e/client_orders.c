/* SPDX-License-Identifier: Apache-2.0 */
/* A client whose connection is broken from outside while it sends: each order must have exactly
   one outcome in the private stream, the one that was told.

   usage: client_orders CONNECT_FILE KEY_FILE PRODUCT FIRST_PERIOD COUNT STEP

   Prints "answered N" after every STEP outcomes, and "equal ACCEPTED REJECTED NOT_TAKEN" at the
   end; exits 1 with a sentence when anything was lost, doubled or told differently. */
#include "clients/lib/petahour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT_MAX = 400, TURN_MS = 60000, PRICE_STEP = 100, PERIODS = 4, BAD_EVERY = 50 };

typedef struct {
    phc_report_type type; /* 0: not told */
    uint64_t order, stream_number;
} outcome;

typedef struct {
    uint64_t count, step, answered;
    uint64_t tally[3]; /* accepted, rejected, not taken */
    outcome *told;     /* by client order id */
    bool again;        /* the stream is being read for the second time */
    bool ready, failed;
} run;

static void fail(run *r, const char *what, uint64_t id)
{
    fprintf(stderr, "client_orders: order %llu %s\n", (unsigned long long)id, what);
    r->failed = true;
}

static void on_first_report(run *r, const phc_report *p)
{
    outcome *o = &r->told[p->client_order_id];
    if (o->type != 0) {
        fail(r, "has two outcomes", p->client_order_id);
        return;
    }
    *o = (outcome){.type = p->type, .order = p->order, .stream_number = p->stream_number};
    r->tally[p->type == PHC_ACCEPTED ? 0 : p->type == PHC_REJECTED ? 1 : 2]++;
    if (++r->answered % r->step == 0) {
        printf("answered %llu\n", (unsigned long long)r->answered);
        fflush(stdout);
    }
}

/* Second reading: everything must be there as it was told.  Orders that were sent twice have a
   DUPLICATE besides, which was not told. */
static void on_second_report(run *r, const phc_report *p)
{
    outcome *o = &r->told[p->client_order_id];
    bool same = o->type == p->type && o->order == p->order && o->stream_number == p->stream_number;
    if (same) {
        o->type = 0;
        return;
    }
    bool echo = p->type == PHC_REJECTED && strcmp(p->reject_name, "DUPLICATE") == 0;
    if (!echo) fail(r, "has an outcome that was not told", p->client_order_id);
}

static void on_report(void *arg, const phc_report *p)
{
    run *r = arg;
    if (p->type != PHC_ACCEPTED && p->type != PHC_REJECTED && p->type != PHC_NOT_TAKEN) return;
    if (p->client_order_id == 0 || p->client_order_id > r->count) {
        fail(r, "was never sent", p->client_order_id);
        return;
    }
    if (r->again)
        on_second_report(r, p);
    else
        on_first_report(r, p);
}

static void on_ready(void *arg)
{
    run *r = arg;
    r->ready = true;
}

static void on_problem(void *arg, phc_status s, const char *text)
{
    run *r = arg;
    fprintf(stderr, "client_orders: %s: %s\n", phc_status_name(s), text);
    r->failed = true;
}

static phc_client *open_client(run *r, const char *connect_file, const char *key_file)
{
    char err[400];
    phc_key key;
    phc_client *c = NULL;
    if (phc_key_read(key_file, &key, err, sizeof err) == PHC_OK) {
        phc_config f = {
            .connect_file = connect_file,
            .key = &key,
            .next_report = 1,
            .next_contract = 1,
            .callbacks = {
                .arg = r, .on_report = on_report, .on_ready = on_ready, .on_problem = on_problem}};
        if (phc_open(&f, &c, err, sizeof err) == PHC_OK) return c;
    }
    fprintf(stderr, "client_orders: %s\n", err);
    exit(EXIT_FAILURE);
}

static void turn(run *r, phc_client *c)
{
    if (phc_turn(c, TURN_MS) == PHC_OK) return;
    fprintf(stderr, "client_orders: nothing happened for a minute: %s\n", phc_error(c));
    r->failed = true;
}

static void send_orders(run *r, phc_client *c, uint32_t product, uint32_t first_period)
{
    uint64_t sent = 0;
    while (!r->failed && r->answered < r->count) {
        while (sent < r->count && phc_unanswered(c) < IN_FLIGHT_MAX) {
            sent++;
            phc_order o = {.client_order_id = sent,
                           .product = product,
                           .side = PHC_BUY,
                           .shape = sent % 3 == 0 ? PHC_BLOCK : PHC_EACH,
                           .first_period = first_period,
                           .periods = PERIODS,
                           .quantity = 1,
                           /* Some are off the tick, so that there are rejects too. */
                           .price =
                               PRICE_STEP * (int64_t)(1 + sent % 200) + (sent % BAD_EVERY == 0),
                           .time_in_force = sent % 3 == 0 ? PHC_IOC : PHC_GTC};
            if (phc_new_order(c, &o, NULL) == PHC_OK) continue;
            fprintf(stderr, "client_orders: %s\n", phc_error(c));
            r->failed = true;
            return;
        }
        turn(r, c);
    }
}

int main(int argc, char **argv)
{
    uint64_t numbers[4];
    run r = {0};
    if (argc != 7) return 2;
    for (int i = 0; i < 4; i++)
        if (phc_number_parse(argv[3 + i], 1000000, &numbers[i]) != PHC_OK) return 2;
    r.count = numbers[2];
    r.step = numbers[3];
    r.told = calloc(r.count + 1, sizeof *r.told);
    if (r.told == NULL) return EXIT_FAILURE;
    phc_client *c = open_client(&r, argv[1], argv[2]);
    send_orders(&r, c, (uint32_t)numbers[0], (uint32_t)numbers[1]);
    phc_close(c);
    r.ready = false;
    r.again = true;
    c = open_client(&r, argv[1], argv[2]);
    while (!r.failed && !r.ready)
        turn(&r, c);
    phc_close(c);
    for (uint64_t i = 1; i <= r.count && !r.failed; i++)
        if (r.told[i].type != 0 && r.told[i].type != PHC_NOT_TAKEN)
            fail(&r, "was told an outcome that the stream does not have", i);
    free(r.told);
    if (r.failed) return EXIT_FAILURE;
    printf("equal %llu %llu %llu\n", (unsigned long long)r.tally[0], (unsigned long long)r.tally[1],
           (unsigned long long)r.tally[2]);
    return EXIT_SUCCESS;
}
