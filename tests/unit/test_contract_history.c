/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/contract_history.h"

#include "tests/unit/delivery_fixture.h"
#include "tests/unit/suite.h"

enum { LOOKS = 1 << 14 };

static deal d;
static void *block;
static ph_contract_history *h;
static ph_answer got;

static void begin(uint32_t ended_max, const ph_market_limits *limits)
{
    size_t size = (ph_contract_history_footprint(limits, ended_max) + 63) & ~(size_t)63;
    free(block);
    block = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(block);
    memset(block, 0, size);
    h = ph_contract_history_init(block, limits, ended_max);
}

static void begin_small(uint32_t ended_max)
{
    ph_market_limits limits = world_limits();
    begin(ended_max, &limits);
}

static void set_up(void)
{
    deal_open(&d);
    ph_product_terms t = deal_terms(&d);
    t.bond_ppm = 100000;
    t.maker_ppm = t.taker_ppm = 10000;
    t.fee_at_trade_ppm = 500000;
    deal_list(&d, &t);
    t.id.v = 2;
    (void)snprintf(t.symbol.s, sizeof t.symbol.s, "AI.TEST-2");
    deal_list(&d, &t);
    begin_small(100);
}

static void tear_down(void)
{
    free(block);
    block = NULL;
    world_free(&d.w);
}

/* The last command: what comes before it concludes and ends nothing. */
static void take(void)
{
    ph_replay_record r = {.events = d.w.out.v, .event_cnt = d.w.out.cnt};
    r.command.seq = ph_market_seq(d.w.m);
    r.command.at = d.w.now;
    ph_contract_history_take(h, d.w.m, &r);
}

static uint64_t sell(uint32_t buyer, uint32_t periods, ph_quantity units, ph_price price)
{
    uint64_t contract = deal_sell(&d, buyer, periods, units, price);
    take();
    return contract;
}

static void act(ph_command c)
{
    world_do(&d.w, c);
    take();
}

static const ph_answer *find(ph_query q)
{
    memset(&got, 0, sizeof got);
    q.kind = PH_QUERY_CONTRACTS;
    ph_contract_history_find(h, &q, &got);
    return &got;
}

/* The only row that the participant has behind a number. */
static const ph_answer_contract *only(uint32_t who, uint64_t after)
{
    find((ph_query){.who = {who}, .after = after});
    ck_assert_uint_eq(got.cnt, 1);
    ck_assert(!got.more && got.u.contracts.last == got.rows.contracts[0].contract.v);
    return &got.rows.contracts[0];
}

START_TEST(a_contract_is_told_as_it_was_concluded)
{
    uint64_t contract = sell(d.buyer, 3, 4, 1000);
    const uint32_t whose[] = {d.buyer, d.supplier};
    for (int i = 0; i < 2; i++) {
        const ph_answer_contract *c = only(whose[i], 0);
        ck_assert(c->contract.v == contract && c->from_contract.v == 0 && c->product.v == 1);
        ck_assert(c->terms_version == 1 && c->buyer.v == d.buyer && c->supplier.v == d.supplier);
        ck_assert_uint_eq(c->seller.v, d.supplier);
        ck_assert_uint_eq(c->parts, i == 0 ? PH_PARTY_BUYER : PH_PARTY_SUPPLIER | PH_PARTY_SELLER);
        ck_assert(c->window.first == FIRST && c->window.periods == 3 && c->notional == 12000);
        ck_assert(c->unit_periods == 12 && c->open == 12 && c->resold == 0 && c->delivered == 0);
        ck_assert(c->concluded_seq == ph_market_seq(d.w.m) && c->concluded_at.ns == d.w.now.ns);
        ck_assert(c->ended_seq == 0 && c->ended_at.ns == 0 && c->paid == 0);
    }
    const uint32_t others[] = {0, 1, d.second, 999, UINT32_MAX};
    for (int i = 0; i < 5; i++)
        ck_assert(find((ph_query){.who = {others[i]}})->cnt == 0 && !got.more);
}
END_TEST

START_TEST(what_is_final_says_what_was_paid)
{
    uint64_t contract = sell(d.buyer, 2, 4, 1000);
    /* The first period: three quarters. */
    deal_clock(&d, 1, 1);
    act(deal_report(d.supplier, contract, 0, 3 * HOUR));
    ck_assert_uint_eq(only(d.buyer, 0)->open, 8);
    act(deal_confirm(d.buyer, contract, 0));
    const ph_answer_contract *c = only(d.buyer, 0);
    ck_assert(c->open == 4 && c->delivered == 3 * HOUR && c->ended_seq == 0);
    ck_assert_int_eq(c->paid + c->supplier_fee, 3000);
    ck_assert(c->supplier_fee == 30 && c->refunded == 1000);
    /* Of the bond of 400: the fee of what never came, then a quarter of the rest. */
    ck_assert(c->compensation > 0 &&
              c->compensation == deal_moved(&d, PH_TRANSFER_FEE_COMPENSATION));
    ck_assert(c->penalty > 0 && c->penalty == deal_moved(&d, PH_TRANSFER_PENALTY));
    /* The second: all, and it has ended. */
    ph_money penalty = c->penalty;
    deal_clock(&d, 2, 1);
    act(deal_report(d.supplier, contract, 1, 4 * HOUR));
    act(deal_confirm(d.buyer, contract, 1));
    c = only(d.supplier, 0);
    ck_assert(c->open == 0 && c->delivered == 7 * HOUR && c->penalty == penalty);
    ck_assert(c->paid + c->supplier_fee == 7000 && c->refunded == 1000);
    ck_assert(c->ended_seq == ph_market_seq(d.w.m) && c->ended_at.ns == d.w.now.ns);
    ck_assert_uint_eq(ph_contract_history_ended(h), 1);
    ck_assert_uint_eq(find((ph_query){.who = {d.buyer}, .open_only = true})->cnt, 0);
    ck_assert(!got.more && got.u.contracts.last == contract && got.u.contracts.dropped == 0);
}
END_TEST

