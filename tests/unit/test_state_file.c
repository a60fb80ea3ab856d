/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/state_file.h"

#include <check.h>
#include <stdlib.h>

#include "tests/sim/memory_disk.h"
#include "tests/unit/suite.h"

enum { STATE_SIZE = 40000 };

static memory_disk *disk;
static uint8_t state[STATE_SIZE], got[STATE_SIZE];

static void source(const void *from, void (*put)(void *arg, const void *bytes, size_t n), void *arg)
{
    const uint8_t *p = from;
    for (size_t at = 0; at < STATE_SIZE; at += 1000)
        put(arg, p + at, 1000);
}

static ph_status write_one(uint64_t seq)
{
    ph_state_head head = {.seq = seq, .at = {seq * 10}, .market = {"market.test"}};
    memset(head.chain.b, (int)seq, sizeof head.chain.b);
    memset(state, (int)seq, sizeof state);
    return ph_state_file_write(&disk->disk, &head, source, state, 2);
}

static void setup(void)
{
    disk = malloc(sizeof *disk);
    ck_assert_ptr_nonnull(disk);
    memory_begin(disk, 1);
}

static void teardown(void)
{
    free(disk);
}

/* The newest that can be read; 0: none. */
static uint64_t newest_valid(void)
{
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt;
    ph_state_head head;
    ck_assert_int_eq(ph_state_file_list(&disk->disk, there, &cnt), PH_OK);
    for (uint32_t i = 0; i < cnt; i++) {
        if (ph_state_file_read(&disk->disk, there[i], got, sizeof got, &head) != PH_OK) continue;
        ck_assert_uint_eq(head.seq, there[i]);
        ck_assert_uint_eq(head.size, STATE_SIZE);
        ck_assert_uint_eq(got[0], there[i]);
        ck_assert_uint_eq(got[STATE_SIZE - 1], there[i]);
        return there[i];
    }
    return 0;
}

START_TEST(what_is_written_is_read)
{
    ck_assert_int_eq(write_one(7), PH_OK);
    ck_assert_uint_eq(newest_valid(), 7);
    ph_state_head head;
    ck_assert_int_eq(ph_state_file_head(&disk->disk, 7, &head), PH_OK);
    ck_assert(head.at.ns == 70 && strcmp(head.market.s, "market.test") == 0);
    ck_assert_int_eq(ph_state_file_read(&disk->disk, 7, got, STATE_SIZE - 1, &head), PH_EINVAL);
    ck_assert_int_eq(ph_state_file_head(&disk->disk, 8, &head), PH_ENOTFOUND);
}
END_TEST

START_TEST(the_newest_two_are_kept)
{
    for (uint64_t seq = 1; seq <= 5; seq++)
        ck_assert_int_eq(write_one(seq), PH_OK);
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt;
    ck_assert_int_eq(ph_state_file_list(&disk->disk, there, &cnt), PH_OK);
    ck_assert(cnt == 2 && there[0] == 5 && there[1] == 4);
}
END_TEST

/* One that nobody read back does not drive out the one that was. */
START_TEST(a_later_one_does_not_count)
{
    ck_assert_int_eq(write_one(20), PH_OK);
    int i = memory_find(&disk->seen_names, "00000000000000000020.phs");
    ck_assert_int_ge(i, 0);
    disk->seen[disk->seen_names.v[i].file].bytes[0] ^= 1;
    for (uint64_t seq = 8; seq <= 10; seq++)
        ck_assert_int_eq(write_one(seq), PH_OK);
    ck_assert_uint_eq(newest_valid(), 10);
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt;
    ck_assert_int_eq(ph_state_file_list(&disk->disk, there, &cnt), PH_OK);
    ck_assert(cnt == 3 && there[0] == 20 && there[1] == 10 && there[2] == 9);
}
END_TEST

