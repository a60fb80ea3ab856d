/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/order_entry.h - the ROUTER socket: frames in, commands out, and what sessions are
    owed.

    A client's message has a header {version, kind} and a payload; the participant is the one whose
    key the connection authenticated.  A frame is taken whole or not at all.  What the engine, the
    rate of the participant or a held back order does not let through is answered Busy, and nothing
    has changed.

    Owns      its socket and sessions; borrows the view.
    Thread    one.
    Failure   what a client does ends at most its session; a status that is returned is about this
              machine, and the process should stop. */
#ifndef GATEWAY_ENTRY_ORDER_ENTRY_H
#define GATEWAY_ENTRY_ORDER_ENTRY_H

#include "engine/process/keyfile.h"
#include "gateway/bounds.h"
#include "gateway/doors/connections.h"
#include "gateway/doors/inflow.h"
#include "gateway/entry/disconnects.h"
#include "gateway/entry/questions.h"
#include "gateway/entry/session_table.h"

typedef struct phg_order_entry phg_order_entry;

typedef struct {
    const char *endpoint;
    uint32_t silence_seconds, sessions_max;
    uint32_t messages_per_second, message_burst;                 /* of one participant */
    uint32_t session_messages_per_second, session_message_burst; /* of one session */
    uint32_t questions_per_second, question_burst;               /* of one participant */
    uint32_t open_orders_max;                                    /* of one participant */
} phg_order_entry_settings;

/* Counted since the start. */
typedef struct {
    uint64_t frames, commands, questions, busy, malformed, refused;
    uint64_t limited;  /* of busy: over the rate of the participant */
    uint64_t sessions; /* at present */
} phg_order_entry_counts;

/* Hands a command to the engine.  PH_EAGAIN: not taken. */
typedef ph_status (*phg_order_entry_send)(void *arg, const ph_command *c);

/* Where a session's messages go. */
typedef struct {
    phg_order_entry_send send;
    void *arg;
    phg_questions *questions;
    phg_disconnects *disconnects;
    phg_takeovers *takeovers;          /* those that came since the last time; emptied */
    uint32_t under_way, under_way_max; /* commands of all, to the engine */
    bool has_frames;                   /* false: none is looked for */
    phg_inflow *inflow;                /* NULL: nobody keeps count */
    phg_connections *connections;      /* likewise */
} phg_order_entry_routes;

/* Binds the socket.  err receives a sentence on failure: PH_EBUSY, PH_EIO, PH_EFULL. */
ph_status phg_order_entry_open(void *zmq_context, const phg_order_entry_settings *settings,
                               const ph_keyfile *keys, const phg_session_view *view,
                               phg_order_entry **ret, char err[PHG_ERR_SIZE]);
void phg_order_entry_close(phg_order_entry *oe); /* accepts NULL */

void *phg_order_entry_socket(phg_order_entry *oe);
const char *phg_order_entry_endpoint(const phg_order_entry *oe);
phg_order_entry_counts phg_order_entry_counted(const phg_order_entry *oe);

/* Ends the sessions that were taken over, then takes the frames that are there, at most 64. */
ph_status phg_order_entry_take(phg_order_entry *oe, uint64_t now_ns, bool is_recovering,
                               const phg_order_entry_routes *routes);

/* Says which connections there are, and which have a session: before each look.  PH_EFULL. */
ph_status phg_order_entry_connections(phg_order_entry *oe, phg_connections *connections,
                                      uint64_t now_ns);

/* Hands the answers that are there to their sessions; a session that is not reading, or whose
   question was given up, is owed Busy. */
void phg_order_entry_answer(phg_order_entry *oe, uint64_t now_ns, phg_questions *questions);

/* Sends what sessions are owed, as far as their sockets take it.  *ret_is_waiting: some session is
   owed more. */
ph_status phg_order_entry_give(phg_order_entry *oe, uint64_t now_ns, bool *ret_is_waiting);

/* Ends every session with a reason. */
void phg_order_entry_refuse_all(phg_order_entry *oe, phg_refusal reason, const char *text);

/* True if the session with this tag is open; sessions is a phg_order_entry (the form that
   phg_disconnects calls). */
bool phg_order_entry_is_open(const void *sessions, phg_tag tag);

/* Lets the last words travel for a moment after the socket is closed. */
void phg_order_entry_linger(phg_order_entry *oe);

#endif
