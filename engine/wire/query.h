/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/query.h - questions to a replica of the market, and its answers.

    A gateway asks for a participant; a replica (engine/query) answers as of the sequence that it
    has applied.  Both are one message each way:

      question   u64 tag, u8 kind, u32 participant, then the fields of the kind
      answer     u64 tag, u8 kind, u64 sequence, then the fields of the kind

    in the order of the structs below.  Integers are little-endian; an order is u16 size and a
    NEW_ORDER as the codec writes it; lists are u32 cnt and their rows.  The tag is the asker's.

    Owns      nothing: lists of an answer are room of whoever reads or writes it.
    Laws      canonical: bytes that are read give the same bytes when written again. */
#ifndef ENGINE_WIRE_QUERY_H
#define ENGINE_WIRE_QUERY_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"
#include "engine/wire/reject.h"

typedef enum {
    PH_QUERY_PREVIEW = 1,   /* what an order would do now */
    PH_QUERY_WHY = 2,       /* what would have to differ for all of it to execute */
    PH_QUERY_DEPTH = 3,     /* units that blocks could take, start by start */
    PH_QUERY_ORDERS = 4,    /* own orders that rest */
    PH_QUERY_POSITIONS = 5, /* own contracts whose periods are not all final */
    PH_QUERY_BALANCES = 6,  /* own money */
    PH_QUERY_STATUS = 7,    /* what became of one own order */
    PH_QUERY_CONTRACTS = 8, /* own contracts, also those that ended */
    PH_QUERY_STATEMENT = 9, /* what moved own cash on some days */
} ph_query_kind;

enum { PH_QUERY_KIND_MAX = PH_QUERY_STATEMENT };

enum {
    PH_QUERY_BYTES_MAX = 512,
    PH_QUERY_FILLS_MAX = 1024,    /* told of a preview; all are counted */
    PH_QUERY_STARTS_MAX = 1024,   /* of one depth question */
    PH_QUERY_PRODUCTS_MAX = 16,   /* of a why */
    PH_QUERY_ORDERS_MAX = 256,    /* in one answer */
    PH_QUERY_POSITIONS_MAX = 512, /* likewise */
    PH_QUERY_CONTRACTS_MAX = 256, /* likewise */
    PH_ANSWER_BYTES_MAX = 1 << 16,
};

typedef struct {
    ph_query_kind kind;
    ph_participant_id who;
    /* PREVIEW, WHY: this order, or when WHY names an order, that one of the participant's. */
    ph_new_order order;
    /* WHY; ORDERS: this one alone; 0: all; STATUS: this one, or 0. */
    ph_order_id order_id;
    uint64_t client_order_id; /* STATUS: not 0 if and only if order_id is 0 */
    /* ORDERS, POSITIONS, CONTRACTS: those with higher numbers than this. */
    uint64_t after;
    ph_product_id product; /* DEPTH; CONTRACTS: of this one alone; 0: of all */
    /* STATEMENT: UTC days, by their number since 1970. */
    uint32_t first_day, days;
    /* DEPTH. */
    ph_side side;
    uint32_t periods; /* length of the block */
    ph_window starts;
    ph_price limit; /* of every unit's average price; 0: none */
    bool without_own;
    bool open_only; /* CONTRACTS: those alone that still deliver */
} ph_query;

/* PH_QUERY_BYTES_MAX always suffices. */
void ph_query_write(ph_writer *w, uint64_t tag, const ph_query *q);

/* PH_ECORRUPT: not a question; *ret is then undefined. */
ph_status ph_query_read(const void *bytes, size_t size, uint64_t *ret_tag, ph_query *ret);

typedef struct {
    ph_period period;
    ph_price price;
    uint64_t units;
} ph_answer_fill;

