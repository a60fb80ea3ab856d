/* SPDX-License-Identifier: Apache-2.0 */
/* Resale: every sentence of the rulebook's section 9 by example. */
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

static void plain(void)
{
    ph_product_terms t = deal_terms(&d);
    deal_list(&d, &t);
}

/* A contract with units at 10 and at 13 in period 0, and one at 10 in period 1: a resting block of
   the buyer, to which another supplier sells one unit of period 1 first (see example 4). */
static uint64_t two_prices(void)
{
    uint64_t contract = 0;
    ph_window three = {0, 3}, middle = {1, 1};
    world_do(&d.w, world_order(&d.w, d.buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, three, 2, 10));
    world_do(&d.w, world_order(&d.w, d.other, PH_SIDE_SELL, PH_SHAPE_EACH, middle, 1, 4));
    world_do(&d.w, world_order(&d.w, d.supplier, PH_SIDE_SELL, PH_SHAPE_EACH, three, 2, 6));
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_TRADE), 2);
    for (uint32_t i = 0; i < 2; i++) {
        const ph_trade *t = &world_event(&d.w, PH_EVT_TRADE, i)->u.trade;
        if (t->supplier.v == d.supplier) contract = t->contract.v;
    }
    world_do(&d.w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {d.supplier}});
    return contract;
}

START_TEST(example_7_resale_above_cost)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 1);
    uint64_t c = deal_resell(&d, first, d.buyer, d.second, 1, 100);
    const ph_trade *t = &world_event(&d.w, PH_EVT_TRADE, 0)->u.trade;
    ck_assert_uint_eq(t->from_contract.v, first);
    ck_assert_uint_eq(t->seller.v, d.buyer);
    ck_assert_uint_eq(t->supplier.v, d.supplier);
    ck_assert_int_eq(t->premium, 99);
    ck_assert_int_eq(t->supplier_notional, 1);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_RESALE), 1);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, c), 99);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, c), 1);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, first), 0);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 1800));
    deal_clock(&d, 1, DISPUTE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_AGREED, 1800);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PREMIUM_PAYMENT), 49);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PREMIUM_REFUND), 50);
    ck_assert_int_eq(deal_cash(&d, d.buyer), MUCH - 1 + 1 + 49);
    ck_assert_int_eq(deal_cash(&d, d.second), MUCH - 1 - 99 + 50 + 1);
    ck_assert_int_eq(deal_cash(&d, d.supplier), MUCH);
}
END_TEST

START_TEST(a_resale_below_cost_pays_the_resale_price_at_once)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 1, 2, 100);
    uint64_t c = deal_resell(&d, first, d.buyer, d.second, 1, 60);
    ck_assert_int_eq(deal_cash(&d, d.buyer), MUCH - 200 + 60);
    ck_assert_int_eq(deal_cash(&d, d.second), MUCH - 60);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, c), 0);
    /* Price and escrow of the supplier stay; refunds go to the new buyer. */
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, c), 100);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, first), 100);
    deal_clock(&d, 1, REPORT_S);
    deal_tick(&d);
    ck_assert_int_eq(deal_cash(&d, d.second), MUCH - 60 + 100);
    ck_assert_int_eq(deal_cash(&d, d.buyer), MUCH - 200 + 60 + 100);
}
END_TEST

START_TEST(the_bond_stays_the_suppliers_and_penalties_go_to_the_new_buyer)
{
    ph_product_terms t = deal_terms(&d);
    t.bond_fixed = 50;
    deal_list(&d, &t);
    uint64_t first = deal_sell(&d, d.buyer, 1, 3, 100);
    uint64_t c = deal_resell(&d, first, d.buyer, d.second, 2, 100);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_BOND, first), 50);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_BOND, c), 100);
    deal_clock(&d, 1, REPORT_S);
    deal_tick(&d);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PENALTY), 150);
    ck_assert_int_eq(deal_cash(&d, d.second), MUCH + 100);
    ck_assert_int_eq(deal_cash(&d, d.buyer), MUCH + 50);
}
END_TEST

