/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/sim/sim_journal.c - the engine's life with its disk, by seed: write, die, lose power,
    start again, for several lives, while a follower reads.

    Laws, after every death: the reader gives a prefix of what was appended that has everything that
    was acknowledged; what a follower was given while the writer lived is still there; the writer
    opens, agrees with the reader about the end, and goes on.  The same after every call of a life
    that the disk refused, as full or as broken, once or from there on: the writer says which, and
    never writes again.  In the end a bit of the disk rots: what is read is still what was appended,
    or the segment, the offset and the remedy are named, at the right place, and nothing is
    changed.

      sim_journal [SEED [LAST_SEED]]      without arguments PH_SEEDS seeds (1000) from 0 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/journal/format.h"
#include "engine/journal/reader.h"
#include "engine/journal/writer.h"
#include "tests/sim/memory_disk.h"

enum {
    LIVES = 4,
    BATCHES_MAX = 6,
    RECORDS_MAX = 30,
    RECORD_BYTES_MAX = 600,
    REFUSALS_EVERY = 100, /* seeds: each is refused every call of a life in four ways */
};

typedef struct {
    memory_disk *disk;
    void *writer_block, *reader_block;
    uint64_t seed;
    uint64_t acknowledged;  /* records that must be there */
    uint64_t tried;         /* records that may be there */
    uint64_t followed;      /* records that a follower was given */
    uint64_t torn, lost;    /* how often a tail was cut; a batch that nobody was told of was lost */
    ph_journal_fault fault; /* of the last commit */
    uint64_t refused, rotten, unhurt; /* calls; bits that were named; that changed nothing */
} world;

/* What a record holds follows from its number alone: one that was lost is written again with the
   same bytes. */
static uint32_t record_of(uint64_t seq, uint8_t to[RECORD_BYTES_MAX])
{
    uint64_t seed = seq, m = memory_chance(&seed);
    uint32_t size = (uint32_t)(m % 7 == 0 ? 1 + m % RECORD_BYTES_MAX : 1 + m % 90);
    for (uint32_t i = 0; i < size; i++)
        to[i] = m % 3 == 0 ? 0 : (uint8_t)memory_chance(&seed);
    return size;
}

static void fail(const world *w, const char *what, const char *text)
{
    fprintf(stderr, "seed %llu: %s: %s\n", (unsigned long long)w->seed, what, text);
    exit(EXIT_FAILURE);
}

static void check_batch(const world *w, const ph_journal_batch *b, uint64_t next)
{
    if (b->first_seq != next) fail(w, "a batch is out of order", b->segment);
    ph_journal_cursor cursor = {0};
    for (ph_journal_record r; ph_journal_record_next(b, &cursor, &r);) {
        uint8_t bytes[RECORD_BYTES_MAX];
        uint32_t size = record_of(r.seq, bytes);
        if (r.size != size || memcmp(r.bytes, bytes, size) != 0 || r.at.ns != r.seq)
            fail(w, "a record has other bytes", b->segment);
    }
}

/* Reads on; returns one past the last record that was given. */
static uint64_t read_on(const world *w, ph_journal_reader *r, uint64_t next)
{
    ph_journal_batch b;
    ph_journal_fault f;
    ph_status s;
    while ((s = ph_journal_reader_next(r, &b, &f)) == PH_OK) {
        check_batch(w, &b, next);
        next += b.record_cnt;
    }
    if (s != PH_EEND) fail(w, "the journal is not readable", f.text);
    return next;
}

/* What whoever comes now finds: the number of records. */
static uint64_t count_records(const world *w)
{
    ph_journal_reader *r;
    ph_journal_fault f;
    ph_status s = ph_journal_reader_open(w->reader_block, &w->disk->disk, &r, &f);
    if (s == PH_ENOTFOUND) return 0;
    if (s != PH_OK) fail(w, "the journal does not open", f.text);
    uint64_t cnt = read_on(w, r, 1) - 1;
    ph_journal_reader_close(r);
    return cnt;
}

