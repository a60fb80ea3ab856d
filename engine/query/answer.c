/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/answer.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"

#include <string.h>

_Static_assert((int)PH_QUERY_PRODUCTS_MAX == (int)PH_WHY_PRODUCTS_MAX, "all products are told");

static void answer_preview(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    ph_preview p;
    ph_preview_fill fills[PH_QUERY_FILLS_MAX];
    ph_question_preview(a->question, a->market, q->who, &q->order, &p,
                        (ph_preview_fills){fills, PH_QUERY_FILLS_MAX});
    ret->u.preview = (ph_answer_preview){
        .reject = p.reject,
        .arg0 = p.args[0],
        .arg1 = p.args[1],
        .hold = p.hold,
        .hold_after = p.hold_after,
        .executed = p.executed,
        .left = p.left,
        .ends = p.ends,
        .notional = p.notional,
        .fee = p.fee,
        .fee_at_trade = p.fee_at_trade,
        .bond = p.bond,
        .contracts = p.contracts,
        .fill_cnt = p.fill_cnt,
        .average = p.executed == 0 ? 0 : (ph_price)((ph_wide)p.notional / (ph_wide)p.executed),
    };
    ret->cnt = p.fill_cnt < PH_QUERY_FILLS_MAX ? p.fill_cnt : PH_QUERY_FILLS_MAX;
    for (uint32_t i = 0; i < ret->cnt; i++)
        ret->rows.fills[i] = (ph_answer_fill){fills[i].period, fills[i].price, fills[i].units};
}

/* An own order that rests, as it was sent; false if there is none with this number. */
static bool own_order(const ph_answerer *a, ph_participant_id who, ph_order_id id,
                      ph_resting_order *ret)
{
    return ph_market_order(a->market, id, ret) && ret->participant.v == who.v;
}

static void answer_why(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    ph_new_order order = q->order;
    ph_resting_order resting;
    if (q->order_id.v != 0) {
        ret->u.why.is_unknown = !own_order(a, q->who, q->order_id, &resting);
        if (ret->u.why.is_unknown) return;
        order = resting.terms;
    }
    ph_why y;
    ph_question_why(a->question, a->market, q->who, &order, &y);
    ret->u.why = (ph_answer_why){
        .reject = y.reject,
        .fills = y.fills,
        .price = y.price,
        .price_reject = y.price_reject,
        .quantity = y.quantity,
        .more_quantities = y.more_quantities,
        .has_start = y.has_start,
        .start = y.start,
        .more_starts = y.more_starts,
    };
    ret->cnt = y.product_cnt;
    memcpy(ret->rows.products, y.products, y.product_cnt * sizeof y.products[0]);
}

static void answer_depth(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    ph_depth_answer rows[PH_QUERY_STARTS_MAX];
    ph_depth_question asked = {
        .product = q->product,
        .side = q->side,
        .periods = q->periods,
        .starts = q->starts,
        .limit = q->limit,
        .except = q->without_own ? q->who : (ph_participant_id){0},
    };
    ret->first = q->starts.first;
    ret->is_refused = ph_question_depth(a->market, &asked, rows) != PH_OK;
    ret->cnt = ret->is_refused ? 0 : q->starts.periods;
    for (uint32_t i = 0; i < ret->cnt; i++)
        ret->rows.depth[i] = (ph_answer_depth){rows[i].units, rows[i].notional};
}

static void add_order(ph_answer *ret, const ph_resting_order *o)
{
    ret->rows.orders[ret->cnt++] = (ph_answer_order){o->order, o->unit_periods, o->terms};
}

static void answer_orders(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    ph_resting_order o;
    if (q->order_id.v != 0) {
        if (own_order(a, q->who, q->order_id, &o)) add_order(ret, &o);
        return;
    }
    const ph_holding_list *l = &ph_holdings_of(a->holdings, q->who)->orders;
    for (uint32_t i = 0; i < l->cnt; i++) {
        if (l->v[i] <= q->after || !ph_market_order(a->market, (ph_order_id){l->v[i]}, &o))
            continue;
        ret->more = ret->cnt == PH_QUERY_ORDERS_MAX;
        if (ret->more) return;
        add_order(ret, &o);
    }
}

