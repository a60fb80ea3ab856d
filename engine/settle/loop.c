/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/process/clock.h"
#include "engine/process/folder_watch.h"
#include "engine/process/log.h"
#include "engine/process/stop.h"
#include "engine/replay/replay.h"
#include "engine/settle/backfill.h"
#include "engine/settle/database.h"
#include "engine/settle/figures.h"
#include "engine/settle/notary_link.h"
#include "engine/settle/rows.h"
#include "engine/settle/snapshots.h"
#include "engine/settle/store.h"
#include "engine/settle/verdict.h"

enum {
    RECORDS_MAX = 10000, /* of one transaction, reached only when behind */
    ROWS_MAX = 200000,   /* the same, counted in rows of the largest tables */
    PAUSE_MIN_MS = 50,   /* between tries to reach the database */
    PAUSE_MAX_MS = 2000,
    WAIT_MS = 1000,  /* a look at the journal even if nothing was announced */
    UNTOLD_MS = 10,  /* the same where the system cannot announce changes */
    ABSENT_MS = 100, /* between looks for a journal that is not there yet */
    SIGNED_MS = 200, /* between looks at the notary while there is something to write */
    NS_PER_MS = 1000000,
    SHORT_S = 10, /* a journal that ends before the rows may be one whose writer starts */
};

typedef struct {
    const ph_settle_options *options;
    ph_replay *replay; /* NULL until there is a journal */
    int watch;         /* tells that the journal changed; -1: not yet, or the system cannot */
    bool is_watch_tried;
    bool is_absence_said;
    ph_database database;
    bool has_begun;        /* the replay, with a snapshot or with the first record */
    bool is_at_passed;     /* it has reached the position and found its chain hash */
    uint64_t replayed_seq; /* last record that the replay gave, or began with */
    ph_time replayed_at;   /* its stamp */
    uint64_t snapshot_seq; /* record of the last snapshot */
    uint64_t short_seq; /* replayed_seq when the journal was first found to end before the rows */
    uint64_t short_ns;  /* and when that was */
    ph_notary_link *notary; /* NULL: it is not followed */
    uint64_t signed_ns;     /* when it was last looked at */
    ph_verdicts *verdicts;
    ph_rows rows;  /* that are being gathered */
    ph_rows ready; /* those before, which are written while the signatures of `rows` are verified */
    ph_time oldest;       /* stamp of the first record of `rows`; 0: there is none */
    ph_time ready_oldest; /* the same of `ready` */
    ph_monitor *monitor;
} settle;

static void tell_figures(settle *s)
{
    const ph_database *d = &s->database;
    ph_settle_figures f = {.sequence = s->replayed_seq,
                           .rows_seq = d->at.seq,
                           .last = s->replayed_at,
                           .behind = s->ready.last_seq != 0 ? s->ready_oldest : s->oldest,
                           .epoch = d->at.epoch,
                           .rows = d->rows,
                           .transactions = d->transactions,
                           .retries = d->retries,
                           .in_doubt = d->in_doubt,
                           .strays = d->partitions.strays,
                           .connected = d->pg != NULL};
    if (s->notary != NULL) {
        ph_notary_link_state n = ph_notary_link_look(s->notary);
        f.notary_connected = n.is_connected;
        f.signatures = n.written;
        f.signatures_refused = n.refused;
    }
    f.durable = s->replay == NULL ? 0 : ph_replay_durable(s->replay);
    f.lag = f.durable > d->at.seq ? f.durable - d->at.seq : 0;
    /* Just after a transaction the next record is not read yet: no older than the last one. */
    if (f.lag > 0 && f.behind.ns == 0) f.behind = s->replayed_at;
    ph_settle_figures_tell(ph_monitor_metrics(s->monitor), &f);
    const char *why = ph_database_not_ready(d);
    if (why == NULL && (!d->is_taken || !s->is_at_passed)) why = "starting";
    ph_monitor_ready(s->monitor, why);
}

