/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/log_tree.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/merkle_vectors.h"
#include "tests/unit/suite.h"

enum { LEAVES_MAX = 66000 }; /* more than one full tile of level 1 */

static ph_log_tree tree;
static ph_hash *leaves;
static struct {
    uint32_t cnt[PH_TILE_LEVELS];
    ph_status answer;
} tiles;

static void setup(void)
{
    leaves = calloc(LEAVES_MAX, sizeof *leaves);
    ck_assert_ptr_nonnull(leaves);
    for (uint32_t i = 0; i < LEAVES_MAX; i++)
        leaves[i] = i < 8 ? ph_merkle_leaf(merkle_leaves[i].bytes, merkle_leaves[i].size)
                          : ph_merkle_leaf(&i, sizeof i);
    memset(&tiles, 0, sizeof tiles);
    tree.leaf_cnt = 0;
}

static void teardown(void)
{
    free(leaves);
}

static void assert_hash(const ph_hash *h, const char *hex)
{
    char text[65];
    ck_assert_str_eq(sodium_bin2hex(text, sizeof text, h->b, sizeof h->b), hex);
}

/* The definition of RFC 6962, word for word. */
static ph_hash root_by_definition(uint32_t from, uint32_t cnt)
{
    if (cnt == 1) return leaves[from];
    uint32_t k = 1;
    while (2 * k < cnt)
        k *= 2;
    ph_hash left = root_by_definition(from, k), right = root_by_definition(from + k, cnt - k);
    return ph_merkle_node(&left, &right);
}

/* Full tiles come in order and are what the definition says. */
static ph_status take_tile(void *arg, const ph_tile *t, const ph_hash *v)
{
    ck_assert_ptr_eq(arg, &tiles);
    ck_assert_uint_eq(t->width, PH_TILE_WIDTH);
    ck_assert_uint_eq(t->index, tiles.cnt[t->level]++);
    uint32_t under = t->level == 0 ? 1 : PH_TILE_WIDTH;
    for (uint32_t i = 0; i < PH_TILE_WIDTH; i += 51) {
        ph_hash h = root_by_definition(((uint32_t)t->index * PH_TILE_WIDTH + i) * under, under);
        ck_assert_mem_eq(v[i].b, h.b, sizeof h.b);
    }
    return tiles.answer;
}

static void append(uint32_t cnt)
{
    while (tree.leaf_cnt < cnt)
        ck_assert_int_eq(ph_log_tree_append(&tree, &leaves[tree.leaf_cnt], take_tile, &tiles),
                         PH_OK);
}

/* A tree that is asked for any of its subtrees, as one that has all of its tiles. */
static ph_status subtree(void *arg, unsigned height, uint64_t index, ph_hash *ret)
{
    uint64_t leaf_cnt = *(uint64_t *)arg, first = index << height;
    ck_assert_uint_le(first + (UINT64_C(1) << height), leaf_cnt);
    *ret = root_by_definition((uint32_t)first, UINT32_C(1) << height);
    return PH_OK;
}

START_TEST(roots_are_those_of_the_vectors)
{
    for (uint32_t cnt = 1; cnt <= 8; cnt++) {
        append(cnt);
        ph_hash root = ph_log_tree_root(&tree);
        assert_hash(&root, merkle_roots[cnt - 1]);
    }
}
END_TEST

START_TEST(roots_are_those_of_the_definition)
{
    static const uint32_t sizes[] = {1,   2,   3,   255,   256,   257,   511,  512,
                                     513, 767, 999, 65535, 65536, 65537, 65793};
    for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        append(sizes[i]);
        ph_hash root = ph_log_tree_root(&tree), expected = root_by_definition(0, sizes[i]);
        ck_assert_mem_eq(root.b, expected.b, sizeof root.b);
    }
    ck_assert_uint_eq(tiles.cnt[0], 257);
    ck_assert_uint_eq(tiles.cnt[1], 1);
    ck_assert_uint_eq(tiles.cnt[2], 0);
}
END_TEST

START_TEST(a_tile_that_cannot_be_kept_ends_the_append)
{
    append(255);
    tiles.answer = PH_EFULL;
    ck_assert_int_eq(ph_log_tree_append(&tree, &leaves[255], take_tile, &tiles), PH_EFULL);
    ck_assert_uint_eq(tree.leaf_cnt, 255);
}
END_TEST

