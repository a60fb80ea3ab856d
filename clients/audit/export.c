/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/audit/export_tables.h"
#include "clients/audit/recompute.h"

enum { PATH_SIZE = 4096 };

/* A table on its way to a file: it has the name of the table only when it is whole. */
typedef struct {
    bool is_wanted;
    FILE *to;
    ph_row row;
    char path[PATH_SIZE], part[PATH_SIZE + 8];
} output;

typedef struct {
    const ph_audit_request *q;
    output outputs[PH_TABLE_CNT];
    ph_live_orders live;
    const ph_market *market;
    ph_concluded *concluded; /* contract i + 1 */
    uint64_t concluded_cnt, concluded_max;
    bool is_full;
    bool is_folder_ours; /* it was not there before */
} exporting;

/* ---- Files ------------------------------------------------------------------------------ */

static int say_file(const char *what, const char *path)
{
    ph_audit_say("could not %s \"%s\": %s", what, path, strerror(errno));
    return PH_AUDIT_FAILED;
}

/* Looked for while the part is ours: no other export can give the name now. */
static int check_name(output *o)
{
    struct stat there;
    if (lstat(o->path, &there) != 0) return PH_AUDIT_RIGHT;
    ph_audit_say("\"%s\" exists already: give another folder, or take it away", o->path);
    (void)fclose(o->to); /* nothing was written */
    (void)unlink(o->part);
    return PH_AUDIT_FAILED;
}

