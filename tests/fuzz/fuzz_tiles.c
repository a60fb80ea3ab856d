/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_tiles.c - tiles that anybody may have written, under a root that was signed.

    A log of 700 leaves is written once; the input changes its tiles:  any number of  u8 tile,
    u16 offset, u8 how (0: cut there, 1: remove, else that many bytes are replaced), bytes.
    Whatever the reader gives is what was in the tree, or it names a tile. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/notary/log_reader.h"
#include "engine/process/file.h"

enum { LEAVES = 700, TILES = 4 };

typedef struct {
    char folder[64];
    ph_hash leaves[LEAVES];
    ph_log_tree tree;
    ph_log_size size;
    ph_tile tiles[TILES];
    uint8_t whole[TILES][PH_TILE_BYTES];
    uint32_t tile_cnt;
    bool is_changed[TILES];
} bench;

static bench b;

static void remove_folder(void)
{
    char path[160], tile[PH_TILE_PATH_MAX];
    for (uint32_t i = 0; i < TILES; i++) {
        snprintf(path, sizeof path, "%s/%s", b.folder, ph_tile_path(&b.tiles[i], tile));
        (void)unlink(path); /* the input may have removed it */
    }
    static const char *const folders[] = {"tile/0/002.p", "tile/1/000.p", "tile/0", "tile/1",
                                          "tile"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", b.folder, folders[i]);
        (void)rmdir(path);
    }
    (void)rmdir(b.folder);
}

static ph_status keep(void *arg, const ph_tile *t, const ph_hash *v)
{
    (void)arg;
    PH_ASSERT(b.tile_cnt < TILES);
    memcpy(b.whole[b.tile_cnt], v, t->width * sizeof *v);
    b.tiles[b.tile_cnt] = *t;
    b.is_changed[b.tile_cnt++] = true;
    return PH_OK;
}

static void make(void)
{
    char path[160];
    snprintf(b.folder, sizeof b.folder, "/tmp/petahour-fuzz-XXXXXX");
    PH_ASSERT(mkdtemp(b.folder) != NULL && atexit(remove_folder) == 0);
    static const char *const folders[] = {"tile", "tile/0", "tile/1", "tile/0/002.p",
                                          "tile/1/000.p"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", b.folder, folders[i]);
        PH_ASSERT(mkdir(path, 0700) == 0);
    }
    for (uint32_t i = 0; i < LEAVES; i++) {
        b.leaves[i] = ph_merkle_leaf(&i, sizeof i);
        PH_ASSERT(ph_log_tree_append(&b.tree, &b.leaves[i], keep, NULL) == PH_OK);
    }
    for (unsigned level = 0; level < 2; level++) {
        ph_tile t = ph_tile_edge(LEAVES, level);
        PH_ASSERT(keep(NULL, &t, b.tree.edge[level]) == PH_OK);
    }
    PH_ASSERT(b.tile_cnt == TILES);
    b.size = (ph_log_size){LEAVES, ph_log_tree_root(&b.tree)};
}

static void put(uint32_t i, const uint8_t *bytes, size_t size)
{
    char path[160], tile[PH_TILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", b.folder, ph_tile_path(&b.tiles[i], tile));
    PH_ASSERT(ph_file_write(AT_FDCWD, path, bytes, size) == PH_OK);
}

static size_t size_of(uint32_t i)
{
    return b.tiles[i].width * sizeof(ph_hash);
}

static void change(const uint8_t *bytes, size_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    while (!r.bad && r.p < r.end) {
        uint32_t i = ph_read_u8(&r) % TILES;
        size_t at = ph_read_u16(&r), how = ph_read_u8(&r);
        static uint8_t tile[PH_TILE_BYTES + 256];
        if (r.bad || at > size_of(i)) return;
        memcpy(tile, b.whole[i], size_of(i));
        size_t end = size_of(i);
        if (how == 0) end = at;
        for (size_t n = 0; how > 1 && n < how; n++) {
            if (r.p == r.end) break;
            tile[at + n] = ph_read_u8(&r);
            if (at + n + 1 > end) end = at + n + 1;
        }
        put(i, tile, end);
        b.is_changed[i] = true;
        if (how != 1) continue;
        char path[160], name[PH_TILE_PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", b.folder, ph_tile_path(&b.tiles[i], name));
        PH_ASSERT(unlink(path) == 0);
    }
}

static void read_all(void)
{
    char err[1024] = "";
    ph_log_reader *reader;
    if (ph_log_reader_open(b.folder, &b.size, &reader, err, sizeof err) != PH_OK) {
        PH_ASSERT(strstr(err, "tile/") != NULL);
        return;
    }
    ph_hash_source source = ph_log_reader_source(reader);
    for (uint32_t i = 0; i < LEAVES; i += 41) {
        ph_hash leaf;
        ph_log_path p;
        if (source.subtree(source.arg, 0, i, &leaf) != PH_OK) {
            PH_ASSERT(strstr(ph_log_reader_why(reader), "tile/") != NULL);
            continue;
        }
        PH_ASSERT(memcmp(leaf.b, b.leaves[i].b, sizeof leaf.b) == 0);
        if (ph_log_prove_inclusion(&source, i, LEAVES, &p) != PH_OK) continue;
        ph_merkle_place place = {i, LEAVES, p.v[0].b, p.cnt};
        PH_ASSERT(ph_merkle_verify(&leaf, &place, &b.size.root));
    }
    ph_log_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (b.tile_cnt == 0) make();
    for (uint32_t i = 0; i < TILES; i++) {
        if (b.is_changed[i]) put(i, b.whole[i], size_of(i));
        b.is_changed[i] = false;
    }
    change(bytes, size);
    read_all();
    return 0;
}
