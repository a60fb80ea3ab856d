/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/backfill.h - rows of earlier records that a migration left to the journal.

    A migration of a database with rows can add a table, or a column, whose past only the journal
    knows.  It names it in petahour.backfill; whoever takes the position next replays from the first
    record, writes these rows and no others up to where the rows stood, and goes on as ever.  How
    far it came is moved in the transaction of the rows, so a restart goes on there.

    Owns      nothing: a plain value.
    Thread    one. */
#ifndef ENGINE_SETTLE_BACKFILL_H
#define ENGINE_SETTLE_BACKFILL_H

#include "engine/base/status.h"
#include "engine/settle/pg.h"
#include "engine/settle/rows.h"
#include "engine/settle/write.h"

enum { PH_BACKFILL_MAX = 16, PH_BACKFILL_NAME_MAX = 64 };

typedef struct {
    char name[PH_BACKFILL_NAME_MAX]; /* a table without its schema, or "contract.leaf" */
    uint64_t done, to;               /* records: rows up to `done` are there, up to `to` are due */
} ph_backfill_row;

typedef struct {
    uint32_t cnt;
    ph_backfill_row v[PH_BACKFILL_MAX]; /* those that are not done */
} ph_backfill;

/* Reads what is left to do.  PH_EVERSION: something that this program cannot fill. */
ph_status ph_backfill_read(ph_pg *pg, ph_backfill *ret, ph_pg_error *reterr);

/* The same after a transaction whose end is not known: under the lock of the position, which waits
   for one that the server may still be running, and with a commit of its own, so that what it says
   is durable wherever commits must be.  PH_ENOTFOUND: there is no position of this market. */
ph_status ph_backfill_resolve(ph_pg *pg, const char *market, ph_position *ret_at, ph_backfill *ret,
                              ph_pg_error *reterr);

/* Whether less is filled now than was before: it never goes back unless commits were lost. */
bool ph_backfill_is_behind(const ph_backfill *now, const ph_backfill *before);

/* Whether rows of the batch that ends with this record are wanted. */
bool ph_backfill_wants(const ph_backfill *b, uint64_t last_seq);

/* Whether rows that end with this record must be written before others are taken: one of the names
   begins or ends there. */
bool ph_backfill_ends_at(const ph_backfill *b, uint64_t last_seq);

/* Writes what is wanted of the rows, in one transaction of this epoch, and moves b.  Statuses as
   ph_rows_write; after PH_EAGAIN, resolve to see whether it was done. */
ph_status ph_backfill_write(ph_pg *pg, const char *market, uint64_t epoch, const ph_rows *rows,
                            ph_backfill *b, ph_pg_error *reterr);

#endif
