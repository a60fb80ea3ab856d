/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/countersigned.h - countersignatures of a journal: of one contract, and all.

    Owns      nothing that is not released by its close.
    Thread    one.
    Failure   said on standard error; the exit status is returned. */
#ifndef CLIENTS_AUDIT_COUNTERSIGNED_H
#define CLIENTS_AUDIT_COUNTERSIGNED_H

#include <jansson.h>

#include "clients/audit/audit.h"
#include "clients/audit/saved.h"
#include "engine/notary/countersignatures.h"
#include "engine/notary/document.h"

enum { PH_COUNTERSIGNED_PARTIES = 3 };

/* A party of a contract, and its countersignature. */
typedef struct {
    const char *part; /* "buyer" */
    ph_participant_id id;
    ph_text64 name;
    ph_key named; /* by the contract */
    bool is_given;
    ph_countersignature given;
} ph_countersigned_party;

/* One contract. */
typedef struct {
    ph_text64 market;
    ph_contract_id contract;
    ph_hash leaf;
    uint32_t cnt;
    ph_countersigned_party v[PH_COUNTERSIGNED_PARTIES];
} ph_countersigned;

void ph_countersigned_begin(ph_countersigned *c, const ph_document *d, const ph_hash *leaf);

/* Takes what the market took of the contract in a batch. */
void ph_countersigned_batch(ph_countersigned *c, const ph_replay_batch *batch);

/* Takes those of a saved contract.  PH_AUDIT_WRONG: one is of nobody who is a party. */
int ph_countersigned_saved(ph_countersigned *c, const ph_saved *s);

/* The part of the first party whose countersignature is there and false, or NULL. */
const char *ph_countersigned_false(const ph_countersigned *c);

/* How many are there and hold, but of a key that neither the contract names nor a record of the
   journal brought: whose key it was, these bytes do not prove. */
uint32_t ph_countersigned_unproved(const ph_countersigned *c);

/* One line for each party.  PH_AUDIT_WRONG: one is false. */
int ph_countersigned_print(const ph_countersigned *c);

/* Whether the file has none that the journal does not have.  PH_AUDIT_WRONG: it does. */
int ph_countersigned_compare(const ph_countersigned *journal, const ph_saved *s);

/* All contracts of a journal, or of its part behind a snapshot; begins as zero but for `before`. */
typedef struct {
    ph_contracts *contracts;
    ph_countersignatures *judge;
    uint64_t before;                         /* contracts concluded before the first batch */
    uint64_t holding, is_false, first_false; /* record of the first false one */
    uint64_t passed;                         /* not judged: under contracts from before */
    uint64_t whole, part, none;              /* contracts: by all parties, by some, by none */
} ph_countersigned_sums;

int ph_countersigned_sums_batch(ph_countersigned_sums *s, const ph_market *m,
                                const ph_replay_batch *batch);
/* The journal ends: which are missing. */
void ph_countersigned_sums_end(ph_countersigned_sums *s, const ph_market *m);
/* is_judged: every batch was taken; otherwise only what the market says of itself is told. */
void ph_countersigned_sums_print(const ph_countersigned_sums *s, bool is_judged);
json_t *ph_countersigned_sums_json(const ph_countersigned_sums *s, bool is_judged);
void ph_countersigned_sums_close(ph_countersigned_sums *s);

#endif
