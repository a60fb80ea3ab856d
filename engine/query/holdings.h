/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/query/holdings.h - which orders and contracts a participant may still have.

    Noted from events as they pass; the market is asked whether they are still there.  What is over
    is forgotten when a list is full, so a list is never much longer than what there is.

    Owns      its lists; ph_holdings_release accepts a zeroed one.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef ENGINE_QUERY_HOLDINGS_H
#define ENGINE_QUERY_HOLDINGS_H

#include "engine/base/status.h"
#include "engine/replay/replay.h"

/* Numbers in rising order. */
typedef struct {
    uint64_t *v;
    uint32_t cnt, max;
} ph_holding_list;

typedef struct {
    ph_holding_list orders, contracts;
} ph_holding;

typedef struct {
    ph_holding *v; /* of participant n: v[n - 1] */
    uint32_t cnt, max;
} ph_holdings;

void ph_holdings_release(ph_holdings *h);

/* Notes what a record brought.  `m` is the market after its batch. */
ph_status ph_holdings_take(ph_holdings *h, const ph_market *m, const ph_replay_record *record);

/* What a participant may have; an empty one if nothing was noted. */
const ph_holding *ph_holdings_of(const ph_holdings *h, ph_participant_id who);

#endif
