/* SPDX-License-Identifier: Apache-2.0 */
/* What the market shows of a product: depth, blocks, statistics, candles. */
#include "clients/cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

#define NS_PER_S UINT64_C(1000000000)

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    const phc_product *product;
    uint32_t interval; /* of candles; 0: all */
    uint64_t from;     /* start of the first period that has candles of its own; 0: all together */
    uint32_t first_period, periods;
    bool watch, shown;
} market;

_Static_assert(offsetof(market, catalogue) == 0, "a market is found as its catalogue");

static json_t *start_of(const market *m, uint32_t period)
{
    return cli_time(phc_period_start(period, m->product->period_seconds));
}

static json_t *price(int64_t micro)
{
    return micro == 0 ? json_null() : cli_money(micro);
}

/* Best prices first, both sides beside each other. */
static void add_period(const market *m, const phc_period_depth *p, json_t *rows)
{
    size_t cnt = p->bid_cnt > p->ask_cnt ? p->bid_cnt : p->ask_cnt;
    for (size_t i = 0; i < cnt; i++) {
        const phc_level *bid = i < p->bid_cnt ? &p->bids[i] : NULL;
        const phc_level *ask = i < p->ask_cnt ? &p->asks[i] : NULL;
        json_array_append_new(
            rows, json_pack("{s:o, s:o, s:o, s:o, s:o}", "from", start_of(m, p->period),
                            "bid_quantity", bid ? cli_number(bid->quantity) : json_null(), "bid",
                            bid ? cli_money(bid->price) : json_null(), "ask",
                            ask ? cli_money(ask->price) : json_null(), "ask_quantity",
                            ask ? cli_number(ask->quantity) : json_null()));
    }
}

static json_t *block_row(const market *m, const phc_block_depth *k)
{
    return json_pack("{s:s, s:s, s:o, s:I, s:o, s:b, s:o, s:o}", "side", phc_side_text(k->side),
                     "shape", phc_shape_text(k->shape), "from", start_of(m, k->first_period),
                     "periods", (json_int_t)k->periods, "duration",
                     k->duration == 0 ? json_null() : cli_number(k->duration), "all_or_none",
                     (int)k->all_or_none, "price", cli_money(k->price), "units",
                     cli_number(k->units));
}

static json_t *statistics_row(const market *m, const phc_period_statistics *s)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "from", start_of(m, s->period), "last",
                     price(s->last), "high", price(s->high), "low", price(s->low), "volume",
                     cli_number(s->volume), "average_price", cli_money(s->average_price),
                     "open_interest", cli_number(s->open_interest));
}

/* For programs: one object that says what it is, too. */
static void print_object(const phc_book *b, const char *phase, const char *name, json_t *rows,
                         json_t *blocks, json_t *members)
{
    char checksum[17];
    (void)snprintf(checksum, sizeof checksum, "%016" PRIx64, b->checksum);
    json_t *o = json_pack("{s:o, s:o, s:s}", "sequence", cli_number(b->sequence), "stream_number",
                          cli_number(b->stream_number), "checksum", checksum);
    if (phase != NULL) {
        json_object_set_new(o, "phase", json_string(phase));
        json_object_set_new(o, "reference_price", price(b->reference_price));
    }
    json_object_set_new(o, name, rows);
    if (blocks != NULL) json_object_set_new(o, "blocks", blocks);
    if (members != NULL) json_object_set_new(o, "products", members);
    (void)json_dumpf(o, stdout, JSON_PRESERVE_ORDER | JSON_COMPACT);
    (void)putchar('\n');
    json_decref(o);
    (void)fflush(stdout);
}

/* The products of a grade. */
static json_t *members_of(const market *m, const phc_book *b)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < b->grade_product_cnt; i++) {
        const phc_product *p = NULL;
        for (size_t k = 0; k < m->catalogue.product_cnt && p == NULL; k++)
            if (m->catalogue.products[k].id == b->grade_products[i]) p = &m->catalogue.products[k];
        json_array_append_new(rows, json_pack("{s:I, s:s?, s:o}", "product",
                                              (json_int_t)b->grade_products[i], "symbol",
                                              p ? p->symbol : NULL, "site",
                                              p ? json_integer((json_int_t)p->site) : json_null()));
    }
    return rows;
}

static void print_members(const market *m, const phc_book *b)
{
    static const cli_column columns[] = {
        {"product", "PRODUCT", true}, {"symbol", "SYMBOL", false}, {"site", "SITE", true}};
    cli_print_rows(members_of(m, b), columns, CNT(columns), false);
}

