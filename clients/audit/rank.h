/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/rank.h - the rows of a table, largest figure first.

    Owns      nothing: the array is the caller's.
    Thread    one.
    Laws      equal figures are in order of their keys: the same rows give the same ranking. */
#ifndef CLIENTS_AUDIT_RANK_H
#define CLIENTS_AUDIT_RANK_H

#include "clients/audit/keyed.h"
#include "engine/base/money.h"

typedef struct {
    bool (*lets_through)(const void *row, const void *arg); /* NULL: every row */
    ph_wide (*figure)(const void *row);
    const void *arg;
} ph_ranking;

/* *ret: pointers to the rows that are let through, which the caller frees; NULL if there is none.
   False: no memory. */
bool ph_rank(const ph_keyed *k, const ph_ranking *by, const void ***ret, uint32_t *ret_cnt);

#endif
