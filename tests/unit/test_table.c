/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/table.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

static const char HEADER[] = "name,units,price";

/* Reads every row of a text; returns the number of rows, or -1 when it was refused. */
static int read_all(const char *text, char fault[768])
{
    char *copy = strdup(text);
    phc_table t;
    char name[8];
    uint64_t units;
    int64_t price;
    int rows = 0;
    bool good = phc_table_csv(&t, "offers.csv", copy, strlen(copy), HEADER);
    while (good && phc_table_next(&t) != NULL) {
        good = phc_table_text(&t, 0, false, name, sizeof name) &&
               phc_table_number(&t, 1, 1, 64, &units) && phc_table_money(&t, 2, true, &price);
        rows++;
    }
    if (phc_table_fault(&t) != NULL) {
        rows = -1;
        strcpy(fault, phc_table_fault(&t)); /* same room */
    }
    free(copy);
    return rows;
}

START_TEST(good_rows_are_read)
{
    char fault[768] = "";
    ck_assert_int_eq(read_all("name,units,price\na,1,0.5\nb,64,\n", fault), 2);
    ck_assert_int_eq(read_all("name,units,price\n", fault), 0);
}
END_TEST

/* Every refusal names the file, the line and what was wrong. */
START_TEST(bad_text_is_refused_with_its_place)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"", "offers.csv:1: the file is empty"},
        {"name,units\n", "offers.csv:1: the header is not \"name,units,price\""},
        {"name,units,price", "offers.csv:1: the last line does not end: the file is cut off"},
        {"name,units,price\na,1,2\nb,2",
         "offers.csv:3: the last line does not end: the file is cut off"},
        {"name,units,price\na,1\n", "offers.csv:2: 2 fields where 3 are expected"},
        {"name,units,price\na,1,2,3\n", "offers.csv:2: 4 fields where 3 are expected"},
        {"name,units,price\n\n", "offers.csv:2: the line is empty"},
        {"name,units,price\r\n", "offers.csv:1: a carriage return does not belong here"},
        {"name,units,price\n\"a\",1,2\n", "offers.csv:2: quotation marks do not belong here"},
        {"name,units,price\na,1,2\n,1,2\n", "offers.csv:3: name: \"\" is empty"},
        {"name,units,price\nabcdefgh,1,2\n", "offers.csv:2: name: \"abcdefgh\" is too long"},
        {"name,units,price\na\x01,1,2\n",
         "offers.csv:2: name: \"a?\" has a character that is not plain text"},
        {"name,units,price\na,0,2\n",
         "offers.csv:2: units: \"0\" is not a whole number from 1 to 64"},
        {"name,units,price\na,65,2\n",
         "offers.csv:2: units: \"65\" is not a whole number from 1 to 64"},
        {"name,units,price\na,-1,2\n",
         "offers.csv:2: units: \"-1\" is not a whole number from 1 to 64"},
        {"name,units,price\na,1.0,2\n",
         "offers.csv:2: units: \"1.0\" is not a whole number from 1 to 64"},
        {"name,units,price\na,99999999999999999999999,2\n",
         "offers.csv:2: units: \"99999999999999999999999\" is not a whole number from 1 to 64"},
        {"name,units,price\na,1,4.x\n", "offers.csv:2: price: \"4.x\" is not an amount of money"},
        {"name,units,price\na,1,-4\n", "offers.csv:2: price: \"-4\" is not an amount of money"},
        {"name,units,price\na,1,1e3\n", "offers.csv:2: price: \"1e3\" is not an amount of money"},
        {"name,units,price\na,1,0.0000001\n",
         "offers.csv:2: price: \"0.0000001\" is not an amount of money"},
        {"name,units,price\na,1,10000001\n",
         "offers.csv:2: price: \"10000001\" is more than ten million"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char fault[768] = "";
        ck_assert_int_eq(read_all(rows[i].text, fault), -1);
        ck_assert_str_eq(fault, rows[i].fault);
    }
}
END_TEST

START_TEST(a_zero_byte_and_a_long_line_are_refused)
{
    char zero[] = "name,units,price\na\0b,1,2\n";
    phc_table t;
    ck_assert(phc_table_csv(&t, "x.csv", zero, sizeof zero - 1, HEADER));
    ck_assert_ptr_null(phc_table_next(&t));
    ck_assert_str_eq(phc_table_fault(&t), "x.csv:2: a zero byte is not text");
    char longer[PHC_TABLE_LINE_MAX + 2];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\n';
    ck_assert(!phc_table_csv(&t, "x.csv", longer, sizeof longer, HEADER));
    ck_assert_str_eq(phc_table_fault(&t), "x.csv:1: the line is too long");
}
END_TEST

START_TEST(a_refused_number_leaves_the_result_alone)
{
    char text[] = "name,units,price\na,65,x\n";
    phc_table t;
    uint64_t units = 7;
    int64_t price = -7;
    ck_assert(phc_table_csv(&t, "x.csv", text, sizeof text - 1, HEADER));
    ck_assert_ptr_nonnull(phc_table_next(&t));
    ck_assert(!phc_table_number(&t, 1, 1, 64, &units));
    ck_assert(!phc_table_money(&t, 2, false, &price));
    ck_assert(!phc_table_signed(&t, 2, 1, &price));
    ck_assert_uint_eq(units, 7);
    ck_assert_int_eq(price, -7);
    ck_assert_ptr_null(phc_table_next(&t)); /* a refused table stays refused */
}
END_TEST

START_TEST(job_logs_are_read_or_refused)
{
    char good[] = "; a log\n1 0 -1 552.21 8 -1 -1 -1 -1 -1 1 1 2 -1 -1 -1 -1 -1\n";
    char short_row[] = "; a log\n1 0 -1 552\n";
    char *empty = good + sizeof good - 1;
    phc_table t;
    int64_t v;
    ck_assert(phc_table_swf(&t, "x.swf", good, sizeof good - 1));
    ck_assert_ptr_nonnull(phc_table_next(&t));
    ck_assert(phc_table_signed(&t, 3, INT64_C(1000000000), &v));
    ck_assert_int_eq(v, 552210000);
    ck_assert(phc_table_signed(&t, 5, INT64_C(1000000000), &v));
    ck_assert_int_eq(v, -1000000);
    ck_assert_ptr_null(phc_table_next(&t));
    ck_assert_ptr_null(phc_table_fault(&t));
    ck_assert(phc_table_swf(&t, "x.swf", short_row, sizeof short_row - 1));
    ck_assert_ptr_null(phc_table_next(&t));
    ck_assert_str_eq(phc_table_fault(&t), "x.swf:2: 4 fields where 18 are expected");
    ck_assert(!phc_table_swf(&t, "x.swf", empty, 0));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, good_rows_are_read);
    tcase_add_test(t, bad_text_is_refused_with_its_place);
    tcase_add_test(t, a_zero_byte_and_a_long_line_are_refused);
    tcase_add_test(t, a_refused_number_leaves_the_result_alone);
    tcase_add_test(t, job_logs_are_read_or_refused);
}

int main(void)
{
    return suite_run("table", add);
}
