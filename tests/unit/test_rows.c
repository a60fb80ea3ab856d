/* SPDX-License-Identifier: Apache-2.0 */
/* Records made by hand, and the rows that they must become. */
#include "engine/settle/rows.h"

#include <string.h>

#include "engine/base/limits.h"
#include "engine/settle/store.h"
#include "tests/unit/suite.h"

enum { RECORDS_MAX = 8, EVENTS_MAX = 16 };

/* A batch that is written down record by record. */
typedef struct {
    ph_replay_batch batch;
    ph_replay_record records[RECORDS_MAX];
    ph_event events[RECORDS_MAX][EVENTS_MAX];
} script;

static script s;
static ph_rows rows;
static char why[256];

static ph_hash hash_of(uint8_t n)
{
    ph_hash h;
    memset(h.b, n, sizeof h.b);
    return h;
}

/* Begins a batch; its chain hash is `chain`, that of the batch before it one less. */
static void begin(uint64_t first_seq, uint8_t chain)
{
    memset(&s, 0, sizeof s);
    s.batch = (ph_replay_batch){.first_seq = first_seq,
                                .previous = hash_of((uint8_t)(chain - 1)),
                                .chain = hash_of(chain),
                                .records = s.records};
}

static ph_replay_record *record(ph_command_kind kind)
{
    uint32_t i = s.batch.record_cnt++;
    ck_assert_uint_lt(i, RECORDS_MAX);
    s.records[i] = (ph_replay_record){
        .command = {.seq = s.batch.first_seq + i, .at = {1000 + i}, .kind = kind, .sender = {7}},
        .events = s.events[i]};
    return &s.records[i];
}

static ph_event *event(ph_event_kind kind)
{
    ph_replay_record *r = &s.records[s.batch.record_cnt - 1];
    ph_event *e = &s.events[s.batch.record_cnt - 1][r->event_cnt++];
    ck_assert_uint_le(r->event_cnt, EVENTS_MAX);
    *e = (ph_event){.kind = kind};
    return e;
}

static void accepted(uint64_t order)
{
    record(PH_CMD_NEW_ORDER)->command.u.order.quantity = 5;
    event(PH_EVT_ACCEPTED)->u.accepted = (ph_accepted){.order = {order}, .place = order, .hold = 9};
}

static void cancelled(uint64_t order, uint64_t open)
{
    event(PH_EVT_CANCELLED)->u.cancelled =
        (ph_cancelled){.order = {order}, .reason = PH_CANCEL_REQUESTED, .unit_periods = open};
}

static void transfer(ph_account debit, ph_account credit, ph_money amount)
{
    event(PH_EVT_TRANSFER)->u.transfer = (ph_transfer){debit, credit, amount, PH_TRANSFER_NOTIONAL};
}

/* A trade of one segment, and the transfer of its notional from buyer 2. */
static void trade(uint64_t contract, uint64_t buy_order, uint64_t sell_order, uint64_t buy_leaves)
{
    event(PH_EVT_TRADE)->u.trade = (ph_trade){.trade = {contract},
                                              .contract = {contract},
                                              .buyer = {2},
                                              .supplier = {3},
                                              .buy_order = {buy_order},
                                              .sell_order = {sell_order},
                                              .buy_leaves = buy_leaves,
                                              .sell_leaves = 1,
                                              .notional = 50,
                                              .segment_cnt = 1};
    event(PH_EVT_SEGMENT)->u.segment = (ph_segment){{10, 1}, 5, 10};
    transfer((ph_account){PH_ACCOUNT_CASH, 2}, (ph_account){PH_ACCOUNT_ESCROW, contract}, 50);
}

static ph_status take(void)
{
    ph_rows_room needed = ph_rows_needed(&rows, &s.batch);
    ck_assert_int_eq(ph_store_reserve(&rows, &needed), PH_OK);
    why[0] = '\0';
    return ph_rows_take(&rows, &s.batch, why, sizeof why);
}

