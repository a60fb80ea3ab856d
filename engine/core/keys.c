/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/keys.h"

#include <string.h>

#include "engine/base/panic.h"
#include "engine/core/hash.h"

enum {
    KEYS_PER_PARTICIPANT = 4, /* on average, revoked ones included */
    KEYS_SPARE = 512,
    TABLE_PARTICIPANTS = 1,
};

void ph_keys_init(ph_market *m, ph_arena *a)
{
    m->keys_max = m->limits.participants_max * KEYS_PER_PARTICIPANT + KEYS_SPARE;
    m->keys = ph_arena_take(a, (size_t)m->keys_max + 1, sizeof m->keys[0]);
    ph_index_init(&m->key_of, a, m->keys_max);
}

static uint64_t hash(ph_key_use use, const ph_key *key)
{
    return ph_hash_key(key, sizeof *key, use);
}

/* Row of a key that was ever registered, or PH_NONE. */
static uint32_t find(const ph_market *m, ph_key_use use, const ph_key *key)
{
    uint32_t row = PH_NONE;
    (void)ph_index_find(&m->key_of, hash(use, key), &row); /* none: PH_NONE */
    while (row != PH_NONE &&
           (m->keys[row].use != use || memcmp(&m->keys[row].key, key, sizeof *key) != 0))
        row = m->keys[row].next_of_hash;
    return row;
}

/* The same for the uses that one key cannot have both of, because connections show it. */
static uint32_t find_alike(const ph_market *m, ph_key_use use, const ph_key *key)
{
    uint32_t row = find(m, use, key);
    if (row != PH_NONE || use == PH_KEY_SIGNATURE) return row;
    return find(m, use == PH_KEY_READING ? PH_KEY_CONNECTION : PH_KEY_READING, key);
}

static bool is_zero(const ph_key *key)
{
    return memcmp(key, &(ph_key){.b = {0}}, sizeof *key) == 0;
}

static void put(ph_market *m, uint32_t participant, ph_key_use use, const ph_key *key)
{
    PH_ASSERT(m->key_cnt < m->keys_max);
    ph_participant *p = &m->participants[participant];
    uint32_t row = ++m->key_cnt, same_hash = PH_NONE;
    (void)ph_index_find(&m->key_of, hash(use, key), &same_hash); /* none: PH_NONE */
    m->keys[row] = (ph_key_row){.key = *key,
                                .use = use,
                                .participant = participant,
                                .next_of_participant = p->first_key,
                                .next_of_hash = same_hash};
    ph_index_put(&m->key_of, hash(use, key), row);
    p->first_key = row;
    p->key_cnt++;
    p->active_keys[use]++;
}

ph_reject ph_keys_check_first(const ph_market *m, const ph_register_participant *p,
                              int64_t ret_args[2])
{
    uint32_t row = find_alike(m, PH_KEY_CONNECTION, &p->curve_key);
    if (row == PH_NONE && !is_zero(&p->sign_key)) row = find(m, PH_KEY_SIGNATURE, &p->sign_key);
    ret_args[0] = m->keys[row].participant;
    ret_args[1] = 0;
    if (row != PH_NONE) return PH_REJECT_KEY_TAKEN;
    ret_args[0] = TABLE_PARTICIPANTS;
    ret_args[1] = m->keys_max;
    return m->key_cnt + 2 > m->keys_max ? PH_REJECT_TABLE_FULL : PH_REJECT_NONE;
}

void ph_keys_first(ph_market *m, uint32_t participant)
{
    const ph_register_participant *p = &m->participants[participant].registered;
    put(m, participant, PH_KEY_CONNECTION, &p->curve_key);
    if (!is_zero(&p->sign_key)) put(m, participant, PH_KEY_SIGNATURE, &p->sign_key);
}

/* Whose keys change, and that the sender may. */
static ph_reject check_owner(const ph_market *m, uint32_t sender, const ph_key_change *k,
                             int64_t args[2], uint32_t *ret_owner)
{
    uint32_t owner = k->participant.v == 0 ? sender : k->participant.v;
    args[0] = PH_ROLE_OPERATOR;
    args[1] = 0;
    if (owner != sender && !(m->participants[sender].registered.roles & PH_ROLE_OPERATOR))
        return PH_REJECT_ROLE_MISSING;
    args[0] = owner;
    if (owner > m->participant_cnt) return PH_REJECT_UNKNOWN_PARTICIPANT;
    args[1] = m->participants[owner].state;
    if (m->participants[owner].state == PH_PARTICIPANT_CLOSED)
        return PH_REJECT_PARTICIPANT_NOT_ACTIVE;
    *ret_owner = owner;
    return PH_REJECT_NONE;
}

