/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/audit.h"
#include "clients/audit/countersigned.h"
#include "clients/audit/proof.h"
#include "clients/audit/recompute.h"
#include "clients/audit/saved.h"
#include "engine/base/money.h"
#include "engine/base/period.h"
#include "engine/notary/contracts.h"
#include "engine/notary/notary_keys.h"
#include "engine/notary/note.h"
#include "engine/wire/signed_contract.h"

enum { SEGMENTS_SHOWN = 24 };

static void print_segments(const ph_document *d)
{
    for (uint32_t i = 0; i < d->segment_cnt && i < SEGMENTS_SHOWN; i++) {
        char from[40], price[32];
        ph_segment s = ph_document_segment(d, i);
        printf("  %s  %" PRIu32 " periods of %" PRIu32 " s, %" PRIu32 " %s at %s\n",
               ph_time_text(ph_period_start(s.window.first, d->period_seconds), from),
               s.window.periods, d->period_seconds, s.quantity, d->unit.s,
               ph_money_text(s.price, price));
    }
    if (d->segment_cnt > SEGMENTS_SHOWN)
        printf("  and %" PRIu32 " more\n", d->segment_cnt - SEGMENTS_SHOWN);
}

static void print_document(const ph_document *d)
{
    char at[40], hash[65], a[32], b[32];
    printf("contract   %" PRIu64 " of %s, trade %" PRIu64 ", record %" PRIu64 ", %s\n",
           d->contract.v, d->market.s, d->trade.v, d->seq, ph_time_text(d->at, at));
    printf("product    %" PRIu32 " %s, terms %" PRIu32 " %s\n", d->product.v, d->symbol.s,
           d->terms_version, sodium_bin2hex(hash, sizeof hash, d->terms_hash.b, 32));
    printf("buyer      %" PRIu32 " %s, order %" PRIu64 "\n", d->buyer.id.v, d->buyer.name.s,
           d->buyer.order.v);
    printf("supplier   %" PRIu32 " %s, order %" PRIu64 "\n", d->supplier.id.v, d->supplier.name.s,
           d->supplier.order.v);
    if (d->from_contract.v != 0)
        printf("seller     %" PRIu32 " %s, out of contract %" PRIu64 ", premium %s\n", d->seller.v,
               d->seller_name.s, d->from_contract.v, ph_money_text(d->premium, a));
    printf("notional   %s %s, bond %s\n", ph_money_text(d->notional, a), d->currency,
           ph_money_text(d->bond, b));
    printf("fees       buyer %s, supplier %s\n", ph_money_text(d->buyer_fee, a),
           ph_money_text(d->supplier_fee, b));
    print_segments(d);
}

/* What is looked for in the journal, and what was found. */
typedef struct {
    uint64_t id;
    ph_contracts *contracts;
    const ph_saved *saved; /* NULL: nothing to compare with */
    const ph_key *key;     /* NULL: the one in force when it was signed */
    ph_notary_keys keys;
    bool is_found;
    ph_countersigned countersigned;
} looking;

static int compare_with_saved(const looking *l, const ph_contract_leaf *leaf)
{
    const ph_saved *s = l->saved;
    const ph_key *key = l->key;
    if (key == NULL) key = ph_notary_keys_at(&l->keys, ph_contracts_first_seq(l->contracts));
    ph_proof proof;
    const char *why;
    if (leaf->canonical_size != s->canonical_size ||
        memcmp(leaf->canonical, s->canonical, s->canonical_size) != 0) {
        ph_audit_say("the bytes of the contract are not those that the journal gives");
        return PH_AUDIT_WRONG;
    }
    puts("right: the journal gives the same bytes");
    if (ph_proof_check(s, key, &proof, &why) != PH_OK) {
        ph_audit_say("the contract does not prove itself: %s", why);
        return PH_AUDIT_WRONG;
    }
    ph_hash root = ph_contracts_root(l->contracts);
    if (proof.root.first_seq != ph_contracts_first_seq(l->contracts) ||
        s->leaf_index != leaf->leaf_index || s->leaf_cnt != leaf->leaf_cnt ||
        memcmp(proof.root.root.b, root.b, sizeof root.b) != 0) {
        ph_audit_say("the signed root is not the one that the journal gives for the batch at "
                     "record %" PRIu64,
                     ph_contracts_first_seq(l->contracts));
        return PH_AUDIT_WRONG;
    }
    puts("right: the proof leads to the root of its batch");
    puts(l->key != NULL ? "right: the root is signed with the key that was given"
                        : "right: the root is signed with the key that the journal says was in "
                          "force");
    return PH_AUDIT_RIGHT;
}

static void print_place(const looking *l, const ph_market *m, const ph_contract_leaf *leaf)
{
    char hash[65], vkey[PH_NOTE_VKEY_MAX];
    const ph_open_market *opened = ph_market_opened(m);
    ph_hash root = ph_contracts_root(l->contracts);
    printf("leaf       %" PRIu32 " of %" PRIu32 " in the batch at record %" PRIu64 "\n",
           leaf->leaf_index, leaf->leaf_cnt, ph_contracts_first_seq(l->contracts));
    printf("root       %s\n", sodium_bin2hex(hash, sizeof hash, root.b, sizeof root.b));
    if (!ph_checkpoint_market_ok(opened->market.s)) return;
    ph_note_signer signer = {opened->market.s,
                             ph_notary_keys_at(&l->keys, ph_contracts_first_seq(l->contracts))};
    printf("signed by  %s\n", ph_note_vkey(&signer, vkey));
}

