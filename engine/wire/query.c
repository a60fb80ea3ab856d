/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/query.h"

#include "engine/base/panic.h"
#include "engine/wire/codec.h"

#include <string.h>

enum { ORDER_BYTES_MAX = 128, PARTS_MAX = 7 };

/* ---- Parts --------------------------------------------------------------------------------- */

static void write_order(ph_writer *w, const ph_new_order *o)
{
    uint8_t bytes[ORDER_BYTES_MAX];
    ph_writer own = ph_writer_of(bytes, sizeof bytes);
    ph_command c = {.kind = PH_CMD_NEW_ORDER, .u.order = *o};
    ph_command_write(&own, &c);
    PH_ASSERT(!own.full);
    ph_write_u16(w, (uint16_t)ph_writer_size(&own));
    ph_write_bytes(w, bytes, ph_writer_size(&own));
}

static void read_order(ph_reader *r, ph_new_order *ret)
{
    uint8_t bytes[ORDER_BYTES_MAX];
    ph_command c;
    uint16_t size = ph_read_u16(r);
    if (size > sizeof bytes) r->bad = true;
    if (!r->bad) ph_read_bytes(r, bytes, size);
    if (!r->bad && ph_command_read(bytes, size, &c) == PH_OK && c.kind == PH_CMD_NEW_ORDER &&
        c.sender.v == 0 && c.request == 0)
        *ret = c.u.order;
    else
        r->bad = true;
}

static bool read_bool(ph_reader *r)
{
    uint8_t v = ph_read_u8(r);
    if (v > 1) r->bad = true;
    return v == 1;
}

static bool read_kind(ph_reader *r, ph_query_kind *ret)
{
    uint8_t kind = ph_read_u8(r);
    *ret = (ph_query_kind)kind;
    return !r->bad && kind >= PH_QUERY_PREVIEW && kind <= PH_QUERY_KIND_MAX;
}

static uint8_t read_up_to(ph_reader *r, uint8_t max)
{
    uint8_t v = ph_read_u8(r);
    if (v > max) r->bad = true;
    return v;
}

static ph_window read_window(ph_reader *r)
{
    ph_window w;
    w.first = ph_read_u32(r);
    w.periods = ph_read_u32(r);
    return w;
}

static void write_window(ph_writer *w, ph_window window)
{
    ph_write_u32(w, window.first);
    ph_write_u32(w, window.periods);
}

/* ---- Questions ----------------------------------------------------------------------------- */

void ph_query_write(ph_writer *w, uint64_t tag, const ph_query *q)
{
    ph_write_u64(w, tag);
    ph_write_u8(w, (uint8_t)q->kind);
    ph_write_u32(w, q->who.v);
    switch (q->kind) {
    case PH_QUERY_PREVIEW: write_order(w, &q->order); return;
    case PH_QUERY_WHY:
        ph_write_u64(w, q->order_id.v);
        if (q->order_id.v == 0) write_order(w, &q->order);
        return;
    case PH_QUERY_DEPTH:
        ph_write_u32(w, q->product.v);
        ph_write_u8(w, (uint8_t)q->side);
        ph_write_u32(w, q->periods);
        write_window(w, q->starts);
        ph_write_i64(w, q->limit);
        ph_write_u8(w, q->without_own);
        return;
    case PH_QUERY_ORDERS:
        ph_write_u64(w, q->order_id.v);
        ph_write_u64(w, q->after);
        return;
    case PH_QUERY_POSITIONS: ph_write_u64(w, q->after); return;
    case PH_QUERY_BALANCES: return;
    case PH_QUERY_STATUS:
        ph_write_u64(w, q->order_id.v);
        ph_write_u64(w, q->client_order_id);
        return;
    case PH_QUERY_CONTRACTS:
        ph_write_u64(w, q->after);
        ph_write_u32(w, q->product.v);
        ph_write_u8(w, q->open_only);
        return;
    case PH_QUERY_STATEMENT:
        ph_write_u32(w, q->first_day);
        ph_write_u32(w, q->days);
        return;
    }
    ph_panic("question of unknown kind", __FILE__, __LINE__);
}

