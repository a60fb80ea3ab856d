/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/countersignature.h"

enum { HOLDS = 1, IS_FALSE = 2 };

void ph_countersignature_write(ph_writer *w, const ph_countersignature *c)
{
    ph_write_u64(w, 0);
    ph_write_u64(w, c->contract.v);
    ph_write_u64(w, c->seq);
    ph_write_u64(w, c->at.ns);
    ph_write_u32(w, c->participant.v);
    ph_write_u32(w, c->holds ? HOLDS : IS_FALSE);
    ph_write_bytes(w, c->key.b, sizeof c->key.b);
    ph_write_bytes(w, c->leaf.b, sizeof c->leaf.b);
    ph_write_bytes(w, c->signature.b, sizeof c->signature.b);
}

bool ph_countersignature_is(const void *bytes, size_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    return ph_read_u64(&r) == 0 && !r.bad;
}

ph_status ph_countersignature_read(const void *bytes, size_t size, ph_countersignature *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    ph_countersignature c;
    if (ph_read_u64(&r) != 0) return PH_ECORRUPT;
    c.contract.v = ph_read_u64(&r);
    c.seq = ph_read_u64(&r);
    c.at.ns = ph_read_u64(&r);
    c.participant.v = ph_read_u32(&r);
    uint32_t verdict = ph_read_u32(&r);
    c.holds = verdict == HOLDS;
    ph_read_bytes(&r, c.key.b, sizeof c.key.b);
    ph_read_bytes(&r, c.leaf.b, sizeof c.leaf.b);
    ph_read_bytes(&r, c.signature.b, sizeof c.signature.b);
    if (!ph_reader_done(&r) || c.contract.v == 0 || c.seq == 0 || c.participant.v == 0)
        return PH_ECORRUPT;
    if (verdict != HOLDS && verdict != IS_FALSE) return PH_ECORRUPT;
    *ret = c;
    return PH_OK;
}
