/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/check.h"

#include "engine/base/money.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/capacity.h"
#include "engine/core/contract.h"
#include "engine/core/gate.h"
#include "engine/core/ledger.h"
#include "engine/core/match.h"
#include "engine/core/supply.h"

uint64_t ph_check_order_of_client_id(const ph_participant *p, uint64_t client_order_id)
{
    uint64_t kept = p->ids_cnt < PH_CLIENT_IDS_KEPT ? p->ids_cnt : PH_CLIENT_IDS_KEPT;
    uint64_t low = p->ids_cnt - kept, high = p->ids_cnt;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const ph_client_id *used = &p->ids[middle % PH_CLIENT_IDS_KEPT];
        if (used->id == client_order_id) return used->order;
        if (used->id < client_order_id)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

__attribute__((cold, noinline)) static ph_reject refuse(const ph_arrival *a, ph_reject why,
                                                        int64_t arg0, int64_t arg1)
{
    a->args[0] = arg0;
    a->args[1] = arg1;
    return why;
}

static ph_reject check_sender(const ph_market *m, ph_arrival *a, uint64_t *ret_order)
{
    const ph_new_order *n = a->n;
    const ph_participant *p = &m->participants[a->sender];
    bool resale = n->side == PH_SIDE_SELL && n->from_contract.v != 0;
    uint32_t role = n->side == PH_SIDE_BUY || resale ? PH_ROLE_BUYER : PH_ROLE_SUPPLIER;
    if (!(p->registered.roles & role)) return refuse(a, PH_REJECT_ROLE_MISSING, role, 0);
    uint64_t highest = p->highest_client_order_id;
    if (a->member > 0) highest = a[-1].n->client_order_id;
    if (n->client_order_id <= highest) {
        *ret_order = ph_check_order_of_client_id(p, n->client_order_id);
        return refuse(a, PH_REJECT_DUPLICATE, (int64_t)highest, 0);
    }
    return PH_REJECT_NONE;
}

static ph_reject check_product_and_window(ph_market *m, ph_arrival *a)
{
    const ph_new_order *n = a->n;
    if (n->product.v == 0 || n->product.v > m->product_cnt)
        return refuse(a, PH_REJECT_UNKNOWN_PRODUCT, n->product.v, 0);
    a->product = &m->products[n->product.v];
    if (a->product->state != PH_PRODUCT_LISTED)
        return refuse(a, PH_REJECT_PRODUCT_STATE, n->product.v, a->product->state);
    if (a->product->phase != PH_PHASE_OPEN)
        return refuse(a, PH_REJECT_PHASE, n->product.v, a->product->phase);
    if (n->window.periods == 0) return refuse(a, PH_REJECT_WINDOW_EMPTY, n->window.first, 0);
    uint64_t open;
    ph_period first = ph_gate_open_window(m, &m->products[n->product.v], &open);
    if (n->window.first < first) return refuse(a, PH_REJECT_PERIOD_CLOSED, n->window.first, first);
    uint64_t last = ph_window_end(n->window) - 1;
    if (last > open) return refuse(a, PH_REJECT_PERIOD_TOO_FAR, (int64_t)last, (int64_t)open);
    return PH_REJECT_NONE;
}

static ph_reject check_quantity_and_price(ph_arrival *a)
{
    const ph_new_order *n = a->n;
    const ph_order_terms *terms = &a->product->order_terms;
    if (n->quantity % terms->lot != 0)
        return refuse(a, PH_REJECT_QUANTITY_LOT, n->quantity, terms->lot);
    if (n->quantity == 0 || n->quantity > terms->quantity_max)
        return refuse(a, PH_REJECT_QUANTITY_RANGE, n->quantity, terms->quantity_max);
    if (n->price < 1 || n->price > PH_PRICE_MAX)
        return refuse(a, PH_REJECT_PRICE_RANGE, n->price, PH_PRICE_MAX);
    if (n->price % terms->tick != 0) return refuse(a, PH_REJECT_PRICE_TICK, n->price, terms->tick);
    ph_price bound;
    if (ph_match_in_band(a->product, n->price, &bound)) return PH_REJECT_NONE;
    return refuse(a, PH_REJECT_PRICE_BAND, n->price, bound);
}

/* Fields of a new order by their number, counted from 1 in the order of its struct. */
enum {
    FIELD_SIDE = 3,
    FIELD_SHAPE = 4,
    FIELD_DURATION = 6,
    FIELD_TIME_IN_FORCE = 9,
    FIELD_EXPIRE_AT = 10,
    FIELD_ALL_OR_NONE = 11,
    FIELD_POST_ONLY = 12,
    FIELD_DISPLAY = 13,
    FIELD_FROM_CONTRACT = 15,
};

/* The first field that does not belong to the order's shape, side or time in force; 0: none. */
static int foreign_field(const ph_new_order *n)
{
    bool each = n->shape == PH_SHAPE_EACH, flex = n->shape == PH_SHAPE_FLEX;
    if (flex && n->side != PH_SIDE_BUY) return FIELD_SIDE;
    if (!flex && n->duration != 0) return FIELD_DURATION;
    if (n->time_in_force != PH_TIF_GTT && n->expire_at.ns != 0) return FIELD_EXPIRE_AT;
    if (each && n->all_or_none) return FIELD_ALL_OR_NONE;
    if (!each && n->display_quantity != 0) return FIELD_DISPLAY;
    if (n->side == PH_SIDE_BUY && n->from_contract.v != 0) return FIELD_FROM_CONTRACT;
    return 0;
}

ph_reject ph_check_display(uint32_t display, uint32_t quantity, uint32_t lot, int64_t ret_args[2])
{
    if (display == 0) return PH_REJECT_NONE;
    if (display % lot == 0 && (uint64_t)display * PH_DISPLAY_CLIPS_MAX >= quantity)
        return PH_REJECT_NONE;
    uint64_t least = ((uint64_t)quantity + PH_DISPLAY_CLIPS_MAX - 1) / PH_DISPLAY_CLIPS_MAX;
    ret_args[0] = display;
    ret_args[1] = (int64_t)((least + lot - 1) / lot * lot);
    return PH_REJECT_DISPLAY_QUANTITY;
}

static ph_reject check_length(ph_arrival *a)
{
    const ph_new_order *n = a->n;
    uint32_t longest = n->shape == PH_SHAPE_EACH ? (uint32_t)PH_EACH_PERIODS_MAX
                                                 : a->product->terms.block_periods_max;
    uint32_t length = n->shape == PH_SHAPE_FLEX ? n->duration : n->window.periods;
    if (length > longest) return refuse(a, PH_REJECT_WINDOW_LENGTH, length, longest);
    if (n->shape != PH_SHAPE_FLEX) return PH_REJECT_NONE;
    int64_t starts = (int64_t)n->window.periods - n->duration + 1;
    if (n->duration == 0 || starts < 1 || starts > PH_FLEX_STARTS_MAX)
        return refuse(a, PH_REJECT_FLEX_STARTS, n->duration, starts);
    return PH_REJECT_NONE;
}

static ph_reject check_shape(const ph_market *m, ph_arrival *a)
{
    const ph_new_order *n = a->n;
    int field = foreign_field(n);
    if (field != 0) return refuse(a, PH_REJECT_SHAPE_FIELD, field, 0);
    ph_reject why =
        ph_check_display(n->display_quantity, n->quantity, a->product->order_terms.lot, a->args);
    if (why != PH_REJECT_NONE) return why;
    bool at_once = n->time_in_force == PH_TIF_IOC || n->time_in_force == PH_TIF_FOK;
    if (n->post_only && at_once) return refuse(a, PH_REJECT_SHAPE_FIELD, FIELD_POST_ONLY, 0);
    if (n->time_in_force == PH_TIF_GTT && n->expire_at.ns <= m->now.ns)
        return refuse(a, PH_REJECT_EXPIRE_AT, (int64_t)n->expire_at.ns, (int64_t)m->now.ns);
    return check_length(a);
}

/* Earlier members of the arriving group that rest in the same product. */
static uint32_t members_before(const ph_arrival *a)
{
    uint32_t cnt = 0;
    for (uint32_t i = 1; i <= a->member; i++)
        cnt += (a - i)->n->product.v == a->n->product.v;
    return cnt;
}

static ph_reject check_blocks(const ph_market *m, ph_arrival *a)
{
    const ph_new_order *n = a->n;
    if (n->shape == PH_SHAPE_EACH) return PH_REJECT_NONE;
    uint32_t before = members_before(a);
    uint32_t own = ph_book_blocks_of(m, a->sender, n->product.v) + before;
    if (own >= PH_BLOCKS_PER_PARTICIPANT_MAX)
        return refuse(a, PH_REJECT_BLOCKS_FULL, own, PH_BLOCKS_PER_PARTICIPANT_MAX);
    const ph_ladder *blocks = &a->product->side[n->side].blocks;
    uint32_t all = blocks->cnt + before;
    if (all < PH_BLOCKS_PER_SIDE_MAX) return PH_REJECT_NONE;
    /* Sorted by key, and by place among equals: the last gives way to the first that needs it. */
    uint32_t given = all - PH_BLOCKS_PER_SIDE_MAX;
    const ph_ladder_entry *worst = ph_ladder_nth(&m->ladders, blocks, blocks->cnt - 1 - given);
    if (ph_key_of(n->side, n->price) <= worst->key)
        return refuse(a, PH_REJECT_BLOCKS_FULL, all, PH_BLOCKS_PER_SIDE_MAX);
    a->evict = worst->ref;
    return PH_REJECT_NONE;
}

static ph_reject check_supply(ph_market *m, ph_arrival *a)
{
    const ph_new_order *n = a->n;
    const ph_order_terms *terms = &a->product->order_terms;
    if (n->side != PH_SIDE_SELL) return PH_REJECT_NONE;
    if (n->from_contract.v != 0) {
        ph_reject why = ph_contract_check_resale(m, a->sender, n, a->args);
        if (why != PH_REJECT_NONE) return why;
    }
    if (n->from_contract.v == 0)
        a->draft->pool = ph_capacity_pool(m, a->sender, terms->site, terms->hardware);
    return ph_supply_check(m, a->draft, n->window, n->quantity, a->args);
}

bool ph_check_bond_unit(const ph_product *p, ph_price price, ph_money *ret)
{
    ph_price base = price > p->reference ? price : p->reference;
    ph_money share;
    if (!ph_money_share_up(base, p->order_terms.bond_ppm, &share)) return false;
    *ret = share > p->order_terms.bond_fixed ? share : p->order_terms.bond_fixed;
    return true;
}

static ph_reject check_cash(const ph_market *m, ph_arrival *a)
{
    ph_order *o = a->draft;
    bool bond = o->side == PH_SIDE_SELL && o->from_contract == 0;
    bool fits = !bond || ph_check_bond_unit(a->product, a->n->price, &o->bond_unit);
    if (!fits || !ph_ledger_hold_of(m, o, o->left, &a->hold))
        return refuse(a, PH_REJECT_AMOUNT_OVERFLOW, 0, 0);
    ph_money free_cash = ph_ledger_free_cash(m, a->sender);
    if (a->hold <= free_cash) return PH_REJECT_NONE;
    return refuse(a, o->side == PH_SIDE_BUY ? PH_REJECT_CASH_FOR_HOLD : PH_REJECT_CASH_FOR_BOND,
                  a->hold, free_cash);
}

/* Tables by number, for TABLE_FULL: counted from 1 in the order of ph_market_limits. */
enum {
    TABLE_ORDERS = 7,
    TABLE_ORDER_PERIODS = 8,
    TABLE_BLOCKS = 9,
    TABLE_CONTRACTS = 10,
    TABLE_DELIVERIES = 13,
    TABLE_LOTS = 14,
    TABLE_LEVELS = 17
};

static ph_reject check_room(ph_market *m, ph_arrival *a)
{
    const ph_new_order *n = a->n;
    const ph_market_limits *lim = &m->limits;
    if (m->order_cnt + a->member >= lim->orders_max)
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_ORDERS, lim->orders_max);
    if (n->shape == PH_SHAPE_EACH) {
        uint32_t nodes = ph_order_nodes(n->shape, n->window.periods, n->display_quantity);
        if (!ph_slab_has(&m->node_slab, ph_slab_size_class(nodes)))
            return refuse(a, PH_REJECT_TABLE_FULL, TABLE_ORDER_PERIODS, lim->order_periods_max);
        if (n->window.periods > lim->levels_max - m->level_cnt)
            return refuse(a, PH_REJECT_TABLE_FULL, TABLE_LEVELS, lim->levels_max);
    } else if (m->block_cnt + a->member >= lim->blocks_max) {
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_BLOCKS, lim->blocks_max);
    }
    if (m->last_contract == lim->contracts_max)
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_CONTRACTS, lim->contracts_max);
    if (m->delivery_cnt == lim->deliveries_max)
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_DELIVERIES, lim->deliveries_max);
    if (m->lot_cnt == lim->lots_max)
        return refuse(a, PH_REJECT_TABLE_FULL, TABLE_LOTS, lim->lots_max);
    return PH_REJECT_NONE;
}

