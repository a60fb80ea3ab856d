/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/writer.h"

#include <sys/wait.h>

#include "tests/unit/journal_rig.h"
#include "tests/unit/suite.h"

enum { SALT = 7 };

START_TEST(an_empty_journal_has_a_genesis_and_no_records)
{
    rig g;
    rig_begin(&g);
    ph_journal *j;
    ph_journal_fault f;
    ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK);
    ph_journal_position end = ph_journal_end(j);
    ck_assert(end.is_new);
    ck_assert_uint_eq(end.seq, 0);
    ck_assert_uint_eq(end.offset, PH_JOURNAL_PAGE);
    ck_assert_str_eq(end.segment, "00000000000000000001.phj");
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK); /* nothing to do */
    ph_journal_close(j);
    ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK);
    ph_journal_position again = ph_journal_end(j);
    ck_assert(!again.is_new);
    ck_assert_mem_eq(end.chain.b, again.chain.b, 32);
    ph_journal_close(j);
    uint64_t cnt;
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_EEND);
    ck_assert_uint_eq(cnt, 0);
    rig_end(&g);
}
END_TEST

START_TEST(records_survive_rotation_and_reopening)
{
    rig g;
    rig_begin(&g);
    g.is_fast = false;
    ph_journal_fault f;
    uint64_t total = 0;
    for (int life = 0; life < 4; life++) {
        ph_journal *j;
        ck_assert_int_eq(rig_open_writer(&g, 4 * PH_JOURNAL_PAGE, &j, &f), PH_OK);
        ck_assert_uint_eq(ph_journal_end(j).seq, total);
        ck_assert_uint_eq(ph_journal_end(j).cut, 0);
        for (int batch = 0; batch < 12; batch++) {
            uint32_t cnt = 1 + (uint32_t)(rig_mix((uint64_t)(life * 100 + batch)) % 60);
            for (uint32_t i = 0; i < cnt; i++)
                ck_assert_int_eq(rig_append(j, SALT), PH_OK);
            ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
            total += cnt;
            ck_assert_uint_eq(ph_journal_end(j).seq, total);
        }
        ck_assert_int_eq(rig_append(j, SALT), PH_OK); /* never committed: gone */
        ph_journal_close(j);
        uint64_t cnt;
        ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_EEND);
        ck_assert_uint_eq(cnt, total);
    }
    rig_end(&g);
}
END_TEST

START_TEST(a_full_batch_says_so_and_loses_nothing)
{
    rig g;
    rig_begin(&g);
    ph_journal *j;
    ph_journal_fault f;
    ck_assert_int_eq(rig_open_writer(&g, 3 * PH_JOURNAL_PAGE, &j, &f), PH_OK);
    static uint8_t big[PH_JOURNAL_RECORD_MAX];
    memset(big, 'x', sizeof big);
    uint32_t appended = 0;
    while (ph_journal_append(j, (ph_time){5}, big, sizeof big, big, 9) == PH_OK)
        appended++;
    ck_assert_uint_ge(appended, 60);
    ck_assert_uint_eq(ph_journal_next_seq(j), appended + 1);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK); /* larger than a segment */
    ck_assert_int_eq(ph_journal_append(j, (ph_time){5}, big, sizeof big, big, 9), PH_OK);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    ck_assert_uint_eq(ph_journal_end(j).seq, appended + 1);
    ph_journal_close(j);
    ck_assert_int_eq(rig_open_writer(&g, 3 * PH_JOURNAL_PAGE, &j, &f), PH_OK);
    ck_assert_uint_eq(ph_journal_end(j).seq, appended + 1);
    ck_assert_uint_eq(ph_journal_end(j).at.ns, 5);
    ph_journal_close(j);
    rig_end(&g);
}
END_TEST

START_TEST(a_second_writer_is_refused)
{
    rig g, h;
    rig_begin(&g);
    rig_begin(&h);
    ph_disk_posix_close(&h.real);
    ck_assert_int_eq(ph_disk_posix_open(g.directory, false, &h.real), PH_OK);
    ph_journal *j, *k = NULL;
    ph_journal_fault f;
    ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK);
    ck_assert_int_eq(rig_append(j, SALT), PH_OK);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    ck_assert_int_eq(rig_open_writer(&h, 0, &k, &f), PH_EBUSY);
    ck_assert_ptr_null(k);
    ck_assert_ptr_nonnull(strstr(f.text, "another engine"));
    pid_t child = fork();
    if (child == 0) _exit(rig_open_writer(&h, 0, &k, &f) == PH_EBUSY ? 0 : 1);
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    uint64_t cnt; /* the refused one disturbed nothing, not even a reader beside the writer */
    ck_assert_int_eq(rig_read_all(&h, SALT, &cnt, &f), PH_EEND);
    ck_assert_uint_eq(cnt, 1);
    ph_journal_close(j);
    ck_assert_int_eq(rig_open_writer(&h, 0, &k, &f), PH_OK);
    ph_journal_close(k);
    rig_end(&g);
    rig_end(&h);
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
    rig g;
    rig_begin(&g);
    static const uint8_t meta[PH_JOURNAL_META_MAX + 1];
    const ph_journal_options bad[] = {
        {.market = NULL},
        {.market = ""},
        {.market = "a\nb"},
        {.market = "0123456789012345678901234567890123456789012345678901234567890123"},
        {.market = "m", .meta = meta, .meta_size = PH_JOURNAL_META_MAX + 1},
        {.market = "m", .segment_bytes = 4096},
        {.market = "m", .segment_bytes = 10000},
        {.market = "m", .fill_bytes = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ph_journal *j = NULL;
        ph_journal_fault f;
        ck_assert_int_eq(ph_journal_open(g.writer_block, &g.disk, &bad[i], &j, &f), PH_EINVAL);
        ck_assert_ptr_null(j);
        ck_assert_uint_gt(strlen(f.text), 20);
    }
    ck_assert_int_eq(g.calls, 0);
    rig_end(&g);
}
END_TEST

