/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/segment.h"

#include "tests/unit/journal_rig.h"
#include "tests/unit/suite.h"

START_TEST(names_read_back_and_others_are_not_names)
{
    static const uint64_t firsts[] = {1, 9, 10, 1234567890, UINT64_MAX};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        char name[PH_JOURNAL_NAME_SIZE];
        uint64_t back = 0;
        ph_segment_name(firsts[i], name);
        ck_assert_uint_eq(strlen(name), 24);
        ck_assert(ph_segment_name_read(name, &back));
        ck_assert_uint_eq(back, firsts[i]);
    }
    static const char *const others[] = {
        "",
        ".",
        "LOCK",
        "1.phj",
        "00000000000000000000.phj",
        "00000000000000000001.phj.new",
        "00000000000000000001.PHJ",
        "0000000000000000001.phj",
        "000000000000000000001.phj",
        "-0000000000000000001.phj",
        "0000000000000000000x.phj",
        "18446744073709551616.phj",
        "99999999999999999999.phj",
    };
    uint64_t v = 77;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!ph_segment_name_read(others[i], &v), "%s", others[i]);
    ck_assert_uint_eq(v, 77);
}
END_TEST

static ph_segment_header header_of(uint64_t first)
{
    ph_segment_header h = {.first = first, .meta_size = 5};
    memcpy(h.market.s, "market.test", 11);
    memcpy(h.meta, "sizes", 5);
    if (first > 1) memset(h.previous.b, 0x5a, sizeof h.previous.b);
    if (first > 1) h.previous_at.ns = 99;
    return h;
}

START_TEST(a_header_reads_back)
{
    for (uint64_t first = 1; first < 3; first++) {
        uint8_t page[PH_JOURNAL_PAGE];
        ph_segment_header h = header_of(first), back;
        const char *what;
        ph_segment_header_write(&h, page);
        ck_assert_int_eq(ph_segment_header_read(page, &back, &what), PH_OK);
        ck_assert_uint_eq(back.first, first);
        ck_assert_uint_eq(back.previous_at.ns, h.previous_at.ns);
        ck_assert_mem_eq(back.hash.b, h.hash.b, 32);
        ck_assert_mem_eq(back.previous.b, h.previous.b, 32);
        ck_assert_mem_eq(back.meta, h.meta, sizeof h.meta);
        ck_assert_str_eq(back.market.s, "market.test");
        ph_hash before = ph_segment_previous(&back);
        ck_assert_mem_eq(before.b, first == 1 ? h.hash.b : h.previous.b, 32);
    }
}
END_TEST

START_TEST(every_changed_byte_of_a_header_is_found)
{
    uint8_t page[PH_JOURNAL_PAGE];
    ph_segment_header h = header_of(2), back = header_of(9);
    ph_segment_header_write(&h, page);
    for (size_t i = 0; i < sizeof page; i++) {
        for (int bit = 0; bit < 8; bit += i < PH_SEG_SIZE ? 1 : 7) {
            page[i] ^= (uint8_t)(1 << bit);
            const char *what = NULL;
            ph_status s = ph_segment_header_read(page, &back, &what);
            ck_assert_int_eq(s, i >= 8 && i < 12 ? PH_EVERSION : PH_ECORRUPT);
            ck_assert_ptr_nonnull(what);
            page[i] ^= (uint8_t)(1 << bit);
        }
    }
    ck_assert_uint_eq(back.first, 9);
}
END_TEST

/* Headers whose hash holds and which still mean nothing. */
START_TEST(headers_that_are_not_canonical_are_refused)
{
    for (int kind = 0; kind < 4; kind++) {
        uint8_t page[PH_JOURNAL_PAGE];
        ph_segment_header h = header_of(1), back;
        const char *what;
        if (kind == 0) h.first = 0;
        if (kind == 1) h.previous.b[0] = 1;
        if (kind == 2) h.previous_at.ns = 1;
        if (kind == 3) memset(h.market.s, 0, sizeof h.market.s);
        ph_segment_header_write(&h, page);
        ck_assert_int_eq(ph_segment_header_read(page, &back, &what), PH_ECORRUPT);
        ck_assert_str_eq(what, "the header is not canonical");
    }
}
END_TEST