static void taken(void)
{
    ph_status status = take();
    ck_assert_msg(status == PH_OK, "%s", why);
}

static void refused(const char *law)
{
    ck_assert_int_eq(take(), PH_ECORRUPT);
    ck_assert_msg(strstr(why, law) != NULL, "\"%s\" does not say \"%s\"", why, law);
}

static const ph_row_account *account(ph_account_kind kind, uint64_t id)
{
    for (uint64_t i = 0; i < rows.cnt.accounts; i++) {
        const ph_row_account *a = &rows.accounts[i];
        if (a->account.kind == kind && a->account.id == id) return a;
    }
    ck_abort_msg("no account %d %llu", (int)kind, (unsigned long long)id);
    return NULL;
}

static void setup(void)
{
    rows = (ph_rows){0};
}

static void teardown(void)
{
    ph_store_release(&rows);
}

START_TEST(rejected_commands_and_ticks_leave_nothing)
{
    begin(1, 1);
    record(PH_CMD_NEW_ORDER);
    event(PH_EVT_REJECTED)->u.rejected.code = PH_REJECT_PRICE_TICK;
    record(PH_CMD_TICK);
    event(PH_EVT_GATE_CLOSED);
    event(PH_EVT_DONE)->u.done.command = PH_CMD_TICK;
    rows.last_day = 1; /* the day of the script: not told again */
    taken();
    /* A gate is told; nothing of the rejected order and of the tick is. */
    ph_rows_room one = {.events = 1};
    ck_assert_mem_eq(&rows.cnt, &one, sizeof one);
    ck_assert_uint_eq(rows.first_seq, 1);
    ck_assert_uint_eq(rows.last_seq, 2);
}
END_TEST

START_TEST(registration_opens_an_account)
{
    begin(1, 1);
    record(PH_CMD_OPEN_MARKET);
    event(PH_EVT_DONE)->u.done.command = PH_CMD_OPEN_MARKET;
    record(PH_CMD_REGISTER_PARTICIPANT)->command.u.participant.id.v = 2;
    event(PH_EVT_DONE)->u.done.command = PH_CMD_REGISTER_PARTICIPANT;
    record(PH_CMD_DEPOSIT)->command.u.payment.amount = 70;
    event(PH_EVT_DONE)->u.done.command = PH_CMD_DEPOSIT;
    transfer((ph_account){PH_ACCOUNT_EXTERNAL, 0}, (ph_account){PH_ACCOUNT_CASH, 2}, 70);
    taken();
    ck_assert_uint_eq(rows.cnt.registered, 3);
    ck_assert(account(PH_ACCOUNT_CASH, 1)->is_new);
    ck_assert(account(PH_ACCOUNT_CASH, 2)->is_new);
    ck_assert_int_eq(account(PH_ACCOUNT_CASH, 2)->amount, 70);
    ck_assert(!account(PH_ACCOUNT_EXTERNAL, 0)->is_new);
    ck_assert_int_eq(account(PH_ACCOUNT_EXTERNAL, 0)->amount, -70);
    ck_assert_uint_eq(account(PH_ACCOUNT_EXTERNAL, 0)->moves, 1);
}
END_TEST

START_TEST(order_that_ends_here_is_one_row)
{
    begin(11, 1);
    accepted(41);
    accepted(42);
    record(PH_CMD_CANCEL_ORDER);
    event(PH_EVT_DONE)->u.done.command = PH_CMD_CANCEL_ORDER;
    cancelled(41, 4);
    taken();
    ck_assert_uint_eq(rows.cnt.orders, 2);
    ck_assert_uint_eq(rows.cnt.ends, 0);
    ck_assert_int_eq(rows.orders[0].end.state, PH_ROW_ORDER_CANCELLED);
    ck_assert_uint_eq(rows.orders[0].end.cancelled, 4);
    ck_assert_uint_eq(rows.orders[0].end.seq, 13);
    ck_assert_uint_eq(rows.orders[0].participant.v, 7);
    ck_assert_int_eq(rows.orders[1].end.state, PH_ROW_ORDER_RESTING);
}
END_TEST

