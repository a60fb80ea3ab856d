/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/countersigned.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- One contract -------------------------------------------------------------------------- */

static void add_party(ph_countersigned *c, const char *part, ph_participant_id id,
                      const ph_text64 *name, const ph_key *named)
{
    c->v[c->cnt++] =
        (ph_countersigned_party){.part = part, .id = id, .name = *name, .named = *named};
}

void ph_countersigned_begin(ph_countersigned *c, const ph_document *d, const ph_hash *leaf)
{
    *c = (ph_countersigned){.market = d->market, .contract = d->contract, .leaf = *leaf};
    add_party(c, "buyer", d->buyer.id, &d->buyer.name, &d->buyer.key);
    add_party(c, "supplier", d->supplier.id, &d->supplier.name, &d->supplier.key);
    if (d->from_contract.v != 0) add_party(c, "seller", d->seller, &d->seller_name, &d->seller_key);
}

/* A participant that is two parties signs for both; the first one of each counts. */
static bool give(ph_countersigned *c, const ph_countersignature *given)
{
    bool is_party = false;
    for (uint32_t i = 0; i < c->cnt; i++) {
        if (c->v[i].id.v != given->participant.v) continue;
        is_party = true;
        if (c->v[i].is_given) continue;
        c->v[i].is_given = true;
        c->v[i].given = *given;
        c->v[i].given.contract = c->contract;
        c->v[i].given.leaf = c->leaf;
        c->v[i].given.holds = ph_countersignature_holds(c->market.s, &c->v[i].given);
    }
    return is_party;
}

void ph_countersigned_batch(ph_countersigned *c, const ph_replay_batch *batch)
{
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        const ph_replay_record *r = &batch->records[i];
        const ph_countersign_contract *k = &r->command.u.countersignature;
        if (!ph_countersignatures_is_taken(r) || k->contract.v != c->contract.v) continue;
        (void)give(c, &(ph_countersignature){.seq = r->command.seq,
                                             .at = r->command.at,
                                             .participant = r->command.sender,
                                             .key = k->key,
                                             .signature = k->signature}); /* the market saw to it */
    }
}

int ph_countersigned_saved(ph_countersigned *c, const ph_saved *s)
{
    for (uint32_t i = 0; i < s->countersignature_cnt; i++) {
        const ph_saved_countersignature *k = &s->countersignatures[i];
        if (give(c, &(ph_countersignature){
                        .participant = k->participant, .key = k->key, .signature = k->signature}))
            continue;
        ph_audit_say("participant %" PRIu32 ", whose countersignature the file has, is no party",
                     k->participant.v);
        return PH_AUDIT_WRONG;
    }
    return PH_AUDIT_RIGHT;
}

const char *ph_countersigned_false(const ph_countersigned *c)
{
    for (uint32_t i = 0; i < c->cnt; i++)
        if (c->v[i].is_given && !c->v[i].given.holds) return c->v[i].part;
    return NULL;
}

static bool is_named(const ph_countersigned_party *p)
{
    return memcmp(&p->given.key, &p->named, sizeof p->named) == 0;
}

/* The market takes none but with a key of the party. */
static bool is_unproved(const ph_countersigned_party *p)
{
    return p->is_given && p->given.holds && p->given.seq == 0 && !is_named(p);
}

uint32_t ph_countersigned_unproved(const ph_countersigned *c)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < c->cnt; i++)
        cnt += is_unproved(&c->v[i]);
    return cnt;
}

int ph_countersigned_print(const ph_countersigned *c)
{
    int status = PH_AUDIT_RIGHT;
    for (uint32_t i = 0; i < c->cnt; i++) {
        const ph_countersigned_party *p = &c->v[i];
        const ph_countersignature *k = &p->given;
        char hex[65], record[48] = "";
        if (!p->is_given) {
            printf("missing: the %s, %" PRIu32 " %s, has not countersigned; the contract binds it "
                   "all the same\n",
                   p->part, p->id.v, p->name.s);
            continue;
        }
        if (k->seq != 0) snprintf(record, sizeof record, " by record %" PRIu64, k->seq);
        const char *verdict = is_unproved(p) ? "unproved" : k->holds ? "right" : "false";
        printf("%s: the countersignature of the %s, %" PRIu32 " %s,%s with %s%s%s\n", verdict,
               p->part, p->id.v, p->name.s, record,
               is_named(p) ? "the key that the contract names" : "key ",
               is_named(p) ? "" : sodium_bin2hex(hex, sizeof hex, k->key.b, sizeof k->key.b),
               is_unproved(p) ? ", which the contract does not name: whose it was, the journal says"
                              : "");
        if (!k->holds) status = PH_AUDIT_WRONG;
    }
    return status;
}

