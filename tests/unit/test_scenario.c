/* SPDX-License-Identifier: Apache-2.0 */
/*  The demonstration's scenario from the data that the repository carries, and what becomes of a
    folder in which one file is bad. */
#include "clients/demo/scenario.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static const char *const FILES[] = {
    "sites.csv",          "grades.csv",      "instances.csv",       "catalog.csv",
    "offers.csv",         "philly-jobs.csv", "philly-runtimes.csv", "hpc2n-head.swf",
    "nasa-ipsc-head.swf", "inference.csv",   "terms.txt",
};
enum { FILE_CNT = sizeof FILES / sizeof FILES[0] };

static phc_scenario *scenario(const phc_data *d, uint64_t seed, uint32_t orders)
{
    char fault[PHC_DATA_FAULT_MAX] = "";
    phc_scenario_config c = {seed, orders, 496000};
    phc_scenario *s = phc_scenario_new(d, &c, fault);
    ck_assert_msg(s != NULL, "%s", fault);
    return s;
}

START_TEST(the_data_makes_a_market)
{
    char fault[PHC_DATA_FAULT_MAX] = "";
    phc_data *d = phc_data_load(DEMO_DATA, fault);
    ck_assert_msg(d != NULL, "%s", fault);
    phc_scenario *s = scenario(d, 1, 20000);
    ck_assert_uint_eq(d->site_cnt, 40);
    ck_assert_uint_ge(s->product_cnt, 150);
    ck_assert_uint_ge(s->participant_cnt, 20);
    ck_assert_uint_eq(s->order_cnt, 20000);
    ck_assert_ptr_null(phc_scenario_broken(s));
    phc_scenario_free(s);
    phc_data_free(d);
}
END_TEST

START_TEST(the_same_seed_makes_the_same_scenario)
{
    char fault[PHC_DATA_FAULT_MAX] = "";
    phc_data *d = phc_data_load(DEMO_DATA, fault);
    ck_assert_ptr_nonnull(d);
    phc_scenario *a = scenario(d, 7, 5000), *b = scenario(d, 7, 5000), *c = scenario(d, 8, 5000);
    ck_assert_uint_eq(a->action_cnt, b->action_cnt);
    size_t differ = 0;
    for (uint32_t i = 0; i < a->action_cnt; i++) {
        const phc_order *x = &a->actions[i].order, *y = &b->actions[i].order;
        ck_assert_uint_eq(a->actions[i].participant, b->actions[i].participant);
        ck_assert_int_eq(x->price, y->price);
        ck_assert_uint_eq(x->product, y->product);
        ck_assert_uint_eq(x->quantity, y->quantity);
        ck_assert_uint_eq(x->first_period, y->first_period);
        if (i < c->action_cnt && c->actions[i].order.price != x->price) differ++;
    }
    ck_assert_uint_gt(differ, 0);
    phc_scenario_free(a);
    phc_scenario_free(b);
    phc_scenario_free(c);
    phc_data_free(d);
}
END_TEST

/* The opening offers of a supplier fit what it registers; everything it pays with is there. */
START_TEST(opening_offers_fit_the_capacity)
{
    char fault[PHC_DATA_FAULT_MAX] = "";
    phc_data *d = phc_data_load(DEMO_DATA, fault);
    ck_assert_ptr_nonnull(d);
    phc_scenario *s = scenario(d, 3, 3000);
    for (uint32_t i = 0; i < s->capacity_cnt; i++) {
        const phc_scenario_capacity *c = &s->capacities[i];
        uint64_t offered = 0;
        for (uint32_t k = 0; k < s->action_cnt; k++) {
            const phc_scenario_action *a = &s->actions[k];
            if (!a->opening || a->participant != c->participant) continue;
            const phc_scenario_product *p = &s->products[a->order.product - 1];
            if (p->site != c->capacity.site || p->hardware != c->capacity.hardware) continue;
            offered += (uint64_t)a->order.quantity * d->grades[p->grade].hardware_units;
        }
        ck_assert_uint_le(offered, c->capacity.units);
    }
    for (uint32_t i = 0; i < s->participant_cnt; i++) {
        ck_assert_int_gt(s->participants[i].deposit, 0);
    }
    phc_scenario_free(s);
    phc_data_free(d);
}
END_TEST

START_TEST(a_number_of_orders_out_of_range_is_refused)
{
    char fault[PHC_DATA_FAULT_MAX] = "";
    phc_data *d = phc_data_load(DEMO_DATA, fault);
    ck_assert_ptr_nonnull(d);
    phc_scenario_config few = {1, 10, 496000}, many = {1, 2000000, 496000};
    ck_assert_ptr_null(phc_scenario_new(d, &few, fault));
    ck_assert_str_eq(fault, "10 orders are not between 2000 and 1000000");
    ck_assert_ptr_null(phc_scenario_new(d, &many, fault));
    phc_data_free(d);
}
END_TEST

