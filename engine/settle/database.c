/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/database.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/process/log.h"

static const char away[] = "the database is away", no_rows[] = "the database takes no rows";

/* What an operator has to mend, by the beginning of the SQLSTATE. */
static const struct {
    const char *sqlstate, *why;
} refusals[] = {
    {"28P01", "the database refuses the password"},
    {"28", "the database refuses the user (pg_hba.conf)"},
    {"3D000", "the database refuses: there is none of this name"},
    {"42501", "the database refuses the user, who may not connect"},
};

static const char *outage_of(const ph_pg_error *e)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (strncmp(e->sqlstate, refusals[i].sqlstate, strlen(refusals[i].sqlstate)) == 0)
            return refusals[i].why;
    }
    return away;
}

const char *ph_database_not_ready(const ph_database *d)
{
    return d->outage != NULL ? d->outage : d->failures > 0 ? no_rows : NULL;
}

static void drop(ph_database *d)
{
    ph_pg_close(d->pg);
    d->pg = NULL;
}

static bool may_pass(ph_status s)
{
    return s == PH_EAGAIN || s == PH_EBUSY;
}

ph_status ph_database_open(ph_database *d, const char *schema)
{
    ph_pg_error e = {0};
    ph_status s = ph_migrations_read(schema, &d->migrations, &e);
    if (s != PH_OK) ph_log_error("could not read the schema: %s", e.text);
    return s;
}

void ph_database_close(ph_database *d)
{
    drop(d);
    ph_migrations_free(d->migrations);
    d->migrations = NULL;
}

/* ---- Connections ----------------------------------------------------------------------------- */

static ph_status on_backend(void *arg, const char *const *columns, uint32_t cnt)
{
    ph_database *d = arg;
    PH_ASSERT(cnt >= 2);
    (void)snprintf(d->backend_pid, sizeof d->backend_pid, "%s", columns[0]);
    (void)snprintf(d->backend_start, sizeof d->backend_start, "%s", columns[1]);
    return PH_OK;
}

/* The server notices as we do when nobody is there any more, and the backend of a connection that
   broke is ended if it waits for us: nobody will ever answer it, and it may hold the position.  One
   that still commits is left alone. */
static ph_status begin_session(ph_database *d, ph_pg_error *e)
{
    ph_status s = PH_OK;
    if (d->backend_pid[0] != '\0') {
        const char *parameters[] = {d->backend_pid, d->backend_start};
        s = ph_pg_ask(d->pg,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid ="
                      " $1::integer AND backend_start = $2::timestamptz"
                      " AND wait_event = 'ClientRead'",
                      2, parameters, NULL, NULL, e);
    }
    if (s != PH_OK) return s;
    return ph_pg_ask(d->pg,
                     "SELECT pid, backend_start, set_config('tcp_keepalives_idle', '10', false),"
                     " set_config('tcp_keepalives_interval', '5', false),"
                     " set_config('tcp_keepalives_count', '3', false),"
                     " set_config('tcp_user_timeout', '25000', false)"
                     " FROM pg_stat_activity WHERE pid = pg_backend_pid()",
                     0, NULL, on_backend, d, e);
}

static ph_status take_position(ph_database *d, ph_pg_error *e)
{
    ph_status s = ph_position_take(d->pg, d->market, &d->at, e);
    if (s == PH_OK) s = ph_backfill_read(d->pg, &d->backfill, e);
    if (s == PH_OK) s = ph_partitions_count(d->pg, &d->partitions, e);
    if (s != PH_OK) return s;
    d->is_taken = true;
    const ph_log_pair pairs[] = {{"seq", NULL, d->at.seq}, {"epoch", NULL, d->at.epoch}};
    ph_log_event(PH_LOG_INFO, "ready", pairs, 2,
                 "connected: rows of market %s go to record %" PRIu64 ", epoch %" PRIu64, d->market,
                 d->at.seq, d->at.epoch);
    return PH_OK;
}

