/* SPDX-License-Identifier: Apache-2.0 */
/* long: a list of attacks, each a page */
/*  Saved contracts and the countersignatures in them: "contract", alone with the notary's key and
    against a journal. */
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "clients/audit/saved.h"
#include "engine/notary/contracts.h"
#include "engine/notary/countersignatures.h"
#include "engine/notary/note.h"
#include "tests/prop/attack_logs.h"
#include "tests/unit/a_contract.h"

enum { BATCH = 16, CANONICAL_MAX = 1024, SIGNED = 3, BATCHES, CONCLUDED_MAX = 64 };

typedef struct {
    uint8_t canonical[BATCH][CANONICAL_MAX];
    size_t size;
    ph_hash tree[2 * BATCH + 8];
    text root;
} batch;

static batch batches[BATCHES]; /* two of this market, one of another, one that another key signed */

static const char COUNTERSIGNATURES[] = "\"countersignatures\"";

/* ---- Making ---------------------------------------------------------------------------------- */

static void make_terms(a_contract *a, uint32_t n, uint32_t i, const char *market)
{
    a_contract_make(a);
    CHECK(ph_text_set(a->opened.market.s, sizeof a->opened.market.s, market));
    a->trade.contract.v = a->trade.trade.v = 1 + n * BATCH + i;
    a->facts.seq = 40 + n * BATCH + i;
    a->buyer.sign_key = by_buyer.key;
    a->supplier.sign_key = by_supplier.key;
}

static text sign_root(const ph_hash *root, uint32_t cnt, uint64_t first_seq, const char *market,
                      const signer *by)
{
    char bytes[PH_CHECKPOINT_TEXT_MAX];
    ph_checkpoint c = {.first_seq = first_seq, .leaf_cnt = cnt, .root = *root};
    CHECK(ph_text_set(c.market.s, sizeof c.market.s, market));
    size_t size = ph_checkpoint_write(&c, bytes);
    return sign_text(bytes, size, market, by);
}

static void make_batch(uint32_t n, const char *market, const signer *by)
{
    a_contract a;
    batch *b = &batches[n];
    for (uint32_t i = 0; i < BATCH; i++) {
        make_terms(&a, n, i, market);
        b->size = a_contract_write(&a, b->canonical[i], CANONICAL_MAX);
        CHECK(b->size != 0);
        b->tree[i] = ph_merkle_leaf(b->canonical[i], b->size);
    }
    ph_merkle_build(b->tree, BATCH);
    ph_hash root = ph_merkle_root(b->tree, BATCH);
    b->root = sign_root(&root, BATCH, 40 + n * BATCH, market, by);
}

/* A saved contract with room of its own. */
typedef struct {
    uint8_t canonical[CANONICAL_MAX];
    ph_hash proof[PH_MERKLE_LONG_MAX];
    text note;
    ph_saved s;
} contract;

/* Its members point to its own room, wherever that is. */
static void point(contract *c)
{
    c->s.canonical = c->canonical;
    c->s.proof = c->proof[0].b;
    c->s.note = c->note.v;
    c->s.note_size = c->note.size;
}

static contract contract_of(uint32_t n, uint32_t i)
{
    const batch *b = &batches[n];
    contract c = {.note = b->root,
                  .s = {.canonical_size = b->size, .leaf_index = i, .leaf_cnt = BATCH}};
    memcpy(c.canonical, b->canonical[i], b->size);
    c.s.proof_cnt = ph_merkle_proof(b->tree, BATCH, i, c.proof);
    return c; /* to be pointed at where it then is */
}

static void countersign(contract *c, uint32_t participant, uint64_t number, const signer *by,
                        const signer *named)
{
    char bytes[PH_COUNTERSIGNED_TEXT_MAX];
    ph_hash leaf = ph_merkle_leaf(c->canonical, c->s.canonical_size);
    size_t size = ph_countersigned_text(MARKET, (ph_contract_id){number}, &leaf, bytes);
    ph_saved_countersignature *to = &c->s.countersignatures[c->s.countersignature_cnt++];
    to->participant.v = participant;
    to->key = named->key;
    (void)crypto_sign_detached(to->signature.b, NULL, (const uint8_t *)bytes, size,
                               by->secret); /* cannot fail */
}

enum { BUYER = 11, SUPPLIER = 12 };

