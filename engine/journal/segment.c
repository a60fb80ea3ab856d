/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/segment.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/journal/checks.h"

enum { DIGITS = 20, NAME_LENGTH = DIGITS + 4 };

static const uint8_t zeros[PH_JOURNAL_PAGE];

static bool is_zero(const uint8_t *p, uint64_t size)
{
    while (size != 0) {
        size_t n = size < sizeof zeros ? (size_t)size : sizeof zeros;
        if (memcmp(p, zeros, n) != 0) return false;
        p += n;
        size -= n;
    }
    return true;
}

/* ---- Names ------------------------------------------------------------------------------ */

void ph_segment_name(uint64_t first, char to[PH_JOURNAL_NAME_SIZE])
{
    memset(to, 0, PH_JOURNAL_NAME_SIZE);
    for (int i = DIGITS - 1; i >= 0; i--) {
        to[i] = (char)('0' + first % 10);
        first /= 10;
    }
    memcpy(to + DIGITS, ".phj", 4);
}

bool ph_segment_name_read(const char *name, uint64_t *ret_first)
{
    if (strlen(name) != NAME_LENGTH || memcmp(name + DIGITS, ".phj", 4) != 0) return false;
    uint64_t first = 0;
    for (int i = 0; i < DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9') return false;
        uint64_t digit = (uint64_t)(name[i] - '0');
        if (first > (UINT64_MAX - digit) / 10) return false;
        first = first * 10 + digit;
    }
    if (first == 0) return false;
    *ret_first = first;
    return true;
}

static void count_name(void *arg, const char *name)
{
    ph_segment_list *list = arg;
    uint64_t first;
    if (!ph_segment_name_read(name, &first)) return;
    if (list->cnt == 0 || first < list->lowest) list->lowest = first;
    if (list->cnt == 0 || first > list->highest) list->highest = first;
    list->cnt++;
}

ph_status ph_segment_list_read(ph_disk *d, ph_segment_list *ret)
{
    ph_segment_list list = {0};
    ph_status s = d->ops->list(d, count_name, &list);
    if (s == PH_OK) *ret = list;
    return s;
}

typedef struct {
    uint64_t after, before, found;
} between;

static void note_between(void *arg, const char *name)
{
    between *b = arg;
    uint64_t first;
    if (!ph_segment_name_read(name, &first) || first <= b->after || first >= b->before) return;
    if (b->found == 0 || first < b->found) b->found = first;
}

ph_status ph_segment_between(ph_disk *d, uint64_t after, uint64_t before, uint64_t *ret)
{
    between b = {after, before, 0};
    ph_status s = d->ops->list(d, note_between, &b);
    if (s == PH_OK) *ret = b.found;
    return s;
}

/* ---- Header ----------------------------------------------------------------------------- */

static ph_hash header_hash(const uint8_t *page)
{
    ph_digest d;
    ph_digest_begin(&d, PH_DIGEST_SEGMENT);
    ph_digest_add(&d, page, PH_SEG_HASH);
    return ph_digest_end(&d);
}

void ph_segment_header_write(ph_segment_header *h, uint8_t page[PH_JOURNAL_PAGE])
{
    PH_ASSERT(h->meta_size <= PH_JOURNAL_META_MAX);
    PH_ASSERT(is_zero(h->meta + h->meta_size, PH_JOURNAL_META_MAX - h->meta_size));
    memset(page, 0, PH_JOURNAL_PAGE);
    ph_writer w = ph_writer_of(page, PH_JOURNAL_PAGE);
    ph_write_u64(&w, PH_JOURNAL_SEGMENT_MAGIC);
    ph_write_u32(&w, PH_JOURNAL_VERSION);
    ph_write_u32(&w, h->meta_size);
    ph_write_u64(&w, h->first);
    ph_write_bytes(&w, h->market.s, sizeof h->market.s);
    ph_write_bytes(&w, h->previous.b, sizeof h->previous.b);
    ph_write_u64(&w, h->previous_at.ns);
    ph_write_bytes(&w, h->meta, sizeof h->meta);
    PH_ASSERT(ph_writer_size(&w) == PH_SEG_HASH);
    h->hash = header_hash(page);
    ph_write_bytes(&w, h->hash.b, sizeof h->hash.b);
    PH_ASSERT(ph_writer_size(&w) == PH_SEG_SIZE && !w.full);
}

