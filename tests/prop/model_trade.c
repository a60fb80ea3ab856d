/* SPDX-License-Identifier: Apache-2.0 */
/*  Trades and contracts (section 7) from the fills of one command. */
#include "tests/prop/model.h"

static uint64_t lower(const model_fill *f)
{
    return f->buy->place < f->sell->place ? f->buy->place : f->sell->place;
}

static uint64_t higher(const model_fill *f)
{
    return f->buy->place < f->sell->place ? f->sell->place : f->buy->place;
}

static bool same_trade(const model_fill *a, const model_fill *b)
{
    return a->buy == b->buy && a->sell == b->sell;
}

/* The fill of the trade that comes next after `last` by the lower, then the higher place. */
static const model_fill *next_trade(const model *m, const model_fill *last)
{
    const model_fill *best = NULL;
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        const model_fill *f = &m->fill[i];
        bool after = last == NULL || lower(f) > lower(last) ||
                     (lower(f) == lower(last) && higher(f) > higher(last));
        bool before = best == NULL || lower(f) < lower(best) ||
                      (lower(f) == lower(best) && higher(f) < higher(best));
        if (after && before) best = f;
    }
    return best;
}

/* Units of a trade in a period at a price. */
static uint64_t units_at(const model *m, const model_fill *trade, ph_period t, ph_price price)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        const model_fill *f = &m->fill[i];
        if (same_trade(f, trade) && f->period == t && f->price == price) units += f->units;
    }
    return units;
}

/* The segment that follows (first, price) in the order of first period, then price: a period and a
   price at which units traded and the period before did not have as many at that price. */
static bool next_segment(const model *m, const model_fill *trade, const ph_segment *last,
                         ph_segment *ret)
{
    bool found = false;
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        const model_fill *f = &m->fill[i];
        if (!same_trade(f, trade)) continue;
        uint64_t units = units_at(m, trade, f->period, f->price);
        if (units_at(m, trade, f->period - 1, f->price) == units) continue;
        if (last != NULL && (f->period < last->window.first ||
                             (f->period == last->window.first && f->price <= last->price)))
            continue;
        if (found && (f->period > ret->window.first ||
                      (f->period == ret->window.first && f->price >= ret->price)))
            continue;
        uint32_t periods = 1;
        while (units_at(m, trade, f->period + periods, f->price) == units)
            periods++;
        *ret = (ph_segment){{f->period, periods}, (ph_quantity)units, f->price};
        found = true;
    }
    return found;
}

static uint64_t traded(const model *m, const model_order *o)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        if (m->fill[i].buy == o || m->fill[i].sell == o) units += m->fill[i].units;
    }
    return units;
}

static void transfer(model *m, ph_account from, ph_account to, model_wide amount,
                     ph_transfer_reason reason)
{
    ph_account accounts[2] = {from, to};
    if (amount == 0) return;
    model_tell(m, PH_EVT_TRANSFER)->u.transfer = (ph_transfer){from, to, (ph_money)amount, reason};
    for (int i = 0; i < 2; i++) {
        ph_money sign = i == 0 ? -1 : 1, moved = (ph_money)amount * sign;
        if (accounts[i].kind == PH_ACCOUNT_CASH) m->participant[accounts[i].id].cash += moved;
        if (accounts[i].kind == PH_ACCOUNT_FEES) m->fees += moved;
    }
}

static void take_capacity(model *m, const model_fill *trade)
{
    const ph_product_terms *p = &m->product[trade->sell->terms.product.v].terms;
    model_pool *pool = &m->pool[trade->sell->who][p->site.v][p->hardware.v];
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        const model_fill *f = &m->fill[i];
        if (same_trade(f, trade)) pool->sold[f->period] += f->units * p->hardware_units;
    }
}

