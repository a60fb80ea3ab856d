/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/receipts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static char path[] = "/tmp/test_receipts.XXXXXX";

static void fresh(void)
{
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(close(fd), 0);
}

static void gone(void)
{
    ck_assert_int_eq(unlink(path), 0);
}

static void write_text(const char *text)
{
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(what_was_taken_down_is_there_after_a_restart)
{
    static phc_receipts r;
    uint64_t last = 99;
    ck_assert_int_eq(phc_receipts_open(&r, path, &last), PHC_OK);
    ck_assert_uint_eq(last, 0);
    phc_receipts_sent(&r, 1);
    phc_receipts_report(&r, &(phc_report){.stream_number = 1, .type = PHC_ACCEPTED, .order = 5});
    phc_receipts_report(&r, &(phc_report){.type = PHC_NOT_TAKEN}); /* not of the stream */
    phc_receipts_result(&r, &(phc_result){.stream_number = 2, .command = "CANCEL_ORDER"});
    phc_receipts_cash(&r, &(phc_cash){.stream_number = 3, .cash = -5});
    ck_assert_int_eq(phc_receipts_sync(&r), PHC_OK);
    ck_assert_int_eq(phc_receipts_close(&r), PHC_OK);
    ck_assert_int_eq(phc_receipts_open(&r, path, &last), PHC_OK);
    ck_assert_uint_eq(last, 3);
    ck_assert_int_eq(phc_receipts_close(&r), PHC_OK);
}
END_TEST

START_TEST(more_than_the_buffer_is_kept_too)
{
    static phc_receipts r;
    uint64_t last = 0;
    ck_assert_int_eq(phc_receipts_open(&r, path, &last), PHC_OK);
    for (uint64_t i = 1; i <= 3000; i++) {
        phc_receipts_report(&r, &(phc_report){.stream_number = i, .type = PHC_TRADE});
    }
    ck_assert_int_eq(phc_receipts_close(&r), PHC_OK);
    ck_assert_int_eq(phc_receipts_open(&r, path, &last), PHC_OK);
    ck_assert_uint_eq(last, 3000);
    ck_assert_int_eq(phc_receipts_close(&r), PHC_OK);
}
END_TEST

START_TEST(a_file_that_is_no_record_is_refused)
{
    static const char *const bad[] = {
        "1 accepted\n2 accep",   "2 accepted\n", "1 accepted\n1 accepted\n",
        "1 accepted\n3 trade\n", "hello\n",      "-1 accepted\n",
        "0 accepted\n",          "sent 1\n\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        static phc_receipts r;
        uint64_t last = 77;
        write_text(bad[i]);
        ck_assert_msg(phc_receipts_open(&r, path, &last) == PHC_ECORRUPT, "%s", bad[i]);
        ck_assert_uint_eq(last, 77);
    }
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error)
{
    static phc_receipts r;
    uint64_t last = 77;
    ck_assert_int_eq(phc_receipts_open(&r, "/nonexistent/receipts.log", &last), PHC_EIO);
    ck_assert_uint_eq(last, 77);
}
END_TEST

START_TEST(a_line_says_everything_that_may_not_change)
{
    char line[PHC_RECEIPTS_LINE_MAX];
    phc_report r = {.stream_number = UINT64_MAX,
                    .type = PHC_TRADE,
                    .sequence = UINT64_MAX,
                    .client_order_id = UINT64_MAX,
                    .order = UINT64_MAX,
                    .leaves = UINT64_MAX,
                    .trade = UINT64_MAX,
                    .contract = UINT64_MAX,
                    .notional = INT64_MIN,
                    .fee = INT64_MIN,
                    .ended = UINT64_MAX};
    phc_receipts_report_text(&r, line);
    ck_assert_uint_lt(strlen(line), PHC_RECEIPTS_LINE_MAX - 1); /* never cut short */
    ck_assert_ptr_nonnull(strstr(line, " ended=18446744073709551615"));
    r.order--;
    char other[PHC_RECEIPTS_LINE_MAX];
    ck_assert_str_ne(line, phc_receipts_report_text(&r, other));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, fresh, gone);
    tcase_add_test(t, what_was_taken_down_is_there_after_a_restart);
    tcase_add_test(t, more_than_the_buffer_is_kept_too);
    tcase_add_test(t, a_file_that_is_no_record_is_refused);
    tcase_add_test(t, a_folder_that_is_not_there_is_an_error);
    tcase_add_test(t, a_line_says_everything_that_may_not_change);
}

int main(void)
{
    return suite_run("receipts", add);
}
