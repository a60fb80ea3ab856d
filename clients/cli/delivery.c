/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of contracts: access, reports, disputes, cash. */
#include "clients/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- Access -------------------------------------------------------------------------------- */

typedef struct {
    uint64_t contract;
    bool found;
    uint8_t buyer_key[32];
    phc_key key; /* opens what was handed over */
    uint8_t access[PHC_SEALED_MAX];
    size_t size;
    phc_status opened;
} handing;

static void on_contract(void *arg, const phc_contract *c, const phc_signed_contract *g,
                        bool matched)
{
    cli_session *s = arg;
    handing *h = s->arg;
    (void)g, (void)matched; /* it was verified before it came here */
    if (c->contract != h->contract) return;
    h->found = true;
    memcpy(h->buyer_key, c->buyer_key, sizeof h->buyer_key);
}

static cli_exit read_access(const char *path, handing *h)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) return cli_say(CLI_FAILED, "could not open \"%s\": %s", path, strerror(errno));
    h->size = fread(h->access, 1, PHC_ACCESS_MAX + 1, f);
    bool failed = ferror(f) != 0;
    fclose(f); /* nothing was written */
    if (failed) return cli_say(CLI_FAILED, "could not read \"%s\"", path);
    if (h->size == 0 || h->size > PHC_ACCESS_MAX)
        return cli_say(CLI_USAGE, "\"%s\" does not have 1 to %d bytes", path, PHC_ACCESS_MAX);
    return CLI_DONE;
}

int cli_access_give(int argc, char **argv)
{
    handing h = {0};
    const char *path = NULL;
    cli_common common;
    cli_field fields[] = {
        {.name = "CONTRACT", .kind = CLI_U64, .required = true, .to = &h.contract},
        {.name = "file",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &path,
         .doc = "What the buyer needs to use it: at most 464 bytes"},
    };
    cli_read(argc, argv,
             "Hands over access to what a contract delivers, sealed to the buyer's key: nobody "
             "else can read it (supplier).",
             fields, CNT(fields), &common);
    cli_exit e = read_access(path, &h);
    if (e != CLI_DONE) return (int)e;
    cli_session s = {.arg = &h};
    e = cli_open(&s, &common, (phc_callbacks){.on_contract = on_contract}, 0, 1);
    if (e != CLI_DONE) return (int)e;
    if (!h.found) {
        cli_close(&s);
        return cli_say(CLI_NOT_FOUND, "you have no contract %llu; see `petahour contract list`",
                       (unsigned long long)h.contract);
    }
    uint64_t request = 0;
    phc_status sent =
        phc_hand_over_access(s.client, h.contract, h.buyer_key, h.access, h.size, &request);
    e = cli_finish(
        &s, sent, request,
        json_pack("{s:o, s:I}", "contract", cli_number(h.contract), "bytes", (json_int_t)h.size));
    cli_close(&s);
    return (int)e;
}

static void on_access(void *arg, const phc_access *a)
{
    cli_session *s = arg;
    handing *h = s->arg;
    if (a->contract != h->contract || a->sealed_size > sizeof h->access) return;
    h->found = true; /* the newest counts */
    h->opened = phc_access_open(&h->key, a->sealed, a->sealed_size, h->access, &h->size);
}

/* As it was given; as JSON in hexadecimal, and as text if it is any. */
static void print_access(const handing *h, bool json)
{
    if (!json) {
        (void)fwrite(h->access, 1, h->size, stdout); /* a closed output: see main */
        return;
    }
    char hex[2 * sizeof h->access + 1];
    json_t *text = json_stringn((const char *)h->access, h->size);
    cli_print_object(json_pack("{s:o, s:o, s:s}", "contract", cli_number(h->contract), "access",
                               text != NULL ? text : json_null(), "access_hex",
                               phc_hex_text(h->access, h->size, hex)),
                     true);
}

int cli_access_show(int argc, char **argv)
{
    handing h = {0};
    char err[400];
    cli_common common;
    cli_field fields[] = {
        {.name = "CONTRACT", .kind = CLI_U64, .required = true, .to = &h.contract},
    };
    cli_read(argc, argv,
             "Shows the access that you were given to what a contract delivers (buyer).", fields,
             CNT(fields), &common);
    if (common.key_file != NULL && phc_key_read(common.key_file, &h.key, err, sizeof err) != PHC_OK)
        return cli_say(CLI_FAILED, "%s", err);
    cli_session s = {.arg = &h};
    cli_exit e = cli_open(&s, &common, (phc_callbacks){.on_access = on_access}, 1, 0);
    phc_key_wipe(&h.key);
    if (e != CLI_DONE) return (int)e;
    cli_close(&s);
    if (!h.found)
        return cli_say(CLI_NOT_FOUND, "you were given no access to contract %llu",
                       (unsigned long long)h.contract);
    if (h.opened != PHC_OK)
        return cli_say(CLI_NOT_VERIFIED, "the access is sealed to another key than yours");
    print_access(&h, common.json);
    return CLI_DONE;
}

