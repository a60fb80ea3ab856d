/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/reader.h"

#include "engine/journal/segment.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/suite.h"

enum { SALT = 3 };

static const char first_name[] = "00000000000000000001.phj";

/* Commits batches of the given sizes, ended by 0. */
static void write_batches(rig *g, uint64_t segment_bytes, const uint32_t *sizes)
{
    ph_journal *j;
    ph_journal_fault f;
    ck_assert_msg(rig_open_writer(g, segment_bytes, &j, &f) == PH_OK, "%s", f.text);
    for (; *sizes != 0; sizes++) {
        for (uint32_t i = 0; i < *sizes; i++)
            ck_assert_int_eq(rig_append(j, SALT), PH_OK);
        ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    }
    ph_journal_close(j);
}

/* Where the n-th batch of the first segment stands, counted from 0. */
static ph_journal_batch find_batch(rig *g, int n)
{
    ph_journal_reader *r;
    ph_journal_fault f;
    ph_journal_batch b;
    ck_assert_int_eq(ph_journal_reader_open(g->reader_block, &g->disk, &r, &f), PH_OK);
    do
        ck_assert_int_eq(ph_journal_reader_next(r, &b, &f), PH_OK);
    while (n-- > 0);
    ph_journal_reader_close(r);
    return b;
}

START_TEST(no_journal_is_not_found)
{
    rig g;
    rig_begin(&g);
    ph_journal_reader *r = NULL;
    ph_journal_fault f;
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &r, &f), PH_ENOTFOUND);
    rig_store(&g, "0001.phj", (const uint8_t *)"x", 1);
    rig_store(&g, "00000000000000000001.phj.new", (const uint8_t *)"x", 1);
    rig_store(&g, "00000000000000000000.phj", (const uint8_t *)"x", 1);
    rig_store(&g, "99999999999999999999.phj", (const uint8_t *)"x", 1);
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &r, &f), PH_ENOTFOUND);
    ck_assert_ptr_null(r);
    rig_end(&g);
}
END_TEST

START_TEST(the_origin_is_what_the_writer_said)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 0, (const uint32_t[]){1, 0});
    ph_journal_reader *r;
    ph_journal_fault f;
    ph_journal_batch b;
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &r, &f), PH_OK);
    ph_journal_origin o = ph_journal_reader_origin(r);
    ck_assert_str_eq(o.market.s, "test.petahour");
    ck_assert_uint_eq(o.meta_size, 6);
    ck_assert_mem_eq(o.meta, "limits", 7);
    ck_assert_int_eq(ph_journal_reader_next(r, &b, &f), PH_OK);
    ck_assert_mem_eq(b.previous.b, o.genesis.b, 32);
    ph_journal_reader_close(r);
    rig_end(&g);
}
END_TEST

/* Whoever reads finds `cnt` records and the end; an engine goes on behind them. */
static void expect_records(rig *g, uint64_t expected, bool is_cut, bool is_continued)
{
    ph_journal_fault f;
    uint64_t cnt;
    ph_status s = rig_read_all(g, SALT, &cnt, &f);
    ck_assert_msg(s == PH_EEND, "%s", f.text);
    ck_assert_uint_eq(cnt, expected);
    if (!is_continued) return;
    ph_journal *j;
    ck_assert_int_eq(rig_open_writer(g, 0, &j, &f), PH_OK);
    ck_assert_uint_eq(ph_journal_end(j).seq, expected);
    ck_assert((ph_journal_end(j).cut != 0) == is_cut);
    ck_assert_int_eq(rig_append(j, SALT), PH_OK);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    ph_journal_close(j);
    ck_assert_int_eq(rig_read_all(g, SALT, &cnt, &f), PH_EEND);
    ck_assert_uint_eq(cnt, expected + 1);
}

/* The last batch is cut at every length, with the file ending there or with zeros behind: nothing
   of it is given out, nothing before it is lost, and the journal goes on. */
static void cut_everywhere(bool has_zeros)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 0, (const uint32_t[]){3, 5, 90, 0});
    ph_journal_batch last = find_batch(&g, 2);
    size_t size;
    uint8_t *bytes = rig_load(&g, first_name, &size);
    char path[160];
    rig_path(&g, first_name, path);
    size_t body = (size_t)last.size;
    while (bytes[last.offset + body - 1] == 0)
        body--;
    ck_assert_uint_gt(body, PH_JOURNAL_PAGE);
    ck_assert_int_eq(truncate(path, (off_t)(last.offset + last.size)), 0);
    for (size_t length = (size_t)last.size; length-- > 0;) {
        if (has_zeros)
            rig_poke(&g, first_name, last.offset + length, 0);
        else
            ck_assert_int_eq(truncate(path, (off_t)(last.offset + length)), 0);
        bytes[last.offset + length] = 0;
        bool is_whole = length >= body, is_edge = length == body || length + 1 == body;
        bool is_continued = is_edge || length == 0 || length % 97 == 0;
        expect_records(&g, is_whole ? 98 : 8, !is_whole && length != 0, is_continued);
        if (is_continued)
            rig_store(&g, first_name, bytes,
                      (size_t)last.offset + (has_zeros ? last.size : length));
    }
    free(bytes);
    rig_end(&g);
}

