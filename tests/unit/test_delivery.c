/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery and settlement: every sentence of the rulebook's section 8 by example. */
#include "tests/unit/delivery_fixture.h"
#include "tests/unit/suite.h"

static deal d;

static void setup(void)
{
    deal_open(&d);
}

static void teardown(void)
{
    world_free(&d.w);
}

/* One contract of 3 units at 1,000,000 for one period, bond 100,000 per unit. */
static uint64_t one(uint32_t meter)
{
    ph_product_terms t = deal_terms(&d);
    t.bond_fixed = 100000;
    t.meter.v = meter;
    t.reference_price = 1000000;
    deal_list(&d, &t);
    return deal_sell(&d, d.buyer, 1, 3, 1000000);
}

START_TEST(example_6_settlement)
{
    uint64_t c = one(0);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, c), 3000000);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_BOND, c), 300000);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 10000));
    world_do(&d.w, deal_confirm(d.buyer, c, 0));
    deal_final(&d, PH_FINAL_CONFIRMED, 10000);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PAYMENT), 2777777);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_REFUND), 222223);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PENALTY), 22222);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BOND_RETURN), 277778);
    ck_assert_int_eq(deal_cash(&d, d.supplier), MUCH + 2777777 - 22222);
    ck_assert_int_eq(deal_cash(&d, d.buyer), MUCH - 2777777 + 22222);
    deal_refused(&d, deal_confirm(d.buyer, c, 0), PH_REJECT_DELIVERY_CLOSED);
}
END_TEST

START_TEST(a_report_is_taken_from_the_end_of_the_period_until_its_window_ends)
{
    uint64_t c = one(0);
    deal_clock(&d, 1, -1);
    const ph_rejected *r =
        deal_refused(&d, deal_report(d.supplier, c, 0, 1), PH_REJECT_DELIVERY_TIME);
    ck_assert_int_eq(r->arg0, (int64_t)(FIRST + 1) * HOUR * (int64_t)PH_NS_PER_S);
    deal_refused(&d, deal_report(d.buyer, c, 0, 1), PH_REJECT_NOT_PARTY);
    deal_refused(&d, deal_report(d.supplier, c, 1, 1), PH_REJECT_DELIVERY_CLOSED);
    deal_refused(&d, deal_report(d.supplier, c + 1, 0, 1), PH_REJECT_UNKNOWN_CONTRACT);
    deal_refused(&d, deal_report(d.supplier, 0, 0, 1), PH_REJECT_UNKNOWN_CONTRACT);
    deal_clock(&d, 1, 0);
    r = deal_refused(&d, deal_report(d.supplier, c, 0, 10801), PH_REJECT_DELIVERY_FIGURE);
    ck_assert_int_eq(r->arg1, 10800);
    deal_clock(&d, 1, REPORT_S - 1);
    world_do(&d.w, deal_report(d.supplier, c, 0, 10800));
    const ph_delivery_event *e = &world_event(&d.w, PH_EVT_DELIVERY, 0)->u.delivery;
    ck_assert_int_eq(e->step, PH_DELIVERY_REPORTED);
    ck_assert_uint_eq(e->figure, 10800);
    ck_assert_uint_eq(e->due.ns, d.w.now.ns + DISPUTE_S * PH_NS_PER_S);
    deal_clock(&d, 1, REPORT_S);
    deal_refused(&d, deal_report(d.supplier, c, 0, 10800), PH_REJECT_DELIVERY_TIME);
}
END_TEST

START_TEST(no_report_means_that_nothing_was_delivered)
{
    uint64_t c = one(0);
    deal_clock(&d, 1, 0);
    deal_tick(&d);
    ck_assert_uint_eq(ph_market_next_due(d.w.m).ns,
                      ((uint64_t)(FIRST + 1) * HOUR + REPORT_S) * PH_NS_PER_S);
    deal_clock(&d, 1, REPORT_S);
    /* What is due runs before the command is looked at. */
    deal_refused(&d, deal_report(d.supplier, c, 0, 10800), PH_REJECT_DELIVERY_CLOSED);
    deal_final(&d, PH_FINAL_NO_REPORT, 0);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_REFUND), 3000000);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PENALTY), 300000);
    ck_assert_uint_eq(ph_market_next_due(d.w.m).ns, UINT64_MAX);
}
END_TEST

