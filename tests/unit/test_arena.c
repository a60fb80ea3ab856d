/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "tests/unit/suite.h"

enum { PANICKED = 42, ROOM = 1024 };

static _Alignas(PH_ARENA_ALIGN) uint8_t room[ROOM];

static void leave(const char *what, const char *file, int line)
{
    (void)what, (void)file, (void)line;
    _Exit(PANICKED);
}

START_TEST(parts_are_aligned_and_apart)
{
    ph_arena a = {.start = room, .size = ROOM};
    uint8_t *parts[4];
    for (size_t i = 0; i < 4; i++) {
        parts[i] = ph_arena_take(&a, i + 1, 33);
        ck_assert_uint_eq((uintptr_t)parts[i] % PH_ARENA_ALIGN, 0);
        memset(parts[i], (int)i + 1, (i + 1) * 33);
    }
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < (i + 1) * 33; k++)
            ck_assert_msg(parts[i][k] == i + 1, "part %zu, byte %zu", i, k);
    }
}
END_TEST

START_TEST(counting_and_carving_agree)
{
    ph_arena count = {0}, carve = {.start = room, .size = ROOM};
    static const size_t sizes[] = {1, 64, 65, 3, 0, 127};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert_ptr_null(ph_arena_take(&count, sizes[i], 1));
        ck_assert_ptr_nonnull(ph_arena_take(&carve, sizes[i], 1));
        ck_assert_uint_eq(count.used, carve.used);
    }
    ph_arena exact = {.start = room, .size = 64 + 64};
    ck_assert_ptr_nonnull(ph_arena_take(&exact, 1, 1));
    ck_assert_ptr_nonnull(ph_arena_take(&exact, 64, 1));
}
END_TEST

START_TEST(more_than_the_block_holds_is_a_bug)
{
    ph_panic_set_hook(leave);
    ph_arena a = {.start = room, .size = 128};
    (void)ph_arena_take(&a, 1, 1);
    (void)ph_arena_take(&a, 65, 1);
}
END_TEST

START_TEST(a_size_that_wraps_is_a_bug)
{
    static const struct {
        size_t cnt, each;
    } rows[] = {{SIZE_MAX, 1}, {SIZE_MAX, 64}, {SIZE_MAX / 2 + 1, 2}, {1, SIZE_MAX}, {1, 0}};
    ph_panic_set_hook(leave);
    ph_arena a = {0};
    (void)ph_arena_take(&a, rows[_i].cnt, rows[_i].each);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, parts_are_aligned_and_apart);
    tcase_add_test(t, counting_and_carving_agree);
    tcase_add_exit_test(t, more_than_the_block_holds_is_a_bug, PANICKED);
    tcase_add_loop_exit_test(t, a_size_that_wraps_is_a_bug, PANICKED, 0, 5);
}

int main(void)
{
    return suite_run("arena", add);
}
