/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/demo.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/demo/receipts.h"

enum {
    PATIENCE_S = 120,
    REASONS_MAX = 64, /* different rejects */
    BEST_MAX = 5,
};

/* A purchase and what it saved against the list price. */
typedef struct {
    uint32_t participant, product;
    uint64_t contract, unit_hours;
    int64_t notional, saved;
} purchase;

typedef struct {
    uint64_t contracts, unit_hours;
    int64_t notional, list;
} volume;

/* Sums over all participants. */
typedef struct {
    uint64_t last_sequence; /* of the journal, that anybody was told of */
    uint64_t sent, accepted, rejected, cancelled, fills, contracts_verified, lines_compared;
    volume of_type[5];
    purchase best[BEST_MAX];
    size_t best_cnt;
    struct {
        char name[32];
        uint64_t cnt;
    } reasons[REASONS_MAX];
    size_t reason_cnt;
    uint64_t contract_kept; /* the contract that was written to a file; 0: none yet */
    uint32_t kept_by;       /* the participant that kept it */
    uint64_t countersigned; /* contracts, each by one party */
} totals;

/* One participant under examination. */
typedef struct {
    const phc_demo *demo;
    totals *sums;
    uint32_t participant; /* of the scenario */
    uint32_t self;        /* of the market */
    FILE *record;
    uint64_t sent, answers, last_number, last_report, contracts_expected, contracts;
    uint64_t own_countersignatures;
    uint64_t first_missing;
    uint8_t *answered; /* by client order id: how many answers */
    uint64_t answered_max;
    bool record_ended, logged_on, failed;
} examination;

static void fail(examination *x, const char *what, const char *expected, const char *got)
{
    if (!x->failed) {
        (void)fprintf(stderr, "demo: %s: %s\n  own record: %s\n  the market: %s\n",
                      x->demo->scenario->participants[x->participant].name, what, expected, got);
    }
    x->failed = true;
}

/* ---- The record against the stream --------------------------------------------------------- */

/* Next line of the record that is a message of the stream; false at the end. */
static bool next_recorded(examination *x, char line[PHC_RECEIPTS_LINE_MAX + 2])
{
    while (fgets(line, PHC_RECEIPTS_LINE_MAX + 2, x->record) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "sent ", 5) != 0) return true;
        x->sent++;
    }
    return false;
}

/* Every message that the participant once recorded must be told again, word for word, in order. */
static void compare(examination *x, uint64_t number, const char *told)
{
    char line[PHC_RECEIPTS_LINE_MAX + 2];
    if (number != x->last_number + 1) fail(x, "a stream number is missing or doubled", "-", told);
    x->last_number = number;
    if (x->record_ended) return; /* happened after the client had finished, e.g. as a maker */
    if (!next_recorded(x, line)) {
        x->record_ended = true;
        return;
    }
    x->sums->lines_compared++;
    if (strcmp(line, told) != 0) fail(x, "what was acknowledged is told otherwise", line, told);
}

static void note_sequence(totals *s, uint64_t sequence)
{
    if (sequence > s->last_sequence) s->last_sequence = sequence;
}

static void count_answer(examination *x, const phc_report *r)
{
    x->answers++;
    if (r->client_order_id >= x->answered_max) return; /* more than were sent: see conclude */
    if (++x->answered[r->client_order_id] > 1) {
        char told[PHC_RECEIPTS_LINE_MAX];
        fail(x, "an order was answered twice", "-", phc_receipts_report_text(r, told));
    }
}

/* ---- Sums ---------------------------------------------------------------------------------- */

static void count_reason(totals *s, const char *name)
{
    for (size_t i = 0; i < s->reason_cnt; i++) {
        if (strcmp(s->reasons[i].name, name) != 0) continue;
        s->reasons[i].cnt++;
        return;
    }
    if (s->reason_cnt == REASONS_MAX) return;
    (void)snprintf(s->reasons[s->reason_cnt].name, sizeof s->reasons[0].name, "%s", name);
    s->reasons[s->reason_cnt++].cnt = 1;
}

