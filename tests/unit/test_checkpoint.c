/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/checkpoint.h"

#include <string.h>

#include "tests/unit/suite.h"

#define ROOT "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="

static ph_status status_of(const char *text, size_t size)
{
    ph_checkpoint c = {.first_seq = 77};
    ph_status s = ph_checkpoint_read(text, size, &c);
    if (s != PH_OK) ck_assert_uint_eq(c.first_seq, 77);
    return s;
}

START_TEST(text_reads_back)
{
    ph_checkpoint c = {.market = {"market.example"}, .first_seq = UINT64_MAX, .leaf_cnt = 3}, got;
    memset(c.root.b, 0xfb, sizeof c.root.b);
    char text[PH_CHECKPOINT_TEXT_MAX];
    size_t size = ph_checkpoint_write(&c, text);
    ck_assert_str_eq(text, "market.example/contracts/18446744073709551615\n3\n"
                           "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n");
    ck_assert_int_eq(ph_checkpoint_read(text, size, &got), PH_OK);
    ck_assert_str_eq(got.market.s, c.market.s);
    ck_assert_uint_eq(got.first_seq, c.first_seq);
    ck_assert_uint_eq(got.leaf_cnt, 3);
    ck_assert_mem_eq(got.root.b, c.root.b, sizeof c.root.b);
    for (size_t cut = 0; cut < size; cut++)
        ck_assert_int_eq(status_of(text, cut), PH_ECORRUPT);
    ck_assert_int_eq(status_of(text, size + 1), PH_ECORRUPT);
}
END_TEST

