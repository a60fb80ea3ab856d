/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/reject.h"

#include <ctype.h>
#include <string.h>

#include "tests/unit/suite.h"

static const int codes[] = {
#define X(name, code, text, arg0, arg1) code,
    PH_REJECTS(X)
#undef X
};

enum { CODE_CNT = sizeof codes / sizeof codes[0] };

START_TEST(codes_are_dense_from_one_in_order_of_the_list)
{
    for (int i = 0; i < CODE_CNT; i++)
        ck_assert_int_eq(codes[i], i + 1);
}
END_TEST

START_TEST(names_and_texts_are_unique_and_in_the_form_of_messages)
{
    for (int i = 1; i <= CODE_CNT; i++) {
        const char *name = ph_reject_name((ph_reject)i);
        const char *text = ph_reject_text((ph_reject)i);
        ck_assert(strlen(name) > 0 && strlen(text) > 0);
        for (const char *p = name; *p != '\0'; p++)
            ck_assert_msg(isupper((unsigned char)*p) || *p == '_', "%s", name);
        ck_assert_msg(!isupper((unsigned char)text[0]), "%s", text);
        ck_assert_msg(text[strlen(text) - 1] != '.', "%s", text);
        ck_assert(strlen(ph_reject_arg0((ph_reject)i)) > 0);
        ck_assert(strlen(ph_reject_arg1((ph_reject)i)) > 0);
        for (int j = 1; j < i; j++) {
            ck_assert_str_ne(name, ph_reject_name((ph_reject)j));
            ck_assert_str_ne(text, ph_reject_text((ph_reject)j));
        }
    }
}
END_TEST

/* Clients and journals keep these numbers. */
START_TEST(codes_that_were_given_out_stay)
{
    ck_assert_int_eq(PH_REJECT_UNSUPPORTED, 1);
    ck_assert_int_eq(PH_REJECT_DUPLICATE, 5);
    ck_assert_int_eq(PH_REJECT_PRICE_TICK, 14);
    ck_assert_int_eq(PH_REJECT_CAPACITY, 19);
    ck_assert_int_eq(PH_REJECT_CASH_FOR_HOLD, 21);
    ck_assert_int_eq(PH_REJECT_KEY_TAKEN, 34);
}
END_TEST

START_TEST(codes_outside_the_list_have_no_row)
{
    static const int outside[] = {-1, CODE_CNT + 1, 1000000, INT32_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        ph_reject code = (ph_reject)outside[i];
        ck_assert_str_eq(ph_reject_name(code), "UNKNOWN");
        ck_assert_str_eq(ph_reject_text(code), "no reason");
        ck_assert_str_eq(ph_reject_arg0(code), "-");
        ck_assert_str_eq(ph_reject_arg1(code), "-");
    }
    ck_assert_str_eq(ph_reject_name(PH_REJECT_NONE), "NONE");
    ck_assert_str_eq(ph_reject_text(PH_REJECT_NONE), "no reason");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, codes_are_dense_from_one_in_order_of_the_list);
    tcase_add_test(t, names_and_texts_are_unique_and_in_the_form_of_messages);
    tcase_add_test(t, codes_that_were_given_out_stay);
    tcase_add_test(t, codes_outside_the_list_have_no_row);
}

int main(void)
{
    return suite_run("reject", add);
}
