/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* Reports of one command leave the gateway together; this is how long the last is waited for. */
enum { QUIET_MS = 150 };

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    uint64_t client_order_id;
    bool answered;
    bool known; /* ACCEPTED or REPLACED was seen */
    uint64_t order, leaves;
    int64_t price; /* of a replacement, like quantity */
    uint32_t quantity;
    int64_t hold, notional, fee;
    uint64_t filled;
    json_t *trades;
    char ended[32];
} placing;

_Static_assert(offsetof(placing, catalogue) == 0, "a placing is found as its catalogue");

static uint64_t unit_periods(const phc_report *r)
{
    uint64_t n = 0;
    for (size_t i = 0; i < r->segment_cnt; i++)
        n += (uint64_t)r->segments[i].periods * r->segments[i].quantity;
    return n;
}

static void on_rejected(cli_session *s, const phc_report *r)
{
    bool denied = strcmp(r->reject_name, "ROLE_MISSING") == 0;
    const cli_refusal why = {"NEW_ORDER",
                             r->reject_name,
                             r->reject_text,
                             {r->reject_arg0, r->reject_arg1},
                             s->period_seconds};
    char text[CLI_REFUSAL_ROOM], taken[64] = "";
    if (r->order != 0) /* as DUPLICATE */
        snprintf(taken, sizeof taken, "; it is order %llu", (unsigned long long)r->order);
    s->outcome = cli_say(denied ? CLI_DENIED : CLI_REFUSED, "the order was refused: %s%s",
                         cli_refusal_text(&why, text), taken);
}

static void on_report(void *arg, const phc_report *r)
{
    cli_session *s = arg;
    placing *p = s->arg;
    bool own = (p->client_order_id != 0 && r->client_order_id == p->client_order_id) ||
               (p->order != 0 && r->order == p->order);
    if (!own || r->replayed) return;
    switch (r->type) {
    case PHC_ACCEPTED:
        p->known = p->answered = true;
        p->order = r->order;
        p->leaves = r->leaves;
        p->hold = r->hold;
        return;
    case PHC_REJECTED:
    case PHC_NOT_TAKEN:
        p->answered = true;
        on_rejected(s, r);
        return;
    case PHC_TRADE:
        p->leaves = r->leaves;
        p->notional += r->notional;
        p->fee += r->fee;
        p->filled += unit_periods(r);
        json_array_append_new(p->trades,
                              json_pack("{s:o, s:o, s:o, s:o}", "trade", cli_number(r->trade),
                                        "contract", cli_number(r->contract), "notional",
                                        cli_money(r->notional), "fee", cli_money(r->fee)));
        return;
    case PHC_CANCELLED:
        p->leaves = 0;
        snprintf(p->ended, sizeof p->ended, "%s", r->cancel_reason);
        return;
    case PHC_REPLACED:
        p->known = p->answered = true;
        p->order = r->order;
        p->client_order_id = r->client_order_id;
        p->price = r->price;
        p->quantity = r->quantity;
        p->hold = r->hold;
        p->leaves = r->leaves;
        p->filled = 0; /* what executed before it, at the old terms, is not its doing */
        p->notional = p->fee = 0;
        json_array_clear(p->trades);
        return;
    case PHC_PERIOD_LOST:
    case PHC_CLIP_SHOWN: p->leaves = r->leaves; return;
    case PHC_ASSIGNED: return;
    }
}

static void tell(placing *p, bool json)
{
    json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "order", cli_number(p->order),
                          "client_order_id", cli_number(p->client_order_id), "hold",
                          cli_money(p->hold), "filled_unit_periods", cli_number(p->filled),
                          "open_unit_periods", cli_number(p->leaves), "notional",
                          cli_money(p->notional), "fee", cli_money(p->fee));
    if (p->price != 0) {
        json_object_set_new(o, "price", cli_money(p->price));
        json_object_set_new(o, "quantity", cli_number(p->quantity));
    }
    if (p->ended[0] != '\0') json_object_set_new(o, "ended", json_string(p->ended));
    json_object_set(o, "trades", p->trades);
    size_t i;
    json_t *t;
    cli_print_object(o, json);
    if (json) return;
    json_array_foreach(p->trades, i, t)
        printf("trade %lld: contract %lld, notional %s, fee %s\n",
               (long long)json_integer_value(json_object_get(t, "trade")),
               (long long)json_integer_value(json_object_get(t, "contract")),
               json_string_value(json_object_get(t, "notional")),
               json_string_value(json_object_get(t, "fee")));
}

