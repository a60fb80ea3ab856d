/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/lanes.h - BLAKE2b-256 of several things at once.

    One BLAKE2b is a chain of additions that each wait for the one before: a processor that could do
    four of them in the same time is idle for three.  The batches of a journal state the chain hash
    before them, so those of several batches can be computed side by side; whether each is the one
    that the next batch builds on is then a comparison.  The values are those of chain.h.

    Owns      nothing: a set of lanes is a value of the caller.
    Thread    any, one at a time per set. */
#ifndef ENGINE_JOURNAL_LANES_H
#define ENGINE_JOURNAL_LANES_H

#include "engine/journal/chain.h"

enum {
    PH_LANES = 4,
    PH_LANE_HEAD_MAX = 128, /* bytes */
};

/* What is hashed: head, and then bytes that stay where they are until it is done. */
typedef struct {
    ph_digest_purpose purpose;
    const uint8_t *head, *bytes;
    size_t head_size, size; /* together at least 1 */
    ph_hash hash;           /* once done */
} ph_lane_job;

/* True if this processor computes several at once faster than one after the other. */
bool ph_lanes_help(void);

/* Some of them on their way. */
typedef struct {
    _Alignas(64) uint8_t state[1088];
} ph_lanes;

/* Begins with the jobs, which stay where they are. */
void ph_lanes_begin(ph_lanes *l, ph_lane_job *jobs, size_t cnt);

/* Takes each lane at most `blocks` blocks of 128 bytes further.  True once every job has its
   hash. */
bool ph_lanes_step(ph_lanes *l, size_t blocks);

#endif
