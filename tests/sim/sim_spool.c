/* SPDX-License-Identifier: Apache-2.0 */
/*  The spool of an engine and its index on a folder that loses its power, by seed.

     sim_spool [FIRST [LAST]]    a failure names its seed

   A life opens the spool as an engine does: with the index, a snapshot whose mark the spool
   confirms, and what the journal has behind it.  It appends, commits, makes snapshots with an index
   each, is killed at any call or is not, and then the power may go.  Between lives the journal may
   be put back to another history that differs in three items only, which are as long as before, and
   back again; in some seeds bits of spool or index rot.

   Laws: after every start each item that is served is that of the journal; without rot a snapshot
   that the journal confirms is confirmed by the spool; with rot an item is right or refused, and
   after the next start right.  A spool that was opened without any index says the same. */
#define FOLDER_BYTES_MAX (1 << 17)

#include <inttypes.h>

#include "engine/link/frame.h"
#include "engine/link/spool.h"
#include "tests/sim/folder_disk.h"

enum {
    SEEDS = 60,
    LIVES = 8,
    STEPS = 6,
    GROWTH = 200,
    ITEMS_MAX = LIVES * STEPS * GROWTH + 2,
    SNAPSHOTS = 2,
    CHANGED = 3, /* items that the two histories have otherwise */
};

typedef struct {
    uint64_t seq, chain;
    ph_spool_mark mark;
} snapshot;

typedef struct {
    uint64_t end;             /* records of the journal */
    uint64_t turn;            /* the first item that the other history has otherwise */
    bool is_other;            /* which of the two */
    uint8_t lost[ITEMS_MAX];  /* how often an item was made that no journal kept */
    snapshot kept[SNAPSHOTS]; /* newest first; seq 0: none */
    bool rots;
    uint64_t lives, killed, indexed, confirmed, reread, refused, turns;
} world;

static uint64_t seed_now;
static char folder[64], path[96], err[1024];
static ph_spool *spool;

static void fail(const char *what)
{
    fprintf(stderr, "seed %" PRIu64 ": %s; %s\n", seed_now, what, err);
    exit(EXIT_FAILURE);
}

/* ---- Calls that only a spool makes ----------------------------------------------------------- */

int __real_open64(const char *name, int flags, ...);
ssize_t __real_pwrite64(int fd, const void *p, size_t size, off64_t at);
int __real_ftruncate64(int fd, off64_t size);
int __wrap_open64(const char *name, int flags, ...);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t size, off64_t at);
int __wrap_ftruncate64(int fd, off64_t size);
int __wrap_fdatasync(int fd);

static folder_file *file_of(int fd)
{
    return fd >= 0 && fd < FOLDER_FDS_MAX && fold.fds[fd].file != 0
               ? fold.files[fold.fds[fd].file - 1]
               : NULL;
}

/* The folder itself, or a file in it by its whole path; what the simulation itself makes anew is
   none of the program's. */
int __wrap_open64(const char *name, int flags, ...)
{
    bool is_made = (flags & O_CREAT) != 0;
    int fd = __real_open64(name, flags, 0644);
    size_t size = strlen(fold.path);
    if (fd < 0 || is_made || strncmp(name, fold.path, size) != 0) return fd;
    const char *in = name[size] == '/' ? name + size + 1 : ".";
    int at = folder_find(&fold.seen, in);
    PH_ASSERT(fd < FOLDER_FDS_MAX && (at >= 0 || in[0] == '.'));
    fold.fds[fd].file = (at >= 0 ? fold.seen.v[at].file : folder_new(true)) + 1;
    snprintf(fold.fds[fd].path, sizeof fold.fds[fd].path, "%s", in);
    return fd;
}

ssize_t __wrap_pwrite64(int fd, const void *p, size_t size, off64_t at)
{
    folder_file *f = file_of(fd);
    if (f == NULL) return __real_pwrite64(fd, p, size, at);
    if (folder_is_dead()) return -1;
    PH_ASSERT((size_t)at + size <= FOLDER_BYTES_MAX);
    if ((size_t)at > f->seen_size) memset(f->seen + f->seen_size, 0, (size_t)at - f->seen_size);
    memcpy(f->seen + at, p, size);
    if ((size_t)at + size > f->seen_size) f->seen_size = (size_t)at + size;
    return __real_pwrite64(fd, p, size, at);
}

int __wrap_ftruncate64(int fd, off64_t size)
{
    folder_file *f = file_of(fd);
    if (f == NULL) return __real_ftruncate64(fd, size);
    if (folder_is_dead()) return -1;
    PH_ASSERT((size_t)size <= f->seen_size);
    f->seen_size = (size_t)size;
    if (f->least_size > f->seen_size) f->least_size = f->seen_size;
    return __real_ftruncate64(fd, size);
}

