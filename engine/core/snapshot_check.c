/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/snapshot_check.h"

#include "engine/base/bytes.h"
#include "engine/base/money.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/capacity.h"
#include "engine/core/contract.h"
#include "engine/core/gate.h"

/* Counters only grow by what commands do, so that none of them ever comes near. */
#define COUNTER_MAX ((uint64_t)INT64_MAX)

/* ---- Registry ----------------------------------------------------------------------------- */

const char *ph_snapshot_head_wrong(const ph_market *m)
{
    if (m->now.ns > COUNTER_MAX) return "the stamp is out of range";
    if (m->seq >= COUNTER_MAX || m->last_order >= COUNTER_MAX || m->last_place >= COUNTER_MAX ||
        m->last_trade >= COUNTER_MAX)
        return "a counter is out of range";
    if (m->opened != (m->participant_cnt > 0) || m->opened != (m->rules_version > 0))
        return "a market is open if and only if it has an operator and rules";
    if (m->external > 0 || m->external == INT64_MIN) return "more went out than came in";
    return m->fees < 0 ? "the exchange's fees are negative" : NULL;
}

const char *ph_snapshot_participant_wrong(const ph_market *m, uint32_t i)
{
    const ph_participant *p = &m->participants[i];
    const ph_register_participant *r = &p->registered;
    if (r->id.v != i) return "a participant is not in its place";
    if (r->roles == 0 || (r->roles & ~(uint32_t)PH_ROLES_ALL) != 0) return "no such roles";
    if (p->cash < 0) return "a participant's cash is negative";
    if (p->ids_cnt > p->highest_client_order_id) return "more client order ids than there are";
    uint64_t kept = p->ids_cnt < PH_CLIENT_IDS_KEPT ? p->ids_cnt : PH_CLIENT_IDS_KEPT;
    uint64_t before = 0;
    for (uint64_t n = p->ids_cnt - kept; n < p->ids_cnt; n++) {
        uint64_t at = n % PH_CLIENT_IDS_KEPT;
        if (p->ids[at].id <= before) return "client order ids do not ascend";
        if (p->ids[at].order == 0 || p->ids[at].order > m->last_order)
            return "a client order id belongs to no order";
        before = p->ids[at].id;
    }
    return before == p->highest_client_order_id ? NULL : "the highest client order id differs";
}

const char *ph_snapshot_site_wrong(const ph_market *m, uint32_t i)
{
    const ph_site_measurement *s = &m->measurements[i];
    if (m->sites[i].id.v != i) return "a site is not in its place";
    if (m->sites[i].owner.v == 0 || m->sites[i].owner.v > m->participant_cnt)
        return "a site has no owner";
    if (s->by.v > m->participant_cnt || s->values.measured_at.ns > m->now.ns)
        return "a measurement by nobody, or of the future";
    return s->values.measured_at.ns == 0 || s->values.site.v == i ? NULL
                                                                  : "a measurement of another site";
}

const char *ph_snapshot_probe_wrong(const ph_market *m, uint32_t i)
{
    const ph_probe_measurement *p = &m->probes[i].newest;
    if (p->values.site.v == 0 || p->values.site.v > m->site_cnt) return "a probe of no site";
    if (p->by.v == 0 || p->by.v > m->participant_cnt) return "a probe by nobody";
    return p->values.measured_at.ns > m->now.ns ? "a probe of the future" : NULL;
}

const char *ph_snapshot_pool_wrong(const ph_market *m, uint32_t i)
{
    const ph_pool *p = &m->pools[i];
    if (p->supplier == 0 || p->supplier > m->participant_cnt || p->site == 0 ||
        p->site > m->site_cnt || p->hardware == 0 || p->hardware > m->hardware_cnt)
        return "a capacity of nobody, nowhere or of nothing";
    for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
        if (p->registered[r] > COUNTER_MAX || p->used[r] > p->registered[r] ||
            p->attested[r] > p->registered[r] || p->used_attested[r] > p->attested[r])
            return "more capacity is used or attested than registered";
    }
    return NULL;
}

/* ---- Contracts ---------------------------------------------------------------------------- */

