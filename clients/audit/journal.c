/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/audit/audit.h"
#include "clients/audit/event_json.h"
#include "clients/audit/walk.h"
#include "engine/base/period.h"
#include "engine/replay/limits.h"
#include "engine/wire/codec.h"

/* One JSON object per line; takes j. */
static int print_line(json_t *j)
{
    char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text == NULL) {
        ph_audit_say("could not write JSON: no memory");
        return PH_AUDIT_FAILED;
    }
    puts(text);
    free(text);
    return PH_AUDIT_RIGHT;
}

static int print_batch(const ph_audit_request *q, const ph_journal_batch *b)
{
    char at[40], chain[65];
    uint64_t last = b->first_seq + b->record_cnt - 1;
    (void)ph_time_text(b->last_at, at);                                       /* returns at */
    (void)sodium_bin2hex(chain, sizeof chain, b->chain.b, sizeof b->chain.b); /* returns chain */
    if (q->json)
        return print_line(json_pack("{s:I, s:I, s:s, s:s, s:I, s:I, s:s}", "first",
                                    (json_int_t)b->first_seq, "last", (json_int_t)last, "at", at,
                                    "segment", b->segment, "offset", (json_int_t)b->offset, "size",
                                    (json_int_t)b->size, "chain", chain));
    printf("%12" PRIu64 " %12" PRIu64 "  %s  %s %10" PRIu64 " %8" PRIu64 "  %.16s\n", b->first_seq,
           last, at, b->segment, b->offset, b->size, chain);
    return PH_AUDIT_RIGHT;
}

static int print_record(const ph_audit_request *q, const ph_journal_record *r)
{
    char at[40];
    ph_command c = {.kind = 0};
    (void)ph_time_text(r->at, at); /* returns at */
    bool is_known = ph_command_read(r->bytes, r->size, &c) == PH_OK;
    const char *kind = is_known ? ph_command_kind_name(c.kind) : "?";
    int status = PH_AUDIT_RIGHT;
    if (q->json)
        status =
            print_line(json_pack("{s:I, s:s, s:s, s:I, s:I, s:I}", "seq", (json_int_t)r->seq, "at",
                                 at, "command", kind, "sender", (json_int_t)c.sender.v, "request",
                                 (json_int_t)c.request, "size", (json_int_t)r->size));
    else
        printf("%12" PRIu64 "  %s  %-21s %6" PRIu32 " %20" PRIu64 " %6" PRIu32 "\n", r->seq, at,
               kind, c.sender.v, c.request, r->size);
    if (is_known || status != PH_AUDIT_RIGHT) return status;
    ph_audit_say("record %" PRIu64 " is no command that this program knows", r->seq);
    return PH_AUDIT_WRONG;
}

/* A scenario: the sizes of the market, then every command. */
static int print_sizes(const ph_walk *w)
{
    ph_journal_origin origin = ph_journal_reader_origin(w->reader);
    ph_market_limits limits;
    ph_status s = ph_limits_read(origin.meta, origin.meta_size, &limits);
    if (s != PH_OK) {
        ph_audit_say("the sizes of the market cannot be read: %s", ph_status_text(s));
        return ph_audit_exit(s);
    }
    char line[PH_JSON_LINE_MAX];
    printf("%.*s\n", (int)ph_sizes_json(&limits, line), line);
    return PH_AUDIT_RIGHT;
}

static int print_command(const ph_journal_record *r)
{
    ph_command c;
    if (ph_command_read(r->bytes, r->size, &c) != PH_OK) {
        ph_audit_say("record %" PRIu64 " is no command that this program knows", r->seq);
        return PH_AUDIT_WRONG;
    }
    c.at = r->at;
    char line[PH_JSON_LINE_MAX];
    printf("%.*s\n", (int)ph_command_json(&c, line), line);
    return PH_AUDIT_RIGHT;
}

static int print_records(const ph_audit_request *q, const ph_journal_batch *b)
{
    ph_journal_cursor cursor = {0};
    ph_journal_record r;
    int status = PH_AUDIT_RIGHT;
    while (status == PH_AUDIT_RIGHT && ph_journal_record_next(b, &cursor, &r))
        if (r.seq >= q->from && (q->to == 0 || r.seq <= q->to))
            status = q->commands ? print_command(&r) : print_record(q, &r);
    return status;
}

static void print_head(const ph_audit_request *q)
{
    if (q->json || q->commands) return;
    if (q->records)
        printf("%12s  %-30s  %-21s %6s %20s %6s\n", "record", "at", "command", "sender", "request",
               "bytes");
    else
        printf("%12s %12s  %-30s  %-24s %10s %8s  %s\n", "first", "last", "at", "segment", "offset",
               "bytes", "chain");
}

int ph_audit_journal(const ph_audit_request *q)
{
    ph_walk w;
    bool is_end = false;
    int status = ph_walk_open(q->journal, &w);
    if (status == PH_AUDIT_RIGHT) print_head(q);
    if (status == PH_AUDIT_RIGHT && q->commands) status = print_sizes(&w);
    while (status == PH_AUDIT_RIGHT) {
        ph_journal_batch b;
        status = ph_walk_next(&w, &b, &is_end);
        if (status != PH_AUDIT_RIGHT || is_end) break;
        if (b.first_seq + b.record_cnt - 1 < q->from) continue;
        if (q->to != 0 && b.first_seq > q->to) break;
        status = q->records || q->commands ? print_records(q, &b) : print_batch(q, &b);
    }
    ph_walk_close(&w);
    return status;
}
