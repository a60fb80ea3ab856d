/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/sort.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "tests/unit/suite.h"

enum { PANICKED = 42, CNT_MAX = 300 };

typedef struct {
    uint32_t rank;
    uint8_t rest[PH_SORT_SIZE_MAX - sizeof(uint32_t)];
} element;

static element v[CNT_MAX];
static uint64_t comparisons;

static bool before(const void *a, const void *b)
{
    comparisons++;
    return ((const element *)a)->rank < ((const element *)b)->rank;
}

/* Fills with 0 .. cnt - 1, each with bytes of its own, in the order that `step` gives. */
static void fill(uint32_t cnt, uint32_t step)
{
    for (uint32_t i = 0; i < cnt; i++) {
        v[i].rank = (uint32_t)((uint64_t)i * step % cnt);
        memset(v[i].rest, (int)(v[i].rank & 0xff), sizeof v[i].rest);
    }
}

static void check_sorted(uint32_t cnt)
{
    for (uint32_t i = 0; i < cnt; i++) {
        ck_assert_uint_eq(v[i].rank, i);
        ck_assert_uint_eq(v[i].rest[0], i & 0xff);
        ck_assert_uint_eq(v[i].rest[sizeof v[i].rest - 1], i & 0xff);
    }
}

START_TEST(every_count_and_order_is_sorted)
{
    for (uint32_t cnt = 0; cnt <= CNT_MAX; cnt += cnt < 40 ? 1 : 13) {
        static const uint32_t primes[] = {1, 1009, 7919, 104729};
        for (size_t i = 0; i < sizeof primes / sizeof primes[0]; i++) {
            fill(cnt, primes[i]);
            ph_sort(v, cnt, sizeof v[0], before);
            check_sorted(cnt);
        }
        for (uint32_t i = 0; i < cnt; i++) {
            v[i].rank = cnt - 1 - i;
            memset(v[i].rest, (int)(v[i].rank & 0xff), sizeof v[i].rest);
        }
        ph_sort(v, cnt, sizeof v[0], before);
        check_sorted(cnt);
    }
}
END_TEST

START_TEST(sorted_input_costs_one_pass)
{
    fill(CNT_MAX, 1);
    comparisons = 0;
    ph_sort(v, CNT_MAX, sizeof v[0], before);
    ck_assert_uint_eq(comparisons, CNT_MAX - 1);
}
END_TEST

START_TEST(the_worst_case_is_bounded)
{
    for (uint32_t i = 0; i < CNT_MAX; i++)
        v[i].rank = CNT_MAX - 1 - i;
    comparisons = 0;
    ph_sort(v, CNT_MAX, sizeof v[0], before);
    ck_assert_uint_lt(comparisons, CNT_MAX * 2 * 10); /* 2 n log2 n */
}
END_TEST

START_TEST(elements_of_another_size_are_a_bug)
{
    ph_sort(v, 2, _i == 0 ? 0 : PH_SORT_SIZE_MAX + 1, before);
}
END_TEST

static void leave(const char *what, const char *file, int line)
{
    (void)what, (void)file, (void)line;
    _Exit(PANICKED);
}

static void add(TCase *t)
{
    ph_panic_set_hook(leave);
    tcase_add_test(t, every_count_and_order_is_sorted);
    tcase_add_test(t, sorted_input_costs_one_pass);
    tcase_add_test(t, the_worst_case_is_bounded);
    tcase_add_loop_exit_test(t, elements_of_another_size_are_a_bug, PANICKED, 0, 2);
}

int main(void)
{
    return suite_run("sort", add);
}
