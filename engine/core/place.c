/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/place.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/capacity.h"
#include "engine/core/fill.h"
#include "engine/core/gate.h"
#include "engine/core/ledger.h"
#include "engine/core/match.h"

/* An order on its way in: what the checks find out is what accepting it needs. */
typedef struct {
    const ph_new_order *n;
    uint32_t sender;
    const ph_product *product;
    ph_order draft; /* enough of it to reckon its hold */
    ph_money hold;
    uint32_t evict; /* resting block that gives way, or PH_NONE */
    int64_t *args;
} arrival;

static ph_reject refuse(const arrival *a, ph_reject why, int64_t arg0, int64_t arg1)
{
    a->args[0] = arg0;
    a->args[1] = arg1;
    return why;
}

/* Order that used a client order id, if it is among the last that are kept; else 0. */
static uint64_t order_of_client_id(const ph_participant *p, uint64_t client_order_id)
{
    uint64_t kept = p->ids_cnt < PH_CLIENT_IDS_KEPT ? p->ids_cnt : PH_CLIENT_IDS_KEPT;
    uint64_t low = p->ids_cnt - kept, high = p->ids_cnt;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t id = p->ids[middle % PH_CLIENT_IDS_KEPT];
        if (id == client_order_id) return p->id_orders[middle % PH_CLIENT_IDS_KEPT];
        if (id < client_order_id)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static ph_reject check_sender(const ph_market *m, arrival *a, uint64_t *ret_order)
{
    const ph_new_order *n = a->n;
    const ph_participant *p = &m->participants[a->sender];
    bool resale = n->side == PH_SIDE_SELL && n->from_contract.v != 0;
    uint32_t role = n->side == PH_SIDE_BUY || resale ? PH_ROLE_BUYER : PH_ROLE_SUPPLIER;
    if (!(p->registered.roles & role)) return refuse(a, PH_REJECT_ROLE_MISSING, role, 0);
    if (n->client_order_id <= p->highest_client_order_id) {
        *ret_order = order_of_client_id(p, n->client_order_id);
        return refuse(a, PH_REJECT_DUPLICATE, (int64_t)p->highest_client_order_id, 0);
    }
    return PH_REJECT_NONE;
}

static ph_reject check_product_and_window(const ph_market *m, arrival *a)
{
    const ph_new_order *n = a->n;
    if (n->product.v == 0 || n->product.v > m->product_cnt)
        return refuse(a, PH_REJECT_UNKNOWN_PRODUCT, n->product.v, 0);
    a->product = &m->products[n->product.v];
    if (a->product->phase != PH_PHASE_OPEN)
        return refuse(a, PH_REJECT_PHASE, n->product.v, a->product->phase);
    if (n->window.periods == 0) return refuse(a, PH_REJECT_WINDOW_EMPTY, n->window.first, 0);
    const ph_product_terms *terms = &a->product->terms;
    ph_period first = ph_gate_first_open(m, terms);
    if (n->window.first < first) return refuse(a, PH_REJECT_PERIOD_CLOSED, n->window.first, first);
    uint64_t last = ph_window_end(n->window) - 1, open = ph_gate_last_open(m, terms);
    if (last > open) return refuse(a, PH_REJECT_PERIOD_TOO_FAR, (int64_t)last, (int64_t)open);
    return PH_REJECT_NONE;
}

static ph_reject check_quantity_and_price(arrival *a)
{
    const ph_new_order *n = a->n;
    const ph_product_terms *terms = &a->product->terms;
    if (n->quantity % terms->lot != 0)
        return refuse(a, PH_REJECT_QUANTITY_LOT, n->quantity, terms->lot);
    if (n->quantity == 0 || n->quantity > terms->quantity_max)
        return refuse(a, PH_REJECT_QUANTITY_RANGE, n->quantity, terms->quantity_max);
    if (n->price < 1 || n->price > PH_PRICE_MAX)
        return refuse(a, PH_REJECT_PRICE_RANGE, n->price, PH_PRICE_MAX);
    if (n->price % terms->tick != 0) return refuse(a, PH_REJECT_PRICE_TICK, n->price, terms->tick);
    if (terms->band_ppm == 0) return PH_REJECT_NONE;
    ph_price reference = a->product->reference;
    ph_wide width = (ph_wide)reference * terms->band_ppm;
    ph_wide distance = (ph_wide)n->price - reference;
    if ((distance < 0 ? -distance : distance) * PH_PPM <= width) return PH_REJECT_NONE;
    ph_wide bound = distance < 0 ? reference - width / PH_PPM : reference + width / PH_PPM;
    return refuse(a, PH_REJECT_PRICE_BAND, n->price,
                  bound > INT64_MAX ? INT64_MAX : (int64_t)bound);
}

/* Fields of a new order by their number, counted from 1 in the order of its struct. */
enum {
    FIELD_SHAPE = 4,
    FIELD_DURATION = 6,
    FIELD_TIME_IN_FORCE = 9,
    FIELD_EXPIRE_AT = 10,
    FIELD_ALL_OR_NONE = 11,
    FIELD_POST_ONLY = 12,
    FIELD_DISPLAY = 13,
    FIELD_FROM_CONTRACT = 15,
};

static ph_reject check_shape(arrival *a)
{
    const ph_new_order *n = a->n;
    if (n->shape == PH_SHAPE_FLEX) return refuse(a, PH_REJECT_UNSUPPORTED, FIELD_SHAPE, 0);
    if (n->time_in_force == PH_TIF_GTT || n->time_in_force == PH_TIF_FOK)
        return refuse(a, PH_REJECT_UNSUPPORTED, FIELD_TIME_IN_FORCE, 0);
    if (n->post_only) return refuse(a, PH_REJECT_UNSUPPORTED, FIELD_POST_ONLY, 0);
    if (n->from_contract.v != 0) return refuse(a, PH_REJECT_UNSUPPORTED, FIELD_FROM_CONTRACT, 0);
    if (n->display_quantity != 0) {
        ph_reject why = n->shape == PH_SHAPE_EACH ? PH_REJECT_UNSUPPORTED : PH_REJECT_SHAPE_FIELD;
        return refuse(a, why, FIELD_DISPLAY, 0);
    }
    if (n->expire_at.ns != 0) return refuse(a, PH_REJECT_SHAPE_FIELD, FIELD_EXPIRE_AT, 0);
    if (n->duration != 0) return refuse(a, PH_REJECT_SHAPE_FIELD, FIELD_DURATION, 0);
    if (n->shape == PH_SHAPE_EACH && n->all_or_none)
        return refuse(a, PH_REJECT_SHAPE_FIELD, FIELD_ALL_OR_NONE, 0);
    uint32_t longest =
        n->shape == PH_SHAPE_EACH ? PH_EACH_PERIODS_MAX : a->product->terms.block_periods_max;
    if (n->window.periods > longest)
        return refuse(a, PH_REJECT_WINDOW_LENGTH, n->window.periods, longest);
    return PH_REJECT_NONE;
}

static ph_reject check_blocks(const ph_market *m, arrival *a)
{
    const ph_new_order *n = a->n;
    if (n->shape == PH_SHAPE_EACH) return PH_REJECT_NONE;
    uint32_t own = ph_book_blocks_of(m, a->sender, n->product.v);
    if (own >= PH_BLOCKS_PER_PARTICIPANT_MAX)
        return refuse(a, PH_REJECT_BLOCKS_FULL, own, PH_BLOCKS_PER_PARTICIPANT_MAX);
    const ph_ladder *blocks = &a->product->side[n->side].blocks;
    if (blocks->cnt < PH_BLOCKS_PER_SIDE_MAX) return PH_REJECT_NONE;
    /* Sorted by key, and by place among equals: the last is the one that gives way. */
    const ph_ladder_entry *worst = ph_ladder_nth(&m->ladders, blocks, blocks->cnt - 1);
    if (ph_key_of(n->side, n->price) <= worst->key)
        return refuse(a, PH_REJECT_BLOCKS_FULL, blocks->cnt, PH_BLOCKS_PER_SIDE_MAX);
    a->evict = worst->ref;
    return PH_REJECT_NONE;
}

static ph_reject check_capacity(ph_market *m, arrival *a)
{
    const ph_new_order *n = a->n;
    if (n->side != PH_SIDE_SELL) return PH_REJECT_NONE;
    const ph_product_terms *terms = &a->product->terms;
    uint32_t pool = ph_capacity_pool(m, a->sender, terms->site.v, terms->hardware.v);
    if (pool == PH_NONE) return refuse(a, PH_REJECT_CAPACITY, n->window.first, 0);
    ph_period t;
    uint64_t units;
    uint64_t needed = (uint64_t)n->quantity * terms->hardware_units;
    if (!ph_capacity_free(m, pool, n->window, needed, &t, &units))
        return refuse(a, PH_REJECT_CAPACITY, t, (int64_t)units);
    a->draft.pool = pool;
    return PH_REJECT_NONE;
}

/* Bond per unit-period of a SELL order; false if it does not fit. */
static bool bond_unit(const ph_product *p, ph_price price, ph_money *ret)
{
    ph_price base = price > p->reference ? price : p->reference;
    ph_money share;
    if (!ph_money_share_up(base, p->terms.bond_ppm, &share)) return false;
    *ret = share > p->terms.bond_fixed ? share : p->terms.bond_fixed;
    return true;
}

static ph_reject check_cash(const ph_market *m, arrival *a)
{
    const ph_new_order *n = a->n;
    ph_order *o = &a->draft;
    o->side = (uint8_t)n->side;
    o->product = n->product.v;
    o->key = ph_key_of(n->side, n->price);
    o->left = (uint64_t)n->quantity * n->window.periods;
    bool fits = n->side == PH_SIDE_BUY || bond_unit(a->product, n->price, &o->bond_unit);
    if (!fits || !ph_ledger_hold_of(m, o, o->left, &a->hold))
        return refuse(a, PH_REJECT_AMOUNT_OVERFLOW, 0, 0);
    ph_money free_cash = ph_ledger_free_cash(m, a->sender);
    if (a->hold <= free_cash) return PH_REJECT_NONE;
    return refuse(a, n->side == PH_SIDE_BUY ? PH_REJECT_CASH_FOR_HOLD : PH_REJECT_CASH_FOR_BOND,
                  a->hold, free_cash);
}

/* Tables by number, for TABLE_FULL: counted from 1 in the order of ph_market_limits. */
enum { TABLE_ORDERS = 7, TABLE_ORDER_PERIODS = 8, TABLE_BLOCKS = 9, TABLE_CONTRACTS = 10 };

static ph_reject check_room(const ph_market *m, arrival *a)
{
    const ph_new_order *n = a->n;
    const ph_market_limits *lim = &m->limits;
    if (m->order_cnt == lim->orders_max)
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_ORDERS, lim->orders_max);
    if (n->shape == PH_SHAPE_EACH) {
        if (!ph_slab_has(&m->node_slab, ph_slab_size_class(n->window.periods)))
            return refuse(a, PH_REJECT_TABLE_FULL, TABLE_ORDER_PERIODS, lim->order_periods_max);
    } else if (m->block_cnt == lim->blocks_max) {
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_BLOCKS, lim->blocks_max);
    }
    if (m->last_contract == lim->contracts_max)
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_CONTRACTS, lim->contracts_max);
    return PH_REJECT_NONE;
}

