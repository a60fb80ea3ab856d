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
    while (i != PH_NONE && ph_delivery_end(&m->deliveries[i]) <= t)
        i = m->deliveries[i].next;
    return i != PH_NONE && m->deliveries[i].period <= t ? i : PH_NONE;
}

/* ---- Pools ---------------------------------------------------------------------------------- */

static uint32_t delivery_take(ph_market *m)
{
    uint32_t at = m->delivery_free;
    if (at != PH_NONE)
        m->delivery_free = m->deliveries[at].next;
    else
        at = m->deliveries_fresh++;
    PH_ASSERT(at <= m->limits.deliveries_max); /* see ph_contract_room */
    return at;
}

uint32_t ph_contract_delivery_new(ph_market *m)
{
    uint32_t at = delivery_take(m);
    m->delivery_cnt++;
    m->deliveries[at] = (ph_delivery){.next = PH_NONE, .periods = 1};
    return at;
}

static uint32_t lot_take(ph_market *m)
{
    uint32_t at = m->lot_free;
    if (at != PH_NONE)
        m->lot_free = m->lots[at].next;
    else
        at = m->lots_fresh++;
    PH_ASSERT(at <= m->limits.lots_max); /* see ph_contract_room */
    return at;
}

uint32_t ph_contract_lot_new(ph_market *m)
{
    uint32_t at = lot_take(m);
    m->lot_cnt++;
    m->lots[at] = (ph_lot){.next = PH_NONE};
    return at;
}

