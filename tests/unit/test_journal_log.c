/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a real journal: leaves, when a checkpoint is signed, and what is never contradicted.
   Time is a number that the tests choose. */
#include "engine/notary/journal_log.h"

#include <string.h>

#include <sodium.h>

#include "engine/notary/checkpoint.h"
#include "engine/notary/log_folder.h"
#include "engine/notary/log_leaf.h"
#include "engine/notary/note.h"
#include "engine/process/z85.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/a_journal.h"
#include "tests/unit/suite.h"

#define MARKET "market.example"

enum { SECOND = 1000000000 };

static char base[64], folder[96], journal[96], key_path[96], err[1024];
static ph_key key;
static ph_keyring *keyring;
static ph_journal_log *log_;
static ph_replay *replay;
static a_journal made;

static void write_key_file(void)
{
    static const uint8_t seed[32] = {5, 5, 5}, curve_secret[32] = {1};
    uint8_t secret[64], curve_public[32];
    char public_z85[41], secret_z85[41], seed_hex[65], key_hex[65], text[512];
    crypto_sign_seed_keypair(key.b, secret, seed);
    crypto_scalarmult_base(curve_public, curve_secret);
    ph_z85_write(curve_public, public_z85);
    ph_z85_write(curve_secret, secret_z85);
    sodium_bin2hex(seed_hex, sizeof seed_hex, seed, sizeof seed);
    sodium_bin2hex(key_hex, sizeof key_hex, key.b, sizeof key.b);
    int size = snprintf(text, sizeof text,
                        "name = notary\ncurve_public = %s\ncurve_secret = %s\nsign_public = %s\n"
                        "sign_seed = %s\n",
                        public_z85, secret_z85, key_hex, seed_hex);
    a_folder_write(base, "notary.key", text, (size_t)size);
    snprintf(key_path, sizeof key_path, "%s/notary.key", base);
    ck_assert_int_eq(chmod(key_path, 0600), 0);
}

static void setup(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    a_folder_make(base, sizeof base);
    snprintf(folder, sizeof folder, "%s/log", base);
    snprintf(journal, sizeof journal, "%s/journal", base);
    write_key_file();
    ck_assert_msg(ph_keyring_open(key_path, &keyring, err, sizeof err) == PH_OK, "%s", err);
    a_journal_open(&made, journal, MARKET, &key);
    log_ = NULL;
    replay = NULL;
}

static void teardown(void)
{
    ph_journal_log_close(log_);
    ph_replay_close(replay);
    ph_keyring_close(keyring);
    a_journal_close(&made);
    a_folder_remove(base);
}

/* A notary that starts: from the first record, with nothing but what is on the disk. */
static ph_status start(const char *from)
{
    ph_replay_error e;
    ph_journal_log_close(log_);
    ph_replay_close(replay);
    ph_keyring_close(keyring);
    log_ = NULL;
    replay = NULL;
    keyring = NULL;
    ck_assert_msg(ph_keyring_open(key_path, &keyring, err, sizeof err) == PH_OK, "%s", err);
    ph_status s = ph_journal_log_open(folder, MARKET, keyring, &log_, err, sizeof err);
    if (s == PH_OK) ck_assert_msg(ph_replay_open(from, &replay, &e) == PH_OK, "%s", e.text);
    return s == PH_OK ? ph_journal_log_meet(log_, from, err, sizeof err) : s;
}

/* Takes what is durable, at a time. */
static ph_status take(uint64_t now)
{
    ph_replay_error e;
    const ph_replay_batch *b;
    ph_status s;
    while ((s = ph_replay_next(replay, &b, &e)) == PH_OK) {
        s = ph_journal_log_take(log_, b, now, err, sizeof err);
        if (s != PH_OK) return s;
    }
    ck_assert_int_eq(s, PH_EEND);
    return PH_OK;
}

static void turn(uint64_t now)
{
    ck_assert_msg(ph_journal_log_turn(log_, now, err, sizeof err) == PH_OK, "%s", err);
}

static void publish(void)
{
    ck_assert_msg(ph_journal_log_publish(log_, err, sizeof err) == PH_OK, "%s", err);
}