static void read_depth(ph_reader *r, ph_query *q)
{
    q->product.v = ph_read_u32(r);
    q->side = (ph_side)ph_read_u8(r);
    if (q->side != PH_SIDE_BUY && q->side != PH_SIDE_SELL) r->bad = true;
    q->periods = ph_read_u32(r);
    q->starts = read_window(r);
    if (q->starts.periods == 0 || q->starts.periods > PH_QUERY_STARTS_MAX) r->bad = true;
    q->limit = ph_read_i64(r);
    q->without_own = read_bool(r);
}

ph_status ph_query_read(const void *bytes, size_t size, uint64_t *ret_tag, ph_query *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    memset(ret, 0, sizeof *ret);
    *ret_tag = ph_read_u64(&r);
    if (!read_kind(&r, &ret->kind)) return PH_ECORRUPT;
    ret->who.v = ph_read_u32(&r);
    switch (ret->kind) {
    case PH_QUERY_PREVIEW: read_order(&r, &ret->order); break;
    case PH_QUERY_WHY:
        ret->order_id.v = ph_read_u64(&r);
        if (ret->order_id.v == 0) read_order(&r, &ret->order);
        break;
    case PH_QUERY_DEPTH: read_depth(&r, ret); break;
    case PH_QUERY_ORDERS:
        ret->order_id.v = ph_read_u64(&r);
        ret->after = ph_read_u64(&r);
        break;
    case PH_QUERY_POSITIONS: ret->after = ph_read_u64(&r); break;
    case PH_QUERY_BALANCES: break;
    case PH_QUERY_STATUS:
        ret->order_id.v = ph_read_u64(&r);
        ret->client_order_id = ph_read_u64(&r);
        if ((ret->order_id.v == 0) == (ret->client_order_id == 0)) r.bad = true;
        break;
    case PH_QUERY_CONTRACTS:
        ret->after = ph_read_u64(&r);
        ret->product.v = ph_read_u32(&r);
        ret->open_only = read_bool(&r);
        break;
    case PH_QUERY_STATEMENT:
        ret->first_day = ph_read_u32(&r);
        ret->days = ph_read_u32(&r);
        if (ret->days == 0) r.bad = true;
        break;
    }
    return ph_reader_done(&r) ? PH_OK : PH_ECORRUPT;
}

/* ---- Answers ------------------------------------------------------------------------------- */

static void write_preview(ph_writer *w, const ph_answer *a)
{
    const ph_answer_preview *p = &a->u.preview;
    ph_write_u16(w, (uint16_t)p->reject);
    ph_write_i64(w, p->arg0);
    ph_write_i64(w, p->arg1);
    ph_write_i64(w, p->hold);
    ph_write_i64(w, p->hold_after);
    ph_write_u64(w, p->executed);
    ph_write_u64(w, p->left);
    ph_write_u8(w, (uint8_t)p->ends);
    ph_write_i64(w, p->notional);
    ph_write_i64(w, p->fee);
    ph_write_i64(w, p->fee_at_trade);
    ph_write_i64(w, p->bond);
    ph_write_u32(w, p->contracts);
    ph_write_u32(w, p->fill_cnt);
    ph_write_i64(w, p->average);
    for (uint32_t i = 0; i < a->cnt; i++) {
        ph_write_u32(w, a->rows.fills[i].period);
        ph_write_i64(w, a->rows.fills[i].price);
        ph_write_u64(w, a->rows.fills[i].units);
    }
}