START_TEST(the_journal_of_another_market_is_refused)
{
    rig g;
    rig_begin(&g);
    ph_journal *j;
    ph_journal_fault f;
    ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK);
    ph_journal_close(j);
    ph_journal_options o = {.market = "other.petahour"};
    j = NULL;
    ck_assert_int_eq(ph_journal_open(g.writer_block, &g.disk, &o, &j, &f), PH_EINVAL);
    ck_assert_ptr_null(j);
    ck_assert_ptr_nonnull(strstr(f.text, "test.petahour"));
    rig_end(&g);
}
END_TEST

/* Writes a small day; returns how many records were acknowledged.  *ret_tried counts the batch
   that failed too. */
static uint64_t write_day(rig *g, ph_status *ret, uint64_t *ret_tried)
{
    ph_journal *j = NULL;
    ph_journal_fault f = {0};
    uint64_t acknowledged = 0, tried = 0;
    ph_status s = rig_open_writer(g, 3 * PH_JOURNAL_PAGE, &j, &f);
    for (int batch = 0; s == PH_OK && batch < 5; batch++) {
        for (int i = 0; i <= batch * 20; i++)
            ck_assert_int_eq(rig_append(j, SALT), PH_OK);
        tried = ph_journal_next_seq(j) - 1;
        s = ph_journal_commit(j, &f);
        if (s == PH_OK) acknowledged = tried;
        if (s == PH_OK) ph_journal_fill(j);
    }
    if (s != PH_OK && j != NULL) {
        ck_assert_uint_gt(strlen(f.text), 20);
        ck_assert_int_eq(rig_append(j, SALT), PH_EIO);
        ck_assert_int_eq(ph_journal_commit(j, &f), PH_EIO);
        ck_assert_uint_eq(ph_journal_end(j).seq, acknowledged);
    }
    ph_journal_close(j);
    *ret = s;
    *ret_tried = tried;
    return acknowledged;
}

/* The n-th call that changes the disk fails, for all n: what was acknowledged is there afterwards,
   in order, and the journal goes on. */
static void fail_everywhere(ph_status failure, bool fails_ever, size_t torn)
{
    rig g;
    rig_begin(&g);
    for (int n = 0;; n++) {
        rig_empty(&g);
        g.calls = 0;
        g.fails_at = n;
        g.fails_ever = fails_ever;
        g.failure = failure;
        g.torn = torn;
        ph_status s;
        uint64_t tried, cnt;
        uint64_t acknowledged = write_day(&g, &s, &tried);
        bool is_over = g.calls <= n;
        if (is_over) ck_assert_int_eq(s, PH_OK);
        if (s != PH_OK) ck_assert_int_eq(s, failure);
        g.fails_at = -1;
        ph_journal_fault f;
        s = rig_read_all(&g, SALT, &cnt, &f);
        if (s == PH_ENOTFOUND) {
            ck_assert_uint_eq(acknowledged, 0);
        } else {
            ck_assert_msg(s == PH_EEND, "call %d: %s", n, f.text);
            ck_assert_msg(cnt == acknowledged || cnt == tried, "call %d", n);
        }
        ph_journal *j;
        ck_assert_msg(rig_open_writer(&g, 3 * PH_JOURNAL_PAGE, &j, &f) == PH_OK, "call %d: %s", n,
                      f.text);
        ck_assert_uint_eq(ph_journal_end(j).seq, cnt);
        ck_assert_int_eq(rig_append(j, SALT), PH_OK);
        ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
        ph_journal_close(j);
        uint64_t now;
        ck_assert_int_eq(rig_read_all(&g, SALT, &now, &f), PH_EEND);
        ck_assert_uint_eq(now, cnt + 1);
        if (is_over) break;
    }
    ck_assert_int_gt(g.calls, 10);
    rig_end(&g);
}

