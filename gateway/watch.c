/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/watch.h"

#include "engine/base/panic.h"

#include <errno.h>
#include <poll.h>
#include <zmq.h>

ph_status phg_watch_put(phg_watch *w, uint32_t i, void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    PH_ASSERT(i < PHG_WATCH_MAX);
    if (socket && zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0) return PH_EIO;
    w->v[i] = (phg_watched){.socket = socket, .fd = fd, .was_used = true, .has = socket != NULL};
    return PH_OK;
}

void phg_watch_used(phg_watch *w, uint32_t i)
{
    PH_ASSERT(i < PHG_WATCH_MAX);
    w->v[i].was_used = true;
}

bool phg_watch_has(const phg_watch *w, uint32_t i)
{
    PH_ASSERT(i < PHG_WATCH_MAX);
    return w->v[i].has;
}

/* To ask also takes away what the descriptor shows. */
static bool ask(phg_watched *s)
{
    int events = 0;
    size_t size = sizeof events;
    s->was_used = false;
    return zmq_getsockopt(s->socket, ZMQ_EVENTS, &events, &size) != 0 || (events & ZMQ_POLLIN) != 0;
}

ph_status phg_watch_wait(phg_watch *w, int timeout_ms)
{
    struct pollfd fds[PHG_WATCH_MAX];
    bool is_there = false;
    for (uint32_t i = 0; i < PHG_WATCH_MAX; i++) {
        phg_watched *s = &w->v[i];
        s->has = s->socket && s->was_used && ask(s);
        is_there = is_there || s->has;
        fds[i] = (struct pollfd){.fd = s->socket ? s->fd : -1, .events = POLLIN};
    }
    int cnt = poll(fds, PHG_WATCH_MAX, is_there ? 0 : timeout_ms);
    if (cnt < 0 && errno != EINTR) return PH_EIO;
    for (uint32_t i = 0; i < PHG_WATCH_MAX; i++)
        if (w->v[i].socket && (cnt < 0 || fds[i].revents != 0)) w->v[i].has = true;
    return PH_OK;
}
