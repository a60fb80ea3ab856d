/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/export_tables.h - the tables of an export: their columns and how a row is made.

    README.md has every column; money columns end in _micro, times in _ns.

    Owns      nothing.
    Thread    one. */
#ifndef CLIENTS_AUDIT_EXPORT_TABLES_H
#define CLIENTS_AUDIT_EXPORT_TABLES_H

#include "clients/audit/live_orders.h"
#include "clients/audit/row.h"

typedef enum {
    PH_TABLE_ORDERS,
    PH_TABLE_FILLS,
    PH_TABLE_TRADES,
    PH_TABLE_CONTRACTS,
    PH_TABLE_TRANSFERS,
    PH_TABLE_DELIVERIES,
    PH_TABLE_REJECTS,
    PH_TABLE_ACCOUNTS,
    PH_TABLE_CNT,
} ph_table;

/* "orders"; a table is a file of this name. */
const char *ph_table_name(ph_table table);

/* A table of that name; PH_TABLE_CNT if there is none. */
ph_table ph_table_of(const char *name);

/* Begins a table with its columns. */
ph_row ph_table_begin(ph_table table, FILE *to, ph_row_form form);

/* What a contract was concluded with; the rest of its row is what the market knows at the end. */
typedef struct {
    uint64_t seq;
    ph_time at;
    uint64_t unit_periods;
    ph_money notional;
    ph_participant_id seller;
    uint32_t fill_cnt;
} ph_concluded;

void ph_export_order(ph_row *r, const ph_market *m, const ph_live_order *o);
void ph_export_fills(ph_row *r, const ph_live_trade *t);
void ph_export_trade(ph_row *r, const ph_live_trade *t);
void ph_export_contract(ph_row *r, const ph_market *m, ph_contract_id id, const ph_concluded *c);
/* Event i of the record, of the kind that the table is of; nothing for others. */
void ph_export_transfer(ph_row *r, const ph_replay_record *record, uint32_t i);
void ph_export_delivery(ph_row *r, const ph_replay_record *record, uint32_t i);
void ph_export_reject(ph_row *r, const ph_replay_record *record, uint32_t i);
void ph_export_account(ph_row *r, ph_account account, ph_money balance);

#endif
