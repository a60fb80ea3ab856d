/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data/history.h"

#include "tests/unit/suite.h"

#include <string.h>

static void keep(phg_history *h, uint64_t number, size_t size)
{
    static uint8_t room[PHG_HISTORY_BYTES + 1];
    memset(room, (int)(number % 251), size);
    ck_assert_int_eq(phg_history_keep(h, number, (phg_bytes){room, size}), PH_OK);
}

START_TEST(only_the_last_frames_are_kept)
{
    phg_history h = {0};
    ck_assert(!phg_history_has(&h, 1, 1));
    for (uint64_t n = 1; n <= PHG_HISTORY_FRAMES + 100; n++)
        keep(&h, n, 10);
    ck_assert(!phg_history_has(&h, 100, 101));
    ck_assert(phg_history_has(&h, 101, PHG_HISTORY_FRAMES + 100));
    ck_assert(!phg_history_has(&h, 101, PHG_HISTORY_FRAMES + 101));
    ck_assert(!phg_history_has(&h, 120, 119) && !phg_history_has(&h, 0, 120));
    phg_bytes frame = phg_history_frame(&h, 300);
    ck_assert(frame.size == 10 && frame.p[0] == 300 % 251 && frame.p[9] == 300 % 251);
    phg_history_release(&h);
}
END_TEST

START_TEST(a_gap_begins_anew)
{
    phg_history h = {0};
    keep(&h, 1, 10);
    keep(&h, 2, 10);
    keep(&h, 9, 10);
    ck_assert(!phg_history_has(&h, 2, 2) && phg_history_has(&h, 9, 9));
    phg_history_release(&h);
}
END_TEST

START_TEST(bytes_are_bounded_but_the_last_frame_is_kept)
{
    phg_history h = {0};
    for (uint64_t n = 1; n <= 40; n++)
        keep(&h, n, 65536);
    ck_assert_uint_le(h.bytes, PHG_HISTORY_BYTES);
    ck_assert(phg_history_has(&h, 25, 40) && !phg_history_has(&h, 24, 40));
    keep(&h, 41, PHG_HISTORY_BYTES + 1);
    ck_assert(phg_history_has(&h, 41, 41) && !phg_history_has(&h, 40, 41));
    phg_history_release(&h);
}
END_TEST

START_TEST(each_stream_has_its_own)
{
    static const phg_stream_kind kinds[] = {
        PHG_STREAM_PRICES, PHG_STREAM_DEPTH,          PHG_STREAM_STATISTICS, PHG_STREAM_CANDLES,
        PHG_STREAM_GRADE,  PHG_STREAM_PERIOD_CANDLES, PHG_STREAM_REGION};
    phg_histories all = {0};
    for (uint32_t number = 1; number <= 40; number++)
        for (uint32_t k = 0; k < 7; k++) {
            phg_history *h = phg_histories_of(&all, kinds[k], number, number);
            ck_assert_ptr_nonnull(h);
            keep(h, number * 10 + k, 1);
        }
    for (uint32_t number = 1; number <= 40; number++)
        for (uint32_t k = 0; k < 7; k++) {
            const phg_history *h = phg_histories_of(&all, kinds[k], number, 40);
            ck_assert(h->end - h->first == 1 && h->first == number * 10 + k);
        }
    ck_assert_ptr_null(phg_histories_of(&all, PHG_STREAM_DEPTH, 0, 40));
    ck_assert_ptr_null(phg_histories_of(&all, PHG_STREAM_DEPTH, 41, 40));
    ck_assert_ptr_null(phg_histories_of(&all, PHG_STREAM_TRADES, 1, 40));
    for (uint32_t type = 1; type <= PH_COMPUTE_EDGE; type++)
        keep(phg_histories_of(&all, PHG_STREAM_TYPE, type, PH_COMPUTE_EDGE), type, 1);
    ck_assert_ptr_null(phg_histories_of(&all, PHG_STREAM_TYPE, PH_COMPUTE_EDGE + 1, 40));
    ck_assert_uint_eq(phg_histories_of(&all, PHG_STREAM_TYPE, 2, PH_COMPUTE_EDGE)->first, 2);
    phg_histories_release(&all);
    phg_histories_release(&all);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, each_stream_has_its_own);
    tcase_add_test(t, only_the_last_frames_are_kept);
    tcase_add_test(t, a_gap_begins_anew);
    tcase_add_test(t, bytes_are_bounded_but_the_last_frame_is_kept);
}

int main(void)
{
    return suite_run("history", add);
}
