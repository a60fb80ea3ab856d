/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data/audience.h"

#include "engine/base/period.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "gateway/doors/accepts.h"
#include "gateway/doors/connection.h"
#include "gateway/doors/zap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    LOOK_MS = 100,  /* between looks at connections */
    SLOW_MS = 2000, /* to catch up after a lost frame */
    DROPPED_MAX = 256,
};

#define NS_PER_MS (PH_NS_PER_S / 1000)

/* A connection that was dropped, until it is back and was told. */
typedef struct {
    uint64_t name; /* 0: none */
    uint32_t key;
    const char *why;
} dropped;

struct phg_audience {
    void *monitor;                /* see accepts.h */
    phg_connections *connections; /* borrowed; NULL: nobody keeps count */
    phg_inflow *inflow;           /* borrowed; NULL: ends nobody */
    phg_audience_leave leave;
    void *arg;
    phg_subscribers subscribers;
    dropped dropped[DROPPED_MAX];
    uint32_t dropped_at; /* where the next one goes */
    uint32_t slow_cnt;   /* subscribers that have lost a frame and not caught up */
    uint64_t looked_ns, dropped_cnt[PHG_DROP_REASONS];
};

static const char *const sentences[PHG_DROP_REASONS] = {
    [PHG_DROP_SLOW] = ("you read more slowly than the market moves, and frames were lost: read "
                       "faster, follow less, or follow conflated streams"),
    [PHG_DROP_TOPICS] = "you have named too many topics: unsubscribe from what you do not need",
    [PHG_DROP_AHEAD] = "you sent more than could be taken: name fewer topics at once, ask for less",
};

ph_status phg_audience_open(void *zmq_context, void *socket, phg_audience_leave leave, void *arg,
                            phg_audience **ret)
{
    phg_audience *a = calloc(1, sizeof *a);
    if (!a) return PH_EFULL;
    a->leave = leave;
    a->arg = arg;
    if (phg_accepts_open(zmq_context, socket, &a->monitor) != PH_OK) {
        phg_audience_close(a);
        return PH_EIO;
    }
    *ret = a;
    return PH_OK;
}

void phg_audience_close(phg_audience *a)
{
    if (!a) return;
    phg_accepts_close(a->monitor);
    phg_subscribers_release(&a->subscribers);
    free(a);
}

void phg_audience_count(phg_audience *a, phg_connections *connections)
{
    a->connections = connections;
}

void phg_audience_inflow(phg_audience *a, phg_inflow *inflow)
{
    a->inflow = inflow;
}

phg_subscribers *phg_audience_subscribers(phg_audience *a)
{
    return &a->subscribers;
}

uint32_t phg_audience_slow(const phg_audience *a)
{
    return a->slow_cnt;
}

uint64_t phg_audience_dropped(const phg_audience *a, phg_drop_reason why)
{
    return a->dropped_cnt[why];
}

/* ---- Connections ---------------------------------------------------------------------------- */

static void catch_up(phg_audience *a, phg_subscriber *who)
{
    if (who->slow_since_ns != 0) a->slow_cnt--;
    who->slow_since_ns = 0;
}

/* What it is told when it is back. */
static void remember(phg_audience *a, const phg_subscriber *who, phg_drop_reason why)
{
    a->dropped_cnt[why]++;
    if (who->name == 0) return;
    a->dropped[a->dropped_at] = (dropped){who->name, who->key, sentences[why]};
    a->dropped_at = (a->dropped_at + 1) % DROPPED_MAX;
}

static void end(phg_audience *a, int file)
{
    const bool was_ahead = phg_inflow_was_ended(a->inflow, file);
    phg_subscriber *who = phg_subscribers_on(&a->subscribers, file);
    for (uint32_t i = 0; who && i < who->topic_cnt; i++)
        a->leave(a->arg, &who->topics[i]);
    if (who) catch_up(a, who);
    if (who && was_ahead && !who->is_cut) remember(a, who, PHG_DROP_AHEAD);
    phg_subscribers_ended(&a->subscribers, file);
    phg_connections_ended(a->connections, PHG_INFLOW_MARKET_DATA, file);
}

