/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/money.h"

#include "engine/base/limits.h"
#include "tests/unit/suite.h"

START_TEST(notional_is_exact_and_refuses_what_does_not_fit)
{
    ph_money v = -7;
    ck_assert(ph_money_notional(5, 6, 4, &v));
    ck_assert_int_eq(v, 120);
    ck_assert(!ph_money_notional(PH_PRICE_MAX, PH_QUANTITY_MAX, 2, &v));
    ck_assert_int_eq(v, 120);
    ck_assert(ph_money_notional(INT64_C(9223372036), 1000000000, 1, &v));
    ck_assert_int_eq(v, INT64_C(9223372036000000000));
}
END_TEST

START_TEST(shares_round_as_named)
{
    ph_money v;
    ck_assert_int_eq(ph_money_share_down(999, 1000), 0);
    ck_assert_int_eq(ph_money_share_down(1000, 1000), 1);
    ck_assert_int_eq(ph_money_share_down(INT64_MAX, PH_PPM), INT64_MAX);
    ck_assert(ph_money_share_up(999, 1000, &v));
    ck_assert_int_eq(v, 1);
    ck_assert(ph_money_share_up(0, 1000, &v));
    ck_assert_int_eq(v, 0);
    ck_assert(ph_money_share_up(1000, 1000, &v));
    ck_assert_int_eq(v, 1);
    ck_assert(!ph_money_share_up(INT64_MAX, PH_BOND_PPM_MAX, &v));
    ck_assert_int_eq(v, 1);
}
END_TEST

/* Rulebook, section 15, example 6. */
START_TEST(settlement_example_rounds_down)
{
    ck_assert_int_eq(ph_money_ratio_down(3000000, 10000, 10800), 2777777);
    ck_assert_int_eq(ph_money_ratio_down(300000, 800, 10800), 22222);
}
END_TEST

START_TEST(text_is_parsed_exactly_or_refused)
{
    static const struct {
        const char *text;
        ph_status status;
        ph_money value;
    } rows[] = {
        {"0", PH_OK, 0},
        {"12", PH_OK, 12000000},
        {"12.5", PH_OK, 12500000},
        {"0.000001", PH_OK, 1},
        {"0.0000010", PH_OK, 1},
        {"9223372036854.775807", PH_OK, INT64_MAX},
        {"9223372036854.775808", PH_EINVAL, 0},
        {"0.0000001", PH_EINVAL, 0},
        {"", PH_EINVAL, 0},
        {".", PH_EINVAL, 0},
        {".5", PH_EINVAL, 0},
        {"5.", PH_EINVAL, 0},
        {"-1", PH_EINVAL, 0},
        {"+1", PH_EINVAL, 0},
        {" 1", PH_EINVAL, 0},
        {"1 ", PH_EINVAL, 0},
        {"1e6", PH_EINVAL, 0},
        {"1,000", PH_EINVAL, 0},
        {"0x10", PH_EINVAL, 0},
        {"99999999999999999999999999999999999999999", PH_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ph_money v = -7;
        ck_assert_msg(ph_money_parse(rows[i].text, &v) == rows[i].status, "%s", rows[i].text);
        ck_assert_int_eq(v, rows[i].status == PH_OK ? rows[i].value : -7);
    }
}
END_TEST

START_TEST(text_of_money_reads_back)
{
    char to[32];
    ck_assert_str_eq(ph_money_text(0, to), "0.000000");
    ck_assert_str_eq(ph_money_text(-1500000, to), "-1.500000");
    ck_assert_str_eq(ph_money_text(INT64_MIN, to), "-9223372036854.775808");
    ck_assert_str_eq(ph_money_text(INT64_MAX, to), "9223372036854.775807");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, notional_is_exact_and_refuses_what_does_not_fit);
    tcase_add_test(t, shares_round_as_named);
    tcase_add_test(t, settlement_example_rounds_down);
    tcase_add_test(t, text_is_parsed_exactly_or_refused);
    tcase_add_test(t, text_of_money_reads_back);
}

int main(void)
{
    return suite_run("money", add);
}
