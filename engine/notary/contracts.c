/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/contracts.h"

#include "engine/base/panic.h"
#include "engine/notary/document.h"
#include "engine/wire/signed_contract.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct entry {
    ph_contract_id contract;
    ph_participant_id buyer, supplier;
    size_t at; /* of its canonical bytes */
    uint32_t size;
};

struct ph_contracts {
    uint32_t cnt;
    uint64_t first_seq;
    uint8_t *bytes;
    size_t bytes_max;
    struct entry *entries; /* entries_max */
    ph_hash *tree;         /* room for entries_max leaves */
    uint32_t entries_max;
};

ph_contracts *ph_contracts_new(void)
{
    return calloc(1, sizeof(ph_contracts));
}

/* What a batch needs. */
struct needs {
    uint64_t contracts, bytes;
};

static struct needs measure(const ph_replay_batch *batch)
{
    struct needs n = {0};
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        const ph_replay_record *r = &batch->records[i];
        for (uint32_t e = 0; e < r->event_cnt; e++) {
            if (r->events[e].kind != PH_EVT_TRADE) continue;
            uint32_t segment_cnt = r->events[e].u.trade.segment_cnt;
            PH_ASSERT(segment_cnt < r->event_cnt - e);
            n.contracts++;
            n.bytes += ph_document_size(segment_cnt);
        }
    }
    return n;
}

/* Grows, never shrinks.  What was in the room need not be kept, so it is freed first. */
static bool reserve(ph_contracts *c, const struct needs *n)
{
    if (n->contracts > PH_MERKLE_LEAVES_MAX) return false;
    if (n->bytes > c->bytes_max) {
        free(c->bytes);
        c->bytes = malloc(n->bytes);
        c->bytes_max = c->bytes == NULL ? 0 : n->bytes;
        if (c->bytes == NULL) return false;
    }
    if (n->contracts > c->entries_max) {
        uint32_t max = (uint32_t)n->contracts;
        free(c->entries);
        free(c->tree);
        c->entries = calloc(max, sizeof *c->entries);
        c->tree = calloc(ph_merkle_room(max), sizeof *c->tree);
        c->entries_max = c->entries == NULL || c->tree == NULL ? 0 : max;
        if (c->entries_max == 0) return false;
    }
    return true;
}

enum { KEYS_MAX = 256 };

/* A participant with its newest key that is not revoked, as of the end of the batch; `key` is room
   for it. */
static ph_document_signer party(const ph_market *m, ph_participant_id id, ph_key *key)
{
    const ph_register_participant *registered = ph_market_participant(m, id);
    PH_ASSERT(registered != NULL);
    *key = registered->sign_key;
    ph_market_key keys[KEYS_MAX];
    uint32_t cnt = ph_market_keys(m, id, keys, KEYS_MAX);
    for (uint32_t i = 0; i < cnt && i < KEYS_MAX; i++) {
        if (keys[i].use != PH_KEY_SIGNATURE || keys[i].revoked) continue;
        *key = keys[i].key;
        break;
    }
    return (ph_document_signer){registered, key};
}

/* Writes the contract whose TRADE is event e of the record, as the reader would take it. */
static ph_status add(ph_contracts *c, const ph_market *m, const ph_replay_record *r, uint32_t e,
                     ph_writer *w, const char **reterr)
{
    const ph_trade *t = &r->events[e].u.trade;
    ph_key keys[3];
    ph_document_signer buyer = party(m, t->buyer, &keys[0]);
    ph_document_signer supplier = party(m, t->supplier, &keys[1]);
    bool is_resale = t->seller.v != t->supplier.v;
    ph_document_facts facts = {
        .opened = ph_market_opened(m),
        .product = ph_market_contract_terms(m, t->contract),
        .buyer = buyer,
        .supplier = supplier,
        .seller = is_resale ? party(m, t->seller, &keys[2]) : supplier,
        .seq = r->command.seq,
        .at = r->command.at,
    };
    PH_ASSERT(facts.opened != NULL && facts.product != NULL);
    PH_ASSERT(c->cnt == 0 || t->contract.v == c->entries[c->cnt - 1].contract.v + 1);

    ph_document d;
    ph_document_of(t, &facts, &d);
    if (ph_document_check(&d, &r->events[e + 1], reterr) != PH_OK) return PH_ECORRUPT;
    size_t at = ph_writer_size(w);
    ph_document_write(w, &d, &r->events[e + 1]);
    PH_ASSERT(!w->full);
    size_t size = ph_writer_size(w) - at;
    c->entries[c->cnt++] = (struct entry){t->contract, t->buyer, t->supplier, at, (uint32_t)size};
    return PH_OK;
}

