/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/answer.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

enum { ENDED_MAX = 100, ROWS_MAX = 100 };

static world w;
static ph_holdings holdings;
static ph_order_history *history;
static ph_contract_history *contracts;
static ph_cash_history *cash;
static void *room, *past[3];
static ph_question *question;
static ph_answer answer;

static void set_up(void)
{
    ph_market_limits limits = world_limits();
    w = world_of_four();
    size_t size = (ph_question_footprint(&limits) + 63) & ~(size_t)63;
    room = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(room);
    memset(room, 0, size);
    question = ph_question_init(room, &limits);
    history =
        ph_order_history_init(world_room(ph_order_history_footprint(&limits, ENDED_MAX), &past[0]),
                              &limits, ENDED_MAX, &(ph_order_history_key){{1, 2, 3, 4}});
    contracts = ph_contract_history_init(
        world_room(ph_contract_history_footprint(&limits, ENDED_MAX), &past[1]), &limits,
        ENDED_MAX);
    cash = ph_cash_history_init(world_room(ph_cash_history_footprint(&limits, ROWS_MAX), &past[2]),
                                &limits, ROWS_MAX);
}

static void tear_down(void)
{
    ph_holdings_release(&holdings);
    free(room);
    for (int i = 0; i < 3; i++)
        free(past[i]);
    world_free(&w);
}

/* Applies a command and lets holdings and histories see what it brought. */
static void apply(ph_command c)
{
    (void)world_apply(&w, c);
    c.seq = ph_market_seq(w.m);
    c.at = w.now;
    ph_replay_record record = {.command = c, .events = w.out.v, .event_cnt = w.out.cnt};
    ck_assert_int_eq(ph_holdings_take(&holdings, w.m, &record), PH_OK);
    ph_order_history_take(history, &record);
    ph_contract_history_take(contracts, w.m, &record);
    ph_cash_history_take(cash, &record);
}

static void order(uint32_t who, ph_side side, ph_window window, ph_quantity q, ph_price price)
{
    apply(world_order(&w, who, side, PH_SHAPE_EACH, window, q, price));
}

static void ask(ph_query q)
{
    ph_answerer a = {question, w.m, &holdings, history, contracts, cash};
    ph_answer_query(&a, &q, &answer);
    ck_assert_uint_eq(answer.seq, ph_market_seq(w.m));
    ck_assert_int_eq(answer.kind, q.kind);
}

START_TEST(orders_are_told_to_their_owner_alone)
{
    for (int i = 0; i < 600; i++)
        order(BUYER, PH_SIDE_BUY, (ph_window){0, 1}, 1, 1);
    ask((ph_query){.kind = PH_QUERY_ORDERS, .who = {BUYER}});
    ck_assert(answer.cnt == PH_QUERY_ORDERS_MAX && answer.more);
    ck_assert_uint_eq(answer.rows.orders[0].order.v, 1);
    uint64_t seen = 0, last = 0;
    do {
        ask((ph_query){.kind = PH_QUERY_ORDERS, .who = {BUYER}, .after = last});
        ck_assert_uint_gt(answer.rows.orders[0].order.v, last);
        last = answer.rows.orders[answer.cnt - 1].order.v;
        seen += answer.cnt;
    } while (answer.more);
    ck_assert_uint_eq(seen, 600);
    ask((ph_query){.kind = PH_QUERY_ORDERS, .who = {BUYER_2}});
    ck_assert_uint_eq(answer.cnt, 0);
    ask((ph_query){.kind = PH_QUERY_ORDERS, .who = {BUYER}, .order_id = {7}});
    ck_assert(answer.cnt == 1 && answer.rows.orders[0].order.v == 7);
    ask((ph_query){.kind = PH_QUERY_ORDERS, .who = {BUYER_2}, .order_id = {7}});
    ck_assert_uint_eq(answer.cnt, 0);
    ask((ph_query){.kind = PH_QUERY_WHY, .who = {BUYER_2}, .order_id = {7}});
    ck_assert(answer.u.why.is_unknown);
    /* A cancelled one is no more. */
    apply((ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {BUYER}});
    ask((ph_query){.kind = PH_QUERY_ORDERS, .who = {BUYER}});
    ck_assert_uint_eq(answer.cnt, 0);
    ask((ph_query){.kind = PH_QUERY_ORDERS, .who = {999}});
    ck_assert_uint_eq(answer.cnt, 0);
}
END_TEST

START_TEST(lists_forget_what_is_over)
{
    for (int i = 0; i < 20000; i++) {
        order(BUYER, PH_SIDE_BUY, (ph_window){0, 1}, 1, 1);
        apply((ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {BUYER}});
    }
    ck_assert_uint_le(ph_holdings_of(&holdings, (ph_participant_id){BUYER})->orders.max, 32);
}
END_TEST

