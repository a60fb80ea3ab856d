/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/private_stream.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

static const phg_private nothing;

void phg_private_streams_release(phg_private_streams *s)
{
    for (uint32_t i = 0; i < s->cnt; i++) {
        phg_stream_release(&s->v[i].reports);
        phg_stream_release(&s->v[i].contracts);
        phg_stream_release(&s->v[i].countersignatures);
    }
    phg_stream_store_release(&s->store);
    free(s->v);
    free(s->contracts);
    free(s->movements);
    *s = (phg_private_streams){0};
}

ph_status phg_private_streams_reach(phg_private_streams *s, uint32_t cnt)
{
    if (cnt > s->max) {
        size_t more = (size_t)cnt * 2 + 16;
        if (more > UINT32_MAX) return PH_EFULL;
        phg_private *grown = realloc(s->v, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        s->v = grown;
        s->max = (uint32_t)more;
    }
    for (; s->cnt < cnt; s->cnt++)
        s->v[s->cnt] = (phg_private){0};
    return PH_OK;
}

/* NULL if there is no such participant. */
static phg_private *private_of(phg_private_streams *s, ph_participant_id id)
{
    return id.v == 0 || id.v > s->cnt ? NULL : &s->v[id.v - 1];
}

const phg_private *phg_private_streams_of(const phg_private_streams *s, ph_participant_id id)
{
    if (id.v == 0 || id.v > s->cnt) return &nothing;
    return &s->v[id.v - 1];
}

static ph_status add_report(phg_private_streams *s, phg_translator *t, ph_participant_id who,
                            phg_report *r)
{
    phg_private *p = private_of(s, who);
    if (!p) return PH_ECORRUPT;
    r->number = p->reports.cnt + 1;
    return phg_stream_add(&s->store, &p->reports, phg_translate_report(t, r));
}

static ph_status add_result(phg_private_streams *s, phg_translator *t, const ph_command *c,
                            phg_result *r)
{
    if (c->sender.v == 0) return PH_OK; /* TICK and OPEN_MARKET: nobody asked */
    phg_private *p = private_of(s, c->sender);
    if (!p) return PH_ECORRUPT;
    r->number = p->reports.cnt + 1;
    r->seq = c->seq;
    r->at = c->at;
    r->request = c->request;
    r->command = c->kind;
    return phg_stream_add(&s->store, &p->reports, phg_translate_result(t, r));
}

static ph_status take_rejected(phg_private_streams *s, phg_translator *t, const ph_command *c,
                               const ph_rejected *e)
{
    if (c->kind != PH_CMD_NEW_ORDER) {
        phg_result result = {.code = e->code,
                             .arg0 = e->arg0,
                             .arg1 = e->arg1,
                             .member = e->member,
                             .client_order_id = e->client_order_id,
                             .order = e->order};
        return add_result(s, t, c, &result);
    }
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_REJECTED,
        .order = e->order,
        .client_order_id = e->client_order_id,
        .code = e->code,
        .arg0 = e->arg0,
        .arg1 = e->arg1,
        .product = c->u.order.product,
        .side = c->u.order.side,
    };
    return add_report(s, t, c->sender, &report);
}

/* Which ACCEPTED of its command this is, from 0; *ret_first is the first one's order. */
static uint32_t member_of(phg_event_at events, ph_order_id *ret_first)
{
    uint32_t before = 0;
    *ret_first = events.v[events.at].u.accepted.order;
    for (uint32_t i = events.at; i-- > 0;) {
        if (events.v[i].kind != PH_EVT_ACCEPTED) continue;
        *ret_first = events.v[i].u.accepted.order;
        before++;
    }
    return before;
}

/* The order that an ACCEPTED is about, alone or in a group; a group's result comes first. */
static ph_status find_accepted(phg_private_streams *s, phg_translator *t, const ph_command *c,
                               phg_event_at events, phg_report *report)
{
    if (c->kind == PH_CMD_NEW_ORDER) {
        report->as_understood = &c->u.order;
        return PH_OK;
    }
    if (c->kind != PH_CMD_NEW_GROUP) return PH_ECORRUPT;
    uint32_t member = member_of(events, &report->group);
    if (member >= c->u.group.cnt) return PH_ECORRUPT;
    report->as_understood = &c->u.group.v[member];
    phg_result result = {.count = c->u.group.cnt};
    return member == 0 ? add_result(s, t, c, &result) : PH_OK;
}

