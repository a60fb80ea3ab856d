/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/replay.h"

#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/reader.h"
#include "engine/process/memory.h"
#include "engine/replay/limits.h"
#include "engine/wire/codec.h"

/* A block that grows; what is behind the part that was used costs nothing. */
typedef struct {
    void *p;
    size_t size;
} room;

struct ph_replay {
    ph_disk_posix disk;
    ph_journal_reader *reader;
    void *reader_block;
    ph_market *market;
    ph_market_limits limits;       /* of the market */
    uint32_t events_max;           /* of one command */
    room records, events, bytes;   /* ph_replay_record, ph_event, encoded events */
    ph_replay_batch batch;         /* what next returned last */
    ph_replay_on_record on_record; /* may be NULL */
    void *on_record_arg;
    bool is_enough;                  /* on_record said so */
    ph_replay_difference difference; /* of PH_EDIVERGED */
    ph_status failed;                /* once a batch could not be applied, nothing follows */
    ph_replay_error error;           /* why */
};

/* Before the market's block: how much was mapped.  A page, so that the block stays aligned. */
enum { BLOCK_OFFSET = 4096 };

/* ---- Memory ----------------------------------------------------------------------------- */

static ph_status map_market(const ph_market_limits *limits, ph_market **ret)
{
    size_t size = ph_market_footprint(limits);
    if (size == 0) return PH_EINVAL;
    if (size > SIZE_MAX - BLOCK_OFFSET) return PH_EFULL;
    size += BLOCK_OFFSET;
    void *mapped;
    ph_status s = ph_memory_map(size, &mapped);
    if (s != PH_OK) return s;
    ph_memory_prefer_large_pages(mapped, size);
    memcpy(mapped, &size, sizeof size);
    void *block = (uint8_t *)mapped + BLOCK_OFFSET;
    ph_market *m = ph_market_init(block, limits);
    PH_ASSERT((void *)m == block);
    *ret = m;
    return PH_OK;
}

void ph_replay_free_market(ph_market *m)
{
    if (m == NULL) return;
    uint8_t *mapped = (uint8_t *)m - BLOCK_OFFSET;
    size_t size;
    memcpy(&size, mapped, sizeof size);
    ph_memory_unmap(mapped, size);
}

/* Makes the room at least `size` bytes large. */
static ph_status ensure(room *r, size_t size)
{
    if (size <= r->size) return PH_OK;
    size_t wanted = r->size == 0 ? 65536 : r->size;
    while (wanted < size)
        wanted *= 2;
    ph_status s =
        r->p == NULL ? ph_memory_map(wanted, &r->p) : ph_memory_grow(&r->p, r->size, wanted);
    if (s == PH_OK) r->size = wanted;
    return s;
}

/* ---- Errors ----------------------------------------------------------------------------- */

static ph_status say(ph_status s, uint64_t seq, const char *before, const char *text,
                     const char *after, ph_replay_error *reterr)
{
    ph_journal_fault f;
    ph_fault_begin(&f);
    ph_fault_text(ph_fault_text(ph_fault_text(&f, before), text), after);
    memcpy(reterr->text, f.text, sizeof reterr->text);
    reterr->seq = seq;
    return s;
}

_Static_assert(sizeof((ph_replay_error *)0)->text == sizeof((ph_journal_fault *)0)->text,
               "a sentence of the journal is a sentence of the replay");

static ph_status pass_on(ph_status s, const ph_journal_fault *f, ph_replay_error *reterr)
{
    memcpy(reterr->text, f->text, sizeof reterr->text);
    reterr->seq = f->seq;
    return s;
}

/* Something about record `seq` of batch b stops this replay for good. */
static ph_status stop(ph_replay *r, ph_status s, const ph_journal_batch *b, uint64_t seq,
                      const char *what, const char *remedy)
{
    ph_journal_fault f;
    r->failed = ph_fault_at(&f, s, (ph_fault_place){b->segment, b->offset, seq}, what, remedy);
    return pass_on(s, &f, &r->error);
}

/* ---- Open and close --------------------------------------------------------------------- */

static ph_status open_market(ph_replay *r, ph_replay_error *reterr)
{
    ph_journal_origin origin = ph_journal_reader_origin(r->reader);
    ph_market_limits limits;
    ph_status s = ph_limits_read(origin.meta, origin.meta_size, &limits);
    if (s == PH_OK) s = map_market(&limits, &r->market);
    if (s == PH_OK) {
        r->limits = limits;
        r->events_max = ph_market_events_max(&limits);
        return PH_OK;
    }
    if (s == PH_EFULL)
        return say(s, 0, "not enough memory for the market whose sizes the journal states", "", "",
                   reterr);
    return say(s == PH_EINVAL ? PH_ECORRUPT : s, 0,
               "the market sizes that the journal's first segment states are not understood: ",
               ph_status_text(s), "; use the program that wrote it, or a newer one", reterr);
}

