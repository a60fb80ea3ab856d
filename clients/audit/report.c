/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/audit/recompute.h"

/* A report while the journal is replayed. */
typedef struct {
    const ph_audit_request *q;
    ph_report r;
    bool counts; /* the record is within the times asked for */
    bool is_full;
} gathering;

static bool on_accepted(void *arg, const ph_market *m, ph_live_order *o)
{
    gathering *g = arg;
    return ph_spoof_accepted(&g->r.spoof, m, o) &&
           (!g->counts || ph_tally_accepted(&g->r.tally, o));
}

static bool on_open(void *arg, const ph_live_order *o, uint64_t before)
{
    gathering *g = arg;
    return ph_spoof_open(&g->r.spoof, o, before);
}

static bool on_trade(void *arg, const ph_market *m, const ph_live_trade *t)
{
    gathering *g = arg;
    return ph_spoof_trade(&g->r.spoof, t) && ph_wash_trade(&g->r.wash, m, t, g->counts) &&
           (!g->counts || ph_tally_trade(&g->r.tally, m, t));
}

static bool on_end(void *arg, const ph_live_order *o)
{
    gathering *g = arg;
    if (g->counts) ph_tally_end(&g->r.tally, o);
    return ph_spoof_end(&g->r.spoof, o, g->counts);
}

static bool on_rest(void *arg, ph_live_order *o)
{
    gathering *g = arg;
    ph_tally_rest(&g->r.tally, o);
    return ph_spoof_rest(&g->r.spoof, o);
}

static bool on_record(void *arg, const ph_market *m, const ph_replay_record *record)
{
    gathering *g = arg;
    uint64_t at = record->command.at.ns;
    if (g->q->to != 0 && at >= g->q->to) return false;
    g->counts = at >= g->q->from;
    if (g->counts) ph_tally_record(&g->r.tally, record);
    g->is_full = !ph_live_take(&g->r.live, m, record,
                               &(ph_live_listener){.on_accepted = on_accepted,
                                                   .on_open = on_open,
                                                   .on_trade = on_trade,
                                                   .on_end = on_end,
                                                   .arg = g});
    return !g->is_full;
}

static int no_memory(void)
{
    ph_audit_say("no memory for the report: give a shorter time with --from and --to");
    return PH_AUDIT_FAILED;
}

static int print_all(void *arg, const ph_market *m)
{
    gathering *g = arg;
    if (g->is_full) return no_memory();
    if (g->r.tally.record_cnt == 0) {
        ph_audit_say("the journal has no record within these times");
        return PH_AUDIT_NOT_FOUND;
    }
    if (!ph_live_rest(&g->r.live, NULL, on_rest, g) || !ph_spoof_close(&g->r.spoof))
        return no_memory();
    json_t *report = ph_report_object(&g->r, m);
    char *text = report == NULL || !g->q->json ? NULL : json_dumps(report, JSON_INDENT(2));
    bool is_made = report != NULL && (!g->q->json || text != NULL);
    if (text != NULL) puts(text);
    if (is_made && !g->q->json) ph_report_print(report, g->r.bounds.top);
    free(text);
    json_decref(report);
    return is_made ? PH_AUDIT_RIGHT : no_memory();
}

static uint64_t given_or(uint64_t given, uint64_t otherwise)
{
    return given != 0 ? given : otherwise;
}

int ph_audit_report(const ph_audit_request *q)
{
    const ph_report_bounds bounds = {
        .top = given_or(q->bounds.top, PH_REPORT_TOP),
        .wash_seconds = given_or(q->bounds.wash_seconds, PH_REPORT_WASH_SECONDS),
        .net_ppm = given_or(q->bounds.net_ppm, PH_REPORT_NET_PPM),
        .counterparty_ppm = given_or(q->bounds.counterparty_ppm, PH_REPORT_COUNTERPARTY_PPM),
        .spoof_seconds = given_or(q->bounds.spoof_seconds, PH_REPORT_SPOOF_SECONDS),
        .spoof_factor = given_or(q->bounds.spoof_factor, PH_REPORT_SPOOF_FACTOR),
        .near_ppm = given_or(q->bounds.near_ppm, PH_REPORT_NEAR_PPM),
    };
    gathering g = {.q = q,
                   .r = {.bounds = bounds,
                         .live = ph_live_begin(),
                         .tally = ph_tally_begin(),
                         .wash = ph_wash_begin(&bounds),
                         .spoof = ph_spoof_begin(&bounds)}};
    int status = ph_recompute_run(
        q, &(ph_recompute){.on_record = on_record, .on_end = print_all, .arg = &g});
    ph_live_free(&g.r.live);
    ph_tally_free(&g.r.tally);
    ph_wash_free(&g.r.wash);
    ph_spoof_free(&g.r.spoof);
    return status;
}