START_TEST(paths_are_those_of_the_specification)
{
    static const struct {
        ph_tile t;
        const char *path;
    } rows[] = {
        {{0, 0, 8}, "tile/0/000.p/8"},
        {{0, 0, 256}, "tile/0/000"},
        {{1, 7, 255}, "tile/1/007.p/255"},
        {{0, 999, 256}, "tile/0/999"},
        {{0, 1000, 256}, "tile/0/x001/000"},
        {{3, 1234067, 256}, "tile/3/x001/x234/067"},
        {{3, 1234067, 1}, "tile/3/x001/x234/067.p/1"},
        {{7, UINT64_MAX, 256}, "tile/7/x018/x446/x744/x073/x709/x551/615"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[PH_TILE_PATH_MAX];
        ck_assert_str_eq(ph_tile_path(&rows[i].t, path), rows[i].path);
    }
}
END_TEST

START_TEST(the_tile_of_the_vectors_is_the_one)
{
    append(8);
    ph_tile t = ph_tile_edge(8, 0);
    ck_assert_uint_eq(t.index, 0);
    ck_assert_uint_eq(t.width, 8);
    ph_hash digest;
    crypto_hash_sha256(digest.b, tree.edge[0][0].b, 8 * sizeof(ph_hash));
    assert_hash(&digest, "aea2f1bbb5140fd5f8eacb503fdf54c00c3d860c72588e40233addd416bc8f10");
}
END_TEST

START_TEST(edges_are_the_tiles_in_the_making)
{
    ph_tile t = ph_tile_edge(70000, 0);
    ck_assert_uint_eq(t.index, 273);
    ck_assert_uint_eq(t.width, 112);
    t = ph_tile_edge(70000, 1);
    ck_assert_uint_eq(t.index, 1);
    ck_assert_uint_eq(t.width, 17);
    t = ph_tile_edge(70000, 2);
    ck_assert_uint_eq(t.index, 0);
    ck_assert_uint_eq(t.width, 1);
    ck_assert_uint_eq(ph_tile_edge(70000, 3).width, 0);
    ck_assert_uint_eq(ph_tile_edge(65536, 0).width, 0);
}
END_TEST

START_TEST(proofs_are_those_of_the_vectors)
{
    uint64_t cnt = 8;
    ph_hash_source source = {subtree, &cnt};
    ph_log_path p;
    ck_assert_int_eq(ph_log_prove_inclusion(&source, 5, 8, &p), PH_OK);
    ck_assert_uint_eq(p.cnt, 3);
    assert_hash(&p.v[0], "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
    assert_hash(&p.v[1], "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
    assert_hash(&p.v[2], "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
    ck_assert_int_eq(ph_log_prove_growth(&source, 6, 8, &p), PH_OK);
    ck_assert_uint_eq(p.cnt, 3);
    assert_hash(&p.v[0], "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
    assert_hash(&p.v[1], "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
    assert_hash(&p.v[2], "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}
END_TEST

/* Every proof of small trees holds, and with no hash changed, left out or added. */
START_TEST(proofs_hold_and_only_they)
{
    for (uint64_t cnt = 1; cnt <= 40; cnt++) {
        ph_hash_source source = {subtree, &cnt};
        ph_hash root = root_by_definition(0, (uint32_t)cnt);
        for (uint64_t old = 1; old <= cnt; old++) {
            ph_log_path p;
            ph_hash old_root = root_by_definition(0, (uint32_t)old);
            ck_assert_int_eq(ph_log_prove_inclusion(&source, old - 1, cnt, &p), PH_OK);
            ph_merkle_place place = {old - 1, cnt, p.v[0].b, p.cnt};
            ck_assert(ph_merkle_verify(&leaves[old - 1], &place, &root));
            ck_assert_int_eq(ph_log_prove_growth(&source, old, cnt, &p), PH_OK);
            ph_merkle_growth g = {old, cnt, p.v[0].b, p.cnt};
            ck_assert(ph_merkle_extends(&g, &old_root, &root));
            ck_assert(old == cnt || !ph_merkle_extends(&g, &root, &root));
            ck_assert(old == cnt || !ph_merkle_extends(&g, &old_root, &old_root));
            for (uint32_t i = 0; i < p.cnt; i++) {
                p.v[i].b[i] ^= 1;
                ck_assert(!ph_merkle_extends(&g, &old_root, &root));
                p.v[i].b[i] ^= 1;
            }
            for (g.old_cnt = 0; g.old_cnt <= cnt + 1; g.old_cnt++)
                ck_assert(g.old_cnt == old || !ph_merkle_extends(&g, &old_root, &root));
            g.old_cnt = old;
            g.proof_cnt = p.cnt + 1;
            p.v[p.cnt] = root;
            ck_assert(!ph_merkle_extends(&g, &old_root, &root));
            if (p.cnt == 0) continue;
            g.proof_cnt = p.cnt - 1;
            ck_assert(!ph_merkle_extends(&g, &old_root, &root));
        }
    }
}
END_TEST

static ph_status nothing(void *arg, unsigned height, uint64_t index, ph_hash *ret)
{
    (void)arg, (void)height, (void)index, (void)ret;
    return PH_EIO;
}

START_TEST(a_source_that_fails_ends_the_proof)
{
    ph_hash_source source = {nothing, NULL};
    ph_log_path p;
    ph_hash root;
    ck_assert_int_eq(ph_log_prove_inclusion(&source, 5, 8, &p), PH_EIO);
    ck_assert_int_eq(ph_log_prove_growth(&source, 5, 8, &p), PH_EIO);
    ck_assert_int_eq(ph_log_root(&source, 8, &root), PH_EIO);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, roots_are_those_of_the_vectors);
    tcase_add_test(t, roots_are_those_of_the_definition);
    tcase_add_test(t, a_tile_that_cannot_be_kept_ends_the_append);
    tcase_add_test(t, paths_are_those_of_the_specification);
    tcase_add_test(t, the_tile_of_the_vectors_is_the_one);
    tcase_add_test(t, edges_are_the_tiles_in_the_making);
    tcase_add_test(t, proofs_are_those_of_the_vectors);
    tcase_add_test(t, proofs_hold_and_only_they);
    tcase_add_test(t, a_source_that_fails_ends_the_proof);
}

int main(void)
{
    return suite_run("log_tree", add);
}
