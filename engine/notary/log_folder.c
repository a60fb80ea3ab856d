/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/log_folder.h"

#include "engine/base/panic.h"
#include "engine/notary/log_reader.h"
#include "engine/notary/log_tree.h"
#include "engine/notary/note.h"
#include "engine/process/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SYNC_ALONE_MAX = 8 }; /* more tiles than this are synced with their file system, at once */

static const char CHECKPOINT[] = "checkpoint";

struct ph_log_folder {
    int fd;
    char path[512];
    ph_log_checkpoint published;
    ph_log_tree tree;
    ph_log_reader *reader; /* of the published tree; NULL if there is none or its tiles are wrong */
    char mending[640];     /* why its tiles are made again, or empty */
    uint64_t other_leaf;   /* first leaf that a tile had otherwise, + 1 */
    ph_tile *aside;        /* tiles that were written and are not renamed yet */
    size_t aside_cnt, aside_max;
    bool made_folder; /* since the last sync */
};

/* What could not be done to a file of the folder; errno says why. */
static ph_status fail(const ph_log_folder *f, ph_status s, const char *what, const char *name,
                      char *err, size_t err_size)
{
    snprintf(err, err_size, "could not %s \"%s/%s\": %s", what, f->path, name, strerror(errno));
    return s == PH_ENOTFOUND ? PH_EIO : s;
}

/* ---- Open -------------------------------------------------------------------------------- */

static ph_status verify_note(const char *note, size_t size, const ph_log_owner *owner,
                             size_t *ret_text_size)
{
    char origin[PH_LOG_ORIGIN_MAX];
    ph_status s = PH_ENOTFOUND;
    for (uint32_t i = 0; i < owner->key_cnt && s != PH_OK && s != PH_ECORRUPT; i++)
        s = ph_note_verify(note, size,
                           &(ph_note_signer){ph_log_origin(owner->market, origin), &owner->keys[i]},
                           ret_text_size);
    return s;
}

static ph_status read_note(ph_log_folder *f, const ph_log_owner *owner, char *err, size_t err_size)
{
    char note[PH_LOG_NOTE_MAX];
    size_t size, text_size;
    ph_status s = ph_file_read(f->fd, CHECKPOINT, note, sizeof note, &size);
    if (s == PH_ENOTFOUND) return PH_OK;
    if (s != PH_OK) return fail(f, s, "read", CHECKPOINT, err, err_size);
    s = verify_note(note, size, owner, &text_size);
    if (s == PH_OK) s = ph_log_checkpoint_read(note, text_size, &f->published);
    const char *why = s == PH_ENOTFOUND || s == PH_EDENIED
                          ? "is not signed by this market's key: it is of another log, or was "
                            "changed"
                          : "is not a signed checkpoint";
    if (s == PH_OK && strcmp(f->published.market.s, owner->market) != 0) {
        s = PH_EDENIED;
        why = "is of another market";
    }
    if (s == PH_OK) return PH_OK;
    snprintf(err, err_size,
             "could not go on with log \"%s\": its checkpoint %s; give another folder, or put the "
             "checkpoint back that was published",
             f->path, why);
    return s == PH_ENOTFOUND ? PH_EDENIED : s;
}

/* Goes on from the tiles, if they are what was published. */
static ph_status read_tiles(ph_log_folder *f, char *err, size_t err_size)
{
    if (f->published.leaf_cnt == 0) return PH_OK;
    ph_log_size size = {f->published.leaf_cnt, f->published.root};
    ph_status s = ph_log_reader_open(f->path, &size, &f->reader, f->mending, sizeof f->mending);
    if (s == PH_OK) {
        f->tree = *ph_log_reader_edge(f->reader);
        f->mending[0] = '\0';
    }
    if (s == PH_OK || s == PH_ECORRUPT) return PH_OK;
    snprintf(err, err_size, "%s", f->mending);
    return s;
}

static ph_status take_folder(ph_log_folder *f, char *err, size_t err_size)
{
    bool is_new = mkdir(f->path, 0755) == 0;
    if (!is_new && errno != EEXIST) return fail(f, PH_EIO, "make folder", "", err, err_size);
    f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->fd < 0) return fail(f, PH_EIO, "open folder", "", err, err_size);
    if (is_new && ph_file_sync(f->fd, "..") != PH_OK)
        return fail(f, PH_EIO, "sync the folder of", "", err, err_size);
    if (flock(f->fd, LOCK_EX | LOCK_NB) == 0) return PH_OK;
    if (errno != EWOULDBLOCK) return fail(f, PH_EIO, "lock folder", "", err, err_size);
    snprintf(err, err_size,
             "could not take log \"%s\": another process has it; stop the other "
             "notary first, or give another folder",
             f->path);
    return PH_EBUSY;
}

