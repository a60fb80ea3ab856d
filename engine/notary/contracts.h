/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/contracts.h - the contracts of one journal batch: canonical bytes, leaves, tree.

    What the notary signs and what an auditor recomputes are the same bytes because both come from
    here.

    Owns      its room, which grows to the largest batch it has seen.
    Lifetime  what it hands out is valid until the next collect.
    Thread    one. */
#ifndef ENGINE_NOTARY_CONTRACTS_H
#define ENGINE_NOTARY_CONTRACTS_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/core/market.h"
#include "engine/notary/merkle.h"
#include "engine/replay/replay.h"

typedef struct ph_contracts ph_contracts;

/* One contract of the batch and its place in the tree. */
typedef struct {
    ph_contract_id contract;
    ph_participant_id buyer, supplier;
    const uint8_t *canonical;
    uint32_t canonical_size;
    uint32_t leaf_index, leaf_cnt;
} ph_contract_leaf;

/* NULL if there is no memory. */
ph_contracts *ph_contracts_new(void);

/* Takes the contracts of a batch; the market is as of the end of that batch.  PH_EFULL: no memory;
   PH_ECORRUPT: the market concluded something that is not a contract by the rules of the README.
   err receives a sentence on failure, and the batch then counts as empty. */
ph_status ph_contracts_collect(ph_contracts *c, const ph_market *m, const ph_replay_batch *batch,
                               char *err, size_t err_size);

/* Contracts of the batch; 0 for a batch without trades, which has no tree. */
uint32_t ph_contracts_cnt(const ph_contracts *c);

/* First record of the batch. */
uint64_t ph_contracts_first_seq(const ph_contracts *c);

/* Root of the tree of a batch with contracts. */
ph_hash ph_contracts_root(const ph_contracts *c);

/* Its leaf of the tree. */
const ph_hash *ph_contracts_leaf_hash(const ph_contracts *c, uint32_t i);

/* Contract i < cnt, in order of contract number. */
void ph_contracts_get(const ph_contracts *c, uint32_t i, ph_contract_leaf *ret);

/* Writes the inclusion proof of contract i < cnt; returns its length. */
uint32_t ph_contracts_proof(const ph_contracts *c, uint32_t i, ph_hash ret[PH_MERKLE_PROOF_MAX]);

/* Accepts NULL. */
void ph_contracts_free(ph_contracts *c);

#endif
