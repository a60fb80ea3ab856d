/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/parties.h"

static void add(phg_parties *p, ph_participant_id who)
{
    for (uint32_t i = 0; i < p->cnt; i++)
        if (p->v[i].v == who.v) return;
    p->v[p->cnt++] = who;
}

bool phg_parties_of(const phg_contract_parties *contracts, uint64_t cnt, ph_contract_id id,
                    phg_parties *ret)
{
    *ret = (phg_parties){.cnt = 0};
    if (id.v == 0 || id.v > cnt) return false;
    const phg_contract_parties *c = ret->contract = &contracts[id.v - 1];
    add(ret, c->buyer);
    add(ret, c->supplier);
    add(ret, c->seller);
    ret->named_cnt = ret->cnt;
    for (int link = 0; c->from.v != 0; link++) {
        if (link == PH_RESALES_MAX) return false;
        add(ret, c->seller);
        c = &contracts[c->from.v - 1];
    }
    return true;
}
