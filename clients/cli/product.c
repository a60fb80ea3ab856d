/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a product is when nothing else is said. */
static phc_product usual_terms(void)
{
    return (phc_product){.compute_type = PHC_AI,
                         .architecture = PHC_GPU,
                         .unit = "card",
                         .interconnect = "",
                         .hardware_units = 1,
                         .availability_ppm = 990000,
                         .period_seconds = 3600,
                         .tick = 100,
                         .lot = 1,
                         .quantity_max = 100000,
                         .block_periods_max = 720,
                         .horizon = 800,
                         .gate_seconds = 3600,
                         .maker_ppm = 500,
                         .taker_ppm = 1500,
                         .fee_at_trade_ppm = 200000,
                         .bond_ppm = 100000,
                         .report_seconds = 3600,
                         .dispute_seconds = 86400,
                         .resolve_seconds = 86400};
}

#define NUMBER(option, field, text)                                                   \
    {                                                                                 \
        .name = option, .arg = "NUMBER", .kind = CLI_U32, .to = &(field), .doc = text \
    }
#define MONEY(option, field, text)                                                     \
    {                                                                                  \
        .name = option, .arg = "MONEY", .kind = CLI_MONEY, .to = &(field), .doc = text \
    }

static bool is_fixed(const cli_field *f)
{
    static const char *const names[] = {
        "symbol", "model", "site", "hardware", "reference-price", "terms-hash",
    };
    for (size_t i = 0; i < CNT(names); i++)
        if (strcmp(f->name, names[i]) == 0) return true;
    return false;
}

/* Where the names in the arguments go. */
typedef struct {
    const char *product; /* given: new terms of it, nothing is required besides */
    const char *site, *hardware;
} named;

