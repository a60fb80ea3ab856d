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

ph_status ph_decode(const ph_journal_batch *b, ph_record_room *room, uint32_t *ret_cnt)
{
    ph_status s = make_room(room, b->record_cnt * sizeof(ph_replay_record));
    if (s != PH_OK) return s;
    ph_journal_cursor cursor = {0};
    ph_journal_record in;
    uint32_t cnt = 0;
    for (; ph_journal_record_next(b, &cursor, &in); cnt++) {
        ph_replay_record *out = &room->v[cnt];
        if (ph_command_read(in.bytes, in.size, &out->command) != PH_OK) break;
        out->command.seq = in.seq;
        out->command.at = in.at;
        out->command_bytes = in.bytes;
        out->command_size = in.size;
        out->event_check = in.events;
    }
    *ret_cnt = cnt;
    return PH_OK;
}

void ph_record_room_free(ph_record_room *room)
{
    ph_memory_unmap(room->v, room->size);
}
