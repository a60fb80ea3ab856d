/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/write.h - rows and position in one transaction, exactly once.

    A transaction first moves the position's row, which fails unless it stands exactly where these
    rows begin and belongs to this epoch; so rows are never written twice, not left out, and not by
    two processes.

    Whether a commit whose answer was lost was done is decided by the position alone, after taking
    its row's lock: that waits for a transaction of ours that the server may still be running.

    Thread    one. */
#ifndef ENGINE_SETTLE_WRITE_H
#define ENGINE_SETTLE_WRITE_H

#include "engine/settle/partition.h"
#include "engine/settle/pg.h"
#include "engine/settle/rows.h"
#include "engine/settle/tables.h"

typedef struct {
    uint64_t epoch; /* of the process that may write */
    uint64_t seq;   /* last record whose rows are there; 0: none */
    ph_hash chain;  /* chain hash at seq */
} ph_position;

/* Makes this process the one that writes: raises the epoch, in a transaction of its own, and reads
   where the rows stand.  PH_ECORRUPT: the database is of another market.  Others: see pg.h. */
ph_status ph_position_take(ph_pg *pg, const char *market, ph_position *ret, ph_pg_error *reterr);

/* Reads the position under its lock and commits a write of its row, so that what it says is durable
   wherever commits must be.  PH_ENOTFOUND: there is none for this market. */
ph_status ph_position_read(ph_pg *pg, const char *market, ph_position *ret, ph_pg_error *reterr);

/* The same in two steps, for what the lock of the position protects besides: begins a transaction
   and reads; whatever is read until ph_position_confirm has returned PH_OK is as durable.  After a
   failure of either the connection is to be closed. */
ph_status ph_position_lock(ph_pg *pg, const char *market, ph_position *ret, ph_pg_error *reterr);
ph_status ph_position_confirm(ph_pg *pg, const char *market, ph_pg_error *reterr);

/* Reads the leaf hashes of so many contracts, which may come several times.  PH_ECORRUPT: one has
   none; PH_EFULL: no memory. */
ph_status ph_contract_leaves(ph_pg *pg, const ph_contract_id *contracts, uint32_t cnt, ph_hash *ret,
                             ph_pg_error *reterr);

/* Rolls a transaction back that failed before its COMMIT, or by it, with this status; gives the one
   to return. */
ph_status ph_transaction_end(ph_pg *pg, ph_status failed);

/* COPYs what the rows have of one table, within a transaction of the caller; a table without rows
   costs nothing. */
ph_status ph_table_copy(ph_pg *pg, const ph_table *table, const ph_rows *rows, ph_pg_error *e);

/* Writes the rows (sorted, not empty), which follow record `at->seq`, and moves the position, in
   one transaction, after partitions were made for them where none is ahead.  From record
   `*sum_from` on, 0 at the start, the schema is asked to add up what came since it last did, in the
   same transaction, and says from where it is to be asked again.  PH_OK: committed.  PH_EAGAIN: it
   may or may not have been; any other status: it was not.  PH_EBUSY: the connection can be used
   again; after another failure it may not be of use. */
ph_status ph_rows_write(ph_pg *pg, const char *market, const ph_position *at, const ph_rows *rows,
                        ph_partitions *partitions, uint64_t *sum_from, ph_pg_error *reterr);

#endif
