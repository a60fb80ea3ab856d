/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/chain.h"

#include <string.h>

#include "engine/journal/format.h"
#include "tests/unit/suite.h"

/* The expected values were computed with Python's hashlib.blake2b and with SipHash written from
   its paper and checked against the paper's vector. */

static void expect(ph_hash got, const char *hex)
{
    char text[65];
    for (int i = 0; i < 32; i++) {
        text[2 * i] = "0123456789abcdef"[got.b[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[got.b[i] & 15];
    }
    text[64] = '\0';
    ck_assert_str_eq(text, hex);
}

static ph_hash digest_of(ph_digest_purpose purpose, const void *bytes, size_t size)
{
    ph_digest d;
    ph_digest_begin(&d, purpose);
    ph_digest_add(&d, bytes, size);
    return ph_digest_end(&d);
}

START_TEST(digests_are_blake2b_personalised_by_purpose)
{
    expect(digest_of(PH_DIGEST_SEGMENT, "abc", 3),
           "b942642a304169fde8e6d0ba301cd3fe04b51ba5ace9bf36f1aeee3764ef7093");
    expect(digest_of(PH_DIGEST_EVENTS, "", 0),
           "0fbecd6bc7f17c71f35da2e59914cae023fae6f204edace4819f075d78306426");
    expect(digest_of(PH_DIGEST_CHAIN, "abc", 3),
           "c0a4ad8e2977a6eaadd7bba1295a9d5a23f7786f3302c125b0f8fd366fbbbef3");
}
END_TEST

START_TEST(a_digest_does_not_depend_on_how_bytes_arrive)
{
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    ph_hash whole = digest_of(PH_DIGEST_EVENTS, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut += 37) {
        ph_digest d;
        ph_digest_begin(&d, PH_DIGEST_EVENTS);
        ph_digest_add(&d, bytes, cut);
        ph_digest_add(&d, bytes + cut, sizeof bytes - cut);
        ck_assert(ph_hash_equal(ph_digest_end(&d), whole));
    }
    ck_assert(!ph_hash_equal(digest_of(PH_DIGEST_EVENTS, bytes, 999), whole));
}
END_TEST

START_TEST(the_chain_covers_the_hash_before_the_header_and_the_body)
{
    ph_hash previous;
    uint8_t header[PH_BATCH_SIZE], body[300];
    for (size_t i = 0; i < sizeof previous.b; i++)
        previous.b[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof header; i++)
        header[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 13);
    ph_hash chain = ph_chain_next(previous, header, body, sizeof body);
    expect(chain, "e29ba0d4502622122f44970717bf3608a3f4308ec33b3f8a29da98d12157f4fd");
    for (size_t i = 0; i < sizeof header; i++) {
        header[i] ^= 1;
        bool is_covered = i < PH_BATCH_CHAIN; /* the chain itself and the check follow from it */
        ck_assert(ph_hash_equal(chain, ph_chain_next(previous, header, body, sizeof body)) !=
                  is_covered);
        header[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] ^= 0x80;
        ck_assert(!ph_hash_equal(chain, ph_chain_next(previous, header, body, sizeof body)));
        body[i] ^= 0x80;
    }
    for (size_t i = 0; i < sizeof previous.b; i++) {
        previous.b[i] ^= 0x10;
        ck_assert(!ph_hash_equal(chain, ph_chain_next(previous, header, body, sizeof body)));
        previous.b[i] ^= 0x10;
    }
}
END_TEST

START_TEST(checks_are_siphash_under_the_sequence)
{
    uint8_t bytes[63];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    ck_assert_uint_eq(ph_chain_check(0, "", 0), UINT64_C(0x2034db0ede452f47));
    ck_assert_uint_eq(ph_chain_check(1, "petahour", 8), UINT64_C(0x521170f73fa8331f));
    ck_assert_uint_eq(ph_chain_check(UINT64_C(0x0102030405060708), bytes, sizeof bytes),
                      UINT64_C(0x7714b7842acaf6f6));
    ck_assert_uint_ne(ph_chain_check(2, "petahour", 8), UINT64_C(0x521170f73fa8331f));
}
END_TEST

static void add(TCase *t)
{
    ph_chain_start();
    tcase_add_test(t, digests_are_blake2b_personalised_by_purpose);
    tcase_add_test(t, a_digest_does_not_depend_on_how_bytes_arrive);
    tcase_add_test(t, the_chain_covers_the_hash_before_the_header_and_the_body);
    tcase_add_test(t, checks_are_siphash_under_the_sequence);
}

int main(void)
{
    return suite_run("chain", add);
}
