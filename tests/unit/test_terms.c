/* SPDX-License-Identifier: Apache-2.0 */
/* Rulebook 3: versions of a product's terms, and its state. */
#include "engine/core/terms.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t supplier, buyer, site;
static ph_product_terms terms;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    limits.terms_max = 4;
    w = world_new(&limits);
    supplier = world_participant(&w, PH_ROLE_SUPPLIER, 1000000);
    buyer = world_participant(&w, PH_ROLE_BUYER, 1000000);
    site = world_site(&w, supplier);
    terms = world_terms(&w, site);
    world_product(&w, &terms);
    world_capacity(&w, supplier, site, 1, 10);
}

static void teardown(void)
{
    world_free(&w);
}

static void refused(ph_command c, ph_reject code, int64_t arg0, int64_t arg1)
{
    const ph_event *e = world_apply(&w, c);
    ck_assert_msg(e->kind == PH_EVT_REJECTED, "accepted, wanted %s", ph_reject_name(code));
    ck_assert_str_eq(ph_reject_name(e->u.rejected.code), ph_reject_name(code));
    ck_assert_int_eq(e->u.rejected.arg0, arg0);
    ck_assert_int_eq(e->u.rejected.arg1, arg1);
    w.client_order_id[c.sender.v] -= c.kind == PH_CMD_NEW_ORDER;
}

static ph_command renew(ph_product_terms t)
{
    return (ph_command){.kind = PH_CMD_SET_TERMS, .sender = {1}, .u.product = t};
}

static ph_command state(ph_product_state s)
{
    return (ph_command){.kind = PH_CMD_SET_PRODUCT_STATE,
                        .sender = {1},
                        .u.product_state = {.product = {1}, .state = s}};
}

static ph_command sell(uint32_t first, uint32_t periods, uint32_t quantity)
{
    return world_order(&w, supplier, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){first, periods},
                       quantity, 5);
}

START_TEST(new_terms_cancel_what_rests_and_start_a_version)
{
    world_do(&w, sell(0, 2, 10));
    world_do(&w, sell(2, 1, 10));
    ph_product_terms next = terms;
    next.gate_seconds = 2 * HOUR;
    next.taker_ppm = 5;
    const ph_event *e = world_apply(&w, renew(next));
    ck_assert_int_eq(e->kind, PH_EVT_DONE);
    ck_assert_uint_eq(e->u.done.count, 2);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 2);
    ck_assert_int_eq(world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.reason,
                     PH_CANCEL_TERMS_CHANGED);
    ck_assert_uint_eq(world_event(&w, PH_EVT_TERMS_SET, 0)->u.terms_set.terms_version, 2);
    ck_assert_uint_eq(ph_market_product(w.m, terms.id)->taker_ppm, 5);
    /* The new gate counts from now on: periods 0 and 1 are closed, period 2 closes in an hour. */
    refused(sell(1, 1, 1), PH_REJECT_PERIOD_CLOSED, FIRST + 1, FIRST + 2);
    world_do(&w, sell(2, 2, 10));
    ck_assert_uint_eq(ph_market_next_due(w.m).ns, (uint64_t)FIRST * HOUR * PH_NS_PER_S);
    w.now.ns += HOUR * PH_NS_PER_S;
    world_do(&w, (ph_command){.kind = PH_CMD_TICK});
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_GATE_CLOSED), 1);
    ck_assert_uint_eq(world_event(&w, PH_EVT_GATE_CLOSED, 0)->u.gate_closed.period, FIRST + 2);
}
END_TEST

START_TEST(what_never_changes)
{
    ph_product_terms t = terms;
    ph_text_set(t.unit.s, sizeof t.unit.s, "node");
    refused(renew(t), PH_REJECT_FIXED_FIELD, 6, 0);
    t = terms, t.hardware.v = 2;
    refused(renew(t), PH_REJECT_FIXED_FIELD, 7, 2);
    t = terms, t.hardware_units = 2;
    refused(renew(t), PH_REJECT_FIXED_FIELD, 8, 2);
    t = terms, t.site.v = 2;
    refused(renew(t), PH_REJECT_FIXED_FIELD, 14, 2);
    t = terms, t.period_seconds = 900;
    refused(renew(t), PH_REJECT_FIXED_FIELD, 16, 900);
    t = terms, t.lot = 2;
    refused(renew(t), PH_REJECT_FIXED_FIELD, 18, 2);
    t = terms, t.tick = 0;
    refused(renew(t), PH_REJECT_FIELD_RANGE, 17, 0);
    t = terms, t.id.v = 2;
    refused(renew(t), PH_REJECT_UNKNOWN_PRODUCT, 2, 0);
    for (int i = 0; i < 3; i++)
        world_do(&w, renew(terms));
    refused(renew(terms), PH_REJECT_TABLE_FULL, 12, 4);
}
END_TEST