START_TEST(positions_are_runs_of_equal_periods)
{
    order(SELLER, PH_SIDE_SELL, (ph_window){0, 6}, 5, 10);
    order(BUYER, PH_SIDE_BUY, (ph_window){0, 6}, 5, 10);
    order(BUYER_2, PH_SIDE_BUY, (ph_window){0, 1}, 1, 10);
    for (uint32_t who = SELLER; who <= BUYER_2; who++) {
        ask((ph_query){.kind = PH_QUERY_POSITIONS, .who = {who}});
        bool is_party = who == SELLER || who == BUYER;
        ck_assert_uint_eq(answer.cnt, is_party ? 1 : 0);
        if (!is_party) continue;
        const ph_answer_position *p = &answer.rows.positions[0];
        ck_assert(p->window.first == FIRST && p->window.periods == 6 && p->quantity == 5);
        ck_assert(p->buyer.v == BUYER && p->supplier.v == SELLER && p->state == 1);
    }
    /* A part of it is offered: three runs. */
    ph_command resale =
        world_order(&w, BUYER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){2, 2}, 3, 20);
    resale.u.order.from_contract.v = 1;
    apply(resale);
    ask((ph_query){.kind = PH_QUERY_POSITIONS, .who = {BUYER}});
    ck_assert_uint_eq(answer.cnt, 3);
    ck_assert(answer.rows.positions[1].offered == 3 &&
              answer.rows.positions[1].window.periods == 2);
    ask((ph_query){.kind = PH_QUERY_POSITIONS, .who = {BUYER}, .after = 1});
    ck_assert_uint_eq(answer.cnt, 0);
}
END_TEST

START_TEST(balances_add_up)
{
    order(SELLER, PH_SIDE_SELL, (ph_window){0, 2}, 5, 10);
    order(BUYER, PH_SIDE_BUY, (ph_window){0, 2}, 5, 10);
    order(BUYER, PH_SIDE_BUY, (ph_window){0, 1}, 2, 7);
    ask((ph_query){.kind = PH_QUERY_BALANCES, .who = {BUYER}});
    const ph_answer_balances *b = &answer.u.balances;
    ck_assert_int_eq(b->cash + b->escrow, 1000000000);
    ck_assert(b->escrow == 100 && b->held == 14 && b->orders == 1 && b->contracts == 1);
    ask((ph_query){.kind = PH_QUERY_BALANCES, .who = {SELLER}});
    ck_assert(b->escrow == 0 && b->held == 0 && b->orders == 0 && b->contracts == 1);
    ask((ph_query){.kind = PH_QUERY_BALANCES, .who = {0}});
    ck_assert(b->cash == 0 && b->orders == 0);
}
END_TEST

START_TEST(a_status_says_what_is_open_and_what_became_of_it)
{
    order(BUYER, PH_SIDE_BUY, (ph_window){0, 3}, 5, 10);
    order(SELLER, PH_SIDE_SELL, (ph_window){0, 1}, 2, 10);
    const ph_answer_status *s = &answer.u.status;
    ask((ph_query){.kind = PH_QUERY_STATUS, .who = {BUYER}, .order_id = {1}});
    ck_assert(s->outcome == PH_OUTCOME_RESTING && s->unit_periods == 15 && s->quantity == 5);
    ck_assert(s->executed == 2 && s->leaves == 13 && s->ended_seq == 0);
    /* A gate takes a period, and no event says how much of it was open. */
    w.now.ns += 2 * (uint64_t)HOUR * PH_NS_PER_S;
    apply((ph_command){.kind = PH_CMD_TICK});
    ask((ph_query){.kind = PH_QUERY_STATUS, .who = {BUYER}, .client_order_id = 1});
    ck_assert(s->outcome == PH_OUTCOME_RESTING && s->executed == 2 && s->leaves == 5);
    ask((ph_query){.kind = PH_QUERY_STATUS, .who = {SELLER}, .client_order_id = 1});
    ck_assert(s->outcome == PH_OUTCOME_FILLED && s->order.v == 2 && s->leaves == 0);
    ask((ph_query){.kind = PH_QUERY_STATUS, .who = {SELLER}, .order_id = {1}});
    ck_assert(s->outcome == PH_OUTCOME_UNKNOWN && s->order.v == 1 && s->client_order_id == 0);
    apply((ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {BUYER}});
    ask((ph_query){.kind = PH_QUERY_STATUS, .who = {BUYER}, .order_id = {1}});
    ck_assert(s->outcome == PH_OUTCOME_CANCELLED && s->reason == PH_CANCEL_REQUESTED);
    ck_assert(s->executed == 2 && s->leaves == 0 && s->ended_seq == answer.seq);
    ask((ph_query){.kind = PH_QUERY_STATUS, .who = {999}, .order_id = {1}});
    ck_assert(s->outcome == PH_OUTCOME_UNKNOWN && s->last_client_order_id == 0);
}
END_TEST

