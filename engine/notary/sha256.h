/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/sha256.h - SHA-256, in the instructions that the processor has for it.

    Trees and logs are hashes by the million, and libcrypto computes them four times as fast as
    portable code where there are such instructions.  Its functions for SHA-256 alone are used, not
    EVP: a hash of 65 bytes, which every node of a tree is, takes a quarter longer through EVP, and
    a state that is a plain value can be copied, needs no memory of its own and cannot fail.

    Owns      nothing: a state is a value of the caller.
    Thread    any, one at a time per state. */
#ifndef ENGINE_NOTARY_SHA256_H
#define ENGINE_NOTARY_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/types.h"

/* A hash in the making; a copy of one goes on by itself. */
typedef struct {
    _Alignas(8) uint8_t state[112];
} ph_sha256_state;

void ph_sha256_begin(ph_sha256_state *s);
void ph_sha256_add(ph_sha256_state *s, const void *bytes, size_t size);
/* Ends the hash; begin it again before the next use. */
ph_hash ph_sha256_end(ph_sha256_state *s);

/* The hash of one byte and two hashes, which is what most hashes of a tree are. */
ph_hash ph_sha256_pair(uint8_t before, const ph_hash *left, const ph_hash *right);

/* The hash of bytes that are all there. */
ph_hash ph_sha256(const void *bytes, size_t size);

#endif