START_TEST(a_tail_with_zeros_behind_is_cut_at_every_length)
{
    cut_everywhere(true);
}
END_TEST

START_TEST(a_file_that_ends_early_is_cut_at_every_length)
{
    cut_everywhere(false);
}
END_TEST

/* A disk that lost power has written any set of the sectors of the last batch. */
START_TEST(any_set_of_missing_sectors_is_a_torn_tail)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 0, (const uint32_t[]){3, 90, 0});
    ph_journal_batch last = find_batch(&g, 1);
    size_t size;
    uint8_t *bytes = rig_load(&g, first_name, &size);
    uint8_t *torn = malloc(size);
    ck_assert_ptr_nonnull(torn);
    uint64_t sectors = last.size / PH_JOURNAL_SECTOR;
    ck_assert_uint_lt(sectors, 64);
    for (uint64_t seed = 0; seed < 500; seed++) {
        memcpy(torn, bytes, size);
        uint64_t missing = seed < sectors ? UINT64_C(1) << seed : rig_mix(seed);
        if (seed % 3 == 1) missing = ~(missing & rig_mix(seed + 9000));
        for (uint64_t i = 0; i < sectors; i++) {
            if ((missing >> i & 1) != 0)
                memset(torn + last.offset + i * PH_JOURNAL_SECTOR, 0, PH_JOURNAL_SECTOR);
        }
        bool is_whole = memcmp(torn, bytes, size) == 0;
        rig_store(&g, first_name, torn, size);
        ph_journal_fault f;
        uint64_t cnt;
        ph_status s = rig_read_all(&g, SALT, &cnt, &f);
        ck_assert_msg(s == PH_EEND, "seed %d: %s", (int)seed, f.text);
        ck_assert_uint_eq(cnt, is_whole ? 93 : 3);
        ph_journal *j;
        ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK);
        ck_assert_uint_eq(ph_journal_end(j).seq, cnt);
        ph_journal_close(j);
    }
    free(bytes);
    free(torn);
    rig_end(&g);
}
END_TEST

/* Every byte of a journal of three segments, and every seventh in runs of zeros, is changed. */
START_TEST(every_changed_byte_is_found)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    rig g;
    rig_begin(&g);
    write_batches(&g, 3 * PH_JOURNAL_PAGE, (const uint32_t[]){3, 2, 70, 1, 0});
    ph_segment_list list;
    ck_assert_int_eq(ph_segment_list_read(&g.disk, &list), PH_OK);
    ck_assert_uint_eq(list.cnt, 3);
    ph_journal_reader *r;
    ph_journal_batch b = {0};
    ph_journal_fault f;
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &r, &f), PH_OK);
    uint64_t segments[3], dead = 0;
    int segment_cnt = 0;
    while (ph_journal_reader_next(r, &b, &f) == PH_OK) {
        uint64_t first;
        ck_assert(ph_segment_name_read(b.segment, &first));
        if (first == b.first_seq) segments[segment_cnt++] = first;
        dead = b.offset + b.size;
    }
    ph_journal_reader_close(r);
    ck_assert_int_eq(segment_cnt, 3);
    for (int i = 0; i < 3; i++) {
        char name[PH_JOURNAL_NAME_SIZE];
        ph_segment_name(segments[i], name);
        size_t size;
        uint8_t *bytes = rig_load(&g, name, &size);
        for (size_t at = 0; at < size; at++) {
            bool is_between_zeros = at > 0 && at + 1 < size && bytes[at - 1] == 0 &&
                                    bytes[at] == 0 && bytes[at + 1] == 0;
            if (is_between_zeros && at % 7 != 0) continue;
            uint8_t flip = flips[at % 3];
            rig_poke(&g, name, at, bytes[at] ^ flip);
            uint64_t cnt;
            ph_status s = rig_read_all(&g, SALT, &cnt, &f);
            bool is_dead_tail = i == 2 && at >= dead;
            if (is_dead_tail) {
                ck_assert_msg(s == PH_EEND && cnt == 76, "%s %zu", name, at);
            } else {
                ck_assert_msg(s == PH_ECORRUPT || (s == PH_EVERSION && at >= 8 && at < 12),
                              "%s %zu: %d", name, at, s);
                ck_assert_msg(strstr(f.text, name) != NULL && strstr(f.text, "offset") != NULL,
                              "%s %zu: %s", name, at, f.text);
            }
            if (i == 2 && !is_dead_tail && at % 11 == 0) {
                ph_journal *j = NULL;
                s = rig_open_writer(&g, 0, &j, &f);
                bool is_market = at >= PH_SEG_MARKET && at < PH_SEG_PREVIOUS;
                ck_assert_msg(s == PH_ECORRUPT || s == PH_EVERSION || is_market, "%zu", at);
                ck_assert_ptr_null(j);
            }
            rig_poke(&g, name, at, bytes[at]);
        }
        free(bytes);
    }
    uint64_t cnt; /* nothing was changed by those who refused */
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_EEND);
    ck_assert_uint_eq(cnt, 76);
    rig_end(&g);
}
END_TEST