typedef struct {
    ph_reject reject;
    int64_t arg0, arg1;
    ph_money hold, hold_after;
    uint64_t executed, left;
    ph_cancel_reason ends; /* 0: what is left would rest */
    ph_money notional, fee, fee_at_trade, bond;
    uint32_t contracts;
    uint32_t fill_cnt; /* all there are */
    ph_price average;  /* notional / executed, rounded down; 0: nothing executes */
} ph_answer_preview;

typedef struct {
    ph_reject reject;
    bool is_unknown; /* the order that was named is not one of the participant's that rests */
    bool fills;
    ph_price price; /* 0: none */
    ph_reject price_reject;
    ph_quantity quantity; /* 0: none */
    bool more_quantities;
    bool has_start;
    ph_period start;
    bool more_starts;
} ph_answer_why;

typedef struct {
    uint64_t units;
    ph_money notional;
} ph_answer_depth;

typedef struct {
    ph_order_id order;
    uint64_t leaves; /* unit-periods */
    ph_new_order terms;
} ph_answer_order;

/* A run of periods of a contract that are alike. */
typedef struct {
    ph_contract_id contract, from_contract;
    ph_product_id product;
    uint32_t terms_version;
    ph_participant_id buyer, supplier;
    ph_window window;
    ph_quantity quantity, offered; /* units; of these, offered for resale */
    uint8_t state;                 /* 1 awaited, 2 reported, 3 disputed */
    uint64_t reported;             /* unit-seconds */
    ph_time due;                   /* when time alone changes the first of them */
} ph_answer_position;

typedef struct {
    ph_money cash, held;   /* held by orders, part of cash */
    ph_money escrow, bond; /* in own contracts as buyer; as supplier */
    ph_money deposits;     /* put down in disputes of own contracts, by anybody */
    ph_money premiums;     /* that own contracts as buyer keep until delivery */
    uint32_t orders;       /* that rest */
    uint32_t contracts;    /* with periods that are not final */
} ph_answer_balances;

/* What became of an order. */
typedef enum {
    PH_OUTCOME_RESTING = 1,
    PH_OUTCOME_FILLED = 2,
    PH_OUTCOME_CANCELLED = 3,
    PH_OUTCOME_REJECTED = 4,
    PH_OUTCOME_UNKNOWN = 5,  /* no order of the participant's is known to have the number */
    PH_OUTCOME_LONG_AGO = 6, /* the participant's orders of then ended and are no longer kept */
} ph_outcome;

enum { PH_OUTCOME_MAX = PH_OUTCOME_LONG_AGO };

/* UNKNOWN and LONG_AGO have the number that was asked for, and
   last_client_order_id; everything else is 0. */
typedef struct {
    ph_outcome outcome;
    ph_order_id order; /* 0: REJECTED */
    uint64_t client_order_id;
    ph_product_id product;
    ph_side side;
    ph_shape shape;
    ph_window window;
    uint32_t duration;                /* FLEX */
    ph_price price;                   /* after the last replacement, as the quantity */
    ph_quantity quantity;             /* units per period */
    uint64_t unit_periods;            /* of all periods, executed included */
    uint64_t executed, leaves;        /* leaves: open now; 0 when it has ended */
    uint64_t accepted_seq, ended_seq; /* records; 0: not yet, or never */
    ph_time accepted_at, ended_at;    /* their stamps */
    ph_cancel_reason reason;          /* CANCELLED */
    ph_reject reject;                 /* REJECTED, with its arguments */
    int64_t arg0, arg1;
    uint64_t failed; /* REJECTED: client order id of the member of its group that was the reason */
    uint64_t last_client_order_id; /* highest that an accepted order of the participant's used */
} ph_answer_status;

/* A contract as it was concluded, and what became of it.  Of its unit-periods, `open` are not
   final, `resold` went into other contracts, the rest is final. */