/* Tells what became of an order that was just sent or replaced: its reports come together. */
static cli_exit wait_and_tell(cli_session *s, placing *p)
{
    cli_exit e = cli_wait(s, &p->answered);
    if (e == CLI_DONE) e = s->outcome;
    if (e == CLI_DONE) e = cli_wait_quiet(s, QUIET_MS);
    if (e == CLI_DONE) tell(p, s->common.json);
    return e;
}

static cli_exit send_and_wait(cli_session *s, placing *p, phc_order *o)
{
    phc_status sent = phc_new_order(s->client, o, &p->client_order_id);
    if (sent != PHC_OK) return cli_not_sent(s, sent);
    cli_exit e = wait_and_tell(s, p);
    if (e == CLI_UNKNOWN_OUTCOME)
        (void)cli_say(e,
                      "the order has client_order_id %llu: sent again with --client-order-id %llu, "
                      "it is not done twice",
                      (unsigned long long)p->client_order_id,
                      (unsigned long long)p->client_order_id);
    return e;
}

static int place(const cli_common *common, phc_order *o, const char *product, uint64_t from)
{
    cli_session s;
    placing p = {0};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_report = on_report};
    s.arg = &p;
    cli_exit e = cli_open(&s, common, cb, 0, 0);
    if (e != CLI_DONE) return (int)e;
    p.trades = json_array();
    e = cli_load_catalogue(&s);
    const phc_product *t = e == CLI_DONE ? cli_find_product(&p.catalogue, product) : NULL;
    if (e == CLI_DONE && t == NULL) e = CLI_NOT_FOUND;
    if (e == CLI_DONE && phc_period_from_time(from, t->period_seconds, &o->first_period) != PHC_OK)
        e = cli_say(CLI_USAGE, "could not use --from: no period of %u seconds starts then",
                    t->period_seconds);
    if (e == CLI_DONE) {
        o->product = t->id;
        s.period_seconds = t->period_seconds;
        e = send_and_wait(&s, &p, o);
    }
    json_decref(p.trades);
    return cli_end(&s, &p.catalogue, e);
}

void cli_read_order(int argc, char **argv, const char *doc, cli_order_words *w, cli_common *common)
{
    /* long: a table of options */
    phc_order *o = &w->order;
    bool cancel_resting = false;
    cli_field fields[] = {
        {.name = "product",
         .arg = "PRODUCT",
         .kind = CLI_TEXT,
         .required = true,
         .to = &w->product,
         .doc = "Number or symbol"},
        {.name = "quantity",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &o->quantity,
         .doc = "Units in each period"},
        {.name = "price",
         .arg = "MONEY",
         .kind = CLI_MONEY,
         .required = true,
         .to = &o->price,
         .doc = "Limit per unit and period"},
        {.name = "from",
         .arg = "TIME",
         .kind = CLI_TIME,
         .required = true,
         .to = &w->from,
         .doc = "Start of the first period, like 2026-12-01T00:00:00Z"},
        {.name = "periods",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &o->periods,
         .doc = "How many periods (default: 1)"},
        {.name = "shape",
         .arg = "WORD",
         .kind = CLI_SHAPE,
         .to = &o->shape,
         .doc = "each: every period on its own; block: all periods or none; flex: a block anywhere "
                "in the window (default: each)"},
        {.name = "duration",
         .arg = "PERIODS",
         .kind = CLI_U32,
         .to = &o->duration,
         .doc = "flex: length of the block"},
        {.name = "tif",
         .arg = "WORD",
         .kind = CLI_TIF,
         .to = &o->time_in_force,
         .doc = "gtc, gtt, ioc or fok (default: gtc)"},
        {.name = "expire",
         .arg = "TIME",
         .kind = CLI_TIME,
         .to = &o->expire_at,
         .doc = "gtt: when it ends"},
        {.name = "all-or-none",
         .kind = CLI_FLAG,
         .to = &o->all_or_none,
         .doc = "block: the whole quantity at once"},
        {.name = "post-only",
         .kind = CLI_FLAG,
         .to = &o->post_only,
         .doc = "Refuse it if it would trade at once"},
        {.name = "display",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &o->display_quantity,
         .doc = "each: units shown (default: all)"},
        {.name = "cancel-resting",
         .kind = CLI_FLAG,
         .to = &cancel_resting,
         .doc = "When it meets an own order, cancel that one (default: the new one)"},
        {.name = "from-contract",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .to = &o->from_contract,
         .doc = "sell: resale of this contract"},
        {.name = "client-order-id",
         .arg = "NUMBER",
         .kind = CLI_ID,
         .to = &o->client_order_id,
         .doc = "Your number, above all used before; sent twice, it counts once (default: next)"},
        {.name = "why",
         .kind = CLI_FLAG,
         .to = &w->why,
         .doc = "Say too what would have to differ for all of it to execute"},
    };
    /* Only what is asked about asks why. */
    size_t cnt = w->asks ? CNT(fields) : CNT(fields) - 1;
    cli_read(argc, argv, doc, fields, cnt, common);
    o->self_trade = cancel_resting ? PHC_CANCEL_RESTING : PHC_CANCEL_INCOMING;
}