START_TEST(only_what_is_held_and_not_offered_can_be_offered)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 2, 3, 10);
    const ph_window both = {0, 2}, later = {1, 2};
    deal_refused(&d, deal_offer(&d, d.buyer, 99, both, 1, 20), PH_REJECT_UNKNOWN_CONTRACT);
    deal_refused(&d, deal_offer(&d, d.buyer, first + (UINT64_C(1) << 32), both, 1, 20),
                 PH_REJECT_UNKNOWN_CONTRACT);
    deal_refused(&d, deal_offer(&d, d.second, first, both, 1, 20), PH_REJECT_NOT_PARTY);
    deal_refused(&d, deal_offer(&d, d.other, first, both, 1, 20), PH_REJECT_ROLE_MISSING);
    const ph_rejected *r =
        deal_refused(&d, deal_offer(&d, d.buyer, first, later, 1, 20), PH_REJECT_NOT_HELD);
    ck_assert_int_eq(r->arg0, FIRST + 2);
    world_do(&d.w, deal_offer(&d, d.buyer, first, both, 2, 20));
    uint64_t order = world_event(&d.w, PH_EVT_ACCEPTED, 0)->u.accepted.order.v;
    ck_assert_int_eq(ph_market_held(d.w.m, (ph_participant_id){d.buyer}), 0); /* no bond */
    r = deal_refused(&d, deal_offer(&d, d.buyer, first, both, 2, 20), PH_REJECT_NOT_HELD);
    ck_assert_int_eq(r->arg1, 1);
    world_do(&d.w, (ph_command){.kind = PH_CMD_CANCEL_ORDER,
                                .sender = {d.buyer},
                                .u.cancel = {.order = {order}}});
    world_do(&d.w, deal_offer(&d, d.buyer, first, both, 3, 20));
    /* The gate of the first period takes its offer, and the second is still there. */
    deal_clock(&d, 0, 0);
    deal_tick(&d);
    deal_refused(&d, deal_offer(&d, d.buyer, first, (ph_window){0, 1}, 1, 20),
                 PH_REJECT_PERIOD_CLOSED);
    deal_refused(&d, deal_offer(&d, d.buyer, first, (ph_window){1, 1}, 1, 20), PH_REJECT_NOT_HELD);
}
END_TEST

START_TEST(old_terms_cannot_be_resold)
{
    ph_product_terms t = deal_terms(&d);
    deal_list(&d, &t);
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 10);
    world_do(&d.w, deal_offer(&d, d.buyer, first, (ph_window){0, 1}, 1, 20));
    t.report_seconds = 3000;
    world_do(&d.w, (ph_command){.kind = PH_CMD_SET_TERMS, .sender = {1}, .u.product = t});
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_CANCELLED), 1);
    deal_refused(&d, deal_offer(&d, d.buyer, first, (ph_window){0, 1}, 1, 20), PH_REJECT_OLD_TERMS);
    /* and the contract keeps its own windows */
    deal_clock(&d, 1, REPORT_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_NO_REPORT, 0);
}
END_TEST

START_TEST(units_leave_from_the_lowest_price_up_and_meet_the_lowest_resale_price)
{
    plain();
    ph_window w = {0, 1};
    world_do(&d.w, world_order(&d.w, d.buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, w, 2, 10));
    ph_command seller = world_order(&d.w, d.supplier, PH_SIDE_SELL, PH_SHAPE_EACH, w, 4, 6);
    world_do(&d.w, world_order(&d.w, d.third, PH_SIDE_BUY, PH_SHAPE_EACH, w, 2, 7));
    world_do(&d.w, seller);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_TRADE), 2);
    uint64_t blocks = world_event(&d.w, PH_EVT_TRADE, 0)->u.trade.contract.v;
    ck_assert_uint_eq(world_event(&d.w, PH_EVT_TRADE, 0)->u.trade.buyer.v, d.buyer);
    /* The block paid 10; both units are resold one by one, at 15 and at 8. */
    uint64_t a = deal_resell(&d, blocks, d.buyer, d.second, 1, 15);
    uint64_t b = deal_resell(&d, blocks, d.buyer, d.second, 1, 8);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, a), 5);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, b), 0);
    ck_assert_int_eq(deal_cash(&d, d.buyer), MUCH - 20 + 10 + 8);
    /* and a chain: what 15 was paid for is sold on at 12: above the supplier's 10 */
    uint64_t e = deal_resell(&d, a, d.second, d.third, 1, 12);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, e), 5 + 2);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, a), 0);
    ph_lot_view lot;
    ck_assert(ph_market_lot(d.w.m, (ph_contract_id){e}, FIRST, 0, &lot));
    ck_assert_int_eq(lot.supplier, 10);
    ck_assert_int_eq(lot.paid, 12);
    ck_assert_int_eq(lot.premiums[0], 5);
    ck_assert_int_eq(lot.premiums[1], 2);
    ck_assert(!ph_market_lot(d.w.m, (ph_contract_id){e}, FIRST, 1, &lot));
    /* Half comes: each link pays its reseller and refunds its payer. */
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, e, 0, 1800));
    ph_money before[] = {deal_cash(&d, d.buyer), deal_cash(&d, d.second), deal_cash(&d, d.third)};
    deal_clock(&d, 1, 50);
    world_do(&d.w, deal_confirm(d.third, e, 0));
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 0); /* owners may dispute still */
    deal_clock(&d, 1, DISPUTE_S);
    deal_tick(&d);
    /* buyer: 2 of its 5; second: 3 of that back, and 1 of its own 2; third: 1 and 5 of the 10 */
    ck_assert_int_eq(deal_cash(&d, d.buyer) - before[0], 2);
    ck_assert_int_eq(deal_cash(&d, d.second) - before[1], 3 + 1 + 10); /* b, never reported: 10 */
    ck_assert_int_eq(deal_cash(&d, d.third) - before[2], 1 + 5 + 14);
}
END_TEST