static ph_status open_all(ph_replay *r, const char *directory, ph_replay_error *reterr)
{
    ph_status s = ph_disk_posix_open(directory, false, &r->disk);
    if (s != PH_OK) return say(s, 0, directory, ": ", r->disk.why, reterr);
    s = ph_memory_map(ph_journal_reader_footprint(), &r->reader_block);
    if (s != PH_OK) return say(s, 0, "not enough memory to read the journal", "", "", reterr);
    ph_journal_fault f;
    ph_fault_begin(&f);
    s = ph_journal_reader_open(r->reader_block, &r->disk.disk, &r->reader, &f);
    if (s == PH_ENOTFOUND)
        return say(s, 0, directory, ": there is no journal", " in this directory yet", reterr);
    if (s != PH_OK) return pass_on(s, &f, reterr);
    return open_market(r, reterr);
}

ph_status ph_replay_open(const char *directory, ph_replay **ret, ph_replay_error *reterr)
{
    PH_ASSERT(directory != NULL);
    void *block;
    ph_status s = ph_memory_map(sizeof(ph_replay), &block);
    if (s != PH_OK) return say(s, 0, "not enough memory to replay", "", "", reterr);
    ph_replay *r = block;
    r->disk.directory = -1;
    s = open_all(r, directory, reterr);
    if (s != PH_OK) {
        ph_replay_close(r);
        return s;
    }
    *ret = r;
    return PH_OK;
}

void ph_replay_close(ph_replay *r)
{
    if (r == NULL) return;
    ph_replay_free_market(r->market);
    ph_journal_reader_close(r->reader);
    ph_memory_unmap(r->reader_block, ph_journal_reader_footprint());
    ph_disk_posix_close(&r->disk);
    ph_memory_unmap(r->records.p, r->records.size);
    ph_memory_unmap(r->events.p, r->events.size);
    ph_memory_unmap(r->bytes.p, r->bytes.size);
    ph_memory_unmap(r, sizeof *r);
}

const ph_market *ph_replay_market(const ph_replay *r)
{
    return r->market;
}

ph_market_limits ph_replay_limits(const ph_replay *r)
{
    return r->limits;
}

ph_market *ph_replay_take_market(ph_replay *r)
{
    PH_ASSERT(r->market != NULL && r->failed == PH_OK);
    ph_market *m = r->market;
    r->market = NULL;
    return m;
}

void ph_replay_watch(ph_replay *r, ph_replay_on_record on_record, void *arg)
{
    r->on_record = on_record;
    r->on_record_arg = arg;
}

const ph_replay_difference *ph_replay_differs(const ph_replay *r)
{
    return r->failed == PH_EDIVERGED ? &r->difference : NULL;
}

/* ---- Next ------------------------------------------------------------------------------- */

/* Used parts of the rooms, in elements; and where in its file the record is. */
typedef struct {
    size_t events, bytes;
    uint64_t offset;
} used;

static void keep_place(ph_replay *r, const ph_journal_batch *b, uint64_t offset)
{
    memcpy(r->difference.segment, b->segment, strlen(b->segment) + 1);
    r->difference.offset = offset;
}

static ph_status differ(ph_replay *r, const ph_journal_batch *b, const used *u,
                        const ph_replay_record *record, uint64_t computed)
{
    keep_place(r, b, u->offset);
    r->difference.record = *record;
    r->difference.computed_check = computed;
    return stop(r, PH_EDIVERGED, b, record->command.seq,
                "this program computes other events than the "
                "journal states",
                "use the program that wrote it");
}

