/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/slab.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "tests/unit/suite.h"

enum { PANICKED = 42, CELLS = 256, ROOM = 4096, STEPS = 100000 };

static _Alignas(PH_ARENA_ALIGN) uint8_t room[ROOM];

static ph_slab fresh(uint32_t cells)
{
    memset(room, 0, sizeof room);
    ph_arena a = {.start = room, .size = ROOM};
    ph_slab s;
    (void)ph_slab_init(&s, &a, cells, 8, 0);
    return s;
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

START_TEST(a_size_class_is_the_smallest_power_that_holds)
{
    ck_assert_uint_eq(ph_slab_size_class(1), 0);
    ck_assert_uint_eq(ph_slab_size_class(2), 1);
    ck_assert_uint_eq(ph_slab_size_class(3), 2);
    ck_assert_uint_eq(ph_slab_size_class(720), 10);
    ck_assert_uint_eq(ph_slab_size_class(UINT32_C(1) << 31), 31);
}
END_TEST

START_TEST(cells_are_rounded_up_to_a_power_of_two)
{
    ck_assert_uint_eq(fresh(1).cells, 1);
    ck_assert_uint_eq(fresh(200).cells, 256);
    ph_arena count = {0};
    ph_slab s;
    (void)ph_slab_init(&s, &count, 200, 8, 4);
    ck_assert_uint_eq(s.cells, 256);
    ck_assert_uint_ge(count.used, 260 * 8 + 256);
}
END_TEST

/* Runs that were taken: first cell and size class; owner[cell] is 1 + the run that has it. */
typedef struct {
    ph_slab s;
    struct {
        uint32_t at;
        uint8_t k;
    } runs[CELLS];
    uint32_t cnt, used;
    uint16_t owner[CELLS];
} world;

static void take(world *w, uint8_t k)
{
    bool has = ph_slab_has(&w->s, k);
    uint32_t at = ph_slab_take(&w->s, k);
    if (has != (at != PH_SLAB_NONE)) ck_abort_msg("has and take disagree about 2^%u cells", k);
    if (!has) return;
    uint32_t size = UINT32_C(1) << k;
    if (at % size != 0 || at + size > CELLS) ck_abort_msg("run at %u of 2^%u cells", at, k);
    for (uint32_t i = at; i < at + size; i++) {
        if (w->owner[i] != 0) ck_abort_msg("cell %u was handed out twice", i);
        w->owner[i] = 1;
    }
    w->runs[w->cnt].at = at;
    w->runs[w->cnt].k = k;
    w->cnt++;
    w->used += size;
}

static void give(world *w, uint32_t i)
{
    uint32_t size = UINT32_C(1) << w->runs[i].k;
    memset(&w->owner[w->runs[i].at], 0, size * sizeof w->owner[0]);
    ph_slab_give(&w->s, w->runs[i].at, w->runs[i].k);
    w->runs[i] = w->runs[--w->cnt];
    w->used -= size;
}

START_TEST(no_cell_is_handed_out_twice_and_none_is_lost)
{
    static world w;
    memset(&w, 0, sizeof w);
    w.s = fresh(CELLS);
    uint64_t seed = 81412;
    for (int step = 0; step < STEPS; step++) {
        if (w.cnt > 0 && next_random(&seed) % 2 == 0)
            give(&w, next_random(&seed) % w.cnt);
        else
            take(&w, (uint8_t)(next_random(&seed) % 9));
        if (w.s.used != w.used) ck_abort_msg("step %d: %u used, not %u", step, w.s.used, w.used);
    }
    while (w.cnt > 0)
        give(&w, w.cnt - 1);
    ck_assert_uint_eq(ph_slab_take(&w.s, 8), 0); /* everything merged again */
    ck_assert(!ph_slab_has(&w.s, 0));
}
END_TEST

START_TEST(a_full_slab_says_so)
{
    ph_slab s = fresh(8);
    ck_assert_uint_eq(ph_slab_take(&s, 4), PH_SLAB_NONE);
    for (uint32_t i = 0; i < 8; i++)
        ck_assert_uint_ne(ph_slab_take(&s, 0), PH_SLAB_NONE);
    ck_assert_uint_eq(ph_slab_take(&s, 0), PH_SLAB_NONE);
    ck_assert_uint_eq(s.used, 8);
    ph_slab_give(&s, 3, 0);
    ck_assert(!ph_slab_has(&s, 1));
    ck_assert_uint_eq(ph_slab_take(&s, 0), 3);
}
END_TEST

static void leave(const char *what, const char *file, int line)
{
    (void)what, (void)file, (void)line;
    _Exit(PANICKED);
}

START_TEST(giving_back_what_is_free_is_a_bug)
{
    ph_slab s = fresh(8);
    uint32_t at = ph_slab_take(&s, 0);
    ph_slab_give(&s, at, 0);
    ph_slab_give(&s, at, 0);
}
END_TEST

START_TEST(giving_back_cells_outside_is_a_bug)
{
    ph_slab s = fresh(8);
    ph_slab_give(&s, 8, 0);
}
END_TEST

static void add(TCase *t)
{
    ph_panic_set_hook(leave);
    tcase_add_test(t, a_size_class_is_the_smallest_power_that_holds);
    tcase_add_test(t, cells_are_rounded_up_to_a_power_of_two);
    tcase_add_test(t, no_cell_is_handed_out_twice_and_none_is_lost);
    tcase_add_test(t, a_full_slab_says_so);
    tcase_add_exit_test(t, giving_back_what_is_free_is_a_bug, PANICKED);
    tcase_add_exit_test(t, giving_back_cells_outside_is_a_bug, PANICKED);
}

int main(void)
{
    return suite_run("slab", add);
}
