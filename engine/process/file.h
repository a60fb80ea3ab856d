/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/file.h - whole small files: read at once, replaced at once.

    Owns      nothing.
    Thread    any.
    Failure   errno says why. */
#ifndef ENGINE_PROCESS_FILE_H
#define ENGINE_PROCESS_FILE_H

#include <stddef.h>

#include "engine/base/status.h"

/* Reads a file of at most room_size bytes.  `folder` is a descriptor that `path` starts from, or
   AT_FDCWD.  PH_ENOTFOUND: there is none; PH_EFULL: it is longer; PH_EIO. */
ph_status ph_file_read(int folder, const char *path, void *room, size_t room_size,
                       size_t *ret_size);

/* Writes a file and does not sync it.  PH_ENOTFOUND: its folder is missing; PH_EFULL: no room on
   the disk; PH_EIO. */
ph_status ph_file_write(int folder, const char *path, const void *bytes, size_t size);

/* Syncs a file or a folder.  PH_ENOTFOUND, PH_EFULL, PH_EIO. */
ph_status ph_file_sync(int folder, const char *path);

/* Makes the file these bytes: written aside ("<path>.new"), synced, renamed, and the folder synced,
   so that whatever happens it is the old file or the new one.  PH_ENOTFOUND, PH_EFULL, PH_EIO. */
ph_status ph_file_replace(int folder, const char *path, const void *bytes, size_t size);

#endif
