/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/countersignature.h"

#include <string.h>

#include "tests/unit/suite.h"

static uint8_t bytes[PH_COUNTERSIGNATURE_SIZE + 1];
static ph_countersignature made;

static void setup(void)
{
    made = (ph_countersignature){
        .contract = {7}, .seq = 41, .at = {99}, .participant = {3}, .holds = true};
    memset(made.key.b, 'k', sizeof made.key.b);
    memset(made.leaf.b, 'l', sizeof made.leaf.b);
    memset(made.signature.b, 's', sizeof made.signature.b);
    ph_writer w = ph_writer_of(bytes, PH_COUNTERSIGNATURE_SIZE);
    ph_countersignature_write(&w, &made);
    ck_assert(!w.full);
    ck_assert_uint_eq(ph_writer_size(&w), PH_COUNTERSIGNATURE_SIZE);
}

static ph_status status_of(size_t size)
{
    ph_countersignature c = {.seq = 77};
    ph_status s = ph_countersignature_read(bytes, size, &c);
    if (s != PH_OK) ck_assert_uint_eq(c.seq, 77);
    return s;
}

START_TEST(what_was_written_reads_back)
{
    ph_countersignature c;
    for (int holds = 0; holds < 2; holds++) {
        made.holds = holds != 0;
        ph_writer w = ph_writer_of(bytes, PH_COUNTERSIGNATURE_SIZE);
        ph_countersignature_write(&w, &made);
        ck_assert(ph_countersignature_is(bytes, PH_COUNTERSIGNATURE_SIZE));
        ck_assert_int_eq(ph_countersignature_read(bytes, PH_COUNTERSIGNATURE_SIZE, &c), PH_OK);
        ck_assert(c.contract.v == 7 && c.seq == 41 && c.at.ns == 99 && c.participant.v == 3);
        ck_assert(c.holds == made.holds);
        ck_assert_mem_eq(&c.key, &made.key, sizeof c.key);
        ck_assert_mem_eq(&c.leaf, &made.leaf, sizeof c.leaf);
        ck_assert_mem_eq(&c.signature, &made.signature, sizeof c.signature);
    }
}
END_TEST

START_TEST(other_bytes_are_refused)
{
    ck_assert_int_eq(status_of(PH_COUNTERSIGNATURE_SIZE), PH_OK);
    for (size_t size = 0; size < PH_COUNTERSIGNATURE_SIZE; size++)
        ck_assert_int_eq(status_of(size), PH_ECORRUPT);
    ck_assert_int_eq(status_of(PH_COUNTERSIGNATURE_SIZE + 1), PH_ECORRUPT);
    static const struct {
        size_t at;
        uint8_t becomes;
    } changes[] = {{0, 1}, {8, 0}, {16, 0}, {32, 0}, {36, 0}, {36, 3}, {37, 1}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t was = bytes[changes[i].at];
        bytes[changes[i].at] = changes[i].becomes;
        ck_assert_int_eq(status_of(PH_COUNTERSIGNATURE_SIZE), PH_ECORRUPT);
        ck_assert_int_eq(ph_countersignature_is(bytes, PH_COUNTERSIGNATURE_SIZE), i != 0);
        bytes[changes[i].at] = was;
    }
    ck_assert(!ph_countersignature_is(bytes, 7));
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, what_was_written_reads_back);
    tcase_add_test(tests, other_bytes_are_refused);
}

int main(void)
{
    return suite_run("countersignature", add);
}
