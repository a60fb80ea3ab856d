/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/bytes.h"

#include <string.h>

#include "tests/unit/suite.h"

START_TEST(every_width_is_little_endian_and_reads_back)
{
    uint8_t room[35];
    ph_writer w = ph_writer_of(room, sizeof room);
    ph_write_u8(&w, 0xf1);
    ph_write_u16(&w, 0xa1b2);
    ph_write_u32(&w, 0xa1b2c3d4);
    ph_write_u64(&w, UINT64_C(0x1122334455667788));
    ph_write_i32(&w, -2);
    ph_write_i64(&w, INT64_MIN);
    ph_write_bytes(&w, "abcdefgh", 8);
    ck_assert(!w.full);
    ck_assert_uint_eq(ph_writer_size(&w), sizeof room);
    static const uint8_t expected[] = {
        0xf1, 0xb2, 0xa1, 0xd4, 0xc3, 0xb2, 0xa1, 0x88, 0x77, 0x66, 0x55, 0x44,
        0x33, 0x22, 0x11, 0xfe, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0,
        0,    0,    0x80, 'a',  'b',  'c',  'd',  'e',  'f',  'g',  'h',
    };
    ck_assert_mem_eq(room, expected, sizeof expected);

    char text[8];
    ph_reader r = ph_reader_of(room, sizeof room);
    ck_assert_uint_eq(ph_read_u8(&r), 0xf1);
    ck_assert_uint_eq(ph_read_u16(&r), 0xa1b2);
    ck_assert_uint_eq(ph_read_u32(&r), 0xa1b2c3d4);
    ck_assert_uint_eq(ph_read_u64(&r), UINT64_C(0x1122334455667788));
    ck_assert_int_eq(ph_read_i32(&r), -2);
    ck_assert_int_eq(ph_read_i64(&r), INT64_MIN);
    ck_assert(!ph_reader_done(&r));
    ph_read_bytes(&r, text, sizeof text);
    ck_assert_mem_eq(text, "abcdefgh", sizeof text);
    ck_assert(ph_reader_done(&r));
}
END_TEST

/* Reads one value of every width from `size` bytes and says whether the reader went bad. */
static bool read_is_bad(int width, size_t size)
{
    static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t to[8];
    memset(to, 0xee, sizeof to);
    ph_reader r = ph_reader_of(bytes, size);
    switch (width) {
    case 1: (void)ph_read_u8(&r); break;
    case 2: (void)ph_read_u16(&r); break;
    case 4: (void)ph_read_u32(&r); break;
    case 8: (void)ph_read_u64(&r); break;
    default: ph_read_bytes(&r, to, 5); ck_assert_uint_eq(to[4], size < 5 ? 0 : 5);
    }
    return r.bad;
}

START_TEST(a_read_past_the_end_is_bad_and_gives_zero)
{
    static const int widths[] = {1, 2, 4, 8, 5};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        for (size_t size = 0; size <= 8; size++)
            ck_assert_int_eq(read_is_bad(widths[i], size), size < (size_t)widths[i]);
    }
}
END_TEST

START_TEST(failure_of_a_reader_is_sticky)
{
    static const uint8_t bytes[3] = {1, 2, 3};
    ph_reader r = ph_reader_of(bytes, sizeof bytes);
    ck_assert_uint_eq(ph_read_u32(&r), 0);
    ck_assert(r.bad);
    ck_assert_uint_eq(ph_read_u8(&r), 0);
    ck_assert_ptr_eq(r.p, bytes);
    ck_assert(!ph_reader_done(&r));

    ph_reader nothing = ph_reader_of(NULL, 0);
    ck_assert(ph_reader_done(&nothing));
    ck_assert_uint_eq(ph_read_u8(&nothing), 0);
    ck_assert(nothing.bad);
}
END_TEST

