/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/chain.h"

#include <string.h>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/format.h"

_Static_assert(sizeof(crypto_generichash_blake2b_state) <= sizeof(ph_digest), "the state fits");
_Static_assert(_Alignof(ph_digest) % _Alignof(crypto_generichash_blake2b_state) == 0,
               "the state is aligned");
_Static_assert(crypto_shorthash_siphash24_KEYBYTES == 16, "the key is a word and a sequence");

void ph_chain_start(void)
{
    int failed = sodium_init();
    PH_ASSERT(failed >= 0);
}

void ph_digest_personal(ph_digest_purpose purpose, uint8_t ret[16])
{
    static const uint8_t personal[][crypto_generichash_blake2b_PERSONALBYTES + 1] = {
        [PH_DIGEST_SEGMENT] = "petahour segment", [PH_DIGEST_EVENTS] = "petahour events",
        [PH_DIGEST_CHAIN] = "petahour chain",     [PH_DIGEST_STATE] = "petahour state",
        [PH_DIGEST_RECORD] = "petahour record",
    };
    PH_ASSERT(purpose >= PH_DIGEST_SEGMENT && purpose <= PH_DIGEST_RECORD);
    memcpy(ret, personal[purpose], crypto_generichash_blake2b_PERSONALBYTES);
}

/* The calls below fail only for sizes that are not constants here. */
void ph_digest_begin(ph_digest *d, ph_digest_purpose purpose)
{
    uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES];
    ph_digest_personal(purpose, personal);
    int failed = crypto_generichash_blake2b_init_salt_personal((void *)d->state, NULL, 0, 32, NULL,
                                                               personal);
    PH_ASSERT(failed == 0);
}

void ph_digest_add(ph_digest *d, const void *bytes, size_t size)
{
    int failed = crypto_generichash_blake2b_update((void *)d->state, bytes, size);
    PH_ASSERT(failed == 0);
}

ph_hash ph_digest_end(ph_digest *d)
{
    ph_hash h;
    int failed = crypto_generichash_blake2b_final((void *)d->state, h.b, sizeof h.b);
    PH_ASSERT(failed == 0);
    return h;
}

_Static_assert((int)PH_CHAIN_HEAD_SIZE == (int)sizeof(ph_hash) + (int)PH_BATCH_CHAIN,
               "a hash and what the header says before its own");

void ph_chain_head(ph_hash previous, const uint8_t *header, uint8_t ret[PH_CHAIN_HEAD_SIZE])
{
    memcpy(ret, previous.b, sizeof previous.b);
    memcpy(ret + sizeof previous.b, header, PH_BATCH_CHAIN);
}

ph_hash ph_chain_next(ph_hash previous, const uint8_t *header, const uint8_t *body,
                      size_t body_size)
{
    ph_digest d;
    ph_digest_begin(&d, PH_DIGEST_CHAIN);
    uint8_t head[PH_CHAIN_HEAD_SIZE];
    ph_chain_head(previous, header, head);
    ph_digest_add(&d, head, sizeof head);
    ph_digest_add(&d, body, body_size);
    return ph_digest_end(&d);
}

uint64_t ph_chain_check(uint64_t seq, const void *bytes, size_t size)
{
    uint8_t key[16], check[8];
    ph_writer w = ph_writer_of(key, sizeof key);
    ph_write_bytes(&w, "petahour", 8);
    ph_write_u64(&w, seq);
    int failed = crypto_shorthash_siphash24(check, bytes, size, key);
    PH_ASSERT(failed == 0);
    ph_reader r = ph_reader_of(check, sizeof check);
    return ph_read_u64(&r);
}

bool ph_hash_equal(ph_hash a, ph_hash b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}