/* ---- Bad folders --------------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to, const char *old, const char *new)
{
    FILE *in = fopen(from, "rbe"), *out = fopen(to, "wbe");
    ck_assert_ptr_nonnull(in);
    ck_assert_ptr_nonnull(out);
    size_t room = 1 << 20;
    char *text = malloc(room);
    size_t n = fread(text, 1, room - 1, in);
    ck_assert_uint_lt(n, room - 1);
    text[n] = '\0';
    char *at = old == NULL ? NULL : strstr(text, old);
    ck_assert(old == NULL || at != NULL);
    size_t before = at == NULL ? n : (size_t)(at - text);
    ck_assert_uint_eq(fwrite(text, 1, before, out), before);
    if (at != NULL) {
        fputs(new, out);
        fputs(at + strlen(old), out);
    }
    free(text);
    (void)fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}

/* Loads a copy of the data in which the first `old` of one file is `new`; expects this refusal. */
static void refused(const char *file, const char *old, const char *new, const char *expected)
{
    char folder[] = "/tmp/test_scenario.XXXXXX", from[256], to[256], fault[PHC_DATA_FAULT_MAX] = "";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (size_t i = 0; i < FILE_CNT; i++) {
        (void)snprintf(from, sizeof from, "%s/%s", DEMO_DATA, FILES[i]);
        (void)snprintf(to, sizeof to, "%s/%s", folder, FILES[i]);
        bool bad = strcmp(FILES[i], file) == 0;
        if (bad && old == NULL) continue; /* missing */
        copy_file(from, to, bad ? old : NULL, new);
    }
    phc_data *d = phc_data_load(folder, fault);
    for (size_t i = 0; i < FILE_CNT; i++) {
        (void)snprintf(to, sizeof to, "%s/%s", folder, FILES[i]);
        (void)unlink(to); /* one may be missing on purpose */
    }
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_ptr_null(d);
    ck_assert_msg(strncmp(fault, expected, strlen(expected)) == 0, "%s", fault);
}

START_TEST(one_bad_row_stops_the_load)
{
    refused("sites.csv", ",39.0438,", ",99.0438,", "sites.csv:2: latitude: \"99.0438\" is out");
    refused("sites.csv", ",1.135,", ",0.9,", "sites.csv:2: pue: \"0.9\" is not between 1 and 3");
    refused("sites.csv", ",region,Ashburn", ",moon,Ashburn",
            "sites.csv:2: kind: \"moon\" is neither");
    refused("sites.csv", "us-east-2", "us-east-1",
            "sites.csv:3: region: \"us-east-1\" is there twice");
    refused("grades.csv", ",AI,", ",AJ,",
            "grades.csv:2: compute_type: \"AJ\" is not a compute type");
    refused("grades.csv", ",GPU,", ",CPU,", "grades.csv:2: architecture: \"CPU\" is not");
    refused("instances.csv", "H100-SXM5-80G", "H101",
            "instances.csv:2: grade: \"H101\" is not a grade");
    refused("instances.csv", "aws,", "awz,", "instances.csv:2: cloud: \"awz\" has no site");
    refused("catalog.csv", "us-central1", "us-central9", "catalog.csv:");
    refused("catalog.csv", "ondemand_usd_per_hour", "price", "catalog.csv:1: the header is not");
    refused("offers.csv", ",4.76,", ",4.7.6,",
            "offers.csv:2: price_usd_hour: \"4.7.6\" is not an amount of money");
    refused("offers.csv", ",on-demand,", ",maybe,", "offers.csv:2: tier: \"maybe\" is not a tier");
    refused("offers.csv", ",4.76,", ",", "offers.csv:2: 7 fields where 8 are expected");
    refused("philly-jobs.csv", "0,0e4a51,1", "0,0e4a51,0", "philly-jobs.csv:2: gpus: \"0\" is not");
    refused("philly-runtimes.csv", "\n0.0", "\nshort", "philly-runtimes.csv:2: runtime: \"short\"");
    refused("hpc2n-head.swf", " 31405   30 ", " 31405 ", "hpc2n-head.swf:24: 17 fields where 18");
    refused("inference.csv", ",4808,", ",4808.5,", "inference.csv:2: ContextTokens: \"4808.5\"");
    refused("terms.txt", NULL, NULL, "could not read \"terms.txt\" in folder");
    refused("offers.csv", NULL, NULL, "could not read \"offers.csv\" in folder");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_data_makes_a_market);
    tcase_add_test(t, the_same_seed_makes_the_same_scenario);
    tcase_add_test(t, opening_offers_fit_the_capacity);
    tcase_add_test(t, a_number_of_orders_out_of_range_is_refused);
    tcase_add_test(t, one_bad_row_stops_the_load);
}

int main(void)
{
    return suite_run("scenario", add);
}