START_TEST(order_that_was_there_before_gets_an_end)
{
    begin(11, 1);
    record(PH_CMD_CANCEL_ORDER);
    event(PH_EVT_DONE)->u.done.command = PH_CMD_CANCEL_ORDER;
    cancelled(40, 3);
    accepted(41);
    trade(1, 41, 39, 0);
    taken();
    ck_assert_uint_eq(rows.cnt.ends, 1);
    ck_assert_uint_eq(rows.ends[0].order.v, 40);
    ck_assert_int_eq(rows.orders[0].end.state, PH_ROW_ORDER_FILLED);
}
END_TEST

START_TEST(trade_becomes_contract_segments_and_balances)
{
    begin(11, 1);
    accepted(41);
    trade(1, 41, 30, 2);
    trade(2, 41, 31, 0);
    taken();
    ck_assert_uint_eq(rows.cnt.contracts, 2);
    ck_assert_uint_eq(rows.cnt.segments, 2);
    ck_assert_uint_eq(rows.cnt.transfers, 2);
    ck_assert_uint_eq(rows.transfers[1].number, 2);
    ck_assert_uint_eq(rows.segments[1].contract.v, 2);
    ck_assert_uint_eq(rows.segments[1].number, 1);
    ck_assert(account(PH_ACCOUNT_ESCROW, 1)->is_new);
    ck_assert_int_eq(account(PH_ACCOUNT_ESCROW, 2)->amount, 50);
    ck_assert_int_eq(account(PH_ACCOUNT_BOND, 2)->amount, 0);
    ck_assert_int_eq(account(PH_ACCOUNT_CASH, 2)->amount, -100);
    ck_assert_uint_eq(account(PH_ACCOUNT_CASH, 2)->moves, 2);
    ck_assert(!account(PH_ACCOUNT_CASH, 2)->is_new);
}
END_TEST

START_TEST(batches_with_contracts_have_a_root)
{
    begin(11, 1);
    record(PH_CMD_NEW_ORDER);
    trade(7, 41, 30, 2);
    record(PH_CMD_TICK);
    trade(8, 41, 31, 2);
    taken();
    begin(13, 2);
    record(PH_CMD_TICK);
    taken();
    begin(14, 3);
    record(PH_CMD_TICK);
    trade(9, 41, 31, 2);
    taken();
    ck_assert_uint_eq(rows.cnt.roots, 2);
    ck_assert_uint_eq(rows.roots[0].first_seq, 11);
    ck_assert_uint_eq(rows.roots[0].first.v, 7);
    ck_assert_uint_eq(rows.roots[0].leaf_cnt, 2);
    ck_assert_uint_eq(rows.roots[1].first_seq, 14);
    ck_assert_uint_eq(rows.roots[1].first.v, 9);
    ck_assert_uint_eq(rows.roots[1].leaf_cnt, 1);
}
END_TEST

START_TEST(finals_know_their_transfers)
{
    begin(11, 1);
    record(PH_CMD_TICK);
    event(PH_EVT_DELIVERY_FINAL)->u.delivery_final.contract.v = 1;
    transfer((ph_account){PH_ACCOUNT_ESCROW, 1}, (ph_account){PH_ACCOUNT_CASH, 3}, 50);
    transfer((ph_account){PH_ACCOUNT_BOND, 1}, (ph_account){PH_ACCOUNT_CASH, 3}, 5);
    event(PH_EVT_DELIVERY_FINAL)->u.delivery_final.contract.v = 2;
    event(PH_EVT_DELIVERY_FINAL)->u.delivery_final.contract.v = 3;
    transfer((ph_account){PH_ACCOUNT_ESCROW, 3}, (ph_account){PH_ACCOUNT_CASH, 3}, 7);
    event(PH_EVT_DONE);
    transfer((ph_account){PH_ACCOUNT_CASH, 2}, (ph_account){PH_ACCOUNT_CASH, 3}, 1);
    taken();
    static const uint32_t first[] = {1, 3, 3}, cnt[] = {2, 0, 1}, number[] = {1, 4, 5};
    ck_assert_uint_eq(rows.cnt.events, 3);
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(rows.events[i].first_transfer, first[i]);
        ck_assert_uint_eq(rows.events[i].transfers, cnt[i]);
        ck_assert_uint_eq(rows.events[i].number, number[i]);
    }
}
END_TEST

