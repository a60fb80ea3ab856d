/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/notary_key.h"

#include <string.h>

enum { TABLE_NOTARY_KEYS = 18 }; /* for TABLE_FULL: behind those of ph_market_limits */

void ph_notary_key_init(ph_market *m, ph_arena *a)
{
    m->notary_keys = ph_arena_take(a, PH_NOTARY_KEYS_MAX, sizeof m->notary_keys[0]);
}

void ph_notary_key_first(ph_market *m, const ph_key *key)
{
    m->notary_keys[0] = (ph_notary_key){.key = *key, .seq = m->seq + 1};
    m->notary_key_cnt = 1;
}

static bool is_named(const ph_market *m, const ph_key *key, uint32_t cnt)
{
    for (uint32_t i = 0; i < cnt; i++) {
        if (memcmp(&m->notary_keys[i].key, key, sizeof *key) == 0) return true;
    }
    return false;
}

ph_reject ph_notary_key_rotate(ph_market *m, const ph_rotate_notary_key *r, int64_t ret_args[2])
{
    static const ph_key none;
    ret_args[0] = 1; /* field: no such public key exists */
    ret_args[1] = 0;
    if (memcmp(&r->key, &none, sizeof none) == 0) return PH_REJECT_FIELD_RANGE;
    ret_args[0] = ph_market_key_owner(m, PH_KEY_SIGNATURE, &r->key).v;
    if (ret_args[0] != 0 || is_named(m, &r->key, m->notary_key_cnt)) return PH_REJECT_KEY_TAKEN;
    ret_args[0] = TABLE_NOTARY_KEYS;
    ret_args[1] = PH_NOTARY_KEYS_MAX;
    if (m->notary_key_cnt == PH_NOTARY_KEYS_MAX) return PH_REJECT_TABLE_FULL;
    m->notary_keys[m->notary_key_cnt++] =
        (ph_notary_key){r->key, m->seq + 1, r->proof, r->endorsement};
    return PH_REJECT_NONE;
}

uint32_t ph_market_notary_keys(const ph_market *m, const ph_notary_key **ret)
{
    *ret = m->notary_keys;
    return m->notary_key_cnt;
}

const char *ph_notary_key_wrong(const ph_market *m)
{
    if (m->opened != (m->notary_key_cnt > 0)) return "an open market has a notary key";
    for (uint32_t i = 0; i < m->notary_key_cnt; i++) {
        const ph_notary_key *k = &m->notary_keys[i];
        if (k->seq == 0 || k->seq > m->seq || (i > 0 && k->seq <= m->notary_keys[i - 1].seq))
            return "notary keys are not in the order of their records";
        if (is_named(m, &k->key, i)) return "a notary key is named twice";
    }
    return NULL;
}
