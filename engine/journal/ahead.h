/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/ahead.h - the next batches of a segment, read and verified several at once.

    A look (segment.h) computes one chain hash after the other.  The header of a batch states its
    own, so those of several are computed side by side (lanes.h), each from what the batch before
    states; only those are kept that hold from the first on, and everything else about them
    too.  What does not hold is left for a look, which says why.

    Owns      nothing: reads into a buffer of the caller, PH_AHEAD_SIZE bytes, that stays as it is
              for as long as its batches are used.
    Thread    one. */
#ifndef ENGINE_JOURNAL_AHEAD_H
#define ENGINE_JOURNAL_AHEAD_H

#include "engine/journal/file.h"
#include "engine/journal/lanes.h"
#include "engine/journal/segment.h"

enum {
    PH_AHEAD_SIZE = 1 << 18, /* bytes read at once */
    PH_AHEAD_MAX = 16,       /* batches */
};

typedef enum { PH_AHEAD_IDLE, PH_AHEAD_READ, PH_AHEAD_HASH, PH_AHEAD_REST } ph_ahead_work;

typedef struct {
    ph_ahead_work work; /* IDLE: nothing is left to do */
    ph_disk *disk;
    uint8_t *buffer;
    size_t got;                 /* bytes read */
    uint32_t found, held, used; /* batches: by their headers, verified, taken */
    uint64_t last_seq;
    ph_segment_place places[PH_AHEAD_MAX + 1];
    ph_segment_look looks[PH_AHEAD_MAX];
    uint8_t heads[PH_AHEAD_MAX][PH_CHAIN_HEAD_SIZE];
    ph_lane_job jobs[PH_AHEAD_MAX];
    ph_lanes lanes;
} ph_ahead;

/* Begins to read the batches at the place, up to that of record last_seq. */
void ph_ahead_begin(ph_ahead *a, ph_disk *disk, const ph_segment_place *place, uint64_t last_seq,
                    uint8_t *buffer);

/* Does a little more, in a few microseconds.  False: everything is done. */
bool ph_ahead_step(ph_ahead *a);

/* The batch at the place, once everything is done: NULL if it is not among those that hold,
   otherwise its look, and *ret_bytes is where it begins. */
const ph_segment_look *ph_ahead_take(ph_ahead *a, const ph_segment_place *place,
                                     const uint8_t **ret_bytes);

/* Where its last batch ends: what can be read ahead of it. */
const ph_segment_place *ph_ahead_end(const ph_ahead *a);

/* Forgets all of it. */
void ph_ahead_drop(ph_ahead *a);

#endif
