/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/note.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/suite.h"

/* RFC 8032, tests 1 and 2. */
#define SEED_1 "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define KEY_1  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define KEY_2  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"

/* Of the specification of signed notes. */
#define KEY_SPEC "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4"

static const char spec_note[] = "This is an example message.\n"
                                "\n"
                                "\xe2\x80\x94 example.com/foo "
                                "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOB"
                                "H3mFXmRKuwHjG1Yu72IneyaQM=\n";

/* The example of engine/notary/README.md: one contract, whose leaf is all zero, of a batch that
   starts with record 41. */
static const char contract_text[] = "market.example/contracts/41\n"
                                    "1\n"
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
static const char contract_note[] =
    "market.example/contracts/41\n"
    "1\n"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    "\n"
    "\xe2\x80\x94 market.example "
    "a/cOLAeO/"
    "sFzW4wUHsSHAprffWzk43rOUTsh0BS9+zmolJjM2AuK+MkMVhXBJqFp9ERYwSMp8Jjg0mkLPdZxqtQwLgE=\n";

/* A log's checkpoint with the cosignature of a witness, which is of another type. */
static const char witnessed_note[] =
    "market.example/journal\n"
    "8\n"
    "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    "\n"
    "\xe2\x80\x94 market.example/journal "
    "8cVvDsQefMTyWWxz0lSFYILijNIml3GJDerS5hX2wmj60wRR4SfWuniMRqDkaP0xoL3/d4+9BgoVvo2KqT7+qAmefQM=\n"
    "\xe2\x80\x94 auditor.example/w1 "
    "vABVzgAAAABlU/EA+CCVwYyCjYLg8NZd3plQIA9X1NeRWc/"
    "oWK0o7YJW6mTpeokf9hlNdKUf+PciG4vCeTT3IcxVi9gsCnUD"
    "EYL3Aw==\n";

static ph_key key_1, key_2, key_spec;
static ph_note_signer market, foo;

static void read_hex(const char *hex, uint8_t ret[32])
{
    size_t size;
    ck_assert_int_eq(sodium_hex2bin(ret, 32, hex, strlen(hex), NULL, &size, NULL), 0);
    ck_assert_uint_eq(size, 32);
}

static void setup(void)
{
    read_hex(KEY_1, key_1.b);
    read_hex(KEY_2, key_2.b);
    read_hex(KEY_SPEC, key_spec.b);
    market = (ph_note_signer){"market.example", &key_1};
    foo = (ph_note_signer){"example.com/foo", &key_spec};
}

static ph_status status_of(const char *note, size_t size, const ph_note_signer *signer)
{
    size_t text = 77;
    ph_status s = ph_note_verify(note, size, signer, &text);
    if (s != PH_OK) ck_assert_uint_eq(text, 77);
    return s;
}

