/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/keyring.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/process/z85.h"
#include "tests/unit/suite.h"

#define ROOT "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="

/* AddressSanitizer keeps memory of its own that a search cannot read; gcc and clang say in two ways
   that it is there. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_INSTRUMENTED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IS_INSTRUMENTED
#endif

static char path[64], err[1024];
static uint8_t seed[32] = {9, 8, 7};
static ph_key key;

static void write_key_file(const char *sign_public, mode_t mode)
{
    uint8_t curve_secret[32] = {1}, curve_public[32];
    char public_z85[41], secret_z85[41], seed_hex[65], text[1024];
    crypto_scalarmult_base(curve_public, curve_secret);
    ph_z85_write(curve_public, public_z85);
    ph_z85_write(curve_secret, secret_z85);
    sodium_bin2hex(seed_hex, sizeof seed_hex, seed, sizeof seed);
    int size = snprintf(text, sizeof text,
                        "name = notary\ncurve_public = %s\ncurve_secret = %s\nsign_public = %s\n"
                        "sign_seed = %s\n",
                        public_z85, secret_z85, sign_public, seed_hex);
    snprintf(path, sizeof path, "/tmp/petahour-keyring-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, (size_t)size), size);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    ck_assert_int_eq(close(fd), 0);
}

static void setup(void)
{
    uint8_t secret[64];
    char hex[65];
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_seed_keypair(key.b, secret, seed);
    write_key_file(sodium_bin2hex(hex, sizeof hex, key.b, sizeof key.b), 0600);
    memset(err, 0, sizeof err);
}

static void teardown(void)
{
    ck_assert_int_eq(unlink(path), 0);
}

static ph_keyring *open_keyring(void)
{
    ph_keyring *k = NULL;
    ck_assert_msg(ph_keyring_open(path, &k, err, sizeof err) == PH_OK, "%s", err);
    return k;
}

static ph_status sign(ph_keyring *k, uint64_t first_seq, const char *text,
                      uint8_t ret[PH_NOTE_SIGNATURE_SIZE])
{
    return ph_keyring_sign_root(k, "m", first_seq, text, strlen(text), ret);
}

START_TEST(a_root_is_signed_with_the_key_of_the_file)
{
    const char *text = "m/contracts/41\n2\n" ROOT "\n";
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE], again[PH_NOTE_SIGNATURE_SIZE];
    ph_keyring *k = open_keyring();
    ck_assert_mem_eq(ph_keyring_public(k)->b, key.b, sizeof key.b);
    ck_assert_int_eq(sign(k, 41, text, signature), PH_OK);
    ck_assert_int_eq(
        crypto_sign_verify_detached(signature, (const unsigned char *)text, strlen(text), key.b),
        0);
    ph_keyring_close(k);
    k = open_keyring();
    ck_assert_int_eq(sign(k, 41, text, again), PH_OK);
    ck_assert_mem_eq(signature, again, sizeof again);
    ph_keyring_close(k);
}
END_TEST

/* The log would contradict itself if one batch had two roots. */
START_TEST(no_batch_is_signed_twice_or_out_of_order)
{
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ph_keyring *k = open_keyring();
    ck_assert_int_eq(sign(k, 41, "m/contracts/41\n2\n" ROOT "\n", signature), PH_OK);
    ck_assert_int_eq(sign(k, 41, "m/contracts/41\n3\n" ROOT "\n", signature), PH_EDENIED);
    ck_assert_int_eq(sign(k, 40, "m/contracts/40\n3\n" ROOT "\n", signature), PH_EDENIED);
    ck_assert_int_eq(sign(k, 42, "m/contracts/42\n3\n" ROOT "\n", signature), PH_OK);
    ph_keyring_close(k);
}
END_TEST