/* What the draft of an order that passed the shape rules is.  Field by field, and all of them: an
   initializer would clear the whole order first, in a way that is slow for two cache lines. */
static void draft_order(ph_arrival *a)
{
    const ph_new_order *n = a->n;
    ph_order *o = a->draft;
    uint32_t length = n->shape == PH_SHAPE_FLEX ? n->duration : n->window.periods;
    o->id = 0;
    o->client_order_id = n->client_order_id;
    o->place = 0;
    o->key = ph_key_of(n->side, n->price);
    o->bond_unit = 0;
    o->hold = 0;
    o->left = (uint64_t)n->quantity * length;
    o->reported = 0;
    o->participant = a->sender;
    o->product = n->product.v;
    o->pool = PH_NONE;
    o->window = n->window;
    o->quantity = n->quantity;
    o->open = n->quantity;
    o->display = n->display_quantity;
    o->from_contract = (uint32_t)n->from_contract.v;
    o->group = PH_NONE;
    o->offered = 0;
    o->node = 0;
    o->next_touched = PH_NONE;
    o->duration = (uint16_t)n->duration;
    o->side = (uint8_t)n->side;
    o->shape = (uint8_t)n->shape;
    o->time_in_force = (uint8_t)n->time_in_force;
    o->stp = (uint8_t)n->stp;
    o->ends = 0;
    o->all_or_none = n->all_or_none || n->shape == PH_SHAPE_FLEX;
    o->post_only = n->post_only;
    o->resting = false;
    o->touched = false;
    o->taken = false;
}

ph_reject ph_check_order(ph_market *m, ph_arrival *a, uint64_t *ret_order)
{
    a->evict = PH_NONE;
    ph_reject why = check_sender(m, a, ret_order);
    if (why == PH_REJECT_NONE) why = check_product_and_window(m, a);
    if (why == PH_REJECT_NONE) why = check_quantity_and_price(a);
    if (why == PH_REJECT_NONE) why = check_shape(m, a);
    if (why == PH_REJECT_NONE) why = check_blocks(m, a);
    if (why != PH_REJECT_NONE) return why;
    draft_order(a);
    why = check_supply(m, a);
    if (why == PH_REJECT_NONE) why = check_cash(m, a);
    if (why == PH_REJECT_NONE) why = check_room(m, a);
    return why;
}
