/* SPDX-License-Identifier: Apache-2.0 */
/* long: a list of attacks, each a page */
/*  The journal: bytes that flip, batches and segments that are cut, dropped, doubled, swapped or
    taken from another journal, and histories that are written anew with right checksums and a right
    chain, which only the signed transparency log tells from the true one.

    What judges is what `petahour-audit verify --log` runs: the reader, and the leaf of each record
    against the log's. */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/journal/format.h"
#include "engine/journal/reader.h"
#include "engine/notary/log_leaf.h"
#include "engine/notary/log_tree.h"
#include "engine/notary/merkle.h"
#include "engine/replay/replay.h"
#include "tests/prop/attack.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/a_journal.h"

enum {
    RECORDS_MAX = 1024,
    BATCHES_MAX = 64,
    SEGMENTS_MAX = 32,
    ROUNDS = 24,
    SEGMENT_BYTES = 5 * PH_JOURNAL_PAGE,
};

/* ---- Journals as lists of records ------------------------------------------------------------ */

typedef struct {
    ph_time at;
    uint8_t *command, *events;
    uint32_t command_size, event_size;
    bool ends_batch;
} record;

typedef struct {
    record v[RECORDS_MAX];
    uint32_t cnt;
    uint8_t meta[PH_LIMITS_SIZE];
} history;

static uint8_t *copy_of(const uint8_t *bytes, uint32_t size)
{
    uint8_t *p = malloc(size + 1);
    CHECK(p != NULL);
    memcpy(p, bytes, size);
    return p;
}

/* What a small market did; with `turn` another one. */
static void live(history *h, const char *market, uint32_t turn)
{
    static a_journal j;
    char base[64], directory[96];
    ph_key key;
    memset(&key, 7, sizeof key);
    a_folder_make(base, sizeof base);
    snprintf(directory, sizeof directory, "%s/journal", base);
    a_journal_open(&j, directory, market, &key);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        if (turn != 0 && n == turn) a_journal_round(&j, 900);
        a_journal_round(&j, n);
    }
    ph_replay *r;
    ph_replay_error err;
    const ph_replay_batch *b;
    CHECK(ph_replay_open(directory, &r, &err) == PH_OK);
    ph_market_limits limits = ph_replay_limits(r);
    ph_limits_write(&limits, h->meta);
    h->cnt = 0;
    while (ph_replay_next(r, &b, &err) == PH_OK) {
        for (uint32_t i = 0; i < b->record_cnt; i++) {
            const ph_replay_record *from = &b->records[i];
            CHECK(h->cnt < RECORDS_MAX);
            h->v[h->cnt++] = (record){.at = from->command.at,
                                      .command = copy_of(from->command_bytes, from->command_size),
                                      .events = copy_of(from->event_bytes, from->event_size),
                                      .command_size = from->command_size,
                                      .event_size = from->event_size,
                                      .ends_batch = i + 1 == b->record_cnt};
        }
    }
    ph_replay_close(r);
    a_journal_close(&j);
    a_folder_remove(base);
}

static void *writer_memory;

static void write_journal(memory_disk *d, const history *h, const char *market)
{
    ph_journal *j;
    ph_journal_fault fault;
    ph_journal_options options = {.market = market,
                                  .meta = h->meta,
                                  .meta_size = sizeof h->meta,
                                  .segment_bytes = SEGMENT_BYTES,
                                  .fill_bytes = PH_JOURNAL_PAGE};
    memory_begin(d, 1);
    CHECK(ph_journal_open(writer_memory, &d->disk, &options, &j, &fault) == PH_OK);
    for (uint32_t i = 0; i < h->cnt; i++) {
        const record *r = &h->v[i];
        CHECK(ph_journal_append(j, r->at, r->command, r->command_size, r->events, r->event_size) ==
              PH_OK);
        if (r->ends_batch || i + 1 == h->cnt) CHECK(ph_journal_commit(j, &fault) == PH_OK);
    }
    ph_journal_close(j);
}

/* ---- The judge ------------------------------------------------------------------------------- */