static contract countersigned_of(uint32_t n, uint32_t i)
{
    contract c = contract_of(n, i);
    countersign(&c, BUYER, 1 + n * BATCH + i, &by_buyer, &by_buyer);
    countersign(&c, SUPPLIER, 1 + n * BATCH + i, &by_supplier, &by_supplier);
    return c;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static json_t *hex(const uint8_t *bytes, size_t size)
{
    static char digits[2 * CANONICAL_MAX * 4 + 1];
    CHECK(2 * size < sizeof digits);
    return json_string(sodium_bin2hex(digits, sizeof digits, bytes, size));
}

/* One member a line. */
static text file_of(const ph_saved *s)
{
    json_t *o =
        json_pack("{s:o, s:I, s:I, s:o, s:s%}", "canonical", hex(s->canonical, s->canonical_size),
                  "leaf_index", (json_int_t)s->leaf_index, "leaf_count", (json_int_t)s->leaf_cnt,
                  "inclusion_proof", hex(s->proof, (size_t)s->proof_cnt * 32), "signed_root",
                  s->note, s->note_size);
    CHECK(o != NULL);
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->countersignature_cnt; i++) {
        const ph_saved_countersignature *k = &s->countersignatures[i];
        CHECK(json_array_append_new(list, json_pack("{s:I, s:o, s:o}", "participant",
                                                    (json_int_t)k->participant.v, "key",
                                                    hex(k->key.b, 32), "signature",
                                                    hex(k->signature.b, 64))) == 0);
    }
    if (s->countersignature_cnt != 0)
        CHECK(json_object_set_new(o, "countersignatures", list) == 0);
    else
        json_decref(list);
    char *bytes = json_dumps(o, JSON_INDENT(2));
    CHECK(bytes != NULL);
    text t = text_of(bytes, strlen(bytes));
    free(bytes);
    json_decref(o);
    return t;
}

static bool is_same(const ph_saved *a, const ph_saved *b)
{
    return a->canonical_size == b->canonical_size &&
           memcmp(a->canonical, b->canonical, a->canonical_size) == 0 &&
           a->leaf_index == b->leaf_index && a->leaf_cnt == b->leaf_cnt &&
           a->proof_cnt == b->proof_cnt &&
           (a->proof_cnt == 0 || memcmp(a->proof, b->proof, (size_t)a->proof_cnt * 32) == 0);
}

static int judge_file(const text *file)
{
    ph_audit_request q = {.contract = put_file("contract.json", file), .key = notary_hex};
    return judge(ph_audit_contract, &q);
}

/* Which member a line of the file has; the last one that began. */
static const char *member_at(const text *file, size_t at)
{
    static const char *const members[] = {"canonical",       "leaf_index",  "leaf_count",
                                          "inclusion_proof", "signed_root", "countersignatures"};
    const char *found = "";
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "\n  \"%s\"", members[i]);
        const char *there = strstr(file->v, name);
        if (there != NULL && (size_t)(there - file->v) < at) found = members[i];
    }
    return found;
}

/* The member that is named, or what of it does not hold.  A change of form is named by a line that
   is not what it was, or the next, where a reader of JSON notices. */
static void check_place(const text *now, const text *was)
{
    size_t at = text_difference(now, was);
    const char *member = member_at(was, at), *line = strstr(said_err, "line ");
    if (is_said("is not a saved contract: ")) {
        CHECK(is_said(file_path("contract.json")));
        if (line != NULL) {
            uint32_t n = (uint32_t)strtoul(line + 5, NULL, 10);
            CHECK(!text_line_equal(now, was, n) || (n > 1 && !text_line_equal(now, was, n - 1)));
        } else {
            /* A name that was changed is named as it is now, or as it is missed. */
            CHECK(is_said(member) || is_said("is not a member") || is_said("is missing") ||
                  is_said("not an object"));
        }
        return;
    }
    CHECK(is_said("the contract does not prove itself: "));
    if (strcmp(member, "leaf_index") == 0 || strcmp(member, "inclusion_proof") == 0)
        CHECK(is_said("the inclusion proof does not lead to the signed root"));
    if (strcmp(member, "leaf_count") == 0) CHECK(is_said("leaf_count is not the one"));
    if (strcmp(member, "signed_root") == 0)
        CHECK(is_said("signed_root") || is_said("signed root") || is_said("leaf_count"));
}

/* ---- Contracts ------------------------------------------------------------------------------- */

static attack_end judge_contract(const text *now, const text *was, const ph_saved *of)
{
    char err[512];
    ph_saved got;
    int status = judge_file(now);
    if (status != PH_AUDIT_RIGHT) {
        CHECK(status == PH_AUDIT_WRONG);
        check_place(now, was);
        return FOUND;
    }
    CHECK(ph_saved_parse(now->v, now->size, &got, err, sizeof err) == PH_OK && is_same(&got, of));
    ph_saved_free(&got);
    return HARMLESS;
}

