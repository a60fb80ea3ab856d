/* SPDX-License-Identifier: Apache-2.0 */
/* Rulebook 7: each party countersigns; a missing countersignature is flagged, not fatal. */
#include "engine/core/countersign.h"

#include "tests/unit/delivery_fixture.h"
#include "tests/unit/suite.h"

static deal d;
static uint64_t sold, resold;

static ph_command key_change(ph_command_kind kind, uint32_t who, uint8_t key)
{
    return (ph_command){
        .kind = kind, .sender = {who}, .u.key = {.use = PH_KEY_SIGNATURE, .key = {{key}}}};
}

static void setup(void)
{
    deal_open(&d);
    ph_product_terms t = deal_terms(&d);
    deal_list(&d, &t);
    world_do(&d.w, key_change(PH_CMD_ADD_KEY, d.supplier, 101));
    world_do(&d.w, key_change(PH_CMD_ADD_KEY, d.buyer, 102));
    world_do(&d.w, key_change(PH_CMD_ADD_KEY, d.second, 103));
    world_do(&d.w, key_change(PH_CMD_ADD_KEY, d.third, 104));
    sold = deal_sell(&d, d.buyer, 2, 4, 10);
    resold = deal_resell(&d, sold, d.buyer, d.second, 2, 12);
}

static void teardown(void)
{
    world_free(&d.w);
}

static ph_command countersign(uint32_t who, uint64_t contract, uint8_t key)
{
    return (ph_command){.kind = PH_CMD_COUNTERSIGN_CONTRACT,
                        .sender = {who},
                        .u.countersignature = {.contract = {contract}, .key = {{key}}}};
}

static uint64_t done(ph_command c)
{
    const ph_event *e = world_apply(&d.w, c);
    ck_assert_int_eq(e->kind, PH_EVT_DONE);
    ck_assert_uint_eq(d.w.out.cnt, 1); /* no money moves, nothing else is told */
    return e->u.done.count;
}

static uint32_t parts(uint64_t contract)
{
    return ph_market_countersigned(d.w.m, (ph_contract_id){contract});
}

START_TEST(both_parties_countersign_once)
{
    ck_assert_uint_eq(parts(sold), 0);
    ck_assert_uint_eq(done(countersign(d.buyer, sold, 102)), 1);
    ck_assert_uint_eq(parts(sold), PH_PARTY_BUYER);
    ck_assert_uint_eq(done(countersign(d.supplier, sold, 101)), 1);
    ck_assert_uint_eq(parts(sold), PH_PARTIES_ALL);
    ck_assert_uint_eq(parts(resold), 0);
    ck_assert_uint_eq(done(countersign(d.buyer, sold, 102)), 0); /* again: answered, no change */
    ck_assert_uint_eq(parts(sold), PH_PARTIES_ALL);
}
END_TEST

START_TEST(who_sold_it_on_is_a_party)
{
    ck_assert_uint_eq(done(countersign(d.buyer, resold, 102)), 1);
    ck_assert_uint_eq(parts(resold), PH_PARTY_SELLER);
    ck_assert_uint_eq(done(countersign(d.second, resold, 103)), 1);
    ck_assert_uint_eq(done(countersign(d.supplier, resold, 101)), 1);
    ck_assert_uint_eq(parts(resold), PH_PARTIES_ALL);
}
END_TEST

START_TEST(a_supplier_that_buys_back_signs_for_both)
{
    uint64_t back = deal_resell(&d, sold, d.buyer, d.supplier, 1, 11);
    ck_assert_uint_eq(done(countersign(d.supplier, back, 101)), 1);
    ck_assert_uint_eq(parts(back), PH_PARTY_BUYER | PH_PARTY_SUPPLIER);
}
END_TEST

START_TEST(what_is_no_countersignature_is_refused)
{
    deal_refused(&d, countersign(d.buyer, 0, 102), PH_REJECT_UNKNOWN_CONTRACT);
    const ph_rejected *r =
        deal_refused(&d, countersign(d.buyer, resold + 1, 102), PH_REJECT_UNKNOWN_CONTRACT);
    ck_assert_int_eq(r->arg0, (int64_t)resold + 1);
    r = deal_refused(&d, countersign(d.third, sold, 104), PH_REJECT_NOT_PARTY);
    ck_assert_int_eq(r->arg0, (int64_t)sold);
    deal_refused(&d, countersign(d.second, sold, 103), PH_REJECT_NOT_PARTY); /* of the resale */
    r = deal_refused(&d, countersign(d.buyer, sold, 101), PH_REJECT_UNKNOWN_KEY); /* another's */
    ck_assert_int_eq(r->arg0, d.buyer);
    deal_refused(&d, countersign(d.buyer, sold, 0), PH_REJECT_UNKNOWN_KEY);
    deal_refused(&d, countersign(d.buyer, sold, (uint8_t)d.buyer), PH_REJECT_UNKNOWN_KEY);
    ck_assert_uint_eq(parts(sold), 0);
    ck_assert_uint_eq(parts(0), 0);
    ck_assert_uint_eq(parts(resold + 1), 0);
}
END_TEST

START_TEST(a_revoked_key_signs_nothing_and_its_successor_does)
{
    world_do(&d.w, key_change(PH_CMD_ADD_KEY, d.buyer, 112));
    ck_assert_uint_eq(done(countersign(d.buyer, sold, 102)), 1); /* both are its own now */
    world_do(&d.w, key_change(PH_CMD_REVOKE_KEY, d.buyer, 102));
    deal_refused(&d, countersign(d.buyer, resold, 102), PH_REJECT_UNKNOWN_KEY);
    ck_assert_uint_eq(done(countersign(d.buyer, resold, 112)), 1);
    ck_assert_uint_eq(parts(sold), PH_PARTY_BUYER); /* what was signed stays signed */
}
END_TEST

START_TEST(a_suspended_party_still_countersigns)
{
    world_do(&d.w, (ph_command){.kind = PH_CMD_SET_PARTICIPANT_STATE,
                                .sender = {1},
                                .u.participant_state = {{d.buyer}, PH_PARTICIPANT_SUSPENDED}});
    ck_assert_uint_eq(done(countersign(d.buyer, sold, 102)), 1);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, both_parties_countersign_once);
    tcase_add_test(tests, who_sold_it_on_is_a_party);
    tcase_add_test(tests, a_supplier_that_buys_back_signs_for_both);
    tcase_add_test(tests, what_is_no_countersignature_is_refused);
    tcase_add_test(tests, a_revoked_key_signs_nothing_and_its_successor_does);
    tcase_add_test(tests, a_suspended_party_still_countersigns);
}

int main(void)
{
    return suite_run("countersign", add);
}