START_TEST(the_resellers_own_fee_is_earned_for_what_it_sells_on)
{
    ph_product_terms t = deal_terms(&d);
    t.maker_ppm = 100000; /* of whoever rests: here all sellers */
    t.taker_ppm = 200000;
    t.fee_at_trade_ppm = 500000;
    deal_list(&d, &t);
    uint64_t first = deal_sell(&d, d.buyer, 1, 4, 100);
    ck_assert_int_eq(deal_fees(&d), 40); /* half of the buyer's 80 */
    uint64_t c = deal_resell(&d, first, d.buyer, d.second, 3, 150);
    const ph_trade *trade = &world_event(&d.w, PH_EVT_TRADE, 0)->u.trade;
    ck_assert_int_eq(trade->buyer_fee, 90); /* on the resale price */
    ck_assert_int_eq(trade->buyer_fee_at_trade, 45);
    ck_assert_int_eq(trade->reseller_fee, 30); /* on what it gets at once */
    ck_assert_int_eq(trade->supplier_fee, 30); /* at the rate of the first trade */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 30); /* 40 * 300 / 400 */
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, first), 100 + 10);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, c), 300 + 45);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, c), 150);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 10800));
    world_do(&d.w, deal_confirm(d.second, c, 0));
    deal_final(&d, PH_FINAL_CONFIRMED, 10800); /* all came: nobody could claim more */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PREMIUM_FEE), 15);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PREMIUM_PAYMENT), 135);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_SUPPLIER_FEE), 30);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 45);
    world_do(&d.w, deal_report(d.supplier, first, 0, 3600));
    world_do(&d.w, deal_confirm(d.buyer, first, 0));
    /* The supplier still owes 40 on 400 there, of which 100 are delivered. */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_SUPPLIER_FEE), 10);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 10);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_FEE_REFUND), 0);
}
END_TEST

/* 200 of the buyer's fee of 600 are earned with the first of three periods: 400 of the 2,000 that
   are to come are sold on.  The seller arrives, and so pays another rate than the supplier, who
   rested. */
START_TEST(fees_of_what_is_sold_on_after_a_delivery)
{
    ph_product_terms t = deal_terms(&d);
    t.maker_ppm = 100000;
    t.taker_ppm = 200000;
    deal_list(&d, &t);
    uint64_t first = deal_sell(&d, d.buyer, 3, 10, 100);
    deal_clock(&d, 1, 10);
    world_do(&d.w, deal_report(d.supplier, first, 0, 10 * HOUR));
    world_do(&d.w, deal_confirm(d.buyer, first, 0));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 200);
    ph_window last = {2, 1};
    world_do(&d.w, world_order(&d.w, d.second, PH_SIDE_BUY, PH_SHAPE_EACH, last, 4, 50));
    world_do(&d.w, deal_offer(&d, d.buyer, first, last, 4, 50));
    const ph_trade *sold = &world_event(&d.w, PH_EVT_TRADE, 0)->u.trade;
    ck_assert_int_eq(sold->supplier_notional, 400);
    ck_assert_int_eq(sold->supplier_fee, 40);
    ck_assert_int_eq(sold->reseller_fee, 40); /* of 200 */
    ck_assert_int_eq(sold->buyer_fee, 20);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 80);
}
END_TEST

