/* SPDX-License-Identifier: Apache-2.0 */
/* long: one connection, and the only place that knows libpq */
#include "engine/settle/pg.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/process/clock.h"
#include "engine/process/stop.h"

enum {
    ANSWER_SECONDS_MAX = 60,  /* a statement or a commit that takes longer counts as lost */
    CONNECT_SECONDS_MAX = 10, /* the same for a connection */
    STOP_SECONDS_MAX = 5,     /* what a stop leaves to a statement that is under way */
    OID_INT8 = 20,            /* pg_type.oid of bigint, fixed for ever */
    PARAMETERS_MAX = 16,
    PREPARED_MAX = 16, /* statements that one connection keeps planned */
    QUEUE_MAX = 32,    /* statements that were sent and are not answered */
    WHAT_SIZE = 96,
};

/* What the results of one request come to. */
typedef struct {
    ph_pg_on_row on_row;
    void *arg;
    uint64_t changed;
    bool is_copy;   /* the server waits for data, or sends it */
    bool is_commit; /* the last command was COMMIT and it was not turned into ROLLBACK */
    ph_status from_row;
} answer;

/* A statement of a pipeline. */
typedef struct {
    char what[WHAT_SIZE]; /* could not be done, if it fails */
    answer answer;
    uint64_t *changed; /* may be NULL */
} queued;

struct ph_pg {
    PGconn *conn;
    bool is_commit_cancelled; /* warning 01000 came: a synchronous commit was not waited for */
    const char *prepared[PREPARED_MAX]; /* statement i has the name "si" */
    uint32_t prepared_cnt;
    uint64_t answer_seconds;
    bool is_pipeline;
    queued queue[QUEUE_MAX];
    uint32_t queue_cnt;
    ph_status failed; /* of this pipeline, first */
    ph_pg_error error;
};

/* How long one call may wait; a stop makes it shorter, once. */
typedef struct {
    uint64_t end_ns;
    bool saw_stop;
} deadline;

static deadline deadline_in(uint64_t seconds)
{
    return (deadline){ph_clock_monotonic_ns() + seconds * PH_NS_PER_S, false};
}

/* libpq ends its messages with a line feed and may use several lines. */
static void say(ph_pg_error *e, const char *sqlstate, const char *what, const char *why)
{
    *e = (ph_pg_error){0};
    (void)snprintf(e->sqlstate, sizeof e->sqlstate, "%s", sqlstate == NULL ? "" : sqlstate);
    int n = snprintf(e->text, sizeof e->text, "%s: %s", what, why);
    size_t size = n < 0 ? 0 : (size_t)n < sizeof e->text ? (size_t)n : sizeof e->text - 1;
    while (size > 0 && (e->text[size - 1] == '\n' || e->text[size - 1] == ' '))
        e->text[--size] = '\0';
    for (size_t i = 0; i < size; i++) {
        if (e->text[i] == '\n') e->text[i] = ' ';
    }
}

static ph_status lost(ph_pg *pg, const char *what, ph_pg_error *e)
{
    const char *why = PQerrorMessage(pg->conn);
    say(e, NULL, what, why[0] == '\0' ? "the connection ended" : why);
    return PH_EAGAIN;
}

/* Waits until the socket is ready for one of `events`.  False: the deadline has passed. */
static bool wait_socket(PGconn *conn, short events, deadline *d)
{
    for (;;) {
        if (!d->saw_stop && ph_stop_requested()) {
            uint64_t soon = ph_clock_monotonic_ns() + STOP_SECONDS_MAX * PH_NS_PER_S;
            if (soon < d->end_ns) d->end_ns = soon;
            d->saw_stop = true;
        }
        uint64_t now = ph_clock_monotonic_ns();
        if (now >= d->end_ns) return false;
        int left_ms = (int)((d->end_ns - now) / 1000000) + 1;
        struct pollfd fds[2] = {{.fd = PQsocket(conn), .events = events},
                                {.fd = d->saw_stop ? -1 : ph_stop_descriptor(), .events = POLLIN}};
        int n = poll(fds, 2, left_ms);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0 && fds[0].revents != 0) return true;
    }
}