static contract some_contract(uint64_t *seed)
{
    return contract_of((uint32_t)chance(seed, 2), (uint32_t)chance(seed, BATCH));
}

static attack_end contract_text(uint64_t *seed, change_text *how)
{
    contract c = some_contract(seed);
    point(&c);
    text was = file_of(&c.s), now = was;
    how(&now, 0, seed);
    return text_equal(&was, &now) ? NOTHING : judge_contract(&now, &was, &c.s);
}

/* Members of one file with those of another: of another place, batch, market or key. */
static attack_end contract_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    contract a = some_contract(seed);
    contract b = contract_of((uint32_t)chance(seed, BATCHES), (uint32_t)chance(seed, BATCH));
    point(&a);
    point(&b);
    ph_saved mixed = a.s;
    uint64_t members = 1 + chance(seed, 14);
    if ((members & 1) != 0) {
        mixed.canonical = b.s.canonical;
        mixed.canonical_size = b.s.canonical_size;
    }
    if ((members & 2) != 0) mixed.leaf_index = b.s.leaf_index;
    if ((members & 4) != 0) {
        mixed.proof = b.s.proof;
        mixed.proof_cnt = b.s.proof_cnt;
    }
    if ((members & 8) != 0) {
        mixed.note = b.s.note;
        mixed.note_size = b.s.note_size;
    }
    text was = file_of(&a.s), other = file_of(&b.s), now = file_of(&mixed);
    if (text_equal(&now, &was) || text_equal(&now, &other)) return NOTHING;
    CHECK(judge_file(&now) == PH_AUDIT_WRONG && is_said("the contract does not prove itself: "));
    return FOUND;
}

/* Whole, under the number or at the time of another: in another place of its tree, under the root
   of another batch, or of a batch that came later than it. */
static attack_end contract_replay(uint64_t *seed, change_text *how)
{
    (void)how;
    uint32_t n = (uint32_t)chance(seed, 2), i = (uint32_t)chance(seed, BATCH);
    uint32_t k = (uint32_t)chance(seed, BATCH);
    contract c = contract_of(n, i), other = contract_of(chance(seed, 2) == 0 ? n : 1 - n, k);
    point(&c);
    text was = file_of(&c.s);
    memcpy(other.canonical, c.canonical, c.s.canonical_size);
    point(&other);
    text now = file_of(&other.s);
    if (text_equal(&now, &was)) return NOTHING;
    CHECK(judge_file(&now) == PH_AUDIT_WRONG);
    CHECK(is_said("the inclusion proof does not lead to the signed root") ||
          is_said("the signed root is of a later batch"));
    return FOUND;
}

/* Terms that were never agreed on, in canonical bytes. */
static void rewrite(contract *c, uint32_t n, uint32_t i, uint64_t *seed)
{
    a_contract a;
    make_terms(&a, n, i, MARKET);
    switch (chance(seed, 7)) {
    case 0: a.trade.buyer_fee--; break;
    case 1: a.product.terms_hash.b[chance(seed, 32)] ^= 1; break;
    case 2: a.product.availability_ppm = (uint32_t)chance(seed, 999000); break;
    case 3:
        a.segments[1].u.segment.price--;
        a.trade.notional -= 6;
        break;
    case 4: a.facts.seq--; break;
    case 5: a.trade.bond += 1 + (int64_t)chance(seed, 1000); break;
    default: a.supplier.sign_key = by_attacker.key;
    }
    CHECK(a_contract_write(&a, c->canonical, CANONICAL_MAX) == c->s.canonical_size);
}

static attack_end contract_terms(uint64_t *seed, change_text *how)
{
    (void)how;
    uint32_t n = (uint32_t)chance(seed, 2), i = (uint32_t)chance(seed, BATCH);
    contract c = contract_of(n, i);
    rewrite(&c, n, i, seed);
    point(&c);
    text now = file_of(&c.s);
    CHECK(judge_file(&now) == PH_AUDIT_WRONG);
    CHECK(is_said("the inclusion proof does not lead to the signed root") ||
          is_said("the signed root is of a later batch"));
    return FOUND;
}

