/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/match.h"

#include "tests/unit/suite.h"

static phc_match table;
static phc_segment segments[2] = {{10, 2, 3, 100}, {20, 1, 1, 90}};

static void finish(void)
{
    phc_match_release(&table);
}

/* The report of the buyer, number 20, whose order arrived. */
static phc_report report(uint64_t contract)
{
    return (phc_report){.type = PHC_TRADE,
                        .sequence = 1000 + contract,
                        .at = 5,
                        .trade = contract + 1,
                        .contract = contract,
                        .product = 7,
                        .side = PHC_BUY,
                        .order = 501,
                        .taker = true,
                        .notional = 690,
                        .fee = 3,
                        .segments = segments,
                        .segment_cnt = 2};
}

static phc_contract contract_of(uint64_t contract)
{
    return (phc_contract){.sequence = 1000 + contract,
                          .at = 5,
                          .trade = contract + 1,
                          .contract = contract,
                          .product = 7,
                          .buyer = 20,
                          .supplier = 30,
                          .buy_order = 501,
                          .sell_order = 502,
                          .taker = PHC_BUY,
                          .notional = 690,
                          .buyer_fee = 3,
                          .supplier_fee = 1,
                          .bond = 69,
                          .segments = segments,
                          .segment_cnt = 2};
}

START_TEST(partners_meet_whichever_comes_first)
{
    for (uint64_t i = 1; i <= 1000; i++) {
        phc_report r = report(i);
        phc_contract c = contract_of(i);
        if (i % 3 == 0) {
            ck_assert_int_eq(phc_match_contract(&table, &c, 20), PHC_MATCH_WAITS);
            ck_assert_int_eq(phc_match_report(&table, &r), PHC_MATCH_EQUAL);
        } else {
            ck_assert_int_eq(phc_match_report(&table, &r), PHC_MATCH_WAITS);
            ck_assert_int_eq(phc_match_contract(&table, &c, 20), PHC_MATCH_EQUAL);
        }
    }
    ck_assert_uint_eq(table.reports.end - table.reports.first, 0);
    ck_assert_uint_eq(table.contracts.end - table.contracts.first, 0);
}
END_TEST

START_TEST(many_wait_and_are_found_in_any_order)
{
    for (uint64_t i = 1; i <= 500; i++) {
        phc_report r = report(i);
        ck_assert_int_eq(phc_match_report(&table, &r), PHC_MATCH_WAITS);
    }
    for (uint64_t i = 500; i >= 1; i--) {
        phc_contract c = contract_of(i);
        ck_assert_int_eq(phc_match_contract(&table, &c, 20), PHC_MATCH_EQUAL);
    }
}
END_TEST

START_TEST(the_supplier_sees_its_own_side)
{
    phc_report r = report(1);
    phc_contract c = contract_of(1);
    r.side = PHC_SELL;
    r.order = 502;
    r.taker = false;
    r.fee = 1;
    r.bond = 69;
    ck_assert_int_eq(phc_match_report(&table, &r), PHC_MATCH_WAITS);
    ck_assert_int_eq(phc_match_contract(&table, &c, 30), PHC_MATCH_EQUAL);
}
END_TEST

/* Of a resale: 40 sells what 30 delivers to 20; all three receive the contract. */
START_TEST(each_party_of_a_resale_sees_its_own_side)
{
    phc_contract c = contract_of(1);
    c.seller = 40;
    c.from_contract = 9;
    c.reseller_fee = 2;
    c.supplier_notional = 600;
    phc_report seller = report(1), assigned = report(1), buyer = report(1);
    seller.side = PHC_SELL;
    seller.order = 502;
    seller.taker = false;
    seller.fee = 2;
    assigned.type = PHC_ASSIGNED;
    assigned.notional = 600;
    assigned.fee = 1;
    assigned.bond = 69;
    const struct {
        phc_report *report;
        uint32_t self;
    } rows[] = {{&buyer, 20}, {&assigned, 30}, {&seller, 40}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            ck_assert_int_eq(phc_match_report(&table, rows[i].report), PHC_MATCH_WAITS);
            ck_assert_int_eq(phc_match_contract(&table, &c, rows[k].self),
                             i == k ? PHC_MATCH_EQUAL : PHC_MATCH_DIFFERS);
        }
    }
}
END_TEST

/* Each fact that both sides state, changed alone. */
START_TEST(every_difference_is_noticed)
{
    for (int i = 0; i < 13; i++) {
        phc_segment other[2] = {segments[0], segments[1]};
        phc_report r = report((uint64_t)i + 1);
        phc_contract c = contract_of((uint64_t)i + 1);
        c.segments = other;
        if (i == 0) c.trade++;
        if (i == 1) c.sequence++;
        if (i == 2) c.at++;
        if (i == 3) c.product++;
        if (i == 4) c.buy_order++;
        if (i == 5) c.taker = PHC_SELL;
        if (i == 6) c.notional++;
        if (i == 7) c.buyer_fee++;
        if (i == 8) c.segment_cnt--;
        if (i == 9) other[1].price++;
        if (i == 10) other[0].first_period++;
        if (i == 11) other[0].quantity++;
        ck_assert_int_eq(phc_match_report(&table, &r), PHC_MATCH_WAITS);
        ck_assert_int_eq(phc_match_contract(&table, &c, 20),
                         i == 12 ? PHC_MATCH_EQUAL : PHC_MATCH_DIFFERS);
    }
}
END_TEST

START_TEST(the_oldest_is_forgotten_when_it_is_full)
{
    for (uint64_t i = 1; i <= PHC_MATCH_MAX + 1; i++) {
        phc_report r = report(i);
        ck_assert_int_eq(phc_match_report(&table, &r), PHC_MATCH_WAITS);
    }
    phc_contract first = contract_of(1), second = contract_of(2);
    ck_assert_int_eq(phc_match_contract(&table, &first, 20), PHC_MATCH_WAITS);
    ck_assert_int_eq(phc_match_contract(&table, &second, 20), PHC_MATCH_EQUAL);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, finish);
    tcase_add_test(t, partners_meet_whichever_comes_first);
    tcase_add_test(t, many_wait_and_are_found_in_any_order);
    tcase_add_test(t, the_supplier_sees_its_own_side);
    tcase_add_test(t, each_party_of_a_resale_sees_its_own_side);
    tcase_add_test(t, every_difference_is_noticed);
    tcase_add_test(t, the_oldest_is_forgotten_when_it_is_full);
}

int main(void)
{
    return suite_run("phc_match", add);
}