START_TEST(a_write_without_room_changes_nothing)
{
    uint8_t room[8];
    memset(room, 0xee, sizeof room);
    ph_writer w = ph_writer_of(room, 7);
    ph_write_u64(&w, 1);
    ck_assert(w.full);
    ph_write_u8(&w, 1);
    ck_assert_uint_eq(ph_writer_size(&w), 0);
    for (size_t i = 0; i < sizeof room; i++)
        ck_assert_uint_eq(room[i], 0xee);

    w = ph_writer_of(room, 7);
    ph_write_u32(&w, 1);
    ph_write_bytes(&w, "", 0);
    ph_write_u16(&w, 1);
    ck_assert(!w.full);
    ph_write_u16(&w, 1);
    ck_assert(w.full);
    ck_assert_uint_eq(room[6], 0xee);
    ck_assert_uint_eq(room[7], 0xee);

    ph_writer none = ph_writer_of(NULL, 0);
    ph_write_bytes(&none, "", 0);
    ck_assert(!none.full);
    ph_write_u8(&none, 1);
    ck_assert(none.full);
}
END_TEST

START_TEST(text_has_one_form)
{
    static const struct {
        const char *bytes; /* 8 of them */
        bool ok;
    } rows[] = {
        {"\0\0\0\0\0\0\0\0", true},
        {"a\0\0\0\0\0\0\0", true},
        {"abcdefg\0", true},
        {"caf\xc3\xa9\0\0\0", true},
        {"abcdefgh", false},
        {"a\0b\0\0\0\0\0", false},
        {"\0a\0\0\0\0\0\0", false},
        {"a\0\0\0\0\0\0x", false},
        {"a\n\0\0\0\0\0\0", false},
        {"a\x1f\0\0\0\0\0\0", false},
        {"a\x7f\0\0\0\0\0\0", false},
        {"\xe5\xba\x93\0\0\0\0\0", true},
        {"\xf4\x8f\xbf\xbf\0\0\0\0", true},
        {"\xc2\xa0\0\0\0\0\0\0", true},
        {"\xc2\x85\0\0\0\0\0\0", false},
        {"\xff\0\0\0\0\0\0\0", false},
        {"\x80\0\0\0\0\0\0\0", false},
        {"\xc0\xaf\0\0\0\0\0\0", false},
        {"\xe0\x80\xaf\0\0\0\0\0", false},
        {"\xed\xa0\x80\0\0\0\0\0", false},
        {"\xf4\x90\x80\x80\0\0\0\0", false},
        {"\xe5\xba\0\0\0\0\0\0", false},
        {"aaaaaa\xe5\0", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char to[8];
        memset(to, 'x', sizeof to);
        ck_assert_msg(ph_text_ok(rows[i].bytes, 8) == rows[i].ok, "row %zu", i);
        ph_reader r = ph_reader_of(rows[i].bytes, 8);
        ph_read_text(&r, to, sizeof to);
        ck_assert_msg(r.bad == !rows[i].ok, "row %zu", i);
        ck_assert_mem_eq(to, rows[i].ok ? rows[i].bytes : "\0\0\0\0\0\0\0\0", 8);
    }
    ck_assert(!ph_text_ok("", 0));
}
END_TEST

START_TEST(text_is_set_whole_or_not_at_all)
{
    char to[8];
    ck_assert(ph_text_set(to, sizeof to, "1234567"));
    ck_assert_mem_eq(to, "1234567\0", 8);
    ck_assert(ph_text_set(to, sizeof to, "ab"));
    ck_assert_mem_eq(to, "ab\0\0\0\0\0\0", 8);
    ck_assert(ph_text_set(to, sizeof to, ""));
    static const char *const bad[] = {"12345678", "a\tb", "\x7f", "123456789012345"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(to, 'x', sizeof to);
        ck_assert_msg(!ph_text_set(to, sizeof to, bad[i]), "row %zu", i);
        ck_assert_mem_eq(to, "\0\0\0\0\0\0\0\0", 8);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_width_is_little_endian_and_reads_back);
    tcase_add_test(t, a_read_past_the_end_is_bad_and_gives_zero);
    tcase_add_test(t, failure_of_a_reader_is_sticky);
    tcase_add_test(t, a_write_without_room_changes_nothing);
    tcase_add_test(t, text_has_one_form);
    tcase_add_test(t, text_is_set_whole_or_not_at_all);
}

int main(void)
{
    return suite_run("bytes", add);
}
