/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/tally.h - what happened in a market, added up record by record.

    Prices are those of fills between two EACH orders (rulebook 6.4); volume, notional and the
    volume-weighted price are of all fills.  A day is one of UTC, that of the stamp.

    Owns      its tables; ph_tally_free releases them.  They grow with participants and with the
              days on which a product traded, not with orders or trades.
    Units     quantities are unit-periods, delivery is unit-seconds, money micro-units.
    Thread    one.
    Full      false from a call: no memory. */
#ifndef CLIENTS_AUDIT_TALLY_H
#define CLIENTS_AUDIT_TALLY_H

#include "clients/audit/keyed.h"
#include "clients/audit/live_orders.h"

enum { PH_REJECT_CODES = 128 }; /* more than there are */

/* Trading of a product, of a product on a day, or of a compute type. */
typedef struct {
    ph_keyed_by by;               /* a: product or compute type; b: day since 1970, 0 for all */
    uint64_t trade_cnt, fill_cnt; /* a fill is a segment of a contract */
    ph_wide unit_periods, notional;
    ph_price first, high, low, last; /* 0: no fill between two EACH orders */
} ph_tally_trading;

typedef struct {
    ph_keyed_by by; /* a: participant */
    uint64_t order_cnt, trade_cnt;
    ph_wide bought, sold, notional;
} ph_tally_participant;

typedef struct {
    uint64_t record_cnt, first_seq, last_seq; /* within the times */
    ph_time first_at, last_at;
    uint64_t commands[PH_CMD_KIND_MAX + 1];
    uint64_t rejects[PH_REJECT_CODES];
    uint64_t order_cnt;              /* accepted */
    uint64_t filled_cnt, traded_cnt; /* orders that ended filled; that ended with a trade */
    uint64_t resting_cnt, resting_traded_cnt; /* at the end; of them with a trade */
    uint64_t cancel_cnt[PH_CANCEL_REASON_MAX + 1];
    ph_wide cancelled[PH_CANCEL_REASON_MAX + 1]; /* unit-periods that were open */
    uint64_t self_trade_cnt; /* orders and periods that self-trade prevention ended */
    uint64_t transfer_cnt[PH_TRANSFER_REASON_MAX + 1];
    ph_wide transferred[PH_TRANSFER_REASON_MAX + 1];
    ph_wide fees; /* into the account FEES */
    uint64_t delivery_cnt[PH_DELIVERY_STEP_MAX + 1];
    uint64_t final_cnt[PH_FINAL_CAUSE_MAX + 1];
    ph_wide delivered, promised; /* of what became final */
    ph_keyed products, product_days, types, participants;
} ph_tally;

ph_tally ph_tally_begin(void);

/* What is neither order nor trade. */
void ph_tally_record(ph_tally *t, const ph_replay_record *r);

bool ph_tally_accepted(ph_tally *t, const ph_live_order *o);
bool ph_tally_trade(ph_tally *t, const ph_market *m, const ph_live_trade *trade);
void ph_tally_end(ph_tally *t, const ph_live_order *o);
void ph_tally_rest(ph_tally *t, const ph_live_order *o);

/* Sums over all reasons. */
uint64_t ph_tally_cancelled_cnt(const ph_tally *t);

void ph_tally_free(ph_tally *t);

#endif
