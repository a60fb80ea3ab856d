/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/pg.h - the only door to libpq: a connection with a deadline for every answer.

    Knows statements, parameters and COPY; knows nothing of the market.  Every wait ends: with an
    answer, with a deadline, or soon after the process was asked to stop.

    After PH_EAGAIN the connection is of no use: close it, open another, and look what the database
    has.  Whether a commit that ended so was done is not known, and only a row written in the same
    transaction can tell.

    Owns      its connection.
    Thread    one.
    Failure   every call: PH_EAGAIN: the server went away, is shutting down, did not answer in time,
              or cancelled a synchronous commit (warning 01000).  PH_EBUSY: serialization, deadlock
              or lock timeout: roll back and do the same again.  PH_ECORRUPT: the rows break a
              constraint, or a function of the schema refused them.  PH_EDENIED: privileges.
              PH_EINVAL: anything else that the server refused (another schema, a wrong statement).
              PH_EFULL: no memory.  The error's text is a sentence in each case. */
#ifndef ENGINE_SETTLE_PG_H
#define ENGINE_SETTLE_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

typedef struct ph_pg ph_pg;

enum { PH_PG_NAME_MAX = 64, PH_PG_PATIENT_SECONDS = 24 * 3600 };

typedef struct {
    char sqlstate[6];                                       /* empty when the server gave none */
    char table[PH_PG_NAME_MAX], constraint[PH_PG_NAME_MAX]; /* that it named; empty */
    char text[700];
} ph_pg_error;

/* Called for each row of an answer with its columns as text, NULL where SQL has NULL.  A status
   other than PH_OK ends the call, which returns it. */
typedef ph_status (*ph_pg_on_row)(void *arg, const char *const *columns, uint32_t cnt);

/* Calls for each option that the connection string has; on_option may be NULL.  PH_EINVAL: it is no
   connection string; PH_EFULL. */
ph_status ph_pg_conninfo_each(const char *conninfo,
                              void (*on_option)(void *arg, const char *name, const char *value),
                              void *arg, ph_pg_error *reterr);

/* Connects; `program` names us in pg_stat_activity.  PH_EINVAL: the string itself is wrong;
   everything else that fails is PH_EAGAIN, with the server's SQLSTATE if it is the server that
   refuses: 28P01 password, 28000 user or pg_hba.conf, 3D000 no such database, and others.  A peer
   that is gone without a word is noticed after 25 s over TCP, unless the string says otherwise
   (keepalives_*, tcp_user_timeout). */
ph_status ph_pg_open(const char *conninfo, const char *program, ph_pg **ret, ph_pg_error *reterr);

/* From now on an answer may take so long; 60 s before.  One that takes longer counts as lost. */
void ph_pg_answer_within(ph_pg *pg, uint32_t seconds);

/* Closes; whatever was not committed is rolled back by the server.  Accepts NULL. */
void ph_pg_close(ph_pg *pg);

/* Runs one or several statements without parameters; rows that come are dropped. */
ph_status ph_pg_run(ph_pg *pg, const char *sql, ph_pg_error *reterr);

/* Runs one statement with text parameters ($1 ...; NULL is SQL's NULL); on_row may be NULL. */
ph_status ph_pg_ask(ph_pg *pg, const char *sql, uint32_t cnt, const char *const *parameters,
                    ph_pg_on_row on_row, void *arg, ph_pg_error *reterr);

/* The same for an answer of any length: each row is given as it comes, and none is kept. */
ph_status ph_pg_each(ph_pg *pg, const char *sql, ph_pg_on_row on_row, void *arg,
                     ph_pg_error *reterr);

/* Runs one statement whose parameters are `cnt` arrays of `length` bigint each ($1 ...), and gives
   the number of rows that it changed (NULL: to nobody).  `sql` is constant: the server parses and
   plans it once for a connection. */
ph_status ph_pg_arrays(ph_pg *pg, const char *sql, uint32_t cnt, const int64_t *const *arrays,
                       uint32_t length, uint64_t *ret_changed, ph_pg_error *reterr);

/* What ph_pg_ask and ph_pg_arrays are given from here to the end is sent together and answered
   together (libpq's pipeline mode): they return when it is on its way, and what they write to
   (`arg`, `ret_changed`) is written by the end.  The server runs one after the other, and none
   after one that failed.  The end returns the status of the first that failed, in whichever call;
   nothing else may be called before it, which has to be.  COPY has no place there. */
void ph_pg_pipeline_begin(ph_pg *pg);
ph_status ph_pg_pipeline_end(ph_pg *pg, ph_pg_error *reterr);

/* COPY ... FROM STDIN: begin, any number of put, end.  `sql` may be several statements with several
   COPY among them, which are then one message and one wait each: put the rows of the first, `next`,
   put the rows of the second, ..., end.  Both give how many rows the COPY before them took.  After
   a failure of any of them the transaction is lost: roll back. */
ph_status ph_pg_copy_begin(ph_pg *pg, const char *sql, ph_pg_error *reterr);
ph_status ph_pg_copy_put(ph_pg *pg, const void *bytes, size_t size, ph_pg_error *reterr);
ph_status ph_pg_copy_next(ph_pg *pg, uint64_t *ret_rows, ph_pg_error *reterr);
ph_status ph_pg_copy_end(ph_pg *pg, uint64_t *ret_rows, ph_pg_error *reterr);

/* Writes `text` as SQL writes it, in quotes; false: `size` bytes are too few, or it is no text. */
bool ph_pg_literal(ph_pg *pg, const char *text, char *to, size_t size);

/* Reads exactly `size` bytes from a column of bytea; false: NULL, another size, or no memory. */
bool ph_pg_bytes(const char *column, uint8_t *ret, size_t size);

/* COPY ... TO STDOUT: calls on_bytes for each message, which is one row.  A status other than PH_OK
   ends the call, which returns it; the connection is then of no use. */
ph_status ph_pg_copy_out(ph_pg *pg, const char *sql,
                         ph_status (*on_bytes)(void *arg, const uint8_t *bytes, size_t size),
                         void *arg, ph_pg_error *reterr);

/* COMMIT.  PH_OK only when the server said so without a warning. */
ph_status ph_pg_commit(ph_pg *pg, ph_pg_error *reterr);

#endif
