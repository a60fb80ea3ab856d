/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/takeovers.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

static phg_replica r;
static const ph_participant_id buyer = {3};

static void set_up(void)
{
    set_up_market(&r);
}

static void tear_down(void)
{
    phg_replica_release(&r);
}

/* A session of the buyer's key at a gateway; seat tells it from others. */
static phg_tag session(uint32_t gateway, uint32_t key, uint32_t seat)
{
    return phg_tag_of((phg_tag_parts){.gateway = gateway, .key = key, .start = 7, .seat = seat});
}

static void enter(uint64_t order, ph_participant_id who, phg_tag tag)
{
    ph_command c = new_order(who.v, order, PH_SIDE_BUY, (ph_window){HOUR, 1}, 1, 1);
    c.request = tag;
    ph_event e = accepted(order, 1);
    ck_assert_int_eq(take(&r, c, &e, 1), PH_OK);
}

static phg_tag tag_of(uint64_t order)
{
    const phg_entered_order *o = phg_entered_find(&r.entered, (ph_order_id){order});
    return o ? o->tag : 0;
}

static ph_command take_over(phg_tag by, phg_tag from, bool keeps)
{
    ph_command c = {.kind = PH_CMD_TAKE_OVER, .sender = buyer, .request = by};
    c.u.take_over = (ph_take_over){.key = register_participant(buyer.v, 0).u.participant.curve_key,
                                   .from = from,
                                   .keeps = keeps};
    return c;
}

START_TEST(orders_of_the_key_end_with_the_session_that_took_over)
{
    const phg_tag new = session(2, 0, 5);
    enter(1, buyer, session(1, 0, 5));
    enter(2, buyer, session(3, 0, 6));
    enter(3, buyer, session(1, 1, 7)); /* another key */
    enter(4, (ph_participant_id){2}, session(1, 0, 8));
    enter(5, buyer, 0);
    phg_entered_find(&r.entered, (ph_order_id){1})->asked = 1;
    ck_assert_int_eq(take_done(&r, take_over(new, 0, false)), PH_OK);
    ck_assert(tag_of(1) == new &&tag_of(2) == new &&tag_of(5) == 0);
    ck_assert_uint_eq(phg_entered_find(&r.entered, (ph_order_id){1})->asked, 0);
    ck_assert(tag_of(3) == session(1, 1, 7) && tag_of(4) == session(1, 0, 8));
    ck_assert_uint_eq(r.takeovers.cnt, 1);
    ck_assert(r.takeovers.v[0].by == new &&r.takeovers.v[0].participant.v == buyer.v);
    ck_assert_ptr_eq(phg_catalogue_of_key(&r.catalogue, r.takeovers.v[0].key),
                     phg_catalogue_participant(&r.catalogue, buyer));
}
END_TEST

START_TEST(or_they_stay)
{
    for (uint64_t i = 1; i <= 3000; i++)
        enter(i * 1024, buyer, session(1, 0, (uint32_t)(i % 3))); /* all with the same home */
    ck_assert_int_eq(take_done(&r, take_over(session(2, 0, 0), 0, true)), PH_OK);
    ck_assert_uint_eq(r.entered.orders.cnt, 0);
    ck_assert_uint_eq(phg_entered_open(&r.entered, buyer), 3000);
}
END_TEST

START_TEST(what_was_under_way_comes_later)
{
    const phg_tag old = session(1, 0, 1), other = session(1, 0, 2), new = session(2, 0, 3);
    ck_assert_int_eq(take_done(&r, take_over(new, 0, false)), PH_OK);
    r.takeovers.cnt = 0;
    enter(1, buyer, old);
    enter(2, buyer, other); /* logged on after it */
    ck_assert_int_eq(take_done(&r, take_over(new, old, false)), PH_OK);
    ck_assert(tag_of(1) == new &&tag_of(2) == other);
    ck_assert_uint_eq(r.takeovers.cnt, 0); /* no session ends of it */
}
END_TEST

START_TEST(one_that_was_refused_or_is_of_no_session_does_nothing)
{
    const phg_tag old = session(1, 0, 1);
    enter(1, buyer, old);
    ph_event no = {.kind = PH_EVT_REJECTED,
                   .u.rejected = {.command = PH_CMD_TAKE_OVER, .code = PH_REJECT_UNKNOWN_KEY}};
    ck_assert_int_eq(take(&r, take_over(session(2, 0, 3), 0, false), &no, 1), PH_OK);
    ck_assert_int_eq(take_done(&r, take_over(17, 0, false)), PH_OK);
    ck_assert(tag_of(1) == old && r.takeovers.cnt == 0);
    ph_command c = take_over(session(2, 0, 3), 0, false);
    c.u.take_over.key.b[0] ^= 1;
    ck_assert_int_eq(take_done(&r, c), PH_ECORRUPT);
}
END_TEST

START_TEST(a_key_keeps_its_place)
{
    ph_command c = {.kind = PH_CMD_ADD_KEY, .sender = buyer};
    c.u.key.use = PH_KEY_CONNECTION;
    for (uint32_t i = 1; i <= 3; i++) {
        memset(c.u.key.key.b, 200 + (int)i, sizeof c.u.key.key.b);
        c.kind = PH_CMD_ADD_KEY;
        ck_assert_int_eq(take_done(&r, c), PH_OK);
        uint32_t number = phg_catalogue_connection_key(&r.catalogue, &c.u.key.key);
        ck_assert_uint_eq(phg_catalogue_key_place(&r.catalogue, number), i);
        c.kind = PH_CMD_REVOKE_KEY;
        ck_assert_int_eq(take_done(&r, c), PH_OK);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, orders_of_the_key_end_with_the_session_that_took_over);
    tcase_add_test(t, or_they_stay);
    tcase_add_test(t, what_was_under_way_comes_later);
    tcase_add_test(t, one_that_was_refused_or_is_of_no_session_does_nothing);
    tcase_add_test(t, a_key_keeps_its_place);
}

int main(void)
{
    return suite_run("takeovers", add);
}
