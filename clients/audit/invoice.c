/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/audit.h"

#include <stdio.h>

#include "engine/settle/pg.h"

static ph_status write_line(void *arg, const uint8_t *bytes, size_t size)
{
    (void)arg;
    return fwrite(bytes, 1, size, stdout) == size ? PH_OK : PH_EIO;
}

int ph_audit_invoice(const ph_audit_request *q)
{
    char sql[256], who[32] = "my_invoice(";
    ph_pg_error e = {0};
    ph_pg *pg = NULL;
    if (q->id != 0) (void)snprintf(who, sizeof who, "invoice(%llu, ", (unsigned long long)q->id);
    /* The month was checked: digits and a hyphen. */
    (void)snprintf(sql, sizeof sql,
                   "COPY (SELECT * FROM petahour.%s'%s-01')) TO STDOUT (FORMAT csv, HEADER)", who,
                   q->month);
    ph_status s = ph_pg_open(q->database, "petahour-audit", &pg, &e);
    if (s == PH_OK) s = ph_pg_copy_out(pg, sql, write_line, NULL, &e);
    ph_pg_close(pg);
    if (s == PH_OK) return ph_audit_end(PH_AUDIT_RIGHT);
    if (s == PH_EDENIED && q->id == 0) {
        ph_audit_say(
            "the database knows you as no participant: as an auditor give --participant N");
        return ph_audit_end(PH_AUDIT_FAILED);
    }
    if (s != PH_EIO) ph_audit_say("could not get the invoice: %s", e.text);
    return ph_audit_end(ph_audit_exit(s));
}
