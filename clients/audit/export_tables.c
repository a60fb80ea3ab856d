/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/export_tables.h"

#include <string.h>

#include "engine/wire/codec.h"

static const char *const order_columns[] = {
    "order",
    "seq",
    "at_ns",
    "participant",
    "client_order_id",
    "product",
    "symbol",
    "side",
    "shape",
    "first_period",
    "periods",
    "duration",
    "quantity",
    "price_micro",
    "time_in_force",
    "expire_at_ns",
    "all_or_none",
    "post_only",
    "display_quantity",
    "stp",
    "from_contract",
    "place",
    "hold_micro",
    "unit_periods",
    "replaced",
    "last_quantity",
    "last_price_micro",
    "state",
    "reason",
    "end_seq",
    "end_at_ns",
    "trades",
    "executed_unit_periods",
    "executed_notional_micro",
    "open_unit_periods",
};

static const char *const fill_columns[] = {
    "trade",  "fill",         "seq",     "at_ns",    "contract",    "product",        "buyer",
    "seller", "first_period", "periods", "quantity", "price_micro", "notional_micro",
};

static const char *const trade_columns[] = {
    "trade",
    "seq",
    "at_ns",
    "contract",
    "product",
    "terms_version",
    "buyer",
    "seller",
    "supplier",
    "from_contract",
    "buy_order",
    "sell_order",
    "buy_client_order_id",
    "sell_client_order_id",
    "buy_leaves",
    "sell_leaves",
    "taker",
    "fills",
    "unit_periods",
    "notional_micro",
    "supplier_notional_micro",
    "premium_micro",
    "buyer_fee_micro",
    "supplier_fee_micro",
    "reseller_fee_micro",
    "buyer_fee_at_trade_micro",
    "bond_micro",
};

static const char *const contract_columns[] = {
    "contract",     "seq",          "at_ns",          "product",       "terms_version",
    "buyer",        "seller",       "supplier",       "from_contract", "resales",
    "fills",        "unit_periods", "notional_micro", "open_periods",  "first_open_period",
    "escrow_micro", "bond_micro",   "deposit_micro",  "premium_micro",
};

static const char *const transfer_columns[] = {
    "seq",         "event",     "at_ns",        "debit_kind", "debit_id",
    "credit_kind", "credit_id", "amount_micro", "reason",
};

static const char *const delivery_columns[] = {
    "seq",
    "event",
    "at_ns",
    "contract",
    "period",
    "step",
    "by",
    "cause",
    "figure_unit_seconds",
    "promised_unit_seconds",
    "due_ns",
};

static const char *const reject_columns[] = {
    "seq",    "at_ns", "participant", "request",         "command", "code",
    "reject", "arg0",  "arg1",        "client_order_id", "member",  "order",
};

static const char *const account_columns[] = {"kind", "id", "balance_micro"};

#define TABLE(name, columns)                              \
    {                                                     \
        name, columns, sizeof columns / sizeof columns[0] \
    }
static const struct {
    const char *name;
    const char *const *columns;
    uint32_t column_cnt;
} tables[PH_TABLE_CNT] = {
    [PH_TABLE_ORDERS] = TABLE("orders", order_columns),
    [PH_TABLE_FILLS] = TABLE("fills", fill_columns),
    [PH_TABLE_TRADES] = TABLE("trades", trade_columns),
    [PH_TABLE_CONTRACTS] = TABLE("contracts", contract_columns),
    [PH_TABLE_TRANSFERS] = TABLE("transfers", transfer_columns),
    [PH_TABLE_DELIVERIES] = TABLE("deliveries", delivery_columns),
    [PH_TABLE_REJECTS] = TABLE("rejects", reject_columns),
    [PH_TABLE_ACCOUNTS] = TABLE("accounts", account_columns),
};

const char *ph_table_name(ph_table table)
{
    return tables[table].name;
}

ph_table ph_table_of(const char *name)
{
    int t = 0;
    while (t < PH_TABLE_CNT && strcmp(tables[t].name, name) != 0)
        t++;
    return (ph_table)t;
}

ph_row ph_table_begin(ph_table table, FILE *to, ph_row_form form)
{
    return ph_row_begin(to, form, tables[table].columns, tables[table].column_cnt);
}

/* 0 is the number of nothing. */
static void put_id(ph_row *r, uint64_t id)
{
    if (id == 0)
        ph_row_none(r);
    else
        ph_row_u64(r, id);
}

static void put_stamp(ph_row *r, const ph_replay_record *record)
{
    ph_row_u64(r, record->command.seq);
    ph_row_u64(r, record->command.at.ns);
}

