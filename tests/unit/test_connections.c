/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/connections.h"

#include "engine/base/limits.h"
#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#define SECOND PH_NS_PER_S
#define START  (100 * SECOND)

/* Files of connections that are none: nothing is there that could be ended. */
enum { FIRST_FILE = 5000 };

#define ORDERS PHG_INFLOW_ORDERS
#define DATA   PHG_INFLOW_MARKET_DATA

static phg_replica r;
static phg_connections *c;
static uint64_t now;

static void add_participant(uint32_t id)
{
    ph_command p = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}};
    p.u.participant = (ph_register_participant){.id = {id}, .roles = PH_ROLE_BUYER};
    p.u.participant.curve_key.b[0] = (uint8_t)id;
    p.u.participant.sign_key.b[0] = (uint8_t)(100 + id);
    ck_assert_int_eq(take_done(&r, p), PH_OK);
}

static uint32_t key_of(uint32_t participant)
{
    ph_key key = {.b = {(uint8_t)participant}};
    return phg_catalogue_connection_key(&r.catalogue, &key);
}

static void set_up(void)
{
    ph_command open = {.kind = PH_CMD_OPEN_MARKET};
    open.u.open_market.operator_curve_key.b[0] = 1;
    ck_assert_int_eq(phg_replica_init(&r), PH_OK);
    ck_assert_int_eq(take_done(&r, open), PH_OK);
    add_participant(2);
    add_participant(3);
    ck_assert_int_eq(phg_connections_open(&r.catalogue, &c), PH_OK);
    phg_connections_bound(c, PHG_INFLOW_ORDERS, "tcp://127.0.0.1:1");
    phg_connections_bound(c, PHG_INFLOW_MARKET_DATA, "tcp://127.0.0.1:2");
    now = START;
    phg_connections_look(c, now);
}

static void tear_down(void)
{
    phg_connections_close(c);
    phg_replica_release(&r);
}

static uint64_t ended(phg_end_reason why)
{
    return phg_connections_were_ended(c, why);
}

static uint64_t ended_all(void)
{
    return ended(PHG_END_IDLE) + ended(PHG_END_MANY) + ended(PHG_END_BARRED);
}

/* A connection that was accepted, let in, and has spoken. */
static uint64_t opened(phg_inflow_door door, int file, uint32_t participant)
{
    ck_assert_int_eq(phg_connections_begun(c, door, file, now), PH_OK);
    uint64_t number = phg_connections_let_in(c, key_of(participant), now);
    ck_assert_uint_ne(number, 0);
    phg_connections_said(c, door, file, number, key_of(participant));
    return number;
}

/* Time goes on in steps in which everybody who has a session is told of. */
static void pass(uint64_t ns, int file, uint64_t number)
{
    for (uint64_t end = now + ns; now < end;) {
        now += SECOND / 2;
        phg_connections_used(c, file, number, now);
        phg_connections_look(c, now);
    }
}

static uint32_t of(phg_inflow_door door, uint32_t participant)
{
    return phg_connections_of(c, door, (ph_participant_id){participant});
}

START_TEST(without_a_session_it_ends_after_a_while)
{
    uint64_t used = opened(ORDERS, FIRST_FILE, 2);
    (void)opened(ORDERS, FIRST_FILE + 1, 2);
    ck_assert_int_eq(phg_connections_begun(c, ORDERS, FIRST_FILE + 2, now), PH_OK);
    pass(PHG_CONNECTION_IDLE_NS, FIRST_FILE, used);
    ck_assert_uint_eq(ended_all(), 0);
    pass(SECOND, FIRST_FILE, used);
    ck_assert_uint_eq(ended(PHG_END_IDLE), 2);
    pass(10 * PHG_CONNECTION_IDLE_NS, FIRST_FILE, used);
    ck_assert_uint_eq(ended_all(), 2);
    pass(2 * PHG_CONNECTION_IDLE_NS, FIRST_FILE + 1, 0); /* its session has ended */
    ck_assert_uint_eq(ended(PHG_END_IDLE), 3);
}
END_TEST

START_TEST(it_may_be_newer_than_the_look)
{
    ck_assert_int_eq(phg_connections_begun(c, DATA, FIRST_FILE, now + 1), PH_OK);
    phg_connections_look(c, now);
    ck_assert_uint_eq(ended_all(), 0);
}
END_TEST

START_TEST(a_subscriber_that_has_said_something_stays)
{
    (void)opened(DATA, FIRST_FILE, 2);
    ck_assert_int_eq(phg_connections_begun(c, DATA, FIRST_FILE + 1, now), PH_OK);
    pass(10 * PHG_CONNECTION_IDLE_NS, 0, 0);
    ck_assert_uint_eq(ended(PHG_END_IDLE), 1);
    ck_assert_uint_eq(ended_all(), 1);
    ck_assert_uint_eq(of(DATA, 2), 1);
}
END_TEST