static void print_depth(const market *m, const phc_book *b, bool json)
{
    static const cli_column levels[] = {{"from", "FROM", false},
                                        {"bid_quantity", "BID UNITS", true},
                                        {"bid", "BID", true},
                                        {"ask", "ASK", true},
                                        {"ask_quantity", "ASK UNITS", true}};
    static const cli_column terms[] = {
        {"side", "SIDE", false},      {"shape", "SHAPE", false},      {"from", "FROM", false},
        {"periods", "PERIODS", true}, {"duration", "DURATION", true}, {"all_or_none", "ALL", false},
        {"price", "PRICE", true},     {"units", "UNITS", true}};
    json_t *periods = json_array(), *blocks = json_array();
    for (size_t i = 0; i < b->period_cnt; i++)
        add_period(m, &b->periods[i], periods);
    for (size_t i = 0; i < b->block_cnt; i++)
        json_array_append_new(blocks, block_row(m, &b->blocks[i]));
    if (json) {
        print_object(b, NULL, "periods", periods, blocks,
                     b->stream == PHC_STREAM_GRADE ? members_of(m, b) : NULL);
        return;
    }
    if (b->stream == PHC_STREAM_GRADE) print_members(m, b);
    cli_print_rows(periods, levels, CNT(levels), false);
    if (b->block_cnt > 0)
        cli_print_rows(blocks, terms, CNT(terms), false);
    else
        json_decref(blocks);
}

static void print_statistics(const market *m, const phc_book *b, bool json)
{
    static const cli_column columns[] = {{"from", "FROM", false},
                                         {"last", "LAST", true},
                                         {"high", "HIGH", true},
                                         {"low", "LOW", true},
                                         {"volume", "VOLUME", true},
                                         {"average_price", "AVERAGE", true},
                                         {"open_interest", "OPEN INTEREST", true}};
    json_t *rows = json_array();
    for (size_t i = 0; i < b->statistics_cnt; i++)
        json_array_append_new(rows, statistics_row(m, &b->statistics[i]));
    if (json)
        print_object(b, phc_phase_text(b->phase), "periods", rows, NULL, NULL);
    else
        cli_print_rows(rows, columns, CNT(columns), false);
}

static json_t *candle_row(const phc_candle *k)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "interval_seconds",
                     (json_int_t)k->interval_seconds, "start", cli_time(k->start * NS_PER_S),
                     "open", price(k->open), "high", price(k->high), "low", price(k->low), "close",
                     price(k->close), "volume", cli_number(k->volume), "average_price",
                     cli_money(k->average_price), "trades", cli_number(k->trades));
}

/* Of each period of the window. */
static void add_period_candles(const market *m, const phc_book *b, json_t *rows)
{
    for (size_t i = 0; i < b->period_candle_cnt; i++) {
        const phc_period_candles *p = &b->period_candles[i];
        if (p->period < m->first_period || p->period - m->first_period >= m->periods) continue;
        for (size_t k = 0; k < p->candle_cnt; k++) {
            if (p->candles[k].interval_seconds != m->interval) continue;
            json_t *row = json_pack("{s:o}", "from", start_of(m, p->period));
            (void)json_object_update_new(row, candle_row(&p->candles[k]));
            json_array_append_new(rows, row);
        }
    }
}

static void print_candles(const market *m, const phc_book *b, bool json)
{
    static const cli_column columns[] = {
        {"from", "FROM", false},    {"start", "START", false},
        {"open", "OPEN", true},     {"high", "HIGH", true},
        {"low", "LOW", true},       {"close", "CLOSE", true},
        {"volume", "VOLUME", true}, {"average_price", "AVERAGE", true},
        {"trades", "TRADES", true}};
    json_t *rows = json_array();
    for (size_t i = 0; i < b->candle_cnt; i++)
        if (m->interval == 0 || b->candles[i].interval_seconds == m->interval)
            json_array_append_new(rows, candle_row(&b->candles[i]));
    if (m->from != 0) add_period_candles(m, b, rows);
    size_t skipped = m->from == 0 ? 1 : 0; /* all periods together: there is no FROM */
    if (json)
        print_object(b, NULL, "candles", rows, NULL, NULL);
    else
        cli_print_rows(rows, columns + skipped, CNT(columns) - skipped, false);
}

static void on_book(void *arg, const phc_book *b)
{
    cli_session *s = arg;
    market *m = s->arg;
    if (m->product == NULL || (m->shown && !m->watch)) return;
    m->shown = true;
    if (b->stream == PHC_STREAM_DEPTH || b->stream == PHC_STREAM_GRADE)
        print_depth(m, b, s->common.json);
    else if (b->stream == PHC_STREAM_STATISTICS)
        print_statistics(m, b, s->common.json);
    else
        print_candles(m, b, s->common.json);
}

static const char *name_of(phc_stream stream)
{
    switch (stream) {
    case PHC_STREAM_PRICES: return "best prices of product";
    case PHC_STREAM_DEPTH: return "depth of product";
    case PHC_STREAM_GRADE: return "depth of grade";
    case PHC_STREAM_STATISTICS: return "statistics of product";
    case PHC_STREAM_CANDLES: return "candles of product";
    case PHC_STREAM_PERIOD_CANDLES: return "candles by period of product";
    case PHC_STREAM_TYPE: return "compute type";
    case PHC_STREAM_REGION: return "region";
    case PHC_STREAM_TRADES: return "trades of product";
    }
    return "a stream";
}