cli_order_words cli_usual_order(phc_side side, bool asks)
{
    return (cli_order_words){
        .order = {.side = side, .shape = PHC_EACH, .periods = 1, .time_in_force = PHC_GTC},
        .asks = asks};
}

static int order(int argc, char **argv, phc_side side)
{
    cli_common common;
    cli_order_words w = cli_usual_order(side, false);
    cli_read_order(argc, argv,
                   side == PHC_BUY ? "Buys compute: sends one order and waits for its outcome."
                                   : "Sells compute: sends one order and waits for its outcome.",
                   &w, &common);
    return place(&common, &w.order, w.product, w.from);
}

int cli_order_buy(int argc, char **argv)
{
    return order(argc, argv, PHC_BUY);
}

int cli_order_sell(int argc, char **argv)
{
    return order(argc, argv, PHC_SELL);
}

int cli_order_cancel(int argc, char **argv)
{
    uint64_t id = 0, client_order_id = 0;
    const char *product = NULL;
    bool all = false;
    cli_common common;
    cli_field fields[] = {
        {.name = "ORDER", .kind = CLI_U64, .to = &id},
        {.name = "client-order-id",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .to = &client_order_id,
         .doc = "The order that you gave this number"},
        {.name = "all", .kind = CLI_FLAG, .to = &all, .doc = "All of your resting orders"},
        {.name = "product",
         .arg = "PRODUCT",
         .kind = CLI_TEXT,
         .to = &product,
         .doc = "All of your resting orders of one product: number or symbol"},
    };
    cli_read(argc, argv, "Cancels one order by its number, or several.", fields, CNT(fields),
             &common);
    int given = fields[0].given + fields[1].given + fields[2].given + fields[3].given;
    if (given != 1)
        return cli_say(CLI_USAGE, "give one of ORDER, --client-order-id, --all and --product");
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return (int)e;
    const phc_product *p = product != NULL ? cli_find_product(&c, product) : NULL;
    if (product != NULL && p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    uint64_t request = 0;
    phc_status sent = all || product != NULL
                          ? phc_mass_cancel(s.client, p != NULL ? p->id : 0, 0, &request)
                          : phc_cancel(s.client, id, client_order_id, &request);
    e = cli_answer(&s, sent, request);
    if (e == CLI_DONE)
        cli_print_object(json_pack("{s:s, s:o}", "cancelled", "yes", "orders", cli_number(s.count)),
                         common.json);
    return cli_end(&s, &c, e);
}

int cli_order_replace(int argc, char **argv)
{
    uint64_t id = 0, client_order_id = 0;
    uint32_t quantity = 0;
    int64_t price = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "ORDER", .kind = CLI_U64, .to = &id},
        {.name = "client-order-id",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .to = &client_order_id,
         .doc = "The order that you gave this number, instead of ORDER"},
        {.name = "price",
         .arg = "MONEY",
         .kind = CLI_MONEY,
         .required = true,
         .to = &price,
         .doc = "New limit per unit and period"},
        {.name = "quantity",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &quantity,
         .doc = "New total units per period, executed included"},
    };
    cli_read(
        argc, argv,
        "Gives an order a new price and a new total quantity, and waits for what then executes.  "
        "A lower quantity at the same price keeps its place.",
        fields, CNT(fields), &common);
    if (fields[0].given == fields[1].given)
        return cli_say(CLI_USAGE, "give either ORDER or --client-order-id");
    placing p = {.order = id, .client_order_id = client_order_id};
    cli_session s = {.arg = &p};
    cli_exit e = cli_open(&s, &common, (phc_callbacks){.on_report = on_report}, 0, 0);
    if (e != CLI_DONE) return (int)e;
    p.trades = json_array();
    uint64_t request = 0;
    phc_status sent = phc_replace(s.client, id, client_order_id, price, quantity, &request);
    e = cli_answer(&s, sent, request);
    if (e == CLI_DONE) e = wait_and_tell(&s, &p);
    json_decref(p.trades);
    cli_close(&s);
    return (int)e;
}
