/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about what is one's own: contracts and money. */
#include "clients/cli/question.h"

#include <stdio.h>

#define CNT(a)     (sizeof(a) / sizeof((a)[0]))
#define NS_PER_DAY (UINT64_C(86400) * 1000000000)

/* ---- Positions ------------------------------------------------------------------------------ */

static void on_positions(void *arg, const phc_positions *l)
{
    static const char *const states[] = {"-", "AWAITED", "REPORTED", "DISPUTED"};
    cli_asking *a = cli_asking_of(arg);
    a->more = l->more && l->position_cnt != 0;
    for (size_t i = 0; i < l->position_cnt; i++) {
        const phc_position *p = &l->positions[i];
        char buyer[16], supplier[16];
        json_t *o = json_pack("{s:o, s:o, s:o, s:I, s:I}", "contract", cli_number(p->contract),
                              "product", cli_symbol_of(a, p->product), "from",
                              cli_start_of(a, p->product, p->first_period), "periods",
                              (json_int_t)p->periods, "quantity", (json_int_t)p->quantity);
        json_object_set_new(o, "offered", cli_number(p->offered));
        json_object_set_new(o, "state", json_string(states[p->state]));
        json_object_set_new(o, "buyer",
                            json_string(cli_participant_name(&a->catalogue, p->buyer, buyer)));
        json_object_set_new(
            o, "supplier", json_string(cli_participant_name(&a->catalogue, p->supplier, supplier)));
        json_object_set_new(o, "due", cli_time(p->due));
        json_array_append_new(a->result, o);
        a->after = p->contract;
    }
}

int cli_position_list(int argc, char **argv)
{
    static const cli_column columns[] = {
        {"contract", "CONTRACT", true}, {"product", "PRODUCT", false},
        {"from", "FROM", false},        {"periods", "PERIODS", true},
        {"quantity", "UNITS", true},    {"offered", "OFFERED", true},
        {"state", "STATE", false},      {"buyer", "BUYER", false},
        {"supplier", "SUPPLIER", false}};
    cli_common common;
    cli_session s;
    cli_asking a = {.more = true};
    cli_read(argc, argv, "Lists the periods of your contracts that are not final.", NULL, 0,
             &common);
    cli_exit e = cli_ask_begin(&s, &a, &common, (phc_callbacks){.on_positions = on_positions});
    if (e != CLI_DONE) return (int)e;
    a.result = json_array();
    while (e == CLI_DONE && a.more)
        e = cli_ask_wait(&s, &a, phc_ask_positions(s.client, a.after, NULL));
    return cli_ask_end_rows(&s, &a, columns, CNT(columns), e);
}

/* ---- Contracts ------------------------------------------------------------------------------ */

typedef struct {
    cli_asking asking; /* first: callbacks find it there */
    uint64_t wanted;   /* contract; 0: all */
    uint64_t dropped, last_dropped;
    uint64_t sequence;
} contracts;

static const char *part_of(uint32_t parts)
{
    return (parts & PHC_PART_BUYER) != 0      ? "BUYER"
           : (parts & PHC_PART_SUPPLIER) != 0 ? "SUPPLIER"
                                              : "SELLER";
}

static json_t *party(const cli_asking *a, uint32_t participant)
{
    char room[16];
    return json_string(cli_participant_name(&a->catalogue, participant, room));
}

static json_t *row_of(const cli_asking *a, const phc_contract_state *c)
{
    json_t *o = json_pack("{s:o, s:o, s:o, s:s}", "contract", cli_number(c->contract),
                          "concluded_at", cli_time(c->concluded_at), "product",
                          cli_symbol_of(a, c->product), "part", part_of(c->parts));
    json_object_set_new(o, "from_contract",
                        c->from_contract == 0 ? json_null() : cli_number(c->from_contract));
    json_object_set_new(o, "buyer", party(a, c->buyer));
    json_object_set_new(o, "supplier", party(a, c->supplier));
    json_object_set_new(o, "seller", party(a, c->seller));
    json_object_set_new(o, "terms_version", cli_number(c->terms_version));
    json_object_set_new(o, "concluded_by_record", cli_number(c->concluded_sequence));
    json_object_set_new(o, "from", cli_start_of(a, c->product, c->first_period));
    json_object_set_new(o, "periods", cli_number(c->periods));
    json_object_set_new(o, "notional", cli_money(c->notional));
    json_object_set_new(o, "unit_periods", cli_number(c->unit_periods));
    json_object_set_new(o, "open", cli_number(c->open));
    json_object_set_new(o, "resold", cli_number(c->resold));
    json_object_set_new(o, "final", cli_number(c->unit_periods - c->open - c->resold));
    json_object_set_new(o, "delivered_unit_seconds", cli_number(c->delivered));
    json_object_set_new(o, "paid", cli_money(c->paid));
    json_object_set_new(o, "supplier_fee", cli_money(c->supplier_fee));
    json_object_set_new(o, "refunded", cli_money(c->refunded));
    json_object_set_new(o, "penalty", cli_money(c->penalty));
    json_object_set_new(o, "compensation", cli_money(c->compensation));
    json_object_set_new(o, "ended_at",
                        c->ended_sequence == 0 ? json_null() : cli_time(c->ended_at));
    json_object_set_new(o, "ended_by_record",
                        c->ended_sequence == 0 ? json_null() : cli_number(c->ended_sequence));
    return o;
}

