/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/replay.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/reader.h"
#include "engine/process/memory.h"
#include "engine/replay/checker.h"
#include "engine/replay/decode.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_block.h"
#include "engine/replay/market_file.h"
#include "engine/wire/codec.h"

enum {
    APPLIED_AT_ONCE = 32, /* records between two messages to the checker */
    MEMOS = 32,           /* of prefetching, more than it looks ahead */
    RECORDS_AHEAD = 24,   /* of the record itself, before what it touches is asked for */
};

/* A block that grows; what is behind the part that was used costs nothing. */
typedef struct {
    void *p;
    size_t size;
} room;

/* Of the events of a batch, as far as it is applied. */
typedef struct {
    size_t events, bytes;
} events_used;

struct ph_replay {
    ph_disk_posix disk;
    ph_journal_reader *reader;
    void *reader_block;
    ph_market *market;
    ph_market_limits limits; /* of the market */
    uint32_t events_max;     /* of one command */
    ph_record_room records;
    room events; /* ph_event, of a batch */
    room bytes;  /* the same, encoded */
    room gave;   /* ph_applied, of a batch */
    ph_checker *checker;
    ph_replay_batch batch;         /* what next returned last */
    bool has_begun;                /* next was called */
    bool is_chain_only;            /* events are not compared */
    uint64_t durable;              /* record that was known to be durable then */
    ph_state_head snapshot;        /* that it began with; all zero: none */
    ph_replay_on_record on_record; /* may be NULL */
    void *on_record_arg;
    bool is_enough;                  /* on_record said so */
    ph_replay_difference difference; /* of PH_EDIVERGED */
    ph_status failed;                /* once a batch could not be applied, nothing follows */
    ph_replay_error error;           /* why */
};

/* ---- Memory ----------------------------------------------------------------------------- */

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
    if (s == PH_OK) s = ph_market_block_new(&limits, &r->market);
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
    s = ph_checker_new(r->reader, &r->checker);
    if (s != PH_OK) return say(s, 0, "not enough memory to read the journal", "", "", reterr);
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
    ph_checker_free(r->checker);
    ph_market_block_free(r->market);
    ph_journal_reader_close(r->reader);
    ph_memory_unmap(r->reader_block, ph_journal_reader_footprint());
    ph_disk_posix_close(&r->disk);
    ph_record_room_free(&r->records);
    ph_memory_unmap(r->events.p, r->events.size);
    ph_memory_unmap(r->bytes.p, r->bytes.size);
    ph_memory_unmap(r->gave.p, r->gave.size);
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

void ph_replay_chain_only(ph_replay *r)
{
    PH_ASSERT(!r->has_begun);
    r->is_chain_only = true;
}

const ph_replay_difference *ph_replay_differs(const ph_replay *r)
{
    return r->failed == PH_EDIVERGED ? &r->difference : NULL;
}

/* ---- Snapshots ---------------------------------------------------------------------------- */

static ph_status say_refused(const ph_state_head *head, ph_status s, const char *why,
                             ph_journal_fault *refused)
{
    char name[PH_STATE_FILE_NAME_SIZE];
    ph_state_file_name(head->seq, name);
    ph_fault_begin(refused);
    ph_fault_text(ph_fault_text(refused, "snapshot \""), name);
    ph_fault_text(ph_fault_text(refused, "\": "), why);
    return s;
}

/* Reads the journal up to the record of the snapshot.  PH_EINVAL: the journal does not confirm it,
   `refused` says why; other failures are the journal's own, and in *reterr. */
static ph_status confirm(ph_replay *r, const ph_state_head *head, bool is_chain_whole,
                         ph_journal_fault *refused, ph_replay_error *reterr)
{
    ph_journal_fault f;
    ph_status s = ph_journal_reader_seek(r->reader, is_chain_whole ? 1 : head->seq, &f);
    uint64_t last = 0;
    ph_journal_batch b = {.first_seq = 0};
    while (s == PH_OK && last < head->seq) {
        s = ph_journal_reader_next(r->reader, &b, &f);
        if (s == PH_OK) last = b.first_seq + b.record_cnt - 1;
    }
    if (s == PH_EEND)
        return say_refused(head, PH_EINVAL, "the journal ends before its record", refused);
    if (s != PH_OK) return pass_on(s, &f, reterr);
    if (last != head->seq)
        return say_refused(head, PH_EINVAL, "no batch of the journal ends with its record",
                           refused);
    if (!ph_hash_equal(b.chain, head->chain) || b.last_at.ns != head->at.ns)
        return say_refused(head, PH_EINVAL, "the journal has another chain hash at its record",
                           refused);
    return PH_OK;
}

