/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/wash.h - where trading looks as if it changed nothing: figures, not verdicts.

    return     a unit of a product and period that one participant sold to another, and that the
               other sells back to it no later than wash_seconds after the last sale of that
               direction.  Each unit counts once.
    position   a participant that bought and sold a product so much alike that its position changed
               by at most net_ppm of its volume, at least counterparty_ppm of which was with one
               counterparty.
    circle     a resale whose buyer already stood in the chain of the contract: as its supplier, or
               as a holder before.  The rulebook allows a supplier to buy back its own supply.

    Owns      its tables; ph_wash_free releases them.
    Units     unit-periods; micro-units.
    Thread    one.
    Full      false from a call: no memory. */
#ifndef CLIENTS_AUDIT_WASH_H
#define CLIENTS_AUDIT_WASH_H

#include "clients/audit/audit.h"
#include "clients/audit/keyed.h"
#include "clients/audit/live_orders.h"

enum { PH_EVIDENCE_MAX = 5 };

/* Records to look up: each row of the first so many findings. */
typedef struct {
    uint32_t cnt;
    uint64_t v[PH_EVIDENCE_MAX][3]; /* 0 where there is none */
} ph_evidence;

void ph_evidence_add(ph_evidence *e, uint64_t first, uint64_t second, uint64_t third);

/* Two participants in one product; the smaller number first. */
typedef struct {
    ph_keyed_by by;
    ph_participant_id first, second;
    ph_product_id product;
    uint64_t trade_cnt, return_cnt;
    ph_wide sold_first,
        sold_second; /* by the first to the second, and by the second to the first */
    ph_wide returned;
    ph_wide notional;     /* of what returned, at the price at which it did */
    ph_evidence evidence; /* last sale, return */
} ph_wash_pair;

typedef struct {
    ph_keyed_by by;
    ph_participant_id participant, counterparty; /* that it traded most with */
    ph_product_id product;
    ph_wide bought, sold, notional, with_counterparty;
    uint64_t first_seq, last_seq; /* of its trades */
} ph_wash_position;

/* What came back to a participant through resales of supply of one supplier. */
typedef struct {
    ph_keyed_by by;
    ph_participant_id participant, supplier;
    ph_product_id product;
    uint64_t circle_cnt;
    ph_wide unit_periods, notional;
    ph_evidence evidence; /* first contract of the chain, the one that it held before, return */
} ph_wash_circle;

typedef struct {
    ph_report_bounds bounds;
    ph_keyed waiting, pairs, positions, circles;
    uint32_t sweep_at; /* rows of waiting */
    uint64_t *seqs;    /* record of contract i + 1 */
    uint64_t seq_cnt, seq_max;
} ph_wash;

ph_wash ph_wash_begin(const ph_report_bounds *bounds);

/* Takes the next trade; one that does not count (outside the times asked for) is remembered as what
   others return from. */
bool ph_wash_trade(ph_wash *w, const ph_market *m, const ph_live_trade *t, bool counts);

/* Ranked: most returned, largest volume, most that came back first.  *ret_cnt rows that the bounds
   let through, in an array of pointers that the caller frees; NULL with *ret_cnt 0 if there is
   none.  False: no memory.  No trade may follow. */
bool ph_wash_pairs(ph_wash *w, const ph_wash_pair ***ret, uint32_t *ret_cnt);
bool ph_wash_positions(ph_wash *w, const ph_wash_position ***ret, uint32_t *ret_cnt);
bool ph_wash_circles(ph_wash *w, const ph_wash_circle ***ret, uint32_t *ret_cnt);

void ph_wash_free(ph_wash *w);

#endif
