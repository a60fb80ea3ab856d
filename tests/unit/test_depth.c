/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/depth.h"

#include "tests/unit/suite.h"

START_TEST(best_bid_is_highest_and_best_ask_lowest)
{
    phg_depth bids = {0}, asks = {0};
    const ph_price prices[] = {5, 9, 7, 9, 1};
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(phg_depth_add(&bids, PH_SIDE_BUY, prices[i], 10), PH_OK);
        ck_assert_int_eq(phg_depth_add(&asks, PH_SIDE_SELL, prices[i], 10), PH_OK);
    }
    ck_assert_int_eq(phg_depth_best(&bids).price, 9);
    ck_assert_uint_eq(phg_depth_best(&bids).quantity, 20);
    ck_assert_int_eq(phg_depth_best(&asks).price, 1);
    ck_assert_int_eq(phg_depth_take(&bids, PH_SIDE_BUY, 9, 20), PH_OK);
    ck_assert_int_eq(phg_depth_best(&bids).price, 7);
    phg_depth_release(&bids);
    phg_depth_release(&asks);
}
END_TEST

START_TEST(what_does_not_stand_there_is_not_taken)
{
    phg_depth l = {0};
    ck_assert_int_eq(phg_depth_take(&l, PH_SIDE_BUY, 5, 1), PH_ECORRUPT);
    ck_assert_int_eq(phg_depth_add(&l, PH_SIDE_BUY, 5, 3), PH_OK);
    ck_assert_int_eq(phg_depth_take(&l, PH_SIDE_BUY, 5, 4), PH_ECORRUPT);
    ck_assert_int_eq(phg_depth_take(&l, PH_SIDE_BUY, 4, 1), PH_ECORRUPT);
    ck_assert_int_eq(phg_depth_take(&l, PH_SIDE_BUY, 6, 1), PH_ECORRUPT);
    ck_assert_uint_eq(phg_depth_best(&l).quantity, 3);
    phg_depth_release(&l);
}
END_TEST

START_TEST(an_empty_side_has_no_best)
{
    phg_depth l = {0};
    ck_assert_int_eq(phg_depth_best(&l).price, 0);
    ck_assert_int_eq(phg_depth_add(&l, PH_SIDE_SELL, 5, 3), PH_OK);
    ck_assert_int_eq(phg_depth_take(&l, PH_SIDE_SELL, 5, 3), PH_OK);
    ck_assert_int_eq(phg_depth_best(&l).price, 0);
    ck_assert_uint_eq(phg_depth_best(&l).quantity, 0);
    phg_depth_release(&l);
}
END_TEST

/* Against a plain array of quantities by price. */
START_TEST(random_moves_agree_with_a_plain_count)
{
    phg_depth l = {0};
    uint64_t count[64] = {0};
    uint32_t x = 12345;
    for (int i = 0; i < 20000; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t price = (x >> 8) % 63 + 1, quantity = (x >> 16) % 5 + 1;
        if (x & 0x80000000u || count[price] < quantity) {
            ck_assert_int_eq(phg_depth_add(&l, PH_SIDE_SELL, price, quantity), PH_OK);
            count[price] += quantity;
        } else {
            ck_assert_int_eq(phg_depth_take(&l, PH_SIDE_SELL, price, quantity), PH_OK);
            count[price] -= quantity;
        }
        uint32_t best = 1;
        while (best < 64 && count[best] == 0)
            best++;
        ck_assert_int_eq(phg_depth_best(&l).price, best == 64 ? 0 : (ph_price)best);
        ck_assert_uint_eq(phg_depth_best(&l).quantity, best == 64 ? 0 : count[best]);
    }
    phg_depth_release(&l);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, best_bid_is_highest_and_best_ask_lowest);
    tcase_add_test(t, what_does_not_stand_there_is_not_taken);
    tcase_add_test(t, an_empty_side_has_no_best);
    tcase_add_test(t, random_moves_agree_with_a_plain_count);
}

int main(void)
{
    return suite_run("depth", add);
}