/* PH_EINVAL: refused; other failures are the journal's. */
static ph_status try_snapshot(ph_replay *r, ph_disk *d, uint64_t seq,
                              const ph_replay_snapshots *from, ph_journal_fault *refused,
                              ph_replay_error *reterr)
{
    ph_market *m;
    ph_state_head head;
    ph_journal_origin origin = ph_journal_reader_origin(r->reader);
    if (ph_market_file_load(d, seq, &r->limits, &m, &head, refused) != PH_OK) return PH_EINVAL;
    ph_status s = PH_OK;
    if (memcmp(head.market.s, origin.market.s, sizeof head.market.s) != 0)
        s = say_refused(&head, PH_EINVAL, "it is of another market", refused);
    else
        s = confirm(r, &head, from->is_chain_whole, refused, reterr);
    const char *wrong = s == PH_OK && from->wrong != NULL ? from->wrong(from->arg, &head) : NULL;
    if (wrong != NULL) s = say_refused(&head, PH_EINVAL, wrong, refused);
    if (s != PH_OK) {
        ph_market_block_free(m);
        return s;
    }
    ph_market_block_free(r->market);
    r->market = m;
    r->snapshot = head;
    return PH_OK;
}

static void say_folder(const ph_replay_snapshots *from, const char *why)
{
    ph_journal_fault f;
    ph_fault_begin(&f);
    ph_fault_text(ph_fault_text(&f, "any in \""), from->directory);
    ph_fault_text(ph_fault_text(&f, "\": "), why);
    from->on_refused(from->arg, f.text);
}

static ph_status try_each(ph_replay *r, ph_disk *d, const ph_replay_snapshots *from,
                          ph_replay_error *reterr)
{
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt = 1;
    ph_journal_fault refused;
    ph_state_head unused;
    bool is_one = from->first == from->last; /* which the list of the newest may not have */
    there[0] = from->first;
    if (is_one && ph_state_file_head(d, from->first, &unused) == PH_ENOTFOUND) return PH_ENOTFOUND;
    if (!is_one && ph_state_file_list(d, there, &cnt) != PH_OK) {
        say_folder(from, d->ops->reason(d));
        return PH_ENOTFOUND;
    }
    for (uint32_t i = 0; i < cnt; i++) {
        if (there[i] == 0 || there[i] > from->last || there[i] < from->first) continue;
        ph_status s = try_snapshot(r, d, there[i], from, &refused, reterr);
        if (s != PH_EINVAL) return s;
        from->on_refused(from->arg, refused.text);
    }
    return PH_ENOTFOUND;
}

ph_status ph_replay_begin(ph_replay *r, const ph_replay_snapshots *from, ph_replay_error *reterr)
{
    PH_ASSERT(r->market != NULL && !r->has_begun && r->snapshot.seq == 0);
    PH_ASSERT(from->on_refused != NULL);
    ph_disk_posix d;
    ph_status s = ph_disk_posix_open(from->directory, false, &d);
    if (s == PH_ENOTFOUND) return s;
    if (s != PH_OK) {
        say_folder(from, d.why);
        return PH_ENOTFOUND;
    }
    s = try_each(r, &d.disk, from, reterr);
    ph_disk_posix_close(&d);
    if (s != PH_ENOTFOUND) return s;
    ph_journal_fault f;
    ph_status back = ph_journal_reader_seek(r->reader, 1, &f);
    return back == PH_OK ? s : pass_on(back, &f, reterr);
}

const ph_state_head *ph_replay_snapshot(const ph_replay *r)
{
    return &r->snapshot;
}

uint64_t ph_replay_durable(const ph_replay *r)
{
    return r->durable;
}

ph_text64 ph_replay_market_name(const ph_replay *r)
{
    return ph_journal_reader_origin(r->reader).market;
}

/* ---- Next ------------------------------------------------------------------------------- */

/* Room for the events of one more record behind those that are used, and for `cnt` of them
   encoded. */
static ph_status make_room(ph_replay *r, const events_used *used, uint32_t cnt)
{
    ph_status s = ensure(&r->events, (used->events + r->events_max) * sizeof(ph_event));
    size_t size = used->bytes + (size_t)cnt * PH_EVENT_BYTES_MAX;
    if (s != PH_OK || size <= r->bytes.size) return s;
    ph_checker_pause(r->checker);
    return ensure(&r->bytes, size);
}

/* Before record i; memo has one for each of the records that follow, around.  Each step for each
   record once, where they begin for all that are near enough. */