static attack_end contract_other_key(uint64_t *seed, change_text *how)
{
    (void)how;
    contract c = contract_of(BATCHES - 1, (uint32_t)chance(seed, BATCH));
    point(&c);
    text now = file_of(&c.s);
    CHECK(judge_file(&now) == PH_AUDIT_WRONG &&
          is_said("signed_root has no signature of this key"));
    return FOUND;
}

/* ---- Contracts of two histories -------------------------------------------------------------- */

typedef struct {
    uint64_t first_seq;
    contract c;
} concluded;

static concluded forked[CONCLUDED_MAX];
static uint32_t forked_cnt;

/* The contracts that the fork's notary would have signed. */
static void conclude(void)
{
    char err[512];
    ph_replay *r;
    ph_replay_error why;
    const ph_replay_batch *b;
    ph_contracts *all = ph_contracts_new();
    CHECK(all != NULL && ph_replay_open(logs[FORK].journal, &r, &why) == PH_OK);
    while (forked_cnt < CONCLUDED_MAX && ph_replay_next(r, &b, &why) == PH_OK) {
        CHECK(ph_contracts_collect(all, ph_replay_market(r), b, err, sizeof err) == PH_OK);
        uint32_t cnt = ph_contracts_cnt(all);
        if (cnt == 0) continue;
        ph_hash root = ph_contracts_root(all);
        text note = sign_root(&root, cnt, ph_contracts_first_seq(all), MARKET, &by_notary);
        for (uint32_t i = 0; i < cnt && forked_cnt < CONCLUDED_MAX; i++) {
            ph_contract_leaf leaf;
            ph_contracts_get(all, i, &leaf);
            /* As many from before the fork as from after it. */
            if (ph_contracts_first_seq(all) <= common && forked_cnt >= CONCLUDED_MAX / 2) continue;
            concluded *to = &forked[forked_cnt++];
            to->first_seq = ph_contracts_first_seq(all);
            to->c = (contract){.note = note,
                               .s = {.canonical_size = leaf.canonical_size,
                                     .leaf_index = leaf.leaf_index,
                                     .leaf_cnt = leaf.leaf_cnt}};
            CHECK(leaf.canonical_size <= CANONICAL_MAX);
            memcpy(to->c.canonical, leaf.canonical, leaf.canonical_size);
            to->c.s.proof_cnt = ph_contracts_proof(all, i, to->c.proof);
        }
    }
    ph_replay_close(r);
    ph_contracts_free(all);
}

/* A contract of the fork, which proves itself: the journal does not have it. */
static attack_end contract_fork(uint64_t *seed, change_text *how)
{
    (void)how;
    concluded *f = &forked[chance(seed, forked_cnt)];
    point(&f->c);
    text file = file_of(&f->c.s);
    CHECK(judge_file(&file) == PH_AUDIT_RIGHT);
    ph_audit_request q = {
        .contract = file_path("contract.json"), .journal = logs[TRUE_LOG].journal, .quiet = true};
    int status = judge(ph_audit_contract, &q);
    if (f->first_seq <= common) {
        CHECK(status == PH_AUDIT_RIGHT && is_shown("right: the journal gives the same bytes"));
        return HARMLESS;
    }
    CHECK(status == PH_AUDIT_WRONG);
    CHECK(is_said("the bytes of the contract are not those that the journal gives") ||
          is_said("the signed root is not the one that the journal gives") ||
          is_said("the journal has no contract"));
    return FOUND;
}

static void begin(void)
{
    (void)attack_logs_begin(); /* its folder is found by file_path */
    if (forked_cnt != 0) return;
    make_batch(0, MARKET, &by_notary);
    make_batch(1, MARKET, &by_notary);
    make_batch(2, ELSEWHERE, &by_notary);
    make_batch(3, MARKET, &by_attacker);
    conclude();
    CHECK(forked_cnt == CONCLUDED_MAX && forked[forked_cnt - 1].first_seq > common);
}

const attacked attacked_contract = {.name = "contract",
                                    .each = 400,
                                    .begin = begin,
                                    .cells = {[FLIP] = {.run = contract_text, .how = text_flip},
                                              [DROP] = {.run = contract_text, .how = text_drop},
                                              [DOUBLE] = {.run = contract_text, .how = text_double},
                                              [SWAP] = {.run = contract_text, .how = text_swap},
                                              [CUT] = {.run = contract_text, .how = text_cut},
                                              [SPLICE] = {.run = contract_splice},
                                              [FORKED] = {.run = contract_fork},
                                              [REPLAY] = {.run = contract_replay},
                                              [TERMS] = {.run = contract_terms},
                                              [OTHER_KEY] = {.run = contract_other_key}}};

