/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/grades.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include <stdio.h>

START_TEST(what_a_unit_is_makes_the_grade)
{
    phg_grades g = {0};
    const ph_product_terms first = list_product(1).u.product;
    ck_assert_uint_eq(phg_grades_number(&g, &first), 1);
    ph_product_terms other[12];
    for (int i = 0; i < 12; i++)
        other[i] = first;
    other[0].compute_type = PH_COMPUTE_GENERAL;
    other[1].architecture = PH_ARCH_NPU;
    other[2].model.s[0] = 'B';
    other[3].unit.s[0] = 'n';
    other[4].hardware.v++;
    other[5].hardware_units++;
    other[6].gflops_fp16++;
    other[7].gflops_fp32++;
    other[8].gflops_fp64++;
    other[9].memory_mib++;
    other[10].interconnect.s[0] = 'I';
    other[11].period_seconds = 900;
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 12; i++)
            ck_assert_uint_eq(phg_grades_number(&g, &other[i]), 2 + i);
    ck_assert_uint_eq(phg_grades_number(&g, &first), 1);
    phg_grades_release(&g);
}
END_TEST

START_TEST(site_and_trading_do_not)
{
    phg_grades g = {0};
    ph_product_terms t = list_product(1).u.product;
    ck_assert_uint_eq(phg_grades_number(&g, &t), 1);
    t.id.v = 2;
    t.symbol.s[3] = 'X';
    t.site.v = 9;
    t.availability_ppm = 5;
    t.tick = t.lot = 3;
    t.gate_seconds = 60;
    t.horizon = 7;
    t.maker_ppm = t.taker_ppm = 8;
    t.reference_price = 99;
    t.meter.v = 2;
    t.attested_only = true;
    ck_assert_uint_eq(phg_grades_number(&g, &t), 1);
    phg_grades_release(&g);
}
END_TEST

START_TEST(many_grades_keep_their_numbers)
{
    phg_grades g = {0};
    ph_product_terms t = list_product(1).u.product;
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 1000; i++) {
            snprintf(t.model.s, sizeof t.model.s, "%u", i * 7919 % 1000);
            memset(t.model.s + strlen(t.model.s), 0, sizeof t.model.s - strlen(t.model.s));
            ck_assert_uint_eq(phg_grades_number(&g, &t), i + 1);
        }
    phg_grades_release(&g);
}
END_TEST

/* ---- The depth of a grade ------------------------------------------------------------------- */

static struct {
    uint32_t frames, level_cnt, block_cnt, member_cnt;
    phg_picture last;
    phg_level_run levels[64];
    phg_block_told blocks[8];
    phg_member_told members[8];
} told;

static void take_picture(void *arg, const phg_picture *p)
{
    (void)arg;
    if (p->stream != PHG_STREAM_GRADE || p->product.v != 1) return;
    told.frames++;
    told.last = *p;
    for (uint32_t i = 0; i < p->level_cnt; i++)
        told.levels[told.level_cnt++] = p->levels[i];
    for (uint32_t i = 0; i < p->block_cnt; i++)
        told.blocks[told.block_cnt++] = p->blocks[i];
    for (uint32_t i = 0; i < p->member_cnt; i++)
        told.members[told.member_cnt++] = p->members[i];
}

static void publish(phg_replica *r)
{
    told.frames = told.level_cnt = told.block_cnt = told.member_cnt = 0;
    ck_assert_int_eq(phg_feed_publish(&r->feed, take_picture, NULL), PH_OK);
}

static void whole(phg_replica *r)
{
    told.frames = told.level_cnt = told.block_cnt = told.member_cnt = 0;
    const ph_product_id grade = {1};
    ck_assert(phg_feed_whole(&r->feed, PHG_STREAM_GRADE, grade, take_picture, NULL));
    ck_assert_int_eq(told.last.answer, PHG_ANSWER_SNAPSHOT);
}

/* Products 1 and 2 of one grade, 3 of another. */
static void live_market(phg_replica *r)
{
    set_up_market(r);
    ck_assert_int_eq(take_done(r, list_product(2)), PH_OK);
    ph_command c = list_product(3);
    c.u.product.memory_mib = 5;
    ck_assert_int_eq(take_done(r, c), PH_OK);
    ck_assert_int_eq(phg_feed_go_live(&r->feed, 77), PH_OK);
}

static void place(phg_replica *r, uint64_t id, uint32_t product, ph_shape shape, uint32_t periods)
{
    ph_command c = new_order(2, id, PH_SIDE_SELL, (ph_window){HOUR + 10, periods}, 5, 1000);
    c.u.order.product.v = product;
    c.u.order.shape = shape;
    ph_event e = accepted(id, 0);
    ck_assert_int_eq(take(r, c, &e, 1), PH_OK);
}

static void check_level(uint32_t i, ph_window w, uint64_t quantity)
{
    const phg_level_run *l = &told.levels[i];
    ck_assert_uint_lt(i, told.level_cnt);
    ck_assert(l->side == PH_SIDE_SELL && l->price == 1000 && l->quantity == quantity);
    ck_assert(l->window.first == w.first && l->window.periods == w.periods);
}

static void follow(phg_replica *r)
{
    ck_assert_int_eq(phg_feed_follow(&r->feed, PHG_STREAM_GRADE, (ph_product_id){1}), PH_OK);
}

