/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/petahour.h"

#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96], err[400];

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_phc_key.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.key", folder);
    err[0] = '\0';
}

static void finish(void)
{
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void write_file(const char *text, mode_t mode)
{
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

/* Text of a good key file. */
static void good_text(char *to, size_t size)
{
    phc_key k;
    ck_assert_int_eq(phc_key_generate("a", &k), PHC_OK);
    ck_assert_int_eq(phc_key_write(&k, path, err, sizeof err), PHC_OK);
    FILE *f = fopen(path, "re");
    size_t n = fread(to, 1, size - 1, f);
    to[n] = '\0';
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(unlink(path), 0);
}

static phc_status read_text(const char *text)
{
    phc_key k = {.name = "untouched"};
    write_file(text, 0600);
    phc_status s = phc_key_read(path, &k, err, sizeof err);
    if (s != PHC_OK) {
        ck_assert_str_eq(k.name, "untouched");
        ck_assert_ptr_nonnull(strstr(err, path));
    }
    return s;
}

START_TEST(what_was_written_reads_back)
{
    phc_key k, again;
    struct stat st;
    ck_assert_int_eq(phc_key_generate("Mr. Ouyang, Ulanqab", &k), PHC_OK);
    ck_assert_int_eq(phc_key_write(&k, path, err, sizeof err), PHC_OK);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(phc_key_read(path, &again, err, sizeof err), PHC_OK);
    ck_assert_mem_eq(&k, &again, sizeof k);
}
END_TEST

/* Programs are told the name as JSON, which has no other text. */
START_TEST(a_name_is_utf8)
{
    phc_key k;
    ck_assert_int_eq(phc_key_generate("Gro\xc3\x9fkunde", &k), PHC_OK);
    ck_assert_int_eq(phc_key_generate("b\xff", &k), PHC_EINVAL);
    ck_assert_int_eq(phc_key_generate("b\xc2\x9b", &k), PHC_EINVAL);
}
END_TEST

START_TEST(a_key_file_is_never_overwritten)
{
    phc_key k, again;
    ck_assert_int_eq(phc_key_generate("a", &k), PHC_OK);
    ck_assert_int_eq(phc_key_write(&k, path, err, sizeof err), PHC_OK);
    phc_key other;
    ck_assert_int_eq(phc_key_generate("b", &other), PHC_OK);
    ck_assert_int_eq(phc_key_write(&other, path, err, sizeof err), PHC_EEXIST);
    ck_assert_int_eq(phc_key_read(path, &again, err, sizeof err), PHC_OK);
    ck_assert_str_eq(again.name, "a");
}
END_TEST

START_TEST(names_that_a_line_cannot_hold_are_refused)
{
    phc_key k;
    char long_name[65];
    memset(long_name, 'x', 64);
    long_name[64] = '\0';
    ck_assert_int_eq(phc_key_generate("", &k), PHC_EINVAL);
    ck_assert_int_eq(phc_key_generate("a\nb", &k), PHC_EINVAL);
    ck_assert_int_eq(phc_key_generate("a ; b", &k), PHC_EINVAL);
    ck_assert_int_eq(phc_key_generate(" a", &k), PHC_EINVAL);
    ck_assert_int_eq(phc_key_generate(long_name, &k), PHC_EINVAL);
    ck_assert_int_eq(phc_key_generate(long_name + 1, &k), PHC_OK);
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
    char text[1024];
    phc_key k;
    good_text(text, sizeof text);
    static const mode_t modes[] = {0640, 0604, 0660, 0644, 0666, 0610};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_file(text, modes[i]);
        ck_assert_int_eq(phc_key_read(path, &k, err, sizeof err), PHC_EDENIED);
    }
    write_file(text, 0400);
    ck_assert_int_eq(phc_key_read(path, &k, err, sizeof err), PHC_OK);
}
END_TEST

START_TEST(a_missing_file_and_a_folder_are_said)
{
    phc_key k;
    ck_assert_int_eq(phc_key_read(path, &k, err, sizeof err), PHC_ENOTFOUND);
    ck_assert_int_eq(phc_key_read(folder, &k, err, sizeof err), PHC_EDENIED);
}
END_TEST

START_TEST(files_that_are_no_key_files_are_refused)
{
    char text[1024], changed[1100];
    good_text(text, sizeof text);
    ck_assert_int_eq(read_text(text), PHC_OK);
    ck_assert_int_eq(read_text(""), PHC_ECORRUPT);
    ck_assert_int_eq(read_text("hello\n"), PHC_ECORRUPT);
    snprintf(changed, sizeof changed, "%sextra = 1\n", text);
    ck_assert_int_eq(read_text(changed), PHC_ECORRUPT);
    snprintf(changed, sizeof changed, "%sname = b\n", text);
    ck_assert_int_eq(read_text(changed), PHC_ECORRUPT);
    snprintf(changed, sizeof changed, "[keys]\n%s", text);
    ck_assert_int_eq(read_text(changed), PHC_ECORRUPT);
    /* Each line left out. */
    for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (*line == ';') continue;
        snprintf(changed, sizeof changed, "%.*s%s", (int)(line - text), text,
                 strchr(line, '\n') + 1);
        ck_assert_int_eq(read_text(changed), PHC_ECORRUPT);
    }
}
END_TEST

