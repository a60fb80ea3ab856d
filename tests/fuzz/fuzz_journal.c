/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_journal.c - the journal's reader and writer against any directory of files.

    A small journal of three segments is written once; the input changes it:  u8 flags, then any
    number of changes: u8 file, u16 offset, u8 size, bytes. Hashes are the reader's best defence and
    a fuzzer cannot guess them, so with flag 1 the checks, chains and header hashes are made right
    afterwards where the sizes allow it: what is behind them is then exercised too.  Flag 2 cuts the
    last file at the first change. */
#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/journal/reader.h"
#include "engine/journal/segment.h"
#include "engine/journal/writer.h"
#include "tests/sim/memory_disk.h"

enum { FLAG_MEND = 1, FLAG_CUT = 2, BLOCK_SIZE = 4 * PH_JOURNAL_BATCH_MAX };

typedef struct {
    memory_disk whole, disk;
    uint64_t firsts[MEMORY_FILES_MAX]; /* of the segments, in order */
    int segment_cnt;
    _Alignas(64) uint8_t block[BLOCK_SIZE];
} bench;

/* The segments' contents in order of their first records. */
static memory_content *segment_of(bench *b, int i)
{
    char name[PH_JOURNAL_NAME_SIZE];
    ph_segment_name(b->firsts[i], name);
    int at = memory_find(&b->disk.seen_names, name);
    PH_ASSERT(at >= 0);
    return &b->disk.seen[b->disk.seen_names.v[at].file];
}

static void write_whole(bench *b)
{
    static const uint8_t record[40] = "a record, and what it caused";
    ph_journal *j;
    ph_journal_fault f;
    ph_journal_options o = {.market = "fuzz.petahour",
                            .segment_bytes = 3 * PH_JOURNAL_PAGE,
                            .fill_bytes = PH_JOURNAL_PAGE};
    memory_begin(&b->whole, 1);
    PH_ASSERT(ph_journal_open(b->block, &b->whole.disk, &o, &j, &f) == PH_OK);
    for (uint32_t batch = 0; batch < 5; batch++) {
        for (uint32_t i = 0; i <= batch * 3; i++)
            PH_ASSERT(ph_journal_append(j, (ph_time){batch}, record, 1 + i, record, 9) == PH_OK);
        PH_ASSERT(ph_journal_commit(j, &f) == PH_OK);
    }
    ph_journal_close(j);
    b->segment_cnt = 0;
    for (uint64_t seq = 1; seq < 100; seq++) {
        char name[PH_JOURNAL_NAME_SIZE];
        ph_segment_name(seq, name);
        if (memory_find(&b->whole.seen_names, name) >= 0) b->firsts[b->segment_cnt++] = seq;
    }
    PH_ASSERT(b->segment_cnt == 3);
}

/* The disk as it was written. */
static void restore(bench *b)
{
    memory_begin(&b->disk, 1);
    b->disk.seen_names = b->whole.seen_names;
    b->disk.file_cnt = b->whole.file_cnt;
    for (int i = 0; i < b->whole.file_cnt; i++) {
        const memory_content *from = &b->whole.seen[i];
        memory_content *to = &b->disk.seen[i];
        size_t used = to->size > from->size ? to->size : from->size;
        memcpy(to->bytes, from->bytes, used);
        to->size = from->size;
    }
}

static uint32_t u32_at(const uint8_t *p)
{
    ph_reader r = ph_reader_of(p, 4);
    return ph_read_u32(&r);
}

static void put_u64(uint8_t *p, uint64_t v)
{
    ph_writer w = ph_writer_of(p, 8);
    ph_write_u64(&w, v);
}

/* Makes checks of records right as far as their sizes lead. */
static void mend_records(uint8_t *body, size_t size, uint64_t seq)
{
    for (size_t at = 0; size - at > PH_REC_BYTES; seq++) {
        uint32_t n = u32_at(body + at + PH_REC_SIZE);
        if (n > size - at - PH_REC_BYTES) return;
        put_u64(body + at + PH_REC_CHECK,
                ph_chain_check(seq, body + at + PH_REC_AT, PH_REC_BYTES - PH_REC_AT + n));
        at += PH_REC_BYTES + n;
    }
}

static ph_hash mend_batches(uint8_t *file, size_t size, ph_hash previous)
{
    for (size_t at = PH_JOURNAL_PAGE; at + PH_BATCH_SIZE <= size;) {
        uint8_t *p = file + at;
        uint32_t body = u32_at(p + PH_BATCH_BODY_SIZE);
        if (body > size - at - PH_BATCH_SIZE || body < PH_JOURNAL_END_SIZE) break;
        ph_reader r = ph_reader_of(p + PH_BATCH_FIRST, 8);
        mend_records(p + PH_BATCH_SIZE, body - PH_JOURNAL_END_SIZE, ph_read_u64(&r));
        put_u64(p + PH_BATCH_SIZE + body - PH_JOURNAL_END_SIZE, PH_JOURNAL_END_MARK);
        previous = ph_chain_next(previous, p, p + PH_BATCH_SIZE, body);
        memcpy(p + PH_BATCH_CHAIN, previous.b, sizeof previous.b);
        put_u64(p + PH_BATCH_CHECK, ph_chain_check(0, p, PH_BATCH_CHECK));
        at += ph_segment_pages(PH_BATCH_SIZE + (uint64_t)body);
    }
    return previous;
}

