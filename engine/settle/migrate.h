/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/migrate.h - brings a database to the schema of this program.

    A migration is a file NNNN_name.sql of the schema directory.  They are applied in order of their
    number, once each, each in its own transaction together with its row in petahour.migration
    (number, name, SHA-256 of the file).  A file that was applied and has changed or gone since is
    refused: a change is a new file.  Numbers may have gaps.

    Thread    one. */
#ifndef ENGINE_SETTLE_MIGRATE_H
#define ENGINE_SETTLE_MIGRATE_H

#include "engine/settle/pg.h"

/* Applies what is missing.  PH_EDENIED: this user may not; PH_ENOTFOUND: there are no such files in
   the directory; PH_ECORRUPT: a file is not the one that was applied, or is missing;
   PH_EVERSION: the database has migrations that this program does not know; others: see pg.h. */
ph_status ph_migrate(ph_pg *pg, const char *directory, uint32_t *ret_applied, ph_pg_error *reterr);

/* Looks, without changing anything, whether the database has exactly these migrations.
   PH_ENOTFOUND: some are missing; PH_ECORRUPT, PH_EVERSION and others as above. */
ph_status ph_migrate_check(ph_pg *pg, const char *directory, ph_pg_error *reterr);

#endif
