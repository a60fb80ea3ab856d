/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour-replica - replays the journal and answers questions about the market.

    It keeps nothing that it could not compute again, and the engine does not know of it: however
    much is asked, matching goes on at its own pace.  One thread: journal and gateways are waited
    for together, and an answer holds for the sequence that it states. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "engine/base/panic.h"
#include "engine/process/folder_watch.h"
#include "engine/process/log.h"
#include "engine/process/memory.h"
#include "engine/process/options.h"
#include "engine/process/stop.h"
#include "engine/query/answer.h"
#include "engine/query/cash_history.h"
#include "engine/query/contract_history.h"
#include "engine/query/figures.h"
#include "engine/query/holdings.h"
#include "engine/query/order_history.h"
#include "engine/replay/replay.h"

enum {
    BATCHES_PER_TURN = 64, /* so that questions are answered while it catches up */
    ANSWERS_PER_TURN = 16, /* so that it keeps up while questions are asked */
    IDENTITY_MAX = 255,    /* ZeroMQ's own bound */
    QUEUE_MESSAGES = 256,  /* of one gateway, each way */
    WAIT_MS = 1000,        /* a look at the journal even if nothing was announced */
    UNTOLD_MS = 10,        /* the same where the system cannot announce changes */
    ABSENT_MS = 100,       /* between looks for a journal that is not there yet */
};

typedef struct {
    char journal[512], link[256], ready_file[512], monitor[32];
    uint32_t ready_lag_seconds, ended_orders, ended_contracts, statement_rows;
} settings;

static const ph_config_row rows[] = {
    {"journal", PH_CONFIG_FOLDER, PH_CONFIG_AT(settings, journal), NULL, 1, 0,
     "directory of the journal that is followed"},
    {"link", PH_CONFIG_IPC_BIND, PH_CONFIG_AT(settings, link), NULL, 1, 0,
     "where gateways ask (ipc://...)"},
    {"ready_file", PH_CONFIG_OWN_FILE, PH_CONFIG_AT(settings, ready_file), "", 0, 0,
     "written when gateways can ask"},
    {"monitor", PH_CONFIG_LOOPBACK, PH_CONFIG_AT(settings, monitor), "", 0, 0,
     "127.0.0.1:PORT for figures, health and readiness over HTTP; empty for none"},
    {"ready_lag_seconds", PH_CONFIG_U32, PH_CONFIG_AT(settings, ready_lag_seconds), "10", 1, 86400,
     "not ready when a record of the journal waits longer than this"},
    {"ended_orders", PH_CONFIG_U32, PH_CONFIG_AT(settings, ended_orders), "1000000", 0,
     PH_ENDED_ORDERS_MAX,
     "orders that ended and whose status can still be asked for; about 120 bytes each"},
    {"ended_contracts", PH_CONFIG_U32, PH_CONFIG_AT(settings, ended_contracts), "1000000", 0,
     PH_ENDED_CONTRACTS_MAX,
     "contracts that ended and can still be asked for; about 190 bytes each"},
    {"statement_rows", PH_CONFIG_U32, PH_CONFIG_AT(settings, statement_rows), "1000000", 1,
     PH_CASH_ROWS_MAX,
     "rows of which statements are made, one for each participant, day and reason; 48 bytes each"},
};

/* Orders that rest and contracts that deliver come on top: how many may, the journal says. */
static void check(const ph_config_market *market, const void *values, ph_config_faults *f)
{
    const settings *s = values;
    const ph_market_limits least = {
        .orders_max = 1, .participants_max = 1, .contracts_max = s->ended_contracts};
    const struct {
        const char *row;
        uint64_t needed;
    } v[] = {{"ended_orders", ph_order_history_footprint(&least, s->ended_orders)},
             {"ended_contracts", ph_contract_history_footprint(&least, s->ended_contracts)},
             {"statement_rows", ph_cash_history_footprint(&least, s->statement_rows)}};
    uint64_t there = ph_memory_of_machine();
    (void)market;
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
        if (v[i].needed > there)
            ph_config_fault(f, v[i].row,
                            "\"%s\" takes %" PRIu64 " MiB when it is full, and this machine has "
                            "%" PRIu64 " MiB: lower it",
                            v[i].row, v[i].needed >> 20, there >> 20);
}

