/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/countersign.h"

void ph_countersign_init(ph_market *m, ph_arena *a)
{
    m->countersigned =
        ph_arena_take(a, (size_t)m->limits.contracts_max + 1, sizeof m->countersigned[0]);
}

/* PH_PARTY_* bits that a participant has in a contract. */
static uint8_t parts_of(const ph_contract *c, uint32_t participant)
{
    unsigned parts = 0;
    if (c->buyer == participant) parts |= PH_PARTY_BUYER;
    if (c->supplier == participant) parts |= PH_PARTY_SUPPLIER;
    /* Who sold it on, or the supplier itself. */
    if ((c->parent == 0 ? c->supplier : c->reseller) == participant) parts |= PH_PARTY_SELLER;
    return (uint8_t)parts;
}

ph_reject ph_countersign_take(ph_market *m, uint32_t sender, const ph_countersign_contract *c,
                              int64_t ret_args[2], bool *ret_first)
{
    ret_args[0] = (int64_t)c->contract.v;
    ret_args[1] = 0;
    if (c->contract.v == 0 || c->contract.v > m->last_contract) return PH_REJECT_UNKNOWN_CONTRACT;
    uint8_t parts = parts_of(&m->contracts[c->contract.v], sender);
    if (parts == 0) return PH_REJECT_NOT_PARTY;
    ret_args[0] = sender;
    if (ph_market_key_owner(m, PH_KEY_SIGNATURE, &c->key).v != sender) return PH_REJECT_UNKNOWN_KEY;
    uint8_t *done = &m->countersigned[c->contract.v];
    *ret_first = (*done & parts) != parts;
    *done |= parts;
    return PH_REJECT_NONE;
}

uint32_t ph_market_countersigned(const ph_market *m, ph_contract_id id)
{
    return id.v == 0 || id.v > m->last_contract ? 0 : m->countersigned[id.v];
}

/* Parts of one participant are countersigned together. */
static bool is_whole(const ph_contract *c, uint8_t done)
{
    const uint32_t parties[] = {c->buyer, c->supplier, c->parent == 0 ? c->supplier : c->reseller};
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++) {
        uint8_t parts = parts_of(c, parties[i]);
        if ((done & parts) != 0 && (done & parts) != parts) return false;
    }
    return true;
}

const char *ph_countersign_broken(const ph_market *m)
{
    for (uint64_t id = 1; id <= m->last_contract; id++) {
        if (m->countersigned[id] > PH_PARTIES_ALL ||
            !is_whole(&m->contracts[id], m->countersigned[id]))
            return "a contract is countersigned by nobody";
    }
    return NULL;
}
