/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clients/audit/audit.h"
#include "clients/audit/event_json.h"
#include "clients/audit/segment_file.h"
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

static const char *hex(const ph_hash *h, char to[65])
{
    return sodium_bin2hex(to, 65, h->b, sizeof h->b);
}

static int print_segment(const ph_audit_request *q, const ph_segment_facts *f)
{
    char at[40] = "", previous[65], hash[65];
    if (f->previous_at.ns != 0) (void)ph_time_text(f->previous_at, at); /* returns at */
    (void)hex(&f->previous, previous);                                  /* returns previous */
    (void)hex(&f->hash, hash);                                          /* returns hash */
    if (q->json)
        return print_line(json_pack(
            "{s:s, s:s, s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:I}", "line", "segment", "segment",
            f->name, "bytes", (json_int_t)f->size, "version", (json_int_t)f->version, "market",
            f->market.s, "first", (json_int_t)f->first, "previous", previous, "previous_at", at,
            "hash", hash, "meta_size", (json_int_t)f->meta_size));
    printf("segment %s, %" PRIu64 " bytes: version %" PRIu32 ", market %s, from record %" PRIu64
           ", after %.16s, hash %.16s\n",
           f->name, f->size, f->version, f->market.s, f->first,
           f->first == 1 ? "nothing" : previous, hash);
    return PH_AUDIT_RIGHT;
}

static int print_batch(const ph_audit_request *q, const ph_journal_batch *b)
{
    char at[40], first_at[40], chain[65], events[65];
    uint64_t last = b->first_seq + b->record_cnt - 1;
    (void)ph_time_text(b->last_at, at);        /* returns at */
    (void)ph_time_text(b->first_at, first_at); /* returns first_at */
    (void)hex(&b->chain, chain);               /* returns chain */
    (void)hex(&b->events, events);             /* returns events */
    if (q->json)
        return print_line(json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:s, s:s}",
                                    "line", "batch", "first", (json_int_t)b->first_seq, "last",
                                    (json_int_t)last, "records", (json_int_t)b->record_cnt,
                                    "first_at", first_at, "at", at, "segment", b->segment, "offset",
                                    (json_int_t)b->offset, "size", (json_int_t)b->size, "events",
                                    events, "chain", chain));
    printf("%12" PRIu64 " %12" PRIu64 "  %s  %s %10" PRIu64 " %8" PRIu64 "  %.16s  %.16s\n",
           b->first_seq, last, at, b->segment, b->offset, b->size, events, chain);
    return PH_AUDIT_RIGHT;
}

/* What needs the 64th bit is text of its digits, as in a report. */
static json_t *wide_json(uint64_t v)
{
    return v <= INT64_MAX ? json_integer((json_int_t)v) : json_sprintf("%" PRIu64, v);
}

static int print_record(const ph_audit_request *q, const ph_journal_record *r)
{
    char at[40], events[17];
    ph_command c = {.kind = 0};
    (void)ph_time_text(r->at, at); /* returns at */
    (void)snprintf(events, sizeof events, "%016" PRIx64, r->events);
    bool is_known = ph_command_read(r->bytes, r->size, &c) == PH_OK;
    const char *kind = is_known ? ph_command_kind_name(c.kind) : "?";
    int status = PH_AUDIT_RIGHT;
    if (q->json)
        status = print_line(json_pack(
            "{s:s, s:I, s:s, s:s, s:I, s:o, s:I, s:s}", "line", "record", "seq", (json_int_t)r->seq,
            "at", at, "command", kind, "sender", (json_int_t)c.sender.v, "request",
            wide_json(c.request), "size", (json_int_t)r->size, "events", events));
    else
        printf("%12" PRIu64 "  %s  %-21s %6" PRIu32 " %20" PRIu64 " %6" PRIu32 "  %s\n", r->seq, at,
               kind, c.sender.v, c.request, r->size, events);
    if (is_known || status != PH_AUDIT_RIGHT) return status;
    ph_audit_say("record %" PRIu64 " is no command that this program knows", r->seq);
    return PH_AUDIT_WRONG;
}

/* Nothing was listed if the first record that was asked for comes later. */
static int check_from(const ph_audit_request *q, uint64_t last)
{
    if (q->from <= last || q->from == 0) return PH_AUDIT_RIGHT;
    ph_audit_say("it ends with record %" PRIu64 ": give --from a smaller number", last);
    return PH_AUDIT_NOT_FOUND;
}

static int print_end(const ph_audit_request *q, const ph_segment_end *e, const char *segment)
{
    const char *behind = e->is_written ? "written" : e->torn != 0 ? "torn" : "zeros";
    if (q->json)
        return print_line(json_pack("{s:s, s:s, s:I, s:I, s:s, s:I}", "line", "end", "segment",
                                    segment, "offset", (json_int_t)e->offset, "last",
                                    (json_int_t)(e->next_seq - 1), "behind", behind, "torn",
                                    (json_int_t)e->torn));
    printf("end     %s offset %" PRIu64 ", last record %" PRIu64 ": ", segment, e->offset,
           e->next_seq - 1);
    if (e->is_written)
        puts("an engine writes behind it");
    else if (e->torn != 0)
        printf("%" PRIu64
               " bytes behind it are a batch that was not written whole; nobody was told "
               "of it, and the engine cuts it off when it starts\n",
               e->torn);
    else
        puts("zeros behind it");
    return PH_AUDIT_RIGHT;
}