static void mend(bench *b)
{
    ph_hash previous = {{0}};
    for (int i = 0; i < b->segment_cnt; i++) {
        memory_content *c = segment_of(b, i);
        if (c->size < PH_SEG_SIZE) continue;
        ph_digest digest;
        if (i > 0) memcpy(c->bytes + PH_SEG_PREVIOUS, previous.b, sizeof previous.b);
        ph_digest_begin(&digest, PH_DIGEST_SEGMENT);
        ph_digest_add(&digest, c->bytes, PH_SEG_HASH);
        ph_hash hash = ph_digest_end(&digest);
        memcpy(c->bytes + PH_SEG_HASH, hash.b, sizeof hash.b);
        previous = mend_batches(c->bytes, c->size, i == 0 ? hash : previous);
    }
}

static void change(bench *b, const uint8_t *bytes, size_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    uint8_t flags = ph_read_u8(&r);
    for (bool is_first = true; !r.bad && r.p < r.end; is_first = false) {
        memory_content *c = segment_of(b, ph_read_u8(&r) % b->segment_cnt);
        size_t at = ph_read_u16(&r), n = ph_read_u8(&r);
        if (r.bad) break;
        if (n > (size_t)(r.end - r.p)) n = (size_t)(r.end - r.p);
        if (at + n > sizeof c->bytes) continue;
        ph_read_bytes(&r, c->bytes + at, n);
        if (at + n > c->size) c->size = at + n;
        if (!is_first || (flags & FLAG_CUT) == 0) continue;
        memset(c->bytes + at, 0, c->size - at);
        c->size = at;
    }
    if ((flags & FLAG_MEND) != 0) mend(b);
}

/* Reads to where the reader stops; returns how many records there are if it stopped at the end,
   otherwise UINT64_MAX. */
static uint64_t read_all(bench *b)
{
    ph_journal_reader *reader;
    ph_journal_fault fault;
    if (ph_journal_reader_open(b->block, &b->disk.disk, &reader, &fault) != PH_OK)
        return UINT64_MAX;
    ph_journal_batch batch;
    ph_status s;
    uint64_t next = 1;
    while ((s = ph_journal_reader_next(reader, &batch, &fault)) == PH_OK) {
        PH_ASSERT(batch.first_seq == next);
        ph_journal_cursor cursor = {0};
        for (ph_journal_record rec; ph_journal_record_next(&batch, &cursor, &rec); next++) {
            PH_ASSERT(rec.seq == next && rec.size > 0);
            PH_ASSERT(rec.bytes[0] + rec.bytes[rec.size - 1] >= 0); /* all of it is readable */
        }
    }
    PH_ASSERT(s == PH_EEND || fault.text[0] != '\0');
    PH_ASSERT(ph_journal_reader_next(reader, &batch, &fault) == s); /* the same answer again */
    ph_journal_reader_close(reader);
    return s == PH_EEND ? next - 1 : UINT64_MAX;
}

/* A writer that opens stands where the reader stopped, and what it adds is read. */
static void go_on(bench *b, uint64_t cnt)
{
    ph_journal *j;
    ph_journal_fault fault;
    ph_journal_options o = {.market = "fuzz.petahour",
                            .segment_bytes = 4 * PH_JOURNAL_PAGE,
                            .fill_bytes = PH_JOURNAL_PAGE};
    ph_status s = ph_journal_open(b->block, &b->disk.disk, &o, &j, &fault);
    if (s != PH_OK) {
        PH_ASSERT(fault.text[0] != '\0');
        return;
    }
    ph_journal_position end = ph_journal_end(j);
    PH_ASSERT(cnt == UINT64_MAX || end.seq == cnt);
    bool is_added = end.seq < UINT64_MAX - 1 &&
                    ph_journal_append(j, end.at, "more", 4, "", 0) == PH_OK &&
                    ph_journal_commit(j, &fault) == PH_OK;
    ph_journal_close(j);
    if (cnt != UINT64_MAX) PH_ASSERT(is_added && read_all(b) == cnt + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bench b;
    PH_ASSERT(ph_journal_reader_footprint() <= BLOCK_SIZE && ph_journal_footprint() <= BLOCK_SIZE);
    if (b.segment_cnt == 0) write_whole(&b);
    restore(&b);
    change(&b, bytes, size);
    go_on(&b, read_all(&b));
    return 0;
}