void cli_on_loss(void *arg, phc_stream stream, uint32_t product, phc_loss loss, uint64_t first,
                 uint64_t last)
{
    (void)arg;
    (void)cli_say(CLI_FAILED, "%s %u, frames %" PRIu64 " to %" PRIu64 ": %s", name_of(stream),
                  product, first, last, phc_loss_text(loss));
}

/* 0: no such interval. */
static uint32_t seconds_of(const char *interval)
{
    if (strcmp(interval, "minute") == 0) return 60;
    if (strcmp(interval, "hour") == 0) return 3600;
    return strcmp(interval, "day") == 0 ? 86400 : 0;
}

/* Which periods have candles of their own. */
static cli_exit find_periods(market *m)
{
    if (m->from == 0) return CLI_DONE;
    uint32_t seconds = m->product->period_seconds;
    if (phc_period_from_time(m->from, seconds, &m->first_period) == PHC_OK) return CLI_DONE;
    return cli_say(CLI_USAGE, "could not use --from: no period of %" PRIu32 " seconds starts then",
                   seconds);
}

/* Of the stream: the product, or its grade. */
static uint32_t number_of(const market *m, phc_stream stream)
{
    if (stream != PHC_STREAM_GRADE) return m->product->id;
    return m->catalogue.listings[m->product - m->catalogue.products].grade;
}

enum { COMMON_FIELDS = 2 };

static int show(int argc, char **argv, phc_stream stream, const char *doc)
{
    const char *product = NULL, *interval = "hour";
    market m = {.periods = 1};
    cli_common common;
    cli_field fields[] = {
        {.name = "PRODUCT", .kind = CLI_TEXT, .required = true, .to = &product},
        {.name = "watch",
         .kind = CLI_FLAG,
         .to = &m.watch,
         .doc = "Show it again after every change, until interrupted"},
        {.name = "interval",
         .arg = "minute|hour|day",
         .kind = CLI_TEXT,
         .to = &interval,
         .doc = "Length of the candles, hour if it is not given"},
        {.name = "from",
         .arg = "TIME",
         .kind = CLI_TIME,
         .to = &m.from,
         .doc = "Of the period that starts then alone, like 2026-12-01T00:00:00Z"},
        {.name = "periods",
         .arg = "N",
         .kind = CLI_U32,
         .to = &m.periods,
         .doc = "Of so many periods from then on, each by itself (default: 1)"},
    };
    bool has_candles = stream == PHC_STREAM_CANDLES;
    cli_read(argc, argv, doc, fields, has_candles ? CNT(fields) : COMMON_FIELDS, &common);
    if (has_candles && (m.interval = seconds_of(interval)) == 0)
        return cli_say(CLI_USAGE, "--interval is minute, hour or day, not \"%s\"", interval);
    if (m.periods == 0) return cli_say(CLI_USAGE, "--periods is 0, and of none there is nothing");
    if (m.from == 0 && m.periods != 1)
        return cli_say(CLI_USAGE, "--periods says how many from --from on, which is not given");
    if (m.from != 0) stream = PHC_STREAM_PERIOD_CANDLES;
    cli_session s = {.arg = &m};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_book = on_book,
                        .on_loss = cli_on_loss};
    cli_exit e = cli_open(&s, &common, cb, 0, 0);
    if (e != CLI_DONE) return (int)e;
    e = cli_load_catalogue(&s);
    if (e == CLI_DONE && (m.product = cli_find_product(&m.catalogue, product)) == NULL)
        e = CLI_NOT_FOUND;
    if (e == CLI_DONE) e = find_periods(&m);
    uint32_t number = 0;
    if (e == CLI_DONE) number = number_of(&m, stream);
    if (e == CLI_DONE && phc_follow(s.client, stream, number) != PHC_OK)
        e = cli_say(CLI_NO_CONNECTION, "%s", phc_error(s.client));
    if (e == CLI_DONE) e = m.watch ? cli_watch(&s) : cli_wait(&s, &m.shown);
    return cli_end(&s, &m.catalogue, e);
}

int cli_market_depth(int argc, char **argv)
{
    return show(argc, argv, PHC_STREAM_DEPTH,
                "Shows every price level and the resting blocks of a product.");
}

int cli_market_grade(int argc, char **argv)
{
    return show(argc, argv, PHC_STREAM_GRADE,
                "Shows every price level and the resting blocks of all products that are of one "
                "grade with a product, over all sites.");
}

int cli_market_statistics(int argc, char **argv)
{
    return show(argc, argv, PHC_STREAM_STATISTICS,
                "Shows what was traded of a product, for each period that is open.");
}

int cli_market_candles(int argc, char **argv)
{
    return show(argc, argv, PHC_STREAM_CANDLES,
                "Shows prices and volume of a product by minute, hour or day, of all its periods "
                "together or of single ones.");
}
