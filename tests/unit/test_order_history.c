/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/order_history.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

enum { ALICE = 2, BOB = 3, PARTICIPANTS_MAX = 4 };

static const ph_market_limits limits = {.orders_max = 8, .participants_max = PARTICIPANTS_MAX};
static void *block;
static ph_order_history *h;
static uint64_t seq, last_order;
static ph_answer_status got;

/* A key of zeros puts every slot into one chain, so that all numbers collide. */
static void begin(uint32_t ended_max, ph_order_history_key key)
{
    size_t size = (ph_order_history_footprint(&limits, ended_max) + 63) & ~(size_t)63;
    free(block);
    block = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(block);
    memset(block, 0, size);
    h = ph_order_history_init(block, &limits, ended_max, &key);
    seq = last_order = 0;
}

static const ph_order_history_key mixed = {
    {7, UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xBF58476D1CE4E5B9), UINT64_C(0x94D049BB133111EB)}};

static void tear_down(void)
{
    free(block);
    block = NULL;
}

static void take(ph_command c, const ph_event *events, uint32_t cnt)
{
    c.seq = ++seq;
    c.at.ns = 1000 + seq;
    ph_replay_record record = {.command = c, .events = events, .event_cnt = cnt};
    ph_order_history_take(h, &record);
}

static ph_new_order terms(uint64_t client_order_id)
{
    return (ph_new_order){.client_order_id = client_order_id,
                          .product = {7},
                          .side = PH_SIDE_SELL,
                          .shape = PH_SHAPE_EACH,
                          .window = {100, 3},
                          .quantity = 5,
                          .price = 20};
}

static ph_command new_order(uint32_t who, uint64_t client_order_id)
{
    return (ph_command){
        .kind = PH_CMD_NEW_ORDER, .sender = {who}, .u.order = terms(client_order_id)};
}

/* The order's number. */
static uint64_t accept(uint32_t who, uint64_t client_order_id)
{
    ph_event e = {.kind = PH_EVT_ACCEPTED, .u.accepted.order = {++last_order}};
    take(new_order(who, client_order_id), &e, 1);
    return last_order;
}

static void cancel(uint64_t order, ph_cancel_reason reason)
{
    ph_event e = {.kind = PH_EVT_CANCELLED, .u.cancelled = {.order = {order}, .reason = reason}};
    take((ph_command){.kind = PH_CMD_TICK}, &e, 1);
}

static void reject(uint32_t who, uint64_t client_order_id, ph_reject code)
{
    ph_event e = {.kind = PH_EVT_REJECTED,
                  .u.rejected = {.command = PH_CMD_NEW_ORDER,
                                 .code = code,
                                 .arg0 = 11,
                                 .arg1 = -12,
                                 .client_order_id = client_order_id}};
    take(new_order(who, client_order_id), &e, 1);
}

static ph_outcome by_order(uint32_t who, uint64_t order)
{
    ph_order_history_find(h, (ph_participant_id){who}, (ph_order_id){order}, 0, &got);
    return got.outcome;
}

static ph_outcome by_client(uint32_t who, uint64_t client_order_id)
{
    ph_order_history_find(h, (ph_participant_id){who}, (ph_order_id){0}, client_order_id, &got);
    return got.outcome;
}

START_TEST(an_order_is_followed_to_its_end)
{
    begin(4, mixed);
    ck_assert_int_eq(by_client(ALICE, 10), PH_OUTCOME_UNKNOWN);
    ck_assert(got.client_order_id == 10 && got.last_client_order_id == 0 && got.order.v == 0);
    uint64_t a = accept(ALICE, 10), b = accept(BOB, 10);
    ck_assert_int_eq(by_order(ALICE, a), PH_OUTCOME_RESTING);
    ck_assert(got.client_order_id == 10 && got.product.v == 7 && got.side == PH_SIDE_SELL);
    ck_assert(got.shape == PH_SHAPE_EACH && got.window.first == 100 && got.window.periods == 3);
    ck_assert(got.quantity == 5 && got.unit_periods == 15 && got.price == 20);
    ck_assert(got.accepted_seq == 1 && got.accepted_at.ns == 1001 && got.ended_seq == 0);
    ck_assert(got.last_client_order_id == 10 && got.executed == 0);
    ph_event trade[] = {
        {.kind = PH_EVT_TRADE,
         .u.trade = {.buy_order = {b}, .sell_order = {a}, .sell_leaves = 9, .segment_cnt = 2}},
        {.kind = PH_EVT_SEGMENT, .u.segment = {{100, 2}, 2, 20}},
        {.kind = PH_EVT_SEGMENT, .u.segment = {{102, 1}, 2, 21}}};
    take((ph_command){.kind = PH_CMD_TICK}, trade, 3);
    ck_assert_int_eq(by_client(ALICE, 10), PH_OUTCOME_RESTING);
    ck_assert(got.executed == 6 && got.order.v == a);
    ck_assert_int_eq(by_client(BOB, 10), PH_OUTCOME_FILLED);
    ck_assert(got.executed == 6 && got.ended_seq == 3 && got.ended_at.ns == 1003);
    ph_event replaced = {.kind = PH_EVT_REPLACED,
                         .u.replaced = {.order = {a}, .price = 22, .quantity = 4}};
    take((ph_command){.kind = PH_CMD_REPLACE_ORDER}, &replaced, 1);
    ck_assert_int_eq(by_order(ALICE, a), PH_OUTCOME_RESTING);
    ck_assert(got.quantity == 4 && got.unit_periods == 12 && got.price == 22 && got.executed == 6);
    cancel(a, PH_CANCEL_EXPIRED);
    ck_assert_int_eq(by_order(ALICE, a), PH_OUTCOME_CANCELLED);
    ck_assert(got.reason == PH_CANCEL_EXPIRED && got.executed == 6 && got.ended_seq == 5);
    ck_assert(got.reject == PH_REJECT_NONE && got.accepted_seq == 1);
    ck_assert_uint_eq(ph_order_history_ended(h), 2);
}
END_TEST

