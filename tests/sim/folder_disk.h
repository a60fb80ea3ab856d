/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/sim/folder_disk.h - a folder of the file system that loses its power.

    The program is linked so that its calls on files and folders below a descriptor come here
    (-Wl,--wrap).  They are carried out in a real folder, and what a sync made durable of each file
    and of each folder is kept.  A loss of power keeps, by seed, of every file that was written
    since it was synced any choice of sectors of 512 bytes, cut anywhere; and of the names that were
    made, changed or removed since their folder was synced any choice, each of them whole and in
    order.  Nothing is synced in truth, so that thousands of losses take seconds.

    Owns      one folder; one value of the program, because the calls have no argument for it.
    Thread    one. */
#ifndef TESTS_SIM_FOLDER_DISK_H
#define TESTS_SIM_FOLDER_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/panic.h"

/* Of one file; a program that needs more says so before it includes this. */
#ifndef FOLDER_BYTES_MAX
#define FOLDER_BYTES_MAX 8192
#endif

enum {
    FOLDER_FILES_MAX = 1 << 14,
    FOLDER_PATH_SIZE = 64,
    FOLDER_CHANGES_MAX = 4096,
    FOLDER_FDS_MAX = 1024,
    FOLDER_SECTOR = 512,
};

typedef struct {
    bool is_folder;
    size_t seen_size, durable_size, least_size; /* the least since the last sync */
    uint8_t seen[FOLDER_BYTES_MAX], durable[FOLDER_BYTES_MAX];
} folder_file;

/* A name goes away, and perhaps another one comes: "" is none. */
typedef struct {
    char from[FOLDER_PATH_SIZE], to[FOLDER_PATH_SIZE];
    int file;
} folder_change;

typedef struct {
    char path[FOLDER_PATH_SIZE];
    int file;
} folder_name;

typedef struct {
    folder_name *v;
    int cnt;
} folder_names;

typedef struct {
    char path[128]; /* of the real one */
    folder_file **files;
    int file_cnt;
    folder_names seen, durable;
    folder_change *changes;
    int change_cnt;
    struct {
        int file; /* + 1; 0: none of ours */
        char path[FOLDER_PATH_SIZE];
    } fds[FOLDER_FDS_MAX];
    uint64_t seed, calls, dies_at; /* the call from which on nothing works; 0: none */
    uint64_t torn, undone;         /* files and changes that a loss of power took */
} folder_disk;

static folder_disk fold;

