/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/notary_keys.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/suite.h"

#define MARKET "market.example"

typedef struct {
    ph_key key;
    uint8_t secret[64];
} signing;

static signing pairs[6];
static ph_notary_keys keys;

static void setup(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    for (uint8_t i = 0; i < 6; i++) {
        uint8_t seed[32];
        memset(seed, i + 1, sizeof seed);
        crypto_sign_ed25519_seed_keypair(pairs[i].key.b, pairs[i].secret, seed);
    }
    keys.seen = keys.cnt = 0;
    ck_assert(ph_notary_keys_take(&keys, MARKET, &(ph_notary_key){pairs[0].key, 1, {{0}}, {{0}}}));
}

static ph_signature sign(const char *market, int before, int key, int by)
{
    char text[PH_NOTARY_KEY_TEXT_MAX];
    ph_signature s;
    size_t size = ph_notary_keys_text(market, &pairs[before].key, &pairs[key].key, text);
    crypto_sign_ed25519_detached(s.b, NULL, (const uint8_t *)text, size, pairs[by].secret);
    return s;
}

START_TEST(what_is_signed_has_one_form)
{
    char text[PH_NOTARY_KEY_TEXT_MAX];
    ph_key zero = {{0}};
    size_t size = ph_notary_keys_text(MARKET, &zero, &zero, text);
    ck_assert_str_eq(text, "petahour notary key v1\nmarket.example\n"
                           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

static int in_force(uint64_t first_seq)
{
    const ph_key *k = ph_notary_keys_at(&keys, first_seq);
    for (int i = 0; i < 6; i++)
        if (memcmp(k, &pairs[i].key, sizeof *k) == 0) return i;
    return -1;
}

START_TEST(a_key_is_in_force_for_the_batches_after_its_record)
{
    ck_assert(ph_notary_keys_take(
        &keys, MARKET,
        &(ph_notary_key){pairs[1].key, 100, sign(MARKET, 0, 1, 1), sign(MARKET, 0, 1, 0)}));
    ck_assert(ph_notary_keys_take(
        &keys, MARKET, &(ph_notary_key){pairs[2].key, 101, sign(MARKET, 1, 2, 2), {{0}}}));
    ck_assert_int_eq(in_force(1), 0);
    ck_assert_int_eq(in_force(100), 0); /* the batch that has the record begins with it at latest */
    ck_assert_int_eq(in_force(101), 1);
    ck_assert_int_eq(in_force(102), 2);
    ck_assert_int_eq(in_force(UINT64_MAX), 2);
    ck_assert(keys.v[0].is_endorsed && keys.v[1].is_endorsed && !keys.v[2].is_endorsed);
}
END_TEST

START_TEST(a_key_without_proof_is_none)
{
    const ph_signature proofs[] = {
        {{0}},
        sign(MARKET, 0, 1, 0),         /* by another */
        sign("market.other", 0, 1, 1), /* for another market */
        sign(MARKET, 2, 1, 1),         /* after another key */
        sign(MARKET, 0, 2, 1),         /* of another key */
    };
    for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++)
        ck_assert(!ph_notary_keys_take(
            &keys, MARKET, &(ph_notary_key){pairs[1].key, 100, proofs[i], sign(MARKET, 0, 1, 0)}));
    ck_assert_int_eq(in_force(200), 0);
    /* What was named in vain is not the key before. */
    ck_assert(ph_notary_keys_take(
        &keys, MARKET, &(ph_notary_key){pairs[3].key, 300, sign(MARKET, 0, 3, 3), {{1}}}));
    ck_assert_int_eq(in_force(301), 3);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, what_is_signed_has_one_form);
    tcase_add_test(tests, a_key_is_in_force_for_the_batches_after_its_record);
    tcase_add_test(tests, a_key_without_proof_is_none);
}

int main(void)
{
    return suite_run("notary_keys", add);
}
