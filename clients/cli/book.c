/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* The present prices come at once after subscribing, in several frames. */
enum { QUIET_MS = 400, PERIODS_MAX = 1 << 20 };

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    const phc_product *product;
    bool watch, failed;
    phc_best_prices *v; /* one per period, in order of period */
    size_t cnt, room;
} book;

_Static_assert(offsetof(book, catalogue) == 0, "a book is found as its catalogue");

static const cli_column columns[] = {
    {"from", "FROM", false}, {"periods", "PERIODS", true}, {"bid_quantity", "BID UNITS", true},
    {"bid", "BID", true},    {"ask", "ASK", true},         {"ask_quantity", "ASK UNITS", true}};

static json_t *row_of(const book *b, const phc_best_prices *p)
{
    json_t *o = json_object();
    uint64_t start = phc_period_start(p->first_period, b->product->period_seconds);
    json_object_set_new(o, "from", cli_time(start));
    json_object_set_new(o, "periods", cli_number(p->periods));
    json_object_set_new(o, "bid_quantity", p->bid == 0 ? json_null() : cli_number(p->bid_quantity));
    json_object_set_new(o, "bid", p->bid == 0 ? json_null() : cli_money(p->bid));
    json_object_set_new(o, "ask", p->ask == 0 ? json_null() : cli_money(p->ask));
    json_object_set_new(o, "ask_quantity", p->ask == 0 ? json_null() : cli_number(p->ask_quantity));
    return o;
}

/* The place of a period, made if it is new. */
static phc_best_prices *place_of(book *b, uint32_t period)
{
    size_t at = b->cnt;
    while (at > 0 && b->v[at - 1].first_period >= period)
        at--;
    if (at < b->cnt && b->v[at].first_period == period) return &b->v[at];
    if (b->cnt == PERIODS_MAX) return NULL;
    if (b->cnt == b->room) {
        size_t room = b->room == 0 ? 1024 : 2 * b->room;
        phc_best_prices *v = reallocarray(b->v, room, sizeof *v);
        if (v == NULL) return NULL;
        b->v = v;
        b->room = room;
    }
    for (size_t i = b->cnt++; i > at; i--)
        b->v[i] = b->v[i - 1];
    b->v[at] = (phc_best_prices){.first_period = period};
    return &b->v[at];
}

static void on_best_prices(void *arg, const phc_best_prices *p)
{
    cli_session *s = arg;
    book *b = s->arg;
    if (b->product == NULL || p->product != b->product->id) return;
    if (b->watch) {
        cli_print_line(row_of(b, p), columns, CNT(columns), s->common.json);
        return;
    }
    for (uint32_t i = 0; i < p->periods && i < PERIODS_MAX; i++) {
        phc_best_prices *to = place_of(b, p->first_period + i);
        if (to == NULL) {
            b->failed = true;
            return;
        }
        *to = *p;
        to->first_period = p->first_period + i;
        to->periods = 1;
    }
}

static void on_trade(void *arg, const phc_public_trade *t)
{
    cli_session *s = arg;
    book *b = s->arg;
    if (!b->watch || b->product == NULL || t->product != b->product->id) return;
    static const cli_column trade[] = {{"trade", "TRADE", true},    {"taker", "TAKER", false},
                                       {"from", "FROM", false},     {"periods", "PERIODS", true},
                                       {"quantity", "UNITS", true}, {"price", "PRICE", true}};
    for (size_t i = 0; i < t->segment_cnt; i++) {
        const phc_segment *g = &t->segments[i];
        uint64_t start = phc_period_start(g->first_period, b->product->period_seconds);
        cli_print_line(json_pack("{s:o, s:s, s:o, s:I, s:I, s:o}", "trade", cli_number(t->trade),
                                 "taker", phc_side_text(t->taker), "from", cli_time(start),
                                 "periods", (json_int_t)g->periods, "quantity",
                                 (json_int_t)g->quantity, "price", cli_money(g->price)),
                       trade, CNT(trade), s->common.json);
    }
}

static void on_gap(void *arg, uint32_t product, uint64_t expected, uint64_t received)
{
    (void)arg;
    (void)cli_say(CLI_FAILED, "market data of product %u is missing from %llu to %llu", product,
                  (unsigned long long)expected, (unsigned long long)(received - 1));
}

static bool same(const phc_best_prices *a, const phc_best_prices *b)
{
    return a->bid == b->bid && a->bid_quantity == b->bid_quantity && a->ask == b->ask &&
           a->ask_quantity == b->ask_quantity;
}

static void show(book *b, bool json)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < b->cnt;) {
        phc_best_prices run = b->v[i++];
        while (i < b->cnt && b->v[i].first_period == run.first_period + run.periods &&
               same(&b->v[i], &run)) {
            run.periods++;
            i++;
        }
        if (run.bid != 0 || run.ask != 0) json_array_append_new(rows, row_of(b, &run));
    }
    cli_print_rows(rows, columns, CNT(columns), json);
}

int cli_book_show(int argc, char **argv)
{
    const char *product = NULL;
    book b = {0};
    cli_common common;
    cli_field fields[] = {
        {.name = "PRODUCT", .kind = CLI_TEXT, .required = true, .to = &product},
        {.name = "watch",
         .kind = CLI_FLAG,
         .to = &b.watch,
         .doc = "Show every change and trade as it happens, until interrupted"},
    };
    cli_read(argc, argv, "Shows the best prices of a product for each period.", fields, CNT(fields),
             &common);
    cli_session s = {.arg = &b};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_best_prices = on_best_prices,
                        .on_trade = on_trade,
                        .on_gap = on_gap};
    cli_exit e = cli_open(&s, &common, cb, 0, 0);
    if (e != CLI_DONE) return (int)e;
    e = cli_load_catalogue(&s);
    if (e == CLI_DONE && (b.product = cli_find_product(&b.catalogue, product)) == NULL)
        e = CLI_NOT_FOUND;
    if (e == CLI_DONE && phc_subscribe(s.client, b.product->id) != PHC_OK)
        e = cli_say(CLI_NO_CONNECTION, "%s", phc_error(s.client));
    if (e == CLI_DONE) e = b.watch ? cli_watch(&s) : cli_wait_quiet(&s, QUIET_MS);
    if (e == CLI_DONE && b.failed) e = cli_say(CLI_FAILED, "no memory for the book");
    if (e == CLI_DONE) show(&b, common.json);
    free(b.v);
    return cli_end(&s, &b.catalogue, e);
}
