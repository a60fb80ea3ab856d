/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/signed_contract.h"

#include <string.h>

#include "tests/unit/suite.h"

enum { CANONICAL = 696, PROOF = 2, NOTE = 100, SIZE = 44 + CANONICAL + PROOF * 32 + NOTE };

static uint8_t canonical[CANONICAL], proof[PROOF * 32], bytes[SIZE + 1];
static char note[NOTE];
static ph_signed_contract made;

static void setup(void)
{
    memset(canonical, 'c', sizeof canonical);
    memset(proof, 'p', sizeof proof);
    memset(note, 'n', sizeof note);
    made = (ph_signed_contract){.contract = {7},
                                .first_seq = 41,
                                .buyer = {11},
                                .supplier = {12},
                                .leaf_index = 2,
                                .leaf_count = 3,
                                .canonical_size = CANONICAL,
                                .proof_cnt = PROOF,
                                .note_size = NOTE,
                                .canonical = canonical,
                                .proof = proof,
                                .note = note};
    ck_assert_uint_eq(ph_signed_contract_size(&made), SIZE);
    ph_writer w = ph_writer_of(bytes, SIZE);
    ph_signed_contract_write(&w, &made);
    ck_assert(!w.full);
    ck_assert_uint_eq(ph_writer_size(&w), SIZE);
}

static ph_status status_of(size_t size)
{
    ph_signed_contract c = {.first_seq = 77};
    ph_status s = ph_signed_contract_read(bytes, size, &c);
    if (s != PH_OK) ck_assert_uint_eq(c.first_seq, 77);
    return s;
}

START_TEST(what_was_written_reads_back)
{
    ph_signed_contract c;
    ck_assert_int_eq(ph_signed_contract_read(bytes, SIZE, &c), PH_OK);
    ck_assert_uint_eq(c.contract.v, 7);
    ck_assert_uint_eq(c.first_seq, 41);
    ck_assert_uint_eq(c.buyer.v, 11);
    ck_assert_uint_eq(c.supplier.v, 12);
    ck_assert_uint_eq(c.leaf_index, 2);
    ck_assert_uint_eq(c.leaf_count, 3);
    ck_assert_uint_eq(c.canonical_size, CANONICAL);
    ck_assert_mem_eq(c.canonical, canonical, CANONICAL);
    ck_assert_uint_eq(c.proof_cnt, PROOF);
    ck_assert_mem_eq(c.proof, proof, sizeof proof);
    ck_assert_uint_eq(c.note_size, NOTE);
    ck_assert_mem_eq(c.note, note, NOTE);
}
END_TEST

START_TEST(no_room_is_told)
{
    ph_writer w = ph_writer_of(bytes, SIZE - 1);
    ph_signed_contract_write(&w, &made);
    ck_assert(w.full);
}
END_TEST

START_TEST(every_other_length_is_refused)
{
    for (size_t size = 0; size < SIZE; size++)
        ck_assert_msg(status_of(size) == PH_ECORRUPT, "size %zu", size);
    ck_assert_int_eq(status_of(SIZE + 1), PH_ECORRUPT);
}
END_TEST

START_TEST(numbers_that_make_no_sense_are_refused)
{
    static const struct {
        size_t at, size;
        uint8_t fill;
    } rows[] = {
        {0, 8, 0},  {8, 8, 0},  {16, 4, 0}, {20, 4, 0},    {24, 4, 3},  {24, 4, 0xff},
        {28, 4, 0}, {28, 1, 2}, {32, 4, 0}, {32, 4, 0xff}, {36, 1, 33}, {36, 4, 0xff},
        {36, 1, 3}, {40, 4, 0}, {40, 1, 1}, {40, 4, 0xff},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t before[8];
        memcpy(before, bytes + rows[i].at, rows[i].size);
        memset(bytes + rows[i].at, rows[i].fill, rows[i].size);
        ck_assert_msg(status_of(SIZE) == PH_ECORRUPT, "row %zu", i);
        memcpy(bytes + rows[i].at, before, rows[i].size);
    }
    ck_assert_int_eq(status_of(SIZE), PH_OK);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, what_was_written_reads_back);
    tcase_add_test(t, no_room_is_told);
    tcase_add_test(t, every_other_length_is_refused);
    tcase_add_test(t, numbers_that_make_no_sense_are_refused);
}

int main(void)
{
    return suite_run("signed_contract", add);
}
