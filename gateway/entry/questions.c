/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/questions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { ANSWERS_PER_TURN = 64 };

/* A place is free when tag is 0.  The low bits of a tag are the place. */
typedef struct {
    uint64_t tag, until_ns;
    phg_asker asker;
} under_way;

struct phg_questions {
    void *socket; /* NULL: there is no replica */
    uint64_t asked_cnt;
    uint32_t cnt;
    under_way v[PHG_QUESTIONS_MAX];
    ph_answer answer;
    uint8_t bytes[PH_ANSWER_BYTES_MAX];
};

ph_status phg_questions_open(void *zmq_context, const char *link, phg_questions **ret,
                             char err[PHG_ERR_SIZE])
{
    /* Nothing waits for a replica that is away, and nothing is left for one that comes back. */
    const int one = 1, none = 0, queue = PHG_QUESTIONS_MAX;
    phg_questions *q = calloc(1, sizeof *q);
    if (!q) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not make room for questions: no memory");
        return PH_EFULL;
    }
    *ret = q;
    if (link[0] == '\0') return PH_OK;
    q->socket = zmq_socket(zmq_context, ZMQ_DEALER);
    if (q->socket && zmq_setsockopt(q->socket, ZMQ_IMMEDIATE, &one, sizeof one) == 0 &&
        zmq_setsockopt(q->socket, ZMQ_LINGER, &none, sizeof none) == 0 &&
        zmq_setsockopt(q->socket, ZMQ_SNDHWM, &queue, sizeof queue) == 0 &&
        zmq_connect(q->socket, link) == 0)
        return PH_OK;
    (void)snprintf(err, PHG_ERR_SIZE, "could not connect to the replica at \"%s\": %s", link,
                   zmq_strerror(errno));
    phg_questions_close(q);
    *ret = NULL;
    return PH_EIO;
}

void phg_questions_close(phg_questions *q)
{
    if (!q) return;
    if (q->socket) (void)zmq_close(q->socket);
    free(q);
}

void *phg_questions_socket(phg_questions *q)
{
    return q->socket;
}

uint32_t phg_questions_under_way(const phg_questions *q, ph_participant_id who)
{
    uint32_t own = 0;
    for (uint32_t i = 0; q->cnt != 0 && i < PHG_QUESTIONS_MAX; i++)
        if (q->v[i].tag != 0 && q->v[i].asker.who.v == who.v) own++;
    return own;
}

/* A free place, or PHG_QUESTIONS_MAX: none, or the participant has too many. */
static uint32_t place_for(const phg_questions *q, ph_participant_id who)
{
    uint32_t place = PHG_QUESTIONS_MAX, own = 0;
    if (q->cnt == PHG_QUESTIONS_MAX) return place;
    for (uint32_t i = 0; i < PHG_QUESTIONS_MAX; i++) {
        if (q->v[i].tag == 0)
            place = i;
        else if (q->v[i].asker.who.v == who.v)
            own++;
    }
    return own < PHG_QUESTIONS_PER_PARTICIPANT ? place : PHG_QUESTIONS_MAX;
}

ph_status phg_questions_ask(phg_questions *q, const phg_asker *asker, const ph_query *query,
                            uint64_t now_ns)
{
    uint8_t bytes[PH_QUERY_BYTES_MAX];
    ph_query own = *query;
    if (!q->socket) return PH_EAGAIN;
    uint32_t place = place_for(q, asker->who);
    if (place == PHG_QUESTIONS_MAX) return PH_EAGAIN;
    uint64_t tag = ++q->asked_cnt * PHG_QUESTIONS_MAX + place;
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    own.who = asker->who;
    ph_query_write(&w, tag, &own);
    if (zmq_send(q->socket, bytes, ph_writer_size(&w), ZMQ_DONTWAIT) < 0) return PH_EAGAIN;
    q->v[place] = (under_way){tag, now_ns + PHG_QUESTION_NS, *asker};
    q->cnt++;
    return PH_OK;
}

static void finish(phg_questions *q, under_way *u, const ph_answer *answer,
                   phg_questions_answered answered, void *arg)
{
    phg_asker asker = u->asker;
    u->tag = 0;
    q->cnt--;
    answered(arg, &asker, answer);
}

void phg_questions_turn(phg_questions *q, uint64_t now_ns, phg_questions_answered answered,
                        void *arg)
{
    for (int i = 0; q->socket && i < ANSWERS_PER_TURN; i++) {
        uint64_t tag;
        int size = zmq_recv(q->socket, q->bytes, sizeof q->bytes, ZMQ_DONTWAIT);
        if (size < 0) break;
        if ((size_t)size > sizeof q->bytes ||
            ph_answer_read(q->bytes, (size_t)size, &tag, &q->answer) != PH_OK)
            continue; /* the question is given up in time */
        under_way *u = &q->v[tag % PHG_QUESTIONS_MAX];
        if (tag != 0 && u->tag == tag) finish(q, u, &q->answer, answered, arg);
    }
    for (uint32_t i = 0; q->cnt != 0 && i < PHG_QUESTIONS_MAX; i++)
        if (q->v[i].tag != 0 && now_ns >= q->v[i].until_ns)
            finish(q, &q->v[i], NULL, answered, arg);
}
