/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/petahour.h"

#include "clients/lib/note.h"
#include "tests/unit/phc_vectors.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static uint8_t canonical[2048], proof[1024], key[32];
static char note[2048];
static phc_signed_contract given;

static size_t bytes_of(const char *hex, uint8_t *to, size_t max)
{
    size_t size = strlen(hex) / 2;
    ck_assert_uint_le(size, max);
    ck_assert_int_eq(phc_hex_parse(hex, to, size), PHC_OK);
    return size;
}

static void load(const char *contract_hex, const char *proof_hex, const char *note_hex,
                 uint32_t index, uint32_t count)
{
    given =
        (phc_signed_contract){.canonical = canonical,
                              .canonical_size = bytes_of(contract_hex, canonical, sizeof canonical),
                              .leaf_index = index,
                              .leaf_count = count,
                              .proof = proof,
                              .proof_size = bytes_of(proof_hex, proof, sizeof proof),
                              .signed_root = note,
                              .signed_root_size = bytes_of(note_hex, (uint8_t *)note, sizeof note)};
    bytes_of(vector_key, key, sizeof key);
}

static void begin(void)
{
    load(vector_contract, vector_proof, vector_note, VECTOR_INDEX, VECTOR_COUNT);
}

static phc_status verify(void)
{
    char err[200] = "";
    phc_status s = phc_contract_verify(&given, "market.example", key, err, sizeof err);
    ck_assert_int_eq(s == PHC_OK, err[0] == '\0');
    return s;
}

START_TEST(a_contract_of_a_batch_verifies)
{
    ck_assert_int_eq(verify(), PHC_OK);
}
END_TEST

START_TEST(a_lone_contract_verifies)
{
    load(lone_contract, "", lone_note, 0, 1);
    ck_assert_int_eq(verify(), PHC_OK);
}
END_TEST

START_TEST(the_bytes_say_what_was_agreed)
{
    phc_segment segments[8];
    phc_contract c;
    ck_assert_int_eq(phc_contract_read(canonical, given.canonical_size, segments, 8, &c), PHC_OK);
    ck_assert_uint_eq(c.rules_version, 1);
    ck_assert_str_eq(c.market, "market.example");
    ck_assert_str_eq(c.currency, "USD");
    ck_assert_uint_eq(c.contract, 43);
    ck_assert_uint_eq(c.trade, 143);
    ck_assert_uint_eq(c.sequence, 1043);
    ck_assert_uint_eq(c.product, 7);
    ck_assert_str_eq(c.symbol, "AI.H100-SXM5-80G.ulanqab-1");
    ck_assert_str_eq(c.unit, "card");
    ck_assert_uint_eq(c.period_seconds, 3600);
    ck_assert_uint_eq(c.resolve_seconds, 86401);
    ck_assert_int_eq(c.dispute_deposit, 5000000);
    ck_assert_uint_eq(c.buyer, 20);
    ck_assert_str_eq(c.buyer_name, "Buyer & Co");
    ck_assert_uint_eq(c.buy_order, 501);
    ck_assert_uint_eq(c.supplier, 30);
    ck_assert_uint_eq(c.supplier_key[31], 0x50);
    ck_assert_uint_eq(c.sell_order, 502);
    ck_assert_int_eq(c.taker, PHC_BUY);
    ck_assert_int_eq(c.notional, INT64_C(1000000076000000));
    ck_assert_int_eq(c.buyer_fee_at_trade, 300);
    ck_assert_int_eq(c.bond, 777);
    ck_assert_uint_eq(c.segment_cnt, 3);
    ck_assert_uint_eq(c.segments[2].first_period, 497020);
    ck_assert_int_eq(c.segments[1].price, 1600000);
}
END_TEST

START_TEST(too_little_room_is_said)
{
    phc_segment segments[2];
    phc_contract c;
    ck_assert_int_eq(phc_contract_read(canonical, given.canonical_size, segments, 2, &c),
                     PHC_EFULL);
}
END_TEST

START_TEST(every_shorter_and_longer_text_is_refused)
{
    phc_segment segments[8];
    phc_contract c;
    for (size_t n = 0; n < given.canonical_size; n++)
        ck_assert_int_eq(phc_contract_read(canonical, n, segments, 8, &c), PHC_ECORRUPT);
    canonical[given.canonical_size] = 0;
    ck_assert_int_eq(phc_contract_read(canonical, given.canonical_size + 1, segments, 8, &c),
                     PHC_ECORRUPT);
}
END_TEST

