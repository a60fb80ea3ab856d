/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/metrics.h"

#include <string.h>

#include "tests/unit/suite.h"

enum { COMMANDS, FIRST, SECOND, BEHIND, STAMP, TOOK, SYNC };

static const ph_metric_row rows[] = {
    [COMMANDS] = {"x_commands_total", PH_METRIC_COUNTER, NULL, "Commands."},
    [FIRST] = {"x_entries", PH_METRIC_GAUGE, "table=\"a\"", "Entries."},
    [SECOND] = {"x_entries", PH_METRIC_GAUGE, "table=\"b\"", "Entries."},
    [BEHIND] = {"x_lag_seconds", PH_METRIC_SINCE, NULL, "Age."},
    [STAMP] = {"x_timestamp_seconds", PH_METRIC_INSTANT, NULL, "Stamp."},
    [TOOK] = {"x_start_seconds", PH_METRIC_SECONDS, NULL, "Took."},
    [SYNC] = {"x_sync_seconds", PH_METRIC_HISTOGRAM, NULL, "Syncs."},
};

static ph_metrics *m;

static void open_metrics(void)
{
    ck_assert_int_eq(ph_metrics_open(rows, sizeof rows / sizeof rows[0], &m), PH_OK);
}

static void close_metrics(void)
{
    ph_metrics_close(m);
}

/* The text at an instant; the caller frees it. */
static char *text_at(uint64_t now_ns)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    ph_metrics_write(m, (ph_time){now_ns}, to);
    ck_assert_int_eq(fclose(to), 0);
    return text;
}

static void says(uint64_t now_ns, const char *line)
{
    char *text = text_at(now_ns);
    ck_assert_msg(strstr(text, line) != NULL, "no \"%s\" in:\n%s", line, text);
    free(text);
}

START_TEST(a_name_is_described_once)
{
    ph_metrics_set(m, FIRST, 3);
    ph_metrics_set(m, SECOND, UINT64_MAX);
    says(0, "# HELP x_entries Entries.\n# TYPE x_entries gauge\nx_entries{table=\"a\"} 3\n"
            "x_entries{table=\"b\"} 18446744073709551615\n# HELP x_lag_seconds");
    ph_metrics_add(m, COMMANDS, 2);
    ph_metrics_add(m, COMMANDS, 5);
    says(0, "# TYPE x_commands_total counter\nx_commands_total 7\n");
    ck_assert_uint_eq(ph_metrics_get(m, COMMANDS), 7);
}
END_TEST

START_TEST(times_are_seconds)
{
    says(5, "x_lag_seconds 0.000000000\n"); /* nothing waits */
    ph_metrics_set(m, BEHIND, 1000000000);
    says(3500000000, "x_lag_seconds 2.500000000\n");
    says(999999999, "x_lag_seconds 0.000000000\n"); /* the clock was set back */
    ph_metrics_set(m, STAMP, 1700000000000000007);
    says(0, "x_timestamp_seconds 1700000000.000000007\n");
    ph_metrics_set(m, TOOK, 20000000);
    says(0, "x_start_seconds 0.020000000\n");
}
END_TEST

START_TEST(buckets_count_all_that_are_shorter)
{
    const uint64_t observed[] = {10000, 10001, 1000000, 6000000000};
    for (size_t i = 0; i < 4; i++)
        ph_metrics_observe(m, SYNC, observed[i]);
    says(0, "# TYPE x_sync_seconds histogram\nx_sync_seconds_bucket{le=\"0.00001\"} 1\n"
            "x_sync_seconds_bucket{le=\"0.000025\"} 2\n");
    says(0, "{le=\"0.0005\"} 2\nx_sync_seconds_bucket{le=\"0.001\"} 3\n");
    says(0, "{le=\"5\"} 3\nx_sync_seconds_bucket{le=\"+Inf\"} 4\n"
            "x_sync_seconds_sum 6.001020001\nx_sync_seconds_count 4\n");
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_metrics, close_metrics);
    tcase_add_test(tests, a_name_is_described_once);
    tcase_add_test(tests, times_are_seconds);
    tcase_add_test(tests, buckets_count_all_that_are_shorter);
}

int main(void)
{
    return suite_run("metrics", add);
}
