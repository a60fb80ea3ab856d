/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"
#include "engine/wire/fields.h"
#include "engine/wire/reject.h"

#include "tests/unit/suite.h"

#include <string.h>

static char text[CLI_REFUSAL_ROOM];

static const char *said(const char *command, const char *name, int64_t arg0, int64_t arg1)
{
    const cli_refusal r = {command, name, "no", {arg0, arg1}, 3600};
    return cli_refusal_text(&r, text);
}

#define X(name, code, text, arg0, arg1) {PH_REJECT_##name, #name},
static const struct {
    ph_reject code;
    const char *name;
} rejects[] = {PH_REJECTS(X)};
#undef X

/* The numbers are called what the market calls them, and there are no others. */
START_TEST(every_number_has_its_label)
{
    for (size_t i = 0; i < sizeof rejects / sizeof rejects[0]; i++) {
        const char *first = ph_reject_arg0(rejects[i].code);
        const char *second = ph_reject_arg1(rejects[i].code);
        const char *is = said("TICK", rejects[i].name, 1, 1);
        char start[128];
        if (rejects[i].code == PH_REJECT_UNSUPPORTED) {
            ck_assert_str_eq(is, "UNSUPPORTED: no (1, 1)");
            continue;
        }
        snprintf(start, sizeof start, "%s: no%s%s", rejects[i].name,
                 strcmp(first, "-") != 0 ? " (" : "", strcmp(first, "-") != 0 ? first : "");
        ck_assert_msg(strncmp(is, start, strlen(start)) == 0, "%s", is);
        const char *comma = strstr(is, ", ");
        ck_assert_msg((comma != NULL) == (strcmp(second, "-") != 0), "%s", is);
        if (comma != NULL) ck_assert_msg(strncmp(comma + 2, second, strlen(second)) == 0, "%s", is);
    }
}
END_TEST

START_TEST(numbers_are_told_as_people_read_them)
{
    ck_assert_str_eq(said("NEW_ORDER", "PRICE_TICK", 2555555, 100),
                     "PRICE_TICK: no (price 2.555555, tick 0.000100)");
    ck_assert_str_eq(said("NEW_ORDER", "PERIOD_CLOSED", 438288, 498874),
                     "PERIOD_CLOSED: no (first period 2020-01-01T00:00:00Z, first open "
                     "2026-11-29T10:00:00Z)");
    ck_assert_str_eq(said("NEW_ORDER", "PERIOD_TOO_FAR", INT64_C(4295466176), 499672),
                     "PERIOD_TOO_FAR: no (last period 4295466176, last open 2027-01-01T16:00:00Z)");
    ck_assert_str_eq(said("NEW_ORDER", "EXPIRE_AT", 0, INT64_C(1577836800000000000)),
                     "EXPIRE_AT: no (expire at 0, now 2020-01-01T00:00:00Z)");
    ck_assert_str_eq(said("NEW_ORDER", "ROLE_MISSING", 16, 0), "ROLE_MISSING: no (role OPERATOR)");
    ck_assert_str_eq(said("NEW_ORDER", "DUPLICATE", -1, 0),
                     "DUPLICATE: no (highest used 18446744073709551615)");
    ck_assert_str_eq(said("DEPOSIT", "DUPLICATE", 0, 0), "DUPLICATE: no");
    ck_assert_str_eq(said("SET_PHASE", "PRODUCT_STATE", 7, 2),
                     "PRODUCT_STATE: no (product 7, state HALTED)");
    ck_assert_str_eq(said("REPORT_DELIVERY", "DELIVERY_STATE", 3, 0),
                     "DELIVERY_STATE: no (state DISPUTED)");
    ck_assert_str_eq(said("NEW_ORDER", "OPEN_ORDERS", 5, 6), "OPEN_ORDERS: no (5, 6)");
}
END_TEST

START_TEST(periods_of_an_unknown_length_are_numbers)
{
    const cli_refusal r = {"REPLACE_ORDER", "CAPACITY", "no", {498880, 0}, 0};
    ck_assert_str_eq(cli_refusal_text(&r, text),
                     "CAPACITY: no (period 498880, hardware units free 0)");
}
END_TEST

#define F(form, name, field, of) #name,
static const char *const product[] = {FIELDS_PRODUCT(F, 0)};
#undef F

/* All but one are called like the market's fields, with hyphens. */
static void check_product(const char *command)
{
    char is[CLI_REFUSAL_ROOM];
    size_t cnt = sizeof product / sizeof product[0];
    for (size_t i = 0; i <= cnt; i++) {
        if (i < cnt && strcmp(product[i], "compute_type") == 0) continue;
        if (i < cnt)
            snprintf(is, sizeof is, "FIXED_FIELD: no (field --%s, value 0)", product[i]);
        else
            snprintf(is, sizeof is, "FIXED_FIELD: no (field %zu, value 0)", i + 1);
        for (char *c = strstr(is, "(field"); *c != '\0'; c++)
            if (*c == '_') *c = '-';
        ck_assert_str_eq(said(command, "FIXED_FIELD", (int64_t)i + 1, 0), is);
    }
}

START_TEST(fields_are_named_as_options)
{
    ck_assert_str_eq(said("NEW_ORDER", "SHAPE_FIELD", 6, 0), "SHAPE_FIELD: no (field --duration)");
    ck_assert_str_eq(said("NEW_GROUP", "GROUP_MEMBER", 4, 0), "GROUP_MEMBER: no (field --shape)");
    ck_assert_str_eq(said("DEPOSIT", "FIELD_RANGE", 0, 0),
                     "FIELD_RANGE: no (field --amount, value 0)");
    ck_assert_str_eq(said("ADD_KEY", "FIELD_RANGE", 3, 0), "FIELD_RANGE: no (field 3, value 0)");
    ck_assert_str_eq(said("REGISTER_SITE", "FIELD_RANGE", 5, -90100000),
                     "FIELD_RANGE: no (field --latitude, value -90100000)");
    check_product("LIST_PRODUCT");
    check_product("SET_TERMS");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_number_has_its_label);
    tcase_add_test(t, numbers_are_told_as_people_read_them);
    tcase_add_test(t, periods_of_an_unknown_length_are_numbers);
    tcase_add_test(t, fields_are_named_as_options);
}

int main(void)
{
    return suite_run("refusal", add);
}
