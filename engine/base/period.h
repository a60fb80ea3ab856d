/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/period.h - periods, windows and UTC time text.  No local time, no daylight saving.

    Period t of a product with period_seconds s is the interval [t*s, (t+1)*s) in seconds since
    the Unix epoch.  It is open while the stamp is before t*s - gate seconds, and
    t <= current period + horizon. */
#ifndef ENGINE_BASE_PERIOD_H
#define ENGINE_BASE_PERIOD_H

#include "engine/base/status.h"
#include "engine/base/types.h"

/* 900, 3600 and 86400 are the delivery steps a product may have. */
bool ph_period_seconds_ok(uint32_t period_seconds);

/* The period that contains `at`. */
ph_period ph_period_at(ph_time at, uint32_t period_seconds);

/* The first instant of period t. */
ph_time ph_period_start(ph_period t, uint32_t period_seconds);

/* The instant at which trading in period t ends: its start less the gate (0 if before 1970). */
ph_time ph_period_gate(ph_period t, uint32_t period_seconds, uint32_t gate_seconds);

/* One past the last period of the window, in 64 bits because first + periods may not fit 32. */
uint64_t ph_window_end(ph_window w);
bool ph_window_has(ph_window w, ph_period t);
bool ph_window_equal(ph_window a, ph_window b);
bool ph_window_touches(ph_window a, ph_window b);

/* "2026-11-23T22:00:00Z", with up to nine decimals of a second, to a time; only UTC ("Z") is
   taken.  PH_EINVAL for anything else, for dates that do not exist and for years before 1970 or
   after 2500. */
ph_status ph_time_parse(const char *text, ph_time *ret);

/* Writes RFC 3339 UTC with nine decimals; room for 40 bytes.  Returns to. */
char *ph_time_text(ph_time at, char to[40]);

#endif
