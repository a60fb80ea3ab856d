/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/market_data/audience.h - the connections to market data: which there are, who falls
    behind, who is dropped and why.

    A subscriber falls behind when its queue is full, so that it loses frames.  One whose
    connection then always has bytes to send until SLOW_MS are over is dropped: its connection is
    ended, which also frees its queue and what ZeroMQ kept of its topics.  Who has given itself a
    name is told why when it is back and names itself again; so is who was ended for what it sent
    (inflow.h).

    Owns      its own socket; borrows the market data socket and the inflow.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_EIO. */
#ifndef GATEWAY_MARKET_DATA_AUDIENCE_H
#define GATEWAY_MARKET_DATA_AUDIENCE_H

#include "gateway/doors/connections.h"
#include "gateway/doors/inflow.h"
#include "gateway/market_data/subscribers.h"

typedef struct phg_audience phg_audience;

/* Why a connection is ended. */
typedef enum { PHG_DROP_SLOW, PHG_DROP_TOPICS, PHG_DROP_AHEAD, PHG_DROP_REASONS } phg_drop_reason;

/* Called with each topic that a connection had named, when it ends. */
typedef void (*phg_audience_leave)(void *arg, const phg_named *named);

/* Before the socket is bound. */
ph_status phg_audience_open(void *zmq_context, void *socket, phg_audience_leave leave, void *arg,
                            phg_audience **ret);
void phg_audience_close(phg_audience *a); /* accepts NULL */

/* Tells of every connection there from now on.  Before the first. */
void phg_audience_count(phg_audience *a, phg_connections *connections);

/* Asks it which connections it has ended.  NULL: none. */
void phg_audience_inflow(phg_audience *a, phg_inflow *inflow);

phg_subscribers *phg_audience_subscribers(phg_audience *a);

/* Have named a topic of which somebody has lost a frame, and were not seen without bytes to send
   since: ZeroMQ does not tell who of them it was. */
uint32_t phg_audience_slow(const phg_audience *a);

uint64_t phg_audience_dropped(const phg_audience *a, phg_drop_reason why); /* since it was opened */

/* Takes what connections have begun and ended; before messages are taken. */
ph_status phg_audience_take(phg_audience *a);

/* Who sent a message (zmq_msg_t); *ret NULL: its connection has ended, or is about to. */
ph_status phg_audience_sender(phg_audience *a, const phg_catalogue *c, void *message,
                              phg_subscriber **ret);

/* Somebody who has named this topic, or its first letter, has lost a frame. */
void phg_audience_lost(phg_audience *a, const char *topic, size_t size, uint64_t now_ns);

/* Looks at who has lost a frame; drops who has not caught up.  endpoint: where the socket is bound.
   Does nothing more often than every LOOK_MS. */
ph_status phg_audience_look(phg_audience *a, const char *endpoint, uint64_t now_ns);

/* Ends a connection. */
void phg_audience_drop(phg_audience *a, phg_subscriber *who, const char *endpoint,
                       phg_drop_reason why);

/* Why a connection of this name and key was dropped last; told once, then NULL. */
const char *phg_audience_why(phg_audience *a, const phg_subscriber *who);

#endif
