/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/order_table.h"

#include "tests/unit/suite.h"

typedef struct {
    ph_order_id order;
    uint64_t value;
} entry;

static phg_order_table table;

static void tear_down(void)
{
    phg_order_table_release(&table);
}

static ph_status put(uint64_t id)
{
    const entry e = {{id}, id * 3};
    return phg_order_table_put(&table, &e, sizeof e);
}

static entry *find(uint64_t id)
{
    return phg_order_table_find(&table, (ph_order_id){id});
}

START_TEST(what_is_not_there_is_not_found)
{
    ck_assert_ptr_null(find(1));
    ck_assert_ptr_null(find(0));
    uint32_t at = 0;
    ck_assert_ptr_null(phg_order_table_next(&table, &at));
    ck_assert_int_eq(put(1), PH_OK);
    ck_assert_ptr_null(find(0));
    ck_assert_ptr_null(find(2));
    ck_assert_ptr_null(find(UINT64_MAX));
    phg_order_table_drop(&table, find(1));
    ck_assert_ptr_null(find(1));
    ck_assert_uint_eq(table.cnt, 0);
}
END_TEST

START_TEST(an_order_is_there_once)
{
    ck_assert_int_eq(put(0), PH_ECORRUPT);
    ck_assert_int_eq(put(7), PH_OK);
    ck_assert_int_eq(put(7), PH_ECORRUPT);
    ck_assert_uint_eq(table.cnt, 1);
    ck_assert_uint_eq(find(7)->value, 21);
}
END_TEST

/* However many come, those that are there stay where they are. */
START_TEST(nothing_is_moved)
{
    enum { N = 70000 };
    static entry *where[N + 1];
    for (uint64_t id = 1; id <= N; id++) {
        ck_assert_int_eq(put(id), PH_OK);
        where[id] = find(id);
    }
    for (uint64_t id = 1; id <= N; id++) {
        ck_assert_ptr_eq(find(id), where[id]);
        ck_assert_uint_eq(where[id]->value, id * 3);
    }
    ck_assert_ptr_null(find(N + 1));
}
END_TEST

/* A free slot is used again before a new one. */
START_TEST(places_are_used_again)
{
    for (uint64_t id = 1; id <= 5000; id++)
        ck_assert_int_eq(put(id), PH_OK);
    for (uint64_t round = 1; round <= 20; round++)
        for (uint64_t id = 1; id <= 5000; id++) {
            phg_order_table_drop(&table, find((round - 1) * 5000 + id));
            ck_assert_int_eq(put(round * 5000 + id), PH_OK);
        }
    ck_assert_uint_eq(table.slot_cnt, 5000);
    ck_assert_uint_eq(table.cnt, 5000);
    ck_assert_ptr_null(find(100000));
    ck_assert_ptr_nonnull(find(100001));
}
END_TEST

START_TEST(all_are_met_even_when_they_are_dropped_on_the_way)
{
    for (uint64_t id = 1; id <= 2000; id++)
        ck_assert_int_eq(put(id * 1024), PH_OK);
    uint64_t met = 0;
    entry *e;
    for (uint32_t at = 0; (e = phg_order_table_next(&table, &at)) != NULL; met++)
        if (e->order.v % 2048 == 0) phg_order_table_drop(&table, e);
    ck_assert_uint_eq(met, 2000);
    ck_assert_uint_eq(table.cnt, 1000);
    for (uint64_t id = 1; id <= 2000; id++)
        ck_assert((find(id * 1024) != NULL) == (id % 2 != 0));
}
END_TEST

/* The longest way to an entry, of all that are there. */
static uint32_t longest(void)
{
    uint32_t most = 0;
    for (uint32_t b = 0; b < table.bucket_cnt; b++) {
        uint32_t cnt = 0, *heads = table.heads[b / 1024];
        for (uint32_t slot = heads[b % 1024]; slot != 0; cnt++) {
            uint8_t *slab = table.slabs[(slot - 1) / 512];
            memcpy(&slot, slab + (slot - 1) % 512 * (8 + sizeof(entry)), sizeof slot);
        }
        if (cnt > most) most = cnt;
    }
    return most;
}

/* Market makers quote many products in turn, and the orders of one of them stay. */
START_TEST(every_nth_order_spreads_as_well)
{
    for (uint64_t step = 1; step <= 4096; step *= 2) {
        for (uint64_t i = 1; i <= 20000; i++)
            ck_assert_int_eq(put(i * step + 12345), PH_OK);
        ck_assert_uint_le(longest(), 16);
        phg_order_table_release(&table);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, what_is_not_there_is_not_found);
    tcase_add_test(t, an_order_is_there_once);
    tcase_add_test(t, nothing_is_moved);
    tcase_add_test(t, places_are_used_again);
    tcase_add_test(t, all_are_met_even_when_they_are_dropped_on_the_way);
    tcase_add_test(t, every_nth_order_spreads_as_well);
}

int main(void)
{
    return suite_run("order_table", add);
}
