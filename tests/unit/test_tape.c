/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/tape.h"

#include "gateway/bounds.h"
#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include "petahour/v1/market_data.pb-c.h"

enum { EPOCH = 77, LONG = 1500 }; /* segments of a trade that comes in parts */

typedef Petahour__V1__MarketDataFrame frame;

static phg_replica replica;
static uint64_t trades, orders; /* of the market */

static ph_command listed(uint32_t id)
{
    ph_command c = list_product(id);
    c.u.product.symbol.s[0] = (char)('A' + id);
    return c;
}

static void begin(phg_replica *r)
{
    trades = orders = 0;
    set_up_market(r);
    ck_assert_int_eq(take_done(r, listed(2)), PH_OK);
}

/* A trade of the product in as many segments, each of one period. */
static void trade_once(phg_replica *r, uint32_t product, uint32_t segments)
{
    static ph_event events[LONG + 2];
    const ph_window w = {HOUR + 10, segments};
    ph_command c = new_order(2, ++orders, PH_SIDE_SELL, w, 2, 5);
    c.u.order.product.v = product;
    events[0] = accepted(orders, 0);
    ck_assert_int_eq(take(r, c, events, 1), PH_OK);
    c.sender.v = 3;
    c.u.order.side = PH_SIDE_BUY;
    c.u.order.client_order_id = ++orders;
    events[0] = accepted(orders, 0);
    events[1] = trade(++trades, orders, 0, orders - 1, 0, segments);
    events[1].u.trade.product.v = product;
    for (uint32_t i = 0; i < segments; i++)
        events[2 + i] = segment(HOUR + 10 + i, 1, 2, 5 + i % 2);
    ck_assert_int_eq(take(r, c, events, segments + 2), PH_OK);
}

/* ---- What is told --------------------------------------------------------------------------- */

static struct {
    phg_replica *by;
    uint32_t product, frames, longest_bytes;
    uint64_t first, number; /* of the trades that came; number: of the last frame */
    uint64_t snapshots;
    uint32_t segments; /* of the last trade */
} told;

static void on_picture(void *arg, const phg_picture *picture)
{
    (void)arg;
    phg_bytes b = phg_translate_picture(told.by->translator, picture);
    ck_assert_ptr_nonnull(b.p);
    frame *f = petahour__v1__market_data_frame__unpack(NULL, b.size, b.p);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(petahour__v1__market_data_frame__get_packed_size(f), b.size);
    ck_assert(picture->stream == PHG_STREAM_TRADES && f->epoch == EPOCH);
    const bool is_part = f->n_trades == 1 && f->trades[0]->segments_in_all != 0;
    const bool is_cut = is_part && f->trades[0]->segments_before + f->trades[0]->n_segments <
                                       f->trades[0]->segments_in_all;
    ck_assert(f->more ==
              (is_cut || f->stream_number < phg_tape_number(&told.by->tape, picture->product)));
    ck_assert(f->checksum == 0 && f->sequence == told.by->feed.seq);
    told.product = f->product;
    told.frames++;
    told.snapshots += f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT;
    if (b.size > told.longest_bytes) told.longest_bytes = (uint32_t)b.size;
    for (size_t i = 0; i < f->n_trades; i++) {
        const uint64_t number = f->trades[i]->number;
        const uint32_t before = f->trades[i]->segments_before;
        if (before != 0)
            ck_assert(number == told.number && before == told.segments);
        else
            ck_assert(told.first == 0 || number == told.number + 1);
        if (told.first == 0) told.first = number;
        told.number = number;
        told.segments = before + (uint32_t)f->trades[i]->n_segments;
    }
    ck_assert(f->n_trades == 0 || f->stream_number == told.number);
    told.number = f->stream_number;
    petahour__v1__market_data_frame__free_unpacked(f, NULL);
}

static phg_tape_telling telling(phg_replica *r)
{
    memset(&told, 0, sizeof told);
    told.by = r;
    return (phg_tape_telling){&r->tape, &r->streams.store, &r->feed, on_picture, NULL};
}

static uint32_t range(phg_replica *r, uint32_t product, uint64_t first, uint64_t last)
{
    const phg_tape_telling t = telling(r);
    uint32_t frames;
    ck_assert_int_eq(phg_tape_range(&t, (ph_product_id){product}, first, last, &frames), PH_OK);
    ck_assert_uint_eq(frames, told.frames);
    return frames;
}