START_TEST(a_participant_has_so_many_at_each_door)
{
    for (int i = 0; i < PHG_CONNECTIONS_MAX; i++) {
        (void)opened(DATA, FIRST_FILE + i, 2);
        (void)opened(ORDERS, FIRST_FILE + 100 + i, 2);
    }
    (void)opened(DATA, FIRST_FILE + 300, 3);
    phg_connections_look(c, now);
    ck_assert_uint_eq(ended_all(), 0);
    (void)opened(DATA, FIRST_FILE + 200, 2);
    (void)opened(ORDERS, FIRST_FILE + 201, 2);
    phg_connections_look(c, now);
    ck_assert_uint_eq(ended(PHG_END_MANY), 2);
    phg_connections_ended(c, ORDERS, FIRST_FILE + 200); /* the other door has no such file */
    ck_assert_uint_eq(of(DATA, 2), PHG_CONNECTIONS_MAX + 1);
    phg_connections_ended(c, DATA, FIRST_FILE + 200);
    phg_connections_ended(c, DATA, FIRST_FILE);
    ck_assert_uint_eq(of(DATA, 2), PHG_CONNECTIONS_MAX - 1);
    (void)opened(DATA, FIRST_FILE, 2);
    phg_connections_look(c, now);
    ck_assert_uint_eq(ended_all(), 2);
    ck_assert_uint_eq(of(DATA, 3), 1);
}
END_TEST

START_TEST(those_that_say_nothing_are_counted_until_they_speak_or_are_gone)
{
    uint64_t number = 0;
    for (int i = 0; i < PHG_CONNECTIONS_MUTE_MAX; i++)
        ck_assert_uint_ne(number = phg_connections_let_in(c, key_of(2), now), 0);
    ck_assert_uint_eq(phg_connections_let_in(c, key_of(2), now), 0);
    ck_assert_uint_ne(phg_connections_let_in(c, key_of(3), now), 0);
    ck_assert_uint_eq(phg_connections_mute(c, (ph_participant_id){2}, now),
                      PHG_CONNECTIONS_MUTE_MAX);
    ck_assert_uint_eq(phg_connections_mute(c, (ph_participant_id){3}, now), 1);
    ck_assert_uint_eq(phg_connections_mute(c, (ph_participant_id){999}, now), 0);
    phg_connections_said(c, DATA, FIRST_FILE, number,
                         key_of(2)); /* and its file was closed since */
    ck_assert_uint_ne(phg_connections_let_in(c, key_of(2), now), 0);
    ck_assert_uint_eq(phg_connections_let_in(c, key_of(2), now), 0);
    pass(PHG_CONNECTION_IDLE_NS, 0, 0);
    ck_assert_uint_eq(phg_connections_let_in(c, key_of(2), now), 0);
    pass(4 * SECOND, 0, 0);
    for (int i = 0; i < PHG_CONNECTIONS_MUTE_MAX; i++)
        ck_assert_uint_ne(phg_connections_let_in(c, key_of(2), now), 0);
    ck_assert_uint_eq(phg_connections_let_in(c, key_of(2), now), 0);
}
END_TEST

START_TEST(all_together_say_nothing_so_often)
{
    enum { MANY = PHG_CONNECTIONS_MUTE_ALL / PHG_CONNECTIONS_MUTE_MAX + 4 };
    uint32_t cnt = 0;
    for (uint32_t id = 4; id < MANY; id++)
        add_participant(id);
    for (uint32_t id = 1; id < MANY; id++)
        for (int i = 0; i < PHG_CONNECTIONS_MUTE_MAX; i++)
            cnt += phg_connections_let_in(c, key_of(id), now) != 0;
    ck_assert_uint_eq(cnt, PHG_CONNECTIONS_MUTE_ALL);
    pass(PHG_CONNECTION_IDLE_NS + 4 * SECOND, 0, 0);
    ck_assert_uint_ne(phg_connections_let_in(c, key_of(2), now), 0);
}
END_TEST

START_TEST(a_key_that_was_revoked_ends_its_connections_at_both_doors)
{
    ph_command revoke = {.kind = PH_CMD_REVOKE_KEY, .sender = {2}};
    revoke.u.key = (ph_key_change){.use = PH_KEY_CONNECTION, .key = {.b = {2}}};
    uint64_t number = opened(ORDERS, FIRST_FILE, 2);
    (void)opened(DATA, FIRST_FILE + 1, 2);
    (void)opened(DATA, FIRST_FILE + 2, 3);
    pass(SECOND, FIRST_FILE, number);
    ck_assert_int_eq(take_done(&r, revoke), PH_OK);
    phg_connections_look(c, now);
    ck_assert_uint_eq(ended_all(), 0); /* it is told first */
    pass(2 * SECOND, FIRST_FILE, number);
    ck_assert_uint_eq(ended(PHG_END_BARRED), 2);
    pass(20 * SECOND, FIRST_FILE, number);
    ck_assert_uint_eq(ended_all(), 2);
}
END_TEST