START_TEST(a_newer_report_replaces_an_older_one_and_restarts_the_window)
{
    uint64_t c = one(0);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 5000));
    deal_clock(&d, 1, 30);
    world_do(&d.w, deal_report(d.supplier, c, 0, 6000));
    deal_clock(&d, 1, DISPUTE_S);
    deal_tick(&d);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 0);
    deal_clock(&d, 1, 30 + DISPUTE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_AGREED, 6000); /* silence means agreed */
}
END_TEST

START_TEST(the_buyers_dispute_goes_by_the_operators_figure)
{
    /* figure found -> who gets the deposit */
    static const struct {
        uint64_t figure;
        bool back;
    } rows[] = {{4000, true}, {5999, true}, {6000, false}};
    uint64_t c = one(0);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 6000));
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 6000), PH_REJECT_DELIVERY_FIGURE);
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 6001), PH_REJECT_DELIVERY_FIGURE);
    deal_refused(&d, deal_dispute(d.third, c, 0, 4000), PH_REJECT_NOT_PARTY);
    deal_refused(&d, deal_resolve(c, 0, 6000), PH_REJECT_DELIVERY_STATE);
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 4000));
    /* ceil((N + bond) * 2000 / 10800) */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DISPUTE_DEPOSIT), 611112);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_DEPOSIT, c), 611112);
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 3000), PH_REJECT_DELIVERY_STATE);
    deal_refused(&d, deal_report(d.supplier, c, 0, 4000), PH_REJECT_DELIVERY_STATE);
    deal_refused(&d, deal_resolve(c, 0, 3999), PH_REJECT_DELIVERY_FIGURE);
    deal_refused(&d, deal_resolve(c, 0, 6001), PH_REJECT_DELIVERY_FIGURE);
    ph_command by_buyer = deal_resolve(c, 0, 4000);
    by_buyer.sender.v = d.buyer;
    deal_refused(&d, by_buyer, PH_REJECT_ROLE_MISSING);
    world_do(&d.w, deal_resolve(c, 0, rows[_i].figure));
    deal_final(&d, PH_FINAL_RESOLVED, rows[_i].figure);
    ph_money pay = 3000000 * (ph_money)rows[_i].figure / 10800;
    ph_money penalty = 300000 * (10800 - (ph_money)rows[_i].figure) / 10800;
    ph_money deposit = rows[_i].back ? 0 : 611112;
    ck_assert_int_eq(deal_cash(&d, d.buyer), MUCH - pay + penalty - deposit);
    ck_assert_int_eq(deal_cash(&d, d.supplier), MUCH + pay - penalty + deposit);
}
END_TEST

START_TEST(the_deposit_is_at_least_the_products_and_must_be_there)
{
    ph_product_terms t = deal_terms(&d);
    t.dispute_deposit = 5000;
    deal_list(&d, &t);
    uint64_t c = deal_sell(&d, d.buyer, 1, 1, 10);
    ph_money spare = 4999;
    ph_command out = {.kind = PH_CMD_WITHDRAW,
                      .sender = {1},
                      .u.payment = {.participant = {d.buyer}, .reference = {"out"}}};
    out.u.payment.amount = deal_cash(&d, d.buyer) - spare;
    world_do(&d.w, out);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 3600));
    const ph_rejected *r =
        deal_refused(&d, deal_dispute(d.buyer, c, 0, 3599), PH_REJECT_CASH_FOR_DEPOSIT);
    ck_assert_int_eq(r->arg0, 5000);
    ck_assert_int_eq(r->arg1, 4999);
    ph_command in = {
        .kind = PH_CMD_DEPOSIT,
        .sender = {1},
        .u.payment = {.participant = {d.buyer}, .amount = 1, .reference = {"one more"}}};
    world_do(&d.w, in);
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 3599));
    ck_assert_int_eq(deal_cash(&d, d.buyer), 0);
}
END_TEST

START_TEST(a_dispute_that_nobody_resolves_ends_in_the_middle)
{
    uint64_t c = one(0);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 6000));
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 4003));
    ph_money deposit = deal_account(&d, PH_ACCOUNT_DEPOSIT, c);
    ck_assert_int_eq(deposit % 2, 1);
    deal_clock(&d, 1, RESOLVE_S - 1);
    deal_tick(&d);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 0);
    deal_clock(&d, 1, RESOLVE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_UNRESOLVED, 5001);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DEPOSIT_RETURN), deposit / 2 + 1);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DEPOSIT_FORFEIT), deposit / 2);
}
END_TEST