static void prefetch(const ph_replay *r, const ph_replay_record *records, uint32_t i, uint32_t cnt,
                     ph_prefetch_memo memo[MEMOS])
{
    static const uint32_t ahead[PH_PREFETCH_STEPS] = {16, 11, 7, 3, 1};
    if (i + RECORDS_AHEAD < cnt) { /* another processor wrote it: the command, if it is an order */
        const ph_command *next = &records[i + RECORDS_AHEAD].command;
        __builtin_prefetch(next);
        __builtin_prefetch((const char *)next + 64);
        __builtin_prefetch((const char *)(&next->u.order + 1) - 1);
    }
    for (uint32_t step = 0; step < PH_PREFETCH_STEPS; step++) {
        uint32_t last = i + ahead[step];
        for (uint32_t at = i == 0 ? 1 : last; at <= last && at < cnt; at++)
            ph_market_prefetch(r->market, &records[at].command, step, &memo[at % MEMOS]);
    }
}

/* Lets record i point to its events. */
static void point(const ph_replay *r, uint32_t i, const events_used *used)
{
    const ph_applied *gave = (const ph_applied *)r->gave.p + i;
    ph_replay_record *record = &r->records.v[i];
    record->event_cnt = gave->event_cnt;
    record->event_size = gave->event_size;
    record->events = (const ph_event *)r->events.p + used->events;
    record->event_bytes = (const uint8_t *)r->bytes.p + used->bytes;
}

/* Applies the record and encodes its events.  PH_EFULL: there was no memory for that. */
static ph_status apply_one(ph_replay *r, const ph_replay_record *record, const events_used *used,
                           ph_applied *ret)
{
    ph_status s = make_room(r, used, 0);
    if (s != PH_OK) return s;
    ph_events events = {.v = (ph_event *)r->events.p + used->events, .max = r->events_max};
    ph_market_apply(r->market, &record->command, &events);
    PH_ASSERT(events.cnt >= 1 && events.cnt <= r->events_max);
    s = make_room(r, used, events.cnt);
    if (s != PH_OK) return s;
    size_t max = (size_t)events.cnt * PH_EVENT_BYTES_MAX;
    ph_writer w = ph_writer_of((uint8_t *)r->bytes.p + used->bytes, max);
    for (uint32_t e = 0; e < events.cnt; e++)
        ph_event_write(&w, &events.v[e]);
    PH_ASSERT(!w.full && ph_writer_size(&w) <= UINT32_MAX);
    *ret = (ph_applied){events.cnt, (uint32_t)ph_writer_size(&w)};
    return PH_OK;
}

/* The same without comparing: the events of one record at a time, and nothing encoded. */
static uint32_t apply_only(ph_replay *r, ph_replay_record *records, uint32_t cnt)
{
    ph_prefetch_memo memo[MEMOS];
    uint32_t i = 0;
    if (ensure(&r->events, r->events_max * sizeof(ph_event)) != PH_OK) return 0;
    ph_events events = {.v = r->events.p, .max = r->events_max};
    while (i < cnt && !r->is_enough) {
        prefetch(r, records, i, cnt, memo);
        ph_replay_record *record = &records[i++];
        events.cnt = 0;
        ph_market_apply(r->market, &record->command, &events);
        if (r->on_record == NULL) continue;
        record->events = events.v;
        record->event_cnt = events.cnt;
        r->is_enough = !r->on_record(r->on_record_arg, r->market, record);
    }
    return i;
}

/* Nobody finds events in the records that were applied so, once a watcher has seen them. */
static void clear_events(ph_replay_record *records, uint32_t cnt)
{
    for (uint32_t i = 0; i < cnt; i++) {
        records[i].events = NULL;
        records[i].event_bytes = NULL;
        records[i].event_cnt = records[i].event_size = 0;
    }
}

/* Applies records, at most cnt of them; returns how many, fewer when there was no memory for more,
   one was found to differ, or whoever watches has enough. */
static uint32_t apply(ph_replay *r, ph_replay_record *records, uint32_t cnt)
{
    events_used used = {0};
    ph_prefetch_memo memo[MEMOS];
    uint32_t i = 0, at_once = r->on_record == NULL ? APPLIED_AT_ONCE : 1;
    ph_status s = PH_OK;
    while (i < cnt && s == PH_OK && !r->is_enough) {
        prefetch(r, records, i, cnt, memo);
        ph_applied *gave = (ph_applied *)r->gave.p + i;
        if (apply_one(r, &records[i], &used, gave) != PH_OK) break;
        i++;
        if (i % at_once == 0) s = ph_checker_applied(r->checker, r->bytes.p, i);
        if (r->on_record != NULL && s == PH_OK) {
            point(r, i - 1, &used);
            r->is_enough = !r->on_record(r->on_record_arg, r->market, &records[i - 1]);
        }
        used.events += gave->event_cnt;
        used.bytes += gave->event_size;
    }
    if (i % at_once != 0) (void)ph_checker_applied(r->checker, r->bytes.p, i); /* see end */
    return i;
}

