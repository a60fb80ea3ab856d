/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/audit.h"
#include "clients/audit/recompute.h"
#include "engine/base/money.h"
#include "engine/base/period.h"
#include "engine/wire/codec.h"

typedef struct {
    bool json;
    uint64_t batches, last_seq;
    uint64_t begun_at, contracts_before; /* record of the snapshot, 0: none; what it has */
    ph_time last_at;
    ph_hash chain;
    uint64_t commands[PH_CMD_KIND_MAX + 1], events[PH_EVT_KIND_MAX + 1];
    ph_wide notional;     /* of all contracts */
    ph_wide balance_sum;  /* over all accounts */
    uint64_t account_cnt; /* that ever moved */
    uint64_t below_zero;  /* accounts that may not be negative and are */
} totals;

static void begin(void *arg, const ph_market *m, const ph_state_head *snapshot)
{
    totals *t = arg;
    t->begun_at = t->last_seq = snapshot->seq;
    t->last_at = snapshot->at;
    t->chain = snapshot->chain;
    t->contracts_before = ph_market_contract_cnt(m);
}

static int add_batch(void *arg, const ph_market *m, const ph_replay_batch *batch, bool *ret_enough)
{
    totals *t = arg;
    (void)m, (void)ret_enough;
    t->batches++;
    t->chain = batch->chain;
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        const ph_replay_record *r = &batch->records[i];
        t->commands[r->command.kind]++;
        t->last_seq = r->command.seq;
        t->last_at = r->command.at;
        for (uint32_t e = 0; e < r->event_cnt; e++) {
            t->events[r->events[e].kind]++;
            if (r->events[e].kind == PH_EVT_TRADE) t->notional += r->events[e].u.trade.notional;
        }
    }
    return PH_AUDIT_RIGHT;
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
    printf("resting    %" PRIu32 " orders\n", ph_market_order_cnt(m));
    printf("accounts   %" PRIu64 ", sum %s, below zero %" PRIu64 "\n", t->account_cnt,
           wide_text(t->balance_sum, sum), t->below_zero);
    printf("chain      %s\n", chain);
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

static int print_json(const totals *t, const ph_market *m, const char *broken)
{
    const ph_open_market *opened = ph_market_opened(m);
    char at[40], chain[65], notional[48], sum[48];
    sodium_bin2hex(chain, sizeof chain, t->chain.b, sizeof t->chain.b);
    /* o takes what it is given, and fails when that is NULL */
    json_t *j = json_pack(
        "{s:b, s:s?, s:s, s:I, s:I, s:I, s:s, s:o, s:o, s:I, s:s, s:I, s:I, s:s, s:I, s:s}",
        "equal", broken == NULL, "broken", broken, "market", opened == NULL ? "" : opened->market.s,
        "from_snapshot", (json_int_t)t->begun_at, "records",
        (json_int_t)(t->last_seq - t->begun_at), "batches", (json_int_t)t->batches, "last_at",
        ph_time_text(t->last_at, at), "commands",
        counts_of(t->commands, PH_CMD_KIND_MAX, command_name), "events",
        counts_of(t->events, PH_EVT_KIND_MAX, event_name), "contracts",
        (json_int_t)ph_market_contract_cnt(m), "notional", wide_text(t->notional, notional),
        "resting_orders", (json_int_t)ph_market_order_cnt(m), "accounts",
        (json_int_t)t->account_cnt, "balance_sum", wide_text(t->balance_sum, sum), "below_zero",
        (json_int_t)t->below_zero, "chain", chain);
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

/* NULL, or what is wrong with the market although every batch came out as stated. */
static const char *find_broken(const totals *t, const ph_market *m)
{
    if (t->balance_sum != 0) return "the sum over all accounts is not zero";
    if (t->below_zero != 0) return "an account is below zero";
    if (t->contracts_before + t->events[PH_EVT_TRADE] != ph_market_contract_cnt(m))
        return "there are not as many contracts as trades";
    return ph_market_broken(m);
}

static int print_all(void *arg, const ph_market *m)
{
    totals *t = arg;
    ph_market_each_account(m, add_account, t);
    const char *broken = find_broken(t, m);
    int status = PH_AUDIT_RIGHT;
    if (t->json)
        status = print_json(t, m, broken);
    else
        print_table(t, m);
    if (status != PH_AUDIT_RIGHT) return status;
    if (broken != NULL) {
        ph_audit_say("every batch is equal, but a law of the market does not hold: %s", broken);
        return PH_AUDIT_WRONG;
    }
    if (t->json) return PH_AUDIT_RIGHT;
    if (t->begun_at == 0) {
        puts("equal: every result is what the journal states, and every law holds");
        return PH_AUDIT_RIGHT;
    }
    printf(
        "equal behind record %" PRIu64 ": every result from there on is what the journal states, "
        "and every law holds\n"
        "not proved: that the commands up to record %" PRIu64 " give the state of the snapshot; a "
        "replay without --from-snapshot proves it\n",
        t->begun_at, t->begun_at);
    return PH_AUDIT_RIGHT;
}

int ph_audit_replay(const ph_audit_request *q)
{
    totals t = {.json = q->json};
    return ph_recompute_run(
        q,
        &(ph_recompute){.on_begin = begin, .on_batch = add_batch, .on_end = print_all, .arg = &t});
}