static const ph_config_table table = {
    .section = "replica",
    .rows = rows,
    .row_cnt = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(settings),
    .check = check,
};

typedef struct {
    void *block;
    size_t size;
} past;

typedef struct {
    settings settings;
    ph_config_market market;
    ph_replay *replay; /* NULL until there is a journal */
    ph_holdings holdings;
    void *room; /* of the questions */
    size_t room_size;
    past orders_past, contracts_past, cash_past;
    ph_question *question; /* NULL until the market is there, likewise the histories */
    ph_order_history *history;
    ph_contract_history *contracts;
    ph_cash_history *cash;
    bool is_checked; /* the journal is of this market */
    void *zmq, *socket;
    int watch; /* tells that the journal changed; -1: the system cannot */
    uint64_t answered, dropped;
    ph_time taken_at; /* stamp of the record that was taken last */
    bool is_behind;   /* the last look did not reach the end of the journal */
    ph_monitor *monitor;
    ph_query asked;
    ph_answer answer;
} replica;

/* ---- The journal --------------------------------------------------------------------------- */

static bool check_market(replica *r)
{
    const ph_open_market *opened = ph_market_opened(ph_replay_market(r->replay));
    r->is_checked = opened != NULL && strcmp(opened->market.s, r->market.name) == 0;
    if (!r->is_checked)
        ph_log_error("could not follow journal \"%s\": it is of market \"%s\", the configuration "
                     "says \"%s\"; correct [market] name or [replica] journal",
                     r->settings.journal, opened == NULL ? "" : opened->market.s, r->market.name);
    return r->is_checked;
}

static bool make_room(replica *r)
{
    ph_market_limits limits = ph_replay_limits(r->replay);
    r->room_size = ph_question_footprint(&limits);
    if (ph_memory_map(r->room_size, &r->room) != PH_OK) {
        ph_log_error("could not make room for questions: no memory");
        return false;
    }
    r->question = ph_question_init(r->room, &limits);
    return true;
}

/* Room of a history; `row` is the key that says how much it keeps. */
static void *map_past(past *p, size_t size, const char *row)
{
    p->size = size;
    if (ph_memory_map(size, &p->block) == PH_OK) return p->block;
    ph_log_error("could not make room of %zu bytes for what is past: no memory; lower [replica] %s",
                 size, row);
    p->block = NULL;
    return NULL;
}

static bool make_past(replica *r)
{
    ph_market_limits limits = ph_replay_limits(r->replay);
    const settings *s = &r->settings;
    ph_order_history_key key;
    if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key) {
        ph_log_error("could not draw a key for the orders: %s", strerror(errno));
        return false;
    }
    void *orders = map_past(&r->orders_past, ph_order_history_footprint(&limits, s->ended_orders),
                            "ended_orders");
    if (orders == NULL) return false;
    r->history = ph_order_history_init(orders, &limits, s->ended_orders, &key);
    void *contracts =
        map_past(&r->contracts_past, ph_contract_history_footprint(&limits, s->ended_contracts),
                 "ended_contracts");
    if (contracts == NULL) return false;
    r->contracts = ph_contract_history_init(contracts, &limits, s->ended_contracts);
    void *cash = map_past(&r->cash_past, ph_cash_history_footprint(&limits, s->statement_rows),
                          "statement_rows");
    if (cash == NULL) return false;
    r->cash = ph_cash_history_init(cash, &limits, s->statement_rows);
    return true;
}

