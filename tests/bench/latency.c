/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/latency.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

latency latency_new(uint32_t max)
{
    latency l = {.us = calloc(max, sizeof l.us[0]), .max = max};
    if (l.us == NULL) {
        fprintf(stderr, "no memory for %u times\n", max);
        exit(EXIT_FAILURE);
    }
    return l;
}

void latency_free(latency *l)
{
    free(l->us);
    *l = (latency){0};
}

uint64_t latency_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

uint64_t latency_cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail with this clock */
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void latency_add(latency *l, uint64_t ns)
{
    if (l->cnt < l->max) l->us[l->cnt++] = (uint32_t)(ns / 1000);
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void latency_print(latency *l, uint64_t spent_ns, uint64_t cpu_ns)
{
    if (l->cnt == 0 || spent_ns == 0) {
        fprintf(stderr, "nothing was timed\n");
        exit(EXIT_FAILURE);
    }
    qsort(l->us, l->cnt, sizeof l->us[0], by_time);
    printf("%.0f %u %u %u %u %.2f\n", (double)l->cnt * 1e9 / (double)spent_ns, l->us[l->cnt / 2],
           l->us[(uint64_t)l->cnt * 99 / 100], l->us[(uint64_t)l->cnt * 999 / 1000],
           l->us[l->cnt - 1], (double)cpu_ns / 1e3 / l->cnt);
}