static ph_status take_accepted(phg_private_streams *s, phg_translator *t, const ph_command *c,
                               phg_event_at events)
{
    const ph_accepted *e = &events.v[events.at].u.accepted;
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_ACCEPTED,
        .order = e->order,
        .hold = e->hold,
    };
    ph_status status = find_accepted(s, t, c, events, &report);
    if (status != PH_OK) return status;
    const ph_new_order *o = report.as_understood;
    uint32_t periods = o->shape == PH_SHAPE_FLEX ? o->duration : o->window.periods;
    report.client_order_id = o->client_order_id;
    report.leaves = (uint64_t)o->quantity * periods;
    report.product = o->product;
    report.side = o->side;
    status = add_report(s, t, c->sender, &report);
    if (status == PH_OK) private_of(s, c->sender)->last_client_order_id = o->client_order_id;
    return status;
}

static ph_status take_replaced(phg_private_streams *s, phg_translator *t, const ph_command *c,
                               const ph_replaced *e)
{
    phg_result result = {.client_order_id = 0};
    ph_status status = add_result(s, t, c, &result);
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_REPLACED,
        .order = e->order,
        .client_order_id = e->client_order_id,
        .leaves = e->unit_periods,
        .hold = e->hold,
        .product = e->product,
        .quantity = e->quantity,
        .price = e->price,
    };
    return status == PH_OK ? add_report(s, t, e->participant, &report) : status;
}

static ph_status take_clip(phg_private_streams *s, phg_translator *t, const phg_feed *feed,
                           const ph_command *c, const ph_clip_shown *e)
{
    const phg_resting_order *o = phg_resting_find(&feed->resting, e->order);
    if (!o) return PH_ECORRUPT;
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_CLIP_SHOWN,
        .order = e->order,
        .client_order_id = o->client_order_id,
        .leaves = phg_feed_open(feed, e->order),
        .product = e->product,
        .period = e->period,
        .quantity = e->quantity,
    };
    return add_report(s, t, e->participant, &report);
}

static ph_status take_gate(phg_private_streams *s, phg_translator *t, const phg_feed *feed,
                           const ph_command *c, const ph_gate_closed *e)
{
    ph_status status = PH_OK;
    for (uint32_t i = 0; i < feed->closed_cnt && status == PH_OK; i++) {
        const phg_feed_closed *closed = &feed->closed[i];
        phg_report report = {
            .seq = c->seq,
            .at = c->at,
            .type = PHG_REPORT_PERIOD_LOST,
            .order = closed->order,
            .client_order_id = closed->client_order_id,
            .leaves = closed->leaves,
            .product = e->product,
            .cancel_reason = PH_CANCEL_GATE,
            .period = e->period,
            .ended = closed->ended,
        };
        status = add_report(s, t, closed->participant, &report);
    }
    return status;
}

static ph_status take_cancelled(phg_private_streams *s, phg_translator *t, const ph_command *c,
                                const ph_cancelled *e)
{
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_CANCELLED,
        .order = e->order,
        .client_order_id = e->client_order_id,
        .product = e->product,
        .cancel_reason = e->reason,
        .ended = e->unit_periods,
    };
    return add_report(s, t, e->participant, &report);
}

static ph_status take_period_lost(phg_private_streams *s, phg_translator *t, const phg_feed *feed,
                                  const ph_command *c, const ph_period_lost *e)
{
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_PERIOD_LOST,
        .order = e->order,
        .client_order_id = e->client_order_id,
        .leaves = phg_feed_open(feed, e->order),
        .product = e->product,
        .cancel_reason = e->reason,
        .period = e->period,
        .ended = e->quantity,
    };
    return add_report(s, t, e->participant, &report);
}

/* ---- Trades -------------------------------------------------------------------------------- */

static bool parties_of(const phg_private_streams *s, ph_contract_id id, phg_parties *ret)
{
    return phg_parties_of(s->contracts, s->concluded_cnt, id, ret);
}

