/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/file.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/a_folder.h"
#include "tests/unit/suite.h"

static char folder[64];
static int fd;

static void setup(void)
{
    a_folder_make(folder, sizeof folder);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
}

static void teardown(void)
{
    ck_assert_int_eq(close(fd), 0);
    a_folder_remove(folder);
}

START_TEST(what_is_replaced_reads_back)
{
    char got[8];
    size_t size = 77;
    ck_assert_int_eq(ph_file_read(fd, "a", got, sizeof got, &size), PH_ENOTFOUND);
    ck_assert_uint_eq(size, 77);
    ck_assert_int_eq(ph_file_replace(fd, "a", "first", 5), PH_OK);
    ck_assert_int_eq(ph_file_replace(fd, "a", "12345678", 8), PH_OK);
    ck_assert_int_eq(ph_file_read(fd, "a", got, sizeof got, &size), PH_OK);
    ck_assert_uint_eq(size, 8);
    ck_assert_mem_eq(got, "12345678", 8);
    ck_assert(!a_folder_has(folder, "a.new"));
    ck_assert_int_eq(ph_file_read(fd, "a", got, 7, &size), PH_EFULL);
    ck_assert_int_eq(ph_file_replace(fd, "a", "", 0), PH_OK);
    ck_assert_int_eq(ph_file_read(fd, "a", got, sizeof got, &size), PH_OK);
    ck_assert_uint_eq(size, 0);
}
END_TEST

START_TEST(paths_may_be_absolute)
{
    char path[128], got[8];
    size_t size;
    snprintf(path, sizeof path, "%s/b", folder);
    ck_assert_int_eq(ph_file_replace(AT_FDCWD, path, "x", 1), PH_OK);
    ck_assert_int_eq(ph_file_read(fd, "b", got, sizeof got, &size), PH_OK);
    ck_assert_int_eq(ph_file_sync(fd, "b"), PH_OK);
    ck_assert_int_eq(ph_file_sync(fd, "."), PH_OK);
    ck_assert_int_eq(ph_file_sync(fd, "c"), PH_ENOTFOUND);
}
END_TEST

/* The old file stays whole when the new one cannot be made. */
START_TEST(a_replace_that_fails_changes_nothing)
{
    char got[8], name[8192];
    size_t size;
    ck_assert_int_eq(ph_file_replace(fd, "no/a", "x", 1), PH_ENOTFOUND);
    ck_assert_int_eq(ph_file_write(fd, "no/a", "x", 1), PH_ENOTFOUND);
    ck_assert_int_eq(ph_file_replace(fd, "a", "old", 3), PH_OK);
    ck_assert_int_eq(mkdirat(fd, "a.new", 0700), 0);
    ck_assert_int_eq(ph_file_replace(fd, "a", "new", 3), PH_EIO);
    ck_assert_int_eq(errno, EISDIR);
    ck_assert_int_eq(ph_file_read(fd, "a", got, sizeof got, &size), PH_OK);
    ck_assert_mem_eq(got, "old", 3);
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(ph_file_replace(fd, name, "x", 1), PH_EIO);
    ck_assert_int_eq(errno, ENAMETOOLONG);
    ck_assert_int_eq(ph_file_read(AT_FDCWD, folder, got, sizeof got, &size), PH_EIO);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_is_replaced_reads_back);
    tcase_add_test(t, paths_may_be_absolute);
    tcase_add_test(t, a_replace_that_fails_changes_nothing);
}

int main(void)
{
    return suite_run("file", add);
}
