/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/order_history.h"

#include "engine/base/arena.h"
#include "engine/base/panic.h"

/* What a slot is found by. */
typedef enum { BY_ORDER = 0, BY_CLIENT = 1, BY_CNT = 2 } by;

typedef struct {
    uint64_t order; /* 0: it was refused */
    uint64_t client_order_id;
    union {
        struct {
            uint64_t seq, ns;
        } accepted;
        int64_t args[2]; /* refused */
    } u;
    uint64_t ended_seq, ended_ns;
    uint64_t executed; /* refused: client order id of the member that failed */
    ph_price price;
    uint32_t participant, product;
    ph_quantity quantity;
    ph_window window;
    uint32_t duration;     /* FLEX */
    uint32_t next[BY_CNT]; /* in its chains */
    uint32_t older, newer; /* that ended; newer: also the next free slot */
    uint16_t code;         /* reason or reject */
    uint8_t outcome, side, shape;
} entry;

typedef struct {
    uint64_t last;           /* highest client order id that was accepted */
    uint64_t dropped_client; /* highest of an accepted order that is no longer kept */
    uint64_t dropped_order;  /* likewise, its number */
} own;

struct ph_order_history {
    ph_order_history_key key;
    entry *slots;    /* from 1; 0: none */
    uint32_t *heads; /* of the chains, both kinds in one table */
    own *owns;       /* by participant */
    uint32_t participants_max, ended_max, ended_cnt;
    uint32_t slot_cnt, slots_max; /* that were ever used */
    uint32_t free, oldest, newest;
    uint8_t shift; /* of a hash, to the number of its head */
};

/* Beyond what may rest and what is kept: what comes takes its slot before the oldest gives one
   back, a group's members one after the other. */
static uint32_t slots_for(const ph_market_limits *limits, uint32_t ended_max)
{
    return limits->orders_max + PH_GROUP_MEMBERS_MAX + ended_max;
}

/* Carves the block; counts while the arena has none. */
static void carve(ph_order_history *h, ph_arena *a, const ph_market_limits *limits,
                  uint32_t ended_max)
{
    h->slots_max = slots_for(limits, ended_max);
    h->participants_max = limits->participants_max;
    h->ended_max = ended_max;
    h->shift = 60;
    while (h->shift > 32 && (UINT64_C(1) << (64 - h->shift)) < h->slots_max)
        h->shift--;
    h->slots = ph_arena_take(a, (size_t)h->slots_max + 1, sizeof h->slots[0]);
    h->heads = ph_arena_take(a, (size_t)1 << (64 - h->shift), sizeof h->heads[0]);
    h->owns = ph_arena_take(a, (size_t)h->participants_max + 1, sizeof h->owns[0]);
}

size_t ph_order_history_footprint(const ph_market_limits *limits, uint32_t ended_max)
{
    ph_order_history h;
    ph_arena a = {.start = NULL};
    PH_ASSERT(ended_max <= PH_ENDED_ORDERS_MAX);
    (void)ph_arena_take(&a, 1, sizeof h);
    carve(&h, &a, limits, ended_max);
    return a.used;
}

ph_order_history *ph_order_history_init(void *block, const ph_market_limits *limits,
                                        uint32_t ended_max, const ph_order_history_key *key)
{
    PH_ASSERT(block != NULL && (uintptr_t)block % PH_ARENA_ALIGN == 0);
    ph_arena a = {.start = block, .size = ph_order_history_footprint(limits, ended_max)};
    ph_order_history *h = ph_arena_take(&a, 1, sizeof *h);
    carve(h, &a, limits, ended_max);
    h->key = *key;
    return h;
}

/* ---- Chains ---------------------------------------------------------------------------------- */

static uint32_t *head_of(const ph_order_history *h, uint32_t who, uint64_t number)
{
    const uint64_t *k = h->key.v;
    uint64_t hash = k[0] + k[1] * who + k[2] * (uint32_t)number + k[3] * (number >> 32);
    return &h->heads[hash >> h->shift];
}

static uint32_t *head_of_slot(const ph_order_history *h, by kind, const entry *e)
{
    return kind == BY_ORDER ? head_of(h, 0, e->order)
                            : head_of(h, e->participant, e->client_order_id);
}