static void publish(phg_replica *r)
{
    const phg_tape_telling t = telling(r);
    ck_assert_int_eq(phg_tape_publish(&t), PH_OK);
}

static void go_live(phg_replica *r)
{
    ck_assert_int_eq(phg_feed_go_live(&r->feed, EPOCH), PH_OK);
}

START_TEST(each_product_has_numbers_of_its_own)
{
    begin(&replica);
    const uint32_t of[] = {1, 2, 2, 1, 2};
    for (size_t i = 0; i < 5; i++)
        trade_once(&replica, of[i], 1);
    go_live(&replica);
    ck_assert_uint_eq(phg_tape_number(&replica.tape, (ph_product_id){1}), 2);
    ck_assert_uint_eq(phg_tape_number(&replica.tape, (ph_product_id){2}), 3);
    ck_assert_uint_eq(phg_tape_number(&replica.tape, (ph_product_id){0}), 0);
    ck_assert_uint_eq(phg_tape_number(&replica.tape, (ph_product_id){3}), 0);
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_uint_eq(replica.feed.products[i].trades_so_far,
                          replica.tape.products[i].trades.cnt);
    ck_assert_uint_eq(range(&replica, 2, 1, UINT64_MAX), 1);
    ck_assert(told.product == 2 && told.first == 1 && told.number == 3);
    ck_assert_uint_eq(range(&replica, 2, 2, 2), 1);
    ck_assert(told.first == 2 && told.number == 2);
    phg_replica_release(&replica);
}
END_TEST

START_TEST(what_was_never_traded_is_not_there)
{
    begin(&replica);
    trade_once(&replica, 1, 1);
    const phg_tape_telling t = telling(&replica);
    ck_assert_uint_eq(range(&replica, 1, 1, 1), 0); /* the log is read: nothing is told yet */
    ck_assert(!phg_tape_whole(&t, (ph_product_id){1}));
    go_live(&replica);
    ck_assert_uint_eq(range(&replica, 1, 1, 1), 1);
    ck_assert_uint_eq(range(&replica, 1, 2, 9), 0);
    ck_assert_uint_eq(range(&replica, 2, 1, 1), 0);
    ck_assert_uint_eq(range(&replica, 3, 1, 1), 0);
    ck_assert(!phg_tape_whole(&t, (ph_product_id){3}));
    ck_assert(phg_tape_whole(&t, (ph_product_id){2}));
    ck_assert(told.snapshots == 1 && told.number == 0 && told.first == 0);
    ck_assert(phg_tape_whole(&t, (ph_product_id){1}));
    ck_assert(told.snapshots == 2 && told.number == 1 && told.first == 0);
    phg_replica_release(&replica);
}
END_TEST

START_TEST(new_trades_are_told_to_who_follows)
{
    begin(&replica);
    trade_once(&replica, 1, 1);
    publish(&replica);
    go_live(&replica);
    trade_once(&replica, 1, 1);
    publish(&replica);
    ck_assert_uint_eq(told.frames, 0);
    phg_tape_follow(&replica.tape, (ph_product_id){1});
    phg_tape_follow(&replica.tape, (ph_product_id){9});
    trade_once(&replica, 1, 1);
    trade_once(&replica, 2, 1);
    trade_once(&replica, 1, 1);
    publish(&replica);
    ck_assert(told.frames == 1 && told.product == 1 && told.first == 3 && told.number == 4);
    publish(&replica);
    ck_assert_uint_eq(told.frames, 0);
    phg_tape_follow(&replica.tape, (ph_product_id){0});
    trade_once(&replica, 2, 1);
    publish(&replica);
    ck_assert(told.frames == 1 && told.product == 2 && told.first == 2 && told.number == 2);
    ck_assert_int_eq(take_done(&replica, listed(3)), PH_OK);
    trade_once(&replica, 3, 1);
    publish(&replica);
    ck_assert(told.frames == 1 && told.product == 3 && told.first == 1 && told.number == 1);
    for (int i = 0; i < 200; i++) /* what does not lie together comes in several frames */
        trade_once(&replica, 3, 1);
    publish(&replica);
    ck_assert(told.frames > 1 && told.first == 2 && told.number == 201);
    phg_replica_release(&replica);
}
END_TEST

