/* SPDX-License-Identifier: Apache-2.0 */
/* Exclusive groups by example (rulebook 10). */
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;

static void setup(void)
{
    w = world_of_four();
    ph_product_terms second = world_terms(&w, 1); /* the same hardware, two units each */
    second.hardware_units = 2;
    world_product(&w, &second);
}

static void teardown(void)
{
    world_free(&w);
}

typedef struct {
    uint32_t product, first, periods, quantity;
    ph_price price;
} member;

static ph_command group(uint32_t who, ph_side side, const member *v, uint32_t cnt)
{
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {who}, .u.group = {.cnt = cnt}};
    for (uint32_t i = 0; i < cnt; i++) {
        ph_command one =
            world_order(&w, who, side, PH_SHAPE_BLOCK, (ph_window){v[i].first, v[i].periods},
                        v[i].quantity, v[i].price);
        c.u.group.v[i] = one.u.order;
        c.u.group.v[i].product.v = v[i].product;
        c.u.group.v[i].all_or_none = true;
    }
    return c;
}

static void sell(uint32_t product, ph_window window, uint32_t quantity, ph_price price)
{
    ph_command c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, window, quantity, price);
    c.u.order.product.v = product;
    world_do(&w, c);
}

static ph_money held(uint32_t who)
{
    return ph_market_held(w.m, (ph_participant_id){who});
}

static uint32_t ended_with(ph_cancel_reason reason)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        const ph_event *e = &w.out.v[i];
        cnt += e->kind == PH_EVT_CANCELLED && e->u.cancelled.reason == reason;
    }
    return cnt;
}

START_TEST(a_group_holds_what_its_largest_member_needs)
{
    const member v[] = {{1, 0, 2, 3, 10}, {2, 0, 4, 2, 10}, {1, 3, 1, 5, 9}};
    world_do(&w, group(BUYER, PH_SIDE_BUY, v, 3));
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_ACCEPTED), 3);
    ck_assert_int_eq(held(BUYER), 80);
    world_do(&w, (ph_command){
                     .kind = PH_CMD_CANCEL_ORDER, .sender = {BUYER}, .u.cancel = {.order = {2}}});
    ck_assert_int_eq(held(BUYER), 60);
}
END_TEST

START_TEST(the_cheapest_against_its_limit_executes_and_ends_the_others)
{
    sell(1, (ph_window){0, 2}, 3, 9);
    sell(2, (ph_window){0, 2}, 3, 16);
    const member v[] = {{1, 0, 2, 3, 10}, {2, 0, 2, 3, 20}}; /* 9/10 against 16/20 */
    world_do(&w, group(BUYER, PH_SIDE_BUY, v, 2));
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 1);
    ck_assert_uint_eq(world_event(&w, PH_EVT_TRADE, 0)->u.trade.product.v, 2);
    ck_assert_uint_eq(ended_with(PH_CANCEL_GROUP), 1);
    ck_assert_int_eq(held(BUYER), 0);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 1);
}
END_TEST

START_TEST(equal_members_go_by_their_order)
{
    sell(1, (ph_window){0, 2}, 3, 9);
    sell(2, (ph_window){0, 2}, 3, 18);
    const member v[] = {{1, 0, 2, 3, 10}, {2, 0, 2, 3, 20}};
    world_do(&w, group(BUYER, PH_SIDE_BUY, v, 2));
    ck_assert_uint_eq(world_event(&w, PH_EVT_TRADE, 0)->u.trade.product.v, 1);
}
END_TEST

START_TEST(a_resting_member_that_executes_ends_the_others)
{
    const member v[] = {{1, 0, 2, 3, 10}, {1, 2, 2, 3, 10}};
    world_do(&w, group(BUYER, PH_SIDE_BUY, v, 2));
    sell(1, (ph_window){0, 4}, 3, 8);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 1);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 10), 3);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 2, 10), 0);
    ck_assert_uint_eq(ended_with(PH_CANCEL_GROUP), 1);
    ck_assert_int_eq(held(BUYER), 0);
}
END_TEST

static ph_reject offer_alone(uint32_t units)
{
    ph_command c =
        world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 4}, units, 99);
    c.u.order.time_in_force = PH_TIF_IOC;
    (void)world_apply(&w, c);
    return world_refusal(&w);
}

START_TEST(capacity_counts_the_largest_member_in_every_period)
{
    const member v[] = {{1, 0, 2, 300, 50}, {2, 1, 3, 200, 90}}; /* 300, 400, 400, 400 of 1,000 */
    world_do(&w, group(SELLER, PH_SIDE_SELL, v, 2));
    ck_assert_int_eq(offer_alone(600), PH_REJECT_NONE);
    ck_assert_int_eq(offer_alone(601), PH_REJECT_CAPACITY);
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 2}, 300, 50);
    world_do(&w, c); /* the first member sells: 300, 300, 0, 0 are used */
    ck_assert_uint_eq(ended_with(PH_CANCEL_GROUP), 1);
    ck_assert_int_eq(offer_alone(700), PH_REJECT_NONE);
    ck_assert_int_eq(offer_alone(701), PH_REJECT_CAPACITY);
}
END_TEST

