/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/audit.h"
#include "clients/audit/countersigned.h"
#include "clients/audit/difference.h"
#include "clients/audit/recompute.h"
#include "clients/audit/stated.h"
#include "clients/audit/state_hash.h"
#include "engine/base/money.h"
#include "engine/base/period.h"
#include "engine/wire/codec.h"

typedef struct {
    const ph_audit_request *q;
    bool json;
    json_t *states; /* with json: what would be printed on the way */
    uint64_t batches, last_seq;
    uint64_t chain_seq;                  /* record at the end of the last batch */
    uint64_t begun_at, contracts_before; /* record of the snapshot, 0: none; what it has */
    ph_time last_at;
    ph_hash chain;
    uint64_t commands[PH_CMD_KIND_MAX + 1], events[PH_EVT_KIND_MAX + 1];
    ph_wide notional;     /* of all contracts */
    ph_wide balance_sum;  /* over all accounts */
    uint64_t account_cnt; /* that ever moved */
    uint64_t below_zero;  /* accounts that may not be negative and are */
    ph_countersigned_sums countersigned;
    ph_stated stated;
} totals;

static void begin(void *arg, const ph_market *m, const ph_state_head *snapshot)
{
    totals *t = arg;
    t->begun_at = t->last_seq = snapshot->seq;
    t->last_at = snapshot->at;
    t->chain = snapshot->chain;
    t->chain_seq = snapshot->seq;
    t->contracts_before = t->countersigned.before = ph_market_contract_cnt(m);
}

/* A record is counted here or by a watcher, never by both. */
static void count(totals *t, const ph_replay_record *r)
{
    t->commands[r->command.kind]++;
    t->last_seq = r->command.seq;
    t->last_at = r->command.at;
    ph_stated_count(&t->stated, r);
    for (uint32_t e = 0; e < r->event_cnt; e++) {
        t->events[r->events[e].kind]++;
        if (r->events[e].kind == PH_EVT_TRADE) t->notional += r->events[e].u.trade.notional;
    }
}

/* Whoever hears of each record makes the replay compare them one by one, in one thread. */
static bool hears_records(const ph_audit_request *q)
{
    return q->until != 0 || q->state_every != 0 || q->chain_only;
}

static int add_batch(void *arg, const ph_market *m, const ph_replay_batch *batch, bool *ret_enough)
{
    totals *t = arg;
    (void)ret_enough;
    t->batches++;
    for (uint32_t i = 0; !hears_records(t->q) && i < batch->record_cnt; i++)
        count(t, &batch->records[i]);
    t->chain = batch->chain;
    t->chain_seq = batch->first_seq + batch->record_cnt - 1;
    int status = PH_AUDIT_RIGHT;
    if (t->q->countersignatures) status = ph_countersigned_sums_batch(&t->countersigned, m, batch);
    if (status == PH_AUDIT_RIGHT && t->q->statements)
        status = ph_stated_batch(&t->stated, m, batch);
    return status;
}

static bool add_state(totals *t, const ph_market *m)
{
    char hex[65];
    ph_hash state = ph_state_hash(m);
    (void)sodium_bin2hex(hex, sizeof hex, state.b, sizeof state.b); /* returns hex */
    if (t->states == NULL)
        return printf("state      %12" PRIu64 "  %s\n", ph_market_seq(m), hex) > 0;
    json_t *j = json_pack("{s:I, s:s}", "record", (json_int_t)ph_market_seq(m), "state", hex);
    return json_array_append_new(t->states, j) == 0;
}

static bool add_record(void *arg, const ph_market *m, const ph_replay_record *r)
{
    totals *t = arg;
    count(t, r);
    bool is_last = t->q->until == r->command.seq;
    bool is_due = t->q->state_every != 0 && r->command.seq % t->q->state_every == 0;
    return (!(is_due || is_last) || add_state(t, m)) && !is_last;
}

static void add_account(void *arg, ph_account account, ph_money balance)
{
    totals *t = arg;
    t->account_cnt++;
    t->balance_sum += balance;
    if (balance < 0 && account.kind != PH_ACCOUNT_EXTERNAL) t->below_zero++;
}

/* A sum of many amounts may be larger than one amount can be; then it is said in whole units. */
static const char *wide_text(ph_wide v, char to[48])
{
    ph_money narrow;
    if (ph_money_narrow(v, &narrow)) return ph_money_text(narrow, to);
    bool is_narrow = ph_money_narrow(v / 1000000, &narrow);
    snprintf(to, 48, "%s%" PRId64, is_narrow ? "about " : "beyond ", is_narrow ? narrow : 0);
    return to;
}

