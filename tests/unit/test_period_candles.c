/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/period_candles.h"

#include "engine/base/limits.h"
#include "gateway/replica/book_sum.h"
#include "tests/prop/seeds.h"
#include "tests/unit/suite.h"

enum { MINUTE, AN_HOUR, DAY, RUNS_MAX = 4096, NOON = 86400 };

static phg_period_candles c;
static phg_candle_run told[PHG_INTERVALS][RUNS_MAX];
static uint32_t cnt[PHG_INTERVALS];

static void tear_down(void)
{
    phg_period_candles_release(&c);
}

static void note(void *arg, uint32_t interval, const phg_candle_run *run)
{
    (void)arg;
    ck_assert(interval < PHG_INTERVALS && cnt[interval] < RUNS_MAX);
    told[interval][cnt[interval]++] = *run;
}

static void ignore(void *arg, uint32_t interval, const phg_candle_run *run)
{
    (void)arg, (void)interval, (void)run;
}

static void forget_told(void)
{
    for (int i = 0; i < PHG_INTERVALS; i++)
        cnt[i] = 0;
}

static void all(void)
{
    forget_told();
    ck_assert_int_eq(phg_period_candles_catch_up(&c), PH_OK);
    phg_period_candles_all(&c, note, NULL);
}

static void news(void)
{
    forget_told();
    phg_period_candles_news(&c, note, NULL);
}

static void fill(uint64_t trade, uint64_t seconds, ph_period first, uint32_t periods,
                 ph_quantity units, ph_price price)
{
    const phg_candle_fill f = {trade, PH_SIDE_BUY, units, periods, price, true};
    const phg_period_fill at = {{seconds * PH_NS_PER_S + 1}, {trade}, {first, periods}, &f};
    ck_assert_int_eq(phg_period_candles_fill(&c, &at), PH_OK);
}

static bool close_before(ph_period end)
{
    bool had_any;
    ck_assert_int_eq(phg_period_candles_close(&c, end, &had_any), PH_OK);
    return had_any;
}

static bool is_run(uint32_t interval, uint32_t i, ph_period first, uint32_t periods)
{
    const ph_window w = told[interval][i].window;
    return i < cnt[interval] && w.first == first && w.periods == periods;
}

/* The checksum, computed anew from every row. */
static uint64_t sum_of_all(void)
{
    uint64_t sum = 0;
    all();
    for (uint32_t i = 0; i < PHG_INTERVALS; i++)
        for (uint32_t n = 0; n < cnt[i]; n++)
            for (uint32_t t = 0; t < told[i][n].window.periods; t++)
                sum += phg_sum_period_candle(told[i][n].window.first + t, phg_candle_seconds(i),
                                             &told[i][n].candle);
    return sum;
}

START_TEST(periods_that_trade_alike_are_one_run)
{
    fill(1, NOON + 30, 100, 48, 2, 10);
    all();
    ck_assert(cnt[MINUTE] == 1 && cnt[AN_HOUR] == 1 && cnt[DAY] == 1);
    ck_assert(is_run(DAY, 0, 100, 48));
    const phg_candle *k = &told[MINUTE][0].candle;
    ck_assert(k->start == NOON && k->open == 10 && k->close == 10 && k->trades == 1);
    ck_assert_uint_eq(k->volume, 2); /* in each period */
}
END_TEST

START_TEST(a_fill_of_some_periods_cuts_their_run)
{
    fill(1, NOON, 100, 10, 2, 10);
    fill(2, NOON + 1, 103, 2, 5, 12);
    all();
    ck_assert(cnt[MINUTE] == 3 && is_run(MINUTE, 0, 100, 3) && is_run(MINUTE, 1, 103, 2) &&
              is_run(MINUTE, 2, 105, 5));
    const phg_candle *k = &told[MINUTE][1].candle;
    ck_assert(k->open == 10 && k->high == 12 && k->close == 12 && k->volume == 7 && k->trades == 2);
    k = &told[MINUTE][2].candle;
    ck_assert(k->high == 10 && k->volume == 2 && k->trades == 1);
}
END_TEST

START_TEST(a_fill_goes_over_runs_and_gaps)
{
    fill(1, NOON, 100, 2, 1, 10);
    fill(2, NOON, 106, 2, 1, 10);
    fill(3, NOON, 99, 12, 1, 11);
    all();
    ck_assert_uint_eq(cnt[MINUTE], 5);
    static const ph_window want[] = {{99, 1}, {100, 2}, {102, 4}, {106, 2}, {108, 3}};
    for (uint32_t i = 0; i < 5; i++) {
        ck_assert(is_run(MINUTE, i, want[i].first, want[i].periods));
        ck_assert_uint_eq(told[MINUTE][i].candle.trades, i % 2 == 0 ? 1 : 2);
    }
    ck_assert_uint_eq(c.series[MINUTE].periods, 12);
}
END_TEST

