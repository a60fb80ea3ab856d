/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/recompute.h - replays a journal and hands over every batch that came out equal.

    Thread    one.
    Failure   said on standard error; the exit status is returned. */
#ifndef CLIENTS_AUDIT_RECOMPUTE_H
#define CLIENTS_AUDIT_RECOMPUTE_H

#include "clients/audit/audit.h"
#include "engine/replay/replay.h"

typedef struct {
    /* Called once before the first batch; the seq of the snapshot is 0 if it begins with record 1.
       May be NULL. */
    void (*on_begin)(void *arg, const ph_market *m, const ph_state_head *snapshot);
    /* Called for each batch; a status other than PH_AUDIT_RIGHT ends the replay and is returned.
       *ret_enough ends it too, and is not a failure.  May be NULL. */
    int (*on_batch)(void *arg, const ph_market *m, const ph_replay_batch *batch, bool *ret_enough);
    /* Called once at the end, if nothing failed.  May be NULL. */
    int (*on_end)(void *arg, const ph_market *m);
    void *arg;
} ph_recompute;

/* Replays everything that is durable.  PH_AUDIT_WRONG: a byte is wrong or a result differs. */
int ph_recompute_run(const ph_audit_request *q, const ph_recompute *with);

#endif
