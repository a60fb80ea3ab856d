/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/replica.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

static uint8_t room[8192];

static size_t a_trade_record(void)
{
    ph_command c = new_order(3, 2, PH_SIDE_BUY, (ph_window){HOUR + 10, 2}, 5, 1000);
    c.at.ns = T0 + 100;
    ph_event events[] = {accepted(2, 0), trade(1, 2, 0, 1, 0, 1), segment(HOUR + 10, 2, 5, 1000)};
    return write_record(room, sizeof room, 6, &c, events, 3);
}

static void before_the_trade(phg_replica *r)
{
    set_up_market(r);
    ph_event e = accepted(1, 0);
    ck_assert_int_eq(
        take(r, new_order(2, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 2}, 5, 1000), &e, 1), PH_OK);
}

START_TEST(truncated_records_are_corrupt)
{
    size_t size = a_trade_record();
    for (size_t cut = 0; cut < size; cut++) {
        phg_replica r;
        before_the_trade(&r);
        ck_assert_int_eq(phg_replica_take_record(&r, 6, room, cut), PH_ECORRUPT);
        phg_replica_release(&r);
    }
}
END_TEST

START_TEST(a_record_under_another_number_is_corrupt)
{
    phg_replica r;
    before_the_trade(&r);
    size_t size = a_trade_record();
    ck_assert_int_eq(phg_replica_take_record(&r, 7, room, size), PH_ECORRUPT);
    ck_assert_int_eq(phg_replica_take_record(&r, 6, room, size), PH_OK);
    phg_replica_release(&r);
}
END_TEST

/* No byte of a record can make the gateway crash; what it makes of it may differ. */
START_TEST(flipped_bytes_never_crash)
{
    size_t size = a_trade_record();
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit += 3) {
            phg_replica r;
            before_the_trade(&r);
            (void)a_trade_record();
            room[i] = (uint8_t)(room[i] ^ (1 << bit));
            ph_status s = phg_replica_take_record(&r, 6, room, size);
            ck_assert(s == PH_OK || s == PH_ECORRUPT || s == PH_EFULL);
            phg_replica_release(&r);
        }
    }
}
END_TEST

START_TEST(equal_records_give_equal_streams)
{
    phg_replica a, b;
    before_the_trade(&a);
    before_the_trade(&b);
    size_t size = a_trade_record();
    ck_assert_int_eq(phg_feed_go_live(&b.feed, 5), PH_OK);
    ck_assert_int_eq(phg_replica_take_record(&a, 6, room, size), PH_OK);
    ck_assert_int_eq(phg_replica_take_record(&b, 6, room, size), PH_OK);
    for (uint32_t id = 1; id <= 3; id++) {
        const phg_stream *x = &phg_private_streams_of(&a.streams, (ph_participant_id){id})->reports;
        const phg_stream *y = &phg_private_streams_of(&b.streams, (ph_participant_id){id})->reports;
        ck_assert_uint_eq(x->cnt, y->cnt);
        ck_assert_uint_ge(x->cnt, 2);
        for (uint64_t n = 1; n <= x->cnt; n++) {
            phg_stream_run i, j;
            ck_assert_int_eq(phg_stream_take(&a.streams.store, x, n, 1, SIZE_MAX, &i), PH_OK);
            ck_assert_int_eq(phg_stream_take(&b.streams.store, y, n, 1, SIZE_MAX, &j), PH_OK);
            ck_assert_uint_eq(i.size, j.size);
            ck_assert_int_eq(memcmp(i.bytes, j.bytes, i.size), 0);
        }
    }
    phg_replica_release(&a);
    phg_replica_release(&b);
}
END_TEST

START_TEST(releasing_nothing_is_fine)
{
    phg_replica r;
    memset(&r, 0, sizeof r);
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, truncated_records_are_corrupt);
    tcase_add_test(t, a_record_under_another_number_is_corrupt);
    tcase_add_test(t, flipped_bytes_never_crash);
    tcase_add_test(t, equal_records_give_equal_streams);
    tcase_add_test(t, releasing_nothing_is_fine);
}

int main(void)
{
    return suite_run("replica", add);
}