static const char *chain_wrong(const ph_market *m, const ph_contract *c)
{
    if (c->parent == 0) return c->reseller != 0 ? "a contract of no resale has a reseller" : NULL;
    const ph_contract *parent = &m->contracts[c->parent];
    if (c->reseller == 0 || c->reseller != parent->buyer)
        return "what was resold was not the reseller's";
    if (c->supplier != parent->supplier || c->product != parent->product ||
        c->terms_at != parent->terms_at)
        return "a resale is of other supply than the contract that was split";
    return NULL;
}

const char *ph_snapshot_contract_wrong(const ph_market *m, uint32_t id)
{
    const ph_contract *c = &m->contracts[id];
    if (c->buyer == 0 || c->supplier == 0 || c->product == 0 || c->terms_at == 0)
        return "a contract without parties, product or terms";
    if (m->terms[c->terms_at].id.v != c->product) return "a contract has another product's terms";
    uint32_t current = m->products[c->product].terms_version;
    bool is_current = c->terms_at == m->products[c->product].terms_at;
    if (c->terms_version == 0 || c->terms_version > current ||
        is_current != (c->terms_version == current))
        return "a contract has terms of no such version";
    if (c->reseller_ppm > PH_FEE_PPM_MAX || c->supplier_ppm > PH_FEE_PPM_MAX)
        return "a fee is out of range";
    const ph_money amounts[] = {c->bond_unit,
                                c->notional,
                                c->delivered,
                                c->buyer_fee,
                                c->fee_earned,
                                c->fee_left,
                                c->supplier_delivered,
                                c->supplier_fee,
                                c->supplier_fee_earned,
                                c->escrow,
                                c->bond,
                                c->deposit,
                                c->premium,
                                c->fee_paid};
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        if (amounts[i] < 0) return "an amount of a contract is negative";
    }
    if (c->supplier_notional <= 0) return "a contract is worth nothing";
    if (c->delivered > c->notional || c->supplier_delivered > c->supplier_notional)
        return "more of a contract is delivered than agreed";
    return chain_wrong(m, c);
}

const char *ph_snapshot_lot_wrong(const ph_market *m, uint32_t lot, uint32_t depth)
{
    const ph_lot *l = &m->lots[lot];
    if (l->quantity == 0 || l->quantity > PH_QUANTITY_MAX) return "a lot's quantity is impossible";
    if (l->price <= 0 || l->paid <= 0) return "a lot has no price";
    for (uint32_t i = 0; i < depth; i++) {
        if (m->lot_premiums[lot].v[i] < 0) return "a premium is negative";
    }
    return NULL;
}

/* A premium's owner has a claim above the report, the buyer one below. */
static bool claim_ok(const ph_market *m, const ph_delivery *d, const ph_claim *claim,
                     uint64_t promised)
{
    if (claim->participant == 0 || claim->deposit < 0 || claim->figure > promised) return false;
    const ph_contract *c = &m->contracts[d->contract];
    if (claim->is_buyer) return claim->participant == c->buyer && claim->figure < d->report;
    if (claim->figure <= d->report) return false;
    for (uint32_t link = c->depth; link >= 1; link--) {
        if (m->contracts[ph_contract_link(m, d->contract, link)].reseller == claim->participant)
            return true;
    }
    return false;
}

static const char *dispute_wrong(const ph_market *m, const ph_delivery *d, uint64_t promised)
{
    const ph_dispute *x = &m->disputes[d->dispute];
    if (x->cnt == 0) return "a dispute without a claim";
    for (uint32_t i = 0; i < x->cnt; i++) {
        if (!claim_ok(m, d, &x->v[i], promised)) return "a claim that its owner could not make";
        for (uint32_t k = 0; k < i; k++) {
            if (x->v[k].participant == x->v[i].participant && x->v[k].is_buyer == x->v[i].is_buyer)
                return "two claims of one participant";
        }
    }
    return NULL;
}

