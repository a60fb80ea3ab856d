/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/index.h"

#include <string.h>

#include "tests/unit/suite.h"

enum { MAX = 1000 };

static uint8_t *room;
static ph_index x;

static void setup(void)
{
    ph_arena count = {.start = NULL};
    ph_index_init(&x, &count, MAX);
    room = calloc(1, count.used + 64);
    ck_assert_ptr_nonnull(room);
    ph_arena a = {.start = room, .size = count.used + 64};
    ph_index_init(&x, &a, MAX);
}

static void teardown(void)
{
    free(room);
}

START_TEST(finds_what_was_put_and_nothing_else)
{
    uint32_t v = 77;
    ck_assert(!ph_index_find(&x, 5, &v));
    ck_assert_uint_eq(v, 77);
    ph_index_put(&x, 5, 1);
    ph_index_put(&x, 5, 2);
    ck_assert(ph_index_find(&x, 5, &v));
    ck_assert_uint_eq(v, 2);
    ck_assert_uint_eq(x.cnt, 1);
    ph_index_remove(&x, 5);
    ck_assert(!ph_index_find(&x, 5, &v));
}
END_TEST

/* Keys that collide, put and removed at random, against a plain array. */
START_TEST(agrees_with_a_plain_array)
{
    static uint32_t plain[4 * MAX];
    memset(plain, 0, sizeof plain);
    uint64_t rng = (uint64_t)_i * 2654435761u + 1, cnt = 0;
    for (int step = 0; step < 20000; step++) {
        rng = rng * 6364136223846793005ull + 1442695040888963407ull;
        uint32_t slot = (uint32_t)(rng >> 33) % (4 * MAX);
        uint64_t key = (uint64_t)(slot % 7) << 32 | (1 + slot * 2048ull % 65536 + slot);
        uint32_t found = 0;
        ck_assert_int_eq(ph_index_find(&x, key, &found), plain[slot] != 0);
        ck_assert_uint_eq(found, plain[slot]);
        if (plain[slot] != 0) {
            ph_index_remove(&x, key);
            plain[slot] = 0;
            cnt--;
        } else if (cnt < MAX) {
            plain[slot] = (uint32_t)step + 1;
            ph_index_put(&x, key, plain[slot]);
            cnt++;
        }
        ck_assert_uint_eq(x.cnt, cnt);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, finds_what_was_put_and_nothing_else);
    tcase_add_loop_test(t, agrees_with_a_plain_array, 0, 5);
}

int main(void)
{
    return suite_run("index", add);
}
