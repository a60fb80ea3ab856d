/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/tables.h"

#include "engine/settle/tables_row.h"

static uint64_t orders_cnt(const ph_rows *rows)
{
    return rows->cnt.orders;
}

static uint64_t contracts_cnt(const ph_rows *rows)
{
    return rows->cnt.contracts;
}

static uint64_t segments_cnt(const ph_rows *rows)
{
    return rows->cnt.segments;
}

static uint64_t transfers_cnt(const ph_rows *rows)
{
    return rows->cnt.transfers;
}

static uint64_t accounts_cnt(const ph_rows *rows)
{
    return rows->cnt.accounts;
}

static bool write_market(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_OPEN_MARKET);
    if (command == NULL) return false;
    const ph_open_market *m = &command->u.open_market;
    ph_copy_text(c, m->market.s, sizeof m->market.s);
    ph_copy_text(c, m->currency, sizeof m->currency);
    ph_copy_count(c, m->rules_version);
    ph_copy_text(c, m->operator_name.s, sizeof m->operator_name.s);
    ph_copy_bytea(c, m->operator_curve_key.b, 32);
    ph_copy_bytea(c, m->operator_sign_key.b, 32);
    ph_copy_bytea(c, m->notary_sign_key.b, 32);
    ph_copy_row_end(c);
    return true;
}

static void participant(ph_copy *c, const ph_register_participant *p)
{
    ph_copy_count(c, p->id.v);
    ph_copy_text(c, p->name.s, sizeof p->name.s);
    number(c, p->roles);
    ph_copy_bytea(c, p->curve_key.b, 32);
    ph_copy_bytea(c, p->sign_key.b, 32);
    ph_copy_row_end(c);
}

static bool write_participant(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_REGISTER_PARTICIPANT);
    if (command != NULL) {
        participant(c, &command->u.participant);
        return true;
    }
    command = begin(c, rows, i, PH_CMD_OPEN_MARKET);
    if (command == NULL) return false;
    const ph_open_market *m = &command->u.open_market;
    participant(c, &(ph_register_participant){.id = {1},
                                              .roles = PH_ROLE_OPERATOR,
                                              .name = m->operator_name,
                                              .curve_key = m->operator_curve_key,
                                              .sign_key = m->operator_sign_key});
    return true;
}

static bool write_site(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_REGISTER_SITE);
    if (command == NULL) return false;
    const ph_register_site *s = &command->u.site;
    ph_copy_count(c, s->id.v);
    ph_copy_count(c, s->owner.v);
    ph_copy_text(c, s->region.s, sizeof s->region.s);
    ph_copy_text(c, s->name.s, sizeof s->name.s);
    ph_copy_i32(c, s->latitude_udeg);
    ph_copy_i32(c, s->longitude_udeg);
    ph_copy_count(c, s->racks);
    ph_copy_count(c, s->pue_ppm);
    ph_copy_row_end(c);
    return true;
}

static bool write_hardware(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_REGISTER_HARDWARE);
    if (command == NULL) return false;
    ph_copy_count(c, command->u.hardware.id.v);
    ph_copy_text(c, command->u.hardware.name.s, sizeof command->u.hardware.name.s);
    ph_copy_row_end(c);
    return true;
}

static bool write_capacity(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_REGISTER_CAPACITY);
    if (command == NULL) return false;
    const ph_register_capacity *r = &command->u.capacity;
    ph_copy_count(c, command->sender.v);
    ph_copy_numeric(c, r->reference);
    ph_copy_count(c, r->site.v);
    ph_copy_count(c, r->hardware.v);
    number(c, r->period_seconds);
    ph_copy_count(c, r->window.first);
    ph_copy_count(c, r->window.periods);
    ph_copy_count(c, r->units);
    ph_copy_row_end(c);
    return true;
}