const char *ph_snapshot_delivery_wrong(const ph_market *m, uint32_t delivery, uint64_t due_ns)
{
    const ph_delivery *d = &m->deliveries[delivery];
    const ph_contract *c = &m->contracts[d->contract];
    const ph_product_terms *terms = &m->terms[c->terms_at];
    uint64_t now = ph_period_at(m->now, terms->period_seconds);
    if (d->period == 0 || d->period >= now + m->limits.ring_periods)
        return "a contract-period is out of range";
    if (d->quantity == 0 || d->quantity > PH_QUANTITY_MAX || d->offered > d->quantity)
        return "the quantity of a contract-period is impossible";
    if (d->agreed <= 0 || d->agreed > c->supplier_notional)
        return "a contract-period is worth more than its contract";
    uint64_t promised = (uint64_t)d->quantity * terms->period_seconds;
    uint64_t end = ph_period_start(d->period + 1, terms->period_seconds).ns;
    uint64_t window = terms->report_seconds * PH_NS_PER_S;
    if (due_ns <= m->now.ns) return "a window is over and did not end";
    if (d->state == PH_STATE_AWAITED) {
        if (d->report != 0 || d->dispute_until_ns != 0 || d->dispute != PH_NONE)
            return "a report that is awaited is there";
        if (d->second_window && c->meter == 0) return "a second window without a meter";
        return due_ns == end + (d->second_window ? 2 * window : window)
                   ? NULL
                   : "a report is awaited until another time";
    }
    if (end > m->now.ns || d->report > promised) return "a report that could not be made";
    /* A window runs for at most its length from the last report or dispute on. */
    if (d->dispute_until_ns > m->now.ns + terms->dispute_seconds * PH_NS_PER_S)
        return "a dispute window is too long";
    if (d->state == PH_STATE_REPORTED)
        return due_ns == d->dispute_until_ns && d->dispute == PH_NONE
                   ? NULL
                   : "a report is final at another time";
    if (d->dispute == PH_NONE) return "a dispute is not there";
    if (due_ns > m->now.ns + terms->resolve_seconds * PH_NS_PER_S)
        return "a resolve window is too long";
    return dispute_wrong(m, d, promised);
}

const char *ph_snapshot_sums_wrong(const ph_market *m, uint32_t contract)
{
    const ph_contract *c = &m->contracts[contract];
    ph_wide paid = c->delivered, agreed = c->supplier_delivered;
    uint64_t last = 0;
    for (uint32_t i = c->first_delivery; i != PH_NONE; i = m->deliveries[i].next) {
        if (m->deliveries[i].period <= last) return "a contract's periods are not in order";
        last = m->deliveries[i].period;
        paid += ph_delivery_paid(m, i);
        agreed += ph_delivery_notional(m, i);
    }
    if (paid > c->notional || agreed > c->supplier_notional)
        return "a contract's periods are worth more than it is";
    return NULL;
}

/* ---- Resting orders ------------------------------------------------------------------------ */

static bool open_window(const ph_market *m, const ph_product_terms *terms, ph_window w)
{
    return w.first >= ph_gate_first_open(m, terms) &&
           ph_window_end(w) - 1 <= ph_gate_last_open(m, terms);
}

static const char *shape_wrong(const ph_market *m, const ph_order *o)
{
    const ph_product_terms *terms = &m->products[o->product].terms;
    const ph_window w = o->window;
    if (w.periods == 0 || ph_window_end(w) - 1 > ph_gate_last_open(m, terms))
        return "an order's window is out of range";
    if (o->shape == PH_SHAPE_EACH) {
        if (w.periods > PH_EACH_PERIODS_MAX || o->duration != 0 || o->all_or_none)
            return "an EACH order has fields that it cannot have";
        if (o->display > o->quantity && o->display > terms->quantity_max)
            return "an iceberg shows too much";
        if (o->display != 0 && (uint64_t)o->display * PH_DISPLAY_CLIPS_MAX < o->quantity)
            return "an iceberg shows too little";
        return NULL;
    }
    if (o->display != 0) return "a block cannot hide anything";
    if (!open_window(m, terms, w)) return "a block of a period that is closed";
    uint32_t length = w.periods;
    if (o->shape == PH_SHAPE_FLEX) {
        if (o->side != PH_SIDE_BUY || !o->all_or_none) return "a FLEX order that cannot be";
        if (o->duration == 0 || o->duration > w.periods ||
            w.periods - o->duration >= PH_FLEX_STARTS_MAX)
            return "a FLEX order's starts are out of range";
        length = o->duration;
    } else if (o->duration != 0) {
        return "a BLOCK order has a duration";
    }
    if (length > terms->block_periods_max) return "a block is too long";
    if (o->open == 0 || o->open > o->quantity) return "a block's open quantity is impossible";
    return o->left == (uint64_t)o->open * length ? NULL : "a block's open quantity is not its own";
}