ph_status ph_log_folder_open(const char *path, const ph_log_owner *owner, ph_log_folder **ret,
                             char *err, size_t err_size)
{
    PH_ASSERT(ph_checkpoint_market_ok(owner->market) && strlen(path) < sizeof((*ret)->path));
    ph_log_folder *f = calloc(1, sizeof *f);
    if (f == NULL) {
        snprintf(err, err_size, "could not open log \"%s\": no memory", path);
        return PH_EFULL;
    }
    f->fd = -1;
    snprintf(f->path, sizeof f->path, "%s", path);
    ph_status s = take_folder(f, err, err_size);
    if (s == PH_OK) s = read_note(f, owner, err, err_size);
    if (s == PH_OK) s = read_tiles(f, err, err_size);
    if (s != PH_OK) {
        ph_log_folder_close(f);
        return s;
    }
    *ret = f;
    return PH_OK;
}

const char *ph_log_folder_mending(const ph_log_folder *f)
{
    return f->mending[0] == '\0' ? NULL : f->mending;
}

uint64_t ph_log_folder_leaf_cnt(const ph_log_folder *f)
{
    return f->tree.leaf_cnt;
}

const ph_log_checkpoint *ph_log_folder_published(const ph_log_folder *f)
{
    return &f->published;
}

ph_hash ph_log_folder_root(const ph_log_folder *f)
{
    return ph_log_tree_root(&f->tree);
}

/* ---- Tiles ------------------------------------------------------------------------------- */

static void aside_name(const ph_tile *t, char to[PH_TILE_PATH_MAX + 4])
{
    char path[PH_TILE_PATH_MAX];
    snprintf(to, PH_TILE_PATH_MAX + 4, "%s.new", ph_tile_path(t, path));
}

/* Makes every folder that the path names its file in. */
static ph_status make_folders(ph_log_folder *f, const char *path)
{
    char above[PH_TILE_PATH_MAX + 4];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
        if (mkdirat(f->fd, above, 0755) == 0)
            f->made_folder = true;
        else if (errno != EEXIST)
            return PH_EIO;
    }
    return PH_OK;
}

/* Remembers the first leaf that a tile on the disk has otherwise. */
static void note_other(ph_log_folder *f, const ph_tile *t, const ph_hash *was, const ph_hash *is)
{
    for (unsigned i = 0; t->level == 0 && f->other_leaf == 0 && i < t->width; i++)
        if (memcmp(was[i].b, is[i].b, sizeof is[i].b) != 0)
            f->other_leaf = t->index * PH_TILE_WIDTH + i + 1;
}

/* Writes a tile aside, unless it is there already. */
static ph_status keep_tile(void *arg, const ph_tile *t, const ph_hash *v)
{
    ph_log_folder *f = arg;
    char path[PH_TILE_PATH_MAX], aside[PH_TILE_PATH_MAX + 4];
    ph_hash was[PH_TILE_WIDTH];
    size_t size = t->width * sizeof *v, was_size;
    ph_status s = ph_file_read(f->fd, ph_tile_path(t, path), was, sizeof was, &was_size);
    if (s == PH_OK && was_size == size) {
        if (memcmp(was, v, size) == 0) return PH_OK;
        note_other(f, t, was, v);
    }
    if (f->aside_cnt == f->aside_max) {
        size_t wanted = f->aside_max == 0 ? 64 : 2 * f->aside_max;
        ph_tile *larger = reallocarray(f->aside, wanted, sizeof *larger);
        if (larger == NULL) return PH_EFULL;
        f->aside = larger;
        f->aside_max = wanted;
    }
    aside_name(t, aside);
    s = ph_file_write(f->fd, aside, v, size);
    if (s == PH_ENOTFOUND) {
        s = make_folders(f, aside);
        if (s == PH_OK) s = ph_file_write(f->fd, aside, v, size);
    }
    if (s == PH_OK) f->aside[f->aside_cnt++] = *t;
    return s;
}

static ph_status keep_edge(ph_log_folder *f)
{
    for (unsigned level = 0; level < PH_TILE_LEVELS; level++) {
        ph_tile t = ph_tile_edge(f->tree.leaf_cnt, level);
        if (t.width == 0) continue;
        ph_status s = keep_tile(f, &t, f->tree.edge[level]);
        if (s != PH_OK) return s;
    }
    return PH_OK;
}

static ph_status sync_all(const ph_log_folder *f)
{
    return syncfs(f->fd) == 0 ? PH_OK : PH_EIO;
}

/* The folder of a tile's file. */
static void folder_of(const ph_tile *t, char to[PH_TILE_PATH_MAX])
{
    (void)ph_tile_path(t, to); /* returns to */
    *strrchr(to, '/') = '\0';
}

/* Gives every tile that was written aside its name, whole on the disk. */
static ph_status name_tiles(ph_log_folder *f)
{
    char path[PH_TILE_PATH_MAX], aside[PH_TILE_PATH_MAX + 4];
    bool is_alone = f->aside_cnt <= SYNC_ALONE_MAX && !f->made_folder;
    ph_status s = f->aside_cnt == 0 || is_alone ? PH_OK : sync_all(f);
    for (size_t i = 0; s == PH_OK && i < f->aside_cnt; i++) {
        aside_name(&f->aside[i], aside);
        if (is_alone) s = ph_file_sync(f->fd, aside);
        if (s == PH_OK && renameat(f->fd, aside, f->fd, ph_tile_path(&f->aside[i], path)) != 0)
            s = PH_EIO;
    }
    if (s == PH_OK && f->aside_cnt != 0 && !is_alone) s = sync_all(f);
    for (size_t i = 0; s == PH_OK && is_alone && i < f->aside_cnt; i++) {
        folder_of(&f->aside[i], path);
        s = ph_file_sync(f->fd, path);
    }
    if (s != PH_OK) return s;
    f->aside_cnt = 0;
    f->made_folder = false;
    return PH_OK;
}

