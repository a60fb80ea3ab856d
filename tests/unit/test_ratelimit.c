/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/ratelimit.h"

#include "tests/unit/suite.h"

#define S UINT64_C(1000000000)

START_TEST(a_burst_is_taken_and_no_more)
{
    phg_ratelimit r = phg_ratelimit_of(10, 3, 5 * S);
    ck_assert(!phg_ratelimit_take(&r, 5 * S, 4));
    ck_assert(phg_ratelimit_take(&r, 5 * S, 3));
    ck_assert(!phg_ratelimit_take(&r, 5 * S, 1));
}
END_TEST

START_TEST(tokens_come_back_exactly)
{
    phg_ratelimit r = phg_ratelimit_of(10, 3, 0);
    ck_assert(phg_ratelimit_take(&r, 0, 3));
    ck_assert(!phg_ratelimit_take(&r, S / 10 - 1, 1));
    ck_assert(phg_ratelimit_take(&r, S / 10, 1));
    ck_assert(!phg_ratelimit_take(&r, S / 10, 1));
}
END_TEST

/* Asked every nanosecond, a third of a token a nanosecond must not be lost to rounding. */
START_TEST(small_steps_lose_nothing)
{
    phg_ratelimit r = phg_ratelimit_of(333333333, 1, 0);
    ck_assert(phg_ratelimit_take(&r, 0, 1));
    uint64_t taken = 0;
    for (uint64_t ns = 1; ns <= 3000; ns++)
        if (phg_ratelimit_take(&r, ns, 1)) taken++;
    ck_assert_uint_ge(taken, 749);
}
END_TEST

START_TEST(credit_ends_at_the_burst)
{
    phg_ratelimit r = phg_ratelimit_of(UINT32_MAX, 2, 0);
    ck_assert(phg_ratelimit_take(&r, 0, 2));
    ck_assert(!phg_ratelimit_take(&r, UINT64_MAX, 3));
    ck_assert(phg_ratelimit_take(&r, UINT64_MAX, 2));
    ck_assert(!phg_ratelimit_take(&r, UINT64_MAX, 1));
}
END_TEST

START_TEST(a_clock_that_steps_back_gives_nothing)
{
    phg_ratelimit r = phg_ratelimit_of(1, 1, 10 * S);
    ck_assert(phg_ratelimit_take(&r, 10 * S, 1));
    ck_assert(!phg_ratelimit_take(&r, 1 * S, 1));
    ck_assert(!phg_ratelimit_take(&r, 10 * S, 1));
    ck_assert(phg_ratelimit_take(&r, 11 * S, 1));
}
END_TEST

/* Who may have one thing of unknown size each second pays for all of it before the next. */
START_TEST(what_was_given_too_much_is_paid_first)
{
    phg_ratelimit r = phg_ratelimit_of(10, 3, 0);
    phg_ratelimit_charge(&r, 0, 23);
    ck_assert_uint_eq(phg_ratelimit_left(&r, 0), 0);
    ck_assert(!phg_ratelimit_take(&r, 2 * S, 1));
    ck_assert(!phg_ratelimit_take(&r, 2 * S + S / 10 - 1, 1));
    ck_assert(phg_ratelimit_take(&r, 2 * S + S / 10, 1));
    phg_ratelimit_charge(&r, 3 * S, UINT32_MAX);
    phg_ratelimit_charge(&r, 3 * S, UINT32_MAX);
    ck_assert(!phg_ratelimit_take(&r, 1000 * S, 1));
    ck_assert(phg_ratelimit_take(&r, UINT64_MAX, 3)); /* never more than the burst */
    ck_assert(!phg_ratelimit_take(&r, UINT64_MAX, 1));
}
END_TEST

START_TEST(what_is_left_is_told)
{
    phg_ratelimit r = phg_ratelimit_of(10, 8, 0);
    ck_assert_uint_eq(phg_ratelimit_left(&r, 0), 8);
    ck_assert(phg_ratelimit_take(&r, 0, 6) && !phg_ratelimit_is_low(&r)); /* 2 of 8 */
    ck_assert(phg_ratelimit_take(&r, 0, 1) && phg_ratelimit_is_low(&r));
    ck_assert_uint_eq(phg_ratelimit_left(&r, S / 4), 3);
    ck_assert(!phg_ratelimit_is_low(&r));
    ck_assert_uint_eq(phg_ratelimit_left(&r, 100 * S), 8);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_burst_is_taken_and_no_more);
    tcase_add_test(t, tokens_come_back_exactly);
    tcase_add_test(t, small_steps_lose_nothing);
    tcase_add_test(t, credit_ends_at_the_burst);
    tcase_add_test(t, a_clock_that_steps_back_gives_nothing);
    tcase_add_test(t, what_was_given_too_much_is_paid_first);
    tcase_add_test(t, what_is_left_is_told);
}

int main(void)
{
    return suite_run("ratelimit", add);
}