START_TEST(only_the_owner_hears_of_an_order)
{
    begin(4, mixed);
    uint64_t a = accept(ALICE, 5);
    const uint32_t others[] = {0, 1, BOB, PARTICIPANTS_MAX, PARTICIPANTS_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        ck_assert_int_eq(by_order(others[i], a), PH_OUTCOME_UNKNOWN);
        ck_assert(got.order.v == a && got.client_order_id == 0 && got.accepted_seq == 0);
        ck_assert(got.last_client_order_id == 0 && got.product.v == 0);
        ck_assert_int_eq(by_client(others[i], 5), PH_OUTCOME_UNKNOWN);
    }
}
END_TEST

START_TEST(a_refusal_is_kept_until_the_id_is_accepted)
{
    begin(4, mixed);
    reject(ALICE, 8, PH_REJECT_PRICE_TICK);
    ck_assert_int_eq(by_client(ALICE, 8), PH_OUTCOME_REJECTED);
    ck_assert(got.reject == PH_REJECT_PRICE_TICK && got.arg0 == 11 && got.arg1 == -12);
    ck_assert(got.order.v == 0 && got.accepted_seq == 0 && got.accepted_at.ns == 0);
    ck_assert(got.ended_seq == 1 && got.failed == 0 && got.executed == 0 && got.reason == 0);
    ck_assert_uint_eq(got.last_client_order_id, 0);
    reject(ALICE, 8, PH_REJECT_CASH_FOR_HOLD);
    ck_assert_int_eq(by_client(ALICE, 8), PH_OUTCOME_REJECTED);
    ck_assert(got.reject == PH_REJECT_CASH_FOR_HOLD && got.ended_seq == 2);
    ck_assert_uint_eq(ph_order_history_ended(h), 1);
    uint64_t a = accept(ALICE, 8);
    ck_assert_int_eq(by_client(ALICE, 8), PH_OUTCOME_RESTING);
    ck_assert_uint_eq(ph_order_history_ended(h), 0);
    /* Sent once more, also by one who is suspended meanwhile: it is still the order. */
    reject(ALICE, 8, PH_REJECT_DUPLICATE);
    reject(ALICE, 8, PH_REJECT_PARTICIPANT_NOT_ACTIVE);
    ck_assert_int_eq(by_client(ALICE, 8), PH_OUTCOME_RESTING);
    ck_assert(got.order.v == a && got.reject == PH_REJECT_NONE);
    ck_assert_uint_eq(ph_order_history_ended(h), 0);
}
END_TEST

START_TEST(a_duplicate_hides_no_other_reason)
{
    begin(4, mixed);
    reject(ALICE, 8, PH_REJECT_CASH_FOR_HOLD);
    (void)accept(ALICE, 9);
    reject(ALICE, 8, PH_REJECT_DUPLICATE);
    ck_assert_int_eq(by_client(ALICE, 8), PH_OUTCOME_REJECTED);
    ck_assert(got.reject == PH_REJECT_CASH_FOR_HOLD && got.ended_seq == 1);
    /* Passed over and never sent before: that is all there is to say. */
    reject(ALICE, 7, PH_REJECT_DUPLICATE);
    ck_assert_int_eq(by_client(ALICE, 7), PH_OUTCOME_REJECTED);
    ck_assert_int_eq(got.reject, PH_REJECT_DUPLICATE);
    ck_assert_int_eq(by_client(ALICE, 6), PH_OUTCOME_UNKNOWN);
    ck_assert_uint_eq(got.last_client_order_id, 9);
}
END_TEST

