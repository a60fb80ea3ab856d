/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/group.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/fill.h"
#include "engine/core/ledger.h"
#include "engine/core/supply.h"

typedef struct {
    uint32_t slot[PH_GROUP_MEMBERS_MAX];
    uint32_t cnt;
} ring;

static ring ring_of(const ph_market *m, uint32_t slot)
{
    ring r = {.cnt = 0};
    uint32_t at = slot;
    do {
        PH_ASSERT(r.cnt < PH_GROUP_MEMBERS_MAX);
        r.slot[r.cnt++] = at;
        at = m->orders[at].group;
    } while (at != slot);
    return r;
}

/* ---- What a group offers ------------------------------------------------------------------ */

static bool same_supply(const ph_order *a, const ph_order *b)
{
    return a->pool == b->pool && a->from_contract == b->from_contract;
}

/* Units of the kind that the supply is counted in. */
static uint64_t supply_units(const ph_market *m, const ph_order *o)
{
    if (o->from_contract != 0) return o->offered;
    return (uint64_t)o->offered * m->products[o->product].order_terms.hardware_units;
}

/* The member of the ring that offers most of one supply in one period; PH_NONE if none does. */
static uint32_t largest(const ph_market *m, const ring *r, const ph_order *like, ph_period t)
{
    uint32_t best = PH_NONE;
    for (uint32_t i = 0; i < r->cnt; i++) {
        const ph_order *o = &m->orders[r->slot[i]];
        if (o->offered == 0 || !same_supply(o, like) || !ph_window_has(o->window, t)) continue;
        if (best == PH_NONE || supply_units(m, o) > supply_units(m, &m->orders[best]))
            best = r->slot[i];
    }
    return best;
}

typedef void each_supply(ph_market *m, const ph_order *o, ph_window window, uint32_t units);

/* Calls f for the largest member of every supply and period, run by run. */
static void each_largest(ph_market *m, const ring *r, each_supply *f)
{
    for (uint32_t i = 0; i < r->cnt; i++) {
        const ph_order *o = &m->orders[r->slot[i]];
        if (o->side != PH_SIDE_SELL || o->offered == 0) continue;
        ph_window run = {o->window.first, 0};
        for (uint32_t k = 0; k < o->window.periods; k++) {
            ph_period t = o->window.first + k;
            bool mine = largest(m, r, o, t) == r->slot[i];
            if (mine && run.periods == 0) run.first = t;
            if (mine) run.periods++;
            if (run.periods == 0 || (mine && k + 1 < o->window.periods)) continue;
            f(m, o, run, o->offered);
            run.periods = 0;
        }
    }
}

/* The members that draw on attested units: the largest of them alone counts against those. */
static ring attested_of(const ph_market *m, const ring *r)
{
    ring attested = {.cnt = 0};
    for (uint32_t i = 0; i < r->cnt; i++) {
        if (ph_supply_attested(m, &m->orders[r->slot[i]]))
            attested.slot[attested.cnt++] = r->slot[i];
    }
    return attested;
}

static void offer_all(ph_market *m, const ring *r)
{
    ring attested = attested_of(m, r);
    each_largest(m, r, ph_supply_offer_registered);
    each_largest(m, &attested, ph_supply_offer_attested);
}

static void take_all_back(ph_market *m, const ring *r)
{
    ring attested = attested_of(m, r);
    each_largest(m, r, ph_supply_return_registered);
    each_largest(m, &attested, ph_supply_return_attested);
}

/* ---- What a group holds -------------------------------------------------------------------- */

static bool is_alive(const ph_order *o)
{
    return o->resting && o->left > 0 && o->ends == 0;
}

static bool largest_need(const ph_market *m, const ring *r, const ph_order *changed,
                         uint32_t changed_slot, ph_money *ret)
{
    ph_money most = 0;
    for (uint32_t i = 0; i < r->cnt; i++) {
        const ph_order *o = &m->orders[r->slot[i]];
        if (changed != NULL && r->slot[i] == changed_slot) o = changed;
        ph_money need;
        if (!ph_ledger_hold_of(m, o, o->left, &need)) return false;
        if (need > most) most = need;
    }
    *ret = most;
    return true;
}

