/* SPDX-License-Identifier: Apache-2.0 */
/* Rulebook 2: measurements of sites and of the network; the newest of each counts. */
#include "engine/core/measure.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t meter, site;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    limits.probes_max = 2;
    w = world_new(&limits);
    site = world_site(&w, world_participant(&w, PH_ROLE_SUPPLIER, 0));
    meter = world_participant(&w, PH_ROLE_METER, 0);
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

START_TEST(the_newest_measurement_of_a_site_counts)
{
    ck_assert_ptr_null(ph_market_site_measurement(w.m, (ph_site_id){site}));
    ph_command good = {
        .kind = PH_CMD_MEASURE_SITE,
        .sender = {meter},
        .u.measurement = {
            .site = {site}, .measured_at = {100}, .pue_ppm = 1000000, .green_grade = 5}};
    ph_command c = good;
    c.u.measurement.site.v = 2;
    refused(c, PH_REJECT_UNKNOWN_SITE, 2, 0);
    c = good, c.u.measurement.measured_at.ns = w.now.ns + 1;
    refused(c, PH_REJECT_FIELD_RANGE, 2, (int64_t)w.now.ns + 1);
    c = good, c.u.measurement.measured_at.ns = 0;
    refused(c, PH_REJECT_FIELD_RANGE, 2, 0);
    c = good, c.u.measurement.pue_ppm = 999999;
    refused(c, PH_REJECT_FIELD_RANGE, 3, 999999);
    c = good, c.u.measurement.green_grade = 0;
    refused(c, PH_REJECT_FIELD_RANGE, 6, 0);
    c = good, c.u.measurement.green_grade = 6;
    refused(c, PH_REJECT_FIELD_RANGE, 6, 6);
    c = good, c.sender.v = 1;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_METER, 0);
    world_do(&w, good);
    refused(good, PH_REJECT_DUPLICATE, 100, 0);
    c = good, c.u.measurement.measured_at.ns = 99;
    refused(c, PH_REJECT_DUPLICATE, 100, 0);
    c = good, c.u.measurement.measured_at = w.now, c.u.measurement.wue_ppm = 7;
    world_do(&w, c);
    const ph_site_measurement *kept = ph_market_site_measurement(w.m, (ph_site_id){site});
    ck_assert_uint_eq(kept->values.wue_ppm, 7);
    ck_assert_uint_eq(kept->by.v, meter);
}
END_TEST

START_TEST(the_newest_probe_of_a_pair_counts)
{
    ph_command good = {.kind = PH_CMD_REPORT_PROBE,
                       .sender = {meter},
                       .u.probe = {.region = {"east"},
                                   .site = {site},
                                   .measured_at = {100},
                                   .rtt_us = 5,
                                   .reachable_ppm = 1000000}};
    ph_command c = good;
    c.u.probe.region.s[0] = '\0';
    c.u.probe.region = (ph_text32){""};
    refused(c, PH_REJECT_FIELD_RANGE, 1, 0);
    c = good, c.u.probe.site.v = 0;
    refused(c, PH_REJECT_UNKNOWN_SITE, 0, 0);
    c = good, c.u.probe.measured_at.ns = w.now.ns + 1;
    refused(c, PH_REJECT_FIELD_RANGE, 3, (int64_t)w.now.ns + 1);
    c = good, c.u.probe.reachable_ppm = 1000001;
    refused(c, PH_REJECT_FIELD_RANGE, 6, 1000001);
    world_do(&w, good);
    refused(good, PH_REJECT_DUPLICATE, 100, 0);
    c = good, c.u.probe.region = (ph_text32){"west"}, c.u.probe.rtt_us = 9;
    world_do(&w, c);
    c.u.probe.region = (ph_text32){"north"};
    refused(c, PH_REJECT_TABLE_FULL, 16, 2);
    c = good, c.u.probe.measured_at.ns = 101, c.u.probe.rtt_us = 6;
    world_do(&w, c);
    ck_assert_uint_eq(ph_market_probe_cnt(w.m), 2);
    const ph_probe_measurement *p = ph_market_probe(w.m, &(ph_text32){"east"}, (ph_site_id){site});
    ck_assert_uint_eq(p->values.rtt_us, 6);
    ck_assert_ptr_eq(p, ph_market_probe_nth(w.m, 1));
    ck_assert_uint_eq(ph_market_probe_nth(w.m, 2)->values.rtt_us, 9);
    ck_assert_ptr_null(ph_market_probe_nth(w.m, 3));
    ck_assert_ptr_null(ph_market_probe(w.m, &(ph_text32){"north"}, (ph_site_id){site}));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_newest_measurement_of_a_site_counts);
    tcase_add_test(t, the_newest_probe_of_a_pair_counts);
}

int main(void)
{
    return suite_run("measure", add);
}