ph_status ph_segment_header_read(const uint8_t page[PH_JOURNAL_PAGE], ph_segment_header *ret,
                                 const char **ret_what)
{
    ph_reader r = ph_reader_of(page, PH_JOURNAL_PAGE);
    ph_segment_header h = {0};
    if (ph_read_u64(&r) != PH_JOURNAL_SEGMENT_MAGIC) {
        *ret_what = "this is not a segment of a journal";
        return PH_ECORRUPT;
    }
    if (ph_read_u32(&r) != PH_JOURNAL_VERSION) {
        *ret_what = "its format version is not known to this program";
        return PH_EVERSION;
    }
    h.meta_size = ph_read_u32(&r);
    h.first = ph_read_u64(&r);
    ph_read_text(&r, h.market.s, sizeof h.market.s);
    ph_read_bytes(&r, h.previous.b, sizeof h.previous.b);
    h.previous_at.ns = ph_read_u64(&r);
    ph_read_bytes(&r, h.meta, sizeof h.meta);
    ph_read_bytes(&r, h.hash.b, sizeof h.hash.b);
    *ret_what = "the hash of the header is wrong";
    if (!ph_hash_equal(h.hash, header_hash(page))) return PH_ECORRUPT;
    *ret_what = "the header is not canonical";
    if (r.bad || h.first == 0 || h.market.s[0] == '\0') return PH_ECORRUPT;
    if (h.meta_size > PH_JOURNAL_META_MAX) return PH_ECORRUPT;
    if (!is_zero(h.meta + h.meta_size, PH_JOURNAL_META_MAX - h.meta_size)) return PH_ECORRUPT;
    if (h.first == 1 && !is_zero(h.previous.b, sizeof h.previous.b)) return PH_ECORRUPT;
    if (h.first == 1 && h.previous_at.ns != 0) return PH_ECORRUPT;
    *ret_what = "the page of the header is not zero behind it";
    if (!is_zero(page + PH_SEG_SIZE, PH_JOURNAL_PAGE - PH_SEG_SIZE)) return PH_ECORRUPT;
    *ret = h;
    return PH_OK;
}

ph_hash ph_segment_previous(const ph_segment_header *h)
{
    return h->first == 1 ? h->hash : h->previous;
}

static bool is_same_journal(const ph_segment_header *a, const ph_segment_header *b)
{
    return memcmp(a->market.s, b->market.s, sizeof a->market.s) == 0 &&
           a->meta_size == b->meta_size && memcmp(a->meta, b->meta, sizeof a->meta) == 0;
}

/* Reads size bytes; what lies beyond the end of the file was never written and is zero. */
static ph_status read_padded(ph_disk *d, int file, uint64_t at, uint8_t *to, size_t size)
{
    size_t got;
    ph_status s = d->ops->read(d, file, at, to, size, &got);
    if (s != PH_OK) return s;
    PH_ASSERT(got <= size);
    memset(to + got, 0, size - got);
    return PH_OK;
}

ph_status ph_segment_open(ph_disk *d, uint64_t first, ph_file_mode mode,
                          const ph_segment_header *before, ph_segment *ret,
                          ph_journal_fault *reterr)
{
    static const char remedy[] = "restore the file from a copy";
    uint8_t page[PH_JOURNAL_PAGE];
    char name[PH_JOURNAL_NAME_SIZE];
    ph_segment_name(first, name);
    int file;
    ph_status s = d->ops->open(d, name, mode, &file);
    if (s != PH_OK)
        return ph_fault_at(reterr, s, (ph_fault_place){name, 0, first}, "could not be opened",
                           d->ops->reason(d));
    s = read_padded(d, file, 0, page, sizeof page);
    if (s != PH_OK) {
        ph_fault_at(reterr, s, (ph_fault_place){name, 0, first}, "could not be read",
                    d->ops->reason(d));
        d->ops->close(d, file);
        return s;
    }
    ph_segment_header h;
    const char *what = NULL;
    s = ph_segment_header_read(page, &h, &what);
    if (s == PH_OK && h.first != first) {
        what = "the header states another first record than the name";
        s = PH_ECORRUPT;
    } else if (s == PH_OK && before != NULL && !is_same_journal(&h, before)) {
        what = "the segment belongs to another journal";
        s = PH_ECORRUPT;
    }
    if (s != PH_OK) {
        d->ops->close(d, file);
        return ph_fault_at(reterr, s, (ph_fault_place){name, 0, first}, what,
                           s == PH_EVERSION ? "use the program that wrote it, or a newer one"
                                            : remedy);
    }
    *ret = (ph_segment){file, h};
    return PH_OK;
}

