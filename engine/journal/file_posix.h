/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/file_posix.h - a directory of the machine as the journal's disk.

    Owns      a descriptor of the directory; files are descriptors too (all close-on-exec).
    Lifetime  must outlive every reader and writer that uses it.
    Failure   see engine/journal/file.h.
    Thread    one at a time. */
#ifndef ENGINE_JOURNAL_FILE_POSIX_H
#define ENGINE_JOURNAL_FILE_POSIX_H

#include "engine/journal/file.h"

typedef struct {
    ph_disk disk;  /* hand &d->disk to the journal */
    int directory; /* descriptor, -1 when closed */
    char why[128]; /* reason of the last failure */
} ph_disk_posix;

/* Opens `directory`; with `create` makes it (mode 0750, one level) when it is missing.
   PH_ENOTFOUND: there is none; PH_EDENIED: not permitted; PH_EIO: see ret->why, which is set on
   failure. */
ph_status ph_disk_posix_open(const char *directory, bool create, ph_disk_posix *ret);

/* Accepts one that is closed or was never opened successfully. */
void ph_disk_posix_close(ph_disk_posix *d);

#endif