static const char *supply_wrong(const ph_market *m, const ph_order *o)
{
    if (o->side == PH_SIDE_BUY)
        return o->bond_unit == 0 && o->from_contract == 0 && o->offered == 0
                   ? NULL
                   : "a BUY order with what a SELL order has";
    if (o->bond_unit < 0 || o->offered > o->quantity) return "a SELL order's supply is impossible";
    const ph_product_terms *terms = &m->products[o->product].terms;
    if (o->from_contract == 0) {
        uint32_t pool = ph_capacity_pool(m, o->participant, terms->site.v, terms->hardware.v);
        return pool != PH_NONE && pool == o->pool ? NULL : "a SELL order draws on no capacity";
    }
    if (o->from_contract > m->last_contract) return "a resale of no contract";
    const ph_contract *c = &m->contracts[o->from_contract];
    if (o->bond_unit != 0 || c->buyer != o->participant || c->product != o->product ||
        c->terms_version != m->products[o->product].terms_version || c->depth >= PH_RESALES_MAX)
        return "a resale that its contract does not allow";
    return NULL;
}

static const char *room_wrong(const ph_market *m, const ph_order *o)
{
    if (o->shape == PH_SHAPE_EACH) return NULL;
    const ph_ladder *blocks = &m->products[o->product].side[o->side].blocks;
    if (m->block_cnt >= m->limits.blocks_max || blocks->cnt >= PH_BLOCKS_PER_SIDE_MAX ||
        ph_book_blocks_of(m, o->participant, o->product) >= PH_BLOCKS_PER_PARTICIPANT_MAX)
        return "more blocks than can rest";
    return NULL;
}

const char *ph_snapshot_order_wrong(const ph_market *m, const ph_order *o, uint64_t expire_ns)
{
    if (o->id == 0 || o->id > m->last_order || o->place == 0 || o->place > m->last_place)
        return "an order's id or place was never given";
    if (o->participant == 0 || o->product == 0) return "an order of nobody, or of no product";
    const ph_product_terms *terms = &m->products[o->product].terms;
    const ph_participant *p = &m->participants[o->participant];
    if (p->state != PH_PARTICIPANT_ACTIVE || o->client_order_id == 0 ||
        o->client_order_id > p->highest_client_order_id)
        return "an order that its participant cannot have";
    if (o->side < PH_SIDE_BUY || o->side > PH_SIDE_SELL || o->shape < PH_SHAPE_EACH ||
        o->shape > PH_SHAPE_FLEX)
        return "an order of no side or shape";
    if (o->key < -PH_PRICE_MAX || o->key > PH_PRICE_MAX || o->key == 0 ||
        (o->key > 0) != (o->side == PH_SIDE_BUY))
        return "an order's price is out of range";
    if (o->stp < PH_STP_CANCEL_INCOMING || o->stp > PH_STP_CANCEL_RESTING ||
        (o->time_in_force != PH_TIF_GTC && o->time_in_force != PH_TIF_GTT) ||
        (o->time_in_force == PH_TIF_GTT) != (expire_ns != 0))
        return "an order that does not rest";
    if (expire_ns != 0 && expire_ns <= m->now.ns) return "an order has expired";
    if (o->quantity == 0 || o->quantity > terms->quantity_max || o->left == 0)
        return "an order's quantity is impossible";
    const char *wrong = shape_wrong(m, o);
    if (wrong == NULL) wrong = supply_wrong(m, o);
    return wrong != NULL ? wrong : room_wrong(m, o);
}

