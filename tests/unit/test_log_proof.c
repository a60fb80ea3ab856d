/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/log_proof.h"

#include <string.h>

#include "engine/notary/checkpoint.h"
#include "engine/notary/note.h"
#include "tests/unit/suite.h"

/* The vectors of the specification of this project: a log of the community's eight leaves, key of
   RFC 8032 test 1, leaf 5. */
static const char proof_text[] = "c2sp.org/tlog-proof@v1\n"
                                 "index 5\n"
                                 "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
                                 "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"
                                 "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n"
                                 "\n"
                                 "market.example/journal\n"
                                 "8\n"
                                 "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
                                 "\n"
                                 "\xe2\x80\x94 market.example/journal "
                                 "8cVvDsQefMTyWWxz0lSFYILijNIml3GJDerS5hX2wmj60wRR4SfWuniMRqDkaP0xo"
                                 "L3/d4+9BgoVvo2KqT7+qAmefQM=\n";

static const uint8_t log_key[32] = {
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

static ph_status status_of(const char *text, size_t size)
{
    static ph_log_proof p;
    ph_log_proof_fault fault = {0, NULL};
    p.number = 77;
    ph_status s = ph_log_proof_read(text, size, &p, &fault);
    if (s == PH_OK) return s;
    ck_assert_uint_eq(p.number, 77);
    ck_assert_ptr_nonnull(fault.why);
    return s;
}

START_TEST(the_vector_reads_writes_and_proves_itself)
{
    ph_log_proof p;
    ph_log_proof_fault fault;
    ck_assert_int_eq(ph_log_proof_read(proof_text, sizeof proof_text - 1, &p, &fault), PH_OK);
    ck_assert_int_eq(p.kind, PH_LOG_PROOF_INCLUSION);
    ck_assert_uint_eq(p.number, 5);
    ck_assert_uint_eq(p.path.cnt, 3);
    char again[sizeof proof_text - 1];
    ph_writer w = ph_writer_of(again, sizeof again);
    ph_log_proof_write(&w, &p);
    ck_assert(!w.full);
    ck_assert_uint_eq(ph_writer_size(&w), sizeof again);
    ck_assert_mem_eq(again, proof_text, sizeof again);

    ph_key key;
    memcpy(key.b, log_key, sizeof key.b);
    size_t text;
    ph_note_signer signer = {"market.example/journal", &key};
    ck_assert_int_eq(ph_note_verify(p.note, p.note_size, &signer, &text), PH_OK);
    ph_log_checkpoint c;
    ck_assert_int_eq(ph_log_checkpoint_read(p.note, text, &c), PH_OK);
    ck_assert_uint_eq(c.leaf_cnt, 8);
    ph_hash leaf = ph_merkle_leaf("\x40\x41\x42\x43", 4);
    ph_merkle_place place = {5, 8, p.path.v[0].b, p.path.cnt};
    ck_assert(ph_merkle_verify(&leaf, &place, &c.root));
    place.index = 4;
    ck_assert(!ph_merkle_verify(&leaf, &place, &c.root));
}
END_TEST

START_TEST(a_proof_of_consistency_reads_back)
{
    ph_log_proof p = {.kind = PH_LOG_PROOF_GROWTH, .number = UINT64_MAX, .note = "n\n"}, got;
    p.note_size = 2;
    p.path.cnt = PH_MERKLE_LONG_MAX;
    memset(p.path.v, 0xfb, sizeof p.path.v);
    static char text[PH_LOG_PROOF_MAX];
    ph_log_proof_fault fault;
    ph_writer w = ph_writer_of(text, sizeof text);
    ph_log_proof_write(&w, &p);
    ck_assert(!w.full);
    ck_assert_int_eq(ph_log_proof_read(text, ph_writer_size(&w), &got, &fault), PH_OK);
    ck_assert_int_eq(got.kind, PH_LOG_PROOF_GROWTH);
    ck_assert_uint_eq(got.number, UINT64_MAX);
    ck_assert_uint_eq(got.path.cnt, p.path.cnt);
    ck_assert_mem_eq(got.path.v, p.path.v, sizeof p.path.v);
    ck_assert_uint_eq(got.note_size, 2);
}
END_TEST

START_TEST(what_is_no_proof_is_refused)
{
#define HASH "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n"
    static const char *const rows[] = {
        "",
        "old",
        "old \n\nn\n",
        "old 01\n\nn\n",
        "old -1\n\nn\n",
        "old +1\n\nn\n",
        "old 1 \n\nn\n",
        "old 18446744073709551616\n\nn\n",
        "old 1",
        "old 1\n",
        "old 1\n\n",
        ("old 1\n" HASH),
        ("old 1\n" HASH "\n"),
        "old 1\nhash\n\nn\n",
        "old 1\n+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/t=\n\nn\n", /* spare bits */
        "old 1\n-_v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n\nn\n", /* url alphabet */
        "old 1\n+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+w==\n\nn\n", /* 31 bytes */
        "new 1\n\nn\n",
        "c2sp.org/tlog-proof@v1\n\nn\n",
        "c2sp.org/tlog-proof@v2\nindex 1\n\nn\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n\nn\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(status_of(rows[i], strlen(rows[i])) == PH_ECORRUPT, "row %zu", i);
    const char *is_one = "old 1\n" HASH "\nn\n";
    ck_assert_int_eq(status_of(is_one, strlen(is_one)), PH_OK);
    char many[65 * sizeof HASH + 32] = "old 1\n";
    for (int i = 0; i < 65; i++)
        strncat(many, HASH, sizeof many - strlen(many) - 1);
    strncat(many, "\nn\n", sizeof many - strlen(many) - 1);
    ck_assert_int_eq(status_of(many, strlen(many)), PH_ECORRUPT);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_vector_reads_writes_and_proves_itself);
    tcase_add_test(t, a_proof_of_consistency_reads_back);
    tcase_add_test(t, what_is_no_proof_is_refused);
}

int main(void)
{
    return suite_run("log_proof", add);
}
