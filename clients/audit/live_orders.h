/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/live_orders.h - every order from its acceptance to its end, followed from record
    to record of a journal.

    Owns      the orders that have not ended; memory grows with these alone.
    Lifetime  an order that a listener is given is valid during the call.
    Units     quantities are unit-periods: units, summed over periods.
    Thread    one.
    Laws      what is open of an order that rests is what it has not executed, less what ended
              without execution.  A gate that takes periods from resting EACH orders does not say
              how much of each: `open` is then too large until the next event of the order. */
#ifndef CLIENTS_AUDIT_LIVE_ORDERS_H
#define CLIENTS_AUDIT_LIVE_ORDERS_H

#include "clients/audit/keyed.h"
#include "engine/base/money.h"
#include "engine/core/market.h"
#include "engine/replay/replay.h"

typedef enum {
    PH_ORDER_RESTING = 1,
    PH_ORDER_FILLED = 2,
    PH_ORDER_CANCELLED = 3,
} ph_order_state;

/* "RESTING" */
const char *ph_order_state_name(ph_order_state state);

typedef struct {
    ph_keyed_by by; /* a: its number */
    uint64_t seq;   /* record that it came by */
    ph_time at;
    ph_participant_id participant;
    ph_new_order terms; /* as sent */
    ph_accepted accepted;
    ph_quantity quantity; /* now: after the last replacement */
    ph_price price;
    uint64_t replaced_cnt, trade_cnt;
    uint64_t offered;  /* unit-periods that it came with */
    uint64_t open;     /* see the laws */
    uint64_t executed; /* unit-periods */
    ph_wide notional;  /* of these */
    ph_order_state state;
    ph_cancel_reason reason; /* CANCELLED only */
    uint64_t end_seq;        /* 0: it rests */
    ph_time end_at;
    ph_participant_id end_sender; /* of that record */
    bool is_near;                 /* for who listens: see spoof.h */
    uint64_t other[3];            /* likewise */
} ph_live_order;

/* Fills of one trade: the trade's event, its segments behind it, and both orders as they are
   after it. */
typedef struct {
    const ph_replay_record *record;
    const ph_trade *trade;
    const ph_event *segments; /* trade->segment_cnt of them */
    uint64_t unit_periods;
    const ph_live_order *buy, *sell;
} ph_live_trade;

/* Any of them may be NULL.  False: no memory; it ends the record. */
typedef struct {
    bool (*on_accepted)(void *arg, const ph_market *m, ph_live_order *o);
    bool (*on_trade)(void *arg, const ph_market *m, const ph_live_trade *t);
    /* `open` is another than before: executed, replaced, lost, or better known.  Before on_trade
       and on_end. */
    bool (*on_open)(void *arg, const ph_live_order *o, uint64_t before);
    bool (*on_end)(void *arg, const ph_live_order *o); /* filled or cancelled */
    void *arg;
} ph_live_listener;

typedef struct {
    ph_keyed orders;
} ph_live_orders;

ph_live_orders ph_live_begin(void);

/* Takes the next record; m stands behind it.  False: no memory, or a listener said so. */
bool ph_live_take(ph_live_orders *l, const ph_market *m, const ph_replay_record *r,
                  const ph_live_listener *to);

/* Those that still rest, by number, each with what m says is open (NULL: as it was known last).
   The last call before free. */
bool ph_live_rest(ph_live_orders *l, const ph_market *m, bool (*f)(void *arg, ph_live_order *o),
                  void *arg);

void ph_live_free(ph_live_orders *l);

#endif