/* ---- Batches ---------------------------------------------------------------------------- */

uint64_t ph_segment_pages(uint64_t size)
{
    return (size + PH_JOURNAL_PAGE - 1) / PH_JOURNAL_PAGE * PH_JOURNAL_PAGE;
}

uint32_t ph_segment_zero_sectors(const uint8_t *batch, uint64_t size)
{
    uint32_t cnt = 0;
    for (uint64_t at = 0; at < size; at += PH_JOURNAL_SECTOR) {
        uint64_t n = size - at < PH_JOURNAL_SECTOR ? size - at : PH_JOURNAL_SECTOR;
        if (is_zero(batch + at, n)) cnt++;
    }
    return cnt;
}

/* The header of a batch as it stands; false if magic, check or bounds do not hold. */
typedef struct {
    uint64_t first, first_at, last_at;
    uint32_t record_cnt, body_size, zero_cnt;
    ph_hash events, chain;
} batch_header;

static bool read_batch_header(const uint8_t *p, batch_header *ret)
{
    ph_reader r = ph_reader_of(p, PH_BATCH_SIZE);
    if (ph_read_u32(&r) != PH_JOURNAL_BATCH_MAGIC) return false;
    batch_header h = {.record_cnt = ph_read_u32(&r)};
    h.first = ph_read_u64(&r);
    h.first_at = ph_read_u64(&r);
    h.last_at = ph_read_u64(&r);
    h.body_size = ph_read_u32(&r);
    h.zero_cnt = ph_read_u32(&r);
    ph_read_bytes(&r, h.events.b, sizeof h.events.b);
    ph_read_bytes(&r, h.chain.b, sizeof h.chain.b);
    uint64_t check = ph_read_u64(&r);
    PH_ASSERT(ph_reader_done(&r));
    if (check != ph_chain_check(0, p, PH_BATCH_CHECK)) return false;
    if (h.record_cnt == 0 || h.first == 0 || h.first > UINT64_MAX - h.record_cnt) return false;
    if (h.body_size < PH_REC_BYTES + 1 + PH_JOURNAL_END_SIZE) return false;
    if (h.body_size > PH_JOURNAL_BATCH_MAX - PH_BATCH_SIZE) return false;
    *ret = h;
    return true;
}

static void say_wrong(ph_segment_look *look, const char *what, uint64_t at, uint64_t seq)
{
    look->sight = PH_LOOK_WRONG;
    look->what = what;
    look->wrong_at = at;
    look->wrong_seq = seq;
}

/* Records of a batch that follow each other, as far as their sizes hold. */
typedef struct {
    const uint8_t *start[PH_CHECKS_MAX];
    uint64_t stated[PH_CHECKS_MAX], computed[PH_CHECKS_MAX], stamps[PH_CHECKS_MAX];
} some_records;

/* Reads `most` of them, up to the first whose size is wrong, where the reader then stands; returns
   how many. */
static uint32_t read_some(ph_reader *r, uint64_t first, uint32_t most, some_records *ret)
{
    ph_checked checked[PH_CHECKS_MAX];
    uint32_t n = 0;
    for (; n < most; n++) {
        const uint8_t *start = r->p;
        uint32_t size = ph_read_u32(r);
        (void)ph_read_u64(r); /* digest of its events: the replay's to compare */
        ret->start[n] = start;
        ret->stated[n] = ph_read_u64(r);
        ret->stamps[n] = ph_read_u64(r);
        if (r->bad || size == 0 || size > PH_JOURNAL_RECORD_MAX || size > (size_t)(r->end - r->p)) {
            r->p = start;
            break;
        }
        checked[n] = (ph_checked){start + PH_REC_AT, PH_REC_BYTES - PH_REC_AT + (size_t)size};
        r->p += size;
    }
    ph_chain_checks(first, checked, n, ret->computed);
    return n;
}

/* Walks the records of a batch.  True if all hold; otherwise the look is WRONG and names the first
   that does not. */
