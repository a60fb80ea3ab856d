/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/contract_check.h - every saved contract of a folder: does it prove itself?

    Owns      nothing.
    Thread    one.
    Failure   said on standard error with the name of the file; the exit status is returned. */
#ifndef CLIENTS_AUDIT_CONTRACT_CHECK_H
#define CLIENTS_AUDIT_CONTRACT_CHECK_H

#include "clients/audit/audit.h"

typedef struct {
    uint64_t contracts, countersignatures;
    uint64_t unproved; /* of the countersignatures: by keys that their contracts do not name */
} ph_contract_sums;

/* Checks each file "*.json" of q->contracts in order of name: bytes, inclusion proof, signed root,
   signature under the key of the market (or q->key), the market's name, and that it was concluded
   by a record up to last_seq; and that the countersignatures in it hold.  Whether the journal has
   them too, only a replay can say: the market does not take every one that is sent.  Goes on behind
   a file that is wrong.  PH_AUDIT_RIGHT: *ret of them are right; PH_AUDIT_NOT_FOUND: there is no
   such folder, or none in it. */
int ph_contract_check(const ph_audit_request *q, uint64_t last_seq, ph_contract_sums *ret);

#endif
