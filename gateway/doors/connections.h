/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/doors/connections.h - the connections of both doors: whose they are, and which have no
    reason to be there.

    Each is an open file, of which the gateway has as many as everybody together may use.  So there
    are bounds for each participant, over all its keys:

      let in, and has said nothing yet    PHG_CONNECTIONS_MUTE_MAX, both doors together; more are
                                          told to come again (ZAP 300)
      has said something                  PHG_CONNECTIONS_MAX at each door; what is beyond is ended

    and none stays that does nothing: at order entry without a session, or at market data without a
    word, it is ended after PHG_CONNECTION_IDLE_NS.  So is one whose key was revoked or whose
    participant was closed, or that sent more than PHG_STRIKES_BURST frames that were refused or had
    no answer, after PHG_CONNECTION_BARRED_NS, in which a session is told why.

    ZeroMQ names the file of a connection when it is accepted and with each of its messages, and
    its key when it is let in: a connection that has said nothing has a file, or a participant, but
    nobody knows which belong together.  Who was let in longer ago than IDLE and has said nothing
    is gone.  Time in which the gateway itself stood still counts for nobody.

    Owns      its tables; borrows the catalogue.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef GATEWAY_DOORS_CONNECTIONS_H
#define GATEWAY_DOORS_CONNECTIONS_H

#include "gateway/books/catalogue.h"
#include "gateway/doors/inflow.h"

enum {
    PHG_CONNECTIONS_MAX = 64,
    PHG_CONNECTIONS_MUTE_MAX = 128,
    PHG_STRIKES_PER_SECOND = 10, /* of one connection */
    PHG_STRIKES_BURST = 256,
    PHG_CONNECTIONS_MUTE_ALL = 1 << 14, /* of all participants; a power of two */
};

#define PHG_CONNECTION_IDLE_NS   (10 * PH_NS_PER_S)
#define PHG_CONNECTION_BARRED_NS PH_NS_PER_S

/* Why a connection is ended. */
typedef enum {
    PHG_END_IDLE,
    PHG_END_MANY,
    PHG_END_BARRED, /* its key was revoked, or its participant closed */
    PHG_END_FLOOD,  /* too many of its frames were refused, or had no answer */
    PHG_END_REASONS,
} phg_end_reason;

typedef struct phg_connections phg_connections;

ph_status phg_connections_open(const phg_catalogue *catalogue, phg_connections **ret);
void phg_connections_close(phg_connections *c); /* accepts NULL */

/* Where a door is bound, "tcp://ADDRESS:PORT". */
void phg_connections_bound(phg_connections *c, phg_inflow_door door, const char *endpoint);

/* Lets a connection in with this key (its number in the catalogue): its own number, from 1 in the
   order in which they are let in; 0: not now. */
uint64_t phg_connections_let_in(phg_connections *c, uint32_t key, uint64_t now_ns);

/* A file was accepted at a door, or closed.  Both accept NULL. */
ph_status phg_connections_begun(phg_connections *c, phg_inflow_door door, int file,
                                uint64_t now_ns);
void phg_connections_ended(phg_connections *c, phg_inflow_door door, int file);

/* The connection with this number has said something, from this file.  Accepts NULL. */
void phg_connections_said(phg_connections *c, phg_inflow_door door, int file, uint64_t number,
                          uint32_t key);

/* What it sent was refused, or was too much and has no answer.  Accepts NULL. */
void phg_connections_strike(phg_connections *c, phg_inflow_door door, int file, uint64_t number,
                            uint64_t now_ns);

/* True if that was too often: nothing more is taken from it, and it will end.  Accepts NULL. */
bool phg_connections_is_over(const phg_connections *c, phg_inflow_door door, int file,
                             uint64_t number);

/* How many more it may send so. */
uint32_t phg_connections_strikes_left(phg_connections *c, phg_inflow_door door, int file,
                                      uint64_t number, uint64_t now_ns);

/* It has a session at order entry now.  Before each look, as is all that the doors tell. */
void phg_connections_used(phg_connections *c, int file, uint64_t number, uint64_t now_ns);

/* True if it is time to look. */
bool phg_connections_due(const phg_connections *c, uint64_t now_ns);

/* Ends those that have no reason to be there. */
void phg_connections_look(phg_connections *c, uint64_t now_ns);

/* That were ended, since the start. */
uint64_t phg_connections_were_ended(const phg_connections *c, phg_end_reason why);

/* Of one participant at a door that have said something. */
uint32_t phg_connections_of(const phg_connections *c, phg_inflow_door door, ph_participant_id who);

/* Of one participant, at both doors, that were let in and have said nothing. */
uint32_t phg_connections_mute(phg_connections *c, ph_participant_id who, uint64_t now_ns);

#endif
