/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/row.h"

#include <string.h>

#include "tests/unit/suite.h"

static const char *const columns[] = {"number", "a \"name\"", "yes", "sum", "none"};

/* Two rows in one form. */
static char *written(ph_row_form form)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(f);
    ph_row r = ph_row_begin(f, form, columns, 5);
    ph_row_u64(&r, UINT64_MAX);
    ph_row_text(&r, "Gesch\xc3\xa4"
                    "ft, \"one\"\r\nof \\ two");
    ph_row_bool(&r, true);
    ph_row_i64(&r, INT64_MIN);
    ph_row_none(&r);
    ph_row_end(&r);
    ph_row_u64(&r, 0);
    ph_row_text(&r, "");
    ph_row_bool(&r, false);
    ph_row_i64(&r, -1);
    ph_row_none(&r);
    ph_row_end(&r);
    ck_assert_uint_eq(r.cnt, 2);
    ck_assert_int_eq(fclose(f), 0);
    return text;
}

START_TEST(csv_is_as_rfc_4180_has_it)
{
    char *text = written(PH_ROW_CSV);
    ck_assert_str_eq(text, "number,\"a \"\"name\"\"\",yes,sum,none\r\n"
                           "18446744073709551615,\"Gesch\xc3\xa4"
                           "ft, \"\"one\"\"\r\nof \\ two\",true,"
                           "-9223372036854775808,\r\n"
                           "0,,false,-1,\r\n");
    free(text);
}
END_TEST

START_TEST(a_line_of_json_has_every_column)
{
    char *text = written(PH_ROW_JSON);
    ck_assert_str_eq(text, "{\"number\":18446744073709551615,\"a \\\"name\\\"\":\"Gesch\xc3\xa4"
                           "ft, \\\"one\\\"\\u000d\\u000aof \\\\ two\",\"yes\":true,"
                           "\"sum\":-9223372036854775808,\"none\":null}\n"
                           "{\"number\":0,\"a \\\"name\\\"\":\"\",\"yes\":false,\"sum\":-1,"
                           "\"none\":null}\n");
    free(text);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, csv_is_as_rfc_4180_has_it);
    tcase_add_test(t, a_line_of_json_has_every_column);
}

int main(void)
{
    return suite_run("row", add);
}