static void print_counts(const totals *t)
{
    printf("commands\n");
    for (int k = 1; k <= PH_CMD_KIND_MAX; k++)
        if (t->commands[k] != 0)
            printf("  %-21s %12" PRIu64 "\n", ph_command_kind_name((ph_command_kind)k),
                   t->commands[k]);
    printf("events\n");
    for (int k = 1; k <= PH_EVT_KIND_MAX; k++)
        if (t->events[k] != 0)
            printf("  %-21s %12" PRIu64 "\n", ph_event_kind_name((ph_event_kind)k), t->events[k]);
}

static void print_table(const totals *t, const ph_market *m)
{
    const ph_open_market *opened = ph_market_opened(m);
    char at[40], chain[65], notional[48], sum[48];
    sodium_bin2hex(chain, sizeof chain, t->chain.b, sizeof t->chain.b);
    printf("market     %s, %s, rules %" PRIu32 "\n",
           opened == NULL ? "not opened" : opened->market.s,
           opened == NULL ? "-" : opened->currency, opened == NULL ? 0 : opened->rules_version);
    if (t->begun_at != 0)
        printf("begun      with the snapshot of record %" PRIu64 ", counted from there\n",
               t->begun_at);
    printf("records    %" PRIu64 " in %" PRIu64 " batches, the last of %s\n",
           t->last_seq - t->begun_at, t->batches, ph_time_text(t->last_at, at));
    print_counts(t);
    printf("contracts  %" PRIu64 ", notional %s\n", ph_market_contract_cnt(m),
           wide_text(t->notional, notional));
    ph_countersigned_sums_print(&t->countersigned, t->q->countersignatures);
    ph_stated_print(&t->stated, t->q->statements);
    printf("resting    %" PRIu32 " orders\n", ph_market_order_cnt(m));
    printf("accounts   %" PRIu64 ", sum %s, below zero %" PRIu64 "\n", t->account_cnt,
           wide_text(t->balance_sum, sum), t->below_zero);
    if (t->chain_seq == t->last_seq)
        printf("chain      %s\n", chain);
    else if (t->chain_seq != 0)
        printf("chain      %s of record %" PRIu64 "\n", chain, t->chain_seq);
}

static json_t *counts_of(const uint64_t *counts, int max, const char *(*name)(int kind))
{
    json_t *j = json_object();
    for (int k = 1; k <= max; k++)
        if (counts[k] != 0 &&
            json_object_set_new(j, name(k), json_integer((json_int_t)counts[k])) != 0) {
            json_decref(j);
            return NULL;
        }
    return j;
}

static const char *command_name(int kind)
{
    return ph_command_kind_name((ph_command_kind)kind);
}

static const char *event_name(int kind)
{
    return ph_event_kind_name((ph_event_kind)kind);
}

