/* SPDX-License-Identifier: Apache-2.0 */
/* Checks before the book (rulebook 5), cancels, what remains (6.5). */
#include "engine/core/place.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t supplier, buyer, site;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    limits.orders_max = 8;
    limits.levels_max = 16;
    w = world_new(&limits);
    supplier = world_participant(&w, PH_ROLE_SUPPLIER, 1000000);
    buyer = world_participant(&w, PH_ROLE_BUYER, 1000000);
    site = world_site(&w, supplier);
    ph_product_terms terms = world_terms(&w, site);
    terms.tick = 5;
    terms.lot = 2;
    terms.quantity_max = 100;
    terms.reference_price = 100;
    terms.band_ppm = 500000;
    terms.block_periods_max = 12;
    terms.horizon = 50;
    terms.gate_seconds = 1800;
    world_product(&w, &terms);
    world_capacity(&w, supplier, site, 1, 1000);
}

static void teardown(void)
{
    world_free(&w);
}

static ph_command bid(void)
{
    return world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 2}, 4, 100);
}

static void refused(ph_command c, ph_reject code, int64_t arg0, int64_t arg1)
{
    uint64_t orders = ph_market_order_cnt(w.m);
    const ph_event *e = world_apply(&w, c);
    ck_assert_msg(e->kind == PH_EVT_REJECTED, "accepted, wanted %s", ph_reject_name(code));
    const ph_rejected *r = &e->u.rejected;
    ck_assert_str_eq(ph_reject_name(r->code), ph_reject_name(code));
    ck_assert_int_eq(r->arg0, arg0);
    ck_assert_int_eq(r->arg1, arg1);
    ck_assert_uint_eq(w.out.cnt, 1 + world_cnt(&w, PH_EVT_GATE_CLOSED));
    ck_assert_uint_eq(ph_market_order_cnt(w.m), orders);
}

START_TEST(who_and_what)
{
    ph_command c = bid();
    c.sender.v = 99;
    refused(c, PH_REJECT_UNKNOWN_PARTICIPANT, 99, 0);
    c = bid(), c.sender.v = supplier;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_BUYER, 0);
    c = bid(), c.u.order.side = PH_SIDE_SELL;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_SUPPLIER, 0);
    c = bid(), c.u.order.product.v = 2;
    refused(c, PH_REJECT_UNKNOWN_PRODUCT, 2, 0);
    world_do(&w, (ph_command){.kind = PH_CMD_SET_PARTICIPANT_STATE,
                              .sender = {1},
                              .u.participant_state = {{buyer}, PH_PARTICIPANT_SUSPENDED}});
    refused(bid(), PH_REJECT_PARTICIPANT_NOT_ACTIVE, buyer, PH_PARTICIPANT_SUSPENDED);
}
END_TEST

START_TEST(windows)
{
    ph_command c = bid();
    c.u.order.window.periods = 0;
    refused(c, PH_REJECT_WINDOW_EMPTY, FIRST, 0);
    c = bid(), c.u.order.window.first = START_PERIOD;
    refused(c, PH_REJECT_PERIOD_CLOSED, START_PERIOD, FIRST);
    c = bid(), c.u.order.window.first = START_PERIOD + 50;
    refused(c, PH_REJECT_PERIOD_TOO_FAR, START_PERIOD + 51, START_PERIOD + 50);
    c = bid(), c.u.order.window.periods = UINT32_MAX;
    refused(c, PH_REJECT_PERIOD_TOO_FAR, (int64_t)FIRST + UINT32_MAX - 1, START_PERIOD + 50);
    c = bid(), c.u.order.window.first = START_PERIOD + 49;
    world_do(&w, c);
    /* The gate of the first period closes half an hour before it starts. */
    w.now.ns += 1800 * PH_NS_PER_S - 1;
    world_do(&w, bid());
    w.now.ns += 1;
    refused(bid(), PH_REJECT_PERIOD_CLOSED, FIRST, FIRST + 1);
}
END_TEST

START_TEST(quantities_and_prices)
{
    ph_command c = bid();
    c.u.order.quantity = 3;
    refused(c, PH_REJECT_QUANTITY_LOT, 3, 2);
    c = bid(), c.u.order.quantity = 0;
    refused(c, PH_REJECT_QUANTITY_RANGE, 0, 100);
    c = bid(), c.u.order.quantity = 102;
    refused(c, PH_REJECT_QUANTITY_RANGE, 102, 100);
    c = bid(), c.u.order.price = 0;
    refused(c, PH_REJECT_PRICE_RANGE, 0, PH_PRICE_MAX);
    c = bid(), c.u.order.price = -5;
    refused(c, PH_REJECT_PRICE_RANGE, -5, PH_PRICE_MAX);
    c = bid(), c.u.order.price = PH_PRICE_MAX + 5;
    refused(c, PH_REJECT_PRICE_RANGE, PH_PRICE_MAX + 5, PH_PRICE_MAX);
    c = bid(), c.u.order.price = 102;
    refused(c, PH_REJECT_PRICE_TICK, 102, 5);
    c = bid(), c.u.order.price = 155;
    refused(c, PH_REJECT_PRICE_BAND, 155, 150);
    c = bid(), c.u.order.price = 45;
    refused(c, PH_REJECT_PRICE_BAND, 45, 50);
    c = bid(), c.u.order.price = 150;
    world_do(&w, c);
}
END_TEST

