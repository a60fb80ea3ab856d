/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/parties.h - who has to do with a contract, and so is told of it. */
#ifndef GATEWAY_REPLICA_PARTIES_H
#define GATEWAY_REPLICA_PARTIES_H

#include <stdbool.h>

#include "engine/base/types.h"
#include "engine/base/limits.h"

/* What is kept of each contract. */
typedef struct {
    ph_participant_id buyer, supplier, seller;
    ph_contract_id from; /* resale: the contract that was split; otherwise 0 */
} phg_contract_parties;

enum { PHG_PARTIES_MAX = 3 + PH_RESALES_MAX };

/* Each once: buyer, supplier and seller, whom the contract names and who receive and countersign
   it, then whoever sold it on before, the last first. */
typedef struct {
    const phg_contract_parties *contract;
    ph_participant_id v[PHG_PARTIES_MAX];
    uint32_t named_cnt; /* in the contract */
    uint32_t cnt;
} phg_parties;

/* contracts: of contract n, contracts[n - 1]; cnt of them.  False: no such contract, or it was
   resold more often than the market allows. */
bool phg_parties_of(const phg_contract_parties *contracts, uint64_t cnt, ph_contract_id id,
                    phg_parties *ret);

#endif