static void on_notice(void *arg, const PGresult *result)
{
    ph_pg *pg = arg;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sqlstate != NULL && strcmp(sqlstate, "01000") == 0) pg->is_commit_cancelled = true;
}

/* Why the server refuses a connection: libpq gives the code within a verbose message alone,
   "FATAL:  28P01: password ...", with the place in the server's source as its last line. */
static ph_status not_connected(ph_pg *pg, ph_pg_error *e)
{
    static const char place[] = "\nLOCATION:  ";
    enum { CODE = 5 };
    char text[sizeof e->text], code[CODE + 1] = "";
    (void)snprintf(text, sizeof text, "%s", PQerrorMessage(pg->conn));
    for (char *at; (at = strstr(text, place)) != NULL;) {
        const char *end = strchr(at + 1, '\n');
        memmove(at, end == NULL ? "" : end, end == NULL ? 1 : strlen(end) + 1);
    }
    for (char *at = text; (at = strstr(at, ":  ")) != NULL;) {
        at += 3;
        if (strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != CODE || at[CODE] != ':') continue;
        memcpy(code, at, CODE); /* of several hosts the last */
        memmove(at, at + CODE + 2, strlen(at + CODE + 2) + 1);
    }
    if (code[0] == '\0' && PQconnectionNeedsPassword(pg->conn) != 0) memcpy(code, "28P01", CODE);
    say(e, code, "could not connect to the database", text);
    return PH_EAGAIN;
}

static ph_status finish_connect(ph_pg *pg, ph_pg_error *e)
{
    deadline d = deadline_in(CONNECT_SECONDS_MAX);
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    PGVerbosity usual = PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED) return not_connected(pg, e);
        short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_socket(pg->conn, events, &d)) {
            say(e, NULL, "could not connect to the database", "no answer in time");
            return PH_EAGAIN;
        }
        next = PQconnectPoll(pg->conn);
    }
    (void)PQsetErrorVerbosity(pg->conn, usual); /* returns the one before */
    if (PQsetnonblocking(pg->conn, 1) != 0) return lost(pg, "could not use the connection", e);
    return PH_OK;
}

ph_status ph_pg_conninfo_each(const char *conninfo,
                              void (*on_option)(void *arg, const char *name, const char *value),
                              void *arg, ph_pg_error *reterr)
{
    char *why = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &why);
    if (parsed == NULL) {
        say(reterr, NULL, "the connection string is wrong", why == NULL ? "no memory" : why);
        PQfreemem(why);
        return PH_EINVAL;
    }
    for (const PQconninfoOption *o = parsed; o->keyword != NULL; o++) {
        if (o->val != NULL && on_option != NULL) on_option(arg, o->keyword, o->val);
    }
    PQconninfoFree(parsed);
    return PH_OK;
}

ph_status ph_pg_open(const char *conninfo, const char *program, ph_pg **ret, ph_pg_error *reterr)
{
    ph_status good = ph_pg_conninfo_each(conninfo, NULL, NULL, reterr);
    if (good != PH_OK) return good;
    ph_pg *pg = calloc(1, sizeof *pg);
    if (pg == NULL) {
        say(reterr, NULL, "could not connect to the database", "no memory");
        return PH_EFULL;
    }
    pg->answer_seconds = ANSWER_SECONDS_MAX;
    /* What the caller's string says comes after, and wins. */
    const char *const keys[] = {
        "fallback_application_name", "client_encoding",  "keepalives_idle", "keepalives_interval",
        "keepalives_count",          "tcp_user_timeout", "dbname",          NULL};
    const char *const values[] = {program, "UTF8", "10", "5", "3", "25000", conninfo, NULL};
    pg->conn = PQconnectStartParams(keys, values, 1);
    ph_status s = PH_OK;
    if (pg->conn == NULL) {
        say(reterr, NULL, "could not connect to the database", "no memory");
        s = PH_EFULL;
    } else if (PQstatus(pg->conn) == CONNECTION_BAD) {
        s = lost(pg, "could not connect to the database", reterr);
    } else {
        (void)PQsetNoticeReceiver(pg->conn, on_notice, pg); /* returns the receiver before it */
        s = finish_connect(pg, reterr);
    }
    if (s != PH_OK) {
        ph_pg_close(pg);
        return s;
    }
    *ret = pg;
    return PH_OK;
}

