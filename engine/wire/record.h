/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/record.h - a sequenced command and its events, as the engine publishes them.

      0   u64  seq
      8   u64  at             nanoseconds UTC
      16  u32  command_size
      20  u32  event_size
      24  command bytes, then event bytes (engine/wire/codec)

    Item n of the engine's stream is the record with seq n. */
#ifndef ENGINE_WIRE_RECORD_H
#define ENGINE_WIRE_RECORD_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/wire/command.h"

enum { PH_RECORD_HEADER_SIZE = 24 };

typedef struct {
    ph_command command;         /* with seq and at */
    const uint8_t *event_bytes; /* borrowed from the record's bytes; read with ph_event_read */
    uint32_t event_size;
} ph_record;

/* Writes the head only, for a caller who has command and events in place behind it. */
void ph_record_write_head(ph_writer *w, uint64_t seq, ph_time at, uint32_t command_size,
                          uint32_t event_size);

void ph_record_write(ph_writer *w, uint64_t seq, ph_time at, const void *command,
                     uint32_t command_size, const void *events, uint32_t event_size);

/* PH_ECORRUPT if the form is wrong; *ret is then untouched.  Events are not decoded here. */
ph_status ph_record_read(const void *bytes, size_t size, ph_record *ret);

#endif
