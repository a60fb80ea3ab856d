/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/link/frame.h"
#include "engine/link/spool_file.h"
#include "engine/link/spool_index.h"
#include "tests/unit/a_folder.h"
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
    a_folder_remove(folder);
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
    close_spool();
    /* So is one that a loss of power left zeros of. */
    for (off_t size = 0; size <= 72; size += 24) {
        ck_assert_int_eq(truncate(path, 0), 0);
        ck_assert_int_eq(truncate(path, size), 0);
        open_spool();
        close_spool();
    }
    /* Zeros that may have been more are somebody's. */
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(truncate(path, 73), 0);
    ck_assert_int_eq(ph_spool_open(path, "demo/engine", &other, err, sizeof err), PH_ECORRUPT);
    ck_assert_int_eq(truncate(path, 0), 0);
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

/* ---- The index ------------------------------------------------------------------------------- */

enum { INDEXED = 3000 };

static void make_index(void)
{
    for (uint64_t n = 1; n <= INDEXED; n++)
        put(n, 0);
    ck_assert_int_eq(ph_spool_sync_forked(spool, path), PH_OK);
    ck_assert_int_eq(ph_spool_index_forked(spool, path), PH_OK);
}

/* Opens it again: with an index of so many items, or without one and a reason. */
static void reopen(uint64_t indexed, const char *why)
{
    close_spool();
    open_spool();
    ck_assert_uint_eq(ph_spool_indexed(spool), indexed);
    const char *is = ph_spool_index_why(spool);
    ck_assert_msg((is == NULL) == (why == NULL), "%s", is == NULL ? "none" : is);
    if (why != NULL) ck_assert_msg(strstr(is, why) != NULL, "%s", is);
}

START_TEST(a_start_reads_what_the_index_does_not_know)
{
    ph_spool_mark before, after;
    make_index();
    for (uint64_t n = INDEXED + 1; n <= INDEXED + 500; n++)
        put(n, 0);
    ck_assert_int_eq(ph_spool_marked(spool, INDEXED + 77, &before), PH_OK);
    reopen(INDEXED, NULL);
    ck_assert_uint_eq(ph_spool_last(spool), INDEXED + 500);
    ck_assert_int_eq(ph_spool_marked(spool, INDEXED + 77, &after), PH_OK);
    ck_assert(before.offset == after.offset && before.sum == after.sum);
    check_from(1, INDEXED + 500, 0, 1 << 16);
    check_from(1000, 1500, 0, 100);
    put(INDEXED + 501, 0);
    ck_assert_int_eq(ph_spool_index_forked(spool, path), PH_OK);
    reopen(INDEXED + 501, NULL);
    ck_assert_int_eq(ph_spool_reread(spool), PH_OK);
    ck_assert_uint_eq(ph_spool_indexed(spool), 0);
    ck_assert_uint_eq(ph_spool_last(spool), INDEXED + 501);
    ck_assert(!a_folder_has(folder, "spool.index"));
    ck_assert_int_eq(ph_spool_marked(spool, INDEXED + 77, &after), PH_OK);
    ck_assert(before.offset == after.offset && before.sum == after.sum);
}
END_TEST

/* One is not asked for while there is nothing that it could know. */
START_TEST(without_one_everything_is_read)
{
    reopen(0, NULL);
    ck_assert_int_eq(ph_spool_index_forked(spool, path), PH_OK);
    ck_assert(!a_folder_has(folder, "spool.index"));
    make_index();
    a_folder_unlink(folder, "spool.index");
    reopen(0, "there is none");
    check_from(1, INDEXED, 0, 1 << 16);
}
END_TEST

START_TEST(a_torn_or_changed_one_is_taken_away)
{
    static uint8_t bytes[4096], wrong[4096];
    make_index();
    size_t size = a_folder_read(folder, "spool.index", bytes, sizeof bytes);
    ck_assert_uint_gt(size, 100);
    for (size_t at = 0; at < size; at += 7) {
        memcpy(wrong, bytes, size);
        wrong[at] ^= 0x10;
        a_folder_write(folder, "spool.index", wrong, size);
        reopen(0, at < 8 ? "it is none" : at < 72 ? "another origin" : "it is torn");
        ck_assert(!a_folder_has(folder, "spool.index"));
        a_folder_write(folder, "spool.index", bytes, at);
        reopen(0, at < 72 ? "it is none" : "it is");
        ck_assert_uint_eq(ph_spool_last(spool), INDEXED);
    }
    a_folder_write(folder, "spool.index", bytes, size);
    reopen(INDEXED, NULL);
    check_from(1, INDEXED, 0, 1 << 16);
}
END_TEST

