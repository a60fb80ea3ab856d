/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/demo.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/demo/receipts.h"

enum {
    PATIENCE_S = 180, /* without any answer */
    PROGRESS_MS = 250,
    IDLE_MS = 20,
};

typedef enum { WAITING = 0, SENT, ANSWERED, NOT_TAKEN } fate;

/* One participant: its connection, what it still has to do, and its record. */
typedef struct {
    const phc_demo *demo;
    uint32_t participant;
    phc_client *client;
    phc_receipts record;
    bool logged_on, failed;
    uint32_t *todo; /* indexes of actions, in order */
    size_t todo_cnt, todo_i;
    uint64_t *id_of_action; /* by action; 0: not sent */
    uint64_t first_id, next_id;
    uint64_t *sent_ns;   /* by client order id - first_id */
    uint32_t *action_of; /* likewise */
    fate *fates;         /* likewise */
    size_t id_max, answered, in_flight;
    uint64_t *latencies_ns;
    uint64_t *retry; /* ids that were not taken and must be sent again under new ones */
    size_t retry_cnt;
} trader;

/* ---- What arrives -------------------------------------------------------------------------- */

static void on_logon(void *arg, const phc_logon *l)
{
    trader *t = arg;
    if (t->logged_on) return;
    t->logged_on = true;
    t->first_id = t->next_id = l->last_client_order_id + 1;
}

static void on_report(void *arg, const phc_report *r)
{
    trader *t = arg;
    phc_receipts_report(&t->record, r);
    bool answer = r->type == PHC_ACCEPTED || r->type == PHC_REJECTED || r->type == PHC_NOT_TAKEN;
    if (!answer || !t->logged_on || r->client_order_id < t->first_id) return;
    uint64_t i = r->client_order_id - t->first_id;
    if (i >= t->id_max || t->fates[i] != SENT) {
        (void)fprintf(stderr, "demo: %s: order %" PRIu64 " was answered twice or never sent\n",
                      t->demo->scenario->participants[t->participant].slug, r->client_order_id);
        t->failed = true;
        return;
    }
    t->in_flight--;
    if (r->type == PHC_NOT_TAKEN) {
        t->fates[i] = NOT_TAKEN;
        t->retry[t->retry_cnt++] = i;
        return;
    }
    t->fates[i] = ANSWERED;
    t->latencies_ns[t->answered++] = phc_demo_now_ns() - t->sent_ns[i];
}

static void on_result(void *arg, const phc_result *r)
{
    trader *t = arg;
    phc_receipts_result(&t->record, r);
}

static void on_cash(void *arg, const phc_cash *k)
{
    trader *t = arg;
    phc_receipts_cash(&t->record, k);
}

static void on_refused(void *arg, phc_refusal reason, const char *text)
{
    const trader *t = arg;
    if (reason == PHC_REFUSED_RECOVERING || reason == PHC_REFUSED_SILENT) return;
    (void)fprintf(stderr, "demo: %s: the gateway refused the session: %s\n",
                  t->demo->scenario->participants[t->participant].slug, text);
}

static void on_problem(void *arg, phc_status status, const char *text)
{
    trader *t = arg;
    t->failed = true;
    (void)fprintf(stderr, "demo: %s: %s: %s\n",
                  t->demo->scenario->participants[t->participant].slug, phc_status_name(status),
                  text);
}

/* ---- What is sent -------------------------------------------------------------------------- */

static phc_status send_order(trader *t, uint32_t action)
{
    uint64_t i = t->next_id - t->first_id;
    phc_order o = t->demo->scenario->actions[action].order;
    o.client_order_id = t->next_id;
    phc_status st = phc_new_order(t->client, &o, NULL);
    if (st != PHC_OK) return st;
    phc_receipts_sent(&t->record, t->next_id);
    t->id_of_action[action] = t->next_id++;
    t->action_of[i] = action;
    t->fates[i] = SENT;
    t->sent_ns[i] = phc_demo_now_ns();
    t->in_flight++;
    return PHC_OK;
}

