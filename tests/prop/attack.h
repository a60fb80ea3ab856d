/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/attack.h - attacks by kind on everything that others rely on.

    What is attacked registers a cell for every kind of attack that has a meaning for it; the
    program (prop_attacks.c) runs as many attacks of each cell as it is told.  A cell changes
    something by seed, has a command of petahour-audit or the journal's reader judge it, and checks
    the judgement: what is found is named where it begins, and what is accepted is true.

    An attack follows from its seed alone; a failure names cell and seed. */
#ifndef TESTS_PROP_ATTACK_H
#define TESTS_PROP_ATTACK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "tests/prop/attack_text.h"
#include "tests/sim/memory_disk.h"

typedef enum {
    FLIP,      /* a bit */
    DROP,      /* bytes, lines, records, batches, files */
    DOUBLE,    /* the same */
    SWAP,      /* the same */
    CUT,       /* short */
    SPLICE,    /* parts of two logs, markets or batches */
    FORKED,    /* another history, and the real key signed it */
    REPLAY,    /* what was once right, in another place or at a later time */
    TERMS,     /* what it says, and whatever needs no key made to fit */
    OTHER_KEY, /* whole, but of somebody else's key */
    KINDS
} attack_kind;

typedef enum {
    NOTHING, /* this seed changed nothing */
    FOUND,
    HARMLESS, /* accepted, and what it says is what it said, or was never relied on */
} attack_end;

typedef struct {
    attack_end (*run)(uint64_t *seed, change_text *how); /* NULL: the kind has no meaning here */
    change_text *how;                                    /* of texts that are changed as texts */
    uint32_t times; /* as many attacks as in other cells; 0: once */
} attack_cell;

typedef struct {
    const char *name;
    uint32_t each; /* attacks of a cell when the environment does not say */
    attack_cell cells[KINDS];
    void (*begin)(void), (*end)(void); /* NULL: nothing to do */
} attacked;

extern const attacked attacked_journal, attacked_snapshot, attacked_checkpoint,
    attacked_cosignature, attacked_tile, attacked_inclusion, attacked_growth, attacked_contract,
    attacked_countersignature;

/* Of the attack that runs. */
extern uint64_t attack_seed;
extern char attack_name[64];

static inline void attack_stop(const char *what, const char *file, int line)
{
    ck_abort_msg("PH_CELL='%s' PH_SEED=%" PRIu64 ", %s:%d: %s", attack_name, attack_seed, file,
                 line, what);
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

#endif
