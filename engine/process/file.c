/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static ph_status status_of_errno(void)
{
    if (errno == ENOENT || errno == ENOTDIR) return PH_ENOTFOUND;
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? PH_EFULL : PH_EIO;
}

/* Closes after an operation with status s; the first failure is the one that is told. */
static ph_status close_after(int fd, ph_status s)
{
    int why = errno;
    if (close(fd) != 0 && s == PH_OK) return status_of_errno();
    errno = why;
    return s;
}

static ph_status read_whole(int fd, uint8_t *room, size_t room_size, size_t *ret_size)
{
    size_t size = 0;
    for (;;) {
        uint8_t beyond; /* is there more than the room takes? */
        bool is_full = size == room_size;
        ssize_t n = read(fd, is_full ? &beyond : room + size, is_full ? 1 : room_size - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return PH_EIO;
        if (n == 0) break;
        if (is_full) {
            errno = EFBIG;
            return PH_EFULL;
        }
        size += (size_t)n;
    }
    *ret_size = size;
    return PH_OK;
}

ph_status ph_file_read(int folder, const char *path, void *room, size_t room_size, size_t *ret_size)
{
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return status_of_errno();
    return close_after(fd, read_whole(fd, room, room_size, ret_size));
}

static ph_status write_whole(int fd, const uint8_t *p, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return status_of_errno();
        p += n;
        size -= (size_t)n;
    }
    return PH_OK;
}

static ph_status write_file(int folder, const char *path, const void *bytes, size_t size,
                            bool is_synced)
{
    int fd = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return status_of_errno();
    ph_status s = write_whole(fd, bytes, size);
    if (s == PH_OK && is_synced && fsync(fd) != 0) s = status_of_errno();
    return close_after(fd, s);
}

ph_status ph_file_write(int folder, const char *path, const void *bytes, size_t size)
{
    return write_file(folder, path, bytes, size, false);
}

ph_status ph_file_sync(int folder, const char *path)
{
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return status_of_errno();
    return close_after(fd, fsync(fd) == 0 ? PH_OK : status_of_errno());
}

/* The folder that a path names its file in. */
static void folder_of(const char *path, char to[PATH_SIZE])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(to, PATH_SIZE, ".");
    else if (slash == path)
        snprintf(to, PATH_SIZE, "/");
    else
        snprintf(to, PATH_SIZE, "%.*s", (int)(slash - path), path);
}

ph_status ph_file_replace(int folder, const char *path, const void *bytes, size_t size)
{
    char aside[PATH_SIZE], above[PATH_SIZE];
    size_t length = strlen(path);
    if (length + sizeof ".new" > sizeof aside) {
        errno = ENAMETOOLONG;
        return PH_EIO;
    }
    memcpy(aside, path, length);
    memcpy(aside + length, ".new", sizeof ".new");
    folder_of(path, above);
    ph_status s = write_file(folder, aside, bytes, size, true);
    if (s == PH_OK && renameat(folder, aside, folder, path) != 0) s = status_of_errno();
    if (s == PH_OK) return ph_file_sync(folder, above);
    int why = errno;
    (void)unlinkat(folder, aside, 0); /* it may not even be there */
    errno = why;
    return s;
}
