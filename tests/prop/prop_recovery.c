/* SPDX-License-Identifier: Apache-2.0 */
/* A market that began with a snapshot is the one that went through everything: days by seed, with
   batches of any size, small segments, and a snapshot behind any batch.  From each of them, and
   from the first record, the replay must give the same batches and the same state, byte for byte,
   in one thread or in two.

   PH_SEEDS=n runs n seeds (default 12); PH_SEED=s runs one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/core/snapshot.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/process/memory.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_block.h"
#include "engine/replay/market_file.h"
#include "engine/replay/replay.h"
#include "engine/wire/codec.h"
#include "tests/unit/a_day.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/suite.h"

enum { RECORDS = 4000, STATE_MAX = 1 << 23, TAKEN_MAX = 64, EVENT_BYTES = 1 << 24 };

static char folder[64], journal_path[80], snapshots_path[96];

typedef struct {
    size_t cnt;
    uint8_t v[STATE_MAX];
} state;

static state written, replayed;

static uint64_t taken[TAKEN_MAX];
static uint32_t taken_cnt;
static ph_hash last_chain;

static void take(void *arg, const void *piece, size_t size)
{
    state *s = arg;
    PH_ASSERT(s->cnt + size <= sizeof s->v);
    memcpy(s->v + s->cnt, piece, size);
    s->cnt += size;
}

static void keep_state(const ph_market *m, state *ret)
{
    ret->cnt = 0;
    ph_snapshot_write(m, take, ret);
}

static uint64_t rng_state;

static uint64_t rng(void)
{
    return rng_state = a_day_mix(rng_state + UINT64_C(0x9e3779b97f4a7c15));
}

/* ---- Writing a day ------------------------------------------------------------------------ */

typedef struct {
    ph_market *m;
    ph_journal *journal;
    ph_disk_posix disk, snapshots;
    void *memory, *event_block, *event_bytes;
    ph_events out;
} day;

static void append(day *d, ph_command c)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes), e = ph_writer_of(d->event_bytes, EVENT_BYTES);
    d->out.cnt = 0;
    ph_market_apply(d->m, &c, &d->out);
    ph_command_write(&w, &c);
    for (uint32_t i = 0; i < d->out.cnt; i++)
        ph_event_write(&e, &d->out.v[i]);
    ck_assert(!w.full && !e.full);
    ck_assert_int_eq(ph_journal_append(d->journal, c.at, bytes, (uint32_t)ph_writer_size(&w),
                                       d->event_bytes, (uint32_t)ph_writer_size(&e)),
                     PH_OK);
}

static void open_day(day *d)
{
    uint8_t meta[PH_LIMITS_SIZE];
    ph_market_limits limits = a_day_limits();
    ph_journal_fault f;
    *d = (day){.out = {.max = ph_market_events_max(&limits)}};
    ph_limits_write(&limits, meta);
    ck_assert_int_eq(ph_market_block_new(&limits, &d->m), PH_OK);
    ck_assert_int_eq(ph_memory_map(d->out.max * sizeof d->out.v[0], &d->event_block), PH_OK);
    ck_assert_int_eq(ph_memory_map(EVENT_BYTES, &d->event_bytes), PH_OK);
    ck_assert_int_eq(ph_memory_map(ph_journal_footprint(), &d->memory), PH_OK);
    d->out.v = d->event_block;
    ck_assert_int_eq(ph_disk_posix_open(journal_path, true, &d->disk), PH_OK);
    ck_assert_int_eq(ph_disk_posix_open(snapshots_path, true, &d->snapshots), PH_OK);
    ph_journal_options o = {.market = "settle.test",
                            .meta = meta,
                            .meta_size = sizeof meta,
                            .segment_bytes = 1 << 16,
                            .fill_bytes = 1 << 12};
    ck_assert_int_eq(ph_journal_open(d->memory, &d->disk.disk, &o, &d->journal, &f), PH_OK);
}

static void take_snapshot(day *d)
{
    ph_journal_position end = ph_journal_end(d->journal);
    ph_state_head head = {
        .seq = end.seq, .at = end.at, .chain = end.chain, .market = {"settle.test"}};
    ck_assert_int_eq(ph_market_file_write(&d->snapshots.disk, &head, d->m, TAKEN_MAX), PH_OK);
    taken[taken_cnt++] = end.seq;
}