/* ---- Countersignatures ----------------------------------------------------------------------- */

static bool is_by(const char *verdict, const char *part)
{
    char line[80];
    snprintf(line, sizeof line, "%s: the countersignature of the %s,", verdict, part);
    return is_shown(line);
}

static bool is_missing(const char *part)
{
    char line[80];
    snprintf(line, sizeof line, "missing: the %s,", part);
    return is_shown(line);
}

/* Both countersigned, with the keys that the contract names: accepted if that is still what the
   file shows, otherwise the party or the place is named. */
static attack_end judge_countersigned(const text *now, const ph_saved *of)
{
    char err[512];
    ph_saved got;
    int status = judge_file(now);
    if (status != PH_AUDIT_RIGHT) {
        CHECK(status == PH_AUDIT_WRONG);
        CHECK(is_by("false", "buyer") || is_by("false", "supplier") || is_said("is no party") ||
              is_said("countersigned twice") || is_said("is not a saved contract: "));
        if (is_said("is not a saved contract: "))
            CHECK(is_said("line ") || is_said(COUNTERSIGNATURES) || is_said("is not a member") ||
                  is_said("countersigned twice"));
        return FOUND;
    }
    if (is_missing("buyer") || is_missing("supplier") || is_by("unproved", "buyer") ||
        is_by("unproved", "supplier"))
        return FOUND;
    CHECK(is_by("right", "buyer") && is_by("right", "supplier"));
    CHECK(ph_saved_parse(now->v, now->size, &got, err, sizeof err) == PH_OK && is_same(&got, of));
    CHECK(got.countersignature_cnt == of->countersignature_cnt);
    for (uint32_t i = 0; i < got.countersignature_cnt; i++) {
        uint32_t k = 0; /* in whichever order */
        while (of->countersignatures[k].participant.v != got.countersignatures[i].participant.v)
            CHECK(++k < of->countersignature_cnt);
        CHECK(memcmp(&of->countersignatures[k], &got.countersignatures[i],
                     sizeof got.countersignatures[i]) == 0);
    }
    ph_saved_free(&got);
    return HARMLESS;
}

static attack_end countersigned_text(uint64_t *seed, change_text *how)
{
    contract c = countersigned_of((uint32_t)chance(seed, 2), (uint32_t)chance(seed, BATCH));
    point(&c);
    text was = file_of(&c.s), now = was;
    how(&now, (size_t)(strstr(was.v, COUNTERSIGNATURES) - was.v), seed);
    return text_equal(&was, &now) ? NOTHING : judge_countersigned(&now, &c.s);
}

static attack_end countersigned_with(contract *c)
{
    point(c);
    text now = file_of(&c->s);
    return judge_countersigned(&now, &c->s);
}

/* A whole one, or the list. */
static attack_end countersigned_drop(uint64_t *seed, change_text *how)
{
    if (chance(seed, 4) != 0) return countersigned_text(seed, how);
    contract c = countersigned_of((uint32_t)chance(seed, 2), (uint32_t)chance(seed, BATCH));
    bool is_buyers = chance(seed, 2) == 0;
    if (is_buyers) c.s.countersignatures[0] = c.s.countersignatures[1];
    c.s.countersignature_cnt--;
    attack_end end = countersigned_with(&c);
    CHECK(end == FOUND && is_missing(is_buyers ? "buyer" : "supplier"));
    return end;
}

static attack_end countersigned_double(uint64_t *seed, change_text *how)
{
    if (chance(seed, 4) != 0) return countersigned_text(seed, how);
    contract c = countersigned_of((uint32_t)chance(seed, 2), (uint32_t)chance(seed, BATCH));
    ph_saved_countersignature *k = c.s.countersignatures;
    k[2] = k[chance(seed, 2)];
    if (chance(seed, 2) == 0) flip_bit(&k[2].signature.b[chance(seed, 64)], seed);
    c.s.countersignature_cnt++;
    attack_end end = countersigned_with(&c);
    CHECK(end == FOUND && is_said("countersigned twice"));
    return end;
}

