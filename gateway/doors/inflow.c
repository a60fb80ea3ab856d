/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/inflow.h"

#include "engine/base/limits.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "gateway/doors/connection.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    FILES_MAX = 1 << 20,
    FILES_BEYOND = 256, /* looked at above the last that was open: numbers are given from below */
    PAUSE_MS = 20,
    PAUSE_PARTS = 50,            /* of what a look took: at most 2 % of a processor */
    PING_BYTES_PER_SECOND = 128, /* of a connection that says nothing else */
};

/* How far something had come when it was looked at. */
typedef struct {
    uint64_t read, taken, at_ns;
} mark;

/* A connection, by its file. */
typedef struct {
    _Atomic uint64_t taken; /* bytes on the wire, of all that ever were on this file */
    _Atomic bool was_ended; /* from here, and nobody was told */
    uint64_t cookie;        /* 0: none of ours */
    uint8_t door;
    bool is_ended, has_all;
    mark base; /* of what was read before, nothing is held any more */
    mark all;  /* has_all: every message in what was read before was taken */
    mark last; /* when the door was empty for `last_rounds` times */
    uint64_t last_rounds;
    uint64_t over; /* held, without what PINGs may be */
} flow;

typedef struct {
    char endpoint[128];
    uint64_t most, most_of_all;
    _Atomic uint64_t rounds; /* how often it was empty */
    _Atomic uint64_t ended;
} door;

struct phg_inflow {
    pthread_t thread;
    bool has_thread;
    _Atomic bool is_closing;
    door doors[PHG_INFLOW_DOORS];
    flow *flows; /* of file n: flows[n] */
    _Atomic uint64_t looks;
    int file_max, top;
};

