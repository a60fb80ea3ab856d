/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the market: answers hold for the sequence that they state. */
#include "clients/cli/question.h"

#include <stdio.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

_Static_assert(offsetof(cli_asking, catalogue) == 0, "a question is found as its catalogue");

cli_asking *cli_asking_of(void *arg)
{
    cli_session *s = arg;
    cli_asking *a = s->arg;
    a->answered = true;
    return a;
}

json_t *cli_start_of(const cli_asking *a, uint32_t product, uint32_t period)
{
    const phc_product *p = cli_product_of(&a->catalogue, product);
    return p == NULL ? json_null() : cli_time(phc_period_start(period, p->period_seconds));
}

json_t *cli_symbol_of(const cli_asking *a, uint32_t product)
{
    const phc_product *p = cli_product_of(&a->catalogue, product);
    return p == NULL ? json_null() : json_string(p->symbol);
}

cli_exit cli_ask_wait(cli_session *s, cli_asking *a, phc_status sent)
{
    a->answered = false;
    if (sent != PHC_OK) return cli_not_sent(s, sent);
    cli_exit e = cli_wait(s, &a->answered);
    return e == CLI_DONE ? a->refused : e;
}

cli_exit cli_ask_begin(cli_session *s, cli_asking *a, const cli_common *common, phc_callbacks cb)
{
    cb.on_catalogue = cli_on_catalogue;
    cb.on_catalogue_end = cli_on_catalogue_end;
    s->arg = a;
    cli_exit e = cli_open(s, common, cb, 0, 0);
    if (e != CLI_DONE) return e;
    s->only_asks = true;
    e = cli_load_catalogue(s);
    return e == CLI_DONE ? CLI_DONE : cli_end(s, &a->catalogue, e);
}

int cli_ask_end(cli_session *s, cli_asking *a, cli_exit e)
{
    if (e == CLI_DONE)
        cli_print_object(a->result, s->common.json);
    else
        json_decref(a->result);
    return cli_end(s, &a->catalogue, e);
}

int cli_ask_end_rows(cli_session *s, cli_asking *a, const cli_column *columns, size_t cnt,
                     cli_exit e)
{
    if (e == CLI_DONE)
        cli_print_rows(a->result, columns, cnt, s->common.json);
    else
        json_decref(a->result);
    return cli_end(s, &a->catalogue, e);
}

/* ---- Preview and why ------------------------------------------------------------------------ */

static void on_preview(void *arg, const phc_preview *p)
{
    cli_asking *a = cli_asking_of(arg);
    json_t *o = a->result;
    json_object_set_new(o, "sequence", cli_number(p->sequence));
    if (p->reject_code != 0) {
        const cli_refusal why = {"NEW_ORDER",
                                 p->reject_name,
                                 p->reject_text,
                                 {p->reject_arg0, p->reject_arg1},
                                 a->product->period_seconds};
        char text[CLI_REFUSAL_ROOM];
        a->refused =
            cli_say(CLI_REFUSED, "the order would be refused: %s", cli_refusal_text(&why, text));
        return;
    }
    json_object_set_new(o, "hold", cli_money(p->hold));
    json_object_set_new(o, "hold_after", cli_money(p->hold_after));
    json_object_set_new(o, "executed_unit_periods", cli_number(p->executed));
    json_object_set_new(o, "left_unit_periods", cli_number(p->left));
    json_object_set_new(o, "ends", p->ends[0] == '\0' ? json_null() : json_string(p->ends));
    json_object_set_new(o, "notional", cli_money(p->notional));
    json_object_set_new(o, "fee", cli_money(p->fee));
    json_object_set_new(o, "fee_at_trade", cli_money(p->fee_at_trade));
    json_object_set_new(o, "bond", cli_money(p->bond));
    json_object_set_new(o, "contracts", cli_number(p->contracts));
    json_t *fills = json_array();
    for (size_t i = 0; i < p->fill_cnt; i++)
        json_array_append_new(fills, json_pack("{s:o, s:o, s:o}", "from",
                                               cli_start_of(a, a->product->id, p->fills[i].period),
                                               "price", cli_money(p->fills[i].price), "units",
                                               cli_number(p->fills[i].units)));
    json_object_set_new(o, "fills", fills);
    json_object_set_new(o, "fill_count", cli_number(p->fill_count));
    json_object_set_new(o, "average_price",
                        p->executed == 0 ? json_null() : cli_money(p->average_price));
}