static ph_status keep_parties(phg_private_streams *s, const ph_trade *e)
{
    if (e->contract.v != s->concluded_cnt + 1 || e->from_contract.v > s->concluded_cnt)
        return PH_ECORRUPT;
    if (!private_of(s, e->buyer) || !private_of(s, e->seller) || !private_of(s, e->supplier))
        return PH_ECORRUPT;
    if (s->concluded_cnt == s->contract_max) {
        uint64_t more = s->contract_max * 2 + 1024;
        phg_contract_parties *grown = realloc(s->contracts, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        s->contracts = grown;
        s->contract_max = more;
    }
    s->contracts[s->concluded_cnt++] =
        (phg_contract_parties){e->buyer, e->supplier, e->seller, e->from_contract};
    phg_parties who;
    if (!parties_of(s, e->contract, &who)) return PH_ECORRUPT;
    for (uint32_t i = 0; i < who.named_cnt; i++)
        private_of(s, who.v[i])->contract_cnt++;
    s->about = e->contract;
    return PH_OK;
}

static ph_status tell_seller(phg_private_streams *s, phg_translator *t, const ph_trade *e,
                             phg_report report)
{
    bool is_resale = e->from_contract.v != 0;
    report.order = e->sell_order;
    report.client_order_id = e->sell_client_order_id;
    report.leaves = e->sell_leaves;
    report.side = PH_SIDE_SELL;
    report.taker = e->taker == PH_SIDE_SELL;
    report.fee = is_resale ? e->reseller_fee : e->supplier_fee;
    report.bond = is_resale ? 0 : e->bond;
    return add_report(s, t, e->seller, &report);
}

/* A supplier whose buyer is another one now, without an order of its own. */
static ph_status tell_supplier(phg_private_streams *s, phg_translator *t, const ph_trade *e,
                               phg_report report)
{
    if (e->supplier.v == e->seller.v || e->supplier.v == e->buyer.v) return PH_OK;
    report.type = PHG_REPORT_ASSIGNED;
    report.notional = e->supplier_notional;
    report.fee = e->supplier_fee;
    report.bond = e->bond;
    report.premium = 0;
    return add_report(s, t, e->supplier, &report);
}

static ph_status take_trade(phg_private_streams *s, phg_translator *t, const ph_command *c,
                            const ph_trade *e, const ph_event *segments)
{
    ph_status status = keep_parties(s, e);
    phg_report both = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_TRADE,
        .trade = e->trade,
        .contract = e->contract,
        .product = e->product,
        .segments = segments,
        .segment_cnt = e->segment_cnt,
        .notional = e->notional,
        .from_contract = e->from_contract,
        .premium = e->premium,
    };
    phg_report buyer = both;
    buyer.order = e->buy_order;
    buyer.client_order_id = e->buy_client_order_id;
    buyer.leaves = e->buy_leaves;
    buyer.side = PH_SIDE_BUY;
    buyer.taker = e->taker == PH_SIDE_BUY;
    buyer.fee = e->buyer_fee;
    buyer.fee_at_trade = e->buyer_fee_at_trade;
    if (status == PH_OK) status = add_report(s, t, e->buyer, &buyer);
    if (status == PH_OK) status = tell_seller(s, t, e, both);
    if (status == PH_OK) status = tell_supplier(s, t, e, both);
    return status;
}

/* ---- Contracts ----------------------------------------------------------------------------- */

static phg_place place_of(const phg_private *p, const ph_command *c)
{
    return (phg_place){p->reports.cnt + 1, c->seq, c->at};
}

static ph_status take_delivery(phg_private_streams *s, phg_translator *t, const ph_command *c,
                               const ph_delivery_event *e)
{
    phg_parties who;
    if (!parties_of(s, e->contract, &who)) return PH_ECORRUPT;
    bool is_report = c->kind == PH_CMD_REPORT_DELIVERY && e->step == PH_DELIVERY_REPORTED &&
                     c->u.report.contract.v == e->contract.v && c->u.report.period == e->period;
    for (uint32_t i = 0; i < who.cnt; i++) {
        phg_private *p = private_of(s, who.v[i]);
        phg_place at = place_of(p, c);
        bool may_know = who.v[i].v == e->by.v || who.v[i].v == who.contract->buyer.v ||
                        who.v[i].v == who.contract->supplier.v;
        ph_participant_id by = may_know ? e->by : (ph_participant_id){0};
        phg_bytes m = phg_translate_delivery(t, &at, e, by, is_report ? &c->u.report : NULL);
        ph_status status = phg_stream_add(&s->store, &p->reports, m);
        if (status != PH_OK) return status;
    }
    return PH_OK;
}

