/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"

#include "clients/lib/note.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Countersignatures of ours that may be unanswered at one time: orders go first. */
enum { UNANSWERED_MAX = 256 };

/* ---- Keys of the notary -------------------------------------------------------------------- */

void phc_signatures_key(phc_client *c, const Petahour__V1__NotaryKey *m)
{
    phc_notary_change n;
    if (!phc_decode_notary_key(m, &n)) {
        phc_client_problem(c, PHC_ECORRUPT, "a key of the notary makes no sense");
        return;
    }
    const uint8_t *trusted = c->trusted_cnt == 0 ? NULL : c->trusted[0];
    char text[300], hex[65];
    switch (phc_notary_take(&c->notary_keys, c->market, &n, trusted, c->trusted_cnt)) {
    case PHC_NOTARY_KNOWN: return;
    case PHC_NOTARY_UNPROVED:
        snprintf(text, sizeof text,
                 "record %llu names a notary key without a proof that holds: it signs nothing",
                 (unsigned long long)n.sequence);
        phc_client_problem(c, PHC_EVERIFY, text);
        return;
    case PHC_NOTARY_UNTRUSTED:
        snprintf(text, sizeof text,
                 "the notary signs with key %s after record %llu, which no trusted key endorsed: "
                 "ask the exchange, then configure it",
                 phc_hex_text(n.key, sizeof n.key, hex), (unsigned long long)n.sequence);
        phc_client_problem(c, PHC_EVERIFY, text);
        break;
    case PHC_NOTARY_TAKEN: break;
    }
    const phc_notary_row *row = &c->notary_keys.v[c->notary_keys.cnt - 1];
    phc_notary_key k = {.sequence = row->sequence, .trusted = row->is_trusted};
    memcpy(k.key, row->key, sizeof k.key);
    c->handled++;
    if (c->cb.on_notary_key != NULL) c->cb.on_notary_key(c->cb.arg, &k);
}

const char *phc_signatures_judge(phc_client *c, const phc_signed_contract *s, char *err,
                                 size_t err_size)
{
    phc_checkpoint root;
    /* Before it is verified: it only says which key must have signed. */
    if (!phc_checkpoint_read(s->signed_root, s->signed_root_size, c->market, &root))
        return "the signed root is not a root of this market";
    const phc_notary_row *row = phc_notary_at(&c->notary_keys, root.first_sequence);
    if (!row->is_trusted) return "the notary key that was in force is not one that is trusted";
    return phc_contract_verify(s, c->market, row->key, err, err_size) == PHC_OK ? NULL : err;
}

/* ---- Countersignatures --------------------------------------------------------------------- */

void phc_signatures_contract(phc_client *c, const phc_contract *k, const phc_signed_contract *s)
{
    uint8_t leaf[32];
    phc_leaf_hash(s->canonical, s->canonical_size, leaf);
    if (!phc_known_add(&c->known, k->contract, leaf))
        phc_client_problem(c, PHC_ENOMEM, "no memory to remember a contract");
}

void phc_signatures_take(phc_client *c, const Petahour__V1__Countersignature *m)
{
    phc_countersignature k;
    char text[200];
    if (!phc_decode_countersignature(m, &k)) {
        phc_client_problem(c, PHC_ECORRUPT, "a countersignature makes no sense");
        phc_connection_lose(c, "a countersignature makes no sense");
        return;
    }
    if (!phc_session_number(c, "countersignature", k.stream_number, &c->next_countersignature))
        return;
    phc_known_contract *known = phc_known_find(&c->known, k.contract);
    k.replayed = k.stream_number <= c->logon.last_countersignature;
    k.holds = phc_countersignature_verify(c->market, NULL, &k);
    k.compared = known != NULL && memcmp(known->leaf, k.leaf_hash, sizeof known->leaf) == 0;
    if (known != NULL && k.participant == c->logon.participant) known->is_done = true;
    bool says_holds =
        m->verdict == PETAHOUR__V1__COUNTERSIGNATURE_VERDICT__COUNTERSIGNATURE_VERDICT_HOLDS;
    if ((known != NULL && !k.compared) || k.holds != says_holds) {
        k.holds = false;
        snprintf(text, sizeof text,
                 "the countersignature of participant %u under contract %llu is not what it is "
                 "said to be",
                 (unsigned)k.participant, (unsigned long long)k.contract);
        phc_client_problem(c, PHC_EVERIFY, text);
    }
    c->handled++;
    if (c->cb.on_countersignature != NULL) c->cb.on_countersignature(c->cb.arg, &k);
}

void phc_signatures_refused(phc_client *c, const phc_result *r)
{
    char text[200];
    if (!c->countersigns || strcmp(r->command, "COUNTERSIGN_CONTRACT") != 0) return;
    c->countersigns = false;
    snprintf(text, sizeof text, "contracts are not countersigned any more: %.100s (%.30s)",
             r->reject_text, r->reject_name);
    phc_client_problem(c, PHC_EDENIED, text);
}

void phc_signatures_send(phc_client *c)
{
    if (c->state != PHC_READY || !c->countersigns || c->logon.reads_only) return;
    phc_known_contract *k;
    while (c->outbox.cnt < UNANSWERED_MAX && (k = phc_known_waiting(&c->known)) != NULL) {
        if (phc_countersign_known(c, k) != PHC_OK) return; /* later, when there is room */
        c->again = true;
    }
}
