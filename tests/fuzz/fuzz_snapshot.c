/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_snapshot.c - the door of ph_snapshot_load: any bytes at all.

    The first byte chooses: the rest is a snapshot as it stands, or edits of the snapshot of a
    market in which every table has rows, 12 bytes each: what, where, with which number.  A load
    that is refused says why and where.  One that is not must be the state of a market: it writes
    the same bytes again, and time and cancels run it to its end under all laws. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/base/panic.h"
#include "engine/core/state.h"
#include "tests/unit/full_market.h"

enum { EDIT_SIZE = 12, EDITS_MAX = 16 };

static full_bytes original, edited, again;
static ph_market_limits limits;
static ph_events out;
static void *block;
static size_t block_size;

static deal d;

START_TEST(build_the_original)
{
    full_open(&d);
    full_write(d.w.m, &original);
}
END_TEST

/* The fixture may only be used by a test, so this is one, in this process. */
static void start(void)
{
    Suite *suite = suite_create("seed");
    TCase *t = tcase_create("seed");
    tcase_add_test(t, build_the_original);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    PH_ASSERT(srunner_ntests_failed(runner) == 0);
    srunner_free(runner);
    out = d.w.out;
    limits = world_limits();
    block_size = (ph_market_footprint(&limits) + 4095) & ~(size_t)4095;
    block = mmap(NULL, block_size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    PH_ASSERT(block != MAP_FAILED);
}

static uint64_t number(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

/* One edit at a place whose room of 8 bytes is within the bytes. */
static void edit(full_bytes *b, uint8_t what, size_t at, uint64_t with)
{
    static const uint64_t edges[] = {
        0, 1, 2, UINT32_MAX, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, UINT64_C(1) << 32};
    uint64_t v = number(b->v + at);
    switch (what % 8) {
    case 0: v = with; break;
    case 1: v += with % 16; break;
    case 2: v -= with % 16; break;
    case 3: v = edges[with % 8]; break;
    case 4: v = number(b->v + with % (b->cnt - 8)); break;
    case 5: /* what follows stands 8 bytes later */
        if (b->cnt + 8 > sizeof b->v) return;
        memmove(b->v + at + 8, b->v + at, b->cnt - at);
        b->cnt += 8;
        break;
    case 6:
        memmove(b->v + at, b->v + at + 8, b->cnt - at - 8);
        b->cnt -= 8;
        return;
    case 7: v ^= UINT64_C(1) << with % 64; break;
    }
    memcpy(b->v + at, &v, sizeof v);
}

static void apply(ph_market *m, ph_command c)
{
    c.seq = ph_market_seq(m) + 1;
    out.cnt = 0;
    ph_market_apply(m, &c, &out);
    PH_ASSERT(ph_market_broken(m) == NULL);
}

/* Whatever is due happens, then all orders are cancelled, then nothing may be left to do. */
static void run_out(ph_market *m, ph_time last)
{
    for (int i = 0; i < 400; i++) {
        ph_time due = ph_market_next_due(m);
        if (due.ns == UINT64_MAX) break;
        if (due.ns > last.ns) last = due;
        apply(m, (ph_command){.kind = PH_CMD_TICK, .at = last});
        if (i != 3) continue;
        for (uint32_t p = 1; p <= ph_market_participant_cnt(m); p += 2)
            apply(m, (ph_command){.kind = PH_CMD_MASS_CANCEL, .at = last, .sender = {p}});
    }
}

static void load(const full_bytes *b)
{
    PH_ASSERT(madvise(block, block_size, MADV_DONTNEED) == 0); /* all zero again */
    ph_market *m = ph_market_init(block, &limits);
    ph_snapshot_fault fault = {.what = NULL};
    if (ph_snapshot_load(m, b->v, b->cnt, &fault) != PH_OK) {
        PH_ASSERT(fault.what != NULL && fault.offset <= b->cnt);
        return;
    }
    full_write(m, &again);
    PH_ASSERT(again.cnt == b->cnt && memcmp(again.v, b->v, b->cnt) == 0);
    run_out(m, m->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (block == NULL) start();
    if (size == 0) return 0;
    if (bytes[0] == 0) {
        edited.cnt = size - 1 < sizeof edited.v ? size - 1 : sizeof edited.v;
        memcpy(edited.v, bytes + 1, edited.cnt);
    } else {
        edited.cnt = original.cnt;
        memcpy(edited.v, original.v, original.cnt);
        const uint8_t *e = bytes + 1;
        for (int i = 0; i < EDITS_MAX && e + EDIT_SIZE <= bytes + size; i++, e += EDIT_SIZE) {
            size_t at = e[1] | (size_t)e[2] << 8 | (size_t)e[3] << 16;
            edit(&edited, e[0], at % (edited.cnt - 8), number(e + 4));
        }
    }
    load(&edited);
    return 0;
}
