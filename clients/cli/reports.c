/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- Open orders, as the private stream tells them ------------------------------------------ */

typedef struct {
    phc_order terms;
    uint64_t order, leaves, at;
} open_order;

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    open_order *v;           /* in order of number, which is the order of acceptance */
    size_t cnt, room;
    bool failed;
} open_orders;

_Static_assert(offsetof(open_orders, catalogue) == 0, "open orders are found as their catalogue");

static open_order *find(open_orders *l, uint64_t order)
{
    size_t lo = 0, hi = l->cnt;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (l->v[mid].order < order)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < l->cnt && l->v[lo].order == order ? &l->v[lo] : NULL;
}

/* Orders that are done stay with leaves 0 until there are many of them. */
static bool make_room(open_orders *l)
{
    if (l->cnt < l->room) return true;
    size_t kept = 0;
    for (size_t i = 0; i < l->cnt; i++)
        if (l->v[i].leaves != 0) l->v[kept++] = l->v[i];
    l->cnt = kept;
    if (kept < l->room / 2) return true;
    size_t room = l->room == 0 ? 256 : 2 * l->room;
    open_order *v = reallocarray(l->v, room, sizeof *v);
    if (v == NULL) return false;
    l->v = v;
    l->room = room;
    return true;
}

static void on_order_report(void *arg, const phc_report *r)
{
    cli_session *s = arg;
    open_orders *l = s->arg;
    if (r->type == PHC_REJECTED || r->type == PHC_NOT_TAKEN) return;
    if (r->type == PHC_ACCEPTED) {
        if (!make_room(l)) {
            l->failed = true;
            return;
        }
        l->v[l->cnt++] = (open_order){
            .terms = r->as_understood, .order = r->order, .leaves = r->leaves, .at = r->at};
        return;
    }
    open_order *o = find(l, r->order);
    if (o == NULL) return;
    o->leaves = r->type == PHC_CANCELLED ? 0 : r->leaves;
    if (r->type != PHC_REPLACED) return;
    o->terms.price = r->price;
    o->terms.quantity = r->quantity;
}

static json_t *order_row(const cli_catalogue *c, const open_order *o)
{
    const phc_product *p = cli_product_of(c, o->terms.product);
    uint64_t start = p == NULL ? 0 : phc_period_start(o->terms.first_period, p->period_seconds);
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:o}", "order",
                     cli_number(o->order), "client_order_id", cli_number(o->terms.client_order_id),
                     "product", p != NULL ? p->symbol : "-", "side", phc_side_text(o->terms.side),
                     "shape", phc_shape_text(o->terms.shape), "from", cli_time(start), "periods",
                     (json_int_t)o->terms.periods, "quantity", (json_int_t)o->terms.quantity,
                     "price", cli_money(o->terms.price), "open_unit_periods",
                     cli_number(o->leaves));
}

int cli_order_list(int argc, char **argv)
{
    static const cli_column columns[] = {
        {"order", "ORDER", true},      {"client_order_id", "CLIENT ID", true},
        {"product", "PRODUCT", false}, {"side", "SIDE", false},
        {"shape", "SHAPE", false},     {"from", "FROM", false},
        {"periods", "PERIODS", true},  {"quantity", "QUANTITY", true},
        {"price", "PRICE", true},      {"open_unit_periods", "OPEN", true}};
    cli_common common;
    cli_session s;
    open_orders l = {0};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_report = on_order_report};
    cli_read(argc, argv, "Lists your open orders, from your private stream.", NULL, 0, &common);
    s.arg = &l;
    cli_exit e = cli_open(&s, &common, cb, 1, 0);
    if (e != CLI_DONE) {
        free(l.v);
        return (int)e;
    }
    e = cli_load_catalogue(&s);
    if (e == CLI_DONE && l.failed) e = cli_say(CLI_FAILED, "no memory for the orders");
    if (e == CLI_DONE) {
        json_t *rows = json_array();
        for (size_t i = 0; i < l.cnt; i++)
            if (l.v[i].leaves != 0) json_array_append_new(rows, order_row(&l.catalogue, &l.v[i]));
        cli_print_rows(rows, columns, CNT(columns), common.json);
    }
    free(l.v);
    return cli_end(&s, &l.catalogue, e);
}

/* ---- Trades -------------------------------------------------------------------------------- */

static const cli_column trade_columns[] = {{"trade", "TRADE", true},
                                           {"contract", "CONTRACT", true},
                                           {"at", "AT", false},
                                           {"symbol", "PRODUCT", false},
                                           {"side", "SIDE", false},
                                           {"order", "ORDER", true},
                                           {"unit_periods", "UNIT-PERIODS", true},
                                           {"notional", "NOTIONAL", true},
                                           {"fee", "FEE", true}};

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    json_t *rows;            /* until there are names for them; NULL: print at once */
} trades;

