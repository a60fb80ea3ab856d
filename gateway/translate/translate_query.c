/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of clients, and their answers. */
#include "gateway/translate/translate.h"

#include "gateway/translate/translate_buffers.h"
#include "gateway/translate/translate_in.h"

#include "petahour/v1/session.pb-c.h"

#include "engine/wire/codec.h"
#include "engine/wire/reject.h"

#include <string.h>

/* ---- In ------------------------------------------------------------------------------------ */

static bool take_order(phg_reading *r, const Petahour__V1__NewOrder *m, ph_new_order *to)
{
    return m ? phg_take_order(r, m, to) : phg_refuse(r, "has no order");
}

static bool take_depth(phg_reading *r, const Petahour__V1__AskDepth *m, ph_query *q)
{
    if (m->side != PETAHOUR__V1__SIDE__SIDE_BUY && m->side != PETAHOUR__V1__SIDE__SIDE_SELL)
        return phg_refuse(r, "side is %d where 1 to 2 are known", (int)m->side);
    if (m->starts == 0 || m->starts > PH_QUERY_STARTS_MAX)
        return phg_refuse(r, "starts is %u where 1 to %d can be asked", (unsigned)m->starts,
                          PH_QUERY_STARTS_MAX);
    q->product.v = m->product;
    q->side = (ph_side)m->side;
    q->periods = m->periods;
    q->starts = (ph_window){m->first_start, m->starts};
    q->limit = m->limit;
    q->without_own = m->without_own;
    return true;
}

static bool take_status(phg_reading *r, const Petahour__V1__AskOrderStatus *m, phg_asked *to)
{
    to->query.kind = PH_QUERY_STATUS;
    to->query.order_id.v = m->order;
    to->query.client_order_id = m->client_order_id;
    to->request = m->request;
    if ((m->order == 0) != (m->client_order_id == 0)) return true;
    return phg_refuse(r, m->order == 0 ? "names no order"
                                       : "names an order and a client order id; one of them is 0");
}

static bool take_contracts(const Petahour__V1__AskContracts *m, phg_asked *to)
{
    to->query.kind = PH_QUERY_CONTRACTS;
    to->query.after = m->after;
    to->query.product.v = m->product;
    to->query.open_only = m->open_only;
    to->request = m->request;
    return true;
}

static bool take_statement(phg_reading *r, const Petahour__V1__AskStatement *m, phg_asked *to)
{
    to->query.kind = PH_QUERY_STATEMENT;
    to->query.first_day = m->first_day;
    to->query.days = m->days;
    to->request = m->request;
    return m->days != 0 || phg_refuse(r, "days is 0");
}

#define IS(NAME) (m->message_case == PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_##NAME)

bool phg_take_query(phg_reading *r, const Petahour__V1__ClientMessage *m, phg_asked *ret,
                    bool *ret_ok)
{
    ph_query *q = &ret->query;
    memset(ret, 0, sizeof *ret);
    *ret_ok = true;
    if (IS(ASK_PREVIEW)) {
        q->kind = PH_QUERY_PREVIEW;
        ret->request = m->ask_preview->request;
        *ret_ok = take_order(r, m->ask_preview->order, &q->order);
    } else if (IS(ASK_WHY)) {
        q->kind = PH_QUERY_WHY;
        ret->request = m->ask_why->request;
        q->order_id.v = m->ask_why->order;
        if (q->order_id.v == 0) *ret_ok = take_order(r, m->ask_why->stated, &q->order);
        if (q->order_id.v != 0 && m->ask_why->stated)
            *ret_ok = phg_refuse(r, "names an order and states one");
    } else if (IS(ASK_DEPTH)) {
        q->kind = PH_QUERY_DEPTH;
        ret->request = m->ask_depth->request;
        *ret_ok = take_depth(r, m->ask_depth, q);
    } else if (IS(ASK_ORDERS)) {
        q->kind = PH_QUERY_ORDERS;
        ret->request = m->ask_orders->request;
        q->order_id.v = m->ask_orders->order;
        q->after = m->ask_orders->after;
    } else if (IS(ASK_POSITIONS)) {
        q->kind = PH_QUERY_POSITIONS;
        ret->request = m->ask_positions->request;
        q->after = m->ask_positions->after;
    } else if (IS(ASK_BALANCES)) {
        q->kind = PH_QUERY_BALANCES;
        ret->request = m->ask_balances->request;
    } else if (IS(ASK_ORDER_STATUS)) {
        *ret_ok = take_status(r, m->ask_order_status, ret);
    } else if (IS(ASK_CONTRACTS)) {
        *ret_ok = take_contracts(m->ask_contracts, ret);
    } else if (IS(ASK_STATEMENT)) {
        *ret_ok = take_statement(r, m->ask_statement, ret);
    } else {
        return false;
    }
    return true;
}