static void on_contracts(void *arg, const phc_contracts *l)
{
    contracts *k = (contracts *)(void *)cli_asking_of(arg);
    k->asking.more = l->more && k->wanted == 0;
    k->asking.after = l->last;
    k->dropped = l->dropped;
    k->last_dropped = l->last_dropped;
    k->sequence = l->sequence;
    for (size_t i = 0; i < l->contract_cnt; i++)
        if (k->wanted == 0 || l->contracts[i].contract == k->wanted)
            json_array_append_new(k->asking.result, row_of(&k->asking, &l->contracts[i]));
}

/* What is not there because it is no longer kept is said, never passed over. */
static cli_exit say_not_there(const contracts *k)
{
    if (k->wanted != 0 && json_array_size(k->asking.result) == 0)
        return k->wanted <= k->last_dropped
                   ? cli_say(CLI_NOT_FOUND,
                             "contract %llu is older than what is kept: if it was yours it has "
                             "ended; `petahour contract list` has every contract",
                             (unsigned long long)k->wanted)
                   : cli_say(CLI_NOT_FOUND, "you have no contract %llu as of record %llu",
                             (unsigned long long)k->wanted, (unsigned long long)k->sequence);
    if (k->wanted == 0 && k->dropped != 0)
        (void)cli_say(CLI_DONE,
                      "%llu of your contracts, up to %llu, ended so long ago that they are no "
                      "longer kept; `petahour contract list` has every contract",
                      (unsigned long long)k->dropped, (unsigned long long)k->last_dropped);
    return CLI_DONE;
}

int cli_contract_status(int argc, char **argv)
{
    /* long: a table of options */
    static const cli_column columns[] = {
        {"contract", "CONTRACT", true}, {"concluded_at", "CONCLUDED", false},
        {"product", "PRODUCT", false},  {"part", "PART", false},
        {"from", "FROM", false},        {"notional", "NOTIONAL", true},
        {"open", "OPEN", true},         {"resold", "RESOLD", true},
        {"final", "FINAL", true},       {"paid", "PAID", true},
        {"refunded", "REFUNDED", true}, {"penalty", "PENALTY", true}};
    phc_contracts_question q = {.after = 0};
    const char *product = NULL;
    cli_common common;
    cli_session s;
    contracts k = {.wanted = 0};
    cli_field fields[] = {
        {.name = "CONTRACT", .kind = CLI_U64, .to = &k.wanted},
        {.name = "product",
         .arg = "PRODUCT",
         .kind = CLI_TEXT,
         .to = &product,
         .doc = "Contracts of this product alone"},
        {.name = "open",
         .kind = CLI_FLAG,
         .to = &q.open_only,
         .doc = "Contracts alone that still deliver"},
        {.name = "after",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .to = &q.after,
         .doc = "Contracts with higher numbers alone"},
    };
    cli_read(argc, argv,
             "Asks what became of your contracts, or of one: what is open, was sold on, is final, "
             "and what was paid for it.",
             fields, CNT(fields), &common);
    if (fields[0].given && (k.wanted == 0 || product != NULL || q.open_only || fields[3].given))
        return cli_say(CLI_USAGE, "give a CONTRACT, from 1 on, or options");
    if (k.wanted != 0) q.after = k.wanted - 1;
    cli_exit e =
        cli_ask_begin(&s, &k.asking, &common, (phc_callbacks){.on_contracts = on_contracts});
    if (e != CLI_DONE) return (int)e;
    k.asking.result = json_array();
    const phc_product *p = product == NULL ? NULL : cli_find_product(&k.asking.catalogue, product);
    if (product != NULL && p == NULL)
        return cli_ask_end_rows(&s, &k.asking, columns, CNT(columns), CLI_NOT_FOUND);
    if (p != NULL) q.product = p->id;
    for (k.asking.more = true; e == CLI_DONE && k.asking.more; q.after = k.asking.after)
        e = cli_ask_wait(&s, &k.asking, phc_ask_contracts(s.client, &q, NULL));
    if (e == CLI_DONE) e = say_not_there(&k);
    return cli_ask_end_rows(&s, &k.asking, columns, CNT(columns), e);
}

/* ---- Money ---------------------------------------------------------------------------------- */

static void on_balances(void *arg, const phc_balances *b)
{
    cli_asking *a = cli_asking_of(arg);
    json_t *o = a->result;
    json_object_set_new(o, "sequence", cli_number(b->sequence));
    json_object_set_new(o, "cash", cli_money(b->cash));
    json_object_set_new(o, "held_by_orders", cli_money(b->held));
    json_object_set_new(o, "free", cli_money(b->cash - b->held));
    json_object_set_new(o, "in_escrow", cli_money(b->escrow));
    json_object_set_new(o, "bonds", cli_money(b->bond));
    json_object_set_new(o, "premiums", cli_money(b->premiums));
    json_object_set_new(o, "dispute_deposits", cli_money(b->deposits));
    json_object_set_new(o, "open_orders", cli_number(b->orders));
    json_object_set_new(o, "running_contracts", cli_number(b->contracts));
}

