/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/watermark.h - the file LOCK: who writes, and how far it is durable.

    The writer holds a lock on the file for as long as it lives and notes in it, after every sync,
    the last durable sequence.  A reader beside a living writer goes no further: what it could
    see behind that may still be lost.  When nobody holds the lock the number means nothing.

    Thread    one. */
#ifndef ENGINE_JOURNAL_WATERMARK_H
#define ENGINE_JOURNAL_WATERMARK_H

#include "engine/journal/file.h"

/* Notes `seq` in the locked file. */
ph_status ph_watermark_write(ph_disk *d, int lock, uint64_t seq);

typedef struct {
    bool is_held; /* a writer lives */
    uint64_t seq; /* held: records up to here are durable */
} ph_watermark;

/* *lock is the open file or -1; it is opened when the file exists and kept for the next call. */
ph_status ph_watermark_read(ph_disk *d, int *lock, ph_watermark *ret);

#endif