void ph_terms_write(ph_copy *c, const ph_product_terms *p)
{
    ph_copy_text(c, p->symbol.s, sizeof p->symbol.s);
    enumeration(c, p->compute_type);
    enumeration(c, p->architecture);
    ph_copy_text(c, p->model.s, sizeof p->model.s);
    ph_copy_text(c, p->unit.s, sizeof p->unit.s);
    ph_copy_text(c, p->interconnect.s, sizeof p->interconnect.s);
    number(c, p->period_seconds);
    ph_copy_bytea(c, p->terms_hash.b, 32);
    optional(c, p->meter.v);
    const int64_t numbers[] = {
        p->hardware.v,
        p->hardware_units,
        p->gflops_fp16,
        p->gflops_fp32,
        p->gflops_fp64,
        p->memory_mib,
        p->site.v,
        p->availability_ppm,
        p->tick,
        p->lot,
        p->quantity_max,
        p->block_periods_max,
        p->horizon,
        p->gate_seconds,
        p->maker_ppm,
        p->taker_ppm,
        p->fee_at_trade_ppm,
        p->bond_fixed,
        p->bond_ppm,
        p->report_seconds,
        p->dispute_seconds,
        p->resolve_seconds,
        p->dispute_deposit,
        p->reference_price,
        p->band_ppm,
    };
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
        ph_copy_i64(c, numbers[k]);
    ph_copy_bool(c, p->attested_only);
}

static bool write_product(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_LIST_PRODUCT);
    if (command == NULL) return false;
    ph_copy_count(c, command->u.product.id.v);
    ph_terms_write(c, &command->u.product);
    ph_copy_row_end(c);
    return true;
}

static bool write_payment(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    bool is_deposit = rows->registered[i].kind == PH_CMD_DEPOSIT;
    const ph_command *command = begin(c, rows, i, is_deposit ? PH_CMD_DEPOSIT : PH_CMD_WITHDRAW);
    if (command == NULL) return false;
    const ph_payment *p = &command->u.payment;
    ph_copy_count(c, p->participant.v);
    ph_copy_i64(c, is_deposit ? p->amount : -p->amount);
    ph_copy_text(c, p->reference.s, sizeof p->reference.s);
    ph_copy_row_end(c);
    return true;
}

static void end_of_order(ph_copy *c, const ph_row_end *end)
{
    enumeration(c, end->state);
    if (end->state == PH_ROW_ORDER_CANCELLED) {
        enumeration(c, end->reason);
        ph_copy_count(c, end->cancelled);
    } else {
        ph_copy_null(c);
        ph_copy_null(c);
    }
    if (end->state == PH_ROW_ORDER_RESTING)
        ph_copy_null(c);
    else
        ph_copy_count(c, end->seq);
}

static bool write_order(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_order *o = &rows->orders[i];
    const ph_new_order *t = &o->terms;
    ph_copy_row(c);
    ph_copy_count(c, o->accepted.order.v);
    ph_copy_count(c, o->seq);
    ph_copy_count(c, o->at.ns);
    ph_copy_count(c, o->participant.v);
    ph_copy_numeric(c, t->client_order_id);
    ph_copy_count(c, t->product.v);
    enumeration(c, t->side);
    enumeration(c, t->shape);
    enumeration(c, t->time_in_force);
    enumeration(c, t->stp);
    ph_copy_bool(c, t->all_or_none);
    ph_copy_bool(c, t->post_only);
    ph_copy_count(c, t->window.first);
    ph_copy_count(c, t->window.periods);
    ph_copy_count(c, t->duration);
    ph_copy_count(c, t->quantity);
    ph_copy_i64(c, t->price);
    ph_copy_count(c, t->display_quantity);
    if (t->expire_at.ns == 0)
        ph_copy_null(c);
    else
        ph_copy_numeric(c, t->expire_at.ns);
    if (t->from_contract.v == 0)
        ph_copy_null(c);
    else
        ph_copy_numeric(c, t->from_contract.v);
    ph_copy_count(c, o->accepted.place);
    ph_copy_i64(c, o->accepted.hold);
    end_of_order(c, &o->end);
    ph_copy_row_end(c);
    return true;
}

static bool write_contract(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_contract *row = &rows->contracts[i];
    const ph_trade *t = &row->trade;
    ph_copy_row(c);
    ph_copy_count(c, t->contract.v);
    ph_copy_count(c, t->trade.v);
    ph_copy_count(c, row->seq);
    ph_copy_count(c, row->at.ns);
    ph_copy_count(c, t->product.v);
    ph_copy_count(c, t->terms_version);
    ph_copy_count(c, t->buyer.v);
    ph_copy_count(c, t->supplier.v);
    ph_copy_count(c, t->buy_order.v);
    ph_copy_count(c, t->sell_order.v);
    enumeration(c, t->taker);
    ph_copy_i64(c, t->notional);
    ph_copy_i64(c, t->buyer_fee);
    ph_copy_i64(c, t->supplier_fee);
    ph_copy_i64(c, t->buyer_fee_at_trade);
    ph_copy_i64(c, t->bond);
    number(c, t->segment_cnt);
    ph_copy_count(c, t->seller.v);
    optional(c, t->from_contract.v);
    ph_copy_i64(c, t->supplier_notional);
    ph_copy_i64(c, t->premium);
    ph_copy_i64(c, t->reseller_fee);
    const ph_product_terms *terms = ph_market_product(rows->market, t->product);
    PH_ASSERT(terms != NULL);
    ph_copy_count(c, (uint64_t)row->first * terms->period_seconds);
    ph_copy_count(c, (uint64_t)row->end * terms->period_seconds);
    ph_copy_bytea(c, row->leaf.b, sizeof row->leaf.b);
    ph_copy_row_end(c);
    return true;
}

