/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/merkle.h - RFC 6962 trees with SHA-256: leaf, root, proofs, verification.

    A tree is an array of hashes, level by level from the leaves up; the last hash of a level that
    has no sibling moves up unchanged, which gives the tree of RFC 6962 for every number of leaves.

    Owns      nothing: lives in an array of the caller.
    Thread    any, one at a time per array. */
#ifndef ENGINE_NOTARY_MERKLE_H
#define ENGINE_NOTARY_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/types.h"
#include "engine/notary/sha256.h"

enum {
    PH_MERKLE_LEAVES_MAX = 1 << 30,
    PH_MERKLE_PROOF_MAX = 32, /* hashes; a tree of PH_MERKLE_LEAVES_MAX needs 30 */
    PH_MERKLE_LONG_MAX = 64,  /* hashes of a proof in a tree of any size */
    PH_MERKLE_STEM_SIZE = 63, /* bytes that SHA-256 takes at once with the prefix of a leaf */
};

/* SHA-256(0x00 || bytes). */
ph_hash ph_merkle_leaf(const void *bytes, size_t size);

/* What many leaves begin with, hashed once for all of them. */
typedef struct {
    uint8_t bytes[PH_MERKLE_STEM_SIZE];
    ph_sha256_state hashed;
} ph_merkle_stem;
void ph_merkle_stem_of(ph_merkle_stem *stem, const uint8_t bytes[PH_MERKLE_STEM_SIZE]);

/* The same as ph_merkle_leaf, and sooner if the bytes begin like the stem. */
ph_hash ph_merkle_leaf_on(const ph_merkle_stem *stem, const uint8_t *bytes, size_t size);

/* SHA-256(0x01 || left || right). */
ph_hash ph_merkle_node(const ph_hash *left, const ph_hash *right);

/* Hashes of a whole tree, leaves included. */
size_t ph_merkle_room(uint32_t leaf_cnt);

/* Fills the rest of a tree whose first leaf_cnt hashes are the leaves; the array has room for
   ph_merkle_room(leaf_cnt).  No leaves is a bug: nothing is signed for an empty batch. */
void ph_merkle_build(ph_hash *tree, uint32_t leaf_cnt);

/* The root of a tree that was built: its last hash. */
ph_hash ph_merkle_root(const ph_hash *tree, uint32_t leaf_cnt);

/* Writes the inclusion proof of leaf `index` < leaf_cnt, from the leaf's level up to below the
   root; returns its length. */
uint32_t ph_merkle_proof(const ph_hash *tree, uint32_t leaf_cnt, uint32_t index,
                         ph_hash ret[PH_MERKLE_PROOF_MAX]);

/* What is claimed of a leaf. */
typedef struct {
    uint64_t index, leaf_cnt;
    const uint8_t *proof; /* proof_cnt hashes of 32 bytes */
    uint32_t proof_cnt;
} ph_merkle_place;

/* Folds the proof from the leaf up (RFC 9162, 2.1.3.2).  False, and *ret_root untouched, if no tree
   of leaf_cnt leaves has a proof of this length at this place. */
bool ph_merkle_fold(const ph_hash *leaf, const ph_merkle_place *place, ph_hash *ret_root);

/* True if the leaf is where the place says under this root. */
bool ph_merkle_verify(const ph_hash *leaf, const ph_merkle_place *place, const ph_hash *root);

/* What is claimed of two sizes of one tree: that the smaller is the beginning of the larger. */
typedef struct {
    uint64_t old_cnt, new_cnt;
    const uint8_t *proof; /* proof_cnt hashes of 32 bytes */
    uint32_t proof_cnt;
} ph_merkle_growth;

/* True if the tree with new_root begins with the tree with old_root (RFC 9162, 2.1.4.2).  An empty
   tree proves nothing and is refused. */
bool ph_merkle_extends(const ph_merkle_growth *g, const ph_hash *old_root, const ph_hash *new_root);

#endif