static void read_preview(ph_reader *r, ph_answer *a)
{
    ph_answer_preview *p = &a->u.preview;
    p->reject = (ph_reject)ph_read_u16(r);
    p->arg0 = ph_read_i64(r);
    p->arg1 = ph_read_i64(r);
    p->hold = ph_read_i64(r);
    p->hold_after = ph_read_i64(r);
    p->executed = ph_read_u64(r);
    p->left = ph_read_u64(r);
    p->ends = (ph_cancel_reason)read_up_to(r, PH_CANCEL_REASON_MAX);
    p->notional = ph_read_i64(r);
    p->fee = ph_read_i64(r);
    p->fee_at_trade = ph_read_i64(r);
    p->bond = ph_read_i64(r);
    p->contracts = ph_read_u32(r);
    p->fill_cnt = ph_read_u32(r);
    p->average = ph_read_i64(r);
    if (a->cnt > PH_QUERY_FILLS_MAX) r->bad = true;
    for (uint32_t i = 0; i < a->cnt && !r->bad; i++) {
        a->rows.fills[i].period = ph_read_u32(r);
        a->rows.fills[i].price = ph_read_i64(r);
        a->rows.fills[i].units = ph_read_u64(r);
    }
}

static void write_why(ph_writer *w, const ph_answer *a)
{
    const ph_answer_why *y = &a->u.why;
    ph_write_u16(w, (uint16_t)y->reject);
    ph_write_u8(w, y->is_unknown);
    ph_write_u8(w, y->fills);
    ph_write_i64(w, y->price);
    ph_write_u16(w, (uint16_t)y->price_reject);
    ph_write_u32(w, y->quantity);
    ph_write_u8(w, y->more_quantities);
    ph_write_u8(w, y->has_start);
    ph_write_u32(w, y->start);
    ph_write_u8(w, y->more_starts);
    for (uint32_t i = 0; i < a->cnt; i++)
        ph_write_u32(w, a->rows.products[i].v);
}

static void read_why(ph_reader *r, ph_answer *a)
{
    ph_answer_why *y = &a->u.why;
    y->reject = (ph_reject)ph_read_u16(r);
    y->is_unknown = read_bool(r);
    y->fills = read_bool(r);
    y->price = ph_read_i64(r);
    y->price_reject = (ph_reject)ph_read_u16(r);
    y->quantity = ph_read_u32(r);
    y->more_quantities = read_bool(r);
    y->has_start = read_bool(r);
    y->start = ph_read_u32(r);
    y->more_starts = read_bool(r);
    if (a->cnt > PH_QUERY_PRODUCTS_MAX) r->bad = true;
    for (uint32_t i = 0; i < a->cnt && !r->bad; i++)
        a->rows.products[i].v = ph_read_u32(r);
}

static void write_position(ph_writer *w, const ph_answer_position *p)
{
    ph_write_u64(w, p->contract.v);
    ph_write_u64(w, p->from_contract.v);
    ph_write_u32(w, p->product.v);
    ph_write_u32(w, p->terms_version);
    ph_write_u32(w, p->buyer.v);
    ph_write_u32(w, p->supplier.v);
    write_window(w, p->window);
    ph_write_u32(w, p->quantity);
    ph_write_u32(w, p->offered);
    ph_write_u8(w, p->state);
    ph_write_u64(w, p->reported);
    ph_write_u64(w, p->due.ns);
}

static void read_position(ph_reader *r, ph_answer_position *p)
{
    p->contract.v = ph_read_u64(r);
    p->from_contract.v = ph_read_u64(r);
    p->product.v = ph_read_u32(r);
    p->terms_version = ph_read_u32(r);
    p->buyer.v = ph_read_u32(r);
    p->supplier.v = ph_read_u32(r);
    p->window = read_window(r);
    p->quantity = ph_read_u32(r);
    p->offered = ph_read_u32(r);
    p->state = ph_read_u8(r);
    if (p->state < 1 || p->state > 3) r->bad = true;
    p->reported = ph_read_u64(r);
    p->due.ns = ph_read_u64(r);
}

static void write_balances(ph_writer *w, const ph_answer_balances *b)
{
    ph_write_i64(w, b->cash);
    ph_write_i64(w, b->held);
    ph_write_i64(w, b->escrow);
    ph_write_i64(w, b->bond);
    ph_write_i64(w, b->deposits);
    ph_write_i64(w, b->premiums);
    ph_write_u32(w, b->orders);
    ph_write_u32(w, b->contracts);
}

