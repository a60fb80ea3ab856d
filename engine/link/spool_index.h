/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/link/spool_index.h - where the items of a spool stand: a start need not read them all.

    A file beside the spool, "<spool>.index":

      0    u8[8]  "PHSPIDX1"
      8    text64 origin, as in the spool
      72   items, see frame.h, numbered 1, 2, 3 ...: each but the last has up to 1024 places of
           16 bytes, u64 offset and u64 sum, before items 1, 65, 129 ... of the spool; the last has
           u64 number, u64 offset, u64 sum: of the last item that the index knows, and behind it

    It is a hint and proves nothing: whoever opens a spool with it looks at what it points to.  It
    is written aside, synced and renamed, after the spool itself was made durable; and it is taken
    away, durably, before any item that it knows is cut off.  So no loss of power leaves an index of
    items that are not there.

    Owns      nothing but what read hands out.
    Thread    one; write does not allocate, for a process that was forked from many threads. */
#ifndef ENGINE_LINK_SPOOL_INDEX_H
#define ENGINE_LINK_SPOOL_INDEX_H

#include "engine/base/types.h"
#include "engine/link/spool.h"

enum { PH_SPOOL_STEP = 64 }; /* items from one place to the next */

typedef struct {
    uint64_t last;     /* number of the last item that it knows, at least 1 */
    ph_spool_mark end; /* behind that item */
    ph_spool_mark *v;  /* before items 1, 1 + PH_SPOOL_STEP ... up to last */
    size_t cnt;
} ph_spool_index;

/* Makes the index of the spool `name` durable.  PH_EIO, PH_EFULL: errno says why, and the index of
   before is still there. */
ph_status ph_spool_index_write(int folder, const char *name, const ph_text64 *origin,
                               const ph_spool_index *index);

/* Reads it; the places are allocated, and the caller's to free.  PH_ENOTFOUND: there is none;
   PH_ECORRUPT: it is none, or of another origin, or its numbers make no sense in a spool of
   `spool_size` bytes, and *ret_why says which; PH_EIO, PH_EFULL. */
ph_status ph_spool_index_read(int folder, const char *name, const ph_text64 *origin,
                              uint64_t spool_size, ph_spool_index *ret, const char **ret_why);

/* Takes an index away, durably, if it knows an item behind `number` or cannot be read.  PH_EIO. */
ph_status ph_spool_index_forget(int folder, const char *name, uint64_t number);

#endif
