/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/clock.h"

#include <time.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"

static uint64_t read_clock(clockid_t id)
{
    struct timespec ts;
    int failed = clock_gettime(id, &ts);
    PH_ASSERT(failed == 0);
    return (uint64_t)ts.tv_sec * PH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

ph_time ph_clock_now(void)
{
    return (ph_time){read_clock(CLOCK_REALTIME)};
}

uint64_t ph_clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