bool ph_group_hold_with(const ph_market *m, uint32_t slot, const ph_order *changed, ph_money *ret)
{
    ring r = ring_of(m, slot);
    return largest_need(m, &r, changed, changed == NULL ? PH_NONE : slot, ret);
}

ph_money ph_group_hold(const ph_market *m, uint32_t slot)
{
    ring r = ring_of(m, slot);
    ph_money hold = 0;
    for (uint32_t i = 0; i < r.cnt; i++)
        hold += m->orders[r.slot[i]].hold;
    return hold;
}

static void rehold(ph_market *m, const ring *r)
{
    ph_money most = 0;
    uint32_t carrier = PH_NONE;
    ph_participant *p = &m->participants[m->orders[r->slot[0]].participant];
    for (uint32_t i = 0; i < r->cnt; i++) {
        ph_order *o = &m->orders[r->slot[i]];
        p->held -= o->hold;
        o->hold = 0;
        if (!is_alive(o)) continue;
        if (carrier == PH_NONE || o->id < m->orders[carrier].id) carrier = r->slot[i];
        ph_money need;
        bool fits = ph_ledger_hold_of(m, o, o->left, &need);
        PH_ASSERT(fits); /* less than what fitted when the order was accepted */
        if (need > most) most = need;
    }
    if (carrier == PH_NONE) return;
    m->orders[carrier].hold = most;
    p->held += most;
}

/* ---- Life --------------------------------------------------------------------------------- */

void ph_group_join(ph_market *m, const uint32_t *slots, uint32_t cnt)
{
    ring r = {.cnt = cnt};
    for (uint32_t i = 0; i < cnt; i++) {
        ph_order *o = &m->orders[slots[i]];
        o->group = slots[(i + 1) % cnt];
        o->offered = o->side == PH_SIDE_SELL ? o->open : 0;
        r.slot[i] = slots[i];
    }
    offer_all(m, &r);
    ph_money most = 0;
    bool fits = largest_need(m, &r, NULL, PH_NONE, &most);
    PH_ASSERT(fits); /* every member was checked */
    m->orders[slots[0]].hold = most;
    m->participants[m->orders[slots[0]].participant].held += most;
}

void ph_group_executed(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    if (o->left > 0) return;
    if (o->resting) ph_book_leave(m, slot);
    for (uint32_t i = o->group; i != PH_NONE && i != slot; i = m->orders[i].group) {
        bool elsewhere = m->is_trial && m->orders[i].product != o->product;
        if (m->orders[i].ends == 0 && !elsewhere) ph_fill_end(m, i, PH_CANCEL_GROUP);
    }
}

ph_reject ph_group_reoffer(ph_market *m, uint32_t slot, uint32_t units, int64_t ret_args[2])
{
    ph_order *o = &m->orders[slot];
    if (o->side != PH_SIDE_SELL) return PH_REJECT_NONE;
    ring r = ring_of(m, slot);
    take_all_back(m, &r);
    uint32_t before = o->offered;
    ph_reject why = ph_supply_check(m, o, o->window, units, ret_args);
    o->offered = why == PH_REJECT_NONE ? units : before;
    offer_all(m, &r);
    return why;
}

void ph_group_settle(ph_market *m, uint32_t slot)
{
    ring r = ring_of(m, slot);
    take_all_back(m, &r);
    for (uint32_t i = 0; i < r.cnt; i++) {
        ph_order *o = &m->orders[r.slot[i]];
        /* Members execute whole or not at all: what one sold of its capacity is no longer
           offered, but used; what it held has left its contract. */
        if (o->left == 0 && o->ends == 0 && o->from_contract == 0)
            ph_supply_offer(m, o, o->window, o->offered);
        if (!is_alive(o)) o->offered = 0;
    }
    offer_all(m, &r);
    rehold(m, &r);
    uint32_t last = PH_NONE, first = PH_NONE;
    for (uint32_t i = 0; i < r.cnt; i++) {
        uint32_t at = r.slot[i];
        m->orders[at].group = at; /* who left is alone */
        if (!is_alive(&m->orders[at])) continue;
        if (first == PH_NONE) first = at;
        if (last != PH_NONE) m->orders[last].group = at;
        last = at;
    }
    if (first != PH_NONE) m->orders[last].group = first;
}

void ph_group_rehold(ph_market *m, uint32_t slot)
{
    ring r = ring_of(m, slot);
    rehold(m, &r);
}