typedef struct {
    char segment[PH_JOURNAL_NAME_SIZE];
    uint64_t offset, size, first_seq;
    uint32_t record_cnt;
} batch_place;

/* What was signed: the leaves that the tiles of the log give for its checkpoint. */
static ph_hash signed_leaves[RECORDS_MAX];
static uint32_t signed_cnt;

typedef enum { ACCEPTED, FAULT, OTHER_RECORD, SHORTER } verdict_kind;

typedef struct {
    verdict_kind kind;
    uint64_t seq; /* the first record that is not the one that was signed, or missing */
    uint32_t read;
    ph_journal_fault fault;
} verdict;

static void *reader_memory;

static ph_hash leaf_of(const ph_journal_batch *b, const ph_journal_record *r)
{
    ph_log_record leaf = {.seq = r->seq,
                          .at = r->at,
                          .event_check = r->events,
                          .previous = b->previous,
                          .events = b->events,
                          .bytes = r->bytes,
                          .size = r->size};
    return ph_log_leaf(&leaf);
}

/* The leaves of a journal that is right in itself; how many. */
static uint32_t read_leaves(memory_disk *d, ph_hash *ret)
{
    ph_journal_reader *r;
    ph_journal_fault fault;
    ph_journal_batch b;
    uint32_t cnt = 0;
    CHECK(ph_journal_reader_open(reader_memory, &d->disk, &r, &fault) == PH_OK);
    while (ph_journal_reader_next(r, &b, &fault) == PH_OK) {
        ph_journal_cursor cursor = {0};
        for (ph_journal_record one; ph_journal_record_next(&b, &cursor, &one);)
            ret[cnt++] = leaf_of(&b, &one);
    }
    ph_journal_reader_close(r);
    return cnt;
}

/* With `learn`, what is read is what is signed. */
static verdict judge(memory_disk *d, bool learn, batch_place *places, uint32_t *ret_batches)
{
    verdict v = {.kind = ACCEPTED};
    ph_journal_reader *r = NULL;
    ph_journal_batch b;
    uint32_t batches = 0;
    ph_status s = ph_journal_reader_open(reader_memory, &d->disk, &r, &v.fault);
    if (s == PH_OK) {
        while (v.kind == ACCEPTED && (s = ph_journal_reader_next(r, &b, &v.fault)) == PH_OK) {
            if (places != NULL) {
                CHECK(batches < BATCHES_MAX);
                batch_place *p = &places[batches++];
                snprintf(p->segment, sizeof p->segment, "%s", b.segment);
                p->offset = b.offset;
                p->size = b.size;
                p->first_seq = b.first_seq;
                p->record_cnt = b.record_cnt;
            }
            ph_journal_cursor cursor = {0};
            ph_journal_record one;
            while (ph_journal_record_next(&b, &cursor, &one)) {
                ph_hash leaf = leaf_of(&b, &one);
                CHECK(v.read < RECORDS_MAX);
                if (learn) signed_leaves[v.read] = leaf;
                bool same = v.read >= signed_cnt ||
                            memcmp(leaf.b, signed_leaves[v.read].b, sizeof leaf.b) == 0;
                if (!learn && !same && v.kind == ACCEPTED) {
                    v.kind = OTHER_RECORD;
                    v.seq = one.seq;
                }
                v.read++;
            }
        }
    }
    ph_journal_reader_close(r);
    if (ret_batches != NULL) *ret_batches = batches;
    if (v.kind != ACCEPTED) return v;
    if (s != PH_EEND && s != PH_ENOTFOUND) {
        v.kind = FAULT;
        v.seq = v.fault.seq;
    } else if (!learn && v.read < signed_cnt) {
        v.kind = SHORTER;
        v.seq = v.read + 1;
    }
    return v;
}

/* ---- Changes --------------------------------------------------------------------------------- */

static memory_disk *disk, *sibling, *stranger, *forged;
static batch_place places[BATCHES_MAX];
static uint32_t batch_cnt;
static int segments[SEGMENTS_MAX]; /* places in disk->seen_names, in order of number */
static int segment_cnt;
static history truth, other, foreign;