static bool write_segment(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_segment *s = &rows->segments[i];
    ph_copy_row(c);
    ph_copy_count(c, s->contract.v);
    number(c, s->number);
    ph_copy_count(c, s->segment.window.first);
    ph_copy_count(c, s->segment.window.periods);
    ph_copy_count(c, s->segment.quantity);
    ph_copy_i64(c, s->segment.price);
    ph_copy_row_end(c);
    return true;
}

static bool write_transfer(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_transfer *t = &rows->transfers[i];
    ph_copy_row(c);
    ph_copy_count(c, t->seq);
    number(c, t->number);
    enumeration(c, t->transfer.debit.kind);
    enumeration(c, t->transfer.credit.kind);
    enumeration(c, t->transfer.reason);
    ph_copy_count(c, t->transfer.debit.id);
    ph_copy_count(c, t->transfer.credit.id);
    ph_copy_i64(c, t->transfer.amount);
    ph_copy_row_end(c);
    return true;
}

static bool write_account(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_account *a = &rows->accounts[i];
    if (!a->is_new) return false;
    ph_copy_row(c);
    enumeration(c, a->account.kind);
    ph_copy_count(c, a->account.id);
    ph_copy_i64(c, a->amount);
    ph_copy_count(c, a->moves);
    ph_copy_row_end(c);
    return true;
}

static const ph_table tables[] = {
    {"petahour.market",
     "seq, at_ns, name, currency, rules_version, operator_name, operator_curve_key, "
     "operator_sign_key, notary_sign_key",
     registered_cnt, write_market, 0},
    {"petahour.participant", "seq, at_ns, id, name, roles, curve_key, sign_key", registered_cnt,
     write_participant, 0},
    {"petahour.site",
     "seq, at_ns, id, owner, region, name, latitude_udeg, longitude_udeg, racks, "
     "pue_ppm",
     registered_cnt, write_site, 0},
    {"petahour.hardware", "seq, at_ns, id, name", registered_cnt, write_hardware, 0},
    {"petahour.capacity",
     "seq, at_ns, supplier, reference, site, hardware, period_seconds, "
     "first_period, periods, units",
     registered_cnt, write_capacity, 0},
    {"petahour.product", "seq, at_ns, id, " PH_TERMS_COLUMNS, registered_cnt, write_product, 0},
    {"petahour.payment", "seq, at_ns, participant, amount, reference", registered_cnt,
     write_payment, 0},
    {"petahour.\"order\"",
     "id, seq, at_ns, participant, client_order_id, product, side, shape, time_in_force, stp, "
     "all_or_none, post_only, first_period, periods, duration, quantity, price, "
     "display_quantity, expire_at_ns, from_contract, place, hold, state, cancel_reason, "
     "cancelled, ended_seq",
     orders_cnt, write_order, 4},
    {"petahour.contract",
     "id, trade, seq, at_ns, product, terms_version, buyer, supplier, buy_order, "
     "sell_order, taker, notional, buyer_fee, supplier_fee, buyer_fee_at_trade, "
     "bond, segments, seller, from_contract, supplier_notional, premium, "
     "reseller_fee, begins_s, ends_s, leaf",
     contracts_cnt, write_contract, 0},
    {"petahour.segment", "contract, number, first_period, periods, quantity, price", segments_cnt,
     write_segment, 0},
    {"petahour.transfer",
     "seq, number, debit_kind, credit_kind, reason, debit_id, credit_id, amount", transfers_cnt,
     write_transfer, 0},
    {"petahour.account", "kind, id, balance, moves", accounts_cnt, write_account, 4},
};

const ph_table_list ph_market_tables = {tables, sizeof tables / sizeof tables[0]};
