/* SPDX-License-Identifier: Apache-2.0 */
/* The log on disk: written by log_folder, read by log_reader, damaged in between. */
#include "engine/notary/log_folder.h"

#include <string.h>

#include <sodium.h>

#include "engine/notary/log_reader.h"
#include "engine/notary/log_tree.h"
#include "engine/notary/note.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/suite.h"

#define MARKET "market.example"

static char base[64], folder[96], err[1024];
static uint8_t secret[64];
static ph_key key;
static ph_log_folder *f;

static ph_hash leaf_of(uint64_t i)
{
    return ph_merkle_leaf(&i, sizeof i);
}

static void setup(void)
{
    static const uint8_t seed[32] = {5};
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_seed_keypair(key.b, secret, seed);
    a_folder_make(base, sizeof base);
    snprintf(folder, sizeof folder, "%s/log", base);
    f = NULL;
}

static void teardown(void)
{
    ph_log_folder_close(f);
    a_folder_remove(base);
}

static ph_status reopen(void)
{
    ph_log_folder_close(f);
    f = NULL;
    err[0] = '\0';
    return ph_log_folder_open(folder, &(ph_log_owner){MARKET, &key, 1}, &f, err, sizeof err);
}

static void open_good(void)
{
    ck_assert_msg(reopen() == PH_OK, "%s", err);
    ck_assert_msg(ph_log_folder_mending(f) == NULL, "%s", ph_log_folder_mending(f));
}

static size_t sign(const ph_log_checkpoint *c, char *note, size_t room)
{
    char text[PH_CHECKPOINT_TEXT_MAX], origin[PH_LOG_ORIGIN_MAX];
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    size_t size = ph_log_checkpoint_write(c, text);
    crypto_sign_detached(signature, NULL, (const unsigned char *)text, size, secret);
    ph_writer w = ph_writer_of(note, room);
    ph_note_write(&w, text, size, &(ph_note_signer){ph_log_origin(c->market.s, origin), &key},
                  signature);
    ck_assert(!w.full);
    return ph_writer_size(&w);
}

static ph_status append(uint64_t cnt)
{
    ph_status s = PH_OK;
    while (s == PH_OK && ph_log_folder_leaf_cnt(f) < cnt) {
        ph_hash leaf = leaf_of(ph_log_folder_leaf_cnt(f));
        s = ph_log_folder_append(f, &leaf, err, sizeof err);
    }
    return s;
}

/* Appends up to cnt leaves and publishes. */
static void publish(uint64_t cnt)
{
    char note[PH_LOG_NOTE_MAX];
    ck_assert_msg(append(cnt) == PH_OK, "%s", err);
    ph_log_checkpoint c = {{MARKET}, cnt, ph_log_folder_root(f)};
    size_t size = sign(&c, note, sizeof note);
    ck_assert_msg(ph_log_folder_publish(f, &c, note, size, err, sizeof err) == PH_OK, "%s", err);
}

/* What an outsider finds: PH_OK if every leaf of the tree of cnt leaves proves itself. */
static ph_status read_all(uint64_t cnt)
{
    ph_log_tree *t = calloc(1, sizeof *t);
    ph_log_reader *r = NULL;
    ck_assert_ptr_nonnull(t);
    ph_log_size size = {.leaf_cnt = cnt, .root = ph_log_folder_published(f)->root};
    ck_assert_uint_eq(ph_log_folder_published(f)->leaf_cnt, cnt);
    ph_status s = ph_log_reader_open(folder, &size, &r, err, sizeof err);
    for (uint64_t i = 0; s == PH_OK && i < cnt; i += i % 256 < 250 ? 7 : 1) {
        ph_hash_source source = ph_log_reader_source(r);
        ph_hash there, leaf = leaf_of(i);
        ph_log_path p;
        s = source.subtree(source.arg, 0, i, &there);
        if (s == PH_OK) s = ph_log_prove_inclusion(&source, i, cnt, &p);
        if (s != PH_OK) {
            snprintf(err, sizeof err, "%s", ph_log_reader_why(r));
            break;
        }
        ph_merkle_place place = {i, cnt, p.v[0].b, p.cnt};
        ck_assert_mem_eq(there.b, leaf.b, sizeof leaf.b);
        ck_assert(ph_merkle_verify(&leaf, &place, &size.root));
    }
    ph_log_reader_close(r);
    free(t);
    return s;
}