START_TEST(a_wrong_record_is_named)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 0, (const uint32_t[]){2, 5, 0});
    ph_journal_batch b = find_batch(&g, 1);
    /* find_batch left the batch in the reader's block: record 5 is its third. */
    ph_journal_cursor cursor = {0};
    ph_journal_record rec;
    for (int i = 0; i < 3; i++)
        ck_assert(ph_journal_record_next(&b, &cursor, &rec));
    size_t at = (size_t)(b.offset + PH_BATCH_SIZE + (uint64_t)(rec.bytes - b.bytes));
    rig_poke(&g, first_name, at, rec.bytes[0] ^ 4);
    uint64_t cnt;
    ph_journal_fault f;
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_uint_eq(cnt, 2);
    ck_assert_uint_eq(f.seq, 5);
    ck_assert_ptr_nonnull(strstr(f.text, "(record 5): the checksum of the record is wrong"));
    rig_end(&g);
}
END_TEST

/* A segment that is there twice, where nobody would read it. */
static void check_doubled(rig *g, const uint8_t *second, size_t size)
{
    const char *between = "00000000000000000092.phj";
    char path[160];
    uint64_t cnt;
    ph_journal_fault f;
    rig_store(g, between, second, size);
    ck_assert_int_eq(rig_read_all(g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_uint_eq(cnt, 180);
    ck_assert_uint_eq(f.seq, 92);
    ck_assert_ptr_nonnull(strstr(f.text, between));
    ck_assert_ptr_nonnull(strstr(f.text, "move it away"));
    rig_path(g, between, path);
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(missing_swapped_and_foreign_segments_are_refused)
{
    rig g, h;
    rig_begin(&g);
    rig_begin(&h);
    const uint32_t sizes[] = {90, 90, 90, 90, 0};
    write_batches(&g, 2 * PH_JOURNAL_PAGE, sizes);
    ph_journal_options o = {.market = "other.petahour", .segment_bytes = 2 * PH_JOURNAL_PAGE};
    ph_journal *j;
    ph_journal_fault f;
    ck_assert_int_eq(ph_journal_open(h.writer_block, &h.disk, &o, &j, &f), PH_OK);
    for (int i = 0; i < 360; i++) {
        ck_assert_int_eq(rig_append(j, SALT), PH_OK);
        if (i % 90 == 89) ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    }
    ph_journal_close(j);
    const char *second = "00000000000000000091.phj", *third = "00000000000000000181.phj";
    size_t size2, size3, size_h;
    uint8_t *two = rig_load(&g, second, &size2), *three = rig_load(&g, third, &size3);
    uint8_t *foreign = rig_load(&h, second, &size_h);
    char path[160], aside[160];
    uint64_t cnt;

    rig_path(&g, second, path); /* missing in the middle */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_uint_eq(cnt, 90);
    ck_assert_ptr_nonnull(strstr(f.text, second));
    ck_assert_ptr_nonnull(strstr(f.text, "missing"));

    rig_store(&g, second, three, size3); /* swapped */
    rig_store(&g, third, two, size2);
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_uint_eq(cnt, 90);
    ck_assert_ptr_nonnull(strstr(f.text, second));

    rig_store(&g, second, foreign, size_h); /* of another journal */
    rig_store(&g, third, three, size3);
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(f.text, "another journal"));

    rig_store(&g, second, two, 100); /* shortened */
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    rig_store(&g, second, two, 0);
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    rig_store(&g, second, two, PH_JOURNAL_PAGE + 600);
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_uint_eq(cnt, 90);

    rig_store(&g, second, two, size2);
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_EEND);
    ck_assert_uint_eq(cnt, 360);
    check_doubled(&g, two, size2);
    rig_path(&g, first_name, path); /* the first is missing */
    rig_path(&g, "aside", aside);
    ck_assert_int_eq(rename(path, aside), 0);
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_uint_eq(f.seq, 1);
    free(two);
    free(three);
    free(foreign);
    rig_end(&g);
    rig_end(&h);
}
END_TEST

/* The same chain of batches under a segment header that hashes well but continues another. */
START_TEST(a_segment_that_continues_another_chain_is_refused)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 2 * PH_JOURNAL_PAGE, (const uint32_t[]){90, 90, 0});
    const char *second = "00000000000000000091.phj";
    size_t size;
    uint8_t *bytes = rig_load(&g, second, &size);
    ph_segment_header h;
    const char *what;
    ck_assert_int_eq(ph_segment_header_read(bytes, &h, &what), PH_OK);
    h.previous.b[31] ^= 1;
    ph_segment_header_write(&h, bytes);
    rig_store(&g, second, bytes, size);
    uint64_t cnt;
    ph_journal_fault f;
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_ECORRUPT);
    ck_assert_uint_eq(cnt, 90);
    ck_assert_ptr_nonnull(strstr(f.text, "another chain hash"));
    free(bytes);
    rig_end(&g);
}
END_TEST