START_TEST(a_participant_that_was_closed_has_none)
{
    ph_command set = {.kind = PH_CMD_SET_PARTICIPANT_STATE, .sender = {1}};
    (void)opened(DATA, FIRST_FILE, 2);
    set.u.participant_state = (ph_set_participant_state){{2}, PH_PARTICIPANT_SUSPENDED};
    ck_assert_int_eq(take_done(&r, set), PH_OK);
    pass(5 * SECOND, 0, 0);
    ck_assert_uint_eq(ended_all(), 0); /* who is suspended reads on */
    set.u.participant_state.state = PH_PARTICIPANT_CLOSED;
    ck_assert_int_eq(take_done(&r, set), PH_OK);
    pass(2 * SECOND, 0, 0);
    ck_assert_uint_eq(ended(PHG_END_BARRED), 1);
}
END_TEST

START_TEST(a_file_is_that_of_its_last_connection)
{
    uint64_t first = opened(DATA, FIRST_FILE, 2);
    uint64_t number = phg_connections_let_in(c, key_of(3), now);
    phg_connections_said(c, DATA, FIRST_FILE, number,
                         key_of(3)); /* that it began was not told yet */
    ck_assert_uint_eq(of(DATA, 2), 0);
    ck_assert_uint_eq(of(DATA, 3), 1);
    phg_connections_said(c, DATA, FIRST_FILE, first, key_of(2)); /* what the first one still said */
    ck_assert_uint_eq(of(DATA, 3), 1);
    ck_assert_int_eq(phg_connections_begun(c, ORDERS, FIRST_FILE, now), PH_OK);
    phg_connections_ended(c, DATA, FIRST_FILE); /* of the other one */
    (void)opened(ORDERS, FIRST_FILE, 2);
    ck_assert_uint_eq(of(DATA, 3) + of(DATA, 2), 0);
    ck_assert_uint_eq(of(ORDERS, 2), 1);
}
END_TEST

START_TEST(who_is_refused_too_often_is_over)
{
    uint64_t number = opened(ORDERS, FIRST_FILE, 2), other = opened(ORDERS, FIRST_FILE + 1, 2);
    ck_assert_uint_eq(phg_connections_strikes_left(c, ORDERS, FIRST_FILE, number, now),
                      PHG_STRIKES_BURST);
    for (int i = 0; i < PHG_STRIKES_BURST; i++) {
        phg_connections_strike(c, ORDERS, FIRST_FILE, number, now);
        ck_assert_uint_eq(phg_connections_strikes_left(c, ORDERS, FIRST_FILE, number, now),
                          PHG_STRIKES_BURST - 1 - (uint32_t)i);
    }
    ck_assert_uint_eq(phg_connections_strikes_left(c, ORDERS, FIRST_FILE + 1, other, now),
                      PHG_STRIKES_BURST);
    ck_assert(!phg_connections_is_over(c, ORDERS, FIRST_FILE, number));
    phg_connections_strike(c, ORDERS, FIRST_FILE, number, now);
    ck_assert(phg_connections_is_over(c, ORDERS, FIRST_FILE, number));
    ck_assert(!phg_connections_is_over(c, ORDERS, FIRST_FILE + 1, other));
    ck_assert(!phg_connections_is_over(c, ORDERS, FIRST_FILE, number + 9));
    phg_connections_look(c, now);
    ck_assert_uint_eq(ended_all(), 0); /* its session is told first */
    pass(2 * SECOND, FIRST_FILE, number);
    ck_assert_uint_eq(ended(PHG_END_FLOOD), 1);
    for (int i = 0; i < 100; i++) { /* now and then is not too often */
        phg_connections_strike(c, ORDERS, FIRST_FILE + 1, other, now);
        pass(SECOND / 2, FIRST_FILE + 1, other);
    }
    ck_assert_uint_eq(ended_all(), 0);
    ck_assert_uint_eq(ended(PHG_END_FLOOD), 1);
}
END_TEST

START_TEST(time_in_which_nobody_looked_counts_for_nobody)
{
    (void)opened(ORDERS, FIRST_FILE, 2);
    (void)phg_connections_let_in(c, key_of(2), now);
    now += 100 * SECOND;
    ck_assert(phg_connections_due(c, now));
    phg_connections_look(c, now);
    ck_assert(!phg_connections_due(c, now));
    ck_assert_uint_eq(ended_all(), 0);
    pass(PHG_CONNECTION_IDLE_NS + SECOND, 0, 0);
    ck_assert_uint_eq(ended(PHG_END_IDLE), 1);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, without_a_session_it_ends_after_a_while);
    tcase_add_test(t, it_may_be_newer_than_the_look);
    tcase_add_test(t, a_subscriber_that_has_said_something_stays);
    tcase_add_test(t, a_participant_has_so_many_at_each_door);
    tcase_add_test(t, those_that_say_nothing_are_counted_until_they_speak_or_are_gone);
    tcase_add_test(t, all_together_say_nothing_so_often);
    tcase_add_test(t, a_key_that_was_revoked_ends_its_connections_at_both_doors);
    tcase_add_test(t, a_participant_that_was_closed_has_none);
    tcase_add_test(t, a_file_is_that_of_its_last_connection);
    tcase_add_test(t, who_is_refused_too_often_is_over);
    tcase_add_test(t, time_in_which_nobody_looked_counts_for_nobody);
}

int main(void)
{
    return suite_run("connections", add);
}
