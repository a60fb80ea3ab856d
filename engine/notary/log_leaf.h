/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/log_leaf.h - the leaf that a journal record has in the transparency log.

    Everything that is hashed stands in the journal: nobody has to replay it to find the leaf.
    engine/notary/README.md, section 6, has the bytes.

    Owns      nothing.
    Thread    any. */
#ifndef ENGINE_NOTARY_LOG_LEAF_H
#define ENGINE_NOTARY_LOG_LEAF_H

#include "engine/base/types.h"

typedef struct {
    uint64_t seq;
    ph_time at;
    uint64_t event_check; /* of the bytes of its events, as the record states it */
    ph_hash previous;     /* chain hash before its batch */
    ph_hash events;       /* digest of the events of its batch */
    const uint8_t *bytes; /* the command */
    uint32_t size;
} ph_log_record;

/* The record hash: BLAKE2b-256, which is the log's entry. */
ph_hash ph_log_record_hash(const ph_log_record *r);

/* SHA-256(0x00 || record hash): what stands in tile level 0. */
ph_hash ph_log_leaf(const ph_log_record *r);

#endif
