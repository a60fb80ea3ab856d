/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/audit.h"
#include "clients/audit/contract_check.h"
#include "clients/audit/log_check.h"
#include "clients/audit/progress.h"
#include "clients/audit/snapshots.h"
#include "clients/audit/walk.h"
#include "engine/base/period.h"

/* What a walk adds up. */
typedef struct {
    uint64_t batches, records, bytes;
    ph_journal_batch last; /* its numbers, not its bytes */
    uint64_t segments;
    char segment[PH_JOURNAL_NAME_SIZE];
    ph_contract_sums saved; /* contracts that are right */
    ph_audit_snapshots snapshots;
} sums;

static void add(sums *s, const ph_journal_batch *b)
{
    s->batches++;
    s->records += b->record_cnt;
    s->bytes += b->size;
    if (strcmp(s->segment, b->segment) != 0) s->segments++;
    snprintf(s->segment, sizeof s->segment, "%s", b->segment);
    s->last = *b;
    ph_audit_snapshots_add(&s->snapshots, b);
}

static const char *hex(const ph_hash *h, char to[65])
{
    return sodium_bin2hex(to, 65, h->b, sizeof h->b);
}

static void print_table(const ph_journal_origin *o, const sums *s, const ph_log_check *log)
{
    char at[40], of[65];
    printf("market    %s\n", o->market.s);
    printf("genesis   %s\n", hex(&o->genesis, of));
    printf("segments  %" PRIu64 "\n", s->segments);
    printf("batches   %" PRIu64 ", %" PRIu64 " bytes\n", s->batches, s->bytes);
    printf("records   %" PRIu64 "\n", s->records);
    if (s->batches != 0) {
        printf("last      record %" PRIu64 " of %s\n", s->last.first_seq + s->last.record_cnt - 1,
               ph_time_text(s->last.last_at, at));
        printf("chain     %s\n", hex(&s->last.chain, of));
    }
    if (s->snapshots.cnt != 0) {
        printf("snapshots %" PRIu32 ", of this chain: record", s->snapshots.cnt);
        for (uint32_t i = 0; i < s->snapshots.cnt; i++)
            printf("%s %" PRIu64, i == 0 ? "" : ",", s->snapshots.v[i].head.seq);
        puts("");
    }
    if (log != NULL)
        printf("log       %" PRIu64 " records, root %s\n", log->note.c.leaf_cnt,
               hex(&log->note.c.root, of));
    if (s->saved.contracts != 0)
        printf("contracts %" PRIu64 ", countersignatures %" PRIu64 "\n", s->saved.contracts,
               s->saved.countersignatures);
    puts("whole: every byte is what was written");
    if (log != NULL) puts("right: every record of the log is that of the journal");
    if (s->saved.contracts != 0)
        puts("right: every saved contract proves itself, signed by the notary; every "
             "countersignature in it holds");
    if (s->saved.unproved != 0)
        printf("unproved: %" PRIu64 " of the countersignatures, with keys that their contracts do "
               "not name: whose they were, \"contract\" says of each\n",
               s->saved.unproved);
}

/* Their records. */
static bool add_snapshots(json_t *j, const ph_audit_snapshots *s)
{
    json_t *records = json_array();
    for (uint32_t i = 0; i < s->cnt; i++)
        if (json_array_append_new(records, json_integer((json_int_t)s->v[i].head.seq)) != 0) {
            json_decref(records);
            return false;
        }
    return json_object_set_new(j, "snapshots", records) == 0;
}