/* A sum of 128 bits; what one order executes fits 63, but for an order that was replaced for
   ever. */
static void put_wide(ph_row *r, ph_wide v)
{
    ph_money narrow;
    if (ph_money_narrow(v, &narrow))
        ph_row_i64(r, narrow);
    else
        ph_row_none(r);
}

static void put_terms(ph_row *r, const ph_market *m, const ph_new_order *o)
{
    const ph_product_terms *p = ph_market_product(m, o->product);
    ph_row_u64(r, o->product.v);
    ph_row_text(r, p == NULL ? "" : p->symbol.s);
    ph_row_text(r, ph_side_name(o->side));
    ph_row_text(r, ph_shape_name(o->shape));
    ph_row_u64(r, o->window.first);
    ph_row_u64(r, o->window.periods);
    put_id(r, o->duration);
    ph_row_u64(r, o->quantity);
    ph_row_i64(r, o->price);
    ph_row_text(r, ph_time_in_force_name(o->time_in_force));
    put_id(r, o->expire_at.ns);
    ph_row_bool(r, o->all_or_none);
    ph_row_bool(r, o->post_only);
    put_id(r, o->display_quantity);
    ph_row_text(r, ph_stp_name(o->stp));
    put_id(r, o->from_contract.v);
}

void ph_export_order(ph_row *r, const ph_market *m, const ph_live_order *o)
{
    ph_row_u64(r, o->by.a);
    ph_row_u64(r, o->seq);
    ph_row_u64(r, o->at.ns);
    ph_row_u64(r, o->participant.v);
    ph_row_u64(r, o->terms.client_order_id);
    put_terms(r, m, &o->terms);
    ph_row_u64(r, o->accepted.place);
    ph_row_i64(r, o->accepted.hold);
    ph_row_u64(r, o->offered);
    ph_row_u64(r, o->replaced_cnt);
    ph_row_u64(r, o->quantity);
    ph_row_i64(r, o->price);
    ph_row_text(r, ph_order_state_name(o->state));
    if (o->state == PH_ORDER_CANCELLED)
        ph_row_text(r, ph_cancel_reason_name(o->reason));
    else
        ph_row_none(r);
    put_id(r, o->end_seq);
    put_id(r, o->end_at.ns);
    ph_row_u64(r, o->trade_cnt);
    ph_row_u64(r, o->executed);
    put_wide(r, o->notional);
    ph_row_u64(r, o->open);
    ph_row_end(r);
}

void ph_export_fills(ph_row *r, const ph_live_trade *t)
{
    for (uint32_t i = 0; i < t->trade->segment_cnt; i++) {
        const ph_segment *s = &t->segments[i].u.segment;
        ph_row_u64(r, t->trade->trade.v);
        ph_row_u64(r, i + 1);
        put_stamp(r, t->record);
        ph_row_u64(r, t->trade->contract.v);
        ph_row_u64(r, t->trade->product.v);
        ph_row_u64(r, t->trade->buyer.v);
        ph_row_u64(r, t->trade->seller.v);
        ph_row_u64(r, s->window.first);
        ph_row_u64(r, s->window.periods);
        ph_row_u64(r, s->quantity);
        ph_row_i64(r, s->price);
        put_wide(r, (ph_wide)s->price * s->quantity * s->window.periods);
        ph_row_end(r);
    }
}

void ph_export_trade(ph_row *r, const ph_live_trade *t)
{
    const ph_trade *e = t->trade;
    ph_row_u64(r, e->trade.v);
    put_stamp(r, t->record);
    ph_row_u64(r, e->contract.v);
    ph_row_u64(r, e->product.v);
    ph_row_u64(r, e->terms_version);
    ph_row_u64(r, e->buyer.v);
    ph_row_u64(r, e->seller.v);
    ph_row_u64(r, e->supplier.v);
    put_id(r, e->from_contract.v);
    ph_row_u64(r, e->buy_order.v);
    ph_row_u64(r, e->sell_order.v);
    ph_row_u64(r, e->buy_client_order_id);
    ph_row_u64(r, e->sell_client_order_id);
    ph_row_u64(r, e->buy_leaves);
    ph_row_u64(r, e->sell_leaves);
    ph_row_text(r, ph_side_name(e->taker));
    ph_row_u64(r, e->segment_cnt);
    ph_row_u64(r, t->unit_periods);
    ph_row_i64(r, e->notional);
    ph_row_i64(r, e->supplier_notional);
    ph_row_i64(r, e->premium);
    ph_row_i64(r, e->buyer_fee);
    ph_row_i64(r, e->supplier_fee);
    ph_row_i64(r, e->reseller_fee);
    ph_row_i64(r, e->buyer_fee_at_trade);
    ph_row_i64(r, e->bond);
    ph_row_end(r);
}

