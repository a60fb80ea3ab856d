/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/merkle.h"

#include "engine/base/panic.h"

#include <string.h>

/* The prefix keeps a leaf from being taken for a node (second preimages). */
static const unsigned char LEAF = 0, NODE = 1;

ph_hash ph_merkle_leaf(const void *bytes, size_t size)
{
    ph_sha256_state s;
    ph_sha256_begin(&s);
    ph_sha256_add(&s, &LEAF, 1);
    ph_sha256_add(&s, bytes, size);
    return ph_sha256_end(&s);
}

void ph_merkle_stem_of(ph_merkle_stem *stem, const uint8_t bytes[PH_MERKLE_STEM_SIZE])
{
    memcpy(stem->bytes, bytes, sizeof stem->bytes);
    ph_sha256_begin(&stem->hashed);
    ph_sha256_add(&stem->hashed, &LEAF, 1);
    ph_sha256_add(&stem->hashed, bytes, sizeof stem->bytes);
}

ph_hash ph_merkle_leaf_on(const ph_merkle_stem *stem, const uint8_t *bytes, size_t size)
{
    if (size < sizeof stem->bytes || memcmp(bytes, stem->bytes, sizeof stem->bytes) != 0)
        return ph_merkle_leaf(bytes, size);
    ph_sha256_state s = stem->hashed;
    ph_sha256_add(&s, bytes + sizeof stem->bytes, size - sizeof stem->bytes);
    return ph_sha256_end(&s);
}

ph_hash ph_merkle_node(const ph_hash *left, const ph_hash *right)
{
    return ph_sha256_pair(NODE, left, right);
}

static uint32_t level_above(uint32_t cnt)
{
    return cnt / 2 + cnt % 2;
}

size_t ph_merkle_room(uint32_t leaf_cnt)
{
    size_t room = leaf_cnt;
    for (uint32_t cnt = leaf_cnt; cnt > 1; room += cnt)
        cnt = level_above(cnt);
    return room;
}

void ph_merkle_build(ph_hash *tree, uint32_t leaf_cnt)
{
    PH_ASSERT(leaf_cnt >= 1 && leaf_cnt <= PH_MERKLE_LEAVES_MAX);
    ph_hash *level = tree;
    for (uint32_t cnt = leaf_cnt; cnt > 1; cnt = level_above(cnt)) {
        ph_hash *above = level + cnt;
        for (uint32_t i = 0; i + 1 < cnt; i += 2)
            above[i / 2] = ph_merkle_node(&level[i], &level[i + 1]);
        if (cnt % 2 == 1) above[cnt / 2] = level[cnt - 1];
        level = above;
    }
}

ph_hash ph_merkle_root(const ph_hash *tree, uint32_t leaf_cnt)
{
    PH_ASSERT(leaf_cnt >= 1);
    return tree[ph_merkle_room(leaf_cnt) - 1];
}

uint32_t ph_merkle_proof(const ph_hash *tree, uint32_t leaf_cnt, uint32_t index,
                         ph_hash ret[PH_MERKLE_PROOF_MAX])
{
    PH_ASSERT(index < leaf_cnt && leaf_cnt <= PH_MERKLE_LEAVES_MAX);
    uint32_t len = 0;
    const ph_hash *level = tree;
    for (uint32_t cnt = leaf_cnt; cnt > 1; cnt = level_above(cnt)) {
        uint32_t sibling = index ^ 1;
        if (sibling < cnt) ret[len++] = level[sibling];
        level += cnt;
        index /= 2;
    }
    return len;
}

static ph_hash proof_hash(const uint8_t *proof, uint32_t i)
{
    ph_hash h;
    memcpy(h.b, proof + (size_t)i * sizeof h.b, sizeof h.b);
    return h;
}

static bool is_equal(const ph_hash *a, const ph_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool ph_merkle_fold(const ph_hash *leaf, const ph_merkle_place *place, ph_hash *ret_root)
{
    if (place->index >= place->leaf_cnt) return false;
    uint64_t fn = place->index, sn = place->leaf_cnt - 1;
    ph_hash r = *leaf;
    for (uint32_t i = 0; i < place->proof_cnt; i++) {
        if (sn == 0) return false;
        ph_hash p = proof_hash(place->proof, i);
        if (fn % 2 == 1 || fn == sn) {
            r = ph_merkle_node(&p, &r);
            for (; fn % 2 == 0 && fn != 0; fn /= 2)
                sn /= 2;
        } else {
            r = ph_merkle_node(&r, &p);
        }
        fn /= 2;
        sn /= 2;
    }
    if (sn != 0) return false;
    *ret_root = r;
    return true;
}

bool ph_merkle_verify(const ph_hash *leaf, const ph_merkle_place *place, const ph_hash *root)
{
    ph_hash folded;
    return ph_merkle_fold(leaf, place, &folded) && is_equal(&folded, root);
}

bool ph_merkle_extends(const ph_merkle_growth *g, const ph_hash *old_root, const ph_hash *new_root)
{
    if (g->old_cnt == 0 || g->old_cnt > g->new_cnt) return false;
    if (g->old_cnt == g->new_cnt) return g->proof_cnt == 0 && is_equal(old_root, new_root);
    uint64_t fn = g->old_cnt - 1, sn = g->new_cnt - 1;
    for (; fn % 2 == 1; fn /= 2)
        sn /= 2;
    /* A smaller tree that is a whole subtree of the larger is its own first hash. */
    uint32_t at = fn == 0 ? 0 : 1;
    if (g->proof_cnt < at) return false;
    ph_hash old_hash = fn == 0 ? *old_root : proof_hash(g->proof, 0), new_hash = old_hash;
    for (; at < g->proof_cnt; at++) {
        if (sn == 0) return false;
        ph_hash p = proof_hash(g->proof, at);
        if (fn % 2 == 1 || fn == sn) {
            old_hash = ph_merkle_node(&p, &old_hash);
            new_hash = ph_merkle_node(&p, &new_hash);
            for (; fn % 2 == 0 && fn != 0; fn /= 2)
                sn /= 2;
        } else {
            new_hash = ph_merkle_node(&new_hash, &p);
        }
        fn /= 2;
        sn /= 2;
    }
    return sn == 0 && is_equal(&old_hash, old_root) && is_equal(&new_hash, new_root);
}
