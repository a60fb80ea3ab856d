/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/partition.h - partitions of the large tables, made before rows need them.

    The schema knows which tables have partitions and how wide one is, and makes them; this asks it
    to, at the start and again each time a partition has been used up, so that there is always a
    whole one ahead.

    Owns      nothing.
    Thread    one. */
#ifndef ENGINE_SETTLE_PARTITION_H
#define ENGINE_SETTLE_PARTITION_H

#include "engine/settle/pg.h"
#include "engine/settle/rows.h"

/* Numbers from which the schema is to be asked again; all 0 at the start. */
typedef struct {
    uint64_t records, orders, contracts;
    uint64_t strays; /* rows in DEFAULT partitions, as they were counted last */
    bool is_asked;
    bool is_late;      /* a partition that is due could not be made, which was said */
    uint64_t tried_ns; /* when it was tried last */
} ph_partitions;

/* Counts the rows that are in DEFAULT partitions, 100,000 at most. */
ph_status ph_partitions_count(ph_pg *pg, ph_partitions *p, ph_pg_error *reterr);

/* Makes room for these rows, in a transaction of its own.  A lock that somebody else holds is no
   failure: there is still a partition ahead, or DEFAULT, and calls a second later try again; the
   first call waits for it, 5 s at most.  That it is not had is logged (partition_late, with who has
   it), and the end of that (partition_made). */
ph_status ph_partitions_make(ph_pg *pg, const ph_rows *rows, ph_partitions *p, ph_pg_error *reterr);

#endif