static ph_reject check(ph_market *m, arrival *a, uint64_t *ret_order)
{
    ph_reject why = check_sender(m, a, ret_order);
    if (why == PH_REJECT_NONE) why = check_product_and_window(m, a);
    if (why == PH_REJECT_NONE) why = check_quantity_and_price(a);
    if (why == PH_REJECT_NONE) why = check_shape(a);
    if (why == PH_REJECT_NONE) why = check_blocks(m, a);
    if (why == PH_REJECT_NONE) why = check_capacity(m, a);
    if (why == PH_REJECT_NONE) why = check_cash(m, a);
    if (why == PH_REJECT_NONE) why = check_room(m, a);
    return why;
}

/* From here nothing may fail. */
static uint32_t accept_order(ph_market *m, const arrival *a)
{
    const ph_new_order *n = a->n;
    uint32_t slot = ph_order_new(m, n->shape, n->window.periods);
    PH_ASSERT(slot != PH_NONE);
    ph_order *o = &m->orders[slot];
    ph_participant *p = &m->participants[a->sender];
    o->id = ++m->last_order;
    o->place = ++m->last_place;
    o->client_order_id = n->client_order_id;
    o->key = a->draft.key;
    o->bond_unit = a->draft.bond_unit;
    o->pool = a->draft.pool;
    o->left = a->draft.left;
    o->hold = a->hold;
    o->participant = a->sender;
    o->product = n->product.v;
    o->window = n->window;
    o->quantity = n->quantity;
    o->open = n->quantity;
    o->side = (uint8_t)n->side;
    o->time_in_force = (uint8_t)n->time_in_force;
    o->stp = (uint8_t)n->stp;
    o->all_or_none = n->all_or_none;
    p->held += a->hold;
    p->highest_client_order_id = n->client_order_id;
    p->ids[p->ids_cnt % PH_CLIENT_IDS_KEPT] = n->client_order_id;
    p->id_orders[p->ids_cnt % PH_CLIENT_IDS_KEPT] = o->id;
    p->ids_cnt++;
    if (n->side == PH_SIDE_SELL)
        ph_capacity_offer(m, o->pool, n->window,
                          (uint64_t)n->quantity * a->product->terms.hardware_units);
    if (n->shape == PH_SHAPE_EACH) {
        for (uint32_t i = 0; i < n->window.periods; i++)
            m->nodes[o->node + i] = (ph_node){.order = slot,
                                              .next = PH_NODE_NONE,
                                              .prev = PH_NODE_NONE,
                                              .level = PH_NONE,
                                              .open = n->quantity};
    }
    return slot;
}

