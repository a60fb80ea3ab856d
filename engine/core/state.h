/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/state.h - everything the market remembers.  Private to engine/core.

    One block of memory: pools, intrusive lists and ids that index directly.  Slot 0 of every pool
    is unused, so that 0 means "none".

    Keys      see ladder.h: prices seen from the other side, larger is better.
    Periods   arrays over periods are rings: period t is at t & (ring_periods - 1).  Open periods
              always fit (the horizon is smaller than the ring) and a closed one is empty.
    Command   while a command runs, orders only change; what they cause outside the book (trades,
              holds, events of the end) is brought about by ph_settle_command, once. */
#ifndef ENGINE_CORE_STATE_H
#define ENGINE_CORE_STATE_H

#include <stddef.h>

#include "engine/base/limits.h"
#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/types.h"
#include "engine/core/index.h"
#include "engine/core/ladder.h"
#include "engine/core/market.h"
#include "engine/core/row_index.h"
#include "engine/core/slab.h"
#include "engine/wire/event.h"

#define PH_NONE      UINT32_C(0)
#define PH_NODE_NONE UINT32_MAX

enum { PH_KEY_USES = PH_KEY_READING + 1 }; /* arrays by ph_key_use */

#define PH_NODE_LOST UINT32_MAX

enum { PH_TRIAL_NODES = PH_EACH_PERIODS_MAX }; /* of an order that is only tried, see trial.h */

/* One period of one resting or incoming EACH order.  An iceberg has a second node per period,
   behind the first ones, that keeps its clip; see ph_clip_* in book.h. */
typedef struct {
    uint32_t order;      /* slot */
    uint32_t next, prev; /* in the queue of its level; PH_NODE_NONE at the ends */
    uint32_t level;      /* PH_NONE while it is in no queue */
    uint32_t open;       /* units, hidden ones included */
    uint32_t executed;   /* units; PH_NODE_LOST: a gate or self-trade prevention took the period */
} ph_node;

/* All resting units at one price in one product, period and side: a queue in order of place. */
typedef struct {
    uint64_t quantity;
    uint32_t head, tail; /* nodes; head is also the link of the free list */
} ph_level;

/* Two cache lines; what is not looked at by every command stands in arrays of its own. */
typedef struct {
    uint64_t id, client_order_id, place;
    int64_t key;                   /* of its limit, see ladder.h */
    ph_money bond_unit;            /* SELL: bond per unit-period; BUY: 0 */
    ph_money hold;                 /* cash held for it now */
    uint64_t left;                 /* open unit-periods; FLEX: of one start */
    uint64_t reported;             /* open unit-periods before the trades not yet reported */
    uint32_t participant, product; /* slots */
    uint32_t pool;                 /* SELL: capacity pool */
    ph_window window;
    ph_quantity quantity;   /* as ordered */
    ph_quantity open;       /* BLOCK, FLEX: open units; EACH: see its nodes */
    ph_quantity display;    /* iceberg: units of a clip; otherwise 0 */
    uint32_t from_contract; /* resale: the contract held; otherwise 0 */
    uint32_t group;         /* slot of the next member of its exclusive group, around; 0: none */
    ph_quantity offered;    /* SELL member of a group: units that it counts with */
    union {
        uint32_t node;  /* EACH: node of the first period; the others follow */
        uint32_t block; /* BLOCK, FLEX, resting: row of m->blocks */
    };
    uint32_t next_touched;
    uint16_t duration; /* FLEX: periods of the block; otherwise 0 */
    uint8_t side, shape, time_in_force, stp;
    uint8_t ends; /* ph_cancel_reason that ends it with this command, or 0 */
    bool all_or_none, post_only, resting, touched;
    bool taken; /* as a source of the block execution that is being tried */
} ph_order;

_Static_assert(sizeof(ph_order) == 128, "an order fills two cache lines");
_Static_assert(PH_BLOCK_PERIODS_MAX <= UINT16_MAX, "a duration fits");

/* Where an order stands in the list of its participant: slots. */
typedef struct {
    uint32_t next, prev;
} ph_order_links;

/* A client order id that was used, and the order that it named. */
typedef struct {
    uint64_t id, order;
} ph_client_id;

