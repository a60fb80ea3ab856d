/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/writer.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/journal/format.h"
#include "engine/journal/segment.h"
#include "engine/journal/watermark.h"

/*  READY --append--> READY --commit--> READY
      |                                   |
      +------- write or sync failed ------+---> DEAD: every call returns PH_EIO */
struct ph_journal {
    ph_disk *disk;
    int lock;
    bool is_dead;
    uint64_t segment_bytes;
    uint32_t fill_bytes;
    ph_segment_header header; /* of the open segment */
    ph_segment_place place;   /* what is durable: where the next batch goes */
    uint64_t filled;          /* bytes of the file that are written, zeros included */
    uint64_t last_extent;     /* bytes of the last batch on disk */
    uint64_t cut;
    bool is_new;
    uint32_t record_cnt; /* the batch in memory */
    uint32_t used;       /* its bytes in buffer, header included */
    ph_time first_at, last_at;
    ph_digest events;
    _Alignas(64) uint8_t buffer[PH_JOURNAL_BATCH_MAX];
};

enum {
    SEGMENT_BYTES_DEFAULT = 64 << 20,
    FILL_BYTES_DEFAULT = 4 << 20,
    FILL_PIECE = 128 << 10, /* bytes: half a millisecond of a disk that does 256 MB/s */
};

static const uint8_t zeros[65536];

size_t ph_journal_footprint(void)
{
    return sizeof(ph_journal);
}

/* ---- The disk --------------------------------------------------------------------------- */

/* A sentence about a file, with the place if it is the open segment; the status that the caller of
   the journal sees. */
static ph_status disk_failed(const ph_journal *j, ph_status s, const char *name, const char *what,
                             ph_journal_fault *reterr)
{
    bool is_full = s == PH_EFULL;
    ph_fault_begin(reterr);
    ph_fault_text(ph_fault_text(reterr, "could not "), what);
    ph_fault_text(ph_fault_text(ph_fault_text(reterr, " \""), name), "\"");
    if (strcmp(name, j->place.name) == 0) {
        ph_fault_number(ph_fault_text(reterr, " offset "), j->place.offset);
        ph_fault_text(ph_fault_number(ph_fault_text(reterr, " (record "), j->place.next_seq), ")");
    }
    ph_fault_text(ph_fault_text(reterr, ": "), j->disk->ops->reason(j->disk));
    ph_fault_text(reterr, is_full           ? "; make room on the disk and start again"
                          : s == PH_EDENIED ? "; give this user the right and start again"
                                            : "; check the disk and start again");
    ph_fault_text(reterr, ": what was acknowledged is safe");
    reterr->seq = j->place.next_seq;
    return is_full || s == PH_EDENIED ? s : PH_EIO;
}

static ph_status write_zeros(ph_disk *d, int file, uint64_t from, uint64_t to)
{
    while (from < to) {
        size_t n = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        ph_status s = d->ops->write(d, file, from, zeros, n);
        if (s != PH_OK) return s;
        from += n;
    }
    return PH_OK;
}

/* Zeros are written in whole pieces, because each makes one sync longer. */
static uint64_t piece_of(const ph_journal *j)
{
    return j->fill_bytes < FILL_PIECE ? j->fill_bytes : FILL_PIECE;
}

static ph_status fill_to(ph_journal *j, uint64_t to)
{
    ph_status s = write_zeros(j->disk, j->place.file, j->filled, to);
    if (s == PH_OK) j->filled = to;
    return s;
}

/* Writes zeros so that [offset, offset + extent) is within what the file already has: a sync then
   has no change of its size or its blocks to write.  Nearly always they are there. */
static ph_status fill_ahead(ph_journal *j, uint64_t extent)
{
    uint64_t need = j->place.offset + extent;
    if (need <= j->filled) return PH_OK;
    uint64_t to = need + piece_of(j);
    if (to > j->segment_bytes) to = j->segment_bytes < need ? need : j->segment_bytes;
    return fill_to(j, to);
}

