/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a market on a folder that loses its power, by seed.

     sim_log [FIRST [LAST]]    a failure names its seed

   A life opens the log, appends leaves and publishes, is killed at any call or is not, and then the
   power goes.  What was published binds: the next life finds that checkpoint or a newer one of the
   same history, whole, and every tile that it states; a witness finds the checkpoint that it
   cosigned last, or the one that it was about to. */
#include <inttypes.h>

#include <sodium.h>

#include "engine/notary/log_folder.h"
#include "engine/notary/log_reader.h"
#include "engine/notary/log_tree.h"
#include "engine/notary/note.h"
#include "engine/process/file.h"
#include "tests/sim/folder_disk.h"

#define MARKET "market.example"
#define STATE  "witness" /* what a witness keeps, replaced as its command does */

enum { SEEDS = 60, LIVES = 5, STEPS = 5, GROWTH = 300, LEAVES_MAX = LIVES * STEPS * GROWTH + 2 };

static uint64_t seed_now;
static ph_key key;
static uint8_t secret[64];
static ph_hash leaves[LEAVES_MAX], roots[LEAVES_MAX + 1];
static char folder[64], err[1024];

/* What others were told, and what they may have been. */
typedef struct {
    uint64_t published, tried, cosigned, to_cosign;
    uint64_t lives, killed;
} world;

static void fail(const char *what)
{
    fprintf(stderr, "seed %" PRIu64 ": %s; %s\n", seed_now, what, err);
    exit(EXIT_FAILURE);
}

static ph_status drop_tile(void *arg, const ph_tile *t, const ph_hash *v)
{
    (void)arg, (void)t, (void)v;
    return PH_OK;
}

static void begin(void)
{
    static const uint8_t of[32] = {9};
    static ph_log_tree tree;
    if (sodium_init() < 0) abort();
    crypto_sign_seed_keypair(key.b, secret, of);
    for (uint64_t i = 0; i < LEAVES_MAX; i++) {
        leaves[i] = ph_merkle_leaf(&i, sizeof i);
        if (ph_log_tree_append(&tree, &leaves[i], drop_tile, NULL) != PH_OK) abort();
        roots[i + 1] = ph_log_tree_root(&tree);
    }
    snprintf(folder, sizeof folder, "/tmp/petahour-sim-log-XXXXXX");
    if (mkdtemp(folder) == NULL) abort();
}

static size_t sign(const ph_log_checkpoint *c, char note[PH_LOG_NOTE_MAX])
{
    char text[PH_CHECKPOINT_TEXT_MAX], origin[PH_LOG_ORIGIN_MAX];
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    size_t size = ph_log_checkpoint_write(c, text);
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, size, secret);
    ph_writer w = ph_writer_of(note, PH_LOG_NOTE_MAX);
    ph_note_write(&w, text, size, &(ph_note_signer){ph_log_origin(MARKET, origin), &key},
                  signature);
    return ph_writer_size(&w);
}

/* A witness keeps what it is about to cosign. */
static bool cosign(world *w, const char *note, size_t size, uint64_t cnt)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) abort();
    w->to_cosign = cnt;
    ph_status s = ph_file_replace(fd, STATE, note, size);
    (void)close(fd);
    if (s == PH_OK) w->cosigned = cnt;
    return s == PH_OK;
}

/* False: it was killed. */
static bool step(world *w, ph_log_folder *f)
{
    char note[PH_LOG_NOTE_MAX];
    uint64_t from = ph_log_folder_published(f)->leaf_cnt, cnt = from + 1 + folder_chance(GROWTH);
    while (ph_log_folder_leaf_cnt(f) < cnt)
        if (ph_log_folder_append(f, &leaves[ph_log_folder_leaf_cnt(f)], err, sizeof err) != PH_OK)
            return false;
    ph_log_checkpoint c = {{MARKET}, cnt, ph_log_folder_root(f)};
    if (memcmp(&c.root, &roots[cnt], sizeof c.root) != 0) fail("another tree is published");
    size_t size = sign(&c, note);
    w->tried = cnt;
    if (ph_log_folder_publish(f, &c, note, size, err, sizeof err) != PH_OK) return false;
    w->published = cnt;
    return cosign(w, note, size, cnt);
}

