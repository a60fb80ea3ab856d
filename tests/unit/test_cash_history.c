/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/cash_history.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

enum { ALICE = 2, BOB = 3, PARTICIPANTS_MAX = 4, DAY = 20786 };

static const ph_market_limits limits = {.participants_max = PARTICIPANTS_MAX};
static void *block;
static ph_cash_history *h;
static ph_answer got;

static void begin(uint32_t rows_max)
{
    size_t size = (ph_cash_history_footprint(&limits, rows_max) + 63) & ~(size_t)63;
    free(block);
    block = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(block);
    memset(block, 0, size);
    h = ph_cash_history_init(block, &limits, rows_max);
}

static void set_up(void)
{
    begin(100);
}

static void tear_down(void)
{
    free(block);
    block = NULL;
}

/* One transfer, some seconds after a day began. */
static void move_at(uint64_t seconds, ph_account debit, ph_account credit, ph_money amount,
                    ph_transfer_reason reason)
{
    const ph_event e[] = {
        {.kind = PH_EVT_DONE},
        {.kind = PH_EVT_TRANSFER,
         .u.transfer = {.debit = debit, .credit = credit, .amount = amount, .reason = reason}}};
    ph_replay_record r = {.events = e, .event_cnt = 2};
    r.command.at.ns = seconds * PH_NS_PER_S;
    ph_cash_history_take(h, &r);
}

static ph_account cash(uint32_t who)
{
    return (ph_account){PH_ACCOUNT_CASH, who};
}

static void receive(uint32_t day, uint32_t who, ph_money amount, ph_transfer_reason reason)
{
    move_at(day * UINT64_C(86400), (ph_account){PH_ACCOUNT_ESCROW, 7}, cash(who), amount, reason);
}

static void pay(uint32_t day, uint32_t who, ph_money amount, ph_transfer_reason reason)
{
    move_at(day * UINT64_C(86400) + 86399, cash(who), (ph_account){PH_ACCOUNT_FEES, 0}, amount,
            reason);
}

static const ph_answer_statement *find(uint32_t who, uint32_t first_day, uint32_t days)
{
    memset(&got, 0, sizeof got);
    ph_query q = {.kind = PH_QUERY_STATEMENT, .who = {who}, .first_day = first_day, .days = days};
    ph_cash_history_find(h, &q, &got);
    uint64_t closing = (uint64_t)got.u.statement.opening;
    for (uint32_t i = 0; i < got.cnt; i++)
        closing += got.rows.sums[i].received - got.rows.sums[i].paid;
    ck_assert_uint_eq(closing, (uint64_t)got.u.statement.closing);
    return &got.u.statement;
}

static void is_sum(uint32_t i, ph_transfer_reason reason, uint64_t cnt, uint64_t received,
                   uint64_t paid)
{
    ck_assert_uint_lt(i, got.cnt);
    ck_assert(got.rows.sums[i].reason == reason && got.rows.sums[i].cnt == cnt);
    ck_assert(got.rows.sums[i].received == received && got.rows.sums[i].paid == paid);
}

START_TEST(sums_are_by_reason_and_add_up)
{
    receive(DAY, ALICE, 1000, PH_TRANSFER_DEPOSIT);
    pay(DAY, ALICE, 300, PH_TRANSFER_NOTIONAL);
    pay(DAY, ALICE, 200, PH_TRANSFER_NOTIONAL);
    receive(DAY + 1, ALICE, 40, PH_TRANSFER_REFUND);
    const ph_answer_statement *s = find(ALICE, DAY, 2);
    ck_assert(s->opening == 0 && s->closing == 540 && !s->is_long_ago && s->first_kept == 0);
    ck_assert_uint_eq(got.cnt, 3);
    is_sum(0, PH_TRANSFER_DEPOSIT, 1, 1000, 0);
    is_sum(1, PH_TRANSFER_NOTIONAL, 2, 0, 500);
    is_sum(2, PH_TRANSFER_REFUND, 1, 40, 0);
    s = find(ALICE, DAY, 1);
    ck_assert(s->opening == 0 && s->closing == 500 && got.cnt == 2);
    s = find(ALICE, DAY + 1, 1);
    ck_assert(s->opening == 500 && s->closing == 540 && got.cnt == 1);
}
END_TEST

