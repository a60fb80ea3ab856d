/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/tables_row.h - what the functions that write rows of tables have in common.

    Owns      nothing: writes to the copy of the caller. */
#ifndef ENGINE_SETTLE_TABLES_ROW_H
#define ENGINE_SETTLE_TABLES_ROW_H

#include "engine/base/panic.h"
#include "engine/settle/tables.h"

static inline uint64_t registered_cnt(const ph_rows *rows)
{
    return rows->cnt.registered;
}

static inline uint64_t events_cnt(const ph_rows *rows)
{
    return rows->cnt.events;
}

/* Begins the row of a command if it is of this kind: most tables start with seq and at_ns. */
static inline const ph_command *begin(ph_copy *c, const ph_rows *rows, uint64_t i,
                                      ph_command_kind kind)
{
    const ph_command *command = &rows->registered[i];
    if (command->kind != kind) return NULL;
    ph_copy_row(c);
    ph_copy_count(c, command->seq);
    ph_copy_count(c, command->at.ns);
    return command;
}

/* Begins the row of an event if it is of this kind: seq, number, at_ns. */
static inline const ph_event *begin_event(ph_copy *c, const ph_rows *rows, uint64_t i,
                                          ph_event_kind kind)
{
    const ph_row_event *e = &rows->events[i];
    if (e->event.kind != kind) return NULL;
    ph_copy_row(c);
    ph_copy_count(c, e->seq);
    ph_copy_i32(c, (int32_t)e->number);
    ph_copy_count(c, e->at.ns);
    return &e->event;
}

static inline void enumeration(ph_copy *c, uint32_t v)
{
    PH_ASSERT(v <= INT16_MAX);
    ph_copy_i16(c, (int16_t)v);
}

static inline void number(ph_copy *c, uint64_t v)
{
    PH_ASSERT(v <= INT32_MAX);
    ph_copy_i32(c, (int32_t)v);
}

/* NULL for an id that is not given. */
static inline void optional(ph_copy *c, uint64_t id)
{
    if (id == 0)
        ph_copy_null(c);
    else
        ph_copy_count(c, id);
}

/* The columns of PH_TERMS_COLUMNS. */
void ph_terms_write(ph_copy *c, const ph_product_terms *p);

#define PH_TERMS_COLUMNS                                                                        \
    "symbol, compute_type, architecture, model, unit, interconnect, period_seconds, "           \
    "terms_hash, meter, hardware, hardware_units, gflops_fp16, gflops_fp32, gflops_fp64, "      \
    "memory_mib, site, availability_ppm, tick, lot, quantity_max, block_periods_max, horizon, " \
    "gate_seconds, maker_ppm, taker_ppm, fee_at_trade_ppm, bond_fixed, bond_ppm, "              \
    "report_seconds, dispute_seconds, resolve_seconds, dispute_deposit, reference_price, "      \
    "band_ppm, attested_only"

#endif
