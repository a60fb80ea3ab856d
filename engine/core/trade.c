/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/trade.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/base/sort.h"
#include "engine/core/ahead.h"
#include "engine/core/contract.h"
#include "engine/core/ledger.h"

static bool fill_before(const void *va, const void *vb)
{
    const ph_fill *a = va, *b = vb;
    if (a->low_place != b->low_place) return a->low_place < b->low_place;
    if (a->high_place != b->high_place) return a->high_place < b->high_place;
    if (a->price != b->price) return a->price < b->price;
    return a->window.first < b->window.first;
}

/* ---- Fills in order ------------------------------------------------------------------------- */

enum { FEW = 40, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

static void sort_few(ph_fill_key *v, uint32_t cnt)
{
    for (uint32_t i = 1; i < cnt; i++) {
        ph_fill_key one = v[i];
        uint32_t j = i;
        for (; j > 0 && one.place < v[j - 1].place; j--)
            v[j] = v[j - 1];
        v[j] = one;
    }
}

/* One pass over one digit, stable. */
static void sort_digit(const ph_fill_key *from, ph_fill_key *to, uint32_t cnt, int shift)
{
    uint32_t at[DIGITS] = {0}, sum = 0;
    for (uint32_t i = 0; i < cnt; i++)
        at[from[i].place >> shift & (DIGITS - 1)]++;
    for (uint32_t d = 0; d < DIGITS; d++) {
        uint32_t n = at[d];
        at[d] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < cnt; i++)
        to[at[from[i].place >> shift & (DIGITS - 1)]++] = from[i];
}

/* By the lower place, stable: Knuth, TAOCP 5.2.5, algorithm R, without the digits that all share.
   Returns the sorted keys. */
static const ph_fill_key *sort_keys(ph_market *m)
{
    ph_fill_key *v = m->fill_keys, *other = m->fill_keys_spare;
    uint64_t differ = 0;
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        v[i] = (ph_fill_key){.place = m->fills[i].low_place, .at = i};
        differ |= v[i].place ^ v[0].place;
    }
    if (m->fill_cnt <= FEW) {
        sort_few(v, m->fill_cnt);
        return v;
    }
    for (int shift = 0; shift < 64; shift += DIGIT_BITS) {
        if ((differ >> shift & (DIGITS - 1)) == 0) continue;
        sort_digit(v, other, m->fill_cnt, shift);
        ph_fill_key *sorted = other;
        other = v;
        v = sorted;
    }
    return v;
}

/* Executions in the same period at the same price, of orders that met more than once. */
static bool overlap(const ph_fill *f, uint32_t cnt)
{
    for (uint32_t i = 1; i < cnt; i++) {
        bool alike = f[i].high_place == f[i - 1].high_place && f[i].price == f[i - 1].price;
        if (alike && f[i].window.first < ph_window_end(f[i - 1].window)) return true;
    }
    return false;
}

/* Sorts the rows of one lower place, of which the keys say where they stand, into m->fills_spare;
   returns how many rows they are there.  Those that overlap lie period by period. */
static uint32_t sort_group(ph_market *m, const ph_fill_key *key, uint32_t cnt)
{
    ph_fill *to = m->fills_spare;
    for (uint32_t i = 0; i < cnt; i++)
        to[i] = m->fills[key[i].at];
    ph_sort(to, cnt, sizeof to[0], fill_before);
    if (!overlap(to, cnt)) return cnt;
    uint32_t n = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        ph_fill one = m->fills[key[i].at];
        uint32_t periods = one.window.periods;
        one.window.periods = 1;
        for (uint32_t k = 0; k < periods; k++, one.window.first++)
            to[n++] = one;
    }
    /* Equals make lots in the order in which this sort leaves them: it is part of the rules. */
    ph_sort(to, n, sizeof to[0], fill_before);
    return n;
}

/* ---- Segments ------------------------------------------------------------------------------- */

static bool segment_before(const void *va, const void *vb)
{
    const ph_segment *a = va, *b = vb;
    if (a->window.first != b->window.first) return a->window.first < b->window.first;
    return a->price < b->price;
}

/* Segments of the fills of one trade, which are sorted by price, then period: for each price the
   maximal runs of periods with equal quantity.  Told; returns how many they are. */