/* splitmix64 */
static uint64_t folder_chance(uint64_t below)
{
    uint64_t z = (fold.seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

/* ---- Names --------------------------------------------------------------------------------- */

static int folder_find(const folder_names *names, const char *path)
{
    for (int i = 0; i < names->cnt; i++)
        if (strcmp(names->v[i].path, path) == 0) return i;
    return -1;
}

static void folder_set(folder_names *names, const char *path, int file)
{
    int at = folder_find(names, path);
    if (at < 0) at = names->cnt++;
    PH_ASSERT(names->cnt <= FOLDER_FILES_MAX && strlen(path) < FOLDER_PATH_SIZE);
    memcpy(names->v[at].path, path, strlen(path) + 1);
    names->v[at].file = file;
}

static void folder_unset(folder_names *names, const char *path)
{
    int at = folder_find(names, path);
    if (at >= 0) names->v[at] = names->v[--names->cnt];
}

static void folder_apply(folder_names *names, const folder_change *c)
{
    if (c->from[0] != '\0') folder_unset(names, c->from);
    if (c->to[0] != '\0') folder_set(names, c->to, c->file);
}

static void folder_change_names(const char *from, const char *to, int file)
{
    PH_ASSERT(fold.change_cnt < FOLDER_CHANGES_MAX);
    folder_change *c = &fold.changes[fold.change_cnt++];
    memcpy(c->from, from, strlen(from) + 1);
    memcpy(c->to, to, strlen(to) + 1);
    c->file = file;
    folder_apply(&fold.seen, c);
}

static bool folder_is_in(const char *path, const char *above)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    if (strcmp(above, ".") == 0) above = "";
    return strlen(above) == size && memcmp(path, above, size) == 0;
}

/* Makes the names in a folder durable; NULL: in every one. */
static void folder_sync_names(const char *above)
{
    int left = 0;
    for (int i = 0; i < fold.change_cnt; i++) {
        const folder_change *c = &fold.changes[i];
        if (above == NULL || folder_is_in(c->to[0] != '\0' ? c->to : c->from, above))
            folder_apply(&fold.durable, c);
        else
            fold.changes[left++] = *c;
    }
    fold.change_cnt = left;
}

static void folder_sync_bytes(folder_file *f)
{
    memcpy(f->durable, f->seen, f->seen_size);
    f->durable_size = f->least_size = f->seen_size;
}

static int folder_new(bool is_folder)
{
    PH_ASSERT(fold.file_cnt < FOLDER_FILES_MAX);
    folder_file *f = calloc(1, sizeof *f);
    PH_ASSERT(f != NULL);
    f->is_folder = is_folder;
    fold.files[fold.file_cnt] = f;
    return fold.file_cnt++;
}

/* ---- The calls ----------------------------------------------------------------------------- */

int __real_openat64(int at, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *p, size_t size);
int __real_close(int fd);
int __real_fsync(int fd);
int __real_renameat(int from_at, const char *from, int to_at, const char *to);
int __real_unlinkat(int at, const char *path, int flags);
int __real_mkdirat(int at, const char *path, mode_t mode);
int __wrap_openat64(int at, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *p, size_t size);
int __wrap_close(int fd);
int __wrap_fsync(int fd);
int __wrap_renameat(int from_at, const char *from, int to_at, const char *to);
int __wrap_unlinkat(int at, const char *path, int flags);
int __wrap_mkdirat(int at, const char *path, mode_t mode);
int __wrap_syncfs(int fd);

/* True if the program is dead: nothing works any more. */
static bool folder_is_dead(void)
{
    fold.calls++;
    if (fold.dies_at == 0 || fold.calls < fold.dies_at) return false;
    errno = EIO;
    return true;
}

int __wrap_openat64(int at, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    bool is_ours = at != AT_FDCWD && strcmp(path, "..") != 0;
    if (is_ours && (flags & O_CREAT) != 0 && folder_is_dead()) return -1;
    int fd = __real_openat64(at, path, flags, mode);
    if (fd < 0 || !is_ours) return fd;
    PH_ASSERT(fd < FOLDER_FDS_MAX && strlen(path) < FOLDER_PATH_SIZE);
    int name = folder_find(&fold.seen, path), file;
    if (name >= 0) {
        file = fold.seen.v[name].file;
    } else {
        file = folder_new((flags & O_CREAT) == 0); /* the folder itself */
        if ((flags & O_CREAT) != 0) folder_change_names("", path, file);
    }
    if ((flags & O_TRUNC) != 0) fold.files[file]->seen_size = fold.files[file]->least_size = 0;
    fold.fds[fd].file = file + 1;
    memcpy(fold.fds[fd].path, path, strlen(path) + 1);
    return fd;
}

ssize_t __wrap_write(int fd, const void *p, size_t size)
{
    int file = fd >= 0 && fd < FOLDER_FDS_MAX ? fold.fds[fd].file : 0;
    if (file == 0) return __real_write(fd, p, size);
    if (folder_is_dead()) return -1;
    folder_file *f = fold.files[file - 1];
    PH_ASSERT(f->seen_size + size <= FOLDER_BYTES_MAX);
    memcpy(f->seen + f->seen_size, p, size);
    f->seen_size += size;
    return __real_write(fd, p, size);
}

int __wrap_close(int fd)
{
    if (fd >= 0 && fd < FOLDER_FDS_MAX) fold.fds[fd].file = 0;
    return __real_close(fd);
}

int __wrap_fsync(int fd)
{
    int file = fd >= 0 && fd < FOLDER_FDS_MAX ? fold.fds[fd].file : 0;
    if (file == 0) return __real_fsync(fd);
    if (folder_is_dead()) return -1;
    folder_file *f = fold.files[file - 1];
    if (f->is_folder)
        folder_sync_names(fold.fds[fd].path);
    else
        folder_sync_bytes(f);
    return 0;
}

int __wrap_syncfs(int fd)
{
    (void)fd;
    if (folder_is_dead()) return -1;
    folder_sync_names(NULL);
    for (int i = 0; i < fold.seen.cnt; i++)
        folder_sync_bytes(fold.files[fold.seen.v[i].file]);
    return 0;
}

int __wrap_renameat(int from_at, const char *from, int to_at, const char *to)
{
    if (folder_is_dead()) return -1;
    int name = folder_find(&fold.seen, from);
    int done = __real_renameat(from_at, from, to_at, to);
    PH_ASSERT(done != 0 || name >= 0);
    if (done == 0) folder_change_names(from, to, fold.seen.v[name].file);
    return done;
}

int __wrap_unlinkat(int at, const char *path, int flags)
{
    if (folder_is_dead()) return -1;
    int done = __real_unlinkat(at, path, flags);
    if (done == 0) folder_change_names(path, "", -1);
    return done;
}

int __wrap_mkdirat(int at, const char *path, mode_t mode)
{
    if (folder_is_dead()) return -1;
    int done = __real_mkdirat(at, path, mode);
    if (done == 0) folder_change_names("", path, folder_new(true));
    return done;
}

/* ---- Losing power -------------------------------------------------------------------------- */

static int folder_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type;
    return at->level == 0 ? 0 : remove(path);
}