START_TEST(all_members_of_a_refused_group_were_refused)
{
    begin(8, mixed);
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {ALICE}, .u.group.cnt = 3};
    for (uint32_t i = 0; i < 3; i++)
        c.u.group.v[i] = terms(10 + i);
    ph_event e = {
        .kind = PH_EVT_REJECTED,
        .u.rejected = {
            .code = PH_REJECT_GROUP_MEMBER, .arg0 = 4, .client_order_id = 11, .member = 2}};
    take(c, &e, 1);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_int_eq(by_client(ALICE, 10 + i), PH_OUTCOME_REJECTED);
        ck_assert(got.reject == PH_REJECT_GROUP_MEMBER && got.failed == 11 && got.arg0 == 4);
    }
    ph_event accepted[3];
    for (uint32_t i = 0; i < 3; i++) {
        c.u.group.v[i] = terms(20 + i);
        accepted[i] = (ph_event){.kind = PH_EVT_ACCEPTED, .u.accepted.order = {1 + i}};
    }
    take(c, accepted, 3);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_int_eq(by_client(ALICE, 20 + i), PH_OUTCOME_RESTING);
        ck_assert(got.order.v == 1 + i && got.last_client_order_id == 22);
    }
}
END_TEST

START_TEST(refusals_of_other_commands_and_of_nobody_say_nothing)
{
    begin(8, mixed);
    uint64_t a = accept(ALICE, 1);
    ph_event e = {.kind = PH_EVT_REJECTED,
                  .u.rejected = {.code = PH_REJECT_UNKNOWN_ORDER, .client_order_id = 1}};
    take((ph_command){.kind = PH_CMD_CANCEL_ORDER, .sender = {ALICE}}, &e, 1);
    take((ph_command){.kind = PH_CMD_REPLACE_ORDER, .sender = {ALICE}}, &e, 1);
    reject(PARTICIPANTS_MAX + 1, 3, PH_REJECT_UNKNOWN_PARTICIPANT);
    reject(0, 3, PH_REJECT_UNKNOWN_PARTICIPANT);
    reject(ALICE, 0, PH_REJECT_DUPLICATE);
    ck_assert_uint_eq(ph_order_history_ended(h), 0);
    ck_assert_int_eq(by_order(ALICE, a), PH_OUTCOME_RESTING);
}
END_TEST

/* Order n of ALICE has client order id 2 n. */
static void end_in_turn(uint32_t cnt)
{
    for (uint64_t n = 1; n <= cnt; n++)
        cancel(accept(ALICE, 2 * n), PH_CANCEL_IOC);
}

static void check_ring(ph_order_history_key key)
{
    enum { ENDED = 5, CNT = 40 };
    begin(ENDED, key);
    end_in_turn(CNT);
    ck_assert_uint_eq(ph_order_history_ended(h), ENDED);
    for (uint64_t n = 1; n <= CNT; n++) {
        ph_outcome wanted = n > CNT - ENDED ? PH_OUTCOME_CANCELLED : PH_OUTCOME_LONG_AGO;
        ck_assert_int_eq(by_order(ALICE, n), wanted);
        ck_assert_uint_eq(got.order.v, n);
        ck_assert_int_eq(by_client(ALICE, 2 * n), wanted);
        ck_assert_uint_eq(got.client_order_id, 2 * n);
        ck_assert_uint_eq(got.last_client_order_id, 2 * CNT);
        /* Between two that were used: gone with its neighbours, or never there. */
        ck_assert_int_eq(by_client(ALICE, 2 * n + 1),
                         n >= CNT - ENDED ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_LONG_AGO);
    }
    ck_assert_int_eq(by_order(ALICE, CNT + 1), PH_OUTCOME_UNKNOWN);
    ck_assert_int_eq(by_client(ALICE, 2 * CNT + 2), PH_OUTCOME_UNKNOWN);
}

START_TEST(the_oldest_that_ended_is_dropped_first)
{
    check_ring(mixed);
}
END_TEST

START_TEST(numbers_that_share_a_chain_are_told_apart)
{
    check_ring((ph_order_history_key){{0, 0, 0, 0}});
    /* Participant and client order id of one are order number and nothing of another. */
    begin(16, (ph_order_history_key){{0, 0, 0, 0}});
    for (uint64_t n = 1; n <= 4; n++) {
        (void)accept(ALICE, n);
        (void)accept(BOB, n);
    }
    for (uint64_t n = 1; n <= 4; n++) {
        ck_assert_int_eq(by_client(BOB, n), PH_OUTCOME_RESTING);
        ck_assert_uint_eq(got.order.v, 2 * n);
        ck_assert_int_eq(by_order(BOB, 2 * n - 1), PH_OUTCOME_UNKNOWN);
        ck_assert_int_eq(by_order(ALICE, 2 * n - 1), PH_OUTCOME_RESTING);
        ck_assert_uint_eq(got.client_order_id, n);
    }
}
END_TEST