/* The first byte that a change touches: everything before it is as it was. */
typedef struct {
    const char *segment; /* NULL: a segment as a whole */
    uint64_t at;
    uint64_t seq;  /* the first record that may be wrong or missing */
    bool is_small; /* all of it is in that segment */
    bool is_plain; /* no interrupted write explains it */
} touched;

static memory_content *content_of(memory_disk *d, int name)
{
    return &d->seen[d->seen_names.v[name].file];
}

static uint64_t first_seq_of(int segment)
{
    return strtoull(disk->seen_names.v[segments[segment]].name, NULL, 10);
}

/* The first record of the batch at or behind a place; behind the last one: one more than all. */
static uint64_t seq_at(const char *segment, uint64_t at)
{
    uint64_t first = strtoull(segment, NULL, 10);
    for (uint32_t i = 0; i < batch_cnt; i++) {
        const batch_place *p = &places[i];
        uint64_t of = strtoull(p->segment, NULL, 10);
        if (of > first || (of == first && p->offset + p->size > at)) return p->first_seq;
    }
    return truth.cnt + 1;
}

static touched in_segment(int segment, uint64_t at)
{
    const char *name = disk->seen_names.v[segments[segment]].name;
    return (touched){name, at, seq_at(name, at), false, false};
}

static bool flip_one(uint64_t *seed, touched *ret)
{
    int segment = (int)chance(seed, (uint64_t)segment_cnt);
    memory_content *c = content_of(disk, segments[segment]);
    uint64_t at = chance(seed, c->size);
    flip_bit(&c->bytes[at], seed);
    *ret = in_segment(segment, at);
    ret->is_small = true;
    return true;
}

static bool scribble(uint64_t *seed, touched *ret)
{
    int segment = (int)chance(seed, (uint64_t)segment_cnt);
    memory_content *c = content_of(disk, segments[segment]);
    uint64_t at = chance(seed, c->size), size = 1 + chance(seed, 64);
    *ret = in_segment(segment, at);
    ret->is_small = true;
    for (; size > 0 && at < c->size; at++, size--)
        c->bytes[at] = (uint8_t)memory_chance(seed);
    return true;
}

static bool cut_segment(uint64_t *seed, touched *ret)
{
    int segment = (int)chance(seed, (uint64_t)segment_cnt);
    memory_content *c = content_of(disk, segments[segment]);
    c->size = chance(seed, c->size);
    *ret = in_segment(segment, c->size);
    return true;
}

static int segment_of(const batch_place *p)
{
    int i = 0;
    while (strcmp(disk->seen_names.v[segments[i]].name, p->segment) != 0)
        i++;
    return i;
}

static bool drop_batch(uint64_t *seed, touched *ret)
{
    const batch_place *p = &places[chance(seed, batch_cnt)];
    int segment = segment_of(p);
    memory_content *c = content_of(disk, segments[segment]);
    memmove(c->bytes + p->offset, c->bytes + p->offset + p->size, c->size - p->offset - p->size);
    memset(c->bytes + c->size - p->size, 0, p->size);
    *ret = in_segment(segment, p->offset);
    return true;
}

static bool double_batch(uint64_t *seed, touched *ret)
{
    const batch_place *p = &places[chance(seed, batch_cnt)];
    int segment = segment_of(p);
    memory_content *c = content_of(disk, segments[segment]);
    uint64_t end = p->offset + p->size;
    if (c->size + p->size > MEMORY_FILE_BYTES_MAX) return false;
    memmove(c->bytes + end + p->size, c->bytes + end, c->size - end);
    memcpy(c->bytes + end, c->bytes + p->offset, p->size);
    c->size += p->size;
    *ret = in_segment(segment, p->offset); /* either of the two may be called the wrong one */
    return true;
}

