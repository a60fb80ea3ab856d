/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/status.h"

#include <ctype.h>
#include <string.h>

#include "tests/unit/suite.h"

static const ph_status all[] = {
#define X(name, code, text) name,
    PH_STATUSES(X)
#undef X
};

enum { STATUS_CNT = sizeof all / sizeof all[0] };

START_TEST(codes_go_down_from_zero_without_gaps)
{
    for (int i = 0; i < STATUS_CNT; i++)
        ck_assert_int_eq((int)all[i], -i);
}
END_TEST

START_TEST(texts_are_unique_lower_case_and_without_full_stop)
{
    for (int i = 0; i < STATUS_CNT; i++) {
        const char *text = ph_status_text(all[i]);
        ck_assert(strlen(text) > 0);
        ck_assert_msg(!isupper((unsigned char)text[0]), "%s", text);
        ck_assert_msg(text[strlen(text) - 1] != '.', "%s", text);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(text, ph_status_text(all[j]));
    }
}
END_TEST

START_TEST(a_status_outside_the_list_has_a_text_too)
{
    ck_assert_str_eq(ph_status_text((ph_status)1), "unknown status");
    ck_assert_str_eq(ph_status_text((ph_status)-STATUS_CNT), "unknown status");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, codes_go_down_from_zero_without_gaps);
    tcase_add_test(t, texts_are_unique_lower_case_and_without_full_stop);
    tcase_add_test(t, a_status_outside_the_list_has_a_text_too);
}

int main(void)
{
    return suite_run("status", add);
}
