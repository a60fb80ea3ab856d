/* SPDX-License-Identifier: Apache-2.0 */
/* Countersignatures of a real journal, judged as the notary and the auditor do. */
#include "engine/notary/countersignatures.h"

#include <sodium.h>

#include "tests/unit/a_folder.h"
#include "tests/unit/a_journal.h"
#include "tests/unit/suite.h"

enum { JUDGED_MAX = 16, SUPPLIER = 2, BUYER = 4 };

static char folder[64];
static a_journal made;
static char journal[512];
static struct {
    uint32_t cnt;
    ph_countersignature v[JUDGED_MAX];
} judged;

static void setup(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    a_folder_make(folder, sizeof folder);
    snprintf(journal, sizeof journal, "%s/journal", folder);
    a_journal_open(&made, journal, "market.example", &(ph_key){{1}});
    judged.cnt = 0;
}

static void teardown(void)
{
    a_journal_close(&made);
    a_folder_remove(folder);
}

static ph_status keep(void *arg, const ph_countersignature *c)
{
    (void)arg;
    ck_assert_uint_lt(judged.cnt, JUDGED_MAX);
    judged.v[judged.cnt++] = *c;
    return PH_OK;
}

/* Replays what is there; *ret_leaf is the leaf hash of a contract.  Judged are the batches behind
   those that concluded `before` contracts.  Returns how many were passed over. */
static uint64_t judge_behind(uint64_t before, uint64_t contract, ph_hash *ret_leaf)
{
    char err[512];
    ph_replay *r;
    ph_replay_error why;
    ph_contracts *contracts = ph_contracts_new();
    ph_countersignatures *s = ph_countersignatures_new("market.example", before);
    const ph_replay_batch *batch;
    uint64_t seen = 0, passed;
    judged.cnt = 0;
    ck_assert_msg(ph_replay_open(journal, &r, &why) == PH_OK, "%s", why.text);
    while (ph_replay_next(r, &batch, &why) == PH_OK) {
        ck_assert_int_eq(
            ph_contracts_collect(contracts, ph_replay_market(r), batch, err, sizeof err), PH_OK);
        bool is_behind = seen >= before;
        for (uint32_t i = 0; i < ph_contracts_cnt(contracts); i++)
            if (++seen == contract) *ret_leaf = *ph_contracts_leaf_hash(contracts, i);
        if (is_behind)
            ck_assert_int_eq(ph_countersignatures_take(s, contracts, batch, keep, NULL), PH_OK);
    }
    passed = ph_countersignatures_passed(s);
    ph_replay_close(r);
    ph_countersignatures_free(s);
    ph_contracts_free(contracts);
    return passed;
}

static void judge_all(uint64_t contract, ph_hash *ret_leaf)
{
    ck_assert_uint_eq(judge_behind(0, contract, ret_leaf), 0);
}

typedef struct {
    ph_key key;
    uint8_t secret[64];
} signing;

static signing key_of(uint32_t who, uint8_t seed_byte)
{
    signing s;
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    crypto_sign_ed25519_seed_keypair(s.key.b, s.secret, seed);
    a_journal_do(&made, (ph_command){.kind = PH_CMD_ADD_KEY,
                                     .sender = {who},
                                     .u.key = {.use = PH_KEY_SIGNATURE, .key = s.key}});
    return s;
}

static bool countersign(uint32_t who, uint64_t contract, const signing *by, const char *text,
                        size_t size)
{
    ph_command c = {.kind = PH_CMD_COUNTERSIGN_CONTRACT,
                    .sender = {who},
                    .u.countersignature = {.contract = {contract}, .key = by->key}};
    crypto_sign_ed25519_detached(c.u.countersignature.signature.b, NULL, (const uint8_t *)text,
                                 size, by->secret);
    return a_journal_try(&made, c);
}