static uint32_t tell_segments(ph_market *m, const ph_fill *f, uint32_t cnt)
{
    if (cnt == 1) {
        ph_emit(m, PH_EVT_SEGMENT)->u.segment =
            (ph_segment){.window = f->window, .quantity = f->quantity, .price = f->price};
        return 1;
    }
    uint32_t n = 0;
    ph_segment *open = NULL;
    for (uint32_t i = 0; i < cnt;) {
        ph_window w = f[i].window;
        uint32_t units = f[i].quantity;
        uint32_t j = i + 1; /* equals are of one period, see sort_group */
        for (; j < cnt && f[j].price == f[i].price && f[j].window.first == w.first; j++)
            units += f[j].quantity;
        bool goes_on = open != NULL && open->price == f[i].price && open->quantity == units &&
                       open->window.first + open->window.periods == w.first;
        if (goes_on) {
            open->window.periods += w.periods;
        } else {
            open = &m->segments[n++];
            *open = (ph_segment){.window = w, .quantity = units, .price = f[i].price};
        }
        i = j;
    }
    ph_sort(m->segments, n, sizeof m->segments[0], segment_before);
    for (uint32_t i = 0; i < n; i++)
        ph_emit(m, PH_EVT_SEGMENT)->u.segment = m->segments[i];
    return n;
}

/* ---- Contracts and money -------------------------------------------------------------------- */

static ph_account account(ph_account_kind kind, uint64_t id)
{
    return (ph_account){kind, id};
}

static const ph_account fees = {PH_ACCOUNT_FEES, 0};

static uint64_t units_of(const ph_fill *f)
{
    return (uint64_t)f->quantity * f->window.periods;
}

/* A sum that is part of a hold, which fitted. */
static ph_money narrow(ph_wide v)
{
    ph_money ret = 0;
    bool fits = ph_money_narrow(v, &ret);
    PH_ASSERT(fits);
    return ret;
}

/* What the buyer owes, and the rate of the seller. */
static void reckon_fees(const ph_product_terms *terms, const ph_market *m, const ph_fill *f,
                        ph_trade *t, uint32_t *ret_seller_ppm)
{
    uint32_t buyer_ppm = f->buy == m->incoming ? terms->taker_ppm : terms->maker_ppm;
    *ret_seller_ppm = f->sell == m->incoming ? terms->taker_ppm : terms->maker_ppm;
    ph_money fee = ph_money_share_down(t->notional, buyer_ppm);
    t->buyer_fee = fee;
    t->buyer_fee_at_trade = ph_money_share_down(fee, terms->fee_at_trade_ppm);
}

/* The contract of a trade, as far as its supplier is not asked. */
static ph_contract *contract_new(ph_market *m, const ph_product *p, const ph_trade *t)
{
    ph_contract *c = &m->contracts[t->contract.v];
    const char *later = (const char *)(c + 3); /* nobody was there yet: it lies in no cache */
    ph_ask(later);
    ph_ask(later + 64);
    ph_ask(later + 128);
    *c = (ph_contract){.first_delivery = PH_NONE};
    c->buyer = t->buyer.v;
    c->supplier = t->supplier.v;
    c->product = t->product.v;
    c->terms_at = p->terms_at;
    c->terms_version = t->terms_version;
    c->parent = (uint32_t)t->from_contract.v;
    c->notional = t->notional;
    c->buyer_fee = c->fee_left = t->buyer_fee - t->buyer_fee_at_trade;
    c->fee_paid = t->buyer_fee_at_trade;
    return c;
}

/* New capacity is sold: the supplier's bond goes with it. */
static void conclude_new(ph_market *m, const ph_fill *f, uint32_t cnt, ph_trade *t,
                         uint64_t unit_periods)
{
    const ph_product *p = &m->products[t->product.v];
    ph_money bond_unit = m->orders[f->sell].bond_unit;
    uint32_t id = (uint32_t)t->contract.v, supplier_ppm;
    reckon_fees(&p->terms, m, f, t, &supplier_ppm);
    t->supplier_notional = t->notional;
    t->premium = t->reseller_fee = 0;
    t->supplier_fee = ph_money_share_down(t->notional, supplier_ppm);
    t->bond = narrow((ph_wide)bond_unit * (int64_t)unit_periods);
    ph_contract *c = contract_new(m, p, t);
    c->supplier_ppm = supplier_ppm;
    c->bond_unit = bond_unit;
    c->supplier_notional = t->notional;
    c->supplier_fee = t->supplier_fee;
    ph_contract_cursor cursor = {id, PH_NONE};
    for (uint32_t i = 0; i < cnt; i++)
        ph_contract_add(m, &cursor, f[i].window, f[i].quantity, f[i].price);
    if (p->terms.meter.v != 0) c->meter = ph_contract_meter(m, id);
}

