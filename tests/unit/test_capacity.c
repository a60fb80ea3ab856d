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

/* ---- Attested capacity ---------------------------------------------------------------------- */

static uint32_t auditor;

static void list_attested_only(void)
{
    ph_product_terms t = world_terms(&w, site);
    t.attested_only = true;
    t.hardware_units = 2;
    world_product(&w, &t); /* product 3 */
    auditor = world_participant(&w, PH_ROLE_AUDITOR, 0);
}

static ph_command attest(uint64_t reference, uint32_t first, uint32_t periods, uint32_t units)
{
    return (ph_command){.kind = PH_CMD_ATTEST_CAPACITY,
                        .sender = {auditor},
                        .u.attestation = {.reference = reference,
                                          .supplier = {supplier},
                                          .site = {site},
                                          .hardware = {1},
                                          .window = {FIRST + first, periods},
                                          .units = units}};
}

static ph_command withdraw(uint64_t reference, uint32_t first, uint32_t periods, uint32_t units)
{
    return (ph_command){.kind = PH_CMD_WITHDRAW_CAPACITY,
                        .sender = {supplier},
                        .u.capacity_withdrawal = {.reference = reference,
                                                  .site = {site},
                                                  .hardware = {1},
                                                  .window = {FIRST + first, periods},
                                                  .units = units}};
}

START_TEST(attestations_add_up_to_what_is_registered)
{
    list_attested_only();
    refused(sell(3, 0, 1, 1), PH_REJECT_ATTESTED_CAPACITY);
    world_do(&w, attest(1, 0, 3, 4));
    refused(attest(1, 0, 3, 4), PH_REJECT_DUPLICATE);
    world_do(&w, attest(2, 2, 1, 3));
    const ph_rejected *r = refused(attest(3, 0, 4, 4), PH_REJECT_ATTESTED_CAPACITY);
    ck_assert_int_eq(r->arg0, FIRST + 2);
    ck_assert_int_eq(r->arg1, 3);
    r = refused(sell(3, 0, 3, 3), PH_REJECT_ATTESTED_CAPACITY);
    ck_assert_int_eq(r->arg0, FIRST);
    ck_assert_int_eq(r->arg1, 4);
    world_do(&w, sell(3, 0, 3, 2));
    /* Attested units are registered ones too: 4 of 10 are gone for all. */
    refused(sell(1, 0, 1, 7), PH_REJECT_CAPACITY);
    world_do(&w, sell(1, 0, 3, 6));
    refused(sell(3, 2, 1, 1), PH_REJECT_CAPACITY);
    ph_command c = attest(3, 0, 1, 1);
    c.sender.v = supplier;
    refused(c, PH_REJECT_ROLE_MISSING);
    c = attest(3, 0, 1, 1), c.u.attestation.supplier.v = 77;
    refused(c, PH_REJECT_UNKNOWN_PARTICIPANT);
    c = attest(3, 0, 1, 1), c.u.attestation.supplier.v = buyer; /* registered nothing */
    refused(c, PH_REJECT_ATTESTED_CAPACITY);
    refused(attest(3, 0, 1, 0), PH_REJECT_QUANTITY_RANGE);
    refused(attest(3, 0, 0, 1), PH_REJECT_WINDOW_EMPTY);
}
END_TEST

START_TEST(only_unused_capacity_is_withdrawn_unattested_first)
{
    list_attested_only();
    world_do(&w, attest(1, 0, 2, 6));
    world_do(&w, sell(3, 0, 1, 2)); /* 4 hardware units */
    const ph_rejected *r = refused(withdraw(2, 0, 2, 7), PH_REJECT_CAPACITY);
    ck_assert_int_eq(r->arg0, FIRST);
    ck_assert_int_eq(r->arg1, 6);
    refused(withdraw(1, 0, 1, 1), PH_REJECT_DUPLICATE);
    world_do(&w, withdraw(2, 0, 2, 4)); /* 6 registered, all attested */
    world_do(&w, sell(3, 1, 1, 3));
    world_do(&w, withdraw(3, 0, 1, 2)); /* now attested ones go: 4 are left, all used */
    refused(sell(3, 0, 1, 1), PH_REJECT_CAPACITY);
    refused(withdraw(4, 0, 1, 1), PH_REJECT_CAPACITY);
    world_capacity(&w, supplier, site, 4, 5);
    refused(sell(3, 0, 1, 1), PH_REJECT_ATTESTED_CAPACITY);
    ph_command c = withdraw(5, 0, 1, 1);
    c.u.capacity_withdrawal.window.first = START_PERIOD - 1;
    refused(c, PH_REJECT_PERIOD_CLOSED);
    refused(withdraw(5, 0, 100, 1), PH_REJECT_PERIOD_TOO_FAR);
}
END_TEST