int __wrap_fdatasync(int fd)
{
    folder_file *f = file_of(fd);
    PH_ASSERT(f != NULL);
    if (folder_is_dead()) return -1;
    folder_sync_bytes(f);
    return 0;
}

/* ---- Items ----------------------------------------------------------------------------------- */

/* As long in every history. */
static uint32_t item_of(const world *w, uint64_t n, char to[32])
{
    bool is_other = w->is_other && n >= w->turn && n < w->turn + CHANGED;
    return (uint32_t)snprintf(to, 32, "%c%02x%.*s", is_other ? 'b' : 'a', w->lost[n] % 256U,
                              (int)(n % 5), "....");
}

static uint64_t chain_at(const world *w, uint64_t seq)
{
    uint64_t sum = 0;
    for (uint64_t n = 1; n <= seq; n++) {
        char item[32];
        uint32_t size = item_of(w, n, item);
        sum = ph_item_sum(n + sum, item, size);
    }
    return sum;
}

static bool put(const world *w, uint64_t n)
{
    char item[32];
    uint32_t size = item_of(w, n, item);
    return ph_spool_put(spool, n, item, size) == PH_OK;
}

static bool is_killed(void)
{
    return fold.dies_at != 0 && fold.calls >= fold.dies_at;
}

/* Every item up to the end is right; false: one is refused, or it was killed. */
static bool read_all(world *w)
{
    ph_spool_cursor c = {.number = 0};
    uint64_t n = 1;
    ph_spool_part part;
    if (ph_spool_last(spool) != w->end) fail("the spool does not end where the journal does");
    if (ph_spool_seek(spool, 1, &c) != PH_OK) return false;
    while (n <= w->end) {
        ph_status s = ph_spool_read(spool, &c, w->end, 1 + folder_chance(20000), &part);
        if (s == PH_ECORRUPT || is_killed()) return false;
        if (s != PH_OK) fail("an item cannot be read");
        ph_reader r = ph_reader_of(part.bytes, part.size);
        for (uint32_t i = 0; i < part.cnt; i++, n++) {
            char wanted[32];
            ph_item item;
            uint32_t size = item_of(w, n, wanted);
            if (!ph_item_read(&r, &item) || item.number != n || item.size != size ||
                memcmp(item.bytes, wanted, size) != 0)
                fail("an item is not that of the journal");
        }
    }
    for (int i = 0; i < 8 && w->end > 0; i++) /* places in the middle come from the index */
        if (ph_spool_seek(spool, 1 + folder_chance(w->end), &c) != PH_OK) return false;
    return true;
}

/* ---- Lives ----------------------------------------------------------------------------------- */

static bool is_marked(const snapshot *s)
{
    ph_spool_mark m;
    return ph_spool_marked(spool, s->seq, &m) == PH_OK && m.offset == s->mark.offset &&
           m.sum == s->mark.sum;
}

/* As the engine's recovery; the record that it begins with.  UINT64_MAX: it was killed. */
static uint64_t choose(world *w)
{
    for (int i = 0; i < SNAPSHOTS; i++) {
        const snapshot *s = &w->kept[i];
        if (s->seq == 0 || s->seq > w->end || chain_at(w, s->seq) != s->chain) continue;
        bool is_confirmed = is_marked(s);
        if (!is_confirmed && ph_spool_indexed(spool) >= s->seq) {
            w->reread++;
            if (ph_spool_reread(spool) != PH_OK) return UINT64_MAX;
            is_confirmed = is_marked(s);
        }
        w->confirmed += is_confirmed;
        if (is_confirmed) return s->seq;
        /* Only another history, or rot, takes items of a snapshot away. */
        if (!w->rots && w->turns == 0) fail("the spool does not confirm a snapshot");
    }
    return 0;
}

/* False: it was killed. */
static bool start(world *w)
{
    ph_status s = ph_spool_open(path, "sim/engine", &spool, err, sizeof err);
    if (s != PH_OK) {
        if (fold.dies_at == 0) fail("the spool cannot be opened");
        return false;
    }
    w->indexed += ph_spool_indexed(spool) != 0;
    uint64_t from = choose(w);
    if (from == UINT64_MAX) return false;
    for (uint64_t n = from + 1; n <= w->end; n++)
        if (!put(w, n)) return false;
    return ph_spool_truncate(spool, w->end) == PH_OK;
}

/* A start that nothing disturbs finds every item right. */
static void check(world *w)
{
    for (int tries = 0;; tries++) {
        if (!start(w)) fail("a start failed that nothing disturbed");
        if (read_all(w)) return;
        w->refused++;
        if (!w->rots || tries != 0) fail("an item is refused");
        ph_spool_close(spool);
        spool = NULL;
    }
}

