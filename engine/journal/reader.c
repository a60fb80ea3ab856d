/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/reader.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/ahead.h"
#include "engine/journal/chain.h"
#include "engine/journal/segment.h"
#include "engine/journal/watermark.h"

/* Two that were handed out, and one to read into. */
enum {
    BUFFERS = 3,
    FAR_BEHIND = 1024, /* records that a reader beside a writer must lag to read ahead */
};

struct ph_journal_reader {
    ph_disk *disk;
    ph_segment_header header; /* of the open segment */
    ph_segment_place place;
    ph_hash genesis;
    uint64_t newest;  /* first sequence of the newest segment known */
    uint64_t durable; /* what the writer said last */
    int lock;         /* the open LOCK file, -1 before it was there */
    bool is_synced;   /* no writer lives, and what stands in the segment was synced by us */
    bool
        is_surveyed; /* no writer lives, and what stands behind the place was found to be the end */
    int last, before;  /* buffers of the last two batches that were handed out */
    ph_ahead ahead[2]; /* the batches to be handed out next, and those that follow them */
    int now;           /* which of the two are next */
    uint64_t tried;    /* offset at which nothing could be read ahead */
    char names[BUFFERS][PH_JOURNAL_NAME_SIZE]; /* of their segments */
    _Alignas(64) uint8_t buffers[BUFFERS][PH_JOURNAL_BATCH_MAX];
};
_Static_assert((int)PH_AHEAD_SIZE <= (int)PH_JOURNAL_BATCH_MAX, "a buffer is enough");

static const char remedy[] = "restore the file from a copy, or ask the operator for the journal";

size_t ph_journal_reader_footprint(void)
{
    return sizeof(ph_journal_reader);
}

static ph_status disk_failed(const ph_journal_reader *r, ph_status s, const char *what,
                             ph_journal_fault *reterr)
{
    return ph_fault_at(reterr, s == PH_EFULL ? PH_EIO : s,
                       (ph_fault_place){r->place.name, r->place.offset, r->place.next_seq}, what,
                       r->disk->ops->reason(r->disk));
}

static void stand_at_start(ph_journal_reader *r, const ph_segment *opened)
{
    const ph_segment_header *h = &opened->header;
    r->header = *h;
    r->place = (ph_segment_place){.file = opened->file,
                                  .offset = PH_JOURNAL_PAGE,
                                  .next_seq = h->first,
                                  .last_at = h->previous_at,
                                  .previous = ph_segment_previous(h)};
    ph_segment_name(h->first, r->place.name);
    if (h->first > r->newest) r->newest = h->first;
    r->is_synced = false;
    r->is_surveyed = false;
    r->tried = 0;
    ph_ahead_drop(&r->ahead[0]);
    ph_ahead_drop(&r->ahead[1]);
}

/* Of the buffers the one whose batches nobody has, and that none waits in. */
static int spare(const ph_journal_reader *r)
{
    const ph_ahead *now = &r->ahead[r->now];
    for (int i = 0; i < BUFFERS; i++) {
        bool waits = now->used < now->held && now->buffer == r->buffers[i];
        if (i != r->last && i != r->before && !waits) return i;
    }
    ph_panic("no buffer is spare", __FILE__, __LINE__);
}

ph_status ph_journal_reader_open(void *memory, ph_disk *disk, ph_journal_reader **ret,
                                 ph_journal_fault *reterr)
{
    PH_ASSERT(memory != NULL && (uintptr_t)memory % 64 == 0);
    ph_chain_start();
    ph_journal_reader *r = memory;
    memset(r, 0, offsetof(ph_journal_reader, buffers));
    r->before = 1;
    r->disk = disk;
    r->lock = -1;
    ph_segment_list list;
    ph_status s = ph_segment_list_read(disk, &list);
    if (s != PH_OK) {
        ph_fault_begin(reterr);
        ph_fault_text(ph_fault_text(reterr, "could not list the journal's directory: "),
                      disk->ops->reason(disk));
        return s;
    }
    if (list.cnt == 0) return PH_ENOTFOUND;
    r->newest = list.highest;
    ph_segment opened;
    s = ph_segment_open(disk, 1, PH_FILE_READ, NULL, &opened, reterr);
    if (s == PH_ENOTFOUND) {
        char name[PH_JOURNAL_NAME_SIZE];
        ph_segment_name(1, name);
        return ph_fault_at(reterr, PH_ECORRUPT, (ph_fault_place){name, 0, 1},
                           "is missing though later ones exist", remedy);
    }
    if (s != PH_OK) return s;
    r->genesis = opened.header.hash;
    stand_at_start(r, &opened);
    *ret = r;
    return PH_OK;
}