static void tell_past(const replica *r)
{
    const settings *s = &r->settings;
    const ph_log_pair pairs[] = {{"ended_orders", NULL, s->ended_orders},
                                 {"bytes", NULL, r->orders_past.size},
                                 {"ended_contracts", NULL, s->ended_contracts},
                                 {"contracts_bytes", NULL, r->contracts_past.size},
                                 {"statement_rows", NULL, s->statement_rows},
                                 {"statement_bytes", NULL, r->cash_past.size}};
    ph_log_event(PH_LOG_INFO, "history", pairs, sizeof pairs / sizeof pairs[0],
                 "keeps orders that rest and the last %" PRIu32
                 " that ended in at most %zu bytes, contracts that deliver and the last %" PRIu32
                 " that ended in at most %zu bytes, and %" PRIu32
                 " rows of statements in at most %zu bytes",
                 s->ended_orders, r->orders_past.size, s->ended_contracts, r->contracts_past.size,
                 s->statement_rows, r->cash_past.size);
}

static bool take(replica *r, const ph_replay_batch *batch)
{
    if (!r->is_checked) {
        if (!check_market(r) || !make_room(r) || !make_past(r)) return false;
        tell_past(r);
    }
    const ph_market *m = ph_replay_market(r->replay);
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        ph_order_history_take(r->history, &batch->records[i]);
        ph_contract_history_take(r->contracts, m, &batch->records[i]);
        ph_cash_history_take(r->cash, &batch->records[i]);
        if (ph_holdings_take(&r->holdings, m, &batch->records[i]) == PH_OK) continue;
        ph_log_error("could not note what record %" PRIu64 " brought: no memory",
                     batch->first_seq + i);
        return false;
    }
    return true;
}

static void tell_figures(const replica *r)
{
    ph_query_figures f = {.last = r->taken_at, .answered = r->answered, .dropped = r->dropped};
    if (r->replay != NULL) {
        f.sequence = ph_market_seq(ph_replay_market(r->replay));
        f.durable = ph_replay_durable(r->replay);
    }
    if (r->history != NULL) f.ended = ph_order_history_ended(r->history);
    if (r->contracts != NULL) f.ended_contracts = ph_contract_history_ended(r->contracts);
    if (r->cash != NULL)
        f.statements_from.ns = ph_cash_history_first_day(r->cash) * UINT64_C(86400) * PH_NS_PER_S;
    f.lag = f.durable > f.sequence ? f.durable - f.sequence : 0;
    if (r->is_behind) f.behind = r->taken_at;
    ph_query_figures_tell(ph_monitor_metrics(r->monitor), &f);
}

/* Takes what is durable, at most so many batches.  PH_OK: there may be more; PH_EEND: that was all
   yet; anything else was logged and ends the process. */
static ph_status follow(replica *r)
{
    ph_replay_error err = {.seq = 0};
    for (uint32_t i = 0; i < BATCHES_PER_TURN; i++) {
        const ph_replay_batch *batch;
        ph_status s =
            r->replay == NULL ? ph_replay_open(r->settings.journal, &r->replay, &err) : PH_OK;
        if (s == PH_ENOTFOUND) return PH_EEND;
        if (s == PH_OK) s = ph_replay_next(r->replay, &batch, &err);
        r->is_behind = s == PH_OK;
        if (s == PH_EEND) return PH_EEND;
        if (s != PH_OK) {
            ph_log_error("%s", err.text);
            return s;
        }
        if (!take(r, batch)) return PH_EIO;
        r->taken_at = batch->records[batch->record_cnt - 1].command.at;
    }
    return PH_OK;
}

/* Takes everything that is durable now, waiting for the market to be opened. */
static bool catch_up(replica *r)
{
    bool is_said = false;
    while (!ph_stop_requested()) {
        ph_status s = follow(r);
        tell_figures(r);
        if (s == PH_OK) continue;
        if (s != PH_EEND) return false;
        if (r->is_checked) return true;
        if (!is_said) ph_log_info("waiting for a journal in \"%s\"", r->settings.journal);
        is_said = true;
        zmq_pollitem_t stop = {.fd = ph_stop_descriptor(), .events = ZMQ_POLLIN};
        (void)zmq_poll(&stop, 1, ABSENT_MS); /* a failed wait is a short wait */
    }
    return true;
}