void ph_export_contract(ph_row *r, const ph_market *m, ph_contract_id id, const ph_concluded *c)
{
    static const ph_account_kind kinds[] = {PH_ACCOUNT_ESCROW, PH_ACCOUNT_BOND, PH_ACCOUNT_DEPOSIT,
                                            PH_ACCOUNT_PREMIUM};
    ph_contract_facts f = {.resales = 0};
    (void)ph_market_contract(m, id, &f); /* a trade concluded it */
    ph_row_u64(r, id.v);
    ph_row_u64(r, c->seq);
    ph_row_u64(r, c->at.ns);
    ph_row_u64(r, f.product.v);
    ph_row_u64(r, f.terms_version);
    ph_row_u64(r, f.buyer.v);
    ph_row_u64(r, c->seller.v);
    ph_row_u64(r, f.supplier.v);
    put_id(r, f.from_contract.v);
    ph_row_u64(r, f.resales);
    ph_row_u64(r, c->fill_cnt);
    ph_row_u64(r, c->unit_periods);
    ph_row_i64(r, c->notional);
    ph_row_u64(r, f.open_periods);
    if (f.open_periods == 0)
        ph_row_none(r);
    else
        ph_row_u64(r, f.first_open);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        ph_row_i64(r, ph_market_balance(m, (ph_account){kinds[i], id.v}));
    ph_row_end(r);
}

void ph_export_transfer(ph_row *r, const ph_replay_record *record, uint32_t i)
{
    if (record->events[i].kind != PH_EVT_TRANSFER) return;
    const ph_transfer *e = &record->events[i].u.transfer;
    ph_row_u64(r, record->command.seq);
    ph_row_u64(r, i + 1);
    ph_row_u64(r, record->command.at.ns);
    ph_row_text(r, ph_account_kind_name(e->debit.kind));
    ph_row_u64(r, e->debit.id);
    ph_row_text(r, ph_account_kind_name(e->credit.kind));
    ph_row_u64(r, e->credit.id);
    ph_row_i64(r, e->amount);
    ph_row_text(r, ph_transfer_reason_name(e->reason));
    ph_row_end(r);
}

static void put_step(ph_row *r, const ph_delivery_event *e)
{
    ph_row_u64(r, e->contract.v);
    ph_row_u64(r, e->period);
    ph_row_text(r, ph_delivery_step_name(e->step));
    put_id(r, e->by.v);
    ph_row_none(r);
    ph_row_u64(r, e->figure);
    ph_row_none(r);
    ph_row_u64(r, e->due.ns);
}

static void put_final(ph_row *r, const ph_delivery_final *e)
{
    ph_row_u64(r, e->contract.v);
    ph_row_u64(r, e->period);
    ph_row_text(r, "FINAL");
    ph_row_none(r);
    ph_row_text(r, ph_final_cause_name(e->cause));
    ph_row_u64(r, e->delivered);
    ph_row_u64(r, e->promised);
    ph_row_none(r);
}

void ph_export_delivery(ph_row *r, const ph_replay_record *record, uint32_t i)
{
    const ph_event *e = &record->events[i];
    if (e->kind != PH_EVT_DELIVERY && e->kind != PH_EVT_DELIVERY_FINAL) return;
    ph_row_u64(r, record->command.seq);
    ph_row_u64(r, i + 1);
    ph_row_u64(r, record->command.at.ns);
    if (e->kind == PH_EVT_DELIVERY)
        put_step(r, &e->u.delivery);
    else
        put_final(r, &e->u.delivery_final);
    ph_row_end(r);
}

void ph_export_reject(ph_row *r, const ph_replay_record *record, uint32_t i)
{
    if (record->events[i].kind != PH_EVT_REJECTED) return;
    const ph_rejected *e = &record->events[i].u.rejected;
    put_stamp(r, record);
    put_id(r, record->command.sender.v);
    ph_row_u64(r, record->command.request);
    ph_row_text(r, ph_command_kind_name(e->command));
    ph_row_u64(r, e->code);
    ph_row_text(r, ph_reject_name(e->code));
    ph_row_i64(r, e->arg0);
    ph_row_i64(r, e->arg1);
    put_id(r, e->client_order_id);
    put_id(r, e->member);
    put_id(r, e->order.v);
    ph_row_end(r);
}

void ph_export_account(ph_row *r, ph_account account, ph_money balance)
{
    ph_row_text(r, ph_account_kind_name(account.kind));
    ph_row_u64(r, account.id);
    ph_row_i64(r, balance);
    ph_row_end(r);
}
