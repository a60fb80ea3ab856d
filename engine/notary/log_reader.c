/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/log_reader.h"

#include "engine/base/panic.h"
#include "engine/process/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The full tile of a level that was read last, proved by the level above. */
typedef struct {
    bool is_there;
    uint64_t index;
    ph_hash v[PH_TILE_WIDTH];
} kept_tile;

struct ph_log_reader {
    int folder;
    ph_log_tree edge;
    kept_tile kept[PH_TILE_LEVELS];
    char why[512];
};

static ph_status fail(ph_log_reader *r, ph_status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static ph_status fail(ph_log_reader *r, ph_status s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->why, sizeof r->why, format, args);
    va_end(args);
    return s;
}

/* Reads the file of a tile, which must have exactly its bytes. */
static ph_status read_file(ph_log_reader *r, const ph_tile *t, ph_hash *v)
{
    char path[PH_TILE_PATH_MAX];
    uint8_t bytes[PH_TILE_BYTES];
    size_t size, wanted = t->width * sizeof *v;
    ph_status s = ph_file_read(r->folder, ph_tile_path(t, path), bytes, sizeof bytes, &size);
    if (s == PH_ENOTFOUND) return fail(r, s, "tile \"%s\" is missing", path);
    if (s == PH_EFULL)
        return fail(r, PH_ECORRUPT, "tile \"%s\" is longer than %zu bytes", path, wanted);
    if (s != PH_OK) return fail(r, s, "could not read tile \"%s\": %s", path, strerror(errno));
    if (size != wanted)
        return fail(r, PH_ECORRUPT, "tile \"%s\" has %zu bytes instead of %zu", path, size, wanted);
    memcpy(v, bytes, wanted);
    return PH_OK;
}

/* Reads a tile; where one in the making is gone, the full one has its hashes too. */
static ph_status read_tile(ph_log_reader *r, const ph_tile *t, ph_hash *v)
{
    ph_status s = read_file(r, t, v);
    if (s == PH_ENOTFOUND && t->width < PH_TILE_WIDTH) {
        ph_hash full[PH_TILE_WIDTH];
        ph_tile whole = {t->level, t->index, PH_TILE_WIDTH};
        s = read_file(r, &whole, full);
        if (s == PH_OK) {
            memcpy(v, full, t->width * sizeof *v);
        } else if (s == PH_ENOTFOUND) {
            char path[PH_TILE_PATH_MAX];
            (void)fail(r, s, "tile \"%s\" is missing", ph_tile_path(t, path)); /* returns s */
        }
    }
    return s == PH_ENOTFOUND ? PH_ECORRUPT : s;
}

static ph_status read_edge(ph_log_reader *r, const ph_log_size *size)
{
    r->edge.leaf_cnt = size->leaf_cnt;
    for (unsigned level = 0; level < PH_TILE_LEVELS; level++) {
        ph_tile t = ph_tile_edge(size->leaf_cnt, level);
        if (t.width == 0) continue;
        ph_status s = read_tile(r, &t, r->edge.edge[level]);
        if (s != PH_OK) return s;
    }
    ph_hash root = ph_log_tree_root(&r->edge);
    if (memcmp(root.b, size->root.b, sizeof root.b) == 0) return PH_OK;
    char paths[256] = "", path[PH_TILE_PATH_MAX];
    for (unsigned level = 0; level < PH_TILE_LEVELS; level++) {
        ph_tile t = ph_tile_edge(size->leaf_cnt, level);
        size_t at = strlen(paths);
        if (t.width == 0) continue;
        snprintf(paths + at, sizeof paths - at, "%s\"%s\"", at == 0 ? "" : ", ",
                 ph_tile_path(&t, path));
    }
    return fail(r, PH_ECORRUPT,
                "the newest tiles (%s) do not give the root of the checkpoint of %" PRIu64
                " leaves",
                paths, size->leaf_cnt);
}

/* Hashes of a tile that is proved already, or NULL. */
static const ph_hash *proved(const ph_log_reader *r, unsigned level, uint64_t index)
{
    if (index == ph_tile_edge(r->edge.leaf_cnt, level).index) return r->edge.edge[level];
    const kept_tile *k = &r->kept[level];
    return k->is_there && k->index == index ? k->v : NULL;
}

/* Makes the full tile of a level the one that is kept there: read, and proved by the levels above,
   each of which is asked in turn up to one whose tile is at the edge. */
static ph_status keep_tile(ph_log_reader *r, unsigned level, uint64_t index)
{
    unsigned top = level;
    uint64_t at[PH_TILE_LEVELS] = {[0] = 0};
    at[level] = index;
    while (proved(r, top, at[top]) == NULL) {
        PH_ASSERT(top + 1 < PH_TILE_LEVELS);
        at[top + 1] = at[top] / PH_TILE_WIDTH;
        top++;
    }
    for (unsigned l = top; l > level; l--) {
        const ph_hash *above = proved(r, l, at[l]);
        PH_ASSERT(above != NULL);
        kept_tile *k = &r->kept[l - 1];
        ph_tile t = {l - 1, at[l - 1], PH_TILE_WIDTH};
        k->is_there = false;
        ph_status s = read_tile(r, &t, k->v);
        if (s != PH_OK) return s;
        ph_hash root = ph_tile_root(k->v);
        if (memcmp(root.b, above[at[l - 1] % PH_TILE_WIDTH].b, sizeof root.b) != 0) {
            char path[PH_TILE_PATH_MAX];
            return fail(r, PH_ECORRUPT, "tile \"%s\" is not the one that the signed root states",
                        ph_tile_path(&t, path));
        }
        k->index = at[l - 1];
        k->is_there = true;
    }
    return PH_OK;
}

static ph_status subtree(void *arg, unsigned height, uint64_t index, ph_hash *ret)
{
    ph_log_reader *r = arg;
    PH_ASSERT(height < 64 && index < r->edge.leaf_cnt >> height);
    unsigned level = height / PH_TILE_HEIGHT;
    uint64_t tile = index >> (PH_TILE_HEIGHT - height % PH_TILE_HEIGHT);
    ph_status s = keep_tile(r, level, tile);
    if (s == PH_OK) *ret = ph_tile_subtree(proved(r, level, tile), height, index);
    return s;
}

ph_status ph_log_reader_open(const char *folder, const ph_log_size *size, ph_log_reader **ret,
                             char *err, size_t err_size)
{
    PH_ASSERT(size->leaf_cnt != 0);
    ph_log_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        snprintf(err, err_size, "could not read log \"%s\": no memory", folder);
        return PH_EFULL;
    }
    r->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ph_status s = PH_OK;
    if (r->folder < 0) {
        s = errno == ENOENT ? PH_ENOTFOUND : PH_EIO;
        (void)fail(r, s, "%s", strerror(errno)); /* returns s */
    }
    if (s == PH_OK) s = read_edge(r, size);
    if (s != PH_OK) {
        snprintf(err, err_size, "could not read log \"%s\": %s", folder, r->why);
        ph_log_reader_close(r);
        return s;
    }
    *ret = r;
    return PH_OK;
}

const ph_log_tree *ph_log_reader_edge(const ph_log_reader *r)
{
    return &r->edge;
}

ph_hash_source ph_log_reader_source(ph_log_reader *r)
{
    return (ph_hash_source){subtree, r};
}

const char *ph_log_reader_why(const ph_log_reader *r)
{
    return r->why;
}

void ph_log_reader_close(ph_log_reader *r)
{
    if (r == NULL) return;
    if (r->folder >= 0) (void)close(r->folder); /* nothing was written */
    free(r);
}