static void on_why(void *arg, const phc_why *w)
{
    cli_asking *a = cli_asking_of(arg);
    json_t *o = a->result;
    a->not_found = w->unknown;
    if (w->reject_code != 0)
        a->refused = cli_say(CLI_REFUSED, "nothing can be said: it would be refused now: %s: %s",
                             w->reject_name, w->reject_text);
    if (w->unknown || w->reject_code != 0) return;
    json_object_set_new(o, "sequence", cli_number(w->sequence));
    json_object_set_new(o, "executes_as_it_stands", json_boolean(w->fills));
    if (w->fills) return;
    json_object_set_new(o, "executes_at_price", w->price == 0 ? json_null() : cli_money(w->price));
    if (w->price_reject_name[0] != '\0')
        json_object_set_new(o, "price_is_refused", json_string(w->price_reject_name));
    json_object_set_new(o, "executes_for_quantity",
                        w->quantity == 0 ? json_null() : cli_number(w->quantity));
    if (w->more_quantities) json_object_set_new(o, "more_quantities_not_tried", json_true());
    json_object_set_new(o, "executes_from",
                        w->has_start && a->product != NULL
                            ? cli_start_of(a, a->product->id, w->start)
                            : json_null());
    if (w->more_starts) json_object_set_new(o, "more_starts_not_tried", json_true());
    json_t *others = json_array();
    char text[512] = "";
    for (size_t i = 0; i < w->product_cnt; i++) {
        const phc_product *p = cli_product_of(&a->catalogue, w->products[i]);
        if (p == NULL) continue;
        json_array_append_new(others, json_string(p->symbol));
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : ", ", p->symbol);
    }
    json_object_set_new(o, "executes_in", text[0] == '\0' ? json_null() : json_string(text));
    json_object_set_new(o, "products", others);
}

/* For people: the object, then its fills as rows. */
static int end_preview(cli_session *s, cli_asking *a, cli_exit e)
{
    static const cli_column columns[] = {
        {"from", "FROM", false}, {"price", "PRICE", true}, {"units", "UNITS", true}};
    json_t *fills = json_incref(json_object_get(a->result, "fills"));
    const bool has_rows = e == CLI_DONE && !s->common.json && json_array_size(fills) != 0;
    int code = cli_ask_end(s, a, e);
    if (has_rows)
        cli_print_rows(fills, columns, CNT(columns), false);
    else
        json_decref(fills);
    return code;
}

static int preview(int argc, char **argv, phc_side side)
{
    cli_common common;
    cli_session s;
    cli_asking a = {.result = NULL};
    cli_order_words w = cli_usual_order(side, true);
    cli_read_order(argc, argv,
                   "Asks what an order would do now: what executes, at which prices, what is held, "
                   "or why it would be refused.  Nothing is sent to the market.",
                   &w, &common);
    cli_exit e =
        cli_ask_begin(&s, &a, &common, (phc_callbacks){.on_preview = on_preview, .on_why = on_why});
    if (e != CLI_DONE) return (int)e;
    a.result = json_object();
    a.product = cli_find_product(&a.catalogue, w.product);
    if (a.product == NULL) return cli_ask_end(&s, &a, CLI_NOT_FOUND);
    if (phc_period_from_time(w.from, a.product->period_seconds, &w.order.first_period) != PHC_OK)
        return cli_ask_end(&s, &a,
                           cli_say(CLI_USAGE,
                                   "could not use --from: no period of %u seconds starts then",
                                   a.product->period_seconds));
    w.order.product = a.product->id;
    e = cli_ask_wait(&s, &a, phc_ask_preview(s.client, &w.order, NULL));
    if (e == CLI_DONE && w.why) e = cli_ask_wait(&s, &a, phc_ask_why(s.client, 0, &w.order, NULL));
    return end_preview(&s, &a, e);
}

