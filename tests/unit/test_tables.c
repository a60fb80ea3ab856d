/* SPDX-License-Identifier: Apache-2.0 */
/* Every table of the market that is full: a refusal that names it, nothing changed, the laws hold,
   and where rows can end there is room again.  Tables that other tests fill: references
   (test_ledger), keys (test_keys), terms (test_terms), probes (test_measure), orders and price
   levels (test_place), the notary's keys (test_notary_key). */
#include <stddef.h>

#include "tests/unit/delivery_fixture.h"
#include "tests/unit/suite.h"

static deal d;

/* The market of a deal with other limits, and product 1. */
static void open_with(ph_market_limits limits)
{
    d.w = world_new(&limits);
    d.supplier = world_participant(&d.w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, MUCH);
    d.buyer = world_participant(&d.w, PH_ROLE_BUYER, MUCH);
    d.site = world_site(&d.w, d.supplier);
    world_capacity(&d.w, d.supplier, d.site, 1, 1000);
    ph_product_terms t = deal_terms(&d);
    deal_list(&d, &t);
}

static void teardown(void)
{
    world_free(&d.w);
}

/* Refused: table number `table` (0: the one that the command adds to) has `max` rows already. */
static void full(ph_command c, int64_t table, int64_t max)
{
    const ph_rejected *r = deal_refused(&d, c, PH_REJECT_TABLE_FULL);
    ck_assert_int_eq(r->arg0, table);
    ck_assert_int_eq(r->arg1, max);
    ck_assert_uint_eq(d.w.out.cnt, 1);
}

static ph_command order(uint32_t who, ph_side side, ph_shape shape, ph_window window,
                        ph_price price)
{
    return world_order(&d.w, who, side, shape, window, 1, price);
}

static ph_command one(uint32_t who, ph_side side, ph_price price)
{
    return order(who, side, PH_SHAPE_EACH, (ph_window){0, 1}, price);
}

START_TEST(what_is_registered)
{
    ph_market_limits limits = world_limits();
    limits.participants_max = 3;
    limits.sites_max = limits.hardware_max = limits.products_max = limits.pools_max = 1;
    open_with(limits);
    full((ph_command){.kind = PH_CMD_REGISTER_PARTICIPANT,
                      .sender = {1},
                      .u.participant = {.id = {4}, .roles = PH_ROLE_BUYER, .name = {"late"}}},
         0, 3);
    full((ph_command){.kind = PH_CMD_REGISTER_SITE,
                      .sender = {1},
                      .u.site = {.id = {2},
                                 .owner = {d.supplier},
                                 .region = {"ulanqab"},
                                 .name = {"late"},
                                 .pue_ppm = 1200000}},
         0, 1);
    full((ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                      .sender = {1},
                      .u.hardware = {.id = {2}, .name = {"late"}}},
         0, 1);
    ph_product_terms t = deal_terms(&d);
    full((ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = t}, 0, 1);
}
END_TEST

START_TEST(pools_of_hardware)
{
    ph_market_limits limits = world_limits();
    limits.pools_max = 1;
    open_with(limits);
    uint32_t other = world_participant(&d.w, PH_ROLE_SUPPLIER, 0);
    ph_command c = {.kind = PH_CMD_REGISTER_CAPACITY,
                    .sender = {other},
                    .u.capacity = {.reference = 1,
                                   .site = {d.site},
                                   .hardware = {1},
                                   .period_seconds = HOUR,
                                   .window = {START_PERIOD, 62},
                                   .units = 5}};
    full(c, 0, 1);
    world_capacity(&d.w, d.supplier, d.site, 2, 5); /* more of what is there needs no room */
}
END_TEST

START_TEST(periods_of_orders)
{
    ph_market_limits limits = world_limits();
    limits.order_periods_max = 16;
    open_with(limits);
    ph_window ten = {0, 10};
    world_do(&d.w, order(d.buyer, PH_SIDE_BUY, PH_SHAPE_EACH, ten, 10));
    full(order(d.buyer, PH_SIDE_BUY, PH_SHAPE_EACH, ten, 10), 8, 16);
    full(one(d.buyer, PH_SIDE_BUY, 10), 8, 16); /* ten periods lie in a run of sixteen */
    world_do(&d.w, order(d.buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, ten, 10)); /* has none */
    world_do(&d.w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {d.buyer}});
    for (int i = 0; i < 16; i++)
        world_do(&d.w, one(d.buyer, PH_SIDE_BUY, 10));
    full(one(d.buyer, PH_SIDE_BUY, 10), 8, 16);
}
END_TEST

