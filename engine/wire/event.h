/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/event.h - every output of the market, one struct each.

    The events of a command follow it in order.  None is silent: a command is answered by exactly
    one of REJECTED, ACCEPTED (NEW_ORDER; NEW_GROUP: one for each member), REPLACED (REPLACE_ORDER)
    or DONE (everything else), which stands first but for what time alone caused before the command
    was looked at (gates, expiries, delivery windows).

    Readers know the command too (the journal, and the engine's link to the gateways, carry both),
    so an event does not repeat what its command says.

    Formats   engine/wire/codec has the canonical bytes; their BLAKE2b is what a batch states. */
#ifndef ENGINE_WIRE_EVENT_H
#define ENGINE_WIRE_EVENT_H

#include "engine/base/types.h"
#include "engine/wire/command.h"
#include "engine/wire/reject.h"

/* Appended to, never renumbered. */
typedef enum {
    PH_EVT_REJECTED = 1,
    PH_EVT_ACCEPTED = 2,
    PH_EVT_DONE = 3,
    PH_EVT_CANCELLED = 4,
    PH_EVT_PERIOD_LOST = 5,
    PH_EVT_TRADE = 6,
    PH_EVT_SEGMENT = 7,
    PH_EVT_TRANSFER = 8,
    PH_EVT_GATE_CLOSED = 9,
    PH_EVT_PHASE_CHANGED = 10,
    PH_EVT_REFERENCE_SET = 11,
    PH_EVT_REPLACED = 12,
    PH_EVT_CLIP_SHOWN = 13,
    PH_EVT_DELIVERY = 14,
    PH_EVT_DELIVERY_FINAL = 15,
    PH_EVT_TERMS_SET = 16,
} ph_event_kind;

enum { PH_EVT_KIND_MAX = PH_EVT_TERMS_SET };

/* Why an order, or one period of it, is no longer there. */
typedef enum {
    PH_CANCEL_REQUESTED = 1,      /* by its owner */
    PH_CANCEL_IOC = 2,            /* what did not execute on arrival */
    PH_CANCEL_GATE = 3,           /* the gate of a period closed */
    PH_CANCEL_SELF_TRADE = 4,     /* self-trade prevention */
    PH_CANCEL_SUSPENDED = 5,      /* its owner was suspended or closed */
    PH_CANCEL_CLOSED = 6,         /* the product closed */
    PH_CANCEL_FILL_LIMIT = 7,     /* a step would pass PH_FILLS_PER_COMMAND_MAX */
    PH_CANCEL_WORK_LIMIT = 8,     /* PH_WORK_PER_COMMAND_MAX was passed */
    PH_CANCEL_BOOK_FULL = 9,      /* a better block took its room */
    PH_CANCEL_TERMS_CHANGED = 10, /* new terms of the product */
    PH_CANCEL_FOK = 11,
    PH_CANCEL_EXPIRED = 12,      /* GTT */
    PH_CANCEL_NOTHING_LEFT = 13, /* every period was lost, or a replace left nothing open */
    PH_CANCEL_GROUP = 14,        /* another member of its group executed */
    PH_CANCEL_BAND = 15,         /* it would have executed outside the band; the product halts */
} ph_cancel_reason;

enum { PH_CANCEL_REASON_MAX = PH_CANCEL_BAND };

/* Why money moved. */
typedef enum {
    PH_TRANSFER_DEPOSIT = 1,    /* external -> cash */
    PH_TRANSFER_WITHDRAWAL = 2, /* cash -> external */
    PH_TRANSFER_NOTIONAL = 3,   /* buyer's cash -> escrow */
    PH_TRANSFER_FEE_ESCROW = 4, /* buyer's cash -> escrow: the part of its fee not yet earned */
    PH_TRANSFER_FEE = 5,        /* buyer's cash -> fees: the part earned at the trade */
    PH_TRANSFER_BOND = 6,       /* supplier's cash -> bond */
    /* A contract-period that became final. */
    PH_TRANSFER_PAYMENT = 7,           /* escrow -> supplier's cash, less its fee share */
    PH_TRANSFER_SUPPLIER_FEE = 8,      /* escrow -> fees: the supplier's share */
    PH_TRANSFER_REFUND = 9,            /* escrow -> buyer's cash: what was not delivered */
    PH_TRANSFER_BUYER_FEE = 10,        /* escrow -> fees: the buyer's share; also at a resale */
    PH_TRANSFER_FEE_REFUND = 11,       /* escrow -> buyer's cash: left of its fee at the end */
    PH_TRANSFER_FEE_COMPENSATION = 12, /* bond -> buyer's cash: fee paid for what never came */
    PH_TRANSFER_PENALTY = 13,          /* bond -> buyer's cash */
    PH_TRANSFER_BOND_RETURN = 14,      /* bond -> supplier's cash */
    PH_TRANSFER_DISPUTE_DEPOSIT = 15,  /* cash -> deposit */
    PH_TRANSFER_DEPOSIT_RETURN = 16,   /* deposit -> its owner's cash */
    PH_TRANSFER_DEPOSIT_FORFEIT = 17,  /* deposit -> the other party's cash */
    /* Resale. */
    PH_TRANSFER_RESALE = 18,          /* new buyer's cash -> reseller's cash */
    PH_TRANSFER_RESALE_FEE = 19,      /* new buyer's cash -> fees: the reseller's fee on it */
    PH_TRANSFER_PREMIUM = 20,         /* new buyer's cash -> premium */
    PH_TRANSFER_PREMIUM_PAYMENT = 21, /* premium -> reseller's cash */
    PH_TRANSFER_PREMIUM_FEE = 22,     /* premium -> fees: the reseller's fee on it */
    PH_TRANSFER_PREMIUM_REFUND = 23,  /* premium -> cash of who paid it */
    PH_TRANSFER_SPLIT = 24,           /* escrow, bond or premium -> the same of the new contract */
} ph_transfer_reason;

enum { PH_TRANSFER_REASON_MAX = PH_TRANSFER_SPLIT };

/* What happened to a contract-period before it is final. */
typedef enum {
    PH_DELIVERY_REPORTED = 1,
    PH_DELIVERY_CONFIRMED = 2, /* by the buyer; something else still keeps it open */
    PH_DELIVERY_DISPUTED = 3,
    PH_DELIVERY_METER_SILENT = 4, /* the supplier may report now */
} ph_delivery_step;

enum { PH_DELIVERY_STEP_MAX = PH_DELIVERY_METER_SILENT };

/* Why a contract-period is final. */
typedef enum {
    PH_FINAL_CONFIRMED = 1,  /* by the buyer */
    PH_FINAL_AGREED = 2,     /* nobody disputed the report in time */
    PH_FINAL_NO_REPORT = 3,  /* zero delivered */
    PH_FINAL_RESOLVED = 4,   /* by an operator */
    PH_FINAL_UNRESOLVED = 5, /* no operator in time: the meter's report, or the middle */
} ph_final_cause;

enum { PH_FINAL_CAUSE_MAX = PH_FINAL_UNRESOLVED };

/* The command changed nothing, but for what time alone did before it.  The participant and the
   request are the command's. */
typedef struct {
    ph_command_kind command;
    ph_reject code;
    int64_t arg0, arg1;       /* meaning by code, see PH_REJECTS */
    uint64_t client_order_id; /* of a NEW_ORDER, CANCEL_ORDER, REPLACE_ORDER or the first member
                                 of a NEW_GROUP that failed, else 0 */
    uint32_t member;          /* NEW_GROUP: the member that failed, from 1; else 0 */
    ph_order_id order;        /* DUPLICATE: the order that used the id, 0 if no longer known */
} ph_rejected;

typedef struct {
    ph_order_id order;
    uint64_t place; /* number drawn when it joined; decides priority */
    ph_money hold;  /* BUY: cash held; SELL: bond held; before anything executed */
} ph_accepted;

typedef struct {
    ph_command_kind command;
    uint64_t count; /* CANCEL_ORDER, MASS_CANCEL: orders cancelled; SET_PHASE and
                       SET_PARTICIPANT_STATE likewise; COUNTERSIGN_CONTRACT: 1 if the sender had
                       not countersigned before; otherwise 0 */
} ph_done;

/* The order no longer rests, and nothing of it will execute. */
typedef struct {
    ph_order_id order;
    ph_participant_id participant;
    uint64_t client_order_id;
    ph_product_id product;
    ph_cancel_reason reason;
    uint64_t unit_periods; /* open quantity that ended here, summed over periods */
} ph_cancelled;

/* One period of an EACH order ended without execution (self-trade prevention).  What a gate takes
   is said once, by GATE_CLOSED, for all orders of the product. */
typedef struct {
    ph_order_id order;
    ph_participant_id participant;
    uint64_t client_order_id;
    ph_product_id product;
    ph_period period;
    ph_quantity quantity; /* open quantity that ended */
    ph_cancel_reason reason;
} ph_period_lost;

/* All fills of one command between the same two orders; concludes one contract.  Followed at once
   by segment_cnt SEGMENT events, then by its transfers. */
typedef struct {
    ph_trade_id trade;
    ph_contract_id contract;
    ph_product_id product;
    uint32_t terms_version; /* of the product, from 1 */
    ph_participant_id buyer;
    ph_participant_id seller;     /* who sold: the supplier, or a reseller */
    ph_participant_id supplier;   /* who delivers */
    ph_contract_id from_contract; /* resale: the contract that was split; otherwise 0 */
    ph_order_id buy_order, sell_order;
    uint64_t buy_client_order_id, sell_client_order_id;
    uint64_t buy_leaves, sell_leaves; /* unit-periods still open after the command's fills of
                                         this trade; 0: the order is filled */
    ph_side taker;                    /* side of the order that arrived */
    ph_money notional;                /* sum of price * quantity * periods of the segments */
    ph_money supplier_notional;       /* the same at the supplier's price; resale: may differ */
    ph_money premium;                 /* resale: what the buyer pays above the supplier's price */
    ph_money buyer_fee, supplier_fee; /* what each owes in all */
    ph_money reseller_fee;            /* resale: what the reseller pays at once */
    ph_money buyer_fee_at_trade;      /* part of buyer_fee that is earned at once */
    ph_money bond;                    /* put down by the supplier */
    uint32_t segment_cnt;
} ph_trade;

/* A run of periods of one contract at one price and quantity.  Sorted by first period, then
   price; runs are maximal. */
typedef struct {
    ph_window window;
    ph_quantity quantity;
    ph_price price;
} ph_segment;

typedef struct {
    ph_account debit;  /* the account that pays */
    ph_account credit; /* the account that receives */
    ph_money amount;   /* > 0 */
    ph_transfer_reason reason;
} ph_transfer;

/* Trading in this period of this product ended.  EACH orders lose the period (those with nothing
   left are CANCELLED by the events that follow), blocks that contain it are CANCELLED. */
typedef struct {
    ph_product_id product;
    ph_period period;
} ph_gate_closed;

typedef struct {
    ph_product_id product;
    ph_phase phase;
} ph_phase_changed;

/* The last price of fills between two EACH orders: the product's reference price from now on. */
typedef struct {
    ph_product_id product;
    ph_price price;
} ph_reference_set;

/* An order has new terms; what executes by it follows. */
typedef struct {
    ph_order_id order;
    ph_participant_id participant;
    uint64_t client_order_id;
    ph_product_id product;
    uint64_t place; /* the old one if it kept it */
    ph_price price;
    ph_quantity quantity;  /* new total, executed included */
    uint64_t unit_periods; /* open now, before anything executes */
    ph_money hold;         /* likewise */
} ph_replaced;

/* The next clip of an iceberg stands in its queue. */
typedef struct {
    ph_order_id order;
    ph_participant_id participant;
    ph_product_id product;
    ph_period period;
    ph_quantity quantity; /* shown */
    uint64_t place;
} ph_clip_shown;

typedef struct {
    ph_contract_id contract;
    ph_period period;
    ph_delivery_step step;
    ph_participant_id by; /* 0: time */
    uint64_t figure;      /* reported or claimed unit-seconds */
    ph_time due;          /* when the window that is open now ends */
} ph_delivery_event;

/* A contract-period is final; its transfers follow. */
typedef struct {
    ph_contract_id contract;
    ph_period period;
    ph_final_cause cause;
    uint64_t delivered, promised; /* unit-seconds: d and D of the rulebook */
} ph_delivery_final;

typedef struct {
    ph_product_id product;
    uint32_t terms_version;
} ph_terms_set;

typedef struct ph_event {
    ph_event_kind kind;
    union {
        ph_rejected rejected;
        ph_accepted accepted;
        ph_done done;
        ph_cancelled cancelled;
        ph_period_lost period_lost;
        ph_trade trade;
        ph_segment segment;
        ph_transfer transfer;
        ph_gate_closed gate_closed;
        ph_phase_changed phase_changed;
        ph_reference_set reference_set;
        ph_replaced replaced;
        ph_clip_shown clip_shown;
        ph_delivery_event delivery;
        ph_delivery_final delivery_final;
        ph_terms_set terms_set;
    } u;
} ph_event;

/* Where the market puts its events: room of the caller, filled from 0 by each apply. */
typedef struct {
    ph_event *v;
    uint32_t cnt, max;
} ph_events;

#endif
