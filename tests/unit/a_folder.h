/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/a_folder.h - a temporary folder with files that a test damages. */
#ifndef TESTS_UNIT_A_FOLDER_H
#define TESTS_UNIT_A_FOLDER_H

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/process/file.h"

static inline void a_folder_make(char *path, size_t size)
{
    snprintf(path, size, "/tmp/petahour-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
}

static inline int a_folder_remove_one(const char *path, const struct stat *st, int type,
                                      struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline void a_folder_remove(const char *path)
{
    ck_assert_int_eq(nftw(path, a_folder_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* A whole file; returns its size. */
static inline size_t a_folder_read(const char *folder, const char *name, void *room, size_t size)
{
    char path[512];
    size_t got = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_msg(ph_file_read(AT_FDCWD, path, room, size, &got) == PH_OK, "%s", path);
    return got;
}

static inline void a_folder_write(const char *folder, const char *name, const void *bytes,
                                  size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(ph_file_write(AT_FDCWD, path, bytes, size), PH_OK);
}

static inline void a_folder_copy_one(const char *from, const char *to)
{
    static uint8_t bytes[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    ck_assert_msg(in >= 0 && out >= 0, "%s, %s", from, to);
    for (ssize_t n; (n = read(in, bytes, sizeof bytes)) != 0;) {
        ck_assert_int_gt(n, 0);
        ck_assert_int_eq(write(out, bytes, (size_t)n), n);
    }
    ck_assert_int_eq(close(in) | close(out), 0);
}

static inline bool a_folder_ends(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* Removes the files whose names end so. */
static inline void a_folder_clear(const char *folder, const char *end)
{
    DIR *d = opendir(folder);
    ck_assert_msg(d != NULL, "%s", folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (a_folder_ends(e->d_name, end)) ck_assert_int_eq(unlinkat(dirfd(d), e->d_name, 0), 0);
    ck_assert_int_eq(closedir(d), 0);
}

/* Files whose names end so, into another folder, which is made when it is missing. */
static inline void a_folder_copy(const char *from, const char *to, const char *end)
{
    char source[1024], target[1024];
    (void)mkdir(to, 0750);
    DIR *d = opendir(from);
    ck_assert_msg(d != NULL, "%s", from);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (!a_folder_ends(e->d_name, end)) continue;
        snprintf(source, sizeof source, "%.500s/%s", from, e->d_name);
        snprintf(target, sizeof target, "%.500s/%s", to, e->d_name);
        a_folder_copy_one(source, target);
    }
    ck_assert_int_eq(closedir(d), 0);
}

static inline bool a_folder_has(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static inline void a_folder_unlink(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(unlink(path), 0);
}

static inline void a_folder_flip(const char *folder, const char *name, size_t bit)
{
    static uint8_t bytes[65536];
    size_t size = a_folder_read(folder, name, bytes, sizeof bytes);
    ck_assert_uint_lt(bit / 8, size);
    bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1 << bit % 8));
    a_folder_write(folder, name, bytes, size);
}

#endif