static void read_balances(ph_reader *r, ph_answer_balances *b)
{
    b->cash = ph_read_i64(r);
    b->held = ph_read_i64(r);
    b->escrow = ph_read_i64(r);
    b->bond = ph_read_i64(r);
    b->deposits = ph_read_i64(r);
    b->premiums = ph_read_i64(r);
    b->orders = ph_read_u32(r);
    b->contracts = ph_read_u32(r);
}

static void write_status(ph_writer *w, const ph_answer_status *s)
{
    ph_write_u8(w, (uint8_t)s->outcome);
    ph_write_u64(w, s->order.v);
    ph_write_u64(w, s->client_order_id);
    ph_write_u32(w, s->product.v);
    ph_write_u8(w, (uint8_t)s->side);
    ph_write_u8(w, (uint8_t)s->shape);
    write_window(w, s->window);
    ph_write_u32(w, s->duration);
    ph_write_i64(w, s->price);
    ph_write_u32(w, s->quantity);
    ph_write_u64(w, s->unit_periods);
    ph_write_u64(w, s->executed);
    ph_write_u64(w, s->leaves);
    ph_write_u64(w, s->accepted_seq);
    ph_write_u64(w, s->ended_seq);
    ph_write_u64(w, s->accepted_at.ns);
    ph_write_u64(w, s->ended_at.ns);
    ph_write_u8(w, (uint8_t)s->reason);
    ph_write_u16(w, (uint16_t)s->reject);
    ph_write_i64(w, s->arg0);
    ph_write_i64(w, s->arg1);
    ph_write_u64(w, s->failed);
    ph_write_u64(w, s->last_client_order_id);
}

static void read_status(ph_reader *r, ph_answer_status *s)
{
    s->outcome = (ph_outcome)read_up_to(r, PH_OUTCOME_MAX);
    if (s->outcome == 0) r->bad = true;
    s->order.v = ph_read_u64(r);
    s->client_order_id = ph_read_u64(r);
    s->product.v = ph_read_u32(r);
    s->side = (ph_side)read_up_to(r, PH_SIDE_SELL);
    s->shape = (ph_shape)read_up_to(r, PH_SHAPE_FLEX);
    s->window = read_window(r);
    s->duration = ph_read_u32(r);
    s->price = ph_read_i64(r);
    s->quantity = ph_read_u32(r);
    s->unit_periods = ph_read_u64(r);
    s->executed = ph_read_u64(r);
    s->leaves = ph_read_u64(r);
    s->accepted_seq = ph_read_u64(r);
    s->ended_seq = ph_read_u64(r);
    s->accepted_at.ns = ph_read_u64(r);
    s->ended_at.ns = ph_read_u64(r);
    s->reason = (ph_cancel_reason)read_up_to(r, PH_CANCEL_REASON_MAX);
    s->reject = (ph_reject)ph_read_u16(r);
    s->arg0 = ph_read_i64(r);
    s->arg1 = ph_read_i64(r);
    s->failed = ph_read_u64(r);
    s->last_client_order_id = ph_read_u64(r);
}

static void write_contract(ph_writer *w, const ph_answer_contract *c)
{
    ph_write_u64(w, c->contract.v);
    ph_write_u64(w, c->from_contract.v);
    ph_write_u32(w, c->product.v);
    ph_write_u32(w, c->terms_version);
    ph_write_u8(w, c->parts);
    ph_write_u32(w, c->buyer.v);
    ph_write_u32(w, c->supplier.v);
    ph_write_u32(w, c->seller.v);
    ph_write_u64(w, c->concluded_seq);
    ph_write_u64(w, c->concluded_at.ns);
    write_window(w, c->window);
    ph_write_i64(w, c->notional);
    ph_write_u64(w, c->unit_periods);
    ph_write_u64(w, c->open);
    ph_write_u64(w, c->resold);
    ph_write_u64(w, c->delivered);
    ph_write_i64(w, c->paid);
    ph_write_i64(w, c->supplier_fee);
    ph_write_i64(w, c->refunded);
    ph_write_i64(w, c->penalty);
    ph_write_i64(w, c->compensation);
    ph_write_u64(w, c->ended_seq);
    ph_write_u64(w, c->ended_at.ns);
}