START_TEST(what_is_published_proves_itself)
{
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 300, 511, 512, 1000, 2560};
    open_good();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        publish(sizes[i]);
        ck_assert_msg(read_all(sizes[i]) == PH_OK, "%s", err);
    }
}
END_TEST

START_TEST(old_tiles_in_the_making_stay_until_the_full_one_is_there)
{
    open_good();
    publish(3);
    publish(200);
    ck_assert(a_folder_has(folder, "tile/0/000.p/3"));
    ck_assert(a_folder_has(folder, "tile/0/000.p/200"));
    publish(300);
    ck_assert(!a_folder_has(folder, "tile/0/000.p"));
    ck_assert(a_folder_has(folder, "tile/0/000"));
    ck_assert(a_folder_has(folder, "tile/0/001.p/44"));
    ck_assert(a_folder_has(folder, "tile/1/000.p/1"));
    /* Whoever has the old checkpoint finds its hashes in the full tile. */
    ph_hash leaves[256];
    for (uint64_t i = 0; i < 256; i++)
        leaves[i] = leaf_of(i);
    ph_log_size old = {2, ph_merkle_node(&leaves[0], &leaves[1])};
    ph_log_reader *r;
    ck_assert_msg(ph_log_reader_open(folder, &old, &r, err, sizeof err) == PH_OK, "%s", err);
    ph_log_reader_close(r);
}
END_TEST

START_TEST(nothing_is_there_before_it_is_published)
{
    open_good();
    publish(10);
    ck_assert_int_eq(append(700), PH_OK);
    ck_assert(!a_folder_has(folder, "tile/0/000"));
    ck_assert_msg(read_all(10) == PH_OK, "%s", err);
    open_good(); /* what was not published is forgotten */
    ck_assert_uint_eq(ph_log_folder_leaf_cnt(f), 10);
    ck_assert(!a_folder_has(folder, "tile/0/000.new"));
    publish(700);
    ck_assert_msg(read_all(700) == PH_OK, "%s", err);
}
END_TEST

START_TEST(the_tree_goes_on_from_the_tiles)
{
    open_good();
    publish(600);
    open_good();
    ck_assert_uint_eq(ph_log_folder_leaf_cnt(f), 600);
    ph_hash right = leaf_of(599), wrong = leaf_of(598);
    ck_assert_int_eq(ph_log_folder_compare(f, 599, &right, err, sizeof err), PH_OK);
    ck_assert_int_eq(ph_log_folder_compare(f, 599, &wrong, err, sizeof err), PH_EDIVERGED);
    ck_assert_ptr_nonnull(strstr(err, "differ at or before record 600"));
    publish(1300);
    ck_assert_msg(read_all(1300) == PH_OK, "%s", err);
}
END_TEST

