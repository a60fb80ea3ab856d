/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/verdict.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/panic.h"
#include "engine/notary/contracts.h"
#include "engine/notary/countersignatures.h"
#include "engine/notary/notary_keys.h"
#include "engine/notary/statements.h"
#include "engine/wire/statement.h"

struct ph_verdicts {
    ph_verdicts_leaf find;
    void *arg;
    ph_contracts *contracts;
    ph_notary_keys keys;
    ph_statements statements;
};

ph_verdicts *ph_verdicts_new(ph_verdicts_leaf find, void *arg)
{
    ph_verdicts *v = calloc(1, sizeof *v);
    if (v == NULL) return NULL;
    v->find = find;
    v->arg = arg;
    v->contracts = ph_contracts_new();
    if (v->contracts != NULL) return v;
    free(v);
    return NULL;
}

void ph_verdicts_free(ph_verdicts *v)
{
    if (v == NULL) return;
    ph_contracts_free(v->contracts);
    ph_statements_release(&v->statements);
    free(v);
}

static ph_status leaf_of(const ph_verdicts *v, const ph_rows *rows, ph_contract_id contract,
                         ph_hash *ret)
{
    if (rows->cnt.contracts > 0 && contract.v >= rows->contracts[0].trade.contract.v) {
        uint64_t i = contract.v - rows->contracts[0].trade.contract.v;
        PH_ASSERT(i < rows->cnt.contracts); /* numbers are dense, and it was concluded before */
        *ret = rows->contracts[i].leaf;
        return PH_OK;
    }
    return v->find(v->arg, contract, ret);
}

static ph_status judge_countersignature(const ph_verdicts *v, const ph_rows *rows,
                                        ph_row_proof *proof)
{
    const ph_countersign_contract *given = &proof->command.u.countersignature;
    ph_countersignature c = {
        .contract = given->contract, .key = given->key, .signature = given->signature};
    ph_status s = leaf_of(v, rows, given->contract, &c.leaf);
    if (s == PH_OK)
        proof->holds = ph_countersignature_holds(ph_market_opened(rows->market)->market.s, &c);
    return s;
}

static void judge_notary_key(const ph_verdicts *v, ph_row_proof *proof)
{
    for (uint32_t i = 0; i < v->keys.cnt; i++) {
        if (v->keys.v[i].seq != proof->command.seq) continue;
        proof->holds = true;
        proof->is_endorsed = v->keys.v[i].is_endorsed;
    }
}

ph_status ph_verdicts_take(ph_verdicts *v, ph_rows *rows, const ph_replay_batch *batch, char *why,
                           size_t why_size)
{
    ph_status s = ph_contracts_collect(v->contracts, rows->market, batch, why, why_size);
    if (s != PH_OK) return s;
    uint32_t cnt = ph_contracts_cnt(v->contracts);
    PH_ASSERT(cnt <= rows->cnt.contracts);
    for (uint32_t i = 0; i < cnt; i++)
        rows->contracts[rows->cnt.contracts - cnt + i].leaf =
            *ph_contracts_leaf_hash(v->contracts, i);
    (void)ph_notary_keys_follow(&v->keys, rows->market); /* those that do not hold are not there */
    s = ph_statements_take(&v->statements, rows->market, batch);
    uint64_t first = rows->cnt.proofs;
    while (first > 0 && rows->proofs[first - 1].command.seq >= batch->first_seq)
        first--;
    for (uint64_t i = first; s == PH_OK && i < rows->cnt.proofs; i++) {
        ph_row_proof *proof = &rows->proofs[i];
        if (proof->command.kind == PH_CMD_COUNTERSIGN_CONTRACT)
            s = judge_countersignature(v, rows, proof);
        else if (ph_statement_signature(&proof->command) != NULL)
            proof->holds = ph_statements_holds(&v->statements,
                                               (uint32_t)(proof->command.seq - batch->first_seq));
        else
            judge_notary_key(v, proof);
    }
    return s;
}
