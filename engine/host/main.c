/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/main.c - petahour-engine: wiring, and what is said to the outside. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "engine/base/bytes.h"
#include "engine/host/loop.h"
#include "engine/host/recovery.h"
#include "engine/host/sequencer.h"
#include "engine/host/settings.h"
#include "engine/link/frame.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "engine/process/memory.h"
#include "engine/process/options.h"
#include "engine/process/stop.h"

static const char doc[] =
    "petahour-engine - the sequencer and matching engine of one market.\v"
    "Owns the journal: replays it, then takes commands from gateways, makes them durable and "
    "publishes what they caused.  SIGTERM ends it in order.  Exit status: 0 ended in order, 1 "
    "failed, 2 usage.";

typedef struct {
    ph_config_market market;
    ph_engine_settings settings;
    ph_recovered recovered;
    void *zmq_context;
    ph_server *server;
    ph_sequencer *sequencer;
    ph_snapshots *snapshots;
    ph_monitor *monitor;
    char err[2048];
} engine;

static ph_status open_market(engine *e)
{
    ph_open_market terms = {.rules_version = 1,
                            .operator_curve_key = e->settings.operator_curve_key,
                            .operator_sign_key = e->settings.operator_sign_key,
                            .notary_sign_key = e->settings.notary_sign_key};
    (void)ph_text_set(terms.market.s, sizeof terms.market.s, e->market.name);
    (void)ph_text_set(terms.currency, sizeof terms.currency, e->market.currency);
    (void)ph_text_set(terms.operator_name.s, sizeof terms.operator_name.s,
                      e->settings.operator_name);
    ph_status s = ph_sequencer_open_market(e->sequencer, ph_clock_now(), &terms);
    if (s != PH_OK) {
        (void)snprintf(e->err, sizeof e->err, "%s", ph_sequencer_why(e->sequencer));
        return s;
    }
    if (ph_market_opened(e->recovered.market) == NULL) {
        (void)snprintf(e->err, sizeof e->err,
                       "could not open the market: it refused what [market] and [engine] say; "
                       "check the keys");
        return PH_EINVAL;
    }
    s = ph_sequencer_commit(e->sequencer);
    if (s != PH_OK)
        (void)snprintf(e->err, sizeof e->err, "%s", ph_sequencer_why(e->sequencer));
    else
        ph_log_info("opened market \"%s\" in %s", e->market.name, e->market.currency);
    return s;
}

/* The first order that needs a page of a table waits until the system has cleared it, 2 MiB at a
   time: asked for here, none does. */
static ph_status touch_tables(engine *e)
{
    size_t size = ph_market_footprint(&e->recovered.limits);
    if (e->settings.touch_tables == 0) return PH_OK;
    if (ph_memory_touch(e->recovered.market, size) == PH_OK) return PH_OK;
    (void)snprintf(e->err, sizeof e->err,
                   "could not take the %zu MiB of the tables of [engine] at the start: %s; make "
                   "room, lower the tables, or set touch_tables = 0",
                   size >> 20, strerror(errno));
    return PH_EFULL;
}

static ph_status start(engine *e)
{
    uint64_t begun = ph_clock_monotonic_ns();
    ph_status s = ph_recovery_run(&e->market, &e->settings, &e->recovered, e->err, sizeof e->err);
    if (s != PH_OK) return s;
    ph_recovered *r = &e->recovered;
    ph_figures_start(ph_monitor_metrics(e->monitor), &r->limits,
                     ph_market_seq(r->market) - r->began_at, ph_clock_monotonic_ns() - begun);
    ph_log_info("began with %s of record %llu, replayed %llu commands, in %llu ms; the spool had "
                "%llu of all",
                r->began_at == 0 ? "an empty market" : "the snapshot",
                (unsigned long long)r->began_at,
                (unsigned long long)(ph_market_seq(r->market) - r->began_at),
                (unsigned long long)((ph_clock_monotonic_ns() - begun) / 1000000),
                (unsigned long long)r->spool_kept);
    s = touch_tables(e);
    if (s != PH_OK) return s;
    char origin[80];
    (void)snprintf(origin, sizeof origin, "%.55s/engine", e->market.name);
    e->zmq_context = zmq_ctx_new();
    if (e->zmq_context == NULL) {
        (void)snprintf(e->err, sizeof e->err, "could not start ZeroMQ: %s", zmq_strerror(errno));
        return PH_EFULL;
    }
    s = ph_server_open(e->zmq_context, e->settings.link, origin, r->spool, &e->server, e->err,
                       sizeof e->err);
    if (s != PH_OK) return s;
    ph_sequencer_parts parts = {r->market, r->limits, r->journal, e->server};
    s = ph_sequencer_open(&parts, &e->sequencer);
    if (s != PH_OK) {
        (void)snprintf(e->err, sizeof e->err, "could not make room for the events of a command: %s",
                       s == PH_EINVAL ? "the tables in [engine] are too large" : "no memory");
        return s;
    }
    ph_snapshots_parts taken = {.settings = &e->settings,
                                .market_name = e->market.name,
                                .market = r->market,
                                .journal = r->journal,
                                .spool = r->spool,
                                .newest = r->began_at};
    s = ph_snapshots_open(&taken, &e->snapshots);
    if (s != PH_OK) {
        (void)snprintf(e->err, sizeof e->err, "could not prepare snapshots: no memory");
        return s;
    }
    return ph_market_seq(r->market) == 0 ? open_market(e) : PH_OK;
}