void ph_journal_fill(ph_journal *j)
{
    if (j->is_dead) return;
    uint64_t end = j->place.offset + j->fill_bytes, piece = piece_of(j);
    if (end > j->segment_bytes) end = j->segment_bytes;
    /* Twice what the last batch took, so that what is ahead grows also under load. */
    uint64_t most = j->filled + (piece > 2 * j->last_extent ? piece : 2 * j->last_extent);
    uint64_t to = most < end ? most : end, from = j->filled;
    if (to <= from || (to - from < piece && to != j->segment_bytes)) return;
    if (fill_to(j, to) == PH_OK)
        j->disk->ops->begin(j->disk, j->place.file, from, (size_t)(to - from));
}

/* Makes a segment that is whole before it has its name: header and first zeros, synced, renamed. */
static ph_status make_segment(ph_journal *j, ph_segment_header *h, uint64_t fill, int *ret_file,
                              ph_journal_fault *reterr)
{
    const ph_disk_ops *ops = j->disk->ops;
    char name[PH_JOURNAL_NAME_SIZE], aside[PH_JOURNAL_NAME_SIZE + 4];
    ph_segment_name(h->first, name);
    memcpy(aside, name, sizeof name);
    memcpy(aside + strlen(name), ".new", 5);
    uint8_t page[PH_JOURNAL_PAGE];
    ph_segment_header_write(h, page);
    uint64_t size = fill < j->segment_bytes ? fill : j->segment_bytes;
    int file;
    ph_status s = ops->open(j->disk, aside, PH_FILE_CREATE, &file);
    if (s != PH_OK) return disk_failed(j, s, aside, "make segment", reterr);
    s = ops->write(j->disk, file, 0, page, sizeof page);
    if (s == PH_OK) s = write_zeros(j->disk, file, PH_JOURNAL_PAGE, size);
    if (s == PH_OK) s = ops->sync(j->disk, file);
    if (s == PH_OK) s = ops->rename(j->disk, aside, name);
    if (s == PH_OK) s = ops->sync_names(j->disk);
    if (s != PH_OK) {
        ops->close(j->disk, file);
        return disk_failed(j, s, name, "write segment", reterr);
    }
    j->filled = size < PH_JOURNAL_PAGE ? PH_JOURNAL_PAGE : size;
    *ret_file = file;
    return PH_OK;
}

/* The next batch does not fit this segment: goes on in a new one. */
static ph_status rotate(ph_journal *j, ph_journal_fault *reterr)
{
    ph_segment_header h = j->header;
    h.first = j->place.next_seq;
    h.previous = j->place.previous;
    h.previous_at = j->place.last_at;
    int file = -1;
    ph_status s = make_segment(j, &h, piece_of(j), &file, reterr); /* no more: a batch waits */
    if (s != PH_OK) return s;
    j->disk->ops->close(j->disk, j->place.file);
    j->header = h;
    j->place.file = file;
    j->place.offset = PH_JOURNAL_PAGE;
    ph_segment_name(h.first, j->place.name);
    return PH_OK;
}

/* ---- Open ------------------------------------------------------------------------------- */

static ph_status say(ph_status s, const char *text, ph_journal_fault *reterr)
{
    ph_fault_begin(reterr);
    ph_fault_text(reterr, text);
    return s;
}

static ph_status take_options(ph_journal *j, const ph_journal_options *o, ph_journal_fault *reterr)
{
    j->segment_bytes = o->segment_bytes == 0 ? SEGMENT_BYTES_DEFAULT : o->segment_bytes;
    j->fill_bytes = o->fill_bytes == 0 ? FILL_BYTES_DEFAULT : o->fill_bytes;
    if (j->segment_bytes % PH_JOURNAL_PAGE != 0 || j->fill_bytes % PH_JOURNAL_PAGE != 0 ||
        j->segment_bytes < 2 * PH_JOURNAL_PAGE)
        return say(PH_EINVAL, "segment size and fill size must be whole pages of 4096 bytes",
                   reterr);
    if (o->market == NULL || o->market[0] == '\0' ||
        !ph_text_set(j->header.market.s, sizeof j->header.market.s, o->market))
        return say(PH_EINVAL, "the market's name must have 1 to 63 bytes of text", reterr);
    if (o->meta_size > PH_JOURNAL_META_MAX)
        return say(PH_EINVAL, "the journal keeps at most 512 bytes for the replay", reterr);
    j->header.meta_size = o->meta_size;
    if (o->meta_size != 0) memcpy(j->header.meta, o->meta, o->meta_size);
    return PH_OK;
}