/* The text is as the page says. */
START_TEST(what_is_signed_has_one_form)
{
    char text[PH_COUNTERSIGNED_TEXT_MAX];
    ph_hash leaf = {{0}};
    size_t size = ph_countersigned_text("market.example", (ph_contract_id){43}, &leaf, text);
    ck_assert_str_eq(text, "petahour countersignature v1\nmarket.example\n43\n"
                           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

START_TEST(a_true_one_holds_and_every_false_one_is_found)
{
    char text[PH_COUNTERSIGNED_TEXT_MAX];
    ph_hash leaf, other;
    a_journal_round(&made, 0);
    a_journal_round(&made, 1);
    signing supplier = key_of(SUPPLIER, 21), buyer = key_of(BUYER, 22);
    a_journal_commit(&made);
    judge_all(1, &leaf);
    ck_assert_uint_eq(judged.cnt, 0);
    ph_contract_facts facts;
    ck_assert(ph_market_contract(made.m, (ph_contract_id){1}, &facts));
    uint32_t sells = facts.supplier.v, buys = facts.buyer.v;
    if (sells != SUPPLIER) supplier = key_of(sells, 23);
    if (buys != BUYER) buyer = key_of(buys, 24);

    size_t size = ph_countersigned_text("market.example", (ph_contract_id){1}, &leaf, text);
    ck_assert(countersign(sells, 1, &supplier, text, size));
    ck_assert(countersign(sells, 1, &supplier, "again", 5)); /* a repeat is not judged */
    ck_assert(countersign(buys, 1, &buyer, text, size - 1)); /* another text */
    a_journal_commit(&made);
    judge_all(2, &other);
    ck_assert_uint_eq(judged.cnt, 2);
    ck_assert(judged.v[0].holds && judged.v[0].participant.v == sells);
    ck_assert_mem_eq(&judged.v[0].leaf, &leaf, sizeof leaf);
    ck_assert(!judged.v[1].holds && judged.v[1].participant.v == buys);

    ph_countersignature c = judged.v[0];
    ck_assert(ph_countersignature_holds("market.example", &c));
    ck_assert(!ph_countersignature_holds("market.other", &c));
    c.contract.v = 2;
    ck_assert(!ph_countersignature_holds("market.example", &c));
    c = judged.v[0];
    c.leaf = other;
    ck_assert(!ph_countersignature_holds("market.example", &c));
    for (size_t bit = 0; bit < 8 * sizeof c.signature.b; bit++) {
        c = judged.v[0];
        c.signature.b[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert(!ph_countersignature_holds("market.example", &c));
    }
    c = judged.v[0];
    c.key = buyer.key;
    ck_assert(!ph_countersignature_holds("market.example", &c));
    /* A key of small order, under which a signature of zeros would hold for any text. */
    c.key = (ph_key){{1}};
    memset(&c.signature, 0, sizeof c.signature);
    c.signature.b[0] = 1;
    ck_assert(!ph_countersignature_holds("market.example", &c));
}
END_TEST

START_TEST(what_the_market_refused_is_not_judged)
{
    ph_hash leaf;
    a_journal_round(&made, 0);
    signing stranger = key_of(1, 25);
    ck_assert(!countersign(1, 1, &stranger, "text", 4)); /* the operator is no party */
    a_journal_commit(&made);
    judge_all(1, &leaf);
    ck_assert_uint_eq(judged.cnt, 0);
}
END_TEST

static uint32_t sign_as_supplier(uint64_t contract)
{
    char text[PH_COUNTERSIGNED_TEXT_MAX];
    ph_hash leaf;
    ph_contract_facts facts;
    judge_all(contract, &leaf);
    ck_assert(ph_market_contract(made.m, (ph_contract_id){contract}, &facts));
    signing by = key_of(facts.supplier.v, (uint8_t)(30 + contract));
    size_t size = ph_countersigned_text("market.example", (ph_contract_id){contract}, &leaf, text);
    ck_assert(countersign(facts.supplier.v, contract, &by, text, size));
    a_journal_commit(&made);
    return facts.supplier.v;
}

/* As when a replay begins with a snapshot. */
START_TEST(what_is_signed_under_contracts_from_before_is_passed_over)
{
    ph_hash leaf = {{0}};
    a_journal_round(&made, 0);
    a_journal_round(&made, 1);
    uint64_t before = ph_market_contract_cnt(made.m);
    ck_assert_uint_ge(before, 1);
    a_journal_round(&made, 2);
    uint64_t last = ph_market_contract_cnt(made.m);
    ck_assert_uint_gt(last, before);
    (void)sign_as_supplier(before); /* who that is does not matter */
    uint32_t who = sign_as_supplier(last);
    ck_assert_uint_eq(judge_behind(before, last, &leaf), 1);
    ck_assert_uint_eq(judged.cnt, 1);
    ck_assert(judged.v[0].holds && judged.v[0].participant.v == who);
    ck_assert_uint_eq(judged.v[0].contract.v, last);
    ck_assert_mem_eq(&judged.v[0].leaf, &leaf, sizeof leaf);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_signed_has_one_form);
    tcase_add_test(tests, a_true_one_holds_and_every_false_one_is_found);
    tcase_add_test(tests, what_the_market_refused_is_not_judged);
    tcase_add_test(tests, what_is_signed_under_contracts_from_before_is_passed_over);
}

int main(void)
{
    return suite_run("countersignatures", add);
}