/* Two batches of equal size change places, wherever they are. */
static bool swap_batches(uint64_t *seed, touched *ret)
{
    static uint8_t room[MEMORY_FILE_BYTES_MAX];
    uint32_t i = (uint32_t)chance(seed, batch_cnt), j = (uint32_t)chance(seed, batch_cnt);
    const batch_place *a = &places[i < j ? i : j], *b = &places[i < j ? j : i];
    if (i == j || a->size != b->size) return false;
    uint8_t *pa = content_of(disk, segments[segment_of(a)])->bytes + a->offset;
    uint8_t *pb = content_of(disk, segments[segment_of(b)])->bytes + b->offset;
    memcpy(room, pa, a->size);
    memcpy(pa, pb, a->size);
    memcpy(pb, room, a->size);
    *ret = in_segment(segment_of(a), a->offset);
    return true;
}

static bool lose_segment(uint64_t *seed, touched *ret)
{
    int segment = (int)chance(seed, (uint64_t)segment_cnt);
    *ret = (touched){NULL, 0, first_seq_of(segment), false, false};
    memory_unname(&disk->seen_names, disk->seen_names.v[segments[segment]].name);
    return true;
}

static bool swap_segments(uint64_t *seed, touched *ret)
{
    int i = (int)chance(seed, (uint64_t)segment_cnt), j = (int)chance(seed, (uint64_t)segment_cnt);
    if (i == j) return false;
    memory_name *a = &disk->seen_names.v[segments[i]], *b = &disk->seen_names.v[segments[j]];
    int file = a->file;
    a->file = b->file;
    b->file = file;
    *ret = in_segment(i < j ? i : j, 0);
    return true;
}

/* Segments from one on are those of another journal. */
static bool take_segments(uint64_t *seed, touched *ret, const memory_disk *from)
{
    int first = (int)chance(seed, (uint64_t)segment_cnt);
    bool changed = false;
    for (int i = first; i < segment_cnt; i++) {
        const char *name = disk->seen_names.v[segments[i]].name;
        int there = memory_find(&from->seen_names, name);
        if (there < 0) continue;
        const memory_content *c = &from->seen[from->seen_names.v[there].file];
        memory_content *mine = content_of(disk, segments[i]);
        if (!changed && c->size == mine->size && memcmp(c->bytes, mine->bytes, c->size) == 0)
            continue;
        if (!changed) *ret = in_segment(i, 0);
        changed = true;
        memcpy(mine->bytes, c->bytes, c->size);
        mine->size = c->size;
    }
    return changed;
}

static bool splice_sibling(uint64_t *seed, touched *ret)
{
    return take_segments(seed, ret, sibling);
}

static bool splice_stranger(uint64_t *seed, touched *ret)
{
    return take_segments(seed, ret, stranger);
}

/* A copy of a segment under a number that no segment has. */
static bool double_segment(uint64_t *seed, touched *ret)
{
    int segment = (int)chance(seed, (uint64_t)segment_cnt);
    uint64_t number = 1 + chance(seed, truth.cnt + 40);
    char name[PH_JOURNAL_NAME_SIZE];
    snprintf(name, sizeof name, "%020" PRIu64 ".phj", number);
    if (memory_find(&disk->seen_names, name) >= 0) return false;
    memory_give_name(&disk->seen_names, name, disk->seen_names.v[segments[segment]].file);
    int before = 0; /* the segment before it: what follows that one is in doubt */
    while (before + 1 < segment_cnt && first_seq_of(before + 1) < number)
        before++;
    *ret = (touched){NULL, 0, first_seq_of(before), false, true};
    return true;
}

/* The names of the true journal, the bytes of one that was written anew. */
static void become(const memory_disk *from)
{
    disk->seen_names = from->seen_names;
    disk->file_cnt = from->file_cnt;
    for (int i = 0; i < from->file_cnt; i++) {
        disk->seen[i].size = from->seen[i].size;
        memcpy(disk->seen[i].bytes, from->seen[i].bytes, from->seen[i].size);
    }
}

