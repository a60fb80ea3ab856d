/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/petahour.h"

#include "tests/unit/suite.h"

#include <string.h>

START_TEST(money_is_exact_or_refused)
{
    static const struct {
        const char *text;
        phc_status status;
        int64_t value;
    } rows[] = {
        {"0", PHC_OK, 0},
        {"12", PHC_OK, 12000000},
        {"12.5", PHC_OK, 12500000},
        {"0.000001", PHC_OK, 1},
        {"0.0000010", PHC_OK, 1},
        {"9223372036854.775807", PHC_OK, INT64_MAX},
        {"9223372036854.775808", PHC_EINVAL, 0},
        {"0.0000001", PHC_EINVAL, 0},
        {"", PHC_EINVAL, 0},
        {".", PHC_EINVAL, 0},
        {".5", PHC_EINVAL, 0},
        {"5.", PHC_EINVAL, 0},
        {"-1", PHC_EINVAL, 0},
        {"+1", PHC_EINVAL, 0},
        {" 1", PHC_EINVAL, 0},
        {"1 ", PHC_EINVAL, 0},
        {"1e6", PHC_EINVAL, 0},
        {"1,000", PHC_EINVAL, 0},
        {"0x10", PHC_EINVAL, 0},
        {"99999999999999999999999999999999999999999999999999", PHC_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t v = -7;
        ck_assert_msg(phc_money_parse(rows[i].text, &v) == rows[i].status, "%s", rows[i].text);
        ck_assert_int_eq(v, rows[i].status == PHC_OK ? rows[i].value : -7);
    }
}
END_TEST

START_TEST(money_text_reads_back)
{
    char to[32];
    ck_assert_str_eq(phc_money_text(0, to), "0.000000");
    ck_assert_str_eq(phc_money_text(-1500000, to), "-1.500000");
    ck_assert_str_eq(phc_money_text(INT64_MIN, to), "-9223372036854.775808");
    ck_assert_str_eq(phc_money_text(INT64_MAX, to), "9223372036854.775807");
}
END_TEST

START_TEST(time_is_exact_or_refused)
{
    static const struct {
        const char *text;
        phc_status status;
        uint64_t ns;
    } rows[] = {
        {"1970-01-01T00:00:00Z", PHC_OK, 0},
        {"2026-12-01T00:00:00Z", PHC_OK, UINT64_C(1796083200000000000)},
        {"2024-02-29T23:59:59.000000001Z", PHC_OK, UINT64_C(1709251199000000001)},
        {"2026-12-01T00:00:00.5Z", PHC_OK, UINT64_C(1796083200500000000)},
        {"2023-02-29T00:00:00Z", PHC_EINVAL, 0},
        {"2026-04-31T00:00:00Z", PHC_EINVAL, 0},
        {"2026-13-01T00:00:00Z", PHC_EINVAL, 0},
        {"2026-00-01T00:00:00Z", PHC_EINVAL, 0},
        {"2026-12-01T24:00:00Z", PHC_EINVAL, 0},
        {"2026-12-01T00:60:00Z", PHC_EINVAL, 0},
        {"2026-12-01T00:00:60Z", PHC_EINVAL, 0},
        {"2026-12-01T00:00:00", PHC_EINVAL, 0},
        {"2026-12-01T00:00:00+01:00", PHC_EINVAL, 0},
        {"2026-12-01T00:00:00z", PHC_EINVAL, 0},
        {"2026-12-01 00:00:00Z", PHC_EINVAL, 0},
        {"2026-12-01T00:00:00.Z", PHC_EINVAL, 0},
        {"2026-12-01T00:00:00.1234567891Z", PHC_EINVAL, 0},
        {"2026-12-01T00:00:00Zx", PHC_EINVAL, 0},
        {"1969-12-31T23:59:59Z", PHC_EINVAL, 0},
        {"now", PHC_EINVAL, 0},
        {"", PHC_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = 7;
        ck_assert_msg(phc_time_parse(rows[i].text, &v) == rows[i].status, "%s", rows[i].text);
        ck_assert_uint_eq(v, rows[i].status == PHC_OK ? rows[i].ns : 7);
    }
}
END_TEST

START_TEST(time_text_has_decimals_only_when_there_are_any)
{
    char to[40];
    ck_assert_str_eq(phc_time_text(UINT64_C(1796083200000000000), to), "2026-12-01T00:00:00Z");
    ck_assert_str_eq(phc_time_text(UINT64_C(1796083200500000000), to),
                     "2026-12-01T00:00:00.500000000Z");
}
END_TEST

START_TEST(periods_start_at_whole_periods)
{
    uint32_t t = 7;
    ck_assert_int_eq(phc_period_from_time(UINT64_C(1796083200000000000), 3600, &t), PHC_OK);
    ck_assert_uint_eq(t, 498912);
    ck_assert_uint_eq(phc_period_start(t, 3600), UINT64_C(1796083200000000000));
    t = 7;
    ck_assert_int_eq(phc_period_from_time(UINT64_C(1796083200000000001), 3600, &t), PHC_EINVAL);
    ck_assert_int_eq(phc_period_from_time(UINT64_C(1796084100000000000), 3600, &t), PHC_EINVAL);
    ck_assert_int_eq(phc_period_from_time(0, 0, &t), PHC_EINVAL);
    ck_assert_uint_eq(t, 7);
}
END_TEST

START_TEST(numbers_are_whole_or_refused)
{
    uint64_t v = 7;
    ck_assert_int_eq(phc_number_parse("4294967296", UINT32_MAX, &v), PHC_EINVAL);
    ck_assert_int_eq(phc_number_parse("18446744073709551616", UINT64_MAX, &v), PHC_EINVAL);
    ck_assert_int_eq(phc_number_parse("", 10, &v), PHC_EINVAL);
    ck_assert_int_eq(phc_number_parse("-1", 10, &v), PHC_EINVAL);
    ck_assert_int_eq(phc_number_parse("1.0", 10, &v), PHC_EINVAL);
    ck_assert_int_eq(phc_number_parse(" 1", 10, &v), PHC_EINVAL);
    ck_assert_uint_eq(v, 7);
    ck_assert_int_eq(phc_number_parse("18446744073709551615", UINT64_MAX, &v), PHC_OK);
    ck_assert_uint_eq(v, UINT64_MAX);
}
END_TEST

START_TEST(notional_refuses_what_does_not_fit)
{
    int64_t v = -7;
    ck_assert(!phc_notional(INT64_MAX, 2, 1, &v));
    ck_assert(!phc_notional(-1, 1, 1, &v));
    ck_assert(!phc_notional(1, UINT64_MAX, 1, &v));
    ck_assert(!phc_notional(INT64_C(1000000000000000), 1000000000, 8784, &v));
    ck_assert_int_eq(v, -7);
    ck_assert(phc_notional(5, 6, 4, &v));
    ck_assert_int_eq(v, 120);
    ck_assert(phc_notional(INT64_MAX, 1, 1, &v));
    ck_assert_int_eq(v, INT64_MAX);
}
END_TEST

START_TEST(words_are_known_or_refused)
{
    phc_architecture a = PHC_GPU;
    phc_side side = PHC_BUY;
    uint32_t roles = 7;
    char to[64];
    ck_assert(phc_architecture_parse("risc-v", &a));
    ck_assert_int_eq(a, PHC_RISC_V);
    ck_assert_str_eq(phc_architecture_text(PHC_X86), "x86");
    ck_assert_ptr_null(phc_architecture_text((phc_architecture)11));
    ck_assert_ptr_null(phc_side_text((phc_side)0));
    ck_assert(!phc_side_parse("", &side));
    ck_assert(!phc_side_parse("buyer", &side));
    ck_assert(!phc_roles_parse("", &roles));
    ck_assert(!phc_roles_parse("buyer,", &roles));
    ck_assert(!phc_roles_parse("buyer,king", &roles));
    ck_assert_uint_eq(roles, 7);
    ck_assert(phc_roles_parse("Supplier,buyer", &roles));
    ck_assert_uint_eq(roles, PHC_ROLE_SUPPLIER | PHC_ROLE_BUYER);
    ck_assert_str_eq(phc_roles_text(31, to), "SUPPLIER,BUYER,METER,AUDITOR,OPERATOR");
    ck_assert_str_eq(phc_roles_text(0, to), "");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, money_is_exact_or_refused);
    tcase_add_test(t, money_text_reads_back);
    tcase_add_test(t, time_is_exact_or_refused);
    tcase_add_test(t, time_text_has_decimals_only_when_there_are_any);
    tcase_add_test(t, periods_start_at_whole_periods);
    tcase_add_test(t, numbers_are_whole_or_refused);
    tcase_add_test(t, notional_refuses_what_does_not_fit);
    tcase_add_test(t, words_are_known_or_refused);
}

int main(void)
{
    return suite_run("phc_text", add);
}