START_TEST(a_group_counts_its_largest_member_of_each_kind)
{
    list_attested_only();
    world_do(&w, attest(1, 0, 1, 4));
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {supplier}, .u.group = {.cnt = 2}};
    for (uint32_t i = 0; i < 2; i++) {
        c.u.group.v[i] = sell(i == 0 ? 1 : 3, 0, 1, i == 0 ? 8 : 2).u.order;
        c.u.group.v[i].shape = PH_SHAPE_BLOCK;
        c.u.group.v[i].all_or_none = true;
    }
    world_do(&w, c);
    /* 8 registered units are offered, not 12, and the 4 attested ones besides. */
    refused(sell(3, 0, 1, 1), PH_REJECT_ATTESTED_CAPACITY);
    world_do(&w, sell(1, 0, 1, 2));
    refused(sell(1, 0, 1, 1), PH_REJECT_CAPACITY);
    world_do(&w, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {supplier}});
    world_do(&w, sell(3, 0, 1, 2));
}
END_TEST

/* ---- A stream against a naive count --------------------------------------------------------- */

enum { SPAN = 12 };

static uint64_t seed;

static uint32_t below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

typedef struct {
    uint32_t registered, attested, used, used_attested;
} naive;

static bool naive_sell(naive *n, ph_window at, uint32_t units, bool attested_only)
{
    for (uint32_t t = at.first; t < at.first + at.periods; t++) {
        if (n[t].registered - n[t].used < units) return false;
        if (attested_only && n[t].attested - n[t].used_attested < units) return false;
    }
    for (uint32_t t = at.first; t < at.first + at.periods; t++) {
        n[t].used += units;
        if (attested_only) n[t].used_attested += units;
    }
    return true;
}

static bool naive_attest(naive *n, ph_window at, uint32_t units)
{
    for (uint32_t t = at.first; t < at.first + at.periods; t++)
        if (n[t].attested + units > n[t].registered) return false;
    for (uint32_t t = at.first; t < at.first + at.periods; t++)
        n[t].attested += units;
    return true;
}

static bool naive_withdraw(naive *n, ph_window at, uint32_t units)
{
    for (uint32_t t = at.first; t < at.first + at.periods; t++)
        if (n[t].registered - n[t].used < units) return false;
    for (uint32_t t = at.first; t < at.first + at.periods; t++) {
        n[t].registered -= units;
        if (n[t].attested > n[t].registered) n[t].attested = n[t].registered;
    }
    return true;
}

START_TEST(a_stream_agrees_with_a_naive_count)
{
    list_attested_only();
    naive n[SPAN];
    for (uint32_t t = 0; t < SPAN; t++)
        n[t] = (naive){.registered = 10};
    seed = (uint64_t)_i + 1;
    uint64_t reference = 2, attested = 1;
    uint32_t refusals = 0;
    for (uint32_t step = 0; step < 400; step++) {
        ph_window at = {below(SPAN), 1};
        at.periods += below(SPAN - at.first);
        uint32_t units = 1 + below(5), what = below(8);
        ph_command c;
        bool fits = true;
        if (what < 2) {
            fits = naive_attest(n, at, units);
            c = attest(attested, at.first, at.periods, units);
            attested += fits;
        } else if (what < 4) {
            fits = naive_withdraw(n, at, units);
            c = withdraw(reference, at.first, at.periods, units);
            reference += fits;
        } else if (what == 4) {
            c = (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {supplier}};
            for (uint32_t t = 0; t < SPAN; t++)
                n[t].used = n[t].used_attested = 0;
        } else if (what == 5) {
            c = (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                             .sender = {supplier},
                             .u.capacity = {.reference = reference++,
                                            .site = {site},
                                            .hardware = {1},
                                            .period_seconds = HOUR,
                                            .window = {FIRST + at.first, at.periods},
                                            .units = units}};
            for (uint32_t t = at.first; t < at.first + at.periods; t++)
                n[t].registered += units;
        } else {
            bool counts = what == 6;
            fits = naive_sell(n, at, counts ? units * 2 : units, counts);
            c = sell(counts ? 3 : 1, at.first, at.periods, units);
        }
        const ph_event *e = world_apply(&w, c);
        ck_assert_msg((e->kind != PH_EVT_REJECTED) == fits, "step %u kind %u", step, what);
        if (!fits) w.client_order_id[supplier] -= c.kind == PH_CMD_NEW_ORDER;
        refusals += !fits;
    }
    ck_assert_uint_gt(refusals, 20);
    ck_assert_uint_lt(refusals, 380);
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
    tcase_add_test(t, attestations_add_up_to_what_is_registered);
    tcase_add_test(t, only_unused_capacity_is_withdrawn_unattested_first);
    tcase_add_test(t, a_group_counts_its_largest_member_of_each_kind);
    tcase_add_loop_test(t, a_stream_agrees_with_a_naive_count, 0, 8);
}

int main(void)
{
    return suite_run("capacity", add);
}