static ph_status connect_once(ph_database *d, ph_pg_error *e)
{
    ph_status s = PH_OK;
    if (d->pg == NULL) {
        s = ph_pg_open(d->conninfo, "petahour-settle", &d->pg, e);
        if (s == PH_OK) ph_pg_answer_within(d->pg, d->answer_seconds);
        if (s == PH_OK) s = begin_session(d, e);
        if (s == PH_OK) s = ph_migrations_check(d->pg, d->migrations, d->is_taken, e);
    }
    return s != PH_OK || d->is_taken || !d->is_market_checked ? s : take_position(d, e);
}

/* Once for each reason: a server may be away first, and refuse when it is back. */
static void say_outage(ph_database *d, const ph_pg_error *e)
{
    const char *why = outage_of(e);
    if (d->outage == why) return;
    d->outage = why;
    const ph_log_pair pairs[] = {{"sqlstate", e->sqlstate, 0}};
    if (why == away)
        ph_log_event(PH_LOG_WARNING, "database_away", NULL, 0,
                     "the database is away, trying again until it is back: %s", e->text);
    else
        ph_log_event(PH_LOG_ERROR, "database_refuses", pairs, 1,
                     "%s, trying again until that is mended: %s", why, e->text);
}

ph_status ph_database_connect(ph_database *d)
{
    uint32_t tries = 0;
    while (d->pg == NULL || (d->is_market_checked && !d->is_taken)) {
        ph_pg_error e = {0};
        ph_status s = connect_once(d, &e);
        if (s == PH_OK) {
            if (d->outage != NULL)
                ph_log_event(PH_LOG_INFO, "database_back", NULL, 0, "the database is back");
            d->outage = NULL;
            return PH_OK;
        }
        drop(d);
        if (!may_pass(s)) {
            ph_log_error("could not use the database: %s", e.text);
            return s;
        }
        say_outage(d, &e);
        if (!d->wait(d->arg, ++tries)) return PH_EEND;
    }
    return PH_OK;
}

/* ---- What the database has, after a transaction whose end is not known ----------------------- */

static ph_status say_lost(const ph_database *d, uint64_t seq)
{
    const ph_log_pair pairs[] = {{"seq", NULL, seq}, {"committed_seq", NULL, d->at.seq}};
    ph_log_event(PH_LOG_ERROR, "commits_lost", pairs, 2,
                 "stopping: the database has lost commits or was restored, it stands at record "
                 "%" PRIu64 " and had committed record %" PRIu64
                 "; nothing is to be emptied: once it is the right one, start again, and rows are "
                 "written from record %" PRIu64 " on, from the journal",
                 seq, d->at.seq, seq + 1);
    return PH_ENOTFOUND;
}

static bool is_at(const ph_position *p, uint64_t seq, const ph_hash *chain)
{
    return p->seq == seq && memcmp(&p->chain, chain, sizeof *chain) == 0;
}

/* Is the position where it was, or with `rows` at their end?  PH_OK: one of these. */
static ph_status judge_position(ph_database *d, const ph_position *now, const ph_rows *rows,
                                bool *ret_is_written)
{
    if (now->epoch > d->at.epoch) {
        const ph_log_pair pairs[] = {{"epoch", NULL, now->epoch}};
        ph_log_event(PH_LOG_ERROR, "taken_over", pairs, 1,
                     "stopping: another petahour-settle took over this database (epoch %" PRIu64
                     ", ours was %" PRIu64 ")",
                     now->epoch, d->at.epoch);
        return PH_EDENIED;
    }
    /* An epoch never goes back either. */
    if (now->epoch < d->at.epoch || now->seq < d->at.seq) return say_lost(d, now->seq);
    *ret_is_written = rows != NULL && is_at(now, rows->last_seq, &rows->chain);
    if (*ret_is_written || is_at(now, d->at.seq, &d->at.chain)) {
        d->at = *now;
        return PH_OK;
    }
    ph_log_error("stopping: the database stands at record %" PRIu64
                 ", with a chain hash that this process did not write there; keep it as it is, and "
                 "fill an empty one from the journal",
                 now->seq);
    return PH_EDIVERGED;
}

/* Of rows of earlier records the position says nothing, but its lock is theirs too. */
static ph_status judge_backfill(ph_database *d, const ph_backfill *now, const ph_rows *rows,
                                bool *ret_is_written)
{
    if (ph_backfill_is_behind(now, &d->backfill)) return say_lost(d, d->at.seq);
    d->backfill = *now;
    *ret_is_written = !ph_backfill_wants(now, rows->last_seq);
    return PH_OK;
}