int cli_preview_buy(int argc, char **argv)
{
    return preview(argc, argv, PHC_BUY);
}

int cli_preview_sell(int argc, char **argv)
{
    return preview(argc, argv, PHC_SELL);
}

static void on_open_orders(void *arg, const phc_open_orders *l)
{
    cli_asking *a = cli_asking_of(arg);
    a->not_found = l->order_cnt == 0;
    if (l->order_cnt == 0) return;
    const phc_open_order *o = &l->orders[0];
    a->product = cli_product_of(&a->catalogue, o->terms.product);
    json_t *r = a->result;
    json_object_set_new(r, "sequence", cli_number(l->sequence));
    json_object_set_new(r, "order", cli_number(o->order));
    json_object_set_new(r, "client_order_id", cli_number(o->terms.client_order_id));
    json_object_set_new(r, "product", cli_symbol_of(a, o->terms.product));
    json_object_set_new(r, "side", json_string(phc_side_text(o->terms.side)));
    json_object_set_new(r, "shape", json_string(phc_shape_text(o->terms.shape)));
    json_object_set_new(r, "from", cli_start_of(a, o->terms.product, o->terms.first_period));
    json_object_set_new(r, "periods", cli_number(o->terms.periods));
    json_object_set_new(r, "quantity", cli_number(o->terms.quantity));
    json_object_set_new(r, "price", cli_money(o->terms.price));
    json_object_set_new(r, "open_unit_periods", cli_number(o->leaves));
}

int cli_why(int argc, char **argv)
{
    uint64_t order = 0;
    cli_common common;
    cli_session s;
    cli_asking a = {.result = NULL};
    cli_field fields[] = {
        {.name = "ORDER", .kind = CLI_U64, .required = true, .to = &order},
    };
    cli_read(argc, argv,
             "Asks why an open order of yours does not execute: the price, the quantity, the start "
             "and the other products at which all of it would, now.",
             fields, CNT(fields), &common);
    cli_exit e = cli_ask_begin(&s, &a, &common,
                               (phc_callbacks){.on_open_orders = on_open_orders, .on_why = on_why});
    if (e != CLI_DONE) return (int)e;
    a.result = json_object();
    e = cli_ask_wait(&s, &a, phc_ask_orders(s.client, order, 0, NULL));
    if (e == CLI_DONE && !a.not_found)
        e = cli_ask_wait(&s, &a, phc_ask_why(s.client, order, NULL, NULL));
    if (e == CLI_DONE && a.not_found)
        e = cli_say(CLI_NOT_FOUND,
                    "you have no open order %llu; `petahour order status` says what became of it",
                    (unsigned long long)order);
    return cli_ask_end(&s, &a, e);
}

/* ---- Status --------------------------------------------------------------------------------- */

static cli_exit say_not_kept(const phc_order_status *o)
{
    const char *what = o->order != 0 ? "order" : "client order id";
    unsigned long long number = o->order != 0 ? o->order : o->client_order_id;
    if (o->state == PHC_ORDER_ENDED_LONG_AGO)
        return cli_say(CLI_NOT_FOUND,
                       "%s %llu is older than what is kept: if it was yours it has ended; "
                       "`petahour report watch --once` has every report",
                       what, number);
    if (o->order != 0)
        return cli_say(CLI_NOT_FOUND, "you have no order %llu as of record %llu", number,
                       (unsigned long long)o->sequence);
    return cli_say(CLI_NOT_FOUND,
                   "you have no order with client order id %llu as of record %llu: %s", number,
                   (unsigned long long)o->sequence,
                   o->client_order_id > o->last_client_order_id
                       ? "not sent, not durable yet, or refused long ago; sent again it counts once"
                       : "it was not accepted, and a higher one has been, so it can no longer be");
}