typedef struct {
    ph_contract_id contract; /* has the number of its trade */
    ph_contract_id from_contract;
    ph_product_id product;
    uint32_t terms_version;
    uint8_t parts; /* of the asker: 1 buyer, 2 supplier, 4 seller; added */
    ph_participant_id buyer, supplier, seller;
    uint64_t concluded_seq; /* record that concluded it, and its stamp */
    ph_time concluded_at;
    ph_window window; /* from its first period to its last; not every one need be in it */
    ph_money notional;
    uint64_t unit_periods, open, resold;
    uint64_t delivered; /* unit-seconds, of what is final; the sums below likewise */
    ph_money paid;      /* to the supplier, less its fee */
    ph_money supplier_fee;
    ph_money refunded;     /* to the buyer; paid, fee and refund are what was final */
    ph_money penalty;      /* from the supplier's bond to the buyer */
    ph_money compensation; /* likewise, for its fee */
    uint64_t ended_seq;    /* record after which nothing of it is open; 0: something is */
    ph_time ended_at;      /* its stamp */
} ph_answer_contract;

typedef struct {
    uint64_t last; /* `more`: ask for those after this number */
    /* Own contracts that ended and are no longer kept, and the highest number of them; of any
       product. */
    uint64_t dropped, last_dropped;
} ph_answer_contracts;

/* opening + what was received - what was paid = closing. */
typedef struct {
    bool is_long_ago;    /* of days that are no longer kept: nothing else is told */
    uint32_t first_kept; /* first day that can be asked for */
    ph_money opening;    /* cash when the first day began */
    ph_money closing;    /* when the last one ended, or as of the sequence when it has not */
} ph_answer_statement;

/* Movements of one reason.  Sums are modulo 2^64. */
typedef struct {
    ph_transfer_reason reason;
    uint64_t cnt, received, paid;
} ph_answer_sum;

typedef struct {
    ph_query_kind kind;
    uint64_t seq;
    bool is_refused; /* DEPTH: no such product, or a length that it does not have */
    bool more;       /* ORDERS, POSITIONS, CONTRACTS: there are rows after the last */
    ph_period first; /* DEPTH: start of the first row */
    uint32_t cnt;    /* rows of the list of the kind; PREVIEW: fills that are told */
    union {
        ph_answer_preview preview;
        ph_answer_why why;
        ph_answer_balances balances;
        ph_answer_status status;
        ph_answer_contracts contracts;
        ph_answer_statement statement;
    } u;
    union {
        ph_answer_fill fills[PH_QUERY_FILLS_MAX];
        ph_product_id products[PH_QUERY_PRODUCTS_MAX];
        ph_answer_depth depth[PH_QUERY_STARTS_MAX];
        ph_answer_order orders[PH_QUERY_ORDERS_MAX];
        ph_answer_position positions[PH_QUERY_POSITIONS_MAX];
        ph_answer_contract contracts[PH_QUERY_CONTRACTS_MAX];
        ph_answer_sum sums[PH_TRANSFER_REASON_MAX]; /* by reason, each once */
    } rows;
} ph_answer;

/* PH_ANSWER_BYTES_MAX always suffices. */
void ph_answer_write(ph_writer *w, uint64_t tag, const ph_answer *a);

/* PH_ECORRUPT: not an answer; *ret is then undefined. */
ph_status ph_answer_read(const void *bytes, size_t size, uint64_t *ret_tag, ph_answer *ret);

_Static_assert(PH_QUERY_ORDERS_MAX *(16 + 2 + 128) + 64 <= PH_ANSWER_BYTES_MAX, "orders fit");
_Static_assert(PH_QUERY_POSITIONS_MAX * 80 + 64 <= PH_ANSWER_BYTES_MAX, "positions fit");
_Static_assert(PH_QUERY_CONTRACTS_MAX * 168 + 88 <= PH_ANSWER_BYTES_MAX, "contracts fit");
_Static_assert(PH_QUERY_FILLS_MAX * 20 + 256 <= PH_ANSWER_BYTES_MAX, "fills fit");
_Static_assert(PH_QUERY_STARTS_MAX * 16 + 64 <= PH_ANSWER_BYTES_MAX, "starts fit");

#endif