/* Records that the checkpoint on the disk states; it must be signed. */
static uint64_t on_disk(void)
{
    char note[PH_LOG_NOTE_MAX];
    size_t text;
    ph_log_checkpoint c;
    size_t size = a_folder_read(folder, "checkpoint", note, sizeof note);
    ph_note_signer signer = {MARKET "/journal", &key};
    ck_assert_int_eq(ph_note_verify(note, size, &signer, &text), PH_OK);
    ck_assert_int_eq(ph_log_checkpoint_read(note, text, &c), PH_OK);
    return c.leaf_cnt;
}

START_TEST(the_record_hash_is_that_of_the_page)
{
    /* hashlib.blake2b(struct.pack("<QQQ", 7, 8, 9) + b"\1" * 32 + b"\2" * 32 + b"command",
       digest_size=32, person=b"petahour record"), then SHA-256 of a zero and that. */
    ph_log_record r = {
        .seq = 7, .at = {8}, .event_check = 9, .bytes = (const uint8_t *)"command", .size = 7};
    memset(&r.previous, 1, sizeof r.previous);
    memset(&r.events, 2, sizeof r.events);
    char text[65];
    ph_hash record = ph_log_record_hash(&r), leaf = ph_log_leaf(&r);
    ck_assert_str_eq(sodium_bin2hex(text, sizeof text, record.b, sizeof record.b),
                     "6ad58f8f446c47fddd9b4cbc050dd625bf5e487a7edb92dce6514263e2199f33");
    ck_assert_str_eq(sodium_bin2hex(text, sizeof text, leaf.b, sizeof leaf.b),
                     "69fd8573c4626fdfba8627718c88e34f73d5f41c7959d2421764c8f78210ef37");
}
END_TEST

START_TEST(a_quiet_journal_is_signed_soon)
{
    uint64_t now = 5 * UINT64_C(1000000000);
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_uint_eq(ph_journal_log_due_ns(log_), UINT64_MAX);
    ck_assert_int_eq(take(now), PH_OK);
    ck_assert_uint_eq(ph_journal_log_due_ns(log_), now + PH_LOG_QUIET_NS);
    turn(now + PH_LOG_QUIET_NS - 1);
    ck_assert(!a_folder_has(folder, "checkpoint"));
    turn(now + PH_LOG_QUIET_NS);
    ck_assert_uint_eq(on_disk(), ph_market_seq(made.m));
    ck_assert_uint_eq(ph_journal_log_due_ns(log_), UINT64_MAX);
}
END_TEST

/* Records that come so often that it is never quiet: a second after the first at the latest. */
START_TEST(a_busy_journal_is_signed_every_second)
{
    uint64_t now = SECOND, signed_at = 0, signs = 0, last = 0, step = PH_LOG_QUIET_NS / 2;
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_int_eq(take(now), PH_OK);
    publish();
    signed_at = now;
    for (uint32_t n = 0; n < 100; n++) {
        now += step;
        a_journal_round(&made, n);
        ck_assert_int_eq(take(now), PH_OK);
        turn(now);
        if (on_disk() == last) continue;
        last = on_disk();
        if (n > 0) ck_assert_uint_le(now - signed_at, PH_LOG_SIGN_NS + step);
        signed_at = now;
        signs++;
    }
    ck_assert_uint_ge(signs, 4);
    ck_assert_uint_le(signs, 6); /* and not for every record */
}
END_TEST

START_TEST(the_rest_is_signed_at_the_end_and_nothing_twice)
{
    uint8_t once[PH_LOG_NOTE_MAX], again[PH_LOG_NOTE_MAX];
    ck_assert_int_eq(start(journal), PH_OK);
    publish();
    ck_assert(!a_folder_has(folder, "checkpoint"));
    ck_assert_int_eq(take(1), PH_OK);
    publish();
    ck_assert_uint_eq(on_disk(), ph_market_seq(made.m));
    size_t size = a_folder_read(folder, "checkpoint", once, sizeof once);
    publish();
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_int_eq(take(1), PH_OK);
    ck_assert_uint_eq(ph_journal_log_due_ns(log_), UINT64_MAX);
    publish();
    ck_assert_uint_eq(a_folder_read(folder, "checkpoint", again, sizeof again), size);
    ck_assert_mem_eq(once, again, size);
}
END_TEST