START_TEST(a_resale_moves_units_into_a_later_contract)
{
    uint64_t first = sell(d.buyer, 1, 4, 1000);
    uint64_t part = deal_resell(&d, first, d.buyer, d.second, 3, 1100);
    take();
    const ph_answer *a = find((ph_query){.who = {d.buyer}});
    ck_assert_uint_eq(a->cnt, 2);
    const ph_answer_contract *c = &a->rows.contracts[0];
    ck_assert(c->contract.v == first && c->open == 1 && c->resold == 3 && c->ended_seq == 0);
    c = &a->rows.contracts[1];
    ck_assert(c->contract.v == part && c->from_contract.v == first && c->notional == 3300);
    ck_assert(c->parts == PH_PARTY_SELLER && c->buyer.v == d.second && c->seller.v == d.buyer);
    ck_assert(c->supplier.v == d.supplier && c->open == 3 && c->unit_periods == 3);
    ck_assert_uint_eq(only(d.second, 0)->parts, PH_PARTY_BUYER);
    ck_assert_uint_eq(only(d.supplier, first)->parts, PH_PARTY_SUPPLIER);
    /* The rest: nothing is left of the first, so it has ended. */
    deal_resell(&d, first, d.buyer, d.third, 1, 900);
    take();
    c = &find((ph_query){.who = {d.buyer}})->rows.contracts[0];
    ck_assert(c->open == 0 && c->resold == 4 && c->ended_seq == ph_market_seq(d.w.m));
    ck_assert(c->paid == 0 && ph_contract_history_ended(h) == 1);
    /* What was sold on is paid in the contract that holds it. */
    deal_clock(&d, 1, 1);
    act(deal_report(d.supplier, part, 0, 3 * HOUR));
    act(deal_confirm(d.second, part, 0));
    c = only(d.second, 0);
    ck_assert(c->paid + c->supplier_fee == 3000 && c->ended_seq == ph_market_seq(d.w.m));
    ck_assert_int_eq(find((ph_query){.who = {d.buyer}})->rows.contracts[0].paid, 0);
}
END_TEST

/* All parts of one participant are one row of its list. */
START_TEST(who_buys_back_what_it_supplies_has_one_row)
{
    uint64_t first = sell(d.buyer, 1, 4, 1000);
    uint64_t back = deal_resell(&d, first, d.buyer, d.supplier, 4, 1000);
    take();
    const ph_answer_contract *c = only(d.supplier, first);
    ck_assert_uint_eq(c->contract.v, back);
    ck_assert_uint_eq(c->parts, PH_PARTY_BUYER | PH_PARTY_SUPPLIER);
    ck_assert_uint_eq(find((ph_query){.who = {d.supplier}})->cnt, 2);
}
END_TEST

START_TEST(the_oldest_that_ended_is_dropped_and_told)
{
    begin_small(1);
    uint64_t v[3];
    for (int i = 0; i < 3; i++)
        v[i] = sell(i == 1 ? d.second : d.buyer, 1, 1, 1000);
    deal_clock(&d, 1, 1);
    for (int i = 0; i < 3; i++)
        act(deal_report(d.supplier, v[i], 0, HOUR));
    act(deal_confirm(d.buyer, v[2], 0)); /* the last one ends first */
    find((ph_query){.who = {d.buyer}});
    ck_assert(got.cnt == 2 && got.u.contracts.dropped == 0 && got.u.contracts.last_dropped == 0);
    act(deal_confirm(d.buyer, v[0], 0));
    ck_assert_uint_eq(only(d.buyer, 0)->contract.v, v[0]);
    ck_assert(got.u.contracts.dropped == 1 && got.u.contracts.last_dropped == v[2]);
    find((ph_query){.who = {d.supplier}});
    ck_assert(got.cnt == 2 && got.u.contracts.dropped == 1);
    ck_assert_uint_eq(only(d.second, 0)->contract.v, v[1]);
    ck_assert(got.u.contracts.dropped == 0 && got.u.contracts.last_dropped == 0);
    act(deal_confirm(d.second, v[1], 0));
    find((ph_query){.who = {d.buyer}});
    ck_assert(got.cnt == 0 && got.u.contracts.dropped == 2 && got.u.contracts.last_dropped == v[2]);
    /* What is new takes its slot. */
    ph_window later = {3, 1};
    act(world_order(&d.w, d.supplier, PH_SIDE_SELL, PH_SHAPE_EACH, later, 2, 1000));
    act(world_order(&d.w, d.third, PH_SIDE_BUY, PH_SHAPE_EACH, later, 2, 1000));
    ck_assert_uint_eq(only(d.third, 0)->contract.v, deal_last(&d));
    ck_assert_int_eq(got.rows.contracts[0].paid, 0);
}
END_TEST