START_TEST(fields_that_do_not_belong_to_the_shape)
{
    ph_command c = bid();
    c.u.order.all_or_none = true;
    refused(c, PH_REJECT_SHAPE_FIELD, 11, 0);
    c = bid(), c.u.order.duration = 1;
    refused(c, PH_REJECT_SHAPE_FIELD, 6, 0);
    c = bid(), c.u.order.expire_at.ns = UINT64_MAX;
    refused(c, PH_REJECT_SHAPE_FIELD, 10, 0);
    c = bid(), c.u.order.shape = PH_SHAPE_BLOCK, c.u.order.window.periods = 13;
    refused(c, PH_REJECT_WINDOW_LENGTH, 13, 12);
    c = bid(), c.u.order.shape = PH_SHAPE_BLOCK, c.u.order.display_quantity = 2;
    refused(c, PH_REJECT_SHAPE_FIELD, 13, 0);
}
END_TEST

/* The order of the checks decides which answer wins when several apply. */
START_TEST(the_first_failing_check_is_the_answer)
{
    ph_command c = bid();
    c.u.order.quantity = 3;
    c.u.order.price = 102;
    c.u.order.window.periods = 0;
    refused(c, PH_REJECT_WINDOW_EMPTY, FIRST, 0);
    c.u.order.window.periods = 1;
    refused(c, PH_REJECT_QUANTITY_LOT, 3, 2);
    c.u.order.quantity = 2;
    refused(c, PH_REJECT_PRICE_TICK, 102, 5);
    c.sender.v = supplier;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_BUYER, 0);
}
END_TEST

START_TEST(client_order_ids_are_used_once)
{
    ph_command c = bid();
    c.u.order.client_order_id = 7;
    world_do(&w, c);
    const ph_event *e = world_apply(&w, c);
    ck_assert_uint_eq(e->u.rejected.code, PH_REJECT_DUPLICATE);
    ck_assert_uint_eq(e->u.rejected.order.v, 1);
    ck_assert_int_eq(e->u.rejected.arg0, 7);
    c.u.order.client_order_id = 6;
    e = world_apply(&w, c);
    ck_assert_uint_eq(e->u.rejected.code, PH_REJECT_DUPLICATE);
    ck_assert_uint_eq(e->u.rejected.order.v, 0);
    /* A rejected order uses no id. */
    c.u.order.client_order_id = 9;
    c.u.order.price = 1;
    ck_assert_uint_eq(world_apply(&w, c)->kind, PH_EVT_REJECTED);
    c.u.order.price = 100;
    world_do(&w, c);
    c.u.order.client_order_id = 0;
    refused(c, PH_REJECT_DUPLICATE, 9, 0);
}
END_TEST

START_TEST(cancels_reach_own_resting_orders_only)
{
    ph_command c = bid();
    c.u.order.client_order_id = 41;
    world_do(&w, c);
    ph_command cancel = {
        .kind = PH_CMD_CANCEL_ORDER, .sender = {supplier}, .u.cancel = {.order = {1}}};
    refused(cancel, PH_REJECT_UNKNOWN_ORDER, 1, 0);
    cancel.sender.v = buyer;
    cancel.u.cancel = (ph_cancel_order){.client_order_id = 41};
    world_do(&w, cancel);
    const ph_cancelled *gone = &world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled;
    ck_assert_uint_eq(gone->order.v, 1);
    ck_assert_uint_eq(gone->unit_periods, 8);
    ck_assert_uint_eq(gone->reason, PH_CANCEL_REQUESTED);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){buyer}), 0);
    refused(cancel, PH_REJECT_UNKNOWN_ORDER, 0, 0);
}
END_TEST

/* Ids are kept for answers to the last so many orders alone; what rests is found for ever. */
START_TEST(an_order_that_rests_long_is_found_by_its_client_id)
{
    ph_command c = bid();
    c.u.order.client_order_id = 1;
    world_do(&w, c);
    c.u.order.client_order_id = 2;
    world_do(&w, c);
    w.check_laws = false; /* of so many alike */
    c.u.order.time_in_force = PH_TIF_IOC;
    for (uint32_t i = 0; i < PH_CLIENT_IDS_KEPT; i++) {
        c.u.order.client_order_id += 2;
        world_do(&w, c);
    }
    w.check_laws = true;
    c.u.order.client_order_id = 1;
    ck_assert_uint_eq(world_apply(&w, c)->u.rejected.order.v, 0);
    ph_command replace = {.kind = PH_CMD_REPLACE_ORDER,
                          .sender = {buyer},
                          .u.replace = {.client_order_id = 2, .price = 100, .quantity = 2}};
    world_do(&w, replace);
    ph_command cancel = {
        .kind = PH_CMD_CANCEL_ORDER, .sender = {buyer}, .u.cancel = {.client_order_id = 1}};
    world_do(&w, cancel);
    ck_assert_uint_eq(world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.order.v, 1);
    refused(cancel, PH_REJECT_UNKNOWN_ORDER, 0, 0);
    cancel.sender.v = supplier;
    cancel.u.cancel.client_order_id = 2;
    refused(cancel, PH_REJECT_UNKNOWN_ORDER, 0, 0);
}
END_TEST

