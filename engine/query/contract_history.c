/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/contract_history.h"

#include "engine/base/arena.h"
#include "engine/base/panic.h"

enum { LOOKS_MAX = 1 << 14 };

/* Whose list a place of a slot is in.  Who has several parts is in its list by the first. */
typedef enum { BUYER = 0, SUPPLIER = 1, SELLER = 2, PART_CNT = 3 } part;

typedef struct {
    uint64_t concluded_seq, concluded_ns, ended_seq, ended_ns;
    uint64_t unit_periods, open, resold, delivered;
    ph_money notional, paid, supplier_fee, refunded, penalty, compensation;
    uint32_t contract, from, product, terms_version;
    uint32_t who[PART_CNT];
    uint32_t previous[PART_CNT], next[PART_CNT]; /* slots, in the list of that participant */
    uint32_t newer;                              /* that ended; also the next free slot */
    uint32_t period_seconds;
    ph_window window;
} entry;

typedef struct {
    uint32_t first, last; /* slots */
    uint32_t dropped, last_dropped;
} own;

struct ph_contract_history {
    entry *slots;      /* from 1; 0: none */
    uint32_t *numbers; /* by contract; 0: not concluded, or dropped */
    own *owns;         /* by participant */
    uint32_t participants_max, contracts_max, ended_max, ended_cnt;
    uint32_t slot_cnt, slots_max; /* that were ever used */
    uint32_t last;                /* contract that was concluded last */
    uint32_t free, oldest, newest;
};

/* A contract that delivers has one contract-period at least.  Beyond those and what is kept: all
   that one command concludes and ends, since the oldest is dropped when a record is over. */
static uint32_t slots_for(const ph_market_limits *limits, uint32_t ended_max)
{
    uint64_t slots = (uint64_t)limits->deliveries_max + PH_FILLS_PER_COMMAND_MAX + ended_max;
    return slots < limits->contracts_max ? (uint32_t)slots : limits->contracts_max;
}

/* Carves the block; counts while the arena has none. */
static void carve(ph_contract_history *h, ph_arena *a, const ph_market_limits *limits,
                  uint32_t ended_max)
{
    h->slots_max = slots_for(limits, ended_max);
    h->participants_max = limits->participants_max;
    h->contracts_max = limits->contracts_max;
    h->ended_max = ended_max;
    h->slots = ph_arena_take(a, (size_t)h->slots_max + 1, sizeof h->slots[0]);
    h->numbers = ph_arena_take(a, (size_t)h->contracts_max + 1, sizeof h->numbers[0]);
    h->owns = ph_arena_take(a, (size_t)h->participants_max + 1, sizeof h->owns[0]);
}

size_t ph_contract_history_footprint(const ph_market_limits *limits, uint32_t ended_max)
{
    ph_contract_history h;
    ph_arena a = {.start = NULL};
    PH_ASSERT(ended_max <= PH_ENDED_CONTRACTS_MAX);
    (void)ph_arena_take(&a, 1, sizeof h);
    carve(&h, &a, limits, ended_max);
    return a.used;
}