/* What is left of a file's bytes: sectors of what it was and of what was written since. */
static void folder_tear(folder_file *f)
{
    if (f->seen_size == f->durable_size && memcmp(f->seen, f->durable, f->seen_size) == 0) return;
    fold.torn++;
    size_t larger = f->seen_size > f->durable_size ? f->seen_size : f->durable_size;
    memset(f->durable + f->durable_size, 0, FOLDER_BYTES_MAX - f->durable_size);
    for (size_t at = 0; at < f->seen_size; at += FOLDER_SECTOR) {
        size_t n = f->seen_size - at < FOLDER_SECTOR ? f->seen_size - at : FOLDER_SECTOR;
        if (folder_chance(2) == 0) memcpy(f->durable + at, f->seen + at, n);
    }
    size_t least = f->least_size;
    f->durable_size =
        folder_chance(2) == 0 ? larger : least + (size_t)folder_chance(larger - least + 1);
    memcpy(f->seen, f->durable, f->durable_size);
    f->seen_size = f->least_size = f->durable_size;
}

static bool folder_has_above(const char *path)
{
    char above[FOLDER_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return true;
    memcpy(above, path, (size_t)(slash - path));
    above[slash - path] = '\0';
    return folder_find(&fold.durable, above) >= 0 && folder_has_above(above);
}

static int folder_shorter(const void *a, const void *b)
{
    size_t x = strlen(((const folder_name *)a)->path), y = strlen(((const folder_name *)b)->path);
    return x < y ? -1 : x > y;
}

/* The program is gone; the real folder becomes what is left. */
static void folder_lose_power(void)
{
    char path[256];
    for (int i = 0; i < fold.change_cnt; i++) {
        if (folder_chance(2) == 0)
            folder_apply(&fold.durable, &fold.changes[i]);
        else
            fold.undone++;
    }
    fold.change_cnt = 0;
    PH_ASSERT(nftw(fold.path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
    qsort(fold.durable.v, (size_t)fold.durable.cnt, sizeof fold.durable.v[0], folder_shorter);
    fold.seen.cnt = 0;
    for (int i = 0; i < fold.durable.cnt; i++) {
        const folder_name *n = &fold.durable.v[i];
        folder_file *f = fold.files[n->file];
        if (!folder_has_above(n->path)) continue;
        snprintf(path, sizeof path, "%s/%s", fold.path, n->path);
        if (f->is_folder) {
            PH_ASSERT(mkdir(path, 0755) == 0);
        } else {
            folder_tear(f);
            int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
            PH_ASSERT(fd >= 0);
            PH_ASSERT(__real_write(fd, f->durable, f->durable_size) == (ssize_t)f->durable_size);
            PH_ASSERT(__real_close(fd) == 0);
        }
        folder_set(&fold.seen, n->path, n->file);
    }
    memcpy(fold.durable.v, fold.seen.v, (size_t)fold.seen.cnt * sizeof fold.seen.v[0]);
    fold.durable.cnt = fold.seen.cnt;
    fold.dies_at = 0;
}

static void folder_empty(void)
{
    PH_ASSERT(nftw(fold.path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
    while (fold.file_cnt != 0)
        free(fold.files[--fold.file_cnt]);
    fold.seen.cnt = fold.durable.cnt = fold.change_cnt = 0;
}

/* Begins with an empty folder, which is there. */
static void folder_begin(const char *path, uint64_t seed)
{
    if (fold.files == NULL) {
        fold.files = calloc(FOLDER_FILES_MAX, sizeof(folder_file *));
        fold.seen.v = calloc(FOLDER_FILES_MAX, sizeof fold.seen.v[0]);
        fold.durable.v = calloc(FOLDER_FILES_MAX, sizeof fold.durable.v[0]);
        fold.changes = calloc(FOLDER_CHANGES_MAX, sizeof fold.changes[0]);
    }
    PH_ASSERT(fold.files != NULL && fold.seen.v != NULL && fold.durable.v != NULL &&
              fold.changes != NULL);
    snprintf(fold.path, sizeof fold.path, "%s", path);
    folder_empty();
    fold.seed = seed;
    fold.calls = fold.dies_at = 0;
}

static void folder_end(void)
{
    folder_empty();
    PH_ASSERT(rmdir(fold.path) == 0);
    free(fold.files);
    free(fold.seen.v);
    free(fold.durable.v);
    free(fold.changes);
}

#endif
