/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/signed_contract.h - a contract with its proof, as the notary hands it out.

    Item n of the notary's stream is contract n.  Integers are little-endian:

      0   u64  contract
      8   u64  first_seq       first journal record of the batch that was signed together
      16  u32  buyer
      20  u32  supplier
      24  u32  leaf_index      place among the contracts of the batch, from 0
      28  u32  leaf_count
      32  u32  canonical_size
      36  u32  proof_cnt       hashes of the inclusion proof
      40  u32  note_size
      44  canonical bytes, then proof_cnt hashes of 32 bytes, then the note; nothing after

    What canonical bytes, proof and note mean is in engine/notary/README.md.  Read checks form only:
    who wants to know whether the signature holds verifies it.

    Owns      nothing: a value that was read points into the bytes it was read from. */
#ifndef ENGINE_WIRE_SIGNED_CONTRACT_H
#define ENGINE_WIRE_SIGNED_CONTRACT_H

#include "engine/base/bytes.h"
#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/types.h"

enum {
    PH_SIGNED_CONTRACT_HEADER_SIZE = 44,
    PH_CONTRACT_HEADER_SIZE = 676, /* canonical bytes before the segments */
    PH_CONTRACT_SEGMENT_SIZE = 20,
    PH_CONTRACT_SEGMENTS_MAX = PH_FILLS_PER_COMMAND_MAX,
    PH_CONTRACT_SIZE_MAX =
        PH_CONTRACT_HEADER_SIZE + PH_CONTRACT_SEGMENTS_MAX * PH_CONTRACT_SEGMENT_SIZE,
    PH_CONTRACT_PROOF_MAX = 32, /* hashes: a batch has fewer than 2^32 contracts */
    PH_CONTRACT_NOTE_MAX = 4096,
    PH_SIGNED_CONTRACT_SIZE_MAX = PH_SIGNED_CONTRACT_HEADER_SIZE + PH_CONTRACT_SIZE_MAX +
                                  PH_CONTRACT_PROOF_MAX * 32 + PH_CONTRACT_NOTE_MAX,
};

typedef struct {
    ph_contract_id contract;
    uint64_t first_seq;
    ph_participant_id buyer, supplier;
    uint32_t leaf_index, leaf_count;
    uint32_t canonical_size, proof_cnt, note_size;
    const uint8_t *canonical;
    const uint8_t *proof; /* proof_cnt * 32 bytes */
    const char *note;     /* note_size bytes, no zero at the end */
} ph_signed_contract;

/* Bytes that ph_signed_contract_write appends. */
size_t ph_signed_contract_size(const ph_signed_contract *c);

/* Appends the item to w, which becomes full if there is no room.  A value that read would refuse is
   a bug. */
void ph_signed_contract_write(ph_writer *w, const ph_signed_contract *c);

/* Reads one item from exactly `size` bytes.  PH_ECORRUPT if a number or a party is 0, the index is
   not below the count, a part is empty or longer than its bound, or bytes are missing or left
   over; *ret is then untouched. */
ph_status ph_signed_contract_read(const void *bytes, size_t size, ph_signed_contract *ret);

#endif