static void keep_best(totals *s, const purchase *p)
{
    size_t at = s->best_cnt < BEST_MAX ? s->best_cnt++ : BEST_MAX;
    if (at == BEST_MAX) {
        if (s->best[BEST_MAX - 1].saved >= p->saved) return;
        at = BEST_MAX - 1;
    }
    while (at > 0 && s->best[at - 1].saved < p->saved) {
        s->best[at] = s->best[at - 1];
        at--;
    }
    s->best[at] = *p;
}

/* A trade is counted once, at its buyer. */
static void count_trade(examination *x, const phc_report *r)
{
    totals *s = x->sums;
    x->contracts_expected++;
    if (r->side != PHC_BUY) return;
    const phc_scenario_product *p = &x->demo->scenario->products[r->product - 1];
    volume *v = &s->of_type[p->compute_type];
    purchase b = {.participant = x->participant,
                  .product = r->product - 1,
                  .contract = r->contract,
                  .notional = r->notional};
    for (size_t i = 0; i < r->segment_cnt; i++) {
        b.unit_hours += (uint64_t)r->segments[i].quantity * r->segments[i].periods;
        s->fills += r->segments[i].periods; /* one order in one hour at one price */
    }
    int64_t list = p->ask * (int64_t)b.unit_hours;
    b.saved = list - r->notional;
    v->contracts++;
    v->unit_hours += b.unit_hours;
    v->notional += r->notional;
    v->list += list;
    keep_best(s, &b);
}

/* ---- What arrives -------------------------------------------------------------------------- */

static void on_logon(void *arg, const phc_logon *l)
{
    examination *x = arg;
    if (!x->logged_on) x->last_report = l->last_report;
    x->self = l->participant;
    x->logged_on = true;
}

static void on_report(void *arg, const phc_report *r)
{
    examination *x = arg;
    char told[PHC_RECEIPTS_LINE_MAX];
    compare(x, r->stream_number, phc_receipts_report_text(r, told));
    note_sequence(x->sums, r->sequence);
    switch (r->type) {
    case PHC_ACCEPTED:
        x->sums->accepted++;
        count_answer(x, r);
        break;
    case PHC_REJECTED:
        x->sums->rejected++;
        count_reason(x->sums, r->reject_name);
        count_answer(x, r);
        break;
    case PHC_TRADE:
        if (r->product >= 1 && r->product <= x->demo->scenario->product_cnt) count_trade(x, r);
        break;
    case PHC_CANCELLED: x->sums->cancelled++; break;
    case PHC_PERIOD_LOST:
    case PHC_REPLACED:
    case PHC_CLIP_SHOWN:
    case PHC_ASSIGNED:
    case PHC_NOT_TAKEN: break;
    }
}

static void on_result(void *arg, const phc_result *r)
{
    examination *x = arg;
    char told[PHC_RECEIPTS_LINE_MAX];
    compare(x, r->stream_number, phc_receipts_result_text(r, told));
    note_sequence(x->sums, r->sequence);
}

static void on_cash(void *arg, const phc_cash *k)
{
    examination *x = arg;
    char told[PHC_RECEIPTS_LINE_MAX];
    compare(x, k->stream_number, phc_receipts_cash_text(k, told));
    note_sequence(x->sums, k->sequence);
}

static json_t *hex_json(const uint8_t *bytes, size_t n)
{
    char *text = malloc(2 * n + 1);
    json_t *j = text == NULL ? NULL : json_string(phc_hex_text(bytes, n, text));
    free(text);
    return j;
}

/* Writes one contract with its proof, in the form that `petahour-audit contract` reads, once. */
static void keep_contract(examination *x, const phc_contract *c, const phc_signed_contract *s)
{
    if (x->sums->contract_kept != 0 || s->proof_size == 0) return;
    x->sums->kept_by = x->participant;
    char path[512];
    json_t *j = json_pack(
        "{s:o, s:i, s:i, s:o, s:s%}", "canonical", hex_json(s->canonical, s->canonical_size),
        "leaf_index", (int)s->leaf_index, "leaf_count", (int)s->leaf_count, "inclusion_proof",
        hex_json(s->proof, s->proof_size), "signed_root", s->signed_root, s->signed_root_size);
    if (j != NULL && json_dump_file(j, phc_demo_path(x->demo, ".", "contract", "json", path),
                                    JSON_INDENT(2)) == 0) {
        x->sums->contract_kept = c->contract;
    }
    json_decref(j);
}