/* Reads the arguments of `product create` and `product terms`; false if they state no term. */
static bool read_terms(int argc, char **argv, phc_product *p, named *names, cli_common *common)
{
    /* long: a table of options */
    bool renew = names->product != NULL;
    cli_field fields[] = {
        {.name = renew ? "PRODUCT" : "id",
         .arg = "NUMBER",
         .kind = renew ? CLI_TEXT : CLI_U32,
         .required = renew,
         .to = renew ? (void *)&names->product : (void *)&p->id,
         .doc = "Number (default: the next one)"},
        {.name = "symbol",
         .arg = "TEXT",
         .kind = CLI_TEXT,
         .required = true,
         .to = &p->symbol,
         .doc = "Like AI.H100-SXM5-80G.ulanqab-1"},
        {.name = "model",
         .arg = "TEXT",
         .kind = CLI_TEXT,
         .required = true,
         .to = &p->model,
         .doc = "Like H100-SXM5-80G"},
        {.name = "site",
         .arg = "WHERE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &names->site,
         .doc = "Number or name"},
        {.name = "hardware",
         .arg = "CLASS",
         .kind = CLI_TEXT,
         .required = true,
         .to = &names->hardware,
         .doc = "Number or name"},
        {.name = "reference-price",
         .arg = "MONEY",
         .kind = CLI_MONEY,
         .required = true,
         .to = &p->reference_price,
         .doc = "Per unit and period, until a trade sets it"},
        {.name = "terms-hash",
         .arg = "HEX",
         .kind = CLI_KEY_HEX,
         .required = true,
         .to = p->terms_hash,
         .doc = "SHA-256 of the text of the terms"},
        {.name = "type",
         .arg = "WORD",
         .kind = CLI_COMPUTE_TYPE,
         .to = &p->compute_type,
         .doc = "general, ai, supercomputing, edge (default: ai)"},
        {.name = "architecture",
         .arg = "WORD",
         .kind = CLI_ARCHITECTURE,
         .to = &p->architecture,
         .doc = "x86, arm, ..., gpu, npu (default: gpu)"},
        {.name = "unit",
         .arg = "WORD",
         .kind = CLI_TEXT,
         .to = &p->unit,
         .doc = "card, core, node, rack (default: card)"},
        {.name = "interconnect",
         .arg = "TEXT",
         .kind = CLI_TEXT,
         .to = &p->interconnect,
         .doc = "Like \"NVLink 4\""},
        NUMBER("hardware-units", p->hardware_units, "Per unit of the product (default: 1)"),
        NUMBER("gflops-fp16", p->gflops_fp16, "Of one unit"),
        NUMBER("gflops-fp32", p->gflops_fp32, "Of one unit"),
        NUMBER("gflops-fp64", p->gflops_fp64, "Of one unit"),
        NUMBER("memory-mib", p->memory_mib, "Of one unit"),
        NUMBER("availability-ppm", p->availability_ppm, "Service level (default: 990000)"),
        NUMBER("period-seconds", p->period_seconds, "900, 3600 or 86400 (default: 3600)"),
        MONEY("tick", p->tick, "Smallest price step (default: 0.0001)"),
        NUMBER("lot", p->lot, "Smallest quantity step (default: 1)"),
        NUMBER("quantity-max", p->quantity_max, "Largest order (default: 100000)"),
        NUMBER("block-periods-max", p->block_periods_max, "Longest block (default: 720)"),
        NUMBER("horizon", p->horizon, "Periods open ahead (default: 800)"),
        NUMBER("gate-seconds", p->gate_seconds, "Trading ends before a period (default: 3600)"),
        NUMBER("maker-ppm", p->maker_ppm, "Fee of the resting side (default: 500)"),
        NUMBER("taker-ppm", p->taker_ppm, "Fee of the arriving side (default: 1500)"),
        NUMBER("fee-at-trade-ppm", p->fee_at_trade_ppm,
               "Part of the buyer's fee due at once (default: 200000)"),
        MONEY("bond-fixed", p->bond_fixed, "Smallest bond per unit and period (default: 0)"),
        NUMBER("bond-ppm", p->bond_ppm, "Bond by price (default: 100000)"),
        NUMBER("report-seconds", p->report_seconds, "Window for delivery reports"),
        NUMBER("dispute-seconds", p->dispute_seconds, "Window for disputes"),
        NUMBER("resolve-seconds", p->resolve_seconds, "Window for decisions"),
        MONEY("dispute-deposit", p->dispute_deposit, "What a dispute puts down (default: 0)"),
        NUMBER("meter", p->meter, "Participant that reports delivery (default: the supplier)"),
        NUMBER("band-ppm", p->band_ppm, "Price band (default: none)"),
        {.name = "attested-only",
         .kind = CLI_FLAG,
         .to = &p->attested_only,
         .doc = "Only capacity that an auditor attested counts"},
    };
    for (size_t i = 1; i < CNT(fields); i++)
        if (renew && is_fixed(&fields[i])) fields[i].required = false;
    cli_read(argc, argv,
             renew ? "Gives a product new terms: those that it has, but for the options given.  "
                     "Cancels its resting orders (operator only)."
                   : "Lists a product: a grade of compute at one site (operator only).",
             fields, CNT(fields), common);
    bool any = false;
    for (size_t i = 1; i < CNT(fields); i++)
        any = any || fields[i].given;
    return any;
}

int cli_product_create(int argc, char **argv)
{
    phc_product p = usual_terms();
    named names = {NULL, NULL, NULL};
    cli_common common;
    (void)read_terms(argc, argv, &p, &names, &common); /* without some it says what is missing */
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_site *t = cli_find_site(&c, names.site);
    const phc_hardware *h = t == NULL ? NULL : cli_find_hardware(&c, names.hardware);
    if (h == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    p.site = t->id;
    p.hardware = h->id;
    if (p.id == 0) p.id = c.product_cnt == 0 ? 1 : c.products[c.product_cnt - 1].id + 1;
    uint64_t request = 0;
    phc_status sent = phc_list_product(s.client, &p, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:I, s:s, s:s}", "product", (json_int_t)p.id, "symbol", p.symbol,
                             "site", t->name));
    return cli_end(&s, &c, e);
}