/* What ends and is dropped at once was still paid by the events behind its end. */
START_TEST(nothing_that_ended_is_kept)
{
    begin_small(0);
    uint64_t contract = sell(d.buyer, 1, 1, 1000);
    deal_clock(&d, 1, 1);
    act(deal_report(d.supplier, contract, 0, HOUR));
    act(deal_confirm(d.buyer, contract, 0));
    ck_assert_uint_eq(ph_contract_history_ended(h), 0);
    find((ph_query){.who = {d.buyer}});
    ck_assert(got.cnt == 0 && !got.more && got.u.contracts.last_dropped == contract);
}
END_TEST

/* Contracts that the market may have, without looking at every law after every command. */
static void conclude_many(uint32_t cnt)
{
    ph_market_limits limits = world_limits();
    limits.deliveries_max = limits.lots_max = 1 << 15;
    world_free(&d.w);
    d.w = world_new(&limits);
    d.w.check_laws = false;
    d.supplier = world_participant(&d.w, PH_ROLE_SUPPLIER, MUCH);
    d.buyer = world_participant(&d.w, PH_ROLE_BUYER, MUCH);
    d.second = world_participant(&d.w, PH_ROLE_BUYER, MUCH);
    d.site = world_site(&d.w, d.supplier);
    world_capacity(&d.w, d.supplier, d.site, 1, 100000);
    ph_product_terms t = world_terms(&d.w, d.site);
    deal_list(&d, &t);
    begin(0, &limits);
    sell(d.second, 1, 1, 10);
    for (uint32_t i = 0; i < cnt; i++)
        sell(d.buyer, 1, 1, 10);
    sell(d.second, 1, 1, 10);
}

START_TEST(pages_go_on_where_they_ended)
{
    conclude_many(600);
    const uint32_t counts[] = {256, 256, 88};
    uint64_t after = 0;
    for (int i = 0; i < 3; i++) {
        find((ph_query){.who = {d.buyer}, .after = after});
        ck_assert_uint_eq(got.cnt, counts[i]);
        ck_assert_int_eq(got.more, i < 2);
        ck_assert_uint_eq(got.rows.contracts[0].contract.v, (after == 0 ? 1 : after) + 1);
        after = got.u.contracts.last;
    }
    ck_assert_uint_eq(after, 601);
    /* Numbers that are not own, and that are not there. */
    find((ph_query){.who = {d.second}, .after = 1});
    ck_assert(got.cnt == 1 && got.rows.contracts[0].contract.v == 602);
    find((ph_query){.who = {d.second}, .after = 300});
    ck_assert(got.cnt == 1 && got.rows.contracts[0].contract.v == 602 && !got.more);
    const uint64_t past[] = {602, 603, 1 << 16, UINT32_MAX, UINT64_MAX};
    for (int i = 0; i < 5; i++) {
        find((ph_query){.who = {d.second}, .after = past[i]});
        ck_assert(got.cnt == 0 && !got.more);
    }
    ck_assert_uint_eq(find((ph_query){.who = {d.buyer}, .product = {1}})->cnt, 256);
}
END_TEST

/* A question looks at so many, and no more; it is told where to go on. */
START_TEST(looking_has_an_end)
{
    conclude_many(LOOKS + 600);
    find((ph_query){.who = {d.buyer}, .product = {2}});
    ck_assert(got.cnt == 0 && got.more && got.u.contracts.last == LOOKS + 1);
    find((ph_query){.who = {d.buyer}, .product = {2}, .after = got.u.contracts.last});
    ck_assert(got.cnt == 0 && !got.more && got.u.contracts.last == LOOKS + 601);
    /* From a number that is not its own on. */
    find((ph_query){.who = {d.second}, .after = 2});
    ck_assert(got.cnt == 0 && got.more && got.u.contracts.last == LOOKS + 2);
    find((ph_query){.who = {d.second}, .after = got.u.contracts.last});
    ck_assert(got.cnt == 1 && !got.more && got.rows.contracts[0].contract.v == LOOKS + 602);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_contract_is_told_as_it_was_concluded);
    tcase_add_test(t, what_is_final_says_what_was_paid);
    tcase_add_test(t, a_resale_moves_units_into_a_later_contract);
    tcase_add_test(t, who_buys_back_what_it_supplies_has_one_row);
    tcase_add_test(t, the_oldest_that_ended_is_dropped_and_told);
    tcase_add_test(t, nothing_that_ended_is_kept);
    tcase_add_test(t, pages_go_on_where_they_ended);
    tcase_add_test(t, looking_has_an_end);
}

int main(void)
{
    return suite_run("contract_history", add);
}