static bool check_records(const ph_segment_place *p, const uint8_t *buffer, const batch_header *h,
                          ph_segment_look *look)
{
    const uint8_t *body = buffer + PH_BATCH_SIZE;
    ph_reader r = ph_reader_of(body, h->body_size - PH_JOURNAL_END_SIZE);
    uint64_t last_at = h->first_at;
    for (uint32_t i = 0; i < h->record_cnt;) {
        some_records some;
        uint32_t most = h->record_cnt - i < PH_CHECKS_MAX ? h->record_cnt - i : PH_CHECKS_MAX;
        uint32_t n = read_some(&r, h->first + i, most, &some);
        for (uint32_t k = 0; k < n; k++, i++) {
            uint64_t at = p->offset + (uint64_t)(some.start[k] - buffer);
            if (some.stated[k] != some.computed[k]) {
                say_wrong(look, "the checksum of the record is wrong", at, h->first + i);
                return false;
            }
            if (some.stamps[k] < last_at || (i == 0 && some.stamps[k] != h->first_at)) {
                say_wrong(look, "the stamp of the record is out of order", at, h->first + i);
                return false;
            }
            last_at = some.stamps[k];
        }
        if (n == most) continue;
        say_wrong(look, "the size of the record is wrong", p->offset + (uint64_t)(r.p - buffer),
                  h->first + i);
        return false;
    }
    ph_reader end = ph_reader_of(body + h->body_size - PH_JOURNAL_END_SIZE, PH_JOURNAL_END_SIZE);
    if (r.p != r.end || last_at != h->last_at || ph_read_u64(&end) != PH_JOURNAL_END_MARK) {
        say_wrong(look, "the records do not fill the batch", p->offset, h->first);
        return false;
    }
    return true;
}

/* The batch is whole. */
static void see(ph_segment_look *look, const batch_header *h)
{
    look->sight = PH_LOOK_WHOLE;
    look->first = h->first;
    look->record_cnt = h->record_cnt;
    look->first_at.ns = h->first_at;
    look->last_at.ns = h->last_at;
    look->events = h->events;
    look->chain = h->chain;
    look->body_size = h->body_size;
}

/* A batch whose header holds: the whole of it is in the buffer. */
static void judge_batch(const ph_segment_place *p, const uint8_t *buffer, const batch_header *h,
                        ph_segment_look *look)
{
    uint64_t size = PH_BATCH_SIZE + (uint64_t)h->body_size;
    const uint8_t *body = buffer + PH_BATCH_SIZE;
    if (h->first != p->next_seq) {
        say_wrong(look, "a batch of other records stands here", p->offset, h->first);
        return;
    }
    ph_hash chain = ph_chain_next(p->previous, buffer, body, h->body_size);
    if (!ph_hash_equal(chain, h->chain)) {
        if (buffer[size - 1] == 0 || ph_segment_zero_sectors(buffer, size) > h->zero_cnt) {
            look->sight = PH_LOOK_TORN;
            return;
        }
        if (check_records(p, buffer, h, look))
            say_wrong(look, "the chain hash of the batch is wrong", p->offset, h->first);
        return;
    }
    if (h->first_at < p->last_at.ns) {
        say_wrong(look, "the batch is stamped before the one before it", p->offset, h->first);
        return;
    }
    if (!check_records(p, buffer, h, look)) return;
    for (uint64_t i = size; i < look->extent; i++) {
        if (buffer[i] == 0) continue;
        say_wrong(look, "the padding of the batch is not zero", p->offset + i, h->first);
        return;
    }
    see(look, h);
}

bool ph_segment_peek(const ph_segment_place *p, const uint8_t *bytes, size_t size,
                     ph_segment_look *ret)
{
    batch_header h;
    ph_segment_look look = {0};
    if (size < PH_JOURNAL_PAGE || !read_batch_header(bytes, &h)) return false;
    look.extent = ph_segment_pages(PH_BATCH_SIZE + (uint64_t)h.body_size);
    if (look.extent > size || h.first != p->next_seq || h.first_at < p->last_at.ns) return false;
    see(&look, &h);
    *ret = look;
    return true;
}

bool ph_segment_rest_holds(const ph_segment_place *p, const uint8_t *bytes,
                           const ph_segment_look *look)
{
    uint64_t size = PH_BATCH_SIZE + (uint64_t)look->body_size;
    batch_header h;
    ph_segment_look unused = {0};
    return read_batch_header(bytes, &h) && check_records(p, bytes, &h, &unused) &&
           is_zero(bytes + size, look->extent - size);
}

