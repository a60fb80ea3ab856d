/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/attack.h - what programs share that attack what others rely on: seeds, and how a
    failure is told.

    Every attack has a seed of its own and follows from it alone: PH_SEED=N PH_SEEDS=1 repeats
    attack N. */
#ifndef TESTS_PROP_ATTACK_H
#define TESTS_PROP_ATTACK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "tests/sim/memory_disk.h"

static uint64_t attack_seed;
static const char *attack_kind = "at the start";

static inline void attack_stop(const char *what, const char *file, int line)
{
    ck_abort_msg("seed %" PRIu64 ", %s, %s:%d: %s", attack_seed, attack_kind, file, line, what);
}

#define CHECK(what)                                          \
    do {                                                     \
        if (!(what)) attack_stop(#what, __FILE__, __LINE__); \
    } while (0)

/* A number below another one, and the seed goes on. */
static inline uint64_t chance(uint64_t *seed, uint64_t below)
{
    return memory_chance(seed) % below;
}

static inline void flip_bit(uint8_t *bytes, uint64_t *seed)
{
    *bytes = (uint8_t)(*bytes ^ 1U << chance(seed, 8));
}

static inline uint64_t attack_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* An attack and its share of all, in percent. */
static inline uint32_t attack_pick(uint64_t *seed, const uint32_t *shares, uint32_t cnt)
{
    uint64_t pick = chance(seed, 100);
    uint32_t k = 0;
    for (; k + 1 < cnt && pick >= shares[k]; k++)
        pick -= shares[k];
    return k;
}

/* Runs the one test of a program; the exit status. */
static inline int attack_run(const char *name, const TTest *test)
{
    Suite *s = suite_create(name);
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 600);
    tcase_add_test(t, test);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
