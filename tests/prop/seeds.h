/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/seeds.h - chance by a seed, and the numbers that the environment gives a run. */
#ifndef TESTS_PROP_SEEDS_H
#define TESTS_PROP_SEEDS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* SplitMix64 (Steele, Lea, Flood 2014): the same everywhere. */
static uint64_t rng_state;

static inline uint32_t below(uint32_t n)
{
    uint64_t z = (rng_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) % n);
}

/* Of a variable that is not set: `otherwise`. */
static inline int environment(const char *name, int otherwise)
{
    const char *text = getenv(name);
    if (text == NULL) return otherwise;
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0 || value > INT32_MAX) {
        fprintf(stderr, "%s is a whole number, not \"%s\"\n", name, text);
        exit(2);
    }
    return (int)value;
}

#endif