/* Whatever bit is changed in the bytes, the proof or the key, the contract does not verify. */
START_TEST(every_flipped_bit_is_noticed)
{
    for (size_t i = 0; i < given.canonical_size * 8; i += 3) {
        canonical[i / 8] ^= (uint8_t)(1u << (i % 8));
        ck_assert_int_eq(verify(), PHC_EVERIFY);
        canonical[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t i = 0; i < given.proof_size * 8; i++) {
        proof[i / 8] ^= (uint8_t)(1u << (i % 8));
        ck_assert_int_eq(verify(), PHC_EVERIFY);
        proof[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t i = 0; i < 32; i++) {
        key[i] ^= 1;
        ck_assert_int_eq(verify(), PHC_EVERIFY);
        key[i] ^= 1;
    }
    ck_assert_int_eq(verify(), PHC_OK);
}
END_TEST

START_TEST(every_changed_byte_of_the_note_is_noticed)
{
    for (size_t i = 0; i < given.signed_root_size; i++) {
        for (int bit = 0; bit < 8; bit += 2) {
            note[i] = (char)(note[i] ^ (1 << bit));
            ck_assert_int_eq(verify(), PHC_EVERIFY);
            note[i] = (char)(note[i] ^ (1 << bit));
        }
    }
    for (size_t n = 0; n < given.signed_root_size; n++) {
        phc_signed_contract whole = given;
        given.signed_root_size = n;
        ck_assert_int_eq(verify(), PHC_EVERIFY);
        given = whole;
    }
}
END_TEST

START_TEST(another_place_or_count_is_refused)
{
    for (uint32_t index = 0; index < 9; index++) {
        for (uint32_t count = 0; count < 9; count++) {
            given.leaf_index = index;
            given.leaf_count = count;
            bool same = index == VECTOR_INDEX && count == VECTOR_COUNT;
            ck_assert_int_eq(verify(), same ? PHC_OK : PHC_EVERIFY);
        }
    }
}
END_TEST

START_TEST(a_proof_of_another_length_is_refused)
{
    size_t size = given.proof_size;
    for (size_t n = 0; n < sizeof proof; n++) {
        given.proof_size = n;
        ck_assert_int_eq(verify(), n == size ? PHC_OK : PHC_EVERIFY);
    }
}
END_TEST

START_TEST(another_market_is_refused)
{
    char err[200];
    ck_assert_int_eq(phc_contract_verify(&given, "market.examples", key, err, sizeof err),
                     PHC_EVERIFY);
    ck_assert_int_eq(phc_contract_verify(&given, "", key, err, sizeof err), PHC_EVERIFY);
}
END_TEST

START_TEST(the_root_of_another_batch_is_refused)
{
    load(vector_contract, vector_proof, lone_note, VECTOR_INDEX, VECTOR_COUNT);
    ck_assert_int_eq(verify(), PHC_EVERIFY);
    load(lone_contract, vector_proof, vector_note, VECTOR_INDEX, VECTOR_COUNT);
    ck_assert_int_eq(verify(), PHC_EVERIFY);
    load(lone_contract, "", vector_note, 0, 1);
    ck_assert_int_eq(verify(), PHC_EVERIFY);
}
END_TEST

/* A line of a key that we do not know says nothing; two lines of ours must both hold. */
START_TEST(lines_of_other_keys_are_passed_over)
{
    static const char other[] = "\xe2\x80\x94 witness.example bTLsGQ+Bg/BfGNqcBDV4PNsM4g==\n";
    memcpy(note + given.signed_root_size, other, sizeof other - 1);
    given.signed_root_size += sizeof other - 1;
    ck_assert_int_eq(verify(), PHC_OK);
    note[given.signed_root_size++] = '\n';
    ck_assert_int_eq(verify(), PHC_EVERIFY);
}
END_TEST

/* The published vector of the signed-note specification. */
START_TEST(the_published_note_verifies)
{
    static const char published[] = "This is an example message.\n\n\xe2\x80\x94 example.com/foo "
                                    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXs"
                                    "YjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    uint8_t spec_key[32];
    phc_checkpoint c;
    /* The key of the specification: base64 AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k. */
    bytes_of("e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4", spec_key, 32);
    ck_assert(phc_note_verify(published, sizeof published - 1, "example.com/foo", spec_key));
    ck_assert(!phc_note_verify(published, sizeof published - 1, "example.com/bar", spec_key));
    ck_assert(!phc_note_verify(published, sizeof published - 2, "example.com/foo", spec_key));
    ck_assert(!phc_checkpoint_read(published, sizeof published - 1, "example.com/foo", &c));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, a_contract_of_a_batch_verifies);
    tcase_add_test(t, a_lone_contract_verifies);
    tcase_add_test(t, the_bytes_say_what_was_agreed);
    tcase_add_test(t, too_little_room_is_said);
    tcase_add_test(t, every_shorter_and_longer_text_is_refused);
    tcase_add_test(t, every_flipped_bit_is_noticed);
    tcase_add_test(t, every_changed_byte_of_the_note_is_noticed);
    tcase_add_test(t, another_place_or_count_is_refused);
    tcase_add_test(t, a_proof_of_another_length_is_refused);
    tcase_add_test(t, another_market_is_refused);
    tcase_add_test(t, the_root_of_another_batch_is_refused);
    tcase_add_test(t, lines_of_other_keys_are_passed_over);
    tcase_add_test(t, the_published_note_verifies);
}

int main(void)
{
    return suite_run("phc_contract", add);
}