/* Every kind of damage to a tile of 600 leaves: is it named, and is it made again? */
START_TEST(damage_is_named_and_made_again)
{
    static const struct {
        const char *tile, *said;
    } rows[] = {
        {"tile/0/002.p/88", "the newest tiles (\"tile/0/002.p/88\", \"tile/1/000.p/2\")"},
        {"tile/1/000.p/2", "the newest tiles"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[PH_TILE_BYTES];
        if (f == NULL) open_good();
        if (ph_log_folder_leaf_cnt(f) == 0) publish(600);
        size_t size = a_folder_read(folder, rows[i].tile, bytes, sizeof bytes);
        for (int damage = 0; damage < 4; damage++) {
            if (damage == 0) a_folder_flip(folder, rows[i].tile, 8 * size - 1);
            if (damage == 1) a_folder_write(folder, rows[i].tile, bytes, size - 1);
            if (damage == 2) a_folder_write(folder, rows[i].tile, bytes, 0);
            if (damage == 3) a_folder_unlink(folder, rows[i].tile);
            ck_assert_int_eq(reopen(), PH_OK);
            const char *why = ph_log_folder_mending(f);
            ck_assert_ptr_nonnull(why);
            ck_assert_msg(strstr(why, damage == 0 ? rows[i].said : rows[i].tile) != NULL, "%s",
                          why);
            ck_assert_uint_eq(ph_log_folder_leaf_cnt(f), 0);
            ck_assert_msg(append(600) == PH_OK, "%s", err);
            ck_assert_ptr_null(ph_log_folder_mending(f));
            ck_assert_msg(read_all(600) == PH_OK, "%s", err);
            open_good();
        }
    }
}
END_TEST

START_TEST(damage_of_a_full_tile_is_named)
{
    open_good();
    publish(600);
    for (size_t bit = 0; bit < (size_t)PH_TILE_BYTES * 8; bit += 997) {
        a_folder_flip(folder, "tile/0/001", bit);
        ck_assert_int_eq(read_all(600), PH_ECORRUPT);
        ck_assert_str_eq(err, "tile \"tile/0/001\" is not the one that the signed root states");
        a_folder_flip(folder, "tile/0/001", bit);
    }
    uint8_t bytes[PH_TILE_BYTES + 1] = {0};
    size_t size = a_folder_read(folder, "tile/0/001", bytes, sizeof bytes);
    a_folder_write(folder, "tile/0/001", bytes, 100);
    ck_assert_int_eq(read_all(600), PH_ECORRUPT);
    ck_assert_str_eq(err, "tile \"tile/0/001\" has 100 bytes instead of 8192");
    a_folder_write(folder, "tile/0/001", bytes, size + 1);
    ck_assert_int_eq(read_all(600), PH_ECORRUPT);
    ck_assert_str_eq(err, "tile \"tile/0/001\" is longer than 8192 bytes");
    a_folder_unlink(folder, "tile/0/001");
    ck_assert_int_eq(read_all(600), PH_ECORRUPT);
    ck_assert_str_eq(err, "tile \"tile/0/001\" is missing");
    /* One tile in the place of another. */
    a_folder_read(folder, "tile/0/000", bytes, sizeof bytes);
    a_folder_write(folder, "tile/0/001", bytes, size);
    ck_assert_int_eq(read_all(600), PH_ECORRUPT);
    ck_assert_str_eq(err, "tile \"tile/0/001\" is not the one that the signed root states");
}
END_TEST

/* The tiles are gone or damaged, and the leaves are others than those that were published. */
START_TEST(other_leaves_than_the_published_are_refused)
{
    uint8_t before[PH_TILE_BYTES], after[PH_TILE_BYTES];
    open_good();
    publish(600);
    a_folder_read(folder, "tile/0/001", before, sizeof before);
    a_folder_flip(folder, "tile/1/000.p/2", 9); /* so that the tree begins again */
    ck_assert_int_eq(reopen(), PH_OK);
    ck_assert_ptr_nonnull(ph_log_folder_mending(f));
    ck_assert_int_eq(append(400), PH_OK);
    ph_hash other = leaf_of(7);
    ck_assert_int_eq(ph_log_folder_append(f, &other, err, sizeof err), PH_OK);
    ck_assert_int_eq(append(599), PH_OK);
    ph_hash last = leaf_of(599);
    ck_assert_int_eq(ph_log_folder_append(f, &last, err, sizeof err), PH_EDIVERGED);
    ck_assert_msg(strstr(err, "the first that its tiles have otherwise is record 401") != NULL,
                  "%s", err);
    ph_log_folder_close(f);
    f = NULL;
    a_folder_read(folder, "tile/0/001", after, sizeof after);
    ck_assert_mem_eq(before, after, sizeof before); /* the evidence stays */
    ck_assert(!a_folder_has(folder, "tile/0/001.new"));
}
END_TEST

START_TEST(checkpoints_that_are_not_ours_are_refused)
{
    char note[PH_LOG_NOTE_MAX], other[PH_LOG_NOTE_MAX];
    open_good();
    publish(5);
    size_t size = a_folder_read(folder, "checkpoint", note, sizeof note);
    for (size_t bit = 0; bit < size * 8; bit += 3) {
        a_folder_flip(folder, "checkpoint", bit);
        ph_status s = reopen();
        ck_assert_msg(s == PH_ECORRUPT || s == PH_EDENIED, "bit %zu", bit);
        ck_assert_ptr_nonnull(strstr(err, "its checkpoint is not"));
        a_folder_flip(folder, "checkpoint", bit);
    }
    for (size_t cut = 0; cut < size; cut += 5) {
        a_folder_write(folder, "checkpoint", note, cut);
        ck_assert_int_eq(reopen(), PH_ECORRUPT);
    }
    ph_log_checkpoint c = {{"other.example"}, 5, leaf_of(1)};
    a_folder_write(folder, "checkpoint", other, sign(&c, other, sizeof other));
    ck_assert_int_eq(reopen(), PH_EDENIED);
    a_folder_write(folder, "checkpoint", note, size);
    key.b[0] ^= 1;
    ck_assert_int_eq(reopen(), PH_EDENIED);
    key.b[0] ^= 1;
    open_good();
}
END_TEST

START_TEST(one_process_at_a_time)
{
    ph_log_folder *second = NULL;
    open_good();
    ck_assert_int_eq(
        ph_log_folder_open(folder, &(ph_log_owner){MARKET, &key, 1}, &second, err, sizeof err),
        PH_EBUSY);
    ck_assert_ptr_null(second);
}
END_TEST

START_TEST(what_cannot_be_written_is_said)
{
    open_good();
    publish(5);
    a_folder_write(folder, "tile/1", "", 0); /* a file where a folder must be */
    ck_assert_int_eq(append(256), PH_OK);
    ph_log_checkpoint c = {{MARKET}, 256, ph_log_folder_root(f)};
    char note[PH_LOG_NOTE_MAX], was[PH_LOG_NOTE_MAX], is[PH_LOG_NOTE_MAX];
    size_t size = sign(&c, note, sizeof note);
    size_t was_size = a_folder_read(folder, "checkpoint", was, sizeof was);
    ck_assert_int_eq(ph_log_folder_publish(f, &c, note, size, err, sizeof err), PH_EIO);
    ck_assert_ptr_nonnull(strstr(err, "could not write tiles"));
    ck_assert_uint_eq(a_folder_read(folder, "checkpoint", is, sizeof is), was_size);
    ck_assert_mem_eq(was, is, was_size);
    ph_log_folder_close(f);
    f = NULL;
    snprintf(folder, sizeof folder, "%s/no/log", base);
    ck_assert_int_eq(reopen(), PH_EIO);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_is_published_proves_itself);
    tcase_add_test(t, old_tiles_in_the_making_stay_until_the_full_one_is_there);
    tcase_add_test(t, nothing_is_there_before_it_is_published);
    tcase_add_test(t, the_tree_goes_on_from_the_tiles);
    tcase_add_test(t, damage_is_named_and_made_again);
    tcase_add_test(t, damage_of_a_full_tile_is_named);
    tcase_add_test(t, other_leaves_than_the_published_are_refused);
    tcase_add_test(t, checkpoints_that_are_not_ours_are_refused);
    tcase_add_test(t, one_process_at_a_time);
    tcase_add_test(t, what_cannot_be_written_is_said);
}

int main(void)
{
    return suite_run("log_folder", add);
}
