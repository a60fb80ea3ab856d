/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/file_posix.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/panic.h"

/* Keeps the reason and says which status it is. */
static ph_status failed(ph_disk_posix *d, int error)
{
    const char *text = strerrordesc_np(error);
    if (text == NULL)
        snprintf(d->why, sizeof d->why, "system error %d", error);
    else
        snprintf(d->why, sizeof d->why, "%c%s", tolower((unsigned char)text[0]), text + 1);
    switch (error) {
    case ENOSPC:
    case EDQUOT: return PH_EFULL;
    case ENOENT: return PH_ENOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS: return PH_EDENIED;
    default: return PH_EIO;
    }
}

static ph_disk_posix *posix_of(ph_disk *d)
{
    return (ph_disk_posix *)d;
}

static ph_status refused(ph_disk_posix *d, const char *why)
{
    snprintf(d->why, sizeof d->why, "%s", why);
    return PH_EIO;
}

/* Whoever copied a journal need not have copied files: nothing is waited for, as at a pipe. */
static ph_status posix_open(ph_disk *disk, const char *name, ph_file_mode mode, int *ret)
{
    ph_disk_posix *d = posix_of(disk);
    struct stat st;
    int flags = O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
    switch (mode) {
    case PH_FILE_READ: flags |= O_RDONLY; break;
    case PH_FILE_WRITE: flags |= O_RDWR; break;
    case PH_FILE_CREATE: flags |= O_RDWR | O_CREAT | O_TRUNC; break;
    case PH_FILE_KEEP: flags |= O_RDWR | O_CREAT; break;
    }
    int file = openat(d->directory, name, flags, 0640);
    if (file < 0 && errno == ELOOP) return refused(d, "a symbolic link, which is not followed");
    if (file < 0) return failed(d, errno);
    bool is_known = fstat(file, &st) == 0;
    if (is_known && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
        *ret = file; /* of a directory nothing can be read, which is told then */
        return PH_OK;
    }
    ph_status s = is_known ? refused(d, "not a regular file") : failed(d, errno);
    (void)close(file);
    return s;
}

/* What a close could still report was asked of sync before. */
static void posix_close(ph_disk *disk, int file)
{
    (void)disk;
    (void)close(file);
}

static ph_status posix_write(ph_disk *disk, int file, uint64_t at, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    while (size != 0) {
        ssize_t n = pwrite(file, p, size, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(posix_of(disk), errno);
        if (n == 0) return failed(posix_of(disk), EIO);
        p += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return PH_OK;
}

static ph_status posix_read(ph_disk *disk, int file, uint64_t at, void *bytes, size_t size,
                            size_t *ret_size)
{
    uint8_t *p = bytes;
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(file, p + done, size - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(posix_of(disk), errno);
        if (n == 0) break;
        done += (size_t)n;
    }
    *ret_size = done;
    return PH_OK;
}

static void posix_begin(ph_disk *disk, int file, uint64_t at, size_t size)
{
    (void)disk;
    (void)sync_file_range(file, (off_t)at, (off_t)size, SYNC_FILE_RANGE_WRITE);
}

static ph_status posix_sync(ph_disk *disk, int file)
{
    return fdatasync(file) == 0 ? PH_OK : failed(posix_of(disk), errno);
}

static ph_status posix_size(ph_disk *disk, int file, uint64_t *ret)
{
    struct stat st;
    if (fstat(file, &st) != 0) return failed(posix_of(disk), errno);
    *ret = (uint64_t)st.st_size;
    return PH_OK;
}

static ph_status posix_rename(ph_disk *disk, const char *from, const char *to)
{
    ph_disk_posix *d = posix_of(disk);
    return renameat(d->directory, from, d->directory, to) == 0 ? PH_OK : failed(d, errno);
}

static ph_status posix_remove(ph_disk *disk, const char *name)
{
    ph_disk_posix *d = posix_of(disk);
    return unlinkat(d->directory, name, 0) == 0 ? PH_OK : failed(d, errno);
}

static ph_status posix_sync_names(ph_disk *disk)
{
    ph_disk_posix *d = posix_of(disk);
    return fsync(d->directory) == 0 ? PH_OK : failed(d, errno);
}

static ph_status posix_list(ph_disk *disk, void (*f)(void *arg, const char *name), void *arg)
{
    ph_disk_posix *d = posix_of(disk);
    int own = openat(d->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) return failed(d, errno);
    DIR *dir = fdopendir(own);
    if (dir == NULL) {
        ph_status s = failed(d, errno);
        (void)close(own);
        return s;
    }
    errno = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL; errno = 0)
        f(arg, e->d_name);
    ph_status s = errno == 0 ? PH_OK : failed(d, errno);
    (void)closedir(dir);
    return s;
}

/* Locks of the open file description: they exclude two writers in one process too, and asking
   for the state takes nothing, so a reader cannot keep a writer out. */
static ph_status posix_lock(ph_disk *disk, int file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(file, F_OFD_SETLK, &lock) == 0) return PH_OK;
    if (errno == EAGAIN || errno == EACCES) {
        snprintf(posix_of(disk)->why, sizeof posix_of(disk)->why, "locked by another process");
        return PH_EBUSY;
    }
    return failed(posix_of(disk), errno);
}

static ph_status posix_locked(ph_disk *disk, int file, bool *ret)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(file, F_OFD_GETLK, &lock) != 0) return failed(posix_of(disk), errno);
    *ret = lock.l_type != F_UNLCK;
    return PH_OK;
}

static const char *posix_reason(ph_disk *disk)
{
    return posix_of(disk)->why;
}

static const ph_disk_ops posix_ops = {
    .open = posix_open,
    .close = posix_close,
    .write = posix_write,
    .read = posix_read,
    .begin = posix_begin,
    .sync = posix_sync,
    .size = posix_size,
    .rename = posix_rename,
    .remove = posix_remove,
    .sync_names = posix_sync_names,
    .list = posix_list,
    .lock = posix_lock,
    .locked = posix_locked,
    .reason = posix_reason,
};

/* The name of a directory is durable when the directory that holds it is synced. */
static bool sync_parent(int directory)
{
    int parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) return false;
    bool is_done = fsync(parent) == 0;
    int error = errno;
    (void)close(parent);
    errno = error;
    return is_done;
}

ph_status ph_disk_posix_open(const char *directory, bool create, ph_disk_posix *ret)
{
    PH_ASSERT(directory != NULL);
    *ret = (ph_disk_posix){.disk = {&posix_ops}, .directory = -1};
    bool is_new = create && mkdir(directory, 0750) == 0;
    if (create && !is_new && errno != EEXIST) return failed(ret, errno);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed(ret, errno);
    if (is_new && !sync_parent(fd)) {
        ph_status s = failed(ret, errno);
        (void)close(fd);
        return s;
    }
    ret->directory = fd;
    return PH_OK;
}

void ph_disk_posix_close(ph_disk_posix *d)
{
    if (d->directory >= 0) (void)close(d->directory);
    d->directory = -1;
}
