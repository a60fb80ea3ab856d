/* SPDX-License-Identifier: Apache-2.0 */
/* Journals and snapshots of every format version, made once: today's programs read them and come to
   the same chain, state and contracts.

   usage: test_golden FOLDER, with one folder for each version in it */
#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/process/memory.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_file.h"
#include "engine/replay/replay.h"
#include "tests/golden/golden.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/suite.h"

static const char *golden;
static char versions[16][16];
static int version_cnt;

static char journal[512], snapshots[600], expected[GOLDEN_TEXT];

static void on_refused(void *arg, const char *sentence)
{
    (void)arg;
    ck_abort_msg("%s", sentence);
}

/* From the first record, or from the snapshot. */
static void replay(const char *directory, bool from_snapshot, char text[GOLDEN_TEXT])
{
    ph_replay *r;
    ph_replay_error err;
    const ph_replay_batch *b;
    ph_replay_snapshots from = {
        .directory = snapshots, .first = 1, .last = UINT64_MAX, .on_refused = on_refused};
    ck_assert_msg(ph_replay_open(directory, &r, &err) == PH_OK, "%s", err.text);
    if (from_snapshot) {
        ck_assert_int_eq(ph_replay_begin(r, &from, &err), PH_OK);
        ck_assert_uint_eq(ph_replay_snapshot(r)->seq, GOLDEN_SNAPSHOT);
    }
    ph_hash chain = ph_replay_snapshot(r)->chain;
    ph_status s;
    while ((s = ph_replay_next(r, &b, &err)) == PH_OK)
        chain = b->chain;
    ck_assert_msg(s == PH_EEND, "%s", err.text);
    golden_text(ph_replay_market(r), &chain, text);
    ph_replay_close(r);
}

static void find(int i)
{
    char folder[400];
    snprintf(folder, sizeof folder, "%.300s/%s", golden, versions[i]);
    snprintf(journal, sizeof journal, "%s/journal", folder);
    snprintf(snapshots, sizeof snapshots, "%s/" PH_MARKET_FILE_FOLDER, journal);
    expected[a_folder_read(folder, "expected", expected, sizeof expected - 1)] = '\0';
}

START_TEST(a_replay_gives_what_it_gave)
{
    char text[GOLDEN_TEXT];
    find(_i);
    replay(journal, false, text);
    ck_assert_str_eq(text, expected);
    replay(journal, true, text);
    ck_assert_str_eq(text, expected);
}
END_TEST

/* A copy of it: the original is never written to. */
START_TEST(the_writer_goes_on_behind_it)
{
    char folder[64], copy[96], text[GOLDEN_TEXT];
    find(_i);
    a_folder_make(folder, sizeof folder);
    snprintf(copy, sizeof copy, "%.60s/journal", folder);
    a_folder_copy(journal, copy, ".phj");
    ph_disk_posix d;
    ph_journal *j;
    ph_journal_fault f;
    void *memory;
    ck_assert_int_eq(ph_memory_map(ph_journal_footprint(), &memory), PH_OK);
    ck_assert_int_eq(ph_disk_posix_open(copy, false, &d), PH_OK);
    uint8_t meta[PH_LIMITS_SIZE] = {0}; /* of no interest: the journal is not new */
    ph_journal_options o = {.market = "settle.test",
                            .meta = meta,
                            .meta_size = sizeof meta,
                            .segment_bytes = GOLDEN_SEGMENT,
                            .fill_bytes = GOLDEN_FILL};
    ck_assert_msg(ph_journal_open(memory, &d.disk, &o, &j, &f) == PH_OK, "%s", f.text);
    ph_journal_position end = ph_journal_end(j);
    ck_assert_uint_eq(end.seq, GOLDEN_RECORDS);
    ck_assert_uint_eq(end.cut, 0);
    char chain[72] = "";
    (void)golden_hex(chain, &end.chain);
    ck_assert_ptr_nonnull(strstr(expected, chain));
    ph_journal_close(j);
    ph_disk_posix_close(&d);
    ph_memory_unmap(memory, ph_journal_footprint());
    replay(copy, false, text);
    ck_assert_str_eq(text, expected);
    a_folder_remove(folder);
}
END_TEST

static void add(TCase *t)
{
    PH_ASSERT(version_cnt > 0);
    tcase_add_loop_test(t, a_replay_gives_what_it_gave, 0, version_cnt);
    tcase_add_loop_test(t, the_writer_goes_on_behind_it, 0, version_cnt);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    golden = argv[1];
    DIR *d = opendir(golden);
    if (d == NULL) return 2;
    for (struct dirent *e; (e = readdir(d)) != NULL && version_cnt < 16;)
        if (e->d_name[0] != '.')
            snprintf(versions[version_cnt++], sizeof versions[0], "%.15s", e->d_name);
    closedir(d);
    return suite_run("golden", add);
}