START_TEST(what_the_policy_refuses_is_not_signed)
{
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE], before[PH_NOTE_SIGNATURE_SIZE];
    memset(signature, 'x', sizeof signature);
    memcpy(before, signature, sizeof before);
    ph_keyring *k = open_keyring();
    ck_assert_int_eq(sign(k, 41, "", signature), PH_EDENIED);
    ck_assert_int_eq(sign(k, 41, "pay the bearer\n", signature), PH_EDENIED);
    ck_assert_int_eq(sign(k, 41, "n/contracts/41\n2\n" ROOT "\n", signature), PH_EDENIED);
    ck_assert_int_eq(sign(k, 41, "m/contracts/42\n2\n" ROOT "\n", signature), PH_EDENIED);
    ck_assert_mem_eq(signature, before, sizeof before);
    ph_keyring_close(k);
}
END_TEST

static ph_status sign_log(ph_keyring *k, uint64_t cnt, const char *text)
{
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ph_status s = ph_keyring_sign_log(k, "m", cnt, text, strlen(text), signature);
    if (s == PH_OK)
        ck_assert_int_eq(crypto_sign_verify_detached(signature, (const unsigned char *)text,
                                                     strlen(text), key.b),
                         0);
    return s;
}

/* The log only grows, and has one root for each size. */
START_TEST(the_log_never_contradicts_itself)
{
    const char *other = "AcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";
    char fork[96];
    ph_keyring *k = open_keyring();
    ck_assert_int_eq(sign_log(k, 7, "m/journal\n7\n" ROOT "\n"), PH_OK);
    ck_assert_int_eq(sign_log(k, 7, "m/journal\n7\n" ROOT "\n"), PH_OK);
    snprintf(fork, sizeof fork, "m/journal\n7\n%s\n", other);
    ck_assert_int_eq(sign_log(k, 7, fork), PH_EDENIED);
    ck_assert_int_eq(sign_log(k, 6, "m/journal\n6\n" ROOT "\n"), PH_EDENIED);
    ck_assert_int_eq(sign_log(k, 9, "m/journal\n8\n" ROOT "\n"), PH_EDENIED);
    ck_assert_int_eq(sign_log(k, 8, "n/journal\n8\n" ROOT "\n"), PH_EDENIED);
    ck_assert_int_eq(sign_log(k, 8, "m/journal\n8\n" ROOT "\n"), PH_OK);
    ph_keyring_close(k);
}
END_TEST

START_TEST(one_of_two_keys_is_used_at_a_time)
{
    const char *text = "m/contracts/41\n2\n" ROOT "\n";
    const ph_key *both[2];
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ph_keyring *k = open_keyring();
    ck_assert_int_eq(ph_keyring_add(k, path, err, sizeof err), PH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err, "there already"));
    char first[64], hex[65];
    ph_key other;
    uint8_t secret[64], other_seed[32] = {9};
    snprintf(first, sizeof first, "%s", path);
    crypto_sign_seed_keypair(other.b, secret, other_seed);
    uint8_t kept[32];
    memcpy(kept, seed, sizeof kept);
    memcpy(seed, other_seed, sizeof seed);
    write_key_file(sodium_bin2hex(hex, sizeof hex, other.b, sizeof other.b), 0600);
    memcpy(seed, kept, sizeof seed);
    ck_assert_msg(ph_keyring_add(k, path, err, sizeof err) == PH_OK, "%s", err);
    ck_assert_int_eq(ph_keyring_add(k, path, err, sizeof err), PH_EINVAL); /* no place */
    both[0] = &key;
    both[1] = &other;
    for (uint64_t i = 0; i < 4; i++) {
        char root[64];
        const ph_key *by = both[i % 2];
        snprintf(root, sizeof root, "m/contracts/%d\n2\n" ROOT "\n", (int)(41 + i));
        ck_assert_int_eq(ph_keyring_use(k, by), PH_OK);
        ck_assert_mem_eq(ph_keyring_public(k), by, sizeof *by);
        ck_assert_int_eq(sign(k, 41 + i, root, signature), PH_OK);
        ck_assert_int_eq(crypto_sign_verify_detached(signature, (const unsigned char *)root,
                                                     strlen(root), by->b),
                         0);
    }
    ck_assert_int_eq(ph_keyring_use(k, &(ph_key){{1}}), PH_ENOTFOUND);
    ck_assert_mem_eq(ph_keyring_public(k), &other, sizeof other);
    ck_assert_int_eq(sign(k, 41, text, signature), PH_EDENIED); /* whichever key */
    ph_key all[PH_KEYRING_MAX];
    ck_assert_uint_eq(ph_keyring_all(k, all), 2);
    ck_assert_mem_eq(&all[1], &other, sizeof other);
    ph_keyring_close(k);
    ck_assert_int_eq(unlink(first), 0);
}
END_TEST