START_TEST(new_terms_find_their_command)
{
    begin(11, 1);
    record(PH_CMD_MEASURE_SITE);
    event(PH_EVT_DONE);
    record(PH_CMD_SET_TERMS)->command.u.product.id.v = 4;
    event(PH_EVT_DONE);
    event(PH_EVT_TERMS_SET)->u.terms_set = (ph_terms_set){{4}, 2};
    taken();
    ck_assert_uint_eq(rows.cnt.events, 1);
    ck_assert_uint_eq(rows.registered[rows.events[0].registered].u.product.id.v, 4);
    begin(14, 2);
    s.batch.first_seq = 13;
    record(PH_CMD_TICK)->command.seq = 13;
    event(PH_EVT_TERMS_SET);
    refused("TERMS_SET without terms");
}
END_TEST

START_TEST(days_begin_once)
{
    enum { DAY = 86400 };
    static const uint64_t seconds[] = {DAY * 3 - 1, DAY * 3, DAY * 3 + 5, DAY * 5};
    begin(11, 1);
    for (int i = 0; i < 4; i++)
        record(PH_CMD_TICK)->command.at.ns = seconds[i] * PH_NS_PER_S;
    taken();
    ck_assert_uint_eq(rows.cnt.days, 3);
    static const uint64_t days[] = {2, 3, 5}, first[] = {11, 12, 14};
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(rows.days[i].day, days[i]);
        ck_assert_uint_eq(rows.days[i].first_seq, first[i]);
    }
    ph_rows_clear(&rows);
    begin(15, 2);
    record(PH_CMD_TICK)->command.at.ns = (DAY * 5 + 9) * PH_NS_PER_S;
    taken();
    ck_assert_uint_eq(rows.cnt.days, 0);
}
END_TEST

START_TEST(batches_add_up_and_clear_forgets)
{
    begin(1, 1);
    accepted(1);
    taken();
    begin(2, 2);
    record(PH_CMD_CANCEL_ORDER);
    cancelled(1, 5);
    taken();
    ck_assert_uint_eq(rows.cnt.orders, 1);
    ck_assert_int_eq(rows.orders[0].end.state, PH_ROW_ORDER_CANCELLED);
    ph_hash previous = hash_of(0), chain = hash_of(2);
    ck_assert_mem_eq(&rows.previous, &previous, sizeof previous);
    ck_assert_mem_eq(&rows.chain, &chain, sizeof chain);
    ck_assert_uint_eq(rows.last_seq, 2);
    ph_rows_clear(&rows);
    ck_assert_uint_eq(rows.last_seq, 0);
    begin(3, 3);
    record(PH_CMD_CANCEL_ORDER);
    cancelled(2, 5);
    taken();
    ck_assert_uint_eq(rows.first_seq, 3);
    ck_assert_uint_eq(rows.cnt.ends, 1);
}
END_TEST

START_TEST(accounts_are_found_again_however_many_there_are)
{
    enum { BATCHES = 400 };
    for (uint64_t i = 0; i < BATCHES; i++) {
        begin(1 + i, (uint8_t)(i + 1));
        record(PH_CMD_NEW_ORDER);
        trade(BATCHES - i, 1000, 2000, 1);
        taken();
    }
    ck_assert_uint_eq(rows.cnt.accounts, 2 * BATCHES + 1);
    ck_assert_int_eq(account(PH_ACCOUNT_CASH, 2)->amount, -50 * BATCHES);
    ph_rows_sort(&rows);
    for (uint64_t i = 1; i < rows.cnt.accounts; i++) {
        const ph_account *a = &rows.accounts[i - 1].account, *b = &rows.accounts[i].account;
        ck_assert(a->kind < b->kind || (a->kind == b->kind && a->id < b->id));
    }
}
END_TEST