_Static_assert(offsetof(trades, catalogue) == 0, "trades are found as their catalogue");

static json_t *trade_row(const phc_report *r)
{
    uint64_t n = 0;
    json_t *segments = json_array();
    for (size_t i = 0; i < r->segment_cnt; i++) {
        const phc_segment *g = &r->segments[i];
        n += (uint64_t)g->periods * g->quantity;
        json_array_append_new(
            segments, json_pack("{s:I, s:I, s:I, s:o}", "first_period", (json_int_t)g->first_period,
                                "periods", (json_int_t)g->periods, "quantity",
                                (json_int_t)g->quantity, "price", cli_money(g->price)));
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "trade",
                     cli_number(r->trade), "contract", cli_number(r->contract), "at",
                     cli_time(r->at), "product", (json_int_t)r->product, "side",
                     phc_side_text(r->side), "order", cli_number(r->order), "unit_periods",
                     cli_number(n), "notional", cli_money(r->notional), "fee", cli_money(r->fee),
                     "segments", segments);
}

/* The product's symbol, and times of its periods. */
static void name_trade(const cli_catalogue *c, json_t *row)
{
    const phc_product *p =
        cli_product_of(c, (uint32_t)json_integer_value(json_object_get(row, "product")));
    size_t i;
    json_t *segment;
    if (p == NULL) return; /* listed after the catalogue was read */
    json_object_set_new(row, "symbol", json_string(p->symbol));
    json_array_foreach(json_object_get(row, "segments"), i, segment)
    {
        json_int_t first = json_integer_value(json_object_get(segment, "first_period"));
        json_object_set_new(segment, "from",
                            cli_time(phc_period_start((uint32_t)first, p->period_seconds)));
    }
}

static void tell_trade(const cli_session *s, const trades *t, json_t *row)
{
    name_trade(&t->catalogue, row);
    cli_print_line(row, trade_columns, CNT(trade_columns), s->common.json);
}

static void on_trade_report(void *arg, const phc_report *r)
{
    cli_session *s = arg;
    trades *t = s->arg;
    if (r->type != PHC_TRADE) return;
    if (t->rows != NULL)
        json_array_append_new(t->rows, trade_row(r));
    else
        tell_trade(s, t, trade_row(r));
}

/* Trades until now, then those to come. */
static cli_exit watch_trades(cli_session *s, trades *t)
{
    size_t i;
    json_t *row, *rows = t->rows;
    t->rows = NULL;
    json_array_foreach(rows, i, row)
    {
        tell_trade(s, t, json_incref(row));
    }
    json_decref(rows);
    return cli_watch(s);
}

int cli_trade_list(int argc, char **argv)
{
    bool watch = false;
    cli_common common;
    cli_field fields[] = {{.name = "watch",
                           .kind = CLI_FLAG,
                           .to = &watch,
                           .doc = "Show new trades as they happen, until interrupted"}};
    cli_read(argc, argv, "Lists your trades, from your private stream.", fields, CNT(fields),
             &common);
    trades t = {.rows = json_array()};
    cli_session s = {.arg = &t};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_report = on_trade_report};
    cli_exit e = cli_open(&s, &common, cb, 1, 0);
    if (e != CLI_DONE) {
        json_decref(t.rows);
        return (int)e;
    }
    e = cli_load_catalogue(&s);
    if (e == CLI_DONE && watch) {
        e = watch_trades(&s, &t);
    } else if (e == CLI_DONE) {
        size_t i;
        json_t *row;
        json_array_foreach(t.rows, i, row)
        {
            name_trade(&t.catalogue, row);
        }
        cli_print_rows(t.rows, trade_columns, CNT(trade_columns), common.json);
        t.rows = NULL;
    }
    json_decref(t.rows);
    return cli_end(&s, &t.catalogue, e);
}

/* ---- Everything ---------------------------------------------------------------------------- */

static const char *type_text(phc_report_type t)
{
    switch (t) {
    case PHC_ACCEPTED: return "ACCEPTED";
    case PHC_REJECTED: return "REJECTED";
    case PHC_TRADE: return "TRADE";
    case PHC_CANCELLED: return "CANCELLED";
    case PHC_PERIOD_LOST: return "PERIOD_LOST";
    case PHC_REPLACED: return "REPLACED";
    case PHC_CLIP_SHOWN: return "CLIP_SHOWN";
    case PHC_ASSIGNED: return "ASSIGNED";
    case PHC_NOT_TAKEN: return "NOT_TAKEN";
    }
    return "-";
}

static const cli_column report_columns[] = {{"number", "number", true},
                                            {"at", "at", false},
                                            {"type", "type", false},
                                            {"order", "order", true},
                                            {"client_order_id", "client_order_id", true},
                                            {"request", "request", true},
                                            {"trade", "trade", true},
                                            {"contract", "contract", true},
                                            {"period", "period", true},
                                            {"unit_seconds", "unit_seconds", true},
                                            {"notional", "notional", true},
                                            {"amount", "amount", true},
                                            {"open_unit_periods", "open", true},
                                            {"reason", "reason", false}};

