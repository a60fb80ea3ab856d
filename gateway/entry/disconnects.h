/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/disconnects.h - cancels what lost sessions left behind, when they asked for it.

    A session is over when it is logged out, refused, silent, or its connection is gone,
    and when its gateway ends, however it ends.  Of an order with the tag of a session that is over
    a CANCEL_ORDER is sent, by its owner, with the tag as its request: it stands in the journal like
    any other command.  An order ends once, so a cancellation that was sent twice (the engine was
    lost in between) is refused by the market and changes nothing.

    Takeover  Orders of a session that was taken over end with the one that took over, or stay
              (gateway/replica/takeovers.h).

    Numbers   Every gateway of an engine holds a number, by a lock on a file beside the engine's
              socket that ends with the process.  Whoever gets the lock of another number knows
              that the gateway which had it is dead, and cancels in its place: a gateway that lives
              does so for one that was killed, within a second, and the first one that is started
              does if none lives.

    Owns      its lock files; borrows the table of orders.
    Thread    one.  Time is an argument. */
#ifndef GATEWAY_ENTRY_DISCONNECTS_H
#define GATEWAY_ENTRY_DISCONNECTS_H

#include "gateway/bounds.h"
#include "gateway/replica/takeovers.h"

typedef struct phg_disconnects phg_disconnects;

/* Takes the first number that is free.  err receives a sentence on failure: PH_EIO, PH_EBUSY (all
   are in use), PH_EFULL. */
ph_status phg_disconnects_open(const char *engine_link, phg_entered *entered, phg_disconnects **ret,
                               char err[PHG_ERR_SIZE]);
void phg_disconnects_close(phg_disconnects *d); /* accepts NULL */

/* A new tag for a session in this seat (below 2^PHG_SEAT_BITS) with this key (its place among the
   participant's). */
phg_tag phg_disconnects_tag(phg_disconnects *d, uint32_t seat, uint32_t key);

/* A session of ours was taken over.  Its orders were passed on; those that were under way then are
   passed on when they come. */
void phg_disconnects_taken_over(phg_disconnects *d, phg_tag tag, const phg_takeover *by);

/* Commands that were under way may be lost: what was asked for is asked for again. */
void phg_disconnects_lost(phg_disconnects *d);

/* A session has ended: look at once. */
void phg_disconnects_look(phg_disconnects *d);

typedef struct {
    bool (*is_open)(const void *sessions, phg_tag tag); /* of a tag that this gateway gave */
    const void *sessions;
    ph_status (*send)(void *arg, const ph_command *c); /* PH_EAGAIN: not taken */
    void *arg;
} phg_disconnects_routes;

/* Sends what is due.  *ret_is_waiting: there is more.  Only while the engine's records are all
   read. */
ph_status phg_disconnects_turn(phg_disconnects *d, uint64_t now_ns,
                               const phg_disconnects_routes *routes, bool *ret_is_waiting);

#endif