/* Wherever it stops, the log that goes on is the one that would have been made at once. */
START_TEST(a_restart_changes_nothing)
{
    char whole[PH_LOG_NOTE_MAX], parts[PH_LOG_NOTE_MAX];
    for (uint32_t n = 0; n < 120; n++) {
        a_journal_round(&made, n);
        if (n % 20 != 3) continue;
        ck_assert_int_eq(start(journal), PH_OK);
        ck_assert_ptr_null(ph_journal_log_mending(log_));
        ck_assert_int_eq(take(1), PH_OK);
        if (n % 40 == 3) publish();
    }
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_int_eq(take(1), PH_OK);
    publish();
    ck_assert_uint_gt(on_disk(), 256);
    size_t size = a_folder_read(folder, "checkpoint", parts, sizeof parts);
    snprintf(folder, sizeof folder, "%s/at-once", base);
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_int_eq(take(1), PH_OK);
    publish();
    ck_assert_uint_eq(a_folder_read(folder, "checkpoint", whole, sizeof whole), size);
    ck_assert_mem_eq(whole, parts, size);
}
END_TEST

/* Two journals of one market under one key, the second with one more order in the middle. */
static void make_other(a_journal *other, char *path, size_t size, uint32_t rounds, uint32_t at)
{
    snprintf(path, size, "%s/other", base);
    a_journal_open(other, path, MARKET, &key);
    for (uint32_t n = 0; n < rounds; n++) {
        if (n == at) a_journal_round(other, 900);
        a_journal_round(other, n);
    }
}

START_TEST(another_history_is_refused)
{
    char path[128];
    a_journal other;
    for (uint32_t n = 0; n < 150; n++)
        a_journal_round(&made, n);
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_int_eq(take(1), PH_OK);
    publish();
    uint64_t published = on_disk();
    make_other(&other, path, sizeof path, 200, 70);
    ck_assert_int_eq(start(path), PH_EDIVERGED);
    ck_assert_msg(strstr(err, "they differ at or before record") != NULL, "%s", err);
    /* Without tiles: made again from the other journal, which must not replace what was signed. */
    ph_journal_log_close(log_);
    log_ = NULL;
    char tiles[128];
    snprintf(tiles, sizeof tiles, "%s/tile", folder);
    a_folder_remove(tiles);
    ck_assert_int_eq(start(path), PH_EDIVERGED);
    ck_assert_ptr_nonnull(ph_journal_log_mending(log_));
    ck_assert_msg(strstr(err, "is not the one whose checkpoint") != NULL, "%s", err);
    ck_assert_uint_eq(on_disk(), published);
    a_journal_close(&other);
    /* The right one mends it. */
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_ptr_null(ph_journal_log_mending(log_));
}
END_TEST

START_TEST(a_journal_that_lost_its_end_is_refused)
{
    char path[128];
    a_journal other;
    for (uint32_t n = 0; n < 30; n++)
        a_journal_round(&made, n);
    ck_assert_int_eq(start(journal), PH_OK);
    ck_assert_int_eq(take(1), PH_OK);
    publish();
    make_other(&other, path, sizeof path, 20, UINT32_MAX);
    ck_assert_int_eq(start(path), PH_EDIVERGED);
    ck_assert_msg(strstr(err, "its end was lost") != NULL, "%s", err);
    ck_assert_uint_eq(ph_journal_log_due_ns(log_), UINT64_MAX); /* and nothing is signed */
    a_journal_close(&other);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_record_hash_is_that_of_the_page);
    tcase_add_test(t, a_quiet_journal_is_signed_soon);
    tcase_add_test(t, a_busy_journal_is_signed_every_second);
    tcase_add_test(t, the_rest_is_signed_at_the_end_and_nothing_twice);
    tcase_add_test(t, a_restart_changes_nothing);
    tcase_add_test(t, another_history_is_refused);
    tcase_add_test(t, a_journal_that_lost_its_end_is_refused);
}

int main(void)
{
    return suite_run("journal_log", add);
}
