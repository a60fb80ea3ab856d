/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/session_table.h - the sessions, found by the routing ids of their connections.

    A routing id says where a frame came from and where answers go; it never says who sent it.

    Owns      its seats; phg_session_table_release accepts a zeroed one.
    Lifetime  a seat is valid until it is left.
    Full      phg_session_table_sit returns NULL. */
#ifndef GATEWAY_ENTRY_SESSION_TABLE_H
#define GATEWAY_ENTRY_SESSION_TABLE_H

#include "gateway/entry/session.h"

typedef struct {
    uint32_t size; /* 0: the seat is free */
    uint8_t bytes[PHG_ROUTING_ID_MAX];
} phg_routing_id;

typedef struct {
    phg_routing_id id;
    uint32_t next; /* seat + 1 in the same chain, or in the list of free seats; 0: none */
    uint32_t key;  /* number in the catalogue, of the connection */
    int file;      /* of the connection; -1: unknown */
    uint64_t connection;
    phg_session session;
} phg_seat;

typedef struct {
    phg_seat *seats;
    ph_participant_id *whose; /* of seat i; 0: the seat is free */
    phg_busy *busy;           /* PHG_BUSY_MAX of each seat; pages that nobody used take no memory */
    uint32_t *chains;         /* seat + 1; chain_cnt is a power of two */
    uint32_t max, used, chain_cnt;
    uint32_t free;   /* seat + 1 */
    uint32_t seated; /* sessions at present */
} phg_session_table;

/* PH_EFULL: no memory. */
ph_status phg_session_table_init(phg_session_table *t, uint32_t max);
void phg_session_table_release(phg_session_table *t);

/* NULL if nobody sits there. */
phg_seat *phg_session_table_find(const phg_session_table *t, const phg_routing_id *id);

/* A seat for a routing id that has none, with a session that is zeroed but for its participant and
   its places for busy answers; NULL if all are taken. */
phg_seat *phg_session_table_sit(phg_session_table *t, const phg_routing_id *id,
                                ph_participant_id who);

void phg_session_table_leave(phg_session_table *t, phg_seat *seat);

/* Sessions of one participant. */
uint32_t phg_session_table_count(const phg_session_table *t, ph_participant_id who);

#endif
