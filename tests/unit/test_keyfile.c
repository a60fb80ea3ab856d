/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/keyfile.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/process/z85.h"
#include "tests/unit/suite.h"

static char path[64], err[1024];
static char curve_public[41], curve_secret[41], sign_public[65], sign_seed[65];
static ph_keyfile got;

static void make_keys(void)
{
    uint8_t seed[32], curve[32], public[32], secret[crypto_sign_SECRETKEYBYTES];
    ck_assert_int_ge(sodium_init(), 0);
    for (uint8_t i = 0; i < 32; i++) {
        seed[i] = i;
        curve[i] = (uint8_t)(200 - i);
    }
    ck_assert_int_eq(crypto_sign_seed_keypair(public, secret, seed), 0);
    sodium_bin2hex(sign_public, sizeof sign_public, public, 32);
    sodium_bin2hex(sign_seed, sizeof sign_seed, seed, 32);
    ck_assert_int_eq(crypto_scalarmult_base(public, curve), 0);
    ph_z85_write(public, curve_public);
    ph_z85_write(curve, curve_secret);
}

static ph_status read_text(const char *text, mode_t mode)
{
    snprintf(path, sizeof path, "/tmp/petahour-key-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    ck_assert_int_eq(close(fd), 0);
    memset(err, 0, sizeof err);
    ph_status s = ph_keyfile_read(path, &got, err, sizeof err);
    ck_assert_int_eq(unlink(path), 0);
    return s;
}

/* All five fields, one of which is replaced by another value, or left out when it is NULL. */
static const char *text_with(const char *field, const char *value)
{
    static char text[1024];
    const char *fields[5][2] = {{"name", "notary"},
                                {"curve_public", curve_public},
                                {"curve_secret", curve_secret},
                                {"sign_public", sign_public},
                                {"sign_seed", sign_seed}};
    size_t used = 0;
    for (int i = 0; i < 5; i++) {
        const char *v = strcmp(fields[i][0], field) == 0 ? value : fields[i][1];
        if (v == NULL) continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s = %s\n", fields[i][0], v);
    }
    return text;
}

START_TEST(keys_are_read_and_wiped)
{
    ck_assert_int_eq(read_text(text_with("", ""), 0600), PH_OK);
    ck_assert_str_eq(got.name, "notary");
    ck_assert_uint_eq(got.sign_seed[5], 5);
    ck_assert_uint_eq(got.curve_secret[5], 195);
    char z85[41];
    ck_assert_str_eq(ph_z85_write(got.curve_public.b, z85), curve_public);
    ck_assert_int_eq(read_text(text_with("", ""), 0400), PH_OK);
    ph_keyfile_wipe(&got);
    ck_assert(sodium_is_zero((const uint8_t *)&got, sizeof got));
}
END_TEST

START_TEST(what_others_can_read_is_refused)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0666, 0610, 0601};
    memset(&got, 0x5a, sizeof got);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        ck_assert_int_eq(read_text(text_with("", ""), modes[i]), PH_EDENIED);
        ck_assert_ptr_nonnull(strstr(err, "chmod 600"));
    }
    ck_assert_int_eq(got.name[0], 0x5a);
}
END_TEST

START_TEST(wrong_fields_are_named_and_never_quoted)
{
    static const struct {
        const char *field, *value, *names;
    } bad[] = {
        {"name", NULL, "\"name\" is missing"},
        {"name", "", "\"name\" must be 1 to 63"},
        {"curve_public", NULL, "\"curve_public\" is missing"},
        {"curve_secret", NULL, "\"curve_secret\" is missing"},
        {"curve_secret", "abc", "\"curve_secret\" must be 40"},
        {"sign_public", NULL, "\"sign_public\" is missing"},
        {"sign_seed", NULL, "\"sign_seed\" is missing"},
        {"sign_seed", "abcd", "\"sign_seed\" must be 64"},
        {"sign_seed", "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "\"sign_seed\" must be 64"},
        {"sign_seed", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "sign_public is not the public key of sign_seed"},
        {"curve_secret", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
         "curve_public is not the public key"},
    };
    memset(&got, 0x5a, sizeof got);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(read_text(text_with(bad[i].field, bad[i].value), 0600), PH_ECORRUPT);
        ck_assert_msg(strstr(err, bad[i].names) != NULL, "row %zu: %s", i, err);
        ck_assert_ptr_null(strstr(err, "0102030405"));
    }
    ck_assert_int_eq(got.name[0], 0x5a);
    ck_assert_int_eq(read_text("", 0600), PH_ECORRUPT);
    ck_assert_int_eq(read_text("[a]\nname = x\n", 0600), PH_ECORRUPT);
    ck_assert_int_eq(read_text("name = x\nname = y\n", 0600), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err, "given in line 1"));
    ck_assert_int_eq(read_text("colour = blue\n", 0600), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err, "\"colour\""));
}
END_TEST

START_TEST(no_file_and_no_regular_file)
{
    ck_assert_int_eq(ph_keyfile_read("/nonexistent/k", &got, err, sizeof err), PH_ENOTFOUND);
    ck_assert_int_eq(ph_keyfile_read("/tmp", &got, err, sizeof err), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err, "not a regular file"));
}
END_TEST

/* The example of ZeroMQ RFC 32 is eight bytes; repeated four times it is a key. */
START_TEST(z85_is_as_published)
{
    uint8_t bytes[32];
    char text[41];
    static const uint8_t example[8] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    ck_assert_int_eq(ph_z85_read("HelloWorldHelloWorldHelloWorldHelloWorld", bytes), PH_OK);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(memcmp(bytes + 8 * i, example, 8), 0);
    ck_assert_str_eq(ph_z85_write(bytes, text), "HelloWorldHelloWorldHelloWorldHelloWorld");
    ck_assert_int_eq(ph_z85_read("HelloWorldHelloWorldHelloWorldHelloWorl", bytes), PH_EINVAL);
    ck_assert_int_eq(ph_z85_read("HelloWorldHelloWorldHelloWorldHelloWorldH", bytes), PH_EINVAL);
    ck_assert_int_eq(ph_z85_read("", bytes), PH_EINVAL);
    ck_assert_int_eq(ph_z85_read("%nSc1WorldHelloWorldHelloWorldHelloWorld", bytes), PH_EINVAL);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, make_keys, NULL);
    tcase_add_test(tests, keys_are_read_and_wiped);
    tcase_add_test(tests, what_others_can_read_is_refused);
    tcase_add_test(tests, wrong_fields_are_named_and_never_quoted);
    tcase_add_test(tests, no_file_and_no_regular_file);
    tcase_add_test(tests, z85_is_as_published);
}

int main(void)
{
    return suite_run("keyfile", add);
}
