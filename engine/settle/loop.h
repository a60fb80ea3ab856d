/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/loop.h - follows the journal and keeps the database's rows equal to it.

      replay a batch (verified)  ->  rows  ->  ...  ->  one transaction with rows and position

    Replays from a snapshot of its own that is not ahead of the rows, or from the first record,
    because rows need the market that came before; batches whose rows are there already are passed
    over, and at the position the chain hash must be the one that the database has.  Rows that a
    migration left to the journal are filled on the way (backfill.h).  A transaction takes
    what is durable when it begins, so it is one batch when nothing happens and thousands of records
    when settlement is behind; it never waits to fill.

    Where it is told to, it follows the notary besides (notary_link.h), at most five times a second
    while there are rows to write.

    What may pass is waited for, see database.h.  Another process that took over, another journal,
    a constraint that is broken, commits that were lost: it stops, with a sentence.

    Owns      everything that it opens.
    Thread    one. */
#ifndef ENGINE_SETTLE_LOOP_H
#define ENGINE_SETTLE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/status.h"

typedef struct {
    const char *journal;     /* directory */
    const char *database;    /* connection string */
    uint32_t answer_seconds; /* a statement without an answer for so long counts as lost */
    const char *notary_link; /* where the notary is followed; empty: it is not */
    const char *schema;      /* directory of the migrations */
    const char *market;      /* name that the journal must have */
    const char *ready_file;  /* may be empty */
    const char *snapshots;   /* directory of our own; empty: none */
    uint64_t snapshot_every; /* records between two of them */
    const char *monitor;     /* 127.a.b.c:PORT, or empty */
    uint32_t ready_lag_seconds;
    bool is_once; /* end when everything that is durable is written */
} ph_settle_options;

/* Runs until a stop is requested (or, once, until caught up).  PH_OK: ended as asked; anything else
   was logged. */
ph_status ph_settle_run(const ph_settle_options *options);

/* Whether the same would happen again however often it is started: until somebody has looked. */
bool ph_settle_is_final(ph_status ended);

#endif