int ph_countersigned_compare(const ph_countersigned *journal, const ph_saved *s)
{
    for (uint32_t i = 0; i < s->countersignature_cnt; i++) {
        const ph_saved_countersignature *k = &s->countersignatures[i];
        bool is_there = false;
        for (uint32_t p = 0; p < journal->cnt; p++) {
            const ph_countersigned_party *of = &journal->v[p];
            is_there =
                is_there || (of->is_given && of->id.v == k->participant.v &&
                             memcmp(&of->given.key, &k->key, sizeof k->key) == 0 &&
                             memcmp(&of->given.signature, &k->signature, sizeof k->signature) == 0);
        }
        if (is_there) continue;
        ph_audit_say("the countersignature of participant %" PRIu32 " in the file is not one that "
                     "the journal has",
                     k->participant.v);
        return PH_AUDIT_WRONG;
    }
    return PH_AUDIT_RIGHT;
}

/* ---- All contracts ------------------------------------------------------------------------- */

static ph_status add_judged(void *arg, const ph_countersignature *c)
{
    ph_countersigned_sums *s = arg;
    if (c->holds)
        s->holding++;
    else if (s->is_false++ == 0)
        s->first_false = c->seq;
    return PH_OK;
}

int ph_countersigned_sums_batch(ph_countersigned_sums *s, const ph_market *m,
                                const ph_replay_batch *batch)
{
    char err[512] = "could not verify countersignatures: no memory";
    ph_status st = PH_OK;
    const ph_open_market *opened = ph_market_opened(m);
    if (s->judge == NULL && opened != NULL) {
        s->contracts = ph_contracts_new();
        s->judge = ph_countersignatures_new(opened->market.s, s->before);
        if (s->contracts == NULL || s->judge == NULL) st = PH_EFULL;
    }
    if (s->judge == NULL && st == PH_OK) return PH_AUDIT_RIGHT; /* not opened yet */
    if (st == PH_OK) st = ph_contracts_collect(s->contracts, m, batch, err, sizeof err);
    if (st == PH_OK) st = ph_countersignatures_take(s->judge, s->contracts, batch, add_judged, s);
    if (st == PH_OK) {
        s->passed = ph_countersignatures_passed(s->judge);
        return PH_AUDIT_RIGHT;
    }
    ph_audit_say("%s", err);
    return ph_audit_exit(st);
}

void ph_countersigned_sums_end(ph_countersigned_sums *s, const ph_market *m)
{
    for (uint64_t id = 1; id <= ph_market_contract_cnt(m); id++) {
        uint32_t parts = ph_market_countersigned(m, (ph_contract_id){id});
        if (parts == 0)
            s->none++;
        else if (parts == PH_PARTIES_ALL)
            s->whole++;
        else
            s->part++;
    }
}

void ph_countersigned_sums_print(const ph_countersigned_sums *s, bool is_judged)
{
    printf("signed     by all parties %" PRIu64 " contracts, by some %" PRIu64 ", by none %" PRIu64
           "\n",
           s->whole, s->part, s->none);
    if (!is_judged) {
        if (s->whole + s->part != 0)
            puts("           not judged: whether they hold; --countersignatures verifies them");
        return;
    }
    printf("           %" PRIu64 " countersignatures hold, %" PRIu64 " are false", s->holding,
           s->is_false);
    if (s->is_false != 0) printf(", the first by record %" PRIu64, s->first_false);
    puts("");
    if (s->passed != 0)
        printf("           %" PRIu64
               " more, not judged: under contracts from before the snapshot\n",
               s->passed);
}

json_t *ph_countersigned_sums_json(const ph_countersigned_sums *s, bool is_judged)
{
    if (!is_judged)
        return json_pack("{s:I, s:I, s:I, s:b}", "by_all", (json_int_t)s->whole, "by_some",
                         (json_int_t)s->part, "by_none", (json_int_t)s->none, "judged", 0);
    return json_pack("{s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I}", "by_all", (json_int_t)s->whole,
                     "by_some", (json_int_t)s->part, "by_none", (json_int_t)s->none, "judged", 1,
                     "holding", (json_int_t)s->holding, "false", (json_int_t)s->is_false,
                     "first_false", (json_int_t)s->first_false, "not_judged",
                     (json_int_t)s->passed);
}

void ph_countersigned_sums_close(ph_countersigned_sums *s)
{
    ph_countersignatures_free(s->judge);
    ph_contracts_free(s->contracts);
}