static void on_any_report(void *arg, const phc_report *r)
{
    cli_session *s = arg;
    json_t *o = json_pack("{s:o, s:o, s:s, s:o, s:o}", "number", cli_number(r->stream_number), "at",
                          cli_time(r->at), "type", type_text(r->type), "order",
                          cli_number(r->order), "client_order_id", cli_number(r->client_order_id));
    if (r->type == PHC_TRADE || r->type == PHC_ASSIGNED) {
        json_object_set_new(o, "trade", cli_number(r->trade));
        json_object_set_new(o, "contract", cli_number(r->contract));
        json_object_set_new(o, "notional", cli_money(r->notional));
    }
    if (r->type == PHC_REJECTED || r->type == PHC_NOT_TAKEN)
        json_object_set_new(o, "reason", json_string(r->reject_name));
    else
        json_object_set_new(o, "open_unit_periods", cli_number(r->leaves));
    if (r->type == PHC_CANCELLED || r->type == PHC_PERIOD_LOST)
        json_object_set_new(o, "reason", json_string(r->cancel_reason));
    cli_print_line(o, report_columns, CNT(report_columns), s->common.json);
}

static void on_any_result(void *arg, const phc_result *r)
{
    cli_session *s = arg;
    json_t *o = json_pack("{s:o, s:o, s:s, s:o}", "number", cli_number(r->stream_number), "at",
                          cli_time(r->at), "type", r->command, "request", cli_number(r->request));
    json_object_set_new(o, "reason", json_string(r->reject_code == 0 ? "DONE" : r->reject_name));
    cli_print_line(o, report_columns, CNT(report_columns), s->common.json);
}

static json_t *notice(uint64_t number, uint64_t at, const char *type, uint64_t contract)
{
    return json_pack("{s:o, s:o, s:s, s:o}", "number", cli_number(number), "at", cli_time(at),
                     "type", type, "contract", cli_number(contract));
}

static void on_any_delivery(void *arg, const phc_delivery *d)
{
    cli_session *s = arg;
    json_t *o = notice(d->stream_number, d->at, "DELIVERY", d->contract);
    json_object_set_new(o, "period", cli_number(d->period));
    json_object_set_new(o, "unit_seconds", cli_number(d->figure));
    json_object_set_new(o, "reason", json_string(phc_delivery_step_text(d->step)));
    cli_print_line(o, report_columns, CNT(report_columns), s->common.json);
}

static void on_any_final(void *arg, const phc_delivery_final *f)
{
    cli_session *s = arg;
    json_t *o = notice(f->stream_number, f->at, "DELIVERY_FINAL", f->contract);
    json_object_set_new(o, "period", cli_number(f->period));
    json_object_set_new(o, "unit_seconds", cli_number(f->delivered));
    json_object_set_new(o, "reason", json_string(phc_final_cause_text(f->cause)));
    cli_print_line(o, report_columns, CNT(report_columns), s->common.json);
}

static void on_any_access(void *arg, const phc_access *a)
{
    cli_session *s = arg;
    cli_print_line(notice(a->stream_number, a->at, "ACCESS", a->contract), report_columns,
                   CNT(report_columns), s->common.json);
}

static void on_any_cash(void *arg, const phc_cash *k)
{
    cli_session *s = arg;
    for (size_t i = 0; i < k->movement_cnt; i++) {
        json_t *o = notice(k->stream_number, k->at, "CASH", k->movements[i].contract);
        json_object_set_new(o, "amount", cli_money(k->movements[i].amount));
        json_object_set_new(o, "reason", json_string(k->movements[i].reason));
        cli_print_line(o, report_columns, CNT(report_columns), s->common.json);
    }
}

int cli_report_watch(int argc, char **argv)
{
    uint64_t first = 1;
    bool stop = false;
    cli_common common;
    cli_field fields[] = {
        {.name = "first",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .to = &first,
         .doc = "First number of the private stream (default: 1, all; 0: only new ones)"},
        {.name = "once", .kind = CLI_FLAG, .to = &stop, .doc = "Stop after what exists now"},
    };
    cli_read(argc, argv, "Shows your private stream: what became of everything you sent.", fields,
             CNT(fields), &common);
    cli_session s = {0};
    phc_callbacks cb = {.on_report = on_any_report,
                        .on_result = on_any_result,
                        .on_delivery = on_any_delivery,
                        .on_delivery_final = on_any_final,
                        .on_access = on_any_access,
                        .on_cash = on_any_cash};
    cli_exit e = cli_open(&s, &common, cb, first, 0);
    if (e != CLI_DONE) return (int)e;
    if (!stop) e = cli_watch(&s);
    cli_close(&s);
    return (int)e;
}
