/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/tally.h"

#include "engine/base/limits.h"

_Static_assert((int)PH_REJECT_RULES_VERSION < (int)PH_REJECT_CODES, "every refusal is counted");

ph_tally ph_tally_begin(void)
{
    return (ph_tally){.products = ph_keyed_of(sizeof(ph_tally_trading)),
                      .product_days = ph_keyed_of(sizeof(ph_tally_trading)),
                      .types = ph_keyed_of(sizeof(ph_tally_trading)),
                      .participants = ph_keyed_of(sizeof(ph_tally_participant))};
}

static void take_transfer(ph_tally *t, const ph_transfer *e)
{
    t->transfer_cnt[e->reason]++;
    t->transferred[e->reason] += e->amount;
    if (e->credit.kind == PH_ACCOUNT_FEES) t->fees += e->amount;
    if (e->debit.kind == PH_ACCOUNT_FEES) t->fees -= e->amount;
}

static void take_event(ph_tally *t, const ph_event *e)
{
    switch (e->kind) {
    case PH_EVT_REJECTED:
        if ((unsigned)e->u.rejected.code < (unsigned)PH_REJECT_CODES)
            t->rejects[e->u.rejected.code]++;
        break;
    case PH_EVT_PERIOD_LOST:
        t->self_trade_cnt += e->u.period_lost.reason == PH_CANCEL_SELF_TRADE;
        break;
    case PH_EVT_TRANSFER: take_transfer(t, &e->u.transfer); break;
    case PH_EVT_DELIVERY: t->delivery_cnt[e->u.delivery.step]++; break;
    case PH_EVT_DELIVERY_FINAL:
        t->final_cnt[e->u.delivery_final.cause]++;
        t->delivered += (ph_wide)e->u.delivery_final.delivered;
        t->promised += (ph_wide)e->u.delivery_final.promised;
        break;
    case PH_EVT_ACCEPTED: /* these come as orders and trades */
    case PH_EVT_CANCELLED:
    case PH_EVT_REPLACED:
    case PH_EVT_TRADE:
    case PH_EVT_SEGMENT:
    case PH_EVT_DONE:
    case PH_EVT_GATE_CLOSED:
    case PH_EVT_PHASE_CHANGED:
    case PH_EVT_REFERENCE_SET:
    case PH_EVT_CLIP_SHOWN:
    case PH_EVT_TERMS_SET: break;
    }
}

void ph_tally_record(ph_tally *t, const ph_replay_record *r)
{
    t->commands[r->command.kind]++;
    t->record_cnt++;
    t->last_seq = r->command.seq;
    t->last_at = r->command.at;
    if (t->first_seq == 0) {
        t->first_seq = t->last_seq;
        t->first_at = t->last_at;
    }
    for (uint32_t i = 0; i < r->event_cnt; i++)
        take_event(t, &r->events[i]);
}

static ph_tally_participant *participant_of(ph_tally *t, ph_participant_id id)
{
    return ph_keyed_put(&t->participants, (ph_keyed_by){id.v, 0});
}

bool ph_tally_accepted(ph_tally *t, const ph_live_order *o)
{
    ph_tally_participant *p = participant_of(t, o->participant);
    if (p == NULL) return false;
    p->order_cnt++;
    t->order_cnt++;
    return true;
}

static void add_price(ph_tally_trading *to, ph_price price)
{
    if (to->first == 0) to->first = to->low = price;
    if (price > to->high) to->high = price;
    if (price < to->low) to->low = price;
    to->last = price;
}

static bool add_trade(ph_keyed *k, ph_keyed_by by, const ph_live_trade *t)
{
    ph_tally_trading *to = ph_keyed_put(k, by);
    if (to == NULL) return false;
    to->trade_cnt++;
    to->fill_cnt += t->trade->segment_cnt;
    to->unit_periods += (ph_wide)t->unit_periods;
    to->notional += t->trade->notional;
    if (t->buy->terms.shape != PH_SHAPE_EACH || t->sell->terms.shape != PH_SHAPE_EACH) return true;
    for (uint32_t i = 0; i < t->trade->segment_cnt; i++)
        add_price(to, t->segments[i].u.segment.price);
    return true;
}

static bool add_party(ph_tally *t, ph_participant_id id, const ph_live_trade *trade)
{
    ph_tally_participant *p = participant_of(t, id);
    if (p == NULL) return false;
    p->trade_cnt++;
    *(id.v == trade->trade->buyer.v ? &p->bought : &p->sold) += (ph_wide)trade->unit_periods;
    p->notional += trade->trade->notional;
    return true;
}

bool ph_tally_trade(ph_tally *t, const ph_market *m, const ph_live_trade *trade)
{
    uint64_t product = trade->trade->product.v;
    uint64_t day = trade->record->command.at.ns / (86400 * PH_NS_PER_S);
    const ph_product_terms *terms = ph_market_product(m, trade->trade->product);
    return add_trade(&t->products, (ph_keyed_by){product, 0}, trade) &&
           add_trade(&t->product_days, (ph_keyed_by){product, day}, trade) &&
           add_trade(&t->types, (ph_keyed_by){(uint64_t)terms->compute_type, 0}, trade) &&
           add_party(t, trade->trade->buyer, trade) && add_party(t, trade->trade->seller, trade);
}

void ph_tally_end(ph_tally *t, const ph_live_order *o)
{
    t->traded_cnt += o->trade_cnt != 0;
    if (o->state == PH_ORDER_FILLED) {
        t->filled_cnt++;
        return;
    }
    t->cancel_cnt[o->reason]++;
    t->cancelled[o->reason] += (ph_wide)o->open;
    t->self_trade_cnt += o->reason == PH_CANCEL_SELF_TRADE;
}

void ph_tally_rest(ph_tally *t, const ph_live_order *o)
{
    t->resting_cnt++;
    t->resting_traded_cnt += o->trade_cnt != 0;
}

uint64_t ph_tally_cancelled_cnt(const ph_tally *t)
{
    uint64_t sum = 0;
    for (int r = 1; r <= PH_CANCEL_REASON_MAX; r++)
        sum += t->cancel_cnt[r];
    return sum;
}

void ph_tally_free(ph_tally *t)
{
    ph_keyed_free(&t->products);
    ph_keyed_free(&t->product_days);
    ph_keyed_free(&t->types);
    ph_keyed_free(&t->participants);
}
