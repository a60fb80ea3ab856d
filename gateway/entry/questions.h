/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/questions.h - questions of sessions on their way to the replica, and answers back.

    A question that cannot go now (the replica is away or behind, too many are under way) is not
    taken: its session answers Busy.  One that is not answered within PHG_QUESTION_NS is given up.

    Owns      its socket and the questions under way; phg_questions_close accepts NULL.
    Lifetime  what an answer callback is given is valid during the callback.
    Thread    one. */
#ifndef GATEWAY_ENTRY_QUESTIONS_H
#define GATEWAY_ENTRY_QUESTIONS_H

#include "engine/wire/query.h"
#include "gateway/bounds.h"
#include "gateway/entry/session_table.h"

#define PHG_QUESTION_NS UINT64_C(5000000000)

enum {
    PHG_QUESTIONS_MAX = 1024,          /* under way */
    PHG_QUESTIONS_PER_PARTICIPANT = 8, /* under way */
};

typedef struct phg_questions phg_questions;

/* Who asked what. */
typedef struct {
    phg_routing_id id;
    ph_participant_id who;
    uint64_t request;
} phg_asker;

/* answer NULL: it was given up. */
typedef void (*phg_questions_answered)(void *arg, const phg_asker *asker, const ph_answer *answer);

/* Connects to the replica; link "": there is none, and no question is ever taken.  err receives a
   sentence: PH_EIO, PH_EFULL. */
ph_status phg_questions_open(void *zmq_context, const char *link, phg_questions **ret,
                             char err[PHG_ERR_SIZE]);
void phg_questions_close(phg_questions *q);

/* For zmq_poll; NULL: there is no replica. */
void *phg_questions_socket(phg_questions *q);

/* Of one participant that wait for their answers. */
uint32_t phg_questions_under_way(const phg_questions *q, ph_participant_id who);

/* PH_EAGAIN: not taken. */
ph_status phg_questions_ask(phg_questions *q, const phg_asker *asker, const ph_query *query,
                            uint64_t now_ns);

/* Hands on the answers that are there, and those that are given up. */
void phg_questions_turn(phg_questions *q, uint64_t now_ns, phg_questions_answered answered,
                        void *arg);

#endif