static void write_day(uint64_t seed)
{
    day d;
    ph_journal_fault f;
    open_day(&d);
    taken_cnt = 0;
    while (ph_market_seq(d.m) < RECORDS) {
        uint64_t cnt = 1 + rng() % (rng() % 8 == 0 ? 400 : 20);
        for (uint64_t i = 0; i < cnt; i++)
            append(&d, a_day_command(seed, ph_market_seq(d.m) + 1));
        ck_assert_int_eq(ph_journal_commit(d.journal, &f), PH_OK);
        if (rng() % 16 == 0 && taken_cnt < TAKEN_MAX) take_snapshot(&d);
    }
    keep_state(d.m, &written);
    last_chain = ph_journal_end(d.journal).chain;
    ph_journal_close(d.journal);
    ph_disk_posix_close(&d.disk);
    ph_disk_posix_close(&d.snapshots);
    ph_market_block_free(d.m);
    ph_memory_unmap(d.memory, ph_journal_footprint());
    ph_memory_unmap(d.event_block, d.out.max * sizeof d.out.v[0]);
    ph_memory_unmap(d.event_bytes, EVENT_BYTES);
}

/* ---- Replaying it ------------------------------------------------------------------------- */

static void on_refused(void *arg, const char *sentence)
{
    (void)arg;
    ck_abort_msg("%s", sentence);
}

/* From the snapshot of record `from`, or from the first record. */
static void replay(uint64_t from, bool is_chain_whole)
{
    ph_replay *r;
    ph_replay_error err;
    const ph_replay_batch *b = NULL;
    ck_assert_msg(ph_replay_open(journal_path, &r, &err) == PH_OK, "%s", err.text);
    ph_replay_snapshots s = {.directory = snapshots_path,
                             .first = from,
                             .last = from,
                             .is_chain_whole = is_chain_whole,
                             .on_refused = on_refused};
    if (from != 0) {
        ck_assert_int_eq(ph_replay_begin(r, &s, &err), PH_OK);
        ck_assert_uint_eq(ph_replay_snapshot(r)->seq, from);
    }
    ph_hash chain = ph_replay_snapshot(r)->chain;
    uint64_t seq = from;
    ph_status st;
    while ((st = ph_replay_next(r, &b, &err)) == PH_OK) {
        ck_assert_uint_eq(b->first_seq, seq + 1);
        if (seq != 0) ck_assert_mem_eq(b->previous.b, chain.b, sizeof chain.b);
        seq += b->record_cnt;
        chain = b->chain;
        ck_assert_uint_eq(ph_market_seq(ph_replay_market(r)), seq);
    }
    ck_assert_msg(st == PH_EEND, "%s", err.text);
    ck_assert_mem_eq(chain.b, last_chain.b, sizeof chain.b);
    keep_state(ph_replay_market(r), &replayed);
    ck_assert(replayed.cnt == written.cnt && memcmp(replayed.v, written.v, written.cnt) == 0);
    ck_assert_ptr_null(ph_market_broken(ph_replay_market(r)));
    ph_replay_close(r);
}

static int environment(const char *name, int otherwise)
{
    const char *text = getenv(name);
    if (text == NULL) return otherwise;
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0 || value > INT32_MAX) {
        fprintf(stderr, "%s is a whole number, not \"%s\"\n", name, text);
        exit(2);
    }
    return (int)value;
}

START_TEST(snapshot_and_tail_are_the_whole)
{
    rng_state = (uint64_t)_i + 1;
    a_folder_make(folder, sizeof folder);
    snprintf(journal_path, sizeof journal_path, "%.60s/j", folder);
    snprintf(snapshots_path, sizeof snapshots_path, "%.70s/" PH_MARKET_FILE_FOLDER, journal_path);
    write_day((uint64_t)_i);
    ck_assert_uint_gt(taken_cnt, 0);
    replay(0, false);
    for (uint32_t i = 0; i < taken_cnt; i++)
        replay(taken[i], i % 3 == 0);
    a_folder_remove(folder);
}
END_TEST

static void add(TCase *t)
{
    int seed = environment("PH_SEED", -1);
    int first = seed < 0 ? 1 : seed, end = seed < 0 ? 1 + environment("PH_SEEDS", 12) : seed + 1;
    tcase_add_loop_test(t, snapshot_and_tail_are_the_whole, first, end);
    tcase_set_timeout(t, 600);
}

int main(void)
{
    return suite_run("recovery", add);
}