/* What commands look at of their sender fills one cache line, to the roles that it has. */
typedef struct {
    _Alignas(64) ph_money cash;
    ph_money held;
    uint64_t highest_client_order_id;
    uint64_t ids_cnt;     /* client ids ever used; the ring holds the last of them */
    ph_client_id *ids;    /* ring of PH_CLIENT_IDS_KEPT, ascending */
    uint32_t first_order; /* slot of the list of resting orders, newest first */
    ph_participant_state state;
    ph_register_participant registered;
    uint64_t highest_capacity_reference;
    uint64_t highest_attestation_reference;
    uint32_t first_key;                /* newest of its keys, revoked ones included */
    uint32_t key_cnt;                  /* of these */
    uint32_t active_keys[PH_KEY_USES]; /* by ph_key_use */
} ph_participant;

_Static_assert(offsetof(ph_participant, registered.name) <= 64, "roles included");

/* A key that was ever registered; a revoked one stays its owner's. */
typedef struct {
    ph_key key;
    ph_key_use use;
    uint32_t participant;
    uint32_t next_of_participant, next_of_hash;
    bool revoked;
} ph_key_row;

typedef struct {
    ph_probe_measurement newest;
    uint32_t next_of_hash;
} ph_probe_row;

/* Units of one hardware class of one supplier at one site.  registered and used count hardware
   units; used is offered + sold. */
typedef struct {
    uint32_t supplier, site, hardware;
    uint32_t period_seconds;
    ph_period first;         /* the ring holds [first, first + ring_periods) */
    uint64_t first_until_ns; /* no later than the end of `first`; 0: not reckoned yet */
    bool is_attested;        /* some of it was once */
    uint64_t *registered, *used;
    uint64_t *attested, *used_attested; /* used by products that count attested units alone */
} ph_pool;

#define PH_HEAP_SUPPLIED UINT32_MAX

/* A resting block where it waits for an order that completes it; see reach.h. */
typedef struct {
    ph_wide gap;                  /* at least, with the shift of the side that supplies it */
    uint32_t order;               /* slot */
    uint32_t left, right, parent; /* rows; left is also the link of the free list */
    uint32_t heap; /* of a root: ring place of the period that it lacks, or PH_HEAP_SUPPLIED */
} ph_block;

/* One period of one side of one product's book.  Both sides of a period fill one cache line. */
typedef struct {
    int64_t best;      /* key of the best level, or PH_KEY_NONE */
    int64_t seen;      /* last key that was best when the ladder became empty */
    ph_ladder ladder;  /* EACH orders; ref is a level */
    uint32_t lacking;  /* row of m->blocks: root of those that lack this period, see reach.h */
    uint16_t touching; /* resting blocks whose window contains the period */
} ph_book_period;

_Static_assert(sizeof(ph_book_period) == 32, "two fill a cache line");

/* One side of one product's book. */
typedef struct {
    ph_book_period *periods; /* every other one of the product's, see ph_book_at */
    uint32_t icebergs;       /* resting EACH orders that hide something */
    ph_ladder blocks;        /* resting blocks by key; ref is the order's slot */
    /* Where these blocks wait, and what keeps count of the EACH orders for the opposite ones. */
    uint32_t supplied; /* row: root of those that lack no period */
    uint32_t longest;  /* periods of the longest opposite block since there was none */
    ph_wide shift;     /* by how much best keys rose, at most, in any block's periods */
} ph_book_side;

/* Of a product's terms, what every order is checked by. */
typedef struct {
    ph_price tick;
    ph_money bond_fixed;
    uint32_t bond_ppm, band_ppm;
    uint32_t fee_ppm; /* the larger one of maker and taker */
    uint32_t lot, quantity_max;
    uint32_t site, hardware, hardware_units;
    bool attested_only;
} ph_order_terms;

/* What orders look at lies in three cache lines: what matters of both sides in one, the terms of
   orders and what changes in two.  See ph_terms_apply. */
typedef struct {
    _Alignas(64) ph_price last_traded; /* last price of 6.4 between EACH orders; 0: none */
    uint32_t terms_version;            /* of this product, from 1 */
    uint32_t terms_at;    /* where `terms` stands in the market's list of all terms ever */
    ph_book_side side[3]; /* by ph_side */
    ph_order_terms order_terms;
    ph_product_state state;
    ph_phase phase;
    ph_price reference; /* last_traded, or the listed price */
    /* Open periods, as long as the stamp is before `open_until`; see gate.c. */
    uint64_t open_last, open_until_ns;
    ph_period open_first;
    uint32_t order_cnt;  /* resting */
    ph_period gate_next; /* lowest period whose gate has not been run; valid while resting */
    ph_product_terms terms;
} ph_product;