START_TEST(every_failing_call_keeps_what_was_acknowledged)
{
    static const size_t torn[] = {0, 1, 100, 112, 113, 511, 512, 700, 4095, 4096, 4097, 5000};
    for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++) {
        fail_everywhere(PH_EIO, true, torn[i]);
        fail_everywhere(PH_EFULL, true, torn[i]);
        fail_everywhere(PH_EIO, false, torn[i]);
    }
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_named)
{
    ph_disk_posix d;
    ck_assert_int_eq(ph_disk_posix_open("/tmp/petahour-no/such", false, &d), PH_ENOTFOUND);
    ck_assert_int_eq(ph_disk_posix_open("/tmp/petahour-no/such", true, &d), PH_ENOTFOUND);
    ck_assert_uint_gt(strlen(d.why), 5);
    ph_disk_posix_close(&d);
}
END_TEST

/* A commit writes its batch and LOCK, and nothing else, as long as somebody fills between them. */
START_TEST(zeros_are_there_before_they_are_needed)
{
    enum { FILL = 1 << 20, SEGMENT = 4 << 20, LOCK_BYTES = 16, BATCHES = 300 };
    static uint8_t record[20000];
    rig g;
    ph_journal *j;
    ph_journal_fault f;
    rig_begin(&g);
    ph_journal_options o = {.market = "m", .segment_bytes = SEGMENT, .fill_bytes = FILL};
    ck_assert_int_eq(ph_journal_open(g.writer_block, &g.disk, &o, &j, &f), PH_OK);
    uint64_t most = 0, zeros = 0, rotations = 0;
    for (int i = 0; i < BATCHES; i++) {
        ph_journal_position before = ph_journal_end(j);
        ck_assert_int_eq(ph_journal_append(j, (ph_time){1}, record, sizeof record, "", 0), PH_OK);
        g.written = 0;
        ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
        ph_journal_position after = ph_journal_end(j);
        if (strcmp(before.segment, after.segment) == 0)
            ck_assert_uint_eq(g.written, after.offset - before.offset + LOCK_BYTES);
        else
            rotations++;
        g.written = g.begun = 0;
        ph_journal_fill(j);
        ck_assert_uint_eq(g.begun, g.written);
        if (g.written > most) most = g.written;
        zeros += g.written;
    }
    ck_assert_uint_ge(rotations, 1);
    ck_assert_uint_le(most, 128 << 10);
    ck_assert_uint_ge(zeros, 2 * (SEGMENT - FILL) / 2);
    uint64_t cnt = 0;
    ph_journal_reader *r;
    ph_journal_batch b;
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &r, &f), PH_OK);
    while (ph_journal_reader_next(r, &b, &f) == PH_OK)
        cnt += b.record_cnt;
    ck_assert_uint_eq(cnt, BATCHES);
    ph_journal_reader_close(r);
    ph_journal_close(j);
    rig_end(&g);
}
END_TEST

/* What cannot be filled is a matter of the commit that needs it. */
START_TEST(a_disk_that_is_full_is_told_by_the_commit)
{
    static uint8_t record[20000];
    rig g;
    ph_journal *j;
    ph_journal_fault f = {0};
    ph_status s = PH_OK;
    uint64_t durable = 0;
    rig_begin(&g);
    ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK);
    ck_assert_int_eq(ph_journal_append(j, (ph_time){1}, record, 1000, "", 0), PH_OK);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    g.fails_at = g.calls;
    g.failure = PH_EFULL;
    ph_journal_fill(j);
    ck_assert_int_eq(g.calls, g.fails_at + 1);
    ck_assert_int_eq(ph_journal_append(j, (ph_time){1}, record, sizeof record, "", 0), PH_OK);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK); /* there is room again */
    durable = ph_journal_end(j).seq;
    g.fails_at = g.calls;
    g.fails_ever = true;
    ph_journal_fill(j);
    ck_assert_int_eq(ph_journal_append(j, (ph_time){1}, record, sizeof record, "", 0), PH_OK);
    s = ph_journal_commit(j, &f);
    ck_assert_int_eq(s, PH_EFULL);
    ck_assert_ptr_nonnull(strstr(f.text, "make room on the disk"));
    ck_assert_uint_eq(ph_journal_end(j).seq, durable);
    int calls = g.calls;
    ph_journal_fill(j); /* the journal is dead */
    ck_assert_int_eq(g.calls, calls);
    ph_journal_close(j);
    rig_end(&g);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, zeros_are_there_before_they_are_needed);
    tcase_add_test(t, a_disk_that_is_full_is_told_by_the_commit);
    tcase_add_test(t, an_empty_journal_has_a_genesis_and_no_records);
    tcase_add_test(t, records_survive_rotation_and_reopening);
    tcase_add_test(t, a_full_batch_says_so_and_loses_nothing);
    tcase_add_test(t, a_second_writer_is_refused);
    tcase_add_test(t, options_that_make_no_sense_are_refused);
    tcase_add_test(t, the_journal_of_another_market_is_refused);
    tcase_add_test(t, every_failing_call_keeps_what_was_acknowledged);
    tcase_add_test(t, a_directory_that_is_not_there_is_named);
}

int main(void)
{
    return suite_run("writer", add);
}
