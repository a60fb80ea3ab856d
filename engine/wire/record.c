/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/record.h"

#include "engine/wire/codec.h"

void ph_record_write_head(ph_writer *w, uint64_t seq, ph_time at, uint32_t command_size,
                          uint32_t event_size)
{
    ph_write_u64(w, seq);
    ph_write_u64(w, at.ns);
    ph_write_u32(w, command_size);
    ph_write_u32(w, event_size);
}

/* wide: the six fields of the record, as they stand in it */
void ph_record_write(ph_writer *w, uint64_t seq, ph_time at, const void *command,
                     uint32_t command_size, const void *events, uint32_t event_size)
{
    ph_record_write_head(w, seq, at, command_size, event_size);
    ph_write_bytes(w, command, command_size);
    ph_write_bytes(w, events, event_size);
}

ph_status ph_record_read(const void *bytes, size_t size, ph_record *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    uint64_t seq = ph_read_u64(&r);
    uint64_t at = ph_read_u64(&r);
    uint32_t command_size = ph_read_u32(&r);
    uint32_t event_size = ph_read_u32(&r);
    if (r.bad || seq == 0) return PH_ECORRUPT;
    if ((uint64_t)command_size + event_size != (uint64_t)(r.end - r.p)) return PH_ECORRUPT;
    ph_record record = {.event_bytes = r.p + command_size, .event_size = event_size};
    ph_status s = ph_command_read(r.p, command_size, &record.command);
    if (s != PH_OK) return s;
    record.command.seq = seq;
    record.command.at.ns = at;
    *ret = record;
    return PH_OK;
}
