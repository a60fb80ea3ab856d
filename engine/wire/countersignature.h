/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/countersignature.h - a party's signature under a contract, as the notary judged it.

    An item of the notary's stream beside those of signed contracts; it begins with a zero where
    they have the number of a contract.  Integers are little-endian:

      0    u64  0
      8    u64  contract
      16   u64  seq            journal record that brought it
      24   u64  at             its stamp
      32   u32  participant
      36   u32  verdict        1: it holds, 2: it is false
      40   key, 32 bytes; leaf hash of the contract, 32 bytes; signature, 64 bytes; nothing after

    What is signed is in engine/notary/README.md. */
#ifndef ENGINE_WIRE_COUNTERSIGNATURE_H
#define ENGINE_WIRE_COUNTERSIGNATURE_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/base/types.h"

enum { PH_COUNTERSIGNATURE_SIZE = 168 };

typedef struct {
    ph_contract_id contract;
    uint64_t seq;
    ph_time at;
    ph_participant_id participant;
    bool holds;
    ph_key key;
    ph_hash leaf; /* what should have been signed */
    ph_signature signature;
} ph_countersignature;

/* Appends the item to w, which becomes full if there is no room. */
void ph_countersignature_write(ph_writer *w, const ph_countersignature *c);

/* True if an item of the notary's stream is of this kind. */
bool ph_countersignature_is(const void *bytes, size_t size);

/* Reads one item from exactly `size` bytes.  PH_ECORRUPT if a number is 0, the verdict is none, or
   bytes are missing or left over; *ret is then untouched. */
ph_status ph_countersignature_read(const void *bytes, size_t size, ph_countersignature *ret);

#endif
