/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "clients/audit/audit.h"
#include "clients/audit/recompute.h"
#include "engine/settle/digest.h"

typedef struct {
    const char *database;
    ph_digest *rows;
    uint64_t differences;
} comparing;

/* The reason of a failure comes the same way as a difference; the status tells them apart. */
static void take_difference(void *arg, const char *sentence)
{
    comparing *c = arg;
    c->differences++;
    ph_audit_say("%s", sentence);
}

static int take_batch(void *arg, const ph_market *m, const ph_replay_batch *batch, bool *ret_enough)
{
    comparing *c = arg;
    char why[256];
    (void)ret_enough; /* all of them */
    ph_status s = ph_digest_take(c->rows, m, batch, why, sizeof why);
    if (s != PH_OK) ph_audit_say("%s", why);
    return s == PH_OK ? PH_AUDIT_RIGHT : ph_audit_exit(s);
}

static int compare(void *arg, const ph_market *m)
{
    comparing *c = arg;
    uint64_t checked = 0, read = 0;
    ph_status s = ph_settle_compare(c->database, m, take_difference, c, &checked);
    if (s == PH_OK) s = ph_settle_compare_rows(c->database, c->rows, take_difference, c, &read);
    checked += read;
    if (s != PH_OK) return ph_audit_exit(s);
    if (c->differences != 0) {
        printf("different: %" PRIu64 " of %" PRIu64 " facts\n", c->differences, checked);
        return PH_AUDIT_WRONG;
    }
    printf("equal: %" PRIu64 " facts of the database are what the journal gives, up to record "
           "%" PRIu64 "\n",
           checked, ph_market_seq(m));
    return PH_AUDIT_RIGHT;
}

int ph_audit_compare(const ph_audit_request *q)
{
    comparing c = {.database = q->database, .rows = ph_digest_make()};
    if (c.rows == NULL) {
        ph_audit_say("no memory");
        return ph_audit_exit(PH_EFULL);
    }
    int end =
        ph_recompute_run(q, &(ph_recompute){.on_batch = take_batch, .on_end = compare, .arg = &c});
    ph_digest_release(c.rows);
    return end;
}
