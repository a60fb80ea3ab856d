/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/file.h - everything the journal asks of a disk.

    One flat directory of files that are named, written at an offset, synced and read.  The journal
    knows only this table; engine/journal/file_posix is the real one, tests put a failing disk
    before it.

    Laws      what was written before a sync that returned PH_OK is there after a crash; bytes that
              were never written read as zero; a name that was made before sync_names returned
              PH_OK is there after a crash.
              After one failed write or sync nobody knows what the file holds: the writer stops.
    Failure   PH_EFULL: no room on the disk; PH_EIO: everything else that the machine refuses;
              `reason` then says why.  Out-parameters are untouched on failure.
    Thread    one at a time per disk. */
#ifndef ENGINE_JOURNAL_FILE_H
#define ENGINE_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

typedef struct ph_disk ph_disk;

typedef enum {
    PH_FILE_READ,   /* must exist */
    PH_FILE_WRITE,  /* must exist; read and write */
    PH_FILE_CREATE, /* made empty; read and write */
    PH_FILE_KEEP,   /* made when missing, its bytes are kept; read and write */
} ph_file_mode;

typedef struct {
    /* *ret is a number >= 0 that stands for the file until close.  PH_ENOTFOUND: no such name. */
    ph_status (*open)(ph_disk *d, const char *name, ph_file_mode mode, int *ret);
    void (*close)(ph_disk *d, int file);
    ph_status (*write)(ph_disk *d, int file, uint64_t at, const void *bytes, size_t size);
    /* Reads up to size bytes; *ret_size is smaller only at the end of the file. */
    ph_status (*read)(ph_disk *d, int file, uint64_t at, void *bytes, size_t size,
                      size_t *ret_size);
    /* Begins to bring what was written there to the disk, and does not wait: only a wish, whose
       failure is for the next sync to tell. */
    void (*begin)(ph_disk *d, int file, uint64_t at, size_t size);
    /* PH_OK: every byte written so far survives a crash; any handle of the file will do. */
    ph_status (*sync)(ph_disk *d, int file);
    ph_status (*size)(ph_disk *d, int file, uint64_t *ret);
    ph_status (*rename)(ph_disk *d, const char *from, const char *to);
    ph_status (*remove)(ph_disk *d, const char *name);
    ph_status (*sync_names)(ph_disk *d);
    /* Calls f once for every name, in no order. */
    ph_status (*list)(ph_disk *d, void (*f)(void *arg, const char *name), void *arg);
    /* Takes the file for this handle alone until it is closed or its process ends.  PH_EBUSY:
       another handle, here or in another process, has it. */
    ph_status (*lock)(ph_disk *d, int file);
    /* Whether another handle has it; takes nothing. */
    ph_status (*locked)(ph_disk *d, int file, bool *ret);
    /* Why the last call failed, e.g. "no space left on device"; never NULL. */
    const char *(*reason)(ph_disk *d);
} ph_disk_ops;

struct ph_disk {
    const ph_disk_ops *ops;
};

#endif
