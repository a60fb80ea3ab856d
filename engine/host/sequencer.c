/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/sequencer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/host/lookahead.h"
#include "engine/link/frame.h"
#include "engine/process/memory.h"
#include "engine/wire/codec.h"
#include "engine/wire/record.h"

struct ph_sequencer {
    ph_sequencer_parts parts;
    ph_time last; /* stamp of the last command */
    bool has_uncommitted;
    bool is_failed;
    ph_event *events;
    uint32_t events_max;
    uint8_t *record; /* room for one record: head, command, events */
    size_t record_max;
    ph_sequencer_counts counts;
    ph_lookahead ahead;
    char why[640];
};

static size_t events_size(uint32_t events_max)
{
    return (size_t)events_max * sizeof(ph_event);
}

ph_status ph_sequencer_open(const ph_sequencer_parts *parts, ph_sequencer **ret)
{
    uint32_t events_max = ph_market_events_max(&parts->limits);
    size_t record_max = PH_RECORD_HEADER_SIZE + (size_t)PH_COMMAND_BYTES_MAX +
                        (size_t)events_max * PH_EVENT_BYTES_MAX;
    /* Ticks carry one due time each, so that no command comes near what the tables could say. */
    if (record_max > PH_ITEM_BYTES_MAX) record_max = PH_ITEM_BYTES_MAX;
    ph_sequencer *s = calloc(1, sizeof *s);
    if (s == NULL) return PH_EFULL;
    s->parts = *parts;
    s->last = ph_journal_end(parts->journal).at;
    s->counts.last = s->last;
    PH_ASSERT(ph_market_seq(parts->market) + 1 == ph_journal_next_seq(parts->journal));
    void *events = NULL, *record = NULL;
    /* Mapped, not touched: most of it is never needed. */
    ph_status st = ph_memory_map(events_size(events_max), &events);
    if (st == PH_OK) {
        s->events = events;
        s->events_max = events_max;
        st = ph_memory_map(record_max, &record);
    }
    if (st == PH_OK) {
        s->record = record;
        s->record_max = record_max;
        *ret = s;
    } else {
        ph_sequencer_close(s);
    }
    return st;
}

const ph_sequencer_counts *ph_sequencer_count(const ph_sequencer *s)
{
    return &s->counts;
}

const char *ph_sequencer_why(const ph_sequencer *s)
{
    return s->why;
}

/* From here on memory is ahead of what the disk holds. */
static ph_status fail(ph_sequencer *s, ph_status st, const char *what, const char *why)
{
    s->is_failed = true;
    (void)snprintf(s->why, sizeof s->why, "%s: %s", what, why);
    return st;
}

ph_status ph_sequencer_commit(ph_sequencer *s)
{
    if (s->is_failed) return PH_EIO;
    if (!s->has_uncommitted) return PH_OK;
    ph_journal_fault fault;
    ph_fault_begin(&fault);
    ph_status st = ph_journal_commit(s->parts.journal, &fault);
    if (st != PH_OK) return fail(s, st, "could not make commands durable", fault.text);
    s->has_uncommitted = false;
    s->counts.commits++;
    s->counts.last = s->last;
    ph_server_publish(s->parts.server);
    return PH_OK;
}

void ph_sequencer_fill(ph_sequencer *s)
{
    if (!s->is_failed) ph_journal_fill(s->parts.journal);
}

static ph_status append(ph_sequencer *s, uint32_t command_size, uint32_t event_size)
{
    const uint8_t *command = s->record + PH_RECORD_HEADER_SIZE;
    const uint8_t *events = command + command_size;
    ph_status st =
        ph_journal_append(s->parts.journal, s->last, command, command_size, events, event_size);
    if (st == PH_EFULL && s->has_uncommitted) {
        /* What the batch holds so far goes first; this command is not yet in the spool. */
        st = ph_sequencer_commit(s);
        if (st != PH_OK) return st;
        st =
            ph_journal_append(s->parts.journal, s->last, command, command_size, events, event_size);
    }
    if (st != PH_OK)
        return fail(s, st, "could not append a command to the journal", ph_status_text(st));
    s->has_uncommitted = true;
    return PH_OK;
}