/* ---- Out ----------------------------------------------------------------------------------- */

static phg_bytes preview(phg_translator *t, uint64_t request, const ph_answer *a)
{
    const ph_answer_preview *p = &a->u.preview;
    Petahour__V1__PreviewAnswer m;
    petahour__v1__preview_answer__init(&m);
    Petahour__V1__PreviewFill *v = phg_scratch(t, a->cnt, sizeof *v);
    if (!v) return (phg_bytes){NULL, 0};
    m.request = request;
    m.sequence = a->seq;
    if (p->reject != PH_REJECT_NONE) {
        m.reject_code = (uint32_t)p->reject;
        m.reject_name = phg_text_of(ph_reject_name(p->reject));
        m.reject_text = phg_text_of(ph_reject_text(p->reject));
        m.reject_arg0 = p->arg0;
        m.reject_arg1 = p->arg1;
    }
    m.hold = p->hold;
    m.hold_after = p->hold_after;
    m.executed = p->executed;
    m.left = p->left;
    if (p->ends != 0) m.ends = phg_text_of(ph_cancel_reason_name(p->ends));
    m.notional = p->notional;
    m.fee = p->fee;
    m.fee_at_trade = p->fee_at_trade;
    m.bond = p->bond;
    m.contracts = p->contracts;
    m.fill_count = p->fill_cnt;
    m.average_price = p->average;
    m.n_fills = a->cnt;
    m.fills = (Petahour__V1__PreviewFill **)(void *)(v + a->cnt);
    for (uint32_t i = 0; i < a->cnt; i++) {
        petahour__v1__preview_fill__init(&v[i]);
        v[i].period = a->rows.fills[i].period;
        v[i].price = a->rows.fills[i].price;
        v[i].units = a->rows.fills[i].units;
        m.fills[i] = &v[i];
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_PREVIEW_ANSWER;
    g.preview_answer = &m;
    return phg_pack_message(t, &g);
}

static phg_bytes why(phg_translator *t, uint64_t request, const ph_answer *a)
{
    const ph_answer_why *y = &a->u.why;
    Petahour__V1__WhyAnswer m;
    uint32_t products[PH_QUERY_PRODUCTS_MAX];
    petahour__v1__why_answer__init(&m);
    m.request = request;
    m.sequence = a->seq;
    if (y->reject != PH_REJECT_NONE) {
        m.reject_code = (uint32_t)y->reject;
        m.reject_name = phg_text_of(ph_reject_name(y->reject));
        m.reject_text = phg_text_of(ph_reject_text(y->reject));
    }
    m.unknown = y->is_unknown;
    m.fills = y->fills;
    m.price = y->price;
    if (y->price_reject != PH_REJECT_NONE)
        m.price_reject_name = phg_text_of(ph_reject_name(y->price_reject));
    m.quantity = y->quantity;
    m.more_quantities = y->more_quantities;
    m.has_start = y->has_start;
    m.start = y->start;
    m.more_starts = y->more_starts;
    for (uint32_t i = 0; i < a->cnt; i++)
        products[i] = a->rows.products[i].v;
    m.n_products = a->cnt;
    m.products = products;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_WHY_ANSWER;
    g.why_answer = &m;
    return phg_pack_message(t, &g);
}

static phg_bytes depth(phg_translator *t, uint64_t request, const ph_answer *a)
{
    Petahour__V1__DepthAnswer m;
    petahour__v1__depth_answer__init(&m);
    Petahour__V1__DepthRow *v = phg_scratch(t, a->cnt, sizeof *v);
    if (!v) return (phg_bytes){NULL, 0};
    m.request = request;
    m.sequence = a->seq;
    m.refused = a->is_refused;
    m.first_start = a->first;
    m.n_rows = a->cnt;
    m.rows = (Petahour__V1__DepthRow **)(void *)(v + a->cnt);
    for (uint32_t i = 0; i < a->cnt; i++) {
        petahour__v1__depth_row__init(&v[i]);
        v[i].units = a->rows.depth[i].units;
        v[i].notional = a->rows.depth[i].notional;
        m.rows[i] = &v[i];
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DEPTH_ANSWER;
    g.depth_answer = &m;
    return phg_pack_message(t, &g);
}

static phg_bytes orders(phg_translator *t, uint64_t request, const ph_answer *a)
{
    typedef struct {
        Petahour__V1__OpenOrder row;
        Petahour__V1__NewOrder terms;
    } pair;
    Petahour__V1__OrdersAnswer m;
    petahour__v1__orders_answer__init(&m);
    pair *v = phg_scratch(t, a->cnt, sizeof *v);
    if (!v) return (phg_bytes){NULL, 0};
    m.request = request;
    m.sequence = a->seq;
    m.more = a->more;
    m.n_orders = a->cnt;
    m.orders = (Petahour__V1__OpenOrder **)(void *)(v + a->cnt);
    for (uint32_t i = 0; i < a->cnt; i++) {
        petahour__v1__open_order__init(&v[i].row);
        v[i].terms = phg_order_of(&a->rows.orders[i].terms);
        v[i].row.order = a->rows.orders[i].order.v;
        v[i].row.leaves = a->rows.orders[i].leaves;
        v[i].row.terms = &v[i].terms;
        m.orders[i] = &v[i].row;
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ORDERS_ANSWER;
    g.orders_answer = &m;
    return phg_pack_message(t, &g);
}

static void fill_position(Petahour__V1__Position *to, const ph_answer_position *from)
{
    petahour__v1__position__init(to);
    to->contract = from->contract.v;
    to->from_contract = from->from_contract.v;
    to->product = from->product.v;
    to->terms_version = from->terms_version;
    to->buyer = from->buyer.v;
    to->supplier = from->supplier.v;
    to->first_period = from->window.first;
    to->periods = from->window.periods;
    to->quantity = from->quantity;
    to->offered = from->offered;
    to->state = (Petahour__V1__DeliveryState)from->state;
    to->reported = from->reported;
    to->due = from->due.ns;
}

static phg_bytes positions(phg_translator *t, uint64_t request, const ph_answer *a)
{
    Petahour__V1__PositionsAnswer m;
    petahour__v1__positions_answer__init(&m);
    Petahour__V1__Position *v = phg_scratch(t, a->cnt, sizeof *v);
    if (!v) return (phg_bytes){NULL, 0};
    m.request = request;
    m.sequence = a->seq;
    m.more = a->more;
    m.n_positions = a->cnt;
    m.positions = (Petahour__V1__Position **)(void *)(v + a->cnt);
    for (uint32_t i = 0; i < a->cnt; i++) {
        fill_position(&v[i], &a->rows.positions[i]);
        m.positions[i] = &v[i];
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_POSITIONS_ANSWER;
    g.positions_answer = &m;
    return phg_pack_message(t, &g);
}

static phg_bytes balances(phg_translator *t, uint64_t request, const ph_answer *a)
{
    const ph_answer_balances *b = &a->u.balances;
    Petahour__V1__BalancesAnswer m;
    petahour__v1__balances_answer__init(&m);
    m.request = request;
    m.sequence = a->seq;
    m.cash = b->cash;
    m.held = b->held;
    m.escrow = b->escrow;
    m.bond = b->bond;
    m.deposits = b->deposits;
    m.premiums = b->premiums;
    m.orders = b->orders;
    m.contracts = b->contracts;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_BALANCES_ANSWER;
    g.balances_answer = &m;
    return phg_pack_message(t, &g);
}

static phg_bytes order_status(phg_translator *t, uint64_t request, const ph_answer *a)
{
    const ph_answer_status *s = &a->u.status;
    Petahour__V1__OrderStatusAnswer m;
    petahour__v1__order_status_answer__init(&m);
    m.request = request;
    m.sequence = a->seq;
    m.state = (Petahour__V1__OrderState)s->outcome;
    m.order = s->order.v;
    m.client_order_id = s->client_order_id;
    m.product = s->product.v;
    m.side = (Petahour__V1__Side)s->side;
    m.shape = (Petahour__V1__Shape)s->shape;
    m.first_period = s->window.first;
    m.periods = s->window.periods;
    m.duration = s->duration;
    m.price = s->price;
    m.quantity = s->quantity;
    m.unit_periods = s->unit_periods;
    m.executed = s->executed;
    m.leaves = s->leaves;
    m.accepted_sequence = s->accepted_seq;
    m.accepted_at = s->accepted_at.ns;
    m.ended_sequence = s->ended_seq;
    m.ended_at = s->ended_at.ns;
    if (s->reason != 0) m.cancel_reason = phg_text_of(ph_cancel_reason_name(s->reason));
    if (s->reject != PH_REJECT_NONE) {
        m.reject_code = (uint32_t)s->reject;
        m.reject_name = phg_text_of(ph_reject_name(s->reject));
        m.reject_text = phg_text_of(ph_reject_text(s->reject));
        m.reject_arg0 = s->arg0;
        m.reject_arg1 = s->arg1;
    }
    m.failed_client_order_id = s->failed;
    m.last_client_order_id = s->last_client_order_id;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ORDER_STATUS_ANSWER;
    g.order_status_answer = &m;
    return phg_pack_message(t, &g);
}

static void fill_contract(Petahour__V1__ContractState *to, const ph_answer_contract *from)
{
    petahour__v1__contract_state__init(to);
    to->contract = from->contract.v;
    to->from_contract = from->from_contract.v;
    to->product = from->product.v;
    to->terms_version = from->terms_version;
    to->parts = from->parts;
    to->buyer = from->buyer.v;
    to->supplier = from->supplier.v;
    to->seller = from->seller.v;
    to->concluded_sequence = from->concluded_seq;
    to->concluded_at = from->concluded_at.ns;
    to->first_period = from->window.first;
    to->periods = from->window.periods;
    to->notional = from->notional;
    to->unit_periods = from->unit_periods;
    to->open = from->open;
    to->resold = from->resold;
    to->delivered = from->delivered;
    to->paid = from->paid;
    to->supplier_fee = from->supplier_fee;
    to->refunded = from->refunded;
    to->penalty = from->penalty;
    to->compensation = from->compensation;
    to->ended_sequence = from->ended_seq;
    to->ended_at = from->ended_at.ns;
}

static phg_bytes contracts(phg_translator *t, uint64_t request, const ph_answer *a)
{
    Petahour__V1__ContractsAnswer m;
    petahour__v1__contracts_answer__init(&m);
    Petahour__V1__ContractState *v = phg_scratch(t, a->cnt, sizeof *v);
    if (!v) return (phg_bytes){NULL, 0};
    m.request = request;
    m.sequence = a->seq;
    m.more = a->more;
    m.last = a->u.contracts.last;
    m.dropped = a->u.contracts.dropped;
    m.last_dropped = a->u.contracts.last_dropped;
    m.n_contracts = a->cnt;
    m.contracts = (Petahour__V1__ContractState **)(void *)(v + a->cnt);
    for (uint32_t i = 0; i < a->cnt; i++) {
        fill_contract(&v[i], &a->rows.contracts[i]);
        m.contracts[i] = &v[i];
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CONTRACTS_ANSWER;
    g.contracts_answer = &m;
    return phg_pack_message(t, &g);
}

static phg_bytes statement(phg_translator *t, uint64_t request, const ph_answer *a)
{
    const ph_answer_statement *s = &a->u.statement;
    Petahour__V1__StatementAnswer m;
    Petahour__V1__StatementSum v[PH_TRANSFER_REASON_MAX], *rows[PH_TRANSFER_REASON_MAX];
    petahour__v1__statement_answer__init(&m);
    m.request = request;
    m.sequence = a->seq;
    m.long_ago = s->is_long_ago;
    m.first_kept = s->first_kept;
    m.opening = s->opening;
    m.closing = s->closing;
    m.n_sums = a->cnt;
    m.sums = rows;
    for (uint32_t i = 0; i < a->cnt; i++) {
        petahour__v1__statement_sum__init(&v[i]);
        v[i].reason = phg_text_of(ph_transfer_reason_name(a->rows.sums[i].reason));
        v[i].movements = a->rows.sums[i].cnt;
        v[i].received = a->rows.sums[i].received;
        v[i].paid = a->rows.sums[i].paid;
        rows[i] = &v[i];
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_STATEMENT_ANSWER;
    g.statement_answer = &m;
    return phg_pack_message(t, &g);
}

_Static_assert((int)PH_OUTCOME_MAX == (int)PETAHOUR__V1__ORDER_STATE__ORDER_STATE_ENDED_LONG_AGO,
               "states are those of the protocol");

phg_bytes phg_translate_answer(phg_translator *t, uint64_t request, const ph_answer *a)
{
    switch (a->kind) {
    case PH_QUERY_PREVIEW: return preview(t, request, a);
    case PH_QUERY_WHY: return why(t, request, a);
    case PH_QUERY_DEPTH: return depth(t, request, a);
    case PH_QUERY_ORDERS: return orders(t, request, a);
    case PH_QUERY_POSITIONS: return positions(t, request, a);
    case PH_QUERY_BALANCES: return balances(t, request, a);
    case PH_QUERY_STATUS: return order_status(t, request, a);
    case PH_QUERY_CONTRACTS: return contracts(t, request, a);
    case PH_QUERY_STATEMENT: return statement(t, request, a);
    }
    return (phg_bytes){NULL, 0};
}
