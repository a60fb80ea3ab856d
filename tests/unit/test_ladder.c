/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/ladder.h"

#include <string.h>

#include "tests/unit/suite.h"

static uint8_t bytes[1 << 16];
static ph_ladder_room room;

static void setup(void)
{
    memset(bytes, 0, sizeof bytes);
    ph_arena a = {.start = bytes, .size = sizeof bytes};
    ph_ladder_room_init(&room, &a, 512);
}

START_TEST(best_is_the_largest_key_and_equals_keep_their_order)
{
    ph_ladder l = {0};
    ck_assert_int_eq(ph_ladder_best(&room, &l), PH_KEY_NONE);
    ck_assert(ph_ladder_put(&room, &l, -5, 1));
    ck_assert(ph_ladder_put(&room, &l, -3, 2));
    ck_assert(ph_ladder_put(&room, &l, -5, 3));
    ck_assert(ph_ladder_put(&room, &l, -9, 4));
    static const uint32_t wanted[] = {2, 1, 3, 4};
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(ph_ladder_nth(&room, &l, i)->ref, wanted[i]);
    uint32_t at = 99;
    ck_assert(ph_ladder_find(&room, &l, -5, 0, &at));
    ck_assert_uint_eq(at, 1);
    ck_assert(!ph_ladder_find(&room, &l, -4, 0, &at));
    ck_assert_uint_eq(at, 1);
    ph_ladder_remove(&room, &l, 1);
    ck_assert_uint_eq(ph_ladder_nth(&room, &l, 1)->ref, 3);
}
END_TEST

START_TEST(gives_everything_back_when_empty)
{
    ph_ladder l = {0};
    for (int64_t i = 0; i < 100; i++)
        ck_assert(ph_ladder_put(&room, &l, i * 37 % 100, (uint32_t)i));
    for (uint32_t i = 0; i < 100; i++) {
        ck_assert_int_eq(ph_ladder_best(&room, &l), 99 - (int64_t)i);
        ph_ladder_remove(&room, &l, 0);
    }
    ck_assert_uint_eq(room.slab.used, 0);
}
END_TEST

START_TEST(full_changes_nothing)
{
    ph_ladder l = {0}, other = {0};
    for (int64_t i = 0; i < 256; i++)
        ck_assert(ph_ladder_put(&room, &l, i, (uint32_t)i));
    /* A run grows by moving to one of twice the size: 128 and 256 do not fit into what is left. */
    for (int64_t i = 0; i < 128; i++)
        ck_assert(ph_ladder_put(&room, &other, i, (uint32_t)i));
    ck_assert(!ph_ladder_put(&room, &other, 300, 300));
    ck_assert_uint_eq(other.cnt, 128);
    ck_assert(!ph_ladder_put(&room, &l, 300, 300));
    ck_assert_uint_eq(l.cnt, 256);
    ck_assert_int_eq(ph_ladder_best(&room, &l), 255);
}
END_TEST

/* Every key in and around a ladder, whatever the guess: what walking over all entries tells. */
static void find_all(const ph_ladder *l, int64_t low, int64_t high, uint32_t guess)
{
    for (int64_t key = low; key <= high; key++) {
        uint32_t better = 0, at = UINT32_MAX;
        while (better < l->cnt && ph_ladder_nth(&room, l, better)->key > key)
            better++;
        bool is_there = better < l->cnt && ph_ladder_nth(&room, l, better)->key == key;
        ck_assert(ph_ladder_find(&room, l, key, guess, &at) == is_there);
        ck_assert_uint_eq(at, better);
    }
}

START_TEST(finds_whatever_the_guess)
{
    static const uint32_t guesses[] = {0, 1, 23, 24, 25, 53, 79, 80, UINT32_MAX};
    /* Tick by tick, with every third one missing, two clusters far apart, squares, and none. */
    for (int64_t shape = 0; shape < 5; shape++) {
        ph_ladder l = {0};
        for (int64_t i = 0; i < 80 && shape < 4; i++) {
            int64_t key = -40 + i;
            if (shape == 1 && i % 3 == 0) continue;
            if (shape == 2 && i >= 40) key += 500;
            if (shape == 3) key = i * i;
            ck_assert(ph_ladder_put(&room, &l, key, (uint32_t)i));
        }
        for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++)
            find_all(&l, -60, 6500, guesses[i]);
        while (l.cnt > 0)
            ph_ladder_remove(&room, &l, 0);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, best_is_the_largest_key_and_equals_keep_their_order);
    tcase_add_test(t, gives_everything_back_when_empty);
    tcase_add_test(t, full_changes_nothing);
    tcase_add_test(t, finds_whatever_the_guess);
}

int main(void)
{
    return suite_run("ladder", add);
}