static void on_statement(void *arg, const phc_account_statement *t)
{
    cli_asking *a = cli_asking_of(arg);
    if (t->long_ago) {
        json_t *first = cli_time(t->first_kept * NS_PER_DAY);
        a->refused = cli_say(CLI_NOT_FOUND,
                             "days before %s are no longer kept: ask from then on; `petahour cash "
                             "list` has every movement",
                             json_string_value(first));
        json_decref(first);
        return;
    }
    json_object_set_new(a->result, "sequence", cli_number(t->sequence));
    json_object_set_new(a->result, "opening", cli_money(t->opening));
    json_object_set_new(a->result, "closing", cli_money(t->closing));
    json_t *sums = json_array();
    for (size_t i = 0; i < t->sum_cnt; i++)
        json_array_append_new(sums, json_pack("{s:s, s:o, s:o, s:o}", "reason", t->sums[i].reason,
                                              "movements", cli_number(t->sums[i].movements),
                                              "received", cli_money((int64_t)t->sums[i].received),
                                              "paid", cli_money((int64_t)t->sums[i].paid)));
    json_object_set_new(a->result, "sums", sums);
}

/* As a person reads it: a line for each reason between what there was and what there is. */
static json_t *lines_of(json_t *statement)
{
    json_t *lines = json_array(), *sums = json_object_get(statement, "sums"), *sum;
    size_t i;
    json_array_append_new(lines, json_pack("{s:s, s:O}", "reason", "OPENING", "cash",
                                           json_object_get(statement, "opening")));
    json_array_foreach(sums, i, sum) json_array_append(lines, sum);
    json_array_append_new(lines, json_pack("{s:s, s:O}", "reason", "CLOSING", "cash",
                                           json_object_get(statement, "closing")));
    json_decref(statement);
    return lines;
}

/* `to` NULL: as far as the market is. */
static int statement_of_days(const cli_common *common, uint64_t from, const uint64_t *to)
{
    static const cli_column columns[] = {{"reason", "REASON", false},
                                         {"movements", "MOVEMENTS", true},
                                         {"received", "RECEIVED", true},
                                         {"paid", "PAID", true},
                                         {"cash", "CASH", true}};
    cli_session s;
    cli_asking a = {.result = NULL};
    uint32_t first_day = (uint32_t)(from / NS_PER_DAY), days = UINT32_MAX;
    if (from % NS_PER_DAY != 0 || (to != NULL && (*to % NS_PER_DAY != 0 || *to <= from)))
        return cli_say(CLI_USAGE, "--from and --to are midnights of UTC, --from the earlier one");
    if (to != NULL) days = (uint32_t)((*to - from) / NS_PER_DAY);
    cli_exit e = cli_ask_begin(&s, &a, common, (phc_callbacks){.on_statement = on_statement});
    if (e != CLI_DONE) return (int)e;
    a.result = json_object();
    json_object_set_new(a.result, "from", cli_time(from));
    json_object_set_new(a.result, "to", to == NULL ? json_null() : cli_time(*to));
    e = cli_ask_wait(&s, &a, phc_ask_statement(s.client, first_day, days, NULL));
    if (e != CLI_DONE || common->json) return cli_ask_end(&s, &a, e);
    a.result = lines_of(a.result);
    return cli_ask_end_rows(&s, &a, columns, CNT(columns), e);
}

static int balances(const cli_common *common)
{
    cli_session s;
    cli_asking a = {.result = NULL};
    cli_exit e = cli_ask_begin(&s, &a, common, (phc_callbacks){.on_balances = on_balances});
    if (e != CLI_DONE) return (int)e;
    a.result = json_object();
    e = cli_ask_wait(&s, &a, phc_ask_balances(s.client, NULL));
    return cli_ask_end(&s, &a, e);
}

int cli_statement(int argc, char **argv)
{
    uint64_t from = 0, to = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "from",
         .arg = "TIME",
         .kind = CLI_TIME,
         .to = &from,
         .doc = "What moved your cash from this midnight of UTC on, like 2026-12-01T00:00:00Z"},
        {.name = "to",
         .arg = "TIME",
         .kind = CLI_TIME,
         .to = &to,
         .doc = "Up to this midnight (default: now)"},
    };
    cli_read(argc, argv,
             "Shows your cash and what your orders and contracts keep of it or, with --from, what "
             "moved it on some days, reason by reason.  `petahour cash list` has every movement.",
             fields, CNT(fields), &common);
    if (!fields[0].given && !fields[1].given) return balances(&common);
    if (!fields[0].given) return cli_say(CLI_USAGE, "--to without --from");
    return statement_of_days(&common, from, fields[1].given ? &to : NULL);
}