START_TEST(a_named_meters_report_stands_when_nobody_resolves)
{
    uint64_t c = one(d.meter);
    deal_clock(&d, 1, 0);
    deal_refused(&d, deal_report(d.supplier, c, 0, 6000), PH_REJECT_NOT_PARTY);
    world_do(&d.w, deal_report(d.meter, c, 0, 6000));
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 4000));
    ph_money deposit = deal_account(&d, PH_ACCOUNT_DEPOSIT, c);
    deal_clock(&d, 1, RESOLVE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_UNRESOLVED, 6000);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DEPOSIT_FORFEIT), deposit);
}
END_TEST

START_TEST(a_silent_meter_gives_the_supplier_a_second_window)
{
    uint64_t c = one(d.meter);
    deal_clock(&d, 1, REPORT_S);
    deal_tick(&d);
    const ph_delivery_event *e = &world_event(&d.w, PH_EVT_DELIVERY, 0)->u.delivery;
    ck_assert_int_eq(e->step, PH_DELIVERY_METER_SILENT);
    ck_assert_uint_eq(e->due.ns, d.w.now.ns + REPORT_S * PH_NS_PER_S);
    deal_refused(&d, deal_report(d.meter, c, 0, 6000), PH_REJECT_NOT_PARTY);
    if (_i == 0) {
        deal_clock(&d, 1, 2 * REPORT_S);
        deal_tick(&d);
        deal_final(&d, PH_FINAL_NO_REPORT, 0);
        return;
    }
    deal_clock(&d, 1, 2 * REPORT_S - 1);
    world_do(&d.w, deal_report(d.supplier, c, 0, 6000));
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 4000));
    deal_clock(&d, 1, 2 * REPORT_S - 1 + RESOLVE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_UNRESOLVED, 5000); /* it was no METER's report */
}
END_TEST

START_TEST(a_meter_that_is_party_counts_as_none)
{
    uint64_t c = one(d.buyer);
    deal_clock(&d, 1, 0);
    deal_refused(&d, deal_report(d.buyer, c, 0, 0), PH_REJECT_NOT_PARTY);
    world_do(&d.w, deal_report(d.supplier, c, 0, 10800));
}
END_TEST

START_TEST(confirming_ends_the_buyers_own_dispute_against_it)
{
    uint64_t c = one(0);
    deal_clock(&d, 1, 0);
    deal_refused(&d, deal_confirm(d.buyer, c, 0), PH_REJECT_DELIVERY_STATE);
    world_do(&d.w, deal_report(d.supplier, c, 0, 6000));
    deal_refused(&d, deal_confirm(d.supplier, c, 0), PH_REJECT_NOT_PARTY);
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 4000));
    world_do(&d.w, deal_confirm(d.buyer, c, 0));
    deal_final(&d, PH_FINAL_CONFIRMED, 6000);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DEPOSIT_FORFEIT), 611112);
}
END_TEST

START_TEST(nobody_confirms_or_disputes_after_the_dispute_window)
{
    uint64_t c = one(0);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 6000));
    deal_clock(&d, 1, DISPUTE_S - 1);
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 4000));
    deal_clock(&d, 1, DISPUTE_S);
    deal_refused(&d, deal_confirm(d.buyer, c, 0), PH_REJECT_DELIVERY_TIME);
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 3000), PH_REJECT_DELIVERY_TIME);
    deal_clock(&d, 1, DISPUTE_S - 1 + RESOLVE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_UNRESOLVED, 5000);
}
END_TEST

START_TEST(fees_are_earned_as_periods_become_final)
{
    ph_product_terms t = deal_terms(&d);
    t.maker_ppm = 10000; /* the supplier */
    t.taker_ppm = 30000; /* the buyer */
    t.fee_at_trade_ppm = 250000;
    deal_list(&d, &t);
    uint64_t c = deal_sell(&d, d.buyer, 3, 1, 1000);
    /* The buyer owes 90: 22 at once, 68 in escrow; the supplier owes 30. */
    ck_assert_int_eq(deal_fees(&d), 22);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, c), 3068);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 3600));
    world_do(&d.w, deal_confirm(d.buyer, c, 0));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_SUPPLIER_FEE), 10);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 22); /* 68 * 1000 / 3000 */
    deal_clock(&d, 2, 0);
    world_do(&d.w, deal_report(d.supplier, c, 1, 1800));
    world_do(&d.w, deal_confirm(d.buyer, c, 1));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PAYMENT), 495);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_SUPPLIER_FEE), 5);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 12); /* 34 - 22 */
    deal_clock(&d, 3, 0);
    world_do(&d.w, deal_report(d.supplier, c, 2, 3600));
    world_do(&d.w, deal_confirm(d.buyer, c, 2));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 22); /* 68 * 2500 / 3000 = 56 */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_FEE_REFUND), 12);
    ck_assert_int_eq(deal_fees(&d), 22 + 56 + 25);
}
END_TEST