int cli_product_terms(int argc, char **argv)
{
    phc_product p = usual_terms();
    named names = {"", NULL, NULL};
    cli_common common;
    if (!read_terms(argc, argv, &p, &names, &common))
        return cli_say(CLI_USAGE, "no new term: new terms cancel the orders that rest, so give at "
                                  "least one option of `petahour product terms --help`");
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_product *has = cli_find_product(&c, names.product);
    if (has == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    /* Once more, over what the product has. */
    p = *has;
    (void)read_terms(argc, argv, &p, &names, &common);
    const phc_site *t = names.site != NULL ? cli_find_site(&c, names.site) : NULL;
    const phc_hardware *h = names.hardware != NULL ? cli_find_hardware(&c, names.hardware) : NULL;
    if ((names.site != NULL && t == NULL) || (names.hardware != NULL && h == NULL))
        return cli_end(&s, &c, CLI_NOT_FOUND);
    if (t != NULL) p.site = t->id;
    if (h != NULL) p.hardware = h->id;
    uint64_t request = 0;
    phc_status sent = phc_set_terms(s.client, &p, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:I, s:s}", "product", (json_int_t)p.id, "symbol", p.symbol));
    return cli_end(&s, &c, e);
}

int cli_product_state(int argc, char **argv)
{
    const char *product = NULL;
    phc_product_state state = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "PRODUCT", .kind = CLI_TEXT, .required = true, .to = &product},
        {.name = "STATE", .kind = CLI_PRODUCT_STATE, .required = true, .to = &state},
    };
    cli_read(argc, argv,
             "Sets the state of a product: listed, halted (takes no orders) or delisted, which is "
             "for good and cancels its orders (operator only).",
             fields, CNT(fields), &common);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_product *p = cli_find_product(&c, product);
    if (p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    uint64_t request = 0;
    phc_status sent = phc_set_product_state(s.client, p->id, state, &request);
    e = cli_finish(
        &s, sent, request,
        json_pack("{s:s, s:s}", "product", p->symbol, "state", phc_product_state_text(state)));
    return cli_end(&s, &c, e);
}

static const char *site_name(const cli_catalogue *c, uint32_t id)
{
    for (size_t i = 0; i < c->site_cnt; i++)
        if (c->sites[i].id == id) return c->sites[i].name;
    return "-";
}

int cli_product_list(int argc, char **argv)
{
    static const cli_column columns[] = {{"product", "PRODUCT", true},
                                         {"symbol", "SYMBOL", false},
                                         {"type", "TYPE", false},
                                         {"model", "MODEL", false},
                                         {"unit", "UNIT", false},
                                         {"site", "SITE", false},
                                         {"reference_price", "REFERENCE", true}};
    phc_compute_type type = 0;
    cli_common common;
    cli_field fields[] = {{.name = "type",
                           .arg = "WORD",
                           .kind = CLI_COMPUTE_TYPE,
                           .to = &type,
                           .doc = "Only general, ai, supercomputing or edge"}};
    cli_session s;
    cli_catalogue c;
    cli_read(argc, argv, "Lists all products.", fields, CNT(fields), &common);
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    json_t *rows = json_array();
    for (size_t i = 0; i < c.product_cnt; i++) {
        const phc_product *p = &c.products[i];
        if (type != 0 && p->compute_type != type) continue;
        json_array_append_new(
            rows, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o}", "product", (json_int_t)p->id,
                            "symbol", p->symbol, "type", phc_compute_type_text(p->compute_type),
                            "model", p->model, "unit", p->unit, "site", site_name(&c, p->site),
                            "reference_price", cli_money(p->reference_price)));
    }
    cli_print_rows(rows, columns, CNT(columns), common.json);
    return cli_end(&s, &c, CLI_DONE);
}