START_TEST(days_without_movements_have_what_was_there)
{
    receive(DAY, ALICE, 1000, PH_TRANSFER_DEPOSIT);
    receive(DAY + 5, ALICE, 1, PH_TRANSFER_DEPOSIT);
    const struct {
        uint32_t first, days;
        ph_money opening, closing;
        uint32_t cnt;
    } rows[] = {{0, DAY, 0, 0, 0},
                {0, UINT32_MAX, 0, 1001, 1},
                {DAY - 1, 1, 0, 0, 0},
                {DAY + 1, 4, 1000, 1000, 0},
                {DAY + 1, 5, 1000, 1001, 1},
                {DAY + 6, 1, 1001, 1001, 0},
                {UINT32_MAX, UINT32_MAX, 1001, 1001, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ph_answer_statement *s = find(ALICE, rows[i].first, rows[i].days);
        ck_assert(s->opening == rows[i].opening && s->closing == rows[i].closing);
        ck_assert_uint_eq(got.cnt, rows[i].cnt);
    }
}
END_TEST

/* The last nanosecond of a day, and the first of the next. */
START_TEST(a_day_ends_at_midnight)
{
    ph_event e = {.kind = PH_EVT_TRANSFER,
                  .u.transfer = {.debit = {PH_ACCOUNT_EXTERNAL, 0},
                                 .credit = {PH_ACCOUNT_CASH, ALICE},
                                 .amount = 1,
                                 .reason = PH_TRANSFER_DEPOSIT}};
    ph_replay_record r = {.events = &e, .event_cnt = 1};
    r.command.at.ns = (DAY + 1) * UINT64_C(86400) * PH_NS_PER_S - 1;
    ph_cash_history_take(h, &r);
    r.command.at.ns++;
    ph_cash_history_take(h, &r);
    for (uint32_t day = DAY; day <= DAY + 1; day++) {
        const ph_answer_statement *s = find(ALICE, day, 1);
        ck_assert(s->opening == day - DAY && s->closing == day - DAY + 1 && got.cnt == 1);
    }
}
END_TEST

START_TEST(one_pays_and_the_other_receives)
{
    receive(DAY, ALICE, 1000, PH_TRANSFER_DEPOSIT);
    move_at(DAY * UINT64_C(86400), cash(ALICE), cash(BOB), 250, PH_TRANSFER_RESALE);
    move_at(DAY * UINT64_C(86400), cash(BOB), cash(ALICE), 50, PH_TRANSFER_RESALE);
    ck_assert_int_eq(find(ALICE, DAY, 1)->closing, 800);
    is_sum(1, PH_TRANSFER_RESALE, 2, 50, 250);
    ck_assert_int_eq(find(BOB, DAY, 1)->closing, 200);
    is_sum(0, PH_TRANSFER_RESALE, 2, 250, 50);
    const uint32_t nobody[] = {0, 1, PARTICIPANTS_MAX, PARTICIPANTS_MAX + 1, UINT32_MAX};
    for (int i = 0; i < 5; i++) {
        const ph_answer_statement *s = find(nobody[i], 0, UINT32_MAX);
        ck_assert(s->closing == 0 && s->opening == 0 && got.cnt == 0 && !s->is_long_ago);
    }
}
END_TEST

START_TEST(an_overwritten_day_is_too_long_ago_for_all)
{
    begin(2);
    receive(DAY, ALICE, 10, PH_TRANSFER_DEPOSIT);
    pay(DAY, ALICE, 1, PH_TRANSFER_FEE);
    ck_assert_uint_eq(ph_cash_history_first_day(h), 0);
    receive(DAY + 1, BOB, 5, PH_TRANSFER_DEPOSIT);
    ck_assert_uint_eq(ph_cash_history_first_day(h), DAY + 1);
    const uint32_t whose[] = {ALICE, BOB};
    for (int i = 0; i < 2; i++) {
        const ph_answer_statement *s = find(whose[i], DAY, 2);
        ck_assert(s->is_long_ago && s->first_kept == DAY + 1 && got.cnt == 0 && s->closing == 0);
        s = find(whose[i], DAY + 1, 1);
        ck_assert(!s->is_long_ago && s->closing == (i == 0 ? 9 : 5));
        ck_assert(s->opening == (i == 0 ? 9 : 0) && got.cnt == (uint32_t)i);
    }
}
END_TEST

/* Fewer rows than a day has: the day is not told, what comes later is. */
START_TEST(a_day_that_overwrites_itself_is_too_long_ago)
{
    begin(1);
    receive(DAY, ALICE, 10, PH_TRANSFER_DEPOSIT);
    pay(DAY, ALICE, 1, PH_TRANSFER_FEE);
    receive(DAY, ALICE, 20, PH_TRANSFER_DEPOSIT);
    ck_assert(find(ALICE, DAY, 1)->is_long_ago);
    ck_assert_int_eq(find(ALICE, DAY + 1, 1)->opening, 29);
    receive(DAY + 1, ALICE, 1, PH_TRANSFER_REFUND);
    ck_assert(find(ALICE, DAY + 1, 1)->closing == 30 && got.u.statement.opening == 29);
    is_sum(0, PH_TRANSFER_REFUND, 1, 1, 0);
}
END_TEST

/* Sums need not fit what a balance fits. */
START_TEST(a_day_turns_over_more_than_there_is)
{
    for (int i = 0; i < 3; i++) {
        receive(DAY, ALICE, INT64_MAX, PH_TRANSFER_DEPOSIT);
        move_at(DAY * UINT64_C(86400), cash(ALICE), (ph_account){PH_ACCOUNT_EXTERNAL, 0}, INT64_MAX,
                PH_TRANSFER_WITHDRAWAL);
    }
    receive(DAY, ALICE, 7, PH_TRANSFER_DEPOSIT);
    ck_assert(find(ALICE, DAY, 1)->closing == 7 && got.rows.sums[0].cnt == 4);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, sums_are_by_reason_and_add_up);
    tcase_add_test(t, days_without_movements_have_what_was_there);
    tcase_add_test(t, a_day_ends_at_midnight);
    tcase_add_test(t, one_pays_and_the_other_receives);
    tcase_add_test(t, an_overwritten_day_is_too_long_ago_for_all);
    tcase_add_test(t, a_day_that_overwrites_itself_is_too_long_ago);
    tcase_add_test(t, a_day_turns_over_more_than_there_is);
}

int main(void)
{
    return suite_run("cash_history", add);
}
