/* SPDX-License-Identifier: Apache-2.0 */
/* Every trade of a product, by number. */
#include "clients/cli/cli.h"

#include <stdio.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    const phc_product *product;
    bool watch, told; /* told: all that there are */
} tape;

_Static_assert(offsetof(tape, catalogue) == 0, "trades are found as their catalogue");

static const cli_column columns[] = {{"number", "number", true}, {"trade", "trade", true},
                                     {"at", "at", false},        {"taker", "taker", false},
                                     {"from", "from", false},    {"periods", "periods", true},
                                     {"units", "units", true},   {"price", "price", true}};

static json_t *segment_row(const tape *t, const phc_segment *g)
{
    return json_pack("{s:o, s:I, s:I, s:o}", "from",
                     cli_time(phc_period_start(g->first_period, t->product->period_seconds)),
                     "periods", (json_int_t)g->periods, "units", (json_int_t)g->quantity, "price",
                     cli_money(g->price));
}

static json_t *trade_row(const phc_public_trade *t)
{
    return json_pack("{s:o, s:o, s:o, s:s}", "number", cli_number(t->number), "trade",
                     cli_number(t->trade), "at", cli_time(t->at), "taker", phc_side_text(t->taker));
}

/* For programs one object a trade; for people one line a run of its periods. */
static void on_every_trade(void *arg, const phc_public_trade *trade)
{
    cli_session *s = arg;
    const tape *t = s->arg;
    if (t->told && !t->watch) return;
    /* As long as trades come the time is not up. */
    s->deadline_ms = cli_now_ms() + UINT64_C(1000) * s->common.timeout_seconds;
    json_t *row = trade_row(trade), *segments = json_array();
    for (size_t i = 0; i < trade->segment_cnt; i++) {
        json_t *segment = segment_row(t, &trade->segments[i]);
        if (s->common.json) {
            json_array_append_new(segments, segment);
            continue;
        }
        json_t *line = json_copy(row);
        (void)json_object_update_new(line, segment);
        cli_print_line(line, columns, CNT(columns), false);
    }
    if (s->common.json) {
        json_object_set_new(row, "segments", segments);
        cli_print_line(row, columns, CNT(columns), true);
        return;
    }
    json_decref(segments);
    json_decref(row);
}

static void on_book(void *arg, const phc_book *b)
{
    cli_session *s = arg;
    tape *t = s->arg;
    t->told = t->told || b->stream == PHC_STREAM_TRADES;
}

int cli_market_trades(int argc, char **argv)
{
    const char *product = NULL;
    uint64_t from = 1;
    tape t = {.watch = false};
    cli_common common;
    cli_field fields[] = {
        {.name = "PRODUCT", .kind = CLI_TEXT, .required = true, .to = &product},
        {.name = "from",
         .arg = "N",
         .kind = CLI_U64,
         .to = &from,
         .doc = "Begin with this number; 0: with what is traded from now on (default: 1)"},
        {.name = "watch",
         .kind = CLI_FLAG,
         .to = &t.watch,
         .doc = "Show new trades as they happen, until interrupted"},
    };
    cli_read(argc, argv,
             "Shows every trade of a product, each once and in order, by its number among them.",
             fields, CNT(fields), &common);
    if (from == 0 && !t.watch) return cli_say(CLI_USAGE, "--from 0 begins now, and needs --watch");
    cli_session s = {.arg = &t};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_every_trade = on_every_trade,
                        .on_book = on_book};
    cli_exit e = cli_open(&s, &common, cb, 0, 0);
    if (e != CLI_DONE) return (int)e;
    e = cli_load_catalogue(&s);
    if (e == CLI_DONE && (t.product = cli_find_product(&t.catalogue, product)) == NULL)
        e = CLI_NOT_FOUND;
    if (e == CLI_DONE && phc_follow_trades(s.client, t.product->id, from) != PHC_OK)
        e = cli_say(CLI_NO_CONNECTION, "%s", phc_error(s.client));
    s.only_asks = true;
    if (e == CLI_DONE) e = t.watch ? cli_watch(&s) : cli_wait(&s, &t.told);
    return cli_end(&s, &t.catalogue, e);
}