START_TEST(a_full_table_refuses_and_recovers)
{
    for (int i = 0; i < 8; i++)
        world_do(&w, bid());
    refused(bid(), PH_REJECT_TABLE_FULL, 7, 8);
    world_do(&w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {buyer}});
    ck_assert_uint_eq(world_event(&w, PH_EVT_DONE, 0)->u.done.count, 8);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 8);
    world_do(&w, bid());
}
END_TEST

/* As many price levels as an order has periods must be free, whether it needs them or not. */
START_TEST(no_room_for_another_price_refuses_and_recovers)
{
    for (ph_price price = 1; price <= 5; price++) {
        ph_window three = {0, 3};
        world_do(&w, world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, three, 2, 50 + 5 * price));
    }
    ph_window two = {0, 2};
    ph_command c = world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, two, 2, 75);
    refused(c, PH_REJECT_TABLE_FULL, 17, 16);
    c.u.order.window.periods = 1;
    c.u.order.price = 80;
    world_do(&w, c);
    /* All sixteen are in use: a new price finds no room, and the replaced order says so. */
    ph_command move = {.kind = PH_CMD_REPLACE_ORDER,
                       .sender = {buyer},
                       .u.replace = {.order = {6}, .price = 85, .quantity = 2}};
    world_do(&w, move);
    ck_assert_uint_eq(world_cnt(&w, PH_EVT_CANCELLED), 0); /* its own level was free again */
    move.u.replace = (ph_replace_order){.order = {6}, .price = 75, .quantity = 2};
    world_do(&w, move);
    world_do(&w, world_order(&w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 2, 80));
    move.u.replace.price = 85;
    world_do(&w, move);
    const ph_cancelled *gone = &world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled;
    ck_assert_uint_eq(gone->order.v, 6);
    ck_assert_uint_eq(gone->reason, PH_CANCEL_BOOK_FULL);
}
END_TEST

START_TEST(ioc_leaves_nothing)
{
    world_do(&w, world_order(&w, supplier, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 1}, 2, 95));
    ph_command c = bid();
    c.u.order.time_in_force = PH_TIF_IOC;
    world_do(&w, c);
    ck_assert_uint_eq(world_filled(&w, buyer, supplier, 0, 95), 2);
    const ph_cancelled *rest = &world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled;
    ck_assert_uint_eq(rest->reason, PH_CANCEL_IOC);
    ck_assert_uint_eq(rest->unit_periods, 6);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 0);
    ck_assert_int_eq(ph_market_held(w.m, (ph_participant_id){buyer}), 0);
}
END_TEST

START_TEST(phases)
{
    world_do(&w, bid());
    ph_command set = {.kind = PH_CMD_SET_PHASE, .sender = {1}, .u.phase = {{1}, PH_PHASE_HALTED}};
    world_do(&w, set);
    refused(bid(), PH_REJECT_PHASE, 1, PH_PHASE_HALTED);
    set.u.phase.phase = PH_PHASE_CALL;
    refused(set, PH_REJECT_UNSUPPORTED, 2, 0);
    set.u.phase.phase = PH_PHASE_CLOSED;
    world_do(&w, set);
    ck_assert_uint_eq(world_event(&w, PH_EVT_CANCELLED, 0)->u.cancelled.reason, PH_CANCEL_CLOSED);
    set.u.phase.phase = PH_PHASE_OPEN;
    world_do(&w, set);
    world_do(&w, bid());
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, who_and_what);
    tcase_add_test(t, windows);
    tcase_add_test(t, quantities_and_prices);
    tcase_add_test(t, fields_that_do_not_belong_to_the_shape);
    tcase_add_test(t, the_first_failing_check_is_the_answer);
    tcase_add_test(t, client_order_ids_are_used_once);
    tcase_add_test(t, an_order_that_rests_long_is_found_by_its_client_id);
    tcase_add_test(t, cancels_reach_own_resting_orders_only);
    tcase_add_test(t, a_full_table_refuses_and_recovers);
    tcase_add_test(t, no_room_for_another_price_refuses_and_recovers);
    tcase_add_test(t, ioc_leaves_nothing);
    tcase_add_test(t, phases);
}

int main(void)
{
    return suite_run("place", add);
}