/* Waits for the journal to change, for the notary, for a stop, or for the time. */
static void pause_ms(int watch, int link, int ms)
{
    struct pollfd fds[3] = {{.fd = ph_stop_descriptor(), .events = POLLIN},
                            {.fd = watch, .events = POLLIN},
                            {.fd = link, .events = POLLIN}};
    (void)poll(fds, 3, ms); /* a failed wait is a short wait */
    ph_folder_watch_forget(watch);
}

/* For the database, see there. */
static bool wait_to_try(void *arg, uint32_t failures)
{
    settle *s = arg;
    tell_figures(s);
    ph_monitor_idle(s->monitor);
    int pause = PAUSE_MIN_MS;
    for (uint32_t i = 1; i < failures && pause < PAUSE_MAX_MS; i++)
        pause *= 2;
    if (!ph_stop_requested()) pause_ms(-1, -1, pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
    ph_monitor_turn(s->monitor);
    return !ph_stop_requested();
}

static bool is_same_hash(const ph_hash *a, const ph_hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static ph_status find_leaves(void *arg, const ph_contract_id *contracts, uint32_t cnt, ph_hash *ret)
{
    settle *s = arg;
    return ph_database_leaves(&s->database, contracts, cnt, ret);
}

/* Every segment of the journal tells which market this is. */
static ph_status check_market(settle *s)
{
    ph_text64 name = ph_replay_market_name(s->replay);
    if (strcmp(name.s, s->options->market) == 0) {
        s->database.is_market_checked = true;
        return PH_OK;
    }
    ph_log_error("could not follow journal \"%s\": it is of market \"%s\", the configuration says "
                 "\"%s\"; correct [market] name or [settle] journal",
                 s->options->journal, name.s, s->options->market);
    return PH_EINVAL;
}

/* Rows up to `last`, where the journal has this chain hash, are in the database already: were they
   made from this journal? */
static ph_status pass_over(settle *s, uint64_t last, ph_hash chain)
{
    if (last < s->database.at.seq) return PH_OK;
    if (last == s->database.at.seq && is_same_hash(&chain, &s->database.at.chain)) {
        s->is_at_passed = true;
        return PH_OK;
    }
    ph_log_error("stopping: the rows up to record %" PRIu64
                 " were not made from journal \"%s\": %s; use the database of this journal, or an "
                 "empty one",
                 s->database.at.seq, s->options->journal,
                 last == s->database.at.seq ? "the chain hash there differs"
                                            : "no batch of the journal ends there");
    return PH_EDIVERGED;
}

static ph_status add_batch(settle *s, const ph_replay_batch *batch)
{
    char why[256];
    s->rows.market = ph_replay_market(s->replay);
    if (s->oldest.ns == 0) s->oldest = batch->records[0].command.at;
    ph_rows_room needed = ph_rows_needed(&s->rows, batch);
    ph_status status = ph_store_reserve(&s->rows, &needed);
    if (status != PH_OK) {
        ph_log_error("could not make rows of record %" PRIu64 ": no memory", batch->first_seq);
        return status;
    }
    status = ph_rows_take(&s->rows, batch, why, sizeof why);
    if (status != PH_OK) {
        ph_log_error("stopping: %s", why);
        return status;
    }
    why[0] = '\0';
    status = ph_verdicts_take(s->verdicts, &s->rows, batch, why, sizeof why);
    if (status != PH_OK && why[0] != '\0') ph_log_error("stopping: %s", why);
    return status;
}

/* Opens the journal, finds out what the database has of it, and begins with a snapshot of that or
   an earlier record.  PH_EEND: there is no journal yet. */
static ph_status begin(settle *s)
{
    ph_replay_error err = {.seq = 0};
    ph_status status =
        s->replay == NULL ? ph_replay_open(s->options->journal, &s->replay, &err) : PH_OK;
    if (status == PH_ENOTFOUND) return PH_EEND;
    if (status != PH_OK) {
        ph_log_error("stopping: %s", err.text);
        return status;
    }
    if (!s->is_watch_tried) s->watch = ph_folder_watch_open(s->options->journal, UNTOLD_MS);
    s->is_watch_tried = true;
    status = check_market(s);
    if (status == PH_OK) status = ph_database_connect(&s->database);
    if (status != PH_OK) return status;
    if (s->database.backfill.cnt > 0)
        ph_log_info("filling %" PRIu32 " tables from the journal, for records up to %" PRIu64,
                    s->database.backfill.cnt, s->database.at.seq);
    /* What is filled needs the market from its first record on. */
    status = ph_settle_snapshots_begin(s->replay,
                                       s->database.backfill.cnt > 0 ? "" : s->options->snapshots,
                                       s->database.at.seq, &err);
    if (status != PH_OK) {
        ph_log_error("stopping: %s", err.text);
        return status;
    }
    const ph_state_head *snapshot = ph_replay_snapshot(s->replay);
    s->has_begun = true;
    s->is_at_passed = s->database.at.seq == 0;
    if (snapshot->seq == 0) return PH_OK;
    s->replayed_seq = s->snapshot_seq = snapshot->seq;
    s->replayed_at = snapshot->at;
    return pass_over(s, snapshot->seq, snapshot->chain);
}

/* Takes the next durable batch.  PH_EEND: there is none now. */
static ph_status take_batch(settle *s)
{
    ph_replay_error err = {.seq = 0};
    const ph_replay_batch *batch = NULL;
    ph_status status = s->has_begun ? PH_OK : begin(s);
    if (status != PH_OK) return status;
    status = ph_replay_next(s->replay, &batch, &err);
    if (status == PH_EEND) return PH_EEND;
    if (status != PH_OK) {
        ph_log_error("stopping: %s", err.text);
        return status;
    }
    s->replayed_seq = batch->first_seq + batch->record_cnt - 1;
    s->replayed_at = batch->records[batch->record_cnt - 1].command.at;
    if (batch->first_seq > s->database.at.seq) return add_batch(s, batch);
    status = pass_over(s, s->replayed_seq, batch->chain);
    if (status != PH_OK || !ph_backfill_wants(&s->database.backfill, s->replayed_seq))
        return status;
    return add_batch(s, batch);
}

static bool is_snapshot_due(const settle *s, uint64_t every)
{
    return s->options->snapshots[0] != '\0' && s->replayed_seq - s->snapshot_seq >= every;
}

/* The market is the one of the last record that has rows: nothing is taken back from it. */
static void keep_snapshot(settle *s, uint64_t every)
{
    if (s->replayed_seq != s->database.at.seq || !is_snapshot_due(s, every)) return;
    ph_state_head head = {
        .seq = s->database.at.seq, .at = s->replayed_at, .chain = s->database.at.chain};
    ph_settle_snapshots_write(s->replay, s->options->snapshots, head);
    s->snapshot_seq = s->database.at.seq; /* also of one that failed: the next is tried later */
}

static bool is_full(const settle *s)
{
    const ph_rows *rows = &s->rows;
    if (rows->last_seq != 0 && ph_backfill_ends_at(&s->database.backfill, rows->last_seq))
        return true;
    return rows->last_seq != 0 && (rows->last_seq - rows->first_seq + 1 >= RECORDS_MAX ||
                                   rows->cnt.transfers + rows->cnt.segments >= ROWS_MAX);
}

/* Everything that was durable is replayed, and the database has more.  A writer that starts has not
   yet said how far its journal is durable, and then none of it seems to be: PH_EEND for a while. */
static ph_status check_end(settle *s)
{
    if (s->replayed_seq == 0 || s->is_at_passed) return PH_EEND;
    uint64_t now = ph_clock_monotonic_ns();
    if (s->short_ns == 0 || s->short_seq != s->replayed_seq) {
        s->short_seq = s->replayed_seq;
        s->short_ns = now;
    }
    if (now - s->short_ns < SHORT_S * PH_NS_PER_S) return PH_EEND;
    ph_log_error("stopping: the database has rows up to record %" PRIu64
                 ", but journal \"%s\" ends at record %" PRIu64
                 "; use the database of this journal, or an empty one",
                 s->database.at.seq, s->options->journal, s->replayed_seq);
    return PH_EDIVERGED;
}

/* Gathers what is durable; PH_EEND: all of it. */
static ph_status gather(settle *s)
{
    ph_status status = PH_OK;
    while (!is_full(s) && status == PH_OK && !ph_stop_requested())
        status = take_batch(s);
    return status;
}

/* Writes rows, if there are any, and forgets them. */
static ph_status write_rows(settle *s, ph_rows *rows)
{
    if (rows->last_seq == 0) return PH_OK;
    bool is_fill = rows->last_seq <= s->database.at.seq;
    ph_status status =
        is_fill ? ph_database_fill(&s->database, rows) : ph_database_write(&s->database, rows);
    if (status == PH_OK) ph_rows_clear(rows);
    return status;
}

/* Rows with signatures wait for those of the next turn, so that these are verified while they are
   written.  A snapshot is of a record that has its rows, with nothing behind it. */
static bool may_wait(const settle *s, uint64_t verified)
{
    return verified > 0 && s->rows.last_seq > s->database.at.seq && !ph_stop_requested() &&
           !is_snapshot_due(s, s->options->snapshot_every);
}

/* Swaps them; `ready` is empty. */
static void set_ready(settle *s)
{
    ph_rows rows = s->ready;
    rows.last_day = s->rows.last_day; /* of the last record, whoever has it */
    s->ready = s->rows;
    s->rows = rows;
    s->ready_oldest = s->oldest;
    s->oldest.ns = 0;
}

/* One turn: gather what is durable, write it.  PH_EEND: nothing is left to do yet. */
static ph_status turn(settle *s)
{
    ph_status status = gather(s);
    if (status != PH_OK && status != PH_EEND) return status;
    if (s->rows.last_seq == 0 && s->ready.last_seq == 0)
        return status == PH_OK ? PH_OK : check_end(s);
    tell_figures(s); /* a database that is slow must be seen while it is */
    status = ph_verdicts_begin(s->verdicts, &s->rows, &s->ready);
    if (status == PH_EFULL) ph_log_error("stopping: no memory to verify signatures");
    if (status == PH_OK) status = write_rows(s, &s->ready);
    uint64_t verified = ph_verdicts_end(s->verdicts);
    if (status != PH_OK) return status;
    if (s->rows.last_seq != 0 && may_wait(s, verified)) {
        set_ready(s);
        return PH_OK;
    }
    status = write_rows(s, &s->rows);
    if (status != PH_OK) return status;
    s->oldest.ns = 0;
    keep_snapshot(s, s->options->snapshot_every);
    return PH_OK;
}

/* Looks at the notary, whose signatures are of what has its rows.  PH_OK: something came;
   PH_EAGAIN: nothing did. */
static ph_status follow_notary(settle *s, bool is_idle)
{
    uint64_t now = ph_clock_monotonic_ns();
    if (s->notary == NULL || !s->is_at_passed) return PH_EAGAIN;
    if (!is_idle && now - s->signed_ns < SIGNED_MS * NS_PER_MS) return PH_EAGAIN;
    s->signed_ns = now;
    return ph_notary_link_turn(s->notary, &s->database, now);
}

/* How far the rows go is not known before the database said so. */
static void say_stopped(const ph_database *d)
{
    const ph_log_pair pairs[] = {{"seq", NULL, d->at.seq}};
    if (d->is_taken)
        ph_log_event(PH_LOG_INFO, "stopped", pairs, 1, "ended with rows up to record %" PRIu64,
                     d->at.seq);
    else
        ph_log_event(PH_LOG_INFO, "stopped", NULL, 0, "ended before it knew how far the rows go");
}

static ph_status run(settle *s)
{
    ph_status status = ph_database_connect(&s->database);
    if (status == PH_OK && ph_ready_write(s->options->ready_file, "ready\n") != PH_OK) {
        ph_log_error("could not write ready file \"%s\": %s", s->options->ready_file,
                     strerror(errno));
        return PH_EIO;
    }
    while (status == PH_OK && !ph_stop_requested()) {
        ph_monitor_turn(s->monitor);
        status = turn(s);
        if (status == PH_OK || status == PH_EEND) {
            ph_status came = follow_notary(s, status == PH_EEND);
            if (came != PH_EAGAIN) status = came;
            if (came != PH_EAGAIN && came != PH_OK) break;
        }
        tell_figures(s);
        ph_monitor_idle(s->monitor);
        if (status != PH_EEND) continue;
        status = PH_OK;
        if (ph_stop_requested()) break;
        bool is_caught_up = s->replayed_seq != 0 && s->is_at_passed;
        if (s->options->is_once && is_caught_up) break;
        if (s->options->is_once && s->replayed_seq == 0) {
            ph_log_error("there is no journal in \"%s\"", s->options->journal);
            return PH_ENOTFOUND;
        }
        if (s->replayed_seq == 0 && !s->is_absence_said)
            ph_log_info("waiting for a journal in \"%s\"", s->options->journal);
        s->is_absence_said = true;
        bool is_short = s->replayed_seq != 0 && !s->is_at_passed;
        pause_ms(s->watch, s->notary == NULL ? -1 : ph_notary_link_descriptor(s->notary),
                 s->replay == NULL || is_short ? ABSENT_MS
                 : s->watch < 0                ? UNTOLD_MS
                                               : WAIT_MS);
    }
    if (status == PH_OK && s->database.pg != NULL) status = write_rows(s, &s->ready);
    if (status == PH_EEND) status = PH_OK; /* stopped while the database was away */
    if (status == PH_OK && s->rows.last_seq == 0) keep_snapshot(s, 1);
    if (status == PH_OK) say_stopped(&s->database);
    return status;
}

static ph_status open_monitor(settle *s)
{
    char err[512];
    ph_monitor_settings monitor = {.address = s->options->monitor,
                                   .lag_seconds_max = s->options->ready_lag_seconds};
    ph_settle_figures_describe(&monitor);
    ph_status status = ph_monitor_open(&monitor, &s->monitor, err, sizeof err);
    if (status != PH_OK) ph_log_error("%s", err);
    return status;
}

/* Once is without the notary: what it signs is not durable when the journal is. */
static ph_status open_notary(settle *s)
{
    const ph_settle_options *o = s->options;
    if (o->notary_link[0] == '\0' || o->is_once) return PH_OK;
    ph_status status = ph_notary_link_open(o->notary_link, o->market, &s->notary);
    if (status != PH_OK)
        ph_log_error("could not follow the notary at \"%s\": %s", o->notary_link,
                     ph_status_text(status));
    return status;
}

ph_status ph_settle_run(const ph_settle_options *options)
{
    settle s = {.options = options, .watch = -1};
    s.database = (ph_database){.conninfo = options->database,
                               .market = options->market,
                               .answer_seconds = options->answer_seconds,
                               .wait = wait_to_try,
                               .arg = &s};
    s.verdicts = ph_verdicts_new(find_leaves, &s);
    ph_status status = s.verdicts == NULL ? PH_EFULL : open_monitor(&s);
    if (s.verdicts == NULL) ph_log_error("could not start: no memory");
    if (status == PH_OK) status = open_notary(&s);
    if (status == PH_OK) status = ph_database_open(&s.database, options->schema);
    if (status == PH_OK) status = run(&s);
    ph_monitor_close(s.monitor);
    ph_notary_link_close(s.notary);
    ph_verdicts_free(s.verdicts);
    ph_store_release(&s.rows);
    ph_store_release(&s.ready);
    ph_database_close(&s.database);
    ph_replay_close(s.replay);
    if (s.watch >= 0) (void)close(s.watch); /* nothing was written */
    return status;
}

bool ph_settle_is_final(ph_status ended)
{
    return ended == PH_ECORRUPT || ended == PH_EINVAL || ended == PH_EDIVERGED ||
           ended == PH_EVERSION || ended == PH_EDENIED;
}
