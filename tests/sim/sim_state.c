/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/sim/sim_state.c - snapshots on a disk that tears, reorders, loses, refuses and rots, by
    seed: written, killed or without power, read, for several lives.

    Laws, after every end: the newest snapshot that can be read is at least the newest that was
    written to the end; whatever can be read has, byte for byte, the state of its number; nothing is
    there that nobody wrote.  A bit that rots takes the one snapshot that it is in, and no other.

      sim_state [SEED [LAST_SEED]]        without arguments PH_SEEDS seeds (1000) from 0 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/journal/state_file.h"
#include "tests/sim/memory_disk.h"

enum { LIVES = 4, WRITES_MAX = 5, STATE_MAX = 40000, KEPT = 2, CALLS = 12 };

typedef struct {
    memory_disk *disk;
    uint64_t seed;
    uint64_t written; /* the newest that is there for certain */
    uint64_t tried;   /* the newest that may be there */
    uint64_t found, lost, refused, rotten;
} world;

static uint8_t state[STATE_MAX], got[STATE_MAX];

static void fail(const world *w, const char *what)
{
    fprintf(stderr, "seed %llu: %s\n", (unsigned long long)w->seed, what);
    exit(EXIT_FAILURE);
}

/* The state of a number: a size and bytes that follow from it. */
static size_t state_of(uint64_t seq, uint8_t to[STATE_MAX])
{
    uint64_t seed = seq;
    size_t size = 1 + (size_t)(memory_chance(&seed) % STATE_MAX);
    for (size_t i = 0; i < size; i += 8) {
        uint64_t v = memory_chance(&seed) % 5 == 0 ? 0 : memory_chance(&seed);
        memcpy(to + i, &v, size - i < 8 ? size - i : 8);
    }
    return size;
}

typedef struct {
    const uint8_t *bytes;
    size_t size;
} piece;

static void source(const void *arg, void (*put)(void *to, const void *bytes, size_t n), void *to)
{
    const piece *p = arg;
    for (size_t at = 0; at < p->size; at += 7001)
        put(to, p->bytes + at, p->size - at < 7001 ? p->size - at : 7001);
}

static ph_status write_next(world *w)
{
    uint64_t seq = ++w->tried;
    ph_state_head head = {.seq = seq, .at = {seq * 10}, .market = {"sim.petahour"}};
    piece p = {state, state_of(seq, state)};
    ph_status s = ph_state_file_write(&w->disk->disk, &head, source, &p, KEPT);
    if (s == PH_OK) w->written = seq;
    return s;
}

/* True if it can be read; then it is right. */
static bool is_readable(const world *w, uint64_t seq)
{
    ph_state_head head;
    if (ph_state_file_read(&w->disk->disk, seq, got, sizeof got, &head) != PH_OK) return false;
    size_t size = state_of(seq, state);
    if (head.seq != seq || head.at.ns != seq * 10 || head.size != size ||
        memcmp(got, state, size) != 0)
        fail(w, "a snapshot has other bytes");
    return true;
}

static uint64_t newest(const world *w)
{
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt;
    if (ph_state_file_list(&w->disk->disk, there, &cnt) != PH_OK) fail(w, "no list");
    for (uint32_t i = 0; i < cnt; i++) {
        if (there[i] == 0 || there[i] > w->tried) fail(w, "a snapshot that nobody wrote");
        if (is_readable(w, there[i])) return there[i];
    }
    return 0;
}

static void live(world *w)
{
    uint64_t chosen = memory_chance(&w->disk->seed);
    int call = (int)(memory_chance(&w->disk->seed) % (WRITES_MAX * CALLS));
    w->disk->calls = 0;
    w->disk->dies_at = chosen % 2 == 0 ? call : -1;
    w->disk->fails_at = chosen % 4 == 1 ? call : -1;
    w->disk->fails_ever = chosen % 8 == 1;
    w->disk->failure = chosen % 16 < 8 ? PH_EIO : PH_EFULL;
    for (int i = 0; i < WRITES_MAX; i++) {
        uint64_t before = w->written;
        ph_status s = write_next(w);
        if (s == PH_OK) continue;
        if (!w->disk->is_dead && (w->disk->fails_at < 0 || s != w->disk->failure))
            fail(w, "a refusal is told as another one");
        w->refused += !w->disk->is_dead;
        if (newest(w) < before) fail(w, "a write that failed took an older one away");
        if (w->disk->is_dead) break;
    }
}

/* A bit of one of the snapshots flips. */
static void rot(world *w)
{
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt = 0, readable = 0, left = 0;
    if (ph_state_file_list(&w->disk->disk, there, &cnt) != PH_OK || cnt == 0) return;
    for (uint32_t i = 0; i < cnt; i++)
        readable += is_readable(w, there[i]);
    char name[MEMORY_NAME_SIZE];
    uint64_t seq = there[memory_chance(&w->disk->seed) % cnt];
    snprintf(name, sizeof name, "%020llu.phs", (unsigned long long)seq);
    bool was_readable = is_readable(w, seq);
    int i = memory_find(&w->disk->seen_names, name);
    if (i < 0) fail(w, "a snapshot that is listed has no file");
    memory_content *c = &w->disk->seen[w->disk->seen_names.v[i].file];
    if (c->size == 0) return;
    uint64_t bit = memory_chance(&w->disk->seed) % (8 * c->size);
    c->bytes[bit / 8] = (uint8_t)(c->bytes[bit / 8] ^ 1U << bit % 8);
    if (is_readable(w, seq)) fail(w, "a rotten snapshot is read");
    for (uint32_t k = 0; k < cnt; k++)
        left += is_readable(w, there[k]);
    if (left != readable - (was_readable ? 1 : 0)) fail(w, "rot took another snapshot away");
    w->rotten++;
}

static void run(world *w, uint64_t seed)
{
    memory_begin(w->disk, seed);
    w->seed = seed;
    w->written = w->tried = 0;
    for (int life = 0; life < LIVES; life++) {
        live(w);
        bool is_durable = memory_chance(&w->disk->seed) % 3 != 0;
        if (!is_durable)
            memory_restart(w->disk);
        else
            memory_lose_power(w->disk);
        uint64_t found = newest(w);
        if (found < w->written) fail(w, "a snapshot that was written is gone");
        w->found += found > w->written;
        w->lost += found < w->tried;
        if (is_durable) w->written = found; /* or a loss of power can still take it */
    }
    rot(w);
}

int main(int argc, char **argv)
{
    const char *seeds = getenv("PH_SEEDS");
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t last = argc > 2   ? strtoull(argv[2], NULL, 10)
                    : argc > 1 ? first
                               : (seeds != NULL ? strtoull(seeds, NULL, 10) : 1000) - 1;
    world w = {.disk = calloc(1, sizeof(memory_disk))};
    if (w.disk == NULL) abort();
    for (uint64_t seed = first; seed <= last; seed++)
        run(&w, seed);
    printf("%llu seeds, %llu refused, %llu lost, %llu there though nobody was told, %llu rotten\n",
           (unsigned long long)(last - first + 1), (unsigned long long)w.refused,
           (unsigned long long)w.lost, (unsigned long long)w.found, (unsigned long long)w.rotten);
    bool is_blind =
        last - first >= 200 && (w.refused == 0 || w.lost == 0 || w.found == 0 || w.rotten == 0);
    if (is_blind) fprintf(stderr, "the seeds never refused, lost or rotted\n");
    free(w.disk);
    return is_blind ? EXIT_FAILURE : EXIT_SUCCESS;
}
