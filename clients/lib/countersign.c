/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/countersign.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64 };

void phc_known_release(phc_known *k)
{
    free(k->v);
    *k = (phc_known){0};
}

/* Moves what is left to the front. */
static void compact(phc_known *k)
{
    memmove(k->v, k->v + k->first, (k->end - k->first) * sizeof *k->v);
    k->next = k->next > k->first ? k->next - k->first : 0;
    k->end -= k->first;
    k->first = 0;
}

bool phc_known_add(phc_known *k, uint64_t contract, const uint8_t leaf[32])
{
    if (phc_known_find(k, contract) != NULL) return true;
    if (k->end == PHC_KNOWN_MAX && k->first == 0) k->first = PHC_KNOWN_MAX / 4;
    if (k->end == k->room && k->first > 0) compact(k);
    if (k->end == k->room) {
        size_t room = k->room == 0 ? ROOM_FIRST : 2 * k->room;
        phc_known_contract *v = reallocarray(k->v, room, sizeof *v);
        if (v == NULL) return false;
        k->v = v;
        k->room = room;
    }
    phc_known_contract *row = &k->v[k->end++];
    *row = (phc_known_contract){.contract = contract};
    memcpy(row->leaf, leaf, sizeof row->leaf);
    return true;
}

phc_known_contract *phc_known_find(phc_known *k, uint64_t contract)
{
    size_t low = k->first, high = k->end;
    while (low < high) {
        size_t at = low + (high - low) / 2;
        if (k->v[at].contract == contract) return &k->v[at];
        if (k->v[at].contract < contract)
            low = at + 1;
        else
            high = at;
    }
    return NULL;
}

phc_known_contract *phc_known_waiting(phc_known *k)
{
    if (k->next < k->first) k->next = k->first;
    while (k->next < k->end && k->v[k->next].is_done)
        k->next++;
    return k->next < k->end ? &k->v[k->next] : NULL;
}

void phc_leaf_hash(const uint8_t *canonical, size_t size, uint8_t ret[32])
{
    static const uint8_t prefix = 0x00;
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, &prefix, 1);
    crypto_hash_sha256_update(&h, canonical, size);
    crypto_hash_sha256_final(&h, ret);
}

size_t phc_countersigned_text(const char *market, uint64_t contract, const uint8_t leaf[32],
                              char to[PHC_COUNTERSIGNED_TEXT_MAX])
{
    char hash[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(hash, sizeof hash, leaf, 32, sodium_base64_VARIANT_ORIGINAL);
    return (size_t)snprintf(to, PHC_COUNTERSIGNED_TEXT_MAX,
                            "petahour countersignature v1\n%.63s\n%" PRIu64 "\n%s\n", market,
                            contract, hash);
}

bool phc_countersignature_verify(const char *market, const phc_signed_contract *s,
                                 const phc_countersignature *k)
{
    char text[PHC_COUNTERSIGNED_TEXT_MAX];
    uint8_t leaf[32];
    if (s != NULL)
        phc_leaf_hash(s->canonical, s->canonical_size, leaf);
    else
        memcpy(leaf, k->leaf_hash, sizeof leaf);
    size_t size = phc_countersigned_text(market, k->contract, leaf, text);
    return crypto_sign_ed25519_verify_detached(k->signature, (const uint8_t *)text, size, k->key) ==
           0;
}
