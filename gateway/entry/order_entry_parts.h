/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/order_entry_parts.h - what the files of order entry share: order_entry.c takes and
    gives frames, whole.c says which are not taken, logon.c begins sessions and ends those that are
    taken over, limits.c tells how close a session is to its limits. */
#ifndef GATEWAY_ENTRY_ORDER_ENTRY_PARTS_H
#define GATEWAY_ENTRY_ORDER_ENTRY_PARTS_H

#include "gateway/entry/order_entry.h"
#include "gateway/entry/rates.h"
#include "gateway/entry/router.h"

struct phg_order_entry {
    void *socket, *monitor;
    uint64_t newest; /* connection of which something was taken */
    char endpoint[128];
    phg_order_entry_settings settings;
    phg_session_view view;
    phg_order_entry_counts counts;
    phg_session_table table;
    phg_rates rates;
    phg_disconnects *disconnects;      /* borrowed, as routes bring it */
    uint32_t under_way, under_way_max; /* likewise */
    uint32_t taken;                    /* messages of this turn */
    phg_connections *connections;      /* likewise; NULL: nobody keeps count */
    const phg_questions *questions;    /* likewise */
    uint64_t turned_ns;                /* when the last turn began; 0: none has */
    phg_in_frame in;
    phg_out_frame out;
};

/* A frame that is taken. */
typedef struct {
    phg_order_entry *oe;
    phg_seat *seat; /* NULL: no session */
    const phg_arrival *from;
    uint64_t now_ns;
    bool is_recovering;
    const phg_order_entry_routes *routes;
} phg_taking;

/* Refuses with or without a session; a stranger whose queue is full is not told. */
void phg_order_entry_refuse(phg_taking *t, phg_refusal reason, const char *text);

/* True if the command may go to the engine now. */
bool phg_order_entry_may_go(phg_taking *t, const ph_command *c);

/* Sends what a session is owed; its seat is left when it has said its last word. */
ph_status phg_order_entry_give_session(phg_order_entry *oe, phg_seat *seat, uint64_t now_ns,
                                       bool *ret_is_waiting);
void phg_order_entry_leave(phg_order_entry *oe, phg_seat *seat);

/* limits.c */
phg_limits phg_order_entry_limits(phg_order_entry *oe, phg_seat *seat, uint64_t now_ns);

/* whole.c: looks for what would end the session before anything of a frame is taken.  False: the
   frame was refused. */
bool phg_order_entry_is_whole(phg_taking *t, const phg_in_frame *frame);

/* logon.c: true if a participant may read the streams of another one (0: its own). */
bool phg_order_entry_may_read(const phg_order_entry *oe, const phg_participant *who,
                              ph_participant_id whose);

#define PHG_READS_NOT "only an auditor that is not suspended may read the streams of another one"

/* logon.c: opens a session, or says why not. */
ph_status phg_order_entry_logon(phg_taking *t, const phg_logon *asked);

/* logon.c: ends the sessions that were taken over. */
void phg_order_entry_end_taken_over(phg_order_entry *oe, phg_takeovers *takeovers);

#endif
