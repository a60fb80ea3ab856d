/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/match.h - pairs each contract with the trade report that announced it.

    A contract comes from the notary, its trade report from the engine: whichever arrives first
    waits for the other.  Only digests are kept.

    Owns      two tables, which phc_match_release frees.
    Laws      both streams are in order of contract number, so each table is sorted by it.
    Full      above PHC_MATCH_MAX waiting the oldest is forgotten: its partner stays unmatched. */
#ifndef CLIENTS_LIB_MATCH_H
#define CLIENTS_LIB_MATCH_H

#include "clients/lib/petahour.h"

enum { PHC_MATCH_MAX = 262144, PHC_MATCH_DIGEST = 16 };

typedef struct {
    uint64_t contract;
    uint8_t digest[PHC_MATCH_DIGEST];
} phc_match_row;

typedef struct {
    phc_match_row *v; /* [first, end), sorted by contract */
    size_t first, end, room;
} phc_match_table;

typedef struct {
    phc_match_table reports, contracts;
} phc_match;

typedef enum { PHC_MATCH_WAITS, PHC_MATCH_EQUAL, PHC_MATCH_DIFFERS } phc_match_verdict;

void phc_match_release(phc_match *m);

/* r is a TRADE or an ASSIGNED; market-wide facts that a report does not state are not compared. */
phc_match_verdict phc_match_report(phc_match *m, const phc_report *r);
/* `self` is the participant that the contract was delivered to: its buyer, supplier or
   seller. */
phc_match_verdict phc_match_contract(phc_match *m, const phc_contract *c, uint32_t self);

#endif