void ph_pg_answer_within(ph_pg *pg, uint32_t seconds)
{
    pg->answer_seconds = seconds;
}

void ph_pg_close(ph_pg *pg)
{
    if (pg == NULL) return;
    PQfinish(pg->conn);
    free(pg);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static ph_status status_of(const char *sqlstate)
{
    if (begins(sqlstate, "40001") || begins(sqlstate, "40P01") || begins(sqlstate, "55P03"))
        return PH_EBUSY;
    if (begins(sqlstate, "23") || begins(sqlstate, "22") || begins(sqlstate, "55000"))
        return PH_ECORRUPT;
    if (begins(sqlstate, "42501") || begins(sqlstate, "28")) return PH_EDENIED;
    /* 25P03: idle too long in a transaction; 53: no memory, no disk, too many connections;
       25006: read only, so not the primary any more.  All of them may pass. */
    if (begins(sqlstate, "57") || begins(sqlstate, "08") || begins(sqlstate, "53") ||
        begins(sqlstate, "25P03") || begins(sqlstate, "25006") || begins(sqlstate, "58"))
        return PH_EAGAIN;
    return PH_EINVAL;
}

static void copy_field(char to[PH_PG_NAME_MAX], const PGresult *result, int field)
{
    const char *name = PQresultErrorField(result, field);
    (void)snprintf(to, PH_PG_NAME_MAX, "%s", name == NULL ? "" : name);
}

static ph_status refused(const PGresult *result, const char *what, ph_pg_error *e)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    char both[600];
    if (why == NULL) why = PQresultErrorMessage(result);
    (void)snprintf(both, sizeof both, "%s%s%s%s%s", why, detail == NULL ? "" : ": ",
                   detail == NULL ? "" : detail, hint == NULL ? "" : "; ",
                   hint == NULL ? "" : hint);
    say(e, sqlstate, what, both);
    copy_field(e->table, result, PG_DIAG_TABLE_NAME);
    copy_field(e->constraint, result, PG_DIAG_CONSTRAINT_NAME);
    /* Without a code it was not the server that spoke: the connection broke. */
    return sqlstate == NULL ? PH_EAGAIN : status_of(sqlstate);
}

static ph_status flush(ph_pg *pg, deadline *d, ph_pg_error *e)
{
    for (int left; (left = PQflush(pg->conn)) != 0;) {
        if (left < 0) return lost(pg, "could not send to the database", e);
        if (!wait_socket(pg->conn, POLLIN | POLLOUT, d)) {
            say(e, NULL, "could not send to the database", "it does not take more in time");
            return PH_EAGAIN;
        }
        /* The server may be waiting for us to read before it reads on. */
        if (PQconsumeInput(pg->conn) == 0) return lost(pg, "could not send to the database", e);
    }
    return PH_OK;
}

/* Takes the next result; *ret is NULL when there is none left. */
static ph_status next_result(ph_pg *pg, deadline *d, PGresult **ret, ph_pg_error *e)
{
    ph_status s = flush(pg, d, e);
    while (s == PH_OK && PQisBusy(pg->conn)) {
        if (!wait_socket(pg->conn, POLLIN, d)) {
            say(e, NULL, "could not finish a statement", "the database gave no answer in time");
            return PH_EAGAIN;
        }
        if (PQconsumeInput(pg->conn) == 0) s = lost(pg, "could not read from the database", e);
    }
    if (s == PH_OK) *ret = PQgetResult(pg->conn);
    return s;
}

static ph_status give_rows(const PGresult *result, ph_pg_on_row on_row, void *arg)
{
    const char *columns[PARAMETERS_MAX];
    int cnt = PQnfields(result);
    PH_ASSERT(cnt <= PARAMETERS_MAX);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < cnt; i++)
            columns[i] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
        ph_status s = on_row(arg, columns, (uint32_t)cnt);
        if (s != PH_OK) return s;
    }
    return PH_OK;
}