/* Applies and appends one command at stamp `at`. */
static ph_status sequence(ph_sequencer *s, ph_time at, ph_command *c, ph_link_peer peer)
{
    PH_ASSERT(at.ns >= s->last.ns);
    c->seq = ph_market_seq(s->parts.market) + 1;
    c->at = at;
    s->last = at;
    ph_events out = {.v = s->events, .cnt = 0, .max = s->events_max};
    ph_market_apply(s->parts.market, c, &out);
    s->counts.commands++;
    if (out.cnt > 0 && out.v[0].kind == PH_EVT_REJECTED)
        s->counts.rejects[out.v[0].u.rejected.code]++;

    ph_writer w = ph_writer_of(s->record, s->record_max);
    w.p += PH_RECORD_HEADER_SIZE;
    ph_command_write(&w, c);
    uint32_t command_size = (uint32_t)(ph_writer_size(&w) - PH_RECORD_HEADER_SIZE);
    for (uint32_t i = 0; i < out.cnt; i++)
        ph_event_write(&w, &out.v[i]);
    PH_ASSERT(!w.full);
    uint32_t size = (uint32_t)ph_writer_size(&w);
    uint32_t event_size = size - command_size - PH_RECORD_HEADER_SIZE;
    ph_status st = append(s, command_size, event_size);
    if (st != PH_OK) return st;

    /* Command and events are in place: only the head is missing. */
    ph_writer head = ph_writer_of(s->record, PH_RECORD_HEADER_SIZE);
    ph_record_write_head(&head, c->seq, at, command_size, event_size);
    st = ph_server_add(s->parts.server, s->record, size, peer);
    if (st != PH_OK) return fail(s, st, "could not add a record to the spool", strerror(errno));
    return PH_OK;
}

static ph_status run_due_before(ph_sequencer *s, uint64_t end_ns)
{
    ph_time due = ph_market_next_due(s->parts.market);
    while (due.ns < end_ns) {
        ph_time at = due.ns < s->last.ns ? s->last : due;
        ph_command tick = {.kind = PH_CMD_TICK};
        ph_status st = sequence(s, at, &tick, (ph_link_peer){0});
        if (st != PH_OK) return st;
        ph_time next = ph_market_next_due(s->parts.market);
        PH_ASSERT(next.ns > due.ns); /* or this would never end */
        due = next;
    }
    return PH_OK;
}

static ph_time stamp_of(const ph_sequencer *s, ph_time now)
{
    return now.ns < s->last.ns ? s->last : now;
}

void ph_sequencer_expect(ph_sequencer *s, const void *bytes, uint32_t size)
{
    if (!s->is_failed) ph_lookahead_add(&s->ahead, bytes, size);
}

ph_status ph_sequencer_submit(ph_sequencer *s, ph_time now, ph_link_peer peer, const void *bytes,
                              uint32_t size)
{
    if (s->is_failed) return PH_EIO;
    ph_lookahead_command *next = ph_lookahead_take(&s->ahead, s->parts.market, bytes, size);
    if (next->status != PH_OK) return PH_ECORRUPT;
    ph_command *c = &next->command;
    if (c->kind == PH_CMD_TICK || c->kind == PH_CMD_OPEN_MARKET) return PH_ECORRUPT;
    ph_time at = stamp_of(s, now);
    ph_status st = run_due_before(s, at.ns);
    return st == PH_OK ? sequence(s, at, c, peer) : st;
}

ph_status ph_sequencer_open_market(ph_sequencer *s, ph_time now, const ph_open_market *terms)
{
    if (s->is_failed) return PH_EIO;
    ph_command c = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = *terms};
    return sequence(s, stamp_of(s, now), &c, (ph_link_peer){0});
}

ph_status ph_sequencer_run_due(ph_sequencer *s, ph_time now)
{
    if (s->is_failed) return PH_EIO;
    /* UINT64_MAX means that nothing is due, so it cannot be reached. */
    PH_ASSERT(now.ns < UINT64_MAX);
    return run_due_before(s, stamp_of(s, now).ns + 1);
}

ph_time ph_sequencer_next_due(const ph_sequencer *s)
{
    return ph_market_next_due(s->parts.market);
}

void ph_sequencer_close(ph_sequencer *s)
{
    if (s == NULL) return;
    if (s->events != NULL) ph_memory_unmap(s->events, events_size(s->events_max));
    if (s->record != NULL) ph_memory_unmap(s->record, s->record_max);
    free(s);
}