/* A chain's link names slot and kind: both kinds share the heads. */
static uint32_t link_to(uint32_t slot, by kind)
{
    return slot * BY_CNT + (uint32_t)kind;
}

static uint32_t *next_of(const ph_order_history *h, uint32_t link)
{
    return &h->slots[link / BY_CNT].next[link % BY_CNT];
}

static void chain(ph_order_history *h, uint32_t slot, by kind)
{
    uint32_t *head = head_of_slot(h, kind, &h->slots[slot]);
    h->slots[slot].next[kind] = *head;
    *head = link_to(slot, kind);
}

static void unchain(ph_order_history *h, uint32_t slot, by kind)
{
    uint32_t *at = head_of_slot(h, kind, &h->slots[slot]), wanted = link_to(slot, kind);
    while (*at != wanted) {
        PH_ASSERT(*at != 0);
        at = next_of(h, *at);
    }
    *at = h->slots[slot].next[kind];
}

/* Whichever link of a slot is met, it is the slot that is looked for. */
static uint32_t find_order(const ph_order_history *h, uint64_t order)
{
    uint32_t link = order == 0 ? 0 : *head_of(h, 0, order);
    while (link != 0 && h->slots[link / BY_CNT].order != order)
        link = *next_of(h, link);
    return link / BY_CNT;
}

static bool is_of_client(const entry *e, uint32_t who, uint64_t client_order_id)
{
    return e->client_order_id == client_order_id && e->participant == who;
}

static uint32_t find_client(const ph_order_history *h, uint32_t who, uint64_t client_order_id)
{
    uint32_t link = *head_of(h, who, client_order_id);
    while (link != 0 && !is_of_client(&h->slots[link / BY_CNT], who, client_order_id))
        link = *next_of(h, link);
    return link / BY_CNT;
}

/* ---- Slots ----------------------------------------------------------------------------------- */

static void join_ended(ph_order_history *h, uint32_t slot)
{
    h->slots[slot].older = h->newest;
    h->slots[slot].newer = 0;
    if (h->newest != 0)
        h->slots[h->newest].newer = slot;
    else
        h->oldest = slot;
    h->newest = slot;
    h->ended_cnt++;
}

/* Forgets one that ended. */
static void drop(ph_order_history *h, uint32_t slot)
{
    entry *e = &h->slots[slot];
    if (e->older != 0)
        h->slots[e->older].newer = e->newer;
    else
        h->oldest = e->newer;
    if (e->newer != 0)
        h->slots[e->newer].older = e->older;
    else
        h->newest = e->older;
    h->ended_cnt--;
    if (e->order != 0) unchain(h, slot, BY_ORDER);
    unchain(h, slot, BY_CLIENT);
    *e = (entry){.newer = h->free};
    h->free = slot;
}

static void drop_oldest(ph_order_history *h)
{
    const entry *e = &h->slots[h->oldest];
    own *o = &h->owns[e->participant];
    if (e->order > o->dropped_order) o->dropped_order = e->order;
    if (e->order != 0 && e->client_order_id > o->dropped_client)
        o->dropped_client = e->client_order_id;
    drop(h, h->oldest);
}

static entry *take_slot(ph_order_history *h, uint32_t *ret)
{
    uint32_t slot = h->free;
    if (slot != 0) {
        h->free = h->slots[slot].newer;
    } else {
        PH_ASSERT(h->slot_cnt < h->slots_max); /* no more rest than may */
        slot = ++h->slot_cnt;
    }
    *ret = slot;
    return &h->slots[slot];
}

static void end(ph_order_history *h, uint32_t slot, ph_outcome outcome, const ph_command *c)
{
    entry *e = &h->slots[slot];
    e->outcome = (uint8_t)outcome;
    e->ended_seq = c->seq;
    e->ended_ns = c->at.ns;
    join_ended(h, slot);
    if (h->ended_cnt > h->ended_max) drop_oldest(h);
}

/* ---- Records --------------------------------------------------------------------------------- */