static void add_terms(cli_asking *a, const phc_order_status *o)
{
    json_t *r = a->result;
    json_object_set_new(r, "product", cli_symbol_of(a, o->product));
    json_object_set_new(r, "side", json_string(phc_side_text(o->side)));
    json_object_set_new(r, "shape", json_string(phc_shape_text(o->shape)));
    json_object_set_new(r, "from", cli_start_of(a, o->product, o->first_period));
    json_object_set_new(r, "periods", cli_number(o->periods));
    if (o->shape == PHC_FLEX) json_object_set_new(r, "duration", cli_number(o->duration));
    json_object_set_new(r, "quantity", cli_number(o->quantity));
    json_object_set_new(r, "price", cli_money(o->price));
}

static void add_refusal(cli_asking *a, const phc_order_status *o)
{
    json_t *r = a->result;
    json_object_set_new(r, "reject", json_string(o->reject_name));
    json_object_set_new(r, "reject_text", json_string(o->reject_text));
    json_object_set_new(
        r, "reject_args",
        json_pack("[I, I]", (json_int_t)o->reject_arg0, (json_int_t)o->reject_arg1));
    if (o->failed_client_order_id != 0)
        json_object_set_new(r, "because_of_client_order_id", cli_number(o->failed_client_order_id));
    json_object_set_new(r, "refused_at", cli_time(o->ended_at));
    json_object_set_new(r, "refused_by_record", cli_number(o->ended_sequence));
}

static void on_order_status(void *arg, const phc_order_status *o)
{
    cli_asking *a = cli_asking_of(arg);
    json_t *r = a->result;
    if (o->state >= PHC_ORDER_UNKNOWN) {
        a->refused = say_not_kept(o);
        return;
    }
    json_object_set_new(r, "sequence", cli_number(o->sequence));
    json_object_set_new(r, "order", o->order == 0 ? json_null() : cli_number(o->order));
    json_object_set_new(r, "client_order_id", cli_number(o->client_order_id));
    json_object_set_new(r, "state", json_string(phc_order_state_text(o->state)));
    if (o->state == PHC_ORDER_CANCELLED)
        json_object_set_new(r, "reason", json_string(o->cancel_reason));
    add_terms(a, o);
    if (o->state == PHC_ORDER_REJECTED) {
        add_refusal(a, o);
        return;
    }
    json_object_set_new(r, "unit_periods", cli_number(o->unit_periods));
    json_object_set_new(r, "filled_unit_periods", cli_number(o->executed));
    json_object_set_new(r, "open_unit_periods", cli_number(o->leaves));
    json_object_set_new(r, "accepted_at", cli_time(o->accepted_at));
    json_object_set_new(r, "accepted_by_record", cli_number(o->accepted_sequence));
    if (o->state == PHC_ORDER_RESTING) return;
    json_object_set_new(r, "ended_at", cli_time(o->ended_at));
    json_object_set_new(r, "ended_by_record", cli_number(o->ended_sequence));
}

int cli_order_status(int argc, char **argv)
{
    uint64_t order = 0, client_order_id = 0;
    cli_common common;
    cli_session s;
    cli_asking a = {.result = NULL};
    cli_field fields[] = {
        {.name = "ORDER", .kind = CLI_U64, .to = &order},
        {.name = "client-order-id",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .to = &client_order_id,
         .doc = "The order that you gave this number, instead of ORDER"},
    };
    cli_read(argc, argv,
             "Asks what became of an order of yours: whether it rests, was filled, cancelled, and "
             "why, or refused.",
             fields, CNT(fields), &common);
    if (fields[0].given == fields[1].given)
        return cli_say(CLI_USAGE, "give either ORDER or --client-order-id");
    cli_exit e =
        cli_ask_begin(&s, &a, &common, (phc_callbacks){.on_order_status = on_order_status});
    if (e != CLI_DONE) return (int)e;
    a.result = json_object();
    e = cli_ask_wait(&s, &a, phc_ask_order_status(s.client, order, client_order_id, NULL));
    return cli_ask_end(&s, &a, e);
}

