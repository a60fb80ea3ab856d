/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/gateway.h"

#include "engine/base/limits.h"
#include "engine/process/clock.h"
#include "engine/process/keyfile.h"
#include "engine/process/log.h"
#include "engine/process/stop.h"
#include "engine/process/z85.h"
#include "gateway/bounds.h"
#include "gateway/doors/connections.h"
#include "gateway/doors/inflow.h"
#include "gateway/doors/zap.h"
#include "gateway/entry/disconnects.h"
#include "gateway/entry/order_entry.h"
#include "gateway/figures.h"
#include "gateway/market_data/market_data.h"
#include "gateway/replica/replica.h"
#include "gateway/uplink.h"
#include "gateway/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <zmq.h>

/* The header hides it behind the draft interface; the library takes it since 4.3. */
#ifndef ZMQ_ZERO_COPY_RECV
#define ZMQ_ZERO_COPY_RECV 10
#endif

enum {
    SESSIONS_PER_IO_THREAD = 2048,
    IDLE_MS = 200,  /* heartbeats and silences are looked at this often */
    WAITING_MS = 5, /* somebody's queue was full, or a snapshot has to wait */
    DRAIN_MS = 2000,
};

#define LOOK_NS (UINT64_C(100) * 1000000) /* every socket is looked at this often */

/* The sockets, as they are watched. */
enum { ZAP, ENGINE, NOTARY, MARKET_DATA, QUESTIONS, ORDERS, DOOR_CNT };
_Static_assert((int)DOOR_CNT <= (int)PHG_WATCH_MAX, "all are watched");

struct phg_gateway {
    phg_settings settings;
    ph_text64 market;
    ph_keyfile keys;
    void *context;
    phg_replica replica;
    phg_zap *zap;
    phg_uplink *uplink;
    phg_questions *questions;
    phg_order_entry *order_entry;
    phg_market_data *market_data;
    phg_inflow *inflow;
    phg_connections *connections;
    phg_disconnects *disconnects;
    bool is_live, is_stopping, was_recovering;
    phg_watch watch;
    uint64_t looked_ns; /* at every socket */
    bool looks;         /* in this turn */
    ph_monitor *monitor;
    ph_time behind; /* since when records wait to be taken; 0: none do */
};

/* Why the gateway does not do its work; NULL: it does. */
static const char *not_ready(const phg_gateway *g, const phg_uplink_state *up)
{
    if (!g->is_live) return "reading the log of the engine";
    if (!up->has_engine) return "the engine is away";
    return up->has_notary ? NULL : "the notary is away";
}

static void tell_figures(phg_gateway *g)
{
    phg_uplink_state up = phg_uplink_look(g->uplink);
    phg_order_entry_counts c = phg_order_entry_counted(g->order_entry);
    const phg_private_streams *streams = &g->replica.streams;
    bool is_behind = up.engine_records > up.taken;
    if (!is_behind)
        g->behind.ns = 0;
    else if (g->behind.ns == 0)
        g->behind = ph_clock_now();
    phg_figures f = {.sequence = up.taken,
                     .engine_sequence = up.engine_records,
                     .lag = is_behind ? up.engine_records - up.taken : 0,
                     .behind = g->behind,
                     .contracts = streams->signed_cnt,
                     .unsigned_cnt = streams->concluded_cnt - streams->signed_cnt,
                     .engine_connected = up.has_engine,
                     .notary_connected = up.has_notary,
                     .in_flight = phg_uplink_in_flight(g->uplink),
                     .sessions = c.sessions,
                     .streams_memory = streams->store.memory,
                     .streams_file = streams->store.in_file,
                     .frames = c.frames,
                     .commands = c.commands,
                     .questions = c.questions,
                     .busy = c.busy,
                     .limited = c.limited,
                     .malformed = c.malformed,
                     .refused = c.refused,
                     .market_data = phg_market_data_summed(g->market_data),
                     .senders_ended = phg_inflow_ended(g->inflow, PHG_INFLOW_ORDERS) +
                                      phg_inflow_ended(g->inflow, PHG_INFLOW_MARKET_DATA)};
    for (int i = 0; i < PHG_END_REASONS; i++)
        f.ended[i] = phg_connections_were_ended(g->connections, (phg_end_reason)i);
    phg_figures_tell(ph_monitor_metrics(g->monitor), &f);
    ph_monitor_ready(g->monitor, not_ready(g, &up));
}

