/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/signed_contract.h"

#include "engine/base/panic.h"

#include <string.h>

/* The one list of what makes the form right; the writer asserts it, the reader refuses by it. */
static bool is_well_formed(const ph_signed_contract *c)
{
    return c->contract.v != 0 && c->first_seq != 0 && c->buyer.v != 0 && c->supplier.v != 0 &&
           c->leaf_index < c->leaf_count && c->canonical_size > PH_CONTRACT_HEADER_SIZE &&
           c->canonical_size <= PH_CONTRACT_SIZE_MAX && c->proof_cnt <= PH_CONTRACT_PROOF_MAX &&
           c->note_size != 0 && c->note_size <= PH_CONTRACT_NOTE_MAX;
}

size_t ph_signed_contract_size(const ph_signed_contract *c)
{
    return (size_t)PH_SIGNED_CONTRACT_HEADER_SIZE + c->canonical_size + (size_t)c->proof_cnt * 32 +
           c->note_size;
}

void ph_signed_contract_write(ph_writer *w, const ph_signed_contract *c)
{
    PH_ASSERT(is_well_formed(c));
    size_t size = ph_signed_contract_size(c);
    if (!ph_writer_has(w, size)) return;
    uint8_t *p = w->p;
    w->p += size;
    ph_store_u64(p, c->contract.v);
    ph_store_u64(p + 8, c->first_seq);
    ph_store_u32(p + 16, c->buyer.v);
    ph_store_u32(p + 20, c->supplier.v);
    ph_store_u32(p + 24, c->leaf_index);
    ph_store_u32(p + 28, c->leaf_count);
    ph_store_u32(p + 32, c->canonical_size);
    ph_store_u32(p + 36, c->proof_cnt);
    ph_store_u32(p + 40, c->note_size);
    p += PH_SIGNED_CONTRACT_HEADER_SIZE;
    memcpy(p, c->canonical, c->canonical_size);
    p += c->canonical_size;
    if (c->proof_cnt != 0) memcpy(p, c->proof, (size_t)c->proof_cnt * 32);
    p += (size_t)c->proof_cnt * 32;
    memcpy(p, c->note, c->note_size);
}

ph_status ph_signed_contract_read(const void *bytes, size_t size, ph_signed_contract *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    ph_signed_contract c = {.contract = {ph_read_u64(&r)}};
    c.first_seq = ph_read_u64(&r);
    c.buyer.v = ph_read_u32(&r);
    c.supplier.v = ph_read_u32(&r);
    c.leaf_index = ph_read_u32(&r);
    c.leaf_count = ph_read_u32(&r);
    c.canonical_size = ph_read_u32(&r);
    c.proof_cnt = ph_read_u32(&r);
    c.note_size = ph_read_u32(&r);
    if (r.bad || !is_well_formed(&c) || ph_signed_contract_size(&c) != size) return PH_ECORRUPT;
    c.canonical = r.p;
    c.proof = c.canonical + c.canonical_size;
    c.note = (const char *)(c.proof + (size_t)c.proof_cnt * 32);
    *ret = c;
    return PH_OK;
}