/* ---- Reports ------------------------------------------------------------------------------- */

/* Which contract-periods, and how many unit-seconds in each. */
typedef struct {
    phc_delivery_report r;
    uint32_t periods; /* from r.period on */
    const char *product;
    uint64_t at;
    bool by_number, by_time;
} naming;

typedef phc_status (*sending)(phc_client *c, const phc_delivery_report *r, uint64_t *ret_request);

static phc_status send_report(phc_client *c, const phc_delivery_report *r, uint64_t *ret_request)
{
    return phc_report_delivery(c, r, ret_request);
}

static phc_status send_confirm(phc_client *c, const phc_delivery_report *r, uint64_t *ret_request)
{
    return phc_confirm_delivery(c, r->contract, r->period, ret_request);
}

static phc_status send_dispute(phc_client *c, const phc_delivery_report *r, uint64_t *ret_request)
{
    return phc_dispute_delivery(c, r->contract, r->period, r->delivered, ret_request);
}

static phc_status send_resolve(phc_client *c, const phc_delivery_report *r, uint64_t *ret_request)
{
    return phc_resolve_dispute(c, r->contract, r->period, r->delivered, ret_request);
}

static cli_exit find_period(const cli_catalogue *c, naming *n)
{
    if (n->by_number) return CLI_DONE;
    const phc_product *p = cli_find_product(c, n->product);
    if (p == NULL) return CLI_NOT_FOUND;
    if (phc_period_from_time(n->at, p->period_seconds, &n->r.period) == PHC_OK) return CLI_DONE;
    return cli_say(CLI_USAGE, "could not use --at: no period of %u seconds starts then",
                   p->period_seconds);
}

/* One period after the other, up to the first that the market does not take. */
static cli_exit tell_periods(cli_session *s, const naming *n, sending send)
{
    phc_delivery_report r = n->r;
    for (uint32_t i = 0; i < n->periods; i++, r.period++) {
        uint64_t request = 0;
        phc_status sent = send(s->client, &r, &request);
        cli_exit e = cli_answer(s, sent, request);
        if (e == CLI_DONE) continue;
        if (n->periods > 1)
            (void)cli_say(e, "that was for period %u; of %u periods, the %u before it were taken",
                          r.period, n->periods, i);
        return e;
    }
    cli_print_object(json_pack("{s:o, s:I, s:I}", "contract", cli_number(n->r.contract), "period",
                               (json_int_t)n->r.period, "periods", (json_int_t)n->periods),
                     s->common.json);
    return CLI_DONE;
}

static int tell_market(const cli_common *common, naming *n, sending send)
{
    cli_session s;
    cli_catalogue c;
    if (n->by_number == n->by_time)
        return cli_say(CLI_USAGE, "give either --period or both --product and --at");
    cli_exit e = cli_open_catalogue(&s, &c, common);
    if (e != CLI_DONE) return (int)e;
    e = find_period(&c, n);
    uint64_t most = (UINT64_C(1) << 32) - n->r.period;
    if (e == CLI_DONE && (n->periods == 0 || n->periods > most))
        e = cli_say(CLI_USAGE, "--periods %u: from period %u on there are 1 to %llu", n->periods,
                    n->r.period, (unsigned long long)most);
    if (e == CLI_DONE) e = tell_periods(&s, n, send);
    return cli_end(&s, &c, e);
}

/* Reads the arguments that all of these commands have, and the figure if there is one. */
static int delivery(int argc, char **argv, const char *doc, sending send)
{
    naming n = {.periods = 1};
    cli_common common;
    cli_field fields[] = {
        {.name = "CONTRACT", .kind = CLI_U64, .required = true, .to = &n.r.contract},
        {.name = "period",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &n.r.period,
         .doc = "Number of the period"},
        {.name = "product",
         .arg = "PRODUCT",
         .kind = CLI_TEXT,
         .to = &n.product,
         .doc = "Product of the contract, when there is no --period"},
        {.name = "at",
         .arg = "TIME",
         .kind = CLI_TIME,
         .to = &n.at,
         .doc = "Start of the period, when there is no --period"},
        {.name = "periods",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &n.periods,
         .doc =
             "This many periods from there on, one after the other, the same of each (default 1)"},
        {.name = "delivered",
         .arg = "UNIT-SECONDS",
         .kind = CLI_U64,
         .required = true,
         .to = &n.r.delivered,
         .doc = "Units times the seconds that they were there, in each period"},
        {.name = "energy-wh",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .to = &n.r.energy_wh,
         .doc = "Energy that was used, in each period"},
    };
    /* A confirmation has no figure, and only a report has energy. */
    size_t cnt = send == send_confirm ? 5 : send == send_report ? 7 : 6;
    cli_read(argc, argv, doc, fields, cnt, &common);
    n.by_number = fields[1].given;
    n.by_time = fields[2].given && fields[3].given;
    return tell_market(&common, &n, send);
}