static ph_status begin(phg_audience *a, int file)
{
    end(a, file);
    ph_status s = phg_subscribers_begun(&a->subscribers, file);
    if (s != PH_OK) return s;
    return phg_connections_begun(a->connections, PHG_INFLOW_MARKET_DATA, file,
                                 ph_clock_monotonic_ns());
}

ph_status phg_audience_take(phg_audience *a)
{
    ph_status s = PH_OK;
    int file;
    bool has_begun;
    while (s == PH_OK && phg_accepts_next(a->monitor, &file, &has_begun)) {
        if (has_begun)
            s = begin(a, file);
        else
            end(a, file);
    }
    return s;
}

ph_status phg_audience_sender(phg_audience *a, const phg_catalogue *c, void *message,
                              phg_subscriber **ret)
{
    const char *user = zmq_msg_gets(message, "User-Id");
    const uint64_t connection = phg_zap_connection(user);
    const int file = connection == 0 ? -1 : zmq_msg_get(message, ZMQ_SRCFD);
    phg_subscriber *before;
    ph_status s = phg_subscribers_find(&a->subscribers, connection, file, ret, &before);
    if (s == PH_OK && before) s = begin(a, file);
    if (s == PH_OK && before)
        s = phg_subscribers_find(&a->subscribers, connection, file, ret, &before);
    phg_connections_said(a->connections, PHG_INFLOW_MARKET_DATA, file, connection,
                         phg_zap_user(user));
    if (s != PH_OK || !*ret) return s;
    if ((*ret)->key == 0) {
        (*ret)->key = phg_zap_user(user);
        const phg_participant *p = phg_catalogue_of_key(c, (*ret)->key);
        if (p) (*ret)->participant = p->terms.id.v;
    }
    if ((*ret)->is_cut) *ret = NULL;
    return s;
}

/* ---- Who falls behind ----------------------------------------------------------------------- */

void phg_audience_lost(phg_audience *a, const char *topic, size_t size, uint64_t now_ns)
{
    for (uint32_t i = 0; i < a->subscribers.file_max; i++) {
        phg_subscriber *who = a->subscribers.of_file[i];
        if (!who || who->is_cut || who->slow_since_ns != 0) continue;
        if (!phg_subscriber_topic(who, topic, size) && !phg_subscriber_topic(who, topic, 1))
            continue;
        who->slow_since_ns = now_ns;
        a->slow_cnt++;
    }
}

void phg_audience_drop(phg_audience *a, phg_subscriber *who, const char *endpoint,
                       phg_drop_reason why)
{
    who->is_cut = true;
    catch_up(a, who);
    remember(a, who, why);
    bool is_ended = phg_connection_end(who->file, endpoint);
    const ph_log_pair pairs[] = {{"participant", NULL, who->participant}};
    ph_log_event(PH_LOG_WARNING, "subscriber_dropped", pairs, 1,
                 "%s the market data connection of participant %u: %s",
                 is_ended ? "ended" : "could not end", who->participant, sentences[why]);
}

ph_status phg_audience_look(phg_audience *a, const char *endpoint, uint64_t now_ns)
{
    if (now_ns - a->looked_ns < LOOK_MS * NS_PER_MS) return PH_OK;
    a->looked_ns = now_ns;
    ph_status s = phg_audience_take(a);
    for (uint32_t i = 0; i < a->subscribers.file_max && a->slow_cnt != 0; i++) {
        phg_subscriber *who = a->subscribers.of_file[i];
        if (!who || who->slow_since_ns == 0) continue;
        if (phg_connection_unsent(who->file) == 0)
            catch_up(a, who);
        else if (now_ns - who->slow_since_ns >= SLOW_MS * NS_PER_MS)
            phg_audience_drop(a, who, endpoint, PHG_DROP_SLOW);
    }
    return s;
}

const char *phg_audience_why(phg_audience *a, const phg_subscriber *who)
{
    const char *why = NULL;
    for (uint32_t i = 0; i < DROPPED_MAX; i++) {
        dropped *d = &a->dropped[i];
        if (d->name == 0 || d->name != who->name || d->key != who->key) continue;
        why = d->why;
        *d = (dropped){0};
    }
    return why;
}
