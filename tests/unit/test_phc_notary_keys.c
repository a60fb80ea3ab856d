/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/notary_keys.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/suite.h"

#define MARKET "market.example"

static struct {
    uint8_t key[32], secret[64];
} pairs[5];
static phc_notary_keys keys;

static void setup(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    for (uint8_t i = 0; i < 5; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        crypto_sign_ed25519_seed_keypair(pairs[i].key, pairs[i].secret, seed);
    }
}

static void sign(int before, int key, int by, uint8_t ret[64])
{
    char text[PHC_NOTARY_KEY_TEXT_MAX];
    size_t size = phc_notary_key_text(MARKET, pairs[before].key, pairs[key].key, text);
    crypto_sign_ed25519_detached(ret, NULL, (uint8_t *)text, size, pairs[by].secret);
}

static phc_notary_change change(uint64_t sequence, int before, int key, bool endorsed)
{
    phc_notary_change n = {.sequence = sequence};
    memcpy(n.key, pairs[key].key, sizeof n.key);
    sign(before, key, key, n.proof);
    if (endorsed) sign(before, key, before, n.endorsement);
    return n;
}

static int at(uint64_t first_sequence)
{
    const phc_notary_row *row = phc_notary_at(&keys, first_sequence);
    for (int i = 0; i < 5; i++)
        if (memcmp(row->key, pairs[i].key, 32) == 0) return row->is_trusted ? i : -i - 1;
    return -100;
}

START_TEST(whoever_trusts_the_gateway_takes_what_is_proved)
{
    ck_assert(phc_notary_begin(&keys, pairs[0].key, NULL, 0));
    phc_notary_change n = change(100, 0, 1, false);
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, NULL, 0), PHC_NOTARY_TAKEN);
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, NULL, 0), PHC_NOTARY_KNOWN);
    ck_assert(at(1) == 0 && at(100) == 0 && at(101) == 1);
    n = change(200, 0, 2, true); /* not after the key in force */
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, NULL, 0), PHC_NOTARY_UNPROVED);
    n = change(200, 1, 2, true);
    n.proof[5] ^= 1;
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, NULL, 0), PHC_NOTARY_UNPROVED);
    ck_assert_int_eq(at(201), 1);
    n = change(300, 1, 3, true); /* what was not proved is not the key before */
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, NULL, 0), PHC_NOTARY_TAKEN);
    ck_assert(at(300) == 1 && at(301) == 3);
}
END_TEST

START_TEST(whoever_trusts_one_key_follows_its_endorsements)
{
    const uint8_t *trusted = pairs[0].key;
    ck_assert(!phc_notary_begin(&keys, pairs[1].key, trusted, 1));
    ck_assert(phc_notary_begin(&keys, pairs[0].key, trusted, 1));
    phc_notary_change n = change(100, 0, 1, true);
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, trusted, 1), PHC_NOTARY_TAKEN);
    n = change(200, 1, 2, false);
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, trusted, 1), PHC_NOTARY_UNTRUSTED);
    n = change(300, 2, 3, true); /* endorsed by one that nobody trusts */
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, trusted, 1), PHC_NOTARY_UNTRUSTED);
    ck_assert(at(101) == 1 && at(201) == -3 && at(301) == -4);
    uint8_t two[64];
    memcpy(two, pairs[0].key, 32);
    memcpy(two + 32, pairs[4].key, 32);
    n = change(400, 3, 4, false); /* until one is trusted by name */
    ck_assert_int_eq(phc_notary_take(&keys, MARKET, &n, two, 2), PHC_NOTARY_TAKEN);
    ck_assert_int_eq(at(401), 4);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, whoever_trusts_the_gateway_takes_what_is_proved);
    tcase_add_test(tests, whoever_trusts_one_key_follows_its_endorsements);
}

int main(void)
{
    return suite_run("phc_notary_keys", add);
}