static ph_status write_batch(world *w, ph_journal *j)
{
    uint64_t records = 1 + memory_chance(&w->disk->seed) % RECORDS_MAX;
    for (uint64_t i = 0; i < records; i++) {
        uint8_t bytes[RECORD_BYTES_MAX];
        uint64_t seq = ph_journal_next_seq(j);
        uint32_t size = record_of(seq, bytes);
        ph_status s = ph_journal_append(j, (ph_time){seq}, bytes, size, bytes, size);
        if (s != PH_OK) return s;
    }
    w->tried = ph_journal_next_seq(j) - 1;
    ph_status s = ph_journal_commit(j, &w->fault);
    if (s == PH_OK) w->acknowledged = w->tried;
    if (s == PH_OK && w->acknowledged % 3 != 0) ph_journal_fill(j); /* and sometimes no time */
    return s;
}

/* Behind the end of an opened journal there are zeros only. */
static bool is_clean_behind(const memory_disk *d, const ph_journal_position *end)
{
    int i = memory_find(&d->seen_names, end->segment);
    if (i < 0) return false;
    const memory_content *c = &d->seen[d->seen_names.v[i].file];
    for (size_t at = (size_t)end->offset; at < c->size; at++) {
        if (c->bytes[at] != 0) return false;
    }
    return true;
}

/* What failed was to fail, and is told as what it is. */
static void check_refusal(const world *w, ph_status s, const char *text, const char *what)
{
    if (w->disk->is_dead) return;
    if (w->disk->fails_at < 0) fail(w, what, text);
    if (s != w->disk->failure) fail(w, "a refusal is told as another one", text);
    if (strstr(text, w->disk->disk.ops->reason(&w->disk->disk)) == NULL ||
        strstr(text, "start again") == NULL || strchr(text, '"') == NULL)
        fail(w, "a refusal has no file, reason or remedy", text);
}

static const ph_journal_options options = {
    .market = "sim.petahour", .segment_bytes = 3 * PH_JOURNAL_PAGE, .fill_bytes = PH_JOURNAL_PAGE};

/* One life of an engine: until it is killed in a call or refused one, or ends in order. */
static void live(world *w, int dies_at, int fails_at)
{
    uint64_t before = count_records(w);
    uint64_t next;
    w->disk->calls = 0;
    w->disk->dies_at = dies_at;
    w->disk->fails_at = fails_at;
    ph_journal *j;
    ph_journal_fault f;
    ph_status s = ph_journal_open(w->writer_block, &w->disk->disk, &options, &j, &f);
    if (s != PH_OK) {
        check_refusal(w, s, f.text, "the engine does not start");
        return;
    }
    ph_journal_position end = ph_journal_end(j);
    if (end.seq != before) fail(w, "writer and reader see another end", end.segment);
    if (end.at.ns != end.seq) fail(w, "the last stamp is another", end.segment);
    if (!is_clean_behind(w->disk, &end)) fail(w, "not zero behind the end", end.segment);
    if (end.cut != 0) w->torn++;
    w->acknowledged = end.seq; /* the engine replays it and goes on from there */
    ph_journal_reader *r = NULL;
    if (ph_journal_reader_open(w->reader_block, &w->disk->disk, &r, &f) != PH_OK)
        fail(w, "a follower cannot open", f.text);
    next = read_on(w, r, 1);
    for (int i = 0; s == PH_OK && i < BATCHES_MAX; i++) {
        s = write_batch(w, j);
        if (memory_chance(&w->disk->seed) % 3 == 0) next = read_on(w, r, next);
    }
    if (next - 1 > w->tried) fail(w, "a follower was given what nobody appended", "");
    if (s != PH_OK) check_refusal(w, s, w->fault.text, "commit");
    if (s != PH_OK && write_batch(w, j) == PH_OK) fail(w, "a dead journal was written", "");
    w->followed = next - 1;
    ph_journal_reader_close(r);
    ph_journal_close(j);
}

