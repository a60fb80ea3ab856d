/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/market.h - the market: apply(state, command) -> events.

    Same state and same command give the same events and the same state, on every machine, for
    ever.  No clock, no chance, no input or output, no allocation: the market lives in one block of
    memory that the caller gives it.

    Owns      nothing: lives in the block of ph_market_init, never grows, never moves; the block
              may be thrown away at any time.
    Lifetime  pointers that a query returns are valid until the next ph_market_apply.
    Thread    one writer; queries from the same thread.
    Full      a table without room is a reject (TABLE_FULL), never a crash. */
#ifndef ENGINE_CORE_MARKET_H
#define ENGINE_CORE_MARKET_H

#include "engine/base/limits.h"
#include "engine/base/types.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"

/* Sizes of the tables.  They are part of what makes two runs equal: a replica uses the sizes that
   the journal's first segment states. */
typedef struct {
    uint32_t participants_max;  /* registered ever */
    uint32_t sites_max;         /* registered ever */
    uint32_t hardware_max;      /* registered ever */
    uint32_t products_max;      /* listed ever */
    uint32_t pools_max;         /* (supplier, site, hardware) with capacity */
    uint32_t ring_periods;      /* periods that a product can look ahead; a power of two */
    uint32_t orders_max;        /* resting at one time */
    uint32_t order_periods_max; /* resting at one time, summed over the periods of EACH orders */
    uint32_t blocks_max;        /* resting blocks at one time */
    uint32_t contracts_max;     /* concluded ever */
    uint32_t references_max;    /* payment references ever */
    uint32_t terms_max;         /* terms versions of all products ever */
    uint32_t deliveries_max;    /* contract-periods sold and not final, at one time */
    uint32_t lots_max;          /* prices of these contract-periods, at one time */
    uint32_t disputes_max;      /* contract-periods in dispute at one time */
    uint32_t probes_max;        /* (region, site) with network measurements */
    uint32_t levels_max;        /* prices at which EACH orders rest, summed over their periods */
} ph_market_limits;

/* What a demonstration and a test market need; a production engine states its own. */
ph_market_limits ph_market_limits_default(void);

typedef struct ph_market ph_market;

/* Bytes that ph_market_init needs, or 0 if the limits make no sense. */
size_t ph_market_footprint(const ph_market_limits *limits);

/* An empty market in `block`, which has ph_market_footprint bytes, is aligned to 64 and all zero
   (as fresh pages of the system are).  Nothing to release. */
ph_market *ph_market_init(void *block, const ph_market_limits *limits);

/* Events that one command can cause at most: the room that ph_market_apply needs in out. */
uint32_t ph_market_events_max(const ph_market_limits *limits);

/* Applies one command.  c->seq is one more than the last applied, c->at.ns is not smaller than the
   last; out->cnt is 0 and out->max at least ph_market_events_max.  Anything else is a bug. */
void ph_market_apply(ph_market *m, const ph_command *c, ph_events *out);

enum { PH_PREFETCH_STEPS = 5 };

/* What a step of ph_market_prefetch found, for the next; nobody else's business. */
typedef struct {
    uint32_t order, product, period, sells;
    int64_t limit;
} ph_prefetch_memo;

/* Asks the processor for the memory that a later command will touch, in PH_PREFETCH_STEPS steps,
   each of which needs what the one before asked for: a caller with a batch in hand does step 0 far
   ahead and the last one just before, each for the same command and with the same *memo, which is
   the caller's, one for each command, and set by step 0.  Changes nothing else, and any command
   may be given. */
void ph_market_prefetch(const ph_market *m, const ph_command *c, uint32_t step,
                        ph_prefetch_memo *memo);

/* Sequence of the last command that was applied; 0 for an empty market. */
uint64_t ph_market_seq(const ph_market *m);

/* The next instant at which time alone changes the market; ns is UINT64_MAX if there is none.
   The sequencer sends a TICK with this stamp before any command with a later one. */
ph_time ph_market_next_due(const ph_market *m);

/* NULL, or the first law that does not hold, as a sentence: money and capacity conserved, holds
   equal to what open quantity needs, nothing left that would execute.  O(state). */
const char *ph_market_broken(const ph_market *m);

/* ---- Questions: read only ---------------------------------------------------------------- */

/* What OPEN_MARKET said, or NULL before it. */
const ph_open_market *ph_market_opened(const ph_market *m);

/* NULL if there is none with this number. */
const ph_register_participant *ph_market_participant(const ph_market *m, ph_participant_id id);
const ph_register_site *ph_market_site(const ph_market *m, ph_site_id id);
const ph_register_hardware *ph_market_hardware(const ph_market *m, ph_hardware_id id);
const ph_product_terms *ph_market_product(const ph_market *m, ph_product_id id);

/* A key of a participant. */
typedef struct {
    ph_key_use use;
    ph_key key;
    bool revoked;
} ph_market_key;

/* Writes the keys that a participant ever had, newest first, at most max of them; returns how many
   there are. */
uint32_t ph_market_keys(const ph_market *m, ph_participant_id id, ph_market_key *to, uint32_t max);

/* The participant that has this key now; 0 if none has. */
ph_participant_id ph_market_key_owner(const ph_market *m, ph_key_use use, const ph_key *key);

/* A key that was named to sign contracts. */
typedef struct {
    ph_key key;
    uint64_t seq;                    /* of the record that named it */
    ph_signature proof, endorsement; /* as they came; all zero for the first, of OPEN_MARKET */
} ph_notary_key;

/* Points to the keys, oldest first; returns how many there are.  Whether their proofs hold
   is not looked at here. */
