/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/snapshots.h"

#include <stdio.h>
#include <string.h>

#include "clients/audit/audit.h"
#include "engine/journal/chain.h"
#include "engine/journal/file_posix.h"
#include "engine/replay/market_file.h"

/* False: it is gone, because an engine lives that keeps newer ones. */
static bool look_at(ph_disk *d, uint64_t seq, const ph_text64 *market, ph_audit_snapshot *ret)
{
    *ret = (ph_audit_snapshot){.head = {.seq = seq}};
    ph_status s = ph_state_file_read(d, seq, NULL, 0, &ret->head);
    if (s == PH_ENOTFOUND) return false;
    if (s == PH_EIO || s == PH_EDENIED)
        ret->wrong = "could not be read";
    else if (s != PH_OK)
        ret->wrong = ph_status_text(s);
    else if (memcmp(market, &ret->head.market, sizeof *market) != 0)
        ret->wrong = "it is of another market";
    return true;
}

int ph_audit_snapshots_open(const char *journal, const ph_text64 *market, ph_audit_snapshots *ret)
{
    char folder[4096];
    ph_disk_posix d;
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt = 0;
    ret->cnt = ret->next = 0;
    int length = snprintf(folder, sizeof folder, "%s/%s", journal, PH_MARKET_FILE_FOLDER);
    if (length < 0 || (size_t)length >= sizeof folder) return PH_AUDIT_RIGHT;
    ph_status s = ph_disk_posix_open(folder, false, &d);
    if (s == PH_ENOTFOUND) return PH_AUDIT_RIGHT;
    if (s == PH_OK) s = ph_state_file_list(&d.disk, there, &cnt);
    if (s != PH_OK) {
        ph_audit_say("could not look at the snapshots in \"%s\": %s", folder, d.why);
        ph_disk_posix_close(&d);
        return ph_audit_exit(s);
    }
    while (cnt-- > 0)
        if (look_at(&d.disk, there[cnt], market, &ret->v[ret->cnt])) ret->cnt++;
    ph_disk_posix_close(&d);
    return PH_AUDIT_RIGHT;
}

void ph_audit_snapshots_add(ph_audit_snapshots *s, const ph_journal_batch *b)
{
    uint64_t last = b->first_seq + b->record_cnt - 1;
    for (; s->next < s->cnt && s->v[s->next].head.seq <= last; s->next++) {
        ph_audit_snapshot *at = &s->v[s->next];
        if (at->wrong != NULL) continue;
        if (at->head.seq != last)
            at->wrong = "no batch of the journal ends with its record";
        else if (!ph_hash_equal(at->head.chain, b->chain) || at->head.at.ns != b->last_at.ns)
            at->wrong = "the journal has another chain hash at its record";
        else
            at->is_confirmed = true;
    }
}

int ph_audit_snapshots_end(ph_audit_snapshots *s)
{
    int status = PH_AUDIT_RIGHT;
    for (uint32_t i = 0; i < s->cnt; i++) {
        ph_audit_snapshot *at = &s->v[i];
        if (at->wrong == NULL && !at->is_confirmed)
            at->wrong = "the journal ends before its record";
        if (at->wrong == NULL) continue;
        char name[PH_STATE_FILE_NAME_SIZE];
        ph_state_file_name(at->head.seq, name);
        ph_audit_say("snapshot \"%s\": %s; the journal is whole, and needs no snapshot", name,
                     at->wrong);
        status = PH_AUDIT_WRONG;
    }
    return status;
}