static void take_tag(PGresult *result, answer *a)
{
    a->changed = strtoull(PQcmdTuples(result), NULL, 10);
    a->is_commit = strcmp(PQcmdStatus(result), "COMMIT") == 0;
}

/* Reads all results of one request (or the one that starts a COPY). */
static ph_status read_answer(ph_pg *pg, const char *what, answer *a, ph_pg_error *e)
{
    deadline d = deadline_in(pg->answer_seconds);
    ph_status first = PH_OK;
    for (;;) {
        PGresult *result = NULL;
        ph_status s = next_result(pg, &d, &result, e);
        if (s != PH_OK) return s;
        if (result == NULL) break;
        ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT) {
            PQclear(result);
            a->is_copy = true;
            return first;
        }
        bool is_row = kind == PGRES_TUPLES_OK || kind == PGRES_SINGLE_TUPLE;
        if (is_row && a->on_row != NULL && first == PH_OK && a->from_row == PH_OK)
            a->from_row = give_rows(result, a->on_row, a->arg);
        if (kind == PGRES_SINGLE_TUPLE)
            d = deadline_in(pg->answer_seconds); /* for each wait: they may be many */
        else if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK)
            take_tag(result, a);
        else if (first == PH_OK)
            first = refused(result, what, e);
        PQclear(result);
    }
    if (first == PH_OK && PQstatus(pg->conn) == CONNECTION_BAD)
        return lost(pg, "could not finish a statement", e);
    return first == PH_OK ? a->from_row : first;
}

/* The first words of a statement, for messages. */
static const char *could_not(const char *sql, char to[WHAT_SIZE])
{
    int n = (int)strcspn(sql, "\n");
    (void)snprintf(to, WHAT_SIZE, "could not run \"%.*s%s\"", n < 60 ? n : 60, sql,
                   sql[n < 60 ? n : 60] == '\0' ? "" : " ...");
    return to;
}

ph_status ph_pg_run(ph_pg *pg, const char *sql, ph_pg_error *reterr)
{
    char what[WHAT_SIZE];
    PH_ASSERT(!pg->is_pipeline);
    if (PQsendQuery(pg->conn, sql) == 0) return lost(pg, could_not(sql, what), reterr);
    answer a = {0};
    ph_status s = read_answer(pg, could_not(sql, what), &a, reterr);
    PH_ASSERT(!a.is_copy);
    return s;
}

/* ---- Statements that are sent together ------------------------------------------------------ */

void ph_pg_pipeline_begin(ph_pg *pg)
{
    PH_ASSERT(!pg->is_pipeline && pg->queue_cnt == 0);
    pg->is_pipeline = true;
    pg->failed = PQenterPipelineMode(pg->conn) == 1
                     ? PH_OK
                     : lost(pg, "could not send statements together", &pg->error);
}

static void fail(ph_pg *pg, ph_status s, const ph_pg_error *e)
{
    if (pg->failed != PH_OK) return;
    pg->failed = s;
    pg->error = *e;
}

/* The synchronization point after the last statement: the server goes on there if one failed. */
static ph_status read_sync(ph_pg *pg, ph_pg_error *e)
{
    deadline d = deadline_in(pg->answer_seconds);
    PGresult *result = NULL;
    ph_status s = next_result(pg, &d, &result, e);
    bool is_sync = s == PH_OK && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result); /* accepts NULL */
    return s != PH_OK || is_sync ? s : lost(pg, "could not send statements together", e);
}

/* Reads the answers of all that were sent. */
static void drain(ph_pg *pg)
{
    static const char what[] = "could not send statements together";
    ph_pg_error e = {0};
    uint32_t cnt = pg->queue_cnt;
    pg->queue_cnt = 0;
    if (cnt == 0 || pg->failed != PH_OK) return;
    if (PQpipelineSync(pg->conn) != 1) {
        fail(pg, lost(pg, what, &e), &e);
        return;
    }
    bool is_lost = false;
    for (uint32_t i = 0; i < cnt && !is_lost; i++) {
        queued *q = &pg->queue[i];
        ph_status s = read_answer(pg, q->what, &q->answer, &e);
        if (s == PH_OK && q->changed != NULL) *q->changed = q->answer.changed;
        if (s != PH_OK) fail(pg, s, &e);
        is_lost = s == PH_EAGAIN && pg->failed == PH_EAGAIN;
    }
    ph_status s = is_lost ? PH_OK : read_sync(pg, &e);
    if (s != PH_OK) fail(pg, s, &e);
}

