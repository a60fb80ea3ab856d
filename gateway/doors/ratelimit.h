/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/doors/ratelimit.h - a token bucket: so many per second, so many at once.

    Owns      nothing: a plain value.
    Units     nanoseconds of a clock that never goes back; integers only, nothing is lost to
              rounding because a token is counted in billionths.
    Laws      credit is at most burst, and none while something is owed; an instant before the last
              one counts as the last one. */
#ifndef GATEWAY_DOORS_RATELIMIT_H
#define GATEWAY_DOORS_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t per_second, burst;
    uint64_t credit; /* billionths of a token */
    uint64_t owed;   /* likewise */
    uint64_t at_ns;
} phg_ratelimit;

/* A full bucket at now_ns.  per_second and burst are at least 1. */
phg_ratelimit phg_ratelimit_of(uint32_t per_second, uint32_t burst, uint64_t now_ns);

/* Takes `cnt` tokens if that many are there; false, and nothing taken, otherwise. */
bool phg_ratelimit_take(phg_ratelimit *r, uint64_t now_ns, uint32_t cnt);

/* Takes `cnt` tokens for what was given already.  What is not there is owed: tokens that come pay
   for it first.  More than 2^33 are never owed. */
void phg_ratelimit_charge(phg_ratelimit *r, uint64_t now_ns, uint32_t cnt);

/* True if less than a quarter of the burst was there when it was last looked at. */
bool phg_ratelimit_is_low(const phg_ratelimit *r);

/* Whole tokens that are there. */
uint32_t phg_ratelimit_left(phg_ratelimit *r, uint64_t now_ns);

#endif
