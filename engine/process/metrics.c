/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"

enum { BOUND_CNT = 16 };

/* A sync of a fast disk takes some ten microseconds, of a bad one a second. */
static const uint64_t bounds_ns[BOUND_CNT] = {
    10000,   25000,    50000,    100000,   250000,    500000,    1000000,    2500000,
    5000000, 10000000, 25000000, 50000000, 100000000, 250000000, 1000000000, 5000000000,
};

static const char *const bounds_text[BOUND_CNT] = {
    "0.00001", "0.000025", "0.00005", "0.0001", "0.00025", "0.0005", "0.001", "0.0025",
    "0.005",   "0.01",     "0.025",   "0.05",   "0.1",     "0.25",   "1",     "5",
};

/* A histogram has the sum, then a count for each bound and one for what is longer. */
enum { HISTOGRAM_SLOTS = 1 + BOUND_CNT + 1 };

struct ph_metrics {
    const ph_metric_row *rows;
    uint32_t row_cnt;
    uint32_t *first; /* slot of each row */
    _Atomic uint64_t *slots;
};

/* Slots that the rows before this one take. */
static uint32_t slots_up_to(const ph_metric_row *rows, uint32_t row)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < row; i++)
        cnt += rows[i].type == PH_METRIC_HISTOGRAM ? (uint32_t)HISTOGRAM_SLOTS : 1;
    return cnt;
}

ph_status ph_metrics_open(const ph_metric_row *rows, uint32_t row_cnt, ph_metrics **ret)
{
    uint32_t slot_cnt = slots_up_to(rows, row_cnt);
    PH_ASSERT(slot_cnt > 0);
    ph_metrics *m = calloc(1, sizeof *m);
    if (m == NULL) return PH_EFULL;
    m->rows = rows;
    m->row_cnt = row_cnt;
    m->first = calloc(row_cnt, sizeof *m->first);
    for (uint32_t i = 0; m->first != NULL && i < row_cnt; i++)
        m->first[i] = slots_up_to(rows, i);
    m->slots = calloc(slot_cnt, sizeof *m->slots);
    if (m->first == NULL || m->slots == NULL) {
        ph_metrics_close(m);
        return PH_EFULL;
    }
    *ret = m;
    return PH_OK;
}

void ph_metrics_close(ph_metrics *m)
{
    if (m == NULL) return;
    free(m->first);
    free(m->slots);
    free(m);
}

static void store(_Atomic uint64_t *slot, uint64_t value)
{
    atomic_store_explicit(slot, value, memory_order_relaxed);
}

static uint64_t load(const _Atomic uint64_t *slot)
{
    return atomic_load_explicit(slot, memory_order_relaxed);
}

void ph_metrics_set(ph_metrics *m, uint32_t row, uint64_t value)
{
    PH_ASSERT(row < m->row_cnt);
    store(&m->slots[m->first[row]], value);
}

void ph_metrics_add(ph_metrics *m, uint32_t row, uint64_t more)
{
    PH_ASSERT(row < m->row_cnt);
    _Atomic uint64_t *slot = &m->slots[m->first[row]];
    store(slot, load(slot) + more); /* one thread sets */
}

uint64_t ph_metrics_get(const ph_metrics *m, uint32_t row)
{
    PH_ASSERT(row < m->row_cnt);
    return load(&m->slots[m->first[row]]);
}

void ph_metrics_observe(ph_metrics *m, uint32_t row, uint64_t ns)
{
    PH_ASSERT(row < m->row_cnt && m->rows[row].type == PH_METRIC_HISTOGRAM);
    _Atomic uint64_t *slots = &m->slots[m->first[row]];
    uint32_t i = 0;
    while (i < BOUND_CNT && ns > bounds_ns[i])
        i++;
    store(&slots[0], load(&slots[0]) + ns);
    store(&slots[1 + i], load(&slots[1 + i]) + 1);
}

static void write_seconds(FILE *to, uint64_t ns)
{
    fprintf(to, " %" PRIu64 ".%09" PRIu64 "\n", ns / PH_NS_PER_S, ns % PH_NS_PER_S);
}

/* The count of a bucket is that of all shorter ones with it. */
static void write_histogram(FILE *to, const char *name, const _Atomic uint64_t *slots)
{
    uint64_t cnt = 0;
    for (uint32_t i = 0; i <= BOUND_CNT; i++) {
        cnt += load(&slots[1 + i]);
        fprintf(to, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
                i < BOUND_CNT ? bounds_text[i] : "+Inf", cnt);
    }
    fprintf(to, "%s_sum", name);
    write_seconds(to, load(&slots[0]));
    fprintf(to, "%s_count %" PRIu64 "\n", name, cnt);
}

static void write_head(FILE *to, const ph_metric_row *row)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
            row->type == PH_METRIC_COUNTER     ? "counter"
            : row->type == PH_METRIC_HISTOGRAM ? "histogram"
                                               : "gauge");
}

static void write_row(FILE *to, const ph_metric_row *row, const _Atomic uint64_t *slots,
                      ph_time now)
{
    if (row->type == PH_METRIC_HISTOGRAM) {
        write_histogram(to, row->name, slots);
        return;
    }
    uint64_t value = load(slots);
    fprintf(to, "%s", row->name);
    if (row->labels != NULL) fprintf(to, "{%s}", row->labels);
    switch (row->type) {
    case PH_METRIC_SECONDS:
    case PH_METRIC_INSTANT: write_seconds(to, value); break;
    case PH_METRIC_SINCE:
        write_seconds(to, value == 0 || value > now.ns ? 0 : now.ns - value);
        break;
    case PH_METRIC_COUNTER:
    case PH_METRIC_GAUGE:
    case PH_METRIC_HISTOGRAM: fprintf(to, " %" PRIu64 "\n", value); break;
    }
}

void ph_metrics_write(const ph_metrics *m, ph_time now, FILE *to)
{
    for (uint32_t i = 0; i < m->row_cnt; i++) {
        if (i == 0 || strcmp(m->rows[i].name, m->rows[i - 1].name) != 0)
            write_head(to, &m->rows[i]);
        write_row(to, &m->rows[i], &m->slots[m->first[i]], now);
    }
}