static void on_contract(void *arg, const phc_contract *c, const phc_signed_contract *s,
                        bool matched)
{
    examination *x = arg;
    (void)matched; /* a contract may come before its trade was told again */
    x->contracts++;
    if (s->stream_number != x->contracts) {
        fail(x, "the contracts are not numbered without gaps", "-", "-");
    }
    keep_contract(x, c, s);
}

/* The library sends ours as the contracts come; here they are only counted. */
static void on_countersignature(void *arg, const phc_countersignature *k)
{
    examination *x = arg;
    if (!k->holds || !k->compared) fail(x, "a countersignature does not hold", "-", "-");
    if (k->participant == x->self) x->own_countersignatures++;
}

static void on_problem(void *arg, phc_status status, const char *text)
{
    examination *x = arg;
    fail(x, text, "-", phc_status_name(status));
}

/* ---- Conclusion ---------------------------------------------------------------------------- */

static bool all_here(const examination *x)
{
    return x->logged_on && x->last_number >= x->last_report &&
           x->contracts >= x->contracts_expected && x->own_countersignatures >= x->contracts;
}

/* After everything was told again: nothing of the record may be left over, and every order that
   was sent has one answer. */
static void conclude(examination *x)
{
    char line[PHC_RECEIPTS_LINE_MAX + 2];
    if (x->failed) return;
    if (!all_here(x)) {
        char got[160];
        (void)snprintf(got, sizeof got,
                       "%" PRIu64 " of %" PRIu64 " messages, %" PRIu64 " of %" PRIu64
                       " contracts, %" PRIu64 " countersigned",
                       x->last_number, x->last_report, x->contracts, x->contracts_expected,
                       x->own_countersignatures);
        fail(x, "not everything came in time", "-", got);
    }
    if (!x->record_ended && next_recorded(x, line)) {
        fail(x, "an acknowledgement was lost", line, "nothing");
    }
    if (x->sent != x->answers) {
        char expected[48], got[48];
        (void)snprintf(expected, sizeof expected, "%" PRIu64 " orders sent", x->sent);
        (void)snprintf(got, sizeof got, "%" PRIu64 " answers", x->answers);
        fail(x, "an order was lost or doubled", expected, got);
    }
    x->sums->sent += x->sent;
    x->sums->contracts_verified += x->contracts;
    x->sums->countersigned += x->own_countersignatures;
}

static bool examine(const phc_demo *d, totals *sums, uint32_t participant)
{
    const char *slug = d->scenario->participants[participant].slug;
    char path[512];
    examination x = {.demo = d, .sums = sums, .participant = participant};
    x.answered_max = (uint64_t)d->scenario->action_cnt * 2 + 2;
    x.answered = calloc(x.answered_max, 1);
    x.record = fopen(phc_demo_path(d, "receipts", slug, "log", path), "re");
    phc_client *c = NULL;
    if (x.record == NULL || x.answered == NULL) {
        (void)fprintf(stderr, "demo: could not read record \"%s\": %s\n", path, strerror(errno));
    } else {
        c = phc_demo_open(d, slug,
                          (phc_config){.next_report = 1,
                                       .next_contract = 1,
                                       .callbacks = {.arg = &x,
                                                     .on_logon = on_logon,
                                                     .on_report = on_report,
                                                     .on_result = on_result,
                                                     .on_cash = on_cash,
                                                     .on_contract = on_contract,
                                                     .on_countersignature = on_countersignature,
                                                     .on_problem = on_problem}});
    }
    bool good = c != NULL;
    uint64_t until = phc_demo_now_ns() + PATIENCE_S * UINT64_C(1000000000);
    while (good && !x.failed && !all_here(&x) && phc_demo_now_ns() < until) {
        phc_status st = phc_turn(c, 200);
        good = st == PHC_OK || st == PHC_ETIMEOUT;
    }
    if (c != NULL && !good) (void)fprintf(stderr, "demo: %s: %s\n", slug, phc_error(c));
    if (good) conclude(&x);
    phc_close(c);
    if (x.record != NULL) (void)fclose(x.record); /* only read from: nothing can be lost */
    free(x.answered);
    return good && !x.failed;
}

/* What the file of the kept contract lacks: both parties signed after it was written. */
typedef struct {
    uint64_t contract;
    json_t *list;
} collection;