static entry entry_of(const ph_command *c, const ph_new_order *n)
{
    return (entry){
        .client_order_id = n->client_order_id,
        .price = n->price,
        .participant = c->sender.v,
        .product = n->product.v,
        .quantity = n->quantity,
        .window = n->window,
        .duration = n->duration,
        .side = (uint8_t)n->side,
        .shape = (uint8_t)n->shape,
    };
}

static void take_accepted(ph_order_history *h, const ph_command *c, const ph_new_order *n,
                          ph_order_id order)
{
    uint32_t slot = find_client(h, c->sender.v, n->client_order_id);
    if (slot != 0) {
        PH_ASSERT(h->slots[slot].outcome == PH_OUTCOME_REJECTED); /* an id is used once */
        drop(h, slot);
    }
    entry *e = take_slot(h, &slot);
    *e = entry_of(c, n);
    e->order = order.v;
    e->u.accepted.seq = c->seq;
    e->u.accepted.ns = c->at.ns;
    e->outcome = PH_OUTCOME_RESTING;
    chain(h, slot, BY_ORDER);
    chain(h, slot, BY_CLIENT);
    PH_ASSERT(c->sender.v <= h->participants_max && n->client_order_id > h->owns[c->sender.v].last);
    h->owns[c->sender.v].last = n->client_order_id;
}

static void take_refused(ph_order_history *h, const ph_command *c, const ph_new_order *n,
                         const ph_rejected *r)
{
    uint32_t who = c->sender.v;
    if (who == 0 || who > h->participants_max || n->client_order_id == 0) return;
    if (n->client_order_id <= h->owns[who].dropped_client) return;
    uint32_t slot = find_client(h, who, n->client_order_id);
    if (slot != 0) {
        if (h->slots[slot].outcome != PH_OUTCOME_REJECTED || r->code == PH_REJECT_DUPLICATE) return;
        drop(h, slot);
    }
    entry *e = take_slot(h, &slot);
    *e = entry_of(c, n);
    e->code = (uint16_t)r->code;
    e->u.args[0] = r->arg0;
    e->u.args[1] = r->arg1;
    e->executed = r->member != 0 ? r->client_order_id : 0;
    chain(h, slot, BY_CLIENT);
    end(h, slot, PH_OUTCOME_REJECTED, c);
}

static void take_rejected(ph_order_history *h, const ph_command *c, const ph_rejected *r)
{
    if (c->kind == PH_CMD_NEW_ORDER) take_refused(h, c, &c->u.order, r);
    if (c->kind != PH_CMD_NEW_GROUP) return;
    for (uint32_t i = 0; i < c->u.group.cnt; i++)
        take_refused(h, c, &c->u.group.v[i], r);
}

/* The slot of an order that an event is about: the market knows it, so it rests. */
static uint32_t resting(const ph_order_history *h, ph_order_id order)
{
    uint32_t slot = find_order(h, order.v);
    PH_ASSERT(slot != 0 && h->slots[slot].outcome == PH_OUTCOME_RESTING);
    return slot;
}

static void fill(ph_order_history *h, const ph_command *c, ph_order_id order, uint64_t units,
                 uint64_t leaves)
{
    uint32_t slot = resting(h, order);
    h->slots[slot].executed += units;
    if (leaves == 0) end(h, slot, PH_OUTCOME_FILLED, c);
}

/* A trade stands before its segments. */
static void take_trade(ph_order_history *h, const ph_command *c, const ph_event *e)
{
    const ph_trade *t = &e->u.trade;
    uint64_t units = 0;
    for (uint32_t i = 1; i <= t->segment_cnt; i++) {
        PH_ASSERT(e[i].kind == PH_EVT_SEGMENT);
        units += (uint64_t)e[i].u.segment.quantity * e[i].u.segment.window.periods;
    }
    fill(h, c, t->buy_order, units, t->buy_leaves);
    fill(h, c, t->sell_order, units, t->sell_leaves);
}

static void take_cancelled(ph_order_history *h, const ph_command *c, const ph_cancelled *e)
{
    uint32_t slot = resting(h, e->order);
    h->slots[slot].code = (uint16_t)e->reason;
    end(h, slot, PH_OUTCOME_CANCELLED, c);
}

