/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/row_index.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "tests/unit/suite.h"

enum { PANICKED = 42, MAX = 64, ROWS = 201, STEPS = 200000, ROOM = 8192 };

static _Alignas(PH_ARENA_ALIGN) uint8_t room[ROOM];

/* Rows as wide as an order's line, with the key in their middle. */
typedef struct {
    uint64_t before, key, after;
} row;

static row rows[ROWS];

/* Keys that share homes: neighbours, the same low bits, and halves that are equal. */
static uint64_t key_of(uint32_t i)
{
    if (i % 3 == 0) return 1 + (uint64_t)(i / 3) * 128;
    if (i % 3 == 1) return 1 + i;
    return (uint64_t)i << 32 | (i % 2 == 0 ? 7 : 0);
}

static ph_row_index fresh(uint32_t max)
{
    memset(room, 0, sizeof room);
    for (uint32_t i = 1; i < ROWS; i++)
        rows[i] = (row){.before = 77, .key = key_of(i), .after = 78};
    ph_arena a = {.start = room, .size = ROOM};
    ph_row_index x;
    ph_row_index_init(&x, &a, max, (ph_row_keys){rows, sizeof rows[0], offsetof(row, key)});
    return x;
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

START_TEST(it_does_what_a_plain_table_does)
{
    static bool model[ROWS]; /* there */
    memset(model, 0, sizeof model);
    ph_row_index x = fresh(MAX);
    uint64_t seed = 81412;
    uint32_t there = 0;
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t i = 1 + next_random(&seed) % (ROWS - 1);
        if (model[i]) {
            ph_row_index_remove(&x, i);
            model[i] = false;
            there--;
        } else if (there < MAX) {
            ph_row_index_put(&x, i);
            model[i] = true;
            there++;
        }
        if (x.cnt != there) ck_abort_msg("step %u: %u rows, not %u", step, x.cnt, there);
        if (step % 100 != 0) continue;
        for (uint32_t k = 1; k < ROWS; k++) {
            uint32_t found = 0;
            bool is_there = ph_row_index_find(&x, key_of(k), &found);
            if (is_there != model[k] || found != (is_there ? k : 0))
                ck_abort_msg("step %u: row %u differs from the plain table", step, k);
        }
    }
}
END_TEST

START_TEST(a_key_with_another_upper_half_is_another_key)
{
    ph_row_index x = fresh(4);
    rows[1].key = 9;
    rows[2].key = UINT64_C(1) << 32 | 9;
    uint32_t found = 0;
    ph_row_index_put(&x, 1);
    ck_assert(!ph_row_index_find(&x, rows[2].key, &found));
    ph_row_index_put(&x, 2);
    ck_assert(ph_row_index_find(&x, rows[2].key, &found));
    ck_assert_uint_eq(found, 2);
    ck_assert(ph_row_index_find(&x, rows[1].key, &found));
    ck_assert_uint_eq(found, 1);
    ph_row_index_remove(&x, 1);
    ck_assert(!ph_row_index_find(&x, rows[1].key, &found));
    ck_assert(ph_row_index_find(&x, rows[2].key, &found));
    ck_assert_uint_eq(found, 2);
}
END_TEST

START_TEST(a_guess_looks_at_no_row)
{
    ph_row_index x = fresh(4);
    rows[1].key = 9;
    ck_assert_uint_eq(ph_row_index_guess(&x, 9), 0);
    ph_row_index_put(&x, 1);
    ck_assert_uint_eq(ph_row_index_guess(&x, 9), 1);
    ck_assert_uint_eq(ph_row_index_guess(&x, UINT64_C(1) << 32 | 9), 1);
    ck_assert_uint_eq(ph_row_index_guess(&x, 10), 0);
}
END_TEST

START_TEST(counting_says_what_it_will_need)
{
    for (uint32_t max = 1; max < 300; max = max * 2 + 1) {
        ph_arena a = {0};
        ph_row_index x;
        ph_row_index_init(&x, &a, max, (ph_row_keys){rows, sizeof rows[0], offsetof(row, key)});
        ck_assert_uint_ge(x.mask + 1, (uint64_t)max * 2);
        ck_assert_uint_ge(a.used, (x.mask + 1) * sizeof(ph_row_entry));
    }
}
END_TEST

static void leave(const char *what, const char *file, int line)
{
    (void)what, (void)file, (void)line;
    _Exit(PANICKED);
}

START_TEST(more_rows_than_room_are_a_bug)
{
    ph_row_index x = fresh(4);
    for (uint32_t i = 1; i <= 5; i++)
        ph_row_index_put(&x, i);
}
END_TEST

START_TEST(no_row_is_a_bug)
{
    ph_row_index x = fresh(4);
    ph_row_index_put(&x, 0);
}
END_TEST

START_TEST(removing_what_is_not_there_is_a_bug)
{
    ph_row_index x = fresh(4);
    ph_row_index_put(&x, 1);
    ph_row_index_remove(&x, 2);
}
END_TEST

static void add(TCase *t)
{
    ph_panic_set_hook(leave);
    tcase_add_test(t, it_does_what_a_plain_table_does);
    tcase_add_test(t, a_key_with_another_upper_half_is_another_key);
    tcase_add_test(t, a_guess_looks_at_no_row);
    tcase_add_test(t, counting_says_what_it_will_need);
    tcase_add_exit_test(t, more_rows_than_room_are_a_bug, PANICKED);
    tcase_add_exit_test(t, no_row_is_a_bug, PANICKED);
    tcase_add_exit_test(t, removing_what_is_not_there_is_a_bug, PANICKED);
}

int main(void)
{
    return suite_run("row_index", add);
}
