/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/doors/accepts.h - which TCP connections of a socket begin and end, by their files.

    Owns      a monitor socket.
    Thread    one. */
#ifndef GATEWAY_DOORS_ACCEPTS_H
#define GATEWAY_DOORS_ACCEPTS_H

#include "gateway/doors/connections.h"

/* Watches a ZeroMQ socket that is not bound yet; *ret is its monitor, for phg_accepts_close.
   PH_EIO. */
ph_status phg_accepts_open(void *zmq_context, void *socket, void **ret);
void phg_accepts_close(void *monitor); /* accepts NULL */

/* The next that was accepted, or closed; false: nothing is told. */
bool phg_accepts_next(void *monitor, int *ret_file, bool *ret_has_begun);

/* Tells of all of them at a door.  c NULL: nobody keeps count.  PH_EFULL. */
ph_status phg_accepts_count(void *monitor, phg_connections *c, phg_inflow_door door,
                            uint64_t now_ns);

#endif
