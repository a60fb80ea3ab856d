/* SPDX-License-Identifier: Apache-2.0 */
/* Every table of the market that is full: a refusal that names it, nothing changed, the laws hold,
   and where rows can end there is room again.  The list below has a case for each size in
   ph_market_limits, and a size without one fails.  Tables whose size is a rule, and none of
   ph_market_limits: keys (test_keys), the notary's keys (test_notary_key), blocks of a side
   (test_match). */
#include <stddef.h>

#include "tests/unit/delivery_fixture.h"
#include "tests/unit/suite.h"

static deal d;

/* The market of a deal in which one table, by its place in ph_market_limits, has so many rows, and
   product 1. */
static void open_with(size_t limit, uint32_t rows)
{
    ph_market_limits limits = world_limits();
    *(uint32_t *)((char *)&limits + limit) = rows;
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
    if (d.w.m != NULL) world_free(&d.w);
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

static void participants(void)
{
    full((ph_command){.kind = PH_CMD_REGISTER_PARTICIPANT,
                      .sender = {1},
                      .u.participant = {.id = {4}, .roles = PH_ROLE_BUYER, .name = {"late"}}},
         0, 3);
}

static void sites(void)
{
    full((ph_command){.kind = PH_CMD_REGISTER_SITE,
                      .sender = {1},
                      .u.site = {.id = {2},
                                 .owner = {d.supplier},
                                 .region = {"ulanqab"},
                                 .name = {"late"},
                                 .pue_ppm = 1200000}},
         0, 1);
}

static void hardware(void)
{
    full((ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                      .sender = {1},
                      .u.hardware = {.id = {2}, .name = {"late"}}},
         0, 1);
}

static void products(void)
{
    ph_product_terms t = deal_terms(&d);
    full((ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = t}, 0, 1);
}

static void pools_of_hardware(void)
{
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

/* No table of rows: how far ahead a product and its capacity can look. */
static void periods_ahead(void)
{
    ph_product_terms t = deal_terms(&d);
    t.horizon = 62;
    deal_list(&d, &t);
    t = deal_terms(&d);
    t.horizon = 63;
    ph_command c = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = t};
    const ph_rejected *r = deal_refused(&d, c, PH_REJECT_FIELD_RANGE);
    ck_assert_int_eq(r->arg0, 21);
    ck_assert_int_eq(r->arg1, 63);
    c = (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                     .sender = {d.supplier},
                     .u.capacity = {.reference = 2,
                                    .site = {d.site},
                                    .hardware = {1},
                                    .period_seconds = HOUR,
                                    .window = {START_PERIOD, 65},
                                    .units = 5}};
    r = deal_refused(&d, c, PH_REJECT_PERIOD_TOO_FAR);
    ck_assert_int_eq(r->arg0, START_PERIOD + 64);
    ck_assert_int_eq(r->arg1, START_PERIOD + 63);
    c.u.capacity.window.periods = 64;
    world_do(&d.w, c);
}

static void orders(void)
{
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < 3; i++)
            world_do(&d.w, one(d.buyer, PH_SIDE_BUY, 10));
        full(one(d.buyer, PH_SIDE_BUY, 10), 7, 3);
        world_do(&d.w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {d.buyer}});
    }
}

static void periods_of_orders(void)
{
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

static void blocks(void)
{
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

static void contracts_are_for_ever(void)
{
    meet_three(2);
    full(one(d.buyer, PH_SIDE_BUY, 10), 10, 2);
    world_do(&d.w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {d.supplier}});
    full(one(d.supplier, PH_SIDE_SELL, 10), 10, 2);
    deal_clock(&d, 3, 0);
    deal_tick(&d); /* what was sold becomes final; a contract stays */
    full(order(d.buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){5, 1}, 10), 10, 2);
}