/* ---- Depth ---------------------------------------------------------------------------------- */

static void on_depth(void *arg, const phc_depth *d)
{
    cli_asking *a = cli_asking_of(arg);
    if (d->refused) {
        a->refused = cli_say(CLI_REFUSED, "blocks of %u periods are longer than %s allows",
                             a->length, a->product->symbol);
        return;
    }
    for (size_t i = 0; i < d->row_cnt; i++) {
        uint64_t unit_periods = d->rows[i].units * a->length;
        if (unit_periods == 0) continue;
        int64_t average = d->rows[i].notional / (int64_t)unit_periods;
        json_array_append_new(
            a->result, json_pack("{s:o, s:o, s:o, s:o}", "from",
                                 cli_start_of(a, a->product->id, d->first_start + (uint32_t)i),
                                 "units", cli_number(d->rows[i].units), "average_price",
                                 cli_money(average), "notional", cli_money(d->rows[i].notional)));
    }
}

int cli_depth(int argc, char **argv)
{
    /* long: a table of options */
    static const cli_column columns[] = {{"from", "FROM", false},
                                         {"units", "UNITS", true},
                                         {"average_price", "AVERAGE PRICE", true},
                                         {"notional", "NOTIONAL", true}};
    phc_depth_question q = {.side = PHC_BUY, .periods = 1, .starts = 24, .without_own = true};
    const char *product = NULL;
    uint64_t from = 0;
    bool sell = false;
    cli_common common;
    cli_session s;
    cli_asking a = {.result = NULL};
    cli_field fields[] = {
        {.name = "PRODUCT", .kind = CLI_TEXT, .required = true, .to = &product},
        {.name = "from",
         .arg = "TIME",
         .kind = CLI_TIME,
         .required = true,
         .to = &from,
         .doc = "First start, like 2026-12-01T00:00:00Z"},
        {.name = "starts",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &q.starts,
         .doc = "How many starts, period after period (default: 24)"},
        {.name = "periods",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &q.periods,
         .doc = "Length of the block (default: 1)"},
        {.name = "limit",
         .arg = "MONEY",
         .kind = CLI_MONEY,
         .to = &q.limit,
         .doc = "Count units up to this average price (default: all)"},
        {.name = "sell",
         .kind = CLI_FLAG,
         .to = &sell,
         .doc = "What could be sold as a block (default: bought)"},
    };
    cli_read(
        argc, argv,
        "Asks how many units of a block could be taken from each start, at which average price; "
        "your own orders left out.",
        fields, CNT(fields), &common);
    if (sell) q.side = PHC_SELL;
    cli_exit e = cli_ask_begin(&s, &a, &common, (phc_callbacks){.on_depth = on_depth});
    if (e != CLI_DONE) return (int)e;
    a.product = cli_find_product(&a.catalogue, product);
    if (a.product == NULL) return cli_end(&s, &a.catalogue, CLI_NOT_FOUND);
    if (phc_period_from_time(from, a.product->period_seconds, &q.first_start) != PHC_OK)
        return cli_end(&s, &a.catalogue,
                       cli_say(CLI_USAGE,
                               "could not use --from: no period of %u "
                               "seconds starts then",
                               a.product->period_seconds));
    q.product = a.product->id;
    a.length = q.periods;
    a.result = json_array();
    e = cli_ask_wait(&s, &a, phc_ask_depth(s.client, &q, NULL));
    return cli_ask_end_rows(&s, &a, columns, CNT(columns), e);
}