START_TEST(fills_of_one_trade_count_as_one)
{
    fill(7, NOON, 100, 4, 1, 10);
    fill(7, NOON, 102, 4, 1, 11);
    all();
    for (uint32_t i = 0; i < cnt[DAY]; i++)
        ck_assert_uint_eq(told[DAY][i].candle.trades, 1);
    ck_assert(cnt[DAY] == 3 && told[DAY][1].candle.volume == 2);
}
END_TEST

START_TEST(each_minute_has_candles_of_its_own)
{
    fill(1, NOON + 59, 100, 1, 1, 10);
    fill(2, NOON + 60, 100, 1, 1, 12);
    all();
    ck_assert(cnt[MINUTE] == 2 && cnt[AN_HOUR] == 1 && cnt[DAY] == 1);
    ck_assert(told[MINUTE][1].candle.start == NOON + 60 && told[MINUTE][1].candle.open == 12);
    ck_assert(told[DAY][0].candle.open == 10 && told[DAY][0].candle.close == 12);
}
END_TEST

START_TEST(periods_that_close_take_their_candles_with_them)
{
    ck_assert(!close_before(1000));
    fill(1, NOON, 100, 10, 1, 10);
    fill(2, NOON + 60, 100, 2, 1, 10);
    ck_assert_int_eq(phg_period_candles_follow(&c), PH_OK);
    ck_assert(close_before(104));
    ck_assert(!close_before(104));
    all();
    ck_assert(cnt[MINUTE] == 1 && is_run(MINUTE, 0, 104, 6) && is_run(DAY, 0, 104, 6));
    ck_assert_uint_eq(c.sum, sum_of_all());
    ck_assert(close_before(110));
    all();
    ck_assert(cnt[MINUTE] == 0 && cnt[DAY] == 0 && c.sum == 0);
}
END_TEST

START_TEST(when_there_are_too_many_the_oldest_start_leaves)
{
    for (uint64_t i = 0; i < 6; i++)
        fill(i + 1, NOON + 60 * i, 100, 4, 1, 10);
    ck_assert_int_eq(phg_period_candles_follow(&c), PH_OK);
    phg_period_candles_keep(&c, 24);
    ck_assert_uint_eq(c.series[MINUTE].periods, 24);
    phg_period_candles_keep(&c, 15);
    ck_assert_uint_eq(c.series[MINUTE].periods, 12);
    ck_assert_uint_eq(c.series[MINUTE].dropped_before, NOON + 180);
    ck_assert_uint_eq(c.series[DAY].dropped_before, 0);
    ck_assert_uint_eq(c.sum, sum_of_all());
    phg_period_candles_keep(&c, 1); /* the newest start never leaves */
    all();
    ck_assert(cnt[MINUTE] == 1 && told[MINUTE][0].candle.start == NOON + 300);
    ck_assert(cnt[DAY] == 1 && c.series[DAY].periods == 4);
}
END_TEST

START_TEST(what_is_new_is_told_once_and_in_the_checksum)
{
    fill(1, NOON, 100, 10, 1, 10);
    ck_assert_int_eq(phg_period_candles_follow(&c), PH_OK);
    ck_assert_uint_eq(c.sum, sum_of_all());
    news();
    ck_assert(cnt[MINUTE] == 0 && cnt[DAY] == 0);
    fill(2, NOON + 60, 104, 2, 1, 11);
    news();
    ck_assert(cnt[MINUTE] == 1 && is_run(MINUTE, 0, 104, 2));
    ck_assert(cnt[DAY] == 1 && is_run(DAY, 0, 104, 2) && told[DAY][0].candle.trades == 2);
    ck_assert_uint_eq(c.sum, sum_of_all());
    news();
    ck_assert(cnt[MINUTE] == 0 && cnt[DAY] == 0);
}
END_TEST

START_TEST(a_minute_is_taken_into_its_hour_and_day_when_they_are_asked_for)
{
    fill(1, NOON, 100, 4, 1, 10);
    fill(2, NOON + 1, 102, 1, 1, 12);
    all(); /* catches up; what follows is of the same minute */
    fill(3, NOON + 2, 102, 2, 1, 9);
    fill(4, NOON + 60, 101, 1, 1, 11);
    fill(5, NOON + 7200, 101, 1, 1, 8);
    all();
    ck_assert(cnt[MINUTE] == 5 && cnt[AN_HOUR] == 5 && cnt[DAY] == 4);
    ck_assert(is_run(DAY, 0, 100, 1) && is_run(DAY, 1, 101, 1) && is_run(DAY, 2, 102, 1) &&
              is_run(DAY, 3, 103, 1));
    const phg_candle *k = &told[DAY][1].candle;
    ck_assert(k->open == 10 && k->high == 11 && k->low == 8 && k->close == 8);
    ck_assert(k->volume == 3 && k->trades == 3 && k->notional == 29);
    k = &told[DAY][2].candle;
    ck_assert(k->open == 10 && k->high == 12 && k->low == 9 && k->close == 9);
    ck_assert(k->volume == 3 && k->trades == 3);
}
END_TEST