/* Who is told by the file, or by systemd, finds it in the log. */
static ph_status say_ready(engine *e)
{
    char text[1536];
    uint64_t seq = ph_market_seq(e->recovered.market);
    const ph_log_pair pairs[] = {{"link", e->settings.link, 0}, {"seq", NULL, seq}};
    ph_log_event(PH_LOG_INFO, "ready", pairs, 2, "ready: takes commands on %s, last is %" PRIu64,
                 e->settings.link, seq);
    (void)snprintf(text, sizeof text, "market = %s\nlink = %s\nlast = %" PRIu64 "\n",
                   e->market.name, e->settings.link, seq);
    ph_status s = ph_ready_write(e->settings.ready_file, text);
    if (s != PH_OK)
        (void)snprintf(e->err, sizeof e->err, "could not write \"%s\": %s", e->settings.ready_file,
                       strerror(errno));
    return s;
}

/* Before the start, which may take long.  Its port is waited for as the locks are (recovery.h). */
static ph_status open_monitor(engine *e)
{
    const uint64_t begun_ns = ph_clock_monotonic_ns();
    ph_monitor_settings settings = {.address = e->settings.monitor,
                                    .behind_row = PH_MONITOR_NO_ROW};
    settings.rows = ph_figures_rows(&settings.row_cnt);
    ph_status s;
    do
        s = ph_monitor_open(&settings, &e->monitor, e->err, sizeof e->err);
    while (s == PH_EIO && ph_recovery_waits(begun_ns));
    return s;
}

static ph_status serve(engine *e)
{
    const ph_loop_parts parts = {.sequencer = e->sequencer,
                                 .server = e->server,
                                 .snapshots = e->snapshots,
                                 .market = e->recovered.market,
                                 .monitor = e->monitor};
    ph_monitor_ready(e->monitor, NULL);
    ph_status s = ph_loop_run(&parts, e->err, sizeof e->err);
    ph_monitor_ready(e->monitor, "stopping");
    return s;
}

static void say_stopped(const engine *e)
{
    uint64_t seq = ph_market_seq(e->recovered.market);
    const ph_log_pair pairs[] = {{"seq", NULL, seq}};
    ph_log_event(PH_LOG_INFO, "stopped", pairs, 1, "stopped in order; last command is %" PRIu64,
                 seq);
}

static void release(engine *e)
{
    ph_monitor_close(e->monitor);
    ph_snapshots_close(e->snapshots);
    ph_sequencer_close(e->sequencer);
    ph_server_close(e->server);
    if (e->zmq_context != NULL) (void)zmq_ctx_term(e->zmq_context);
    ph_recovery_release(&e->recovered);
}

int main(int argc, char **argv)
{
    static engine e; /* large; static only for its size */
    ph_options options;
    ph_log_init("petahour-engine");
    ph_options_parse(argc, argv, doc, &options);
    int end = ph_options_load(&options, ph_engine_table(), &e.market, &e.settings);
    if (end != PH_OPTIONS_SERVE) return end;
    ph_stop_install();

    ph_status s = open_monitor(&e);
    if (s == PH_OK) s = start(&e);
    if (s == PH_OK) s = say_ready(&e);
    if (s == PH_OK) s = serve(&e);
    bool is_stopped = s == PH_EAGAIN && ph_stop_requested();
    if (s == PH_OK)
        say_stopped(&e);
    else if (is_stopped)
        ph_log_info("%s", e.err);
    else
        ph_log_error("%s", e.err);
    release(&e);
    return s == PH_OK || is_stopped ? EXIT_SUCCESS : EXIT_FAILURE;
}