START_TEST(equal_levels_of_all_products_are_one)
{
    phg_replica r;
    live_market(&r);
    follow(&r);
    place(&r, 1, 1, PH_SHAPE_EACH, 4);
    place(&r, 2, 2, PH_SHAPE_EACH, 2);
    place(&r, 3, 3, PH_SHAPE_EACH, 4); /* of another grade */
    place(&r, 4, 1, PH_SHAPE_BLOCK, 2);
    place(&r, 5, 2, PH_SHAPE_BLOCK, 2);
    publish(&r);
    ck_assert(told.frames == 1 && told.last.number == 1 && told.level_cnt == 2);
    check_level(0, (ph_window){HOUR + 10, 2}, 10);
    check_level(1, (ph_window){HOUR + 12, 2}, 5);
    ck_assert(told.block_cnt == 1 && told.blocks[0].units == 10 && told.member_cnt == 0);
    uint64_t checksum = told.last.checksum;
    whole(&r);
    ck_assert(told.level_cnt == 2 && told.block_cnt == 1 && told.last.checksum == checksum);
    ck_assert(told.member_cnt == 2 && told.members[1].product.v == 2 && !told.members[1].has_left);
    ph_event gone[] = {cancelled(1, 2, 1, 20), cancelled(5, 2, 5, 10)};
    gone[1].u.cancelled.product.v = 2;
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, gone, 2), PH_OK);
    publish(&r);
    ck_assert(told.last.number == 2 && told.block_cnt == 1 && told.blocks[0].units == 5);
    check_level(0, (ph_window){HOUR + 10, 2}, 5);
    check_level(1, (ph_window){HOUR + 12, 2}, 0);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_gate_of_one_product_leaves_the_others)
{
    phg_replica r;
    live_market(&r);
    follow(&r);
    place(&r, 1, 1, PH_SHAPE_EACH, 2);
    place(&r, 2, 2, PH_SHAPE_EACH, 2);
    publish(&r);
    ph_event gate = gate_closed(HOUR + 10);
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gate, 1), PH_OK);
    publish(&r);
    ck_assert_uint_eq(told.level_cnt, 1);
    check_level(0, (ph_window){HOUR + 10, 1}, 5);
    gate.u.gate_closed.product.v = 2;
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &gate, 1), PH_OK);
    publish(&r);
    check_level(0, (ph_window){HOUR + 10, 1}, 0);
    ck_assert(told.level_cnt == 1 && told.last.closed_before == 0);
    whole(&r);
    ck_assert_uint_eq(told.level_cnt, 1);
    check_level(0, (ph_window){HOUR + 11, 1}, 10);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_product_with_new_terms_changes_its_grade)
{
    phg_replica r;
    live_market(&r);
    follow(&r);
    place(&r, 1, 2, PH_SHAPE_EACH, 2);
    place(&r, 2, 2, PH_SHAPE_BLOCK, 2);
    publish(&r);
    ph_command c = list_product(2);
    c.kind = PH_CMD_SET_TERMS;
    c.u.product.memory_mib = 5;
    ph_event events[] = {
        cancelled(1, 2, 1, 10), cancelled(2, 2, 2, 10), {.kind = PH_EVT_TERMS_SET}};
    events[0].u.cancelled.product.v = events[1].u.cancelled.product.v = 2;
    events[2].u.terms_set.product.v = 2;
    events[2].u.terms_set.terms_version = 2;
    ck_assert_int_eq(take(&r, c, events, 3), PH_OK);
    ck_assert(r.catalogue.products[1].grade == 2 && r.catalogue.products[0].grade == 1);
    place(&r, 3, 2, PH_SHAPE_EACH, 2);
    publish(&r);
    ck_assert(told.level_cnt == 1 && told.block_cnt == 1 && told.member_cnt == 1);
    check_level(0, (ph_window){HOUR + 10, 2}, 0);
    ck_assert(told.blocks[0].units == 0);
    ck_assert(told.members[0].product.v == 2 && told.members[0].has_left);
    whole(&r);
    ck_assert(told.level_cnt == 0 && told.block_cnt == 0 && told.member_cnt == 1);
    phg_replica_release(&r);
}
END_TEST

START_TEST(what_stood_before_somebody_followed_counts)
{
    phg_replica r;
    live_market(&r);
    place(&r, 1, 1, PH_SHAPE_EACH, 2);
    place(&r, 2, 2, PH_SHAPE_BLOCK, 2);
    publish(&r);
    ck_assert_uint_eq(told.frames, 0);
    whole(&r);
    ck_assert(told.last.number == 1 && told.level_cnt == 1 && told.block_cnt == 1);
    ck_assert(!phg_feed_whole(&r.feed, PHG_STREAM_GRADE, (ph_product_id){3}, take_picture, NULL));
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, what_a_unit_is_makes_the_grade);
    tcase_add_test(t, site_and_trading_do_not);
    tcase_add_test(t, many_grades_keep_their_numbers);
    tcase_add_test(t, equal_levels_of_all_products_are_one);
    tcase_add_test(t, a_gate_of_one_product_leaves_the_others);
    tcase_add_test(t, a_product_with_new_terms_changes_its_grade);
    tcase_add_test(t, what_stood_before_somebody_followed_counts);
}

int main(void)
{
    return suite_run("grades", add);
}
