/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/log_record.h"

#include <inttypes.h>

#include "clients/audit/walk.h"
#include "engine/notary/log_leaf.h"

ph_hash ph_log_record_of(const ph_journal_batch *b, const ph_journal_record *r)
{
    ph_log_record record = {
        .seq = r->seq,
        .at = r->at,
        .event_check = r->events,
        .previous = b->previous,
        .events = b->events,
        .bytes = r->bytes,
        .size = r->size,
    };
    return ph_log_record_hash(&record);
}

int ph_log_record_find(const char *journal, uint64_t seq, ph_hash *ret)
{
    ph_walk w;
    bool is_end = false, is_found = false;
    int status = ph_walk_open(journal, &w);
    while (status == PH_AUDIT_RIGHT && !is_end && !is_found) {
        ph_journal_batch b;
        status = ph_walk_next(&w, &b, &is_end);
        if (status != PH_AUDIT_RIGHT || is_end) break;
        ph_journal_cursor cursor = {0};
        ph_journal_record r;
        while (!is_found && ph_journal_record_next(&b, &cursor, &r)) {
            is_found = r.seq == seq;
            if (is_found) *ret = ph_log_record_of(&b, &r);
        }
    }
    ph_walk_close(&w);
    if (status != PH_AUDIT_RIGHT || is_found) return status;
    ph_audit_say("journal \"%s\" has no record %" PRIu64, journal, seq);
    return PH_AUDIT_NOT_FOUND;
}
