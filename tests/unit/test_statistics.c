/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/statistics.h"

#include "tests/unit/suite.h"

static void fill(phg_statistics *s, uint64_t seq, ph_side taker, ph_quantity q, ph_price price)
{
    phg_statistics_take(
        s, &(phg_statistics_fill){
               .seq = seq, .taker = taker, .quantity = q, .price = price, .is_each = true});
}

START_TEST(the_last_fill_of_a_command_is_the_worst_for_the_taker)
{
    phg_statistics s = {0};
    ck_assert(phg_statistics_is_empty(&s));
    /* Trades of a command come in order of place, not of execution. */
    fill(&s, 1, PH_SIDE_BUY, 1, 12);
    fill(&s, 1, PH_SIDE_BUY, 1, 10);
    ck_assert(s.last == 12 && s.high == 12 && s.low == 10);
    fill(&s, 2, PH_SIDE_SELL, 1, 8);
    fill(&s, 2, PH_SIDE_SELL, 1, 9);
    ck_assert(s.last == 8 && s.high == 12 && s.low == 8);
    fill(&s, 3, PH_SIDE_BUY, 1, 9);
    ck_assert_int_eq(s.last, 9);
}
END_TEST

START_TEST(blocks_count_for_volume_alone)
{
    phg_statistics s = {0};
    phg_statistics_take(&s, &(phg_statistics_fill){.seq = 1, .quantity = 5, .price = 7});
    ck_assert(s.last == 0 && s.high == 0 && s.low == 0 && s.volume == 5 && s.open_interest == 5);
    phg_statistics_take(
        &s, &(phg_statistics_fill){.seq = 2, .quantity = 2, .price = 8, .is_resale = true});
    ck_assert(s.volume == 7 && s.open_interest == 5);
    ck_assert_int_eq(phg_statistics_average(&s), 7); /* 51 / 7 */
}
END_TEST

START_TEST(averages_of_the_largest_prices_do_not_wrap)
{
    phg_statistics s = {0};
    for (uint64_t i = 1; i <= 1000; i++)
        fill(&s, i, PH_SIDE_BUY, 1000000000, INT64_C(1000000000000000));
    ck_assert_int_eq(phg_statistics_average(&s), INT64_C(1000000000000000));
    ck_assert_uint_eq(s.volume, UINT64_C(1000000000000));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_last_fill_of_a_command_is_the_worst_for_the_taker);
    tcase_add_test(t, blocks_count_for_volume_alone);
    tcase_add_test(t, averages_of_the_largest_prices_do_not_wrap);
}

int main(void)
{
    return suite_run("statistics", add);
}
