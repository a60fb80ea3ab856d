/* SPDX-License-Identifier: Apache-2.0 */
/* Holds, fees, bonds, payments: rulebook 5, 7, 8. */
#include "engine/core/ledger.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t supplier, buyer, site;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    limits.references_max = 5;
    w = world_new(&limits);
    supplier = world_participant(&w, PH_ROLE_SUPPLIER, 1000);
    buyer = world_participant(&w, PH_ROLE_BUYER, 1000);
    site = world_site(&w, supplier);
    ph_product_terms terms = world_terms(&w, site);
    terms.maker_ppm = 10000;         /* 1 % */
    terms.taker_ppm = 25000;         /* 2.5 % */
    terms.fee_at_trade_ppm = 400000; /* 40 % of the buyer's fee */
    terms.bond_ppm = 100000;         /* 10 % */
    terms.bond_fixed = 2;
    world_product(&w, &terms);
    world_capacity(&w, supplier, site, 1, 100);
}

static void teardown(void)
{
    world_free(&w);
}

static ph_money balance(ph_account_kind kind, uint64_t id)
{
    return ph_market_balance(w.m, (ph_account){kind, id});
}

static const ph_rejected *refused(ph_command c, ph_reject code)
{
    const ph_event *e = world_apply(&w, c);
    ck_assert_msg(e->kind == PH_EVT_REJECTED, "accepted");
    ck_assert_str_eq(ph_reject_name(e->u.rejected.code), ph_reject_name(code));
    return &e->u.rejected;
}

static ph_command buy(ph_quantity quantity, ph_price price)
{
    return world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 2}, quantity, price);
}

START_TEST(a_buy_order_holds_its_cost_and_the_larger_fee_rounded_up)
{
    world_do(&w, buy(3, 7)); /* 42, and 2.5 % of it is 1.05 */
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){buyer}), 44);
    ck_assert_int_eq(world_event(&w, PH_EVT_ACCEPTED, 0)->u.accepted.hold, 44);
    ck_assert_int_eq(balance(PH_ACCOUNT_CASH, buyer), 1000);
    const ph_rejected *r = refused(buy(48, 10), PH_REJECT_CASH_FOR_HOLD);
    ck_assert_int_eq(r->arg0, 960 + 24);
    ck_assert_int_eq(r->arg1, 956);
}
END_TEST

/* The bond is the larger of the fixed amount and 10 % of the larger of limit and reference. */
START_TEST(a_sell_order_holds_its_bond)
{
    static const struct {
        ph_price price;
        ph_money bond;
    } rows[] = {{5, 2}, {10, 2}, {21, 3}, {31, 4}};
    ph_command c = world_order(&w, supplier, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 2}, 1,
                               rows[_i].price);
    world_do(&w, c);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){supplier}), 2 * rows[_i].bond);
}
END_TEST

START_TEST(a_trade_moves_notional_fees_and_bond)
{
    world_do(&w, world_order(&w, supplier, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 2}, 5, 40));
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){supplier}), 40);
    world_do(&w, buy(5, 45));
    const ph_trade *t = &world_event(&w, PH_EVT_TRADE, 0)->u.trade;
    ck_assert_int_eq(t->notional, 400);
    ck_assert_int_eq(t->buyer_fee, 10); /* taker */
    ck_assert_int_eq(t->buyer_fee_at_trade, 4);
    ck_assert_int_eq(t->supplier_fee, 4); /* maker */
    ck_assert_int_eq(t->bond, 40);
    ck_assert_int_eq(balance(PH_ACCOUNT_CASH, buyer), 1000 - 410);
    ck_assert_int_eq(balance(PH_ACCOUNT_ESCROW, t->contract.v), 406);
    ck_assert_int_eq(balance(PH_ACCOUNT_FEES, 0), 4);
    ck_assert_int_eq(balance(PH_ACCOUNT_CASH, supplier), 1000 - 40);
    ck_assert_int_eq(balance(PH_ACCOUNT_BOND, t->contract.v), 40);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){buyer}), 0);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){supplier}), 0);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRANSFER), 4);
}
END_TEST

START_TEST(a_bond_needs_free_cash)
{
    ph_command c =
        world_order(&w, supplier, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 2}, 100, 51);
    const ph_rejected *r = refused(c, PH_REJECT_CASH_FOR_BOND);
    ck_assert_int_eq(r->arg0, 1200);
    ck_assert_int_eq(r->arg1, 1000);
}
END_TEST

static ph_command pay(ph_command_kind kind, ph_money amount, const char *reference)
{
    ph_command c = {
        .kind = kind, .sender = {1}, .u.payment = {.participant = {buyer}, .amount = amount}};
    ph_text_set(c.u.payment.reference.s, sizeof c.u.payment.reference.s, reference);
    return c;
}

START_TEST(payments_are_unique_and_take_free_cash_only)
{
    world_do(&w, buy(10, 20)); /* holds 410 */
    refused(pay(PH_CMD_DEPOSIT, 5, "payment 1"), PH_REJECT_DUPLICATE);
    refused(pay(PH_CMD_DEPOSIT, 0, "a"), PH_REJECT_FIELD_RANGE);
    refused(pay(PH_CMD_DEPOSIT, 5, ""), PH_REJECT_FIELD_RANGE);
    refused(pay(PH_CMD_DEPOSIT, INT64_MAX, "a"), PH_REJECT_AMOUNT_OVERFLOW);
    const ph_rejected *r = refused(pay(PH_CMD_WITHDRAW, 591, "a"), PH_REJECT_CASH_FREE);
    ck_assert_int_eq(r->arg1, 590);
    world_do(&w, pay(PH_CMD_WITHDRAW, 590, "a"));
    refused(pay(PH_CMD_DEPOSIT, 590, "a"), PH_REJECT_DUPLICATE);
    ck_assert_int_eq(balance(PH_ACCOUNT_CASH, buyer), 410);
    ck_assert_int_eq(balance(PH_ACCOUNT_EXTERNAL, 0), -1410);
    world_do(&w, pay(PH_CMD_DEPOSIT, 1, "b"));
    world_do(&w, pay(PH_CMD_DEPOSIT, 1, "c"));
    refused(pay(PH_CMD_DEPOSIT, 1, "d"), PH_REJECT_TABLE_FULL);
    ph_command c = pay(PH_CMD_DEPOSIT, 1, "e");
    c.u.payment.participant.v = 99;
    refused(c, PH_REJECT_UNKNOWN_PARTICIPANT);
    c.sender.v = buyer;
    refused(c, PH_REJECT_ROLE_MISSING);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    world_do(&w, pay(PH_CMD_DEPOSIT, INT64_MAX - 10000, "rich"));
    ph_command c = buy(1000000, PH_PRICE_MAX);
    refused(c, PH_REJECT_AMOUNT_OVERFLOW);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_buy_order_holds_its_cost_and_the_larger_fee_rounded_up);
    tcase_add_loop_test(t, a_sell_order_holds_its_bond, 0, 4);
    tcase_add_test(t, a_trade_moves_notional_fees_and_bond);
    tcase_add_test(t, a_bond_needs_free_cash);
    tcase_add_test(t, payments_are_unique_and_take_free_cash_only);
    tcase_add_test(t, what_does_not_fit_is_refused);
}

int main(void)
{
    return suite_run("ledger", add);
}