/* The index stays, and the spool is another one: gone, shorter, or with other items. */
START_TEST(one_of_another_spool_is_taken_away)
{
    static uint8_t bytes[4096];
    make_index();
    size_t size = a_folder_read(folder, "spool.index", bytes, sizeof bytes);
    close_spool();
    a_folder_unlink(folder, "spool");
    open_spool();
    ck_assert_uint_eq(ph_spool_last(spool), 0);
    for (uint64_t n = 1; n <= 100; n++)
        put(n, 0);
    a_folder_write(folder, "spool.index", bytes, size);
    reopen(0, "the spool is shorter than it says");
    ck_assert_uint_eq(ph_spool_last(spool), 100);
    for (uint64_t n = 1; n <= INDEXED; n++)
        put(n, 1); /* as long as before */
    a_folder_write(folder, "spool.index", bytes, size);
    reopen(0, "the items are not where it says");
    check_from(1, INDEXED, 1, 1 << 16);
}
END_TEST

/* Right in itself, and it lies about some places. */
START_TEST(one_that_lies_is_found_out)
{
    ph_spool_index x;
    const char *why;
    const char *name;
    static ph_text64 origin = {"demo/engine"};
    int in = ph_spool_file_folder(path, &name);
    ck_assert_int_ge(in, 0);
    for (int lie = 0; lie < 4; lie++) {
        make_index();
        ck_assert_int_eq(ph_spool_index_read(in, name, &origin, 1 << 30, &x, &why), PH_OK);
        if (lie == 0) x.v[x.cnt - 1].sum++;
        if (lie == 1) x.end.sum++;
        if (lie == 2) x.end.offset--;
        if (lie == 3)
            x.v[1].offset += 20; /* the places from the first to the second are looked at */
        ck_assert_int_eq(ph_spool_index_write(in, name, &origin, &x), PH_OK);
        free(x.v);
        reopen(0, "the items are not where it says");
        ck_assert_uint_eq(ph_spool_last(spool), INDEXED);
    }
    /* One that is not looked at: a read from there is refused, and the next start is right. */
    make_index();
    ck_assert_int_eq(ph_spool_index_read(in, name, &origin, 1 << 30, &x, &why), PH_OK);
    x.v[2].offset += 20;
    ck_assert_int_eq(ph_spool_index_write(in, name, &origin, &x), PH_OK);
    free(x.v);
    ck_assert_int_eq(close(in), 0);
    reopen(INDEXED, NULL);
    ph_spool_cursor c;
    ck_assert_int_eq(ph_spool_seek(spool, 2 * PH_SPOOL_STEP + 5, &c), PH_ECORRUPT);
    ck_assert(!a_folder_has(folder, "spool.index"));
    reopen(0, "there is none");
    check_from(1, INDEXED, 0, 1 << 16);
}
END_TEST

/* A bit of an item that no start looked at. */
START_TEST(an_item_that_rots_is_refused_when_it_is_read)
{
    ph_spool_mark m;
    ph_spool_cursor c;
    ph_spool_part part;
    make_index();
    ck_assert_int_eq(ph_spool_marked(spool, 2 * PH_SPOOL_STEP + 9, &m), PH_OK);
    close_spool();
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &byte, 1, (off_t)m.offset + PH_ITEM_HEAD_SIZE + 1), 1);
    byte ^= 2;
    ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)m.offset + PH_ITEM_HEAD_SIZE + 1), 1);
    ck_assert_int_eq(close(fd), 0);
    reopen(INDEXED, NULL);
    ck_assert_int_eq(ph_spool_seek(spool, 1, &c), PH_OK);
    uint64_t read = 0;
    ph_status s;
    while ((s = ph_spool_read(spool, &c, INDEXED, 1 << 20, &part)) == PH_OK)
        read += part.cnt;
    ck_assert_int_eq(s, PH_ECORRUPT);
    ck_assert_uint_eq(read, 2 * PH_SPOOL_STEP + 9); /* all before it */
    reopen(0, "there is none");
    ck_assert_uint_eq(ph_spool_last(spool), 2 * PH_SPOOL_STEP + 9);
}
END_TEST

START_TEST(what_is_cut_off_is_not_known_any_more)
{
    make_index();
    for (uint64_t n = INDEXED + 1; n <= INDEXED + 9; n++)
        put(n, 0);
    ck_assert_int_eq(ph_spool_truncate(spool, INDEXED), PH_OK);
    ck_assert(a_folder_has(folder, "spool.index")); /* it knows none of these */
    put(INDEXED - 5, 1);
    ck_assert(!a_folder_has(folder, "spool.index"));
    reopen(0, "there is none");
    make_index();
    ck_assert_int_eq(ph_spool_truncate(spool, INDEXED - 1), PH_OK);
    ck_assert(!a_folder_has(folder, "spool.index"));
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
    tcase_add_test(tests, a_start_reads_what_the_index_does_not_know);
    tcase_add_test(tests, without_one_everything_is_read);
    tcase_add_test(tests, a_torn_or_changed_one_is_taken_away);
    tcase_add_test(tests, one_of_another_spool_is_taken_away);
    tcase_add_test(tests, one_that_lies_is_found_out);
    tcase_add_test(tests, an_item_that_rots_is_refused_when_it_is_read);
    tcase_add_test(tests, what_is_cut_off_is_not_known_any_more);
}

int main(void)
{
    return suite_run("spool", add);
}
