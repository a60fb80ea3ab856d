/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/overview.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include <stdio.h>

/* The last picture of each type and region, and what the last one said of sites. */
static struct {
    uint32_t frames;
    phg_overview_totals types[PH_COMPUTE_EDGE + 1], regions[4];
    uint32_t region_number, site_cnt, probe_cnt;
    phg_site_told sites[8];
    ph_report_probe probes[8];
    uint64_t number, checksum;
} told;

static void take_picture(void *arg, const phg_picture *p)
{
    (void)arg;
    told.frames++;
    told.number = p->number;
    told.checksum = p->checksum;
    if (p->stream == PHG_STREAM_TYPE) {
        ck_assert_uint_eq(p->product.v, p->totals->compute_type);
        told.types[p->product.v] = *p->totals;
        return;
    }
    ck_assert_int_eq(p->stream, PHG_STREAM_REGION);
    told.regions[p->product.v] = *p->totals;
    told.region_number = p->product.v;
    told.site_cnt = p->site_cnt;
    told.probe_cnt = p->probe_cnt;
    memcpy(told.sites, p->sites, p->site_cnt * sizeof told.sites[0]);
    for (uint32_t i = 0; i < p->probe_cnt; i++)
        told.probes[i] = *p->probes[i];
}

static phg_overview_telling telling(phg_replica *r)
{
    return (phg_overview_telling){&r->overview, &r->catalogue, &r->feed, take_picture, NULL};
}

static void publish(phg_replica *r)
{
    const phg_overview_telling t = telling(r);
    told.frames = 0;
    phg_overview_publish(&t);
}

/* Sites 1 and 3 in one region, 2 in another; product 2 at site 1, 3 at site 2. */
static void set_up_regions(phg_replica *r)
{
    static const char *const regions[] = {"ulanqab", "guizhou", "ulanqab"};
    set_up_market(r);
    for (uint32_t i = 1; i <= 3; i++) {
        ph_command c = {.kind = PH_CMD_REGISTER_SITE, .sender = {1}};
        c.u.site = (ph_register_site){.id = {i}, .owner = {2}, .pue_ppm = 1200000};
        ph_text_set(c.u.site.region.s, sizeof c.u.site.region.s, regions[i - 1]);
        ck_assert_int_eq(take_done(r, c), PH_OK);
    }
    for (uint32_t i = 2; i <= 3; i++) {
        ph_command c = list_product(i);
        c.u.product.site.v = i - 1;
        c.u.product.gflops_fp16 = 1000000;
        ck_assert_int_eq(take_done(r, c), PH_OK);
    }
    ck_assert_int_eq(phg_feed_go_live(&r->feed, 77), PH_OK);
    phg_overview_follow(&r->overview, PHG_STREAM_TYPE, 0);
    phg_overview_follow(&r->overview, PHG_STREAM_REGION, 0);
    publish(r);
}

/* A block of 2 units over 3 hours. */
static void sell(phg_replica *r, uint64_t id, uint32_t product, ph_price price, uint64_t at_ns)
{
    ph_event events[] = {accepted(2 * id, 0), trade(id, 2 * id, 0, 2 * id + 1, 0, 1),
                         segment(HOUR + 50, 3, 2, price)};
    events[1].u.trade.product.v = product;
    ph_command c = new_order(3, id, PH_SIDE_BUY, (ph_window){HOUR + 50, 3}, 2, price);
    c.u.order.product.v = product;
    c.u.order.shape = PH_SHAPE_BLOCK;
    c.at.ns = at_ns;
    ck_assert_int_eq(take(r, c, events, 3), PH_OK);
}

START_TEST(trades_count_for_their_type_and_region)
{
    phg_replica r;
    set_up_regions(&r);
    ck_assert_uint_eq(told.frames, 3); /* a type, two regions */
    sell(&r, 1, 2, 1000, T0 + 1000);
    publish(&r);
    ck_assert_uint_eq(told.frames, PH_COMPUTE_EDGE + 2); /* the first day began */
    ck_assert_str_eq(told.regions[1].region, "ulanqab");
    ck_assert(told.types[PH_COMPUTE_AI].ever.volume == 6 &&
              told.types[PH_COMPUTE_AI].day.trades == 1);
    ck_assert(told.types[PH_COMPUTE_AI].open_interest == 6 && told.regions[1].products == 1);
    ck_assert_int_eq(phg_totals_per_pflops_hour(&told.types[PH_COMPUTE_AI].day, 0), 1000);
    sell(&r, 2, 3, 3000, T0 + 2000);
    publish(&r);
    ck_assert(told.frames == 2 && told.region_number == 2);
    ck_assert_uint_eq(told.regions[2].ever.volume, 6);
    ck_assert(told.types[PH_COMPUTE_AI].ever.volume == 12 &&
              phg_totals_average(&told.types[PH_COMPUTE_AI].ever) == 2000);
    publish(&r);
    ck_assert_uint_eq(told.frames, 0);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_day_ends_with_the_first_trade_of_the_next)
{
    phg_replica r;
    set_up_regions(&r);
    sell(&r, 1, 2, 1000, T0 + 1000);
    sell(&r, 2, 3, 3000, T0 + UINT64_C(86400000000000));
    publish(&r);
    ck_assert_uint_eq(told.types[PH_COMPUTE_AI].day_start, T0 / 1000000000 + 86400);
    ck_assert(told.types[PH_COMPUTE_AI].day.volume == 6 &&
              phg_totals_average(&told.types[PH_COMPUTE_AI].day) == 3000);
    ck_assert(told.types[PH_COMPUTE_AI].ever.volume == 12 &&
              told.types[PH_COMPUTE_AI].ever.trades == 2);
    phg_replica_release(&r);
}
END_TEST