/* The rooms no longer move: lets the first cnt records point into them. */
static void point_into_rooms(ph_replay *r, uint32_t cnt)
{
    events_used used = {0};
    for (uint32_t i = 0; i < cnt; i++) {
        point(r, i, &used);
        used.events += r->records.v[i].event_cnt;
        used.bytes += r->records.v[i].event_size;
    }
}

/* Record `at` of the batch differs, or behind its last one the digest. */
static ph_status differ(ph_replay *r, const ph_journal_batch *b, const ph_checker_finding *found)
{
    ph_replay_difference *d = &r->difference;
    uint32_t at = found->at;
    memcpy(d->segment, b->segment, strlen(b->segment) + 1);
    d->offset = b->offset;
    if (at == b->record_cnt) {
        d->stated = b->events;
        d->computed = found->digest;
        return stop(r, PH_EDIVERGED, b, b->first_seq,
                    "the events of the batch have another digest "
                    "than the journal states",
                    "use the program that wrote it");
    }
    ph_journal_cursor cursor = {0};
    ph_journal_record unused;
    for (uint32_t i = 0; i < at; i++) {
        bool is_there = ph_journal_record_next(b, &cursor, &unused);
        PH_ASSERT(is_there);
    }
    d->offset += PH_BATCH_SIZE + cursor.offset;
    point_into_rooms(r, at + 1);
    d->record = r->records.v[at];
    d->computed_check = found->check;
    return stop(r, PH_EDIVERGED, b, b->first_seq + at,
                "this program computes other events than the "
                "journal states",
                "use the program that wrote it");
}

/* `decoded` records of it are commands; UINT32_MAX: that is still to be found out.  PH_EEND:
   whoever watches had enough before its end. */
static ph_status apply_batch(ph_replay *r, const ph_journal_batch *b, uint32_t decoded)
{
    ph_status s = PH_OK;
    if (decoded == UINT32_MAX) {
        ph_decoding all;
        ph_decode_begin(b, &all);
        s = ph_decode(&all, &r->records, UINT32_MAX);
        decoded = all.cnt;
    }
    if (s == PH_OK) s = ensure(&r->gave, b->record_cnt * sizeof(ph_applied));
    if (s != PH_OK) return stop(r, s, b, b->first_seq, "not enough memory for the batch", NULL);
    ph_checker_finding found = {.at = 0};
    ph_checker_mode mode = r->is_chain_only       ? PH_CHECKER_NOT
                           : r->on_record != NULL ? PH_CHECKER_AT_ONCE
                                                  : PH_CHECKER_BESIDE;
    ph_checker_begin(r->checker, b, r->records.v, r->gave.p, mode);
    uint32_t applied =
        r->is_chain_only ? apply_only(r, r->records.v, decoded) : apply(r, r->records.v, decoded);
    s = ph_checker_end(r->checker, applied, &found);
    if (s == PH_EDIVERGED) return differ(r, b, &found);
    if (s == PH_OK && r->is_enough && applied < b->record_cnt) return PH_EEND;
    if (applied < decoded)
        return stop(r, PH_EFULL, b, b->first_seq + applied, "not enough memory for its events",
                    NULL);
    if (decoded < b->record_cnt)
        return stop(r, PH_ECORRUPT, b, b->first_seq + decoded, "the record is not a command",
                    "use the program that wrote it, or restore the file from a copy");
    if (!r->is_chain_only)
        point_into_rooms(r, b->record_cnt);
    else if (r->on_record != NULL)
        clear_events(r->records.v, b->record_cnt);
    return PH_OK;
}

ph_status ph_replay_next(ph_replay *r, const ph_replay_batch **ret, ph_replay_error *reterr)
{
    PH_ASSERT(r->market != NULL);
    r->has_begun = true;
    ph_status s = r->is_enough && r->failed == PH_OK ? PH_EEND : r->failed;
    if (s == PH_OK) {
        ph_journal_batch b;
        ph_journal_fault f;
        uint32_t decoded = UINT32_MAX;
        if (!ph_checker_ahead(r->checker, &b, &r->records, &decoded))
            s = ph_journal_reader_next(r->reader, &b, &f);
        r->durable = ph_journal_reader_durable(r->reader); /* nobody else reads now */
        if (s == PH_EEND) return s;
        if (s != PH_OK) return pass_on(s, &f, reterr);
        s = apply_batch(r, &b, decoded);
        r->batch = (ph_replay_batch){.first_seq = b.first_seq,
                                     .record_cnt = b.record_cnt,
                                     .previous = b.previous,
                                     .chain = b.chain,
                                     .events = b.events,
                                     .records = r->records.v};
    }
    if (s == PH_EEND) return s;
    if (s != PH_OK) {
        *reterr = r->error;
        return s;
    }
    *ret = &r->batch;
    return PH_OK;
}