/* One trade, one contract; leaves are what both have before any of the command's later trades. */
static void one_trade(model *m, const model_fill *f, const model_order *incoming,
                      const uint64_t leaves[2])
{
    const ph_product_terms *p = &m->product[f->buy->terms.product.v].terms;
    uint32_t trade_at = m->event_cnt;
    model_wide notional = 0, unit_periods = 0;
    uint32_t segments = 0;
    model_tell(m, PH_EVT_TRADE);
    ph_segment s, last;
    for (; next_segment(m, f, segments == 0 ? NULL : &last, &s); segments++) {
        model_tell(m, PH_EVT_SEGMENT)->u.segment = s;
        notional += (model_wide)s.price * s.quantity * s.window.periods;
        unit_periods += (model_wide)s.quantity * s.window.periods;
        last = s;
    }
    uint32_t buyer_ppm = f->buy == incoming ? p->taker_ppm : p->maker_ppm;
    uint32_t supplier_ppm = f->sell == incoming ? p->taker_ppm : p->maker_ppm;
    model_wide fee = notional * buyer_ppm / 1000000;
    model_wide at_trade = fee * p->fee_at_trade_ppm / 1000000;
    model_wide bond = f->sell->bond * unit_periods;
    uint64_t id = ++m->contracts;
    m->event[trade_at].u.trade = (ph_trade){
        .trade = {id},
        .contract = {id},
        .product = f->buy->terms.product,
        .terms_version = 1,
        .buyer = {f->buy->who},
        .seller = {f->sell->who},
        .supplier = {f->sell->who},
        .buy_order = f->buy->id,
        .sell_order = f->sell->id,
        .buy_client_order_id = f->buy->terms.client_order_id,
        .sell_client_order_id = f->sell->terms.client_order_id,
        .buy_leaves = leaves[0],
        .sell_leaves = leaves[1],
        .taker = incoming->terms.side,
        .notional = (ph_money)notional,
        .supplier_notional = (ph_money)notional,
        .buyer_fee = (ph_money)fee,
        .supplier_fee = (ph_money)(notional * supplier_ppm / 1000000),
        .buyer_fee_at_trade = (ph_money)at_trade,
        .bond = (ph_money)bond,
        .segment_cnt = segments,
    };
    ph_account buyer = {PH_ACCOUNT_CASH, f->buy->who}, seller = {PH_ACCOUNT_CASH, f->sell->who};
    ph_account escrow = {PH_ACCOUNT_ESCROW, id};
    transfer(m, buyer, escrow, notional, PH_TRANSFER_NOTIONAL);
    transfer(m, buyer, escrow, fee - at_trade, PH_TRANSFER_FEE_ESCROW);
    transfer(m, buyer, (ph_account){PH_ACCOUNT_FEES, 0}, at_trade, PH_TRANSFER_FEE);
    transfer(m, seller, (ph_account){PH_ACCOUNT_BOND, id}, bond, PH_TRANSFER_BOND);
    take_capacity(m, f);
}

/* Open units of an order after the trades of the command up to `f`, in their order: self-trade
   prevention is told after them. */
static uint64_t leaves_after(const model *m, const model_order *o, const model_fill *f)
{
    uint64_t units = o->before - traded(m, o);
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        const model_fill *g = &m->fill[i];
        bool later = lower(g) > lower(f) || (lower(g) == lower(f) && higher(g) > higher(f));
        if ((g->buy == o || g->sell == o) && later) units += g->units;
    }
    return units;
}

void model_conclude(model *m, const model_order *incoming)
{
    const model_fill *f = NULL;
    while ((f = next_trade(m, f)) != NULL) {
        uint64_t leaves[2] = {leaves_after(m, f->buy, f), leaves_after(m, f->sell, f)};
        one_trade(m, f, incoming, leaves);
    }
    ph_price reference = m->product[incoming->terms.product.v].reference;
    if (reference != m->reference_before)
        model_tell(m, PH_EVT_REFERENCE_SET)->u.reference_set =
            (ph_reference_set){incoming->terms.product, reference};
}