/* To be asked before a statement is handed to libpq.  Not PH_OK: the pipeline has failed. */
static ph_status may_send(ph_pg *pg, ph_pg_error *e)
{
    if (!pg->is_pipeline) return PH_OK;
    if (pg->queue_cnt == QUEUE_MAX) drain(pg);
    if (pg->failed != PH_OK) *e = pg->error;
    return pg->failed;
}

/* One could not be handed over. */
static ph_status not_sent(ph_pg *pg, const char *sql, ph_pg_error *e)
{
    char what[WHAT_SIZE];
    ph_status s = lost(pg, could_not(sql, what), e);
    if (pg->is_pipeline) fail(pg, s, e);
    return s;
}

/* One was handed over: reads its answer, or leaves that to the end of the pipeline. */
static ph_status await(ph_pg *pg, const char *sql, const answer *a, uint64_t *changed,
                       ph_pg_error *e)
{
    queued q = {.answer = *a, .changed = changed};
    (void)could_not(sql, q.what);
    if (pg->is_pipeline) {
        PH_ASSERT(pg->queue_cnt < QUEUE_MAX);
        pg->queue[pg->queue_cnt++] = q;
        return PH_OK;
    }
    ph_status s = read_answer(pg, q.what, &q.answer, e);
    if (s == PH_OK && changed != NULL) *changed = q.answer.changed;
    return s;
}

ph_status ph_pg_pipeline_end(ph_pg *pg, ph_pg_error *reterr)
{
    PH_ASSERT(pg->is_pipeline);
    drain(pg);
    pg->is_pipeline = false;
    ph_pg_error e;
    if (pg->failed != PH_EAGAIN && PQexitPipelineMode(pg->conn) != 1)
        fail(pg, lost(pg, "could not send statements together", &e), &e);
    if (pg->failed != PH_OK) *reterr = pg->error;
    return pg->failed;
}

/* ---- Statements with parameters ------------------------------------------------------------- */

ph_status ph_pg_ask(ph_pg *pg, const char *sql, uint32_t cnt, const char *const *parameters,
                    ph_pg_on_row on_row, void *arg, ph_pg_error *reterr)
{
    ph_status s = may_send(pg, reterr);
    if (s != PH_OK) return s;
    if (PQsendQueryParams(pg->conn, sql, (int)cnt, NULL, parameters, NULL, NULL, 0) == 0)
        return not_sent(pg, sql, reterr);
    return await(pg, sql, &(answer){.on_row = on_row, .arg = arg}, NULL, reterr);
}

ph_status ph_pg_each(ph_pg *pg, const char *sql, ph_pg_on_row on_row, void *arg,
                     ph_pg_error *reterr)
{
    char what[WHAT_SIZE];
    if (PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 0)
        return lost(pg, could_not(sql, what), reterr);
    int is_single = PQsetSingleRowMode(pg->conn);
    PH_ASSERT(is_single == 1); /* a query was sent, and nothing read of it */
    answer a = {.on_row = on_row, .arg = arg};
    return read_answer(pg, could_not(sql, what), &a, reterr);
}

static void put_u32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* A bigint[] as the server's array_recv reads it: dimensions, has nulls, element type, length,
   lower bound, then each element with its size; all big-endian. */
enum { ARRAY_HEADER = 20, ARRAY_ELEMENT = 12 };