static void read_contract(ph_reader *r, ph_answer_contract *c)
{
    c->contract.v = ph_read_u64(r);
    c->from_contract.v = ph_read_u64(r);
    c->product.v = ph_read_u32(r);
    c->terms_version = ph_read_u32(r);
    c->parts = read_up_to(r, PARTS_MAX);
    c->buyer.v = ph_read_u32(r);
    c->supplier.v = ph_read_u32(r);
    c->seller.v = ph_read_u32(r);
    c->concluded_seq = ph_read_u64(r);
    c->concluded_at.ns = ph_read_u64(r);
    c->window = read_window(r);
    c->notional = ph_read_i64(r);
    c->unit_periods = ph_read_u64(r);
    c->open = ph_read_u64(r);
    c->resold = ph_read_u64(r);
    c->delivered = ph_read_u64(r);
    c->paid = ph_read_i64(r);
    c->supplier_fee = ph_read_i64(r);
    c->refunded = ph_read_i64(r);
    c->penalty = ph_read_i64(r);
    c->compensation = ph_read_i64(r);
    c->ended_seq = ph_read_u64(r);
    c->ended_at.ns = ph_read_u64(r);
}

static void write_contracts(ph_writer *w, const ph_answer *a)
{
    ph_write_u64(w, a->u.contracts.last);
    ph_write_u64(w, a->u.contracts.dropped);
    ph_write_u64(w, a->u.contracts.last_dropped);
    for (uint32_t i = 0; i < a->cnt; i++)
        write_contract(w, &a->rows.contracts[i]);
}

static void read_contracts(ph_reader *r, ph_answer *a)
{
    a->u.contracts.last = ph_read_u64(r);
    a->u.contracts.dropped = ph_read_u64(r);
    a->u.contracts.last_dropped = ph_read_u64(r);
    if (a->cnt > PH_QUERY_CONTRACTS_MAX) r->bad = true;
    for (uint32_t i = 0; i < a->cnt && !r->bad; i++)
        read_contract(r, &a->rows.contracts[i]);
}

static void write_statement(ph_writer *w, const ph_answer *a)
{
    const ph_answer_statement *s = &a->u.statement;
    ph_write_u8(w, s->is_long_ago);
    ph_write_u32(w, s->first_kept);
    ph_write_i64(w, s->opening);
    ph_write_i64(w, s->closing);
    for (uint32_t i = 0; i < a->cnt; i++) {
        ph_write_u8(w, (uint8_t)a->rows.sums[i].reason);
        ph_write_u64(w, a->rows.sums[i].cnt);
        ph_write_u64(w, a->rows.sums[i].received);
        ph_write_u64(w, a->rows.sums[i].paid);
    }
}

static void read_statement(ph_reader *r, ph_answer *a)
{
    ph_answer_statement *s = &a->u.statement;
    s->is_long_ago = read_bool(r);
    s->first_kept = ph_read_u32(r);
    s->opening = ph_read_i64(r);
    s->closing = ph_read_i64(r);
    if (a->cnt > PH_TRANSFER_REASON_MAX) r->bad = true;
    for (uint32_t i = 0, last = 0; i < a->cnt && !r->bad; i++) {
        ph_answer_sum *sum = &a->rows.sums[i];
        sum->reason = (ph_transfer_reason)read_up_to(r, PH_TRANSFER_REASON_MAX);
        if (sum->reason <= last) r->bad = true;
        last = sum->reason;
        sum->cnt = ph_read_u64(r);
        sum->received = ph_read_u64(r);
        sum->paid = ph_read_u64(r);
    }
}