START_TEST(zero_sectors_are_counted_up_to_the_end)
{
    static uint8_t batch[4096];
    memset(batch, 0, sizeof batch);
    ck_assert_uint_eq(ph_segment_zero_sectors(batch, 4096), 8);
    ck_assert_uint_eq(ph_segment_zero_sectors(batch, 1025), 3);
    batch[511] = 1;
    batch[1024] = 1;
    ck_assert_uint_eq(ph_segment_zero_sectors(batch, 4096), 6);
    ck_assert_uint_eq(ph_segment_zero_sectors(batch, 1025), 1);
    ck_assert_uint_eq(ph_segment_pages(0), 0);
    ck_assert_uint_eq(ph_segment_pages(1), 4096);
    ck_assert_uint_eq(ph_segment_pages(4096), 4096);
    ck_assert_uint_eq(ph_segment_pages(4097), 8192);
}
END_TEST

START_TEST(files_that_are_no_segments_are_named)
{
    rig g;
    rig_begin(&g);
    static uint8_t page[PH_JOURNAL_PAGE];
    ph_segment_header h = header_of(2), other = header_of(2);
    ph_segment back = {.file = -7};
    const char *name = "00000000000000000002.phj";
    ph_journal_fault f;
    ck_assert_int_eq(ph_segment_open(&g.disk, 2, PH_FILE_READ, NULL, &back, &f), PH_ENOTFOUND);
    rig_store(&g, name, (const uint8_t *)"hello", 5);
    ck_assert_int_eq(ph_segment_open(&g.disk, 2, PH_FILE_READ, NULL, &back, &f), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(f.text, name));
    ph_segment_header_write(&h, page);
    rig_store(&g, name, page, 671);
    ck_assert_int_eq(ph_segment_open(&g.disk, 2, PH_FILE_READ, NULL, &back, &f), PH_ECORRUPT);
    rig_store(&g, "00000000000000000003.phj", page, sizeof page);
    ck_assert_int_eq(ph_segment_open(&g.disk, 3, PH_FILE_READ, NULL, &back, &f), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(f.text, "than the name"));
    rig_store(&g, name, page, sizeof page);
    other.meta[0] = 'S';
    ck_assert_int_eq(ph_segment_open(&g.disk, 2, PH_FILE_READ, &other, &back, &f), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(f.text, "another journal"));
    ck_assert_int_eq(back.file, -7);
    ck_assert_int_eq(ph_segment_open(&g.disk, 2, PH_FILE_READ, &h, &back, &f), PH_OK);
    g.disk.ops->close(&g.disk, back.file);
    rig_end(&g);
}
END_TEST

START_TEST(a_long_sentence_is_cut_and_ends)
{
    ph_journal_fault f;
    char name[600];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(ph_fault_at(&f, PH_EIO, (ph_fault_place){name, 5, 6}, "what", "remedy"),
                     PH_EIO);
    ck_assert_uint_eq(strlen(f.text), sizeof f.text - 1);
    ck_assert_uint_eq(f.seq, 6);
    ck_assert_int_eq(ph_fault_at(&f, PH_ECORRUPT, (ph_fault_place){"a", UINT64_MAX, 0}, "b", NULL),
                     PH_ECORRUPT);
    ck_assert_str_eq(f.text, "segment \"a\" offset 18446744073709551615: b");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, names_read_back_and_others_are_not_names);
    tcase_add_test(t, a_header_reads_back);
    tcase_add_test(t, every_changed_byte_of_a_header_is_found);
    tcase_add_test(t, headers_that_are_not_canonical_are_refused);
    tcase_add_test(t, zero_sectors_are_counted_up_to_the_end);
    tcase_add_test(t, files_that_are_no_segments_are_named);
    tcase_add_test(t, a_long_sentence_is_cut_and_ends);
}

int main(void)
{
    return suite_run("segment", add);
}
