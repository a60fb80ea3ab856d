/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/link/frame.h"
#include "tests/unit/suite.h"

static char folder[64], path[96], err[512];
static ph_spool *spool;

static void open_spool(void)
{
    ph_status s = ph_spool_open(path, "demo/engine", &spool, err, sizeof err);
    ck_assert_msg(s == PH_OK, "%s", err);
}

static void close_spool(void)
{
    ph_spool_close(spool);
    spool = NULL;
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/petahour-spool-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/spool", folder);
    open_spool();
}

static void tear_down(void)
{
    close_spool();
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* What item n is in these tests: its length and bytes depend on n and a version. */
static uint32_t make_item(uint64_t n, uint32_t version, char to[512])
{
    uint32_t size = (uint32_t)(n * 37 % 300);
    memset(to, (int)('a' + (n + version) % 26), size);
    return size;
}

static void put(uint64_t n, uint32_t version)
{
    char item[512];
    uint32_t size = make_item(n, version, item);
    ck_assert_int_eq(ph_spool_put(spool, n, item, size), PH_OK);
}

static void check_from(uint64_t from, uint64_t last, uint32_t version, size_t bytes_max)
{
    ph_spool_cursor c;
    ck_assert_int_eq(ph_spool_seek(spool, from, &c), PH_OK);
    uint64_t n = from;
    ph_spool_part part;
    ph_status s;
    while ((s = ph_spool_read(spool, &c, last, bytes_max, &part)) == PH_OK) {
        ph_reader r = ph_reader_of(part.bytes, part.size);
        for (uint32_t i = 0; i < part.cnt; i++, n++) {
            char wanted[512];
            uint32_t wanted_size = make_item(n, version, wanted);
            ph_item item;
            ck_assert(ph_item_read(&r, &item));
            ck_assert_uint_eq(item.number, n);
            ck_assert_uint_eq(item.size, wanted_size);
            ck_assert_int_eq(memcmp(item.bytes, wanted, wanted_size), 0);
        }
        ck_assert(ph_reader_done(&r));
    }
    ck_assert_int_eq(s, PH_EEND);
    ck_assert_uint_eq(n, last + 1);
}

START_TEST(items_are_read_from_anywhere_in_any_portion)
{
    enum { CNT = 100000 }; /* about 17 MB: passes the part in memory twice */
    for (uint64_t n = 1; n <= CNT; n++)
        put(n, 0);
    ck_assert_uint_eq(ph_spool_last(spool), CNT);
    check_from(1, CNT, 0, 1 << 20);
    check_from(CNT / 2 + 13, CNT, 0, 1 << 16);
    check_from(CNT - 300, CNT, 0, 1);
    check_from(3, 700, 0, 1);
    check_from(CNT + 1, CNT, 0, 100);
    close_spool();
    open_spool();
    ck_assert_uint_eq(ph_spool_last(spool), CNT);
    check_from(64, CNT, 0, 1 << 20);
    ph_spool_cursor c = {7, 7};
    ck_assert_int_eq(ph_spool_seek(spool, CNT + 2, &c), PH_EINVAL);
    ck_assert_int_eq(ph_spool_seek(spool, 0, &c), PH_EINVAL);
    ck_assert_uint_eq(c.number, 7);
}
END_TEST

START_TEST(what_is_put_again_is_confirmed_or_replaced)
{
    for (uint64_t n = 1; n <= 1000; n++)
        put(n, 0);
    close_spool();
    open_spool();
    for (uint64_t n = 1; n <= 600; n++)
        put(n, 0);
    ck_assert_uint_eq(ph_spool_last(spool), 1000);
    put(601, 1);
    ck_assert_uint_eq(ph_spool_last(spool), 601);
    for (uint64_t n = 602; n <= 900; n++)
        put(n, 1);
    check_from(1, 600, 0, 4096);
    check_from(601, 900, 1, 4096);
    close_spool();
    open_spool();
    check_from(601, 900, 1, 4096);
    ck_assert_int_eq(ph_spool_truncate(spool, 128), PH_OK);
    ck_assert_uint_eq(ph_spool_last(spool), 128);
    put(129, 2);
    check_from(1, 128, 0, 100);
    check_from(129, 129, 2, 100);
    ck_assert_int_eq(ph_spool_truncate(spool, 0), PH_OK);
    put(1, 3);
    check_from(1, 1, 3, 100);
}
END_TEST

START_TEST(a_torn_tail_is_cut_at_every_length)
{
    for (uint64_t n = 1; n <= 10; n++)
        put(n, 0);
    close_spool();
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    off_t whole = st.st_size;
    char item[512];
    off_t before = whole - (off_t)(PH_ITEM_HEAD_SIZE + make_item(10, 0, item));
    for (off_t size = whole - 1; size >= before; size--) {
        ck_assert_int_eq(truncate(path, size), 0);
        open_spool();
        ck_assert_uint_eq(ph_spool_last(spool), 9);
        check_from(1, 9, 0, 1 << 20);
        close_spool();
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq(st.st_size, before);
    }
    open_spool();
    put(10, 0);
    check_from(1, 10, 0, 50);
}
END_TEST

START_TEST(every_wrong_byte_cuts_from_its_item_on)
{
    for (uint64_t n = 1; n <= 3; n++)
        put(n, 0);
    close_spool();
    uint8_t bytes[1024];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ssize_t size = read(fd, bytes, sizeof bytes);
    ck_assert_int_gt(size, 72);
    char item[512];
    ssize_t second = 72 + PH_ITEM_HEAD_SIZE + (ssize_t)make_item(1, 0, item);
    ssize_t third = second + PH_ITEM_HEAD_SIZE + (ssize_t)make_item(2, 0, item);
    for (ssize_t i = 72; i < size; i++) {
        uint8_t wrong = bytes[i] ^ 0x04;
        ck_assert_int_eq(pwrite(fd, bytes, (size_t)size, 0), size);
        ck_assert_int_eq(pwrite(fd, &wrong, 1, i), 1);
        open_spool();
        ck_assert_uint_eq(ph_spool_last(spool), i < second ? 0 : i < third ? 1 : 2);
        close_spool();
    }
    ck_assert_int_eq(close(fd), 0);
    open_spool();
}
END_TEST

START_TEST(zeros_left_by_a_crash_are_cut)
{
    put(1, 0);
    put(2, 0);
    close_spool();
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(truncate(path, st.st_size + (3 << 20)), 0);
    open_spool();
    ck_assert_uint_eq(ph_spool_last(spool), 2);
    put(3, 0);
    check_from(1, 3, 0, 100);
}
END_TEST

START_TEST(long_items_pass)
{
    size_t size = 9 << 20;
    uint8_t *item = malloc(size);
    memset(item, 'x', size);
    put(1, 0);
    ck_assert_int_eq(ph_spool_put(spool, 2, item, (uint32_t)size), PH_OK);
    put(3, 0);
    ph_spool_cursor c;
    ph_spool_part part;
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(ph_spool_seek(spool, 2, &c), PH_OK);
        ck_assert_int_eq(ph_spool_read(spool, &c, 3, 1000, &part), PH_OK);
        ck_assert_uint_eq(part.cnt, 1);
        ck_assert_uint_eq(part.size, size + PH_ITEM_HEAD_SIZE);
        ck_assert_int_eq(memcmp(part.bytes + PH_ITEM_HEAD_SIZE, item, size), 0);
        check_from(3, 3, 0, 1000);
        close_spool();
        open_spool();
        ck_assert_uint_eq(ph_spool_last(spool), 3);
        ck_assert_int_eq(ph_spool_put(spool, 2, item, (uint32_t)size), PH_OK);
        ck_assert_uint_eq(ph_spool_last(spool), 3);
        ck_assert_int_eq(ph_spool_truncate(spool, 1), PH_OK);
        ck_assert_int_eq(ph_spool_put(spool, 2, item, (uint32_t)size), PH_OK);
        put(3, 0);
    }
    free(item);
}
END_TEST

