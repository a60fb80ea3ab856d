/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data.h"

#include "tests/unit/suite.h"

#include <string.h>

START_TEST(topics_read_back)
{
    const uint32_t ids[] = {1, 42, 0xabcdef, UINT32_MAX};
    for (int i = 0; i < 4; i++) {
        char topic[PHG_TOPIC_SIZE + 1];
        ph_product_id id = {0};
        phg_topic_write(topic, (ph_product_id){ids[i]});
        ck_assert_int_eq(phg_topic_read(topic, strlen(topic), &id), PH_OK);
        ck_assert_uint_eq(id.v, ids[i]);
    }
    ph_product_id all = {7};
    ck_assert_int_eq(phg_topic_read("P", 1, &all), PH_OK);
    ck_assert_uint_eq(all.v, 0);
}
END_TEST

START_TEST(other_topics_are_refused)
{
    static const char *const bad[] = {"",          "Q",          "P0",        "P0000002",
                                      "P00000000", "P0000002A",  "Q0000002a", "P0000002g",
                                      "P 000002a", "P0000002a0", "p0000002a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ph_product_id id = {7};
        ck_assert_int_eq(phg_topic_read(bad[i], strlen(bad[i]), &id), PH_EINVAL);
        ck_assert_uint_eq(id.v, 7);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, topics_read_back);
    tcase_add_test(t, other_topics_are_refused);
}

int main(void)
{
    return suite_run("market_data", add);
}