ph_journal_origin ph_journal_reader_origin(const ph_journal_reader *r)
{
    ph_journal_origin o = {
        .market = r->header.market, .meta_size = r->header.meta_size, .genesis = r->genesis};
    memcpy(o.meta, r->header.meta, sizeof o.meta);
    return o;
}

static bool is_sealed(const ph_journal_reader *r)
{
    return r->newest > r->header.first;
}

/* No segment stands between this one and the next, where nobody would read it. */
static ph_status check_between(ph_journal_reader *r, uint64_t next, ph_journal_fault *reterr)
{
    char name[PH_JOURNAL_NAME_SIZE];
    uint64_t stray;
    ph_status s = ph_segment_between(r->disk, r->header.first, next, &stray);
    if (s != PH_OK) return disk_failed(r, s, "the directory could not be listed", reterr);
    if (stray == 0) return PH_OK;
    ph_segment_name(stray, name);
    return ph_fault_at(reterr, PH_ECORRUPT, (ph_fault_place){name, 0, stray},
                       "stands between two segments that follow each other",
                       "it is no part of this journal: move it away");
}

/* Everything in this segment was read: goes to the one that begins with the next record.
   PH_ENOTFOUND: there is none. */
static ph_status enter_next(ph_journal_reader *r, ph_journal_fault *reterr)
{
    if (r->place.next_seq == r->header.first) return PH_ENOTFOUND;
    ph_segment opened;
    ph_status s =
        ph_segment_open(r->disk, r->place.next_seq, PH_FILE_READ, &r->header, &opened, reterr);
    const ph_segment_header *h = &opened.header;
    if (s == PH_ENOTFOUND && is_sealed(r)) {
        char name[PH_JOURNAL_NAME_SIZE];
        ph_segment_name(r->place.next_seq, name);
        return ph_fault_at(reterr, PH_ECORRUPT, (ph_fault_place){name, 0, r->place.next_seq},
                           "is missing though later ones exist", remedy);
    }
    if (s != PH_OK) return s;
    char name[PH_JOURNAL_NAME_SIZE];
    ph_segment_name(h->first, name);
    uint64_t end;
    if (!ph_hash_equal(h->previous, r->place.previous) ||
        h->previous_at.ns != r->place.last_at.ns) {
        s = ph_fault_at(reterr, PH_ECORRUPT, (ph_fault_place){name, PH_SEG_PREVIOUS, h->first},
                        "does not follow the segment before: another chain hash or stamp", remedy);
    } else {
        s = ph_segment_zero_from(r->disk, r->place.file, r->place.offset, r->buffers[spare(r)],
                                 &end);
        if (s != PH_OK)
            s = disk_failed(r, s, "could not be read", reterr);
        else if (end != r->place.offset)
            s = ph_fault_at(reterr, PH_ECORRUPT,
                            (ph_fault_place){r->place.name, end - 1, r->place.next_seq},
                            "bytes behind the last batch are not zero", remedy);
        else
            s = check_between(r, h->first, reterr);
    }
    if (s != PH_OK) {
        r->disk->ops->close(r->disk, opened.file);
        return s;
    }
    r->disk->ops->close(r->disk, r->place.file);
    stand_at_start(r, &opened);
    return PH_OK;
}

/* Where a batch was seen. */
typedef struct {
    ph_segment_look look;
    const uint8_t *bytes; /* of the batch */
    int buffer;
} sight;

static ph_status accept(ph_journal_reader *r, const sight *seen, ph_journal_batch *ret)
{
    const ph_segment_look *look = &seen->look;
    char *name = r->names[seen->buffer];
    memcpy(name, r->place.name, sizeof r->place.name);
    *ret = (ph_journal_batch){.first_seq = look->first,
                              .record_cnt = look->record_cnt,
                              .first_at = look->first_at,
                              .last_at = look->last_at,
                              .previous = r->place.previous,
                              .chain = look->chain,
                              .events = look->events,
                              .segment = name,
                              .offset = r->place.offset,
                              .size = look->extent,
                              .bytes = seen->bytes + PH_BATCH_SIZE};
    r->place.offset += look->extent;
    r->place.next_seq += look->record_cnt;
    r->place.last_at = look->last_at;
    r->place.previous = look->chain;
    r->is_surveyed = false;
    if (seen->buffer != r->last) r->before = r->last;
    r->last = seen->buffer;
    return PH_OK;
}

