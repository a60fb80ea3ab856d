/* SPDX-License-Identifier: Apache-2.0 */
/* What the participant is allowed at the gateway, and how close it is. */
#include "clients/cli/cli.h"

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct {
    phc_limits limits;
    phc_stream_limits streams;
    bool told, streams_told;
} bounds;

/* The gateway tells them behind each logon. */
static void on_limits(void *arg, const phc_limits *l)
{
    cli_session *s = arg;
    bounds *b = s->arg;
    b->limits = *l;
    b->told = true;
}

static void on_stream_limits(void *arg, const phc_stream_limits *l)
{
    cli_session *s = arg;
    bounds *b = s->arg;
    b->streams = *l;
    b->streams_told = true;
}

static void add_rate(json_t *rows, const char *what, phc_rate r, const char *beyond)
{
    json_array_append_new(rows, json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "limit", what, "used",
                                          cli_number(r.burst - r.left), "left", cli_number(r.left),
                                          "max", cli_number(r.burst), "per_second",
                                          cli_number(r.per_second), "beyond", beyond));
}

static void add_count(json_t *rows, const char *what, uint32_t used, uint32_t max,
                      const char *beyond)
{
    json_array_append_new(rows, json_pack("{s:s, s:o, s:o, s:o, s:n, s:s}", "limit", what, "used",
                                          cli_number(used), "left",
                                          cli_number(used < max ? max - used : 0), "max",
                                          cli_number(max), "per_second", "beyond", beyond));
}

static json_t *rows_of(const bounds *b)
{
    const phc_limits *l = &b->limits;
    json_t *rows = json_array();
    add_rate(rows, "messages", l->messages, "busy");
    add_rate(rows, "messages of a session", l->session_messages, "busy");
    add_rate(rows, "questions", l->questions, "busy");
    add_count(rows, "questions under way", l->questions_under_way, l->questions_under_way_max,
              "busy");
    add_count(rows, "open orders", l->open_orders, l->open_orders_max, "busy");
    add_count(rows, "commands of everybody under way", l->under_way, l->under_way_max, "busy");
    add_count(rows, "sessions", l->sessions, l->sessions_max, "refused");
    add_rate(rows, "logons and heartbeats", l->control, "refused");
    add_rate(rows, "refused frames of a connection", l->refused, "ended");
    add_count(rows, "connections to order entry", l->connections, l->connections_max, "ended");
    add_count(rows, "connections to market data", l->market_data_connections, l->connections_max,
              "ended");
    add_count(rows, "connections that say nothing", l->mute_connections, l->mute_connections_max,
              "come again");
    add_count(rows, "busy answers not read", l->busy_waiting, l->busy_waiting_max, "ended");
    if (!b->streams_told) return rows;
    add_rate(rows, "frames that answer requests", b->streams.answers, "busy");
    add_count(rows, "bytes of topics", b->streams.named_bytes, b->streams.named_bytes_max,
              "dropped");
    return rows;
}

int cli_limits(int argc, char **argv)
{
    static const cli_column columns[] = {{"limit", "LIMIT", false},
                                         {"used", "USED", true},
                                         {"left", "LEFT", true},
                                         {"max", "MOST", true},
                                         {"per_second", "PER SECOND", true},
                                         {"beyond", "BEYOND", false}};
    cli_common common;
    bounds b = {.told = false};
    cli_session s = {.arg = &b};
    cli_read(argc, argv,
             "Shows what you are allowed at this gateway and how much of it is used; each gateway "
             "counts by itself.",
             NULL, 0, &common);
    cli_exit e = cli_open(
        &s, &common, (phc_callbacks){.on_limits = on_limits, .on_stream_limits = on_stream_limits},
        0, 0);
    if (e != CLI_DONE) return (int)e;
    s.only_asks = true;
    e = cli_wait(&s, &b.told);
    /* Each answer of market data tells them; this stream is always there. */
    if (e == CLI_DONE && phc_follow(s.client, PHC_STREAM_TYPE, PHC_GENERAL) == PHC_OK)
        e = cli_wait(&s, &b.streams_told);
    if (e == CLI_DONE) cli_print_rows(rows_of(&b), columns, CNT(columns), common.json);
    cli_close(&s);
    return (int)e;
}