START_TEST(blocks)
{
    ph_market_limits limits = world_limits();
    limits.blocks_max = 2;
    open_with(limits);
    ph_command c = order(d.buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 3}, 10);
    world_do(&d.w, c);
    for (int again = 0; again < 2; again++) {
        c = order(d.buyer, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 3}, 10);
        world_do(&d.w, c);
        uint64_t newest = d.w.out.v[0].u.accepted.order.v;
        c.u.order.client_order_id = ++d.w.client_order_id[d.buyer];
        full(c, 9, 2);
        world_do(&d.w, one(d.buyer, PH_SIDE_BUY, 9)); /* is no block */
        world_do(&d.w, (ph_command){.kind = PH_CMD_CANCEL_ORDER,
                                    .sender = {d.buyer},
                                    .u.cancel = {.order = {newest}}});
    }
}
END_TEST

/* Three offers in one period, and somebody who wants all of them. */
static void meet_three(uint64_t fills)
{
    for (int i = 0; i < 3; i++)
        world_do(&d.w, one(d.supplier, PH_SIDE_SELL, 10));
    ph_command c = one(d.buyer, PH_SIDE_BUY, 10);
    c.u.order.quantity = 3;
    world_do(&d.w, c);
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_TRADE), fills);
    ck_assert_int_eq(world_event(&d.w, PH_EVT_CANCELLED, 0)->u.cancelled.reason,
                     PH_CANCEL_FILL_LIMIT);
}

START_TEST(contracts_are_for_ever)
{
    ph_market_limits limits = world_limits();
    limits.contracts_max = 2;
    open_with(limits);
    meet_three(2);
    full(one(d.buyer, PH_SIDE_BUY, 10), 10, 2);
    world_do(&d.w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {d.supplier}});
    full(one(d.supplier, PH_SIDE_SELL, 10), 10, 2);
    deal_clock(&d, 3, 0);
    deal_tick(&d); /* what was sold becomes final; a contract stays */
    full(order(d.buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){5, 1}, 10), 10, 2);
}
END_TEST

static void fill_and_recover(size_t limit, int64_t table)
{
    ph_market_limits limits = world_limits();
    *(uint32_t *)((char *)&limits + limit) = 2;
    open_with(limits);
    meet_three(2);
    full(one(d.buyer, PH_SIDE_BUY, 10), table, 2);
    deal_clock(&d, 3, 0);
    deal_tick(&d);
    ck_assert_uint_ge(world_cnt(&d.w, PH_EVT_DELIVERY_FINAL), 2);
    ph_window later = {5, 1};
    world_do(&d.w, order(d.supplier, PH_SIDE_SELL, PH_SHAPE_EACH, later, 10));
    world_do(&d.w, order(d.buyer, PH_SIDE_BUY, PH_SHAPE_EACH, later, 10));
    ck_assert_uint_eq(world_cnt(&d.w, PH_EVT_TRADE), 1);
}

START_TEST(periods_of_contracts)
{
    fill_and_recover(offsetof(ph_market_limits, deliveries_max), 13);
}
END_TEST

START_TEST(lots)
{
    fill_and_recover(offsetof(ph_market_limits, lots_max), 14);
}
END_TEST

START_TEST(disputes)
{
    ph_market_limits limits = world_limits();
    limits.disputes_max = 1;
    open_with(limits);
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 10), second = deal_sell(&d, d.buyer, 1, 1, 10);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, first, 0, HOUR / 2));
    world_do(&d.w, deal_report(d.supplier, second, 0, HOUR / 2));
    world_do(&d.w, deal_dispute(d.buyer, first, 0, HOUR / 4));
    full(deal_dispute(d.buyer, second, 0, HOUR / 4), 15, 1);
    world_do(&d.w, deal_resolve(first, 0, HOUR / 2));
    world_do(&d.w, deal_dispute(d.buyer, second, 0, HOUR / 4));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, what_is_registered);
    tcase_add_test(t, pools_of_hardware);
    tcase_add_test(t, periods_of_orders);
    tcase_add_test(t, blocks);
    tcase_add_test(t, contracts_are_for_ever);
    tcase_add_test(t, periods_of_contracts);
    tcase_add_test(t, lots);
    tcase_add_test(t, disputes);
}

int main(void)
{
    return suite_run("tables", add);
}