/* Takes j, and the states if there are any. */
static int print_object(totals *t, json_t *j)
{
    if (j != NULL && json_array_size(t->states) != 0 &&
        json_object_set(j, "states", t->states) != 0) {
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

static int print_json(totals *t, const ph_market *m, const char *broken)
{
    const ph_open_market *opened = ph_market_opened(m);
    char at[40], chain[65], notional[48], sum[48];
    sodium_bin2hex(chain, sizeof chain, t->chain.b, sizeof t->chain.b);
    /* o takes what it is given, and fails when that is NULL */
    json_t *j = json_pack(
        "{s:o, s:s?, s:s, s:I, s:I, s:I, s:s, s:o, s:o, s:I, s:s, s:I, s:I, s:s, s:I, s:s, s:I, "
        "s:o, s:o}",
        "equal", t->q->chain_only ? json_null() : json_boolean(broken == NULL), "broken", broken,
        "market", opened == NULL ? "" : opened->market.s, "from_snapshot", (json_int_t)t->begun_at,
        "records", (json_int_t)(t->last_seq - t->begun_at), "batches", (json_int_t)t->batches,
        "last_at", ph_time_text(t->last_at, at), "commands",
        counts_of(t->commands, PH_CMD_KIND_MAX, command_name), "events",
        counts_of(t->events, PH_EVT_KIND_MAX, event_name), "contracts",
        (json_int_t)ph_market_contract_cnt(m), "notional", wide_text(t->notional, notional),
        "resting_orders", (json_int_t)ph_market_order_cnt(m), "accounts",
        (json_int_t)t->account_cnt, "balance_sum", wide_text(t->balance_sum, sum), "below_zero",
        (json_int_t)t->below_zero, "chain", chain, "chain_record", (json_int_t)t->chain_seq,
        "countersignatures", ph_countersigned_sums_json(&t->countersigned, t->q->countersignatures),
        "statements", ph_stated_json(&t->stated, t->q->statements));
    return print_object(t, j);
}

static void print_difference(void *arg, uint64_t seq, const ph_replay_difference *d)
{
    totals *t = arg;
    if (!t->json) {
        ph_difference_print(seq, d);
        return;
    }
    json_t *j = json_pack("{s:b, s:o}", "equal", 0, "difference", ph_difference_json(seq, d));
    (void)print_object(t, j); /* the status is that of the difference */
}

/* NULL, or what is wrong with the market although every batch came out as stated. */
static const char *find_broken(const totals *t, const ph_market *m)
{
    if (t->balance_sum != 0) return "the sum over all accounts is not zero";
    if (t->below_zero != 0) return "an account is below zero";
    if (t->contracts_before + t->events[PH_EVT_TRADE] != ph_market_contract_cnt(m))
        return "there are not as many contracts as trades";
    return ph_market_broken(m);
}

static void print_not_compared(const totals *t)
{
    puts("not compared: every byte up to its last batch holds, and every law; not proved: that the "
         "engine computed the same, which a replay without --chain-only proves");
    if (t->begun_at != 0)
        printf("nor that the commands up to record %" PRIu64 " give the state of the snapshot\n",
               t->begun_at);
}

static void print_equal(const totals *t)
{
    fputs("equal", stdout);
    if (t->begun_at != 0) printf(" behind record %" PRIu64, t->begun_at);
    printf(": every result %s", t->begun_at != 0 ? "from there on " : "");
    if (t->q->until != 0) printf("up to record %" PRIu64 " ", t->last_seq);
    puts("is what the journal states, and every law holds");
    if (t->begun_at != 0)
        printf("not proved: that the commands up to record %" PRIu64
               " give the state of the snapshot; a replay without --from-snapshot proves it\n",
               t->begun_at);
}

static int print_all(void *arg, const ph_market *m)
{
    totals *t = arg;
    if (t->q->until > t->last_seq) {
        ph_audit_say("the journal ends with record %" PRIu64 ": give --until a smaller number",
                     t->last_seq);
        return PH_AUDIT_NOT_FOUND;
    }
    ph_market_each_account(m, add_account, t);
    ph_countersigned_sums_end(&t->countersigned, m);
    const char *broken = find_broken(t, m);
    int status = PH_AUDIT_RIGHT;
    if (t->json)
        status = print_json(t, m, broken);
    else
        print_table(t, m);
    if (status != PH_AUDIT_RIGHT) return status;
    if (broken != NULL) {
        ph_audit_say("every batch is %s, but a law of the market does not hold: %s",
                     t->q->chain_only ? "whole" : "equal", broken);
        return PH_AUDIT_WRONG;
    }
    if (t->json) return PH_AUDIT_RIGHT;
    if (t->q->chain_only)
        print_not_compared(t);
    else
        print_equal(t);
    return PH_AUDIT_RIGHT;
}

int ph_audit_replay(const ph_audit_request *q)
{
    if (q->chain_only && (q->countersignatures || q->statements)) {
        const char *option = q->countersignatures ? "countersignatures" : "statements";
        ph_audit_say("--chain-only compares no results, and %s are results that the market took: "
                     "give one of --chain-only and --%s",
                     option, option);
        return PH_AUDIT_USAGE;
    }
    totals t = {.q = q, .json = q->json, .states = q->json ? json_array() : NULL};
    if (q->json && t.states == NULL) {
        ph_audit_say("could not write JSON: no memory");
        return PH_AUDIT_FAILED;
    }
    int status =
        ph_recompute_run(q, &(ph_recompute){.on_begin = begin,
                                            .on_batch = add_batch,
                                            .on_record = hears_records(q) ? add_record : NULL,
                                            .on_end = print_all,
                                            .on_difference = print_difference,
                                            .arg = &t});
    ph_countersigned_sums_close(&t.countersigned);
    ph_stated_close(&t.stated);
    json_decref(t.states);
    return status;
}
