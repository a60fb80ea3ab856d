/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/resting.h"

#include "tests/unit/suite.h"

static phg_resting_order order(uint64_t id)
{
    return (phg_resting_order){
        .order = {id}, .product = {1}, .side = PH_SIDE_BUY, .window = {10, 4}, .quantity = 7};
}

START_TEST(open_is_one_number_until_a_period_differs)
{
    phg_resting r = {0};
    phg_resting_order o = order(1);
    ck_assert_int_eq(phg_resting_put(&r, &o), PH_OK);
    phg_resting_order *found = phg_resting_find(&r, (ph_order_id){1});
    ck_assert_ptr_null(found->periods);
    ck_assert_uint_eq(phg_resting_open(found, 13), 7);
    phg_resting_period_of(found, 11)->executed = 5;
    phg_resting_period_of(found, 12)->executed = PHG_PERIOD_LOST;
    ck_assert_uint_eq(phg_resting_open(found, 10), 7);
    ck_assert_uint_eq(phg_resting_open(found, 11), 2);
    ck_assert_uint_eq(phg_resting_open(found, 12), 0);
    found->quantity = 9; /* replaced */
    ck_assert_uint_eq(phg_resting_open(found, 10), 9);
    ck_assert_uint_eq(phg_resting_open(found, 11), 4);
    ck_assert_uint_eq(phg_resting_open(found, 12), 0);
    found->quantity = 3;
    ck_assert_uint_eq(phg_resting_open(found, 11), 0);
    phg_resting_release(&r);
}
END_TEST

START_TEST(an_iceberg_shows_its_clip)
{
    phg_resting r = {0};
    phg_resting_order o = order(1);
    o.display = 3;
    ck_assert_int_eq(phg_resting_put(&r, &o), PH_OK);
    phg_resting_order *found = phg_resting_find(&r, (ph_order_id){1});
    ck_assert_uint_eq(phg_resting_shown(found, 10), 3);
    *phg_resting_period_of(found, 11) = (phg_resting_period){.executed = 2, .shown = 1};
    ck_assert_uint_eq(phg_resting_shown(found, 10), 3);
    ck_assert_uint_eq(phg_resting_shown(found, 11), 1);
    *phg_resting_period_of(found, 11) = (phg_resting_period){.executed = 5, .shown = 3};
    ck_assert_uint_eq(phg_resting_shown(found, 11), 2); /* no more than is open */
    phg_resting_release(&r);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    phg_resting r = {0};
    ck_assert_ptr_null(phg_resting_find(&r, (ph_order_id){1}));
    phg_resting_order o = order(1);
    ck_assert_int_eq(phg_resting_put(&r, &o), PH_OK);
    ck_assert_int_eq(phg_resting_put(&r, &o), PH_ECORRUPT);
    ck_assert_ptr_null(phg_resting_find(&r, (ph_order_id){2}));
    ck_assert_ptr_null(phg_resting_find(&r, (ph_order_id){0}));
    ck_assert_ptr_null(phg_resting_find(&r, (ph_order_id){1025}));
    phg_resting_order zero = order(0);
    ck_assert_int_eq(phg_resting_put(&r, &zero), PH_ECORRUPT);
    phg_resting_release(&r);
}
END_TEST

START_TEST(a_dropped_order_rests_no_more)
{
    phg_resting r = {0};
    for (uint64_t id = 1; id <= 3; id++) {
        phg_resting_order o = order(id);
        ck_assert_int_eq(phg_resting_put(&r, &o), PH_OK);
        phg_resting_period_of(phg_resting_find(&r, (ph_order_id){id}), 11)->executed = 1;
    }
    phg_resting_drop(&r, phg_resting_find(&r, (ph_order_id){2}));
    ck_assert_ptr_null(phg_resting_find(&r, (ph_order_id){2}));
    phg_resting_order again = order(2);
    ck_assert_int_eq(phg_resting_put(&r, &again), PH_OK);
    ck_assert_uint_eq(phg_resting_open(phg_resting_find(&r, (ph_order_id){2}), 11), 7);
    ck_assert_uint_eq(phg_resting_open(phg_resting_find(&r, (ph_order_id){3}), 11), 6);
    phg_resting_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, open_is_one_number_until_a_period_differs);
    tcase_add_test(t, an_iceberg_shows_its_clip);
    tcase_add_test(t, what_is_not_there_is_not_found);
    tcase_add_test(t, a_dropped_order_rests_no_more);
}

int main(void)
{
    return suite_run("resting", add);
}