int cli_delivery_report(int argc, char **argv)
{
    return delivery(argc, argv,
                    "Reports what was delivered in a period of a contract; signed with your key "
                    "(meter of the contract, or its supplier).",
                    send_report);
}

int cli_delivery_confirm(int argc, char **argv)
{
    return delivery(argc, argv, "Confirms a report: what it says is what came (buyer).",
                    send_confirm);
}

int cli_delivery_dispute(int argc, char **argv)
{
    return delivery(
        argc, argv,
        "Disputes a report, with the figure that you claim; puts down a deposit (buyer, "
        "or whoever is owed a premium).",
        send_dispute);
}

int cli_delivery_resolve(int argc, char **argv)
{
    return delivery(argc, argv, "Decides a dispute (operator only).", send_resolve);
}

/* ---- Lists --------------------------------------------------------------------------------- */

/* A report, and who signed it. */
typedef struct {
    size_t row;
    uint32_t by;
    phc_delivery_report stated;
    uint8_t signature[PHC_SIGNATURE_BYTES];
} told_report;

/* The session's arg: the catalogue comes first. */
typedef struct {
    cli_catalogue catalogue;
    json_t *rows;
    json_t *products; /* number of the product, by number of the contract as text */
    char market[64];
    told_report *reports; /* those that rows tell of, in order */
    size_t report_cnt, report_room;
    bool failed; /* no memory for one */
} deliveries;

/* A party of a contract was told of the trade or the resale that made it one. */
static void on_delivered_trade(void *arg, const phc_report *r)
{
    cli_session *s = arg;
    deliveries *l = s->arg;
    char contract[24];
    if (r->type != PHC_TRADE && r->type != PHC_ASSIGNED) return;
    (void)snprintf(contract, sizeof contract, "%llu", (unsigned long long)r->contract);
    json_object_set_new(l->products, contract, json_integer((json_int_t)r->product));
}

static json_t *delivery_row(uint64_t at, uint64_t contract, uint32_t period, const char *step)
{
    return json_pack("{s:o, s:o, s:I, s:s}", "at", cli_time(at), "contract", cli_number(contract),
                     "period", (json_int_t)period, "step", step);
}

static void on_listing(void *arg, const phc_logon *l)
{
    deliveries *to = ((cli_session *)arg)->arg;
    (void)snprintf(to->market, sizeof to->market, "%s", l->market);
}

/* A reseller is not told who reported, and can verify nothing. */
static void keep_report(deliveries *l, const phc_delivery *d)
{
    if (!d->is_signed || d->by == 0) return;
    if (l->report_cnt == l->report_room) {
        size_t room = l->report_room == 0 ? 64 : 2 * l->report_room;
        told_report *more = realloc(l->reports, room * sizeof *more);
        l->failed = l->failed || more == NULL;
        if (more == NULL) return;
        l->reports = more;
        l->report_room = room;
    }
    told_report *r = &l->reports[l->report_cnt++];
    *r = (told_report){
        json_array_size(l->rows), d->by, {d->contract, d->period, d->figure, d->energy_wh}, {0}};
    memcpy(r->signature, d->signature, sizeof r->signature);
}

/* Whether the newest signature key of the reporter made it.  With one that it had before, which the
   catalogue does not tell, a signature is as good; settlement and auditors know them all. */
static void judge_report(const deliveries *l, const told_report *r)
{
    const char *verdict = "not by the newest key";
    const phc_participant *by = NULL;
    for (size_t i = 0; i < l->catalogue.participant_cnt; i++)
        if (l->catalogue.participants[i].id == r->by) by = &l->catalogue.participants[i];
    if (by == NULL) return; /* registered after the catalogue was read */
    if (phc_delivery_report_verify(&r->stated, l->market, r->by, by->sign_key, r->signature) ==
        PHC_OK)
        verdict = "holds";
    json_object_set_new(json_array_get(l->rows, r->row), "signature", json_string(verdict));
}

static void on_delivery(void *arg, const phc_delivery *d)
{
    cli_session *s = arg;
    deliveries *l = s->arg;
    json_t *o = delivery_row(d->at, d->contract, d->period, phc_delivery_step_text(d->step));
    json_object_set_new(o, "unit_seconds", cli_number(d->figure));
    json_object_set_new(o, "by", cli_number(d->by));
    json_object_set_new(o, "due", cli_time(d->due));
    keep_report(l, d);
    json_array_append_new(l->rows, o);
}