static ph_status take_lock(ph_journal *j, ph_journal_fault *reterr)
{
    const ph_disk_ops *ops = j->disk->ops;
    int lock;
    ph_status s = ops->open(j->disk, PH_JOURNAL_LOCK_NAME, PH_FILE_KEEP, &lock);
    if (s != PH_OK) return disk_failed(j, s, PH_JOURNAL_LOCK_NAME, "open", reterr);
    j->lock = lock;
    s = ops->lock(j->disk, lock);
    if (s == PH_EBUSY)
        return say(s, "another engine writes this journal; stop it before this one is started",
                   reterr);
    if (s == PH_OK) s = ph_watermark_write(j->disk, lock, 0);
    return s == PH_OK ? PH_OK : disk_failed(j, s, PH_JOURNAL_LOCK_NAME, "write", reterr);
}

/* The journal's first segment. */
static ph_status begin_journal(ph_journal *j, ph_journal_fault *reterr)
{
    j->header.first = 1;
    j->place.next_seq = 1;
    int file = -1;
    ph_status s = make_segment(j, &j->header, j->fill_bytes, &file, reterr);
    if (s != PH_OK) return s;
    j->is_new = true;
    j->place.file = file;
    j->place.offset = PH_JOURNAL_PAGE;
    j->place.previous = ph_segment_previous(&j->header);
    ph_segment_name(1, j->place.name);
    return PH_OK;
}

/* Goes over the batches of the open segment and cuts off a torn last one. */
static ph_status find_end(ph_journal *j, ph_journal_fault *reterr)
{
    const ph_disk_ops *ops = j->disk->ops;
    ph_segment_look look;
    ph_status s;
    while ((s = ph_segment_look_at(j->disk, &j->place, j->buffer, &look)) == PH_OK &&
           look.sight == PH_LOOK_WHOLE) {
        j->place.offset += look.extent;
        j->place.next_seq += look.record_cnt;
        j->place.last_at = look.last_at;
        j->place.previous = look.chain;
    }
    ph_segment_rest rest;
    if (s == PH_OK) s = ph_segment_tail(j->disk, &j->place, &look, j->buffer, &rest);
    if (s == PH_OK) s = ops->size(j->disk, j->place.file, &j->filled);
    if (s != PH_OK) return disk_failed(j, s, j->place.name, "read segment", reterr);
    if (rest.sight == PH_LOOK_WRONG)
        return ph_fault_at(reterr, PH_ECORRUPT,
                           (ph_fault_place){j->place.name, rest.wrong_at, rest.wrong_seq},
                           rest.what, "restore the journal from a copy; nothing was changed");
    if (rest.sight == PH_LOOK_TORN) {
        j->cut = rest.end - j->place.offset;
        s = write_zeros(j->disk, j->place.file, j->place.offset, ph_segment_pages(rest.end));
        if (s != PH_OK) return disk_failed(j, s, j->place.name, "cut segment", reterr);
        if (j->filled < ph_segment_pages(rest.end)) j->filled = ph_segment_pages(rest.end);
    }
    /* What an engine that was killed had written but not synced counts from here on. */
    s = ops->sync(j->disk, j->place.file);
    if (s != PH_OK) return disk_failed(j, s, j->place.name, "sync segment", reterr);
    if (j->filled < j->place.offset) j->filled = j->place.offset;
    return PH_OK;
}

static ph_status continue_journal(ph_journal *j, uint64_t first, ph_journal_fault *reterr)
{
    ph_segment opened;
    ph_status s = ph_segment_open(j->disk, first, PH_FILE_WRITE, NULL, &opened, reterr);
    if (s != PH_OK) return s;
    ph_segment_header h = opened.header;
    j->place.file = opened.file;
    if (memcmp(h.market.s, j->header.market.s, sizeof h.market.s) != 0) {
        ph_fault_begin(reterr);
        ph_fault_text(ph_fault_text(reterr, "the journal is that of the market \""), h.market.s);
        ph_fault_text(ph_fault_text(reterr, "\", not of \""), j->header.market.s);
        ph_fault_text(reterr, "\"; name the right directory or the right market");
        return PH_EINVAL;
    }
    j->header = h;
    j->place.offset = PH_JOURNAL_PAGE;
    j->place.next_seq = first;
    j->place.last_at = h.previous_at;
    j->place.previous = ph_segment_previous(&h);
    ph_segment_name(first, j->place.name);
    return find_end(j, reterr);
}