static ph_status open_doors(phg_gateway *g, char err[PHG_ERR_SIZE])
{
    phg_session_view view = {&g->replica.catalogue, &g->replica.streams, g->replica.translator,
                             &g->replica.entered};
    phg_order_entry_settings settings = {
        .endpoint = g->settings.order_entry,
        .silence_seconds = g->settings.silence_seconds,
        .sessions_max = g->settings.sessions_max,
        .messages_per_second = g->settings.messages_per_second,
        .message_burst = g->settings.message_burst,
        .session_messages_per_second = g->settings.session_messages_per_second,
        .session_message_burst = g->settings.session_message_burst,
        .questions_per_second = g->settings.questions_per_second,
        .question_burst = g->settings.question_burst,
        .open_orders_max = g->settings.open_orders_max,
    };
    if (phg_connections_open(&g->replica.catalogue, &g->connections) != PH_OK) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not keep count of connections: no memory");
        return PH_EFULL;
    }
    ph_status s = phg_zap_open(g->context, &g->zap);
    if (s != PH_OK) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not answer authentication requests: %s",
                       ph_status_text(s));
        return s;
    }
    phg_zap_count(g->zap, g->connections);
    s = phg_uplink_open(g->context, g->settings.engine_link, g->settings.notary_link, &g->replica,
                        &g->uplink, err);
    if (s == PH_OK)
        s = phg_disconnects_open(g->settings.engine_link, &g->replica.entered, &g->disconnects,
                                 err);
    if (s == PH_OK)
        s = phg_questions_open(g->context, g->settings.replica_link, &g->questions, err);
    if (s == PH_OK)
        s = phg_order_entry_open(g->context, &settings, &g->keys, &view, &g->order_entry, err);
    if (s == PH_OK)
        s = phg_market_data_open(g->context, g->settings.market_data, &g->keys, &g->replica,
                                 &g->market_data, err);
    if (s != PH_OK) return s;
    phg_market_data_connect(g->market_data, g->connections);
    phg_connections_bound(g->connections, PHG_INFLOW_ORDERS,
                          phg_order_entry_endpoint(g->order_entry));
    phg_connections_bound(g->connections, PHG_INFLOW_MARKET_DATA,
                          phg_market_data_endpoint(g->market_data));
    return PH_OK;
}

/* Every session is an open file; without room for it the connection of a late one is dropped and
   nobody is told why. */
static ph_status reserve_files(uint32_t sessions_max, char err[PHG_ERR_SIZE])
{
    struct rlimit limit;
    const rlim_t need = (rlim_t)sessions_max + PHG_FILES_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not read the limit of open files: %s",
                       strerror(errno));
        return PH_EIO;
    }
    if (limit.rlim_cur >= need) return PH_OK;
    if (limit.rlim_max < need) {
        (void)snprintf(err, PHG_ERR_SIZE,
                       "sessions_max = %u needs %llu open files and the hard limit is %llu; raise "
                       "it (LimitNOFILE of the unit, ulimit -Hn) or lower sessions_max",
                       (unsigned)sessions_max, (unsigned long long)need,
                       (unsigned long long)limit.rlim_max);
        return PH_EFULL;
    }
    limit.rlim_cur = need;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return PH_OK;
    (void)snprintf(err, PHG_ERR_SIZE, "could not raise the limit of open files to %llu: %s",
                   (unsigned long long)need, strerror(errno));
    return PH_EIO;
}

/* A door that would let strangers in must not be found by anybody. */
static ph_status check_doors(phg_gateway *g, char err[PHG_ERR_SIZE])
{
    const phg_zap_door doors[2] = {{phg_order_entry_endpoint(g->order_entry), ZMQ_DEALER},
                                   {phg_market_data_endpoint(g->market_data), ZMQ_SUB}};
    for (int i = 0; i < 2; i++) {
        ph_status s = phg_zap_check(g->zap, g->context, &doors[i], &g->keys.curve_public,
                                    &g->replica.catalogue);
        if (s == PH_OK) continue;
        (void)snprintf(err, PHG_ERR_SIZE, "%s \"%s\": %s",
                       s == PH_EDENIED ? "an unknown key was let in at" : "could not try the door",
                       doors[i].endpoint,
                       s == PH_EDENIED ? "the ZeroMQ library does not enforce authentication"
                                       : "no answer came; is the address reachable from here");
        return s;
    }
    return PH_OK;
}

