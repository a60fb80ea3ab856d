/* SPDX-License-Identifier: Apache-2.0 */
/*  Tiles of a log and snapshots beside a journal: "verify". */
#include <string.h>

#include "clients/audit/walk.h"
#include "engine/journal/state_file.h"
#include "engine/replay/market_file.h"
#include "tests/prop/attack_logs.h"
#include "tests/unit/a_folder.h"

static int verify(const char *log)
{
    ph_audit_request q = {
        .journal = logs[TRUE_LOG].journal, .log = log, .key = notary_hex, .quiet = true};
    return judge(ph_audit_verify, &q);
}

/* ---- Tiles ----------------------------------------------------------------------------------- */

enum { FULL, EDGE, ABOVE, TILES };

static char tiles[TILES][PH_TILE_PATH_MAX];

static void begin_tiles(void)
{
    (void)attack_logs_begin(); /* its folder is in the paths */
    ph_tile full = {0, 0, PH_TILE_WIDTH};
    ph_tile edge = ph_tile_edge(logs[TRUE_LOG].cnt, 0), above = ph_tile_edge(logs[TRUE_LOG].cnt, 1);
    (void)ph_tile_path(&full, tiles[FULL]); /* each gives its last argument */
    (void)ph_tile_path(&edge, tiles[EDGE]);
    (void)ph_tile_path(&above, tiles[ABOVE]);
}

typedef struct {
    uint8_t v[2 * PH_TILE_BYTES];
    size_t size;
} tile_bytes;

static tile_bytes read_tile(const char *name)
{
    tile_bytes t;
    t.size = a_folder_read(logs[TRUE_LOG].folder, name, t.v, sizeof t.v);
    return t;
}

static void write_tile(const char *name, const tile_bytes *t)
{
    a_folder_write(logs[TRUE_LOG].folder, name, t->v, t->size);
}

/* Tiles were changed, of which `name` is one; the journal itself is still the one that was signed.
   The newest tiles of all levels give the root together, so these are named together. */
static attack_end judge_tiles(const char *name)
{
    CHECK(verify(logs[TRUE_LOG].folder) == PH_AUDIT_WRONG);
    CHECK(is_said(name) && is_said("tile"));
    CHECK(is_said("the journal is the one that was signed: its log can be made again"));
    return FOUND;
}

static attack_end tile_changed(uint64_t *seed, void (*change)(tile_bytes *t, uint64_t *seed))
{
    const char *name = tiles[chance(seed, TILES)];
    tile_bytes was = read_tile(name), now = was;
    change(&now, seed);
    if (now.size == was.size && memcmp(now.v, was.v, now.size) == 0) return NOTHING;
    write_tile(name, &now);
    attack_end end = judge_tiles(name);
    write_tile(name, &was);
    return end;
}

static void flip_in_tile(tile_bytes *t, uint64_t *seed)
{
    flip_bit(&t->v[chance(seed, t->size)], seed);
}

static void drop_in_tile(tile_bytes *t, uint64_t *seed)
{
    size_t at = 32 * chance(seed, t->size / 32);
    memmove(t->v + at, t->v + at + 32, t->size - at - 32);
    t->size -= 32;
}

static void double_in_tile(tile_bytes *t, uint64_t *seed)
{
    size_t at = 32 * chance(seed, t->size / 32);
    memmove(t->v + at + 32, t->v + at, t->size - at);
    t->size += 32;
}

static void swap_in_tile(tile_bytes *t, uint64_t *seed)
{
    uint8_t one[32];
    size_t i = 32 * chance(seed, t->size / 32), j = 32 * chance(seed, t->size / 32);
    memcpy(one, t->v + i, 32);
    memcpy(t->v + i, t->v + j, 32);
    memcpy(t->v + j, one, 32);
}

static void cut_tile(tile_bytes *t, uint64_t *seed)
{
    t->size = chance(seed, t->size);
}

/* A leaf of another log. */
static void splice_tile(tile_bytes *t, uint64_t *seed)
{
    const market_log *from = &logs[FORK + chance(seed, 2)];
    memcpy(t->v + 32 * chance(seed, t->size / 32), from->leaves[chance(seed, from->cnt)].b, 32);
}

