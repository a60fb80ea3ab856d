/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/watch.h - waits until one of several ZeroMQ sockets has a message.

    zmq_poll asks every socket before it sleeps and after, at two calls of the system each: with six
    sockets that is more than what the message costs that came.  A socket's descriptor becomes
    readable when something arrives, and stays so until the socket is used; only a socket that was
    used may have messages that its descriptor no longer shows.  So those that were used are asked,
    and of the others the descriptors are watched.

    Owns      nothing: the sockets outlive it.
    Thread    that of the sockets. */
#ifndef GATEWAY_WATCH_H
#define GATEWAY_WATCH_H

#include "engine/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { PHG_WATCH_MAX = 8 };

typedef struct {
    void *socket; /* NULL: never has anything */
    int fd;
    bool was_used; /* since it was last asked */
    bool has;      /* a message may be there */
} phg_watched;

/* All zero has no sockets. */
typedef struct {
    phg_watched v[PHG_WATCH_MAX];
} phg_watch;

/* Watches a socket as number i, as one that may have something; NULL: nothing any more.  PH_EIO:
   ZeroMQ refuses, see zmq_errno. */
ph_status phg_watch_put(phg_watch *w, uint32_t i, void *socket);

/* Something was sent or received on socket i.  Must be said of every use before the next wait. */
void phg_watch_used(phg_watch *w, uint32_t i);

/* Sleeps until some socket has something, timeout_ms at most; a signal ends it early, and then any
   may have.  PH_EIO: it could not wait, see errno. */
ph_status phg_watch_wait(phg_watch *w, int timeout_ms);

/* True if socket i had something when the last wait ended, or may have had. */
bool phg_watch_has(const phg_watch *w, uint32_t i);

#endif