/* What is not told of a stream must not change: a snapshot holds for its number. */
START_TEST(the_next_day_is_told_of_everything)
{
    phg_replica r;
    set_up_regions(&r);
    sell(&r, 1, 2, 1000, T0 + 1000);
    publish(&r);
    sell(&r, 2, 3, 3000, T0 + UINT64_C(86400000000000));
    publish(&r);
    ck_assert_uint_eq(told.frames, PH_COMPUTE_EDGE + 2);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_product_that_becomes_another_type_leaves_its_old_one)
{
    phg_replica r;
    set_up_regions(&r);
    ph_event set = {.kind = PH_EVT_TERMS_SET, .u.terms_set = {{2}, 2}};
    ph_command c = list_product(2);
    c.kind = PH_CMD_SET_TERMS;
    c.u.product.site.v = 1;
    c.u.product.compute_type = PH_COMPUTE_EDGE;
    ck_assert_int_eq(take(&r, c, &set, 1), PH_OK);
    publish(&r);
    ck_assert_uint_eq(told.frames, 3); /* both types, and the region */
    ck_assert_uint_eq(told.types[PH_COMPUTE_EDGE].products, 1);
    ck_assert_uint_eq(told.types[PH_COMPUTE_AI].products, 2);
    phg_replica_release(&r);
}
END_TEST

START_TEST(closed_periods_leave_the_open_interest)
{
    phg_replica r;
    set_up_regions(&r);
    sell(&r, 1, 2, 1000, T0 + 1000);
    ph_event gate = gate_closed(HOUR + 50);
    gate.u.gate_closed.product.v = 2;
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gate, 1), PH_OK);
    publish(&r);
    ck_assert(told.types[PH_COMPUTE_AI].open_interest == 4 &&
              told.types[PH_COMPUTE_AI].ever.volume == 6);
    phg_replica_release(&r);
}
END_TEST

START_TEST(the_newest_measurements_of_a_region_are_told)
{
    phg_replica r;
    set_up_regions(&r);
    ph_command m = {.kind = PH_CMD_MEASURE_SITE, .sender = {2}};
    m.u.measurement = (ph_measure_site){{3}, {99}, 1100000, 20000, 30000, 2, {{0}}};
    ck_assert_int_eq(take_done(&r, m), PH_OK);
    for (uint32_t rtt = 28000; rtt <= 29000; rtt += 1000) {
        ph_command p = {.kind = PH_CMD_REPORT_PROBE, .sender = {2}};
        p.u.probe = (ph_report_probe){{"guizhou"}, {1}, {rtt}, rtt, 10000, 999000, {{0}}};
        ck_assert_int_eq(take_done(&r, p), PH_OK);
    }
    publish(&r);
    ck_assert(told.frames == 1 && told.region_number == 1 && told.site_cnt == 2);
    ck_assert(told.sites[0].site.v == 1 && told.sites[0].pue_ppm == 1200000);
    ck_assert(told.sites[1].site.v == 3 && told.sites[1].pue_ppm == 1100000);
    ck_assert(told.probe_cnt == 1 && told.probes[0].rtt_us == 29000);
    uint64_t number = told.number, sum = told.checksum;
    const phg_overview_telling t = telling(&r);
    ck_assert(phg_overview_whole(&t, PHG_STREAM_REGION, 1));
    ck_assert(told.number == number && told.checksum == sum && told.probe_cnt == 1);
    ck_assert(!phg_overview_whole(&t, PHG_STREAM_REGION, 3)); /* not the first of its region */
    ck_assert(!phg_overview_whole(&t, PHG_STREAM_REGION, 4));
    ck_assert(!phg_overview_whole(&t, PHG_STREAM_TYPE, 5));
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, trades_count_for_their_type_and_region);
    tcase_add_test(t, a_day_ends_with_the_first_trade_of_the_next);
    tcase_add_test(t, the_next_day_is_told_of_everything);
    tcase_add_test(t, a_product_that_becomes_another_type_leaves_its_old_one);
    tcase_add_test(t, closed_periods_leave_the_open_interest);
    tcase_add_test(t, the_newest_measurements_of_a_region_are_told);
}

int main(void)
{
    return suite_run("overview", add);
}