ph_contract_history *ph_contract_history_init(void *block, const ph_market_limits *limits,
                                              uint32_t ended_max)
{
    PH_ASSERT(block != NULL && (uintptr_t)block % PH_ARENA_ALIGN == 0);
    ph_arena a = {.start = block, .size = ph_contract_history_footprint(limits, ended_max)};
    ph_contract_history *h = ph_arena_take(&a, 1, sizeof *h);
    carve(h, &a, limits, ended_max);
    return h;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

/* By which part a slot is in the participant's list; PART_CNT: it is in none. */
static uint32_t place_of(const entry *e, uint32_t who)
{
    uint32_t p = BUYER;
    while (p < PART_CNT && e->who[p] != who)
        p++;
    return p;
}

/* A new contract has the highest number. */
static void join(ph_contract_history *h, uint32_t slot)
{
    entry *e = &h->slots[slot];
    for (uint32_t p = BUYER; p < PART_CNT; p++) {
        PH_ASSERT(e->who[p] != 0 && e->who[p] <= h->participants_max);
        if (place_of(e, e->who[p]) != p) continue;
        own *o = &h->owns[e->who[p]];
        e->previous[p] = o->last;
        if (o->last != 0)
            h->slots[o->last].next[place_of(&h->slots[o->last], e->who[p])] = slot;
        else
            o->first = slot;
        o->last = slot;
    }
}

static void leave(ph_contract_history *h, uint32_t slot)
{
    const entry *e = &h->slots[slot];
    for (uint32_t p = BUYER; p < PART_CNT; p++) {
        uint32_t who = e->who[p], before = e->previous[p], after = e->next[p];
        if (place_of(e, who) != p) continue;
        own *o = &h->owns[who];
        if (before != 0)
            h->slots[before].next[place_of(&h->slots[before], who)] = after;
        else
            o->first = after;
        if (after != 0)
            h->slots[after].previous[place_of(&h->slots[after], who)] = before;
        else
            o->last = before;
        o->dropped++;
        if (e->contract > o->last_dropped) o->last_dropped = e->contract;
    }
}

/* ---- Slots ----------------------------------------------------------------------------------- */

static uint32_t take_slot(ph_contract_history *h)
{
    uint32_t slot = h->free;
    if (slot != 0) {
        h->free = h->slots[slot].newer;
        return slot;
    }
    PH_ASSERT(h->slot_cnt < h->slots_max); /* no more deliver than may */
    return ++h->slot_cnt;
}

static void end(ph_contract_history *h, uint32_t slot, const ph_command *c)
{
    entry *e = &h->slots[slot];
    e->ended_seq = c->seq;
    e->ended_ns = c->at.ns;
    e->newer = 0;
    if (h->newest != 0)
        h->slots[h->newest].newer = slot;
    else
        h->oldest = slot;
    h->newest = slot;
    h->ended_cnt++;
}

static void drop_oldest(ph_contract_history *h)
{
    uint32_t slot = h->oldest;
    entry *e = &h->slots[slot];
    h->oldest = e->newer;
    if (h->oldest == 0) h->newest = 0;
    h->ended_cnt--;
    leave(h, slot);
    h->numbers[e->contract] = 0;
    *e = (entry){.newer = h->free};
    h->free = slot;
}

/* The slot of a contract that an event is about: something of it is open, or was in this record. */
static entry *entry_of(const ph_contract_history *h, uint64_t contract)
{
    PH_ASSERT(contract <= h->last && h->numbers[contract] != 0);
    return &h->slots[h->numbers[contract]];
}

static void close_units(ph_contract_history *h, entry *e, uint64_t units, const ph_command *c)
{
    PH_ASSERT(units > 0 && units <= e->open);
    e->open -= units;
    if (e->open == 0) end(h, (uint32_t)(e - h->slots), c);
}

/* ---- Records --------------------------------------------------------------------------------- */

/* Its segments, which follow: what they add up to, and where they begin and end. */
static uint64_t add_segments(const ph_event *e, uint32_t cnt, ph_window *ret_window)
{
    uint64_t units = 0;
    ph_period first = UINT32_MAX, past = 0;
    for (uint32_t i = 1; i <= cnt; i++) {
        PH_ASSERT(e[i].kind == PH_EVT_SEGMENT);
        const ph_segment *s = &e[i].u.segment;
        ph_period end_of = s->window.first + s->window.periods;
        units += (uint64_t)s->quantity * s->window.periods;
        if (s->window.first < first) first = s->window.first;
        if (end_of > past) past = end_of;
    }
    PH_ASSERT(units > 0);
    *ret_window = (ph_window){first, past - first};
    return units;
}

static void take_trade(ph_contract_history *h, const ph_market *m, const ph_command *c,
                       const ph_event *e)
{
    const ph_trade *t = &e->u.trade;
    const ph_product_terms *terms = ph_market_contract_terms(m, t->contract);
    PH_ASSERT(terms != NULL && t->contract.v == h->last + 1 && t->contract.v <= h->contracts_max);
    uint32_t slot = take_slot(h);
    h->last = (uint32_t)t->contract.v;
    h->numbers[h->last] = slot;
    entry *to = &h->slots[slot];
    *to = (entry){
        .concluded_seq = c->seq,
        .concluded_ns = c->at.ns,
        .notional = t->notional,
        .contract = h->last,
        .from = (uint32_t)t->from_contract.v,
        .product = t->product.v,
        .terms_version = t->terms_version,
        .who = {t->buyer.v, t->supplier.v, t->seller.v},
        .period_seconds = terms->period_seconds,
    };
    to->unit_periods = to->open = add_segments(e, t->segment_cnt, &to->window);
    join(h, slot);
    if (to->from == 0) return;
    entry *parent = entry_of(h, to->from);
    parent->resold += to->unit_periods;
    close_units(h, parent, to->unit_periods, c);
}

static void take_final(ph_contract_history *h, const ph_command *c, const ph_delivery_final *f)
{
    entry *e = entry_of(h, f->contract.v);
    PH_ASSERT(f->promised % e->period_seconds == 0);
    e->delivered += f->delivered;
    close_units(h, e, f->promised / e->period_seconds, c);
}

/* What a contract-period brought that became final, to parties of the contract. */
static void take_transfer(ph_contract_history *h, const ph_transfer *t)
{
    switch (t->reason) {
    case PH_TRANSFER_PAYMENT: entry_of(h, t->debit.id)->paid += t->amount; return;
    case PH_TRANSFER_SUPPLIER_FEE: entry_of(h, t->debit.id)->supplier_fee += t->amount; return;
    case PH_TRANSFER_REFUND: entry_of(h, t->debit.id)->refunded += t->amount; return;
    case PH_TRANSFER_PENALTY: entry_of(h, t->debit.id)->penalty += t->amount; return;
    case PH_TRANSFER_FEE_COMPENSATION: entry_of(h, t->debit.id)->compensation += t->amount; return;
    case PH_TRANSFER_DEPOSIT:
    case PH_TRANSFER_WITHDRAWAL:
    case PH_TRANSFER_NOTIONAL:
    case PH_TRANSFER_FEE_ESCROW:
    case PH_TRANSFER_FEE:
    case PH_TRANSFER_BOND:
    case PH_TRANSFER_BUYER_FEE: /* also of what was sold on */
    case PH_TRANSFER_FEE_REFUND:
    case PH_TRANSFER_BOND_RETURN:
    case PH_TRANSFER_DISPUTE_DEPOSIT:
    case PH_TRANSFER_DEPOSIT_RETURN:
    case PH_TRANSFER_DEPOSIT_FORFEIT:
    case PH_TRANSFER_RESALE:
    case PH_TRANSFER_RESALE_FEE:
    case PH_TRANSFER_PREMIUM:
    case PH_TRANSFER_PREMIUM_PAYMENT:
    case PH_TRANSFER_PREMIUM_FEE:
    case PH_TRANSFER_PREMIUM_REFUND:
    case PH_TRANSFER_SPLIT: return;
    }
}

void ph_contract_history_take(ph_contract_history *h, const ph_market *m,
                              const ph_replay_record *record)
{
    const ph_command *c = &record->command;
    for (uint32_t i = 0; i < record->event_cnt; i++) {
        const ph_event *e = &record->events[i];
        if (e->kind == PH_EVT_TRADE) take_trade(h, m, c, e);
        if (e->kind == PH_EVT_DELIVERY_FINAL) take_final(h, c, &e->u.delivery_final);
        if (e->kind == PH_EVT_TRANSFER) take_transfer(h, &e->u.transfer);
    }
    /* Not before: the transfers of a contract stand behind what ended it. */
    while (h->ended_cnt > h->ended_max)
        drop_oldest(h);
}

/* ---- Questions ------------------------------------------------------------------------------- */

uint32_t ph_contract_history_ended(const ph_contract_history *h)
{
    return h->ended_cnt;
}

static void tell(const entry *e, uint32_t who, ph_answer_contract *ret)
{
    static const uint8_t bits[PART_CNT] = {PH_PARTY_BUYER, PH_PARTY_SUPPLIER, PH_PARTY_SELLER};
    *ret = (ph_answer_contract){
        .contract = {e->contract},
        .from_contract = {e->from},
        .product = {e->product},
        .terms_version = e->terms_version,
        .buyer = {e->who[BUYER]},
        .supplier = {e->who[SUPPLIER]},
        .seller = {e->who[SELLER]},
        .concluded_seq = e->concluded_seq,
        .concluded_at = {e->concluded_ns},
        .window = e->window,
        .notional = e->notional,
        .unit_periods = e->unit_periods,
        .open = e->open,
        .resold = e->resold,
        .delivered = e->delivered,
        .paid = e->paid,
        .supplier_fee = e->supplier_fee,
        .refunded = e->refunded,
        .penalty = e->penalty,
        .compensation = e->compensation,
        .ended_seq = e->ended_seq,
        .ended_at = {e->ended_ns},
    };
    for (uint32_t p = BUYER; p < PART_CNT; p++)
        if (e->who[p] == who) ret->parts |= bits[p];
}

/* The first slot of the participant's list behind this number, or 0.  *ret_at: numbers up to this
   one were looked at, the last of all unless *looks ran out. */
static uint32_t enter(const ph_contract_history *h, uint32_t who, uint64_t after, uint32_t *looks,
                      uint64_t *ret_at)
{
    *ret_at = after;
    if (after == 0) return h->owns[who].first;
    if (after >= h->last) return 0;
    const entry *e = &h->slots[h->numbers[after]];
    uint32_t p = place_of(e, who);
    if (p < PART_CNT) return e->next[p];
    for (; *ret_at<h->last && * looks> 0; (*looks)--) {
        uint32_t slot = h->numbers[++*ret_at];
        if (place_of(&h->slots[slot], who) < PART_CNT) return slot;
    }
    return 0;
}

static bool is_wanted(const entry *e, const ph_query *q)
{
    return (q->product.v == 0 || e->product == q->product.v) && (!q->open_only || e->open != 0);
}

void ph_contract_history_find(const ph_contract_history *h, const ph_query *q, ph_answer *ret)
{
    uint32_t who = q->who.v, looks = LOOKS_MAX;
    ph_answer_contracts *told = &ret->u.contracts;
    if (who == 0 || who > h->participants_max) return;
    told->dropped = h->owns[who].dropped;
    told->last_dropped = h->owns[who].last_dropped;
    uint32_t slot = enter(h, who, q->after, &looks, &told->last);
    ret->more = looks == 0 && slot == 0 && told->last < h->last;
    for (; slot != 0; looks--) {
        const entry *e = &h->slots[slot];
        ret->more = ret->cnt == PH_QUERY_CONTRACTS_MAX || looks == 0;
        if (ret->more) return;
        told->last = e->contract;
        if (is_wanted(e, q)) tell(e, who, &ret->rows.contracts[ret->cnt++]);
        slot = e->next[place_of(e, who)];
    }
}