/* Rows that are free again once what was sold is final. */
static void fill_and_recover(int64_t table)
{
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

static void periods_of_contracts(void)
{
    fill_and_recover(13);
}

static void lots(void)
{
    fill_and_recover(14);
}

/* The supplier and the buyer were paid for with the first two. */
static void references(void)
{
    ph_command c = {
        .kind = PH_CMD_DEPOSIT, .sender = {1}, .u.payment = {{d.buyer}, 5, .reference = {"third"}}};
    world_do(&d.w, c);
    ph_text_set(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "fourth");
    full(c, 0, 3);
    c.kind = PH_CMD_WITHDRAW;
    full(c, 0, 3);
}

static void terms(void)
{
    ph_product_terms t = deal_terms(&d);
    t.id.v = 1;
    ph_text_set(t.symbol.s, sizeof t.symbol.s, "AI.TEST-1");
    ph_command c = {.kind = PH_CMD_SET_TERMS, .sender = {1}, .u.product = t};
    world_do(&d.w, c);
    full(c, 12, 2);
    t = deal_terms(&d);
    full((ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = t}, 12, 2);
}

static void probes(void)
{
    uint32_t meter = world_participant(&d.w, PH_ROLE_METER, 0);
    ph_command c = {.kind = PH_CMD_REPORT_PROBE,
                    .sender = {meter},
                    .u.probe = {.region = {"east"}, .site = {d.site}, .measured_at = {1}}};
    world_do(&d.w, c);
    c.u.probe.measured_at.ns = 2;
    world_do(&d.w, c); /* a newer one of the same pair takes its room */
    ph_text_set(c.u.probe.region.s, sizeof c.u.probe.region.s, "west");
    full(c, 16, 1);
}

static void price_levels(void)
{
    for (int again = 0; again < 2; again++) {
        for (ph_price price = 5; price < 9; price++)
            world_do(&d.w, one(d.buyer, PH_SIDE_BUY, price));
        full(one(d.buyer, PH_SIDE_BUY, 9), 17, 4);
        world_do(&d.w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {d.buyer}});
    }
}

static void disputes(void)
{
    uint64_t first = deal_sell(&d, d.buyer, 1, 1, 10), second = deal_sell(&d, d.buyer, 1, 1, 10);
    deal_clock(&d, 1, 0);
    world_do(&d.w, deal_report(d.supplier, first, 0, HOUR / 2));
    world_do(&d.w, deal_report(d.supplier, second, 0, HOUR / 2));
    world_do(&d.w, deal_dispute(d.buyer, first, 0, HOUR / 4));
    full(deal_dispute(d.buyer, second, 0, HOUR / 4), 15, 1);
    world_do(&d.w, deal_resolve(first, 0, HOUR / 2));
    world_do(&d.w, deal_dispute(d.buyer, second, 0, HOUR / 4));
}

static const struct {
    const char *name;
    size_t limit;
    uint32_t rows;
    void (*fill)(void);
} tables[] = {
#define TABLE(member, rows, fill)                               \
    {                                                           \
#member, offsetof(ph_market_limits, member), rows, fill \
    }
    TABLE(participants_max, 3, participants),
    TABLE(sites_max, 1, sites),
    TABLE(hardware_max, 1, hardware),
    TABLE(products_max, 1, products),
    TABLE(pools_max, 1, pools_of_hardware),
    TABLE(ring_periods, 64, periods_ahead),
    TABLE(orders_max, 3, orders),
    TABLE(order_periods_max, 16, periods_of_orders),
    TABLE(blocks_max, 2, blocks),
    TABLE(contracts_max, 2, contracts_are_for_ever),
    TABLE(references_max, 3, references),
    TABLE(terms_max, 2, terms),
    TABLE(deliveries_max, 2, periods_of_contracts),
    TABLE(lots_max, 2, lots),
    TABLE(disputes_max, 1, disputes),
    TABLE(probes_max, 1, probes),
    TABLE(levels_max, 4, price_levels),
#undef TABLE
};

enum { TABLES = sizeof tables / sizeof tables[0] };

START_TEST(a_full_table_is_a_refusal_that_names_it)
{
    open_with(tables[_i].limit, tables[_i].rows);
    tables[_i].fill();
}
END_TEST

/* Every member of ph_market_limits is a size: one that is new is in the list, or fails here. */
START_TEST(every_size_has_its_case)
{
    ph_market_limits seen;
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < TABLES; i++) {
        uint32_t *member = (uint32_t *)((char *)&seen + tables[i].limit);
        ck_assert_msg(*member == 0, "%s is there twice", tables[i].name);
        *member = 1;
    }
    for (size_t at = 0; at < sizeof seen; at += sizeof(uint32_t))
        ck_assert_msg(*(uint32_t *)((char *)&seen + at) == 1,
                      "the size at offset %zu of ph_market_limits has no case", at);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_size_has_its_case);
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_loop_test(t, a_full_table_is_a_refusal_that_names_it, 0, TABLES);
}

int main(void)
{
    return suite_run("tables", add);
}
