/* SPDX-License-Identifier: Apache-2.0 */
/* Rulebook 2: (offered + sold) * hardware_units <= registered, over all products together. */
#include "engine/core/capacity.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t supplier, buyer, site;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    supplier = world_participant(&w, PH_ROLE_SUPPLIER, 1000000);
    buyer = world_participant(&w, PH_ROLE_BUYER, 1000000);
    site = world_site(&w, supplier);
    ph_product_terms card = world_terms(&w, site);
    world_product(&w, &card);
    ph_product_terms node = world_terms(&w, site);
    node.hardware_units = 8;
    world_product(&w, &node);
    world_capacity(&w, supplier, site, 1, 10);
}

static void teardown(void)
{
    world_free(&w);
}

static const ph_rejected *refused(ph_command c, ph_reject code)
{
    const ph_event *e = world_apply(&w, c);
    ck_assert_msg(e->kind == PH_EVT_REJECTED, "accepted");
    ck_assert_str_eq(ph_reject_name(e->u.rejected.code), ph_reject_name(code));
    w.client_order_id[c.sender.v] -= c.kind == PH_CMD_NEW_ORDER; /* a reject uses no id */
    return &e->u.rejected;
}

static ph_command sell(uint32_t product, uint32_t first, uint32_t periods, uint32_t quantity)
{
    ph_command c = world_order(&w, supplier, PH_SIDE_SELL, PH_SHAPE_EACH,
                               (ph_window){first, periods}, quantity, 5);
    c.u.order.product.v = product;
    return c;
}

START_TEST(products_share_the_hardware_of_a_site)
{
    world_do(&w, sell(2, 0, 3, 1)); /* 8 of 10 */
    world_do(&w, sell(1, 1, 4, 2)); /* 10 of 10 in periods 1 and 2 */
    const ph_rejected *r = refused(sell(1, 0, 6, 1), PH_REJECT_CAPACITY);
    ck_assert_int_eq(r->arg0, FIRST + 1);
    ck_assert_int_eq(r->arg1, 0);
    world_do(&w, sell(1, 3, 2, 8));
    refused(sell(2, 5, 1, 2), PH_REJECT_CAPACITY);
}
END_TEST

START_TEST(sold_units_stay_used_and_cancelled_ones_come_back)
{
    world_do(&w, sell(1, 0, 2, 10));
    world_do(&w, world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 4, 5));
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_TRADE), 1);
    world_do(&w, (ph_command){.kind = PH_CMD_CANCEL_ORDER,
                              .sender = {supplier},
                              .u.cancel = {.order = {1}}});
    refused(sell(1, 0, 1, 7), PH_REJECT_CAPACITY);
    world_do(&w, sell(1, 0, 1, 6));
    world_do(&w, sell(1, 1, 1, 10));
}
END_TEST

START_TEST(a_registration_sent_twice_adds_nothing)
{
    ph_command c = {.kind = PH_CMD_REGISTER_CAPACITY,
                    .sender = {supplier},
                    .u.capacity = {.reference = 1,
                                   .site = {site},
                                   .hardware = {1},
                                   .period_seconds = HOUR,
                                   .window = {FIRST, 4},
                                   .units = 5}};
    refused(c, PH_REJECT_DUPLICATE);
    c.u.capacity.reference = 2;
    world_do(&w, c);
    world_do(&w, sell(1, 0, 4, 15));
    refused(sell(1, 3, 2, 1), PH_REJECT_CAPACITY);
}
END_TEST

START_TEST(bad_registrations_name_what_is_wrong)
{
    ph_command good = {.kind = PH_CMD_REGISTER_CAPACITY,
                       .sender = {supplier},
                       .u.capacity = {.reference = 2,
                                      .site = {site},
                                      .hardware = {1},
                                      .period_seconds = HOUR,
                                      .window = {FIRST, 4},
                                      .units = 5}};
    ph_command c = good;
    c.u.capacity.site.v = 9;
    refused(c, PH_REJECT_UNKNOWN_SITE);
    c = good, c.u.capacity.hardware.v = 9;
    refused(c, PH_REJECT_UNKNOWN_HARDWARE);
    c = good, c.u.capacity.period_seconds = 900;
    refused(c, PH_REJECT_PERIOD_SECONDS);
    c = good, c.u.capacity.period_seconds = 1;
    refused(c, PH_REJECT_PERIOD_SECONDS);
    c = good, c.u.capacity.units = 0;
    refused(c, PH_REJECT_QUANTITY_RANGE);
    c = good, c.u.capacity.window.periods = 0;
    refused(c, PH_REJECT_WINDOW_EMPTY);
    c = good, c.u.capacity.window.first = START_PERIOD - 1;
    refused(c, PH_REJECT_PERIOD_CLOSED);
    c = good, c.u.capacity.window.periods = 1000;
    refused(c, PH_REJECT_PERIOD_TOO_FAR);
    c = good, c.u.capacity.window.first = UINT32_MAX, c.u.capacity.window.periods = UINT32_MAX;
    refused(c, PH_REJECT_PERIOD_TOO_FAR);
    c = good, c.sender.v = buyer;
    refused(c, PH_REJECT_ROLE_MISSING);
    world_do(&w, good);
}
END_TEST

/* The ring of periods is used again: what was registered for a period that has passed must not
   count for the one that takes its place. */
START_TEST(capacity_of_the_past_is_forgotten)
{
    w.now.ns += 40ull * HOUR * PH_NS_PER_S;
    ph_command c = sell(1, 40 + 25, 1, 1); /* in the ring where START_PERIOD + 2 was */
    refused(c, PH_REJECT_CAPACITY);
    world_do(&w, (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                              .sender = {supplier},
                              .u.capacity = {.reference = 2,
                                             .site = {site},
                                             .hardware = {1},
                                             .period_seconds = HOUR,
                                             .window = {FIRST + 60, 20},
                                             .units = 1}});
    world_do(&w, c);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, products_share_the_hardware_of_a_site);
    tcase_add_test(t, sold_units_stay_used_and_cancelled_ones_come_back);
    tcase_add_test(t, a_registration_sent_twice_adds_nothing);
    tcase_add_test(t, bad_registrations_name_what_is_wrong);
    tcase_add_test(t, capacity_of_the_past_is_forgotten);
}

int main(void)
{
    return suite_run("capacity", add);
}