ph_reject ph_keys_add(ph_market *m, uint32_t sender, const ph_key_change *k, int64_t ret_args[2])
{
    uint32_t owner = 0;
    ph_reject why = check_owner(m, sender, k, ret_args, &owner);
    if (why != PH_REJECT_NONE) return why;
    ret_args[0] = 3; /* field: no such public key exists */
    ret_args[1] = 0;
    if (is_zero(&k->key)) return PH_REJECT_FIELD_RANGE;
    ph_participant *p = &m->participants[owner];
    uint32_t row = find_alike(m, k->use, &k->key);
    const ph_key_row *had = &m->keys[row];
    ret_args[0] = had->participant;
    if (row != PH_NONE && (had->participant != owner || !had->revoked || had->use != k->use))
        return PH_REJECT_KEY_TAKEN;
    ret_args[0] = TABLE_PARTICIPANTS;
    ret_args[1] = PH_KEYS_MAX;
    if (p->active_keys[k->use] == PH_KEYS_MAX) return PH_REJECT_TABLE_FULL;
    if (row != PH_NONE) {
        m->keys[row].revoked = false;
        p->active_keys[k->use]++;
        return PH_REJECT_NONE;
    }
    ret_args[1] = PH_KEYS_EVER_MAX;
    if (p->key_cnt >= PH_KEYS_EVER_MAX) return PH_REJECT_TABLE_FULL;
    ret_args[1] = m->keys_max;
    if (m->key_cnt == m->keys_max) return PH_REJECT_TABLE_FULL;
    put(m, owner, k->use, &k->key);
    return PH_REJECT_NONE;
}

ph_reject ph_keys_revoke(ph_market *m, uint32_t sender, const ph_key_change *k, int64_t ret_args[2])
{
    uint32_t owner = 0;
    ph_reject why = check_owner(m, sender, k, ret_args, &owner);
    if (why != PH_REJECT_NONE) return why;
    ret_args[0] = owner;
    ret_args[1] = 0;
    uint32_t row = find(m, k->use, &k->key);
    if (row == PH_NONE || m->keys[row].participant != owner || m->keys[row].revoked)
        return PH_REJECT_UNKNOWN_KEY;
    ph_participant *p = &m->participants[owner];
    if (p->active_keys[k->use] == 1 && k->use != PH_KEY_READING) return PH_REJECT_LAST_KEY;
    m->keys[row].revoked = true;
    p->active_keys[k->use]--;
    return PH_REJECT_NONE;
}

ph_reject ph_keys_check_take_over(const ph_market *m, uint32_t sender, const ph_take_over *t,
                                  int64_t ret_args[2])
{
    ret_args[0] = sender;
    ret_args[1] = 0;
    bool is_own = ph_market_key_owner(m, PH_KEY_CONNECTION, &t->key).v == sender ||
                  ph_market_key_owner(m, PH_KEY_READING, &t->key).v == sender;
    return is_own ? PH_REJECT_NONE : PH_REJECT_UNKNOWN_KEY;
}

uint32_t ph_market_keys(const ph_market *m, ph_participant_id id, ph_market_key *to, uint32_t max)
{
    if (id.v == 0 || id.v > m->participant_cnt) return 0;
    uint32_t cnt = 0;
    for (uint32_t row = m->participants[id.v].first_key; row != PH_NONE;
         row = m->keys[row].next_of_participant) {
        const ph_key_row *k = &m->keys[row];
        if (cnt < max) to[cnt] = (ph_market_key){k->use, k->key, k->revoked};
        cnt++;
    }
    return cnt;
}

ph_participant_id ph_market_key_owner(const ph_market *m, ph_key_use use, const ph_key *key)
{
    uint32_t row = find(m, use, key);
    return (ph_participant_id){m->keys[row].revoked ? 0 : m->keys[row].participant};
}

bool ph_keys_again(ph_market *m)
{
    uint32_t cnt = m->key_cnt;
    m->key_cnt = 0;
    for (uint32_t i = 1; i <= cnt; i++) {
        ph_key_row row = m->keys[i];
        if (find_alike(m, row.use, &row.key) != PH_NONE) return false;
        put(m, row.participant, row.use, &row.key);
        m->keys[i].revoked = row.revoked;
        if (row.revoked) m->participants[row.participant].active_keys[row.use]--;
    }
    for (uint32_t i = 1; i <= m->participant_cnt; i++) {
        const ph_participant *p = &m->participants[i];
        if (p->key_cnt > PH_KEYS_EVER_MAX) return false;
        for (uint32_t use = PH_KEY_CONNECTION; use < PH_KEY_USES; use++)
            if (p->active_keys[use] > PH_KEYS_MAX) return false;
    }
    return true;
}
