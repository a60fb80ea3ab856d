/* SPDX-License-Identifier: Apache-2.0 */
/* Who and what is registered (rulebook 2, 3). */
#include "engine/core/registry.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t supplier, site;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    supplier = world_participant(&w, PH_ROLE_SUPPLIER, 0);
    site = world_site(&w, supplier);
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
}

START_TEST(a_market_opens_once_and_its_name_can_be_signed)
{
    static const char *const bad[] = {"", "two words", "a+b", "a/b", "caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ph_open_market o = {.rules_version = 1, .currency = "USD"};
        ph_text_set(o.market.s, sizeof o.market.s, bad[i]);
        int64_t args[2] = {0, 0};
        ph_market_limits limits = world_limits();
        size_t size = (ph_market_footprint(&limits) + 63) & ~(size_t)63;
        void *block = aligned_alloc(64, size);
        ck_assert_ptr_nonnull(block);
        memset(block, 0, size);
        ph_market *m = ph_market_init(block, &limits);
        ck_assert_msg(ph_registry_open(m, &o, args) == PH_REJECT_FIELD_RANGE, "%s", bad[i]);
        ck_assert_int_eq(args[0], 2);
        free(block);
    }
    ph_command again = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    refused(again, PH_REJECT_ID_TAKEN, 1, 0);
}
END_TEST

START_TEST(participants)
{
    ph_command good = {
        .kind = PH_CMD_REGISTER_PARTICIPANT,
        .sender = {1},
        .u.participant = {.id = {3}, .roles = PH_ROLE_BUYER, .name = {"b"}, .curve_key = {{9}}}};
    ph_command c = good;
    c.sender.v = supplier;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_OPERATOR, 0);
    c = good, c.u.participant.id.v = 2;
    refused(c, PH_REJECT_ID_TAKEN, 2, 0);
    c = good, c.u.participant.id.v = 4;
    refused(c, PH_REJECT_ID_NOT_NEXT, 4, 3);
    c = good, c.u.participant.roles = 0;
    refused(c, PH_REJECT_FIELD_RANGE, 2, 0);
    c = good, c.u.participant.roles = 64;
    refused(c, PH_REJECT_FIELD_RANGE, 2, 64);
    c = good, c.u.participant.name.s[0] = '\0';
    refused(c, PH_REJECT_FIELD_RANGE, 3, 0);
    c = good, memset(&c.u.participant.curve_key, 2, 32);
    refused(c, PH_REJECT_KEY_TAKEN, 2, 0);
    world_do(&w, good);
    refused(good, PH_REJECT_ID_TAKEN, 3, 0);
}
END_TEST

START_TEST(sites_and_hardware)
{
    ph_command good = {
        .kind = PH_CMD_REGISTER_SITE,
        .sender = {1},
        .u.site = {
            .id = {2}, .owner = {supplier}, .region = {"r"}, .name = {"n"}, .pue_ppm = 1000000}};
    ph_command c = good;
    c.u.site.owner.v = 1;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_SUPPLIER, 0);
    c = good, c.u.site.owner.v = 77;
    refused(c, PH_REJECT_UNKNOWN_PARTICIPANT, 77, 0);
    c = good, c.u.site.latitude_udeg = 90000001;
    refused(c, PH_REJECT_FIELD_RANGE, 5, 90000001);
    c = good, c.u.site.longitude_udeg = -180000001;
    refused(c, PH_REJECT_FIELD_RANGE, 6, -180000001);
    c = good, c.u.site.pue_ppm = 999999;
    refused(c, PH_REJECT_FIELD_RANGE, 8, 999999);
    world_do(&w, good);
    ph_command h = {.kind = PH_CMD_REGISTER_HARDWARE, .sender = {1}, .u.hardware = {.id = {2}}};
    refused(h, PH_REJECT_FIELD_RANGE, 2, 0);
}
END_TEST

START_TEST(products)
{
    ph_product_terms good = world_terms(&w, site);
    ph_command c = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = good};
    c.u.product.hardware.v = 5;
    refused(c, PH_REJECT_UNKNOWN_HARDWARE, 5, 0);
    c.u.product = good, c.u.product.site.v = 5;
    refused(c, PH_REJECT_UNKNOWN_SITE, 5, 0);
    c.u.product = good, c.u.product.period_seconds = 7200;
    refused(c, PH_REJECT_PERIOD_SECONDS, 7200, 0);
    c.u.product = good, c.u.product.tick = 0;
    refused(c, PH_REJECT_FIELD_RANGE, 17, 0);
    c.u.product = good, c.u.product.lot = 0;
    refused(c, PH_REJECT_FIELD_RANGE, 18, 0);
    c.u.product = good, c.u.product.horizon = 63;
    refused(c, PH_REJECT_FIELD_RANGE, 21, 63);
    c.u.product = good, c.u.product.taker_ppm = 1000001;
    refused(c, PH_REJECT_FIELD_RANGE, 24, 1000001);
    c.u.product = good, c.u.product.report_seconds = 59;
    refused(c, PH_REJECT_FIELD_RANGE, 28, 59);
    c.u.product = good, c.u.product.meter.v = supplier;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_METER, 0);
    world_product(&w, &good);
    /* One hardware class at one site has one period length, and a symbol is used once. */
    ph_product_terms other = world_terms(&w, site);
    c.u.product = other, c.u.product.period_seconds = 900;
    refused(c, PH_REJECT_PERIOD_SECONDS, 900, 3600);
    c.u.product = other, c.u.product.symbol = good.symbol;
    refused(c, PH_REJECT_FIELD_RANGE, 2, 0);
    world_product(&w, &other);
}
END_TEST

START_TEST(nothing_before_the_market_is_open)
{
    ph_market_limits limits = world_limits();
    size_t size = (ph_market_footprint(&limits) + 63) & ~(size_t)63;
    void *block = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(block);
    memset(block, 0, size);
    world fresh = {.m = ph_market_init(block, &limits), .out = w.out, .now = w.now};
    ph_command c = {.kind = PH_CMD_MASS_CANCEL, .sender = {1}};
    ck_assert_uint_eq(world_apply(&fresh, c)->u.rejected.code, PH_REJECT_MARKET_NOT_OPEN);
    free(block);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_market_opens_once_and_its_name_can_be_signed);
    tcase_add_test(t, participants);
    tcase_add_test(t, sites_and_hardware);
    tcase_add_test(t, products);
    tcase_add_test(t, nothing_before_the_market_is_open);
}

int main(void)
{
    return suite_run("registry", add);
}