/* More than one request gives, with a trade among them that comes in parts. */
START_TEST(a_range_comes_in_pieces)
{
    enum { TRADES = 18000 };
    begin(&replica);
    for (int i = 0; i < TRADES; i++)
        trade_once(&replica, 1, i == 100 ? LONG : 1);
    go_live(&replica);
    ck_assert_uint_eq(range(&replica, 1, 101, 101), 2); /* parts of 1,024 segments at most */
    ck_assert(told.first == 101 && told.number == 101 && told.segments == LONG);
    ck_assert_uint_le(told.longest_bytes, PHG_FRAME_BYTES_MAX);
    ck_assert_uint_eq(range(&replica, 1, 102, UINT64_MAX), PHG_TAPE_FRAMES_MAX);
    ck_assert_uint_le(told.longest_bytes, PHG_TAPE_FRAME_BYTES + 64);
    uint64_t next = told.number + 1;
    ck_assert(told.first == 102 && next < TRADES);
    while (next <= TRADES) {
        ck_assert_uint_gt(range(&replica, 1, next, TRADES), 0);
        ck_assert_uint_eq(told.first, next);
        next = told.number + 1;
    }
    ck_assert_uint_eq(told.number, TRADES);
    phg_replica_release(&replica);
}
END_TEST

/* One has everything in memory; the other one, started later, next to nothing. */
START_TEST(every_gateway_has_the_same_bytes)
{
    char err[PHG_ERR_SIZE] = "";
    phg_replica other;
    begin(&replica);
    go_live(&replica);
    for (int i = 0; i < 2000; i++) {
        trade_once(&replica, 1 + (uint32_t)i % 2, 1 + (uint32_t)i % 3);
        publish(&replica);
    }
    begin(&other);
    ck_assert_msg(phg_stream_store_spill(&other.streams.store, "/tmp", 1, err) == PH_OK, "%s", err);
    for (int i = 0; i < 2000; i++)
        trade_once(&other, 1 + (uint32_t)i % 2, 1 + (uint32_t)i % 3);
    go_live(&other);
    ck_assert_uint_gt(other.streams.store.in_file, 0);
    for (uint32_t i = 0; i < 2; i++) {
        const phg_stream *a = &replica.tape.products[i].trades, *b = &other.tape.products[i].trades;
        ck_assert(a->cnt == 1000 && b->cnt == 1000);
        for (uint64_t n = 1; n <= a->cnt; n++) {
            phg_stream_run x, y;
            ck_assert_int_eq(phg_stream_take(&replica.streams.store, a, n, 1, SIZE_MAX, &x), PH_OK);
            ck_assert_int_eq(phg_stream_take(&other.streams.store, b, n, 1, SIZE_MAX, &y), PH_OK);
            ck_assert_uint_eq(x.size, y.size);
            ck_assert_mem_eq(x.bytes, y.bytes, x.size);
        }
    }
    ck_assert_uint_gt(range(&other, 1, 1, 1000), 0);
    ck_assert(told.first == 1 && told.number == 1000);
    phg_replica_release(&replica);
    phg_replica_release(&other);
}
END_TEST

START_TEST(events_that_no_market_writes_are_corrupt)
{
    begin(&replica);
    phg_stream_store *store = &replica.streams.store;
    ph_event e[] = {trade(1, 1, 0, 2, 0, 2), segment(HOUR, 1, 1, 1)};
    ph_command c = new_order(2, 1, PH_SIDE_SELL, (ph_window){HOUR, 1}, 1, 1);
    ck_assert_int_eq(
        phg_tape_take(&replica.tape, store, replica.translator, &c, (phg_event_at){e, 2, 0}),
        PH_ECORRUPT);
    e[0].u.trade.segment_cnt = 1;
    e[0].u.trade.product.v = 3;
    ck_assert_int_eq(
        phg_tape_take(&replica.tape, store, replica.translator, &c, (phg_event_at){e, 2, 0}),
        PH_ECORRUPT);
    c = listed(4);
    e[0] = done(c.kind, 0);
    ck_assert_int_eq(
        phg_tape_take(&replica.tape, store, replica.translator, &c, (phg_event_at){e, 1, 0}),
        PH_ECORRUPT);
    phg_replica_release(&replica);
    phg_tape nothing = {0};
    phg_tape_release(&nothing);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, each_product_has_numbers_of_its_own);
    tcase_add_test(t, what_was_never_traded_is_not_there);
    tcase_add_test(t, new_trades_are_told_to_who_follows);
    tcase_add_test(t, a_range_comes_in_pieces);
    tcase_add_test(t, every_gateway_has_the_same_bytes);
    tcase_add_test(t, events_that_no_market_writes_are_corrupt);
}

int main(void)
{
    return suite_run("tape", add);
}
