/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/model.h - a second market, written from the rulebook alone: slow and obvious.

    It judges the first.  Every question is answered by a scan over plain arrays, every block takes
    its units one by one, nothing is kept that could be counted again.  It shares with the engine
    the vocabulary (engine/base/types.h, engine/wire) and nothing else.

    Covers    sections 1 to 7 but for resale, and 10.
    Owns      nothing: one struct, zeroed by model_open; the caller keeps it.
    Units     as engine/base/types.h.
    Thread    one.
    Full      running out of an array stops the test. */
#ifndef TESTS_PROP_MODEL_H
#define TESTS_PROP_MODEL_H

#include "engine/wire/command.h"
#include "engine/wire/event.h"

__extension__ typedef __int128 model_wide;

enum {
    MODEL_PARTICIPANTS = 24, /* ids below this */
    MODEL_PRODUCTS = 6,      /* ids below this */
    MODEL_SITES = 2,         /* ids below this */
    MODEL_HARDWARE = 3,      /* ids below this */
    MODEL_WINDOW = 64,       /* longest window of an order */
    MODEL_PERIODS = 8192,    /* periods below this */
    MODEL_RESTING = 1024,
    MODEL_CLIENT_IDS = 1 << 13, /* per participant, ever */
    MODEL_KEPT = 4096,          /* client order ids that can be answered (section 4) */
    MODEL_REFERENCES = 4096,
    MODEL_FILLS = 1 << 12, /* of one command */
    MODEL_UNITS = 1 << 10, /* largest quantity of an order */
    MODEL_EVENTS = 1 << 14,
};

typedef struct {
    ph_order_id id;
    uint64_t place;
    uint32_t who;
    ph_new_order terms;
    ph_money bond;               /* SELL: per unit-period */
    uint32_t open[MODEL_WINDOW]; /* per period of the window; of a BLOCK all are equal; of a FLEX
                                    all that no gate took */
    uint32_t executed[MODEL_WINDOW]; /* per period, ever */
    bool lost[MODEL_WINDOW];         /* EACH: to a gate or to self-trade prevention */
    /* An EACH order that rests: what stands in the queue of a period, and by which place. */
    bool rests;
    uint32_t shown[MODEL_WINDOW];
    uint64_t queue_place[MODEL_WINDOW];
    bool renewed[MODEL_WINDOW]; /* a clip, by this command */
    uint64_t group;             /* 0: none */
    uint64_t before;            /* open unit-periods before the command's first fill */
    bool lost_a_period;         /* to self-trade prevention */
    bool halted;                /* it would have executed outside the band */
} model_order;

typedef struct {
    uint32_t roles;
    ph_participant_state state;
    ph_money cash;
    uint64_t client_id[MODEL_CLIENT_IDS]; /* accepted, in order */
    ph_order_id client_order[MODEL_CLIENT_IDS];
    uint32_t client_id_cnt;
    uint64_t capacity_reference; /* highest used */
} model_participant;

typedef struct {
    ph_product_terms terms;
    ph_phase phase;
    ph_price reference;
} model_product;

/* Units of one hardware class that one supplier has at one site. */
typedef struct {
    uint32_t registered[MODEL_PERIODS];
    uint64_t sold[MODEL_PERIODS]; /* hardware units under contract */
} model_pool;

/* One execution between two orders: the periods are spelled out, one fill per unit at most. */
typedef struct {
    model_order *buy, *sell;
    ph_period period;
    uint64_t units;
    ph_price price;
} model_fill;

typedef struct {
    ph_time now;
    model_product product[MODEL_PRODUCTS]; /* by id; phase 0: not listed */
    model_order resting[MODEL_RESTING];    /* in order of place */
    uint32_t resting_cnt;
    uint64_t orders, contracts, places, groups; /* last number given */
    ph_money external, fees;
    ph_text32 reference[MODEL_REFERENCES]; /* of payments */
    uint32_t reference_cnt;

    /* The command that is looked at. */
    ph_price reference_before; /* of the product */
    uint32_t fill_cnt, event_cnt;

    /* What matching leaves as it is, but for fills and events beyond their number. */
    model_fill fill[MODEL_FILLS];
    ph_event event[MODEL_EVENTS];
    model_participant participant[MODEL_PARTICIPANTS]; /* by id; roles 0: not registered */
    model_pool pool[MODEL_PARTICIPANTS][MODEL_SITES][MODEL_HARDWARE];
} model;

/* An empty market in which participant 1 is the operator. */
void model_open(model *m);

/* What a command does; its events are m->event[0 .. m->event_cnt).  Registrations of participants,
   sites, hardware and products are taken as they come; everything else is judged. */
void model_apply(model *m, const ph_command *c);

/* Cash that a participant's resting orders hold. */
ph_money model_held(const model *m, uint32_t who);

/* Hardware units that a supplier has neither offered nor sold; not counting what `group` offers. */
int64_t model_capacity_free(model *m, uint32_t who, ph_product_id product, ph_period t,
                            uint64_t group);

/* Open unit-periods of an order; 0: nothing is left. */
uint64_t model_open_units(const model_order *o);

/* Open units of an order in a period, 0 outside its window. */
uint32_t model_open_in(const model_order *o, ph_period t);

/* The resting order with this id, or NULL. */
model_order *model_resting(model *m, ph_order_id id);

/* What a command's matching and its trades are, in model_match.c and model_trade.c. */
void model_match(model *m, model_order *incoming);

/* The periods of a product whose gates are open. */
void model_open_periods(const model *m, uint32_t product, uint64_t *ret_first, uint64_t *ret_last);

/* Units of the column that a block meets, each at no more than its limit (price 0: at any), as far
   as it wants units, and what they cost. */
uint64_t model_column_units(model *m, const model_order *block, model_wide *ret_cost);

/* Whether an arriving block would execute, and what all its units cost; all-or-none. */
bool model_block_cost(model *m, model_order *incoming, model_wide *ret);

/* A member executed: the others of its group, where they rest, end (10). */
void model_end_group(model *m, const model_order *executed);

/* The order comes to rest: it stands in its queues, by its own place. */
void model_stand(model_order *o);

/* One start of a FLEX as the all-or-none block that it would be; false if a gate took it. */
bool model_start(const model_order *flex, uint32_t start, model_order *ret);

/* Whether a price lies within a product's band around `reference`. */
bool model_in_band(const model_product *p, ph_price reference, ph_price price);

void model_conclude(model *m, const model_order *incoming);

ph_event *model_tell(model *m, ph_event_kind kind);
void model_cancelled(model *m, model_order *o, ph_cancel_reason reason);
_Noreturn void model_stop(const char *why);

#endif
