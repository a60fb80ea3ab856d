/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/disconnects.h"

#include "tests/unit/a_folder.h"
#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include <sys/wait.h>
#include <unistd.h>

#define S UINT64_C(1000000000)

static char folder[64], engine_link[96];
static phg_entered entered;
static phg_disconnects *one;
static ph_command sent[64];
static uint32_t sent_cnt, sent_max;
static phg_tag open_tag; /* of the one session that is open */

static bool is_open(const void *sessions, phg_tag tag)
{
    (void)sessions;
    return tag == open_tag;
}

static ph_status send(void *arg, const ph_command *c)
{
    (void)arg;
    if (sent_cnt == sent_max) return PH_EAGAIN;
    sent[sent_cnt++] = *c;
    return PH_OK;
}

static const phg_disconnects_routes routes = {is_open, NULL, send, NULL};

static phg_disconnects *started(void)
{
    phg_disconnects *d = NULL;
    char err[PHG_ERR_SIZE] = "";
    ck_assert_msg(phg_disconnects_open(engine_link, &entered, &d, err) == PH_OK, "%s", err);
    return d;
}

static void set_up(void)
{
    a_folder_make(folder, sizeof folder);
    (void)snprintf(engine_link, sizeof engine_link, "ipc://%s/e", folder);
    sent_cnt = 0;
    sent_max = 64;
    open_tag = 0;
    one = started();
}

static void tear_down(void)
{
    phg_disconnects_close(one);
    phg_entered_release(&entered);
    a_folder_remove(folder);
}

static void enter(uint64_t order, phg_tag tag)
{
    ph_command c = new_order(3, order, PH_SIDE_BUY, (ph_window){HOUR, 1}, 1, 1);
    c.request = tag;
    ph_event e = accepted(order, 1);
    ck_assert_int_eq(phg_entered_take(&entered, &c, &e), PH_OK);
}

/* Looks at once; how many were sent. */
static uint32_t look(phg_disconnects *d, bool *ret_is_waiting)
{
    uint32_t before = sent_cnt;
    phg_disconnects_look(d);
    ck_assert_int_eq(phg_disconnects_turn(d, S, &routes, ret_is_waiting), PH_OK);
    return sent_cnt - before;
}

START_TEST(orders_of_an_open_session_stay)
{
    bool is_waiting;
    open_tag = phg_disconnects_tag(one, 7, 2);
    phg_tag over = phg_disconnects_tag(one, 7, 2);
    ck_assert(open_tag != over && phg_tag_read(over).seat == 7 && phg_tag_read(over).key == 2);
    enter(1, open_tag);
    enter(2, over);
    enter(3, 0);
    ck_assert_uint_eq(look(one, &is_waiting), 1);
    ck_assert(!is_waiting && sent[0].kind == PH_CMD_CANCEL_ORDER && sent[0].sender.v == 3);
    ck_assert(sent[0].u.cancel.order.v == 2 && sent[0].request == over);
    ck_assert_uint_eq(look(one, &is_waiting), 0); /* it is under way */
}
END_TEST

START_TEST(what_the_engine_lost_is_asked_for_again)
{
    bool is_waiting;
    enter(1, phg_disconnects_tag(one, 0, 0));
    ck_assert_uint_eq(look(one, &is_waiting), 1);
    phg_disconnects_lost(one);
    ck_assert_uint_eq(look(one, &is_waiting), 1);
    ck_assert_uint_eq(look(one, &is_waiting), 0);
}
END_TEST

START_TEST(an_order_of_a_session_that_was_taken_over_is_passed_on)
{
    bool is_waiting;
    const phg_tag new = phg_disconnects_tag(one, 1, 2);
    open_tag = new;
    for (uint32_t i = 0; i < 300; i++) { /* as many as are remembered, and more */
        const phg_tag old = phg_disconnects_tag(one, 0, 2);
        const phg_takeover by = {.participant = {3}, .by = new, .asked = {.keeps = true}};
        phg_disconnects_taken_over(one, old, &by);
        enter(1 + i, old);
        ck_assert_uint_eq(look(one, &is_waiting), 1);
        ck_assert(sent[0].kind == PH_CMD_TAKE_OVER && sent[0].sender.v == 3);
        ck_assert(sent[0].request == new &&sent[0].u.take_over.from == old);
        ck_assert(sent[0].u.take_over.keeps);
        sent_cnt = 0;
    }
    enter(301, phg_disconnects_tag(one, 0, 2));
    ck_assert_uint_eq(look(one, &is_waiting), 1);
    ck_assert_int_eq(sent[0].kind, PH_CMD_CANCEL_ORDER);
}
END_TEST