START_TEST(orders_end_in_any_order_and_leave_room)
{
    begin(3, mixed);
    for (int round = 0; round < 50; round++) {
        uint64_t v[8];
        for (uint64_t i = 0; i < 8; i++)
            v[i] = accept(ALICE, 8 * (uint64_t)round + i + 1);
        for (uint64_t i = 0; i < 8; i++)
            cancel(v[(5 * i + 3) % 8], PH_CANCEL_GATE);
        /* The last three of 3 0 5 2 7 4 1 6. */
        for (uint64_t i = 0; i < 8; i++) {
            bool is_kept = i == 4 || i == 1 || i == 6;
            ck_assert_int_eq(by_order(ALICE, v[i]) == PH_OUTCOME_CANCELLED, is_kept);
            if (!is_kept) ck_assert_int_eq(got.outcome, PH_OUTCOME_LONG_AGO);
        }
    }
}
END_TEST

START_TEST(refusals_that_are_dropped_leave_nothing_behind)
{
    begin(2, mixed);
    reject(ALICE, UINT64_MAX, PH_REJECT_PRICE_TICK);
    reject(ALICE, 5, PH_REJECT_PRICE_TICK);
    reject(ALICE, 6, PH_REJECT_PRICE_TICK);
    ck_assert_uint_eq(ph_order_history_ended(h), 2);
    /* It was not accepted, and that is still known. */
    ck_assert_int_eq(by_client(ALICE, UINT64_MAX), PH_OUTCOME_UNKNOWN);
    ck_assert_int_eq(by_client(ALICE, 5), PH_OUTCOME_REJECTED);
    /* An accepted id that is no longer kept does not become a refused one. */
    end_in_turn(3);
    reject(ALICE, 2, PH_REJECT_PARTICIPANT_NOT_ACTIVE);
    reject(ALICE, 2, PH_REJECT_DUPLICATE);
    ck_assert_int_eq(by_client(ALICE, 2), PH_OUTCOME_LONG_AGO);
}
END_TEST

START_TEST(none_may_be_kept)
{
    begin(0, mixed);
    uint64_t a = accept(ALICE, 1), b = accept(ALICE, 2);
    cancel(a, PH_CANCEL_IOC);
    reject(ALICE, 3, PH_REJECT_PRICE_TICK);
    ck_assert_uint_eq(ph_order_history_ended(h), 0);
    ck_assert_int_eq(by_order(ALICE, a), PH_OUTCOME_LONG_AGO);
    ck_assert_int_eq(by_client(ALICE, 1), PH_OUTCOME_LONG_AGO);
    ck_assert_int_eq(by_order(ALICE, b), PH_OUTCOME_RESTING);
    ck_assert_int_eq(by_client(ALICE, 3), PH_OUTCOME_UNKNOWN);
}
END_TEST

START_TEST(a_flex_order_counts_its_duration)
{
    begin(1, mixed);
    ph_command c = new_order(ALICE, 1);
    c.u.order.shape = PH_SHAPE_FLEX;
    c.u.order.duration = 2;
    ph_event e = {.kind = PH_EVT_ACCEPTED, .u.accepted.order = {1}};
    take(c, &e, 1);
    ck_assert_int_eq(by_order(ALICE, 1), PH_OUTCOME_RESTING);
    ck_assert(got.unit_periods == 10 && got.duration == 2 && got.window.periods == 3);
}
END_TEST

START_TEST(its_size_is_said_before)
{
    size_t none = ph_order_history_footprint(&limits, 0);
    size_t many = ph_order_history_footprint(&limits, 1000000);
    ck_assert_uint_lt(none, 4096);
    ck_assert_uint_lt(many, 125 * 1000000);
    ck_assert_uint_gt(many, 100 * 1000000);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, an_order_is_followed_to_its_end);
    tcase_add_test(t, only_the_owner_hears_of_an_order);
    tcase_add_test(t, a_refusal_is_kept_until_the_id_is_accepted);
    tcase_add_test(t, a_duplicate_hides_no_other_reason);
    tcase_add_test(t, all_members_of_a_refused_group_were_refused);
    tcase_add_test(t, refusals_of_other_commands_and_of_nobody_say_nothing);
    tcase_add_test(t, the_oldest_that_ended_is_dropped_first);
    tcase_add_test(t, numbers_that_share_a_chain_are_told_apart);
    tcase_add_test(t, orders_end_in_any_order_and_leave_room);
    tcase_add_test(t, refusals_that_are_dropped_leave_nothing_behind);
    tcase_add_test(t, none_may_be_kept);
    tcase_add_test(t, a_flex_order_counts_its_duration);
    tcase_add_test(t, its_size_is_said_before);
}

int main(void)
{
    return suite_run("order_history", add);
}
