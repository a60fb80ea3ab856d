/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/watermark.h"

#include "tests/unit/journal_rig.h"
#include "tests/unit/suite.h"

START_TEST(without_the_file_nobody_writes)
{
    rig g;
    rig_begin(&g);
    int lock = -1;
    ph_watermark mark = {true, 7};
    ck_assert_int_eq(ph_watermark_read(&g.disk, &lock, &mark), PH_OK);
    ck_assert(!mark.is_held);
    ck_assert_uint_eq(mark.seq, 0);
    ck_assert_int_eq(lock, -1);
    rig_end(&g);
}
END_TEST

START_TEST(the_number_counts_while_the_lock_is_held)
{
    rig g;
    rig_begin(&g);
    int writer, reader = -1;
    ph_watermark mark;
    ck_assert_int_eq(g.disk.ops->open(&g.disk, PH_JOURNAL_LOCK_NAME, PH_FILE_KEEP, &writer), PH_OK);
    ck_assert_int_eq(ph_watermark_write(&g.disk, writer, 41), PH_OK);
    ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
    ck_assert(!mark.is_held);
    ck_assert_uint_eq(mark.seq, 0);
    ck_assert_int_eq(g.disk.ops->lock(&g.disk, writer), PH_OK);
    ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
    ck_assert(mark.is_held);
    ck_assert_uint_eq(mark.seq, 41);
    ck_assert_int_eq(ph_watermark_write(&g.disk, writer, UINT64_MAX), PH_OK);
    ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
    ck_assert_uint_eq(mark.seq, UINT64_MAX);
    g.disk.ops->close(&g.disk, writer);
    ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
    ck_assert(!mark.is_held);
    g.disk.ops->close(&g.disk, reader);
    rig_end(&g);
}
END_TEST

/* Half a number, or one that is being written: a writer lives and nothing is known. */
START_TEST(a_number_that_does_not_agree_with_itself_is_none)
{
    rig g;
    rig_begin(&g);
    int writer, reader = -1;
    ck_assert_int_eq(g.disk.ops->open(&g.disk, PH_JOURNAL_LOCK_NAME, PH_FILE_KEEP, &writer), PH_OK);
    ck_assert_int_eq(g.disk.ops->lock(&g.disk, writer), PH_OK);
    for (size_t size = 0; size < PH_JOURNAL_LOCK_SIZE; size++) {
        char path[160];
        ph_watermark mark;
        ck_assert_int_eq(ph_watermark_write(&g.disk, writer, 1000), PH_OK);
        rig_path(&g, PH_JOURNAL_LOCK_NAME, path);
        ck_assert_int_eq(truncate(path, (off_t)size), 0);
        ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
        ck_assert(mark.is_held && mark.seq == 0);
        ck_assert_int_eq(ph_watermark_write(&g.disk, writer, 1000), PH_OK);
        rig_poke(&g, PH_JOURNAL_LOCK_NAME, size, 0x11);
        ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
        ck_assert(mark.is_held && mark.seq == 0);
    }
    g.disk.ops->close(&g.disk, reader);
    g.disk.ops->close(&g.disk, writer);
    rig_end(&g);
}
END_TEST

START_TEST(asking_takes_nothing)
{
    rig g;
    rig_begin(&g);
    int writer, other, reader = -1;
    ph_watermark mark;
    ck_assert_int_eq(g.disk.ops->open(&g.disk, PH_JOURNAL_LOCK_NAME, PH_FILE_KEEP, &writer), PH_OK);
    ck_assert_int_eq(g.disk.ops->open(&g.disk, PH_JOURNAL_LOCK_NAME, PH_FILE_KEEP, &other), PH_OK);
    ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
    ck_assert_int_eq(g.disk.ops->lock(&g.disk, writer), PH_OK);
    ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
    ck_assert(mark.is_held);
    ck_assert_int_eq(g.disk.ops->lock(&g.disk, other), PH_EBUSY);
    g.disk.ops->close(&g.disk, other);
    ck_assert_int_eq(ph_watermark_read(&g.disk, &reader, &mark), PH_OK);
    ck_assert(mark.is_held);
    g.disk.ops->close(&g.disk, reader);
    g.disk.ops->close(&g.disk, writer);
    rig_end(&g);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, without_the_file_nobody_writes);
    tcase_add_test(t, the_number_counts_while_the_lock_is_held);
    tcase_add_test(t, a_number_that_does_not_agree_with_itself_is_none);
    tcase_add_test(t, asking_takes_nothing);
}

int main(void)
{
    return suite_run("watermark", add);
}
