/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/decode.h"

#include "engine/process/memory.h"
#include "engine/wire/codec.h"

enum { ROOM_MIN = 1 << 16 };

static ph_status make_room(ph_record_room *room, size_t size)
{
    if (size <= room->size) return PH_OK;
    size_t wanted = room->size == 0 ? ROOM_MIN : room->size;
    while (wanted < size)
        wanted *= 2;
    void *p = room->v;
    ph_status s = p == NULL ? ph_memory_map(wanted, &p) : ph_memory_grow(&p, room->size, wanted);
    if (s == PH_OK) *room = (ph_record_room){p, wanted};
    return s;
}

void ph_decode_begin(const ph_journal_batch *b, ph_decoding *ret)
{
    *ret = (ph_decoding){.batch = b};
}

ph_status ph_decode(ph_decoding *d, ph_record_room *room, uint32_t most)
{
    ph_status s = make_room(room, d->batch->record_cnt * sizeof(ph_replay_record));
    if (s != PH_OK) return s;
    ph_journal_record in;
    for (; most != 0; most--) {
        if (!ph_journal_record_next(d->batch, &d->cursor, &in)) return PH_OK;
        ph_replay_record *out = &room->v[d->cnt];
        if (ph_command_read(in.bytes, in.size, &out->command) != PH_OK) return PH_OK;
        out->command.seq = in.seq;
        out->command.at = in.at;
        out->command_bytes = in.bytes;
        out->command_size = in.size;
        out->event_check = in.events;
        out->event_bytes = NULL;
        out->events = NULL;
        out->event_size = out->event_cnt = 0;
        d->cnt++;
    }
    return PH_EAGAIN;
}

void ph_record_room_free(ph_record_room *room)
{
    ph_memory_unmap(room->v, room->size);
}
