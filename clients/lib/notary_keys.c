/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/notary_keys.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

size_t phc_notary_key_text(const char *market, const uint8_t before[32], const uint8_t key[32],
                           char to[PHC_NOTARY_KEY_TEXT_MAX])
{
    char text[2][sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text[0], sizeof text[0], before, 32, sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2base64(text[1], sizeof text[1], key, 32, sodium_base64_VARIANT_ORIGINAL);
    return (size_t)snprintf(to, PHC_NOTARY_KEY_TEXT_MAX, "petahour notary key v1\n%.63s\n%s\n%s\n",
                            market, text[0], text[1]);
}

static bool is_trusted(const uint8_t key[32], const uint8_t *trusted, size_t cnt)
{
    for (size_t i = 0; i < cnt; i++) {
        if (memcmp(trusted + 32 * i, key, 32) == 0) return true;
    }
    return trusted == NULL;
}

bool phc_notary_begin(phc_notary_keys *k, const uint8_t first[32], const uint8_t *trusted,
                      size_t trusted_cnt)
{
    k->cnt = 1;
    k->v[0].sequence = 0;
    memcpy(k->v[0].key, first, sizeof k->v[0].key);
    k->v[0].is_trusted = is_trusted(first, trusted, trusted_cnt);
    return k->v[0].is_trusted;
}

phc_notary_verdict phc_notary_take(phc_notary_keys *k, const char *market,
                                   const phc_notary_change *n, const uint8_t *trusted,
                                   size_t trusted_cnt)
{
    char text[PHC_NOTARY_KEY_TEXT_MAX];
    const phc_notary_row *before = &k->v[k->cnt - 1];
    if (n->sequence <= before->sequence) return PHC_NOTARY_KNOWN;
    size_t size = phc_notary_key_text(market, before->key, n->key, text);
    const uint8_t *signed_text = (const uint8_t *)text;
    if (k->cnt == PHC_NOTARY_KEYS_MAX ||
        crypto_sign_ed25519_verify_detached(n->proof, signed_text, size, n->key) != 0)
        return PHC_NOTARY_UNPROVED;
    bool is_endorsed =
        before->is_trusted &&
        crypto_sign_ed25519_verify_detached(n->endorsement, signed_text, size, before->key) == 0;
    phc_notary_row *row = &k->v[k->cnt++];
    row->sequence = n->sequence;
    memcpy(row->key, n->key, sizeof row->key);
    row->is_trusted = is_endorsed || is_trusted(n->key, trusted, trusted_cnt);
    return row->is_trusted ? PHC_NOTARY_TAKEN : PHC_NOTARY_UNTRUSTED;
}

const phc_notary_row *phc_notary_at(const phc_notary_keys *k, uint64_t first_sequence)
{
    uint32_t i = k->cnt - 1;
    while (i > 0 && k->v[i].sequence >= first_sequence)
        i--;
    return &k->v[i];
}