/* What was paid at the trade was paid for all of it: 100 for 10 units, of which 4 are sold on. */
START_TEST(a_fee_paid_at_the_trade_is_compensated_as_it_was_agreed)
{
    ph_product_terms t = deal_terms(&d);
    t.taker_ppm = 200000;
    t.fee_at_trade_ppm = 500000;
    t.bond_fixed = 50;
    deal_list(&d, &t);
    uint64_t first = deal_sell(&d, d.buyer, 1, 10, 100);
    (void)deal_resell(&d, first, d.buyer, d.second, 4, 100);
    deal_clock(&d, 1, 10);
    world_do(&d.w, deal_report(d.supplier, first, 0, 6 * HOUR / 2));
    world_do(&d.w, deal_confirm(d.buyer, first, 0));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_FEE_COMPENSATION), 50);
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_PENALTY), 125); /* half of 300 less 50 */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BOND_RETURN), 125);
}
END_TEST

START_TEST(a_contract_of_which_all_is_resold_gives_back_what_is_left_of_its_fee)
{
    ph_product_terms t = deal_terms(&d);
    t.taker_ppm = 100000;
    deal_list(&d, &t);
    ph_window w = {0, 3};
    world_do(&d.w, world_order(&d.w, d.supplier, PH_SIDE_SELL, PH_SHAPE_EACH, w, 1, 100));
    world_do(&d.w, world_order(&d.w, d.buyer, PH_SIDE_BUY, PH_SHAPE_EACH, w, 1, 100));
    uint64_t first = deal_last(&d); /* fee 30 in escrow */
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, first, 0, 0)); /* nothing came in the first period */
    world_do(&d.w, deal_confirm(d.buyer, first, 0));
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, first), 200 + 30);
    world_do(&d.w, deal_offer(&d, d.buyer, first, (ph_window){2, 1}, 1, 100));
    deal_clock(&d, 2, -1);
    world_do(&d.w,
             world_order(&d.w, d.second, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){2, 1}, 1, 100));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 10); /* 30 * 100 / 300 */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_FEE_REFUND), 0);
    deal_clock(&d, 2, 0);
    world_do(&d.w, deal_report(d.supplier, first, 1, 3600));
    world_do(&d.w, deal_confirm(d.buyer, first, 1));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_BUYER_FEE), 10); /* 20 * 100 / 200 */
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_FEE_REFUND), 10);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_ESCROW, first), 0);
}
END_TEST

START_TEST(what_was_resold_eight_times_cannot_be_offered_again)
{
    plain();
    uint64_t c = deal_sell(&d, d.buyer, 1, 1, 10);
    uint32_t holder = d.buyer, next = d.second;
    for (int i = 0; i < PH_RESALES_MAX; i++) {
        c = deal_resell(&d, c, holder, next, 1, 20 + i);
        uint32_t was = holder;
        holder = next;
        next = was;
    }
    const ph_rejected *r = deal_refused(&d, deal_offer(&d, holder, c, (ph_window){0, 1}, 1, 20),
                                        PH_REJECT_RESOLD_TOO_OFTEN);
    ck_assert_int_eq(r->arg0, 8);
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, c), 8 * 10 + 28);
    ph_contract_facts v;
    ck_assert(ph_market_contract(d.w.m, (ph_contract_id){c}, &v));
    ck_assert_uint_eq(v.resales, 8);
    ck_assert_uint_eq(v.supplier.v, d.supplier);
    ck_assert_uint_eq(v.open_periods, 1);
}
END_TEST

START_TEST(a_supplier_may_buy_back_its_own_supply)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 10);
    uint64_t c = deal_resell(&d, first, d.buyer, d.supplier, 1, 25);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 1800));
    world_do(&d.w, deal_confirm(d.supplier, c, 0));
    deal_clock(&d, 1, DISPUTE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_CONFIRMED, 1800);
    ck_assert_int_eq(deal_cash(&d, d.supplier), MUCH - 25 + 5 + 5 + 8);
}
END_TEST

