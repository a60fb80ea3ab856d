/* SPDX-License-Identifier: Apache-2.0 */
/* What the market shows of compute types and regions. */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define CNT(a)   (sizeof(a) / sizeof((a)[0]))
#define NS_PER_S UINT64_C(1000000000)

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    bool watch, shown;
} overview;

_Static_assert(offsetof(overview, catalogue) == 0, "an overview is found as its catalogue");

static json_t *price(int64_t micro)
{
    return micro == 0 ? json_null() : cli_money(micro);
}

static json_t *totals_of(const phc_totals *t)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "trades", cli_number(t->trades), "volume",
                     cli_number(t->volume), "average_price", price(t->average_price),
                     "pflops_hour_fp16", price(t->pflops_hour[0]), "pflops_hour_fp32",
                     price(t->pflops_hour[1]), "pflops_hour_fp64", price(t->pflops_hour[2]));
}

/* Millionths, as text: 1.200000. */
static json_t *ppm(uint32_t v)
{
    return cli_money(v);
}

static json_t *sites_of(const phc_book *b)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < b->site_cnt; i++) {
        const phc_site_figures *s = &b->sites[i];
        bool is_measured = s->measured_at != 0;
        json_array_append_new(
            rows,
            json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "site", (json_int_t)s->site, "measured_at",
                      is_measured ? cli_time(s->measured_at) : json_null(), "pue", ppm(s->pue_ppm),
                      "cue", is_measured ? ppm(s->cue_ppm) : json_null(), "wue",
                      is_measured ? ppm(s->wue_ppm) : json_null(), "green_grade",
                      is_measured ? cli_number(s->green_grade) : json_null()));
    }
    return rows;
}

static json_t *networks_of(const phc_book *b)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < b->network_cnt; i++) {
        const phc_network_figures *n = &b->networks[i];
        json_array_append_new(
            rows, json_pack("{s:s, s:I, s:o, s:I, s:I, s:o}", "region", n->region, "site",
                            (json_int_t)n->site, "measured_at", cli_time(n->measured_at), "rtt_us",
                            (json_int_t)n->rtt_us, "bandwidth_mbps", (json_int_t)n->bandwidth_mbps,
                            "reachable", ppm(n->reachable_ppm)));
    }
    return rows;
}

static void print_tables(const phc_book *b)
{
    static const cli_column sites[] = {{"site", "SITE", true}, {"measured_at", "MEASURED", false},
                                       {"pue", "PUE", true},   {"cue", "CUE", true},
                                       {"wue", "WUE", true},   {"green_grade", "GREEN", true}};
    static const cli_column networks[] = {
        {"region", "FROM REGION", false}, {"site", "TO SITE", true},
        {"rtt_us", "RTT US", true},       {"bandwidth_mbps", "MBIT/S", true},
        {"reachable", "REACHABLE", true}, {"measured_at", "MEASURED", false}};
    cli_print_rows(sites_of(b), sites, CNT(sites), false);
    if (b->network_cnt > 0) cli_print_rows(networks_of(b), networks, CNT(networks), false);
}

static void print_totals(const phc_book *b)
{
    const phc_market_totals *t = b->totals;
    json_t *rows = json_array();
    static const cli_column columns[] = {{"of", "", false},
                                         {"trades", "TRADES", true},
                                         {"volume", "VOLUME", true},
                                         {"average_price", "AVERAGE", true},
                                         {"pflops_hour_fp16", "PFLOPS-H FP16", true},
                                         {"pflops_hour_fp32", "FP32", true},
                                         {"pflops_hour_fp64", "FP64", true}};
    json_t *day = totals_of(&t->of_day), *ever = totals_of(&t->ever);
    json_object_set_new(day, "of", json_string("day"));
    json_object_set_new(ever, "of", json_string("ever"));
    json_array_append_new(rows, day);
    json_array_append_new(rows, ever);
    cli_print_rows(rows, columns, CNT(columns), false);
}

static void on_book(void *arg, const phc_book *b)
{
    cli_session *s = arg;
    overview *o = s->arg;
    const phc_market_totals *t = b->totals;
    if (t == NULL || (o->shown && !o->watch)) return;
    o->shown = true;
    if (!s->common.json) {
        print_totals(b);
        if (b->stream == PHC_STREAM_REGION) print_tables(b);
        return;
    }
    json_t *all = json_pack("{s:o, s:I, s:o, s:o, s:o, s:o}", "sequence", cli_number(b->sequence),
                            "products", (json_int_t)t->products, "open_interest",
                            cli_number(t->open_interest), "day", cli_time(t->day * NS_PER_S),
                            "of_day", totals_of(&t->of_day), "ever", totals_of(&t->ever));
    if (b->stream == PHC_STREAM_REGION) {
        json_object_set_new(all, "sites", sites_of(b));
        json_object_set_new(all, "networks", networks_of(b));
    }
    (void)json_dumpf(all, stdout, JSON_PRESERVE_ORDER | JSON_COMPACT);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(all);
}

/* The site that was registered first in a region; 0: none. */
static uint32_t first_site(const cli_catalogue *c, const char *region)
{
    uint32_t first = 0;
    for (size_t i = 0; i < c->site_cnt; i++)
        if (strcmp(c->sites[i].region, region) == 0 && (first == 0 || c->sites[i].id < first))
            first = c->sites[i].id;
    return first;
}

static int show(int argc, char **argv, phc_stream stream, const char *doc)
{
    const char *region = NULL;
    phc_compute_type type = PHC_GENERAL;
    overview o = {.watch = false};
    cli_common common;
    bool is_region = stream == PHC_STREAM_REGION;
    cli_field fields[] = {
        {.name = is_region ? "REGION" : "TYPE",
         .kind = is_region ? CLI_TEXT : CLI_COMPUTE_TYPE,
         .required = true},
        {.name = "watch",
         .kind = CLI_FLAG,
         .to = &o.watch,
         .doc = "Show it again after every change, until interrupted"},
    };
    fields[0].to = is_region ? (void *)&region : (void *)&type;
    cli_read(argc, argv, doc, fields, CNT(fields), &common);
    cli_session s = {.arg = &o};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_book = on_book};
    cli_exit e = cli_open(&s, &common, cb, 0, 0);
    if (e != CLI_DONE) return (int)e;
    e = cli_load_catalogue(&s);
    uint32_t number =
        is_region && e == CLI_DONE ? first_site(&o.catalogue, region) : (uint32_t)type;
    if (e == CLI_DONE && number == 0)
        e = cli_say(CLI_NOT_FOUND, "no site is in region \"%s\"; see `petahour site list`", region);
    if (e == CLI_DONE && phc_follow(s.client, stream, number) != PHC_OK)
        e = cli_say(CLI_NO_CONNECTION, "%s", phc_error(s.client));
    if (e == CLI_DONE) e = o.watch ? cli_watch(&s) : cli_wait(&s, &o.shown);
    return cli_end(&s, &o.catalogue, e);
}

int cli_market_type(int argc, char **argv)
{
    return show(argc, argv, PHC_STREAM_TYPE,
                "Shows what is traded of a compute type, and what a PFLOPS-hour costs.");
}

int cli_market_region(int argc, char **argv)
{
    return show(argc, argv, PHC_STREAM_REGION,
                "Shows what is traded in a region, and what was measured at its sites.");
}