static ph_status say_wrong(const ph_journal_reader *r, const char *what, uint64_t at, uint64_t seq,
                           ph_journal_fault *reterr)
{
    return ph_fault_at(reterr, PH_ECORRUPT, (ph_fault_place){r->place.name, at, seq}, what, remedy);
}

/* No writer lives and there is no later segment: the end, a torn last batch (which the engine will
   cut off), or corruption. */
static ph_status settle_end(ph_journal_reader *r, const ph_segment_look *look,
                            ph_journal_fault *reterr)
{
    r->is_synced = false;
    ph_segment_rest rest;
    ph_status s = ph_segment_tail(r->disk, &r->place, look, r->buffers[spare(r)], &rest);
    if (s != PH_OK) return disk_failed(r, s, "could not be read", reterr);
    if (rest.sight == PH_LOOK_WRONG)
        return say_wrong(r, rest.what, rest.wrong_at, rest.wrong_seq, reterr);
    r->is_surveyed = true;
    return PH_EEND;
}

/* A look in the newest segment while `mark` was true.  PH_EAGAIN: look again. */
static ph_status judge_newest(ph_journal_reader *r, const sight *seen, const ph_watermark *mark,
                              bool is_first_look, ph_journal_batch *ret, ph_journal_fault *reterr)
{
    const ph_segment_look *look = &seen->look;
    bool is_whole = look->sight == PH_LOOK_WHOLE;
    if (mark->is_held) {
        r->is_synced = false;
        r->is_surveyed = false;
        if (is_whole && mark->seq >= look->first + look->record_cnt - 1)
            return accept(r, seen, ret);
        if (mark->seq < r->place.next_seq) return PH_EEND;
        if (is_first_look) return PH_EAGAIN; /* it may have become whole meanwhile */
        if (look->sight == PH_LOOK_WRONG)
            return say_wrong(r, look->what, look->wrong_at, look->wrong_seq, reterr);
        return say_wrong(r, "a durable batch is missing or incomplete", r->place.offset,
                         r->place.next_seq, reterr);
    }
    /* Only what is looked at after the lock was seen free is what the last writer left. */
    if (!is_whole && r->is_surveyed) return PH_EEND;
    if (is_first_look && !(is_whole && r->is_synced)) return PH_EAGAIN;
    if (!is_whole) return settle_end(r, look, reterr);
    if (!r->is_synced) {
        ph_status s = r->disk->ops->sync(r->disk, r->place.file);
        if (s != PH_OK) return disk_failed(r, s, "could not be synced", reterr);
        r->is_synced = true;
    }
    return accept(r, seen, ret);
}

/* ---- Ahead -------------------------------------------------------------------------------- */

/* Begins to read behind the batches that wait to be handed out; false if there is no reason to:
   what stands there may not be durable, is close to where a writer is, or was looked at before. */
static bool begin_ahead(ph_journal_reader *r)
{
    const ph_ahead *now = &r->ahead[r->now];
    const ph_segment_place *from = now->used < now->held ? ph_ahead_end(now) : &r->place;
    bool is_still = is_sealed(r) || r->is_synced;
    uint64_t last = is_still ? UINT64_MAX : r->durable;
    if (!ph_lanes_help() || r->tried == from->offset) return false;
    if (last < from->next_seq || last - from->next_seq < FAR_BEHIND) return false;
    r->tried = from->offset;
    ph_ahead_begin(&r->ahead[!r->now], r->disk, from, last, r->buffers[spare(r)]);
    return true;
}

bool ph_journal_reader_ahead(ph_journal_reader *r)
{
    ph_ahead *then = &r->ahead[!r->now];
    if (then->work != PH_AHEAD_IDLE) return ph_ahead_step(then);
    return then->used == then->held && begin_ahead(r);
}

/* The next batch if it was read ahead, or can be. */
static bool take_ahead(ph_journal_reader *r, sight *ret)
{
    ph_ahead *now = &r->ahead[r->now];
    const ph_segment_look *look = ph_ahead_take(now, &r->place, &ret->bytes);
    if (look == NULL) {
        ph_ahead_drop(now);
        while (ph_journal_reader_ahead(r))
            continue;
        r->now = !r->now;
        now = &r->ahead[r->now];
        look = ph_ahead_take(now, &r->place, &ret->bytes);
    }
    if (look == NULL) {
        ph_ahead_drop(now);
        return false;
    }
    ret->look = *look;
    ret->buffer = now->buffer == r->buffers[0] ? 0 : now->buffer == r->buffers[1] ? 1 : 2;
    return true;
}

