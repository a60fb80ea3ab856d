/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/chain.h - the hashes of the journal: what links batches, what names a record.

    BLAKE2b-256, personalised by purpose so that bytes hashed for one purpose never stand for
    another, and SipHash-2-4 with a public key as a 64-bit checksum.  See format.h.

    Owns      nothing: a digest is a value of the caller.
    Thread    any, one at a time per digest. */
#ifndef ENGINE_JOURNAL_CHAIN_H
#define ENGINE_JOURNAL_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/types.h"

typedef enum {
    PH_DIGEST_SEGMENT = 1, /* header of a segment; of the first one: the genesis hash */
    PH_DIGEST_EVENTS = 2,  /* event bytes of a batch */
    PH_DIGEST_CHAIN = 3,   /* previous chain hash and a batch */
    PH_DIGEST_STATE = 4,   /* a snapshot, see state_file.h */
    PH_DIGEST_RECORD = 5,  /* one record, as the transparency log has it */
} ph_digest_purpose;

/* BLAKE2b-256 in the making. */
typedef struct {
    _Alignas(64) uint8_t state[384];
} ph_digest;

/* Chooses the fastest code for this processor; may be called again, changes no result. */
void ph_chain_start(void);

/* What personalises a digest of this purpose: the parameter of BLAKE2b. */
void ph_digest_personal(ph_digest_purpose purpose, uint8_t ret[16]);

void ph_digest_begin(ph_digest *d, ph_digest_purpose purpose);
void ph_digest_add(ph_digest *d, const void *bytes, size_t size);
/* Ends the digest; begin it again before the next use. */
ph_hash ph_digest_end(ph_digest *d);

/* Chain hash of the batch whose header is `header` (PH_BATCH_SIZE bytes) and body is `body`. */
ph_hash ph_chain_next(ph_hash previous, const uint8_t *header, const uint8_t *body,
                      size_t body_size);

/* What stands before the body in that digest. */
enum { PH_CHAIN_HEAD_SIZE = 104 };
void ph_chain_head(ph_hash previous, const uint8_t *header, uint8_t ret[PH_CHAIN_HEAD_SIZE]);

/* 64-bit checksum under the number `seq`. */
uint64_t ph_chain_check(uint64_t seq, const void *bytes, size_t size);

bool ph_hash_equal(ph_hash a, ph_hash b);

#endif
