/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/blocks.h"

#include "tests/unit/suite.h"

static phg_block block(uint64_t id, ph_shape shape, ph_window w, uint32_t duration, uint64_t units)
{
    return (phg_block){.order = {id},
                       .terms = {PH_SIDE_BUY, shape, shape == PH_SHAPE_FLEX, w, duration, 50},
                       .units = units};
}

static void put(phg_blocks *b, phg_block k)
{
    ck_assert_int_eq(phg_blocks_put(b, &k), PH_OK);
}

START_TEST(equal_blocks_are_one_row)
{
    phg_blocks b = {0};
    put(&b, block(1, PH_SHAPE_BLOCK, (ph_window){10, 4}, 0, 3));
    put(&b, block(2, PH_SHAPE_BLOCK, (ph_window){10, 4}, 0, 5));
    put(&b, block(3, PH_SHAPE_BLOCK, (ph_window){10, 5}, 0, 1));
    ck_assert(b.row_cnt == 2 && b.rows[0].units == 8 && b.rows[1].units == 1 && b.has_news);
    ck_assert_int_eq(phg_blocks_set(&b, (ph_order_id){1}, 50, 0), PH_OK);
    ck_assert(b.row_cnt == 2 && b.rows[0].units == 5);
    ck_assert_ptr_null(phg_blocks_find(&b, (ph_order_id){1}));
    ck_assert_uint_eq(phg_blocks_find(&b, (ph_order_id){2})->units, 5);
    phg_blocks_release(&b);
}
END_TEST

START_TEST(a_row_that_was_told_stays_until_it_is_untold)
{
    phg_blocks b = {0};
    put(&b, block(1, PH_SHAPE_BLOCK, (ph_window){10, 4}, 0, 3));
    phg_blocks_told(&b);
    ck_assert(!b.has_news && b.rows[0].told == 3);
    ck_assert_int_eq(phg_blocks_set(&b, (ph_order_id){1}, 60, 2), PH_OK);
    ck_assert(b.row_cnt == 2 && b.rows[0].units == 0 && b.rows[1].units == 2);
    phg_blocks_told(&b);
    ck_assert(b.row_cnt == 1 && b.rows[0].terms.price == 60);
    put(&b, block(2, PH_SHAPE_BLOCK, (ph_window){10, 4}, 0, 3));
    ck_assert_int_eq(phg_blocks_set(&b, (ph_order_id){2}, 50, 0), PH_OK);
    ck_assert_uint_eq(b.row_cnt, 1); /* nobody knows of it */
    phg_blocks_release(&b);
}
END_TEST

START_TEST(a_flex_loses_the_periods_that_close)
{
    phg_blocks b = {0};
    put(&b, block(1, PH_SHAPE_FLEX, (ph_window){10, 6}, 4, 3));
    put(&b, block(2, PH_SHAPE_BLOCK, (ph_window){10, 6}, 0, 1));
    ck_assert_int_eq(phg_blocks_shorten(&b, 12), PH_OK);
    const phg_block *k = phg_blocks_find(&b, (ph_order_id){1});
    ck_assert(k->terms.window.first == 12 && k->terms.window.periods == 4);
    ck_assert_int_eq(phg_blocks_shorten(&b, 13), PH_OK); /* it does not fit any more */
    ck_assert_uint_eq(k->terms.window.first, 12);
    ck_assert_uint_eq(phg_blocks_find(&b, (ph_order_id){2})->terms.window.first, 10);
    phg_blocks_release(&b);
}
END_TEST

START_TEST(contradictions_are_corrupt)
{
    phg_blocks b = {0};
    put(&b, block(5, PH_SHAPE_BLOCK, (ph_window){10, 4}, 0, 3));
    phg_block again = block(5, PH_SHAPE_BLOCK, (ph_window){10, 4}, 0, 3);
    ck_assert_int_eq(phg_blocks_put(&b, &again), PH_ECORRUPT);
    ck_assert_int_eq(phg_blocks_set(&b, (ph_order_id){4}, 1, 1), PH_ECORRUPT);
    phg_blocks_release(&b);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, equal_blocks_are_one_row);
    tcase_add_test(t, a_row_that_was_told_stays_until_it_is_untold);
    tcase_add_test(t, a_flex_loses_the_periods_that_close);
    tcase_add_test(t, contradictions_are_corrupt);
}

int main(void)
{
    return suite_run("blocks", add);
}
