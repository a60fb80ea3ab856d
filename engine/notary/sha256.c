/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_API_COMPAT 10101 /* see the header: without EVP on purpose */
#include "engine/notary/sha256.h"

#include "engine/base/panic.h"

#include <endian.h>
#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(ph_sha256_state), "the state fits");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(ph_sha256_state), "the state fits");
_Static_assert(SHA256_DIGEST_LENGTH == sizeof(ph_hash), "a hash is SHA-256");

static SHA256_CTX *of(ph_sha256_state *s)
{
    return (SHA256_CTX *)s->state;
}

void ph_sha256_begin(ph_sha256_state *s)
{
    int done = SHA256_Init(of(s));
    PH_ASSERT(done == 1);
}

void ph_sha256_add(ph_sha256_state *s, const void *bytes, size_t size)
{
    int done = SHA256_Update(of(s), bytes, size);
    PH_ASSERT(done == 1);
}

ph_hash ph_sha256_end(ph_sha256_state *s)
{
    ph_hash h;
    int done = SHA256_Final(h.b, of(s));
    PH_ASSERT(done == 1);
    return h;
}

/* The bytes with what SHA-256 puts behind them (FIPS 180-4, 5.1.1) are two whole blocks: nothing is
   left for an end to do. */
ph_hash ph_sha256_pair(uint8_t before, const ph_hash *left, const ph_hash *right)
{
    enum { SIZE = 1 + 2 * sizeof(ph_hash), BITS = 8 * SIZE };
    uint8_t blocks[2 * SHA256_CBLOCK] = {before};
    memcpy(blocks + 1, left->b, sizeof left->b);
    memcpy(blocks + 1 + sizeof left->b, right->b, sizeof right->b);
    blocks[SIZE] = 0x80;
    blocks[sizeof blocks - 2] = BITS >> 8;
    blocks[sizeof blocks - 1] = BITS & 0xff;
    ph_sha256_state s;
    ph_hash h;
    ph_sha256_begin(&s);
    ph_sha256_add(&s, blocks, sizeof blocks);
    for (size_t i = 0; i < sizeof h.b / 4; i++) {
        uint32_t word = htobe32(of(&s)->h[i]);
        memcpy(h.b + 4 * i, &word, sizeof word);
    }
    return h;
}

ph_hash ph_sha256(const void *bytes, size_t size)
{
    ph_sha256_state s;
    ph_sha256_begin(&s);
    ph_sha256_add(&s, bytes, size);
    return ph_sha256_end(&s);
}
