/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/snapshot_check.h - whether what a snapshot states can be a market's state.

    Each answers NULL, or what is wrong as a sentence.  A row is asked about before anything is
    built from it, so that no list, ring or sum follows a number that leads nowhere; what only the
    whole shows is asked about at the end, before the laws (law.h) are.  Private to snapshot.c. */
#ifndef ENGINE_CORE_SNAPSHOT_CHECK_H
#define ENGINE_CORE_SNAPSHOT_CHECK_H

#include "engine/core/state.h"

const char *ph_snapshot_head_wrong(const ph_market *m);
const char *ph_snapshot_participant_wrong(const ph_market *m, uint32_t i);
const char *ph_snapshot_site_wrong(const ph_market *m, uint32_t i);
const char *ph_snapshot_probe_wrong(const ph_market *m, uint32_t i);
const char *ph_snapshot_pool_wrong(const ph_market *m, uint32_t i);
const char *ph_snapshot_contract_wrong(const ph_market *m, uint32_t id);
const char *ph_snapshot_lot_wrong(const ph_market *m, uint32_t lot, uint32_t depth);
/* With its lots and its dispute. */
const char *ph_snapshot_delivery_wrong(const ph_market *m, uint32_t delivery, uint64_t due_ns);
/* With all its contract-periods. */
const char *ph_snapshot_sums_wrong(const ph_market *m, uint32_t contract);
/* Before it has a slot or nodes. */
const char *ph_snapshot_order_wrong(const ph_market *m, const ph_order *o, uint64_t expire_ns);
/* With its nodes, before it rests. */
const char *ph_snapshot_nodes_wrong(const ph_market *m, const ph_order *o);
/* All orders rest, and rings of groups are closed. */
const char *ph_snapshot_group_wrong(const ph_market *m, uint32_t slot);
const char *ph_snapshot_gates_wrong(const ph_market *m);
const char *ph_snapshot_places_wrong(ph_market *m);
const char *ph_snapshot_supply_wrong(ph_market *m);

#endif
