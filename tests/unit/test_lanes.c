/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

enum { JOBS = 40, SIZE_TRIED = 3000, ROUNDS = 60 };

static uint64_t drawn;

static uint64_t draw(uint64_t below)
{
    drawn ^= drawn << 13;
    drawn ^= drawn >> 7;
    drawn ^= drawn << 17;
    return drawn % below;
}

/* As libsodium computes it. */
static ph_hash alone(const ph_lane_job *job)
{
    ph_digest d;
    ph_digest_begin(&d, job->purpose);
    ph_digest_add(&d, job->head, job->head_size);
    ph_digest_add(&d, job->bytes, job->size);
    return ph_digest_end(&d);
}

static void *blocks[2 * JOBS];
static size_t block_cnt;

/* Bytes that end where they say, so that a byte too far is one outside of the block. */
static uint8_t *bytes_new(size_t size)
{
    uint8_t *v = malloc(size == 0 ? 1 : size);
    ck_assert_ptr_nonnull(v);
    blocks[block_cnt++] = v;
    for (size_t i = 0; i < size; i++)
        v[i] = (uint8_t)draw(256);
    return v;
}

static ph_lane_job job_new(size_t head_size, size_t size)
{
    return (ph_lane_job){.purpose = (ph_digest_purpose)(1 + draw(5)),
                         .head = bytes_new(head_size),
                         .bytes = bytes_new(size),
                         .head_size = head_size,
                         .size = size};
}

static void expect_all(ph_lane_job *jobs, size_t cnt)
{
    ph_lanes l;
    ph_lanes_begin(&l, jobs, cnt);
    while (!ph_lanes_step(&l, 1 + (size_t)draw(20)))
        continue;
    for (size_t i = 0; i < cnt; i++) {
        ck_assert(ph_hash_equal(jobs[i].hash, alone(&jobs[i])));
    }
    while (block_cnt != 0)
        free(blocks[--block_cnt]);
}

START_TEST(hashes_of_any_sizes_are_those_of_each_alone)
{
    if (!ph_lanes_help()) return;
    ph_lane_job jobs[JOBS];
    drawn = 1;
    for (int round = 0; round < ROUNDS; round++) {
        size_t cnt = 1 + (size_t)draw(JOBS);
        for (size_t i = 0; i < cnt; i++)
            jobs[i] = job_new((size_t)draw(PH_LANE_HEAD_MAX + 1), 1 + (size_t)draw(SIZE_TRIED));
        expect_all(jobs, cnt);
    }
}
END_TEST

/* Where a block begins and ends: one byte less, as much, one more. */
START_TEST(the_edges_of_blocks)
{
    if (!ph_lanes_help()) return;
    drawn = 2;
    for (size_t head = 0; head <= PH_LANE_HEAD_MAX; head += 32) {
        for (size_t size = 1; size <= 520; size++) {
            ph_lane_job jobs[PH_LANES + 1];
            for (size_t i = 0; i <= PH_LANES; i++)
                jobs[i] = job_new(head, size + i * 64);
            expect_all(jobs, PH_LANES + 1);
        }
    }
}
END_TEST

static void add(TCase *t)
{
    ph_chain_start();
    tcase_add_test(t, hashes_of_any_sizes_are_those_of_each_alone);
    tcase_add_test(t, the_edges_of_blocks);
}

int main(void)
{
    return suite_run("lanes", add);
}