static ph_status take_final(phg_private_streams *s, phg_translator *t, const ph_command *c,
                            const ph_delivery_final *e)
{
    phg_parties who;
    if (!parties_of(s, e->contract, &who)) return PH_ECORRUPT;
    s->about = e->contract;
    for (uint32_t i = 0; i < who.cnt; i++) {
        phg_private *p = private_of(s, who.v[i]);
        phg_place at = place_of(p, c);
        ph_status status = phg_stream_add(&s->store, &p->reports, phg_translate_final(t, &at, e));
        if (status != PH_OK) return status;
    }
    return PH_OK;
}

static ph_status take_access(phg_private_streams *s, phg_translator *t, const ph_command *c)
{
    phg_parties who;
    if (!parties_of(s, c->u.access.contract, &who)) return PH_ECORRUPT;
    phg_private *p = private_of(s, who.contract->buyer);
    phg_place at = place_of(p, c);
    return phg_stream_add(&s->store, &p->reports, phg_translate_access(t, &at, &c->u.access));
}

/* The market took it: the notary will judge it. */
static ph_status expect_countersignature(phg_private_streams *s, const ph_command *c)
{
    phg_parties who;
    if (!parties_of(s, c->u.countersignature.contract, &who)) return PH_ECORRUPT;
    for (uint32_t i = 0; i < who.named_cnt; i++)
        private_of(s, who.v[i])->countersignature_cnt++;
    return PH_OK;
}

static ph_status take_done(phg_private_streams *s, phg_translator *t, const ph_command *c,
                           const ph_done *e)
{
    phg_result result = {.count = e->count};
    ph_status status = add_result(s, t, c, &result);
    if (status != PH_OK) return status;
    if (c->kind == PH_CMD_HAND_OVER_ACCESS) return take_access(s, t, c);
    if (c->kind == PH_CMD_COUNTERSIGN_CONTRACT && e->count != 0)
        return expect_countersignature(s, c);
    return PH_OK;
}

/* ---- Cash ---------------------------------------------------------------------------------- */

