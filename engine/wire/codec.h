/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/codec.h - commands and events to canonical bytes and back.

    Canonical: every value has exactly one encoding, and a decoder that accepts bytes gives a value
    that encodes to the same bytes.  Integers are little-endian and of fixed width, text is padded
    with zeros, there is no padding and no optional field.

      command   u16 kind, u32 sender, u64 request, then the fields of the kind in the order of
                its struct in command.h.  seq and at are not part of it: the journal's batch
                carries them.
      event     u16 kind, then the fields of the kind in the order of its struct in event.h.

    Enumerations and booleans are one byte; windows are u32 first, u32 periods; ids are as wide as
    their type; a group is u32 cnt and the fields of cnt orders; sealed access is u32 size and size
    bytes; accounts are u8 kind, u64 id; quantities u32; money and prices i64; keys and hashes
    32 bytes.  Events have no length of their own: they are read one after the other.

    The codec checks form (known kind, known enumeration value, canonical text), never meaning:
    whether a participant exists is the market's to say. */
#ifndef ENGINE_WIRE_CODEC_H
#define ENGINE_WIRE_CODEC_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"

enum { PH_EVENT_BYTES_MAX = 256 }; /* no encoded event is longer */

/* Appends the command to w, which becomes full if there is no room (PH_COMMAND_BYTES_MAX always
   suffices).  A command with a kind or an enumeration that is not in the lists is a bug. */
void ph_command_write(ph_writer *w, const ph_command *c);

/* Reads one command from exactly `size` bytes.  PH_ECORRUPT if the form is wrong or bytes are left
   over; *ret is then untouched.  seq and at are 0.  What stands in the union behind the member of
   the kind stays as it was: a command is as large as its largest kind, an order a ninth of it. */
ph_status ph_command_read(const void *bytes, size_t size, ph_command *ret);

void ph_event_write(ph_writer *w, const ph_event *e);

/* Reads the next event; r becomes bad if the form is wrong (the event is then all zero). */
ph_event ph_event_read(ph_reader *r);

/* "NEW_ORDER", "TRADE", "GATE", "NOTIONAL", ...; "?" for a value that is not in the list. */
const char *ph_command_kind_name(ph_command_kind kind);
const char *ph_event_kind_name(ph_event_kind kind);
const char *ph_cancel_reason_name(ph_cancel_reason reason);
const char *ph_transfer_reason_name(ph_transfer_reason reason);
const char *ph_account_kind_name(ph_account_kind kind);
const char *ph_delivery_step_name(ph_delivery_step step);
const char *ph_final_cause_name(ph_final_cause cause);
const char *ph_compute_type_name(ph_compute_type type);
const char *ph_architecture_name(ph_architecture architecture);
const char *ph_phase_name(ph_phase phase);
const char *ph_participant_state_name(ph_participant_state state);
const char *ph_product_state_name(ph_product_state state);
const char *ph_side_name(ph_side side);
const char *ph_shape_name(ph_shape shape);
const char *ph_time_in_force_name(ph_time_in_force tif);
const char *ph_stp_name(ph_stp stp);
const char *ph_key_use_name(ph_key_use use);

#endif