_Static_assert(offsetof(ph_product, side[PH_SIDE_BUY]) == 64 &&
                   offsetof(ph_product, side[PH_SIDE_SELL].blocks.cnt) + sizeof(uint32_t) == 128,
               "what matters of both sides lies in one cache line");
_Static_assert(offsetof(ph_product, order_terms) >= 128 && offsetof(ph_product, gate_next) == 256,
               "the terms of orders and what changes lie in two");

/* A contract: who delivers to whom, and what of it is not final yet.  Kept for ever: a chain of
   resales leads back through `parent`. */
typedef struct {
    uint32_t buyer;    /* the present holder */
    uint32_t supplier; /* who delivers */
    uint32_t product, terms_at, terms_version;
    uint32_t parent;       /* resale: the contract that was split; otherwise 0 */
    uint32_t reseller;     /* resale: who sold it on; otherwise 0 */
    uint32_t reseller_ppm; /* its fee on each sum that it receives */
    uint32_t supplier_ppm; /* rate of the supplier's fee, from the first trade */
    uint32_t depth;        /* resales behind it */
    uint32_t meter;        /* who reports; 0: the supplier */
    uint32_t first_delivery;
    ph_money bond_unit; /* per unit-period */
    /* The buyer's side, at the prices that it pays; falls when a part is resold. */
    ph_money notional;
    ph_money delivered;  /* of it so far */
    ph_money buyer_fee;  /* the part that is earned on delivery */
    ph_money fee_earned; /* of it so far */
    ph_money fee_left;   /* of it in escrow */
    ph_money fee_paid;   /* at the trade, besides */
    /* The supplier's side, as agreed at the trade, whatever is resold. */
    ph_money supplier_notional, supplier_delivered;
    ph_money supplier_fee, supplier_fee_earned;
    ph_money escrow, bond, deposit, premium; /* balances */
} ph_contract;

/* Contract-periods that are not final and alike, one after the other.  Whatever happens to one lets
   it stand alone first: a run of more than one awaits its reports, each in its time. */
typedef struct {
    uint32_t next; /* of the contract, by period; of the free list */
    uint32_t contract;
    ph_period period;                       /* the first */
    uint32_t periods;                       /* >= 1 */
    ph_quantity quantity;                   /* this and what follows: of each */
    ph_quantity offered;                    /* for resale */
    uint32_t lot;                           /* first of its lots */
    uint32_t due_group, due_next, due_prev; /* of the first */
    uint32_t dispute;                       /* or PH_NONE */
    uint8_t state;
    bool second_window; /* the meter was silent: the supplier alone may report */
    bool by_meter;      /* the report */
    bool confirmed;     /* the report, by the buyer */
    ph_money agreed;    /* its notional of the trade, before any split, at the supplier's price */
    uint64_t report;    /* unit-seconds */
    uint64_t dispute_until_ns; /* end of the dispute window; 0 before a report */
} ph_delivery;

/* Units of contract-periods that share their prices.  The premiums of a resold lot, one for each
   link of its chain, oldest first, are in m->lot_premiums. */
typedef struct {
    uint32_t next; /* of the contract-period, in the order in which units leave it */
    ph_quantity quantity;
    ph_price price; /* the supplier's */
    ph_price paid;  /* by the present holder */
} ph_lot;

typedef struct {
    ph_price v[PH_RESALES_MAX];
} ph_premiums;

enum {
    PH_CLAIMS_MAX = 1 + PH_RESALES_MAX
}; /* the buyer's, and one of each who is owed a premium */

typedef struct {
    uint32_t participant;
    bool is_buyer;
    uint64_t figure;
    ph_money deposit;
} ph_claim;

typedef struct {
    uint32_t cnt;
    uint32_t next_free;
    uint64_t resolve_until_ns;
    ph_claim v[PH_CLAIMS_MAX];
} ph_dispute;

typedef struct {
    uint64_t due_ns; /* 0: in the free list, or never used */
    uint32_t first;  /* contract-period; of the free list */
    uint32_t heap_at;
    uint32_t next_of_hash;
} ph_due_group;