/* A history with one record changed, under checksums and a chain that are right again. */
static bool write_anew(uint64_t *seed, touched *ret,
                       bool (*change)(history *h, uint32_t i, uint64_t *seed))
{
    static history h;
    h = truth;
    uint32_t i = (uint32_t)chance(seed, h.cnt - 1);
    if (!change(&h, i, seed)) return false;
    write_journal(forged, &h, "market.example");
    become(forged);
    /* The digest of a batch is in the leaf of all its records. */
    uint32_t first = i + 1;
    while (first > 1 && !truth.v[first - 2].ends_batch)
        first--;
    *ret = (touched){NULL, 0, first, false, false};
    return true;
}

static bool change_command(history *h, uint32_t i, uint64_t *seed)
{
    static uint8_t changed[PH_COMMAND_BYTES_MAX]; /* the history that is written refers to it */
    record *r = &h->v[i];
    memcpy(changed, r->command, r->command_size);
    flip_bit(&changed[chance(seed, r->command_size)], seed);
    r->command = changed;
    return true;
}

static bool drop_command(history *h, uint32_t i, uint64_t *seed)
{
    (void)seed;
    memmove(&h->v[i], &h->v[i + 1], (h->cnt - i - 1) * sizeof h->v[0]);
    h->cnt--;
    return true;
}

static bool double_command(history *h, uint32_t i, uint64_t *seed)
{
    (void)seed;
    if (h->cnt == RECORDS_MAX) return false;
    memmove(&h->v[i + 1], &h->v[i], (h->cnt - i) * sizeof h->v[0]);
    h->v[i].ends_batch = false;
    h->cnt++;
    return true;
}

/* Two neighbours; stamps and batches stay where they are. */
static bool swap_commands(history *h, uint32_t i, uint64_t *seed)
{
    (void)seed;
    record *r = &h->v[i], first = r[0], then = r[1];
    r[0] = then;
    r[0].at = first.at;
    r[0].ends_batch = first.ends_batch;
    r[1] = first;
    r[1].at = then.at;
    r[1].ends_batch = then.ends_batch;
    return first.command_size != then.command_size ||
           memcmp(first.command, then.command, first.command_size) != 0;
}

/* What a client sent once, again at a later time, when its events are told as those of before. */
static bool replay_command(history *h, uint32_t i, uint64_t *seed)
{
    uint32_t to = i + (uint32_t)chance(seed, h->cnt - i);
    if (h->cnt == RECORDS_MAX) return false;
    record again = h->v[i];
    memmove(&h->v[to + 1], &h->v[to], (h->cnt - to) * sizeof h->v[0]);
    again.at = h->v[to].at;
    again.ends_batch = false;
    h->v[to] = again;
    h->cnt++;
    return true;
}

/* ---- Two histories under one key ------------------------------------------------------------- */

static ph_hash forged_leaves[RECORDS_MAX];

static ph_status subtree(void *arg, unsigned height, uint64_t index, ph_hash *ret)
{
    static ph_hash tree[2 * RECORDS_MAX];
    const ph_hash *v = (const ph_hash *)arg + (index << height);
    uint32_t cnt = UINT32_C(1) << height;
    memcpy(tree, v, cnt * sizeof tree[0]);
    if (cnt > 1) ph_merkle_build(tree, cnt);
    *ret = cnt > 1 ? ph_merkle_root(tree, cnt) : *v;
    return PH_OK;
}

/* A tree of `new_cnt` leaves is proved to begin with one of `old_cnt`, by whichever of the two
   histories the proof is made from. */
static bool is_proved(ph_hash *old, uint64_t old_cnt, ph_hash *new, uint64_t new_cnt)
{
    ph_hash old_root, new_root;
    ph_hash_source of_old = {subtree, old}, of_new = {subtree, new};
    CHECK(ph_log_root(&of_old, old_cnt, &old_root) == PH_OK);
    CHECK(ph_log_root(&of_new, new_cnt, &new_root) == PH_OK);
    if (old_cnt == new_cnt) return memcmp(&old_root, &new_root, sizeof old_root) == 0;
    for (int i = 0; i < 2; i++) {
        ph_hash_source from = i == 0 ? of_old : of_new;
        ph_log_path path;
        CHECK(ph_log_prove_growth(&from, old_cnt, new_cnt, &path) == PH_OK);
        ph_merkle_growth g = {old_cnt, new_cnt, path.v[0].b, path.cnt};
        if (ph_merkle_extends(&g, &old_root, &new_root)) return true;
    }
    return false;
}