/* Tiles in the making are of no more use once the full one is there. */
static void drop_partial(const ph_log_folder *f, const ph_tile *edge)
{
    char path[PH_TILE_PATH_MAX];
    for (unsigned width = 1; width < PH_TILE_WIDTH; width++) {
        ph_tile t = {edge->level, edge->index, width};
        (void)unlinkat(f->fd, ph_tile_path(&t, path), 0); /* not every width was published */
    }
    *strrchr(path, '/') = '\0';
    (void)unlinkat(f->fd, path, AT_REMOVEDIR); /* a folder that stays harms nobody */
}

/* ---- Append and publish ------------------------------------------------------------------ */

static ph_status diverged(const ph_log_folder *f, uint64_t leaf, const char *how, char *err,
                          size_t err_size)
{
    char which[96] = "";
    if (leaf != 0) snprintf(which, sizeof which, "; %s record %" PRIu64, how, leaf);
    snprintf(err, err_size,
             "could not go on with log \"%s\": the journal is not the one whose checkpoint of "
             "%" PRIu64 " records was published%s; give the journal that was published, or begin "
             "a new market",
             f->path, f->published.leaf_cnt, which);
    return PH_EDIVERGED;
}

/* The tree is as large as the one that was published: it must be the same. */
static ph_status meet_published(ph_log_folder *f, char *err, size_t err_size)
{
    ph_hash root = ph_log_tree_root(&f->tree);
    ph_status s = keep_edge(f);
    if (memcmp(root.b, f->published.root.b, sizeof root.b) != 0)
        return diverged(f, f->other_leaf, "the first that its tiles have otherwise is", err,
                        err_size);
    if (s == PH_OK) s = name_tiles(f);
    if (s != PH_OK) return fail(f, s, "write tiles of log", "", err, err_size);
    f->mending[0] = '\0';
    return PH_OK;
}

ph_status ph_log_folder_compare(ph_log_folder *f, uint64_t index, const ph_hash *leaf, char *err,
                                size_t err_size)
{
    PH_ASSERT(f->reader != NULL && index < ph_log_reader_edge(f->reader)->leaf_cnt);
    ph_hash_source source = ph_log_reader_source(f->reader);
    ph_hash there;
    ph_status s = source.subtree(source.arg, 0, index, &there);
    if (s != PH_OK) {
        snprintf(err, err_size,
                 "could not go on with log \"%s\": %s; remove its folder \"tile\", which is made "
                 "again from the journal",
                 f->path, ph_log_reader_why(f->reader));
        return s;
    }
    if (memcmp(there.b, leaf->b, sizeof there.b) == 0) return PH_OK;
    return diverged(f, index + 1, "they differ at or before", err, err_size);
}

ph_status ph_log_folder_append(ph_log_folder *f, const ph_hash *leaf, char *err, size_t err_size)
{
    ph_status s = ph_log_tree_append(&f->tree, leaf, keep_tile, f);
    if (s != PH_OK) return fail(f, s, "write tiles of log", "", err, err_size);
    if (f->tree.leaf_cnt != f->published.leaf_cnt) return PH_OK;
    return meet_published(f, err, err_size);
}

ph_status ph_log_folder_publish(ph_log_folder *f, const ph_log_checkpoint *c, const char *note,
                                size_t size, char *err, size_t err_size)
{
    PH_ASSERT(c->leaf_cnt == f->tree.leaf_cnt && c->leaf_cnt > f->published.leaf_cnt);
    ph_status s = keep_edge(f);
    if (s == PH_OK) s = name_tiles(f);
    if (s != PH_OK) return fail(f, s, "write tiles of log", "", err, err_size);
    s = ph_file_replace(f->fd, CHECKPOINT, note, size);
    if (s != PH_OK) return fail(f, s, "publish", CHECKPOINT, err, err_size);
    for (unsigned level = 0; level < PH_TILE_LEVELS; level++) {
        ph_tile was = ph_tile_edge(f->published.leaf_cnt, level);
        if (was.width != 0 && was.index != ph_tile_edge(c->leaf_cnt, level).index)
            drop_partial(f, &was);
    }
    f->published = *c;
    return PH_OK;
}

void ph_log_folder_close(ph_log_folder *f)
{
    if (f == NULL) return;
    char aside[PH_TILE_PATH_MAX + 4];
    for (size_t i = 0; i < f->aside_cnt; i++) {
        aside_name(&f->aside[i], aside);
        (void)unlinkat(f->fd, aside, 0); /* what is left is written over the next time */
    }
    free(f->aside);
    ph_log_reader_close(f->reader);
    if (f->fd >= 0) (void)close(f->fd); /* every file was synced on its own */
    free(f);
}
