/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/entered.h - resting orders that end with the session that entered them.

    An order of a session with cancel-on-disconnect carries the session's tag in the `request` of
    its command, where NEW_ORDER has no use for it.  So the journal itself says which orders these
    are, and every gateway, also one that starts after a crash, reads the same from the records.

      63      56      48        30       14       0
      +-------+-------+---------+--------+--------+
      | 1, g  | key   | start   | use    | seat   |   g: number of the gateway, from 1
      +-------+-------+---------+--------+--------+   key: place of the session's key among its
                                                      participant's
                                                      start, use: which of the gateway's starts,
                                                      and of the seat's sessions
    Also counts the open orders of every participant.

    Owns      its tables; phg_entered_release accepts a zeroed one.
    Lifetime  an entry stays where it is until a phg_entered_take or phg_entered_pass drops it.
    Thread    one.
    Laws      an order is in the table from its ACCEPTED to its end, as the records tell them. */
#ifndef GATEWAY_REPLICA_ENTERED_H
#define GATEWAY_REPLICA_ENTERED_H

#include "engine/base/status.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"
#include "gateway/books/order_table.h"

enum {
    PHG_GATEWAYS_MAX = 127, /* gateways of one engine */
    PHG_SEAT_BITS = 14,
};

/* A tag; 0: none. */
typedef uint64_t phg_tag;

typedef struct {
    uint32_t gateway, key, start, use, seat;
} phg_tag_parts;

phg_tag phg_tag_of(phg_tag_parts p);
phg_tag_parts phg_tag_read(phg_tag tag);

/* True if a command's request is a tag.  Clients may choose such a request for other commands than
   orders; it then means nothing. */
bool phg_tag_is(uint64_t request);

typedef struct {
    ph_order_id order; /* 0: the place is free */
    ph_participant_id participant;
    phg_tag tag;
    uint64_t asked; /* round in which its end, or who takes it over, was sent; 0: not yet */
    bool is_left;   /* the market refused to pass it on: it is cancelled with its session */
} phg_entered_order;

typedef struct {
    phg_order_table orders;
    uint32_t *open; /* orders of participant n: open[n - 1] */
    uint32_t open_max;
} phg_entered;

void phg_entered_release(phg_entered *e);

/* Takes one event of the command.  PH_EFULL: no memory; PH_ECORRUPT: no market writes this. */
ph_status phg_entered_take(phg_entered *e, const ph_command *c, const ph_event *event);

/* Orders that end with another session from now on, or with none. */
typedef struct {
    ph_participant_id participant;
    uint32_t key; /* those of all sessions with this key, as tags have it ... */
    phg_tag from; /* ... or, if not 0, of this one alone */
    phg_tag to;   /* 0: they stay */
} phg_passing;

void phg_entered_pass(phg_entered *e, const phg_passing *p);

/* NULL if it is not there. */
phg_entered_order *phg_entered_find(const phg_entered *e, ph_order_id id);

/* The next entry behind *at, which begins with 0; NULL: that was all. */
phg_entered_order *phg_entered_next(const phg_entered *e, uint32_t *at);

/* Open orders of a participant, tagged or not. */
uint32_t phg_entered_open(const phg_entered *e, ph_participant_id who);

#endif
