/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/recompute.h"

#include "clients/audit/progress.h"
#include "clients/audit/walk.h"

static int say(ph_status s, const ph_replay_error *err)
{
    ph_audit_say("%s", err->text);
    return ph_audit_exit(s);
}

/* Whole batches until the end, somebody has enough, or something is wrong. */
static int each_batch(ph_replay *r, const ph_recompute *with, ph_progress *progress)
{
    ph_replay_error err;
    bool is_enough = false;
    int status = PH_AUDIT_RIGHT;
    while (status == PH_AUDIT_RIGHT && !is_enough) {
        const ph_replay_batch *batch;
        ph_status s = ph_replay_next(r, &batch, &err);
        if (s == PH_EEND) break;
        if (s != PH_OK) {
            ph_progress_end(progress);
            status = say(s, &err);
            if (s == PH_EDIVERGED && with->on_difference != NULL)
                with->on_difference(with->arg, err.seq, ph_replay_differs(r));
            return status;
        }
        if (with->on_batch != NULL)
            status = with->on_batch(with->arg, ph_replay_market(r), batch, &is_enough);
        ph_progress_at(progress, batch->first_seq + batch->record_cnt - 1);
    }
    return status;
}

int ph_recompute_run(const ph_audit_request *q, const ph_recompute *with)
{
    ph_replay *r = NULL;
    ph_replay_error err;
    ph_status s = ph_replay_open(q->journal, &r, &err);
    if (s == PH_ENOTFOUND) {
        ph_audit_say("there is no journal in \"%s\"", q->journal);
        return PH_AUDIT_NOT_FOUND;
    }
    if (s != PH_OK) return say(s, &err);
    /* The length is asked for only when somebody watches: it takes a walk through the journal. */
    ph_progress progress = ph_progress_begin("replay", 0, q->quiet);
    if (progress.is_shown) progress.total = ph_walk_last_seq(q->journal);
    if (q->until != 0 && q->until < progress.total) progress.total = q->until;
    ph_replay_watch(r, with->on_record, with->arg);
    int status = each_batch(r, with, &progress);
    ph_progress_end(&progress);
    if (status == PH_AUDIT_RIGHT && with->on_end != NULL)
        status = with->on_end(with->arg, ph_replay_market(r));
    ph_replay_close(r);
    return status;
}
