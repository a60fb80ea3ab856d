/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/slab.h"

#include <string.h>

#include "tests/unit/suite.h"

enum { CELLS = 256 };

static uint8_t room[CELLS * 16 + 1024];
static ph_slab s;

static void setup(void)
{
    memset(room, 0, sizeof room);
    ph_arena a = {.start = room, .size = sizeof room};
    ph_slab_init(&s, &a, CELLS - 3);
}

START_TEST(size_classes)
{
    ck_assert_uint_eq(ph_slab_size_class(1), 0);
    ck_assert_uint_eq(ph_slab_size_class(2), 1);
    ck_assert_uint_eq(ph_slab_size_class(3), 2);
    ck_assert_uint_eq(ph_slab_size_class(2208), 12);
}
END_TEST

START_TEST(all_cells_can_be_taken_and_come_back_whole)
{
    ck_assert_uint_eq(s.cells, CELLS);
    for (int i = 0; i < CELLS; i++)
        ck_assert_uint_ne(ph_slab_take(&s, 0), PH_SLAB_NONE);
    ck_assert_uint_eq(ph_slab_take(&s, 0), PH_SLAB_NONE);
    ck_assert(!ph_slab_has(&s, 0));
    for (uint32_t i = 0; i < CELLS; i++)
        ph_slab_give(&s, i, 0);
    ck_assert_uint_eq(s.used, 0);
    ck_assert_uint_eq(ph_slab_take(&s, s.top), 0);
}
END_TEST

/* Random runs never overlap, are aligned, and everything merges again in the end. */
START_TEST(runs_never_overlap)
{
    uint8_t owner[CELLS] = {0};
    uint8_t k_of[CELLS] = {0};
    uint64_t rng = (uint64_t)_i + 1;
    for (int step = 0; step < 5000; step++) {
        rng = rng * 6364136223846793005ull + 1442695040888963407ull;
        uint32_t at = (uint32_t)(rng >> 40) % CELLS;
        if (owner[at] == 1) {
            ph_slab_give(&s, at, k_of[at]);
            memset(owner + at, 0, 1u << k_of[at]);
            continue;
        }
        uint8_t k = (uint8_t)(rng >> 60) % 6;
        bool fits = ph_slab_has(&s, k);
        uint32_t got = ph_slab_take(&s, k);
        ck_assert_int_eq(fits, got != PH_SLAB_NONE);
        if (!fits) continue;
        ck_assert_uint_eq(got % (1u << k), 0);
        for (uint32_t i = 0; i < 1u << k; i++) {
            ck_assert_uint_eq(owner[got + i], 0);
            owner[got + i] = i == 0 ? 1 : 2;
        }
        k_of[got] = k;
    }
    for (uint32_t i = 0; i < CELLS; i++) {
        if (owner[i] == 1) ph_slab_give(&s, i, k_of[i]);
    }
    ck_assert_uint_eq(s.used, 0);
    ck_assert(ph_slab_has(&s, s.top));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, size_classes);
    tcase_add_test(t, all_cells_can_be_taken_and_come_back_whole);
    tcase_add_loop_test(t, runs_never_overlap, 0, 20);
}

int main(void)
{
    return suite_run("slab", add);
}
