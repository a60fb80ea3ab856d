/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/arena.h"

#include "tests/unit/suite.h"

START_TEST(counting_and_carving_agree)
{
    _Alignas(64) static uint8_t block[1024];
    ph_arena count = {.start = NULL};
    ck_assert_ptr_null(ph_arena_take(&count, 3, 5));
    ck_assert_ptr_null(ph_arena_take(&count, 1, 100));
    ph_arena carve = {.start = block, .size = count.used};
    uint8_t *a = ph_arena_take(&carve, 3, 5);
    uint8_t *b = ph_arena_take(&carve, 1, 100);
    ck_assert_ptr_eq(a, block);
    ck_assert_ptr_eq(b, block + 64);
    ck_assert_uint_eq(carve.used, count.used);
    ck_assert_uint_eq(count.used, 164);
}
END_TEST

START_TEST(more_than_the_block_holds_stops)
{
    _Alignas(64) static uint8_t block[64];
    ph_arena a = {.start = block, .size = sizeof block};
    (void)ph_arena_take(&a, 65, 1);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, counting_and_carving_agree);
    tcase_add_test_raise_signal(t, more_than_the_block_holds_stops, 4 /* SIGILL: no hook */);
}

int main(void)
{
    return suite_run("arena", add);
}
