/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data/topic.h"

#include "tests/unit/suite.h"

#include <string.h>

START_TEST(topics_read_back)
{
    const uint32_t ids[] = {1, 42, 0xabcdef, UINT32_MAX};
    const phg_stream_kind kinds[] = {PHG_STREAM_PRICES,         PHG_STREAM_DEPTH,
                                     PHG_STREAM_STATISTICS,     PHG_STREAM_CANDLES,
                                     PHG_STREAM_PERIOD_CANDLES, PHG_STREAM_TRADES};
    for (int i = 0; i < 24; i++) {
        char text[PHG_TOPIC_SIZE + 1];
        phg_topic topic = {0};
        phg_topic_write(text, kinds[i % 6], (ph_product_id){ids[i / 6]});
        ck_assert_int_eq(phg_topic_read(text, strlen(text), &topic), PH_OK);
        ck_assert(topic.product.v == ids[i / 6] && topic.kind == kinds[i % 6] && !topic.is_request);
    }
    phg_topic all = {.product = {7}};
    ck_assert_int_eq(phg_topic_read("D", 1, &all), PH_OK);
    ck_assert(all.product.v == 0 && all.kind == PHG_STREAM_DEPTH && !all.is_request);
}
END_TEST

START_TEST(requests_are_read)
{
    phg_topic t = {0};
    ck_assert_int_eq(phg_topic_read("?D0000002a", 10, &t), PH_OK);
    ck_assert(t.is_request && t.kind == PHG_STREAM_DEPTH && t.product.v == 42 && t.first == 0);
    ck_assert_int_eq(phg_topic_read("~K0000002a", 10, &t), PH_OK);
    ck_assert(t.is_conflated && !t.is_request && t.kind == PHG_STREAM_CANDLES && t.product.v == 42);
    ck_assert_int_eq(phg_topic_read("~C0000002a", 10, &t), PH_OK);
    ck_assert(t.is_conflated && t.kind == PHG_STREAM_PERIOD_CANDLES && t.product.v == 42);
    ck_assert_int_eq(phg_topic_read("?G0000002a", 10, &t), PH_OK);
    ck_assert(t.is_request && t.kind == PHG_STREAM_GRADE && t.product.v == 42);
    ck_assert_int_eq(phg_topic_read("?P0000002a", 10, &t), PH_OK);
    ck_assert(t.is_request && t.kind == PHG_STREAM_PRICES && t.product.v == 42 && t.first == 0);
    ck_assert_int_eq(phg_topic_read("~P0000002a", 10, &t), PH_OK);
    ck_assert(t.is_conflated && t.kind == PHG_STREAM_PRICES && t.product.v == 42);
    ck_assert_int_eq(phg_topic_read("?E0000002a", 10, &t), PH_OK);
    ck_assert(t.is_request && t.kind == PHG_STREAM_TRADES && t.product.v == 42 && t.first == 0);
    ck_assert_int_eq(phg_topic_read("!00000000000000ff", 17, &t), PH_OK);
    ck_assert(t.name == 255 && t.product.v == 0 && !t.is_request && !t.is_conflated);
    const char *range = "?P0000002a:0000000000000010-00000000000000ff";
    ck_assert_int_eq(phg_topic_read(range, strlen(range), &t), PH_OK);
    ck_assert(t.is_request && t.kind == PHG_STREAM_PRICES && t.first == 16 && t.last == 255);
}
END_TEST

START_TEST(other_topics_are_refused)
{
    static const char *const bad[] = {"",
                                      "Q",
                                      "P0",
                                      "P0000002",
                                      "P00000000",
                                      "P0000002A",
                                      "Q0000002a",
                                      "P0000002g",
                                      "P 000002a",
                                      "P0000002a0",
                                      "p0000002a",
                                      "?",
                                      "?D",
                                      "?D0000002a:",
                                      "??D000002a",
                                      "?D0000002a:0000000000000000-00000000000000ff",
                                      "?D0000002a:0000000000000010-000000000000000f",
                                      "?D0000002a:0000000000000010_00000000000000ff",
                                      "?D0000002a:0000000000000010-00000000000000fg",
                                      "?D0000002a:0000000000000010-00000000000000ff0",
                                      "~",
                                      "!",
                                      "!0000000000000000",
                                      "!00000000000000fF",
                                      "!00000000000000ff0",
                                      "~D",
                                      "~?D000002a",
                                      "~D00000000",
                                      "~E0000002a",
                                      "?~D000002a",
                                      "~D0000002a0",
                                      "?D00000000:0000000000000010-00000000000000ff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        phg_topic t = {.product = {7}};
        ck_assert_msg(phg_topic_read(bad[i], strlen(bad[i]), &t) == PH_EINVAL, "%s", bad[i]);
        ck_assert_uint_eq(t.product.v, 7);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, topics_read_back);
    tcase_add_test(t, requests_are_read);
    tcase_add_test(t, other_topics_are_refused);
}

int main(void)
{
    return suite_run("topic", add);
}
