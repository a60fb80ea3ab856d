/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/limits.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(limits_read_back_and_nothing_else_does)
{
    ph_market_limits l = ph_market_limits_default(), back;
    uint8_t bytes[PH_LIMITS_SIZE + 1];
    ph_limits_write(&l, bytes);
    ck_assert_int_eq(ph_limits_read(bytes, PH_LIMITS_SIZE, &back), PH_OK);
    ck_assert_mem_eq(&l, &back, sizeof l);
    memset(&back, 9, sizeof back);
    for (size_t size = 0; size < PH_LIMITS_SIZE; size++)
        ck_assert_int_eq(ph_limits_read(bytes, size, &back), PH_ECORRUPT);
    ck_assert_int_eq(ph_limits_read(bytes, PH_LIMITS_SIZE + 1, &back), PH_ECORRUPT);
    ck_assert_uint_eq(back.orders_max, 0x09090909);
}
END_TEST

START_TEST(every_size_has_bytes_of_its_own)
{
    ph_market_limits l = ph_market_limits_default();
    uint8_t before[PH_LIMITS_SIZE], after[PH_LIMITS_SIZE];
    ph_limits_write(&l, before);
    uint8_t raw[sizeof l];
    for (size_t i = 0; i < sizeof l / sizeof(uint32_t); i++) {
        memcpy(raw, &l, sizeof l);
        raw[i * sizeof(uint32_t)] ^= 1;
        ph_market_limits changed, back;
        memcpy(&changed, raw, sizeof changed);
        ph_limits_write(&changed, after);
        ck_assert_mem_ne(before, after, sizeof before);
        ck_assert_int_eq(ph_limits_read(after, sizeof after, &back), PH_OK);
        ck_assert_mem_eq(&back, &changed, sizeof changed);
    }
}
END_TEST

START_TEST(other_versions_are_not_understood)
{
    ph_market_limits l = ph_market_limits_default(), back = l;
    uint8_t bytes[PH_LIMITS_SIZE];
    ph_limits_write(&l, bytes);
    bytes[0] = 1;
    ck_assert_int_eq(ph_limits_read(bytes, sizeof bytes, &back), PH_EVERSION);
    bytes[0] = 0;
    ck_assert_int_eq(ph_limits_read(bytes, sizeof bytes, &back), PH_ECORRUPT);
    ck_assert_mem_eq(&back, &l, sizeof l);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, limits_read_back_and_nothing_else_does);
    tcase_add_test(t, every_size_has_bytes_of_its_own);
    tcase_add_test(t, other_versions_are_not_understood);
}

int main(void)
{
    return suite_run("limits", add);
}