START_TEST(what_is_no_spool_of_ours_is_left_alone)
{
    ph_spool *other = NULL;
    ck_assert_int_eq(ph_spool_open(path, "demo/engine", &other, err, sizeof err), PH_EBUSY);
    close_spool();
    ck_assert_int_eq(ph_spool_open(path, "demo/notary", &other, err, sizeof err), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err, "demo/engine"));
    ck_assert_int_eq(ph_spool_open(path, "", &other, err, sizeof err), PH_EINVAL);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_eq(write(fd, "[market]\n", 9), 9);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(ph_spool_open(path, "demo/engine", &other, err, sizeof err), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err, "no spool"));
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size, 9);
    ck_assert_int_eq(ph_spool_open("/nonexistent/spool", "a", &other, err, sizeof err), PH_EIO);
    ck_assert_ptr_null(other);
    /* A head that a crash cut short is completed. */
    ck_assert_int_eq(truncate(path, 0), 0);
    open_spool();
    close_spool();
    ck_assert_int_eq(truncate(path, 20), 0);
    open_spool();
    put(1, 0);
}
END_TEST

/* Equal up to an item if and only if the items up to it are. */
START_TEST(marks_tell_spools_apart)
{
    ph_spool_mark marks[301], again;
    for (uint64_t n = 1; n <= 300; n++) {
        put(n, 0);
        ck_assert_int_eq(ph_spool_marked(spool, n, &marks[n]), PH_OK);
    }
    ck_assert_int_eq(ph_spool_marked(spool, 0, &marks[0]), PH_OK);
    ck_assert_int_eq(ph_spool_marked(spool, 301, &again), PH_EINVAL);
    close_spool();
    open_spool(); /* read back from the file */
    for (uint64_t n = 0; n <= 300; n++) {
        ck_assert_int_eq(ph_spool_marked(spool, n, &again), PH_OK);
        ck_assert(again.offset == marks[n].offset && again.sum == marks[n].sum);
        if (n > 0) ck_assert(marks[n].sum != marks[n - 1].sum);
    }
    put(130, 1); /* another item: everything from it on is cut off */
    for (uint64_t n = 131; n <= 300; n++)
        put(n, 0);
    for (uint64_t n = 0; n <= 300; n++) {
        ck_assert_int_eq(ph_spool_marked(spool, n, &again), PH_OK);
        ck_assert_int_eq(again.sum == marks[n].sum, n < 130);
    }
    ck_assert_int_eq(ph_spool_truncate(spool, 64), PH_OK);
    ck_assert_int_eq(ph_spool_marked(spool, 64, &again), PH_OK);
    ck_assert(again.offset == marks[64].offset && again.sum == marks[64].sum);
}
END_TEST

/* What the owner has in memory only, the other process writes. */
START_TEST(a_forked_process_makes_it_durable)
{
    for (uint64_t n = 1; n <= 200; n++)
        put(n, 0);
    struct stat before, after;
    ck_assert_int_eq(stat(path, &before), 0);
    ck_assert_int_eq(ph_spool_sync_forked(spool, path), PH_OK);
    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert_int_gt(after.st_size, before.st_size);
    put(201, 0); /* the owner goes on, and writes the same again */
    close_spool();
    open_spool();
    check_from(1, 201, 0, 4096);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, items_are_read_from_anywhere_in_any_portion);
    tcase_add_test(tests, what_is_put_again_is_confirmed_or_replaced);
    tcase_add_test(tests, a_torn_tail_is_cut_at_every_length);
    tcase_add_test(tests, every_wrong_byte_cuts_from_its_item_on);
    tcase_add_test(tests, zeros_left_by_a_crash_are_cut);
    tcase_add_test(tests, long_items_pass);
    tcase_add_test(tests, what_is_no_spool_of_ours_is_left_alone);
    tcase_add_test(tests, marks_tell_spools_apart);
    tcase_add_test(tests, a_forked_process_makes_it_durable);
}

int main(void)
{
    return suite_run("spool", add);
}