static void on_final(void *arg, const phc_delivery_final *f)
{
    cli_session *s = arg;
    deliveries *l = s->arg;
    char step[32];
    snprintf(step, sizeof step, "FINAL: %s", phc_final_cause_text(f->cause));
    json_t *o = delivery_row(f->at, f->contract, f->period, step);
    json_object_set_new(o, "unit_seconds", cli_number(f->delivered));
    json_object_set_new(o, "promised", cli_number(f->promised));
    json_array_append_new(l->rows, o);
}

/* When the period begins, which only the product says. */
static void time_period(const deliveries *l, json_t *row)
{
    char contract[24];
    (void)snprintf(contract, sizeof contract, "%lld",
                   (long long)json_integer_value(json_object_get(row, "contract")));
    const phc_product *p = cli_product_of(
        &l->catalogue, (uint32_t)json_integer_value(json_object_get(l->products, contract)));
    if (p == NULL) return; /* listed after the catalogue was read */
    uint32_t period = (uint32_t)json_integer_value(json_object_get(row, "period"));
    json_object_set_new(row, "symbol", json_string(p->symbol));
    json_object_set_new(row, "from", cli_time(phc_period_start(period, p->period_seconds)));
}

int cli_delivery_list(int argc, char **argv)
{
    static const cli_column columns[] = {
        {"at", "AT", false},      {"contract", "CONTRACT", true},
        {"from", "FROM", false},  {"period", "PERIOD", true},
        {"step", "STEP", false},  {"unit_seconds", "UNIT-SECONDS", true},
        {"promised", "OF", true}, {"by", "BY", true},
        {"due", "DUE", false},    {"signature", "SIGNATURE", false}};
    cli_common common;
    cli_read(argc, argv, "Lists what became of your contracts, period by period.", NULL, 0,
             &common);
    deliveries l = {.rows = json_array(), .products = json_object()};
    cli_session s = {.arg = &l};
    phc_callbacks cb = {.on_logon = on_listing,
                        .on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_report = on_delivered_trade,
                        .on_delivery = on_delivery,
                        .on_delivery_final = on_final};
    cli_exit e = cli_open(&s, &common, cb, 1, 0);
    if (e == CLI_DONE) {
        size_t i;
        json_t *row;
        e = cli_load_catalogue(&s);
        json_array_foreach(l.rows, i, row)
        {
            time_period(&l, row);
        }
        for (i = 0; i < l.report_cnt; i++)
            judge_report(&l, &l.reports[i]);
        if (e == CLI_DONE && l.failed) e = cli_say(CLI_FAILED, "no memory for the reports");
        if (e == CLI_DONE) cli_print_rows(json_incref(l.rows), columns, CNT(columns), common.json);
        e = cli_end(&s, &l.catalogue, e);
    }
    json_decref(l.products);
    json_decref(l.rows);
    free(l.reports);
    return (int)e;
}

static void on_cash(void *arg, const phc_cash *k)
{
    cli_session *s = arg;
    json_t *rows = s->arg;
    for (size_t i = 0; i < k->movement_cnt; i++) {
        const phc_movement *m = &k->movements[i];
        json_t *o = json_pack("{s:o, s:s, s:o}", "at", cli_time(k->at), "reason", m->reason,
                              "amount", cli_money(m->amount));
        json_object_set_new(o, "contract",
                            m->contract == 0 ? json_null() : cli_number(m->contract));
        json_object_set_new(o, "reference",
                            m->reference[0] == '\0' ? json_null() : json_string(m->reference));
        /* Told for all movements of a command together. */
        json_object_set_new(o, "cash", i + 1 < k->movement_cnt ? json_null() : cli_money(k->cash));
        json_array_append_new(rows, o);
    }
}

int cli_cash_list(int argc, char **argv)
{
    static const cli_column columns[] = {{"at", "AT", false},
                                         {"reason", "REASON", false},
                                         {"amount", "AMOUNT", true},
                                         {"contract", "CONTRACT", true},
                                         {"reference", "REFERENCE", false},
                                         {"cash", "CASH", true}};
    cli_common common;
    cli_read(argc, argv, "Lists what came into and went out of your cash, with its reason.", NULL,
             0, &common);
    cli_session s = {.arg = json_array()};
    json_t *rows = s.arg;
    cli_exit e = cli_open(&s, &common, (phc_callbacks){.on_cash = on_cash}, 1, 0);
    if (e != CLI_DONE) {
        json_decref(rows);
        return (int)e;
    }
    cli_print_rows(rows, columns, CNT(columns), common.json);
    cli_close(&s);
    return CLI_DONE;
}
