/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/period.h"

#include "engine/base/limits.h"
#include "tests/unit/suite.h"

START_TEST(only_three_steps_of_delivery_exist)
{
    ck_assert(ph_period_seconds_ok(900));
    ck_assert(ph_period_seconds_ok(3600));
    ck_assert(ph_period_seconds_ok(86400));
    static const uint32_t bad[] = {0, 1, 60, 899, 901, 1800, 7200, 86399, 604800, UINT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!ph_period_seconds_ok(bad[i]), "%u", (unsigned)bad[i]);
}
END_TEST

START_TEST(a_period_has_its_start_and_not_its_end)
{
    static const uint32_t steps[] = {900, 3600, 86400};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        ph_period t = 20000;
        ph_time start = ph_period_start(t, steps[i]);
        ck_assert_uint_eq(start.ns, (uint64_t)t * steps[i] * PH_NS_PER_S);
        ck_assert_uint_eq(ph_period_at(start, steps[i]), t);
        ck_assert_uint_eq(ph_period_at((ph_time){start.ns - 1}, steps[i]), t - 1);
        ph_time next = ph_period_start(t + 1, steps[i]);
        ck_assert_uint_eq(ph_period_at((ph_time){next.ns - 1}, steps[i]), t);
    }
    ck_assert_uint_eq(ph_period_at((ph_time){0}, 900), 0);
}
END_TEST

START_TEST(the_gate_is_before_the_start_and_never_before_1970)
{
    ck_assert_uint_eq(ph_period_gate(2, 3600, 3600).ns, 3600 * PH_NS_PER_S);
    ck_assert_uint_eq(ph_period_gate(2, 3600, 0).ns, ph_period_start(2, 3600).ns);
    ck_assert_uint_eq(ph_period_gate(1, 3600, 3600).ns, 0);
    ck_assert_uint_eq(ph_period_gate(1, 3600, 3601).ns, 0);
    ck_assert_uint_eq(ph_period_gate(0, 3600, UINT32_MAX).ns, 0);
}
END_TEST

START_TEST(windows_do_not_wrap)
{
    ph_window w = {UINT32_MAX, 3};
    ck_assert_uint_eq(ph_window_end(w), UINT64_C(0x100000002));
    ck_assert(ph_window_has(w, UINT32_MAX));
    ck_assert(!ph_window_has(w, 0));
    ck_assert(!ph_window_has(w, 1));
    ck_assert(!ph_window_touches(w, (ph_window){0, 2}));
    ck_assert(!ph_window_has((ph_window){5, 0}, 5));
}
END_TEST

START_TEST(windows_touch_when_they_share_a_period)
{
    ph_window w = {10, 5};
    ck_assert(ph_window_has(w, 10));
    ck_assert(ph_window_has(w, 14));
    ck_assert(!ph_window_has(w, 9));
    ck_assert(!ph_window_has(w, 15));
    for (uint32_t first = 0; first < 20; first++) {
        for (uint32_t periods = 1; periods < 20; periods++) {
            ph_window other = {first, periods};
            bool shares = false;
            for (uint32_t t = 10; t < 15; t++)
                shares |= ph_window_has(other, t);
            ck_assert_int_eq(ph_window_touches(w, other), shares);
            ck_assert_int_eq(ph_window_touches(other, w), shares);
            ck_assert_int_eq(ph_window_equal(other, w), first == 10 && periods == 5);
        }
    }
}
END_TEST

START_TEST(time_text_is_utc_and_exact_or_refused)
{
    static const struct {
        const char *text;
        ph_status status;
        uint64_t ns;
    } rows[] = {
        {"1970-01-01T00:00:00Z", PH_OK, 0},
        {"1970-01-01T00:00:00.000000001Z", PH_OK, 1},
        {"1970-01-01T00:00:00.5Z", PH_OK, 500000000},
        {"2000-02-29T12:00:00Z", PH_OK, UINT64_C(951825600000000000)},
        {"2026-11-23T22:00:00Z", PH_OK, UINT64_C(1795471200000000000)},
        {"2500-12-31T23:59:59.999999999Z", PH_OK, UINT64_C(16756761599999999999)},
        {"2501-01-01T00:00:00Z", PH_EINVAL, 0},
        {"1969-12-31T23:59:59Z", PH_EINVAL, 0},
        {"0000-01-01T00:00:00Z", PH_EINVAL, 0},
        {"2026-02-29T00:00:00Z", PH_EINVAL, 0},
        {"2100-02-29T00:00:00Z", PH_EINVAL, 0},
        {"2026-04-31T00:00:00Z", PH_EINVAL, 0},
        {"2026-00-10T00:00:00Z", PH_EINVAL, 0},
        {"2026-13-10T00:00:00Z", PH_EINVAL, 0},
        {"2026-01-00T00:00:00Z", PH_EINVAL, 0},
        {"2026-01-32T00:00:00Z", PH_EINVAL, 0},
        {"2026-01-01T24:00:00Z", PH_EINVAL, 0},
        {"2026-01-01T00:60:00Z", PH_EINVAL, 0},
        {"2026-01-01T00:00:60Z", PH_EINVAL, 0},
        {"2026-01-01T00:00:00", PH_EINVAL, 0},
        {"2026-01-01T00:00:00+00:00", PH_EINVAL, 0},
        {"2026-01-01T00:00:00z", PH_EINVAL, 0},
        {"2026-01-01 00:00:00Z", PH_EINVAL, 0},
        {"2026-01-01T00:00:00.Z", PH_EINVAL, 0},
        {"2026-01-01T00:00:00.1234567890Z", PH_EINVAL, 0},
        {"2026-01-01T00:00:00ZZ", PH_EINVAL, 0},
        {" 2026-01-01T00:00:00Z", PH_EINVAL, 0},
        {"2026-1-1T00:00:00Z", PH_EINVAL, 0},
        {"-026-01-01T00:00:00Z", PH_EINVAL, 0},
        {"2026-01-01", PH_EINVAL, 0},
        {"", PH_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ph_time at = {77};
        ck_assert_msg(ph_time_parse(rows[i].text, &at) == rows[i].status, "%s", rows[i].text);
        ck_assert_msg(at.ns == (rows[i].status == PH_OK ? rows[i].ns : 77), "%s", rows[i].text);
    }
}
END_TEST

START_TEST(every_day_reads_back)
{
    char to[40];
    ck_assert_str_eq(ph_time_text((ph_time){1}, to), "1970-01-01T00:00:00.000000001Z");
    uint64_t last_day = UINT64_C(16756761599999999999) / PH_NS_PER_S / 86400;
    for (uint64_t day = 0; day <= last_day; day++) {
        ph_time at = {day * 86400 * PH_NS_PER_S + day};
        ph_time back = {0};
        ck_assert_int_eq(ph_time_parse(ph_time_text(at, to), &back), PH_OK);
        ck_assert_uint_eq(back.ns, at.ns);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, only_three_steps_of_delivery_exist);
    tcase_add_test(t, a_period_has_its_start_and_not_its_end);
    tcase_add_test(t, the_gate_is_before_the_start_and_never_before_1970);
    tcase_add_test(t, windows_do_not_wrap);
    tcase_add_test(t, windows_touch_when_they_share_a_period);
    tcase_add_test(t, time_text_is_utc_and_exact_or_refused);
    tcase_add_test(t, every_day_reads_back);
}

int main(void)
{
    return suite_run("period", add);
}