START_TEST(batches_that_do_not_follow_are_refused)
{
    begin(5, 1);
    accepted(1);
    taken();
    begin(7, 2);
    accepted(2);
    refused("does not follow record 5");
    begin(6, 3);
    accepted(2);
    refused("does not follow record 5");
    begin(6, 2);
    refused("does not follow");
    begin(6, 2);
    accepted(2);
    s.records[0].command.seq = 8;
    refused("its number is not its place");
}
END_TEST

START_TEST(broken_laws_are_refused)
{
    begin(1, 1);
    record(PH_CMD_TICK);
    if (_i == 0) {
        event(PH_EVT_ACCEPTED);
        refused("ACCEPTED without an order");
    } else if (_i == 1) {
        accepted(1);
        accepted(3);
        refused("not consecutive");
    } else if (_i == 2) {
        accepted(1);
        cancelled(1, 1);
        cancelled(1, 1);
        refused("ends twice");
    } else if (_i == 3) {
        accepted(1);
        cancelled(2, 1);
        refused("ends before it was accepted");
    } else if (_i == 4) {
        event(PH_EVT_TRADE)->u.trade = (ph_trade){.contract = {1}, .segment_cnt = 2};
        event(PH_EVT_SEGMENT);
        refused("lacks segments");
    } else if (_i == 5) {
        event(PH_EVT_TRADE)->u.trade = (ph_trade){.contract = {1}, .segment_cnt = 1};
        event(PH_EVT_DONE);
        refused("lacks segments");
    } else if (_i == 6) {
        event(PH_EVT_TRADE)->u.trade = (ph_trade){.contract = {1}};
        refused("lacks segments");
    } else if (_i == 7) {
        trade(1, 1, 2, 1);
        trade(1, 1, 2, 1);
        refused("opened twice");
    } else if (_i == 8) {
        transfer((ph_account){PH_ACCOUNT_CASH, 1}, (ph_account){PH_ACCOUNT_CASH, 2}, 0);
        refused("not above zero");
    } else if (_i == 9) {
        transfer((ph_account){PH_ACCOUNT_CASH, 1}, (ph_account){PH_ACCOUNT_CASH, 2}, -5);
        refused("not above zero");
    } else {
        transfer((ph_account){PH_ACCOUNT_CASH, 1}, (ph_account){PH_ACCOUNT_CASH, 2}, INT64_MAX);
        transfer((ph_account){PH_ACCOUNT_CASH, 1}, (ph_account){PH_ACCOUNT_CASH, 2}, INT64_MAX);
        refused("more than 64 bits");
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, rejected_commands_and_ticks_leave_nothing);
    tcase_add_test(t, registration_opens_an_account);
    tcase_add_test(t, order_that_ends_here_is_one_row);
    tcase_add_test(t, order_that_was_there_before_gets_an_end);
    tcase_add_test(t, trade_becomes_contract_segments_and_balances);
    tcase_add_test(t, batches_with_contracts_have_a_root);
    tcase_add_test(t, finals_know_their_transfers);
    tcase_add_test(t, new_terms_find_their_command);
    tcase_add_test(t, days_begin_once);
    tcase_add_test(t, batches_add_up_and_clear_forgets);
    tcase_add_test(t, accounts_are_found_again_however_many_there_are);
    tcase_add_test(t, batches_that_do_not_follow_are_refused);
    tcase_add_loop_test(t, broken_laws_are_refused, 0, 11);
}

int main(void)
{
    return suite_run("rows", add);
}
