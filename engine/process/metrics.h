/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/metrics.h - the figures of a daemon, and their text for Prometheus.

    A daemon names its figures in a table, one row for each series, and sets them by the number of
    the row.  Rows of one name stand together, with different labels.

    Names     petahour_<program>_<noun>_<unit>; counters end in _total; base units (seconds, bytes).
    Owns      the values; the rows must live as long.
    Thread    one sets, any other writes the text: each value is whole, and may be a moment old. */
#ifndef ENGINE_PROCESS_METRICS_H
#define ENGINE_PROCESS_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "engine/base/status.h"
#include "engine/base/types.h"

typedef enum {
    PH_METRIC_COUNTER = 1,   /* only grows */
    PH_METRIC_GAUGE = 2,     /* a count */
    PH_METRIC_SECONDS = 3,   /* a gauge: set in nanoseconds, told in seconds */
    PH_METRIC_SINCE = 4,     /* a gauge: set to an instant, told as the seconds since; 0: none */
    PH_METRIC_INSTANT = 5,   /* a gauge: set to an instant, told in seconds since 1970 */
    PH_METRIC_HISTOGRAM = 6, /* of durations: nanoseconds are observed, told in seconds */
} ph_metric_type;

typedef struct {
    const char *name;
    ph_metric_type type;
    const char *labels; /* reason="PHASE", or NULL */
    const char *help;   /* a sentence; the same for all rows of a name */
} ph_metric_row;

typedef struct ph_metrics ph_metrics;

/* PH_EFULL: no memory. */
ph_status ph_metrics_open(const ph_metric_row *rows, uint32_t row_cnt, ph_metrics **ret);
void ph_metrics_close(ph_metrics *m); /* accepts NULL */

void ph_metrics_set(ph_metrics *m, uint32_t row, uint64_t value);
void ph_metrics_add(ph_metrics *m, uint32_t row, uint64_t more);
uint64_t ph_metrics_get(const ph_metrics *m, uint32_t row);

/* Of a histogram. */
void ph_metrics_observe(ph_metrics *m, uint32_t row, uint64_t ns);

/* Writes all rows in the text format, version 0.0.4. */
void ph_metrics_write(const ph_metrics *m, ph_time now, FILE *to);

#endif