/* What must hold when an engine is gone. */
static void check_after(world *w)
{
    uint64_t cnt = count_records(w);
    if (cnt < w->acknowledged) fail(w, "an acknowledged record is gone", "");
    if (cnt < w->followed) fail(w, "what a follower was given is gone", "");
    if (cnt > w->tried) fail(w, "there are records that nobody appended", "");
    if (cnt < w->tried) w->lost++;
    w->acknowledged = cnt; /* whoever reads now makes it durable first */
    w->tried = cnt;
}

static void kill_or_lose_power(world *w)
{
    if (memory_chance(&w->disk->seed) % 3 == 0)
        memory_restart(w->disk);
    else
        memory_lose_power(w->disk);
}

/* ---- Rot ------------------------------------------------------------------------------------ */

/* The batch of the true journal in which a place lies: its first record, 0 if it is none. */
typedef struct {
    char segment[PH_JOURNAL_NAME_SIZE];
    uint64_t offset, size, first_seq;
} batch_place;

enum { PLACES_MAX = 256 };

static uint32_t list_batches(const world *w, batch_place *ret)
{
    ph_journal_reader *r;
    ph_journal_fault f;
    ph_journal_batch b;
    uint32_t cnt = 0;
    if (ph_journal_reader_open(w->reader_block, &w->disk->disk, &r, &f) != PH_OK) return 0;
    while (cnt < PLACES_MAX && ph_journal_reader_next(r, &b, &f) == PH_OK) {
        batch_place *p = &ret[cnt++];
        memcpy(p->segment, b.segment, strlen(b.segment) + 1);
        p->offset = b.offset;
        p->size = b.size;
        p->first_seq = b.first_seq;
    }
    ph_journal_reader_close(r);
    return cnt;
}

static void check_rot(world *w, const char *segment, uint64_t blamed)
{
    ph_journal_reader *r = NULL;
    ph_journal_fault f;
    ph_fault_begin(&f);
    uint64_t next = 1;
    ph_journal_batch b;
    ph_status s = ph_journal_reader_open(w->reader_block, &w->disk->disk, &r, &f);
    while (s == PH_OK && (s = ph_journal_reader_next(r, &b, &f)) == PH_OK) {
        check_batch(w, &b, next);
        next += b.record_cnt;
    }
    ph_journal_reader_close(r);
    if (s == PH_EEND) {
        if (next - 1 != w->acknowledged) fail(w, "a rotten bit took records away", segment);
        w->unhurt++;
        return;
    }
    if (strstr(f.text, segment) == NULL || strstr(f.text, "\" offset ") == NULL ||
        strstr(f.text, "restore the") == NULL)
        fail(w, "rot is not named", f.text);
    if (blamed != 0 && (f.seq < blamed || next > f.seq)) fail(w, "another place is blamed", f.text);
    w->rotten++;
}

/* A bit of a segment flips while nobody runs. */
static void rot(world *w)
{
    static batch_place places[PLACES_MAX];
    static memory_content before;
    uint32_t cnt = list_batches(w, places);
    if (cnt == 0) return;
    int name;
    do
        name = (int)(memory_chance(&w->disk->seed) % (uint64_t)w->disk->seen_names.cnt);
    while (strstr(w->disk->seen_names.v[name].name, ".phj") == NULL ||
           strstr(w->disk->seen_names.v[name].name, ".new") != NULL);
    const char *segment = w->disk->seen_names.v[name].name;
    memory_content *c = &w->disk->seen[w->disk->seen_names.v[name].file];
    uint64_t bit = memory_chance(&w->disk->seed) % (8 * c->size), at = bit / 8;
    c->bytes[at] = (uint8_t)(c->bytes[at] ^ 1U << bit % 8);
    uint64_t blamed = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        const batch_place *p = &places[i];
        if (strcmp(p->segment, segment) == 0 && at >= p->offset && at < p->offset + p->size)
            blamed = p->first_seq;
    }
    check_rot(w, segment, blamed);
    before = *c;
    ph_journal *j;
    ph_journal_fault f;
    ph_status s = ph_journal_open(w->writer_block, &w->disk->disk, &options, &j, &f);
    if (s == PH_OK)
        ph_journal_close(j); /* an older segment, or behind the end: the reader judges that */
    else if (s != PH_ECORRUPT || strstr(f.text, segment) == NULL)
        fail(w, "the engine says another thing of rot", f.text);
    else if (memcmp(&before, c, sizeof before) != 0)
        fail(w, "a refused journal was changed", f.text);
}

