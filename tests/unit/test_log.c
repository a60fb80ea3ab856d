/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static char said[32768];

/* What a call writes to standard error. */
#define SAYS(call)                                             \
    do {                                                       \
        char path[] = "/tmp/petahour-log-XXXXXX";              \
        int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3); \
        int fd = mkostemp(path, O_CLOEXEC);                    \
        ck_assert_int_eq(unlink(path), 0);                     \
        ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);          \
        call;                                                  \
        ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);      \
        ssize_t got = pread(fd, said, sizeof said - 1, 0);     \
        ck_assert_int_ge(got, 0);                              \
        said[got] = 0;                                         \
        ck_assert_int_eq(close(fd) | close(before), 0);        \
    } while (0)

static const ph_log_pair pairs[] = {{"seq", NULL, UINT64_MAX}, {"link", "a \"b\"\n", 0}};

START_TEST(logfmt)
{
    ph_log_init("petahour-test");
    SAYS(ph_log_event(PH_LOG_INFO, "ready", pairs, 2, "is %s", "a\\b\x01\x7f\xff\xc3\xa9"));
    ck_assert_int_eq(strncmp(said, "time=20", 7), 0);
    ck_assert_str_eq(
        strchr(said, ' '),
        " level=info program=petahour-test event=ready msg=\"is a\\\\b\\x01\\x7f\\xff\xc3\xa9\" "
        "seq=18446744073709551615 link=\"a \\\"b\\\"\\x0a\"\n");
}
END_TEST

START_TEST(json)
{
    ph_log_init("petahour-test");
    ph_log_set_format(PH_LOG_JSON);
    SAYS(ph_log_event(PH_LOG_WARNING, "ready", pairs, 2, "is %s",
                      "a\\b\x01\x7f\xff\xc3\xa9\xed\xa0\x80"));
    ck_assert_int_eq(strncmp(said, "{\"time\":\"20", 11), 0);
    ck_assert_str_eq(
        strchr(said, ','),
        ",\"level\":\"warning\",\"program\":\"petahour-test\",\"event\":\"ready\",\"msg\":"
        "\"is a\\\\b\\u0001\\u007f\\ufffd\xc3\xa9\\ufffd\\ufffd\\ufffd\","
        "\"seq\":18446744073709551615,\"link\":\"a \\\"b\\\"\\u000a\"}\n");
}
END_TEST

START_TEST(a_place_names_the_event)
{
    ph_log_init("petahour-test");
    SAYS(ph_log_error("no"));
    ck_assert_ptr_nonnull(strstr(said, " level=error program=petahour-test event=unit.test_log."));
    ck_assert_ptr_nonnull(strstr(said, " msg=\"no\"\n"));
    SAYS(ph_log_at(PH_LOG_INFO, "../engine/settle/loop.c", "turn", "x"));
    ck_assert_ptr_nonnull(strstr(said, " event=settle.loop.turn "));
    SAYS(ph_log_at(PH_LOG_INFO, "main.c", "main", "x"));
    ck_assert_ptr_nonnull(strstr(said, " event=main.main "));
}
END_TEST

START_TEST(a_long_message_stays_one_whole_line)
{
    static char text[5000], control[5000];
    memset(text, 'x', sizeof text - 1);
    memset(control, 1, sizeof control - 1);
    for (int format = PH_LOG_LOGFMT; format <= PH_LOG_JSON; format++) {
        ph_log_set_format((ph_log_format)format);
        SAYS(ph_log_error("%s", text));
        ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
        ck_assert_ptr_nonnull(strstr(said, "xxx...\""));
        SAYS(ph_log_error("%s", control));
        ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
        ck_assert_ptr_nonnull(strstr(said, "...\""));
    }
}
END_TEST

START_TEST(systemd_is_told_the_priority)
{
    int fds[2];
    char stream[64];
    struct stat st;
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    ck_assert_int_ge(dup2(fds[1], STDERR_FILENO), 0);
    ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
    ph_log_init("petahour-test");
    ph_log_warning("yes");
    ck_assert_int_ge(dup2(kept, STDERR_FILENO), 0);
    ssize_t size = read(fds[0], said, sizeof said - 1);
    ck_assert_int_gt(size, 0);
    said[size] = '\0';
    ck_assert_int_eq(strncmp(said, "<4>time=", 8), 0);
    /* Another stream than the one that systemd gave. */
    ck_assert_int_eq(setenv("JOURNAL_STREAM", "1:1", 1), 0);
    ph_log_init("petahour-test");
    SAYS(ph_log_warning("no"));
    ck_assert_int_eq(strncmp(said, "time=", 5), 0);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, logfmt);
    tcase_add_test(tests, json);
    tcase_add_test(tests, a_place_names_the_event);
    tcase_add_test(tests, a_long_message_stays_one_whole_line);
    tcase_add_test(tests, systemd_is_told_the_priority);
}

int main(void)
{
    return suite_run("log", add);
}