START_TEST(who_is_owed_a_premium_may_claim_above_the_report)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 1000);
    uint64_t c = deal_resell(&d, first, d.buyer, d.second, 1, 1500);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 1800));
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 1799), PH_REJECT_DELIVERY_FIGURE);
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 1800), PH_REJECT_DELIVERY_FIGURE);
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 3601), PH_REJECT_DELIVERY_FIGURE);
    deal_refused(&d, deal_dispute(d.second, c, 0, 1801), PH_REJECT_DELIVERY_FIGURE);
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 2700));
    ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DISPUTE_DEPOSIT), 375); /* 1500 * 900 / 3600 */
    world_do(&d.w, deal_dispute(d.second, c, 0, 900));
    if (_i == 0) {
        /* The report was right: each deposit goes to the other party */
        world_do(&d.w, deal_resolve(c, 0, 1800));
        ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DEPOSIT_FORFEIT), 750);
        ck_assert_int_eq(deal_cash(&d, d.supplier), MUCH + 500 + 375);
        ck_assert_int_eq(deal_cash(&d, d.second), MUCH - 1500 + 500 + 250 - 375 + 375);
    } else if (_i == 1) {
        world_do(&d.w, deal_resolve(c, 0, 2700));
        ck_assert_int_eq(deal_moved(&d, PH_TRANSFER_DEPOSIT_RETURN), 750);
    } else {
        /* The buyer's confirmation ends its own dispute alone. */
        world_do(&d.w, deal_confirm(d.second, c, 0));
        ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 0);
        ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_DEPOSIT, c), 375);
        deal_refused(&d, deal_dispute(d.second, c, 0, 900), PH_REJECT_DELIVERY_STATE);
        world_do(&d.w, deal_resolve(c, 0, 2000));
        deal_final(&d, PH_FINAL_RESOLVED, 2000);
    }
}
END_TEST

/* Who bought back what it had sold at a premium has one claim as buyer and one as its owner. */
START_TEST(who_is_buyer_and_owner_of_a_premium_has_two_claims)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 1000);
    uint64_t sold = deal_resell(&d, first, d.buyer, d.second, 1, 1500);
    uint64_t back = deal_resell(&d, sold, d.second, d.buyer, 1, 1600);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, back, 0, 1800));
    world_do(&d.w, deal_dispute(d.buyer, back, 0, 2700));
    world_do(&d.w, deal_dispute(d.buyer, back, 0, 900));
    deal_refused(&d, deal_dispute(d.buyer, back, 0, 2800), PH_REJECT_DELIVERY_STATE);
    deal_refused(&d, deal_dispute(d.buyer, back, 0, 800), PH_REJECT_DELIVERY_STATE);
    deal_refused(&d, deal_resolve(back, 0, 2701), PH_REJECT_DELIVERY_FIGURE);
    deal_refused(&d, deal_resolve(back, 0, 899), PH_REJECT_DELIVERY_FIGURE);
    world_do(&d.w, deal_resolve(back, 0, 1800));
    deal_final(&d, PH_FINAL_RESOLVED, 1800);
}
END_TEST

START_TEST(the_resolve_window_begins_with_the_first_dispute)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 1000);
    uint64_t c = deal_resell(&d, first, d.buyer, d.second, 1, 1500);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 1800));
    deal_clock(&d, 1, 100);
    world_do(&d.w, deal_dispute(d.buyer, c, 0, 2700));
    deal_clock(&d, 1, 500);
    world_do(&d.w, deal_dispute(d.second, c, 0, 901));
    deal_clock(&d, 1, 100 + RESOLVE_S - 1);
    deal_tick(&d);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 0);
    deal_clock(&d, 1, 100 + RESOLVE_S);
    deal_tick(&d);
    deal_final(&d, PH_FINAL_UNRESOLVED, 1800);
}
END_TEST

START_TEST(who_confirmed_as_buyer_disputes_no_more_as_owner_of_a_premium)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 1000);
    uint64_t second = deal_resell(&d, first, d.buyer, d.second, 1, 1500);
    uint64_t c = deal_resell(&d, second, d.second, d.buyer, 1, 1600);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, c, 0, 1800));
    world_do(&d.w, deal_confirm(d.buyer, c, 0));
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 0); /* the other owner may dispute */
    deal_refused(&d, deal_dispute(d.buyer, c, 0, 2000), PH_REJECT_DELIVERY_STATE);
    world_do(&d.w, deal_dispute(d.second, c, 0, 2000));
}
END_TEST

