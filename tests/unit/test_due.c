/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which windows run out: by time, then kind, then contract and period. */
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

/* Contracts of product 1: `cnt` over two periods each. */
static void sell(uint32_t cnt)
{
    ph_product_terms t = deal_terms(&d);
    deal_list(&d, &t);
    for (uint32_t i = 0; i < cnt; i++)
        deal_sell(&d, d.buyer, 2, 1, 10);
}

/* The n-th contract-period that the last command made final. */
static void expect(uint32_t n, uint64_t contract, ph_period relative)
{
    const ph_delivery_final *f = &world_event(&d.w, PH_EVT_DELIVERY_FINAL, n)->u.delivery_final;
    ck_assert_uint_eq(f->contract.v, contract);
    ck_assert_uint_eq(f->period, FIRST + relative);
}

START_TEST(windows_of_one_instant_run_by_contract_then_period)
{
    sell(40);
    deal_clock(&d, 1, REPORT_S);
    deal_tick(&d);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 40);
    for (uint32_t i = 0; i < 40; i++)
        expect(i, i + 1, 0);
}
END_TEST

START_TEST(windows_of_many_instants_run_in_order_of_time)
{
    sell(3);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, 3, 0, 1));
    deal_clock(&d, 1, 20);
    world_do(&d.w, deal_report(d.supplier, 1, 0, 1));
    /* 2 was never reported: due after 60 s; 3 after 600 s, 1 after 620 s, all second periods an
       hour later.  One late command finds all of it due. */
    deal_clock(&d, 5, 0);
    ph_command late = deal_report(d.supplier, 1, 1, 1);
    deal_refused(&d, late, PH_REJECT_DELIVERY_CLOSED);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 6);
    expect(0, 2, 0);
    expect(1, 3, 0);
    expect(2, 1, 0);
    expect(3, 1, 1);
    expect(4, 2, 1);
    expect(5, 3, 1);
    ck_assert_int_eq(d.w.out.v[d.w.out.cnt - 1].kind, PH_EVT_REJECTED); /* the answer comes after */
}
END_TEST

START_TEST(at_equal_time_gates_come_first_then_expiries_then_windows)
{
    ph_product_terms t = deal_terms(&d);
    t.report_seconds = HOUR;
    deal_list(&d, &t);
    deal_sell(&d, d.buyer, 1, 1, 10);
    ph_command keep =
        world_order(&d.w, d.third, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){3, 1}, 1, 1);
    keep.u.order.time_in_force = PH_TIF_GTT;
    keep.u.order.expire_at.ns = (uint64_t)(FIRST + 2) * HOUR * PH_NS_PER_S;
    world_do(&d.w, keep);
    world_do(&d.w, world_order(&d.w, d.third, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){2, 1}, 1, 1));
    /* A report window of 3600 s that ends with period 1, when the gate of period 2 closes. */
    deal_clock(&d, 2, 0);
    deal_tick(&d);
    uint32_t gate = 0, expiry = 0, window = 0;
    for (uint32_t i = 0; i < d.w.out.cnt; i++) {
        const ph_event *e = &d.w.out.v[i];
        if (e->kind == PH_EVT_GATE_CLOSED && e->u.gate_closed.period == FIRST + 2) gate = i;
        if (e->kind == PH_EVT_CANCELLED && e->u.cancelled.reason == PH_CANCEL_EXPIRED) expiry = i;
        if (e->kind == PH_EVT_DELIVERY_FINAL) window = i;
    }
    ck_assert_int_eq(d.w.out.v[gate].kind, PH_EVT_GATE_CLOSED);
    ck_assert_uint_gt(expiry, gate);
    ck_assert_uint_gt(window, expiry);
}
END_TEST

START_TEST(a_window_that_ends_early_leaves_nothing_due)
{
    sell(2);
    for (uint64_t c = 1; c <= 2; c++) {
        deal_clock(&d, 1, (int64_t)c);
        world_do(&d.w, deal_report(d.supplier, c, 0, 3600));
        world_do(&d.w, deal_confirm(d.buyer, c, 0));
    }
    deal_clock(&d, 2, 0);
    deal_tick(&d);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 0);
    ck_assert_uint_eq(ph_market_next_due(d.w.m).ns, d.w.now.ns + REPORT_S * PH_NS_PER_S);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, windows_of_one_instant_run_by_contract_then_period);
    tcase_add_test(t, windows_of_many_instants_run_in_order_of_time);
    tcase_add_test(t, at_equal_time_gates_come_first_then_expiries_then_windows);
    tcase_add_test(t, a_window_that_ends_early_leaves_nothing_due);
}

int main(void)
{
    return suite_run("due", add);
}
