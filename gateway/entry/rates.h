/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/rates.h - what each participant may still send, over all its sessions.

    Owns      its table; phg_rates_release accepts a zeroed one.
    Thread    one.  Time is an argument.
    Failure   NULL: no memory. */
#ifndef GATEWAY_ENTRY_RATES_H
#define GATEWAY_ENTRY_RATES_H

#include "engine/base/types.h"
#include "gateway/doors/ratelimit.h"

/* Logon and Heartbeat of all sessions together: a third of silence_seconds is a second or more, and
   16 sessions that come back at once log on twice.  Logout has none: it ends what a Logon began. */
enum { PHG_CONTROL_PER_SECOND = 50, PHG_CONTROL_BURST = 200 };

typedef struct {
    phg_ratelimit messages, questions, control;
} phg_rates_of_one;

typedef struct {
    uint32_t messages_per_second, message_burst;
    uint32_t questions_per_second, question_burst;
    phg_rates_of_one *v; /* of participant n: v[n - 1] */
    uint32_t cnt;
} phg_rates;

void phg_rates_release(phg_rates *r);

/* Valid until another one is asked for. */
phg_rates_of_one *phg_rates_of(phg_rates *r, ph_participant_id who, uint64_t now_ns);

#endif