/* A checkpoint in a file, whole: its size, 0 if there is no file. */
static uint64_t read_size(const char *name)
{
    char path[128], note[PH_LOG_NOTE_MAX];
    size_t size, text_size;
    ph_log_checkpoint c;
    char origin[PH_LOG_ORIGIN_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ph_status s = ph_file_read(AT_FDCWD, path, note, sizeof note, &size);
    if (s == PH_ENOTFOUND) return 0;
    ph_note_signer by = {ph_log_origin(MARKET, origin), &key};
    if (s != PH_OK || ph_note_verify(note, size, &by, &text_size) != PH_OK ||
        ph_log_checkpoint_read(note, text_size, &c) != PH_OK)
        fail("a checkpoint is torn");
    if (c.leaf_cnt > LEAVES_MAX || memcmp(&c.root, &roots[c.leaf_cnt], sizeof c.root) != 0)
        fail("a checkpoint is of another history");
    return c.leaf_cnt;
}

/* Every leaf and every proof comes from the tiles. */
static void read_tiles(uint64_t cnt)
{
    ph_log_reader *r;
    ph_log_size size = {cnt, roots[cnt]};
    if (ph_log_reader_open(folder, &size, &r, err, sizeof err) != PH_OK)
        fail("tiles are not those of the checkpoint");
    ph_hash_source source = ph_log_reader_source(r);
    for (uint64_t i = 0; i < cnt; i++) {
        ph_hash there;
        ph_log_path path;
        ph_status s = source.subtree(source.arg, 0, i, &there);
        if (s == PH_OK && i % 16 == 0) s = ph_log_prove_inclusion(&source, i, cnt, &path);
        if (s != PH_OK) fail(ph_log_reader_why(r));
        if (memcmp(&there, &leaves[i], sizeof there) != 0) fail("a tile has another leaf");
    }
    ph_log_reader_close(r);
}

static ph_log_folder *open_log(world *w)
{
    ph_log_folder *f;
    uint64_t cnt = read_size("checkpoint"), cosigned = read_size(STATE);
    if (cnt < w->published || cnt > w->tried) fail("a published checkpoint went back");
    if (cosigned < w->cosigned || cosigned > w->to_cosign) fail("a witness forgot");
    if (cosigned > cnt) fail("a witness knows more than was published");
    if (cnt != 0) read_tiles(cnt);
    w->published = cnt; /* somebody may have fetched it by now */
    w->cosigned = cosigned;
    ph_status s = ph_log_folder_open(folder, &(ph_log_owner){MARKET, &key, 1}, &f, err, sizeof err);
    if (s != PH_OK) fail("the log could not be opened");
    if (ph_log_folder_mending(f) != NULL) fail("tiles have to be made again");
    return f;
}

static void live(world *w)
{
    ph_log_folder *f = open_log(w);
    if (folder_chance(4) != 0) fold.dies_at = fold.calls + 1 + folder_chance(80);
    bool is_alive = true;
    for (uint64_t n = 1 + folder_chance(STEPS); is_alive && n != 0; n--)
        is_alive = step(w, f);
    w->killed += !is_alive;
    w->lives++;
    if (!is_alive && fold.dies_at == 0) fail("a call failed that was not told to");
    ph_log_folder_close(f);
    folder_lose_power();
}

int main(int argc, char **argv)
{
    const char *seeds = getenv("PH_SEEDS");
    uint64_t cnt = seeds != NULL ? strtoull(seeds, NULL, 10) : SEEDS;
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t last = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? first : cnt - 1;
    uint64_t lives = 0, killed = 0;
    begin();
    for (seed_now = first; seed_now <= last; seed_now++) {
        world w = {0};
        folder_begin(folder, seed_now);
        for (int life = 0; life < LIVES; life++)
            live(&w);
        ph_log_folder_close(open_log(&w));
        lives += w.lives;
        killed += w.killed;
    }
    printf("%" PRIu64 " lives, %" PRIu64 " killed, %" PRIu64 " names and %" PRIu64
           " files lost or torn\n",
           lives, killed, fold.undone, fold.torn);
    bool is_blind = lives >= 300 && (killed == 0 || fold.undone == 0 || fold.torn == 0);
    if (is_blind) fprintf(stderr, "the seeds never killed, lost or tore\n");
    folder_end();
    return is_blind ? EXIT_FAILURE : EXIT_SUCCESS;
}
