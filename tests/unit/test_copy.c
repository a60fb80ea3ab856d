/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/copy.h"

#include <string.h>

#include "tests/unit/suite.h"

static uint8_t room[256];

static void bytes_are(const ph_copy *c, const char *expected, size_t size)
{
    ck_assert(!c->is_full);
    ck_assert_uint_eq(ph_copy_size(c), size);
    ck_assert_mem_eq(room, expected, size);
}

/* The literal's bytes without its closing zero. */
#define BYTES_ARE(c, literal) bytes_are(c, literal, sizeof(literal) - 1)

START_TEST(frame_is_as_documented)
{
    ph_copy c = ph_copy_of(room, sizeof room);
    ph_copy_header(&c);
    ph_copy_trailer(&c);
    BYTES_ARE(&c, "PGCOPY\n\377\r\n\0"
                  "\0\0\0\0"
                  "\0\0\0\0"
                  "\377\377");
}
END_TEST

START_TEST(row_counts_its_fields)
{
    ph_copy c = ph_copy_of(room, sizeof room);
    ph_copy_row(&c);
    ph_copy_i16(&c, -2);
    ph_copy_i32(&c, 258);
    ph_copy_i64(&c, -1);
    ph_copy_bool(&c, true);
    ph_copy_null(&c);
    ph_copy_bytea(&c, "ab", 2);
    ph_copy_row_end(&c);
    BYTES_ARE(&c, "\0\6"
                  "\0\0\0\2\377\376"
                  "\0\0\0\4\0\0\1\2"
                  "\0\0\0\10\377\377\377\377\377\377\377\377"
                  "\0\0\0\1\1"
                  "\377\377\377\377"
                  "\0\0\0\2ab");
}
END_TEST

START_TEST(numeric_has_no_zeros_around)
{
    ph_copy c = ph_copy_of(room, sizeof room);
    ph_copy_numeric(&c, 0);
    BYTES_ARE(&c, "\0\0\0\10\0\0\0\0\0\0\0\0");
    c = ph_copy_of(room, sizeof room);
    ph_copy_numeric(&c, 9999);
    BYTES_ARE(&c, "\0\0\0\12\0\1\0\0\0\0\0\0\x27\x0f");
    c = ph_copy_of(room, sizeof room);
    ph_copy_numeric(&c, 122000);
    BYTES_ARE(&c, "\0\0\0\14\0\2\0\1\0\0\0\0\0\14\x07\xd0");
    c = ph_copy_of(room, sizeof room);
    ph_copy_numeric(&c, 100000000);
    BYTES_ARE(&c, "\0\0\0\12\0\1\0\2\0\0\0\0\0\1");
    c = ph_copy_of(room, sizeof room);
    ph_copy_numeric(&c, UINT64_MAX); /* 1844 6744 0737 0955 1615 */
    BYTES_ARE(&c, "\0\0\0\22\0\5\0\4\0\0\0\0\x07\x34\x1a\x58\x02\xe1\x03\xbb\x06\x4f");
}
END_TEST

START_TEST(valid_text_stays)
{
    static const char *const texts[] = {
        "",
        "payment 1",
        "a\\b",
        "M\xc3\xbcnchen",
        "\xe5\xba\x93",
        "\xf0\x9f\x92\xbb",
        "\xed\x9f\xbf",
        "\xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char field[32] = {0};
        memcpy(field, texts[i], strlen(texts[i]));
        ph_copy c = ph_copy_of(room, sizeof room);
        ph_copy_text(&c, field, sizeof field);
        ck_assert_uint_eq(ph_copy_size(&c), 4 + strlen(texts[i]));
        ck_assert_mem_eq(room + 4, texts[i], strlen(texts[i]));
    }
}
END_TEST

START_TEST(text_that_the_server_would_refuse_is_escaped)
{
    static const char *const pairs[][2] = {
        {"\xff", "\\xff"},
        {"\x80", "\\x80"},
        {"a\xc3", "a\\xc3"},
        {"\xc0\x80", "\\xc0\\x80"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
        {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
        {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
        {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
        {"\xc3\xa4\xff", "\xc3\xa4\\xff"},
        {"\\xff\xff", "\\x5cxff\\xff"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char field[32] = {0};
        memcpy(field, pairs[i][0], strlen(pairs[i][0]));
        ph_copy c = ph_copy_of(room, sizeof room);
        ph_copy_text(&c, field, sizeof field);
        size_t size = strlen(pairs[i][1]);
        ck_assert_msg(ph_copy_size(&c) == 4 + size && memcmp(room + 4, pairs[i][1], size) == 0,
                      "%.*s instead of %s", (int)ph_copy_size(&c) - 4, room + 4, pairs[i][1]);
    }
}
END_TEST

START_TEST(full_field_without_end_is_read_to_its_size)
{
    char field[16];
    memset(field, 'x', sizeof field);
    ph_copy c = ph_copy_of(room, sizeof room);
    ph_copy_text(&c, field, sizeof field);
    ck_assert_uint_eq(ph_copy_size(&c), 4 + sizeof field);
}
END_TEST

START_TEST(full_is_sticky_and_writes_nothing_outside)
{
    for (size_t size = 0; size < 14; size++) {
        memset(room, 0x5a, sizeof room);
        ph_copy c = ph_copy_of(room, size);
        ph_copy_row(&c);
        ph_copy_i64(&c, 1);
        ph_copy_row_end(&c);
        ck_assert(c.is_full);
        ph_copy_bool(&c, true);
        ck_assert(c.is_full);
        ck_assert_uint_eq(room[size], 0x5a);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, frame_is_as_documented);
    tcase_add_test(t, row_counts_its_fields);
    tcase_add_test(t, numeric_has_no_zeros_around);
    tcase_add_test(t, valid_text_stays);
    tcase_add_test(t, text_that_the_server_would_refuse_is_escaped);
    tcase_add_test(t, full_field_without_end_is_read_to_its_size);
    tcase_add_test(t, full_is_sticky_and_writes_nothing_outside);
}

int main(void)
{
    return suite_run("copy", add);
}
