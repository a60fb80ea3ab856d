/* SPDX-License-Identifier: Apache-2.0 */
/* Questions by example (rulebook 14); random orders are previewed in tests/prop/prop_market. */
#include "engine/core/question.h"

#include <string.h>

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static ph_question *q;
static void *block;

static void setup(void)
{
    w = world_of_four();
    ph_market_limits limits = world_limits();
    q = ph_question_init(world_room(ph_question_footprint(&limits), &block), &limits);
}

static void teardown(void)
{
    world_free(&w);
    free(block);
}

static ph_new_order order(uint32_t who, ph_shape shape, ph_window window, uint32_t quantity,
                          ph_price price)
{
    ph_side side = who <= SELLER_2 ? PH_SIDE_SELL : PH_SIDE_BUY;
    return world_order(&w, who, side, shape, window, quantity, price).u.order;
}

static void sell(ph_window window, uint32_t quantity, ph_price price)
{
    world_do(&w, world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, window, quantity, price));
}

static ph_preview preview(uint32_t who, ph_new_order n, ph_preview_fill *v, uint32_t max)
{
    ph_preview p;
    ph_question_preview(q, w.m, (ph_participant_id){who}, &n, &p, (ph_preview_fills){v, max});
    return p;
}

START_TEST(a_preview_tells_fills_best_first_and_what_is_held)
{
    sell((ph_window){0, 2}, 2, 7);
    sell((ph_window){0, 1}, 1, 5);
    ph_preview_fill v[4];
    ph_preview p = preview(BUYER, order(BUYER, PH_SHAPE_EACH, (ph_window){0, 2}, 4, 8), v, 4);
    ck_assert_int_eq(p.reject, PH_REJECT_NONE);
    ck_assert_int_eq(p.hold, 64);
    ck_assert_uint_eq(p.executed, 5);
    ck_assert_uint_eq(p.left, 3);
    ck_assert_int_eq(p.hold_after, 24);
    ck_assert_int_eq(p.notional, 33);
    ck_assert_uint_eq(p.contracts, 2);
    ck_assert_uint_eq(p.fill_cnt, 3);
    ck_assert(v[0].period == FIRST && v[0].price == 5 && v[0].units == 1);
    ck_assert(v[1].period == FIRST && v[1].price == 7 && v[1].units == 2);
    ck_assert(v[2].period == FIRST + 1 && v[2].units == 2);
    ck_assert_uint_eq(ph_market_order_cnt(w.m), 2); /* nothing happened */
}
END_TEST

START_TEST(a_preview_tells_the_refusal)
{
    ph_preview p = preview(BUYER, order(BUYER, PH_SHAPE_EACH, (ph_window){0, 0}, 4, 8), NULL, 0);
    ck_assert_int_eq(p.reject, PH_REJECT_WINDOW_EMPTY);
    p = preview(99, order(BUYER, PH_SHAPE_EACH, (ph_window){0, 1}, 4, 8), NULL, 0);
    ck_assert_int_eq(p.reject, PH_REJECT_UNKNOWN_PARTICIPANT);
    sell((ph_window){0, 1}, 1, 5);
    ph_new_order n = order(BUYER, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 5);
    n.post_only = true;
    ck_assert_int_eq(preview(BUYER, n, NULL, 0).reject, PH_REJECT_POST_ONLY);
}
END_TEST

/* Rulebook 15, example 2: "all of it fills at limit 5". */
START_TEST(why_names_the_lowest_price)
{
    sell((ph_window){0, 4}, 10, 5);
    world_do(&w, world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){1, 1}, 4, 3));
    ph_new_order n = order(BUYER, PH_SHAPE_BLOCK, (ph_window){0, 4}, 6, 4);
    ph_why why;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(!why.fills);
    ck_assert_int_eq(why.price, 5);
    ck_assert_uint_eq(why.quantity, 0); /* the first unit costs 18, the limit is 16 */
    ck_assert(!why.has_start && !why.more_starts);
}
END_TEST

START_TEST(why_names_quantity_start_and_product)
{
    sell((ph_window){0, 2}, 3, 5);
    sell((ph_window){7, 2}, 9, 5);
    ph_product_terms second = world_terms(&w, 1);
    world_product(&w, &second);
    ph_command c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){0, 3}, 9, 5);
    c.u.order.product.v = 2;
    world_do(&w, c);
    ph_new_order n = order(BUYER, PH_SHAPE_BLOCK, (ph_window){0, 2}, 4, 6);
    ph_why why;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert_int_eq(why.price, 0); /* there are only three at any price */
    ck_assert_uint_eq(why.quantity, 3);
    ck_assert(why.has_start && why.start == FIRST + 7);
    ck_assert_uint_eq(why.product_cnt, 1);
    ck_assert_uint_eq(why.products[0].v, 2);
}
END_TEST

/* A block that is all-or-none makes a quantity execute where neither more nor less does. */
START_TEST(why_names_the_quantity_that_one_block_wants)
{
    ph_command c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_BLOCK, (ph_window){0, 2}, 900, 5);
    c.u.order.all_or_none = true;
    world_do(&w, c);
    ph_new_order n = order(BUYER, PH_SHAPE_BLOCK, (ph_window){0, 2}, 903, 6);
    ph_why why;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(why.quantity == 900 && !why.more_quantities);
    n.quantity = 900 + PH_WHY_QUANTITIES_MAX;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(why.quantity == 900 && !why.more_quantities);
    n.quantity = 5000; /* farther than is tried one by one */
    n.all_or_none = true;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(why.quantity == 900 && why.more_quantities);
    sell((ph_window){0, 2}, 20, 6);
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(why.quantity == 920 && why.more_quantities);
    n.shape = PH_SHAPE_FLEX; /* takes no block: less executes where more does */
    n.all_or_none = false;
    n.duration = 2;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(why.quantity == 20 && !why.more_quantities);
}
END_TEST

