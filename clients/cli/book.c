/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdlib.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    const phc_product *product;
    bool watch, shown;
    phc_best_prices *v; /* as they were shown last: one row a period, in order */
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

static bool is_same(const phc_best_prices *a, const phc_best_prices *b)
{
    return a->bid == b->bid && a->bid_quantity == b->bid_quantity && a->ask == b->ask &&
           a->ask_quantity == b->ask_quantity;
}

/* Makes the run longer by a row, or adds it to the rows and begins another. */
static void extend(const book *b, json_t *rows, phc_best_prices *run, phc_best_prices next)
{
    if (run->periods != 0 && next.first_period == run->first_period + run->periods &&
        is_same(run, &next)) {
        run->periods++;
        return;
    }
    if (run->periods != 0) json_array_append_new(rows, row_of(b, run));
    *run = next;
}

static phc_best_prices none_in(uint32_t period)
{
    return (phc_best_prices){.first_period = period, .periods = 1};
}

/* What differs from the rows that were shown last, runs of equal periods as one; a period without
   prices is a row only if it had some. */
static json_t *differences(const book *b, const phc_book *now)
{
    json_t *rows = json_array();
    phc_best_prices run = {.periods = 0};
    size_t i = 0;
    for (size_t k = 0; k < now->best_price_cnt; k++) {
        const phc_best_prices *new = &now->best_prices[k];
        for (; i < b->cnt && b->v[i].first_period < new->first_period; i++)
            extend(b, rows, &run, none_in(b->v[i].first_period));
        bool is_there = i < b->cnt && b->v[i].first_period == new->first_period;
        if (!is_there || !is_same(&b->v[i], new)) extend(b, rows, &run, *new);
        if (is_there) i++;
    }
    for (; i < b->cnt; i++)
        extend(b, rows, &run, none_in(b->v[i].first_period));
    if (run.periods != 0) json_array_append_new(rows, row_of(b, &run));
    return rows;
}

static bool remember(book *b, const phc_book *now)
{
    if (now->best_price_cnt > b->room) {
        phc_best_prices *v = reallocarray(b->v, now->best_price_cnt * 2, sizeof *v);
        if (v == NULL) return false;
        b->v = v;
        b->room = now->best_price_cnt * 2;
    }
    b->cnt = now->best_price_cnt;
    if (b->cnt != 0) memcpy(b->v, now->best_prices, b->cnt * sizeof *b->v);
    return true;
}

static void on_book(void *arg, const phc_book *now)
{
    cli_session *s = arg;
    book *b = s->arg;
    if (b->product == NULL || (b->shown && !b->watch)) return;
    b->shown = true;
    json_t *rows = differences(b, now);
    if (!b->watch) {
        cli_print_rows(rows, columns, CNT(columns), s->common.json);
        return;
    }
    size_t at;
    json_t *row;
    json_array_foreach(rows, at, row)
        cli_print_line(json_incref(row), columns, CNT(columns), s->common.json);
    json_decref(rows);
    if (!remember(b, now)) (void)cli_say(CLI_FAILED, "no memory for the book");
}

static void on_trade(void *arg, const phc_public_trade *t)
{
    cli_session *s = arg;
    book *b = s->arg;
    if (!b->watch || b->product == NULL) return;
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
                        .on_book = on_book,
                        .on_trade = on_trade,
                        .on_loss = cli_on_loss};
    cli_exit e = cli_open(&s, &common, cb, 0, 0);
    if (e != CLI_DONE) return (int)e;
    e = cli_load_catalogue(&s);
    if (e == CLI_DONE && (b.product = cli_find_product(&b.catalogue, product)) == NULL)
        e = CLI_NOT_FOUND;
    if (e == CLI_DONE && phc_follow(s.client, PHC_STREAM_PRICES, b.product->id) != PHC_OK)
        e = cli_say(CLI_NO_CONNECTION, "%s", phc_error(s.client));
    if (e == CLI_DONE) e = b.watch ? cli_watch(&s) : cli_wait(&s, &b.shown);
    free(b.v);
    return cli_end(&s, &b.catalogue, e);
}