static int found(looking *l, const ph_market *m, const ph_contract_leaf *leaf)
{
    ph_document d;
    const char *why;
    if (ph_document_read(leaf->canonical, leaf->canonical_size, &d, &why) != PH_OK) {
        ph_audit_say("the contract of the journal is none: %s", why);
        return PH_AUDIT_WRONG;
    }
    print_document(&d);
    print_place(l, m, leaf);
    ph_hash hash = ph_merkle_leaf(leaf->canonical, leaf->canonical_size);
    ph_countersigned_begin(&l->countersigned, &d, &hash);
    return l->saved == NULL ? PH_AUDIT_RIGHT : compare_with_saved(l, leaf);
}

static int look_in_batch(looking *l, const ph_market *m, const ph_replay_batch *batch)
{
    char err[512];
    ph_status s = ph_contracts_collect(l->contracts, m, batch, err, sizeof err);
    if (s != PH_OK) {
        ph_audit_say("%s", err);
        return ph_audit_exit(s);
    }
    for (uint32_t i = 0; i < ph_contracts_cnt(l->contracts); i++) {
        ph_contract_leaf leaf;
        ph_contracts_get(l->contracts, i, &leaf);
        if (leaf.contract.v != l->id) continue;
        l->is_found = true;
        return found(l, m, &leaf);
    }
    return PH_AUDIT_RIGHT;
}

/* Countersignatures may come until the journal ends. */
static int look(void *arg, const ph_market *m, const ph_replay_batch *batch, bool *ret_enough)
{
    looking *l = arg;
    (void)ph_notary_keys_follow(&l->keys, m); /* what is unproved is no key */
    if (!l->is_found && ph_market_contract_cnt(m) >= l->id) {
        int status = look_in_batch(l, m, batch);
        *ret_enough = !l->is_found;
        if (status != PH_AUDIT_RIGHT) return status;
    }
    if (l->is_found) ph_countersigned_batch(&l->countersigned, batch);
    return PH_AUDIT_RIGHT;
}

static int tell_countersigned(void *arg, const ph_market *m)
{
    looking *l = arg;
    (void)m;
    if (!l->is_found) return PH_AUDIT_RIGHT;
    (void)ph_countersigned_print(&l->countersigned); /* a false one is its party's affair */
    return l->saved == NULL ? PH_AUDIT_RIGHT
                            : ph_countersigned_compare(&l->countersigned, l->saved);
}

static int look_in_journal(const ph_audit_request *q, looking *l)
{
    l->contracts = ph_contracts_new();
    if (l->contracts == NULL) {
        ph_audit_say("could not look for the contract: no memory");
        return PH_AUDIT_FAILED;
    }
    int status = ph_recompute_run(
        q, &(ph_recompute){.on_batch = look, .on_end = tell_countersigned, .arg = l});
    ph_contracts_free(l->contracts);
    if (status != PH_AUDIT_RIGHT || l->is_found) return status;
    ph_audit_say("the journal has no contract %" PRIu64, l->id);
    return l->saved == NULL ? PH_AUDIT_NOT_FOUND : PH_AUDIT_WRONG;
}

/* What the file proves alone, with a key that the caller trusts. */
static int check_alone(const ph_saved *s, const ph_key *key)
{
    ph_proof proof;
    const char *why;
    if (ph_proof_check(s, key, &proof, &why) != PH_OK) {
        ph_audit_say("the contract does not prove itself: %s", why);
        return PH_AUDIT_WRONG;
    }
    print_document(&proof.document);
    puts("right: the proof leads to the signed root, and the root is signed with the key that was "
         "given");
    ph_countersigned c;
    ph_hash leaf = ph_merkle_leaf(s->canonical, s->canonical_size);
    ph_countersigned_begin(&c, &proof.document, &leaf);
    int status = ph_countersigned_saved(&c, s);
    return status == PH_AUDIT_RIGHT ? ph_countersigned_print(&c) : status;
}

static int check_file(const ph_audit_request *q, const ph_key *key)
{
    ph_saved saved = {.canonical = NULL};
    char err[1024];
    ph_status s = ph_saved_read(q->contract, &saved, err, sizeof err);
    if (s != PH_OK) {
        ph_audit_say("%s", err);
        return ph_audit_exit(s);
    }
    int status;
    ph_document d;
    const char *why;
    if (q->journal == NULL) {
        status = check_alone(&saved, key);
    } else if (ph_proof_document(&saved, &d, &why) != PH_OK) {
        ph_audit_say("\"%s\" holds no contract: %s", q->contract, why);
        status = PH_AUDIT_WRONG;
    } else {
        looking l = {.id = d.contract.v, .saved = &saved, .key = key};
        status = look_in_journal(q, &l);
    }
    ph_saved_free(&saved);
    return status;
}

int ph_audit_contract(const ph_audit_request *q)
{
    ph_key key;
    int status = q->key == NULL ? PH_AUDIT_RIGHT : ph_audit_key(q->key, &key);
    if (status != PH_AUDIT_RIGHT) return status;
    if (q->contract != NULL) return check_file(q, q->key == NULL ? NULL : &key);
    looking l = {.id = q->id};
    return look_in_journal(q, &l);
}
