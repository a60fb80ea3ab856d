/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/log_tree.h - an RFC 6962 tree that grows: the edge in memory, the rest tiles.

    Hashes are kept in tiles of height 8 (C2SP tlog-tiles): tile n of level l has the roots of the
    subtrees of 256^l leaves number 256 n ... 256 n + 255.  A tile that is full never changes again
    and is handed to whoever keeps it; only the tile in the making of each level stays here, so a
    tree of any size takes the same 64 KiB.

    Owns      nothing: a plain value.
    Thread    any, one at a time per tree.
    Pure      but for what a source does: no clock, no input or output, no allocation. */
#ifndef ENGINE_NOTARY_LOG_TREE_H
#define ENGINE_NOTARY_LOG_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/notary/merkle.h"

enum {
    PH_TILE_HEIGHT = 8,
    PH_TILE_WIDTH = 256, /* hashes of a full tile */
    PH_TILE_LEVELS = 8,  /* enough for 2^64 leaves */
    PH_TILE_BYTES = PH_TILE_WIDTH * (int)sizeof(ph_hash),
    PH_TILE_PATH_MAX = 64,
};

typedef struct {
    unsigned level;
    uint64_t index;
    unsigned width; /* hashes, 1 .. 256 */
} ph_tile;

/* Writes the path of a tile, "tile/0/x001/234.p/5" or, when it is full, "tile/0/x001/234"; returns
   to. */
char *ph_tile_path(const ph_tile *t, char to[PH_TILE_PATH_MAX]);

/* The tile in the making of a level of a tree; width 0 if there is none. */
ph_tile ph_tile_edge(uint64_t leaf_cnt, unsigned level);

/* The perfect subtree number `index` of 2^height leaves within the tile that has it: the root of
   the part of `v` that it covers.  v are the hashes of that tile. */
ph_hash ph_tile_subtree(const ph_hash *v, unsigned height, uint64_t index);

/* Root of a full tile: what stands for it one level up. */
ph_hash ph_tile_root(const ph_hash v[PH_TILE_WIDTH]);

typedef struct {
    uint64_t leaf_cnt;
    ph_hash edge[PH_TILE_LEVELS][PH_TILE_WIDTH];
} ph_log_tree;

/* Takes a tile that has become full.  A status other than PH_OK ends the append and is returned. */
typedef ph_status (*ph_log_tree_on_tile)(void *arg, const ph_tile *t, const ph_hash *v);

/* Adds a leaf hash.  After a failure the tree is of no use. */
ph_status ph_log_tree_append(ph_log_tree *t, const ph_hash *leaf, ph_log_tree_on_tile on_tile,
                             void *arg);

/* Root of a tree with at least one leaf. */
ph_hash ph_log_tree_root(const ph_log_tree *t);

/* Where hashes of a tree come from: gives the root of the perfect subtree number `index` of
   2^height leaves.  A status other than PH_OK ends what asked for it and is returned. */
typedef struct {
    ph_status (*subtree)(void *arg, unsigned height, uint64_t index, ph_hash *ret);
    void *arg;
} ph_hash_source;

/* Root of the first `leaf_cnt` >= 1 leaves. */
ph_status ph_log_root(const ph_hash_source *source, uint64_t leaf_cnt, ph_hash *ret);

/* A proof as it is made. */
typedef struct {
    uint32_t cnt;
    ph_hash v[PH_MERKLE_LONG_MAX];
} ph_log_path;

/* Proof that leaf `index` < leaf_cnt is in the tree of leaf_cnt leaves, for ph_merkle_verify. */
ph_status ph_log_prove_inclusion(const ph_hash_source *source, uint64_t index, uint64_t leaf_cnt,
                                 ph_log_path *ret);

/* Proof that the tree of new_cnt leaves begins with that of old_cnt, 1 .. new_cnt, for
   ph_merkle_extends. */
ph_status ph_log_prove_growth(const ph_hash_source *source, uint64_t old_cnt, uint64_t new_cnt,
                              ph_log_path *ret);

#endif
