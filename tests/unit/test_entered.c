/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/entered.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

static phg_entered entered;
static const phg_tag tag = UINT64_C(1) << 63 | UINT64_C(3) << 56 | 5;

static void tear_down(void)
{
    phg_entered_release(&entered);
}

static ph_status tell(ph_command c, ph_event e)
{
    return phg_entered_take(&entered, &c, &e);
}

static void enter(uint64_t order, phg_tag with)
{
    ph_command c = new_order(3, order, PH_SIDE_BUY, (ph_window){HOUR, 1}, 1, 1);
    c.request = with;
    ck_assert_int_eq(tell(c, accepted(order, 1)), PH_OK);
}

static bool is_there(uint64_t order)
{
    return phg_entered_find(&entered, (ph_order_id){order}) != NULL;
}

START_TEST(a_tag_says_what_it_was_made_of)
{
    phg_tag_parts p = {
        .gateway = 127, .key = 0xFF, .start = 0x3FFFF, .use = 0xFFFF, .seat = 0x3FFF};
    phg_tag_parts back = phg_tag_read(phg_tag_of(p));
    ck_assert(back.gateway == 127 && back.start == 0x3FFFF && back.use == 0xFFFF);
    ck_assert_uint_eq(back.key, 0xFF);
    ck_assert_uint_eq(back.seat, 0x3FFF);
    ck_assert(phg_tag_is(phg_tag_of(p)) && phg_tag_is(tag));
    ck_assert(!phg_tag_is(0) && !phg_tag_is(UINT64_MAX >> 1) && !phg_tag_is(UINT64_C(1) << 63));
}
END_TEST

START_TEST(an_order_is_there_until_it_ends)
{
    enter(1, tag);
    enter(2, tag);
    enter(3, 0);
    ck_assert(is_there(1) && is_there(2) && !is_there(3));
    ck_assert_uint_eq(phg_entered_open(&entered, (ph_participant_id){3}), 3);
    ck_assert_int_eq(tell((ph_command){.kind = PH_CMD_TICK}, cancelled(1, 3, 1, 1)), PH_OK);
    ck_assert(!is_there(1));
    enter(4, tag);
    ph_command sell = new_order(2, 9, PH_SIDE_SELL, (ph_window){HOUR, 1}, 1, 1);
    ck_assert_int_eq(tell(sell, accepted(9, 1)), PH_OK);
    ck_assert_int_eq(tell(sell, trade(1, 2, 0, 9, 4, 0)), PH_OK); /* the seller's rests on */
    ck_assert(!is_there(2) && is_there(4));
    ck_assert_uint_eq(phg_entered_open(&entered, (ph_participant_id){3}), 2);
    ck_assert_uint_eq(phg_entered_open(&entered, (ph_participant_id){2}), 1);
}
END_TEST

START_TEST(a_group_has_no_tag)
{
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {3}, .request = tag};
    ck_assert_int_eq(tell(c, accepted(1, 1)), PH_OK);
    ck_assert(!is_there(1));
    ck_assert_uint_eq(phg_entered_open(&entered, (ph_participant_id){3}), 1);
}
END_TEST

/* Only the cancellation that was sent for the session counts: a client chooses its requests. */
START_TEST(a_refused_cancellation_of_ours_ends_the_entry)
{
    enter(1, tag);
    ph_event no = {.kind = PH_EVT_REJECTED, .u.rejected = {.code = PH_REJECT_UNKNOWN_ORDER}};
    ph_command c = {.kind = PH_CMD_CANCEL_ORDER, .sender = {4}, .request = tag};
    c.u.cancel.order.v = 1;
    ck_assert_int_eq(tell(c, no), PH_OK);
    ck_assert(is_there(1)); /* of somebody else */
    c.sender.v = 3;
    c.request = tag + 1;
    ck_assert_int_eq(tell(c, no), PH_OK);
    ck_assert(is_there(1)); /* of another session */
    c.request = tag;
    ck_assert_int_eq(tell(c, no), PH_OK);
    ck_assert(!is_there(1));
}
END_TEST

START_TEST(thousands_come_and_go)
{
    for (uint64_t i = 1; i <= 5000; i++)
        enter(i * 1024, tag);
    for (uint64_t i = 1; i <= 5000; i += 2)
        ck_assert_int_eq(tell((ph_command){.kind = PH_CMD_TICK}, cancelled(i * 1024, 3, i, 1)),
                         PH_OK);
    for (uint64_t i = 1; i <= 5000; i++)
        ck_assert(is_there(i * 1024) == (i % 2 == 0));
    ck_assert_uint_eq(entered.orders.cnt, 2500);
}
END_TEST

START_TEST(what_no_market_writes_is_noticed)
{
    ck_assert_int_eq(tell((ph_command){.kind = PH_CMD_TICK}, cancelled(1, 3, 1, 1)), PH_OK);
    ck_assert_uint_eq(phg_entered_open(&entered, (ph_participant_id){3}), 0);
    ck_assert_int_eq(tell((ph_command){.kind = PH_CMD_NEW_ORDER}, accepted(1, 1)), PH_ECORRUPT);
    enter(1, tag);
    ph_command c = new_order(3, 2, PH_SIDE_BUY, (ph_window){HOUR, 1}, 1, 1);
    c.request = tag;
    ck_assert_int_eq(tell(c, accepted(1, 1)), PH_ECORRUPT);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, a_tag_says_what_it_was_made_of);
    tcase_add_test(t, an_order_is_there_until_it_ends);
    tcase_add_test(t, a_group_has_no_tag);
    tcase_add_test(t, a_refused_cancellation_of_ours_ends_the_entry);
    tcase_add_test(t, thousands_come_and_go);
    tcase_add_test(t, what_no_market_writes_is_noticed);
}

int main(void)
{
    return suite_run("entered", add);
}