static void write_array(uint8_t *to, const int64_t *v, uint32_t length)
{
    put_u32(to, length == 0 ? 0 : 1);
    put_u32(to + 4, 0);
    put_u32(to + 8, OID_INT8);
    put_u32(to + 12, length);
    put_u32(to + 16, 1);
    to += ARRAY_HEADER;
    for (uint32_t i = 0; i < length; i++, to += ARRAY_ELEMENT) {
        uint64_t bits = (uint64_t)v[i];
        put_u32(to, 8);
        put_u32(to + 4, (uint32_t)(bits >> 32));
        put_u32(to + 8, (uint32_t)bits);
    }
}

/* Gives the name of a statement that the server has planned, which it does the first time. */
static ph_status prepare(ph_pg *pg, const char *sql, char name[16], ph_pg_error *e)
{
    uint32_t i = 0;
    while (i < pg->prepared_cnt && pg->prepared[i] != sql)
        i++;
    PH_ASSERT(i < PREPARED_MAX);
    (void)snprintf(name, 16, "s%" PRIu32, i);
    ph_status s = may_send(pg, e);
    if (s != PH_OK || i < pg->prepared_cnt) return s;
    if (PQsendPrepare(pg->conn, name, sql, 0, NULL) == 0) return not_sent(pg, sql, e);
    s = await(pg, sql, &(answer){0}, NULL, e);
    if (pg->is_pipeline) drain(pg); /* it is not there before it is known to be */
    if (s == PH_OK) s = may_send(pg, e);
    if (s == PH_OK) pg->prepared[pg->prepared_cnt++] = sql;
    return s;
}

ph_status ph_pg_arrays(ph_pg *pg, const char *sql, uint32_t cnt, const int64_t *const *arrays,
                       uint32_t length, uint64_t *ret_changed, ph_pg_error *reterr)
{
    enum { LENGTH_MAX = 1 << 24 };
    PH_ASSERT(cnt <= PARAMETERS_MAX && length > 0 && length <= LENGTH_MAX);
    char name[16];
    ph_status s = prepare(pg, sql, name, reterr);
    if (s != PH_OK) return s;
    size_t size = ARRAY_HEADER + (size_t)ARRAY_ELEMENT * length;
    const char *values[PARAMETERS_MAX];
    int sizes[PARAMETERS_MAX], formats[PARAMETERS_MAX];
    uint8_t *bytes = malloc(size * cnt);
    if (bytes == NULL) {
        say(reterr, NULL, "could not run a statement", "no memory");
        return PH_EFULL;
    }
    for (uint32_t i = 0; i < cnt; i++) {
        write_array(bytes + size * i, arrays[i], length);
        values[i] = (const char *)bytes + size * i;
        sizes[i] = (int)size;
        formats[i] = 1;
    }
    int sent = PQsendQueryPrepared(pg->conn, name, (int)cnt, values, sizes, formats, 0);
    free(bytes); /* libpq has copied them */
    return sent == 0 ? not_sent(pg, sql, reterr)
                     : await(pg, sql, &(answer){0}, ret_changed, reterr);
}

ph_status ph_pg_copy_begin(ph_pg *pg, const char *sql, ph_pg_error *reterr)
{
    char what[WHAT_SIZE];
    PH_ASSERT(!pg->is_pipeline);
    if (PQsendQuery(pg->conn, sql) == 0) return lost(pg, could_not(sql, what), reterr);
    answer a = {0};
    ph_status s = read_answer(pg, could_not(sql, what), &a, reterr);
    PH_ASSERT(s != PH_OK || a.is_copy);
    return s;
}

ph_status ph_pg_copy_put(ph_pg *pg, const void *bytes, size_t size, ph_pg_error *reterr)
{
    PH_ASSERT(size <= 1 << 24);
    deadline d = deadline_in(pg->answer_seconds);
    for (int taken; (taken = PQputCopyData(pg->conn, bytes, (int)size)) != 1;) {
        if (taken < 0) return lost(pg, "could not copy rows", reterr);
        ph_status s = flush(pg, &d, reterr);
        if (s != PH_OK) return s;
    }
    /* Sent now, not gathered: otherwise libpq keeps a whole table in memory. */
    return flush(pg, &d, reterr);
}

/* Ends the present COPY and reads what comes of it, up to the next COPY of the request if there is
   one. */