/* Adds the runs of periods of one contract; false: they do not fit. */
static bool add_contract(const ph_answerer *a, ph_contract_id id, const ph_contract_facts *f,
                         ph_answer *ret)
{
    uint32_t before = ret->cnt;
    ph_answer_position *run = NULL;
    ph_period_view v;
    for (ph_period t = 0; ph_market_contract_period(a->market, id, t, &v); t = v.period + 1) {
        if (run && v.period == run->window.first + run->window.periods &&
            v.quantity == run->quantity && v.offered == run->offered && v.state == run->state &&
            v.reported == run->reported) {
            run->window.periods++;
            continue;
        }
        if (ret->cnt == PH_QUERY_POSITIONS_MAX) {
            /* A contract is told whole, or with the next answer; one that fills an answer alone is
               told as far as it fits. */
            if (before != 0) ret->cnt = before;
            return before == 0;
        }
        run = &ret->rows.positions[ret->cnt++];
        *run = (ph_answer_position){
            .contract = id,
            .from_contract = f->from_contract,
            .product = f->product,
            .terms_version = f->terms_version,
            .buyer = f->buyer,
            .supplier = f->supplier,
            .window = {v.period, 1},
            .quantity = v.quantity,
            .offered = v.offered,
            .state = (uint8_t)v.state,
            .reported = v.reported,
            .due = v.due,
        };
    }
    return true;
}

static void answer_positions(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    const ph_holding_list *l = &ph_holdings_of(a->holdings, q->who)->contracts;
    for (uint32_t i = 0; i < l->cnt && !ret->more; i++) {
        ph_contract_id id = {l->v[i]};
        ph_contract_facts f;
        if (id.v <= q->after || !ph_market_contract(a->market, id, &f) || f.open_periods == 0)
            continue;
        ret->more = !add_contract(a, id, &f, ret);
    }
}

static ph_money balance(const ph_answerer *a, ph_account_kind kind, uint64_t id)
{
    return ph_market_balance(a->market, (ph_account){kind, id});
}

static void answer_balances(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    ph_answer_balances *b = &ret->u.balances;
    const ph_holding *h = ph_holdings_of(a->holdings, q->who);
    *b = (ph_answer_balances){.cash = balance(a, PH_ACCOUNT_CASH, q->who.v),
                              .held = ph_market_held(a->market, q->who)};
    for (uint32_t i = 0; i < h->orders.cnt; i++) {
        ph_resting_order o;
        b->orders += ph_market_order(a->market, (ph_order_id){h->orders.v[i]}, &o);
    }
    for (uint32_t i = 0; i < h->contracts.cnt; i++) {
        ph_contract_facts f;
        uint64_t id = h->contracts.v[i];
        if (!ph_market_contract(a->market, (ph_contract_id){id}, &f) || f.open_periods == 0)
            continue;
        b->contracts++;
        b->deposits += balance(a, PH_ACCOUNT_DEPOSIT, id);
        if (f.supplier.v == q->who.v) b->bond += balance(a, PH_ACCOUNT_BOND, id);
        if (f.buyer.v != q->who.v) continue;
        b->escrow += balance(a, PH_ACCOUNT_ESCROW, id);
        b->premiums += balance(a, PH_ACCOUNT_PREMIUM, id);
    }
}

static void answer_status(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    ph_answer_status *s = &ret->u.status;
    ph_order_history_find(a->history, q->who, q->order_id, q->client_order_id, s);
    if (s->outcome != PH_OUTCOME_RESTING) return;
    ph_resting_order o;
    bool rests = ph_market_order(a->market, s->order, &o);
    PH_ASSERT(rests); /* no event said that it ended */
    s->leaves = o.unit_periods;
}

void ph_answer_query(const ph_answerer *a, const ph_query *q, ph_answer *ret)
{
    ret->kind = q->kind;
    ret->seq = ph_market_seq(a->market);
    ret->is_refused = ret->more = false;
    ret->first = ret->cnt = 0;
    memset(&ret->u, 0, sizeof ret->u);
    switch (q->kind) {
    case PH_QUERY_PREVIEW: answer_preview(a, q, ret); return;
    case PH_QUERY_WHY: answer_why(a, q, ret); return;
    case PH_QUERY_DEPTH: answer_depth(a, q, ret); return;
    case PH_QUERY_ORDERS: answer_orders(a, q, ret); return;
    case PH_QUERY_POSITIONS: answer_positions(a, q, ret); return;
    case PH_QUERY_BALANCES: answer_balances(a, q, ret); return;
    case PH_QUERY_STATUS: answer_status(a, q, ret); return;
    case PH_QUERY_CONTRACTS: ph_contract_history_find(a->contracts, q, ret); return;
    case PH_QUERY_STATEMENT: ph_cash_history_find(a->cash, q, ret); return;
    }
}