/* Two logs are spliced, the result is written with right checksums and a right chain, and the real
   key signs its checkpoints: the journal and its log agree.  Who holds one checkpoint of each
   history has the proof: no growth leads from the one to the other beyond what they share. */
static bool splice_and_sign(uint64_t *seed, touched *ret)
{
    static history h;
    uint32_t split = (uint32_t)chance(seed, truth.cnt - 2);
    while (split > 0 && !truth.v[split - 1].ends_batch)
        split--;
    h = truth;
    h.cnt = split;
    for (uint32_t i = split; i < other.cnt && h.cnt < RECORDS_MAX; i++)
        h.v[h.cnt++] = other.v[i];
    write_journal(forged, &h, "market.example");
    become(forged);
    ph_hash *was = forged_leaves;
    uint32_t cnt = read_leaves(disk, was), common = 0, shorter = cnt < truth.cnt ? cnt : truth.cnt;
    while (common < shorter && memcmp(was[common].b, signed_leaves[common].b, sizeof was[0].b) == 0)
        common++;
    if (common == shorter) return false; /* the other one goes on as this one does */
    uint64_t size = common + 1 + chance(seed, shorter - common);
    CHECK(!is_proved(signed_leaves, size, was, cnt) &&
          !is_proved(was, size, signed_leaves, signed_cnt));
    CHECK(common == 0 || is_proved(signed_leaves, common, was, cnt));
    *ret = (touched){NULL, 0, common + 1, false, true};
    return true;
}

/* ---- The run --------------------------------------------------------------------------------- */

static memory_disk *pristine;

static void restore(void)
{
    become(pristine);
}

static uint8_t byte_of(const memory_content *c, uint64_t at)
{
    return at < c->size ? c->bytes[at] : 0;
}

/* Every batch is as it was.  What stands behind the last one may be a write that was interrupted:
   nobody acknowledged it, and the engine cuts it off when it starts; zeros at the end of a file are
   as good as missing. */
static bool is_behind_the_end(void)
{
    for (uint32_t i = 0; i < batch_cnt; i++) {
        const batch_place *p = &places[i];
        int segment = segment_of(p);
        const memory_content *now = content_of(disk, segments[segment]);
        const memory_content *was = content_of(pristine, segments[segment]);
        for (uint64_t at = p->offset; at < p->offset + p->size; at++) {
            if (byte_of(now, at) != byte_of(was, at)) return false;
        }
    }
    return true;
}

/* Nothing before the change is blamed, and a small one is found where it is. */
static void check_place(const verdict *v, const touched *t)
{
    CHECK(v->seq == 0 || v->seq >= t->seq);
    if (v->kind != FAULT) return;
    CHECK(strstr(v->fault.text, ".phj") != NULL);
    if (t->is_small && strstr(v->fault.text, t->segment) == NULL)
        attack_stop(v->fault.text, __FILE__, __LINE__);
}

static void sort_segments(void)
{
    segment_cnt = 0;
    for (int i = 0; i < disk->seen_names.cnt; i++) {
        if (strstr(disk->seen_names.v[i].name, ".phj") == NULL) continue;
        int at = segment_cnt++;
        CHECK(segment_cnt <= SEGMENTS_MAX);
        for (; at > 0 &&
               strcmp(disk->seen_names.v[segments[at - 1]].name, disk->seen_names.v[i].name) > 0;
             at--)
            segments[at] = segments[at - 1];
        segments[at] = i;
    }
}

