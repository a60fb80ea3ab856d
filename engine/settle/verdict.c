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
    bool is_leaf_missing;
    ph_key keys[PH_KEYS_MAX];
    uint32_t key_cnt; /* of a statement */
} signature;

/* Signatures that are being verified; each thread takes the next one that nobody took. */
typedef struct {
    const signature *v;
    uint64_t cnt;
    ph_rows *rows;
    const char *market;
    atomic_uint_fast64_t next;
    pthread_t threads[THREADS_MAX];
    uint32_t started;
} verifying;

struct ph_verdicts {
    ph_verdicts_leaves find;
    void *arg;
    ph_contracts *contracts;
    ph_notary_keys keys;
    ph_statements statements;
    signature *signatures;
    uint64_t cnt, room;
    uint32_t threads_max;
    verifying verifying; /* cnt 0: nothing has begun */
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
    PH_ASSERT(v->verifying.cnt == 0);
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
    *s = (signature){.proof = proof};
    if (c->kind != PH_CMD_COUNTERSIGN_CONTRACT)
        s->key_cnt = ph_statements_keys(&v->statements, (uint32_t)(c->seq - first_seq), s->keys);
    return PH_OK;
}

ph_status ph_verdicts_take(ph_verdicts *v, ph_rows *rows, const ph_replay_batch *batch, char *why,
                           size_t why_size)
{
    PH_ASSERT(v->verifying.cnt == 0);
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

/* NULL: it was not concluded in these rows. */
static const ph_hash *leaf_in(const ph_rows *rows, ph_contract_id contract)
{
    if (rows == NULL || rows->cnt.contracts == 0) return NULL;
    uint64_t first = rows->contracts[0].trade.contract.v; /* numbers are dense */
    if (contract.v < first || contract.v - first >= rows->cnt.contracts) return NULL;
    return &rows->contracts[contract.v - first].leaf;
}

/* NULL: it was concluded before both. */
static const ph_hash *leaf_among(const ph_rows *rows, const ph_rows *before,
                                 ph_contract_id contract)
{
    const ph_hash *leaf = leaf_in(rows, contract);
    return leaf != NULL ? leaf : leaf_in(before, contract);
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
static ph_status find_leaves(ph_verdicts *v, const ph_rows *rows, const ph_rows *before)
{
    uint32_t cnt = 0;
    for (uint64_t i = 0; i < v->cnt; i++) {
        signature *s = &v->signatures[i];
        if (!is_countersignature(rows, s)) continue;
        const ph_hash *leaf = leaf_among(rows, before, contract_of(rows, s));
        s->is_leaf_missing = leaf == NULL;
        if (leaf != NULL) s->leaf = *leaf;
        cnt += leaf == NULL;
    }
    if (cnt == 0) return PH_OK;
    ph_contract_id *contracts = reallocarray(NULL, cnt, sizeof *contracts);
    ph_hash *leaves = reallocarray(NULL, cnt, sizeof *leaves);
    ph_status status = contracts == NULL || leaves == NULL ? PH_EFULL : PH_OK;
    uint32_t n = 0;
    for (uint64_t i = 0; status == PH_OK && i < v->cnt; i++)
        if (v->signatures[i].is_leaf_missing) contracts[n++] = contract_of(rows, &v->signatures[i]);
    if (status == PH_OK) status = v->find(v->arg, contracts, cnt, leaves);
    n = 0;
    for (uint64_t i = 0; status == PH_OK && i < v->cnt; i++)
        if (v->signatures[i].is_leaf_missing) v->signatures[i].leaf = leaves[n++];
    free(contracts);
    free(leaves);
    return status;
}

/* ---- Verifying ------------------------------------------------------------------------------ */

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
        if (i >= k->cnt) return NULL;
        k->rows->proofs[k->v[i].proof].holds = holds(k, &k->v[i]); /* nobody else looks at it */
    }
}

/* Signals are for the thread that everything else runs in.  Threads that cannot be started leave
   their part to the others. */
static void start(verifying *k, uint32_t wanted)
{
    sigset_t all, before;
    int failed = sigfillset(&all) | pthread_sigmask(SIG_SETMASK, &all, &before);
    PH_ASSERT(failed == 0);
    while (k->started < wanted && pthread_create(&k->threads[k->started], NULL, verify, k) == 0)
        k->started++;
    failed = pthread_sigmask(SIG_SETMASK, &before, NULL);
    PH_ASSERT(failed == 0);
}

ph_status ph_verdicts_begin(ph_verdicts *v, ph_rows *rows, const ph_rows *before)
{
    verifying *k = &v->verifying;
    PH_ASSERT(k->cnt == 0);
    if (v->cnt == 0) return PH_OK;
    ph_status status = find_leaves(v, rows, before);
    if (status != PH_OK) return status;
    *k = (verifying){.v = v->signatures,
                     .cnt = v->cnt,
                     .rows = rows,
                     .market = ph_market_opened(rows->market)->market.s};
    uint64_t wanted = v->cnt / PER_THREAD_MIN; /* this thread is one of them */
    if (wanted > v->threads_max) wanted = v->threads_max;
    if (wanted > 1) start(k, (uint32_t)wanted - 1);
    return PH_OK;
}

uint64_t ph_verdicts_end(ph_verdicts *v)
{
    verifying *k = &v->verifying;
    uint64_t cnt = k->cnt;
    if (cnt == 0) return 0;
    (void)verify(k);
    for (uint32_t i = 0; i < k->started; i++) {
        int failed = pthread_join(k->threads[i], NULL);
        PH_ASSERT(failed == 0); /* it is ours, and ends */
    }
    k->cnt = v->cnt = 0;
    return cnt;
}

ph_status ph_verdicts_judge(ph_verdicts *v, ph_rows *rows)
{
    ph_status status = ph_verdicts_begin(v, rows, NULL);
    (void)ph_verdicts_end(v);
    return status;
}
