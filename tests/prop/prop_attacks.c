/* SPDX-License-Identifier: Apache-2.0 */
/*  Whoever changes or forges what others rely on is found out, and the place is named.

    Every kind of attack on everything that it has a meaning for: cell by cell, each with attacks of
    its own, so that none hides behind another.  Prints what was found and what was harmless; in
    every cell something is tried and something found.

    PH_SEEDS: attacks of each cell; without it each has a number of its own, more than 10^5 in all
    (with more than 2000 PH_TIMEOUT=SECONDS as well).  PH_CELL='contract/terms changed'
    runs that cell alone, or 'contract/' all of one thing; PH_SEED is the first seed, so that
    PH_CELL, PH_SEED and PH_SEEDS=1 repeat an attack that failed. */
#include <string.h>

#include "tests/prop/attack.h"
#include "tests/prop/attack_logs.h"
#include "tests/unit/suite.h"

uint64_t attack_seed;
char attack_name[64] = "at the start";

static const attacked *const all[] = {
    &attacked_journal,     &attacked_snapshot, &attacked_checkpoint,
    &attacked_cosignature, &attacked_tile,     &attacked_inclusion,
    &attacked_growth,      &attacked_contract, &attacked_countersignature,
};

enum { THINGS = sizeof all / sizeof all[0], TRIES_MAX = 1000 };

static const char *const kinds[KINDS] = {
    [FLIP] = "bit flips",      [DROP] = "dropped",    [DOUBLE] = "doubled",
    [SWAP] = "swapped",        [CUT] = "cut",         [SPLICE] = "spliced",
    [FORKED] = "signed fork",  [REPLAY] = "replayed", [TERMS] = "terms changed",
    [OTHER_KEY] = "other key",
};

typedef struct {
    uint64_t found, harmless;
} cell_counts;

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *is = getenv(name);
    return is == NULL ? otherwise : strtoull(is, NULL, 10);
}

static bool is_wanted(const char *name)
{
    const char *only = getenv("PH_CELL");
    return only == NULL || strncmp(only, name, strlen(only)) == 0;
}

/* As many attacks that change something as are wanted; a seed that changes nothing is passed. */
static cell_counts run_cell(const attacked *a, attack_kind kind)
{
    cell_counts c = {0, 0};
    const attack_cell *cell = &a->cells[kind];
    uint64_t each = a->each * (cell->times == 0 ? UINT64_C(1) : cell->times), passed = 0;
    each = number("PH_SEEDS", each);
    snprintf(attack_name, sizeof attack_name, "%s/%s", a->name, kinds[kind]);
    for (attack_seed = number("PH_SEED", 1); c.found + c.harmless < each; attack_seed++) {
        uint64_t seed = attack_seed * UINT64_C(0x9e3779b97f4a7c15) + kind;
        switch (cell->run(&seed, cell->how)) {
        case FOUND: c.found++; break;
        case HARMLESS: c.harmless++; break;
        case NOTHING: CHECK(++passed < TRIES_MAX + 10 * each); break;
        }
    }
    return c;
}

static uint64_t print_row(const char *name, const cell_counts *row, const attack_cell *cells)
{
    uint64_t tried = 0;
    printf("%-18s", name);
    for (int kind = 0; kind < KINDS; kind++) {
        char cell[32] = "-";
        if (cells[kind].run != NULL)
            snprintf(cell, sizeof cell, "%" PRIu64 "+%" PRIu64, row[kind].found,
                     row[kind].harmless);
        printf(" %13s", cell);
        tried += row[kind].found + row[kind].harmless;
    }
    puts("");
    return tried;
}

START_TEST(every_kind_of_attack_is_found_out)
{
    uint64_t tried = 0;
    printf("found+harmless    ");
    for (int kind = 0; kind < KINDS; kind++)
        printf(" %13s", kinds[kind]);
    puts("");
    for (size_t i = 0; i < THINGS; i++) {
        cell_counts row[KINDS] = {{0, 0}};
        char name[64];
        bool is_begun = false;
        for (attack_kind kind = FLIP; kind < KINDS; kind++) {
            snprintf(name, sizeof name, "%s/%s", all[i]->name, kinds[kind]);
            if (all[i]->cells[kind].run == NULL || !is_wanted(name)) continue;
            if (!is_begun && all[i]->begin != NULL) all[i]->begin();
            is_begun = true;
            row[kind] = run_cell(all[i], kind);
            if (number("PH_SEEDS", all[i]->each) >= 100) CHECK(row[kind].found != 0);
        }
        if (is_begun) tried += print_row(all[i]->name, row, all[i]->cells);
        if (is_begun && all[i]->end != NULL) all[i]->end();
    }
    attack_logs_end();
    printf("%" PRIu64 " attacks\n", tried);
    CHECK(tried != 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("attacks");
    TCase *t = tcase_create("attacks");
    tcase_set_timeout(t, (double)number("PH_TIMEOUT", 900));
    tcase_add_test(t, every_kind_of_attack_is_found_out);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
