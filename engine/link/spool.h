/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/link/spool.h - the items of a server in one append-only file, newest part in memory.

    The spool is derived: whoever owns it can compute every item again from the journal.  So it is
    never synced, may be deleted while nobody runs, and at start its owner puts every item again,
    which confirms the items that are right and replaces everything from the first that is not.

      0    u8[8]  "PHSPOOL1"
      8    text64 origin: market and server
      72   items, see frame.h, numbered 1, 2, 3 ...

    An item counts if and only if it is whole, its number is the next one and its sum holds.

    A start reads the whole file, or the items behind those that an index knows (spool_index.h).
    Those are believed when the items that the index points to are there: the first and the last 64,
    and some between.  Any other is looked at when it is read.

    Owns      the file (locked against a second process), about 9 MiB of memory, and 16 bytes for
              every 64 items.
    Lifetime  bytes that a read returns are valid until the next call.
    Thread    one.
    Failure   after PH_EIO or PH_EFULL of a put the process must stop serving from it. */
#ifndef ENGINE_LINK_SPOOL_H
#define ENGINE_LINK_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

typedef struct ph_spool ph_spool;

/* What the spool holds up to an item: two spools with equal marks of the same number hold the same
   items up to it, as far as 64 bits tell by accident. */
typedef struct {
    uint64_t offset; /* behind the item */
    uint64_t sum;    /* of the sums of all items up to it, in order */
} ph_spool_mark;

/* A place between two items. */
typedef struct {
    uint64_t number; /* of the item that is read next */
    uint64_t offset;
} ph_spool_cursor;

/* Whole items, one behind the other, heads included. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    uint32_t cnt;
} ph_spool_part;

/* Opens the spool, makes it when it is missing, and cuts off everything from the first item that
   does not count.  An index that is wrong is taken away, and the whole file read.  err (err_size
   bytes) receives a sentence on failure.
   PH_EBUSY: another process has it; PH_ECORRUPT: the file is no spool, or that of another origin
   (it is left alone); PH_EINVAL: origin is empty or too long, or the path is too long; PH_EIO,
   PH_EFULL. */
ph_status ph_spool_open(const char *path, const char *origin, ph_spool **ret, char *err,
                        size_t err_size);

/* Number of the last item, 0 if there is none. */
uint64_t ph_spool_last(const ph_spool *s);

/* Items that an index knew when the spool was opened; 0: every item was read. */
uint64_t ph_spool_indexed(const ph_spool *s);

/* Why an index was not used; NULL if it was, or if there was no item to know. */
const char *ph_spool_index_why(const ph_spool *s);

/* Reads every item, as if there were no index, and takes it away: for an owner who finds another
   mark than it expects.  As ph_spool_open, before cursors are handed out.  PH_EIO, PH_EFULL. */
ph_status ph_spool_reread(ph_spool *s);

/* Makes item `number`, at most last + 1, these bytes.  One that is there and equal is kept; one
   that differs is cut off with everything behind it, so put from 1 on before cursors are handed
   out.
   PH_EIO, PH_EFULL (disk or memory): errno says why. */
ph_status ph_spool_put(ph_spool *s, uint64_t number, const void *bytes, uint32_t size);

/* Cuts off every item behind `number`.  PH_EIO. */
ph_status ph_spool_truncate(ph_spool *s, uint64_t number);

/* The place before item `number`, 1 .. last + 1.  PH_EINVAL: there is no such place; PH_EIO. */
ph_status ph_spool_seek(ph_spool *s, uint64_t number, ph_spool_cursor *ret);

/* Reads whole items, heads included, from the cursor up to item `last` and moves the cursor behind
   them: at least one, and no more than bytes_max bytes unless the first alone is longer.
   Their sums are right.  PH_EEND: there is nothing up to last; PH_EIO; PH_ECORRUPT: the file has
   other bytes than were written, and the index is taken away, so that the next start finds where;
   PH_EFULL: no memory for a long item. */
ph_status ph_spool_read(ph_spool *s, ph_spool_cursor *c, uint64_t last, size_t bytes_max,
                        ph_spool_part *ret);

/* The mark of item `number`, 0 .. last.  PH_EINVAL: there is no such item; PH_EIO, PH_ECORRUPT. */
ph_status ph_spool_marked(ph_spool *s, uint64_t number, ph_spool_mark *ret);

/* In a process that was forked from the owner: makes everything that the spool held at the fork
   durable, through a descriptor of its own; neither the owner's nor its lock is touched.  The owner
   may go on: both write the same bytes.  PH_EIO, PH_EFULL: errno says why. */
ph_status ph_spool_sync_forked(const ph_spool *s, const char *path);

/* The same process, when that is done: makes an index of these items.  Nothing is lost without
   one.  PH_EIO, PH_EFULL: errno says why. */
ph_status ph_spool_index_forked(const ph_spool *s, const char *path);

/* Writes what is in memory only.  PH_EIO, PH_EFULL. */
ph_status ph_spool_flush(ph_spool *s);

/* Flushes and closes.  Accepts NULL. */
void ph_spool_close(ph_spool *s);

#endif