static bool take_snapshot(world *w)
{
    snapshot s = {.seq = w->end, .chain = chain_at(w, w->end)};
    if (ph_spool_marked(spool, s.seq, &s.mark) != PH_OK) return false;
    if (ph_spool_sync_forked(spool, path) != PH_OK) return false;
    w->kept[1] = w->kept[0];
    w->kept[0] = s;
    return ph_spool_index_forked(spool, path) == PH_OK;
}

static bool step(world *w)
{
    uint64_t last = w->end + 1 + folder_chance(GROWTH);
    for (uint64_t n = w->end + 1; n <= last; n++) {
        w->lost[n]++; /* unless it is committed, nobody ever sees it */
        if (!put(w, n)) return false;
    }
    if (folder_chance(3) == 0 && ph_spool_flush(spool) != PH_OK) return false;
    w->end = last;
    return folder_chance(2) == 0 || take_snapshot(w);
}

static void rot(void)
{
    const char *name = folder_chance(2) == 0 ? "spool" : "spool.index";
    int at = folder_find(&fold.seen, name);
    if (at < 0) return;
    folder_file *f = fold.files[fold.seen.v[at].file];
    if (f->seen_size <= 72) return; /* another head is another file */
    size_t byte = 72 + (size_t)folder_chance(f->seen_size - 72);
    f->seen[byte] = f->durable[byte] = (uint8_t)(f->seen[byte] ^ 1U << folder_chance(8));
    char file[160];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    int fd = __real_open64(file, O_WRONLY | O_CLOEXEC);
    PH_ASSERT(fd >= 0 && __real_pwrite64(fd, &f->seen[byte], 1, (off64_t)byte) == 1);
    PH_ASSERT(__real_close(fd) == 0);
}

static void live(world *w)
{
    if (w->end > w->turn + CHANGED && folder_chance(3) == 0) {
        w->is_other = !w->is_other;
        w->turns++;
    }
    if (folder_chance(4) != 0) fold.dies_at = fold.calls + 1 + folder_chance(24);
    bool is_alive = start(w);
    if (is_alive && !read_all(w)) {
        if (!w->rots && !is_killed()) fail("an item is refused");
        is_alive = false; /* the engine stops, and its next start reads everything */
        w->refused++;
    }
    for (uint64_t n = 1 + folder_chance(STEPS); is_alive && n != 0; n--)
        is_alive = step(w);
    w->killed += !is_alive;
    w->lives++;
    ph_spool_close(spool);
    spool = NULL;
    if (folder_chance(4) != 0) folder_lose_power();
    fold.dies_at = 0;
    if (w->rots && folder_chance(2) == 0) rot();
    check(w);
    ph_spool_close(spool);
    spool = NULL;
    if (folder_chance(2) == 0) folder_lose_power();
}

static world run(uint64_t seed)
{
    static world w;
    memset(&w, 0, sizeof w);
    seed_now = seed;
    folder_begin(folder, seed);
    w.turn = 1 + folder_chance(2 * GROWTH);
    w.rots = seed % 4 == 3;
    for (int life = 0; life < LIVES; life++)
        live(&w);
    return w;
}

int main(int argc, char **argv)
{
    const char *seeds = getenv("PH_SEEDS");
    uint64_t cnt = seeds != NULL ? strtoull(seeds, NULL, 10) : SEEDS;
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t last = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? first : cnt - 1;
    world sum = {0};
    snprintf(folder, sizeof folder, "/tmp/petahour-sim-spool-XXXXXX");
    if (mkdtemp(folder) == NULL) abort();
    snprintf(path, sizeof path, "%s/spool", folder);
    for (uint64_t seed = first; seed <= last; seed++) {
        world w = run(seed);
        sum.lives += w.lives;
        sum.killed += w.killed;
        sum.indexed += w.indexed;
        sum.confirmed += w.confirmed;
        sum.reread += w.reread;
        sum.refused += w.refused;
        sum.turns += w.turns;
    }
    printf("%" PRIu64 " lives, %" PRIu64 " killed; %" PRIu64 " starts with an index, %" PRIu64
           " with a snapshot; %" PRIu64 " read again, %" PRIu64 " refused an item; %" PRIu64
           " turns of history; %" PRIu64 " names and %" PRIu64 " files lost or torn\n",
           sum.lives, sum.killed, sum.indexed, sum.confirmed, sum.reread, sum.refused, sum.turns,
           fold.undone, fold.torn);
    bool is_blind = sum.lives >= 400 && (sum.killed == 0 || sum.indexed == 0 ||
                                         sum.confirmed == 0 || sum.turns == 0 || fold.torn == 0);
    if (is_blind) fprintf(stderr, "the seeds never killed, used an index, turned or tore\n");
    folder_end();
    return is_blind ? EXIT_FAILURE : EXIT_SUCCESS;
}