START_TEST(a_symbol_stays_its_product_s)
{
    ph_product_terms t = terms;
    ph_text_set(t.symbol.s, sizeof t.symbol.s, "AI.RENAMED");
    world_do(&w, renew(t));
    ph_product_terms other = world_terms(&w, site);
    other.symbol = terms.symbol;
    ph_command c = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = other};
    refused(c, PH_REJECT_FIELD_RANGE, 2, 0);
    c.u.product.symbol = t.symbol;
    refused(c, PH_REJECT_FIELD_RANGE, 2, 0);
    world_do(&w, renew(terms));
}
END_TEST

START_TEST(the_reference_is_the_last_trade_s_else_the_listed_one)
{
    terms.band_ppm = 500000;
    terms.reference_price = 6;
    world_do(&w, renew(terms)); /* 3 .. 9 */
    world_do(&w, sell(0, 1, 1));
    world_do(&w, world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 6));
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_REFERENCE_SET), 1); /* 5 */
    terms.reference_price = 100;
    world_do(&w, renew(terms));
    world_do(&w, sell(0, 1, 1)); /* at 5: inside the band around the trade's 5, not around 100 */
}
END_TEST

START_TEST(a_halted_product_takes_no_orders_and_keeps_its_own)
{
    world_do(&w, sell(0, 1, 4));
    world_do(&w, state(PH_PRODUCT_HALTED));
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0);
    refused(sell(0, 1, 1), PH_REJECT_PRODUCT_STATE, 1, PH_PRODUCT_HALTED);
    world_do(&w, (ph_command){.kind = PH_CMD_CANCEL_ORDER,
                              .sender = {supplier},
                              .u.cancel = {.order = {1}}});
    world_do(&w, state(PH_PRODUCT_LISTED));
    world_do(&w, sell(0, 1, 10));
}
END_TEST

START_TEST(delisting_is_final)
{
    world_do(&w, sell(0, 1, 4));
    world_do(&w, state(PH_PRODUCT_DELISTED));
    ck_assert_int_eq(world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.reason, PH_CANCEL_CLOSED);
    refused(state(PH_PRODUCT_LISTED), PH_REJECT_PRODUCT_STATE, 1, PH_PRODUCT_DELISTED);
    refused(renew(terms), PH_REJECT_PRODUCT_STATE, 1, PH_PRODUCT_DELISTED);
    refused(sell(0, 1, 1), PH_REJECT_PRODUCT_STATE, 1, PH_PRODUCT_DELISTED);
    ph_command c = {.kind = PH_CMD_SET_PHASE,
                    .sender = {1},
                    .u.phase = {.product = {1}, .phase = PH_PHASE_OPEN}};
    refused(c, PH_REJECT_PRODUCT_STATE, 1, PH_PRODUCT_DELISTED);
    ph_product_state got;
    uint32_t version;
    ck_assert(ph_market_product_state(w.m, terms.id, &got, &version));
    ck_assert_int_eq(got, PH_PRODUCT_DELISTED);
    ck_assert_uint_eq(version, 1);
}
END_TEST

START_TEST(no_other_rules_version_is_known)
{
    ph_command c = {.kind = PH_CMD_SET_RULES_VERSION, .sender = {1}};
    for (uint32_t v = 0; v < 3; v++) {
        c.u.rules.version = v;
        refused(c, PH_REJECT_RULES_VERSION, v, 1);
    }
    ck_assert_uint_eq(ph_market_rules_version(w.m), 1);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, new_terms_cancel_what_rests_and_start_a_version);
    tcase_add_test(t, what_never_changes);
    tcase_add_test(t, a_symbol_stays_its_product_s);
    tcase_add_test(t, the_reference_is_the_last_trade_s_else_the_listed_one);
    tcase_add_test(t, a_halted_product_takes_no_orders_and_keeps_its_own);
    tcase_add_test(t, delisting_is_final);
    tcase_add_test(t, no_other_rules_version_is_known);
}

int main(void)
{
    return suite_run("terms", add);
}