static ph_status end_copy(ph_pg *pg, answer *a, ph_pg_error *e)
{
    deadline d = deadline_in(pg->answer_seconds);
    for (int taken; (taken = PQputCopyEnd(pg->conn, NULL)) != 1;) {
        if (taken < 0) return lost(pg, "could not copy rows", e);
        ph_status s = flush(pg, &d, e);
        if (s != PH_OK) return s;
    }
    return read_answer(pg, "could not copy rows", a, e);
}

ph_status ph_pg_copy_next(ph_pg *pg, uint64_t *ret_rows, ph_pg_error *reterr)
{
    answer a = {0};
    ph_status s = end_copy(pg, &a, reterr);
    PH_ASSERT(s != PH_OK || a.is_copy);
    if (s == PH_OK) *ret_rows = a.changed;
    return s;
}

ph_status ph_pg_copy_end(ph_pg *pg, uint64_t *ret_rows, ph_pg_error *reterr)
{
    answer a = {0};
    ph_status s = end_copy(pg, &a, reterr);
    PH_ASSERT(s != PH_OK || !a.is_copy);
    if (s == PH_OK) *ret_rows = a.changed;
    return s;
}

bool ph_pg_literal(ph_pg *pg, const char *text, char *to, size_t size)
{
    char *quoted = PQescapeLiteral(pg->conn, text, strlen(text));
    bool fits = quoted != NULL && strlen(quoted) < size;
    if (fits) memcpy(to, quoted, strlen(quoted) + 1);
    PQfreemem(quoted);
    return fits;
}

bool ph_pg_bytes(const char *column, uint8_t *ret, size_t size)
{
    size_t found = 0;
    uint8_t *bytes = column == NULL ? NULL : PQunescapeBytea((const unsigned char *)column, &found);
    bool fits = bytes != NULL && found == size;
    if (fits) memcpy(ret, bytes, size);
    PQfreemem(bytes);
    return fits;
}

ph_status ph_pg_copy_out(ph_pg *pg, const char *sql,
                         ph_status (*on_bytes)(void *arg, const uint8_t *bytes, size_t size),
                         void *arg, ph_pg_error *reterr)
{
    char what[WHAT_SIZE];
    ph_status s = ph_pg_copy_begin(pg, sql, reterr);
    if (s != PH_OK) return s;
    deadline d = deadline_in(pg->answer_seconds);
    for (;;) {
        char *bytes = NULL;
        int size = PQgetCopyData(pg->conn, &bytes, 1);
        if (size == -1) break;
        if (size < -1) return lost(pg, could_not(sql, what), reterr);
        if (size > 0) {
            s = on_bytes(arg, (const uint8_t *)bytes, (size_t)size);
            PQfreemem(bytes);
            if (s == PH_OK) continue;
            say(reterr, NULL, could_not(sql, what), "its rows cannot be read");
            return s;
        }
        if (!wait_socket(pg->conn, POLLIN, &d)) {
            say(reterr, NULL, could_not(sql, what), "the database gave no answer in time");
            return PH_EAGAIN;
        }
        if (PQconsumeInput(pg->conn) == 0) return lost(pg, could_not(sql, what), reterr);
        d = deadline_in(pg->answer_seconds); /* for each wait: a table may be large */
    }
    answer a = {0};
    return read_answer(pg, could_not(sql, what), &a, reterr);
}

ph_status ph_pg_commit(ph_pg *pg, ph_pg_error *reterr)
{
    pg->is_commit_cancelled = false;
    if (PQsendQuery(pg->conn, "COMMIT") == 0) return lost(pg, "could not commit", reterr);
    answer a = {0};
    ph_status s = read_answer(pg, "could not commit", &a, reterr);
    if (s != PH_OK) return s;
    if (pg->is_commit_cancelled) {
        say(reterr, "01000", "could not commit",
            "the wait for a synchronous standby was cancelled, so it may be lost");
        return PH_EAGAIN;
    }
    if (a.is_commit) return PH_OK;
    say(reterr, NULL, "could not commit", "the server rolled the transaction back");
    return PH_EINVAL;
}
