/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/policy.h - which bytes the notary's key may sign.

    A signature says what its bytes mean only if they mean one thing.  So the key signs bytes that
    have exactly one reading among everything that anybody of this market reads, and only if that
    reading is the contract root of a batch of this market, or a root of its transparency log.

    Owns      nothing.
    Thread    any.
    Pure      no clock, no input or output, no allocation. */
#ifndef ENGINE_NOTARY_POLICY_H
#define ENGINE_NOTARY_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

/* What bytes could be read as. */
enum {
    PH_READING_CONTRACT_ROOT = 1 << 0, /* a checkpoint of a batch of this market */
    PH_READING_OTHER_ROOT = 1 << 1,    /* a checkpoint with another origin */
    PH_READING_CONTRACT = 1 << 2,      /* canonical bytes of a contract, of any version */
    PH_READING_COMMAND = 1 << 3,       /* an encoded command */
    PH_READING_RECORD = 1 << 4,        /* a command with its events */
    PH_READING_EVENT = 1 << 5,         /* an encoded event */
    PH_READING_COSIGNATURE = 1 << 6,   /* what a witness signs */
    PH_READING_NODE = 1 << 7,          /* input of a Merkle hash */
    PH_READING_LOG_ROOT = 1 << 8,      /* a checkpoint of this market's transparency log */
};

/* Every reading of the bytes. */
unsigned ph_policy_readings(const char *market, const void *bytes, size_t size);

/* PH_OK if the bytes have the one reading that is signed, for the batch that starts with first_seq;
   PH_EDENIED otherwise. */
ph_status ph_policy_check(const char *market, uint64_t first_seq, const void *bytes, size_t size);

/* PH_OK if the bytes have the one reading that is signed, for the log with leaf_cnt leaves;
   PH_EDENIED otherwise. */
ph_status ph_policy_check_log(const char *market, uint64_t leaf_cnt, const void *bytes,
                              size_t size);

#endif