START_TEST(a_fill_from_before_what_is_complete_is_not_taken)
{
    const phg_candle_fill f = {9, PH_SIDE_BUY, 1, 1, 10, true};
    const phg_period_fill late = {{NOON * PH_NS_PER_S}, {9}, {200, 1}, &f};
    fill(1, NOON, 200, 1, 1, 10);
    fill(2, NOON + 60, 100, 1, 1, 10);
    ck_assert(close_before(150)); /* nothing is left of the second minute */
    ck_assert_int_eq(phg_period_candles_fill(&c, &late), PH_ECORRUPT);
}
END_TEST

static phg_candle_run first_told[PHG_INTERVALS][RUNS_MAX];

/* The same chance for both: so much happens, to one that is followed from the first fill on or one
   that is not. */
static void trade_at_random(uint64_t seed, bool is_followed)
{
    rng_state = seed;
    uint64_t second = NOON;
    ph_period closed = 0;
    if (is_followed) ck_assert_int_eq(phg_period_candles_follow(&c), PH_OK);
    for (uint64_t trade = 1; trade < 300; trade++) {
        second += below(below(8) == 0 ? 3000 : 40);
        uint32_t fills = 1 + below(3), chance = below(20);
        for (uint32_t i = 0; i < fills; i++) {
            ph_period first = closed + below(150);
            uint32_t periods = below(2) == 0 ? 1 : 1 + below(90);
            const phg_candle_fill f = {trade,        below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL,
                                       1 + below(5), periods,
                                       1 + below(9), below(3) != 0};
            const phg_period_fill at = {{second * PH_NS_PER_S}, {trade}, {first, periods}, &f};
            ck_assert_int_eq(phg_period_candles_fill(&c, &at), PH_OK);
        }
        phg_period_candles_keep(&c, 500);
        if (chance == 0) (void)close_before(closed += below(20));
        if (is_followed && chance % 4 == 0) phg_period_candles_news(&c, ignore, NULL);
    }
    (void)close_before(closed + 60);
}

START_TEST(who_follows_later_sees_the_same)
{
    uint32_t first_cnt[PHG_INTERVALS];
    trade_at_random((uint64_t)_i, false);
    all();
    memcpy(first_told, told, sizeof told);
    memcpy(first_cnt, cnt, sizeof cnt);
    phg_period_candles_release(&c);
    trade_at_random((uint64_t)_i, true);
    news();
    ck_assert_uint_eq(c.sum, sum_of_all()); /* asks for all */
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        ck_assert_msg(cnt[i] == first_cnt[i], "seed %d: %u and %u runs of interval %u", _i,
                      first_cnt[i], cnt[i], i);
        for (uint32_t k = 0; k < cnt[i]; k++) {
            const phg_candle_run *a = &first_told[i][k], *b = &told[i][k];
            const phg_candle *x = &a->candle, *y = &b->candle;
            ck_assert_msg(a->window.first == b->window.first &&
                              a->window.periods == b->window.periods && x->start == y->start &&
                              x->open == y->open && x->high == y->high && x->low == y->low &&
                              x->close == y->close && x->volume == y->volume &&
                              x->trades == y->trades && x->notional == y->notional,
                          "seed %d: run %u of interval %u differs", _i, k, i);
        }
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, periods_that_trade_alike_are_one_run);
    tcase_add_test(t, a_fill_of_some_periods_cuts_their_run);
    tcase_add_test(t, a_fill_goes_over_runs_and_gaps);
    tcase_add_test(t, fills_of_one_trade_count_as_one);
    tcase_add_test(t, each_minute_has_candles_of_its_own);
    tcase_add_test(t, periods_that_close_take_their_candles_with_them);
    tcase_add_test(t, when_there_are_too_many_the_oldest_start_leaves);
    tcase_add_test(t, what_is_new_is_told_once_and_in_the_checksum);
    tcase_add_test(t, a_minute_is_taken_into_its_hour_and_day_when_they_are_asked_for);
    tcase_add_test(t, a_fill_from_before_what_is_complete_is_not_taken);
    tcase_add_loop_test(t, who_follows_later_sees_the_same, 0, 50);
}

int main(void)
{
    return suite_run("period_candles", add);
}