static void on_collected(void *arg, const phc_countersignature *k)
{
    collection *c = arg;
    char key[65], signature[129];
    if (k->contract != c->contract) return;
    json_array_append_new(c->list,
                          json_pack("{s:i, s:s, s:s}", "participant", (int)k->participant, "key",
                                    phc_hex_text(k->key, sizeof k->key, key), "signature",
                                    phc_hex_text(k->signature, sizeof k->signature, signature)));
}

static bool complete_kept(const phc_demo *d, const totals *s)
{
    char path[512];
    collection k = {.contract = s->contract_kept, .list = json_array()};
    (void)phc_demo_path(d, ".", "contract", "json", path); /* returns path */
    json_t *file = json_load_file(path, 0, NULL);
    phc_client *c =
        phc_demo_open(d, d->scenario->participants[s->kept_by].slug,
                      (phc_config){.next_contract = 1,
                                   .no_countersigning = true,
                                   .callbacks = {.arg = &k, .on_countersignature = on_collected}});
    uint64_t until = phc_demo_now_ns() + PATIENCE_S * UINT64_C(1000000000);
    while (c != NULL && json_array_size(k.list) < 2 && phc_demo_now_ns() < until) {
        phc_status st = phc_turn(c, 200);
        if (st != PHC_OK && st != PHC_ETIMEOUT) break;
    }
    phc_close(c);
    bool good = json_array_size(k.list) >= 2 &&
                json_object_set(file, "countersignatures", k.list) == 0 &&
                json_dump_file(file, path, JSON_INDENT(2)) == 0;
    if (!good)
        (void)fprintf(stderr, "demo: contract %" PRIu64 " is not countersigned by both parties\n",
                      s->contract_kept);
    json_decref(k.list);
    json_decref(file);
    return good;
}

static int print_totals(const phc_demo *d, const totals *s)
{
    const phc_scenario *sc = d->scenario;
    json_t *types = json_object(), *best = json_array(), *reasons = json_object();
    for (int i = 1; i < 5; i++) {
        const volume *v = &s->of_type[i];
        json_object_set_new(types, phc_compute_type_text((phc_compute_type)i),
                            json_pack("{s:I, s:I, s:I, s:I}", "contracts", (json_int_t)v->contracts,
                                      "unit_hours", (json_int_t)v->unit_hours, "notional",
                                      (json_int_t)v->notional, "list", (json_int_t)v->list));
    }
    for (size_t i = 0; i < s->best_cnt; i++) {
        const purchase *p = &s->best[i];
        json_array_append_new(
            best, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "buyer",
                            sc->participants[p->participant].name, "product",
                            sc->products[p->product].symbol, "contract", (json_int_t)p->contract,
                            "unit_hours", (json_int_t)p->unit_hours, "notional",
                            (json_int_t)p->notional, "saved", (json_int_t)p->saved));
    }
    for (size_t i = 0; i < s->reason_cnt; i++) {
        json_object_set_new(reasons, s->reasons[i].name,
                            json_integer((json_int_t)s->reasons[i].cnt));
    }
    json_t *all = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "last_sequence",
        (json_int_t)s->last_sequence, "sent", (json_int_t)s->sent, "accepted",
        (json_int_t)s->accepted, "rejected", (json_int_t)s->rejected, "cancelled",
        (json_int_t)s->cancelled, "fills", (json_int_t)s->fills, "contracts_verified",
        (json_int_t)s->contracts_verified, "lines_compared", (json_int_t)s->lines_compared,
        "countersigned", (json_int_t)s->countersigned, "contract_kept",
        (json_int_t)s->contract_kept, "types", types, "best", best, "rejects", reasons);
    int rc = all != NULL && json_dumpf(all, stdout, JSON_COMPACT) == 0 && puts("") >= 0 ? 0 : 1;
    json_decref(all);
    return rc;
}

int phc_demo_verify(const phc_demo *d)
{
    totals *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)fprintf(stderr, "demo: not enough memory\n");
        return 1;
    }
    bool good = true;
    for (uint32_t i = 0; i < d->scenario->participant_cnt; i++)
        good = examine(d, s, i) && good;
    if (good && s->contract_kept != 0) good = complete_kept(d, s);
    int rc = print_totals(d, s);
    free(s);
    return good ? rc : 8;
}
