/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/stated.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/wire/codec.h"

void ph_stated_count(ph_stated *s, const ph_replay_record *r)
{
    s->taken += ph_statements_is_taken(r);
}

static ph_site_id site_of(const ph_command *c)
{
    if (c->kind == PH_CMD_ATTEST_CAPACITY) return c->u.attestation.site;
    return c->kind == PH_CMD_MEASURE_SITE ? c->u.measurement.site : c->u.probe.site;
}

static void keep_false(ph_stated *s, const ph_command *c)
{
    if (s->is_false++ >= PH_STATED_NAMED) return;
    ph_stated_false *f = &s->named[s->is_false - 1];
    *f = (ph_stated_false){.seq = c->seq, .kind = c->kind, .participant = c->sender};
    if (c->kind == PH_CMD_REPORT_DELIVERY) {
        f->contract = c->u.report.contract;
        f->period = c->u.report.period;
    } else {
        f->site = site_of(c);
    }
}

int ph_stated_batch(ph_stated *s, const ph_market *m, const ph_replay_batch *batch)
{
    ph_status st = ph_statements_take(&s->judge, m, batch);
    for (uint32_t i = 0; st == PH_OK && i < batch->record_cnt; i++) {
        if (!ph_statements_is_taken(&batch->records[i])) continue;
        if (ph_statements_holds(&s->judge, i))
            s->holding++;
        else
            keep_false(s, &batch->records[i].command);
    }
    if (st == PH_OK) return PH_AUDIT_RIGHT;
    ph_audit_say("could not verify statements: no memory");
    return ph_audit_exit(st);
}

static uint64_t named_cnt(const ph_stated *s)
{
    return s->is_false < PH_STATED_NAMED ? s->is_false : PH_STATED_NAMED;
}

void ph_stated_print(const ph_stated *s, bool is_judged)
{
    if (s->taken == 0) return;
    printf("stated     %" PRIu64 " attestations, measurements, probes and delivery reports\n",
           s->taken);
    if (!is_judged) {
        if (s->taken != 0)
            puts(
                "           not judged: whether their signatures hold; --statements verifies them");
        return;
    }
    printf("           %" PRIu64 " signatures hold, %" PRIu64 " are false\n", s->holding,
           s->is_false);
    for (uint64_t i = 0; i < named_cnt(s); i++) {
        const ph_stated_false *f = &s->named[i];
        printf("           false: record %" PRIu64 ", %s of participant %" PRIu32, f->seq,
               ph_command_kind_name(f->kind), f->participant.v);
        if (f->kind == PH_CMD_REPORT_DELIVERY)
            printf(", contract %" PRIu64 ", period %" PRIu32 "\n", f->contract.v, f->period);
        else
            printf(", site %" PRIu32 "\n", f->site.v);
    }
    if (s->is_false > PH_STATED_NAMED)
        printf("           and %" PRIu64 " more\n", s->is_false - PH_STATED_NAMED);
}

static json_t *named_json(const ph_stated_false *f)
{
    json_t *j =
        json_pack("{s:I, s:s, s:I}", "record", (json_int_t)f->seq, "command",
                  ph_command_kind_name(f->kind), "participant", (json_int_t)f->participant.v);
    bool is_report = f->kind == PH_CMD_REPORT_DELIVERY;
    json_t *more = is_report ? json_pack("{s:I, s:I}", "contract", (json_int_t)f->contract.v,
                                         "period", (json_int_t)f->period)
                             : json_pack("{s:I}", "site", (json_int_t)f->site.v);
    if (j == NULL || more == NULL || json_object_update(j, more) != 0) {
        json_decref(j);
        j = NULL;
    }
    json_decref(more);
    return j;
}

json_t *ph_stated_json(const ph_stated *s, bool is_judged)
{
    if (!is_judged) return json_pack("{s:I, s:b}", "taken", (json_int_t)s->taken, "judged", 0);
    json_t *named = json_array();
    for (uint64_t i = 0; i < named_cnt(s); i++) {
        if (json_array_append_new(named, named_json(&s->named[i])) == 0) continue;
        json_decref(named);
        return NULL;
    }
    /* o takes what it is given, and fails when that is NULL */
    return json_pack("{s:I, s:b, s:I, s:I, s:o}", "taken", (json_int_t)s->taken, "judged", 1,
                     "holding", (json_int_t)s->holding, "false", (json_int_t)s->is_false,
                     "first_false", named);
}

void ph_stated_close(ph_stated *s)
{
    ph_statements_release(&s->judge);
}