static attack_end tile_flip(uint64_t *seed, change_text *how)
{
    (void)how;
    return tile_changed(seed, flip_in_tile);
}

/* A hash, or the whole file. */
static attack_end tile_drop(uint64_t *seed, change_text *how)
{
    (void)how;
    if (chance(seed, 2) == 0) return tile_changed(seed, drop_in_tile);
    const char *name = tiles[chance(seed, TILES)];
    tile_bytes was = read_tile(name);
    a_folder_unlink(logs[TRUE_LOG].folder, name);
    attack_end end = judge_tiles(name);
    CHECK(is_said("is missing"));
    write_tile(name, &was);
    return end;
}

static attack_end tile_double(uint64_t *seed, change_text *how)
{
    (void)how;
    return tile_changed(seed, double_in_tile);
}

/* Two hashes, or two files. */
static attack_end tile_swap(uint64_t *seed, change_text *how)
{
    (void)how;
    if (chance(seed, 2) == 0) return tile_changed(seed, swap_in_tile);
    uint64_t i = chance(seed, TILES), j = (i + 1 + chance(seed, TILES - 1)) % TILES;
    tile_bytes a = read_tile(tiles[i]), b = read_tile(tiles[j]);
    write_tile(tiles[i], &b);
    write_tile(tiles[j], &a);
    /* Those of the edge are looked at first, from below. */
    attack_end end = judge_tiles(tiles[i == EDGE || j == EDGE ? EDGE : ABOVE]);
    write_tile(tiles[i], &a);
    write_tile(tiles[j], &b);
    return end;
}

static attack_end tile_cut(uint64_t *seed, change_text *how)
{
    (void)how;
    return tile_changed(seed, cut_tile);
}

static attack_end tile_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    return tile_changed(seed, splice_tile);
}

/* The log of a fork, whole and signed with the real key: the first record is named that the
   journal has otherwise, or that it does not have. */
static attack_end tile_fork(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = PH_TILE_WIDTH - chance(seed, PH_TILE_WIDTH); /* its tiles are there */
    if (chance(seed, 8) == 0) cnt = logs[FORK].cnt;
    text note = checkpoint_of(FORK, cnt, &by_notary);
    text newest = checkpoint_of(FORK, logs[FORK].cnt, &by_notary);
    logs_show(FORK, &note);
    int status = verify(logs[FORK].folder);
    logs_show(FORK, &newest);
    if (cnt <= common) {
        CHECK(status == PH_AUDIT_RIGHT);
        return HARMLESS;
    }
    char record[80];
    snprintf(record, sizeof record, "record %" PRIu64 " is not the one that the log signed",
             common + 1);
    CHECK(status == PH_AUDIT_WRONG && is_said(record));
    CHECK(is_said("the journal is not the one whose checkpoint") || is_said("the journal has "));
    return FOUND;
}

static attack_end tile_other_key(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = PH_TILE_WIDTH - chance(seed, PH_TILE_WIDTH);
    text note = checkpoint_of(TRUE_LOG, cnt, &by_attacker);
    text newest = checkpoint_of(TRUE_LOG, logs[TRUE_LOG].cnt, &by_notary);
    logs_show(TRUE_LOG, &note);
    int status = verify(logs[TRUE_LOG].folder);
    logs_show(TRUE_LOG, &newest);
    CHECK(status == PH_AUDIT_WRONG && is_said("/checkpoint\" is not signed by this key"));
    return FOUND;
}

const attacked attacked_tile = {.name = "tile",
                                .each = 150,
                                .begin = begin_tiles,
                                .cells = {[FLIP] = {.run = tile_flip},
                                          [DROP] = {.run = tile_drop},
                                          [DOUBLE] = {.run = tile_double},
                                          [SWAP] = {.run = tile_swap},
                                          [CUT] = {.run = tile_cut},
                                          [SPLICE] = {.run = tile_splice},
                                          [FORKED] = {.run = tile_fork},
                                          [OTHER_KEY] = {.run = tile_other_key}}};

/* ---- Snapshots ------------------------------------------------------------------------------- */

enum { STATES = 3, STATE_BYTES = 3000, FILE_BYTES = PH_STATE_FILE_HEAD + STATE_BYTES };