typedef struct {
    uint32_t contract;
    ph_period period;
    uint32_t delivery;
} ph_due_entry;

/* Executions between two orders, as matching found them: one in each period of the window. */
typedef struct {
    uint64_t low_place, high_place; /* of the two orders; UINT64_MAX for the one that arrived */
    ph_price price;
    ph_window window;
    ph_quantity quantity; /* in each period */
    uint32_t buy, sell;   /* order slots */
} ph_fill;

/* Where a fill stands in m->fills, by what it is sorted by first. */
typedef struct {
    uint64_t place;
    uint32_t at;
} ph_fill_key;

/* One period of an order that ended without execution while its command ran. */
typedef struct {
    uint32_t order;
    ph_period period;
    ph_quantity quantity;
    ph_cancel_reason reason;
} ph_lost;

/* One period of an iceberg that shows its next clip. */
typedef struct {
    uint64_t place;
    uint32_t order;
    ph_period period;
} ph_clip;

/* A walk over the ladders of one side, in one period of a block's window; see column.h. */
typedef struct {
    int64_t key;    /* of the front */
    uint32_t front; /* node of the front order, PH_FRONT_EXTRA or PH_NODE_NONE */
    uint32_t left;  /* units of the front not yet taken */
    uint32_t taken; /* units of the front taken */
    uint32_t level; /* ladder entry, from the best, that the ladder stands at */
    uint32_t pass;  /* 0: what is shown at this price; then clip after clip of what is hidden */
    uint32_t node;  /* of the ladder; the front is there unless the extra order is */
    uint32_t extra; /* units of the extra order not yet its turn */
} ph_column_period;

struct ph_market {
    ph_market_limits limits;
    uint32_t ring_mask;
    uint64_t seq;
    ph_time now;
    bool opened;
    bool is_trial;   /* a double of one book, see trial.h */
    bool is_loading; /* orders of a snapshot come to rest */
    ph_open_market open_market;

    ph_participant *participants;
    ph_register_site *sites;
    ph_register_hardware *hardware;
    ph_product *products;
    ph_pool *pools;
    ph_product_terms *terms; /* of all products ever, in order; contracts keep theirs */
    uint32_t terms_cnt;
    uint32_t participant_cnt, site_cnt, hardware_cnt, product_cnt, pool_cnt;
    ph_index symbol_of;         /* hash of a symbol -> first row of the list of terms with it */
    uint32_t *next_symbol;      /* next row of other symbol and equal hash, by row of terms */
    ph_index period_seconds_of; /* (site, hardware) -> period length in use */
    uint32_t rules_version;
    ph_key_row *keys; /* ever registered, from 1 */
    ph_index key_of;  /* hash of (use, key) -> newest row with it */
    uint32_t key_cnt, keys_max;
    ph_notary_key *notary_keys; /* in order */
    uint32_t notary_key_cnt;
    ph_site_measurement *measurements; /* by site; measured_at 0: none */
    ph_probe_row *probes;              /* from 1 */
    ph_index probe_of;                 /* hash of (region, site) -> newest row with it */
    uint32_t probe_cnt;
    ph_index pool_of; /* (supplier, site, hardware) -> pool; see capacity.c */
    uint64_t due_ns;  /* no gate that matters is due before */

    ph_order *orders;
    ph_order_links *order_links; /* by slot */
    uint32_t *order_spare;       /* slots that were given back, the last one on top */
    uint32_t order_spare_cnt;
    uint32_t order_cnt;    /* in use */
    uint32_t orders_fresh; /* slots at and above were never used */
    ph_row_index order_of; /* order id -> slot */
    ph_index blocks_of;    /* (participant, product) -> resting blocks */
    uint32_t block_cnt;
    ph_block *blocks; /* resting, from 1 */
    uint32_t block_free, blocks_fresh;
    ph_slab node_slab;
    ph_node *nodes;
    ph_level *levels;
    uint32_t level_free, levels_fresh, level_cnt;
    uint32_t *expiries;  /* heap of resting GTT orders, see expiry.c */
    uint32_t *expiry_at; /* place in the heap, by slot */
    uint64_t *expire_ns; /* of a GTT order, by slot */
    uint32_t expiry_cnt;
    ph_ladder_room ladders;

