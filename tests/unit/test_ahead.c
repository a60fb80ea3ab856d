/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/ahead.h"

#include "tests/unit/journal_rig.h"
#include "tests/unit/suite.h"

enum { SALT = 5, BATCHES = 240, FLIPS = 100 };

static uint64_t drawn = 11;

static uint64_t draw(uint64_t below)
{
    drawn = rig_mix(drawn + 1);
    return drawn % below;
}

/* Batches of 1 ... 60 records, in segments of which each holds several reads ahead. */
static uint64_t write_journal(rig *g)
{
    ph_journal *j;
    ph_journal_fault f;
    uint64_t cnt = 0;
    ck_assert_msg(rig_open_writer(g, 1 << 19, &j, &f) == PH_OK, "%s", f.text);
    for (int b = 0; b < BATCHES; b++) {
        for (uint64_t i = 1 + draw(60); i != 0; i--, cnt++)
            ck_assert_int_eq(rig_append(j, SALT), PH_OK);
        ck_assert_int_eq(ph_journal_commit(j, &f), PH_OK);
    }
    ph_journal_close(j);
    return cnt;
}

static void expect_batch(const ph_journal_batch *b)
{
    ph_journal_cursor cursor = {0};
    uint64_t seq = b->first_seq;
    for (ph_journal_record rec; ph_journal_record_next(b, &cursor, &rec); seq++) {
        uint8_t bytes[RIG_RECORD_MAX];
        uint32_t size = rig_record(seq, SALT, bytes);
        ck_assert_uint_eq(rec.seq, seq);
        ck_assert_uint_eq(rec.size, size);
        ck_assert_mem_eq(rec.bytes, bytes, size);
    }
}

/* Reads to where the reader stops, now and then a little ahead; a batch is what it was until the
   second next behind it. */
static ph_status read_all(rig *g, uint64_t *ret_cnt, ph_journal_fault *reterr)
{
    ph_journal_reader *r;
    ph_status s = ph_journal_reader_open(g->reader_block, &g->disk, &r, reterr);
    *ret_cnt = 0;
    if (s != PH_OK) return s;
    ph_journal_batch b, before = {.record_cnt = 0};
    while ((s = ph_journal_reader_next(r, &b, reterr)) == PH_OK) {
        ck_assert_uint_eq(b.first_seq, *ret_cnt + 1);
        for (uint64_t steps = draw(3) * draw(20); steps != 0; steps--)
            (void)ph_journal_reader_ahead(r);
        if (before.record_cnt != 0) expect_batch(&before);
        expect_batch(&b);
        before = b;
        *ret_cnt += b.record_cnt;
    }
    ph_journal_reader_close(r);
    return s;
}

START_TEST(what_is_read_ahead_is_what_was_written)
{
    rig g;
    ph_journal_fault f;
    uint64_t cnt;
    rig_begin(&g);
    uint64_t written = write_journal(&g);
    for (int round = 0; round < 6; round++) {
        ck_assert_int_eq(read_all(&g, &cnt, &f), PH_EEND);
        ck_assert_uint_eq(cnt, written);
    }
    rig_end(&g);
}
END_TEST

typedef struct {
    char names[64][PH_JOURNAL_NAME_SIZE];
    uint32_t cnt;
} name_list;

static void note(void *arg, const char *name)
{
    name_list *l = arg;
    uint64_t first;
    if (ph_segment_name_read(name, &first) && l->cnt < 64)
        ph_segment_name(first, l->names[l->cnt++]);
}

/* A byte of a sealed segment is changed: everything before the batch that it stands in is handed
   out, and the fault names the segment. */
START_TEST(a_flipped_byte_is_named_as_without_reading_ahead)
{
    rig g;
    ph_journal_fault f;
    name_list names = {.cnt = 0};
    rig_begin(&g);
    uint64_t written = write_journal(&g), cnt;
    ck_assert_int_eq(g.disk.ops->list(&g.disk, note, &names), PH_OK);
    ck_assert_uint_ge(names.cnt, 3);
    char newest[PH_JOURNAL_NAME_SIZE] = {0};
    for (uint32_t i = 0; i < names.cnt; i++)
        if (strcmp(names.names[i], newest) > 0) memcpy(newest, names.names[i], sizeof newest);
    for (int i = 0; i < FLIPS; i++) {
        const char *name = names.names[draw(names.cnt)];
        size_t size;
        if (strcmp(name, newest) == 0) continue;
        uint8_t *bytes = rig_load(&g, name, &size);
        size_t at = (size_t)draw(size);
        rig_poke(&g, name, at, bytes[at] ^ (uint8_t)(1 << draw(8)));
        ck_assert_int_eq(read_all(&g, &cnt, &f), PH_ECORRUPT);
        ck_assert_uint_lt(cnt, written);
        ck_assert_msg(strstr(f.text, name) != NULL, "%s: %s", name, f.text);
        rig_poke(&g, name, at, bytes[at]);
        free(bytes);
    }
    ck_assert_int_eq(read_all(&g, &cnt, &f), PH_EEND);
    ck_assert_uint_eq(cnt, written);
    rig_end(&g);
}
END_TEST

static void add(TCase *t)
{
    ph_chain_start();
    tcase_add_test(t, what_is_read_ahead_is_what_was_written);
    tcase_add_test(t, a_flipped_byte_is_named_as_without_reading_ahead);
}

int main(void)
{
    return suite_run("ahead", add);
}
