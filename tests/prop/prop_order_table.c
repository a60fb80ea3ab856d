/* SPDX-License-Identifier: Apache-2.0 */
/* A table of orders beside a plain list: whatever is put and dropped, both hold the same, and no
   entry is ever moved.

   PH_SEEDS=n runs n seeds (default 24) of PH_STEPS operations (default 40000); PH_SEED=s runs
   one. */
#include "gateway/books/order_table.h"
#include "tests/prop/seeds.h"
#include "tests/unit/suite.h"

enum { IDS = 20000 };

typedef struct {
    ph_order_id order;
    uint64_t value, more[3];
} entry;

static phg_order_table table;
static entry *model[IDS]; /* where the entry of ids[i] is; NULL: it is not there */
static uint64_t ids[IDS], values[IDS];
static uint32_t cnt;

/* Numbers as they come from a market, every n-th of them, and any. */
static void draw_ids(void)
{
    uint64_t first = 1 + below(3) * (uint64_t)below(1u << 30);
    uint64_t step = below(3) == 0 ? 1 : UINT64_C(1) << below(24);
    bool is_any = below(4) == 0;
    for (uint64_t i = 0; i < IDS; i++) {
        /* The low bits make them different. */
        ids[i] = is_any ? ((uint64_t)below(UINT32_MAX) << 32 | (i + 1)) : first + i * step;
        model[i] = NULL;
    }
}

static void look(uint32_t i)
{
    entry *e = phg_order_table_find(&table, (ph_order_id){ids[i]});
    ck_assert_ptr_eq(e, model[i]);
    if (e) ck_assert(e->order.v == ids[i] && e->value == values[i] && e->more[2] == values[i] + 2);
}

static void put(uint32_t i)
{
    uint64_t value = below(UINT32_MAX);
    const entry e = {{ids[i]}, value, {value, value + 1, value + 2}};
    bool is_there = model[i] != NULL;
    ck_assert_int_eq(phg_order_table_put(&table, &e, sizeof e), is_there ? PH_ECORRUPT : PH_OK);
    if (is_there) return;
    values[i] = value;
    model[i] = phg_order_table_find(&table, (ph_order_id){ids[i]});
    ck_assert_ptr_nonnull(model[i]);
    cnt++;
}

static void drop(uint32_t i)
{
    if (!model[i]) return;
    phg_order_table_drop(&table, model[i]);
    model[i] = NULL;
    cnt--;
}

static void look_at_all(void)
{
    uint32_t met = 0;
    const entry *e;
    for (uint32_t at = 0; (e = phg_order_table_next(&table, &at)) != NULL; met++)
        ck_assert_ptr_eq(e, phg_order_table_find(&table, e->order));
    ck_assert_uint_eq(met, cnt);
    ck_assert_uint_eq(table.cnt, cnt);
    for (uint32_t i = 0; i < IDS; i++)
        look(i);
}

static void run(uint64_t seed, int steps)
{
    rng_state = seed;
    cnt = 0;
    draw_ids();
    /* Among how many of them; and of eight operations, how many put: it grows, shrinks, stands. */
    uint32_t range = 1 + below(below(2) == 0 ? 50 : IDS), puts = 4;
    for (int step = 0; step < steps; step++) {
        if (step % 4096 == 0) puts = 1 + below(6);
        uint32_t what = below(8), i = below(range);
        if (what < puts)
            put(i);
        else if (what < 7)
            drop(i);
        look(below(range));
        if (step % 16384 == 0) look_at_all();
    }
    look_at_all();
    phg_order_table_release(&table);
}

START_TEST(holds_what_a_list_holds)
{
    int one = environment("PH_SEED", 0), seeds = environment("PH_SEEDS", 24);
    int steps = environment("PH_STEPS", 40000);
    if (one != 0) {
        run((uint64_t)one, steps);
        return;
    }
    for (int seed = 1; seed <= seeds; seed++) {
        printf("seed %d\n", seed);
        run((uint64_t)seed, steps);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, holds_what_a_list_holds);
}

int main(void)
{
    return suite_run("order_table", add);
}
