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

/* A participant with the key that its signatures are verified with: its newest one that is not
   revoked, as of the end of the batch. */
static ph_register_participant party(const ph_market *m, ph_participant_id id)
{
    const ph_register_participant *registered = ph_market_participant(m, id);
    PH_ASSERT(registered != NULL);
    ph_register_participant p = *registered;
    ph_market_key keys[KEYS_MAX];
    uint32_t cnt = ph_market_keys(m, id, keys, KEYS_MAX);
    for (uint32_t i = 0; i < cnt && i < KEYS_MAX; i++) {
        if (keys[i].use != PH_KEY_SIGNATURE || keys[i].revoked) continue;
        p.sign_key = keys[i].key;
        break;
    }
    return p;
}

/* Writes the contract whose TRADE is event e of the record, as the reader would take it. */
static ph_status add(ph_contracts *c, const ph_market *m, const ph_replay_record *r, uint32_t e,
                     ph_writer *w, const char **reterr)
{
    const ph_trade *t = &r->events[e].u.trade;
    ph_register_participant buyer = party(m, t->buyer), supplier = party(m, t->supplier);
    ph_register_participant seller =
        t->seller.v == t->supplier.v ? supplier : party(m, t->seller); /* a resale */
    ph_document_facts facts = {
        .opened = ph_market_opened(m),
        .product = ph_market_contract_terms(m, t->contract),
        .buyer = &buyer,
        .supplier = &supplier,
        .seller = &seller,
        .seq = r->command.seq,
        .at = r->command.at,
    };
    PH_ASSERT(facts.opened != NULL && facts.product != NULL);
    PH_ASSERT(c->cnt == 0 || t->contract.v == c->entries[c->cnt - 1].contract.v + 1);

    size_t at = ph_writer_size(w);
    ph_document d = ph_document_of(t, &facts);
    ph_document_write(w, &d, &r->events[e + 1]);
    PH_ASSERT(!w->full);
    size_t size = ph_writer_size(w) - at;
    ph_document again;
    ph_status s = ph_document_read(c->bytes + at, size, &again, reterr);
    if (s != PH_OK) return PH_ECORRUPT;

    c->tree[c->cnt] = ph_merkle_leaf(c->bytes + at, size);
    c->entries[c->cnt++] = (struct entry){t->contract, t->buyer, t->supplier, at, (uint32_t)size};
    return PH_OK;
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
            if (add(c, m, r, e, &w, &why) == PH_OK) continue;
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
    ph_merkle_build(c->tree, c->cnt);
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
    ret->proof_cnt = ph_merkle_proof(c->tree, c->cnt, i, ret->proof);
}

void ph_contracts_free(ph_contracts *c)
{
    if (c == NULL) return;
    free(c->bytes);
    free(c->entries);
    free(c->tree);
    free(c);
}