START_TEST(a_meter_that_is_owed_a_premium_of_the_contract_counts_as_none)
{
    ph_product_terms t = deal_terms(&d);
    t.meter.v = d.buyer;
    deal_list(&d, &t);
    uint64_t two = two_prices();
    /* The cheap unit of period 0 goes first; then one contract has the dear unit of period 0, which
       brings no premium, and the cheap one of period 1, which does. */
    deal_resell(&d, two, d.buyer, d.third, 1, 12);
    world_do(&d.w, deal_offer(&d, d.buyer, two, (ph_window){0, 2}, 1, _i == 0 ? 10 : 12));
    world_do(&d.w, world_order(&d.w, d.second, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 2}, 1,
                               _i == 0 ? 10 : 12));
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_TRADE), 1);
    uint64_t c = deal_last(&d);
    bool owed = _i == 1;
    ck_assert_int_eq(deal_account(&d, PH_ACCOUNT_PREMIUM, c), owed ? 2 : 0);
    deal_clock(&d, 1, 0);
    deal_refused(&d, deal_report(owed ? d.buyer : d.supplier, c, 0, 3600), PH_REJECT_NOT_PARTY);
    world_do(&d.w, deal_report(owed ? d.supplier : d.buyer, c, 0, 3600));
}
END_TEST

START_TEST(units_of_one_period_have_their_own_prices)
{
    plain();
    uint64_t two = two_prices();
    ph_lot_view v;
    ck_assert(ph_market_lot(d.w.m, (ph_contract_id){two}, FIRST, 0, &v));
    ck_assert_int_eq(v.supplier, 10);
    ck_assert(ph_market_lot(d.w.m, (ph_contract_id){two}, FIRST, 1, &v));
    ck_assert_int_eq(v.supplier, 13);
    /* Two bids, 15 and 11, are met by one order: whoever comes first in the numbering of trades has
       the cheap unit, and each pays above its own unit's price alone. */
    world_do(&d.w,
             world_order(&d.w, d.second, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 11));
    world_do(&d.w,
             world_order(&d.w, d.third, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 15));
    world_do(&d.w, deal_offer(&d, d.buyer, two, (ph_window){0, 1}, 2, 11));
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_TRADE), 2);
    const ph_trade *a = &world_event(&d.w, PH_EVT_TRADE, 0)->u.trade;
    const ph_trade *b = &world_event(&d.w, PH_EVT_TRADE, 1)->u.trade;
    ck_assert_int_eq(a->notional, 11);
    ck_assert_int_eq(a->supplier_notional, 10);
    ck_assert_int_eq(a->premium, 1);
    ck_assert_int_eq(b->notional, 15);
    ck_assert_int_eq(b->supplier_notional, 13);
    ck_assert_int_eq(b->premium, 2);
}
END_TEST

/* Below the supplier's price no premium tells units apart: the price that the holder paid does. */
START_TEST(of_units_at_one_supplier_price_those_that_were_paid_less_leave_first)
{
    plain();
    ph_window three = {0, 3}, middle = {1, 1};
    world_do(&d.w, world_order(&d.w, d.buyer, PH_SIDE_BUY, PH_SHAPE_EACH, three, 2, 10));
    world_do(&d.w, world_order(&d.w, d.supplier, PH_SIDE_SELL, PH_SHAPE_EACH, three, 2, 10));
    uint64_t first = world_event(&d.w, PH_EVT_TRADE, 0)->u.trade.contract.v;
    /* A block at 7 finds one unit of the middle at 4: what the reseller is paid is (21 - 4) / 2 for
       the first unit and 7 for the second one. */
    world_do(&d.w, world_order(&d.w, d.second, PH_SIDE_BUY, PH_SHAPE_BLOCK, three, 2, 7));
    world_do(&d.w, world_order(&d.w, d.other, PH_SIDE_SELL, PH_SHAPE_EACH, middle, 1, 4));
    world_do(&d.w, deal_offer(&d, d.buyer, first, three, 2, 6));
    uint64_t held = 0;
    for (uint32_t i = 0; i < world_cnt(&d.w, PH_EVT_TRADE); i++) {
        const ph_trade *t = &world_event(&d.w, PH_EVT_TRADE, i)->u.trade;
        if (t->from_contract.v == first) held = t->contract.v;
    }
    ph_lot_view lot[2];
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert(ph_market_lot(d.w.m, (ph_contract_id){held}, FIRST, i, &lot[i]));
        ck_assert_int_eq(lot[i].supplier, 10);
        ck_assert_int_eq(lot[i].premiums[0], 0);
        ck_assert_int_eq(lot[i].paid, 7 + i);
    }
    (void)deal_resell(&d, held, d.second, d.third, 1, 9);
    ck_assert(ph_market_lot(d.w.m, (ph_contract_id){held}, FIRST, 0, &lot[0]));
    ck_assert_int_eq(lot[0].paid, 8);
    ck_assert(!ph_market_lot(d.w.m, (ph_contract_id){held}, FIRST, 1, &lot[1]));
}
END_TEST

