/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/tables_row.h"

static bool write_access(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_HAND_OVER_ACCESS);
    if (command == NULL) return false;
    ph_copy_count(c, command->u.access.contract.v);
    ph_copy_bytea(c, command->u.access.sealed, command->u.access.size);
    ph_copy_row_end(c);
    return true;
}

static bool write_report(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_REPORT_DELIVERY);
    if (command == NULL) return false;
    const ph_report_delivery *r = &command->u.report;
    ph_copy_count(c, r->contract.v);
    ph_copy_count(c, r->period);
    ph_copy_count(c, command->sender.v);
    ph_copy_count(c, r->delivered);
    if (r->energy_wh == 0)
        ph_copy_null(c);
    else
        ph_copy_numeric(c, r->energy_wh);
    ph_copy_bytea(c, r->signature.b, 64);
    ph_copy_row_end(c);
    return true;
}

static bool write_confirmation(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_CONFIRM_DELIVERY);
    if (command == NULL) return false;
    ph_copy_count(c, command->u.confirmation.contract.v);
    ph_copy_count(c, command->u.confirmation.period);
    ph_copy_count(c, command->sender.v);
    ph_copy_row_end(c);
    return true;
}

static bool figure(ph_copy *c, const ph_rows *rows, uint64_t i, ph_command_kind kind)
{
    const ph_command *command = begin(c, rows, i, kind);
    if (command == NULL) return false;
    ph_copy_count(c, command->u.figure.contract.v);
    ph_copy_count(c, command->u.figure.period);
    ph_copy_count(c, command->sender.v);
    ph_copy_count(c, command->u.figure.delivered);
    ph_copy_row_end(c);
    return true;
}

static bool write_dispute(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    return figure(c, rows, i, PH_CMD_DISPUTE_DELIVERY);
}

static bool write_resolution(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    return figure(c, rows, i, PH_CMD_RESOLVE_DISPUTE);
}

static bool write_step(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_event *e = begin_event(c, rows, i, PH_EVT_DELIVERY);
    if (e == NULL) return false;
    const ph_delivery_event *d = &e->u.delivery;
    ph_copy_count(c, d->contract.v);
    ph_copy_count(c, d->period);
    enumeration(c, d->step);
    optional(c, d->by.v);
    ph_copy_count(c, d->figure);
    ph_copy_count(c, d->due.ns);
    ph_copy_row_end(c);
    return true;
}

static bool write_final(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_event *row = &rows->events[i];
    const ph_event *e = begin_event(c, rows, i, PH_EVT_DELIVERY_FINAL);
    if (e == NULL) return false;
    const ph_delivery_final *f = &e->u.delivery_final;
    ph_copy_count(c, f->contract.v);
    ph_copy_count(c, f->period);
    enumeration(c, f->cause);
    ph_copy_count(c, f->delivered);
    ph_copy_count(c, f->promised);
    number(c, row->first_transfer);
    number(c, row->transfers);
    ph_copy_row_end(c);
    return true;
}

static const ph_table tables[] = {
    {"petahour.access", "seq, at_ns, contract, sealed", registered_cnt, write_access, 0},
    {"petahour.delivery_report",
     "seq, at_ns, contract, period, reporter, delivered, energy_wh, signature", registered_cnt,
     write_report, 0},
    {"petahour.confirmation", "seq, at_ns, contract, period, buyer", registered_cnt,
     write_confirmation, 0},
    {"petahour.dispute", "seq, at_ns, contract, period, claimant, claim", registered_cnt,
     write_dispute, 0},
    {"petahour.resolution", "seq, at_ns, contract, period, operator, delivered", registered_cnt,
     write_resolution, 0},
    {"petahour.delivery_step", "seq, number, at_ns, contract, period, step, by, figure, due_ns",
     events_cnt, write_step, 0},
    {"petahour.delivery_final",
     "seq, number, at_ns, contract, period, cause, delivered, promised, first_transfer, transfers",
     events_cnt, write_final, 0},
};

const ph_table_list ph_delivery_tables = {tables, sizeof tables / sizeof tables[0]};