START_TEST(vector_of_the_specification_verifies)
{
    size_t text = 0;
    ck_assert_int_eq(ph_note_verify(spec_note, sizeof spec_note - 1, &foo, &text), PH_OK);
    ck_assert_uint_eq(text, strlen("This is an example message.\n"));
    char vkey[PH_NOTE_VKEY_MAX];
    ck_assert_str_eq(ph_note_vkey(&foo, vkey),
                     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
}
END_TEST

START_TEST(what_is_written_is_the_example)
{
    uint8_t seed[32], secret[64], signature[PH_NOTE_SIGNATURE_SIZE];
    ph_key key;
    read_hex(SEED_1, seed);
    crypto_sign_seed_keypair(key.b, secret, seed);
    ck_assert_mem_eq(key.b, key_1.b, sizeof key.b);
    crypto_sign_detached(signature, NULL, (const unsigned char *)contract_text,
                         sizeof contract_text - 1, secret);
    char note[sizeof contract_note - 1];
    ph_writer w = ph_writer_of(note, sizeof note);
    ph_note_write(&w, contract_text, sizeof contract_text - 1, &market, signature);
    ck_assert(!w.full);
    ck_assert_uint_eq(ph_writer_size(&w), sizeof note);
    ck_assert_mem_eq(note, contract_note, sizeof note);
    ck_assert_int_eq(status_of(note, sizeof note, &market), PH_OK);
    uint8_t found[PH_NOTE_SIGNATURE_SIZE] = {0};
    size_t text = 0;
    ck_assert_int_eq(ph_note_signature(note, sizeof note, &market, &text, found), PH_OK);
    ck_assert_uint_eq(text, sizeof contract_text - 1);
    ck_assert_mem_eq(found, signature, sizeof found);
    w = ph_writer_of(note, sizeof note - 1);
    ph_note_write(&w, contract_text, sizeof contract_text - 1, &market, signature);
    ck_assert(w.full);
}
END_TEST

START_TEST(a_signature_that_does_not_hold_is_not_given)
{
    char note[sizeof contract_note - 1];
    uint8_t found[PH_NOTE_SIGNATURE_SIZE] = {7}, before[PH_NOTE_SIGNATURE_SIZE] = {7};
    size_t text = 77;
    memcpy(note, contract_note, sizeof note);
    note[28]++; /* one leaf is two */
    ck_assert_int_eq(ph_note_signature(note, sizeof note, &market, &text, found), PH_EDENIED);
    ck_assert_int_eq(ph_note_signature(contract_note, sizeof note,
                                       &(ph_note_signer){"market.example", &key_2}, &text, found),
                     PH_ENOTFOUND);
    ck_assert_int_eq(ph_note_signature(note, sizeof note - 1, &market, &text, found), PH_ECORRUPT);
    ck_assert_uint_eq(text, 77);
    ck_assert_mem_eq(found, before, sizeof found);
}
END_TEST

START_TEST(lines_of_others_are_ignored)
{
    size_t size = sizeof witnessed_note - 1;
    ck_assert_int_eq(
        status_of(witnessed_note, size, &(ph_note_signer){"market.example/journal", &key_1}),
        PH_OK);
    ck_assert_int_eq(status_of(witnessed_note, size, &market), PH_ENOTFOUND);
    ck_assert_int_eq(
        status_of(witnessed_note, size, &(ph_note_signer){"market.example/journal", &key_2}),
        PH_ENOTFOUND);
}
END_TEST

START_TEST(every_other_length_is_refused)
{
    for (size_t size = 0; size < sizeof contract_note - 1; size++)
        ck_assert_msg(status_of(contract_note, size, &market) == PH_ECORRUPT, "size %zu", size);
    ck_assert_int_eq(status_of(contract_note, sizeof contract_note, &market), PH_ECORRUPT);
}
END_TEST

START_TEST(a_flipped_bit_is_refused)
{
    char note[sizeof contract_note - 1];
    memcpy(note, contract_note, sizeof note);
    for (size_t i = 0; i < sizeof note * 8; i++) {
        note[i / 8] = (char)(note[i / 8] ^ (1 << (i % 8)));
        ck_assert_msg(status_of(note, sizeof note, &market) != PH_OK, "bit %zu", i);
        note[i / 8] = (char)(note[i / 8] ^ (1 << (i % 8)));
    }
}
END_TEST

/* A second line of a known key must hold too, whichever comes first. */
START_TEST(one_forged_line_spoils_the_note)
{
    const char *line = contract_note + sizeof contract_text;
    size_t size = sizeof contract_note - 1, line_size = strlen(line);
    char note[2 * sizeof contract_note];
    memcpy(note, contract_note, size);
    memcpy(note + size, line, line_size);
    ck_assert_int_eq(status_of(note, size + line_size, &market), PH_OK);
    note[size + 30] = note[size + 30] == 'A' ? 'B' : 'A';
    ck_assert_int_eq(status_of(note, size + line_size, &market), PH_EDENIED);
    note[size + 30] = line[30];
    note[sizeof contract_text + 30] = line[30] == 'A' ? 'B' : 'A';
    ck_assert_int_eq(status_of(note, size + line_size, &market), PH_EDENIED);
}
END_TEST

START_TEST(too_many_lines_are_refused)
{
    const char *line = contract_note + sizeof contract_text;
    size_t line_size = strlen(line), size = sizeof contract_text;
    char note[40 * sizeof contract_note];
    memcpy(note, contract_note, size);
    for (int i = 1; i <= 17; i++, size += line_size) {
        memcpy(note + size, line, line_size);
        ck_assert_int_eq(status_of(note, size + line_size, &market),
                         i <= PH_NOTE_SIGNATURES_MAX ? PH_OK : PH_ECORRUPT);
    }
}
END_TEST

START_TEST(what_is_no_note_is_refused)
{
    static const char *const rows[] = {
        "",
        "\n",
        "\n\n",
        "\n\n\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        "text\n\nline\n",
        "text\n\n- a AAAAAAAA\n",
        "text\n\n\xe2\x80\x94 a\n",
        "text\n\n\xe2\x80\x94  AAAAAAAA\n",
        "text\n\n\xe2\x80\x94 a AAAAAA\n",     /* no padding */
        "text\n\n\xe2\x80\x94 a AAAAAA==\n",   /* a key id and nothing after */
        "text\n\n\xe2\x80\x94 a AAAAAAB!\n",   /* not base64 */
        "text\n\n\xe2\x80\x94 a+b AAAAAAAA\n", /* not a name */
        "te\rxt\n\n\xe2\x80\x94 a AAAAAAAA\n",
        "te\txt\n\n\xe2\x80\x94 a AAAAAAAA\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(status_of(rows[i], strlen(rows[i]), &market) == PH_ECORRUPT, "row %zu", i);
    const char *is_one = "text\n\n\xe2\x80\x94 a AAAAAAAA\n";
    ck_assert_int_eq(status_of(is_one, strlen(is_one), &market), PH_ENOTFOUND);
}
END_TEST

/* The cosignature of the vectors: RFC 8032 test 2, made at second 1700000000. */
START_TEST(cosignature_of_the_vector_verifies)
{
    ph_note_signer w1 = {"auditor.example/w1", &key_2}, log = {"market.example/journal", &key_1};
    size_t size = sizeof witnessed_note - 1;
    uint64_t seconds = 0;
    char to[PH_NOTE_VKEY_MAX];
    ck_assert_int_eq(ph_note_cosignature_verify(witnessed_note, size, &w1, &seconds), PH_OK);
    ck_assert_uint_eq(seconds, 1700000000);
    ck_assert_str_eq(ph_note_witness_vkey(&w1, to),
                     "auditor.example/w1+bc0055ce+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM");
    ck_assert_str_eq(
        ph_note_vkey(&log, to),
        "market.example/journal+f1c56f0e+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea");
    /* A signature is no cosignature, nor the other way round. */
    ck_assert_int_eq(ph_note_cosignature_verify(witnessed_note, size, &log, &seconds),
                     PH_ENOTFOUND);
    ck_assert_int_eq(status_of(witnessed_note, size, &w1), PH_ENOTFOUND);
    ck_assert_uint_eq(seconds, 1700000000);
}
END_TEST

START_TEST(what_a_witness_writes_is_the_vector)
{
    static const char seed_2[] = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    uint8_t seed[32], secret[64], signature[PH_NOTE_SIGNATURE_SIZE];
    char message[256], note[sizeof witnessed_note];
    ph_key key;
    read_hex(seed_2, seed);
    crypto_sign_seed_keypair(key.b, secret, seed);
    ck_assert_mem_eq(key.b, key_2.b, sizeof key.b);
    const char *line = strstr(witnessed_note, "\xe2\x80\x94 auditor");
    size_t text = (size_t)(strstr(witnessed_note, "\n\n") + 1 - witnessed_note);
    size_t log_size = (size_t)(line - witnessed_note);
    ph_writer m = ph_writer_of(message, sizeof message);
    ph_note_cosigned_write(&m, witnessed_note, text, 1700000000);
    ck_assert(!m.full);
    ck_assert_int_eq(
        memcmp(message, "cosignature/v1\ntime 1700000000\nmarket.example/journal\n8\n", 56), 0);
    crypto_sign_detached(signature, NULL, (const unsigned char *)message, ph_writer_size(&m),
                         secret);
    ph_writer w = ph_writer_of(note, sizeof note);
    ph_write_bytes(&w, witnessed_note, log_size);
    ph_note_cosignature_write(&w, &(ph_note_signer){"auditor.example/w1", &key}, 1700000000,
                              signature);
    ck_assert(!w.full);
    ck_assert_uint_eq(ph_writer_size(&w), sizeof witnessed_note - 1);
    ck_assert_mem_eq(note, witnessed_note, sizeof witnessed_note - 1);
}
END_TEST

START_TEST(a_flipped_bit_of_a_cosignature_is_refused)
{
    ph_note_signer w1 = {"auditor.example/w1", &key_2};
    char note[sizeof witnessed_note - 1];
    uint64_t seconds = 77;
    memcpy(note, witnessed_note, sizeof note);
    size_t line = (size_t)(strstr(witnessed_note, "\xe2\x80\x94 auditor") - witnessed_note);
    size_t text = (size_t)(strstr(witnessed_note, "\n\n") - witnessed_note);
    for (size_t i = 0; i < sizeof note * 8; i++) {
        if (i / 8 > text && i / 8 < line) continue; /* the log's own line, which is another's */
        note[i / 8] = (char)(note[i / 8] ^ (1 << (i % 8)));
        ck_assert_msg(ph_note_cosignature_verify(note, sizeof note, &w1, &seconds) != PH_OK,
                      "bit %zu", i);
        note[i / 8] = (char)(note[i / 8] ^ (1 << (i % 8)));
    }
    ck_assert_uint_eq(seconds, 77);
}
END_TEST

/* Of two cosignatures of one witness the later counts; one that does not hold spoils the note. */
START_TEST(the_latest_cosignature_counts)
{
    uint8_t secret[64], seed[32] = {3}, signature[PH_NOTE_SIGNATURE_SIZE];
    ph_key key;
    crypto_sign_seed_keypair(key.b, secret, seed);
    ph_note_signer w2 = {"w2", &key};
    static const uint64_t times[3] = {5, UINT64_MAX, 9};
    char note[1024], message[256];
    ph_writer w = ph_writer_of(note, sizeof note);
    ph_write_bytes(&w, "text\n\n", 6);
    for (int i = 0; i < 3; i++) {
        ph_writer m = ph_writer_of(message, sizeof message);
        ph_note_cosigned_write(&m, "text\n", 5, times[i]);
        crypto_sign_detached(signature, NULL, (const unsigned char *)message, ph_writer_size(&m),
                             secret);
        ph_note_cosignature_write(&w, &w2, times[i], signature);
    }
    uint64_t seconds = 0;
    ck_assert_int_eq(ph_note_cosignature_verify(note, ph_writer_size(&w), &w2, &seconds), PH_OK);
    ck_assert_uint_eq(seconds, UINT64_MAX);
    ph_note_cosignature_write(&w, &w2, 10, signature); /* signed for second 9 */
    ck_assert_int_eq(ph_note_cosignature_verify(note, ph_writer_size(&w), &w2, &seconds),
                     PH_EDENIED);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, vector_of_the_specification_verifies);
    tcase_add_test(t, what_is_written_is_the_example);
    tcase_add_test(t, a_signature_that_does_not_hold_is_not_given);
    tcase_add_test(t, lines_of_others_are_ignored);
    tcase_add_test(t, every_other_length_is_refused);
    tcase_add_test(t, a_flipped_bit_is_refused);
    tcase_add_test(t, one_forged_line_spoils_the_note);
    tcase_add_test(t, too_many_lines_are_refused);
    tcase_add_test(t, what_is_no_note_is_refused);
    tcase_add_test(t, cosignature_of_the_vector_verifies);
    tcase_add_test(t, what_a_witness_writes_is_the_vector);
    tcase_add_test(t, a_flipped_bit_of_a_cosignature_is_refused);
    tcase_add_test(t, the_latest_cosignature_counts);
}

int main(void)
{
    return suite_run("note", add);
}