/* Applies one record and encodes its events behind those of the batch so far. */
static ph_status apply_record(ph_replay *r, const ph_journal_batch *b, const ph_journal_record *in,
                              used *u, ph_replay_record *out)
{
    if (ph_command_read(in->bytes, in->size, &out->command) != PH_OK)
        return stop(r, PH_ECORRUPT, b, in->seq, "the record is not a command",
                    "use the program that wrote it, or restore the file from a copy");
    out->command.seq = in->seq;
    out->command.at = in->at;
    out->command_bytes = in->bytes;
    out->command_size = in->size;
    out->event_check = in->events;
    ph_status s = ensure(&r->events, (u->events + r->events_max) * sizeof(ph_event));
    if (s != PH_OK) return stop(r, s, b, in->seq, "not enough memory for its events", NULL);
    ph_events events = {.v = (ph_event *)r->events.p + u->events, .max = r->events_max};
    ph_market_apply(r->market, &out->command, &events);
    PH_ASSERT(events.cnt >= 1 && events.cnt <= r->events_max);
    out->event_cnt = events.cnt;
    s = ensure(&r->bytes, u->bytes + (size_t)events.cnt * PH_EVENT_BYTES_MAX);
    if (s != PH_OK) return stop(r, s, b, in->seq, "not enough memory for its events", NULL);
    uint8_t *bytes = (uint8_t *)r->bytes.p + u->bytes;
    ph_writer w = ph_writer_of(bytes, (size_t)events.cnt * PH_EVENT_BYTES_MAX);
    for (uint32_t i = 0; i < events.cnt; i++)
        ph_event_write(&w, &events.v[i]);
    PH_ASSERT(!w.full && ph_writer_size(&w) <= UINT32_MAX);
    out->event_size = (uint32_t)ph_writer_size(&w);
    out->events = events.v; /* until the rooms move */
    out->event_bytes = bytes;
    uint64_t computed = ph_chain_check(in->seq, bytes, out->event_size);
    if (computed != in->events) return differ(r, b, u, out, computed);
    if (r->on_record != NULL) r->is_enough = !r->on_record(r->on_record_arg, r->market, out);
    u->events += out->event_cnt;
    u->bytes += out->event_size;
    return PH_OK;
}

/* The rooms no longer move: lets the records point into them. */
static void point_into_rooms(ph_replay *r, uint32_t record_cnt)
{
    ph_replay_record *records = r->records.p;
    const ph_event *event = r->events.p;
    const uint8_t *bytes = r->bytes.p;
    for (uint32_t i = 0; i < record_cnt; i++) {
        records[i].events = event;
        records[i].event_bytes = bytes;
        event += records[i].event_cnt;
        bytes += records[i].event_size;
    }
}

static ph_status apply_batch(ph_replay *r, const ph_journal_batch *b)
{
    ph_status s = ensure(&r->records, b->record_cnt * sizeof(ph_replay_record));
    if (s != PH_OK) return stop(r, s, b, b->first_seq, "not enough memory for the batch", NULL);
    ph_replay_record *records = r->records.p;
    used u = {0};
    ph_journal_cursor cursor = {0};
    ph_journal_record in;
    for (uint32_t i = 0; i < b->record_cnt; i++) {
        if (r->is_enough) return PH_EEND;
        u.offset = b->offset + PH_BATCH_SIZE + cursor.offset;
        bool is_there = ph_journal_record_next(b, &cursor, &in);
        PH_ASSERT(is_there);
        s = apply_record(r, b, &in, &u, &records[i]);
        if (s != PH_OK) return s;
    }
    ph_digest d;
    ph_digest_begin(&d, PH_DIGEST_EVENTS);
    ph_digest_add(&d, r->bytes.p, u.bytes);
    r->difference.computed = ph_digest_end(&d);
    r->difference.stated = b->events;
    keep_place(r, b, b->offset);
    if (!ph_hash_equal(r->difference.computed, b->events))
        return stop(r, PH_EDIVERGED, b, b->first_seq,
                    "the events of the batch have another digest "
                    "than the journal states",
                    "use the program that wrote it");
    point_into_rooms(r, b->record_cnt);
    return PH_OK;
}

ph_status ph_replay_next(ph_replay *r, const ph_replay_batch **ret, ph_replay_error *reterr)
{
    PH_ASSERT(r->market != NULL);
    ph_status s = r->is_enough ? PH_EEND : r->failed;
    if (s == PH_OK) {
        ph_journal_batch b;
        ph_journal_fault f;
        s = ph_journal_reader_next(r->reader, &b, &f);
        if (s == PH_EEND) return s;
        if (s != PH_OK) return pass_on(s, &f, reterr);
        s = apply_batch(r, &b);
        r->batch = (ph_replay_batch){.first_seq = b.first_seq,
                                     .record_cnt = b.record_cnt,
                                     .previous = b.previous,
                                     .chain = b.chain,
                                     .events = b.events,
                                     .records = r->records.p};
    }
    if (s == PH_EEND) return s;
    if (s != PH_OK) {
        *reterr = r->error;
        return s;
    }
    *ret = &r->batch;
    return PH_OK;
}