uint32_t ph_market_notary_keys(const ph_market *m, const ph_notary_key **ret);

/* The newest measurement of a site, and who made it. */
typedef struct {
    ph_measure_site values;
    ph_participant_id by;
} ph_site_measurement;

/* NULL if there is none. */
const ph_site_measurement *ph_market_site_measurement(const ph_market *m, ph_site_id id);

/* The newest measurement between a region and a site, and who made it. */
typedef struct {
    ph_report_probe values;
    ph_participant_id by;
} ph_probe_measurement;

/* Pairs with a measurement; the n-th of them, from 1; that of one pair.  NULL if there is none. */
uint32_t ph_market_probe_cnt(const ph_market *m);
const ph_probe_measurement *ph_market_probe_nth(const ph_market *m, uint32_t n);
const ph_probe_measurement *ph_market_probe(const ph_market *m, const ph_text32 *region,
                                            ph_site_id site);

/* State of a product and version of its terms (from 1); false if there is none. */
bool ph_market_product_state(const ph_market *m, ph_product_id id, ph_product_state *ret_state,
                             uint32_t *ret_terms_version);

/* Version of the rules in force; 0 before the market is open. */
uint32_t ph_market_rules_version(const ph_market *m);

uint32_t ph_market_participant_cnt(const ph_market *m);
uint32_t ph_market_site_cnt(const ph_market *m);
uint32_t ph_market_hardware_cnt(const ph_market *m);
uint32_t ph_market_product_cnt(const ph_market *m);
uint64_t ph_market_contract_cnt(const ph_market *m);
uint32_t ph_market_order_cnt(const ph_market *m); /* resting */

/* A contract, as far as others need to know it. */
typedef struct {
    ph_participant_id buyer; /* the present holder */
    ph_participant_id supplier;
    ph_product_id product;
    uint32_t terms_version;
    ph_contract_id from_contract; /* resale: the contract that was split; otherwise 0 */
    uint32_t resales;             /* links of its chain */
    uint32_t open_periods;        /* that are not final */
    ph_period first_open;         /* the first of them */
} ph_contract_facts;

/* Looks up a contract; false (and *ret untouched) if there is none with this number. */
bool ph_market_contract(const ph_market *m, ph_contract_id id, ph_contract_facts *ret);

/* Parts that a participant can have in a contract: bits. */
enum {
    PH_PARTY_BUYER = 1 << 0,
    PH_PARTY_SUPPLIER = 1 << 1,
    PH_PARTY_SELLER = 1 << 2, /* the supplier, or who held the contract that was split */
    PH_PARTIES_ALL = PH_PARTY_BUYER | PH_PARTY_SUPPLIER | PH_PARTY_SELLER,
};

/* The parts whose participants sent a countersignature; 0 if there is no such contract. */
uint32_t ph_market_countersigned(const ph_market *m, ph_contract_id id);

/* Balance of an account: what was credited less what was debited.  0 for one that never moved. */
ph_money ph_market_balance(const ph_market *m, ph_account account);

/* Cash of a participant that resting orders hold; part of its CASH balance. */
ph_money ph_market_held(const ph_market *m, ph_participant_id id);

/* Calls f for every account with a balance other than 0, in order of kind, then id. */
void ph_market_each_account(const ph_market *m,
                            void (*f)(void *arg, ph_account account, ph_money balance), void *arg);

/* A resting order, as far as others need to know it. */
typedef struct {
    ph_order_id order;
    ph_participant_id participant;
    ph_new_order terms;    /* as it was sent */
    uint64_t unit_periods; /* still open */
} ph_resting_order;

/* Looks up a resting order; false (and *ret untouched) if it does not rest. */
bool ph_market_order(const ph_market *m, ph_order_id id, ph_resting_order *ret);

/* What a contract-period waits for. */
typedef enum {
    PH_STATE_AWAITED = 1,  /* a report, from its end on */
    PH_STATE_REPORTED = 2, /* the end of the dispute window, or a confirmation */
    PH_STATE_DISPUTED = 3, /* an operator */
} ph_delivery_state;

/* The terms that a contract keeps; NULL if there is no such contract. */
const ph_product_terms *ph_market_contract_terms(const ph_market *m, ph_contract_id id);

/* A contract-period that is not final. */
typedef struct {
    ph_period period;
    ph_quantity quantity, offered; /* units held; of these, in resting resale orders */
    ph_delivery_state state;
    uint64_t reported; /* unit-seconds, once somebody has */
    bool confirmed;    /* the last report, by the buyer */
    uint32_t claims;   /* open */
    ph_time due;       /* when time alone changes it */
    uint32_t lots;
} ph_period_view;

/* The first one of a contract in period `from` or later; false if there is none. */
bool ph_market_contract_period(const ph_market *m, ph_contract_id id, ph_period from,
                               ph_period_view *ret);

/* Units with the same prices behind them. */
typedef struct {
    ph_quantity quantity;
    ph_price supplier, paid;           /* what the supplier gets; what the holder paid */
    ph_price premiums[PH_RESALES_MAX]; /* per unit and link of the chain, oldest first */
} ph_lot_view;

/* The n-th lot, from 0, of a contract-period, in the order in which units leave; false at the
   end. */
bool ph_market_lot(const ph_market *m, ph_contract_id id, ph_period t, uint32_t n,
                   ph_lot_view *ret);

/* Best price and the quantity shown at it in one period of a product; 0 and 0 if there is none. */
void ph_market_best(const ph_market *m, ph_product_id product, ph_side side, ph_period t,
                    ph_price *ret_price, uint64_t *ret_quantity);

#endif