static uint64_t load(const _Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static void add(_Atomic uint64_t *v, uint64_t more)
{
    (void)atomic_fetch_add_explicit(v, more, memory_order_relaxed);
}

uint64_t phg_inflow_wire(size_t size)
{
    enum { SEALED = 33, LONG = 255, SHORT_HEAD = 2, LONG_HEAD = 9 };
    return size + SEALED + (size + SEALED > LONG ? LONG_HEAD : SHORT_HEAD);
}

void phg_inflow_taken(phg_inflow *in, int file, uint64_t wire)
{
    if (in && file >= 0 && file < in->file_max) add(&in->flows[file].taken, wire);
}

void phg_inflow_emptied(phg_inflow *in, phg_inflow_door d)
{
    if (in) add(&in->doors[d].rounds, 1);
}

bool phg_inflow_was_ended(phg_inflow *in, int file)
{
    return in && file >= 0 && file < in->file_max &&
           atomic_exchange(&in->flows[file].was_ended, false);
}

uint64_t phg_inflow_ended(const phg_inflow *in, phg_inflow_door d)
{
    return load(&in->doors[d].ended);
}

uint64_t phg_inflow_looks(const phg_inflow *in)
{
    return load(&in->looks);
}

/* ---- The thread ----------------------------------------------------------------------------- */

static void finish(phg_inflow *in, int file, uint64_t held, const char *why)
{
    flow *f = &in->flows[file];
    door *d = &in->doors[f->door];
    char peer[64];
    phg_connection_peer(file, peer);
    f->is_ended = true;
    f->over = 0;
    atomic_store(&f->was_ended, true); /* before anybody can see that it is over */
    if (!phg_connection_end(file, d->endpoint)) {
        atomic_store(&f->was_ended, false);
        return;
    }
    add(&d->ended, 1);
    const ph_log_pair pairs[] = {{"peer", peer, 0}, {"bytes", NULL, held}};
    ph_log_event(PH_LOG_WARNING, "sender_ended", pairs, 2,
                 "ended the %s connection of %s: %" PRIu64 " bytes that it sent could not be taken "
                 "yet, which is %s",
                 f->door == PHG_INFLOW_ORDERS ? "order entry" : "market data", peer, held, why);
}

/* False: the file is not a connection to one of the doors. */
static bool recognize(phg_inflow *in, int file, uint64_t cookie)
{
    flow *f = &in->flows[file];
    if (f->cookie == cookie) return cookie != 0;
    f->cookie = 0;
    for (int i = 0; i < PHG_INFLOW_DOORS && cookie != 0 && f->cookie == 0; i++) {
        if (!phg_connection_is_at(file, in->doors[i].endpoint)) continue;
        const mark now = {0, load(&f->taken), ph_clock_monotonic_ns()};
        f->cookie = cookie;
        f->door = (uint8_t)i;
        f->is_ended = f->has_all = false;
        f->base = f->last = now;
        f->last_rounds = load(&in->doors[i].rounds);
        f->over = 0;
    }
    return f->cookie != 0;
}

/* What ZeroMQ has read of a connection and nobody has taken, but for what PINGs may be.  When the
   door was empty twice since the last mark, the second time began after it: all messages before the
   mark are taken by now.  What is taken after this look ended after the mark, and released all
   before it. */
static uint64_t held_of(flow *f, const door *d, uint64_t read)
{
    const mark now = {read, load(&f->taken), ph_clock_monotonic_ns()};
    const uint64_t rounds = load(&d->rounds);
    if (f->has_all && now.taken > f->all.taken) f->base = f->all;
    if (rounds - f->last_rounds >= 2) {
        f->all = (mark){f->last.read, now.taken, f->last.at_ns};
        f->has_all = true;
        f->last = now;
        f->last_rounds = rounds;
    }
    const uint64_t released = f->base.read + (now.taken - f->base.taken);
    const uint64_t held = read > released ? read - released : 0;
    const uint64_t pings = (now.at_ns - f->base.at_ns) / (PH_NS_PER_S / PING_BYTES_PER_SECOND);
    return f->over = held > pings ? held - pings : 0;
}

/* The one that is ahead most; -1: none. */
static int greatest(const phg_inflow *in, int d)
{
    int found = -1;
    for (int i = 0; i < in->top; i++) {
        const flow *f = &in->flows[i];
        if (f->cookie == 0 || f->door != d || f->over == 0) continue;
        if (found < 0 || f->over > in->flows[found].over) found = i;
    }
    return found;
}

static void look(phg_inflow *in)
{
    uint64_t all[PHG_INFLOW_DOORS] = {0};
    int top = 0;
    for (int i = 0; i < in->file_max && (i < in->top || i < top + FILES_BEYOND); i++) {
        const uint64_t cookie = phg_connection_cookie(i);
        uint64_t read;
        if (cookie != 0) top = i + 1;
        if (!recognize(in, i, cookie)) continue;
        flow *f = &in->flows[i];
        const door *d = &in->doors[f->door];
        if (f->is_ended || !phg_connection_read(i, &read)) continue;
        const uint64_t held = held_of(f, d, read);
        if (held > d->most) finish(in, i, held, "more than one connection may");
        all[f->door] += f->over;
    }
    in->top = top;
    for (int d = 0; d < PHG_INFLOW_DOORS; d++) {
        while (all[d] > in->doors[d].most_of_all) {
            const int file = greatest(in, d);
            if (file < 0) break;
            const uint64_t over = in->flows[file].over;
            all[d] -= over;
            finish(in, file, over, "the most, and all together are ahead too far");
        }
    }
}

static void *run(void *arg)
{
    phg_inflow *in = arg;
    while (!atomic_load(&in->is_closing)) {
        const uint64_t begun = ph_clock_monotonic_ns();
        look(in);
        add(&in->looks, 1);
        const uint64_t now = ph_clock_monotonic_ns();
        uint64_t pause_ns = (now - begun) * PAUSE_PARTS;
        if (pause_ns > PH_NS_PER_S) pause_ns = PH_NS_PER_S;
        do
            (void)poll(NULL, 0, PAUSE_MS);
        while (!atomic_load(&in->is_closing) && ph_clock_monotonic_ns() - now < pause_ns);
    }
    return NULL;
}

/* ---- Life ----------------------------------------------------------------------------------- */

/* Signals are the loop's. */
static bool start(phg_inflow *in)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_BLOCK, &all, &before) != 0) return false;
    in->has_thread = pthread_create(&in->thread, NULL, run, in) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return in->has_thread;
}

ph_status phg_inflow_open(const char *const endpoints[PHG_INFLOW_DOORS], phg_inflow **ret)
{
    static const uint64_t most[PHG_INFLOW_DOORS] = {PHG_INFLOW_ORDER_BYTES_MAX,
                                                    PHG_INFLOW_MARKET_DATA_BYTES_MAX};
    static const uint64_t most_of_all[PHG_INFLOW_DOORS] = {PHG_INFLOW_ORDER_BYTES_ALL,
                                                           PHG_INFLOW_MARKET_DATA_BYTES_ALL};
    struct rlimit files;
    phg_inflow *in = calloc(1, sizeof *in);
    if (!in) return PH_EFULL;
    in->file_max = FILES_MAX;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_MAX)
        in->file_max = (int)files.rlim_cur;
    in->flows = calloc((size_t)in->file_max, sizeof *in->flows);
    for (int i = 0; i < PHG_INFLOW_DOORS; i++) {
        door *d = &in->doors[i];
        (void)snprintf(d->endpoint, sizeof d->endpoint, "%s", endpoints[i]);
        d->most = most[i];
        d->most_of_all = most_of_all[i];
    }
    if (!in->flows || !start(in)) {
        phg_inflow_close(in);
        return PH_EFULL;
    }
    *ret = in;
    return PH_OK;
}

void phg_inflow_close(phg_inflow *in)
{
    if (!in) return;
    atomic_store(&in->is_closing, true);
    if (in->has_thread) (void)pthread_join(in->thread, NULL);
    free(in->flows);
    free(in);
}
