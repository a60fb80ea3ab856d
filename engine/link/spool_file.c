/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

ph_status ph_spool_file_status(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? PH_EFULL : PH_EIO;
}

ph_status ph_spool_file_write(int fd, uint64_t at, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    while (size > 0) {
        ssize_t n = pwrite(fd, p, size, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ph_spool_file_status();
        p += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return PH_OK;
}

ph_status ph_spool_file_read(int fd, uint64_t at, void *to, size_t size, size_t *ret_size)
{
    uint8_t *p = to;
    size_t got = 0;
    while (got < size) {
        ssize_t n = pread(fd, p + got, size - got, (off_t)(at + got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return PH_EIO;
        if (n == 0) break;
        got += (size_t)n;
    }
    *ret_size = got;
    return PH_OK;
}

int ph_spool_file_folder(const char *path, const char **ret_name)
{
    char folder[4096] = ".";
    const char *slash = strrchr(path, '/');
    *ret_name = slash == NULL ? path : slash + 1;
    size_t size = slash == NULL ? 1 : (size_t)(slash - path);
    if (size >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (slash != NULL) {
        memcpy(folder, path, size + 1); /* of "/name" the slash */
        folder[size == 0 ? 1 : size] = '\0';
    }
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
