/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/database.h - the database as settlement has it: away and back, in doubt, lost.

    Every call lasts until it is done, however long the database is away or takes no rows:

      away, refuses the login, full, locked    said once for each reason, tried again with growing
                                               pauses and without an end
      end of a transaction not known           the position is read under its lock, and that is
                                               committed: the rows are there, or written again
      rows that are refused                    PH_ECORRUPT, PH_EINVAL, PH_EDENIED
      another process took over                PH_EDENIED
      has lost commits                         PH_ENOTFOUND: whoever starts again goes on behind
                                               those that are left

    Nothing that the server refuses for what others do (a lock, a deadlock, a server that starts or
    has no room) is counted: it says nothing of the rows, and may last as long as it likes.

    Owns      its connection.
    Thread    one.
    Failure   PH_EEND: a stop was requested.  Others: what cannot be healed by waiting, as above and
              in pg.h, migrate.h and backfill.h; it was logged. */
#ifndef ENGINE_SETTLE_DATABASE_H
#define ENGINE_SETTLE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/settle/backfill.h"
#include "engine/settle/migrate.h"
#include "engine/settle/partition.h"
#include "engine/settle/pg.h"
#include "engine/settle/root_signature.h"
#include "engine/settle/rows.h"
#include "engine/settle/write.h"

enum { PH_DATABASE_BACKEND_MAX = 48 };

typedef struct {
    /* Given; they live as long. */
    const char *conninfo, *market;
    uint32_t answer_seconds; /* an answer that takes longer counts as lost */
    /* Waits before another try, after so many that failed in a row; false: a stop was asked. */
    bool (*wait)(void *arg, uint32_t failures);
    void *arg;
    bool is_market_checked; /* the position may be taken */

    /* To be read by the caller. */
    ph_pg *pg;            /* NULL while the database is away */
    bool is_taken;        /* the position is ours, in `at` */
    ph_position at;       /* what the database has */
    ph_backfill backfill; /* rows of records up to `at` that are missing */
    uint64_t rows, transactions, retries, in_doubt;

    ph_migrations *migrations; /* of this program */
    const char *outage;        /* why it is not connected, as it was said; NULL: it is */
    uint32_t failures;         /* of transactions in a row */
    char failure[6];           /* SQLSTATE that was told last of them */
    char backend_pid[PH_DATABASE_BACKEND_MAX], backend_start[PH_DATABASE_BACKEND_MAX];
    ph_partitions partitions;
    uint64_t sum_from; /* record from which sums are asked for */
} ph_database;

/* Reads the migrations of the directory.  What is given was set before, everything else is zero. */
ph_status ph_database_open(ph_database *d, const char *schema);
void ph_database_close(ph_database *d); /* accepts one that was not opened */

/* Connects, and once the market was checked takes the position: a wrong name in the configuration
   must not claim an empty database.  The database must have the migrations of this program; later
   ones too are right once the position is ours, because a migration lets the rows of the program
   before it go on. */
ph_status ph_database_connect(ph_database *d);

/* Why it does no work now, for ever valid; NULL: it does. */
const char *ph_database_not_ready(const ph_database *d);

/* Sorts the rows (not empty), which follow `at`, writes them and moves `at`. */
ph_status ph_database_write(ph_database *d, ph_rows *rows);

/* Writes what `backfill` wants of rows of earlier records, and moves it. */
ph_status ph_database_fill(ph_database *d, const ph_rows *rows);

/* The leaf hashes of so many contracts whose rows are there; some perhaps several times. */
ph_status ph_database_leaves(ph_database *d, const ph_contract_id *contracts, uint32_t cnt,
                             ph_hash *ret);

/* The notary's item from which signatures are missing, what the database has of so many batches,
   and signatures that hold: see root_signature.h. */
ph_status ph_database_unsigned(ph_database *d, uint64_t *ret_item);
ph_status ph_database_roots(ph_database *d, ph_own_root *roots, uint32_t cnt);
ph_status ph_database_sign(ph_database *d, const ph_root_signature *signatures, uint32_t cnt);

#endif
