/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/contract.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/due.h"

void ph_contract_init(ph_market *m, ph_arena *a)
{
    const ph_market_limits *lim = &m->limits;
    m->contracts = ph_arena_take(a, (size_t)lim->contracts_max + 1, sizeof m->contracts[0]);
    m->deliveries = ph_arena_take(a, (size_t)lim->deliveries_max + 1, sizeof m->deliveries[0]);
    m->lots = ph_arena_take(a, (size_t)lim->lots_max + 1, sizeof m->lots[0]);
    m->lot_premiums = ph_arena_take(a, (size_t)lim->lots_max + 1, sizeof m->lot_premiums[0]);
    m->disputes = ph_arena_take(a, (size_t)lim->disputes_max + 1, sizeof m->disputes[0]);
    m->deliveries_fresh = m->lots_fresh = m->disputes_fresh = 1;
}

uint32_t ph_contract_room(const ph_market *m)
{
    const ph_market_limits *lim = &m->limits;
    uint64_t room = lim->contracts_max - m->last_contract;
    if (lim->deliveries_max - m->delivery_cnt < room) room = lim->deliveries_max - m->delivery_cnt;
    if (lim->lots_max - m->lot_cnt < room) room = lim->lots_max - m->lot_cnt;
    return room < PH_FILLS_PER_COMMAND_MAX ? (uint32_t)room : PH_FILLS_PER_COMMAND_MAX;
}

uint32_t ph_contract_delivery(const ph_market *m, uint32_t contract, ph_period t)
{
    uint32_t i = m->contracts[contract].first_delivery;
    while (i != PH_NONE && m->deliveries[i].period < t)
        i = m->deliveries[i].next;
    return i != PH_NONE && m->deliveries[i].period == t ? i : PH_NONE;
}

/* ---- Pools ---------------------------------------------------------------------------------- */

uint32_t ph_contract_delivery_new(ph_market *m)
{
    uint32_t at = m->delivery_free;
    if (at != PH_NONE)
        m->delivery_free = m->deliveries[at].next;
    else
        at = m->deliveries_fresh++;
    PH_ASSERT(at <= m->limits.deliveries_max); /* see ph_contract_room */
    m->delivery_cnt++;
    m->deliveries[at] = (ph_delivery){.next = PH_NONE};
    return at;
}

uint32_t ph_contract_lot_new(ph_market *m)
{
    uint32_t at = m->lot_free;
    if (at != PH_NONE)
        m->lot_free = m->lots[at].next;
    else
        at = m->lots_fresh++;
    PH_ASSERT(at <= m->limits.lots_max); /* see ph_contract_room */
    m->lot_cnt++;
    m->lots[at] = (ph_lot){.next = PH_NONE};
    return at;
}

static uint32_t lot_new(ph_market *m, ph_lot lot)
{
    uint32_t at = ph_contract_lot_new(m);
    m->lots[at] = lot;
    return at;
}

uint32_t ph_contract_dispute_new(ph_market *m)
{
    uint32_t at = m->dispute_free;
    if (at != PH_NONE)
        m->dispute_free = m->disputes[at].next_free;
    else
        at = m->disputes_fresh++;
    m->dispute_cnt++;
    m->disputes[at] = (ph_dispute){.cnt = 0};
    return at;
}

static void lot_give(ph_market *m, uint32_t at)
{
    m->lots[at].next = m->lot_free;
    m->lot_free = at;
    m->lot_cnt--;
}

/* ---- Growth --------------------------------------------------------------------------------- */

static uint64_t first_due(const ph_market *m, const ph_contract *c, ph_period t)
{
    const ph_product_terms *terms = &m->terms[c->terms_at];
    return ph_period_start(t + 1, terms->period_seconds).ns + terms->report_seconds * PH_NS_PER_S;
}

/* The contract-period of the cursor's contract, made if it is not there. */
static ph_delivery *delivery_at(ph_market *m, ph_contract_cursor *c, ph_period t)
{
    if (c->last != PH_NONE && m->deliveries[c->last].period > t) c->last = PH_NONE;
    uint32_t *link = c->last == PH_NONE ? &m->contracts[c->contract].first_delivery
                                        : &m->deliveries[c->last].next;
    if (c->last != PH_NONE && m->deliveries[c->last].period == t) return &m->deliveries[c->last];
    while (*link != PH_NONE && m->deliveries[*link].period < t)
        link = &m->deliveries[*link].next;
    if (*link == PH_NONE || m->deliveries[*link].period != t) {
        uint32_t at = ph_contract_delivery_new(m);
        m->deliveries[at] = (ph_delivery){
            .next = *link, .contract = c->contract, .period = t, .state = PH_STATE_AWAITED};
        *link = at;
        ph_due_add(m, at, first_due(m, &m->contracts[c->contract], t));
    }
    c->last = *link;
    return &m->deliveries[*link];
}

