/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_journal.c - the journal's reader against any directory of files.

    The input becomes up to four files of a disk in memory:  u8 count, then per file u8 number of
    its first record, u16 size, bytes.  Hashes are the reader's best defence and a fuzzer cannot
    guess them, so an odd first byte has the checks, chains and header hashes of every file made
    right where the sizes allow it: what is behind them is then exercised too. */
#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/journal/reader.h"
#include "engine/journal/segment.h"

enum { FILES_MAX = 4, FILE_BYTES_MAX = 1 << 16 };

typedef struct {
    ph_disk disk;
    uint32_t cnt;
    char names[FILES_MAX][PH_JOURNAL_NAME_SIZE];
    size_t sizes[FILES_MAX];
    uint8_t bytes[FILES_MAX][FILE_BYTES_MAX];
} memory_disk;

static memory_disk *memory_of(ph_disk *d)
{
    return (memory_disk *)d;
}

static ph_status memory_open(ph_disk *d, const char *name, ph_file_mode mode, int *ret)
{
    PH_ASSERT(mode == PH_FILE_READ);
    for (uint32_t i = 0; i < memory_of(d)->cnt; i++) {
        if (strcmp(memory_of(d)->names[i], name) != 0) continue;
        *ret = (int)i;
        return PH_OK;
    }
    return PH_ENOTFOUND;
}

static void memory_close(ph_disk *d, int file)
{
    PH_ASSERT(file >= 0 && (uint32_t)file < memory_of(d)->cnt);
}

static ph_status memory_read(ph_disk *d, int file, uint64_t at, void *to, size_t size, size_t *ret)
{
    size_t have = memory_of(d)->sizes[file];
    size_t n = at >= have ? 0 : have - (size_t)at;
    if (n > size) n = size;
    if (n != 0) memcpy(to, memory_of(d)->bytes[file] + at, n);
    *ret = n;
    return PH_OK;
}

static ph_status memory_sync(ph_disk *d, int file)
{
    (void)d;
    (void)file;
    return PH_OK;
}

static ph_status memory_size(ph_disk *d, int file, uint64_t *ret)
{
    *ret = memory_of(d)->sizes[file];
    return PH_OK;
}

static ph_status memory_list(ph_disk *d, void (*f)(void *arg, const char *name), void *arg)
{
    for (uint32_t i = 0; i < memory_of(d)->cnt; i++)
        f(arg, memory_of(d)->names[i]);
    return PH_OK;
}

static const char *memory_reason(ph_disk *d)
{
    (void)d;
    return "no reason";
}

/* The reader asks for nothing else. */
static const ph_disk_ops memory_ops = {
    .open = memory_open,
    .close = memory_close,
    .read = memory_read,
    .sync = memory_sync,
    .size = memory_size,
    .list = memory_list,
    .reason = memory_reason,
};

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

static void mend(memory_disk *d)
{
    ph_hash previous = {{0}};
    for (uint32_t i = 0; i < d->cnt; i++) {
        if (d->sizes[i] < PH_SEG_SIZE) continue;
        uint8_t *p = d->bytes[i];
        ph_digest digest;
        if (i > 0) memcpy(p + PH_SEG_PREVIOUS, previous.b, sizeof previous.b);
        ph_digest_begin(&digest, PH_DIGEST_SEGMENT);
        ph_digest_add(&digest, p, PH_SEG_HASH);
        ph_hash hash = ph_digest_end(&digest);
        memcpy(p + PH_SEG_HASH, hash.b, sizeof hash.b);
        previous = mend_batches(p, d->sizes[i], i == 0 ? hash : previous);
    }
}

static void load(memory_disk *d, const uint8_t *bytes, size_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    bool is_mended = (ph_read_u8(&r) & 1) != 0;
    d->cnt = 0;
    while (!r.bad && r.p < r.end && d->cnt < FILES_MAX) {
        ph_segment_name(ph_read_u8(&r), d->names[d->cnt]);
        size_t n = ph_read_u16(&r);
        if (r.bad) return;
        if (n > (size_t)(r.end - r.p)) n = (size_t)(r.end - r.p);
        ph_read_bytes(&r, d->bytes[d->cnt], n);
        d->sizes[d->cnt++] = n;
    }
    if (is_mended) mend(d);
}

static void read_all(memory_disk *d, void *block)
{
    ph_journal_reader *reader;
    ph_journal_fault fault;
    if (ph_journal_reader_open(block, &d->disk, &reader, &fault) != PH_OK) return;
    ph_journal_batch b;
    ph_status s;
    uint64_t next = 1;
    while ((s = ph_journal_reader_next(reader, &b, &fault)) == PH_OK) {
        PH_ASSERT(b.first_seq == next);
        ph_journal_cursor cursor = {0};
        for (ph_journal_record rec; ph_journal_record_next(&b, &cursor, &rec); next++) {
            PH_ASSERT(rec.seq == next && rec.size > 0);
            PH_ASSERT(rec.bytes[0] + rec.bytes[rec.size - 1] >= 0); /* all of it is readable */
        }
    }
    PH_ASSERT(s == PH_EEND || fault.text[0] != '\0');
    PH_ASSERT(ph_journal_reader_next(reader, &b, &fault) == s); /* the same answer again */
    ph_journal_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static memory_disk disk = {.disk = {&memory_ops}};
    static _Alignas(64) uint8_t block[PH_JOURNAL_BATCH_MAX + 65536];
    PH_ASSERT(ph_journal_reader_footprint() <= sizeof block);
    load(&disk, bytes, size);
    read_all(&disk, block);
    return 0;
}