static void end_resting(ph_market *m, uint32_t slot, ph_cancel_reason reason)
{
    ph_fill_touch(m, slot);
    m->orders[slot].ends = (uint8_t)reason;
}

/* What did not execute rests, or ends. */
static void rest_or_end(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    if (o->ends != 0) return;
    if (o->left == 0) {
        if (m->lost_cnt > 0) o->ends = PH_CANCEL_NOTHING_LEFT;
        return;
    }
    if (o->time_in_force == PH_TIF_IOC)
        o->ends = PH_CANCEL_IOC;
    else if (!ph_book_rest(m, slot))
        o->ends = PH_CANCEL_BOOK_FULL;
    else
        ph_gate_watch(m, o->product);
}

ph_reject ph_place_order(ph_market *m, uint32_t sender, const ph_new_order *n, int64_t ret_args[2],
                         uint64_t *ret_order)
{
    arrival a = {.n = n, .sender = sender, .evict = PH_NONE, .args = ret_args};
    ph_reject why = check(m, &a, ret_order);
    if (why != PH_REJECT_NONE) return why;
    uint32_t slot = accept_order(m, &a);
    const ph_order *o = &m->orders[slot];
    ph_emit(m, PH_EVT_ACCEPTED)->u.accepted =
        (ph_accepted){.order = {o->id}, .place = o->place, .hold = o->hold};
    ph_fill_begin(m, slot);
    ph_fill_touch(m, slot);
    if (a.evict != PH_NONE) {
        end_resting(m, a.evict, PH_CANCEL_BOOK_FULL);
        ph_book_leave(m, a.evict);
    }
    if (n->shape == PH_SHAPE_EACH)
        ph_match_each(m, slot);
    else
        ph_match_block(m, slot);
    rest_or_end(m, slot);
    ph_fill_settle(m);
    return PH_REJECT_NONE;
}

