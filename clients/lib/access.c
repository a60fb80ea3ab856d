/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/access.h"

#include <sodium.h>

_Static_assert(PHC_ACCESS_MAX + crypto_box_SEALBYTES == PHC_SEALED_MAX,
               "what fits is what is said");

const char *phc_access_seal(const uint8_t buyer_key[32], const void *access, size_t size,
                            uint8_t ret[PHC_SEALED_MAX], size_t *ret_size)
{
    uint8_t curve[crypto_box_PUBLICKEYBYTES];
    if (size == 0 || size > PHC_ACCESS_MAX) return "access has 1 to 464 bytes";
    if (sodium_init() < 0 || crypto_sign_ed25519_pk_to_curve25519(curve, buyer_key) != 0)
        return "the buyer's key is not an Ed25519 key";
    if (crypto_box_seal(ret, access, size, curve) != 0) return "the access could not be sealed";
    *ret_size = size + crypto_box_SEALBYTES;
    return NULL;
}

phc_status phc_access_open(const phc_key *buyer, const uint8_t *sealed, size_t sealed_size,
                           uint8_t *ret, size_t *ret_size)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t curve_public[crypto_box_PUBLICKEYBYTES], curve_secret[crypto_box_SECRETKEYBYTES];
    if (sealed_size <= crypto_box_SEALBYTES || sealed_size > PHC_SEALED_MAX) return PHC_EVERIFY;
    if (sodium_init() < 0) return PHC_EIO;
    bool ok = crypto_sign_seed_keypair(public_key, secret, buyer->sign_seed) == 0 &&
              crypto_sign_ed25519_pk_to_curve25519(curve_public, public_key) == 0 &&
              crypto_sign_ed25519_sk_to_curve25519(curve_secret, secret) == 0 &&
              crypto_box_seal_open(ret, sealed, sealed_size, curve_public, curve_secret) == 0;
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(curve_secret, sizeof curve_secret);
    if (!ok) return PHC_EVERIFY;
    *ret_size = sealed_size - crypto_box_SEALBYTES;
    return PHC_OK;
}
