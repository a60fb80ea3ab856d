/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/recompute.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void say_refused(void *arg, const char *sentence)
{
    (void)arg;
    ph_audit_say("%s", sentence);
}

/* The one that was asked for, or none. */
static int begin(ph_replay *r, const ph_audit_request *q)
{
    const char *file = q->snapshot;
    char folder[4096];
    uint64_t seq;
    const char *slash = strrchr(file, '/'), *name = slash == NULL ? file : slash + 1;
    int length = slash == NULL ? 1 : (int)(slash - file);
    int printed = snprintf(folder, sizeof folder, "%.*s", length, slash == NULL ? "." : file);
    if (!ph_state_file_name_read(name, &seq) || seq == 0 || printed >= (int)sizeof folder) {
        ph_audit_say("%s: the name of a snapshot is its record, 20 digits, and .phs", file);
        return PH_AUDIT_USAGE;
    }
    if (access(file, F_OK) != 0) {
        ph_audit_say("%s: %s", file, strerror(errno));
        return PH_AUDIT_NOT_FOUND;
    }
    if (q->until != 0 && q->until <= seq) {
        ph_audit_say("%s: a replay from there is behind record %" PRIu64
                     " already: give --until a larger number, or an older snapshot",
                     file, q->until);
        return PH_AUDIT_USAGE;
    }
    ph_replay_snapshots from = {.directory = length == 0 ? "/" : folder,
                                .first = seq,
                                .last = seq,
                                .is_chain_whole = true,
                                .on_refused = say_refused};
    ph_replay_error err;
    ph_status s = ph_replay_begin(r, &from, &err);
    if (s == PH_OK) return PH_AUDIT_RIGHT;
    if (s == PH_ENOTFOUND) return PH_AUDIT_WRONG; /* which was said */
    return say(s, &err);
}

int ph_recompute_run(const ph_audit_request *q, const ph_recompute *with)
{
    ph_replay *r = NULL;
    ph_replay_error err;
    int status = ph_walk_look(q->journal);
    if (status != PH_AUDIT_RIGHT) return status;
    ph_status s = ph_replay_open(q->journal, &r, &err);
    if (s == PH_ENOTFOUND) return ph_walk_none(q->journal);
    if (s != PH_OK) return say(s, &err);
    /* The length is asked for only when somebody watches: it takes a walk through the journal. */
    ph_progress progress = ph_progress_begin("replay", 0, q->quiet);
    if (progress.is_shown) progress.total = ph_walk_last_seq(q->journal);
    if (q->until != 0 && q->until < progress.total) progress.total = q->until;
    ph_replay_watch(r, with->on_record, with->arg);
    if (q->chain_only) ph_replay_chain_only(r);
    status = q->snapshot == NULL ? PH_AUDIT_RIGHT : begin(r, q);
    if (status == PH_AUDIT_RIGHT && with->on_begin != NULL)
        with->on_begin(with->arg, ph_replay_market(r), ph_replay_snapshot(r));
    if (status == PH_AUDIT_RIGHT) status = each_batch(r, with, &progress);
    ph_progress_end(&progress);
    if (status == PH_AUDIT_RIGHT && with->on_end != NULL)
        status = with->on_end(with->arg, ph_replay_market(r));
    ph_replay_close(r);
    return status;
}
