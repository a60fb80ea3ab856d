/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/digest.h - is every row of the database the one that the journal gives?

    Both sides are reduced to the same figures: for each table and each stretch of numbers the count
    of rows and the sum of their BLAKE2b hashes, over the bytes that COPY moves.  A sum does not
    depend on the order of the rows, so neither side sorts.  What of a row changes after it was
    written is left out, but for the ends of orders, which are rows of their own here.

    Owns      its figures, 24 bytes per table and PH_DIGEST_STRETCH numbers; its connection, for the
              time of a call.
    Thread    one. */
#ifndef ENGINE_SETTLE_DIGEST_H
#define ENGINE_SETTLE_DIGEST_H

#include "engine/base/status.h"
#include "engine/replay/replay.h"

enum { PH_DIGEST_STRETCH = 1024 };

typedef struct ph_digest ph_digest;

/* NULL: no memory. */
ph_digest *ph_digest_make(void);

/* Accepts NULL. */
void ph_digest_release(ph_digest *d);

/* Adds the rows of the next batch of a replay whose market is m.  PH_ECORRUPT: the records break a
   law, `why` (at least 160 bytes) says which; PH_EFULL: no memory. */
ph_status ph_digest_take(ph_digest *d, const ph_market *m, const ph_replay_batch *batch, char *why,
                         size_t why_size);

/* Reads every row of the database, in one read-only snapshot, and says each stretch of a table
   whose rows differ as a sentence, and so a chain hash of the position that differs, as
   ph_settle_compare does; statuses as there.  *ret_checked is the number of rows that were read,
   and one for the chain hash; 1 if the database stands at another record and none was. */
ph_status ph_settle_compare_rows(const char *conninfo, const ph_digest *d,
                                 void (*on_difference)(void *arg, const char *sentence), void *arg,
                                 uint64_t *ret_checked);

#endif
