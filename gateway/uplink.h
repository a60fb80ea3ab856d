/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/uplink.h - the connections to the engine and to the notary.

    Owns      both followers; borrows the replica that they fill.
    Thread    one.
    Failure   an engine or a notary that is away is waited for.  A status that is returned means
              that the replica is not whole any more: stop. */
#ifndef GATEWAY_UPLINK_H
#define GATEWAY_UPLINK_H

#include "gateway/bounds.h"
#include "gateway/replica/replica.h"

typedef struct phg_uplink phg_uplink;

/* err receives a sentence on failure. */
ph_status phg_uplink_open(void *zmq_context, const char *engine_link, const char *notary_link,
                          phg_replica *replica, phg_uplink **ret, char err[PHG_ERR_SIZE]);
void phg_uplink_close(phg_uplink *u); /* accepts NULL */

void *phg_uplink_engine_socket(phg_uplink *u);
void *phg_uplink_notary_socket(phg_uplink *u);

/* Which connections to look at. */
typedef struct {
    bool engine, notary;
} phg_uplink_which;

/* Takes records and contracts that are there.  *ret_was_lost: the engine was lost and found again,
   so commands that were under way may never be answered.  Each connection must be looked at every
   half second at least, whether it has something or not. */
ph_status phg_uplink_turn(phg_uplink *u, uint64_t now_ns, phg_uplink_which which,
                          bool *ret_was_lost, char err[PHG_ERR_SIZE]);

/* True until every record that the engine had at its last word has been taken. */
bool phg_uplink_is_recovering(const phg_uplink *u);

/* Where the two streams stand. */
typedef struct {
    bool has_engine, has_notary; /* heard of lately */
    uint64_t taken,
        engine_records; /* the last record that was taken, and that the engine told of */
} phg_uplink_state;

phg_uplink_state phg_uplink_look(const phg_uplink *u);

/* Commands that were sent and not answered yet. */
uint32_t phg_uplink_in_flight(const phg_uplink *u);

/* How many may be under way. */
uint32_t phg_uplink_in_flight_max(const phg_uplink *u);

/* Hands on a command for the engine; `uplink` is a phg_uplink (the form that order entry calls).
   PH_EAGAIN: not taken. */
ph_status phg_uplink_send(void *uplink, const ph_command *c);

/* Sends what was handed on; without it, the next turn does. */
void phg_uplink_flush(phg_uplink *u);

#endif
