/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/replay/decode.h - the records of a batch as commands.

    Owns      a room is the caller's, grows as it must, and starts as all zero.
    Thread    any, one at a time per room. */
#ifndef ENGINE_REPLAY_DECODE_H
#define ENGINE_REPLAY_DECODE_H

#include "engine/base/status.h"
#include "engine/journal/reader.h"
#include "engine/replay/replay.h"

typedef struct {
    ph_replay_record *v;
    size_t size; /* bytes */
} ph_record_room;

/* How far a batch is decoded. */
typedef struct {
    const ph_journal_batch *batch;
    ph_journal_cursor cursor;
    uint32_t cnt; /* records that are there */
} ph_decoding;

void ph_decode_begin(const ph_journal_batch *b, ph_decoding *ret);

/* Decodes the next records of the batch, at most `most` of them.  PH_EAGAIN: there are more.
   PH_OK: all of them are there, or all up to the first that is no command; d->cnt says how many.
   What is known only after they were applied is zero.  PH_EFULL: no memory. */
ph_status ph_decode(ph_decoding *d, ph_record_room *room, uint32_t most);

void ph_record_room_free(ph_record_room *room);

#endif