typedef struct {
    uint8_t v[FILE_BYTES + 64];
    size_t size;
} state_bytes;

static char states_folder[256];
static ph_state_head heads[STATES];
static state_bytes states[STATES];

static void give_state(const void *state, void (*put)(void *arg, const void *bytes, size_t n),
                       void *arg)
{
    put(arg, state, STATE_BYTES);
}

static const char *name_of(uint64_t seq)
{
    static char name[PH_STATE_FILE_NAME_SIZE];
    ph_state_file_name(seq, name);
    return name;
}

static void write_state(const ph_state_head *head, uint64_t of)
{
    uint8_t state[STATE_BYTES];
    ph_disk_posix d;
    for (size_t i = 0; i < sizeof state; i++)
        state[i] = (uint8_t)memory_chance(&of);
    CHECK(ph_disk_posix_open(states_folder, true, &d) == PH_OK);
    CHECK(ph_state_file_write(&d.disk, head, give_state, state, STATES + 1) == PH_OK);
    ph_disk_posix_close(&d);
}

/* The place of a batch's end. */
static ph_state_head head_at(log_kind of, uint64_t seq)
{
    ph_walk w;
    ph_journal_batch b;
    bool is_end = false;
    ph_state_head h = {.seq = 0};
    CHECK(ph_walk_open(logs[of].journal, &w) == PH_AUDIT_RIGHT);
    while (h.seq < seq && ph_walk_next(&w, &b, &is_end) == PH_AUDIT_RIGHT && !is_end) {
        h = (ph_state_head){
            .seq = b.first_seq + b.record_cnt - 1, .at = b.last_at, .chain = b.chain};
    }
    ph_walk_close(&w);
    CHECK(ph_text_set(h.market.s, sizeof h.market.s, logs[of].market));
    return h;
}

static void restore_states(void)
{
    a_folder_clear(states_folder, ".phs");
    for (int i = 0; i < STATES; i++)
        a_folder_write(states_folder, name_of(heads[i].seq), states[i].v, states[i].size);
}

static void begin_states(void)
{
    (void)attack_logs_begin();
    snprintf(states_folder, sizeof states_folder, "%s/%s", logs[TRUE_LOG].journal,
             PH_MARKET_FILE_FOLDER);
    for (uint32_t i = 0; i < STATES; i++) {
        heads[i] = head_at(TRUE_LOG, (i + 1) * logs[TRUE_LOG].cnt / (STATES + 1));
        write_state(&heads[i], i);
        states[i].size =
            a_folder_read(states_folder, name_of(heads[i].seq), states[i].v, sizeof states[i].v);
        CHECK(states[i].size == FILE_BYTES);
    }
    CHECK(verify(NULL) == PH_AUDIT_RIGHT && is_shown("snapshots 3, of this chain"));
}

static void end_states(void)
{
    a_folder_clear(states_folder, ".phs");
}

/* These snapshots are wrong, by number, and no other; the journal is whole all the same. */
static attack_end judge_states(const uint64_t *wrong, size_t cnt)
{
    char said[64];
    CHECK(verify(NULL) == PH_AUDIT_WRONG);
    size_t named = 0;
    for (const char *at = said_err; (at = strstr(at, "snapshot \"")) != NULL; at++)
        named++;
    CHECK(named == cnt && is_said("the journal is whole, and needs no snapshot"));
    for (size_t i = 0; i < cnt; i++) {
        snprintf(said, sizeof said, "snapshot \"%s\": ", name_of(wrong[i]));
        CHECK(is_said(said));
    }
    restore_states();
    return FOUND;
}

static attack_end state_changed(int i, const state_bytes *now)
{
    if (now->size == states[i].size && memcmp(now->v, states[i].v, now->size) == 0) return NOTHING;
    a_folder_write(states_folder, name_of(heads[i].seq), now->v, now->size);
    return judge_states(&heads[i].seq, 1);
}

static attack_end state_flip(uint64_t *seed, change_text *how)
{
    (void)how;
    int i = (int)chance(seed, STATES);
    state_bytes now = states[i];
    flip_bit(&now.v[chance(seed, now.size)], seed);
    return state_changed(i, &now);
}