static ph_status add_movement(phg_private_streams *s, uint64_t who, phg_movement movement)
{
    if (who > s->cnt) return PH_ECORRUPT;
    if (s->movement_cnt == s->movement_max) {
        uint32_t more = s->movement_max == 0 ? 64 : s->movement_max * 2;
        if (more <= s->movement_max) return PH_EFULL;
        phg_private_movement *grown = realloc(s->movements, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        s->movements = grown;
        s->movement_max = more;
    }
    s->movements[s->movement_cnt] =
        (phg_private_movement){{(uint32_t)who}, s->movement_cnt, movement};
    s->movement_cnt++;
    return PH_OK;
}

static bool is_of_contract(ph_account a)
{
    return a.kind == PH_ACCOUNT_ESCROW || a.kind == PH_ACCOUNT_BOND ||
           a.kind == PH_ACCOUNT_DEPOSIT || a.kind == PH_ACCOUNT_PREMIUM;
}

static ph_status take_transfer(phg_private_streams *s, const ph_transfer *e)
{
    phg_movement m = {.reason = e->reason, .amount = e->amount, .contract = s->about};
    if (is_of_contract(e->debit)) m.contract.v = e->debit.id;
    if (is_of_contract(e->credit)) m.contract.v = e->credit.id;
    ph_status status = PH_OK;
    if (e->credit.kind == PH_ACCOUNT_CASH) status = add_movement(s, e->credit.id, m);
    m.amount = -m.amount;
    if (status == PH_OK && e->debit.kind == PH_ACCOUNT_CASH)
        status = add_movement(s, e->debit.id, m);
    return status;
}

static int by_participant(const void *va, const void *vb)
{
    const phg_private_movement *a = va, *b = vb;
    if (a->who.v != b->who.v) return a->who.v < b->who.v ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

ph_status phg_private_streams_end(phg_private_streams *s, phg_translator *t, const ph_command *c)
{
    bool is_payment = c->kind == PH_CMD_DEPOSIT || c->kind == PH_CMD_WITHDRAW;
    const char *reference = is_payment ? c->u.payment.reference.s : "";
    phg_movement run[PHG_MOVEMENTS_MAX];
    ph_status status = PH_OK;
    if (s->movement_cnt > 1)
        qsort(s->movements, s->movement_cnt, sizeof *s->movements, by_participant);
    for (uint32_t i = 0; i < s->movement_cnt && status == PH_OK;) {
        phg_private *p = private_of(s, s->movements[i].who);
        if (!p) return PH_ECORRUPT;
        uint32_t who = s->movements[i].who.v, cnt = 0;
        for (; i < s->movement_cnt && s->movements[i].who.v == who && cnt < PHG_MOVEMENTS_MAX;
             i++) {
            run[cnt++] = s->movements[i].movement;
            p->cash += s->movements[i].movement.amount;
        }
        phg_place at = place_of(p, c);
        phg_bytes message = phg_translate_cash(t, &at, run, cnt, p->cash, reference);
        status = phg_stream_add(&s->store, &p->reports, message);
    }
    s->movement_cnt = 0;
    s->about.v = 0;
    return status;
}

ph_status phg_private_streams_take(phg_private_streams *s, phg_translator *t, const phg_feed *feed,
                                   const ph_command *c, phg_event_at events)
{
    const ph_event *e = &events.v[events.at];
    switch (e->kind) {
    case PH_EVT_REJECTED: return take_rejected(s, t, c, &e->u.rejected);
    case PH_EVT_ACCEPTED: return take_accepted(s, t, c, events);
    case PH_EVT_DONE: return take_done(s, t, c, &e->u.done);
    case PH_EVT_CANCELLED: return take_cancelled(s, t, c, &e->u.cancelled);
    case PH_EVT_PERIOD_LOST: return take_period_lost(s, t, feed, c, &e->u.period_lost);
    case PH_EVT_REPLACED: return take_replaced(s, t, c, &e->u.replaced);
    case PH_EVT_CLIP_SHOWN: return take_clip(s, t, feed, c, &e->u.clip_shown);
    case PH_EVT_GATE_CLOSED: return take_gate(s, t, feed, c, &e->u.gate_closed);
    case PH_EVT_TRADE: return take_trade(s, t, c, &e->u.trade, e + 1);
    case PH_EVT_TRANSFER: return take_transfer(s, &e->u.transfer);
    case PH_EVT_DELIVERY: return take_delivery(s, t, c, &e->u.delivery);
    case PH_EVT_DELIVERY_FINAL: return take_final(s, t, c, &e->u.delivery_final);
    case PH_EVT_SEGMENT:
    case PH_EVT_PHASE_CHANGED:
    case PH_EVT_TERMS_SET:
    case PH_EVT_REFERENCE_SET: return PH_OK;
    }
    return PH_ECORRUPT;
}

ph_status phg_private_streams_take_contract(phg_private_streams *s, phg_translator *t,
                                            const ph_signed_contract *contract)
{
    if (contract->contract.v != s->signed_cnt + 1) return PH_ECORRUPT;
    if (contract->contract.v > s->concluded_cnt) return PH_EAGAIN;
    phg_parties who;
    if (!parties_of(s, contract->contract, &who)) return PH_ECORRUPT;
    if (who.contract->buyer.v != contract->buyer.v ||
        who.contract->supplier.v != contract->supplier.v)
        return PH_ECORRUPT;
    for (uint32_t i = 0; i < who.named_cnt; i++) {
        phg_private *p = private_of(s, who.v[i]);
        phg_bytes message = phg_translate_contract(t, p->contracts.cnt + 1, contract);
        ph_status status = phg_stream_add(&s->store, &p->contracts, message);
        if (status != PH_OK) return status;
    }
    s->signed_cnt++;
    return PH_OK;
}

ph_status phg_private_streams_take_countersignature(phg_private_streams *s, phg_translator *t,
                                                    const ph_countersignature *c, uint64_t seq)
{
    if (c->seq > seq) return PH_EAGAIN;
    if (c->contract.v > s->signed_cnt) return PH_ECORRUPT;
    phg_parties who;
    if (!parties_of(s, c->contract, &who)) return PH_ECORRUPT;
    for (uint32_t i = 0; i < who.named_cnt; i++) {
        phg_stream *stream = &private_of(s, who.v[i])->countersignatures;
        phg_bytes message = phg_translate_countersignature(t, stream->cnt + 1, c);
        ph_status status = phg_stream_add(&s->store, stream, message);
        if (status != PH_OK) return status;
    }
    return PH_OK;
}
