/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/bench/latency.h - times of single operations, and what a run of them prints. */
#ifndef TESTS_BENCH_LATENCY_H
#define TESTS_BENCH_LATENCY_H

#include <stdint.h>

typedef struct {
    uint32_t *us; /* microseconds, in order of arrival */
    uint32_t cnt, max;
} latency;

/* Room for `max` times; ends the program when there is no memory. */
latency latency_new(uint32_t max);
void latency_free(latency *l);

/* Nanoseconds of a clock that only rises. */
uint64_t latency_now_ns(void);

void latency_add(latency *l, uint64_t ns);

/* Nanoseconds of processor time that this process has used. */
uint64_t latency_cpu_ns(void);

/* One line: operations a second, microseconds at 50, 99, 99.9 % and most, microseconds of
   processor time an operation.  Sorts the times. */
void latency_print(latency *l, uint64_t spent_ns, uint64_t cpu_ns);

#endif
