/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_log_proof.c - proofs of the transparency log from any bytes.

    What is read, written again, is the same bytes; whatever numbers and hashes it has, verifying
    it ends.  No proof holds: the roots are those of no tree.  The input is taken as a text, and as
    the parts of a proof (u8 kind, u64 number, u8 hashes, hashes, note, a change) that is written
    first: what is behind the form is then exercised too. */
#include <string.h>

#include "clients/audit/log_proof.h"
#include "engine/base/panic.h"
#include "engine/notary/merkle.h"

static void read_text(const uint8_t *bytes, size_t size)
{
    static uint8_t again[PH_LOG_PROOF_MAX];
    ph_log_proof p;
    ph_log_proof_fault fault = {0, NULL};
    if (ph_log_proof_read((const char *)bytes, size, &p, &fault) != PH_OK) {
        PH_ASSERT(fault.why != NULL && fault.line >= 1 && fault.line <= 4 + PH_MERKLE_LONG_MAX);
        return;
    }
    PH_ASSERT(p.path.cnt <= PH_MERKLE_LONG_MAX && p.note_size != 0 && p.note_size < size);
    if (size <= sizeof again) {
        ph_writer w = ph_writer_of(again, sizeof again);
        ph_log_proof_write(&w, &p);
        PH_ASSERT(!w.full && ph_writer_size(&w) == size && memcmp(again, bytes, size) == 0);
    }
    static const uint64_t sizes[] = {0, 1, 2, 3, 1000, UINT64_C(1) << 63, UINT64_MAX};
    const ph_hash none = {{0}}, other = {{1}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ph_merkle_place place = {p.number, sizes[i], p.path.v[0].b, p.path.cnt};
        ph_merkle_growth growth = {p.number, sizes[i], p.path.v[0].b, p.path.cnt};
        PH_ASSERT(!ph_merkle_verify(&none, &place, &other));
        PH_ASSERT(!ph_merkle_extends(&growth, &none, &other));
    }
}

static void write_and_change(const uint8_t *bytes, size_t size)
{
    static uint8_t text[PH_LOG_PROOF_MAX];
    static ph_log_proof p, got;
    ph_log_proof_fault fault;
    ph_reader r = ph_reader_of(bytes, size);
    p.kind = ph_read_u8(&r) % 2 == 0 ? PH_LOG_PROOF_INCLUSION : PH_LOG_PROOF_GROWTH;
    p.number = ph_read_u64(&r);
    p.path.cnt = ph_read_u8(&r) % (PH_MERKLE_LONG_MAX + 1);
    for (uint32_t i = 0; i < p.path.cnt; i++)
        ph_read_bytes(&r, p.path.v[i].b, sizeof p.path.v[i].b);
    uint16_t at = ph_read_u16(&r);
    uint8_t flip = ph_read_u8(&r);
    if (r.bad || r.p == r.end) return;
    p.note = (const char *)r.p;
    p.note_size = (size_t)(r.end - r.p);
    ph_writer w = ph_writer_of(text, sizeof text);
    ph_log_proof_write(&w, &p);
    if (w.full) return;
    PH_ASSERT(ph_log_proof_read((char *)text, ph_writer_size(&w), &got, &fault) == PH_OK);
    PH_ASSERT(got.kind == p.kind && got.number == p.number && got.path.cnt == p.path.cnt);
    PH_ASSERT(memcmp(got.path.v, p.path.v, p.path.cnt * sizeof p.path.v[0]) == 0);
    PH_ASSERT(got.note_size == p.note_size && memcmp(got.note, p.note, p.note_size) == 0);
    text[at % ph_writer_size(&w)] ^= flip;
    read_text(text, ph_writer_size(&w));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    read_text(bytes, size);
    write_and_change(bytes, size);
    return 0;
}