static uint32_t lot_new(ph_market *m, ph_lot lot)
{
    uint32_t at = lot_take(m);
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

/* ---- Runs ----------------------------------------------------------------------------------- */

static uint64_t first_due(const ph_market *m, uint32_t contract, ph_period t)
{
    const ph_product_terms *terms = &m->terms[m->contracts[contract].terms_at];
    return ph_period_start(t + 1, terms->period_seconds).ns + terms->report_seconds * PH_NS_PER_S;
}

uint64_t ph_contract_due(const ph_market *m, uint32_t delivery, ph_period t)
{
    const ph_delivery *d = &m->deliveries[delivery];
    return t == d->period ? ph_due_of(m, delivery) : first_due(m, d->contract, t);
}

static uint32_t copy_lots(ph_market *m, uint32_t from, uint32_t depth)
{
    uint32_t first = PH_NONE, *link = &first;
    for (uint32_t i = from; i != PH_NONE; i = m->lots[i].next) {
        *link = lot_new(m, m->lots[i]);
        if (depth > 0) m->lot_premiums[*link] = m->lot_premiums[i];
        link = &m->lots[*link].next;
    }
    *link = PH_NONE;
    return first;
}

/* Ends a run before period t, not its first; returns the run of the others. */
static uint32_t split(ph_market *m, uint32_t delivery, ph_period t)
{
    uint32_t rest = delivery_take(m);
    ph_delivery *d = &m->deliveries[delivery], *r = &m->deliveries[rest];
    PH_ASSERT(d->state == PH_STATE_AWAITED && t > d->period && t < ph_delivery_end(d));
    *r = *d;
    r->period = t;
    r->periods = ph_delivery_end(d) - t;
    r->lot = copy_lots(m, d->lot, m->contracts[d->contract].depth);
    r->due_group = PH_NONE;
    d->periods -= r->periods;
    d->next = rest;
    ph_due_add(m, rest, first_due(m, d->contract, t));
    return rest;
}

/* The part of a run that lies in the window, of which it has the first period. */
static uint32_t cut(ph_market *m, uint32_t delivery, ph_window w)
{
    if (m->deliveries[delivery].period < w.first) delivery = split(m, delivery, w.first);
    ph_period end = w.first + w.periods;
    if (ph_delivery_end(&m->deliveries[delivery]) > end) (void)split(m, delivery, end);
    return delivery;
}

uint32_t ph_contract_alone(ph_market *m, uint32_t delivery, ph_period t)
{
    return cut(m, delivery, (ph_window){t, 1});
}

/* ---- Growth --------------------------------------------------------------------------------- */

static uint32_t run_new(ph_market *m, uint32_t contract, ph_window w, uint32_t next)
{
    uint32_t at = delivery_take(m);
    m->delivery_cnt += w.periods;
    m->deliveries[at] = (ph_delivery){.next = next,
                                      .contract = contract,
                                      .period = w.first,
                                      .periods = w.periods,
                                      .state = PH_STATE_AWAITED};
    ph_due_add(m, at, first_due(m, contract, w.first));
    return at;
}

/* A run of the cursor's contract that begins with the window and does not go beyond it, made where
   there is none. */
static uint32_t run_at(ph_market *m, ph_contract_cursor *c, ph_window w)
{
    if (c->last != PH_NONE && m->deliveries[c->last].period > w.first) c->last = PH_NONE;
    uint32_t *link = &m->contracts[c->contract].first_delivery;
    if (c->last != PH_NONE) link = &c->last;
    uint32_t before = PH_NONE;
    while (*link != PH_NONE && ph_delivery_end(&m->deliveries[*link]) <= w.first) {
        before = *link;
        link = &m->deliveries[before].next;
    }
    uint32_t at = *link;
    if (at != PH_NONE && m->deliveries[at].period <= w.first) {
        at = cut(m, at, w);
    } else {
        if (at != PH_NONE && m->deliveries[at].period - w.first < w.periods)
            w.periods = m->deliveries[at].period - w.first;
        at = run_new(m, c->contract, w, at);
        *(before == PH_NONE ? &m->contracts[c->contract].first_delivery
                            : &m->deliveries[before].next) = at;
    }
    c->last = at;
    return at;
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

void ph_contract_add(ph_market *m, ph_contract_cursor *c, ph_window w, ph_quantity units,
                     ph_price price)
{
    m->lot_cnt += w.periods;
    ph_lot lot = {.quantity = units, .price = price, .paid = price};
    uint32_t *first = &m->contracts[c->contract].first_delivery;
    if (*first == PH_NONE) {
        *first = c->last = run_new(m, c->contract, w, PH_NONE);
        ph_delivery *d = &m->deliveries[*first];
        d->agreed = price * (ph_money)units;
        d->quantity = units;
        d->lot = lot_new(m, lot);
        return;
    }
    while (w.periods > 0) {
        ph_delivery *d = &m->deliveries[run_at(m, c, w)];
        d->agreed += price * (ph_money)units; /* part of a notional that fits */
        insert_lot(m, d, lot_new(m, lot), 0);
        w.first += d->periods;
        w.periods -= d->periods;
    }
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
        m->lot_cnt++;
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
    parent = ph_contract_alone(m, parent, t);
    while (units > 0) {
        ph_delivery *from = &m->deliveries[parent];
        PH_ASSERT(from->lot != PH_NONE);
        const ph_lot *lot = &m->lots[from->lot];
        ph_quantity step = units < lot->quantity ? units : lot->quantity;
        add_moved(sum, m, lot, &m->lot_premiums[from->lot], fresh->depth, step, price);
        ph_delivery *to = &m->deliveries[run_at(m, c, (ph_window){t, 1})];
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
    if (meter == 0 || meter == c->buyer || meter == c->supplier) return 0;
    uint32_t at = c->depth == 0 ? PH_NONE : c->first_delivery;
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
    PH_ASSERT(d->periods == 1);
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
    for (ph_period t = w.first, end = t + w.periods; units > 0 && t < end;) {
        while (at != PH_NONE && ph_delivery_end(&m->deliveries[at]) <= t)
            at = m->deliveries[at].next;
        const ph_delivery *d = &m->deliveries[at];
        bool there = at != PH_NONE && d->period <= t;
        uint32_t have = there ? d->quantity - d->offered : 0;
        if (have < units) return refuse(ret_args, PH_REJECT_NOT_HELD, t, have);
        t = ph_delivery_end(d);
    }
    return PH_REJECT_NONE;
}

static void change_offer(ph_market *m, uint32_t contract, ph_window w, int64_t units)
{
    uint32_t at = m->contracts[contract].first_delivery;
    ph_period end = w.first + w.periods;
    for (; at != PH_NONE && m->deliveries[at].period < end; at = m->deliveries[at].next) {
        if (ph_delivery_end(&m->deliveries[at]) <= w.first) continue;
        at = cut(m, at, w);
        ph_delivery *d = &m->deliveries[at];
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