static ph_status resolve(ph_database *d, const ph_rows *rows, bool is_fill, bool *ret_is_written)
{
    for (uint32_t tries = 0;;) {
        ph_position at = {0}; /* no row at all: everything was lost */
        ph_backfill backfill;
        ph_pg_error e = {0};
        ph_status s = ph_database_connect(d);
        if (s != PH_OK) return s;
        s = is_fill ? ph_backfill_resolve(d->pg, d->market, &at, &backfill, &e)
                    : ph_position_read(d->pg, d->market, &at, &e);
        if (s == PH_OK || s == PH_ENOTFOUND) {
            s = judge_position(d, &at, is_fill ? NULL : rows, ret_is_written);
            return s == PH_OK && is_fill ? judge_backfill(d, &backfill, rows, ret_is_written) : s;
        }
        drop(d);
        if (!may_pass(s)) {
            ph_log_error("could not read the position back: %s", e.text);
            return s;
        }
        if (!d->wait(d->arg, ++tries)) return PH_EEND;
    }
}

/* ---- Transactions ---------------------------------------------------------------------------- */

static void say_refused(const ph_rows *rows, const ph_pg_error *e)
{
    ph_log_pair pairs[5] = {{"first_seq", NULL, rows->first_seq},
                            {"last_seq", NULL, rows->last_seq}};
    uint32_t cnt = 2;
    if (e->sqlstate[0] != '\0') pairs[cnt++] = (ph_log_pair){"sqlstate", e->sqlstate, 0};
    if (e->table[0] != '\0') pairs[cnt++] = (ph_log_pair){"table", e->table, 0};
    if (e->constraint[0] != '\0') pairs[cnt++] = (ph_log_pair){"constraint", e->constraint, 0};
    ph_log_event(PH_LOG_ERROR, "rows_refused", pairs, cnt,
                 "stopping: rows of records %" PRIu64 " to %" PRIu64
                 " were refused, nothing of them was written: %s",
                 rows->first_seq, rows->last_seq, e->text);
}

/* A transaction failed for a reason that may pass.  The same reason is told once: a disk stays full
   for hours. */
static ph_status wait_after_failure(ph_database *d, ph_status failed, const ph_pg_error *e)
{
    if (d->failures++ == 0 || strcmp(d->failure, e->sqlstate) != 0)
        ph_log_warning("the database did not take rows, trying again until it does: %s", e->text);
    memcpy(d->failure, e->sqlstate, sizeof d->failure);
    if (failed == PH_EAGAIN) drop(d);
    d->retries++;
    return d->wait(d->arg, d->failures) ? PH_OK : PH_EEND;
}

static void end_failures(ph_database *d)
{
    if (d->failures > 0)
        ph_log_info("the database takes rows again, after %" PRIu32 " failed tries", d->failures);
    d->failures = 0;
}

static void note_written(ph_database *d, const ph_rows *rows)
{
    const ph_rows_room *c = &rows->cnt;
    d->transactions++;
    d->rows += c->registered + c->events + c->orders + c->ends + c->contracts + c->segments +
               c->transfers + c->accounts;
    end_failures(d);
}

static ph_status write_once(ph_database *d, const ph_rows *rows, bool is_fill, ph_pg_error *e)
{
    if (is_fill) return ph_backfill_write(d->pg, d->market, d->at.epoch, rows, &d->backfill, e);
    ph_status s = ph_rows_write(d->pg, d->market, &d->at, rows, &d->partitions, &d->sum_from, e);
    if (s != PH_OK) return s;
    d->at.seq = rows->last_seq;
    d->at.chain = rows->chain;
    return PH_OK;
}