START_TEST(contracts_and_a_statement_say_the_same)
{
    order(SELLER, PH_SIDE_SELL, (ph_window){0, 2}, 5, 10);
    order(BUYER, PH_SIDE_BUY, (ph_window){0, 2}, 5, 10);
    ask((ph_query){.kind = PH_QUERY_CONTRACTS, .who = {BUYER}});
    ck_assert(answer.cnt == 1 && !answer.more && answer.u.contracts.last == 1);
    ck_assert(answer.rows.contracts[0].open == 10 && answer.rows.contracts[0].notional == 100);
    ask((ph_query){.kind = PH_QUERY_CONTRACTS, .who = {BUYER_2}});
    ck_assert(answer.cnt == 0 && !answer.more);
    /* The cash of the fixture's deposits is not in what the history saw. */
    ask((ph_query){.kind = PH_QUERY_STATEMENT, .who = {BUYER}, .days = UINT32_MAX});
    ck_assert(answer.u.statement.opening == 0 && answer.u.statement.closing == -100);
    ck_assert(answer.cnt == 1 && answer.rows.sums[0].reason == PH_TRANSFER_NOTIONAL);
    ck_assert(answer.rows.sums[0].paid == 100 && answer.rows.sums[0].cnt == 1);
    /* Nobody reports: it comes back, and nothing is open. */
    w.now.ns += 5 * (uint64_t)HOUR * PH_NS_PER_S;
    apply((ph_command){.kind = PH_CMD_TICK});
    ask((ph_query){.kind = PH_QUERY_CONTRACTS, .who = {BUYER}});
    const ph_answer_contract *c = &answer.rows.contracts[0];
    ck_assert(c->open == 0 && c->refunded == 100 && c->ended_seq == answer.seq);
    ask((ph_query){.kind = PH_QUERY_CONTRACTS, .who = {BUYER}, .open_only = true});
    ck_assert_uint_eq(answer.cnt, 0);
    ask((ph_query){.kind = PH_QUERY_STATEMENT, .who = {BUYER}, .days = UINT32_MAX});
    ck_assert(answer.cnt == 2 && answer.u.statement.closing == 0);
    ck_assert(answer.rows.sums[1].reason == PH_TRANSFER_REFUND);
    ck_assert_uint_eq(answer.rows.sums[1].received, 100);
}
END_TEST

START_TEST(the_questions_of_the_rulebook_are_answered)
{
    order(SELLER, PH_SIDE_SELL, (ph_window){0, 4}, 6, 5);
    ph_command c = world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 4}, 6, 4);
    ask((ph_query){.kind = PH_QUERY_WHY, .who = {BUYER}, .order = c.u.order});
    ck_assert(!answer.u.why.fills && answer.u.why.price == 5);
    c.u.order.price = 5;
    ask((ph_query){.kind = PH_QUERY_PREVIEW, .who = {BUYER}, .order = c.u.order});
    ck_assert(answer.u.preview.executed == 24 && answer.u.preview.notional == 120);
    ck_assert(answer.cnt == 4 && answer.rows.fills[3].units == 6);
    ck_assert_int_eq(answer.u.preview.average, 5);
    order(SELLER, PH_SIDE_SELL, (ph_window){0, 1}, 1, 8);
    c.u.order.shape = PH_SHAPE_EACH;
    c.u.order.quantity = 7;
    c.u.order.price = 8;
    ask((ph_query){.kind = PH_QUERY_PREVIEW, .who = {BUYER}, .order = c.u.order});
    ck_assert(answer.u.preview.executed == 25 && answer.u.preview.notional == 128);
    ck_assert_int_eq(answer.u.preview.average, 5); /* 5.12, rounded down */
    c.u.order.price = 1;
    ask((ph_query){.kind = PH_QUERY_PREVIEW, .who = {BUYER}, .order = c.u.order});
    ck_assert(answer.u.preview.executed == 0 && answer.u.preview.average == 0);
    c.u.order.shape = PH_SHAPE_BLOCK;
    c.u.order.quantity = 6;
    c.u.order.price = 5;
    ask((ph_query){.kind = PH_QUERY_PREVIEW, .who = {SELLER}, .order = c.u.order});
    ck_assert_int_eq(answer.u.preview.reject, PH_REJECT_ROLE_MISSING);
    ph_query depth = {.kind = PH_QUERY_DEPTH,
                      .who = {BUYER},
                      .product = {1},
                      .side = PH_SIDE_BUY,
                      .periods = 2,
                      .starts = {FIRST, 5}};
    ask(depth);
    ck_assert(answer.cnt == 5 && answer.rows.depth[2].units == 6 &&
              answer.rows.depth[3].units == 0);
    depth.who.v = SELLER;
    depth.without_own = true;
    ask(depth);
    ck_assert_uint_eq(answer.rows.depth[0].units, 0);
    depth.product.v = 9;
    ask(depth);
    ck_assert(answer.is_refused && answer.cnt == 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, orders_are_told_to_their_owner_alone);
    tcase_add_test(t, lists_forget_what_is_over);
    tcase_add_test(t, positions_are_runs_of_equal_periods);
    tcase_add_test(t, balances_add_up);
    tcase_add_test(t, a_status_says_what_is_open_and_what_became_of_it);
    tcase_add_test(t, contracts_and_a_statement_say_the_same);
    tcase_add_test(t, the_questions_of_the_rulebook_are_answered);
}

int main(void)
{
    return suite_run("answer", add);
}
