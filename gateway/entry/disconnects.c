/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/disconnects.h"

#include "engine/base/limits.h"
#include "engine/process/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define LOOK_NS PH_NS_PER_S /* orders of sessions that ended while they were under way */

enum {
    IPC_SIZE = 6,
    TAKEN_OVER_KEPT = 256, /* an order is under way for a moment */
};

struct phg_disconnects {
    phg_entered *entered;
    char path[320];                  /* of the engine's socket */
    int locks[PHG_GATEWAYS_MAX + 1]; /* by number; -1: not ours */
    uint32_t gateway, start, uses;
    uint64_t round, looked_ns;
    bool must_look;
    struct {
        phg_tag tag;
        phg_takeover by;
    } taken_over[TAKEN_OVER_KEPT]; /* number n: at n modulo the size */
    uint32_t taken_over_cnt;
};

/* True if the number is ours now. */
static bool hold(phg_disconnects *d, uint32_t gateway)
{
    char path[352];
    if (d->locks[gateway] >= 0) return true;
    (void)snprintf(path, sizeof path, "%s.gateway-%u", d->path, (unsigned)gateway);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int cause = errno;
        (void)close(fd); /* nothing was written */
        errno = cause;
        return false;
    }
    d->locks[gateway] = fd;
    return true;
}

static void release(phg_disconnects *d, uint32_t gateway)
{
    if (d->locks[gateway] >= 0) (void)close(d->locks[gateway]);
    d->locks[gateway] = -1;
}

static ph_status take_number(phg_disconnects *d, char err[PHG_ERR_SIZE])
{
    for (uint32_t i = 1; i <= PHG_GATEWAYS_MAX; i++) {
        if (hold(d, i)) {
            d->gateway = i;
            return PH_OK;
        }
        if (errno == EWOULDBLOCK) continue;
        (void)snprintf(
            err, PHG_ERR_SIZE,
            "could not lock \"%s.gateway-%u\": %s; the gateway has to write to the folder "
            "of the engine's socket",
            d->path, (unsigned)i, strerror(errno));
        return PH_EIO;
    }
    (void)snprintf(err, PHG_ERR_SIZE, "%d gateways serve the engine at \"%s\"; stop one of them",
                   PHG_GATEWAYS_MAX, d->path);
    return PH_EBUSY;
}

ph_status phg_disconnects_open(const char *engine_link, phg_entered *entered, phg_disconnects **ret,
                               char err[PHG_ERR_SIZE])
{
    phg_disconnects *d = calloc(1, sizeof *d);
    if (!d) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not take a number among gateways: no memory");
        return PH_EFULL;
    }
    for (uint32_t i = 0; i <= PHG_GATEWAYS_MAX; i++)
        d->locks[i] = -1;
    d->entered = entered;
    d->round = 1;
    (void)snprintf(d->path, sizeof d->path, "%s",
                   strncmp(engine_link, "ipc://", IPC_SIZE) == 0 ? engine_link + IPC_SIZE
                                                                 : engine_link);
    ph_status s = PH_OK;
    if (getrandom(&d->start, sizeof d->start, 0) != (ssize_t)sizeof d->start) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not draw a random number: %s", strerror(errno));
        s = PH_EIO;
    }
    if (s == PH_OK) s = take_number(d, err);
    if (s != PH_OK) {
        phg_disconnects_close(d);
        return s;
    }
    d->start = phg_tag_read(phg_tag_of((phg_tag_parts){.gateway = 1, .start = d->start})).start;
    *ret = d;
    return PH_OK;
}

/* The files stay: one that is removed while another process opens it would be locked twice. */
void phg_disconnects_close(phg_disconnects *d)
{
    if (!d) return;
    for (uint32_t i = 0; i <= PHG_GATEWAYS_MAX; i++)
        release(d, i);
    free(d);
}

phg_tag phg_disconnects_tag(phg_disconnects *d, uint32_t seat, uint32_t key)
{
    return phg_tag_of((phg_tag_parts){
        .gateway = d->gateway, .key = key, .start = d->start, .use = ++d->uses, .seat = seat});
}

void phg_disconnects_taken_over(phg_disconnects *d, phg_tag tag, const phg_takeover *by)
{
    uint32_t i = d->taken_over_cnt++ % TAKEN_OVER_KEPT;
    d->taken_over[i].tag = tag;
    d->taken_over[i].by = *by;
}

/* What is sent for an order whose session is over. */
static ph_command end_of(const phg_disconnects *d, const phg_entered_order *o)
{
    ph_command c = {.kind = PH_CMD_CANCEL_ORDER, .sender = o->participant, .request = o->tag};
    c.u.cancel.order = o->order;
    for (uint32_t i = 0; i < TAKEN_OVER_KEPT; i++) {
        if (d->taken_over[i].tag != o->tag || o->is_left) continue;
        c.kind = PH_CMD_TAKE_OVER;
        c.request = d->taken_over[i].by.by;
        c.u.take_over = d->taken_over[i].by.asked;
        c.u.take_over.from = o->tag;
    }
    return c;
}

void phg_disconnects_lost(phg_disconnects *d)
{
    d->round++;
    d->must_look = true;
}

void phg_disconnects_look(phg_disconnects *d)
{
    d->must_look = true;
}

static bool is_over(phg_disconnects *d, phg_tag tag, const phg_disconnects_routes *routes)
{
    phg_tag_parts p = phg_tag_read(tag);
    if (p.gateway == d->gateway && p.start == d->start)
        return !routes->is_open(routes->sessions, tag);
    return d->locks[p.gateway] >= 0;
}

/* Takes the numbers of dead gateways that have orders here, gives back those that have none. */
static void hold_dead(phg_disconnects *d)
{
    bool has_orders[PHG_GATEWAYS_MAX + 1] = {false};
    const phg_entered_order *o;
    for (uint32_t at = 0; (o = phg_entered_next(d->entered, &at)) != NULL;)
        has_orders[phg_tag_read(o->tag).gateway] = true;
    for (uint32_t i = 1; i <= PHG_GATEWAYS_MAX; i++) {
        if (i == d->gateway) continue;
        if (has_orders[i] && d->locks[i] < 0 && hold(d, i))
            ph_log_info("gateway %u of this engine is gone: cancelling what its sessions with "
                        "cancel-on-disconnect left",
                        (unsigned)i);
        else if (!has_orders[i])
            release(d, i);
    }
}

ph_status phg_disconnects_turn(phg_disconnects *d, uint64_t now_ns,
                               const phg_disconnects_routes *routes, bool *ret_is_waiting)
{
    *ret_is_waiting = false;
    if (!d->must_look && now_ns - d->looked_ns < LOOK_NS) return PH_OK;
    d->must_look = false;
    d->looked_ns = now_ns;
    hold_dead(d);
    phg_entered_order *o;
    for (uint32_t at = 0; (o = phg_entered_next(d->entered, &at)) != NULL;) {
        if (o->asked == d->round || !is_over(d, o->tag, routes)) continue;
        const ph_command c = end_of(d, o);
        ph_status s = routes->send(routes->arg, &c);
        if (s == PH_EAGAIN) {
            d->must_look = *ret_is_waiting = true;
            return PH_OK;
        }
        if (s != PH_OK) return s;
        o->asked = d->round;
    }
    return PH_OK;
}