    uint64_t last_order, last_place, last_trade, last_contract;
    ph_contract *contracts;
    uint8_t *countersigned; /* by contract: PH_PARTY_* bits */
    /* Of contract-periods and lots, cnt is what there would be if each stood alone: that is what
       the limits are about. */
    ph_delivery *deliveries;
    uint32_t delivery_free, deliveries_fresh, delivery_cnt;
    ph_lot *lots;
    ph_premiums *lot_premiums; /* by lot */
    uint32_t lot_free, lots_fresh, lot_cnt;
    ph_dispute *disputes;
    uint32_t dispute_free, disputes_fresh, dispute_cnt;
    ph_due_group *due_groups;
    uint32_t due_group_free, due_groups_fresh;
    uint32_t due_last; /* group that a contract-period joined last */
    uint32_t *due_heap;
    uint32_t due_heap_cnt;
    ph_due_entry *due_run;   /* scratch */
    uint32_t *due_slots;     /* hash of a due time -> first group */
    uint32_t due_slot_bits;  /* of the hash */
    ph_money external, fees; /* balances of the two accounts without an owner */
    ph_text32 *references;   /* payment references ever used */
    uint32_t reference_cnt;
    uint32_t *reference_slots; /* open addressing: 1 + place in references, or 0 */
    uint32_t reference_mask;

    /* While a command runs. */
    ph_events *out;
    uint32_t events_max; /* of one command, see ph_market_events_max */
    uint32_t incoming;   /* slot of the order that arrived, or PH_NONE */
    bool is_held;        /* its hold is what it needs as it arrived */
    uint32_t first_touched, last_touched;
    ph_fill *fills;
    uint32_t fill_cnt;     /* rows */
    uint32_t fill_periods; /* executions: the periods of these rows */
    ph_fill *fills_spare;  /* room to sort them */
    ph_fill_key *fill_keys, *fill_keys_spare;
    ph_lost *lost;
    uint32_t lost_cnt;
    ph_clip *clips; /* that were shown anew */
    uint32_t clip_cnt;
    uint32_t halts;  /* product that an execution outside the band halts, or PH_NONE */
    uint32_t unseen; /* resting order that columns leave out, or PH_NONE; see replace.c */
    ph_segment *segments;
    uint32_t fills_max; /* what the command may still record, see fill.h */
    uint32_t planned;   /* block of which the plan is recorded behind the fills, or PH_NONE */
    uint32_t *reached;  /* resting blocks that the incoming order may complete; see reach.h */
    uint32_t reached_cnt;
    ph_wide rise_sum, rise_most; /* of best keys, by one order */
    /* Repetitions of 6.4, and in which of them each period of the incoming order closed. */
    uint32_t counts_for, repetition;
    uint32_t *closed_in;
    uint64_t work_gone;    /* blocks looked at that do not rest any more */
    uint64_t work_at_most; /* see PH_WORK_PER_COMMAND_MAX */
    ph_price last_price;   /* of the last fill between two EACH orders; 0: none */
    uint32_t last_price_product;
    ph_column_period *column; /* the periods of one at a time */
    ph_period *heap;          /* periods of the incoming order that can trade, best first */
    int64_t *heap_keys;       /* and the keys that they had when they were put there */
    uint32_t heap_cnt;
};

static inline uint32_t ph_ring(const ph_market *m, ph_period t)
{
    return t & m->ring_mask;
}

/* The period at a ring place. */
static inline ph_book_period *ph_book_at(const ph_book_side *side, uint32_t ring)
{
    return &side->periods[2 * (size_t)ring];
}

static inline int64_t ph_key_of(ph_side side, ph_price price)
{
    return side == PH_SIDE_BUY ? price : -price;
}

static inline ph_price ph_price_of(int64_t key)
{
    return key < 0 ? -key : key;
}

static inline ph_side ph_other_side(ph_side side)
{
    return side == PH_SIDE_BUY ? PH_SIDE_SELL : PH_SIDE_BUY;
}

/* Appends an event; the caller fills the returned one. */
static inline ph_event *ph_emit(ph_market *m, ph_event_kind kind)
{
    PH_ASSERT(m->out->cnt < m->out->max);
    ph_event *e = &m->out->v[m->out->cnt++];
    e->kind = kind;
    return e;
}

#endif
