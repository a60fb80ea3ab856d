/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/merkle.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/merkle_vectors.h"
#include "tests/unit/suite.h"

enum { LEAVES_MAX = 70 };

static ph_hash tree[4 * LEAVES_MAX];

static void assert_hash(const ph_hash *h, const char *hex)
{
    char text[65];
    ck_assert_str_eq(sodium_bin2hex(text, sizeof text, h->b, sizeof h->b), hex);
}

static ph_hash leaf_of(uint32_t i)
{
    if (i < 8) return ph_merkle_leaf(merkle_leaves[i].bytes, merkle_leaves[i].size);
    return ph_merkle_leaf(&i, sizeof i);
}

static void build(uint32_t cnt)
{
    ck_assert_uint_le(ph_merkle_room(cnt), sizeof tree / sizeof tree[0]);
    for (uint32_t i = 0; i < cnt; i++)
        tree[i] = leaf_of(i);
    ph_merkle_build(tree, cnt);
}

/* The definition of RFC 6962, word for word. */
static ph_hash root_by_definition(uint32_t from, uint32_t cnt)
{
    if (cnt == 1) return leaf_of(from);
    uint32_t k = 1;
    while (2 * k < cnt)
        k *= 2;
    ph_hash left = root_by_definition(from, k), right = root_by_definition(from + k, cnt - k);
    return ph_merkle_node(&left, &right);
}

START_TEST(hashes_are_those_of_the_vectors)
{
    ph_hash leaf = ph_merkle_leaf("L123456", 7);
    assert_hash(&leaf, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    unsigned char both[9] = "\x01N123N456", node[32];
    crypto_hash_sha256(node, both, 9);
    char text[65];
    ck_assert_str_eq(sodium_bin2hex(text, sizeof text, node, sizeof node),
                     "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}
END_TEST

START_TEST(roots_are_those_of_the_vectors)
{
    for (uint32_t cnt = 1; cnt <= 8; cnt++) {
        build(cnt);
        ph_hash root = ph_merkle_root(tree, cnt);
        assert_hash(&root, merkle_roots[cnt - 1]);
    }
}
END_TEST

START_TEST(inclusion_proof_is_that_of_the_vector)
{
    static const char *const expected[3] = {
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    };
    build(8);
    ph_hash proof[PH_MERKLE_PROOF_MAX];
    ck_assert_uint_eq(ph_merkle_proof(tree, 8, 5, proof), 3);
    for (int i = 0; i < 3; i++)
        assert_hash(&proof[i], expected[i]);
}
END_TEST

START_TEST(roots_are_those_of_the_definition)
{
    for (uint32_t cnt = 1; cnt <= LEAVES_MAX; cnt++) {
        build(cnt);
        ph_hash root = ph_merkle_root(tree, cnt), expected = root_by_definition(0, cnt);
        ck_assert_mem_eq(root.b, expected.b, sizeof root.b);
    }
}
END_TEST

/* Every leaf of every tree proves itself, and at no other place and with no other proof. */
START_TEST(proofs_hold_only_where_they_belong)
{
    for (uint32_t cnt = 1; cnt <= LEAVES_MAX; cnt++) {
        build(cnt);
        ph_hash root = ph_merkle_root(tree, cnt);
        for (uint32_t i = 0; i < cnt; i++) {
            ph_hash proof[PH_MERKLE_PROOF_MAX + 1];
            uint32_t len = ph_merkle_proof(tree, cnt, i, proof);
            ph_merkle_place place = {i, cnt, proof[0].b, len};
            ph_hash leaf = leaf_of(i), other = leaf_of(i + 1);
            ck_assert(ph_merkle_verify(&leaf, &place, &root));
            ck_assert(!ph_merkle_verify(&other, &place, &root));
            for (uint32_t at = 0; at <= cnt; at++) {
                place.index = at;
                ck_assert(at == i || !ph_merkle_verify(&leaf, &place, &root));
            }
            place.index = i;
            proof[len] = leaf;
            place.proof_cnt = len + 1;
            ck_assert(!ph_merkle_verify(&leaf, &place, &root));
            if (len == 0) continue;
            place.proof_cnt = len - 1;
            ck_assert(!ph_merkle_verify(&leaf, &place, &root));
            place.proof_cnt = len;
            for (uint32_t p = 0; p < len; p++) {
                proof[p].b[31] ^= 1;
                ck_assert(!ph_merkle_verify(&leaf, &place, &root));
                proof[p].b[31] ^= 1;
            }
        }
    }
}
END_TEST

START_TEST(places_that_no_tree_has_are_refused)
{
    build(8);
    ph_hash leaf = leaf_of(0), root = ph_merkle_root(tree, 8), got = leaf;
    ph_merkle_place none = {0, 0, NULL, 0}, beyond = {8, 8, tree[0].b, 3};
    ph_merkle_place huge = {UINT32_MAX, UINT32_MAX, tree[0].b, 3};
    ck_assert(!ph_merkle_fold(&leaf, &none, &got));
    ck_assert(!ph_merkle_fold(&leaf, &beyond, &got));
    ck_assert(!ph_merkle_fold(&leaf, &huge, &got));
    ck_assert_mem_eq(got.b, leaf.b, sizeof got.b);
    ck_assert(!ph_merkle_verify(&leaf, &none, &root));
}
END_TEST

START_TEST(one_leaf_is_its_own_root)
{
    build(1);
    ph_hash leaf = leaf_of(0), root = ph_merkle_root(tree, 1);
    ph_merkle_place place = {0, 1, NULL, 0};
    ck_assert_mem_eq(leaf.b, root.b, sizeof leaf.b);
    ck_assert(ph_merkle_verify(&leaf, &place, &root));
}
END_TEST

START_TEST(a_leaf_on_a_stem_is_that_leaf)
{
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(3 * i);
    ph_merkle_stem stem;
    ph_merkle_stem_of(&stem, bytes);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        ph_hash leaf = ph_merkle_leaf(bytes, size), on = ph_merkle_leaf_on(&stem, bytes, size);
        ck_assert_mem_eq(on.b, leaf.b, sizeof leaf.b);
    }
    for (size_t at = 0; at < PH_MERKLE_STEM_SIZE + 2; at++) { /* on no stem of its own */
        bytes[at] ^= 1;
        ph_hash leaf = ph_merkle_leaf(bytes, sizeof bytes);
        ph_hash on = ph_merkle_leaf_on(&stem, bytes, sizeof bytes);
        ck_assert_mem_eq(on.b, leaf.b, sizeof leaf.b);
        bytes[at] ^= 1;
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, hashes_are_those_of_the_vectors);
    tcase_add_test(t, roots_are_those_of_the_vectors);
    tcase_add_test(t, inclusion_proof_is_that_of_the_vector);
    tcase_add_test(t, roots_are_those_of_the_definition);
    tcase_add_test(t, proofs_hold_only_where_they_belong);
    tcase_add_test(t, places_that_no_tree_has_are_refused);
    tcase_add_test(t, one_leaf_is_its_own_root);
    tcase_add_test(t, a_leaf_on_a_stem_is_that_leaf);
}

int main(void)
{
    return suite_run("merkle", add);
}
