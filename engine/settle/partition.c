/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"

/* Another settlement that started at the same moment makes them: it is waited for, 100 ms a try, as
   long as this one does not know of any.  Later, rows do not wait: they go to the DEFAULT
   partition, and it is tried again a second later. */
enum { FIRST_TRIES = 50, HOLDER_MAX = 400 };

static ph_status on_room(void *arg, const char *const *columns, uint32_t cnt)
{
    ph_partitions *p = arg;
    PH_ASSERT(cnt == 3);
    p->records = strtoull(columns[0], NULL, 10);
    p->orders = strtoull(columns[1], NULL, 10);
    p->contracts = strtoull(columns[2], NULL, 10);
    return PH_OK;
}

static ph_status on_strays(void *arg, const char *const *columns, uint32_t cnt)
{
    ph_partitions *p = arg;
    PH_ASSERT(cnt == 1);
    p->strays = strtoull(columns[0], NULL, 10);
    return PH_OK;
}

ph_status ph_partitions_count(ph_pg *pg, ph_partitions *p, ph_pg_error *reterr)
{
    return ph_pg_ask(pg, "SELECT petahour.rows_without_partition()", 0, NULL, on_strays, p, reterr);
}

static ph_status on_holder(void *arg, const char *const *columns, uint32_t cnt)
{
    char *text = arg;
    PH_ASSERT(cnt == 1);
    (void)snprintf(text, HOLDER_MAX, "%s", columns[0]);
    return PH_OK;
}

/* Who has one of the tables that are locked for a moment while a partition is made. */
static ph_status say_late(ph_pg *pg, ph_partitions *p, ph_pg_error *e)
{
    char holder[HOLDER_MAX] = "a lock that is free again";
    ph_status s = ph_pg_ask(
        pg,
        "SELECT format('the transaction of process %s (user %s, program \"%s\"), which has %s',"
        " a.pid, a.usename, a.application_name, l.relation::regclass)"
        " FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class c ON c.oid = l.relation"
        " JOIN pg_database d ON d.oid = l.database"
        " WHERE l.granted AND a.pid <> pg_backend_pid() AND d.datname = current_database()"
        " AND c.relnamespace = 'petahour'::regnamespace AND (c.relname = 'partitioned' OR c.relname"
        " IN (SELECT name || '_default' FROM petahour.partitioned)) ORDER BY a.pid, l.relation"
        " LIMIT 1",
        0, NULL, on_holder, holder, e);
    if (s != PH_OK) return s;
    p->is_late = true;
    ph_log_event(PH_LOG_WARNING, "partition_late", NULL, 0,
                 "no partition could be made ahead, trying again each second: that waits for %s; "
                 "end it before the partitions that are there are full, or rows go to DEFAULT "
                 "partitions for good",
                 holder);
    return PH_OK;
}

static void say_made(ph_partitions *p)
{
    const ph_log_pair pairs[] = {{"rows", NULL, p->strays}};
    p->is_late = false;
    ph_log_event(PH_LOG_INFO, "partition_made", pairs, 1,
                 "partitions are made ahead again; %" PRIu64 " rows are in DEFAULT partitions",
                 p->strays);
}

ph_status ph_partitions_make(ph_pg *pg, const ph_rows *rows, ph_partitions *p, ph_pg_error *reterr)
{
    uint64_t order = 0, contract = 0, now = ph_clock_monotonic_ns();
    if (rows->cnt.orders > 0) order = rows->orders[rows->cnt.orders - 1].accepted.order.v;
    if (rows->cnt.contracts > 0)
        contract = rows->contracts[rows->cnt.contracts - 1].trade.contract.v;
    if (rows->last_seq < p->records && order < p->orders && contract < p->contracts) return PH_OK;
    if (p->is_late && now - p->tried_ns < PH_NS_PER_S) return PH_OK;
    char numbers[3][24];
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRIu64, rows->last_seq);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRIu64, order);
    (void)snprintf(numbers[2], sizeof numbers[2], "%" PRIu64, contract);
    const char *parameters[] = {numbers[0], numbers[1], numbers[2]};
    ph_status s = PH_EBUSY;
    for (int tries = p->is_asked ? 1 : FIRST_TRIES; tries > 0 && s == PH_EBUSY; tries--)
        s = ph_pg_ask(pg,
                      "SELECT records, orders, contracts FROM"
                      " petahour.partitions_ahead($1::bigint, $2::bigint, $3::bigint)",
                      3, parameters, on_room, p, reterr);
    p->is_asked = true;
    p->tried_ns = ph_clock_monotonic_ns();
    if (s == PH_EBUSY) return p->is_late ? PH_OK : say_late(pg, p, reterr);
    if (s != PH_OK || !p->is_late) return s;
    s = ph_partitions_count(pg, p, reterr);
    if (s == PH_OK) say_made(p);
    return s;
}
