/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots by example and damaged; tests/prop/prop_market writes and loads random markets. */
#include "engine/core/snapshot.h"

#include "tests/unit/full_market.h"
#include "tests/unit/suite.h"

static world w;
static uint8_t bytes[1 << 22];
static size_t cnt;
static ph_snapshot_fault fault;

static void take(void *arg, const void *piece, size_t size)
{
    (void)arg;
    ck_assert(cnt + size <= sizeof bytes);
    memcpy(bytes + cnt, piece, size);
    cnt += size;
}

static void setup(void)
{
    w = world_of_four();
    ph_command c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 3}, 6, 5);
    c.u.order.display_quantity = 2;
    world_do(&w, c);
    world_do(&w, world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 3, 5));
    world_do(&w, world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){1, 4}, 3, 4));
    cnt = 0;
    ph_snapshot_write(w.m, take, NULL);
}

static void teardown(void)
{
    world_free(&w);
}

static ph_status load(const void *from, size_t size, world *ret)
{
    ph_market_limits limits = world_limits();
    *ret = (world){.m = NULL};
    ret->m = ph_market_init(world_room(ph_market_footprint(&limits), &ret->block), &limits);
    return ph_snapshot_load(ret->m, from, size, &fault);
}

START_TEST(a_loaded_market_is_the_one_that_was_written)
{
    world other;
    ck_assert_int_eq(load(bytes, cnt, &other), PH_OK);
    ck_assert_uint_eq(ph_market_seq(other.m), ph_market_seq(w.m));
    ck_assert_uint_eq(ph_market_order_cnt(other.m), 2);
    ck_assert_int_eq(ph_market_held(other.m, (ph_participant_id){BUYER}), 48);
    ph_price price;
    uint64_t quantity;
    ph_market_best(other.m, (ph_product_id){1}, PH_SIDE_SELL, FIRST, &price, &quantity);
    ck_assert(price == 5 && quantity == 1); /* half of the second clip */
    free(other.block);
}
END_TEST

START_TEST(what_is_no_snapshot_is_refused)
{
    world other;
    ck_assert_int_eq(load("", 0, &other), PH_ECORRUPT);
    free(other.block);
    bytes[0] ^= 1;
    ck_assert_int_eq(load(bytes, cnt, &other), PH_ECORRUPT);
    free(other.block);
    bytes[0] ^= 1;
    bytes[8]++; /* version */
    ck_assert_int_eq(load(bytes, cnt, &other), PH_EVERSION);
    free(other.block);
    bytes[8]--;
    bytes[16]++; /* sizes of the tables */
    ck_assert_int_eq(load(bytes, cnt, &other), PH_EINVAL);
    free(other.block);
    bytes[16]--;
    ck_assert_int_eq(load(bytes, cnt + 1, &other), PH_ECORRUPT);
    free(other.block);
}
END_TEST

START_TEST(a_cut_snapshot_is_refused)
{
    for (size_t size = 1; size < cnt; size += 997) {
        world other;
        ck_assert_int_eq(load(bytes, size, &other), PH_ECORRUPT);
        free(other.block);
    }
}
END_TEST

/* ---- A market in which every table has rows ---------------------------------------------- */

static full_bytes full, changed;

static void *fresh_block(size_t *ret_size)
{
    ph_market_limits limits = world_limits();
    *ret_size = (ph_market_footprint(&limits) + 4095) & ~(size_t)4095;
    void *block = mmap(NULL, *ret_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert(block != MAP_FAILED);
    return block;
}

START_TEST(a_market_with_everything_is_loaded_and_writes_the_same)
{
    deal d;
    full_open(&d);
    full_write(d.w.m, &full);
    world other;
    ck_assert_msg(load(full.v, full.cnt, &other) == PH_OK, "offset %llu of %zu: %s",
                  (unsigned long long)fault.offset, full.cnt, fault.what);
    full_write(other.m, &changed);
    ck_assert(changed.cnt == full.cnt && memcmp(changed.v, full.v, full.cnt) == 0);
    free(other.block);
    world_free(&d.w);
}
END_TEST

/* Every byte in turn: refused with a reason and a place, or another state of a market. */
START_TEST(any_changed_byte_is_refused_or_makes_a_market)
{
    deal d;
    full_open(&d);
    full_write(d.w.m, &full);
    ph_market_limits limits = world_limits();
    size_t size, refused = 0;
    void *block = fresh_block(&size);
    for (size_t at = 0; at < full.cnt; at++) {
        memcpy(changed.v, full.v, full.cnt);
        changed.v[at] ^= (uint8_t)(1U << (at % 8));
        ck_assert_int_eq(madvise(block, size, MADV_DONTNEED), 0);
        ph_market *m = ph_market_init(block, &limits);
        fault = (ph_snapshot_fault){0, NULL};
        mark_point();
        if (ph_snapshot_load(m, changed.v, full.cnt, &fault) == PH_OK) {
            ck_assert_ptr_null(ph_market_broken(m));
            continue;
        }
        refused++;
        ck_assert_ptr_nonnull(fault.what);
        ck_assert_uint_le(fault.offset, full.cnt);
    }
    ck_assert_uint_gt(refused, full.cnt / 4);
    munmap(block, size);
    world_free(&d.w);
}
END_TEST

/* Executed in one period, lowered below that since, open in another one. */
START_TEST(an_order_that_was_lowered_below_what_it_executed_is_loaded)
{
    world x = world_of_four(), other;
    ph_window both = {0, 2}, one = {0, 1};
    world_do(&x, world_order(&x, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, both, 5, 5));
    uint64_t order = x.out.v[0].u.accepted.order.v;
    world_do(&x, world_order(&x, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, one, 4, 5));
    world_do(&x, (ph_command){.kind = PH_CMD_REPLACE_ORDER,
                              .sender = {SELLER},
                              .u.replace = {.order = {order}, .price = 5, .quantity = 3}});
    full_write(x.m, &full);
    ck_assert_msg(load(full.v, full.cnt, &other) == PH_OK, "%s", fault.what);
    full_write(other.m, &changed);
    ck_assert(changed.cnt == full.cnt && memcmp(changed.v, full.v, full.cnt) == 0);
    free(other.block);
    world_free(&x);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_loaded_market_is_the_one_that_was_written);
    tcase_add_test(t, what_is_no_snapshot_is_refused);
    tcase_add_test(t, a_cut_snapshot_is_refused);
    tcase_add_test(t, a_market_with_everything_is_loaded_and_writes_the_same);
    tcase_add_test(t, an_order_that_was_lowered_below_what_it_executed_is_loaded);
    tcase_add_test(t, any_changed_byte_is_refused_or_makes_a_market);
}

int main(void)
{
    return suite_run("snapshot", add);
}