/* Bytes of a file, or the whole: of that nothing is said, because none is needed. */
static attack_end state_drop(uint64_t *seed, change_text *how)
{
    (void)how;
    int i = (int)chance(seed, STATES);
    state_bytes now = states[i];
    size_t at = chance(seed, now.size), size = 1 + chance(seed, 64);
    if (chance(seed, 8) == 0) {
        a_folder_unlink(states_folder, name_of(heads[i].seq));
        CHECK(verify(NULL) == PH_AUDIT_RIGHT && is_shown("snapshots 2, of this chain"));
        restore_states();
        return HARMLESS;
    }
    if (size > now.size - at) size = now.size - at;
    memmove(now.v + at, now.v + at + size, now.size - at - size);
    now.size -= size;
    return state_changed(i, &now);
}

/* Bytes of a file, or the whole under another number. */
static attack_end state_double(uint64_t *seed, change_text *how)
{
    (void)how;
    int i = (int)chance(seed, STATES);
    state_bytes now = states[i];
    if (chance(seed, 2) == 0) {
        uint64_t seq = 1 + chance(seed, logs[TRUE_LOG].cnt + 10);
        for (int k = 0; k < STATES; k++)
            if (heads[k].seq == seq) return NOTHING;
        a_folder_write(states_folder, name_of(seq), now.v, now.size);
        return judge_states(&seq, 1);
    }
    size_t at = chance(seed, now.size), size = 1 + chance(seed, 64);
    if (size > now.size - at) size = now.size - at;
    memmove(now.v + at + size, now.v + at, now.size - at);
    now.size += size;
    return state_changed(i, &now);
}

static attack_end state_swap(uint64_t *seed, change_text *how)
{
    (void)how;
    int i = (int)chance(seed, STATES), j = (i + 1 + (int)chance(seed, STATES - 1)) % STATES;
    uint64_t wrong[] = {heads[i].seq, heads[j].seq};
    a_folder_write(states_folder, name_of(heads[i].seq), states[j].v, states[j].size);
    a_folder_write(states_folder, name_of(heads[j].seq), states[i].v, states[i].size);
    return judge_states(wrong, 2);
}

static attack_end state_cut(uint64_t *seed, change_text *how)
{
    (void)how;
    int i = (int)chance(seed, STATES);
    state_bytes now = states[i];
    now.size = chance(seed, now.size);
    return state_changed(i, &now);
}

/* The head of one and the state of another, or one of another market. */
static attack_end state_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    int i = (int)chance(seed, STATES), j = (i + 1 + (int)chance(seed, STATES - 1)) % STATES;
    if (chance(seed, 2) == 0) {
        ph_state_head foreign = heads[i];
        CHECK(ph_text_set(foreign.market.s, sizeof foreign.market.s, ELSEWHERE));
        write_state(&foreign, *seed);
        return judge_states(&heads[i].seq, 1);
    }
    state_bytes now = states[i];
    size_t at = 1 + chance(seed, FILE_BYTES - 1);
    memcpy(now.v + at, states[j].v + at, now.size - at);
    return state_changed(i, &now);
}

/* Whole, with a right digest, of the fork: of a record that the journal has too. */
static attack_end state_fork(uint64_t *seed, change_text *how)
{
    (void)how;
    ph_state_head head = head_at(FORK, common + 1 + chance(seed, logs[FORK].cnt - common));
    for (int k = 0; k < STATES; k++)
        if (heads[k].seq == head.seq) a_folder_unlink(states_folder, name_of(head.seq));
    write_state(&head, *seed);
    return judge_states(&head.seq, 1);
}

const attacked attacked_snapshot = {.name = "snapshot",
                                    .each = 150,
                                    .begin = begin_states,
                                    .end = end_states,
                                    .cells = {[FLIP] = {.run = state_flip},
                                              [DROP] = {.run = state_drop},
                                              [DOUBLE] = {.run = state_double},
                                              [SWAP] = {.run = state_swap},
                                              [CUT] = {.run = state_cut},
                                              [SPLICE] = {.run = state_splice},
                                              [FORKED] = {.run = state_fork}}};
