/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/notary_keys.h"

#include "engine/base/panic.h"

#include <sodium.h>
#include <stdio.h>

size_t ph_notary_keys_text(const char *market, const ph_key *before, const ph_key *key,
                           char to[PH_NOTARY_KEY_TEXT_MAX])
{
    char text[2][sodium_base64_ENCODED_LEN(sizeof key->b, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text[0], sizeof text[0], before->b, sizeof before->b,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2base64(text[1], sizeof text[1], key->b, sizeof key->b,
                      sodium_base64_VARIANT_ORIGINAL);
    int size = snprintf(to, PH_NOTARY_KEY_TEXT_MAX, "petahour notary key v1\n%s\n%s\n%s\n", market,
                        text[0], text[1]);
    PH_ASSERT(size > 0 && size < PH_NOTARY_KEY_TEXT_MAX);
    return (size_t)size;
}

static bool holds(const ph_signature *signature, const char *text, size_t size, const ph_key *by)
{
    return crypto_sign_ed25519_verify_detached(signature->b, (const unsigned char *)text, size,
                                               by->b) == 0;
}

bool ph_notary_keys_take(ph_notary_keys *k, const char *market, const ph_notary_key *named)
{
    char text[PH_NOTARY_KEY_TEXT_MAX];
    bool is_endorsed = true;
    if (k->cnt == PH_NOTARY_KEYS_MAX) return false;
    if (k->cnt > 0) {
        const ph_key *before = &k->v[k->cnt - 1].key;
        size_t size = ph_notary_keys_text(market, before, &named->key, text);
        if (!holds(&named->proof, text, size, &named->key)) return false;
        is_endorsed = holds(&named->endorsement, text, size, before);
    }
    k->v[k->cnt++] = (ph_notary_keys_row){named->seq, named->key, is_endorsed};
    return true;
}

uint32_t ph_notary_keys_follow(ph_notary_keys *k, const ph_market *m)
{
    const ph_open_market *opened = ph_market_opened(m);
    const ph_notary_key *named;
    uint32_t cnt = ph_market_notary_keys(m, &named), unproved = 0;
    for (; k->seen < cnt; k->seen++) {
        if (!ph_notary_keys_take(k, opened->market.s, &named[k->seen])) unproved++;
    }
    return unproved;
}

const ph_key *ph_notary_keys_at(const ph_notary_keys *k, uint64_t first_seq)
{
    PH_ASSERT(k->cnt > 0);
    uint32_t i = k->cnt - 1;
    while (i > 0 && k->v[i].seq >= first_seq)
        i--;
    return &k->v[i].key;
}
