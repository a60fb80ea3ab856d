/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/index.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "tests/unit/suite.h"

enum { PANICKED = 42, MAX = 64, KEYS = 200, STEPS = 200000, ROOM = 8192 };

static _Alignas(PH_ARENA_ALIGN) uint8_t room[ROOM];

static ph_index fresh(uint32_t max)
{
    memset(room, 0, sizeof room);
    ph_arena a = {.start = room, .size = ROOM};
    ph_index x;
    ph_index_init(&x, &a, max);
    return x;
}

/* Keys that share homes: the same low bits, and high bits that mix. */
static uint64_t key_of(uint32_t i)
{
    if (i % 3 == 0) return 1 + (uint64_t)(i / 3) * 128;
    if (i % 3 == 1) return 1 + i;
    return (uint64_t)i << 32 | 7;
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

START_TEST(it_does_what_a_plain_table_does)
{
    static uint32_t model[KEYS]; /* 0: not there, else value + 1 */
    memset(model, 0, sizeof model);
    ph_index x = fresh(MAX);
    uint64_t seed = 81412;
    uint32_t there = 0;
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t i = next_random(&seed) % KEYS;
        if (model[i] != 0 && next_random(&seed) % 2 == 0) {
            ph_index_remove(&x, key_of(i));
            model[i] = 0;
            there--;
        } else if (model[i] != 0 || there < MAX) {
            if (model[i] == 0) there++;
            ph_index_put(&x, key_of(i), step);
            model[i] = step + 1;
        }
        if (x.cnt != there) ck_abort_msg("step %u: %u keys, not %u", step, x.cnt, there);
        if (step % 100 != 0) continue;
        for (uint32_t k = 0; k < KEYS; k++) {
            uint32_t value = 77;
            bool found = ph_index_find(&x, key_of(k), &value);
            if (found != (model[k] != 0) || value != (found ? model[k] - 1 : 77))
                ck_abort_msg("step %u: key %u differs from the plain table", step, k);
        }
    }
}
END_TEST

START_TEST(counting_says_what_it_will_need)
{
    for (uint32_t max = 1; max < 300; max = max * 2 + 1) {
        ph_arena a = {0};
        ph_index x;
        ph_index_init(&x, &a, max);
        ck_assert_uint_ge(x.mask + 1, (uint64_t)max * 2);
        ck_assert_uint_ge(a.used, (x.mask + 1) * 12);
    }
}
END_TEST

static void leave(const char *what, const char *file, int line)
{
    (void)what, (void)file, (void)line;
    _Exit(PANICKED);
}

START_TEST(a_key_of_zero_is_a_bug)
{
    ph_index x = fresh(4);
    ph_index_put(&x, 0, 1);
}
END_TEST

START_TEST(more_keys_than_room_are_a_bug)
{
    ph_index x = fresh(4);
    for (uint64_t key = 1; key <= 4; key++)
        ph_index_put(&x, key, 1);
    ph_index_put(&x, 4, 2); /* a change is not a new key */
    ck_assert_uint_eq(x.cnt, 4);
    ph_index_put(&x, 5, 1);
}
END_TEST

START_TEST(removing_what_is_not_there_is_a_bug)
{
    ph_index x = fresh(4);
    ph_index_put(&x, 1, 1);
    ph_index_remove(&x, 17);
}
END_TEST

static void add(TCase *t)
{
    ph_panic_set_hook(leave);
    tcase_add_test(t, it_does_what_a_plain_table_does);
    tcase_add_test(t, counting_says_what_it_will_need);
    tcase_add_exit_test(t, a_key_of_zero_is_a_bug, PANICKED);
    tcase_add_exit_test(t, more_keys_than_room_are_a_bug, PANICKED);
    tcase_add_exit_test(t, removing_what_is_not_there_is_a_bug, PANICKED);
}

int main(void)
{
    return suite_run("index", add);
}
