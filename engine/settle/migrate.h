/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/migrate.h - brings a database to the schema of this program.

    A migration is a file NNNN_name.sql of the schema directory.  They are applied in order of their
    number, once each, each in its own transaction together with its row in petahour.migration
    (number, name, SHA-256 of the file).  A file that was applied and has changed or gone since is
    refused: a change is a new file.  Numbers may have gaps.

    Migrates a database that is in use: no lock is waited for longer than PH_MIGRATE_LOCK_MS, since
    everybody else who wants the table waits behind; the migration is then rolled back and applied
    again a second later, and a log line names the transaction that seems to be in the way.  Of two
    that migrate at the same time one applies a migration, and the other one waits for it: its row
    in petahour.migration is written first and is the lock, which nobody else may take.

    Thread    one. */
#ifndef ENGINE_SETTLE_MIGRATE_H
#define ENGINE_SETTLE_MIGRATE_H

#include "engine/settle/pg.h"

enum { PH_MIGRATE_LOCK_MS = 1000 };

/* The files of a directory as they were when they were read: those that are put there later, for a
   newer program, are not this program's. */
typedef struct ph_migrations ph_migrations;

/* PH_ENOTFOUND: there are no such files in the directory; PH_ECORRUPT: two have one number;
   PH_EIO; PH_EFULL.  `directory` must live as long. */
ph_status ph_migrations_read(const char *directory, ph_migrations **ret, ph_pg_error *reterr);
void ph_migrations_free(ph_migrations *m); /* accepts NULL */

/* Applies what is missing.  A lock is tried for again for `patience_seconds`, each time that one is
   not had.  PH_EDENIED: this user may not; PH_ECORRUPT: a file is not the one that was applied, or
   is missing; PH_EVERSION: the database has migrations that this program does not know; PH_EBUSY:
   the patience is over; PH_EEND: a stop was requested; others: see pg.h.  What was applied before
   stays, as whole migrations. */
ph_status ph_migrate(ph_pg *pg, ph_migrations *m, uint32_t patience_seconds, uint32_t *ret_applied,
                     ph_pg_error *reterr);

/* Looks, without changing anything, whether the database has these migrations.  PH_ENOTFOUND: some
   are missing; PH_EVERSION: it has later ones, which `may_be_later` allows; PH_ECORRUPT and others
   as above. */
ph_status ph_migrations_check(ph_pg *pg, ph_migrations *m, bool may_be_later, ph_pg_error *reterr);

#endif
