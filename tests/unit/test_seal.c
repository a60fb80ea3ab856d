/* SPDX-License-Identifier: Apache-2.0 */
/* From a journal on disk to contracts that prove themselves: replay, contracts, seal. */
#include "engine/notary/seal.h"

#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/audit/proof.h"
#include "engine/notary/contracts.h"
#include "engine/process/z85.h"
#include "engine/wire/signed_contract.h"
#include "tests/unit/a_journal.h"
#include "tests/unit/suite.h"

enum { ROUNDS = 15, CONTRACTS = 2 * 23, ITEM_MAX = 4096 };

static char folder[64], journal[96], key_path[96], err[1024];
static const uint8_t seed[32] = {5, 5, 5};
static ph_key key;
static ph_keyring *keyring;
static a_journal made;

/* Items of a run, in order. */
static struct {
    uint32_t cnt;
    uint32_t size[CONTRACTS + 1];
    uint8_t bytes[CONTRACTS + 1][ITEM_MAX];
} items, again;

static void write_key_file(void)
{
    uint8_t curve_secret[32] = {1}, curve_public[32];
    char public_z85[41], secret_z85[41], seed_hex[65], key_hex[65];
    crypto_scalarmult_base(curve_public, curve_secret);
    ph_z85_write(curve_public, public_z85);
    ph_z85_write(curve_secret, secret_z85);
    sodium_bin2hex(seed_hex, sizeof seed_hex, seed, sizeof seed);
    sodium_bin2hex(key_hex, sizeof key_hex, key.b, sizeof key.b);
    FILE *f = fopen(key_path, "we");
    ck_assert_ptr_nonnull(f);
    fprintf(f,
            "name = notary\ncurve_public = %s\ncurve_secret = %s\nsign_public = %s\n"
            "sign_seed = %s\n",
            public_z85, secret_z85, key_hex, seed_hex);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(key_path, 0600), 0);
}

