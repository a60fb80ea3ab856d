/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/router.h - messages of clients on the ROUTER socket, in and out.

    Knows parts and routing ids, no sessions.  A connection's participant is the one whose key it
    authenticated; a routing id says where a message came from and where answers go.

    Owns      nothing: the socket is its caller's.
    Thread    one. */
#ifndef GATEWAY_ENTRY_ROUTER_H
#define GATEWAY_ENTRY_ROUTER_H

#include "engine/process/keyfile.h"
#include "gateway/entry/session_table.h"

#include <zmq.h>

/* One message of a client. */
typedef struct {
    phg_routing_id id; /* size 0: none that can be answered */
    uint8_t header[PHG_HEADER_SIZE];
    bool has_form;         /* three parts, a header of two bytes */
    zmq_msg_t payload;     /* whoever received it closes it */
    uint32_t key;          /* number in the catalogue; 0: none */
    uint64_t connection;   /* its number, see zap.h; 0: none */
    ph_participant_id who; /* 0: nobody, or its key was revoked */
    int file;              /* of its connection; -1: unknown */
    uint64_t wire;         /* bytes that it took on the wire */
} phg_arrival;

/* A socket that is bound to an endpoint, and its monitor (accepts.h); ret_endpoint (128 bytes)
   receives where.  err receives a sentence on failure: PH_EBUSY, PH_EIO.  Both are closed by the
   caller in any case. */
ph_status phg_router_open(void *zmq_context, const char *endpoint, const ph_keyfile *keys,
                          void **ret, void **ret_monitor, char ret_endpoint[128],
                          char err[PHG_ERR_SIZE]);

/* Receives one message of any number of parts; its payload is initialized in any case.  False:
   nothing is there. */
bool phg_router_receive(void *socket, const phg_catalogue *c, phg_arrival *ret);

/* Names the receiver of what is sent next.  PH_EAGAIN: its queue is full; PH_ENOTFOUND: it is not
   there any more. */
ph_status phg_router_address(void *socket, const phg_routing_id *id);

/* Sends a payload after phg_router_address; false: the receiver was lost in between. */
bool phg_router_send(void *socket, const uint8_t *bytes, size_t size);

/* Lets the last words travel for a moment after the socket is closed. */
void phg_router_linger(void *socket);

#endif
