/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/doors/zap.h - who may connect: answers ZeroMQ's authentication requests (RFC 27).

    A connection is let in if and only if its CURVE key is one that the records of the market
    registered, and its participant is not closed and has not too many connections that say nothing.
    Its User-Id is then the number of the key, a point, and a number that no other connection has.
    While the log is still being read a key that is not known yet is told to come again.

    Fails closed: the sockets insist on an answer (ZMQ_ZAP_ENFORCE_DOMAIN), the answering socket is
    bound before any other, and phg_zap_check proves with a key that nobody has that the door is
    shut before anybody else is told where it is.

    Owns      its socket.
    Thread    one, the loop's. */
#ifndef GATEWAY_DOORS_ZAP_H
#define GATEWAY_DOORS_ZAP_H

#include "engine/process/keyfile.h"
#include "gateway/bounds.h"
#include "gateway/doors/connections.h"

enum { PHG_ZAP_PARTS_MAX = 8, PHG_ZAP_USER_SIZE = 32 };

#define PHG_ZAP_DOMAIN "petahour"

/* ---- The decision: no sockets ------------------------------------------------------------- */

typedef struct {
    const void *p;
    size_t size;
} phg_zap_part;

typedef struct {
    char status[4]; /* "200", "300": come again, "400": no, "500": not a request */
    const char *text;
    char user_id[PHG_ZAP_USER_SIZE]; /* number of the key in the catalogue; empty unless 200 */
} phg_zap_answer;

/* Decides about the parts of one request, from the version on. */
phg_zap_answer phg_zap_decide(const phg_zap_part *parts, uint32_t cnt, const phg_catalogue *c,
                              bool is_recovering);

/* Number of the key in a User-Id that was given, with or without that of a connection; 0 for
   anything else, or NULL.  The key may have been revoked since: see phg_catalogue_of_key. */
uint32_t phg_zap_user(const char *user_id);

/* Number of the connection in a User-Id, from 1 in the order in which they were let in; 0: none. */
uint64_t phg_zap_connection(const char *user_id);

/* ---- The sockets -------------------------------------------------------------------------- */

typedef struct phg_zap phg_zap;

/* Binds inproc://zeromq.zap.01.  PH_EBUSY: somebody answers there already; PH_EFULL. */
ph_status phg_zap_open(void *zmq_context, phg_zap **ret);
void *phg_zap_socket(phg_zap *z);
void phg_zap_close(phg_zap *z); /* accepts NULL */

/* Connections are let in there from now on; until then as many as come. */
void phg_zap_count(phg_zap *z, phg_connections *connections);

/* Answers the requests that are there. */
void phg_zap_turn(phg_zap *z, const phg_catalogue *c, bool is_recovering);

/* Makes a socket a CURVE server that asks us about every connection, with the bounds on
   handshakes and message sizes that a public door needs.  Before it is bound.  PH_EIO. */
ph_status phg_zap_guard(void *socket, const ph_keyfile *keys, int message_bytes_max);

/* Binds and reports where (ret_endpoint: 128 bytes).  err receives a sentence; PH_EBUSY, PH_EIO. */
ph_status phg_zap_bind(void *socket, const char *endpoint, char ret_endpoint[128],
                       char err[PHG_ERR_SIZE]);

/* A bound socket, as a peer sees it: a peer of another type than the socket talks to is turned away
   before anybody is asked who it is. */
typedef struct {
    const char *endpoint;
    int peer_type; /* ZMQ_DEALER for a ROUTER, ZMQ_SUB for an XPUB */
} phg_zap_door;

/* Connects with a key that nobody has and requires to be refused.  PH_EDENIED: the door is open;
   PH_EIO: it could not be tried. */
ph_status phg_zap_check(phg_zap *z, void *zmq_context, const phg_zap_door *door,
                        const ph_key *server_key, const phg_catalogue *c);

#endif
