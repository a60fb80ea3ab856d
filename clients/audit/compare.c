/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/compare.h"

#include <inttypes.h>
#include <stdio.h>

#include "clients/audit/audit.h"
#include "clients/audit/recompute.h"

typedef struct {
    const char *database;
    uint64_t differences;
} comparing;

/* The reason of a failure comes the same way as a difference; the status tells them apart. */
static void take_difference(void *arg, const char *sentence)
{
    comparing *c = arg;
    c->differences++;
    ph_audit_say("%s", sentence);
}

static int compare(void *arg, const ph_market *m)
{
    comparing *c = arg;
    uint64_t checked = 0;
    ph_status s = ph_settle_compare(c->database, m, take_difference, c, &checked);
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
    comparing c = {.database = q->database};
    return ph_recompute_run(q, &(ph_recompute){.on_end = compare, .arg = &c});
}
