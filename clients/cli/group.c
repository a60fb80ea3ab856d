/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

enum { QUIET_MS = 150 };

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    json_t *orders;          /* accepted, with what became of each */
    bool told;
} group;

_Static_assert(offsetof(group, catalogue) == 0, "a group is found as its catalogue");

static void on_report(void *arg, const phc_report *r)
{
    cli_session *s = arg;
    group *g = s->arg;
    size_t i;
    json_t *o;
    if (r->replayed) return;
    if (r->type == PHC_ACCEPTED && r->group != 0) {
        json_array_append_new(g->orders,
                              json_pack("{s:o, s:o, s:o, s:s}", "order", cli_number(r->order),
                                        "client_order_id", cli_number(r->client_order_id), "hold",
                                        cli_money(r->hold), "outcome", "rests"));
        return;
    }
    json_array_foreach(g->orders, i, o)
    {
        if ((uint64_t)json_integer_value(json_object_get(o, "order")) != r->order) continue;
        if (r->type == PHC_TRADE) json_object_set_new(o, "outcome", json_string("executed"));
        if (r->type == PHC_CANCELLED)
            json_object_set_new(o, "outcome", json_string(r->cancel_reason));
    }
}

/* What is wrong with a member as the file states it, in `to`; or it is in *ret, and NULL. */
static const char *order_wrong(const cli_catalogue *c, json_t *v, phc_order *ret, char to[200])
{
    const char *product = NULL, *side = NULL, *shape = "block", *price = NULL, *from = NULL;
    json_error_t error;
    json_int_t periods = 0, duration = 0, quantity = 0;
    uint64_t start;
    if (json_unpack_ex(v, &error, JSON_STRICT, "{s:s, s:s, s?s, s:s, s:s, s:I, s?I, s:I}",
                       "product", &product, "side", &side, "shape", &shape, "price", &price, "from",
                       &from, "periods", &periods, "duration", &duration, "quantity",
                       &quantity) != 0) {
        snprintf(to, 200, "%s", error.text);
        return to;
    }
    *ret = (phc_order){.time_in_force = PHC_GTC, .self_trade = PHC_CANCEL_INCOMING};
    if (!phc_side_parse(side, &ret->side)) return "\"side\" is not buy or sell";
    if (!phc_shape_parse(shape, &ret->shape)) return "\"shape\" is not block or flex";
    if (phc_money_parse(price, &ret->price) != PHC_OK)
        return "\"price\" is not decimal text with at most six places, like \"2.50\"";
    if (phc_time_parse(from, &start) != PHC_OK)
        return "\"from\" is not a UTC time like \"2026-12-01T00:00:00Z\"";
    if (periods < 0 || periods > UINT32_MAX || duration < 0 || duration > UINT32_MAX ||
        quantity < 0 || quantity > UINT32_MAX)
        return "\"periods\", \"duration\" or \"quantity\" is not from 0 to 4294967295";
    const phc_product *p = cli_find_product(c, product);
    if (p == NULL) return "\"product\" is not one";
    if (phc_period_from_time(start, p->period_seconds, &ret->first_period) != PHC_OK) {
        snprintf(to, 200, "no period of %u seconds starts at \"from\"", p->period_seconds);
        return to;
    }
    ret->product = p->id;
    ret->periods = (uint32_t)periods;
    ret->duration = (uint32_t)duration;
    ret->quantity = (uint32_t)quantity;
    ret->all_or_none = ret->shape == PHC_BLOCK;
    return NULL;
}

static cli_exit read_orders(const cli_catalogue *c, const char *path, phc_order *v, size_t *ret_cnt)
{
    json_t *file = cli_read_json(path), *one;
    size_t i;
    if (file == NULL) return CLI_USAGE;
    bool ok =
        json_is_array(file) && json_array_size(file) >= 1 && json_array_size(file) <= PHC_GROUP_MAX;
    if (!ok)
        (void)cli_say(CLI_USAGE, "\"%s\" is not a list of 1 to %d orders", path, PHC_GROUP_MAX);
    json_array_foreach(file, i, one)
    {
        char room[200];
        const char *wrong = ok ? order_wrong(c, one, &v[i], room) : NULL;
        if (wrong == NULL) continue;
        ok = false;
        (void)cli_say(CLI_USAGE, "order %zu of \"%s\": %s", i + 1, path, wrong);
    }
    *ret_cnt = json_array_size(file);
    json_decref(file);
    return ok ? CLI_DONE : CLI_USAGE;
}

static cli_exit send_group(cli_session *s, group *g, const char *path)
{
    phc_order v[PHC_GROUP_MAX];
    size_t cnt = 0;
    cli_exit e = read_orders(&g->catalogue, path, v, &cnt);
    if (e != CLI_DONE) return e;
    phc_status sent = phc_new_group(s->client, v, cnt, &s->request);
    if (sent != PHC_OK) return cli_not_sent(s, sent);
    e = cli_wait(s, &s->answered);
    if (e == CLI_DONE) e = s->outcome;
    return e == CLI_DONE ? cli_wait_quiet(s, QUIET_MS) : e;
}

int cli_order_group(int argc, char **argv)
{
    static const cli_column columns[] = {{"order", "ORDER", true},
                                         {"client_order_id", "CLIENT ID", true},
                                         {"hold", "HOLD", true},
                                         {"outcome", "OUTCOME", false}};
    const char *path = NULL;
    cli_common common;
    cli_field fields[] = {{.name = "FILE", .kind = CLI_TEXT, .required = true, .to = &path}};
    cli_read(
        argc, argv,
        "Sends an exclusive group: at most one of its orders executes, then the others are "
        "cancelled.  FILE is a JSON list of 1 to 8 blocks of one side, each like {\"product\": "
        "\"7\", \"side\": \"buy\", \"shape\": \"block\", \"price\": \"2.50\", \"from\": "
        "\"2026-12-01T00:00:00Z\", \"periods\": 24, \"quantity\": 8}; shape \"flex\" has a "
        "\"duration\" too.",
        fields, CNT(fields), &common);
    cli_session s;
    group g = {.orders = json_array()};
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue,
                        .on_catalogue_end = cli_on_catalogue_end,
                        .on_report = on_report};
    s.arg = &g;
    cli_exit e = cli_open(&s, &common, cb, 0, 0);
    if (e != CLI_DONE) {
        json_decref(g.orders);
        return (int)e;
    }
    e = cli_load_catalogue(&s);
    if (e == CLI_DONE) e = send_group(&s, &g, path);
    if (e == CLI_DONE)
        cli_print_rows(g.orders, columns, CNT(columns), common.json);
    else
        json_decref(g.orders);
    return cli_end(&s, &g.catalogue, e);
}
