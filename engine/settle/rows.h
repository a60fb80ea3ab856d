/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/rows.h - verified records of the journal to table rows, as values.

    Takes records in order and keeps what one database transaction will write: rows that are
    appended, ends of orders that are there already, and for every account that moved its new
    balance (an account that is opened here) or the difference (one that is there already).
    The same records give the same rows, in the same order.

    Owns      nothing: the lists live in memory of the caller, who asks ph_rows_needed first and
              makes room; ph_rows_clear forgets the rows and keeps the room.
    Lifetime  rows are copies: the records may go after ph_rows_take.
    Units     as in the journal.
    Thread    one.
    Laws      an order ends at most once; ids of participants, orders and contracts are dense, so
              "is it new here" is a comparison with the first id of this transaction.
    Failure   records that break a law of the market are PH_ECORRUPT: nobody writes rows of them. */
#ifndef ENGINE_SETTLE_ROWS_H
#define ENGINE_SETTLE_ROWS_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/core/market.h"
#include "engine/replay/replay.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"

/* An order as it was accepted and, when it ended within this transaction, how. */
typedef enum {
    PH_ROW_ORDER_RESTING = 1,
    PH_ROW_ORDER_FILLED = 2,
    PH_ROW_ORDER_CANCELLED = 3,
} ph_row_order_state;

typedef struct {
    ph_order_id order;
    ph_row_order_state state; /* not RESTING for an end */
    ph_cancel_reason reason;  /* CANCELLED only */
    uint64_t cancelled;       /* CANCELLED only: unit-periods that were open */
    uint64_t seq;             /* record that ended it */
} ph_row_end;

typedef struct {
    uint64_t seq;
    ph_time at;
    ph_participant_id participant;
    ph_new_order terms;
    ph_accepted accepted;
    ph_row_end end;
} ph_row_order;

typedef struct {
    uint64_t seq;
    ph_time at;
    ph_trade trade;
    ph_period first, end; /* periods that its segments span: [first, end) */
    ph_hash leaf;         /* of its document; zero until verdict.h sets it */
} ph_row_contract;

/* The contracts of one batch, which are one tree: their numbers are consecutive. */
typedef struct {
    uint64_t first_seq; /* of the batch */
    ph_contract_id first;
    uint32_t leaf_cnt;
    ph_hash root; /* zero until verdict.h sets it */
} ph_row_root;

typedef struct {
    ph_contract_id contract;
    uint32_t number;
    ph_segment segment;
} ph_row_segment;

typedef struct {
    uint64_t seq;
    uint32_t number;
    ph_transfer transfer;
} ph_row_transfer;

/* What an account gains (> 0) or loses within this transaction.  The deposit of a contract is
   opened by the first dispute, so it is never known as new: few contracts are ever disputed. */
typedef struct {
    ph_account account;
    ph_money amount;
    uint64_t moves; /* transfers that touched it */
    bool is_new;    /* opened here: amount is its balance */
} ph_row_account;

/* An event that has a row of its own. */
typedef struct {
    uint64_t seq;
    ph_time at;
    uint32_t number;                    /* place within its record, from 1 */
    uint64_t registered;                /* TERMS_SET: place of its command in `registered` */
    uint32_t first_transfer, transfers; /* DELIVERY_FINAL: the transfers that follow it */
    ph_event event;
} ph_row_event;

/* A command that brings a signature or a key of the notary: OPEN_MARKET, ROTATE_NOTARY_KEY, the
   COUNTERSIGN_CONTRACTs that were the first of their party, and what states something
   (engine/wire/statement.h), which is among `registered` too.  verdict.h says what holds. */
typedef struct {
    ph_command command;
    bool holds, is_endorsed; /* is_endorsed: of a key, by the key before */
} ph_row_proof;

/* The first record of a day, counted since 1970 in UTC. */
typedef struct {
    uint64_t day, first_seq;
} ph_row_day;

/* Room of the lists.  `registered` are whole commands that were DONE and that are no orders. */
typedef struct {
    uint64_t registered, proofs, events, days, orders, ends, contracts, roots, segments, transfers,
        accounts;
} ph_rows_room;

typedef struct {
    const ph_market
        *market; /* of the replay; asked for the length of periods when rows are written */
    ph_command *registered;
    ph_row_proof *proofs;
    ph_row_event *events;
    ph_row_day *days;
    ph_row_order *orders;
    ph_row_end *ends;
    ph_row_contract *contracts;
    ph_row_root *roots;
    ph_row_segment *segments;
    ph_row_transfer *transfers;
    ph_row_account *accounts;
    uint32_t *account_index; /* two slots per account of the room, rounded up to a power of two */
    uint64_t account_index_size;
    ph_rows_room room, cnt;
    uint64_t first_seq, last_seq; /* records taken; both 0 when there are none */
    uint64_t last_day;            /* of the last record that was ever taken, plus 1; 0: none */
    ph_hash previous, chain;      /* chain hashes before and after them */
} ph_rows;

/* Room that the rows would need after ph_rows_take of this batch. */
ph_rows_room ph_rows_needed(const ph_rows *rows, const ph_replay_batch *batch);

/* Slots that account_index must have for this many accounts. */
uint64_t ph_rows_index_size(uint64_t accounts);

/* Fills account_index, all zero and of this size, from the accounts: after it was made larger. */
void ph_rows_index(ph_rows *rows);

/* Adds the rows of one batch, which follows what was taken before; there is room.  PH_ECORRUPT: the
   records do not follow, or break a law of the market; `why` (at least 160 bytes) says which
   one, and the rows are of no use any more. */
ph_status ph_rows_take(ph_rows *rows, const ph_replay_batch *batch, char *why, size_t why_size);

/* Sorts the accounts by kind, then id: balances are then written in the order of their index.  To
   be called once, after the last ph_rows_take; ph_rows_clear comes next. */
void ph_rows_sort(ph_rows *rows);

/* Forgets the rows; the room stays. */
void ph_rows_clear(ph_rows *rows);

#endif