static ph_status open_inflow(phg_gateway *g, char err[PHG_ERR_SIZE])
{
    const char *const endpoints[PHG_INFLOW_DOORS] = {
        [PHG_INFLOW_ORDERS] = phg_order_entry_endpoint(g->order_entry),
        [PHG_INFLOW_MARKET_DATA] = phg_market_data_endpoint(g->market_data)};
    ph_status s = phg_inflow_open(endpoints, &g->inflow);
    if (s != PH_OK)
        (void)snprintf(err, PHG_ERR_SIZE, "could not watch what clients send: %s",
                       ph_status_text(s));
    else
        phg_market_data_count(g->market_data, g->inflow);
    return s;
}

static ph_status open_all(phg_gateway *g, char err[PHG_ERR_SIZE])
{
    ph_monitor_settings monitor = {.address = g->settings.monitor,
                                   .lag_seconds_max = g->settings.ready_lag_seconds};
    phg_figures_describe(&monitor);
    ph_status s = ph_monitor_open(&monitor, &g->monitor, err, PHG_ERR_SIZE);
    if (s == PH_OK) s = ph_keyfile_read(g->settings.key_file, &g->keys, err, PHG_ERR_SIZE);
    if (s != PH_OK) return s;
    s = reserve_files(g->settings.sessions_max, err);
    if (s != PH_OK) return s;
    g->context = zmq_ctx_new();
    if (!g->context || phg_replica_init(&g->replica) != PH_OK) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not start: no memory");
        return PH_EFULL;
    }
    s = phg_stream_store_spill(&g->replica.streams.store, g->settings.streams_folder,
                               (uint64_t)g->settings.streams_memory_mib << 20, err);
    if (s != PH_OK) return s;
    (void)zmq_ctx_set(g->context, ZMQ_MAX_SOCKETS, 4096);
    /* What is received is copied: else a part of one byte holds a whole buffer, some 18 kB. */
    (void)zmq_ctx_set(g->context, ZMQ_ZERO_COPY_RECV, 0);
    /* ZeroMQ cancels a timer at every heartbeat, after a walk over all timers of the thread. */
    int threads = 1 + (int)(g->settings.sessions_max / SESSIONS_PER_IO_THREAD);
    (void)zmq_ctx_set(g->context, ZMQ_IO_THREADS, threads);
    s = open_doors(g, err);
    if (s == PH_OK) s = check_doors(g, err);
    return s == PH_OK ? open_inflow(g, err) : s;
}

ph_status phg_gateway_open(const phg_settings *settings, const char *market, phg_gateway **ret)
{
    char err[PHG_ERR_SIZE] = "";
    phg_gateway *g = calloc(1, sizeof *g);
    if (!g) {
        ph_log_error("could not start: no memory");
        return PH_EFULL;
    }
    g->settings = *settings;
    g->was_recovering = true;
    if (!ph_text_set(g->market.s, sizeof g->market.s, market)) {
        ph_log_error("market name \"%s\" is too long", market);
        phg_gateway_close(g);
        return PH_EINVAL;
    }
    ph_status s = open_all(g, err);
    if (s != PH_OK) {
        ph_log_error("%s", err);
        phg_gateway_close(g);
        return s;
    }
    *ret = g;
    return PH_OK;
}

void phg_gateway_close(phg_gateway *g)
{
    if (!g) return;
    ph_monitor_close(g->monitor);
    phg_inflow_close(g->inflow);
    phg_order_entry_close(g->order_entry);
    phg_market_data_close(g->market_data);
    phg_uplink_close(g->uplink);
    phg_disconnects_close(g->disconnects);
    phg_questions_close(g->questions);
    phg_zap_close(g->zap);
    phg_connections_close(g->connections);
    if (g->context) (void)zmq_ctx_term(g->context);
    phg_replica_release(&g->replica);
    ph_keyfile_wipe(&g->keys);
    free(g);
}

static ph_status tell_ready(const phg_gateway *g)
{
    char text[512], key[PH_Z85_KEY_SIZE + 1];
    (void)snprintf(text, sizeof text, "order_entry = %s\nmarket_data = %s\nserver_key = %s\n",
                   phg_order_entry_endpoint(g->order_entry),
                   phg_market_data_endpoint(g->market_data),
                   ph_z85_write(g->keys.curve_public.b, key));
    ph_status s = ph_ready_write(g->settings.ready_file, text);
    if (s != PH_OK)
        ph_log_error("could not write ready file \"%s\": %s", g->settings.ready_file,
                     strerror(errno));
    return s;
}