static int print_json(const ph_journal_origin *o, const sums *s, const ph_log_check *log)
{
    char at[40] = "", genesis[65], chain[65], root[65];
    if (s->batches != 0) (void)ph_time_text(s->last.last_at, at); /* returns at */
    json_t *j = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:s}", "market", o->market.s,
                          "genesis", hex(&o->genesis, genesis), "segments", (json_int_t)s->segments,
                          "batches", (json_int_t)s->batches, "records", (json_int_t)s->records,
                          "bytes", (json_int_t)s->bytes, "last_at", at, "chain",
                          hex(s->batches == 0 ? &o->genesis : &s->last.chain, chain));
    if (j != NULL && log != NULL &&
        (json_object_set_new(j, "log_records", json_integer((json_int_t)log->note.c.leaf_cnt)) !=
             0 ||
         json_object_set_new(j, "log_root", json_string(hex(&log->note.c.root, root))) != 0)) {
        json_decref(j);
        j = NULL;
    }
    if (j != NULL && s->saved.contracts != 0 &&
        (json_object_set_new(j, "saved_contracts", json_integer((json_int_t)s->saved.contracts)) !=
             0 ||
         json_object_set_new(j, "countersignatures",
                             json_integer((json_int_t)s->saved.countersignatures)) != 0 ||
         json_object_set_new(j, "countersignatures_unproved",
                             json_integer((json_int_t)s->saved.unproved)) != 0)) {
        json_decref(j);
        j = NULL;
    }
    if (j != NULL && !add_snapshots(j, &s->snapshots)) {
        json_decref(j);
        j = NULL;
    }
    char *text = j == NULL ? NULL : json_dumps(j, JSON_INDENT(2));
    json_decref(j);
    if (text == NULL) {
        ph_audit_say("could not write JSON: no memory");
        return PH_AUDIT_FAILED;
    }
    puts(text);
    free(text);
    return PH_AUDIT_RIGHT;
}

/* Goes through the journal, and through its log beside it if there is one. */
static int walk(ph_walk *w, const ph_audit_request *q, sums *s, ph_log_check *log)
{
    ph_progress progress = ph_progress_begin("verify", 0, q->quiet);
    bool is_end = false;
    int status = PH_AUDIT_RIGHT;
    while (status == PH_AUDIT_RIGHT && !is_end) {
        ph_journal_batch b;
        status = ph_walk_next(w, &b, &is_end);
        if (status != PH_AUDIT_RIGHT || is_end) break;
        add(s, &b);
        if (log != NULL) (void)ph_log_check_add(log, &b); /* told at the end */
        ph_progress_at(&progress, s->records);
    }
    ph_progress_end(&progress);
    if (status == PH_AUDIT_WRONG && !q->json)
        printf("broken: %" PRIu64 " records are whole before it\n", s->records);
    return status;
}

int ph_audit_verify(const ph_audit_request *q)
{
    static ph_log_check log; /* its tree is large */
    ph_log_check *beside = q->log == NULL ? NULL : &log;
    static sums s; /* its snapshots are large */
    ph_walk w;
    memset(&s, 0, sizeof s);
    int status = ph_walk_open(q->journal, &w);
    if (status == PH_AUDIT_RIGHT) {
        ph_journal_origin o = ph_journal_reader_origin(w.reader);
        status = ph_audit_snapshots_open(q->journal, &o.market, &s.snapshots);
    }
    if (status == PH_AUDIT_RIGHT && beside != NULL) status = ph_log_check_begin(q, beside);
    if (status == PH_AUDIT_RIGHT) status = walk(&w, q, &s, beside);
    if (status == PH_AUDIT_RIGHT && beside != NULL) status = ph_log_check_end(beside);
    if (status == PH_AUDIT_RIGHT) status = ph_audit_snapshots_end(&s.snapshots);
    if (status == PH_AUDIT_RIGHT && q->contracts != NULL)
        status = ph_contract_check(q, s.last.first_seq + s.last.record_cnt - 1, &s.saved);
    if (status == PH_AUDIT_RIGHT) {
        ph_journal_origin o = ph_journal_reader_origin(w.reader);
        if (q->json)
            status = print_json(&o, &s, beside);
        else
            print_table(&o, &s, beside);
    }
    if (beside != NULL) ph_log_check_close(beside);
    ph_walk_close(&w);
    return status;
}