/* ---- Questions ----------------------------------------------------------------------------- */

static bool open_door(replica *r)
{
    const int queue = QUEUE_MESSAGES, linger = 0;
    const char *link = r->settings.link;
    r->zmq = zmq_ctx_new();
    r->socket = r->zmq == NULL ? NULL : zmq_socket(r->zmq, ZMQ_ROUTER);
    if (r->socket == NULL || zmq_setsockopt(r->socket, ZMQ_RCVHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(r->socket, ZMQ_SNDHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(r->socket, ZMQ_LINGER, &linger, sizeof linger) != 0) {
        ph_log_error("could not make a socket: %s", zmq_strerror(errno));
        return false;
    }
    /* Whoever can reach the socket can ask for anybody: our own user, and the group where the umask
       leaves it that. */
    mode_t before = umask(0177);
    (void)umask(before | 0117);
    bool is_bound = strncmp(link, "ipc://", 6) == 0 && zmq_bind(r->socket, link) == 0;
    (void)umask(before);
    if (!is_bound)
        ph_log_error("could not listen on \"%s\": %s", link,
                     strncmp(link, "ipc://", 6) == 0 ? zmq_strerror(errno) : "not ipc://...");
    return is_bound;
}

/* Receives one message of two parts; false: nothing is there.  A size of 0 is no question. */
static bool receive(replica *r, uint8_t identity[IDENTITY_MAX], int *ret_identity_size,
                    uint8_t bytes[PH_QUERY_BYTES_MAX], int *ret_size)
{
    int more = 1, part = 0;
    *ret_size = 0;
    for (; more != 0; part++) {
        uint8_t rest[1];
        void *to = part == 0 ? identity : part == 1 ? bytes : rest;
        size_t room = part == 0 ? IDENTITY_MAX : part == 1 ? PH_QUERY_BYTES_MAX : sizeof rest;
        int size = zmq_recv(r->socket, to, room, ZMQ_DONTWAIT);
        size_t more_size = sizeof more;
        if (size < 0) return false;
        if (part == 0) *ret_identity_size = size;
        if (part == 1) *ret_size = size <= PH_QUERY_BYTES_MAX ? size : 0;
        if (part > 1) *ret_size = 0;
        if (zmq_getsockopt(r->socket, ZMQ_RCVMORE, &more, &more_size) != 0) return false;
    }
    return true;
}

/* Answers the questions that are there, at most so many.  True: there may be more. */
static bool answer_questions(replica *r)
{
    uint8_t identity[IDENTITY_MAX], bytes[PH_QUERY_BYTES_MAX];
    static uint8_t room[PH_ANSWER_BYTES_MAX];
    int identity_size = 0, size = 0;
    for (int i = 0; i < ANSWERS_PER_TURN; i++) {
        uint64_t tag;
        if (!receive(r, identity, &identity_size, bytes, &size)) return false;
        if (ph_query_read(bytes, (size_t)size, &tag, &r->asked) != PH_OK) {
            r->dropped++;
            continue;
        }
        ph_answerer a = {r->question,  ph_replay_market(r->replay),
                         &r->holdings, r->history,
                         r->contracts, r->cash};
        ph_answer_query(&a, &r->asked, &r->answer);
        ph_writer w = ph_writer_of(room, sizeof room);
        ph_answer_write(&w, tag, &r->answer);
        PH_ASSERT(!w.full);
        /* A gateway that went away, or takes nothing, asks again or tells its clients. */
        if (zmq_send(r->socket, identity, (size_t)identity_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
            (void)zmq_send(r->socket, room, ph_writer_size(&w), ZMQ_DONTWAIT);
        r->answered++;
    }
    return true;
}

static bool serve(replica *r)
{
    bool is_idle = false;
    while (!ph_stop_requested()) {
        zmq_pollitem_t items[3] = {
            {.socket = r->socket, .events = ZMQ_POLLIN},
            {.fd = ph_stop_descriptor(), .events = ZMQ_POLLIN},
            {.fd = r->watch, .events = ZMQ_POLLIN},
        };
        int wait_ms = r->watch >= 0 ? WAIT_MS : UNTOLD_MS;
        if (zmq_poll(items, r->watch >= 0 ? 3 : 2, is_idle ? wait_ms : 0) < 0 && errno != EINTR) {
            ph_log_error("could not wait for gateways: %s", zmq_strerror(errno));
            return false;
        }
        ph_monitor_turn(r->monitor);
        ph_folder_watch_forget(r->watch); /* before the look: what comes later is told again */
        ph_status s = follow(r);
        if (s != PH_OK && s != PH_EEND) return false;
        is_idle = !answer_questions(r) && s == PH_EEND;
        tell_figures(r);
        ph_monitor_idle(r->monitor);
    }
    uint64_t seq = ph_market_seq(ph_replay_market(r->replay));
    const ph_log_pair pairs[] = {{"seq", NULL, seq}, {"answers", NULL, r->answered}};
    ph_log_event(PH_LOG_INFO, "stopped", pairs, 2,
                 "stopped after %" PRIu64 " answers, at record %" PRIu64, r->answered, seq);
    return true;
}

static bool open_monitor(replica *r)
{
    char err[512];
    ph_monitor_settings s = {.address = r->settings.monitor,
                             .lag_seconds_max = r->settings.ready_lag_seconds};
    ph_query_figures_describe(&s);
    if (ph_monitor_open(&s, &r->monitor, err, sizeof err) == PH_OK) return true;
    ph_log_error("%s", err);
    return false;
}

static bool run(replica *r)
{
    if (!open_monitor(r) || !catch_up(r)) return false;
    if (ph_stop_requested()) return true;
    r->watch = ph_folder_watch_open(r->settings.journal, UNTOLD_MS);
    if (!open_door(r)) return false;
    /* Who is told by the file, or by systemd, finds it in the log. */
    uint64_t seq = ph_market_seq(ph_replay_market(r->replay));
    const ph_log_pair pairs[] = {{"link", r->settings.link, 0}, {"seq", NULL, seq}};
    ph_log_event(PH_LOG_INFO, "ready", pairs, 2,
                 "answering for market %s at %s, after record %" PRIu64, r->market.name,
                 r->settings.link, seq);
    if (ph_ready_write(r->settings.ready_file, "ready\n") != PH_OK) {
        ph_log_error("could not write ready file \"%s\": %s", r->settings.ready_file,
                     strerror(errno));
        return false;
    }
    ph_monitor_ready(r->monitor, NULL);
    return serve(r);
}

static void release(replica *r)
{
    ph_monitor_close(r->monitor);
    if (r->socket != NULL) (void)zmq_close(r->socket);
    if (r->zmq != NULL) (void)zmq_ctx_term(r->zmq); /* the process ends either way */
    if (r->watch >= 0) (void)close(r->watch);       /* nothing was written */
    ph_holdings_release(&r->holdings);
    ph_memory_unmap(r->room, r->room_size);
    ph_memory_unmap(r->orders_past.block, r->orders_past.size);
    ph_memory_unmap(r->contracts_past.block, r->contracts_past.size);
    ph_memory_unmap(r->cash_past.block, r->cash_past.size);
    ph_replay_close(r->replay);
}

int main(int argc, char **argv)
{
    ph_options options;
    static replica r = {.watch = -1};
    ph_log_init("petahour-replica");
    ph_options_parse(argc, argv,
                     "Replays the journal and answers questions about the market that gateways "
                     "ask for participants.",
                     &options);
    int end = ph_options_load(&options, &table, &r.market, &r.settings);
    if (end != PH_OPTIONS_SERVE) return end;
    ph_stop_install();
    bool is_good = run(&r);
    release(&r);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