START_TEST(any_changed_byte_is_seen)
{
    ck_assert_int_eq(write_one(7), PH_OK);
    int i = memory_find(&disk->seen_names, "00000000000000000007.phs");
    ck_assert_int_ge(i, 0);
    memory_content *c = &disk->seen[disk->seen_names.v[i].file];
    ck_assert_uint_eq(c->size, PH_STATE_FILE_HEAD + STATE_SIZE);
    for (size_t at = 0; at < c->size; at += at < 200 ? 1 : 997) {
        c->bytes[at] ^= 0x10;
        ph_state_head head;
        ph_status s = ph_state_file_read(&disk->disk, 7, NULL, 0, &head);
        bool is_version = at >= 8 && at < 12;
        ck_assert_int_eq(s, is_version ? PH_EVERSION : PH_ECORRUPT);
        c->bytes[at] ^= 0x10;
    }
    c->size--;
    ck_assert_uint_eq(newest_valid(), 0);
}
END_TEST

/* Killed in every call that changes the disk, with and without a loss of power: what was read back
   before is there, and the next write succeeds. */
START_TEST(a_kill_at_every_step_leaves_what_was_there)
{
    int calls = 0;
    for (int step = 0; calls == 0 || step < calls; step++) {
        for (uint64_t seed = 0; seed < 16; seed++) {
            memory_begin(disk, seed);
            for (uint64_t seq = 1; seq <= 2; seq++)
                ck_assert_int_eq(write_one(seq), PH_OK);
            disk->calls = 0;
            disk->dies_at = step;
            ph_status s = write_one(3);
            if (calls == 0 && s == PH_OK) calls = disk->calls;
            if (seed % 2 == 0)
                memory_lose_power(disk);
            else
                memory_restart(disk);
            uint64_t newest = newest_valid();
            ck_assert_msg(newest == 3 || (s != PH_OK && newest == 2), "step %d, seed %d: %d", step,
                          (int)seed, (int)newest);
            ck_assert_int_eq(write_one(4), PH_OK);
            ck_assert_uint_eq(newest_valid(), 4);
        }
    }
    ck_assert_int_ge(calls, 7);
}
END_TEST

static void too_much(const void *from, void (*put)(void *arg, const void *bytes, size_t n),
                     void *arg)
{
    source(from, put, arg);
    source(from, put, arg);
}

START_TEST(a_full_disk_leaves_what_was_there)
{
    ck_assert_int_eq(write_one(1), PH_OK);
    ph_state_head head = {.seq = 2};
    ck_assert_int_eq(ph_state_file_write(&disk->disk, &head, too_much, state, 1), PH_EFULL);
    ck_assert_uint_eq(newest_valid(), 1);
}
END_TEST

/* What a process that was killed has left goes with the next one, and so does what fails. */
START_TEST(nothing_stays_aside)
{
    int file;
    ck_assert_int_eq(
        disk->disk.ops->open(&disk->disk, "00000000000000000003.phs.new", PH_FILE_CREATE, &file),
        PH_OK);
    disk->disk.ops->close(&disk->disk, file);
    ck_assert_int_eq(write_one(7), PH_OK);
    ck_assert_int_lt(memory_find(&disk->seen_names, "00000000000000000003.phs.new"), 0);
    ph_state_head head = {.seq = 8};
    ck_assert_int_eq(ph_state_file_write(&disk->disk, &head, too_much, state, 1), PH_EFULL);
    ck_assert_int_lt(memory_find(&disk->seen_names, "00000000000000000008.phs.new"), 0);
    ck_assert_uint_eq(newest_valid(), 7);
}
END_TEST

START_TEST(the_note_is_kept)
{
    ph_state_head head = {.seq = 7, .note = {1, 2, 3, [31] = 4}}, got_head;
    ck_assert_int_eq(ph_state_file_write(&disk->disk, &head, source, state, 1), PH_OK);
    ck_assert_int_eq(ph_state_file_read(&disk->disk, 7, NULL, 0, &got_head), PH_OK);
    ck_assert_mem_eq(got_head.note, head.note, sizeof head.note);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_is_written_is_read);
    tcase_add_test(t, the_newest_two_are_kept);
    tcase_add_test(t, a_later_one_does_not_count);
    tcase_add_test(t, any_changed_byte_is_seen);
    tcase_add_test(t, a_full_disk_leaves_what_was_there);
    tcase_add_test(t, nothing_stays_aside);
    tcase_add_test(t, the_note_is_kept);
    tcase_add_test(t, a_kill_at_every_step_leaves_what_was_there);
}

int main(void)
{
    return suite_run("state_file", add);
}
