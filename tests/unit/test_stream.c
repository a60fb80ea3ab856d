/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/stream.h"

#include "tests/unit/suite.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { STREAMS = 5, MESSAGES = 40000, LONG = 300000 };

static phg_stream_store store;
static phg_stream streams[STREAMS];

static void begin(bool spills, uint64_t memory_max)
{
    char err[PHG_ERR_SIZE] = "";
    store = (phg_stream_store){0};
    memset(streams, 0, sizeof streams);
    if (spills)
        ck_assert_msg(phg_stream_store_spill(&store, "/tmp", memory_max, err) == PH_OK, "%s", err);
}

static void end(void)
{
    for (int i = 0; i < STREAMS; i++)
        phg_stream_release(&streams[i]);
    phg_stream_store_release(&store);
}

/* Message n of stream i: its own words, of lengths that differ; one in a while is longer than a
   chunk. */
static size_t content(int i, uint64_t n, uint8_t *to)
{
    size_t size = n % 5000 == 4999 ? LONG : 1 + (n * 37 + (uint64_t)i) % 150;
    for (size_t k = 0; k < size; k++)
        to[k] = (uint8_t)((uint64_t)i + n * 7 + k);
    return size;
}

static void add(int i)
{
    static uint8_t bytes[LONG];
    phg_bytes message = {bytes, content(i, streams[i].cnt + 1, bytes)};
    ck_assert_int_eq(phg_stream_add(&store, &streams[i], message), PH_OK);
}

/* Reads a stream from a number on by runs of all kinds. */
static void read_all(int i, uint64_t from, uint32_t cnt_max, size_t size_max)
{
    static uint8_t bytes[LONG];
    while (from <= streams[i].cnt) {
        phg_stream_run run;
        ck_assert_int_eq(phg_stream_take(&store, &streams[i], from, cnt_max, size_max, &run),
                         PH_OK);
        if (run.cnt == 0)
            ck_assert_int_eq(phg_stream_take(&store, &streams[i], from, 1, SIZE_MAX, &run), PH_OK);
        ck_assert(run.cnt >= 1 && run.cnt <= cnt_max);
        size_t at = 0;
        for (uint32_t k = 0; k < run.cnt; k++) {
            size_t size = content(i, from + k, bytes);
            if (at + size > run.size || memcmp(run.bytes + at, bytes, size) != 0)
                ck_abort_msg("message %llu of stream %d", (unsigned long long)from + k, i);
            at += size;
        }
        ck_assert_uint_eq(at, run.size);
        from += run.cnt;
    }
}

START_TEST(runs_respect_both_bounds)
{
    phg_stream_run run;
    begin(false, 0);
    const phg_bytes three = {(const uint8_t *)"abc", 3};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(phg_stream_add(&store, &streams[0], three), PH_OK);
    const struct {
        uint64_t from;
        uint32_t cnt_max;
        size_t size_max;
        uint32_t cnt;
    } rows[] = {{1, 256, SIZE_MAX, 3}, {2, 256, SIZE_MAX, 2}, {1, 2, SIZE_MAX, 2},
                {1, 0, SIZE_MAX, 0},   {4, 256, SIZE_MAX, 0}, {UINT64_MAX, 256, SIZE_MAX, 0},
                {1, 256, 3, 1},        {1, 256, 2, 0},        {1, 256, 8, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(phg_stream_take(&store, &streams[0], rows[i].from, rows[i].cnt_max,
                                         rows[i].size_max, &run),
                         PH_OK);
        ck_assert_uint_eq(run.cnt, rows[i].cnt);
        ck_assert_uint_eq(run.size, 3 * rows[i].cnt);
    }
    ck_assert_int_eq(phg_stream_add(&store, &streams[0], (phg_bytes){NULL, 3}), PH_EFULL);
    ck_assert_uint_eq(streams[0].cnt, 3);
    end();
}
END_TEST

/* In memory, with a little of it, and with none. */
START_TEST(every_message_comes_back)
{
    const uint64_t memory[] = {UINT64_MAX, 1 << 20, 0};
    begin(_i != 0, memory[_i]);
    for (int n = 0; n < MESSAGES; n++)
        add(n % 7 == 0 ? 0 : n % STREAMS);
    for (int i = 0; i < STREAMS; i++) {
        read_all(i, 1, UINT32_MAX, SIZE_MAX);
        read_all(i, 1, 256, 65536);
        read_all(i, streams[i].cnt / 2, 3, 100);
        read_all(i, streams[i].cnt, 256, 65536);
    }
    if (_i == 0) ck_assert(store.in_file == 0 && store.memory > 0);
    if (_i == 1) ck_assert(store.in_file > (2 << 20) && store.memory <= 1 << 20);
    /* The last chunk of each stream is still being filled. */
    if (_i == 2) ck_assert_uint_le(store.memory, STREAMS * (LONG + 8));
    end();
}
END_TEST

/* Everything stays, and goes to the file when there is room again. */
START_TEST(a_full_disk_costs_memory_alone)
{
    begin(true, 0);
    int file = dup(store.file - 1), full = open("/dev/full", O_RDWR | O_CLOEXEC);
    ck_assert(file >= 0 && full >= 0 && dup2(full, store.file - 1) >= 0);
    for (int n = 0; n < MESSAGES; n++)
        add(0);
    ck_assert(store.is_file_full && store.in_file == 0);
    read_all(0, 1, 256, 65536);
    ck_assert_int_ge(dup2(file, store.file - 1), 0);
    for (int n = 0; n < 1000; n++)
        add(0);
    ck_assert(!store.is_file_full && store.memory <= 2 * PHG_CHUNK_BYTES_MAX);
    read_all(0, 1, 256, 65536);
    (void)close(file);
    (void)close(full);
    end();
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
    char err[PHG_ERR_SIZE] = "";
    begin(false, 0);
    ck_assert_int_eq(phg_stream_store_spill(&store, "/nowhere/at/all", 0, err), PH_EIO);
    ck_assert_msg(strstr(err, "\"/nowhere/at/all\": No such file") != NULL, "%s", err);
    end();
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, runs_respect_both_bounds);
    tcase_add_loop_test(t, every_message_comes_back, 0, 3);
    tcase_add_test(t, a_full_disk_costs_memory_alone);
    tcase_add_test(t, a_folder_that_is_not_there_is_named);
}

int main(void)
{
    return suite_run("stream", add_tests);
}