/* Every document was checked before it was written; the first one of a batch is read as well, texts
   and all, as whoever gets it does. */
static ph_status read_first(const ph_contracts *c, const char **reterr)
{
    ph_document unused;
    ph_status s = ph_document_read(c->bytes, c->entries[0].size, &unused, reterr);
    return s == PH_OK ? PH_OK : PH_ECORRUPT;
}

/* When all bytes are there: what has just been written piece by piece is slow to read at once. */
static void hash_all(ph_contracts *c)
{
    ph_merkle_stem stem; /* the market's name is in it */
    ph_merkle_stem_of(&stem, c->bytes);
    for (uint32_t i = 0; i < c->cnt; i++)
        c->tree[i] = ph_merkle_leaf_on(&stem, c->bytes + c->entries[i].at, c->entries[i].size);
    ph_merkle_build(c->tree, c->cnt);
}

static ph_status add_all(ph_contracts *c, const ph_market *m, const ph_replay_batch *batch,
                         char *err, size_t err_size)
{
    ph_writer w = ph_writer_of(c->bytes, c->bytes_max);
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        const ph_replay_record *r = &batch->records[i];
        for (uint32_t e = 0; e < r->event_cnt; e++) {
            const char *why;
            if (r->events[e].kind != PH_EVT_TRADE) continue;
            ph_status s = add(c, m, r, e, &w, &why);
            if (s == PH_OK && c->cnt == 1) s = read_first(c, &why);
            if (s == PH_OK) continue;
            snprintf(err, err_size,
                     "could not make contract %" PRIu64 " of record %" PRIu64
                     " a document: %s; this is a defect of the engine, nothing is lost: keep the "
                     "journal and report it",
                     r->events[e].u.trade.contract.v, r->command.seq, why);
            return PH_ECORRUPT;
        }
    }
    return PH_OK;
}

ph_status ph_contracts_collect(ph_contracts *c, const ph_market *m, const ph_replay_batch *batch,
                               char *err, size_t err_size)
{
    c->cnt = 0;
    c->first_seq = batch->first_seq;
    struct needs n = measure(batch);
    if (n.contracts == 0) return PH_OK;
    if (!reserve(c, &n)) {
        snprintf(err, err_size, "could not get %" PRIu64 " bytes for the contracts of a batch",
                 n.bytes);
        return PH_EFULL;
    }
    ph_status s = add_all(c, m, batch, err, err_size);
    if (s != PH_OK) {
        c->cnt = 0;
        return s;
    }
    PH_ASSERT(c->cnt == n.contracts);
    hash_all(c);
    return PH_OK;
}

uint32_t ph_contracts_cnt(const ph_contracts *c)
{
    return c->cnt;
}

uint64_t ph_contracts_first_seq(const ph_contracts *c)
{
    return c->first_seq;
}

ph_hash ph_contracts_root(const ph_contracts *c)
{
    return ph_merkle_root(c->tree, c->cnt);
}

const ph_hash *ph_contracts_leaf_hash(const ph_contracts *c, uint32_t i)
{
    PH_ASSERT(i < c->cnt);
    return &c->tree[i];
}

void ph_contracts_get(const ph_contracts *c, uint32_t i, ph_contract_leaf *ret)
{
    PH_ASSERT(i < c->cnt);
    const struct entry *e = &c->entries[i];
    *ret = (ph_contract_leaf){
        .contract = e->contract,
        .buyer = e->buyer,
        .supplier = e->supplier,
        .canonical = c->bytes + e->at,
        .canonical_size = e->size,
        .leaf_index = i,
        .leaf_cnt = c->cnt,
    };
}

uint32_t ph_contracts_proof(const ph_contracts *c, uint32_t i, ph_hash ret[PH_MERKLE_PROOF_MAX])
{
    return ph_merkle_proof(c->tree, c->cnt, i, ret);
}

void ph_contracts_free(ph_contracts *c)
{
    if (c == NULL) return;
    free(c->bytes);
    free(c->entries);
    free(c->tree);
    free(c);
}
