/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/totals.h"

#include "tests/unit/suite.h"

START_TEST(a_pflops_hour_costs_what_the_card_hour_does)
{
    /* 1,000 TFLOPS for an hour at 2.50: a PFLOPS-hour. */
    ph_product_terms h100 = {.gflops_fp16 = 1000000, .gflops_fp32 = 50000, .period_seconds = 3600};
    phg_totals t = {0};
    phg_totals_fill(&t, &h100, 24, 2500000);
    ck_assert_int_eq(phg_totals_average(&t), 2500000);
    ck_assert_int_eq(phg_totals_per_pflops_hour(&t, 0), 2500000);
    ck_assert_int_eq(phg_totals_per_pflops_hour(&t, 1), 50000000);
    ck_assert_int_eq(phg_totals_per_pflops_hour(&t, 2), 0); /* not stated */
    /* The same card by quarters of an hour. */
    ph_product_terms quarter = h100;
    quarter.period_seconds = 900;
    phg_totals q = {0};
    phg_totals_fill(&q, &quarter, 96, 625000);
    ck_assert_int_eq(phg_totals_per_pflops_hour(&q, 0), 2500000);
    phg_totals_add(&t, &q);
    ck_assert(t.volume == 120 && phg_totals_average(&t) == 1000000);
    ck_assert_int_eq(phg_totals_per_pflops_hour(&t, 0), 2500000);
}
END_TEST

START_TEST(products_that_state_nothing_do_not_count_for_it)
{
    ph_product_terms silent = {.period_seconds = 3600},
                     h100 = {.gflops_fp64 = 60000, .period_seconds = 3600};
    phg_totals t = {0};
    phg_totals_fill(&t, &h100, 1, 60000);
    phg_totals_fill(&t, &silent, 1000, 999999);
    ck_assert_int_eq(phg_totals_per_pflops_hour(&t, 2), 1000000);
    ck_assert_uint_eq(t.volume, 1001);
}
END_TEST

START_TEST(the_largest_sums_do_not_wrap)
{
    ph_product_terms fast = {.gflops_fp16 = UINT32_MAX, .period_seconds = 86400},
                     slow = {.gflops_fp16 = 1, .period_seconds = 900};
    phg_totals t = {0}, s = {0};
    for (int i = 0; i < 1000; i++)
        phg_totals_fill(&t, &fast, UINT64_C(1000000000) * 8784, INT64_C(1000000000000000));
    /* 10^15 a day for UINT32_MAX GFLOPS: about 9.7 * 10^9 a PFLOPS-hour */
    ck_assert_int_eq(phg_totals_per_pflops_hour(&t, 0) / 1000000, 9701);
    phg_totals_fill(&s, &slow, 1, INT64_C(1000000000000000));
    ck_assert_int_eq(phg_totals_per_pflops_hour(&s, 0), INT64_MAX); /* more than fits */
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_pflops_hour_costs_what_the_card_hour_does);
    tcase_add_test(t, products_that_state_nothing_do_not_count_for_it);
    tcase_add_test(t, the_largest_sums_do_not_wrap);
}

int main(void)
{
    return suite_run("totals", add);
}
