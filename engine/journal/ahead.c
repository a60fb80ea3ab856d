/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/ahead.h"

#include <string.h>

#include "engine/base/panic.h"

enum {
    PIECE = 1 << 15, /* bytes of one read */
    BLOCKS = 12,     /* of each lane in a step */
};

void ph_ahead_begin(ph_ahead *a, ph_disk *disk, const ph_segment_place *place, uint64_t last_seq,
                    uint8_t *buffer)
{
    PH_ASSERT(ph_lanes_help() && place->next_seq <= last_seq);
    ph_ahead_drop(a);
    a->work = PH_AHEAD_READ;
    a->disk = disk;
    a->buffer = buffer;
    a->got = 0;
    a->last_seq = last_seq;
    a->places[0] = *place;
}

void ph_ahead_drop(ph_ahead *a)
{
    a->work = PH_AHEAD_IDLE;
    a->found = a->held = a->used = 0;
}

/* The place behind a batch. */
static ph_segment_place behind(const ph_segment_place *p, const ph_segment_look *look)
{
    ph_segment_place next = *p;
    next.offset += look->extent;
    next.next_seq += look->record_cnt;
    next.last_at = look->last_at;
    next.previous = look->chain;
    return next;
}

/* Batches by their headers, in what was read so far. */
static void find(ph_ahead *a)
{
    while (a->found < PH_AHEAD_MAX) {
        const ph_segment_place *p = &a->places[a->found];
        size_t at = (size_t)(p->offset - a->places[0].offset);
        ph_segment_look *look = &a->looks[a->found];
        if (p->next_seq > a->last_seq) return;
        if (!ph_segment_peek(p, a->buffer + at, a->got - at, look)) return;
        if (look->first + look->record_cnt - 1 > a->last_seq) return;
        a->places[a->found + 1] = behind(p, look);
        a->found++;
    }
}

static void begin_hashes(ph_ahead *a)
{
    for (uint32_t i = 0; i < a->found; i++) {
        const uint8_t *batch = a->buffer + (a->places[i].offset - a->places[0].offset);
        ph_chain_head(a->places[i].previous, batch, a->heads[i]);
        a->jobs[i] = (ph_lane_job){.purpose = PH_DIGEST_CHAIN,
                                   .head = a->heads[i],
                                   .bytes = batch + PH_BATCH_SIZE,
                                   .head_size = PH_CHAIN_HEAD_SIZE,
                                   .size = a->looks[i].body_size};
    }
    ph_lanes_begin(&a->lanes, a->jobs, a->found);
    a->work = PH_AHEAD_HASH;
}

/* What cannot be read is left for a look, which says why. */
static void read_piece(ph_ahead *a)
{
    size_t got = 0;
    ph_status s = a->disk->ops->read(a->disk, a->places[0].file, a->places[0].offset + a->got,
                                     a->buffer + a->got, PIECE, &got);
    bool is_end = s != PH_OK || got < PIECE;
    if (s == PH_OK) a->got += got;
    find(a);
    if (is_end || a->found == PH_AHEAD_MAX || a->got == PH_AHEAD_SIZE ||
        ph_ahead_end(a)->next_seq > a->last_seq)
        begin_hashes(a);
}

/* The first that is not what it states ends them. */
static void judge_hashes(ph_ahead *a)
{
    uint32_t i = 0;
    while (i < a->found && ph_hash_equal(a->jobs[i].hash, a->looks[i].chain))
        i++;
    a->found = i;
    a->work = PH_AHEAD_REST;
}

static void judge_rest(ph_ahead *a)
{
    if (a->held < a->found) {
        const ph_segment_place *p = &a->places[a->held];
        const uint8_t *batch = a->buffer + (p->offset - a->places[0].offset);
        if (ph_segment_rest_holds(p, batch, &a->looks[a->held]))
            a->held++;
        else
            a->found = a->held;
    }
    if (a->held == a->found) a->work = PH_AHEAD_IDLE;
}

bool ph_ahead_step(ph_ahead *a)
{
    switch (a->work) {
    case PH_AHEAD_IDLE: return false;
    case PH_AHEAD_READ: read_piece(a); break;
    case PH_AHEAD_HASH:
        if (ph_lanes_step(&a->lanes, BLOCKS)) judge_hashes(a);
        break;
    case PH_AHEAD_REST: judge_rest(a); break;
    }
    return a->work != PH_AHEAD_IDLE;
}

const ph_segment_look *ph_ahead_take(ph_ahead *a, const ph_segment_place *place,
                                     const uint8_t **ret_bytes)
{
    PH_ASSERT(a->work == PH_AHEAD_IDLE);
    if (a->used == a->held) return NULL;
    const ph_segment_place *p = &a->places[a->used];
    if (p->file != place->file || p->offset != place->offset || p->next_seq != place->next_seq ||
        p->last_at.ns != place->last_at.ns || !ph_hash_equal(p->previous, place->previous))
        return NULL;
    *ret_bytes = a->buffer + (p->offset - a->places[0].offset);
    return &a->looks[a->used++];
}

const ph_segment_place *ph_ahead_end(const ph_ahead *a)
{
    return &a->places[a->found];
}