const char *ph_snapshot_nodes_wrong(const ph_market *m, const ph_order *o)
{
    const ph_product_terms *terms = &m->products[o->product].terms;
    uint64_t left = 0, first = ph_gate_first_open(m, terms);
    for (uint32_t i = 0; i < o->window.periods; i++) {
        const ph_node *n = &m->nodes[o->node + i];
        bool is_lost = n->executed == PH_NODE_LOST;
        /* A replace may have lowered the quantity below what was executed: then nothing is open. */
        uint32_t most = n->open == 0 ? terms->quantity_max : o->quantity;
        if (is_lost ? n->open != 0 : (uint64_t)n->open + n->executed > most)
            return "a period of an order has more than was ordered";
        if (n->open != 0 && o->window.first + i < first) return "an order is open when it is late";
        left += n->open;
        if (o->display == 0 || n->open == 0) continue;
        const ph_node *clip = ph_clip_of(m, o, o->node + i);
        if (ph_clip_units(clip) == 0 || ph_clip_units(clip) > n->open ||
            ph_clip_units(clip) > o->display)
            return "an iceberg shows nothing, or more than it has";
        if (ph_clip_place(clip) < o->place || ph_clip_place(clip) > m->last_place)
            return "a clip's place was never given";
    }
    return left == o->left ? NULL : "an order's open quantity is not that of its periods";
}

/* ---- The whole ----------------------------------------------------------------------------- */

const char *ph_snapshot_group_wrong(const ph_market *m, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    uint32_t at = slot, cnt = 0;
    do {
        const ph_order *member = &m->orders[at];
        if (++cnt > PH_GROUP_MEMBERS_MAX || member->group == PH_NONE)
            return "a group does not close";
        if (member->participant != o->participant || member->side != o->side ||
            !member->all_or_none)
            return "orders of a group that cannot be one";
        at = member->group;
    } while (at != slot);
    return NULL;
}

const char *ph_snapshot_gates_wrong(const ph_market *m)
{
    for (uint32_t i = 1; i <= m->product_cnt; i++) {
        const ph_product *p = &m->products[i];
        uint32_t next = p->order_cnt > 0 ? ph_gate_first_open(m, &p->terms) : 0;
        if (p->gate_next != next) return "a gate was passed, or is run twice";
    }
    return NULL;
}

/* The index of orders has room for as many places, while it holds no ids. */
const char *ph_snapshot_places_wrong(ph_market *m)
{
    uint32_t unused, seen = 1;
    for (uint32_t slot = 1; slot < m->orders_fresh; slot++)
        ph_row_index_remove(&m->order_of, slot);
    ph_row_keys ids = m->order_of.keys;
    m->order_of.keys.at = offsetof(ph_order, place);
    for (; seen < m->orders_fresh; seen++) {
        if (ph_row_index_find(&m->order_of, m->orders[seen].place, &unused)) break;
        ph_row_index_put(&m->order_of, seen);
    }
    for (uint32_t slot = 1; slot < seen; slot++)
        ph_row_index_remove(&m->order_of, slot);
    m->order_of.keys = ids;
    for (uint32_t slot = 1; slot < m->orders_fresh; slot++)
        ph_row_index_put(&m->order_of, slot);
    return seen == m->orders_fresh ? NULL : "two orders have one place";
}

/* Takes (`back`: gives back) what one period of a supply is drawn on.  False: there is less. */
static bool draw(uint64_t *from, uint64_t units, bool back)
{
    if (back) {
        *from += units;
        return true;
    }
    if (*from < units) return false;
    *from -= units;
    return true;
}

static bool draw_pool(ph_market *m, uint32_t pool, ph_period t, uint64_t units, bool attested,
                      bool back) /* wide: one place of many */
{
    ph_pool *p = &m->pools[pool];
    if (t < p->first) return true; /* forgotten */
    uint32_t ring = ph_ring(m, t);
    if (!draw(&p->used[ring], units, back)) return false;
    return !attested || draw(&p->used_attested[ring], units, back);
}

static bool draw_contract(ph_market *m, uint32_t contract, ph_period t, uint32_t units, bool back)
{
    uint32_t at = ph_contract_delivery(m, contract, t);
    if (at == PH_NONE) return false;
    uint64_t offered = m->deliveries[at].offered;
    if (!draw(&offered, units, back)) return false;
    m->deliveries[at].offered = (ph_quantity)offered;
    return true;
}

static bool draw_order(ph_market *m, const ph_order *o, ph_period t, uint32_t units, bool back)
{
    if (units == 0) return true;
    if (o->from_contract != 0) return draw_contract(m, o->from_contract, t, units, back);
    const ph_product_terms *terms = &m->products[o->product].terms;
    return draw_pool(m, o->pool, t, (uint64_t)units * terms->hardware_units, terms->attested_only,
                     back);
}

