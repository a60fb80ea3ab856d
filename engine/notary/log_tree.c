/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/log_tree.h"

#include "engine/base/panic.h"

#include <stdio.h>
#include <string.h>

char *ph_tile_path(const ph_tile *t, char to[PH_TILE_PATH_MAX])
{
    PH_ASSERT(t->level < PH_TILE_LEVELS && t->width >= 1 && t->width <= PH_TILE_WIDTH);
    char *p = to, *end = to + PH_TILE_PATH_MAX;
    p += snprintf(p, (size_t)(end - p), "tile/%u/", t->level);
    uint64_t unit = 1; /* of the first group of three digits */
    while (t->index / unit >= 1000)
        unit *= 1000;
    for (; unit > 1; unit /= 1000)
        p += snprintf(p, (size_t)(end - p), "x%03u/", (unsigned)(t->index / unit % 1000));
    p += snprintf(p, (size_t)(end - p), "%03u", (unsigned)(t->index % 1000));
    if (t->width < PH_TILE_WIDTH) p += snprintf(p, (size_t)(end - p), ".p/%u", t->width);
    PH_ASSERT(p < end);
    return to;
}

ph_tile ph_tile_edge(uint64_t leaf_cnt, unsigned level)
{
    PH_ASSERT(level < PH_TILE_LEVELS);
    uint64_t cnt = leaf_cnt >> (level * PH_TILE_HEIGHT);
    return (ph_tile){level, cnt / PH_TILE_WIDTH, (unsigned)(cnt % PH_TILE_WIDTH)};
}

/* Root of a perfect subtree over 2^height hashes, at most a whole tile. */
static ph_hash perfect_root(const ph_hash *v, unsigned height)
{
    ph_hash level[PH_TILE_WIDTH];
    size_t cnt = (size_t)1 << height;
    PH_ASSERT(height <= PH_TILE_HEIGHT);
    memcpy(level, v, cnt * sizeof *v);
    for (; cnt > 1; cnt /= 2)
        for (size_t i = 0; i < cnt / 2; i++)
            level[i] = ph_merkle_node(&level[2 * i], &level[2 * i + 1]);
    return level[0];
}

ph_hash ph_tile_subtree(const ph_hash *v, unsigned height, uint64_t index)
{
    unsigned within = height % PH_TILE_HEIGHT;
    uint64_t per_tile = PH_TILE_WIDTH >> within;
    return perfect_root(v + ((index % per_tile) << within), within);
}

ph_hash ph_tile_root(const ph_hash v[PH_TILE_WIDTH])
{
    return perfect_root(v, PH_TILE_HEIGHT);
}

ph_status ph_log_tree_append(ph_log_tree *t, const ph_hash *leaf, ph_log_tree_on_tile on_tile,
                             void *arg)
{
    ph_hash hash = *leaf;
    for (unsigned level = 0;; level++) {
        PH_ASSERT(level < PH_TILE_LEVELS && t->leaf_cnt < UINT64_MAX);
        ph_tile tile = ph_tile_edge(t->leaf_cnt, level);
        t->edge[level][tile.width++] = hash;
        if (tile.width < PH_TILE_WIDTH) break;
        ph_status s = on_tile(arg, &tile, t->edge[level]);
        if (s != PH_OK) return s;
        hash = ph_tile_root(t->edge[level]);
    }
    t->leaf_cnt++;
    return PH_OK;
}

static ph_status edge_subtree(void *arg, unsigned height, uint64_t index, ph_hash *ret)
{
    const ph_log_tree *t = arg;
    *ret = ph_tile_subtree(t->edge[height / PH_TILE_HEIGHT], height, index);
    return PH_OK;
}

ph_hash ph_log_tree_root(const ph_log_tree *t)
{
    /* The subtrees of the whole tree's decomposition all lie in the tiles in the making. */
    union {
        const ph_log_tree *from;
        void *to;
    } arg = {.from = t};
    ph_hash root;
    ph_status s = ph_log_root(&(ph_hash_source){edge_subtree, arg.to}, t->leaf_cnt, &root);
    PH_ASSERT(s == PH_OK);
    return root;
}

/* Leaves first ... first + cnt - 1, where `first` is a multiple of the smallest power of two that
   is not less than cnt: as every subtree of a tree is. */
typedef struct {
    uint64_t first, cnt;
} span;

/* Root of a span: the perfect subtrees that it falls into, joined from the right. */
static ph_status span_root(const ph_hash_source *source, span part, ph_hash *ret)
{
    bool is_first = true;
    uint64_t end = part.first + part.cnt;
    PH_ASSERT(part.cnt != 0);
    for (unsigned height = 0; height < 64 && part.cnt >> height != 0; height++) {
        if ((part.cnt >> height & 1) == 0) continue;
        ph_hash left;
        end -= UINT64_C(1) << height;
        ph_status s = source->subtree(source->arg, height, end >> height, &left);
        if (s != PH_OK) return s;
        *ret = is_first ? left : ph_merkle_node(&left, ret);
        is_first = false;
    }
    return PH_OK;
}

ph_status ph_log_root(const ph_hash_source *source, uint64_t leaf_cnt, ph_hash *ret)
{
    return span_root(source, (span){0, leaf_cnt}, ret);
}

/* Leaves in the left part of a tree: the largest power of two below cnt. */
static uint64_t left_of(uint64_t cnt)
{
    uint64_t k = 1;
    while (cnt - k > k)
        k *= 2;
    return k;
}

/* What is met on the way down, which a proof lists on the way up. */
typedef struct {
    uint32_t cnt;
    span v[PH_MERKLE_LONG_MAX];
} descent;

static void pass(descent *d, span sibling)
{
    PH_ASSERT(d->cnt < PH_MERKLE_LONG_MAX);
    d->v[d->cnt++] = sibling;
}

static ph_status climb(const ph_hash_source *source, const descent *d, ph_log_path *ret)
{
    ret->cnt = 0;
    for (uint32_t i = d->cnt; i > 0; i--) {
        ph_status s = span_root(source, d->v[i - 1], &ret->v[ret->cnt]);
        if (s != PH_OK) return s;
        ret->cnt++;
    }
    return PH_OK;
}

ph_status ph_log_prove_inclusion(const ph_hash_source *source, uint64_t index, uint64_t leaf_cnt,
                                 ph_log_path *ret)
{
    PH_ASSERT(index < leaf_cnt);
    descent d = {.cnt = 0};
    span at = {0, leaf_cnt};
    while (at.cnt > 1) {
        uint64_t k = left_of(at.cnt);
        span left = {at.first, k}, right = {at.first + k, at.cnt - k};
        bool is_left = index < right.first;
        pass(&d, is_left ? right : left);
        at = is_left ? left : right;
    }
    return climb(source, &d, ret);
}

ph_status ph_log_prove_growth(const ph_hash_source *source, uint64_t old_cnt, uint64_t new_cnt,
                              ph_log_path *ret)
{
    PH_ASSERT(old_cnt >= 1 && old_cnt <= new_cnt);
    descent d = {.cnt = 0};
    span at = {0, new_cnt};
    /* Down to the subtree with which the old tree ends. */
    while (at.first + at.cnt != old_cnt) {
        uint64_t k = left_of(at.cnt);
        span left = {at.first, k}, right = {at.first + k, at.cnt - k};
        bool is_left = old_cnt <= right.first;
        pass(&d, is_left ? right : left);
        at = is_left ? left : right;
    }
    /* Whoever verifies has it already if it is the whole old tree. */
    if (at.first != 0) pass(&d, at);
    return climb(source, &d, ret);
}
