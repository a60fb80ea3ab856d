/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/settle/pg.h"

/* What is asked for it: of somebody, and of whoever asks. */
typedef struct {
    const char *name, *function, *own;
} dataset;

static const dataset datasets[] = {
    {"cost-and-usage", "invoice", "my_invoice"},
    {"invoice-detail", "invoice_detail", "my_invoice_detail"},
    {"billing-period", NULL, "billing_period"},
};

static const dataset *find_dataset(const char *name)
{
    if (name == NULL) return &datasets[0];
    for (size_t i = 0; i < sizeof datasets / sizeof datasets[0]; i++)
        if (strcmp(datasets[i].name, name) == 0) return &datasets[i];
    return NULL;
}

bool ph_audit_has_dataset(const char *name)
{
    return find_dataset(name) != NULL;
}

static ph_status write_line(void *arg, const uint8_t *bytes, size_t size)
{
    uint64_t *lines = arg;
    ++*lines;
    return fwrite(bytes, 1, size, stdout) == size ? PH_OK : PH_EIO;
}

static ph_status note_row(void *arg, const char *const *columns, uint32_t cnt)
{
    bool *is_there = arg;
    (void)columns, (void)cnt;
    *is_there = true;
    return PH_OK;
}

/* Nothing was charged; to nobody, if there is no such participant. */
static ph_status look_for(ph_pg *pg, uint64_t id, bool *ret, ph_pg_error *e)
{
    char number[24];
    const char *const parameters[] = {number};
    *ret = false;
    (void)snprintf(number, sizeof number, "%" PRIu64, id);
    return ph_pg_ask(pg, "SELECT 1 FROM petahour.participant WHERE id = $1", 1, parameters,
                     note_row, ret, e);
}

int ph_audit_invoice(const ph_audit_request *q)
{
    char sql[256], who[64];
    const dataset *of = find_dataset(q->dataset); /* checked with the arguments */
    ph_pg_error e = {0};
    ph_pg *pg = NULL;
    uint64_t lines = 0;
    bool is_there = true;
    if (q->id != 0)
        (void)snprintf(who, sizeof who, "%s(%" PRIu64 ", ", of->function, q->id);
    else
        (void)snprintf(who, sizeof who, "%s(", of->own);
    /* The month was checked: digits and a hyphen. */
    (void)snprintf(sql, sizeof sql,
                   "COPY (SELECT * FROM petahour.%s'%s-01')) TO STDOUT (FORMAT csv, HEADER)", who,
                   q->month);
    ph_status s = ph_pg_open(q->database, "petahour-audit", &pg, &e);
    if (s == PH_OK) s = ph_pg_copy_out(pg, sql, write_line, &lines, &e);
    if (s == PH_OK && q->id != 0 && lines <= 1) s = look_for(pg, q->id, &is_there, &e);
    ph_pg_close(pg);
    if (s == PH_OK && is_there) return PH_AUDIT_RIGHT;
    if (s == PH_OK) {
        ph_audit_say("the database has no participant %" PRIu64, q->id);
        return PH_AUDIT_NOT_FOUND;
    }
    if (s == PH_EDENIED && q->id == 0) {
        ph_audit_say(
            "the database knows you as no participant: as an auditor give --participant N");
        return PH_AUDIT_FAILED;
    }
    if (s != PH_EIO) ph_audit_say("could not get the invoice: %s", e.text); /* else: the output */
    return ph_audit_exit(s);
}
