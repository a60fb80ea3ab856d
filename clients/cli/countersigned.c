/* SPDX-License-Identifier: Apache-2.0 */
/* Whose countersignatures a contract has, in words. */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <string.h>

static void judge(const phc_signed_contract *s, const phc_contract *c, const uint8_t named[32],
                  const phc_countersignature *given, cli_party *p)
{
    memcpy(p->key, given->key, sizeof p->key);
    if (given->contract != c->contract || !phc_countersignature_verify(c->market, s, given))
        p->verdict = CLI_FALSE;
    else
        p->verdict = memcmp(given->key, named, 32) == 0 ? CLI_HOLDS : CLI_OTHER_KEY;
}

size_t cli_parties(const phc_signed_contract *s, const phc_contract *c,
                   const phc_countersignature *given, size_t cnt, cli_party ret[CLI_PARTIES_MAX])
{
    const uint8_t *named[CLI_PARTIES_MAX] = {c->buyer_key, c->supplier_key, c->seller_key};
    ret[0] = (cli_party){.part = "buyer", .name = c->buyer_name, .participant = c->buyer};
    ret[1] = (cli_party){.part = "supplier", .name = c->supplier_name, .participant = c->supplier};
    ret[2] = (cli_party){.part = "seller", .name = c->seller_name, .participant = c->seller};
    size_t parties = c->from_contract == 0 ? 2 : 3;
    for (size_t i = 0; i < parties; i++) {
        for (size_t g = 0; g < cnt; g++) {
            if (given[g].participant != ret[i].participant) continue;
            judge(s, c, named[i], &given[g], &ret[i]);
            break;
        }
    }
    return parties;
}

char *cli_party_text(const cli_party *p, char to[400])
{
    char hex[65];
    switch (p->verdict) {
    case CLI_MISSING:
        snprintf(to, 400,
                 "the %s, %s, has not countersigned in this file: the contract binds it from the "
                 "trade on all the same",
                 p->part, p->name);
        break;
    case CLI_HOLDS:
        snprintf(to, 400, "the %s, %s, countersigned with the key that the contract names", p->part,
                 p->name);
        break;
    case CLI_OTHER_KEY:
        snprintf(to, 400,
                 "the %s, %s, is said to have countersigned with the key %s, which the contract "
                 "does not name: whether it was the %s's then, the journal says",
                 p->part, p->name, phc_hex_text(p->key, 32, hex), p->part);
        break;
    case CLI_FALSE:
        snprintf(to, 400, "the countersignature of the %s, %s, is false", p->part, p->name);
        break;
    }
    return to;
}