static json_t *all_terms(const cli_catalogue *c, const phc_product *p)
{
    char hash[65];
    const cli_listing *l = &c->listings[p - c->products];
    json_t *o = json_object();
    json_object_set_new(o, "product", cli_number(p->id));
    json_object_set_new(o, "symbol", json_string(p->symbol));
    json_object_set_new(o, "type", json_string(phc_compute_type_text(p->compute_type)));
    json_object_set_new(o, "architecture", json_string(phc_architecture_text(p->architecture)));
    json_object_set_new(o, "model", json_string(p->model));
    json_object_set_new(o, "unit", json_string(p->unit));
    json_object_set_new(o, "hardware", cli_number(p->hardware));
    json_object_set_new(o, "hardware_units", cli_number(p->hardware_units));
    json_object_set_new(o, "gflops_fp16", cli_number(p->gflops_fp16));
    json_object_set_new(o, "gflops_fp32", cli_number(p->gflops_fp32));
    json_object_set_new(o, "gflops_fp64", cli_number(p->gflops_fp64));
    json_object_set_new(o, "memory_mib", cli_number(p->memory_mib));
    json_object_set_new(o, "interconnect", json_string(p->interconnect));
    json_object_set_new(o, "site", json_string(site_name(c, p->site)));
    json_object_set_new(o, "availability_ppm", cli_number(p->availability_ppm));
    json_object_set_new(o, "period_seconds", cli_number(p->period_seconds));
    json_object_set_new(o, "tick", cli_money(p->tick));
    json_object_set_new(o, "lot", cli_number(p->lot));
    json_object_set_new(o, "quantity_max", cli_number(p->quantity_max));
    json_object_set_new(o, "block_periods_max", cli_number(p->block_periods_max));
    json_object_set_new(o, "horizon", cli_number(p->horizon));
    json_object_set_new(o, "gate_seconds", cli_number(p->gate_seconds));
    json_object_set_new(o, "maker_ppm", cli_number(p->maker_ppm));
    json_object_set_new(o, "taker_ppm", cli_number(p->taker_ppm));
    json_object_set_new(o, "fee_at_trade_ppm", cli_number(p->fee_at_trade_ppm));
    json_object_set_new(o, "bond_fixed", cli_money(p->bond_fixed));
    json_object_set_new(o, "bond_ppm", cli_number(p->bond_ppm));
    json_object_set_new(o, "report_seconds", cli_number(p->report_seconds));
    json_object_set_new(o, "dispute_seconds", cli_number(p->dispute_seconds));
    json_object_set_new(o, "resolve_seconds", cli_number(p->resolve_seconds));
    json_object_set_new(o, "dispute_deposit", cli_money(p->dispute_deposit));
    json_object_set_new(o, "meter", cli_number(p->meter));
    json_object_set_new(o, "reference_price", cli_money(p->reference_price));
    json_object_set_new(o, "band_ppm", cli_number(p->band_ppm));
    json_object_set_new(o, "attested_only", json_boolean(p->attested_only));
    json_object_set_new(o, "terms_hash", json_string(phc_hex_text(p->terms_hash, 32, hash)));
    json_object_set_new(o, "terms_version", cli_number(l->terms_version));
    json_object_set_new(o, "state", json_string(phc_product_state_text(l->state)));
    json_object_set_new(o, "phase", json_string(phc_phase_text(l->phase)));
    return o;
}

int cli_product_show(int argc, char **argv)
{
    const char *product = NULL;
    cli_common common;
    cli_field fields[] = {{.name = "PRODUCT", .kind = CLI_TEXT, .required = true, .to = &product}};
    cli_session s;
    cli_catalogue c;
    cli_read(argc, argv, "Shows all terms of a product, by number or symbol.", fields, CNT(fields),
             &common);
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_product *p = cli_find_product(&c, product);
    if (p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    cli_print_object(all_terms(&c, p), common.json);
    return cli_end(&s, &c, CLI_DONE);
}

int cli_product_phase(int argc, char **argv)
{
    const char *product = NULL;
    phc_phase phase = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "PRODUCT", .kind = CLI_TEXT, .required = true, .to = &product},
        {.name = "PHASE", .kind = CLI_PHASE, .required = true, .to = &phase},
    };
    cli_session s;
    cli_catalogue c;
    cli_read(argc, argv,
             "Sets the phase of a product: open, call, halted or closed (operator "
             "only).",
             fields, CNT(fields), &common);
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_product *p = cli_find_product(&c, product);
    if (p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    uint64_t request = 0;
    phc_status sent = phc_set_phase(s.client, p->id, phase, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:s, s:s}", "product", p->symbol, "phase", phc_phase_text(phase)));
    return cli_end(&s, &c, e);
}