static void write_rows(ph_writer *w, const ph_answer *a)
{
    for (uint32_t i = 0; i < a->cnt && a->kind == PH_QUERY_DEPTH; i++) {
        ph_write_u64(w, a->rows.depth[i].units);
        ph_write_i64(w, a->rows.depth[i].notional);
    }
    for (uint32_t i = 0; i < a->cnt && a->kind == PH_QUERY_ORDERS; i++) {
        ph_write_u64(w, a->rows.orders[i].order.v);
        ph_write_u64(w, a->rows.orders[i].leaves);
        write_order(w, &a->rows.orders[i].terms);
    }
    for (uint32_t i = 0; i < a->cnt && a->kind == PH_QUERY_POSITIONS; i++)
        write_position(w, &a->rows.positions[i]);
}

static void read_rows(ph_reader *r, ph_answer *a)
{
    uint32_t max = a->kind == PH_QUERY_DEPTH    ? PH_QUERY_STARTS_MAX
                   : a->kind == PH_QUERY_ORDERS ? PH_QUERY_ORDERS_MAX
                                                : PH_QUERY_POSITIONS_MAX;
    if (a->cnt > max) r->bad = true;
    for (uint32_t i = 0; i < a->cnt && !r->bad; i++) {
        if (a->kind == PH_QUERY_DEPTH) {
            a->rows.depth[i].units = ph_read_u64(r);
            a->rows.depth[i].notional = ph_read_i64(r);
        } else if (a->kind == PH_QUERY_ORDERS) {
            a->rows.orders[i].order.v = ph_read_u64(r);
            a->rows.orders[i].leaves = ph_read_u64(r);
            read_order(r, &a->rows.orders[i].terms);
        } else {
            read_position(r, &a->rows.positions[i]);
        }
    }
}

void ph_answer_write(ph_writer *w, uint64_t tag, const ph_answer *a)
{
    ph_write_u64(w, tag);
    ph_write_u8(w, (uint8_t)a->kind);
    ph_write_u64(w, a->seq);
    ph_write_u8(w, a->is_refused);
    ph_write_u8(w, a->more);
    ph_write_u32(w, a->first);
    ph_write_u32(w, a->cnt);
    switch (a->kind) {
    case PH_QUERY_PREVIEW: write_preview(w, a); return;
    case PH_QUERY_WHY: write_why(w, a); return;
    case PH_QUERY_DEPTH:
    case PH_QUERY_ORDERS:
    case PH_QUERY_POSITIONS: write_rows(w, a); return;
    case PH_QUERY_BALANCES: write_balances(w, &a->u.balances); return;
    case PH_QUERY_STATUS: write_status(w, &a->u.status); return;
    case PH_QUERY_CONTRACTS: write_contracts(w, a); return;
    case PH_QUERY_STATEMENT: write_statement(w, a); return;
    }
    ph_panic("answer of unknown kind", __FILE__, __LINE__);
}

ph_status ph_answer_read(const void *bytes, size_t size, uint64_t *ret_tag, ph_answer *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    *ret_tag = ph_read_u64(&r);
    if (!read_kind(&r, &ret->kind)) return PH_ECORRUPT;
    ret->seq = ph_read_u64(&r);
    ret->is_refused = read_bool(&r);
    ret->more = read_bool(&r);
    ret->first = ph_read_u32(&r);
    ret->cnt = ph_read_u32(&r);
    switch (ret->kind) {
    case PH_QUERY_PREVIEW: read_preview(&r, ret); break;
    case PH_QUERY_WHY: read_why(&r, ret); break;
    case PH_QUERY_DEPTH:
    case PH_QUERY_ORDERS:
    case PH_QUERY_POSITIONS: read_rows(&r, ret); break;
    case PH_QUERY_BALANCES:
        read_balances(&r, &ret->u.balances);
        if (ret->cnt != 0) r.bad = true;
        break;
    case PH_QUERY_STATUS:
        read_status(&r, &ret->u.status);
        if (ret->cnt != 0) r.bad = true;
        break;
    case PH_QUERY_CONTRACTS: read_contracts(&r, ret); break;
    case PH_QUERY_STATEMENT: read_statement(&r, ret); break;
    }
    return ph_reader_done(&r) ? PH_OK : PH_ECORRUPT;
}
