/* SPDX-License-Identifier: Apache-2.0 */
/*  Opening the spool of an engine, with its index and without, and reading all of it.

      bench_spool [ITEMS [BYTES]]     1,000,000 items of 250 bytes if it does not say

    What is in the system's memory is read from there: on a disk that has to be read first, the
    difference is that between the bytes that are read, which are shown. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/limits.h"
#include "engine/link/spool.h"

enum { RUNS = 5, ITEM_MAX = 65536 };

static char folder[64], path[96], err[512];

static void must(bool is_right, const char *what)
{
    if (is_right) return;
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock is there */
    return (uint64_t)t.tv_sec * PH_NS_PER_S + (uint64_t)t.tv_nsec;
}

static ph_spool *open_spool(void)
{
    ph_spool *s;
    must(ph_spool_open(path, "bench/engine", &s, err, sizeof err) == PH_OK, err);
    return s;
}

static void make(uint64_t items, uint32_t bytes)
{
    static uint8_t item[ITEM_MAX];
    ph_spool *s = open_spool();
    for (uint64_t n = 1; n <= items; n++) {
        for (uint32_t i = 0; i < 8 && i < bytes; i++)
            item[i] = (uint8_t)(n >> 8 * i);
        must(ph_spool_put(s, n, item, bytes) == PH_OK, "could not write an item");
    }
    uint64_t start = now_ns();
    must(ph_spool_sync_forked(s, path) == PH_OK, "could not make the spool durable");
    uint64_t synced = now_ns();
    must(ph_spool_index_forked(s, path) == PH_OK, "could not write the index");
    printf("%-46s %8.1f ms\n", "the spool made durable", (double)(synced - start) / 1e6);
    printf("%-46s %8.1f ms\n", "its index written and made durable",
           (double)(now_ns() - synced) / 1e6);
    ph_spool_close(s);
}

/* Milliseconds, the middle one of several. */
static double time_open(uint64_t items, bool is_indexed)
{
    double ms[RUNS];
    for (int i = 0; i < RUNS; i++) {
        uint64_t start = now_ns();
        ph_spool *s = open_spool();
        ms[i] = (double)(now_ns() - start) / 1e6;
        must(ph_spool_last(s) == items && (ph_spool_indexed(s) != 0) == is_indexed,
             "opened otherwise than it should be");
        ph_spool_close(s);
        for (int k = i; k > 0 && ms[k] < ms[k - 1]; k--) {
            double m = ms[k];
            ms[k] = ms[k - 1];
            ms[k - 1] = m;
        }
    }
    return ms[RUNS / 2];
}

/* Nanoseconds an item, sums looked at. */
static double time_read(uint64_t items)
{
    ph_spool *s = open_spool();
    ph_spool_cursor c;
    ph_spool_part part;
    must(ph_spool_seek(s, 1, &c) == PH_OK, "could not read");
    uint64_t read = 0, start = now_ns();
    while (ph_spool_read(s, &c, items, 1 << 20, &part) == PH_OK)
        read += part.cnt;
    double ns = (double)(now_ns() - start) / (double)items;
    must(read == items, "not every item was read");
    ph_spool_close(s);
    return ns;
}

static off_t size_of(const char *end)
{
    char name[128];
    struct stat file;
    snprintf(name, sizeof name, "%s%s", path, end);
    return stat(name, &file) == 0 ? file.st_size : 0;
}

static void remove_file(const char *end)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", path, end);
    must(unlink(name) == 0, "could not remove a file");
}

int main(int argc, char **argv)
{
    uint64_t items = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    uint32_t bytes = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 250;
    must(items > 0 && bytes <= ITEM_MAX, "usage: bench_spool [ITEMS [BYTES, at most 65536]]");
    snprintf(folder, sizeof folder, "/tmp/petahour-bench-XXXXXX");
    must(mkdtemp(folder) != NULL, "could not make a folder");
    snprintf(path, sizeof path, "%s/spool", folder);
    make(items, bytes);
    printf("%llu items of %u bytes: spool %.1f MiB, index %.1f KiB\n", (unsigned long long)items,
           bytes, (double)size_of("") / 1048576, (double)size_of(".index") / 1024);
    double with = time_open(items, true);
    printf("%-46s %8.1f ns an item\n", "read, every sum looked at", time_read(items));
    remove_file(".index");
    double without = time_open(items, false);
    printf("%-46s %8.1f ms\n", "opened without an index", without);
    printf("%-46s %8.1f ms   1 : %.1f\n", "opened with it", with, without / with);
    remove_file("");
    must(rmdir(folder) == 0, "could not remove the folder");
    return EXIT_SUCCESS;
}