/* Members of a group that sell one contract share what they offer; one sells, all is right. */
START_TEST(a_group_offers_its_largest_member_once)
{
    plain();
    uint64_t first = deal_sell(&d, d.buyer, 2, 3, 10);
    ph_command g = {.kind = PH_CMD_NEW_GROUP, .sender = {d.buyer}, .u.group.cnt = 2};
    for (uint32_t i = 0; i < 2; i++) {
        ph_command c = deal_offer(&d, d.buyer, first, (ph_window){0, i + 1}, 3 - i, 20);
        c.u.order.shape = PH_SHAPE_BLOCK;
        c.u.order.all_or_none = true;
        g.u.group.v[i] = c.u.order;
    }
    world_do(&d.w, g);
    ph_period_view v;
    ck_assert(ph_market_contract_period(d.w.m, (ph_contract_id){first}, FIRST, &v));
    ck_assert_uint_eq(v.offered, 3);
    ck_assert(ph_market_contract_period(d.w.m, (ph_contract_id){first}, FIRST + 1, &v));
    ck_assert_uint_eq(v.offered, 2);
    ph_window w = {0, _i == 0 ? 1 : 2};
    world_do(&d.w, world_order(&d.w, d.second, PH_SIDE_BUY, PH_SHAPE_EACH, w, 3, 20));
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_TRADE), 1);
    uint32_t left = 0;
    for (ph_period t = FIRST; ph_market_contract_period(d.w.m, (ph_contract_id){first}, t, &v);
         t = v.period + 1) {
        ck_assert_uint_eq(v.offered, 0);
        left += v.quantity;
    }
    ck_assert_uint_eq(left + (uint32_t)world_event(&d.w, PH_EVT_TRADE, 0)->u.trade.notional / 20,
                      6);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, example_7_resale_above_cost);
    tcase_add_test(t, a_resale_below_cost_pays_the_resale_price_at_once);
    tcase_add_test(t, the_bond_stays_the_suppliers_and_penalties_go_to_the_new_buyer);
    tcase_add_test(t, only_what_is_held_and_not_offered_can_be_offered);
    tcase_add_test(t, old_terms_cannot_be_resold);
    tcase_add_test(t, units_leave_from_the_lowest_price_up_and_meet_the_lowest_resale_price);
    tcase_add_test(t, the_resellers_own_fee_is_earned_for_what_it_sells_on);
    tcase_add_test(t, fees_of_what_is_sold_on_after_a_delivery);
    tcase_add_test(t, a_fee_paid_at_the_trade_is_compensated_as_it_was_agreed);
    tcase_add_test(t, a_contract_of_which_all_is_resold_gives_back_what_is_left_of_its_fee);
    tcase_add_test(t, what_was_resold_eight_times_cannot_be_offered_again);
    tcase_add_test(t, a_supplier_may_buy_back_its_own_supply);
    tcase_add_loop_test(t, who_is_owed_a_premium_may_claim_above_the_report, 0, 3);
    tcase_add_test(t, who_is_buyer_and_owner_of_a_premium_has_two_claims);
    tcase_add_test(t, the_resolve_window_begins_with_the_first_dispute);
    tcase_add_test(t, who_confirmed_as_buyer_disputes_no_more_as_owner_of_a_premium);
    tcase_add_loop_test(t, a_meter_that_is_owed_a_premium_of_the_contract_counts_as_none, 0, 2);
    tcase_add_test(t, units_of_one_period_have_their_own_prices);
    tcase_add_test(t, of_units_at_one_supplier_price_those_that_were_paid_less_leave_first);
    tcase_add_loop_test(t, a_group_offers_its_largest_member_once, 0, 2);
}

int main(void)
{
    return suite_run("resale", add);
}
