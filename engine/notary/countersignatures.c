/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/countersignatures.h"

#include "engine/base/panic.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ph_countersignatures {
    ph_text64 market;
    uint64_t before; /* contracts */
    ph_hash *leaves; /* of contract n: leaves[n - 1 - before] */
    uint64_t cnt, max;
    uint64_t passed;
};

size_t ph_countersigned_text(const char *market, ph_contract_id contract, const ph_hash *leaf,
                             char to[PH_COUNTERSIGNED_TEXT_MAX])
{
    char hash[sodium_base64_ENCODED_LEN(sizeof leaf->b, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(hash, sizeof hash, leaf->b, sizeof leaf->b, sodium_base64_VARIANT_ORIGINAL);
    int size =
        snprintf(to, PH_COUNTERSIGNED_TEXT_MAX,
                 "petahour countersignature v1\n%s\n%" PRIu64 "\n%s\n", market, contract.v, hash);
    PH_ASSERT(size > 0 && size < PH_COUNTERSIGNED_TEXT_MAX);
    return (size_t)size;
}

bool ph_countersignature_holds(const char *market, const ph_countersignature *c)
{
    char text[PH_COUNTERSIGNED_TEXT_MAX];
    size_t size = ph_countersigned_text(market, c->contract, &c->leaf, text);
    return crypto_sign_ed25519_verify_detached(c->signature.b, (const unsigned char *)text, size,
                                               c->key.b) == 0;
}

ph_countersignatures *ph_countersignatures_new(const char *market, uint64_t before)
{
    ph_countersignatures *s = calloc(1, sizeof *s);
    if (s == NULL) return NULL;
    bool fits = ph_text_set(s->market.s, sizeof s->market.s, market);
    PH_ASSERT(fits);
    s->before = before;
    return s;
}

static ph_status remember(ph_countersignatures *s, const ph_contracts *contracts)
{
    uint32_t more = ph_contracts_cnt(contracts);
    if (s->cnt + more > s->max) {
        uint64_t max = 2 * (s->cnt + more) + 1024;
        ph_hash *grown = reallocarray(s->leaves, max, sizeof *grown);
        if (grown == NULL) return PH_EFULL;
        s->leaves = grown;
        s->max = max;
    }
    for (uint32_t i = 0; i < more; i++)
        s->leaves[s->cnt++] = *ph_contracts_leaf_hash(contracts, i);
    return PH_OK;
}

bool ph_countersignatures_is_taken(const ph_replay_record *r)
{
    if (r->command.kind != PH_CMD_COUNTERSIGN_CONTRACT) return false;
    for (uint32_t e = 0; e < r->event_cnt; e++) {
        if (r->events[e].kind == PH_EVT_DONE) return r->events[e].u.done.count == 1;
    }
    return false;
}

ph_status ph_countersignatures_take(ph_countersignatures *s, const ph_contracts *contracts,
                                    const ph_replay_batch *batch, ph_countersignatures_on on,
                                    void *arg)
{
    ph_status st = remember(s, contracts);
    for (uint32_t i = 0; st == PH_OK && i < batch->record_cnt; i++) {
        const ph_replay_record *r = &batch->records[i];
        if (!ph_countersignatures_is_taken(r)) continue;
        const ph_countersign_contract *given = &r->command.u.countersignature;
        PH_ASSERT(given->contract.v >= 1 && given->contract.v <= s->before + s->cnt);
        if (given->contract.v <= s->before) {
            s->passed++;
            continue;
        }
        ph_countersignature c = {.contract = given->contract,
                                 .seq = r->command.seq,
                                 .at = r->command.at,
                                 .participant = r->command.sender,
                                 .key = given->key,
                                 .leaf = s->leaves[given->contract.v - 1 - s->before],
                                 .signature = given->signature};
        c.holds = ph_countersignature_holds(s->market.s, &c);
        st = on(arg, &c);
    }
    return st;
}

uint64_t ph_countersignatures_passed(const ph_countersignatures *s)
{
    return s->passed;
}

void ph_countersignatures_free(ph_countersignatures *s)
{
    if (s == NULL) return;
    free(s->leaves);
    free(s);
}