START_TEST(the_bond_first_gives_back_the_fee_paid_for_what_never_came)
{
    ph_product_terms t = deal_terms(&d);
    t.taker_ppm = 100000;
    t.fee_at_trade_ppm = 1000000;
    t.bond_fixed = _i == 0 ? 500 : 30;
    deal_list(&d, &t);
    uint64_t c = deal_sell(&d, d.buyer, 2, 1, 1000); /* 200 paid at the trade */
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 900));
    world_do(&d.w, deal_confirm(d.buyer, c, 0));
    /* 200 * 1000 * 2700 / (3600 * 2000) = 75; then three quarters of what is left */
    ph_money back = _i == 0 ? 75 : 30, penalty = _i == 0 ? 318 : 0;
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_FEE_COMPENSATION), back);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PENALTY), penalty);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BOND_RETURN), t.bond_fixed - back - penalty);
}
END_TEST

START_TEST(access_is_handed_over_by_the_supplier_until_the_last_period_ends)
{
    ph_product_terms t = deal_terms(&d);
    deal_list(&d, &t);
    uint64_t c = deal_sell(&d, d.buyer, 2, 1, 1000);
    ph_command hand = {.kind = PH_CMD_HAND_OVER_ACCESS,
                       .sender = {d.buyer},
                       .u.access = {.contract = {c}, .size = 3, .sealed = {1, 2, 3}}};
    deal_refused(&d, hand, PH_REJECT_NOT_PARTY);
    hand.sender.v = d.supplier;
    world_do(&d.w, hand);
    ck_assert_uint_eq(d.w.out.cnt, 1);
    deal_clock(&d, 2, -1);
    world_do(&d.w, hand);
    deal_clock(&d, 2, 0);
    deal_refused(&d, hand, PH_REJECT_DELIVERY_TIME);
    hand.u.access.contract.v = c + 1;
    deal_refused(&d, hand, PH_REJECT_UNKNOWN_CONTRACT);
}
END_TEST

START_TEST(a_party_that_is_suspended_goes_on_with_its_contracts)
{
    uint64_t c = one(0);
    uint32_t who[] = {d.supplier, d.buyer};
    for (int i = 0; i < 2; i++)
        world_do(&d.w, (ph_command){.kind = PH_CMD_SET_PARTICIPANT_STATE,
                                    .sender = {1},
                                    .u.participant_state = {{who[i]}, PH_PARTICIPANT_SUSPENDED}});
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 10800));
    world_do(&d.w, deal_confirm(d.buyer, c, 0));
    deal_final(&d, PH_FINAL_CONFIRMED, 10800);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, example_6_settlement);
    tcase_add_test(t, a_report_is_taken_from_the_end_of_the_period_until_its_window_ends);
    tcase_add_test(t, no_report_means_that_nothing_was_delivered);
    tcase_add_test(t, a_newer_report_replaces_an_older_one_and_restarts_the_window);
    tcase_add_loop_test(t, the_buyers_dispute_goes_by_the_operators_figure, 0, 3);
    tcase_add_test(t, the_deposit_is_at_least_the_products_and_must_be_there);
    tcase_add_test(t, a_dispute_that_nobody_resolves_ends_in_the_middle);
    tcase_add_test(t, a_named_meters_report_stands_when_nobody_resolves);
    tcase_add_loop_test(t, a_silent_meter_gives_the_supplier_a_second_window, 0, 2);
    tcase_add_test(t, a_meter_that_is_party_counts_as_none);
    tcase_add_test(t, confirming_ends_the_buyers_own_dispute_against_it);
    tcase_add_test(t, nobody_confirms_or_disputes_after_the_dispute_window);
    tcase_add_test(t, fees_are_earned_as_periods_become_final);
    tcase_add_loop_test(t, the_bond_first_gives_back_the_fee_paid_for_what_never_came, 0, 2);
    tcase_add_test(t, access_is_handed_over_by_the_supplier_until_the_last_period_ends);
    tcase_add_test(t, a_party_that_is_suspended_goes_on_with_its_contracts);
}

int main(void)
{
    return suite_run("delivery", add);
}
