/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/proof.h"

#include <string.h>

#include "engine/notary/merkle.h"
#include "engine/notary/note.h"

static ph_status refuse(ph_status s, const char *why, const char **reterr)
{
    *reterr = why;
    return s;
}

ph_status ph_proof_document(const ph_saved *s, ph_document *ret, const char **reterr)
{
    return ph_document_read(s->canonical, s->canonical_size, ret, reterr);
}

/* The signed text as a checkpoint of the contract's market. */
static ph_status read_root(const ph_saved *s, const ph_document *d, const ph_key *key,
                           ph_checkpoint *ret, const char **reterr)
{
    ph_note_signer signer = {d->market.s, key};
    size_t text_size;
    ph_status st = ph_note_verify(s->note, s->note_size, &signer, &text_size);
    if (st == PH_ENOTFOUND) return refuse(st, "signed_root has no signature of this key", reterr);
    if (st == PH_EDENIED) return refuse(st, "the signature of signed_root does not hold", reterr);
    if (st != PH_OK) return refuse(st, "signed_root is not a signed note", reterr);
    if (ph_checkpoint_read(s->note, text_size, ret) != PH_OK)
        return refuse(PH_ECORRUPT, "signed_root is not the root of a batch of contracts", reterr);
    return PH_OK;
}

ph_status ph_proof_check(const ph_saved *s, const ph_key *key, ph_proof *ret, const char **reterr)
{
    ph_proof p;
    ph_status st = ph_proof_document(s, &p.document, reterr);
    if (st != PH_OK) return st;
    st = read_root(s, &p.document, key, &p.root, reterr);
    if (st != PH_OK) return st;
    if (strcmp(p.root.market.s, p.document.market.s) != 0)
        return refuse(PH_ECORRUPT, "the signed root is of another market", reterr);
    if (p.root.first_seq > p.document.seq)
        return refuse(PH_ECORRUPT, "the signed root is of a later batch", reterr);
    if (p.root.leaf_cnt != s->leaf_cnt)
        return refuse(PH_ECORRUPT, "leaf_count is not the one that was signed", reterr);
    ph_hash leaf = ph_merkle_leaf(s->canonical, s->canonical_size);
    ph_merkle_place place = {s->leaf_index, s->leaf_cnt, s->proof, s->proof_cnt};
    if (!ph_merkle_verify(&leaf, &place, &p.root.root))
        return refuse(PH_ECORRUPT, "the inclusion proof does not lead to the signed root", reterr);
    *ret = p;
    return PH_OK;
}