/* The log has been read for the first time. */
static ph_status go_live(phg_gateway *g)
{
    uint64_t epoch = 0;
    const phg_catalogue *c = &g->replica.catalogue;
    if (strcmp(c->market.market.s, g->market.s) != 0) {
        ph_log_error("market is \"%s\" in the configuration and \"%s\" in the engine's log; "
                     "correct [market] name or engine_link",
                     g->market.s, c->market.market.s);
        return PH_EINVAL;
    }
    if (getrandom(&epoch, sizeof epoch, 0) != (ssize_t)sizeof epoch) {
        ph_log_error("could not draw a random number: %s", strerror(errno));
        return PH_EIO;
    }
    ph_status s = phg_feed_go_live(&g->replica.feed, epoch == 0 ? 1 : epoch);
    if (s != PH_OK) {
        ph_log_error("could not start market data: %s", ph_status_text(s));
        return s;
    }
    g->is_live = true;
    const char *orders = phg_order_entry_endpoint(g->order_entry);
    const char *data = phg_market_data_endpoint(g->market_data);
    const ph_log_pair pairs[] = {
        {"seq", NULL, c->seq}, {"order_entry", orders, 0}, {"market_data", data, 0}};
    ph_log_event(PH_LOG_INFO, "ready", pairs, 3,
                 "serving market \"%s\" after record %" PRIu64 ": order entry %s, market data %s",
                 g->market.s, c->seq, orders, data);
    return tell_ready(g);
}

/* True if a socket is to be looked at, which is then used.  To look in vain costs two calls. */
static bool has(phg_gateway *g, uint32_t door)
{
    if (!g->looks && !phg_watch_has(&g->watch, door)) return false;
    phg_watch_used(&g->watch, door);
    return true;
}

static ph_status take_records(phg_gateway *g, uint64_t now_ns, bool *ret_is_recovering)
{
    char err[PHG_ERR_SIZE];
    bool was_lost;
    const phg_uplink_which which = {has(g, ENGINE), has(g, NOTARY)};
    ph_status s = phg_uplink_turn(g->uplink, now_ns, which, &was_lost, err);
    if (s != PH_OK) {
        ph_log_error("%s", err);
        return s;
    }
    if (was_lost) {
        ph_log_event(PH_LOG_WARNING, "engine_lost", NULL, 0,
                     "the engine was lost and is back: ending all sessions, clients ask again");
        phg_disconnects_lost(g->disconnects);
        phg_order_entry_refuse_all(g->order_entry, PHG_REFUSAL_RECOVERING,
                                   "the engine was started again; log on again and send again "
                                   "what has no outcome");
    }
    *ret_is_recovering = phg_uplink_is_recovering(g->uplink);
    if (!*ret_is_recovering && !g->is_live) s = go_live(g);
    return s;
}

static ph_status cancel_left(phg_gateway *g, uint64_t now_ns, bool *ret_is_waiting)
{
    const phg_disconnects_routes routes = {phg_order_entry_is_open, g->order_entry, phg_uplink_send,
                                           g->uplink};
    ph_status s = phg_disconnects_turn(g->disconnects, now_ns, &routes, ret_is_waiting);
    phg_uplink_flush(g->uplink);
    return s;
}

/* Ends connections that have no reason to be there. */
static ph_status look_around(phg_gateway *g, uint64_t now_ns)
{
    ph_status s = phg_order_entry_connections(g->order_entry, g->connections, now_ns);
    if (s == PH_OK) s = phg_market_data_connections(g->market_data);
    if (s == PH_OK) phg_connections_look(g->connections, now_ns);
    return s;
}

static ph_status turn(phg_gateway *g, bool *ret_is_waiting)
{
    uint64_t now_ns = ph_clock_monotonic_ns();
    bool is_recovering = true, waits_for_session = false, waits_for_engine = false;
    g->looks = now_ns - g->looked_ns >= LOOK_NS;
    if (g->looks) g->looked_ns = now_ns;
    /* Turns send on these without being asked. */
    phg_watch_used(&g->watch, ENGINE);
    phg_watch_used(&g->watch, MARKET_DATA);
    phg_watch_used(&g->watch, QUESTIONS);
    phg_watch_used(&g->watch, ORDERS);
    if (has(g, ZAP)) phg_zap_turn(g->zap, &g->replica.catalogue, !g->is_live);
    ph_status s = take_records(g, now_ns, &is_recovering);
    if (s != PH_OK) return s;
    const phg_order_entry_routes routes = {
        .send = phg_uplink_send,
        .arg = g->uplink,
        .questions = g->questions,
        .disconnects = g->disconnects,
        .takeovers = &g->replica.takeovers,
        .under_way = phg_uplink_in_flight(g->uplink),
        .under_way_max = phg_uplink_in_flight_max(g->uplink),
        .has_frames = has(g, ORDERS),
        .inflow = g->inflow,
        .connections = g->connections,
    };
    if (!g->is_stopping) s = phg_order_entry_take(g->order_entry, now_ns, is_recovering, &routes);
    phg_uplink_flush(g->uplink);
    phg_order_entry_answer(g->order_entry, now_ns, g->questions);
    if (s == PH_OK) s = phg_order_entry_give(g->order_entry, now_ns, &waits_for_session);
    if (s == PH_OK && !is_recovering) s = cancel_left(g, now_ns, &waits_for_engine);
    if (s == PH_OK && has(g, MARKET_DATA)) s = phg_market_data_take(g->market_data, now_ns);
    if (s == PH_OK) s = phg_market_data_give(g->market_data, now_ns);
    if (s == PH_OK && phg_connections_due(g->connections, now_ns)) s = look_around(g, now_ns);
    if (s != PH_OK) ph_log_error("could not serve: %s", ph_status_text(s));
    *ret_is_waiting = waits_for_session || waits_for_engine;
    return s;
}

