/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/report.h - what a report has gathered, as an object for programs and as text for
    people.

    Money is in micro-units, in members whose names end in _micro; an integer that needs more than
    63 bits is text of its digits.

    Owns      nothing: see each function.
    Thread    one. */
#ifndef CLIENTS_AUDIT_REPORT_H
#define CLIENTS_AUDIT_REPORT_H

#include <jansson.h>

#include "clients/audit/spoof.h"
#include "clients/audit/tally.h"

enum {
    PH_REPORT_TOP = 10,
    PH_REPORT_WASH_SECONDS = 86400,
    PH_REPORT_NET_PPM = 100000,
    PH_REPORT_COUNTERPARTY_PPM = 500000,
    PH_REPORT_SPOOF_SECONDS = 60,
    PH_REPORT_SPOOF_FACTOR = 5,
    PH_REPORT_NEAR_PPM = 20000,
};

typedef struct {
    ph_report_bounds bounds;
    ph_live_orders live;
    ph_tally tally;
    ph_wash wash;
    ph_spoof spoof;
} ph_report;

/* The whole report; products and days completely, rankings up to bounds.top.  The caller releases
   it.  NULL: no memory. */
json_t *ph_report_object(ph_report *r, const ph_market *m);

/* Writes such an object to standard output: members as lines, lists as tables of at most `top`
   lines, money in whole units with six decimals. */
void ph_report_print(const json_t *report, uint64_t top);

#endif
