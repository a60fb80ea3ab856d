/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/compare.h - is the database what the journal says?

    Compares a replayed market with the rows of a database, in one read-only snapshot, and says
    every difference as a sentence: the position; every account's balance, in both directions; the
    escrow of every contract against the notional and fee of its row; the numbers of participants,
    sites, hardware classes, products and contracts; and every law of the reconcile views.

    Rows are compared as they come and an answer may take a day, so books of any size are compared.

    Owns      its connection, for the time of the call.
    Thread    one. */
#ifndef ENGINE_SETTLE_COMPARE_H
#define ENGINE_SETTLE_COMPARE_H

#include <stdint.h>

#include "engine/base/status.h"
#include "engine/core/market.h"

/* Calls on_difference with one sentence (lower case, no full stop) for each difference; a database
   that stands at another record than the market is one difference and ends the comparison.
   *ret_checked is the number of single facts that were compared.  PH_OK: the comparison was made,
   whatever it found.  PH_EAGAIN: the database could not be reached or went away; PH_EDENIED: it
   does not let this user read; PH_EINVAL: it is not a database of petahour-settle, or the
   connection string is wrong; PH_EFULL: no memory.  On these on_difference receives the reason
   as its last sentence and *ret_checked is untouched. */
ph_status ph_settle_compare(const char *conninfo, const ph_market *m,
                            void (*on_difference)(void *arg, const char *sentence), void *arg,
                            uint64_t *ret_checked);

#endif
