/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/clock.h - the only place that asks the machine what time it is. */
#ifndef ENGINE_PROCESS_CLOCK_H
#define ENGINE_PROCESS_CLOCK_H

#include <stdint.h>

#include "engine/base/types.h"

/* UTC of the machine.  May step back when an operator sets it: the sequencer never does. */
ph_time ph_clock_now(void);

/* Nanoseconds since some start; never goes back.  For timeouts and rates. */
uint64_t ph_clock_monotonic_ns(void);

#endif
