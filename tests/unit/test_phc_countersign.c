/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/countersign.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/suite.h"

static phc_known known;

static void teardown(void)
{
    phc_known_release(&known);
}

START_TEST(contracts_wait_until_they_are_done)
{
    uint8_t leaf[32] = {1};
    for (uint64_t id = 1; id <= 1000; id++) {
        leaf[1] = (uint8_t)id;
        ck_assert(phc_known_add(&known, 3 * id, leaf));
        ck_assert(phc_known_add(&known, 3 * id, leaf)); /* told again after a reconnect */
    }
    ck_assert_ptr_null(phc_known_find(&known, 4));
    ck_assert_ptr_null(phc_known_find(&known, 3003));
    ck_assert_uint_eq(phc_known_find(&known, 600)->leaf[1], 200);
    phc_known_find(&known, 3)->is_done = true;
    phc_known_find(&known, 9)->is_done = true;
    for (uint64_t id = 2; id <= 1000; id++) {
        if (id == 3) continue;
        phc_known_contract *k = phc_known_waiting(&known);
        ck_assert_ptr_nonnull(k);
        ck_assert_uint_eq(k->contract, 3 * id);
        k->is_done = true;
    }
    ck_assert_ptr_null(phc_known_waiting(&known));
    ck_assert(phc_known_add(&known, 4000, leaf));
    ck_assert_uint_eq(phc_known_waiting(&known)->contract, 4000);
}
END_TEST

START_TEST(the_oldest_are_forgotten_when_it_is_full)
{
    uint8_t leaf[32] = {0};
    for (uint64_t id = 1; id <= PHC_KNOWN_MAX + 10; id++)
        ck_assert(phc_known_add(&known, id, leaf));
    ck_assert_ptr_null(phc_known_find(&known, 1));
    ck_assert_ptr_nonnull(phc_known_find(&known, PHC_KNOWN_MAX));
    ck_assert_ptr_nonnull(phc_known_find(&known, PHC_KNOWN_MAX + 10));
    ck_assert_uint_gt(phc_known_waiting(&known)->contract, 1);
}
END_TEST

START_TEST(a_signature_is_over_the_contract_and_nothing_else)
{
    char text[PHC_COUNTERSIGNED_TEXT_MAX];
    uint8_t secret[64], seed[32] = {5}, bytes[] = "canonical bytes";
    phc_countersignature k = {.contract = 43};
    phc_signed_contract s = {.canonical = bytes, .canonical_size = sizeof bytes};
    ck_assert_int_ge(sodium_init(), 0);
    phc_leaf_hash(bytes, sizeof bytes, k.leaf_hash);
    size_t size = phc_countersigned_text("market.example", 43, k.leaf_hash, text);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_int_eq(strncmp(text, "petahour countersignature v1\nmarket.example\n43\n", 47), 0);
    crypto_sign_ed25519_seed_keypair(k.key, secret, seed);
    crypto_sign_ed25519_detached(k.signature, NULL, (uint8_t *)text, size, secret);
    ck_assert(phc_countersignature_verify("market.example", &s, &k));
    ck_assert(phc_countersignature_verify("market.example", NULL, &k));
    ck_assert(!phc_countersignature_verify("market.other", &s, &k));
    bytes[3] ^= 1;
    ck_assert(!phc_countersignature_verify("market.example", &s, &k));
    bytes[3] ^= 1;
    k.contract = 44;
    ck_assert(!phc_countersignature_verify("market.example", &s, &k));
    k.contract = 43;
    k.signature[63] ^= 0x10;
    ck_assert(!phc_countersignature_verify("market.example", &s, &k));
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, contracts_wait_until_they_are_done);
    tcase_add_test(tests, the_oldest_are_forgotten_when_it_is_full);
    tcase_add_test(tests, a_signature_is_over_the_contract_and_nothing_else);
}

int main(void)
{
    return suite_run("phc_countersign", add);
}