#ifndef IS_INSTRUMENTED
/* The seed in everything that this process can read, but for where it is masked. */
static uint32_t find_seed(const uint8_t masked[32])
{
    uint32_t cnt = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *end;
        uint64_t from = strtoull(line, &end, 16), to = strtoull(end + 1, &end, 16);
        if (end[1] != 'r') continue;
        if (strstr(line, "[v") != NULL) continue; /* vvar cannot be read */
        const volatile uint8_t *p = (const volatile uint8_t *)(uintptr_t)from;
        for (uint64_t at = 0; at + 32 <= to - from; at++) {
            uint32_t i = 0;
            while (i < 32 && (p[at + i] ^ masked[i]) == 0xff)
                i++;
            if (i == 32) cnt++;
        }
    }
    fclose(maps);
    return cnt;
}

START_TEST(nothing_that_can_be_read_has_the_secret)
{
    uint8_t masked[32], secret[64], copy[32];
    char hex[65];
    teardown();
    memcpy(copy, seed, sizeof copy);
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(key.b, secret, seed);
    write_key_file(sodium_bin2hex(hex, sizeof hex, key.b, sizeof key.b), 0600);
    for (int i = 0; i < 32; i++)
        masked[i] = seed[i] ^ 0xff;
    sodium_memzero(secret, sizeof secret);
    ck_assert_uint_ge(find_seed(masked), 1); /* the search finds what is there */
    memcpy(seed, copy, sizeof seed);
    uint32_t before = find_seed(masked);
    ph_keyring *k = open_keyring();
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ck_assert_int_eq(sign(k, 41, "m/contracts/41\n2\n" ROOT "\n", signature), PH_OK);
    ck_assert_uint_eq(find_seed(masked), before);
    ph_keyring_close(k);
}
END_TEST
#endif

START_TEST(files_that_are_no_key_are_refused)
{
    ph_keyring *k = NULL;
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(ph_keyring_open(path, &k, err, sizeof err), PH_EDENIED);
    ck_assert_str_ne(err, "");
    ck_assert_int_eq(ph_keyring_open("/nonexistent/key", &k, err, sizeof err), PH_ENOTFOUND);
    teardown();
    write_key_file("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", 0600);
    ck_assert_int_eq(ph_keyring_open(path, &k, err, sizeof err), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err, path));
    ck_assert_ptr_null(k);
    ph_keyring_close(k);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_root_is_signed_with_the_key_of_the_file);
    tcase_add_test(t, no_batch_is_signed_twice_or_out_of_order);
    tcase_add_test(t, what_the_policy_refuses_is_not_signed);
    tcase_add_test(t, the_log_never_contradicts_itself);
    tcase_add_test(t, one_of_two_keys_is_used_at_a_time);
#ifndef IS_INSTRUMENTED /* its shadow is too large to be searched */
    tcase_add_test(t, nothing_that_can_be_read_has_the_secret);
#endif
    tcase_add_test(t, files_that_are_no_key_are_refused);
}

int main(void)
{
    return suite_run("keyring", add);
}