static ph_status write_all(ph_database *d, const ph_rows *rows, bool is_fill)
{
    for (;;) {
        ph_pg_error e = {0};
        bool is_written = false;
        ph_status s = ph_database_connect(d);
        if (s != PH_OK) return s;
        ph_status written = write_once(d, rows, is_fill, &e);
        /* 55000: the position, or what is filled, is not where these rows begin, or not ours. */
        bool is_misplaced = written == PH_ECORRUPT && strcmp(e.sqlstate, "55000") == 0;
        if (may_pass(written)) s = wait_after_failure(d, written, &e);
        if (s == PH_OK && (written == PH_EAGAIN || is_misplaced)) {
            d->in_doubt += written == PH_EAGAIN;
            s = resolve(d, rows, is_fill, &is_written);
        }
        if (s != PH_OK) return s;
        if (written == PH_OK || is_written) {
            note_written(d, rows);
            return PH_OK;
        }
        if (may_pass(written)) continue;
        say_refused(rows, &e);
        return written;
    }
}

ph_status ph_database_write(ph_database *d, ph_rows *rows)
{
    ph_rows_sort(rows);
    return write_all(d, rows, false);
}

ph_status ph_database_fill(ph_database *d, const ph_rows *rows)
{
    return write_all(d, rows, true);
}

/* ---- Questions, and signatures of the notary ------------------------------------------------- */

/* Something that is done once, or again from its beginning. */
typedef ph_status (*attempt)(const ph_database *d, void *arg, ph_pg_error *e);

/* A refusal of our epoch says nothing but that: who took over is told by the position. */
static ph_status say_failed(ph_database *d, ph_status failed, const char *what,
                            const ph_pg_error *e)
{
    ph_position now = {0};
    ph_pg_error ignored; /* the first error is what is told */
    bool is_written;
    if (failed == PH_ECORRUPT && strcmp(e->sqlstate, "55000") == 0 &&
        ph_position_read(d->pg, d->market, &now, &ignored) == PH_OK) {
        ph_status s = judge_position(d, &now, NULL, &is_written);
        if (s != PH_OK) return s;
    }
    ph_log_error("could not %s: %s", what, e->text);
    return failed;
}

static ph_status until_done(ph_database *d, attempt once, void *arg, const char *what)
{
    for (uint32_t tries = 0;;) {
        ph_pg_error e = {0};
        ph_status s = ph_database_connect(d);
        if (s != PH_OK) return s;
        s = once(d, arg, &e);
        if (s == PH_OK) return PH_OK;
        if (!may_pass(s)) return say_failed(d, s, what, &e);
        drop(d);
        if (!d->wait(d->arg, ++tries)) return PH_EEND;
    }
}

typedef struct {
    const ph_contract_id *contracts;
    uint32_t cnt;
    ph_hash *ret;
} leaves_question;

static ph_status ask_leaves(const ph_database *d, void *arg, ph_pg_error *e)
{
    const leaves_question *q = arg;
    return ph_contract_leaves(d->pg, q->contracts, q->cnt, q->ret, e);
}

ph_status ph_database_leaves(ph_database *d, const ph_contract_id *contracts, uint32_t cnt,
                             ph_hash *ret)
{
    leaves_question q = {contracts, cnt, ret};
    return until_done(d, ask_leaves, &q, "read contracts that were signed");
}

static ph_status ask_next(const ph_database *d, void *arg, ph_pg_error *e)
{
    return ph_root_signatures_next(d->pg, arg, e);
}

ph_status ph_database_unsigned(ph_database *d, uint64_t *ret_item)
{
    return until_done(d, ask_next, ret_item, "find out which roots are not signed");
}

typedef struct {
    ph_own_root *roots;
    const ph_root_signature *signatures;
    uint32_t cnt;
} roots_question;

static ph_status ask_roots(const ph_database *d, void *arg, ph_pg_error *e)
{
    const roots_question *q = arg;
    return ph_own_roots_read(d->pg, q->roots, q->cnt, e);
}

ph_status ph_database_roots(ph_database *d, ph_own_root *roots, uint32_t cnt)
{
    roots_question q = {.roots = roots, .cnt = cnt};
    return until_done(d, ask_roots, &q, "read roots");
}

static ph_status write_signatures(const ph_database *d, void *arg, ph_pg_error *e)
{
    const roots_question *q = arg;
    return ph_root_signatures_write(d->pg, d->market, d->at.epoch, q->signatures, q->cnt, e);
}

ph_status ph_database_sign(ph_database *d, const ph_root_signature *signatures, uint32_t cnt)
{
    roots_question q = {.signatures = signatures, .cnt = cnt};
    return until_done(d, write_signatures, &q, "write signatures of the notary");
}