/* One party's under the name of the other. */
static attack_end countersigned_swap(uint64_t *seed, change_text *how)
{
    if (chance(seed, 4) != 0) return countersigned_text(seed, how);
    contract c = countersigned_of((uint32_t)chance(seed, 2), (uint32_t)chance(seed, BATCH));
    ph_saved_countersignature *k = c.s.countersignatures;
    ph_saved_countersignature first = k[0];
    bool is_key =
        chance(seed, 2) == 0; /* with the key: it holds, of a key that is not the party's */
    k[0].signature = k[1].signature;
    k[1].signature = first.signature;
    if (is_key) {
        k[0].key = k[1].key;
        k[1].key = first.key;
    }
    attack_end end = countersigned_with(&c);
    CHECK(end == FOUND && is_by(is_key ? "unproved" : "false", "buyer"));
    CHECK(is_by(is_key ? "unproved" : "false", "supplier"));
    return end;
}

/* Those of a contract with the same number of another market. */
static attack_end countersigned_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    char bytes[PH_COUNTERSIGNED_TEXT_MAX];
    uint32_t n = (uint32_t)chance(seed, 2), i = (uint32_t)chance(seed, BATCH);
    contract c = countersigned_of(n, i);
    ph_hash leaf = ph_merkle_leaf(c.canonical, c.s.canonical_size);
    size_t size =
        ph_countersigned_text(ELSEWHERE, (ph_contract_id){1 + n * BATCH + i}, &leaf, bytes);
    (void)crypto_sign_detached(c.s.countersignatures[0].signature.b, NULL, (const uint8_t *)bytes,
                               size, by_buyer.secret); /* cannot fail */
    attack_end end = countersigned_with(&c);
    CHECK(end == FOUND && is_by("false", "buyer") && is_by("right", "supplier"));
    return end;
}

/* That of one contract under another. */
static attack_end countersigned_replay(uint64_t *seed, change_text *how)
{
    (void)how;
    uint32_t n = (uint32_t)chance(seed, 2), i = (uint32_t)chance(seed, BATCH);
    uint32_t k = (i + 1 + (uint32_t)chance(seed, BATCH - 1)) % BATCH,
             of = (uint32_t)chance(seed, 2);
    contract c = countersigned_of(n, i), other = countersigned_of(n, k);
    c.s.countersignatures[of] = other.s.countersignatures[of];
    attack_end end = countersigned_with(&c);
    CHECK(end == FOUND && is_by("false", of == 0 ? "buyer" : "supplier"));
    CHECK(is_by("right", of == 0 ? "supplier" : "buyer"));
    return end;
}

/* Other terms under the same number, which even the notary signed: no party did. */
static attack_end countersigned_terms(uint64_t *seed, change_text *how)
{
    (void)how;
    uint32_t n = (uint32_t)chance(seed, 2), i = (uint32_t)chance(seed, BATCH);
    contract c = countersigned_of(n, i);
    rewrite(&c, n, i, seed);
    ph_hash leaf = ph_merkle_leaf(c.canonical, c.s.canonical_size);
    c.s.leaf_index = 0;
    c.s.leaf_cnt = 1;
    c.s.proof_cnt = 0;
    c.note = sign_root(&leaf, 1, 1, MARKET, &by_notary);
    attack_end end = countersigned_with(&c);
    CHECK(end == FOUND && is_by("false", "buyer") && is_by("false", "supplier"));
    return end;
}

/* Somebody else's key: named as the party's own, or as what it is. */
static attack_end countersigned_other_key(uint64_t *seed, change_text *how)
{
    (void)how;
    uint32_t n = (uint32_t)chance(seed, 2), i = (uint32_t)chance(seed, BATCH);
    bool is_named = chance(seed, 2) == 0;
    contract c = contract_of(n, i);
    countersign(&c, BUYER, 1 + n * BATCH + i, &by_attacker, is_named ? &by_buyer : &by_attacker);
    countersign(&c, SUPPLIER, 1 + n * BATCH + i, &by_supplier, &by_supplier);
    attack_end end = countersigned_with(&c);
    CHECK(end == FOUND && is_by(is_named ? "false" : "unproved", "buyer"));
    CHECK(is_by("right", "supplier"));
    return end;
}

const attacked attacked_countersignature = {
    .name = "countersignature",
    .each = 300,
    .begin = begin,
    .cells = {[FLIP] = {.run = countersigned_text, .how = text_flip},
              [DROP] = {.run = countersigned_drop, .how = text_drop},
              [DOUBLE] = {.run = countersigned_double, .how = text_double},
              [SWAP] = {.run = countersigned_swap, .how = text_swap},
              [CUT] = {.run = countersigned_text, .how = text_cut},
              [SPLICE] = {.run = countersigned_splice},
              [REPLAY] = {.run = countersigned_replay},
              [TERMS] = {.run = countersigned_terms},
              [OTHER_KEY] = {.run = countersigned_other_key}}};