static void take_replaced(ph_order_history *h, const ph_replaced *e)
{
    entry *o = &h->slots[resting(h, e->order)];
    o->price = e->price;
    o->quantity = e->quantity;
}

void ph_order_history_take(ph_order_history *h, const ph_replay_record *record)
{
    const ph_command *c = &record->command;
    uint32_t member = 0; /* of a group: accepted so far */
    for (uint32_t i = 0; i < record->event_cnt; i++) {
        const ph_event *e = &record->events[i];
        switch (e->kind) {
        case PH_EVT_ACCEPTED:
            take_accepted(h, c, c->kind == PH_CMD_NEW_GROUP ? &c->u.group.v[member++] : &c->u.order,
                          e->u.accepted.order);
            break;
        case PH_EVT_REJECTED: take_rejected(h, c, &e->u.rejected); break;
        case PH_EVT_TRADE: take_trade(h, c, e); break;
        case PH_EVT_CANCELLED: take_cancelled(h, c, &e->u.cancelled); break;
        case PH_EVT_REPLACED: take_replaced(h, &e->u.replaced); break;
        case PH_EVT_DONE:
        case PH_EVT_PERIOD_LOST: /* what is open the market knows */
        case PH_EVT_SEGMENT:
        case PH_EVT_TRANSFER:
        case PH_EVT_GATE_CLOSED:
        case PH_EVT_PHASE_CHANGED:
        case PH_EVT_REFERENCE_SET:
        case PH_EVT_CLIP_SHOWN:
        case PH_EVT_DELIVERY:
        case PH_EVT_DELIVERY_FINAL:
        case PH_EVT_TERMS_SET: break;
        }
    }
}

/* ---- Questions ------------------------------------------------------------------------------- */

uint32_t ph_order_history_ended(const ph_order_history *h)
{
    return h->ended_cnt;
}

static void tell_refused(const entry *e, ph_answer_status *ret)
{
    ret->reject = (ph_reject)e->code;
    ret->arg0 = e->u.args[0];
    ret->arg1 = e->u.args[1];
    ret->failed = e->executed;
}

static void tell_accepted(const entry *e, ph_answer_status *ret)
{
    ret->order.v = e->order;
    ret->executed = e->executed;
    ret->accepted_seq = e->u.accepted.seq;
    ret->accepted_at.ns = e->u.accepted.ns;
    ret->reason = (ph_cancel_reason)e->code;
}

static void tell(const entry *e, ph_answer_status *ret)
{
    uint32_t length = e->shape == PH_SHAPE_FLEX ? e->duration : e->window.periods;
    ret->outcome = (ph_outcome)e->outcome;
    ret->client_order_id = e->client_order_id;
    ret->product.v = e->product;
    ret->side = (ph_side)e->side;
    ret->shape = (ph_shape)e->shape;
    ret->window = e->window;
    ret->duration = e->duration;
    ret->price = e->price;
    ret->quantity = e->quantity;
    ret->unit_periods = (uint64_t)e->quantity * length;
    ret->ended_seq = e->ended_seq;
    ret->ended_at.ns = e->ended_ns;
    if (e->outcome == PH_OUTCOME_REJECTED)
        tell_refused(e, ret);
    else
        tell_accepted(e, ret);
}

void ph_order_history_find(const ph_order_history *h, ph_participant_id who, ph_order_id order,
                           uint64_t client_order_id, ph_answer_status *ret)
{
    *ret = (ph_answer_status){
        .outcome = PH_OUTCOME_UNKNOWN, .order = order, .client_order_id = client_order_id};
    if (who.v == 0 || who.v > h->participants_max) return;
    const own *o = &h->owns[who.v];
    uint32_t slot = order.v != 0 ? find_order(h, order.v) : find_client(h, who.v, client_order_id);
    bool is_own = slot != 0 && h->slots[slot].participant == who.v;
    bool is_dropped =
        order.v != 0 ? order.v <= o->dropped_order : client_order_id <= o->dropped_client;
    ret->last_client_order_id = o->last;
    if (is_own)
        tell(&h->slots[slot], ret);
    else if (is_dropped)
        ret->outcome = PH_OUTCOME_LONG_AGO;
}
