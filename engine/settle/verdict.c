/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/verdict.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/notary/contracts.h"
#include "engine/notary/countersignatures.h"
#include "engine/notary/notary_keys.h"
#include "engine/notary/statements.h"
#include "engine/wire/statement.h"

enum {
    THREADS_MAX = 4,    /* the engine has processors to find too */
    PER_THREAD_MIN = 16 /* signatures for which a thread is worth its start */
};

/* A signature that is to be verified. */
typedef struct {
    uint64_t proof; /* place among the rows */
    ph_hash leaf;   /* of a countersignature */
    ph_key keys[PH_KEYS_MAX];
    uint32_t key_cnt; /* of a statement */
} signature;

struct ph_verdicts {
    ph_verdicts_leaves find;
    void *arg;
    ph_contracts *contracts;
    ph_notary_keys keys;
    ph_statements statements;
    signature *signatures;
    uint64_t cnt, room;
    uint32_t threads_max;
};

ph_verdicts *ph_verdicts_new(ph_verdicts_leaves find, void *arg)
{
    cpu_set_t cpus;
    ph_verdicts *v = calloc(1, sizeof *v);
    if (v == NULL) return NULL;
    v->find = find;
    v->arg = arg;
    int cnt = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    v->threads_max = cnt < THREADS_MAX ? (uint32_t)cnt : THREADS_MAX;
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
    free(v->signatures);
    free(v);
}

/* ---- What is to be verified ----------------------------------------------------------------- */

static void judge_notary_key(const ph_verdicts *v, ph_row_proof *proof)
{
    for (uint32_t i = 0; i < v->keys.cnt; i++) {
        if (v->keys.v[i].seq != proof->command.seq) continue;
        proof->holds = true;
        proof->is_endorsed = v->keys.v[i].is_endorsed;
    }
}

static ph_status note(ph_verdicts *v, const ph_rows *rows, uint64_t proof, uint64_t first_seq)
{
    const ph_command *c = &rows->proofs[proof].command;
    if (v->cnt == v->room) {
        uint64_t room = 2 * v->room + 64;
        signature *grown = reallocarray(v->signatures, room, sizeof *grown);
        if (grown == NULL) return PH_EFULL;
        v->signatures = grown;
        v->room = room;
    }
    signature *s = &v->signatures[v->cnt++];
    s->proof = proof;
    s->key_cnt = 0;
    if (c->kind != PH_CMD_COUNTERSIGN_CONTRACT)
        s->key_cnt = ph_statements_keys(&v->statements, (uint32_t)(c->seq - first_seq), s->keys);
    return PH_OK;
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
    if (cnt > 0) {
        ph_row_root *root = &rows->roots[rows->cnt.roots - 1];
        PH_ASSERT(root->first_seq == batch->first_seq && root->leaf_cnt == cnt);
        root->root = ph_contracts_root(v->contracts);
    }
    (void)ph_notary_keys_follow(&v->keys, rows->market); /* those that do not hold are not there */
    s = ph_statements_take(&v->statements, rows->market, batch);
    if (rows->first_seq == batch->first_seq) v->cnt = 0;
    uint64_t first = rows->cnt.proofs;
    while (first > 0 && rows->proofs[first - 1].command.seq >= batch->first_seq)
        first--;
    for (uint64_t i = first; s == PH_OK && i < rows->cnt.proofs; i++) {
        ph_row_proof *proof = &rows->proofs[i];
        if (proof->command.kind == PH_CMD_OPEN_MARKET ||
            proof->command.kind == PH_CMD_ROTATE_NOTARY_KEY)
            judge_notary_key(v, proof);
        else
            s = note(v, rows, i, batch->first_seq);
    }
    if (s != PH_OK) (void)snprintf(why, why_size, "no memory for signatures");
    return s;
}

/* ---- Leaves of contracts -------------------------------------------------------------------- */

/* False: it was concluded before the rows. */
static bool leaf_among(const ph_rows *rows, ph_contract_id contract, ph_hash *ret)
{
    if (rows->cnt.contracts == 0 || contract.v < rows->contracts[0].trade.contract.v) return false;
    uint64_t i = contract.v - rows->contracts[0].trade.contract.v;
    PH_ASSERT(i < rows->cnt.contracts); /* numbers are dense, and it was concluded before */
    *ret = rows->contracts[i].leaf;
    return true;
}

static ph_contract_id contract_of(const ph_rows *rows, const signature *s)
{
    return rows->proofs[s->proof].command.u.countersignature.contract;
}