/* The order in which units leave a contract-period. */
static bool lot_before(const ph_market *m, uint32_t a, uint32_t b, uint32_t depth)
{
    const ph_lot *x = &m->lots[a], *y = &m->lots[b];
    if (x->price != y->price) return x->price < y->price;
    if (x->paid != y->paid) return x->paid < y->paid;
    for (uint32_t i = 0; i < depth; i++) {
        ph_price p = m->lot_premiums[a].v[i], q = m->lot_premiums[b].v[i];
        if (p != q) return p < q;
    }
    return false;
}

static void insert_lot(ph_market *m, ph_delivery *d, uint32_t lot, uint32_t depth)
{
    uint32_t *link = &d->lot;
    while (*link != PH_NONE && !lot_before(m, lot, *link, depth))
        link = &m->lots[*link].next;
    m->lots[lot].next = *link;
    *link = lot;
    d->quantity += m->lots[lot].quantity;
}

void ph_contract_add(ph_market *m, ph_contract_cursor *c, ph_period t, ph_quantity units,
                     ph_price price)
{
    ph_delivery *d = delivery_at(m, c, t);
    d->agreed += price * (ph_money)units; /* part of a notional that fits */
    insert_lot(m, d, lot_new(m, (ph_lot){.quantity = units, .price = price, .paid = price}), 0);
}

/* Units of the parent's first lot go into the new contract-period. */
static void move_lot(ph_market *m, ph_delivery *from, ph_delivery *to, ph_quantity units,
                     ph_price price, uint32_t depth) /* wide: one place of many prices */
{
    uint32_t at = from->lot;
    ph_premiums premiums = m->lot_premiums[at];
    ph_lot moved = m->lots[at];
    premiums.v[depth - 1] = price > moved.price ? price - moved.price : 0;
    moved.paid = price;
    if (units == moved.quantity) {
        from->lot = moved.next;
        m->lots[at] = moved;
    } else {
        m->lots[at].quantity -= units;
        moved.quantity = units;
        at = lot_new(m, moved);
    }
    m->lot_premiums[at] = premiums;
    from->quantity -= units;
    to->agreed += moved.price * (ph_money)units;
    insert_lot(m, to, at, depth);
}

static void add_moved(ph_contract_moved *sum, const ph_market *m, const ph_lot *lot,
                      const ph_premiums *older, uint32_t depth, ph_quantity units,
                      ph_price price) /* wide: one place of many prices */
{
    (void)m;
    ph_wide n = units;
    sum->supplier_notional += lot->price * n;
    sum->reseller_notional += lot->paid * n;
    sum->at_once += (price < lot->price ? price : lot->price) * n;
    sum->premium += (price > lot->price ? price - lot->price : 0) * n;
    for (uint32_t i = 0; i + 1 < depth; i++)
        sum->older_premiums += older->v[i] * n;
}

void ph_contract_move(ph_market *m, ph_contract_cursor *c, ph_period t, ph_quantity units,
                      ph_price price, ph_contract_moved *sum)
{
    const ph_contract *fresh = &m->contracts[c->contract];
    uint32_t parent = ph_contract_delivery(m, fresh->parent, t);
    PH_ASSERT(parent != PH_NONE);
    while (units > 0) {
        ph_delivery *from = &m->deliveries[parent];
        PH_ASSERT(from->lot != PH_NONE);
        const ph_lot *lot = &m->lots[from->lot];
        ph_quantity step = units < lot->quantity ? units : lot->quantity;
        add_moved(sum, m, lot, &m->lot_premiums[from->lot], fresh->depth, step, price);
        ph_delivery *to = delivery_at(m, c, t);
        move_lot(m, &m->deliveries[parent], to, step, price, fresh->depth);
        units -= step;
    }
    if (m->deliveries[parent].quantity == 0) ph_contract_drop(m, parent);
}

/* ---- Amounts -------------------------------------------------------------------------------- */

ph_wide ph_delivery_notional(const ph_market *m, uint32_t delivery)
{
    ph_wide sum = 0;
    for (uint32_t i = m->deliveries[delivery].lot; i != PH_NONE; i = m->lots[i].next)
        sum += (ph_wide)m->lots[i].price * m->lots[i].quantity;
    return sum;
}

ph_wide ph_delivery_paid(const ph_market *m, uint32_t delivery)
{
    ph_wide sum = 0;
    for (uint32_t i = m->deliveries[delivery].lot; i != PH_NONE; i = m->lots[i].next)
        sum += (ph_wide)m->lots[i].paid * m->lots[i].quantity;
    return sum;
}

ph_wide ph_delivery_bond(const ph_market *m, uint32_t delivery)
{
    const ph_delivery *d = &m->deliveries[delivery];
    return (ph_wide)m->contracts[d->contract].bond_unit * d->quantity;
}

