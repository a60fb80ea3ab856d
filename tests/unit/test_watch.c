/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/watch.h"

#include "tests/unit/suite.h"

#include <pthread.h>
#include <string.h>
#include <zmq.h>

enum { LONG_MS = 20000, ROUNDS = 20000, BURST_MAX = 7 };

static void *context, *here, *there;
static phg_watch watch;

static void begin(void)
{
    const int unbounded = 0;
    memset(&watch, 0, sizeof watch);
    context = zmq_ctx_new();
    here = zmq_socket(context, ZMQ_PAIR);
    there = zmq_socket(context, ZMQ_PAIR);
    ck_assert(here != NULL && there != NULL);
    ck_assert_int_eq(zmq_setsockopt(here, ZMQ_SNDHWM, &unbounded, sizeof unbounded), 0);
    ck_assert_int_eq(zmq_setsockopt(there, ZMQ_SNDHWM, &unbounded, sizeof unbounded), 0);
    ck_assert_int_eq(zmq_bind(here, "inproc://watch"), 0);
    ck_assert_int_eq(zmq_connect(there, "inproc://watch"), 0);
    ck_assert_int_eq(phg_watch_put(&watch, 2, here), PH_OK);
}

static void end(void)
{
    (void)zmq_close(here);
    (void)zmq_close(there);
    (void)zmq_ctx_term(context);
}

/* Receives until there is no more. */
static uint32_t drain(void *socket)
{
    char byte;
    uint32_t cnt = 0;
    while (zmq_recv(socket, &byte, 1, ZMQ_DONTWAIT) >= 0)
        cnt++;
    return cnt;
}

START_TEST(a_socket_has_something_until_it_was_looked_at)
{
    ck_assert(phg_watch_has(&watch, 2)); /* nobody has looked yet */
    ck_assert(!phg_watch_has(&watch, 0));
    ck_assert_int_eq(phg_watch_wait(&watch, 0), PH_OK);
    (void)drain(here); /* the connection itself may show */
    phg_watch_used(&watch, 2);
    ck_assert_int_eq(phg_watch_wait(&watch, 0), PH_OK);
    ck_assert(!phg_watch_has(&watch, 2));
    ck_assert_int_eq(zmq_send(there, "a", 1, 0), 1);
    ck_assert_int_eq(phg_watch_wait(&watch, LONG_MS), PH_OK);
    ck_assert(phg_watch_has(&watch, 2));
    ck_assert_int_eq(phg_watch_wait(&watch, LONG_MS), PH_OK); /* and stays */
    ck_assert(phg_watch_has(&watch, 2));
    ck_assert_uint_eq(drain(here), 1);
    phg_watch_used(&watch, 2);
    ck_assert_int_eq(phg_watch_wait(&watch, 1), PH_OK);
    ck_assert(!phg_watch_has(&watch, 2));
}
END_TEST

/* Sending reads what the descriptor showed. */
START_TEST(what_a_use_has_hidden_is_found)
{
    int events = 0;
    size_t size = sizeof events;
    (void)drain(here);
    ck_assert_int_eq(zmq_send(there, "a", 1, 0), 1);
    ck_assert_int_eq(zmq_getsockopt(here, ZMQ_EVENTS, &events, &size), 0);
    phg_watch_used(&watch, 2);
    ck_assert_int_eq(phg_watch_wait(&watch, LONG_MS), PH_OK);
    ck_assert(phg_watch_has(&watch, 2));
    ck_assert_uint_eq(drain(here), 1);
}
END_TEST

START_TEST(a_socket_that_is_put_away_is_never_waited_for)
{
    ck_assert_int_eq(zmq_send(there, "a", 1, 0), 1);
    ck_assert_int_eq(phg_watch_put(&watch, 2, NULL), PH_OK);
    phg_watch_used(&watch, 2);
    ck_assert_int_eq(phg_watch_wait(&watch, 1), PH_OK);
    ck_assert(!phg_watch_has(&watch, 2));
}
END_TEST

static void *echo(void *arg)
{
    char byte;
    (void)arg;
    while (zmq_recv(there, &byte, 1, 0) == 1 && byte != 'q')
        if (zmq_send(there, &byte, 1, 0) != 1) return NULL;
    return NULL;
}

/* Each round sends and receives in other numbers; a message that nothing shows would end a wait
   only after LONG_MS, without anything. */
START_TEST(no_message_is_missed)
{
    pthread_t other;
    uint32_t sent = 0, received = 0;
    ck_assert_int_eq(pthread_create(&other, NULL, echo, NULL), 0);
    for (uint32_t i = 0; i < ROUNDS || received < sent; i++) {
        for (uint32_t k = 0; i < ROUNDS && k < 1 + i % BURST_MAX; k++, sent++)
            ck_assert_int_eq(zmq_send(here, "a", 1, 0), 1);
        phg_watch_used(&watch, 2);
        ck_assert_int_eq(phg_watch_wait(&watch, LONG_MS), PH_OK);
        ck_assert_msg(phg_watch_has(&watch, 2), "round %u: %u of %u", i, received, sent);
        received += drain(here);
        phg_watch_used(&watch, 2);
    }
    ck_assert_uint_eq(received, sent);
    ck_assert_int_eq(zmq_send(here, "q", 1, 0), 1);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, a_socket_has_something_until_it_was_looked_at);
    tcase_add_test(t, what_a_use_has_hidden_is_found);
    tcase_add_test(t, a_socket_that_is_put_away_is_never_waited_for);
    tcase_add_test(t, no_message_is_missed);
}

int main(void)
{
    return suite_run("watch", add);
}