/* ---- Beside a living writer --------------------------------------------------------------- */

typedef struct {
    rig *g;
    ph_journal_reader *reader;
    uint64_t seen; /* records read so far */
    int polls;
} follower;

static ph_status follow(follower *w)
{
    ph_journal_batch b;
    ph_journal_fault f;
    ph_status s = ph_journal_reader_next(w->reader, &b, &f);
    ck_assert_msg(s == PH_OK || s == PH_EEND, "%s", f.text);
    if (s == PH_OK) {
        ck_assert_uint_eq(b.first_seq, w->seen + 1);
        w->seen += b.record_cnt;
    }
    w->polls++;
    return s;
}

/* Called when the batch is written and not yet synced. */
static void look_before_sync(void *arg)
{
    ck_assert_int_eq(follow(arg), PH_EEND);
}

START_TEST(a_follower_sees_a_batch_when_it_is_durable_and_not_before)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 3 * PH_JOURNAL_PAGE, (const uint32_t[]){1, 0});
    ph_journal *j;
    ph_journal_fault f;
    ck_assert_int_eq(rig_open_writer(&g, 3 * PH_JOURNAL_PAGE, &j, &f), PH_OK);
    follower w = {.g = &g};
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &w.reader, &f), PH_OK);
    ck_assert_int_eq(follow(&w), PH_OK);
    ck_assert_int_eq(follow(&w), PH_EEND);
    g.on_sync = look_before_sync;
    g.on_sync_arg = &w;
    for (int batch = 0; batch < 40; batch++) {
        for (int i = 0; i < 1 + batch * 7; i++)
            ck_assert_int_eq(rig_append(j, SALT), PH_OK);
        ck_assert_int_eq(follow(&w), PH_EEND);
        ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
        ck_assert_int_eq(follow(&w), PH_OK);
        ck_assert_uint_eq(w.seen, ph_journal_end(j).seq);
        ck_assert_int_eq(follow(&w), PH_EEND);
    }
    g.on_sync = NULL;
    ph_journal_close(j);
    ck_assert_int_eq(follow(&w), PH_EEND);
    ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK); /* the engine starts again */
    ck_assert_int_eq(rig_append(j, SALT), PH_OK);
    ck_assert_int_eq(follow(&w), PH_EEND);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    ck_assert_int_eq(follow(&w), PH_OK);
    ph_journal_close(j);
    ph_journal_reader_close(w.reader);
    rig_end(&g);
}
END_TEST

/* While a writer lives, what stands behind the durable part means nothing, whatever it is. */
START_TEST(bytes_in_flight_are_the_end_and_durable_ones_are_not)
{
    rig g;
    rig_begin(&g);
    ph_journal *j;
    ph_journal_fault f;
    ck_assert_int_eq(rig_open_writer(&g, 0, &j, &f), PH_OK);
    ck_assert_int_eq(rig_append(j, SALT), PH_OK);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    uint64_t end = ph_journal_end(j).offset;
    follower w = {.g = &g};
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &w.reader, &f), PH_OK);
    ck_assert_int_eq(follow(&w), PH_OK);
    for (size_t i = 0; i < 600; i++) {
        rig_poke(&g, first_name, (size_t)end + i * 3, (uint8_t)(i + 1));
        ck_assert_int_eq(follow(&w), PH_EEND);
    }
    ck_assert_int_eq(rig_append(j, SALT), PH_OK);
    ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    rig_poke(&g, first_name, (size_t)end + PH_BATCH_SIZE + PH_REC_BYTES, 0xee);
    ph_journal_batch b;
    ck_assert_int_eq(ph_journal_reader_next(w.reader, &b, &f), PH_ECORRUPT);
    ck_assert_uint_eq(f.seq, 2);
    rig_poke(&g, first_name, (size_t)end, 0);
    ck_assert_int_eq(ph_journal_reader_next(w.reader, &b, &f), PH_ECORRUPT);
    ph_journal_close(j);
    ph_journal_reader_close(w.reader);
    rig_end(&g);
}
END_TEST

