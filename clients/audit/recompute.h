/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/recompute.h - replays a journal and hands over every record and every batch that
    came out equal.

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
    /* Called for each record, before its batch; see ph_replay_watch.  May be NULL. */
    ph_replay_on_record on_record;
    /* Called once at the end, if nothing failed.  May be NULL. */
    int (*on_end)(void *arg, const ph_market *m);
    /* Called when a result differs, after the sentence was said on standard error.  May be NULL. */
    void (*on_difference)(void *arg, uint64_t seq, const ph_replay_difference *d);
    void *arg;
} ph_recompute;

/* Replays everything that is durable.  PH_AUDIT_WRONG: a byte is wrong or a result differs. */
int ph_recompute_run(const ph_audit_request *q, const ph_recompute *with);

#endif