/* A segment that was being made when the engine died is made again. */
static ph_status remove_aside(ph_journal *j, uint64_t next_seq, ph_journal_fault *reterr)
{
    char aside[PH_JOURNAL_NAME_SIZE + 4];
    ph_segment_name(next_seq, aside);
    memcpy(aside + strlen(aside), ".new", 5);
    ph_status s = j->disk->ops->remove(j->disk, aside);
    if (s == PH_OK || s == PH_ENOTFOUND) return PH_OK;
    return disk_failed(j, s, aside, "remove", reterr);
}

static ph_status open_locked(ph_journal *j, ph_journal_fault *reterr)
{
    ph_segment_list list;
    ph_status s = ph_segment_list_read(j->disk, &list);
    if (s != PH_OK) return disk_failed(j, s, ".", "list", reterr);
    s = list.cnt == 0 ? begin_journal(j, reterr) : continue_journal(j, list.highest, reterr);
    if (s == PH_OK) s = remove_aside(j, j->place.next_seq, reterr);
    if (s != PH_OK) return s;
    /* An engine that was killed may have renamed its last segment without making that durable. */
    s = j->disk->ops->sync_names(j->disk);
    if (s != PH_OK) return disk_failed(j, s, ".", "sync", reterr);
    s = ph_watermark_write(j->disk, j->lock, j->place.next_seq - 1);
    return s == PH_OK ? PH_OK : disk_failed(j, s, PH_JOURNAL_LOCK_NAME, "write", reterr);
}

static void begin_batch(ph_journal *j)
{
    j->record_cnt = 0;
    j->used = PH_BATCH_SIZE;
    j->last_at = j->place.last_at;
    ph_digest_begin(&j->events, PH_DIGEST_EVENTS);
}

ph_status ph_journal_open(void *memory, ph_disk *disk, const ph_journal_options *options,
                          ph_journal **ret, ph_journal_fault *reterr)
{
    PH_ASSERT(memory != NULL && (uintptr_t)memory % 64 == 0);
    ph_chain_start();
    ph_journal *j = memory;
    memset(j, 0, offsetof(ph_journal, buffer));
    j->disk = disk;
    j->lock = -1;
    j->place.file = -1;
    ph_status s = take_options(j, options, reterr);
    if (s == PH_OK) s = take_lock(j, reterr);
    if (s == PH_OK) s = open_locked(j, reterr);
    if (s != PH_OK) {
        ph_journal_close(j);
        return s;
    }
    begin_batch(j);
    *ret = j;
    return PH_OK;
}

/* ---- Append and commit ------------------------------------------------------------------ */

ph_status ph_journal_append(ph_journal *j, ph_time at, const void *bytes, uint32_t size,
                            const void *event_bytes, uint32_t event_size)
{
    PH_ASSERT(size >= 1 && size <= PH_JOURNAL_RECORD_MAX);
    PH_ASSERT(at.ns >= j->last_at.ns);
    if (j->is_dead) return PH_EIO;
    if (PH_REC_BYTES + size + PH_JOURNAL_END_SIZE > PH_JOURNAL_BATCH_MAX - j->used) return PH_EFULL;
    uint64_t seq = ph_journal_next_seq(j);
    uint8_t *p = j->buffer + j->used;
    ph_writer w = ph_writer_of(p + PH_REC_AT, PH_REC_BYTES - PH_REC_AT + size);
    ph_write_u64(&w, at.ns);
    ph_write_bytes(&w, bytes, size);
    PH_ASSERT(!w.full);
    w = ph_writer_of(p, PH_REC_AT);
    ph_write_u32(&w, size);
    ph_write_u64(&w, ph_chain_check(seq, event_bytes, event_size));
    ph_write_u64(&w, ph_chain_check(seq, p + PH_REC_AT, PH_REC_BYTES - PH_REC_AT + size));
    PH_ASSERT(!w.full);
    ph_digest_add(&j->events, event_bytes, event_size);
    if (j->record_cnt == 0) j->first_at = at;
    j->last_at = at;
    j->record_cnt++;
    j->used += PH_REC_BYTES + size;
    return PH_OK;
}