START_TEST(a_journal_without_its_lock_file_is_read)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 0, (const uint32_t[]){4, 4, 0});
    char path[160];
    rig_path(&g, PH_JOURNAL_LOCK_NAME, path);
    ck_assert_int_eq(unlink(path), 0);
    uint64_t cnt;
    ph_journal_fault f;
    ck_assert_int_eq(rig_read_all(&g, SALT, &cnt, &f), PH_EEND);
    ck_assert_uint_eq(cnt, 8);
    rig_end(&g);
}
END_TEST

/* To any record: the first batch that comes is the first one of the segment that holds it, and
   everything from there on is there.  Two batches stay readable. */
START_TEST(a_seek_begins_with_the_segment_of_a_record)
{
    rig g;
    rig_begin(&g);
    write_batches(&g, 2 * PH_JOURNAL_PAGE, (const uint32_t[]){3, 4, 5, 6, 7, 0});
    ph_journal_reader *r;
    ph_journal_fault f;
    ph_journal_batch b, before;
    ck_assert_int_eq(ph_journal_reader_open(g.reader_block, &g.disk, &r, &f), PH_OK);
    static const uint64_t firsts[] = {1, 4, 8, 13, 19, UINT64_MAX}; /* a segment for each batch */
    for (uint64_t seq = 40; seq >= 1; seq--) {
        size_t at = 0;
        while (firsts[at + 1] <= seq)
            at++;
        ck_assert_int_eq(ph_journal_reader_seek(r, seq, &f), PH_OK);
        uint64_t next = firsts[at];
        const char *name = NULL;
        char kept[PH_JOURNAL_NAME_SIZE];
        uint8_t byte = 0;
        while (ph_journal_reader_next(r, &b, &f) == PH_OK) {
            ck_assert_uint_eq(b.first_seq, next);
            if (name != NULL) ck_assert(strcmp(name, kept) == 0 && before.bytes[28] == byte);
            next += b.record_cnt;
            before = b;
            name = b.segment;
            byte = b.bytes[28];
            ck_assert_uint_lt(strlen(name), sizeof kept);
            memcpy(kept, name, strlen(name) + 1);
        }
        ck_assert_uint_eq(next, 26);
    }
    char path[160];
    rig_path(&g, "00000000000000000008.phj", path);
    ck_assert_int_eq(unlink(path), 0); /* record 9 would be in it: the one before says so */
    ck_assert_int_eq(ph_journal_reader_seek(r, 9, &f), PH_OK);
    ck_assert_int_eq(ph_journal_reader_next(r, &b, &f), PH_OK);
    ck_assert_uint_eq(b.first_seq, 4);
    ck_assert_int_eq(ph_journal_reader_next(r, &b, &f), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(f.text, "is missing though later ones exist"));
    ph_journal_reader_close(r);
    rig_end(&g);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, no_journal_is_not_found);
    tcase_add_test(t, the_origin_is_what_the_writer_said);
    tcase_add_test(t, a_tail_with_zeros_behind_is_cut_at_every_length);
    tcase_add_test(t, a_file_that_ends_early_is_cut_at_every_length);
    tcase_add_test(t, any_set_of_missing_sectors_is_a_torn_tail);
    tcase_add_test(t, every_changed_byte_is_found);
    tcase_add_test(t, a_wrong_record_is_named);
    tcase_add_test(t, missing_swapped_and_foreign_segments_are_refused);
    tcase_add_test(t, a_segment_that_continues_another_chain_is_refused);
    tcase_add_test(t, a_follower_sees_a_batch_when_it_is_durable_and_not_before);
    tcase_add_test(t, bytes_in_flight_are_the_end_and_durable_ones_are_not);
    tcase_add_test(t, a_journal_without_its_lock_file_is_read);
    tcase_add_test(t, a_seek_begins_with_the_segment_of_a_record);
}

int main(void)
{
    return suite_run("reader", add);
}
