/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/private_stream.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

static const phg_private nothing;

static ph_status stream_add(phg_stream *s, phg_bytes message)
{
    if (!message.p) return PH_EFULL;
    uint64_t used = s->cnt == 0 ? 0 : s->ends[s->cnt - 1];
    if (used + message.size > s->bytes_max) {
        uint64_t more = (used + message.size) * 2 + 1024;
        uint8_t *grown = realloc(s->bytes, more);
        if (!grown) return PH_EFULL;
        s->bytes = grown;
        s->bytes_max = more;
    }
    if (s->cnt == s->ends_max) {
        uint64_t more = s->ends_max * 2 + 16;
        uint64_t *grown = realloc(s->ends, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        s->ends = grown;
        s->ends_max = more;
    }
    memcpy(s->bytes + used, message.p, message.size);
    s->ends[s->cnt++] = used + message.size;
    return PH_OK;
}

phg_stream_run phg_stream_take(const phg_stream *s, uint64_t from, uint32_t cnt_max,
                               size_t size_max)
{
    PH_ASSERT(from >= 1);
    phg_stream_run run = {0};
    if (from > s->cnt) return run;
    uint64_t start = from == 1 ? 0 : s->ends[from - 2];
    run.bytes = s->bytes + start;
    while (run.cnt < cnt_max && from + run.cnt <= s->cnt) {
        uint64_t size = s->ends[from + run.cnt - 1] - start;
        if (size > size_max) break;
        run.size = size;
        run.cnt++;
    }
    return run;
}

void phg_private_streams_release(phg_private_streams *s)
{
    for (uint32_t i = 0; i < s->cnt; i++) {
        free(s->v[i].reports.bytes);
        free(s->v[i].reports.ends);
        free(s->v[i].contracts.bytes);
        free(s->v[i].contracts.ends);
        free(s->v[i].countersignatures.bytes);
        free(s->v[i].countersignatures.ends);
    }
    free(s->v);
    free(s->contracts);
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
    return stream_add(&p->reports, phg_translate_report(t, r));
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
    return stream_add(&p->reports, phg_translate_result(t, r));
}

static ph_status take_rejected(phg_private_streams *s, phg_translator *t, const ph_command *c,
                               const ph_rejected *e)
{
    if (c->kind != PH_CMD_NEW_ORDER) {
        phg_result result = {.code = e->code, .arg0 = e->arg0, .arg1 = e->arg1};
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

static ph_status take_accepted(phg_private_streams *s, phg_translator *t, const ph_command *c,
                               const ph_accepted *e)
{
    if (c->kind != PH_CMD_NEW_ORDER) return PH_ECORRUPT;
    const ph_new_order *o = &c->u.order;
    uint32_t periods = o->shape == PH_SHAPE_FLEX ? o->duration : o->window.periods;
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_ACCEPTED,
        .order = e->order,
        .client_order_id = o->client_order_id,
        .leaves = (uint64_t)o->quantity * periods,
        .as_understood = o,
        .hold = e->hold,
        .product = o->product,
        .side = o->side,
    };
    ph_status status = add_report(s, t, c->sender, &report);
    if (status == PH_OK) private_of(s, c->sender)->last_client_order_id = o->client_order_id;
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

/* The participants of a contract, each once; returns how many there are. */
static uint32_t parties_of(const phg_private_streams *s, ph_contract_id id,
                           ph_participant_id ret[3])
{
    const phg_contract_parties *c = &s->contracts[id.v - 1];
    uint32_t cnt = 0;
    ret[cnt++] = c->buyer;
    if (c->supplier.v != c->buyer.v) ret[cnt++] = c->supplier;
    if (c->seller.v != c->buyer.v && c->seller.v != c->supplier.v) ret[cnt++] = c->seller;
    return cnt;
}

static ph_status keep_parties(phg_private_streams *s, const ph_trade *e)
{
    if (!private_of(s, e->buyer) || !private_of(s, e->seller) || !private_of(s, e->supplier))
        return PH_ECORRUPT;
    if (s->concluded_cnt == s->contract_max) {
        uint64_t more = s->contract_max * 2 + 64;
        phg_contract_parties *grown = realloc(s->contracts, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        s->contracts = grown;
        s->contract_max = more;
    }
    s->contracts[s->concluded_cnt++] = (phg_contract_parties){e->buyer, e->supplier, e->seller};
    return PH_OK;
}

static ph_status take_trade(phg_private_streams *s, phg_translator *t, const ph_command *c,
                            const ph_trade *e, const ph_event *segments)
{
    if (e->contract.v != s->concluded_cnt + 1) return PH_ECORRUPT;
    phg_report report = {
        .seq = c->seq,
        .at = c->at,
        .type = PHG_REPORT_TRADE,
        .order = e->buy_order,
        .client_order_id = e->buy_client_order_id,
        .leaves = e->buy_leaves,
        .trade = e->trade,
        .contract = e->contract,
        .product = e->product,
        .side = PH_SIDE_BUY,
        .taker = e->taker == PH_SIDE_BUY,
        .segments = segments,
        .segment_cnt = e->segment_cnt,
        .notional = e->notional,
        .fee = e->buyer_fee,
    };
    ph_status status = add_report(s, t, e->buyer, &report);
    if (status != PH_OK) return status;
    report.order = e->sell_order;
    report.client_order_id = e->sell_client_order_id;
    report.leaves = e->sell_leaves;
    report.side = PH_SIDE_SELL;
    report.taker = e->taker == PH_SIDE_SELL;
    report.fee = e->supplier_fee;
    report.bond = e->bond;
    status = add_report(s, t, e->supplier, &report);
    if (status != PH_OK) return status;
    status = keep_parties(s, e);
    if (status != PH_OK) return status;
    ph_participant_id parties[3];
    uint32_t cnt = parties_of(s, e->contract, parties);
    for (uint32_t i = 0; i < cnt; i++)
        private_of(s, parties[i])->contract_cnt++;
    return PH_OK;
}

/* The market took it: the notary will judge it. */
static ph_status expect_countersignature(phg_private_streams *s, const ph_command *c)
{
    ph_contract_id id = c->u.countersignature.contract;
    if (id.v == 0 || id.v > s->concluded_cnt) return PH_ECORRUPT;
    ph_participant_id parties[3];
    uint32_t cnt = parties_of(s, id, parties);
    for (uint32_t i = 0; i < cnt; i++)
        private_of(s, parties[i])->countersignature_cnt++;
    return PH_OK;
}

static ph_status take_done(phg_private_streams *s, phg_translator *t, const ph_command *c,
                           const ph_done *e)
{
    phg_result result = {.count = e->count};
    ph_status status = add_result(s, t, c, &result);
    if (status != PH_OK || c->kind != PH_CMD_COUNTERSIGN_CONTRACT || e->count == 0) return status;
    return expect_countersignature(s, c);
}

ph_status phg_private_streams_take(phg_private_streams *s, phg_translator *t, const phg_feed *feed,
                                   const ph_command *c, phg_event_at events)
{
    const ph_event *e = &events.v[events.at];
    switch (e->kind) {
    case PH_EVT_REJECTED: return take_rejected(s, t, c, &e->u.rejected);
    case PH_EVT_ACCEPTED: return take_accepted(s, t, c, &e->u.accepted);
    case PH_EVT_DONE: return take_done(s, t, c, &e->u.done);
    case PH_EVT_CANCELLED: return take_cancelled(s, t, c, &e->u.cancelled);
    case PH_EVT_PERIOD_LOST: return take_period_lost(s, t, feed, c, &e->u.period_lost);
    case PH_EVT_TRADE: return take_trade(s, t, c, &e->u.trade, e + 1);
    case PH_EVT_SEGMENT:
    case PH_EVT_TRANSFER:
    case PH_EVT_GATE_CLOSED:
    case PH_EVT_PHASE_CHANGED:
    case PH_EVT_REPLACED:
    case PH_EVT_CLIP_SHOWN:
    case PH_EVT_DELIVERY:
    case PH_EVT_DELIVERY_FINAL:
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
    const phg_contract_parties *c = &s->contracts[contract->contract.v - 1];
    if (c->buyer.v != contract->buyer.v || c->supplier.v != contract->supplier.v)
        return PH_ECORRUPT;
    ph_participant_id parties[3];
    uint32_t cnt = parties_of(s, contract->contract, parties);
    for (uint32_t i = 0; i < cnt; i++) {
        phg_private *p = private_of(s, parties[i]);
        phg_bytes message = phg_translate_contract(t, p->contracts.cnt + 1, contract);
        ph_status status = stream_add(&p->contracts, message);
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
    ph_participant_id parties[3];
    uint32_t cnt = parties_of(s, c->contract, parties);
    for (uint32_t i = 0; i < cnt; i++) {
        phg_stream *stream = &private_of(s, parties[i])->countersignatures;
        ph_status status =
            stream_add(stream, phg_translate_countersignature(t, stream->cnt + 1, c));
        if (status != PH_OK) return status;
    }
    return PH_OK;
}