/* The key was revoked meanwhile. */
START_TEST(an_order_that_cannot_be_passed_on_is_cancelled)
{
    bool is_waiting;
    const phg_tag new = phg_disconnects_tag(one, 1, 2), old = phg_disconnects_tag(one, 0, 2);
    const phg_takeover by = {.participant = {3}, .by = new, .asked = {.keeps = true}};
    const ph_event rejected = {
        .kind = PH_EVT_REJECTED,
        .u.rejected = {.command = PH_CMD_TAKE_OVER, .code = PH_REJECT_UNKNOWN_KEY}};
    open_tag = new;
    phg_disconnects_taken_over(one, old, &by);
    enter(1, old);
    enter(2, new);
    ck_assert_uint_eq(look(one, &is_waiting), 1);
    ck_assert_int_eq(sent[0].kind, PH_CMD_TAKE_OVER);
    ph_command another = sent[0];
    another.sender.v = 4; /* whatever another one says */
    ck_assert_int_eq(phg_entered_take(&entered, &another, &rejected), PH_OK);
    ck_assert_uint_eq(look(one, &is_waiting), 0);
    ck_assert_int_eq(phg_entered_take(&entered, &sent[0], &rejected), PH_OK);
    ck_assert_uint_eq(look(one, &is_waiting), 1);
    ck_assert(sent[1].kind == PH_CMD_CANCEL_ORDER && sent[1].u.cancel.order.v == 1);
    ck_assert(sent[1].request == old && sent[1].sender.v == 3);
    ck_assert_uint_eq(look(one, &is_waiting), 0);
}
END_TEST

START_TEST(a_full_window_is_waited_for)
{
    bool is_waiting;
    for (uint64_t i = 1; i <= 5; i++)
        enter(i, phg_disconnects_tag(one, 0, 0));
    sent_max = 2;
    ck_assert_uint_eq(look(one, &is_waiting), 2);
    ck_assert(is_waiting);
    sent_max = 64;
    ck_assert_int_eq(phg_disconnects_turn(one, S, &routes, &is_waiting), PH_OK);
    ck_assert(!is_waiting && sent_cnt == 5);
}
END_TEST

START_TEST(it_looks_by_itself_once_a_second)
{
    bool is_waiting;
    ck_assert_uint_eq(look(one, &is_waiting), 0);
    enter(1, phg_disconnects_tag(one, 0, 0));
    ck_assert_int_eq(phg_disconnects_turn(one, S + 1, &routes, &is_waiting), PH_OK);
    ck_assert_uint_eq(sent_cnt, 0);
    ck_assert_int_eq(phg_disconnects_turn(one, 2 * S, &routes, &is_waiting), PH_OK);
    ck_assert_uint_eq(sent_cnt, 1);
}
END_TEST

/* A lock ends with the process that has it, so another process stands for the other gateway. */
START_TEST(orders_of_another_gateway_stay_until_it_is_dead)
{
    bool is_waiting;
    int told[2], stop[2];
    phg_tag theirs = 0;
    ck_assert(pipe(told) == 0 && pipe(stop) == 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        phg_disconnects *two = started();
        phg_tag t = phg_disconnects_tag(two, 1, 0);
        uint8_t byte;
        (void)close(stop[1]);
        ssize_t n = write(told[1], &t, sizeof t);
        n += read(stop[0], &byte, 1);
        _exit(n == sizeof t ? 0 : 1);
    }
    (void)close(stop[0]);
    ck_assert_int_eq(read(told[0], &theirs, sizeof theirs), sizeof theirs);
    ck_assert_uint_eq(phg_tag_read(theirs).gateway, 2);
    enter(1, theirs);
    ck_assert_uint_eq(look(one, &is_waiting), 0);
    (void)close(stop[1]);
    int ended;
    ck_assert_int_eq(waitpid(child, &ended, 0), child);
    ck_assert(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    (void)close(told[0]);
    (void)close(told[1]);
    ck_assert_uint_eq(look(one, &is_waiting), 1);
    ck_assert(sent[0].request == theirs);
}
END_TEST

START_TEST(the_next_start_of_a_gateway_cancels_what_the_last_one_left)
{
    bool is_waiting;
    enter(1, phg_disconnects_tag(one, 0, 0));
    open_tag = phg_disconnects_tag(one, 1, 0);
    enter(2, open_tag);
    phg_disconnects_close(one);
    one = started();
    ck_assert_uint_eq(look(one, &is_waiting), 2); /* the session was another start's */
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_to_is_named)
{
    phg_disconnects *d = NULL;
    char err[PHG_ERR_SIZE] = "";
    ck_assert_int_eq(phg_disconnects_open("ipc:///nowhere/at/all", &entered, &d, err), PH_EIO);
    ck_assert_ptr_nonnull(strstr(err, "/nowhere/at/all"));
    ck_assert_ptr_null(d);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, orders_of_an_open_session_stay);
    tcase_add_test(t, what_the_engine_lost_is_asked_for_again);
    tcase_add_test(t, an_order_of_a_session_that_was_taken_over_is_passed_on);
    tcase_add_test(t, an_order_that_cannot_be_passed_on_is_cancelled);
    tcase_add_test(t, a_full_window_is_waited_for);
    tcase_add_test(t, it_looks_by_itself_once_a_second);
    tcase_add_test(t, orders_of_another_gateway_stay_until_it_is_dead);
    tcase_add_test(t, the_next_start_of_a_gateway_cancels_what_the_last_one_left);
    tcase_add_test(t, a_folder_that_cannot_be_written_to_is_named);
}

int main(void)
{
    return suite_run("disconnects", add);
}