/* A part of a contract is sold on: the new buyer steps in. */
static void conclude_resale(ph_market *m, const ph_fill *f, uint32_t cnt, ph_trade *t,
                            uint64_t unit_periods, ph_contract_moved *sum)
{
    const ph_order *sell = &m->orders[f->sell];
    const ph_product *p = &m->products[t->product.v];
    uint32_t id = (uint32_t)t->contract.v, reseller_ppm;
    reckon_fees(&p->terms, m, f, t, &reseller_ppm);
    ph_contract *c = contract_new(m, p, t);
    const ph_contract *parent = &m->contracts[c->parent];
    c->depth = parent->depth + 1;
    ph_contract_cursor cursor = {id, PH_NONE};
    for (uint32_t i = 0; i < cnt; i++) {
        if (sell->group == PH_NONE) /* a group's offer: see group.c */
            ph_contract_take_back(m, c->parent, f[i].window, f[i].quantity);
        for (uint32_t k = 0; k < f[i].window.periods; k++)
            ph_contract_move(m, &cursor, f[i].window.first + k, f[i].quantity, f[i].price, sum);
    }
    t->supplier_notional = narrow(sum->supplier_notional);
    t->premium = narrow(sum->premium);
    t->supplier_fee = ph_money_share_down(t->supplier_notional, parent->supplier_ppm);
    t->reseller_fee = ph_money_share_down(narrow(sum->at_once), reseller_ppm);
    t->bond = narrow((ph_wide)parent->bond_unit * (int64_t)unit_periods);
    c->reseller = parent->buyer;
    c->reseller_ppm = reseller_ppm;
    c->supplier_ppm = parent->supplier_ppm;
    c->bond_unit = parent->bond_unit;
    c->supplier_notional = t->supplier_notional;
    c->supplier_fee = t->supplier_fee;
    c->meter = ph_contract_meter(m, id);
    m->contracts[c->parent].meter = ph_contract_meter(m, c->parent); /* premiums left it */
}

static void pay_new(ph_market *m, const ph_trade *t)
{
    ph_ledger_side buyer = ph_ledger_side_of(m, PH_ACCOUNT_CASH, t->buyer.v);
    ph_ledger_side supplier = ph_ledger_side_of(m, PH_ACCOUNT_CASH, t->supplier.v);
    ph_ledger_side escrow = ph_ledger_side_of(m, PH_ACCOUNT_ESCROW, t->contract.v);
    ph_ledger_side bond = ph_ledger_side_of(m, PH_ACCOUNT_BOND, t->contract.v);
    ph_ledger_side exchange = ph_ledger_side_of(m, PH_ACCOUNT_FEES, 0);
    ph_ledger_move(m, &buyer, &escrow, t->notional, PH_TRANSFER_NOTIONAL);
    ph_ledger_move(m, &buyer, &escrow, t->buyer_fee - t->buyer_fee_at_trade,
                   PH_TRANSFER_FEE_ESCROW);
    ph_ledger_move(m, &buyer, &exchange, t->buyer_fee_at_trade, PH_TRANSFER_FEE);
    ph_ledger_move(m, &supplier, &bond, t->bond, PH_TRANSFER_BOND);
}

/* The part of the reseller's escrowed fee that belongs to what it sold on is earned now. */
static void earn_resellers_fee(ph_market *m, uint32_t parent, ph_money resold)
{
    ph_contract *c = &m->contracts[parent];
    ph_money undelivered = c->notional - c->delivered;
    PH_ASSERT(resold > 0 && resold <= undelivered);
    ph_money earned = ph_money_ratio_down(c->fee_left, resold, undelivered);
    c->fee_left -= earned;
    c->buyer_fee -= earned;
    c->notional -= resold;
    ph_ledger_transfer(m, account(PH_ACCOUNT_ESCROW, parent), fees, earned, PH_TRANSFER_BUYER_FEE);
}

static void pay_fee(ph_market *m, const ph_trade *t)
{
    ph_account buyer = account(PH_ACCOUNT_CASH, t->buyer.v);
    ph_ledger_transfer(m, buyer, account(PH_ACCOUNT_ESCROW, t->contract.v),
                       t->buyer_fee - t->buyer_fee_at_trade, PH_TRANSFER_FEE_ESCROW);
    ph_ledger_transfer(m, buyer, fees, t->buyer_fee_at_trade, PH_TRANSFER_FEE);
}