ph_status ph_segment_look_at(ph_disk *d, const ph_segment_place *p, uint8_t *buffer,
                             ph_segment_look *ret)
{
    PH_ASSERT(p->offset % PH_JOURNAL_PAGE == 0);
    ph_segment_look look = {0};
    ph_status s = read_padded(d, p->file, p->offset, buffer, PH_JOURNAL_PAGE);
    if (s != PH_OK) return s;
    batch_header h;
    if (is_zero(buffer, PH_JOURNAL_SECTOR)) {
        look.sight = PH_LOOK_NONE;
    } else if (!read_batch_header(buffer, &h)) {
        say_wrong(&look, "the header of the batch is wrong", p->offset, p->next_seq);
    } else {
        look.extent = ph_segment_pages(PH_BATCH_SIZE + (uint64_t)h.body_size);
        if (look.extent > PH_JOURNAL_PAGE)
            s = read_padded(d, p->file, p->offset + PH_JOURNAL_PAGE, buffer + PH_JOURNAL_PAGE,
                            (size_t)look.extent - PH_JOURNAL_PAGE);
        if (s != PH_OK) return s;
        judge_batch(p, buffer, &h, &look);
    }
    *ret = look;
    return PH_OK;
}

/* ---- What stands behind ----------------------------------------------------------------- */

ph_status ph_segment_zero_from(ph_disk *d, int file, uint64_t from, uint8_t *buffer,
                               uint64_t *ret_end)
{
    uint64_t size, end = from;
    ph_status s = d->ops->size(d, file, &size);
    if (s != PH_OK) return s;
    for (uint64_t at = from; at < size;) {
        size_t want = size - at < PH_JOURNAL_BATCH_MAX ? (size_t)(size - at) : PH_JOURNAL_BATCH_MAX;
        size_t got;
        s = d->ops->read(d, file, at, buffer, want, &got);
        if (s != PH_OK) return s;
        if (got == 0) break;
        if (!is_zero(buffer, got)) {
            size_t last = got;
            while (buffer[last - 1] == 0)
                last--;
            end = at + last;
        }
        at += got;
    }
    *ret_end = end;
    return PH_OK;
}

/* Offset of the first batch header behind `from` whose check holds and whose sequence is later;
   0 if there is none. */
static ph_status later_batch(ph_disk *d, const ph_segment_place *p, uint64_t from, uint64_t end,
                             uint8_t *buffer, uint64_t *ret)
{
    uint64_t found = 0;
    for (uint64_t at = ph_segment_pages(from); at < end && found == 0; at += PH_JOURNAL_PAGE) {
        batch_header h;
        ph_status s = read_padded(d, p->file, at, buffer, PH_BATCH_SIZE);
        if (s != PH_OK) return s;
        if (read_batch_header(buffer, &h) && h.first > p->next_seq) found = at;
    }
    *ret = found;
    return PH_OK;
}

ph_status ph_segment_tail(ph_disk *d, const ph_segment_place *p, const ph_segment_look *look,
                          uint8_t *buffer, ph_segment_rest *ret)
{
    PH_ASSERT(look->sight != PH_LOOK_WHOLE);
    ph_segment_rest rest = {.sight = look->sight,
                            .what = look->what,
                            .wrong_at = look->wrong_at,
                            .wrong_seq = look->wrong_seq};
    uint64_t end, later;
    ph_status s = ph_segment_zero_from(d, p->file, p->offset, buffer, &end);
    if (s != PH_OK) return s;
    s = later_batch(d, p, p->offset + PH_JOURNAL_PAGE, end, buffer, &later);
    if (s != PH_OK) return s;
    if (rest.sight == PH_LOOK_NONE && end > p->offset) rest.sight = PH_LOOK_TORN;
    /* A header that stops in the middle with nothing behind it: the write got no further. */
    if (rest.sight == PH_LOOK_WRONG && look->extent == 0 && end <= p->offset + PH_BATCH_SIZE)
        rest.sight = PH_LOOK_TORN;
    uint64_t behind = look->extent == 0 ? UINT64_MAX : p->offset + look->extent;
    if (rest.sight == PH_LOOK_TORN && (later != 0 || end > behind)) {
        rest.sight = PH_LOOK_WRONG;
        rest.what = "a batch is incomplete although later bytes follow";
        rest.wrong_at = p->offset;
        rest.wrong_seq = p->next_seq;
    }
    rest.end = end;
    *ret = rest;
    return PH_OK;
}