static ph_status look(ph_journal_reader *r, bool is_first_look, sight *ret)
{
    if (is_first_look && take_ahead(r, ret)) return PH_OK;
    ph_ahead_drop(&r->ahead[0]);
    ph_ahead_drop(&r->ahead[1]);
    ret->buffer = spare(r);
    ret->bytes = r->buffers[ret->buffer];
    return ph_segment_look_at(r->disk, &r->place, r->buffers[ret->buffer], &ret->look);
}

/* ---- Next --------------------------------------------------------------------------------- */

ph_status ph_journal_reader_next(ph_journal_reader *r, ph_journal_batch *ret,
                                 ph_journal_fault *reterr)
{
    bool is_first_look = true;
    for (;;) {
        sight seen;
        ph_status s = look(r, is_first_look, &seen);
        if (s != PH_OK) return disk_failed(r, s, "could not be read", reterr);
        const ph_segment_look *l = &seen.look;
        if (is_sealed(r) && l->sight == PH_LOOK_WHOLE) return accept(r, &seen, ret);
        if (l->sight == PH_LOOK_NONE) {
            s = enter_next(r, reterr);
            if (s == PH_OK) {
                is_first_look = true;
                continue;
            }
            if (s != PH_ENOTFOUND) return s;
        }
        if (is_sealed(r)) {
            if (l->sight == PH_LOOK_WRONG)
                return say_wrong(r, l->what, l->wrong_at, l->wrong_seq, reterr);
            return say_wrong(r, "a batch is missing or incomplete though later segments exist",
                             r->place.offset, r->place.next_seq, reterr);
        }
        ph_watermark mark;
        s = ph_watermark_read(r->disk, &r->lock, &mark);
        if (s != PH_OK) return disk_failed(r, s, "the file LOCK could not be read", reterr);
        if (mark.is_held) r->durable = mark.seq;
        s = judge_newest(r, &seen, &mark, is_first_look, ret, reterr);
        if (s != PH_EAGAIN) return s;
        is_first_look = false;
    }
}

uint64_t ph_journal_reader_durable(const ph_journal_reader *r)
{
    uint64_t read = r->place.next_seq - 1;
    uint64_t known = r->newest > r->durable ? r->newest - 1 : r->durable;
    return read > known ? read : known;
}

/* The highest first sequence that is not above `max`. */
typedef struct {
    uint64_t max, found;
} below;

static void note_below(void *arg, const char *name)
{
    below *b = arg;
    uint64_t first;
    if (ph_segment_name_read(name, &first) && first <= b->max && first > b->found) b->found = first;
}

ph_status ph_journal_reader_seek(ph_journal_reader *r, uint64_t seq, ph_journal_fault *reterr)
{
    PH_ASSERT(seq >= 1);
    below b = {.max = seq, .found = 0};
    ph_status s = r->disk->ops->list(r->disk, note_below, &b);
    if (s != PH_OK) return disk_failed(r, s, "the directory could not be listed", reterr);
    if (b.found == 0) b.found = 1; /* it was there at open: says that it is missing */
    if (b.found == r->header.first && r->place.next_seq == b.found) return PH_OK;
    ph_segment opened;
    s = ph_segment_open(r->disk, b.found, PH_FILE_READ, &r->header, &opened, reterr);
    if (s != PH_OK) return s == PH_ENOTFOUND ? PH_ECORRUPT : s;
    r->disk->ops->close(r->disk, r->place.file);
    stand_at_start(r, &opened);
    return PH_OK;
}

bool ph_journal_record_next(const ph_journal_batch *b, ph_journal_cursor *cursor,
                            ph_journal_record *ret)
{
    if (cursor->index == b->record_cnt) return false;
    const uint8_t *p = b->bytes + cursor->offset;
    ph_reader r = ph_reader_of(p, PH_REC_BYTES); /* within the batch: the reader checked it */
    ph_journal_record record = {.seq = b->first_seq + cursor->index, .bytes = p + PH_REC_BYTES};
    record.size = ph_read_u32(&r);
    record.events = ph_read_u64(&r);
    (void)ph_read_u64(&r);
    record.at.ns = ph_read_u64(&r);
    cursor->index++;
    cursor->offset += PH_REC_BYTES + record.size;
    *ret = record;
    return true;
}

void ph_journal_reader_close(ph_journal_reader *r)
{
    if (r == NULL) return;
    r->disk->ops->close(r->disk, r->place.file);
    if (r->lock >= 0) r->disk->ops->close(r->disk, r->lock);
}