ph_wide ph_delivery_premium(const ph_market *m, uint32_t delivery, uint32_t link)
{
    ph_wide sum = 0;
    for (uint32_t i = m->deliveries[delivery].lot; i != PH_NONE; i = m->lots[i].next)
        sum += (ph_wide)m->lot_premiums[i].v[link - 1] * m->lots[i].quantity;
    return sum;
}

bool ph_contract_owes(const ph_market *m, uint32_t delivery, uint32_t participant)
{
    uint32_t contract = m->deliveries[delivery].contract;
    for (uint32_t link = m->contracts[contract].depth; link >= 1; link--) {
        const ph_contract *c = &m->contracts[ph_contract_link(m, contract, link)];
        if (c->reseller == participant && ph_delivery_premium(m, delivery, link) > 0) return true;
    }
    return false;
}

uint32_t ph_contract_meter(const ph_market *m, uint32_t contract)
{
    const ph_contract *c = &m->contracts[contract];
    uint32_t meter = m->terms[c->terms_at].meter.v;
    if (meter == c->buyer || meter == c->supplier) return 0;
    uint32_t at = c->depth == 0 || meter == 0 ? PH_NONE : c->first_delivery;
    for (; at != PH_NONE; at = m->deliveries[at].next) {
        if (ph_contract_owes(m, at, meter)) return 0;
    }
    return meter;
}

uint32_t ph_contract_link(const ph_market *m, uint32_t contract, uint32_t link)
{
    while (m->contracts[contract].depth > link)
        contract = m->contracts[contract].parent;
    return contract;
}

void ph_contract_drop(ph_market *m, uint32_t delivery)
{
    ph_delivery *d = &m->deliveries[delivery];
    uint32_t *link = &m->contracts[d->contract].first_delivery;
    while (*link != delivery)
        link = &m->deliveries[*link].next;
    *link = d->next;
    if (d->due_group != PH_NONE) ph_due_remove(m, delivery);
    while (d->lot != PH_NONE) {
        uint32_t next = m->lots[d->lot].next;
        lot_give(m, d->lot);
        d->lot = next;
    }
    *d = (ph_delivery){.next = m->delivery_free};
    m->delivery_free = delivery;
    m->delivery_cnt--;
}

/* ---- Resale --------------------------------------------------------------------------------- */

static ph_reject refuse(int64_t args[2], ph_reject why, int64_t arg0, int64_t arg1)
{
    args[0] = arg0;
    args[1] = arg1;
    return why;
}

ph_reject ph_contract_check_resale(const ph_market *m, uint32_t seller, const ph_new_order *n,
                                   int64_t ret_args[2])
{
    uint64_t id = n->from_contract.v;
    if (id == 0 || id > m->last_contract)
        return refuse(ret_args, PH_REJECT_UNKNOWN_CONTRACT, (int64_t)id, 0);
    const ph_contract *c = &m->contracts[id];
    if (c->buyer != seller) return refuse(ret_args, PH_REJECT_NOT_PARTY, (int64_t)id, 0);
    if (c->product != n->product.v) return refuse(ret_args, PH_REJECT_NOT_HELD, n->window.first, 0);
    uint32_t current = m->products[c->product].terms_version;
    if (c->terms_version != current)
        return refuse(ret_args, PH_REJECT_OLD_TERMS, c->terms_version, current);
    if (c->depth >= PH_RESALES_MAX)
        return refuse(ret_args, PH_REJECT_RESOLD_TOO_OFTEN, c->depth, PH_RESALES_MAX);
    return PH_REJECT_NONE;
}

ph_reject ph_contract_free(const ph_market *m, uint32_t contract, ph_window w, uint32_t units,
                           int64_t ret_args[2])
{
    uint32_t at = m->contracts[contract].first_delivery;
    for (uint32_t i = 0; i < w.periods; i++) {
        ph_period t = w.first + i;
        while (at != PH_NONE && m->deliveries[at].period < t)
            at = m->deliveries[at].next;
        const ph_delivery *d = &m->deliveries[at];
        bool there = at != PH_NONE && d->period == t;
        uint32_t have = there ? d->quantity - d->offered : 0;
        if (have < units) return refuse(ret_args, PH_REJECT_NOT_HELD, t, have);
    }
    return PH_REJECT_NONE;
}

static void change_offer(ph_market *m, uint32_t contract, ph_window w, int64_t units)
{
    uint32_t at = m->contracts[contract].first_delivery;
    for (; at != PH_NONE; at = m->deliveries[at].next) {
        ph_delivery *d = &m->deliveries[at];
        if (d->period < w.first) continue;
        if (!ph_window_has(w, d->period)) return;
        d->offered = (ph_quantity)(d->offered + units);
    }
}

void ph_contract_offer(ph_market *m, uint32_t contract, ph_window w, uint32_t units)
{
    change_offer(m, contract, w, units);
}

void ph_contract_take_back(ph_market *m, uint32_t contract, ph_window w, uint32_t units)
{
    change_offer(m, contract, w, -(int64_t)units);
}
