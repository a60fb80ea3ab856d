/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/spoof.h - orders that look as if they were not meant: figures, not verdicts.

    near        an order that, when it came, was priced no further than near_ppm from the best
                price of its side (its own included; where no EACH order rests there, of the
                other side; of none: it is near) in the first period of its window.
    withdrawn   a near order that its owner cancelled no later than spoof_seconds after it came,
                with nothing of it executed.
    burst       orders of one participant, product and side that were withdrawn one after another,
                none later than spoof_seconds after the one before.  One order is a burst
                (spoofing), several are layers.
    finding     a burst whose unit-periods are at least spoof_factor times all that the same
                participant had on the other side when the first of its orders came, or put there
                until the last was withdrawn, while some of the other side was executed.  Who
                quotes both sides alike is none.

    Owns      its tables; ph_spoof_free releases them.
    Units     unit-periods.
    Thread    one.
    Full      false from a call: no memory. */
#ifndef CLIENTS_AUDIT_SPOOF_H
#define CLIENTS_AUDIT_SPOOF_H

#include "clients/audit/wash.h"

typedef struct {
    ph_keyed_by by;
    ph_participant_id participant;
    ph_product_id product;
    uint64_t finding_cnt;
    uint64_t order_cnt;     /* withdrawn in findings */
    ph_wide withdrawn;      /* in findings */
    ph_wide other_side;     /* in findings: what there was on the other side */
    ph_wide other_executed; /* of it */
    /* Of near orders that ended, or rest at the end: */
    uint64_t near_cnt;
    ph_wide near_executed, near_cancelled; /* cancelled: by the owner */
    uint64_t first_seq, last_seq;          /* of the cancels by the owner among them */
    ph_evidence evidence; /* first order, last cancel, last execution on the other side */
} ph_spoof_row;

typedef struct {
    ph_report_bounds bounds;
    ph_keyed sides, rows;
} ph_spoof;

ph_spoof ph_spoof_begin(const ph_report_bounds *bounds);

/* What ph_live_listener hears, in its order.  An end that does not count (outside the times asked
   for) is remembered as standing on the other side. */
bool ph_spoof_accepted(ph_spoof *s, const ph_market *m, ph_live_order *o);
bool ph_spoof_open(ph_spoof *s, const ph_live_order *o, uint64_t before);
bool ph_spoof_trade(ph_spoof *s, const ph_live_trade *t);
bool ph_spoof_end(ph_spoof *s, const ph_live_order *o, bool counts);
/* An order that rests at the end. */
bool ph_spoof_rest(ph_spoof *s, const ph_live_order *o);

/* Ends the last bursts.  No other call but the rankings may follow. */
bool ph_spoof_close(ph_spoof *s);

/* Rows with a finding, most withdrawn orders first; rows with near orders cancelled by their owner
   and some executed, largest ratio of the first to the second first.  As ph_wash_pairs. */
bool ph_spoof_findings(const ph_spoof *s, const ph_spoof_row ***ret, uint32_t *ret_cnt);
bool ph_spoof_ratios(const ph_spoof *s, const ph_spoof_row ***ret, uint32_t *ret_cnt);

/* near_cancelled * 10^6 / near_executed, rounded down; near_executed is not 0. */
ph_wide ph_spoof_ratio_ppm(const ph_spoof_row *row);

void ph_spoof_free(ph_spoof *s);

#endif
