/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/statements.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/wire/statement.h"

static bool is_done(const ph_replay_record *r)
{
    for (uint32_t e = 0; e < r->event_cnt; e++)
        if (r->events[e].kind == PH_EVT_DONE) return true;
    return false;
}

static bool changes_keys(const ph_replay_record *r)
{
    bool is_change = r->command.kind == PH_CMD_ADD_KEY || r->command.kind == PH_CMD_REVOKE_KEY;
    return is_change && r->command.u.key.use == PH_KEY_SIGNATURE && is_done(r);
}

ph_status ph_statements_take(ph_statements *s, const ph_market *m, const ph_replay_batch *batch)
{
    s->market = m;
    s->batch = batch;
    s->cnt = 0;
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        if (!changes_keys(&batch->records[i])) continue;
        if (s->cnt == s->max) {
            uint32_t max = 2 * s->max + 16;
            uint32_t *grown = reallocarray(s->changes, max, sizeof *grown);
            if (grown == NULL) return PH_EFULL;
            s->changes = grown;
            s->max = max;
        }
        s->changes[s->cnt++] = i;
    }
    return PH_OK;
}

bool ph_statements_is_taken(const ph_replay_record *r)
{
    return ph_statement_signature(&r->command) != NULL && is_done(r);
}

/* Whether the key was its owner's at a place in the batch.  The last change before decides; or the
   first one after, which found the opposite of what it left; or the market. */
static bool is_valid(const ph_statements *s, uint32_t i, ph_participant_id owner,
                     const ph_market_key *k)
{
    bool is_valid = !k->revoked;
    for (uint32_t n = s->cnt; n-- > 0;) {
        const ph_command *c = &s->batch->records[s->changes[n]].command;
        uint32_t of = c->u.key.participant.v == 0 ? c->sender.v : c->u.key.participant.v;
        if (of != owner.v || memcmp(&c->u.key.key, &k->key, sizeof k->key) != 0) continue;
        bool is_added = c->kind == PH_CMD_ADD_KEY;
        if (s->changes[n] < i) return is_added;
        is_valid = !is_added;
    }
    return is_valid;
}

uint32_t ph_statements_keys(const ph_statements *s, uint32_t i, ph_key to[PH_KEYS_MAX])
{
    PH_ASSERT(i < s->batch->record_cnt);
    ph_participant_id sender = s->batch->records[i].command.sender;
    ph_market_key keys[PH_KEYS_EVER_MAX];
    uint32_t ever = ph_market_keys(s->market, sender, keys, PH_KEYS_EVER_MAX), cnt = 0;
    PH_ASSERT(ever <= PH_KEYS_EVER_MAX);
    for (uint32_t k = 0; k < ever; k++) {
        if (keys[k].use != PH_KEY_SIGNATURE || !is_valid(s, i, sender, &keys[k])) continue;
        PH_ASSERT(cnt < PH_KEYS_MAX); /* the market allows no more at one time */
        to[cnt++] = keys[k].key;
    }
    return cnt;
}

bool ph_statements_signed(const char *market, const ph_command *c, const ph_key *keys, uint32_t cnt)
{
    char text[PH_STATEMENT_MAX];
    size_t size = ph_statement_text(market, c, text);
    const ph_signature *signature = ph_statement_signature(c);
    for (uint32_t k = 0; k < cnt; k++)
        if (crypto_sign_ed25519_verify_detached(signature->b, (const unsigned char *)text, size,
                                                keys[k].b) == 0)
            return true;
    return false;
}

bool ph_statements_holds(const ph_statements *s, uint32_t i)
{
    ph_key keys[PH_KEYS_MAX];
    uint32_t cnt = ph_statements_keys(s, i, keys);
    return ph_statements_signed(ph_market_opened(s->market)->market.s,
                                &s->batch->records[i].command, keys, cnt);
}

void ph_statements_release(ph_statements *s)
{
    free(s->changes);
    *s = (ph_statements){0};
}
