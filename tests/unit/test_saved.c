/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/saved.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/suite.h"

#define HASH "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"

static const char good[] = "{\"canonical\": \"0aFF\", \"leaf_index\": 1, \"leaf_count\": 2,\n"
                           " \"inclusion_proof\": \"" HASH "\", \"signed_root\": \"a\\nb\\n\"}\n";

static char err[512];

static ph_status status_of(const char *text)
{
    ph_saved s = {.leaf_index = 77};
    err[0] = 0;
    ph_status st = ph_saved_parse(text, strlen(text), &s, err, sizeof err);
    if (st != PH_OK) {
        ck_assert_uint_eq(s.leaf_index, 77);
        ck_assert_ptr_null(s.canonical);
        ck_assert_str_ne(err, "");
    } else {
        ph_saved_free(&s);
    }
    return st;
}

START_TEST(all_members_are_read)
{
    ph_saved s;
    ck_assert_int_eq(ph_saved_parse(good, strlen(good), &s, err, sizeof err), PH_OK);
    ck_assert_uint_eq(s.canonical_size, 2);
    ck_assert_mem_eq(s.canonical, "\x0a\xff", 2);
    ck_assert_uint_eq(s.leaf_index, 1);
    ck_assert_uint_eq(s.leaf_cnt, 2);
    ck_assert_uint_eq(s.proof_cnt, 1);
    ck_assert_uint_eq(s.proof[0], 0x6e);
    ck_assert_uint_eq(s.note_size, 4);
    ck_assert_mem_eq(s.note, "a\nb\n", 4);
    ph_saved_free(&s);
    ck_assert_ptr_null(s.note);
    ph_saved_free(&s);
}
END_TEST

START_TEST(a_batch_of_one_has_no_proof)
{
    ph_saved s;
    const char *text = "{\"canonical\": \"00\", \"leaf_index\": 0, \"leaf_count\": 1, "
                       "\"inclusion_proof\": \"\", \"signed_root\": \"a\"}";
    ck_assert_int_eq(ph_saved_parse(text, strlen(text), &s, err, sizeof err), PH_OK);
    ck_assert_uint_eq(s.proof_cnt, 0);
    ck_assert_ptr_null(s.proof);
    ph_saved_free(&s);
}
END_TEST

START_TEST(cut_texts_are_refused)
{
    for (size_t size = 0; size + 2 < sizeof good; size++) {
        ph_saved s;
        ck_assert_msg(ph_saved_parse(good, size, &s, err, sizeof err) == PH_ECORRUPT, "size %zu",
                      size);
    }
}
END_TEST

#define REST "\"inclusion_proof\": \"\", \"signed_root\": \"a\"}"

START_TEST(other_texts_are_refused)
{
    static const char *const rows[] = {
        "",
        "[]",
        "null",
        "{}",
        "{\"canonical\": \"0\", \"leaf_index\": 0, \"leaf_count\": 1, " REST,
        "{\"canonical\": \"0g\", \"leaf_index\": 0, \"leaf_count\": 1, " REST,
        "{\"canonical\": \"00 0\", \"leaf_index\": 0, \"leaf_count\": 1, " REST,
        "{\"canonical\": 5, \"leaf_index\": 0, \"leaf_count\": 1, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": -1, \"leaf_count\": 1, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": 4294967296, \"leaf_count\": 1, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": 0.5, \"leaf_count\": 1, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": \"0\", \"leaf_count\": 1, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": 0, \"leaf_count\": true, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": 0, \"leaf_count\": 1, \"more\": 1, " REST,
        "{\"canonical\": \"00\", \"canonical\": \"00\", \"leaf_index\": 0, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": 0, \"count\": 1, " REST,
        "{\"canonical\": \"00\", \"leaf_index\": 0, \"leaf_count\": 1, \"inclusion_proof\": \"00\","
        "\"signed_root\": \"a\"}",
        "{\"canonical\": \"00\", \"leaf_index\": 0, \"leaf_count\": 1, \"inclusion_proof\": \"\","
        "\"signed_root\": \"\"}",
        "{\"canonical\": \"00\", \"leaf_index\": 0, \"leaf_count\": 1, \"inclusion_proof\": \"\","
        "\"signed_root\": null}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(status_of(rows[i]) == PH_ECORRUPT, "row %zu", i);
    ck_assert_int_eq(status_of(good), PH_OK);
}
END_TEST

START_TEST(files_are_named_in_what_is_said)
{
    char path[] = "/tmp/petahour-saved-XXXXXX";
    ph_saved s;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "no", 2), 2);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(ph_saved_read(path, &s, err, sizeof err), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err, path));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(ph_saved_read(path, &s, err, sizeof err), PH_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err, path));
    ck_assert_int_eq(ph_saved_read("/", &s, err, sizeof err), PH_EIO);
    ck_assert_ptr_nonnull(strstr(err, "Is a directory"));
}
END_TEST

/* A terminal obeys control characters, and U+009B begins a command of one. */
START_TEST(what_is_said_repeats_nothing_that_a_terminal_obeys)
{
    static const char *const rows[] = {"\x1b",
                                       ("{\"a\": \"\xc2\x9b"
                                        "2J\" x"),
                                       "{\x7f}", "{\"\xc2\x9b\": 1}", "{\"a\": \"\xff\"}"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(status_of(rows[i]), PH_ECORRUPT);
        for (const char *c = err; *c != '\0'; c++)
            ck_assert_msg(*c >= ' ' && *c <= '~', "row %zu: %s", i, err);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, all_members_are_read);
    tcase_add_test(t, a_batch_of_one_has_no_proof);
    tcase_add_test(t, cut_texts_are_refused);
    tcase_add_test(t, other_texts_are_refused);
    tcase_add_test(t, files_are_named_in_what_is_said);
    tcase_add_test(t, what_is_said_repeats_nothing_that_a_terminal_obeys);
}

int main(void)
{
    return suite_run("saved", add);
}