static ph_status watch_all(phg_gateway *g)
{
    void *const sockets[DOOR_CNT] = {
        [ZAP] = phg_zap_socket(g->zap),
        [ENGINE] = phg_uplink_engine_socket(g->uplink),
        [NOTARY] = phg_uplink_notary_socket(g->uplink),
        [MARKET_DATA] = phg_market_data_socket(g->market_data),
        [QUESTIONS] = phg_questions_socket(g->questions),
        [ORDERS] = g->is_stopping ? NULL : phg_order_entry_socket(g->order_entry),
    };
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < DOOR_CNT && s == PH_OK; i++)
        s = phg_watch_put(&g->watch, i, sockets[i]);
    if (s != PH_OK) ph_log_error("could not watch a socket: %s", zmq_strerror(errno));
    return s;
}

/* Sleeps until something is there. */
static ph_status wait(phg_gateway *g, int timeout_ms)
{
    ph_status s = phg_watch_wait(&g->watch, timeout_ms);
    if (s != PH_OK) ph_log_error("could not wait for messages: %s", strerror(errno));
    return s;
}

/* Turns until nothing is under way any more, for DRAIN_MS at most. */
static ph_status settle(phg_gateway *g)
{
    bool is_waiting = false;
    uint64_t until = ph_clock_monotonic_ns() + DRAIN_MS * UINT64_C(1000000);
    ph_status s = turn(g, &is_waiting);
    while (s == PH_OK && (is_waiting || phg_uplink_in_flight(g->uplink) != 0) &&
           ph_clock_monotonic_ns() < until) {
        s = wait(g, WAITING_MS);
        if (s == PH_OK) s = turn(g, &is_waiting);
    }
    return s;
}

/* Takes nothing new, waits for what is under way, says good-bye, and cancels what sessions leave
   behind that asked for it. */
static ph_status drain(phg_gateway *g)
{
    g->is_stopping = true;
    ph_status s = watch_all(g);
    if (s == PH_OK) s = settle(g);
    if (s != PH_OK) return s;
    phg_order_entry_refuse_all(g->order_entry, PHG_REFUSAL_RECOVERING,
                               "the gateway is stopping; log on again shortly or elsewhere");
    s = settle(g);
    phg_order_entry_linger(g->order_entry);
    phg_order_entry_counts counts = phg_order_entry_counted(g->order_entry);
    const ph_log_pair pairs[] = {{"commands", NULL, counts.commands}};
    ph_log_event(PH_LOG_INFO, "stopped", pairs, 1,
                 "stopped after %" PRIu64 " frames, %" PRIu64 " commands, %" PRIu64
                 " questions, %" PRIu64 " busy answers, %" PRIu64 " malformed frames, %" PRIu64
                 " refusals",
                 counts.frames, counts.commands, counts.questions, counts.busy, counts.malformed,
                 counts.refused);
    return s;
}

ph_status phg_gateway_run(phg_gateway *g)
{
    ph_status s = watch_all(g);
    bool is_waiting = false;
    ph_log_info("reading the log of the engine at \"%s\"", g->settings.engine_link);
    while (s == PH_OK && !ph_stop_requested()) {
        s = wait(g, is_waiting ? WAITING_MS : IDLE_MS);
        ph_monitor_turn(g->monitor);
        if (s == PH_OK) s = turn(g, &is_waiting);
        if (s == PH_OK) tell_figures(g);
        ph_monitor_idle(g->monitor);
    }
    ph_monitor_ready(g->monitor, "stopping");
    return s == PH_OK ? drain(g) : s;
}