static int open_file(const exporting *x, ph_table table, output *o)
{
    const char *suffix = strcmp(x->q->form, "csv") == 0 ? "csv" : "jsonl";
    int size =
        snprintf(o->path, sizeof o->path, "%s/%s.%s", x->q->out, ph_table_name(table), suffix);
    if (size < 0 || (size_t)size >= sizeof o->path) {
        ph_audit_say("the path of the folder is too long: %s", x->q->out);
        return PH_AUDIT_FAILED;
    }
    snprintf(o->part, sizeof o->part, "%s.part", o->path);
    int file = open(o->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (file < 0 && errno == EEXIST) {
        ph_audit_say("\"%s\" is there: another export writes it, or was killed; give another "
                     "folder, or take it away",
                     o->part);
        return PH_AUDIT_FAILED;
    }
    if (file < 0) return say_file("create", o->part);
    o->to = fdopen(file, "w");
    if (o->to != NULL) return check_name(o);
    int status = say_file("create", o->part);
    (void)close(file); /* nothing was written */
    (void)unlink(o->part);
    return status;
}

static int open_all(exporting *x)
{
    ph_row_form form = strcmp(x->q->form, "csv") == 0 ? PH_ROW_CSV : PH_ROW_JSON;
    x->is_folder_ours = x->q->out != NULL && mkdir(x->q->out, 0750) == 0;
    if (x->q->out != NULL && !x->is_folder_ours && errno != EEXIST)
        return say_file("make folder", x->q->out);
    for (int t = 0; t < PH_TABLE_CNT; t++) {
        output *o = &x->outputs[t];
        if (!o->is_wanted) continue;
        o->to = stdout;
        int status = x->q->out == NULL ? PH_AUDIT_RIGHT : open_file(x, (ph_table)t, o);
        if (status != PH_AUDIT_RIGHT) {
            o->to = NULL;
            return status;
        }
        o->row = ph_table_begin((ph_table)t, o->to, form);
    }
    return PH_AUDIT_RIGHT;
}

static int close_file(output *o, bool is_whole)
{
    errno = 0;
    bool is_written =
        fflush(o->to) == 0 && !ferror(o->to) && (!is_whole || fsync(fileno(o->to)) == 0);
    int why = errno;
    is_written = fclose(o->to) == 0 && is_written;
    o->to = NULL;
    if (is_whole && is_written && rename(o->part, o->path) == 0) return PH_AUDIT_RIGHT;
    if (why != 0) errno = why;
    int status = is_whole ? say_file("write", o->path) : PH_AUDIT_RIGHT;
    (void)unlink(o->part); /* part of a table is of no use */
    return status;
}

/* A table appears under its name only when the whole journal went well. */
static int close_all(exporting *x, int status)
{
    for (int t = 0; t < PH_TABLE_CNT; t++) {
        output *o = &x->outputs[t];
        if (o->to == NULL || o->to == stdout) continue;
        int closed = close_file(o, status == PH_AUDIT_RIGHT);
        if (status == PH_AUDIT_RIGHT) status = closed;
        if (closed == PH_AUDIT_RIGHT && status == PH_AUDIT_RIGHT)
            printf("%12" PRIu64 " rows  %s\n", o->row.cnt, o->path);
    }
    if (status != PH_AUDIT_RIGHT && x->is_folder_ours)
        (void)rmdir(x->q->out); /* what others put there meanwhile keeps it */
    return status;
}

/* ---- Rows ------------------------------------------------------------------------------- */

static ph_row *wanted(exporting *x, ph_table table)
{
    return x->outputs[table].is_wanted ? &x->outputs[table].row : NULL;
}

static bool keep_concluded(exporting *x, const ph_live_trade *t)
{
    if (x->concluded_cnt == x->concluded_max) {
        uint64_t max = x->concluded_max == 0 ? 4096 : 2 * x->concluded_max;
        ph_concluded *rows = realloc(x->concluded, max * sizeof *rows);
        if (rows == NULL) return false;
        x->concluded = rows;
        x->concluded_max = max;
    }
    x->concluded[x->concluded_cnt++] = (ph_concluded){.seq = t->record->command.seq,
                                                      .at = t->record->command.at,
                                                      .unit_periods = t->unit_periods,
                                                      .notional = t->trade->notional,
                                                      .seller = t->trade->seller,
                                                      .fill_cnt = t->trade->segment_cnt};
    return true;
}

static bool on_trade(void *arg, const ph_market *m, const ph_live_trade *t)
{
    exporting *x = arg;
    (void)m;
    ph_row *fills = wanted(x, PH_TABLE_FILLS), *trades = wanted(x, PH_TABLE_TRADES);
    if (fills != NULL) ph_export_fills(fills, t);
    if (trades != NULL) ph_export_trade(trades, t);
    return wanted(x, PH_TABLE_CONTRACTS) == NULL || keep_concluded(x, t);
}

static bool on_order(void *arg, const ph_live_order *o)
{
    exporting *x = arg;
    ph_row *orders = wanted(x, PH_TABLE_ORDERS);
    if (orders != NULL) ph_export_order(orders, x->market, o);
    return true;
}

static bool on_rest(void *arg, ph_live_order *o)
{
    return on_order(arg, o);
}

static bool on_record(void *arg, const ph_market *m, const ph_replay_record *r)
{
    static const struct {
        ph_table table;
        void (*put)(ph_row *row, const ph_replay_record *record, uint32_t i);
    } by_event[] = {{PH_TABLE_TRANSFERS, ph_export_transfer},
                    {PH_TABLE_DELIVERIES, ph_export_delivery},
                    {PH_TABLE_REJECTS, ph_export_reject}};
    exporting *x = arg;
    x->market = m;
    for (size_t t = 0; t < sizeof by_event / sizeof by_event[0]; t++) {
        ph_row *row = wanted(x, by_event[t].table);
        for (uint32_t i = 0; row != NULL && i < r->event_cnt; i++)
            by_event[t].put(row, r, i);
    }
    x->is_full = !ph_live_take(
        &x->live, m, r, &(ph_live_listener){.on_trade = on_trade, .on_end = on_order, .arg = x});
    return !x->is_full;
}

static void on_account(void *arg, ph_account account, ph_money balance)
{
    ph_export_account(arg, account, balance);
}

static int finish(void *arg, const ph_market *m)
{
    exporting *x = arg;
    x->market = m;
    if (x->is_full || !ph_live_rest(&x->live, m, on_rest, x)) {
        ph_audit_say("no memory for the export: give --what one table at a time");
        return PH_AUDIT_FAILED;
    }
    ph_row *contracts = wanted(x, PH_TABLE_CONTRACTS), *accounts = wanted(x, PH_TABLE_ACCOUNTS);
    for (uint64_t i = 0; contracts != NULL && i < x->concluded_cnt; i++)
        ph_export_contract(contracts, m, (ph_contract_id){i + 1}, &x->concluded[i]);
    if (accounts != NULL) ph_market_each_account(m, on_account, accounts);
    return PH_AUDIT_RIGHT;
}

int ph_audit_export(const ph_audit_request *q)
{
    exporting *x = calloc(1, sizeof *x);
    if (x == NULL) {
        ph_audit_say("could not export: no memory");
        return PH_AUDIT_FAILED;
    }
    x->q = q;
    x->live = ph_live_begin();
    for (int t = 0; t < PH_TABLE_CNT; t++)
        x->outputs[t].is_wanted =
            strcmp(q->what, "all") == 0 || ph_table_of(q->what) == (ph_table)t;
    int status = open_all(x);
    if (status == PH_AUDIT_RIGHT)
        status = ph_recompute_run(
            q, &(ph_recompute){.on_record = on_record, .on_end = finish, .arg = x});
    status = close_all(x, status);
    ph_live_free(&x->live);
    free(x->concluded);
    free(x);
    return status;
}