static bool draw_alone(ph_market *m, const ph_order *o, bool back)
{
    for (uint32_t i = 0; i < o->window.periods; i++) {
        uint32_t units = o->shape == PH_SHAPE_EACH ? m->nodes[o->node + i].open : o->open;
        if (!draw_order(m, o, o->window.first + i, units, back)) return false;
    }
    return true;
}

/* Whether a member is the one that its group counts with, among those that `attested` is about. */
static bool is_largest(const ph_market *m, uint32_t slot, ph_period t, bool attested)
{
    const ph_order *o = &m->orders[slot];
    uint64_t mine = (uint64_t)o->offered *
                    (o->from_contract != 0 ? 1 : m->products[o->product].terms.hardware_units);
    for (uint32_t at = o->group; at != slot; at = m->orders[at].group) {
        const ph_order *other = &m->orders[at];
        const ph_product_terms *terms = &m->products[other->product].terms;
        if (other->pool != o->pool || other->from_contract != o->from_contract ||
            !ph_window_has(other->window, t) || (attested && !terms->attested_only))
            continue;
        uint64_t units =
            (uint64_t)other->offered * (o->from_contract != 0 ? 1 : terms->hardware_units);
        if (units > mine || (units == mine && at < slot)) return false;
    }
    return true;
}

static bool draw_member(ph_market *m, uint32_t slot, bool back)
{
    const ph_order *o = &m->orders[slot];
    const ph_product_terms *terms = &m->products[o->product].terms;
    for (uint32_t i = 0; i < o->window.periods && o->offered > 0; i++) {
        ph_period t = o->window.first + i;
        bool counts = is_largest(m, slot, t, false);
        if (o->from_contract != 0) {
            if (counts && !draw_contract(m, o->from_contract, t, o->offered, back)) return false;
            continue;
        }
        uint64_t units = (uint64_t)o->offered * terms->hardware_units;
        if (counts && !draw_pool(m, o->pool, t, units, false, back)) return false;
        if (!terms->attested_only || !is_largest(m, slot, t, true)) continue;
        if (!draw(&m->pools[o->pool].used_attested[ph_ring(m, t)], units, back)) return false;
    }
    return true;
}

static bool draw_sold(ph_market *m, uint32_t delivery, bool back)
{
    const ph_delivery *d = &m->deliveries[delivery];
    const ph_contract *c = &m->contracts[d->contract];
    const ph_product_terms *terms = &m->terms[c->terms_at];
    if (d->period < ph_period_at(m->now, terms->period_seconds)) return true;
    uint32_t pool = ph_capacity_pool(m, c->supplier, terms->site.v, terms->hardware.v);
    return pool != PH_NONE &&
           draw_pool(m, pool, d->period, (uint64_t)d->quantity * terms->hardware_units,
                     terms->attested_only, back);
}

static bool draw_all(ph_market *m, bool back)
{
    for (uint32_t slot = 1; slot < m->orders_fresh; slot++) {
        const ph_order *o = &m->orders[slot];
        if (o->side != PH_SIDE_SELL) continue;
        if (!(o->group == PH_NONE ? draw_alone(m, o, back) : draw_member(m, slot, back)))
            return false;
    }
    for (uint32_t i = 1; i < m->deliveries_fresh; i++) {
        if (!draw_sold(m, i, back)) return false;
    }
    return true;
}

/* Without what orders and contracts draw, nothing is drawn: in place, and back again. */
const char *ph_snapshot_supply_wrong(ph_market *m)
{
    if (!draw_all(m, false)) return "less supply is in use than orders and contracts need";
    for (uint32_t i = 1; i <= m->pool_cnt; i++) {
        for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
            if (m->pools[i].used[r] != 0 || m->pools[i].used_attested[r] != 0)
                return "more capacity is in use than orders and contracts need";
        }
    }
    for (uint32_t i = 1; i < m->deliveries_fresh; i++) {
        if (m->deliveries[i].offered != 0) return "more of a contract is on offer than orders say";
    }
    (void)draw_all(m, true); /* takes nothing, so it cannot fail */
    return NULL;
}
