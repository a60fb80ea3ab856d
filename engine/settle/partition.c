/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/panic.h"

/* Another settlement that started at the same moment makes them: it is waited for, 100 ms a try, as
   long as this one does not know of any.  Later, rows do not wait: they go to the DEFAULT
   partition. */
enum { FIRST_TRIES = 50 };

static ph_status on_room(void *arg, const char *const *columns, uint32_t cnt)
{
    ph_partitions *p = arg;
    PH_ASSERT(cnt == 3);
    p->records = strtoull(columns[0], NULL, 10);
    p->orders = strtoull(columns[1], NULL, 10);
    p->contracts = strtoull(columns[2], NULL, 10);
    return PH_OK;
}

ph_status ph_partitions_make(ph_pg *pg, const ph_rows *rows, ph_partitions *p, ph_pg_error *reterr)
{
    uint64_t order = 0, contract = 0;
    if (rows->cnt.orders > 0) order = rows->orders[rows->cnt.orders - 1].accepted.order.v;
    if (rows->cnt.contracts > 0)
        contract = rows->contracts[rows->cnt.contracts - 1].trade.contract.v;
    if (rows->last_seq < p->records && order < p->orders && contract < p->contracts) return PH_OK;
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
    return s == PH_EBUSY ? PH_OK : s;
}