ph_reject ph_place_cancel(ph_market *m, uint32_t sender, const ph_cancel_order *c,
                          int64_t ret_args[2])
{
    uint64_t id = c->order.v;
    if (id == 0) id = order_of_client_id(&m->participants[sender], c->client_order_id);
    uint32_t slot = PH_NONE;
    bool rests = id != 0 && ph_index_find(&m->order_of, id, &slot);
    /* Whether another participant's order rests is none of the sender's business. */
    if (!rests || m->orders[slot].participant != sender) {
        ret_args[0] = (int64_t)c->order.v;
        return PH_REJECT_UNKNOWN_ORDER;
    }
    end_resting(m, slot, PH_CANCEL_REQUESTED);
    return PH_REJECT_NONE;
}

uint64_t ph_place_end_all(ph_market *m, uint32_t participant, uint32_t product,
                          ph_cancel_reason reason)
{
    PH_ASSERT(participant != 0 || product != 0);
    uint64_t cnt = 0;
    bool by_participant = participant != 0;
    uint32_t slot = by_participant ? m->participants[participant].first_order
                                   : m->products[product].first_order;
    while (slot != PH_NONE) {
        const ph_order *o = &m->orders[slot];
        if (product == 0 || o->product == product) {
            end_resting(m, slot, reason);
            cnt++;
        }
        slot = by_participant ? o->next_of_participant : o->next_of_product;
    }
    return cnt;
}
