/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/takeovers.h - sessions that took over from the others of their key, as the
    records tell.

    A session that takes over is told to every gateway by a TAKE_OVER command in the journal: each
    one ends its own sessions of that key, and each one passes on their orders, those of a gateway
    that is dead or hangs too, because a tag says which key its session had
    (gateway/replica/entered.h).

    Owns      its list; phg_takeovers_release accepts a zeroed one.
    Thread    one. */
#ifndef GATEWAY_REPLICA_TAKEOVERS_H
#define GATEWAY_REPLICA_TAKEOVERS_H

#include "gateway/books/catalogue.h"
#include "gateway/replica/entered.h"

typedef struct {
    ph_participant_id participant;
    uint32_t key; /* number in the catalogue */
    phg_tag by;   /* the session that took over */
    ph_take_over asked;
} phg_takeover;

/* What nobody has looked at yet, in order; whoever ended the sessions sets cnt to 0. */
typedef struct {
    phg_takeover *v;
    uint32_t cnt, max;
} phg_takeovers;

void phg_takeovers_release(phg_takeovers *t);

/* Takes one event of the command and passes orders on.  PH_EFULL: no memory; PH_ECORRUPT: no market
   writes this. */
ph_status phg_takeovers_take(phg_takeovers *t, const phg_catalogue *c, phg_entered *e,
                             const ph_command *command, const ph_event *event);

#endif