static bool is_countersignature(const ph_rows *rows, const signature *s)
{
    return rows->proofs[s->proof].command.kind == PH_CMD_COUNTERSIGN_CONTRACT;
}

/* Asks once for all that are missing. */
static ph_status find_leaves(ph_verdicts *v, const ph_rows *rows)
{
    uint32_t cnt = 0;
    for (uint64_t i = 0; i < v->cnt; i++) {
        signature *s = &v->signatures[i];
        cnt += is_countersignature(rows, s) && !leaf_among(rows, contract_of(rows, s), &s->leaf);
    }
    if (cnt == 0) return PH_OK;
    ph_contract_id *contracts = reallocarray(NULL, cnt, sizeof *contracts);
    ph_hash *leaves = reallocarray(NULL, cnt, sizeof *leaves);
    ph_status status = contracts == NULL || leaves == NULL ? PH_EFULL : PH_OK;
    ph_hash unused;
    uint32_t n = 0;
    for (uint64_t i = 0; status == PH_OK && i < v->cnt; i++) {
        const signature *s = &v->signatures[i];
        if (is_countersignature(rows, s) && !leaf_among(rows, contract_of(rows, s), &unused))
            contracts[n++] = contract_of(rows, s);
    }
    if (status == PH_OK) status = v->find(v->arg, contracts, cnt, leaves);
    n = 0;
    for (uint64_t i = 0; status == PH_OK && i < v->cnt; i++) {
        signature *s = &v->signatures[i];
        if (is_countersignature(rows, s) && !leaf_among(rows, contract_of(rows, s), &unused))
            s->leaf = leaves[n++];
    }
    free(contracts);
    free(leaves);
    return status;
}

/* ---- Verifying ------------------------------------------------------------------------------ */

/* All signatures; each thread takes the next one that nobody took. */
typedef struct {
    const ph_verdicts *v;
    ph_rows *rows;
    const char *market;
    atomic_uint_fast64_t next;
} verifying;

static bool holds(const verifying *k, const signature *s)
{
    const ph_command *c = &k->rows->proofs[s->proof].command;
    if (c->kind != PH_CMD_COUNTERSIGN_CONTRACT)
        return ph_statements_signed(k->market, c, s->keys, s->key_cnt);
    const ph_countersign_contract *given = &c->u.countersignature;
    return ph_countersignature_holds(k->market,
                                     &(ph_countersignature){.contract = given->contract,
                                                            .key = given->key,
                                                            .leaf = s->leaf,
                                                            .signature = given->signature});
}

static void *verify(void *arg)
{
    verifying *k = arg;
    for (;;) {
        uint64_t i = atomic_fetch_add_explicit(&k->next, 1, memory_order_relaxed);
        if (i >= k->v->cnt) return NULL;
        const signature *s = &k->v->signatures[i];
        k->rows->proofs[s->proof].holds = holds(k, s); /* nobody else looks at this row */
    }
}

/* Signals are for the thread that everything else runs in.  Returns how many were started: those
   that cannot be leave their part to the others. */
static uint32_t start(verifying *k, uint32_t wanted, pthread_t threads[THREADS_MAX])
{
    sigset_t all, before;
    uint32_t started = 0;
    int failed = sigfillset(&all) | pthread_sigmask(SIG_SETMASK, &all, &before);
    PH_ASSERT(failed == 0);
    while (started < wanted && pthread_create(&threads[started], NULL, verify, k) == 0)
        started++;
    failed = pthread_sigmask(SIG_SETMASK, &before, NULL);
    PH_ASSERT(failed == 0);
    return started;
}

ph_status ph_verdicts_judge(ph_verdicts *v, ph_rows *rows)
{
    pthread_t threads[THREADS_MAX];
    if (v->cnt == 0) return PH_OK;
    ph_status status = find_leaves(v, rows);
    if (status != PH_OK) return status;
    verifying k = {.v = v, .rows = rows, .market = ph_market_opened(rows->market)->market.s};
    uint64_t wanted = v->cnt / PER_THREAD_MIN; /* this thread is one of them */
    if (wanted > v->threads_max) wanted = v->threads_max;
    uint32_t started = wanted > 1 ? start(&k, (uint32_t)wanted - 1, threads) : 0;
    (void)verify(&k);
    for (uint32_t i = 0; i < started; i++) {
        int failed = pthread_join(threads[i], NULL);
        PH_ASSERT(failed == 0); /* it is ours, and ends */
    }
    v->cnt = 0;
    return PH_OK;
}
