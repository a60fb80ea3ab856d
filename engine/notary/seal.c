/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/seal.h"

#include "engine/base/panic.h"
#include "engine/notary/checkpoint.h"
#include "engine/wire/signed_contract.h"

#include <stdlib.h>
#include <string.h>

struct ph_seal {
    ph_keyring *keyring;
    ph_text64 market;
    char note[PH_CONTRACT_NOTE_MAX];
    uint32_t note_size;
    uint8_t item[PH_SIGNED_CONTRACT_SIZE_MAX];
};

ph_seal *ph_seal_new(ph_keyring *keyring, const char *market)
{
    PH_ASSERT(ph_checkpoint_market_ok(market));
    ph_seal *s = calloc(1, sizeof *s);
    if (s == NULL) return NULL;
    s->keyring = keyring;
    bool fits = ph_text_set(s->market.s, sizeof s->market.s, market);
    PH_ASSERT(fits);
    return s;
}

/* Checkpoint, signature, note. */
static ph_status sign_root(ph_seal *s, const ph_contracts *c)
{
    ph_checkpoint root = {
        .market = s->market,
        .first_seq = ph_contracts_first_seq(c),
        .leaf_cnt = ph_contracts_cnt(c),
        .root = ph_contracts_root(c),
    };
    char text[PH_CHECKPOINT_TEXT_MAX];
    size_t size = ph_checkpoint_write(&root, text);
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ph_status st =
        ph_keyring_sign_root(s->keyring, s->market.s, root.first_seq, text, size, signature);
    if (st != PH_OK) return st;
    ph_note_signer signer = {s->market.s, ph_keyring_public(s->keyring)};
    ph_writer w = ph_writer_of(s->note, sizeof s->note);
    ph_note_write(&w, text, size, &signer, signature);
    PH_ASSERT(!w.full);
    s->note_size = (uint32_t)ph_writer_size(&w);
    return PH_OK;
}

ph_status ph_seal_batch(ph_seal *s, const ph_contracts *c, ph_seal_on_item on_item, void *arg)
{
    PH_ASSERT(ph_contracts_cnt(c) != 0);
    ph_status st = sign_root(s, c);
    for (uint32_t i = 0; st == PH_OK && i < ph_contracts_cnt(c); i++) {
        ph_contract_leaf leaf;
        ph_hash proof[PH_MERKLE_PROOF_MAX];
        ph_contracts_get(c, i, &leaf);
        ph_signed_contract item = {
            .contract = leaf.contract,
            .first_seq = ph_contracts_first_seq(c),
            .buyer = leaf.buyer,
            .supplier = leaf.supplier,
            .leaf_index = leaf.leaf_index,
            .leaf_count = leaf.leaf_cnt,
            .canonical_size = leaf.canonical_size,
            .proof_cnt = ph_contracts_proof(c, i, proof),
            .note_size = s->note_size,
            .canonical = leaf.canonical,
            .proof = proof[0].b,
            .note = s->note,
        };
        ph_writer w = ph_writer_of(s->item, sizeof s->item);
        ph_signed_contract_write(&w, &item);
        PH_ASSERT(!w.full);
        st = on_item(arg, leaf.contract.v, s->item, ph_writer_size(&w));
    }
    return st;
}

ph_status ph_seal_check(const ph_seal *s, const ph_contracts *c, uint32_t i, const ph_key *key,
                        const ph_signed_contract *item)
{
    ph_contract_leaf leaf;
    ph_hash proof[PH_MERKLE_PROOF_MAX];
    ph_contracts_get(c, i, &leaf);
    uint32_t proof_cnt = ph_contracts_proof(c, i, proof);
    if (item->contract.v != leaf.contract.v || item->first_seq != ph_contracts_first_seq(c) ||
        item->buyer.v != leaf.buyer.v || item->supplier.v != leaf.supplier.v ||
        item->leaf_index != leaf.leaf_index || item->leaf_count != leaf.leaf_cnt ||
        item->canonical_size != leaf.canonical_size || item->proof_cnt != proof_cnt ||
        memcmp(item->canonical, leaf.canonical, leaf.canonical_size) != 0 ||
        memcmp(item->proof, proof, proof_cnt * sizeof proof[0]) != 0)
        return PH_ECORRUPT;
    size_t text_size;
    ph_checkpoint root;
    ph_hash expected = ph_contracts_root(c);
    if (ph_note_verify(item->note, item->note_size, &(ph_note_signer){s->market.s, key},
                       &text_size) != PH_OK ||
        ph_checkpoint_read(item->note, text_size, &root) != PH_OK)
        return PH_ECORRUPT;
    bool is_root = strcmp(root.market.s, s->market.s) == 0 &&
                   root.first_seq == ph_contracts_first_seq(c) && root.leaf_cnt == leaf.leaf_cnt &&
                   memcmp(&root.root, &expected, sizeof expected) == 0;
    return is_root ? PH_OK : PH_ECORRUPT;
}

void ph_seal_free(ph_seal *s)
{
    free(s);
}
