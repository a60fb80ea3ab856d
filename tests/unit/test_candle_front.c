/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/candle_front.h"

#include "tests/unit/suite.h"

static phg_candle_front f;

static void tear_down(void)
{
    phg_candle_front_release(&f);
}

static phg_candle_run *make(ph_period first, uint32_t periods)
{
    const ph_window w = {first, periods};
    ck_assert_int_eq(phg_candle_front_reach(&f, w), PH_OK);
    phg_candle_run *run = phg_candle_front_make(&f, w);
    ck_assert_ptr_nonnull(run);
    return run;
}

/* Runs begin in these periods, 0 after the last, and in no others. */
static void expect(const ph_period *want, bool is_news)
{
    ph_period t = f.first;
    for (; *want != 0; want++) {
        t = phg_candle_front_next(&f, t, f.end, is_news);
        ck_assert_uint_eq(t, *want);
        ck_assert_uint_eq(phg_candle_front_at(&f, t)->window.first, t++);
    }
    ck_assert(t >= f.end || phg_candle_front_next(&f, t, f.end, is_news) == f.end);
}

START_TEST(runs_are_found_by_period_and_seen_in_order)
{
    (void)make(1000, 3);
    (void)make(1090, 5);
    (void)make(1005, 1); /* between the two */
    (void)make(940, 4);  /* before both, in another stretch */
    (void)make(1024, 1); /* the first period of a stretch */
    (void)make(1023, 1); /* the last one */
    expect((const ph_period[]){940, 1000, 1005, 1023, 1024, 1090, 0}, false);
    expect((const ph_period[]){940, 1000, 1005, 1023, 1024, 1090, 0}, true);
    ck_assert_uint_eq(f.periods, 15);
    phg_candle_front_empty(&f);
    expect((const ph_period[]){0}, false);
}
END_TEST

START_TEST(a_period_is_in_the_run_that_began_before_it)
{
    (void)make(100, 300);
    (void)make(500, 1);
    for (ph_period t = 101; t < 400; t++)
        ck_assert_ptr_eq(phg_candle_front_over(&f, t), phg_candle_front_at(&f, 100));
    ck_assert_ptr_null(phg_candle_front_over(&f, 100));
    ck_assert_ptr_null(phg_candle_front_over(&f, 400));
    ck_assert_ptr_null(phg_candle_front_over(&f, 499));
    ck_assert_ptr_null(phg_candle_front_over(&f, 500));
}
END_TEST

START_TEST(what_moves_far_away_finds_everything_again)
{
    (void)make(1u << 20, 70);
    for (uint32_t i = 0; i < 14; i++)
        (void)make((1u << 20) + 128 + (1u << i), 1 + (1u << i) / 4);
    ph_period want[16] = {1u << 20};
    for (uint32_t i = 0; i < 14; i++)
        want[i + 1] = (1u << 20) + 128 + (1u << i);
    expect(want, false);
    ck_assert_uint_ge(f.stretch_max, (128 + (1u << 13)) / PHG_STRETCH_PERIODS);
}
END_TEST

START_TEST(a_run_is_cut_in_two)
{
    phg_candle_run *run = make(100, 100);
    run->candle.volume = 7;
    run->candle.sum = 5;
    phg_candle_front_told(&f);
    ck_assert_ptr_nonnull(phg_candle_front_cut(&f, 0, 130));
    expect((const ph_period[]){100, 130, 0}, false);
    const phg_candle_run *first = phg_candle_front_at(&f, 100),
                         *second = phg_candle_front_at(&f, 130);
    ck_assert(first->window.periods == 30 && second->window.periods == 70);
    ck_assert(first->candle.volume == 7 && second->candle.volume == 7);
    ck_assert(first->candle.sum == 0 && second->candle.sum == 0);
    ck_assert(f.periods == 100 && f.cnt == 2);
}
END_TEST

START_TEST(the_last_run_takes_the_place_of_one_that_is_taken_out)
{
    (void)make(100, 1);
    (void)make(101, 1);
    (void)make(300, 1);
    phg_candle_run *gone = phg_candle_front_at(&f, 100);
    phg_candle_stretch_of(&f, 100)->begins &= ~phg_candle_bit_of(100);
    phg_candle_front_remove(&f, gone);
    expect((const ph_period[]){101, 300, 0}, false);
    ck_assert_uint_eq(f.cnt, 2);
    phg_candle_stretch_of(&f, 101)->begins &= ~phg_candle_bit_of(101);
    phg_candle_front_remove(&f, phg_candle_front_at(&f, 101)); /* the last itself */
    expect((const ph_period[]){300, 0}, false);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, runs_are_found_by_period_and_seen_in_order);
    tcase_add_test(t, a_period_is_in_the_run_that_began_before_it);
    tcase_add_test(t, what_moves_far_away_finds_everything_again);
    tcase_add_test(t, a_run_is_cut_in_two);
    tcase_add_test(t, the_last_run_takes_the_place_of_one_that_is_taken_out);
}

int main(void)
{
    return suite_run("candle_front", add);
}
