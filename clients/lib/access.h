/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/access.h - access to what a contract delivers, sealed to its buyer.

    A sealed box of libsodium (X25519, XSalsa20-Poly1305) to the Curve25519 form of the Ed25519 key
    that the contract names for the buyer. */
#ifndef CLIENTS_LIB_ACCESS_H
#define CLIENTS_LIB_ACCESS_H

#include "clients/lib/petahour.h"

/* NULL, or what is wrong. */
const char *phc_access_seal(const uint8_t buyer_key[32], const void *access, size_t size,
                            uint8_t ret[PHC_SEALED_MAX], size_t *ret_size);

#endif