static void begin_journals(void)
{
    CHECK(sodium_init() >= 0);
    writer_memory = a_journal_room(ph_journal_footprint());
    reader_memory = a_journal_room(ph_journal_reader_footprint());
    memory_disk **all[] = {&disk, &sibling, &stranger, &forged, &pristine};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *all[i] = calloc(1, sizeof **all[i]);
        CHECK(*all[i] != NULL);
    }
    live(&truth, "market.example", 0);
    live(&other, "market.example", ROUNDS / 2);
    live(&foreign, "market.elsewhere", 0);
    write_journal(disk, &truth, "market.example");
    write_journal(sibling, &other, "market.example");
    write_journal(stranger, &foreign, "market.elsewhere");
    memcpy(pristine, disk, sizeof *pristine);
    sort_segments();
    verdict v = judge(disk, true, places, &batch_cnt);
    CHECK(v.kind == ACCEPTED && v.read == truth.cnt && segment_cnt > 4);
    signed_cnt = v.read;
    v = judge(disk, false, NULL, NULL);
    CHECK(v.kind == ACCEPTED);
    v = judge(sibling, false, NULL, NULL);
    CHECK(v.kind == OTHER_RECORD); /* right in itself */
}

static void end_journals(void)
{
    history *all[] = {&truth, &other, &foreign};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (uint32_t r = 0; r < all[i]->cnt; r++) {
            free(all[i]->v[r].command);
            free(all[i]->v[r].events);
        }
    }
    free(writer_memory);
    free(reader_memory);
    free(disk);
    free(sibling);
    free(stranger);
    free(forged);
    free(pristine);
}

typedef bool change(uint64_t *seed, touched *ret);

static attack_end judge_change(change *how, uint64_t *seed)
{
    touched t = {NULL, 0, 0, false, false};
    attack_end end = NOTHING;
    if (how(seed, &t)) {
        verdict v = judge(disk, false, NULL, NULL);
        end = v.kind == ACCEPTED ? HARMLESS : FOUND;
        if (end == FOUND)
            check_place(&v, &t);
        else
            CHECK(!t.is_plain && v.read == truth.cnt && is_behind_the_end());
    }
    restore();
    return end;
}

/* One of the ways of a kind. */
static attack_end one_of(uint64_t *seed, change *const *ways, uint32_t cnt)
{
    return judge_change(ways[chance(seed, cnt)], seed);
}

static bool drop_record(uint64_t *seed, touched *ret)
{
    return write_anew(seed, ret, drop_command);
}

static bool double_record(uint64_t *seed, touched *ret)
{
    return write_anew(seed, ret, double_command);
}

static bool swap_records(uint64_t *seed, touched *ret)
{
    return write_anew(seed, ret, swap_commands);
}

static bool replay_record(uint64_t *seed, touched *ret)
{
    return write_anew(seed, ret, replay_command);
}

static bool change_record(uint64_t *seed, touched *ret)
{
    return write_anew(seed, ret, change_command);
}

#define CELL(name, ...)                                                      \
    static attack_end name(uint64_t *seed, change_text *how)                 \
    {                                                                        \
        static change *const ways[] = {__VA_ARGS__};                         \
        (void)how;                                                           \
        return one_of(seed, ways, (uint32_t)(sizeof ways / sizeof ways[0])); \
    }

CELL(journal_flip, flip_one, flip_one, scribble)
CELL(journal_drop, drop_batch, lose_segment, drop_record)
CELL(journal_double, double_batch, double_segment, double_record)
CELL(journal_swap, swap_batches, swap_segments, swap_records)
CELL(journal_cut, cut_segment)
CELL(journal_splice, splice_sibling, splice_stranger)
CELL(journal_fork, splice_and_sign)
CELL(journal_replay, replay_record)
CELL(journal_terms, change_record)

const attacked attacked_journal = {.name = "journal",
                                   .each = 2500,
                                   .begin = begin_journals,
                                   .end = end_journals,
                                   .cells = {[FLIP] = {.run = journal_flip, .times = 24},
                                             [DROP] = {.run = journal_drop},
                                             [DOUBLE] = {.run = journal_double},
                                             [SWAP] = {.run = journal_swap},
                                             [CUT] = {.run = journal_cut},
                                             [SPLICE] = {.run = journal_splice},
                                             [FORKED] = {.run = journal_fork},
                                             [REPLAY] = {.run = journal_replay},
                                             [TERMS] = {.run = journal_terms}}};