static phc_status send_action(trader *t, uint32_t action)
{
    const phc_scenario_action *a = &t->demo->scenario->actions[action];
    if (!a->is_cancel) return send_order(t, action);
    uint64_t id = t->id_of_action[a->cancels];
    return id == 0 ? PHC_OK : phc_cancel(t->client, 0, id, NULL);
}

/* Sends as much as the window allows. */
static phc_status send_some(trader *t)
{
    phc_status st = PHC_OK;
    while (st == PHC_OK && t->in_flight < t->demo->window) {
        if (t->retry_cnt > 0 && t->next_id - t->first_id < t->id_max) {
            st = send_order(t, t->action_of[t->retry[0]]);
            if (st != PHC_OK) break;
            t->retry_cnt--;
            memmove(t->retry, t->retry + 1, t->retry_cnt * sizeof *t->retry);
        } else if (t->todo_i < t->todo_cnt) {
            st = send_action(t, t->todo[t->todo_i]);
            if (st == PHC_OK) t->todo_i++;
        } else {
            break;
        }
    }
    return st == PHC_EFULL ? PHC_OK : st;
}

static bool finished(const trader *t)
{
    return t->todo_i == t->todo_cnt && t->retry_cnt == 0 && phc_unanswered(t->client) == 0;
}

/* One turn; false when this participant cannot go on.  What it sends is on disk before it goes. */
static bool turn(trader *t, bool *ret_busy)
{
    if (phc_is_ready(t->client) && send_some(t) != PHC_OK) {
        (void)fprintf(stderr, "demo: could not send: %s\n", phc_error(t->client));
        return false;
    }
    if (phc_receipts_sync(&t->record) != PHC_OK) {
        (void)fprintf(stderr, "demo: could not write a record: %s\n", strerror(errno));
        return false;
    }
    phc_status st = phc_turn(t->client, 0);
    if (st == PHC_OK) *ret_busy = true;
    return (st == PHC_OK || st == PHC_ETIMEOUT) && !t->failed;
}

/* ---- A worker ------------------------------------------------------------------------------ */

static bool make_room(trader *t)
{
    size_t actions = t->demo->scenario->action_cnt, ids = t->todo_cnt * 2 + 1;
    t->id_of_action = calloc(actions, sizeof *t->id_of_action);
    t->sent_ns = calloc(ids, sizeof *t->sent_ns);
    t->action_of = calloc(ids, sizeof *t->action_of);
    t->fates = calloc(ids, sizeof *t->fates);
    t->latencies_ns = calloc(ids, sizeof *t->latencies_ns);
    t->retry = calloc(ids, sizeof *t->retry);
    t->id_max = ids;
    return t->id_of_action != NULL && t->sent_ns != NULL && t->action_of != NULL &&
           t->fates != NULL && t->latencies_ns != NULL && t->retry != NULL;
}

static bool trader_open(trader *t, const phc_demo *d, uint32_t participant)
{
    const phc_scenario *s = d->scenario;
    char path[512];
    uint64_t last = 0;
    *t = (trader){.demo = d, .participant = participant, .record.fd = -1};
    t->todo = calloc(s->action_cnt, sizeof *t->todo);
    for (uint32_t i = 0; i < s->action_cnt && t->todo != NULL; i++) {
        const phc_scenario_action *a = &s->actions[i];
        if (a->participant == participant && a->opening == d->opening) t->todo[t->todo_cnt++] = i;
    }
    if (t->todo == NULL || !make_room(t)) {
        (void)fprintf(stderr, "demo: not enough memory\n");
        return false;
    }
    const char *slug = s->participants[participant].slug;
    phc_status st =
        phc_receipts_open(&t->record, phc_demo_path(d, "receipts", slug, "log", path), &last);
    if (st != PHC_OK) {
        (void)fprintf(stderr, "demo: could not open record \"%s\": %s\n", path,
                      phc_status_name(st));
        return false;
    }
    t->client = phc_demo_open(d, slug,
                              (phc_config){.next_report = last + 1,
                                           .no_countersigning = true, /* verify does */
                                           .callbacks = {.arg = t,
                                                         .on_logon = on_logon,
                                                         .on_report = on_report,
                                                         .on_result = on_result,
                                                         .on_cash = on_cash,
                                                         .on_refused = on_refused,
                                                         .on_problem = on_problem}});
    return t->client != NULL;
}