static void pay_resale(ph_market *m, const ph_trade *t, const ph_contract_moved *sum)
{
    uint64_t parent = t->from_contract.v, id = t->contract.v;
    ph_account buyer = account(PH_ACCOUNT_CASH, t->buyer.v);
    ph_account reseller = account(PH_ACCOUNT_CASH, t->seller.v);
    ph_ledger_transfer(m, buyer, reseller, narrow(sum->at_once) - t->reseller_fee,
                       PH_TRANSFER_RESALE);
    ph_ledger_transfer(m, buyer, fees, t->reseller_fee, PH_TRANSFER_RESALE_FEE);
    ph_ledger_transfer(m, buyer, account(PH_ACCOUNT_PREMIUM, id), t->premium, PH_TRANSFER_PREMIUM);
    pay_fee(m, t);
    earn_resellers_fee(m, (uint32_t)parent, narrow(sum->reseller_notional));
    static const ph_account_kind kinds[] = {PH_ACCOUNT_ESCROW, PH_ACCOUNT_BOND, PH_ACCOUNT_PREMIUM};
    const ph_money amounts[] = {t->supplier_notional, t->bond, narrow(sum->older_premiums)};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        ph_ledger_transfer(m, account(kinds[i], parent), account(kinds[i], id), amounts[i],
                           PH_TRANSFER_SPLIT);
    ph_contract *c = &m->contracts[parent];
    if (c->first_delivery != PH_NONE) return;
    /* Nothing of it is open any more. */
    ph_ledger_transfer(m, account(PH_ACCOUNT_ESCROW, parent), account(PH_ACCOUNT_CASH, c->buyer),
                       c->fee_left, PH_TRANSFER_FEE_REFUND);
    c->fee_left = 0;
}

/* One trade and one contract out of all fills between the same two orders. */
static void conclude(ph_market *m, const ph_fill *f, uint32_t cnt)
{
    ph_order *buy = &m->orders[f->buy], *sell = &m->orders[f->sell];
    const ph_product *p = &m->products[buy->product];
    uint64_t unit_periods = 0;
    ph_wide notional = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        unit_periods += units_of(&f[i]);
        notional += (ph_wide)f[i].price * (int64_t)units_of(&f[i]);
    }
    buy->reported -= unit_periods;
    sell->reported -= unit_periods;
    uint32_t parent = sell->from_contract;
    PH_ASSERT(m->last_contract < m->limits.contracts_max);
    ph_trade *t = &ph_emit(m, PH_EVT_TRADE)->u.trade;
    t->trade.v = ++m->last_trade;
    t->contract.v = ++m->last_contract;
    t->product = p->terms.id;
    t->terms_version = p->terms_version;
    t->buyer.v = buy->participant;
    t->seller.v = sell->participant;
    t->supplier.v = parent == 0 ? sell->participant : m->contracts[parent].supplier;
    t->from_contract.v = parent;
    t->buy_order.v = buy->id;
    t->sell_order.v = sell->id;
    t->buy_client_order_id = buy->client_order_id;
    t->sell_client_order_id = sell->client_order_id;
    t->buy_leaves = buy->reported;
    t->sell_leaves = sell->reported;
    t->taker = (ph_side)m->orders[m->incoming].side;
    t->notional = narrow(notional);
    if (parent == 0) {
        conclude_new(m, f, cnt, t, unit_periods);
        t->segment_cnt = tell_segments(m, f, cnt);
        pay_new(m, t);
    } else {
        ph_contract_moved sum = {.supplier_notional = 0};
        conclude_resale(m, f, cnt, t, unit_periods, &sum);
        t->segment_cnt = tell_segments(m, f, cnt);
        pay_resale(m, t, &sum);
    }
}

/* Trades of the order with the lower place in all of them. */
static void conclude_group(ph_market *m, const ph_fill_key *key, uint32_t keys)
{
    uint32_t cnt = sort_group(m, key, keys);
    const ph_fill *f = m->fills_spare;
    for (uint32_t i = 0; i < cnt;) {
        uint32_t j = i + 1;
        while (j < cnt && f[j].buy == f[i].buy && f[j].sell == f[i].sell)
            j++;
        conclude(m, &f[i], j - i);
        i = j;
    }
}

void ph_trade_conclude_all(ph_market *m)
{
    const ph_fill_key *key = sort_keys(m);
    for (uint32_t i = 0; i < m->fill_cnt;) {
        uint32_t j = i + 1;
        while (j < m->fill_cnt && key[j].place == key[i].place)
            j++;
        if (j - i == 1)
            conclude(m, &m->fills[key[i].at], 1);
        else
            conclude_group(m, &key[i], j - i);
        i = j;
    }
}
