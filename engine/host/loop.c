/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "engine/base/limits.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "engine/process/stop.h"

/* A wait ends after this long at most when something is due, because the clock may be set. */
enum { WAIT_MS_MAX = 10000 };

typedef struct {
    ph_sequencer *sequencer;
    ph_server *server;
    ph_snapshots *snapshots;
    ph_monitor *monitor;
    ph_figures_of figures;
    uint64_t dropped;   /* commands that were none */
    uint64_t warned_ns; /* when that was said last */
    bool has_dropped;   /* since it was said */
} loop;

static void on_ahead(void *arg, const void *bytes, uint32_t size)
{
    loop *l = arg;
    ph_sequencer_expect(l->sequencer, bytes, size);
}

static ph_status on_command(void *arg, ph_link_peer peer, const void *bytes, uint32_t size)
{
    loop *l = arg;
    ph_status s = ph_sequencer_submit(l->sequencer, ph_clock_now(), peer, bytes, size);
    if (s == PH_ECORRUPT) {
        l->dropped++;
        l->has_dropped = true;
    }
    return s;
}

/* Once a second at most: a gateway gone wrong must not fill the disk with warnings. */
static void warn_dropped(loop *l)
{
    if (!l->has_dropped) return;
    uint64_t now = ph_clock_monotonic_ns();
    if (l->warned_ns != 0 && now - l->warned_ns < PH_NS_PER_S) return;
    l->warned_ns = now;
    l->has_dropped = false;
    ph_log_warning("dropped commands of a gateway that are no commands, or not for a gateway to "
                   "send: %llu so far; is it of another version",
                   (unsigned long long)l->dropped);
}

static long wait_ms(const loop *l)
{
    ph_time due = ph_sequencer_next_due(l->sequencer);
    if (due.ns == UINT64_MAX) return -1;
    uint64_t now = ph_clock_now().ns;
    if (due.ns <= now) return 0;
    uint64_t ms = (due.ns - now) / 1000000 + 1;
    return ms < WAIT_MS_MAX ? (long)ms : WAIT_MS_MAX;
}

static ph_status wait_for_work(loop *l)
{
    zmq_pollitem_t items[] = {
        {.socket = ph_server_socket(l->server), .events = ZMQ_POLLIN},
        {.fd = ph_stop_descriptor(), .events = ZMQ_POLLIN},
        {.fd = ph_snapshots_descriptor(l->snapshots), .events = ZMQ_POLLIN},
    };
    int cnt = items[2].fd < 0 ? 2 : 3;
    if (zmq_poll(items, cnt, wait_ms(l)) >= 0 || errno == EINTR) return PH_OK;
    return PH_EIO;
}

/* Syncs what the turn brought, and measures it when there was something. */
static ph_status commit(loop *l)
{
    uint64_t before = ph_sequencer_count(l->sequencer)->commits;
    uint64_t begun = ph_clock_monotonic_ns();
    ph_status s = ph_sequencer_commit(l->sequencer);
    if (ph_sequencer_count(l->sequencer)->commits != before)
        ph_figures_commit(ph_monitor_metrics(l->monitor), ph_clock_monotonic_ns() - begun);
    return s;
}

/* One turn without the wait.  *ret_more: there is more to do at once. */
static ph_status turn(loop *l, bool *ret_more, char *err, size_t err_size)
{
    ph_status s = ph_sequencer_run_due(l->sequencer, ph_clock_now());
    bool more = false;
    if (s == PH_OK) {
        s = ph_server_take(l->server, PH_LOOP_COMMANDS_PER_TURN, on_ahead, on_command, l);
        more = s == PH_OK;
        if (s == PH_EAGAIN) s = PH_OK;
    }
    if (s == PH_OK) s = commit(l);
    if (s != PH_OK) {
        (void)snprintf(err, err_size, "%s", ph_sequencer_why(l->sequencer));
        return s;
    }
    s = ph_server_flush(l->server);
    ph_sequencer_fill(l->sequencer);
    if (s == PH_EAGAIN) {
        more = true;
        s = PH_OK;
    }
    if (s != PH_OK)
        (void)snprintf(err, err_size, "could not read the spool: %s",
                       s == PH_EIO ? strerror(errno) : ph_status_text(s));
    warn_dropped(l);
    if (s == PH_OK) ph_snapshots_turn(l->snapshots);
    *ret_more = more;
    l->figures.dropped = l->dropped;
    ph_figures_turn(ph_monitor_metrics(l->monitor), &l->figures);
    return s;
}

ph_status ph_loop_run(const ph_loop_parts *parts, char *err, size_t err_size)
{
    loop l = {.sequencer = parts->sequencer,
              .server = parts->server,
              .snapshots = parts->snapshots,
              .monitor = parts->monitor,
              .figures = {parts->market, parts->sequencer, parts->server, parts->snapshots, 0}};
    bool more = true;
    for (;;) {
        bool is_last = ph_stop_requested();
        ph_monitor_idle(l.monitor);
        ph_status s = more || is_last ? PH_OK : wait_for_work(&l);
        ph_monitor_turn(l.monitor);
        if (s != PH_OK) {
            (void)snprintf(err, err_size, "could not wait for commands: %s", zmq_strerror(errno));
            return s;
        }
        s = turn(&l, &more, err, err_size);
        if (s != PH_OK) return s;
        if (!is_last) continue;
        ph_snapshots_end(l.snapshots);
        return PH_OK;
    }
}