/* The average of a block that is all-or-none may be better than its last unit. */
START_TEST(why_goes_on_below_what_is_within_the_limit)
{
    ph_command c = world_order(&w, SELLER, PH_SIDE_SELL, PH_SHAPE_BLOCK, (ph_window){0, 2}, 450, 5);
    c.u.order.all_or_none = true;
    world_do(&w, c);
    sell((ph_window){0, 2}, 500, 9);
    ph_new_order n = order(BUYER, PH_SHAPE_BLOCK, (ph_window){0, 2}, 3600, 6);
    n.all_or_none = true;
    ph_why why;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(why.quantity == 600 && why.more_quantities); /* 450 at 5 and 150 at 9 are 6 each */
}
END_TEST

/* So many starts are tried, and when there are more, that is said. */
START_TEST(why_says_when_there_are_more_starts)
{
    world_free(&w);
    free(block);
    ph_market_limits limits = world_limits();
    limits.ring_periods = 2048;
    w = world_new(&limits);
    q = ph_question_init(world_room(ph_question_footprint(&limits), &block), &limits);
    for (uint32_t who = SELLER; who <= BUYER_2; who++)
        world_participant(&w, who <= SELLER_2 ? PH_ROLE_SUPPLIER : PH_ROLE_BUYER, 1000000);
    uint32_t site = world_site(&w, SELLER);
    ph_product_terms terms = world_terms(&w, site);
    terms.horizon = 1500;
    world_product(&w, &terms);
    world_do(&w, (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                              .sender = {SELLER},
                              .u.capacity = {.site = {site},
                                             .hardware = {1},
                                             .period_seconds = HOUR,
                                             .window = {FIRST, 1400},
                                             .units = 10,
                                             .reference = 1}});
    ph_new_order n = order(BUYER, PH_SHAPE_BLOCK, (ph_window){0, 1}, 1, 6);
    ph_why why;
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(!why.has_start && why.more_starts);
    sell((ph_window){PH_WHY_STARTS_MAX + 1, 1}, 1, 5);
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(!why.has_start && why.more_starts);
    sell((ph_window){PH_WHY_STARTS_MAX, 1}, 1, 5);
    ph_question_why(q, w.m, (ph_participant_id){BUYER}, &n, &why);
    ck_assert(why.has_start && why.start == FIRST + PH_WHY_STARTS_MAX && !why.more_starts);
}
END_TEST

START_TEST(depth_of_blocks_counts_hidden_quantity)
{
    sell((ph_window){0, 4}, 10, 5);
    ph_command c = world_order(&w, SELLER_2, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){1, 1}, 4, 3);
    c.u.order.display_quantity = 1;
    world_do(&w, c);
    ph_depth_answer v[5];
    ph_depth_question a = {.product = {1}, .side = PH_SIDE_BUY, .periods = 2, .starts = {FIRST, 5}};
    ck_assert_int_eq(ph_question_depth(w.m, &a, v), PH_OK);
    ck_assert_uint_eq(v[0].units, 10); /* 14 in period 1, 10 in period 0 */
    ck_assert_int_eq(v[0].notional, 4 * 8 + 6 * 10);
    ck_assert_uint_eq(v[3].units, 0); /* period 4 has nobody */
    a.limit = 4;
    ck_assert_int_eq(ph_question_depth(w.m, &a, v), PH_OK);
    ck_assert_uint_eq(v[0].units, 4);
    ck_assert_uint_eq(v[2].units, 0);
    a.product.v = 9;
    ck_assert_int_eq(ph_question_depth(w.m, &a, v), PH_EINVAL);
}
END_TEST

/* Asking for memory ahead changes nothing and takes any command. */
START_TEST(prefetch_takes_anything)
{
    sell((ph_window){0, 4}, 10, 5);
    world_do(&w, world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){0, 3}, 2, 3));
    ph_prefetch_memo memo[4][3] = {{{0}}};
    for (uint32_t step = 0; step < PH_PREFETCH_STEPS; step++) {
        for (uint32_t id = 0; id < 4; id++) {
            ph_command c =
                world_order(&w, BUYER, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, 1, 5);
            c.u.order.product.v = id * (UINT32_MAX / 3);
            c.u.order.side = (ph_side)(id * 40);
            c.sender.v = id * 40;
            ph_market_prefetch(w.m, &c, step, &memo[id][0]);
            c = (ph_command){.kind = PH_CMD_CANCEL_ORDER, .u.cancel = {.order = {id}}};
            ph_market_prefetch(w.m, &c, step, &memo[id][1]);
            c = (ph_command){.kind = PH_CMD_TICK};
            memset(&c.u, 0xff, sizeof c.u);
            ph_market_prefetch(w.m, &c, step, &memo[id][2]);
        }
    }
    ck_assert_ptr_null(ph_market_broken(w.m));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_preview_tells_fills_best_first_and_what_is_held);
    tcase_add_test(t, a_preview_tells_the_refusal);
    tcase_add_test(t, why_names_the_lowest_price);
    tcase_add_test(t, why_names_quantity_start_and_product);
    tcase_add_test(t, why_names_the_quantity_that_one_block_wants);
    tcase_add_test(t, why_goes_on_below_what_is_within_the_limit);
    tcase_add_test(t, why_says_when_there_are_more_starts);
    tcase_add_test(t, depth_of_blocks_counts_hidden_quantity);
    tcase_add_test(t, prefetch_takes_anything);
}

int main(void)
{
    return suite_run("question", add);
}