/* Completes the batch in the buffer; returns its bytes with padding. */
static uint64_t seal_batch(ph_journal *j, ph_hash *ret_chain)
{
    ph_writer w = ph_writer_of(j->buffer + j->used, PH_JOURNAL_END_SIZE);
    ph_write_u64(&w, PH_JOURNAL_END_MARK);
    uint32_t size = j->used + PH_JOURNAL_END_SIZE;
    uint64_t extent = ph_segment_pages(size);
    PH_ASSERT(extent <= PH_JOURNAL_BATCH_MAX);
    memset(j->buffer + size, 0, extent - size);
    ph_hash events = ph_digest_end(&j->events);
    w = ph_writer_of(j->buffer, PH_BATCH_SIZE);
    ph_write_u32(&w, PH_JOURNAL_BATCH_MAGIC);
    ph_write_u32(&w, j->record_cnt);
    ph_write_u64(&w, j->place.next_seq);
    ph_write_u64(&w, j->first_at.ns);
    ph_write_u64(&w, j->last_at.ns);
    ph_write_u32(&w, size - PH_BATCH_SIZE);
    ph_write_u32(&w, ph_segment_zero_sectors(j->buffer, size));
    ph_write_bytes(&w, events.b, sizeof events.b);
    *ret_chain = ph_chain_next(j->place.previous, j->buffer, j->buffer + PH_BATCH_SIZE,
                               size - PH_BATCH_SIZE);
    ph_write_bytes(&w, ret_chain->b, sizeof ret_chain->b);
    ph_write_u64(&w, ph_chain_check(0, j->buffer, PH_BATCH_CHECK));
    PH_ASSERT(ph_writer_size(&w) == PH_BATCH_SIZE && !w.full);
    return extent;
}

static ph_status write_batch(ph_journal *j, uint64_t extent, ph_journal_fault *reterr)
{
    if (j->place.offset + extent > j->segment_bytes && j->place.offset > PH_JOURNAL_PAGE) {
        ph_status s = rotate(j, reterr);
        if (s != PH_OK) return s;
    }
    const char *what = "fill segment";
    ph_status s = fill_ahead(j, extent);
    if (s == PH_OK) {
        what = "write segment";
        s = j->disk->ops->write(j->disk, j->place.file, j->place.offset, j->buffer, extent);
    }
    if (s == PH_OK) {
        what = "sync segment";
        s = j->disk->ops->sync(j->disk, j->place.file);
    }
    return s == PH_OK ? PH_OK : disk_failed(j, s, j->place.name, what, reterr);
}

ph_status ph_journal_commit(ph_journal *j, ph_journal_fault *reterr)
{
    if (j->is_dead)
        return say(PH_EIO, "the journal failed before and is not written again; start again",
                   reterr);
    if (j->record_cnt == 0) return PH_OK;
    ph_hash chain;
    uint64_t extent = seal_batch(j, &chain);
    ph_status s = write_batch(j, extent, reterr);
    if (s == PH_OK) {
        s = ph_watermark_write(j->disk, j->lock, j->place.next_seq + j->record_cnt - 1);
        if (s != PH_OK) disk_failed(j, s, PH_JOURNAL_LOCK_NAME, "write", reterr);
    }
    if (s != PH_OK) {
        j->is_dead = true;
        return s == PH_EFULL ? PH_EFULL : PH_EIO;
    }
    j->last_extent = extent;
    j->place.offset += extent;
    j->place.next_seq += j->record_cnt;
    j->place.last_at = j->last_at;
    j->place.previous = chain;
    begin_batch(j);
    return PH_OK;
}

ph_journal_position ph_journal_end(const ph_journal *j)
{
    ph_journal_position p = {.seq = j->place.next_seq - 1,
                             .at = j->place.last_at,
                             .chain = j->place.previous,
                             .is_new = j->is_new,
                             .cut = j->cut,
                             .offset = j->place.offset};
    memcpy(p.segment, j->place.name, sizeof p.segment);
    return p;
}

uint64_t ph_journal_next_seq(const ph_journal *j)
{
    return j->place.next_seq + j->record_cnt;
}

void ph_journal_close(ph_journal *j)
{
    if (j == NULL) return;
    if (j->place.file >= 0) j->disk->ops->close(j->disk, j->place.file);
    if (j->lock >= 0) j->disk->ops->close(j->disk, j->lock);
    j->place.file = -1;
    j->lock = -1;
    j->is_dead = true;
}
