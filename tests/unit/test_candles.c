/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/candles.h"

#include "engine/base/period.h"
#include "tests/unit/suite.h"

enum { MINUTE, AN_HOUR, DAY };

static void trade_at(phg_candles *c, uint64_t seconds)
{
    ck_assert_int_eq(phg_candles_trade(c, (ph_time){seconds * PH_NS_PER_S + 1}), PH_OK);
}

static void fill(phg_candles *c, uint64_t seq, ph_side taker, uint32_t periods, ph_price price)
{
    phg_candles_fill(c, &(phg_candle_fill){seq, taker, 2, periods, price, true});
}

START_TEST(fills_go_into_the_candles_of_their_stamp)
{
    phg_candles c = {0};
    trade_at(&c, 86400 + 30);
    fill(&c, 1, PH_SIDE_BUY, 3, 10);
    trade_at(&c, 86400 + 59);
    fill(&c, 2, PH_SIDE_SELL, 1, 7);
    trade_at(&c, 86400 + 60);
    fill(&c, 3, PH_SIDE_BUY, 1, 8);
    ck_assert(c.ring[MINUTE].cnt == 2 && c.ring[AN_HOUR].cnt == 1 && c.ring[DAY].cnt == 1);
    const phg_candle *k = phg_candle_at(&c, MINUTE, 0);
    ck_assert(k->start == 86400 && k->open == 10 && k->high == 10 && k->low == 7 && k->close == 7);
    ck_assert(k->volume == 8 && k->trades == 2 && phg_candle_average(k) == 9); /* 74 / 8 */
    k = phg_candle_at(&c, MINUTE, 1);
    ck_assert(k->start == 86460 && k->open == 8 && k->close == 8 && k->trades == 1);
    k = phg_candle_at(&c, DAY, 0);
    ck_assert(k->start == 86400 && k->open == 10 && k->low == 7 && k->close == 8);
    ck_assert(k->volume == 10 && k->trades == 3);
    phg_candles_release(&c);
}
END_TEST

/* Trades of a command are numbered by place, but the best price for who arrives executes first. */
START_TEST(fills_of_a_command_count_in_the_order_of_execution)
{
    phg_candles c = {0};
    trade_at(&c, 120);
    fill(&c, 1, PH_SIDE_BUY, 1, 12);
    fill(&c, 1, PH_SIDE_BUY, 1, 10);
    fill(&c, 1, PH_SIDE_BUY, 1, 11);
    const phg_candle *k = phg_candle_at(&c, MINUTE, 0);
    ck_assert(k->open == 10 && k->close == 12);
    trade_at(&c, 121);
    fill(&c, 2, PH_SIDE_SELL, 1, 5);
    fill(&c, 2, PH_SIDE_SELL, 1, 6);
    ck_assert(k->open == 10 && k->close == 5 && k->low == 5 && k->high == 12);
    phg_candles_release(&c);
}
END_TEST

START_TEST(blocks_have_no_price_in_a_candle)
{
    phg_candles c = {0};
    trade_at(&c, 120);
    phg_candles_fill(&c, &(phg_candle_fill){1, PH_SIDE_BUY, 5, 2, 9, false});
    const phg_candle *k = phg_candle_at(&c, MINUTE, 0);
    ck_assert(k->open == 0 && k->high == 0 && k->low == 0 && k->close == 0);
    ck_assert(k->volume == 10 && phg_candle_average(k) == 9 && k->trades == 1);
    phg_candles_release(&c);
}
END_TEST

START_TEST(only_the_last_are_kept)
{
    phg_candles c = {0};
    for (uint64_t i = 0; i < PHG_CANDLES_KEPT + 10; i++) {
        trade_at(&c, 60 * i);
        fill(&c, i + 1, PH_SIDE_BUY, 1, (ph_price)i + 1);
        phg_candle_at(&c, MINUTE, c.ring[MINUTE].cnt - 1)->sum = 1;
    }
    ck_assert_uint_eq(c.ring[MINUTE].cnt, PHG_CANDLES_KEPT);
    ck_assert_uint_eq(phg_candle_at(&c, MINUTE, 0)->start, 600);
    ck_assert_uint_eq(c.ring[MINUTE].gone, 10);
    phg_candles_release(&c);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, fills_go_into_the_candles_of_their_stamp);
    tcase_add_test(t, fills_of_a_command_count_in_the_order_of_execution);
    tcase_add_test(t, blocks_have_no_price_in_a_candle);
    tcase_add_test(t, only_the_last_are_kept);
}

int main(void)
{
    return suite_run("candles", add);
}
