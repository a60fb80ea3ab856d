/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/book_sum.h"

#include "tests/unit/suite.h"

/* Reckoned in Python with nacl.hash.siphash24 over struct.pack'ed rows, as the protocol guide
   says. */
START_TEST(rows_have_the_sums_that_others_reckon)
{
    ck_assert_uint_eq(phg_sum_level(PH_SIDE_BUY, 498912, 2500000, 8), UINT64_C(0x2a1b6aa03081bd7f));
    phg_block_terms t = {PH_SIDE_SELL, PH_SHAPE_FLEX, true, {498912, 48}, 24, 2500000};
    ck_assert_int_eq(PH_SHAPE_FLEX, 3);
    ck_assert_uint_eq(phg_sum_block(&t, 8), UINT64_C(0xb7252c4c5bedabd8));
    phg_statistics s = {
        .last = 5, .high = 7, .low = 3, .volume = 20, .notional = 99, .open_interest = 18};
    ck_assert_uint_eq(phg_sum_statistics(498912, &s), UINT64_C(0xf483b8d435f2ed7f));
}
END_TEST

START_TEST(what_is_not_there_adds_nothing)
{
    phg_block_terms t = {PH_SIDE_SELL, PH_SHAPE_BLOCK, false, {1, 2}, 0, 3};
    phg_statistics s = {0};
    ck_assert_uint_eq(phg_sum_level(PH_SIDE_SELL, 1, 2, 0), 0);
    ck_assert_uint_eq(phg_sum_block(&t, 0), 0);
    ck_assert_uint_eq(phg_sum_statistics(1, &s), 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, rows_have_the_sums_that_others_reckon);
    tcase_add_test(t, what_is_not_there_adds_nothing);
}

int main(void)
{
    return suite_run("book_sum", add);
}
