/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/wire_values.h - random commands and events of every kind, for tests of their forms.

    Made from bytes that the codec accepts, so that no test has to know the fields. */
#ifndef TESTS_UNIT_WIRE_VALUES_H
#define TESTS_UNIT_WIRE_VALUES_H

#include <check.h>
#include <string.h>

#include "engine/wire/codec.h"

/* xorshift64; the seed is fixed, so a failure repeats. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* An assertion without Check's message for every success: these are asked millions of times. */
static inline void law(bool holds, const char *sentence)
{
    if (!holds) ck_abort_msg("%s", sentence);
}

static inline bool is_same(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

/* A command of the kind with every field zero but the enumerations, which have no zero. */
static inline ph_command smallest_command(ph_command_kind kind)
{
    ph_command c;
    memset(&c, 0, sizeof c);
    c.kind = kind;
    if (kind == PH_CMD_LIST_PRODUCT || kind == PH_CMD_SET_TERMS) {
        c.u.product.compute_type = PH_COMPUTE_GENERAL;
        c.u.product.architecture = PH_ARCH_X86;
    } else if (kind == PH_CMD_SET_PHASE) {
        c.u.phase.phase = PH_PHASE_OPEN;
    } else if (kind == PH_CMD_SET_PARTICIPANT_STATE) {
        c.u.participant_state.state = PH_PARTICIPANT_ACTIVE;
    } else if (kind == PH_CMD_SET_PRODUCT_STATE) {
        c.u.product_state.state = PH_PRODUCT_LISTED;
    } else if (kind == PH_CMD_ADD_KEY || kind == PH_CMD_REVOKE_KEY) {
        c.u.key.use = PH_KEY_CONNECTION;
    } else if (kind == PH_CMD_NEW_ORDER) {
        c.u.order.side = PH_SIDE_BUY;
        c.u.order.shape = PH_SHAPE_EACH;
        c.u.order.time_in_force = PH_TIF_GTC;
        c.u.order.stp = PH_STP_CANCEL_INCOMING;
    }
    return c;
}

static inline ph_event smallest_event(ph_event_kind kind)
{
    ph_event e;
    memset(&e, 0, sizeof e);
    e.kind = kind;
    switch (kind) {
    case PH_EVT_REJECTED: e.u.rejected.command = PH_CMD_TICK; break;
    case PH_EVT_DONE: e.u.done.command = PH_CMD_TICK; break;
    case PH_EVT_CANCELLED: e.u.cancelled.reason = PH_CANCEL_REQUESTED; break;
    case PH_EVT_PERIOD_LOST: e.u.period_lost.reason = PH_CANCEL_REQUESTED; break;
    case PH_EVT_TRADE: e.u.trade.taker = PH_SIDE_BUY; break;
    case PH_EVT_TRANSFER:
        e.u.transfer.debit.kind = PH_ACCOUNT_EXTERNAL;
        e.u.transfer.credit.kind = PH_ACCOUNT_EXTERNAL;
        e.u.transfer.reason = PH_TRANSFER_DEPOSIT;
        break;
    case PH_EVT_PHASE_CHANGED: e.u.phase_changed.phase = PH_PHASE_OPEN; break;
    case PH_EVT_DELIVERY: e.u.delivery.step = PH_DELIVERY_REPORTED; break;
    case PH_EVT_DELIVERY_FINAL: e.u.delivery_final.cause = PH_FINAL_CONFIRMED; break;
    case PH_EVT_REPLACED:
    case PH_EVT_CLIP_SHOWN:
    case PH_EVT_TERMS_SET:
    case PH_EVT_ACCEPTED:
    case PH_EVT_SEGMENT:
    case PH_EVT_GATE_CLOSED:
    case PH_EVT_REFERENCE_SET: break;
    }
    return e;
}

static inline size_t write_command(const ph_command *c, uint8_t room[PH_COMMAND_BYTES_MAX])
{
    ph_writer w = ph_writer_of(room, PH_COMMAND_BYTES_MAX);
    ph_command_write(&w, c);
    law(!w.full, "a command fits PH_COMMAND_BYTES_MAX");
    return ph_writer_size(&w);
}

static inline size_t write_event(const ph_event *e, uint8_t room[PH_EVENT_BYTES_MAX])
{
    ph_writer w = ph_writer_of(room, PH_EVENT_BYTES_MAX);
    ph_event_write(&w, e);
    law(!w.full, "an event fits PH_EVENT_BYTES_MAX");
    return ph_writer_size(&w);
}

/* Whether exactly these bytes are a command; if so they must be the only bytes of that command. */
static inline bool takes_command(const uint8_t *bytes, size_t size)
{
    ph_command c;
    memset(&c, 0xee, sizeof c);
    ph_command before = c;
    if (ph_command_read(bytes, size, &c) != PH_OK) {
        law(is_same(&c, &before, sizeof c), "a refused command is untouched");
        return false;
    }
    uint8_t again[PH_COMMAND_BYTES_MAX];
    law(write_command(&c, again) == size, "a command has one size");
    law(is_same(again, bytes, size), "a command has one encoding");
    law(c.seq == 0 && c.at.ns == 0, "place and stamp are not part of the bytes");
    return true;
}

static inline bool takes_event(const uint8_t *bytes, size_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    ph_event e = ph_event_read(&r);
    if (r.bad) {
        ph_event zero;
        memset(&zero, 0, sizeof zero);
        law(is_same(&e, &zero, sizeof e), "a refused event is zero");
        return false;
    }
    if (!ph_reader_done(&r)) return false;
    uint8_t again[PH_EVENT_BYTES_MAX];
    law(write_event(&e, again) == size, "an event has one size");
    law(is_same(again, bytes, size), "an event has one encoding");
    return true;
}

typedef bool (*takes)(const uint8_t *bytes, size_t size);

/* Gives every byte after the kind a random value that is still accepted, so that every field of
   the kind takes part without this test knowing the fields. */
static inline void fill(takes accepts, uint8_t *bytes, size_t size, uint64_t *seed)
{
    for (size_t i = 2; i < size; i++) {
        uint8_t before = bytes[i];
        bytes[i] = (uint8_t)next_random(seed);
        if (accepts(bytes, size)) continue;
        bytes[i] = (uint8_t)(1 + next_random(seed) % 3);
        if (!accepts(bytes, size)) bytes[i] = before;
    }
    ck_assert(accepts(bytes, size));
}

#endif