static void setup(void)
{
    uint8_t secret[64];
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_seed_keypair(key.b, secret, seed);
    snprintf(folder, sizeof folder, "/tmp/petahour-seal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(journal, sizeof journal, "%s/journal", folder);
    snprintf(key_path, sizeof key_path, "%s/notary.key", folder);
    write_key_file();
    ck_assert_msg(ph_keyring_open(key_path, &keyring, err, sizeof err) == PH_OK, "%s", err);
    a_journal_open(&made, journal, "market.example", &key);
    items.cnt = again.cnt = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void teardown(void)
{
    a_journal_close(&made);
    ph_keyring_close(keyring);
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static ph_status keep(void *arg, uint64_t number, const void *bytes, size_t size)
{
    (void)arg;
    ck_assert_uint_eq(number, items.cnt + 1);
    ck_assert_uint_le(size, ITEM_MAX);
    memcpy(items.bytes[items.cnt], bytes, size);
    items.size[items.cnt++] = (uint32_t)size;
    return PH_OK;
}

/* Replays and seals everything that is there. */
static void seal_all(void)
{
    ph_replay *r;
    ph_replay_error replay_err;
    ph_contracts *contracts = ph_contracts_new();
    ph_seal *seal = ph_seal_new(keyring, "market.example");
    ck_assert_msg(ph_replay_open(journal, &r, &replay_err) == PH_OK, "%s", replay_err.text);
    for (;;) {
        const ph_replay_batch *batch;
        ph_status s = ph_replay_next(r, &batch, &replay_err);
        if (s == PH_EEND) break;
        ck_assert_msg(s == PH_OK, "%s", replay_err.text);
        s = ph_contracts_collect(contracts, ph_replay_market(r), batch, err, sizeof err);
        ck_assert_msg(s == PH_OK, "%s", err);
        if (ph_contracts_cnt(contracts) != 0)
            ck_assert_int_eq(ph_seal_batch(seal, contracts, keep, NULL), PH_OK);
    }
    ph_replay_close(r);
    ph_contracts_free(contracts);
    ph_seal_free(seal);
}

static ph_saved saved_of(uint32_t i)
{
    ph_signed_contract c;
    ck_assert_int_eq(ph_signed_contract_read(items.bytes[i], items.size[i], &c), PH_OK);
    ck_assert_uint_eq(c.contract.v, i + 1);
    uint8_t *bytes = items.bytes[i] + PH_SIGNED_CONTRACT_HEADER_SIZE;
    return (ph_saved){.canonical = bytes,
                      .canonical_size = c.canonical_size,
                      .leaf_index = c.leaf_index,
                      .leaf_cnt = c.leaf_count,
                      .proof = bytes + c.canonical_size,
                      .proof_cnt = c.proof_cnt,
                      .note = (char *)bytes + c.canonical_size + (size_t)c.proof_cnt * 32,
                      .note_size = c.note_size};
}

static ph_status check(const ph_saved *s, const ph_key *by)
{
    ph_proof p;
    const char *why = NULL;
    ph_status st = ph_proof_check(s, by, &p, &why);
    ck_assert((st == PH_OK) == (why == NULL));
    return st;
}

START_TEST(every_contract_of_a_journal_proves_itself)
{
    for (uint32_t n = 0; n < ROUNDS; n++)
        a_journal_round(&made, n);
    seal_all();
    ck_assert_uint_eq(items.cnt, CONTRACTS);
    ck_assert_uint_eq(ph_market_contract_cnt(made.m), CONTRACTS);
    for (uint32_t i = 0; i < items.cnt; i++) {
        ph_saved s = saved_of(i);
        ph_proof p;
        const char *why;
        ck_assert_msg(ph_proof_check(&s, &key, &p, &why) == PH_OK, "contract %u: %s", i + 1, why);
        ck_assert_uint_eq(p.document.contract.v, i + 1);
        ck_assert_str_eq(p.document.symbol.s, "AI.H100-SXM5-80G.ulanqab-1");
        ck_assert(p.document.supplier.name.s[0] == 'H' || p.document.supplier.name.s[0] == 'B');
        ck_assert_uint_le(p.root.first_seq, p.document.seq);
        ck_assert_int_gt(p.document.buyer_fee, 0);
        ck_assert_uint_eq(p.document.segment_cnt, s.leaf_cnt == 8 && s.leaf_index == 7 ? 2 : 1);
    }
}
END_TEST

/* A notary that starts again gives the same bytes; one that signed already refuses to go back. */
START_TEST(sealing_again_gives_the_same_bytes)
{
    for (uint32_t n = 0; n < ROUNDS; n++)
        a_journal_round(&made, n);
    seal_all();
    memcpy(&again, &items, sizeof again);
    items.cnt = 0;
    ph_keyring_close(keyring);
    keyring = NULL;
    ck_assert_int_eq(ph_keyring_open(key_path, &keyring, err, sizeof err), PH_OK);
    seal_all();
    ck_assert_uint_eq(items.cnt, again.cnt);
    for (uint32_t i = 0; i < items.cnt; i++) {
        ck_assert_uint_eq(items.size[i], again.size[i]);
        ck_assert_mem_eq(items.bytes[i], again.bytes[i], items.size[i]);
    }
}
END_TEST

START_TEST(a_batch_without_contracts_has_nothing_to_sign)
{
    a_journal_round(&made, 0);
    seal_all();
    ck_assert_uint_eq(items.cnt, 0);
}
END_TEST

START_TEST(what_was_changed_proves_nothing)
{
    for (uint32_t n = 0; n < ROUNDS; n++)
        a_journal_round(&made, n);
    seal_all();
    ph_saved s = saved_of(4); /* the second of three */
    ck_assert_uint_eq(s.leaf_cnt, 3);
    ph_key other = key;
    other.b[0] ^= 1;
    ck_assert_int_eq(check(&s, &key), PH_OK);
    ck_assert_int_eq(check(&s, &other), PH_ENOTFOUND);
    for (size_t i = 0; i < s.canonical_size; i++) {
        s.canonical[i] ^= 1;
        ck_assert_msg(check(&s, &key) != PH_OK, "canonical byte %zu", i);
        s.canonical[i] ^= 1;
    }
    for (size_t i = 0; i < (size_t)s.proof_cnt * 32; i++) {
        s.proof[i] ^= 1;
        ck_assert_int_eq(check(&s, &key), PH_ECORRUPT);
        s.proof[i] ^= 1;
    }
    for (size_t i = 0; i < s.note_size; i++) {
        s.note[i] ^= 1;
        ck_assert_msg(check(&s, &key) != PH_OK, "note byte %zu", i);
        s.note[i] ^= 1;
    }
    s.leaf_index = 2;
    ck_assert_int_eq(check(&s, &key), PH_ECORRUPT);
    s.leaf_index = 1;
    s.leaf_cnt = 4;
    ck_assert_int_eq(check(&s, &key), PH_ECORRUPT);
    s.leaf_cnt = 3;
    s.proof_cnt--;
    ck_assert_int_eq(check(&s, &key), PH_ECORRUPT);
}
END_TEST

/* The root of another batch, properly signed, does not vouch for this contract. */
START_TEST(proofs_of_another_batch_do_not_hold)
{
    for (uint32_t n = 0; n < ROUNDS; n++)
        a_journal_round(&made, n);
    seal_all();
    ph_saved one = saved_of(0), other = saved_of(23); /* both alone in their batch */
    ck_assert_uint_eq(one.leaf_cnt, 1);
    ck_assert_uint_eq(other.leaf_cnt, 1);
    ph_saved mixed = one;
    mixed.note = other.note;
    mixed.note_size = other.note_size;
    ck_assert_int_eq(check(&mixed, &key), PH_ECORRUPT);
    mixed = other;
    mixed.note = one.note;
    mixed.note_size = one.note_size;
    ck_assert_int_eq(check(&mixed, &key), PH_ECORRUPT);
}
END_TEST

/* The document of contract n, whose proof holds. */
static ph_document document_of(uint32_t n)
{
    ph_saved s = saved_of(n - 1);
    ph_proof p;
    const char *why;
    ck_assert_msg(ph_proof_check(&s, &key, &p, &why) == PH_OK, "contract %u: %s", n, why);
    return p.document;
}

/* New terms in the same batch are not those of what was concluded before. */
START_TEST(a_contract_has_the_terms_it_was_concluded_under)
{
    ph_product_terms terms = *ph_market_product(made.m, (ph_product_id){1});
    a_journal_order(&made, 2, PH_SIDE_SELL, (ph_window){0, 2}, 1, 1000000);
    a_journal_order(&made, 4, PH_SIDE_BUY, (ph_window){0, 2}, 1, 1000000);
    memset(&terms.terms_hash, 0xcd, sizeof terms.terms_hash);
    terms.availability_ppm = 500000;
    a_journal_do(&made, (ph_command){.kind = PH_CMD_SET_TERMS, .sender = {1}, .u.product = terms});
    a_journal_order(&made, 2, PH_SIDE_SELL, (ph_window){0, 2}, 1, 1000000);
    a_journal_order(&made, 4, PH_SIDE_BUY, (ph_window){0, 2}, 1, 1000000);
    a_journal_commit(&made);
    seal_all();
    ck_assert_uint_eq(items.cnt, 2);
    ck_assert_uint_eq(document_of(1).terms_version, 1);
    ck_assert_uint_eq(document_of(1).terms_hash.b[0], 0xab);
    ck_assert_uint_eq(document_of(1).availability_ppm, 999000);
    ck_assert_uint_eq(document_of(2).terms_version, 2);
    ck_assert_uint_eq(document_of(2).terms_hash.b[0], 0xcd);
    ck_assert_uint_eq(document_of(2).availability_ppm, 500000);
}
END_TEST

/* Keys that were changed before the batch ended; contracts of earlier batches stay as they are. */
START_TEST(a_contract_has_the_keys_in_force)
{
    ph_key_change added = {.use = PH_KEY_SIGNATURE}, revoked = {.use = PH_KEY_SIGNATURE};
    memset(&added.key, 99, sizeof added.key);
    memset(&revoked.key, 64 + 4, sizeof revoked.key);
    a_journal_order(&made, 2, PH_SIDE_SELL, (ph_window){0, 2}, 2, 1000000);
    a_journal_order(&made, 4, PH_SIDE_BUY, (ph_window){0, 2}, 1, 1000000);
    a_journal_commit(&made);
    a_journal_do(&made, (ph_command){.kind = PH_CMD_ADD_KEY, .sender = {4}, .u.key = added});
    a_journal_do(&made, (ph_command){.kind = PH_CMD_REVOKE_KEY, .sender = {4}, .u.key = revoked});
    a_journal_order(&made, 4, PH_SIDE_BUY, (ph_window){0, 2}, 1, 1000000);
    a_journal_commit(&made);
    seal_all();
    ck_assert_uint_eq(items.cnt, 2);
    ck_assert_uint_eq(document_of(1).buyer.key.b[0], 64 + 4);
    ck_assert_uint_eq(document_of(2).buyer.key.b[0], 99);
    ck_assert_uint_eq(document_of(2).supplier.key.b[0], 64 + 2);
}
END_TEST

START_TEST(a_resale_names_who_sold)
{
    a_journal_order(&made, 2, PH_SIDE_SELL, (ph_window){0, 4}, 2, 1000000);
    a_journal_order(&made, 4, PH_SIDE_BUY, (ph_window){0, 4}, 2, 1000000);
    ph_command sell = {.kind = PH_CMD_NEW_ORDER,
                       .sender = {4},
                       .u.order = {.client_order_id = ++made.client_order_id[4],
                                   .product = {1},
                                   .side = PH_SIDE_SELL,
                                   .shape = PH_SHAPE_EACH,
                                   .window = {A_JOURNAL_PERIOD + 2, 2},
                                   .quantity = 1,
                                   .price = 1500000,
                                   .time_in_force = PH_TIF_GTC,
                                   .stp = PH_STP_CANCEL_INCOMING,
                                   .from_contract = {1}}};
    a_journal_do(&made, sell);
    a_journal_order(&made, 5, PH_SIDE_BUY, (ph_window){0, 2}, 1, 1500000);
    a_journal_commit(&made);
    seal_all();
    ck_assert_uint_eq(items.cnt, 2);
    ck_assert_uint_eq(document_of(1).from_contract.v, 0);
    ck_assert_uint_eq(document_of(1).seller.v, 2);
    ph_document resold = document_of(2);
    ck_assert_uint_eq(resold.from_contract.v, 1);
    ck_assert_uint_eq(resold.buyer.id.v, 5);
    ck_assert_uint_eq(resold.seller.v, 4);
    ck_assert_str_eq(resold.seller_name.s, "Lab");
    ck_assert_uint_eq(resold.supplier.id.v, 2);
    ck_assert_int_eq(resold.notional, 3000000);
    ck_assert_int_eq(resold.supplier_notional, 2000000);
    ck_assert_int_eq(resold.premium, 1000000);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, every_contract_of_a_journal_proves_itself);
    tcase_add_test(t, sealing_again_gives_the_same_bytes);
    tcase_add_test(t, a_batch_without_contracts_has_nothing_to_sign);
    tcase_add_test(t, what_was_changed_proves_nothing);
    tcase_add_test(t, proofs_of_another_batch_do_not_hold);
    tcase_add_test(t, a_contract_has_the_terms_it_was_concluded_under);
    tcase_add_test(t, a_contract_has_the_keys_in_force);
    tcase_add_test(t, a_resale_names_who_sold);
}

int main(void)
{
    return suite_run("seal", add);
}