/* A scenario: the sizes of the market, then every command. */
static int print_sizes(const uint8_t *meta, uint32_t size)
{
    ph_market_limits limits;
    ph_status s = ph_limits_read(meta, size, &limits);
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
        printf("%12s  %-30s  %-21s %6s %20s %6s  %s\n", "record", "at", "command", "sender",
               "request", "bytes", "events");
    else
        printf("%12s %12s  %-30s  %-24s %10s %8s  %-16s  %s\n", "first", "last", "at", "segment",
               "offset", "bytes", "events", "chain");
}

static bool is_asked(const ph_audit_request *q, const ph_journal_batch *b)
{
    return b->first_seq + b->record_cnt - 1 >= q->from && (q->to == 0 || b->first_seq <= q->to);
}

static int print_asked(const ph_audit_request *q, const ph_journal_batch *b)
{
    if (!is_asked(q, b)) return PH_AUDIT_RIGHT;
    return q->records || q->commands ? print_records(q, b) : print_batch(q, b);
}

/* Of a segment of the directory the header, or of the last one what stands behind its batches. */
static int look_at_segment(const ph_audit_request *q, const char *name, bool is_last)
{
    ph_segment_facts facts;
    ph_segment_file *f;
    ph_segment_end end;
    ph_journal_batch b;
    bool is_end = false;
    int status = ph_segment_file_open(q->journal, name, &f, &facts);
    if (status == PH_AUDIT_RIGHT && !is_last) status = print_segment(q, &facts);
    while (status == PH_AUDIT_RIGHT && is_last && !is_end)
        status = ph_segment_file_next(f, &b, &is_end);
    if (status == PH_AUDIT_RIGHT && is_last) status = ph_segment_file_end(f, &end);
    if (status == PH_AUDIT_RIGHT && is_last) status = print_end(q, &end, name);
    if (status == PH_AUDIT_RIGHT && is_last) status = check_from(q, end.next_seq - 1);
    ph_segment_file_close(f);
    return status;
}

static int list_directory(const ph_audit_request *q)
{
    ph_walk w;
    bool is_end = false;
    char segment[PH_JOURNAL_NAME_SIZE] = "00000000000000000001.phj";
    bool is_headed = false;
    int status = ph_walk_open(q->journal, &w);
    if (status == PH_AUDIT_RIGHT) print_head(q);
    if (status == PH_AUDIT_RIGHT && q->commands) {
        ph_journal_origin origin = ph_journal_reader_origin(w.reader);
        status = print_sizes(origin.meta, origin.meta_size);
    }
    while (status == PH_AUDIT_RIGHT) {
        ph_journal_batch b;
        status = ph_walk_next(&w, &b, &is_end);
        if (status != PH_AUDIT_RIGHT || is_end) break;
        if (q->to != 0 && b.first_seq > q->to) break;
        bool is_new = is_asked(q, &b) && (!is_headed || strcmp(segment, b.segment) != 0);
        (void)snprintf(segment, sizeof segment, "%s", b.segment);
        is_headed |= is_new;
        if (is_new && !q->commands) status = look_at_segment(q, segment, false);
        if (status == PH_AUDIT_RIGHT) status = print_asked(q, &b);
    }
    if (status == PH_AUDIT_RIGHT && is_end && !q->commands)
        status = look_at_segment(q, segment, true);
    ph_walk_close(&w);
    return status;
}

/* One file: its name says where it is, not what it is. */
static int list_file(const ph_audit_request *q)
{
    char folder[4096] = ".";
    const char *slash = strrchr(q->journal, '/');
    const char *name = slash == NULL ? q->journal : slash + 1;
    if (slash != NULL)
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - q->journal + 1), q->journal);
    ph_segment_facts facts;
    ph_segment_file *f;
    ph_segment_end end;
    ph_journal_batch b;
    bool is_end = false;
    if (q->commands) {
        ph_audit_say("a scenario begins with the first command: give the journal's directory");
        return PH_AUDIT_USAGE;
    }
    int status = ph_segment_file_open(folder, name, &f, &facts);
    if (status == PH_AUDIT_RIGHT) print_head(q);
    if (status == PH_AUDIT_RIGHT) status = print_segment(q, &facts);
    while (status == PH_AUDIT_RIGHT && !is_end) {
        status = ph_segment_file_next(f, &b, &is_end);
        if (status == PH_AUDIT_RIGHT && !is_end) status = print_asked(q, &b);
    }
    if (status == PH_AUDIT_RIGHT) status = ph_segment_file_end(f, &end);
    if (status == PH_AUDIT_RIGHT) status = print_end(q, &end, name);
    if (status == PH_AUDIT_RIGHT) status = check_from(q, end.next_seq - 1);
    ph_segment_file_close(f);
    return status;
}

int ph_audit_journal(const ph_audit_request *q)
{
    struct stat st;
    bool is_file = stat(q->journal, &st) == 0 && S_ISREG(st.st_mode);
    return is_file ? list_file(q) : list_directory(q);
}