static void begin(world *w, uint64_t seed)
{
    memory_begin(w->disk, seed);
    w->seed = seed;
    w->acknowledged = w->tried = w->followed = 0;
}

static void run(world *w, uint64_t seed)
{
    begin(w, seed);
    for (int life = 0; life < LIVES; life++) {
        bool dies = memory_chance(&w->disk->seed) % 8 != 0;
        live(w, dies ? (int)(memory_chance(&w->disk->seed) % 60) : -1, -1);
        kill_or_lose_power(w);
        check_after(w);
    }
    rot(w);
}

/* A life in which call `n` is refused, and the life after it.  False: there is no such call. */
static bool refuse(world *w, uint64_t seed, int n, ph_status failure, bool is_ever)
{
    begin(w, seed);
    live(w, -1, -1);
    memory_restart(w->disk);
    check_after(w);
    w->disk->fails_ever = is_ever;
    w->disk->failure = failure;
    live(w, -1, n);
    bool was_reached = w->disk->calls > n;
    kill_or_lose_power(w);
    check_after(w);
    live(w, -1, -1);
    memory_restart(w->disk);
    check_after(w);
    return was_reached;
}

static void refuse_every_call(world *w, uint64_t seed)
{
    for (int way = 0; way < 4; way++) {
        ph_status failure = way % 2 == 0 ? PH_EIO : PH_EFULL;
        for (int n = 0; refuse(w, seed, n, failure, way >= 2); n++)
            w->refused++;
    }
}

int main(int argc, char **argv)
{
    const char *seeds = getenv("PH_SEEDS");
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t last = argc > 2   ? strtoull(argv[2], NULL, 10)
                    : argc > 1 ? first
                               : (seeds != NULL ? strtoull(seeds, NULL, 10) : 1000) - 1;
    world w = {.disk = calloc(1, sizeof(memory_disk)),
               .writer_block = aligned_alloc(64, (ph_journal_footprint() + 63) / 64 * 64),
               .reader_block = aligned_alloc(64, (ph_journal_reader_footprint() + 63) / 64 * 64)};
    if (w.disk == NULL || w.writer_block == NULL || w.reader_block == NULL) abort();
    for (uint64_t seed = first; seed <= last; seed++) {
        run(&w, seed);
        if (seed % REFUSALS_EVERY == 0) refuse_every_call(&w, seed);
    }
    printf("%llu seeds, %llu torn tails cut, %llu unacknowledged batches lost, %llu calls refused, "
           "%llu rotten bits named, %llu in places without meaning\n",
           (unsigned long long)(last - first + 1), (unsigned long long)w.torn,
           (unsigned long long)w.lost, (unsigned long long)w.refused, (unsigned long long)w.rotten,
           (unsigned long long)w.unhurt);
    bool is_blind =
        last - first >= 200 && (w.torn == 0 || w.lost == 0 || w.refused < 100 || w.rotten == 0);
    if (is_blind) fprintf(stderr, "the seeds never tore, lost, refused or rotted\n");
    free(w.disk);
    free(w.writer_block);
    free(w.reader_block);
    return is_blind ? EXIT_FAILURE : EXIT_SUCCESS;
}