START_TEST(only_one_text_per_checkpoint_is_taken)
{
    static const char *const rows[] = {
        "",
        "\n",
        "\n\n\n",
        "m/contracts/1\n1\n",
        "m/contracts/1\n1\n" ROOT,
        "m/contracts/1\n1\n" ROOT "\n\n",
        "m/contracts/1\n1\n" ROOT "\nmore\n",
        "m/contracts/1\n1\n" ROOT "\n" ROOT "\n",
        "\nm/contracts/1\n1\n" ROOT "\n",
        "m/contracts/1\r\n1\n" ROOT "\n",
        "m/contracts/1 \n1\n" ROOT "\n",
        " m/contracts/1\n1\n" ROOT "\n",
        "m/contracts/\n1\n" ROOT "\n",
        "m/contracts/0\n1\n" ROOT "\n",
        "m/contracts/01\n1\n" ROOT "\n",
        "m/contracts/+1\n1\n" ROOT "\n",
        "m/contracts/-1\n1\n" ROOT "\n",
        "m/contracts/18446744073709551616\n1\n" ROOT "\n",
        "m/contract/1\n1\n" ROOT "\n",
        "m/contracts\n1\n" ROOT "\n",
        "/contracts/1\n1\n" ROOT "\n",
        "m+m/contracts/1\n1\n" ROOT "\n",
        "m/contracts/m/contracts/1\n1\n" ROOT "\n",
        "m/contracts/1\n0\n" ROOT "\n",
        "m/contracts/1\n01\n" ROOT "\n",
        "m/contracts/1\n4294967296\n" ROOT "\n",
        "m/contracts/1\n\n" ROOT "\n",
        "m/contracts/1\n1\n\n",
        "m/contracts/1\n1\n" ROOT "=\n",
        "m/contracts/1\n1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
        "m/contracts/1\n1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n", /* spare bits */
        "m/contracts/1\n1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz-Nw7_RgQyg=\n", /* url alphabet */
        "m/contracts/1\n1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQw==\n", /* 31 bytes */
        "0123456789012345678901234567890123456789012345678901234567890123/contracts/1\n1\n" ROOT
        "\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(status_of(rows[i], strlen(rows[i])) == PH_ECORRUPT, "row %zu", i);
    const char *is_one = "m/contracts/1\n1\n" ROOT "\n";
    ck_assert_int_eq(status_of(is_one, strlen(is_one)), PH_OK);
}
END_TEST

START_TEST(names_that_could_be_misread_are_refused)
{
    static const char *const bad[] = {
        "",
        " ",
        "a b",
        "a+b",
        "a\n",
        "a\x7f",
        "caf\xc3\xa9",
        "a/contracts/1",
        "0123456789012345678901234567890123456789012345678901234567890123",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!ph_checkpoint_market_ok(bad[i]), "row %zu", i);
    ck_assert(ph_checkpoint_market_ok("demo.petahour"));
    ck_assert(ph_checkpoint_market_ok("market.example/east"));
}
END_TEST

static ph_status log_status_of(const char *text, size_t size)
{
    ph_log_checkpoint c = {.leaf_cnt = 77};
    ph_status s = ph_log_checkpoint_read(text, size, &c);
    if (s != PH_OK) ck_assert_uint_eq(c.leaf_cnt, 77);
    return s;
}

/* Eight leaves of the community's test constants. */
START_TEST(text_of_the_log_reads_back)
{
    const char *vector = "market.example/journal\n8\n" ROOT "\n";
    ph_log_checkpoint c;
    char text[PH_CHECKPOINT_TEXT_MAX], origin[PH_LOG_ORIGIN_MAX];
    ck_assert_int_eq(ph_log_checkpoint_read(vector, strlen(vector), &c), PH_OK);
    ck_assert_str_eq(c.market.s, "market.example");
    ck_assert_uint_eq(c.leaf_cnt, 8);
    ck_assert_uint_eq(c.root.b[0], 0x5d);
    ck_assert_uint_eq(c.root.b[31], 0x28);
    ck_assert_uint_eq(ph_log_checkpoint_write(&c, text), strlen(vector));
    ck_assert_str_eq(text, vector);
    ck_assert_str_eq(ph_log_origin("market.example", origin), "market.example/journal");
    for (size_t cut = 0; cut < strlen(vector); cut++)
        ck_assert_int_eq(log_status_of(vector, cut), PH_ECORRUPT);
    ck_assert_int_eq(log_status_of(vector, strlen(vector) + 1), PH_ECORRUPT);

    /* The longest text there is. */
    c.leaf_cnt = UINT64_MAX;
    memset(c.market.s, 'm', sizeof c.market.s - 1);
    size_t size = ph_log_checkpoint_write(&c, text);
    ck_assert_int_eq(log_status_of(text, size), PH_OK);
}
END_TEST

START_TEST(only_one_text_per_log_is_taken)
{
    static const char *const rows[] = {
        "",
        "/journal\n1\n" ROOT "\n",
        "journal\n1\n" ROOT "\n",
        "m/journal\n0\n" ROOT "\n",
        "m/journal\n01\n" ROOT "\n",
        "m/journal\n+1\n" ROOT "\n",
        "m/journal\n18446744073709551616\n" ROOT "\n",
        "m/journal\n1\n" ROOT "\nextension\n",
        "m/journal/\n1\n" ROOT "\n",
        "m/journal/1\n1\n" ROOT "\n",
        "m/contracts/1/journal\n1\n" ROOT "\n",
        "m/contracts/1\n1\n" ROOT "\n",
        "m m/journal\n1\n" ROOT "\n",
        "m/journal\n1\n" ROOT,
        "m/journal\n1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n", /* spare bits */
        "0123456789012345678901234567890123456789012345678901234567890123/journal\n1\n" ROOT "\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(log_status_of(rows[i], strlen(rows[i])) == PH_ECORRUPT, "row %zu", i);
    const char *log = "m/journal\n1\n" ROOT "\n";
    ck_assert_int_eq(log_status_of(log, strlen(log)), PH_OK);
    ck_assert_int_eq(status_of(log, strlen(log)), PH_ECORRUPT); /* and not of a batch */
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, text_reads_back);
    tcase_add_test(t, text_of_the_log_reads_back);
    tcase_add_test(t, only_one_text_per_log_is_taken);
    tcase_add_test(t, only_one_text_per_checkpoint_is_taken);
    tcase_add_test(t, names_that_could_be_misread_are_refused);
}

int main(void)
{
    return suite_run("checkpoint", add);
}
