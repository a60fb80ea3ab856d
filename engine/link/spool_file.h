/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/link/spool_file.h - bytes of a file by their place, and the folder that a file is in.

    Owns      nothing.
    Thread    any; nothing here allocates.
    Failure   errno says why. */
#ifndef ENGINE_LINK_SPOOL_FILE_H
#define ENGINE_LINK_SPOOL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

/* PH_EFULL if errno says that there is no room, otherwise PH_EIO. */
ph_status ph_spool_file_status(void);

/* All of it, or a failure. */
ph_status ph_spool_file_write(int fd, uint64_t at, const void *bytes, size_t size);

/* Up to size bytes; *ret_size of them, fewer only at the end of the file.  PH_EIO. */
ph_status ph_spool_file_read(int fd, uint64_t at, void *to, size_t size, size_t *ret_size);

/* Opens the folder of a path; *ret_name is the name in it.  -1: a failure. */
int ph_spool_file_folder(const char *path, const char **ret_name);

#endif