START_TEST(within_one_execution_a_second_member_is_passed_over)
{
    const member v[] = {{1, 0, 2, 3, 5}, {1, 0, 2, 2, 6}};
    world_do(&w, group(SELLER, PH_SIDE_SELL, v, 2));
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 2}, 5, 6);
    world_do(&w, c);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 5), 3);
    ck_assert_uint_eq(world_filled(&w, BUYER, SELLER, 0, 6), 0);
    ck_assert_uint_eq(ended_with(PH_CANCEL_GROUP), 1);
}
END_TEST

START_TEST(all_are_accepted_or_none)
{
    member v[] = {{1, 0, 2, 3, 10}, {2, 0, 2, 3, 0}};
    ph_command c = group(BUYER, PH_SIDE_BUY, v, 2);
    const ph_rejected *r = &world_apply(&w, c)->u.rejected;
    ck_assert_int_eq(r->code, PH_REJECT_PRICE_RANGE);
    ck_assert_uint_eq(r->member, 2);
    ck_assert_uint_eq(r->client_order_id, c.u.group.v[1].client_order_id);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 0);
    c.u.group.v[1].price = 5;
    c.u.group.v[1].client_order_id = c.u.group.v[0].client_order_id;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_DUPLICATE);
    c.u.group.v[1].client_order_id++;
    c.u.group.v[1].all_or_none = false;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_GROUP_MEMBER);
    c.u.group.cnt = 0;
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_GROUP_SIZE);
    c.u.group.cnt = 2;
    c.u.group.v[1].all_or_none = true;
    world_do(&w, c);
}
END_TEST

START_TEST(a_post_only_member_that_would_execute_refuses_the_group)
{
    sell(1, (ph_window){0, 2}, 3, 9);
    const member v[] = {{2, 0, 2, 3, 10}, {1, 0, 2, 3, 10}};
    ph_command c = group(BUYER, PH_SIDE_BUY, v, 2);
    c.u.group.v[1].post_only = true;
    const ph_rejected *r = &world_apply(&w, c)->u.rejected;
    ck_assert_int_eq(r->code, PH_REJECT_POST_ONLY);
    ck_assert_uint_eq(r->member, 2);
    ck_assert_int_eq(held(BUYER), 0);
}
END_TEST

START_TEST(a_replaced_member_stays_in_its_group)
{
    const member v[] = {{1, 0, 2, 3, 10}, {1, 2, 2, 3, 10}};
    world_do(&w, group(BUYER, PH_SIDE_BUY, v, 2));
    world_do(&w, (ph_command){.kind = PH_CMD_REPLACE_ORDER,
                              .sender = {BUYER},
                              .u.replace = {.order = {1}, .price = 20, .quantity = 4}});
    ck_assert_int_eq(held(BUYER), 160);
    sell(1, (ph_window){0, 2}, 4, 15);
    ck_assert_uint_eq(ended_with(PH_CANCEL_GROUP), 1);
    ck_assert_int_eq(held(BUYER), 0);
}
END_TEST

START_TEST(a_gate_ends_a_member_when_the_windows_of_others_have_begun)
{
    const member v[] = {{1, 0, 2, 300, 50}, {2, 1, 3, 200, 90}, {1, 6, 1, 100, 50}};
    world_do(&w, group(SELLER, PH_SIDE_SELL, v, 3));
    /* Gates are run one after the other, at a time that is later than all of them. */
    w.now.ns += (uint64_t)4 * HOUR * PH_NS_PER_S;
    world_do(&w, (ph_command){.kind = PH_CMD_TICK});
    ck_assert_uint_eq(ended_with(PH_CANCEL_GATE), 2);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 1);
    ph_command c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){5, 2}, 900, 99);
    world_do(&w, c);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_ACCEPTED), 1);
    c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){6, 1}, 1, 99);
    ck_assert_int_eq(world_apply(&w, c)->u.rejected.code, PH_REJECT_CAPACITY);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_group_holds_what_its_largest_member_needs);
    tcase_add_test(t, the_cheapest_against_its_limit_executes_and_ends_the_others);
    tcase_add_test(t, equal_members_go_by_their_order);
    tcase_add_test(t, a_resting_member_that_executes_ends_the_others);
    tcase_add_test(t, capacity_counts_the_largest_member_in_every_period);
    tcase_add_test(t, within_one_execution_a_second_member_is_passed_over);
    tcase_add_test(t, all_are_accepted_or_none);
    tcase_add_test(t, a_post_only_member_that_would_execute_refuses_the_group);
    tcase_add_test(t, a_replaced_member_stays_in_its_group);
    tcase_add_test(t, a_gate_ends_a_member_when_the_windows_of_others_have_begun);
}

int main(void)
{
    return suite_run("group", add);
}