START_TEST(halves_that_do_not_belong_together_are_refused)
{
    char text[1024];
    good_text(text, sizeof text);
    char *seed = strstr(text, "sign_seed = ") + strlen("sign_seed = ");
    *seed = *seed == '0' ? '1' : '0';
    ck_assert_int_eq(read_text(text), PHC_ECORRUPT);
    *seed = 'g';
    ck_assert_int_eq(read_text(text), PHC_ECORRUPT);
}
END_TEST

START_TEST(connection_files_are_complete_or_refused)
{
    static const char key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    char text[300];
    phc_gateway g = {.order_entry = "untouched"};
    snprintf(text, sizeof text, "order_entry = tcp://127.0.0.1:1\nserver_key = %s\n", key);
    write_file(text, 0644);
    ck_assert_int_eq(phc_gateway_read(path, &g, err, sizeof err), PHC_OK);
    ck_assert_str_eq(g.order_entry, "tcp://127.0.0.1:1");
    ck_assert_str_eq(g.market_data, "");
    ck_assert_str_eq(g.server_key, key);
    g = (phc_gateway){.order_entry = "untouched"};
    write_file("order_entry = tcp://127.0.0.1:1\n", 0644);
    ck_assert_int_eq(phc_gateway_read(path, &g, err, sizeof err), PHC_ECORRUPT);
    write_file("order_entry = tcp://127.0.0.1:1\nserver_key = short\n", 0644);
    ck_assert_int_eq(phc_gateway_read(path, &g, err, sizeof err), PHC_ECORRUPT);
    write_file("", 0644);
    ck_assert_int_eq(phc_gateway_read(path, &g, err, sizeof err), PHC_ECORRUPT);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(phc_gateway_read(path, &g, err, sizeof err), PHC_ENOTFOUND);
    ck_assert_str_eq(g.order_entry, "untouched");
}
END_TEST

START_TEST(key_text_is_exact_or_refused)
{
    uint8_t key[32], again[32];
    char text[41];
    memset(key, 0xab, sizeof key);
    memset(again, 7, sizeof again);
    phc_z85_text(key, text);
    ck_assert_int_eq(phc_z85_parse(text, again), PHC_OK);
    ck_assert_mem_eq(key, again, 32);
    memset(again, 7, sizeof again);
    memset(key, 7, sizeof key);
    text[39] = '\0';
    ck_assert_int_eq(phc_z85_parse(text, again), PHC_EINVAL);
    ck_assert_int_eq(phc_z85_parse("", again), PHC_EINVAL);
    /* The largest digit five times is above 2^32. */
    ck_assert_int_eq(phc_z85_parse("########################################", again), PHC_EINVAL);
    ck_assert_int_eq(phc_z85_parse("0000 000000000000000000000000000000000000", again), PHC_EINVAL);
    ck_assert_mem_eq(key, again, 32);
    ck_assert_int_eq(phc_hex_parse("abcd", again, 2), PHC_OK);
    ck_assert_uint_eq(again[1], 0xcd);
    ck_assert_int_eq(phc_hex_parse("abc", again, 2), PHC_EINVAL);
    ck_assert_int_eq(phc_hex_parse("abcde", again, 2), PHC_EINVAL);
    ck_assert_int_eq(phc_hex_parse("ab:d", again, 2), PHC_EINVAL);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, begin, finish);
    tcase_add_test(t, what_was_written_reads_back);
    tcase_add_test(t, a_name_is_utf8);
    tcase_add_test(t, a_key_file_is_never_overwritten);
    tcase_add_test(t, names_that_a_line_cannot_hold_are_refused);
    tcase_add_test(t, a_key_that_others_may_read_is_refused);
    tcase_add_test(t, a_missing_file_and_a_folder_are_said);
    tcase_add_test(t, files_that_are_no_key_files_are_refused);
    tcase_add_test(t, halves_that_do_not_belong_together_are_refused);
    tcase_add_test(t, connection_files_are_complete_or_refused);
    tcase_add_test(t, key_text_is_exact_or_refused);
}

int main(void)
{
    return suite_run("phc_key", add);
}