static bool trader_close(trader *t)
{
    bool good = t->record.fd < 0 || phc_receipts_close(&t->record) == PHC_OK;
    phc_close(t->client);
    free(t->todo);
    free(t->id_of_action);
    free(t->sent_ns);
    free(t->action_of);
    free(t->fates);
    free(t->latencies_ns);
    free(t->retry);
    return good;
}

/* Waits until something can be done, or a little while. */
static void wait_for_any(const trader *traders, size_t n)
{
    struct pollfd fds[PHC_SCENARIO_PARTICIPANTS_MAX];
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = phc_fd(traders[i].client), .events = POLLIN};
    }
    (void)poll(fds, (nfds_t)n, IDLE_MS); /* interrupted or not: the next turn looks again */
}

/* Runs until everything is answered; prints "progress ANSWERED" now and then. */
static bool run(trader *traders, size_t n)
{
    uint64_t told_ns = 0, moved_ns = phc_demo_now_ns();
    size_t before = 0;
    for (;;) {
        bool busy = false, all = true;
        size_t answered = 0;
        for (size_t i = 0; i < n; i++) {
            if (!turn(&traders[i], &busy)) return false;
            all = all && finished(&traders[i]);
            answered += traders[i].answered;
        }
        uint64_t now = phc_demo_now_ns();
        if (answered != before) moved_ns = now;
        before = answered;
        if (all || now - told_ns > PROGRESS_MS * UINT64_C(1000000)) {
            (void)printf("progress %zu\n", answered);
            (void)fflush(stdout);
            told_ns = now;
        }
        if (all) return true;
        if (now - moved_ns > PATIENCE_S * UINT64_C(1000000000)) {
            (void)fprintf(stderr, "demo: no answer for %d seconds\n", PATIENCE_S);
            return false;
        }
        if (!busy) wait_for_any(traders, n);
    }
}

static bool write_latencies(const phc_demo *d, const trader *traders, size_t n)
{
    char name[64], path[512];
    (void)snprintf(name, sizeof name, "%s-%" PRIu32, d->opening ? "opening" : "trading", d->worker);
    FILE *f = fopen(phc_demo_path(d, "latency", name, "txt", path), "we");
    bool good = f != NULL;
    for (size_t i = 0; i < n && good; i++) {
        for (size_t k = 0; k < traders[i].answered && good; k++) {
            good = fprintf(f, "%" PRIu64 "\n", traders[i].latencies_ns[k]) > 0;
        }
    }
    if (f != NULL && fclose(f) != 0) good = false;
    if (!good) (void)fprintf(stderr, "demo: could not write \"%s\": %s\n", path, strerror(errno));
    return good;
}

int phc_demo_trade(const phc_demo *d)
{
    trader *traders = calloc(PHC_SCENARIO_PARTICIPANTS_MAX, sizeof *traders);
    if (traders == NULL) {
        (void)fprintf(stderr, "demo: not enough memory\n");
        return 1;
    }
    size_t n = 0;
    bool good = true;
    for (uint32_t i = d->worker; i < d->scenario->participant_cnt && good; i += d->workers) {
        good = trader_open(&traders[n], d, i);
        n++;
    }
    good = good && run(traders, n) && write_latencies(d, traders, n);
    for (size_t i = 0; i < n; i++)
        good = trader_close(&traders[i]) && good;
    free(traders);
    return good ? 0 : 1;
}
